//! Whatever stands in a file: no panic, and every place that is shown lies in it.

use proptest::prelude::*;

use super::load_text;
use crate::diagnostic::Diagnostics;

fn check(text: &str) {
    let loaded = load_text(text);
    let mistakes = match loaded.outcome {
        Ok((_, warnings)) => warnings,
        Err(mistakes) => {
            assert!(mistakes.has_errors());
            mistakes
        }
    };
    places(&loaded.sources, &mistakes);
}

fn places(sources: &crate::diagnostic::Sources, mistakes: &Diagnostics) {
    for label in mistakes.iter().flat_map(|mistake| &mistake.labels) {
        let source = sources.get(label.span.source).unwrap();
        assert!(
            source.text.get(label.span.start..label.span.end).is_some(),
            "{:?} in {:?}",
            label,
            source.text
        );
    }
}

/// Lines that are nearly right.
fn line() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[project]",
        "[cluster]",
        "[state]",
        "[registry.main]",
        "[registry.main.auth.users]",
        "[registry]",
        "[registry.main.lifecycle]",
        "[resource.a]",
        "[[resource.a]]",
        "[[registry.main.ports]]",
        "[variable.v]",
        "[secret.s]",
        "[secret]",
        "[manifest.m]",
        "[a",
        "[a.b.c]",
        "[registry.main.auth]",
        "[resource.a.x]",
    ]);
    let key = prop::sample::select(vec![
        "name",
        "host",
        "image",
        "replicas",
        "storage.volume",
        "storage.s3.bucket",
        "auth.users.ci",
        "depends_on",
        "lifecycle",
        "type",
        "default",
        "sensitive",
        "env",
        "file",
        "path",
        "kind",
        "x",
        "\"ä.ö\"",
        "in_cluster",
        "context",
        "ready",
        "ignore_changes",
        "timeouts.ready",
        "protect",
        "ports",
        "labels",
        "x.y",
        "lifecycle.ready",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "'a'",
            "1",
            "1.5",
            "nan",
            "true",
            "[]",
            "{}",
            "{ env = 'A' }",
            "{ file = 'ö' }",
            "'${var.v}'",
            "'${resource.a.x}'",
            "'${resource.a}'",
            "'ü ${registry.main.host} ${'",
            "\"\\uF0A0\"",
            "['${secret.s}']",
            "'a:b'",
            "'Deployment/x:spec'",
            "['a:b:c', ':', '[']",
            "'written'",
            "{ condition = 'R' }",
            "1979-05-27",
            "{ size = '${resource.a.x.y}' }",
            "99999999999999999999",
            "'''\n${var.v}\nä'''",
            "\"a",
            "{ a = ",
        ])
        .prop_map(str::to_owned),
        "[\\PC]{0,12}".prop_map(|text| format!("\"{text}\"")),
    ];
    prop_oneof![
        2 => header.prop_map(str::to_owned),
        5 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        check(&text);
    }

    #[test]
    fn nearly_right_lines_are_read_or_refused(lines in prop::collection::vec(line(), 0..25)) {
        check(&lines.join("\n"));
    }
}

#[test]
fn what_is_nested_as_deep_as_it_may_be_is_no_danger() {
    let deep = |dots: usize, brackets: usize| {
        format!(
            "[resource.a]\nkind = 'K'\n{}x = {}'${{var.v}}'{}\n",
            "a.".repeat(dots),
            "[".repeat(brackets),
            "]".repeat(brackets)
        )
    };
    for (dots, brackets) in [(99, 0), (0, 78), (99, 78), (101, 0), (0, 5000)] {
        check(&deep(dots, brackets));
        check(&deep(dots, brackets).replace("resource", "registry"));
    }
}
