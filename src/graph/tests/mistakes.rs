//! What is written wrong, in words.

use std::fmt::Write as _;

use super::*;

/// Every mistake with its labels, in lines.
fn mistakes(desired: Vec<Desired>) -> String {
    let mistakes = Graph::build(desired).unwrap_err();
    let mut text = String::new();
    for mistake in mistakes {
        let _ = writeln!(text, "{}: {}", mistake.code, mistake.message);
        for label in &mistake.labels {
            let _ = writeln!(text, "  at {}: {}", label.span.start, label.text);
        }
        text += &mistake.help.map(|help| format!("  help: {help}\n")).unwrap_or_default();
    }
    text
}

#[test]
fn a_cycle_is_shown_with_each_edge_where_it_is_written() {
    let desired = vec![
        after(config_map("resource.c"), &[("resource.a", 30)]),
        taking(config_map("resource.b"), "data.x", "resource.c.metadata.uid", 20),
        after(config_map("resource.a"), &[("resource.b", 10)]),
        after(config_map("resource.x"), &[("resource.y", 40)]),
        after(config_map("resource.y"), &[("resource.x", 50)]),
        after(config_map("resource.z"), &[("resource.x", 60)]),
    ];
    insta::assert_snapshot!(mistakes(desired), @r#"
    dependency-cycle: these wait for each other: resource.a → resource.b → resource.c → resource.a
      at 10: `resource.a` depends on `resource.b`
      at 20: `resource.b` takes a value of `resource.c` for `data.x`
      at 30: `resource.c` depends on `resource.a`
      help: nothing could ever be first: remove one of these dependencies
    dependency-cycle: these wait for each other: resource.x → resource.y → resource.x
      at 40: `resource.x` depends on `resource.y`
      at 50: `resource.y` depends on `resource.x`
      help: nothing could ever be first: remove one of these dependencies
    "#);
}

#[test]
fn blocks_in_a_cycle_are_named_as_blocks() {
    let block = |name: &str, other: &str, at: usize| {
        ["p", "q", "r"]
            .map(|object| after(config_map(&format!("manifest.{name}/ConfigMap/{object}")), &[(other, at)]))
    };
    let desired = block("one", "manifest.two", 1).into_iter().chain(block("two", "manifest.one", 2));
    insta::assert_snapshot!(mistakes(desired.collect()), @r#"
    dependency-cycle: these wait for each other: manifest.one → manifest.two → manifest.one
      at 1: `manifest.one` depends on `manifest.two`
      at 2: `manifest.two` depends on `manifest.one`
      help: nothing could ever be first: remove one of these dependencies
    "#);
    let mixed = block("one", "resource.x", 1).into_iter().chain([taking(
        config_map("resource.x"),
        "data.y",
        "manifest.one/ConfigMap/q.metadata.uid",
        2,
    )]);
    insta::assert_snapshot!(mistakes(mixed.collect()), @r#"
    dependency-cycle: these wait for each other: manifest.one/ConfigMap/q → resource.x → manifest.one/ConfigMap/q
      at 1: `manifest.one/ConfigMap/q` depends on `resource.x`
      at 2: `resource.x` takes a value of `manifest.one/ConfigMap/q` for `data.y`
      help: nothing could ever be first: remove one of these dependencies
    "#);
}

#[test]
fn mistakes_are_told_once_and_all_together() {
    let desired = vec![
        after(config_map("manifest.m/ConfigMap/a"), &[("registry.mian", 1), ("manifest.m", 2)]),
        after(config_map("manifest.m/ConfigMap/b"), &[("registry.mian", 1), ("manifest.m", 2)]),
        config_map("registry.main/ConfigMap/registry"),
        config_map("registry.main/ConfigMap/other"),
        taking(config_map("resource.self"), "data.x", "resource.self.metadata.uid", 3),
        taking(config_map("resource.typo"), "data.x", "registry.main/ConfigMap/regsitry.data.y", 4),
        taking(config_map("resource.whole"), "data.x", "registry.main.spec.clusterIP", 5),
        after(config_map("resource.other"), &[("registry.main/ConfigMap/registri", 6)]),
        config_map("resource.twice"),
        config_map("resource.twice"),
    ];
    insta::assert_snapshot!(mistakes(desired), @r#"
    unknown-address: there is no `registry.mian`
      at 1: nothing in the configuration has this address
      help: did you mean `registry.main`?
    self-dependency: `manifest.m` depends on itself
      at 2: `manifest.m` is part of the same block
      help: take it out of `depends_on`; within a block, objects wait for each other by themselves
    self-reference: `resource.self` takes the value of `data.x` from itself
      at 3: this refers to the object that it is a part of
      help: write the value, or refer to another object
    unknown-reference: `${registry.main/ConfigMap/regsitry.data.y}` leads to no object
      at 4: it stands here
      help: did you mean `registry.main/ConfigMap/registry`?
    unknown-reference: `${registry.main.spec.clusterIP}` leads to no object
      at 5: it stands here
      help: the block has several objects: name the one that is meant, such as `registry.main/ConfigMap/other`
    unknown-address: there is no `registry.main/ConfigMap/registri`
      at 6: nothing in the configuration has this address
      help: did you mean `registry.main/ConfigMap/registry`?
    duplicate-address: two objects have the address `resource.twice`
      help: give one of them another name, or another namespace
    "#);
}
