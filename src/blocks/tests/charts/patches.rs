//! What a block changes in the objects of a chart.

use super::*;

#[test]
fn patches_change_what_the_chart_has_no_value_for() {
    let world = World::rendering(|request| Ok(config_map(&format!("a: b, c: d, r: 'x{}'", request.number))));
    let patch = "[[chart.web.patch]]\nkind = \"ConfigMap\"\nname = \"cm\"\nremove = [\"data.a\"]\nset = { \"data.r\" = \"y\", \"metadata.labels.l\" = \"m\" }\n";
    let [object] = &world.resources(&format!("{BLOCK}{patch}"))[..] else { panic!() };
    assert_eq!(object.object["data"], json!({"c": "d", "r": "y"}));
    assert_eq!(object.object["metadata"]["labels"]["l"], "m");
    assert!(object.fresh.is_empty());
    let wrong = "[[chart.web.patch]]\nkind = \"ConfigMap\"\nname = \"cn\"\nremove = [\"data.a\"]\n\
        [[chart.web.patch]]\nkind = \"ConfigMap\"\nremove = [\"data.x\"]\nset = { \"metadata.name\" = \"y\", \"[\" = 1 }\n";
    insta::assert_snapshot!(world.mistakes(&format!("{BLOCK}{wrong}")).join("\n"), @r#"
    `chart.web` has no ConfigMap/cn to change | did you mean `ConfigMap/cm`?
    ConfigMap has no `data.x` to take away | `regplan render` shows the objects as they are now: the chart may have changed, or the path may be misspelt
    `metadata.name` says which object it is, and stays | take it out: a patch changes fields of an object, and not which object it is
    `[` is no path of a field | write it as a plan prints it, as in `spec.template.spec.containers[web].image`; a key with a dot or a slash stands in brackets and quotes: `'metadata.annotations["example.com/team"]'`
    "#);
}

#[test]
fn a_key_with_a_dot_is_shown_as_it_is_written() {
    let world = World::rendering(|_| Ok(config_map("a: b")));
    let set = |path: &str| {
        let patch = format!("[[chart.web.patch]]\nkind = \"ConfigMap\"\nset = {{ {path} = \"x\" }}\n");
        world.mistakes(&format!("{BLOCK}{patch}")).join("\n")
    };
    for wrong in [
        "\"metadata.annotations.example.com/team\"",
        "\"metadata.annotations['example.com/team']\"",
        "\"metadata.annotations[example.com/team]\"",
    ] {
        let said = set(wrong);
        assert!(said.contains("write `'metadata.annotations[\"example.com/team\"]'`"), "{said}");
    }
    assert!(set("\"data.app.yaml\"").contains("write `'data[\"app.yaml\"]'`"));
    for right in
        ["'metadata.annotations[\"example.com/team\"]'", "'data[\"app.yaml\"]'", "\"metadata.labels.team\""]
    {
        assert_eq!(set(right), "", "{right}");
    }
}

#[test]
fn what_a_patch_sets_comes_from_it() {
    let world = World::rendering(|_| Ok(config_map("a: b, c: d")));
    let patch = "[[chart.web.patch]]\nkind = \"ConfigMap\"\nset = { \"data.a\" = \"x\" }\n";
    let [object] = &world.resources(&format!("{BLOCK}{patch}"))[..] else { panic!() };
    let key = |path: &str| object.origins.nearest(&path.parse().unwrap()).unwrap().key.clone();
    assert_eq!(key("data.a"), "chart.web.patch[0].set[\"data.a\"]");
    assert!(!key("data.c").contains("patch"), "{}", key("data.c"));
}

#[test]
fn what_a_patch_sets_in_an_item_of_a_list_comes_from_the_last_one() {
    let world = World::rendering(|_| {
        Ok("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}, {name: c, image: x}]}\n".into())
    });
    let patch = |set: &str| format!("[[chart.web.patch]]\nkind = \"Pod\"\nset = {{ {set} }}\n");
    let inner = patch("\"spec.containers[c].image\" = \"y\"");
    let outer = patch("\"spec.containers[c]\" = { name = \"c\", image = \"z\" }");
    let [object] = &world.resources(&format!("{BLOCK}{inner}"))[..] else { panic!() };
    let key = |object: &Desired| {
        object.origins.nearest(&"spec.containers[1].image".parse().unwrap()).unwrap().key.clone()
    };
    assert_eq!(key(object), "chart.web.patch[0].set[\"spec.containers[c].image\"]");
    let [object] = &world.resources(&format!("{BLOCK}{inner}{outer}"))[..] else { panic!() };
    assert_eq!(key(object), "chart.web.patch[1].set[\"spec.containers[c]\"]");
}

/// A table of this name elsewhere may hold anything.
#[test]
fn only_tables_of_the_object_itself_hold_nothing_but_texts() {
    let world = World::rendering(|_| {
        Ok("apiVersion: x.com/v1\nkind: Foo\nmetadata: {name: f}\nspec: {values: {metadata: {labels: {app: {}}}}}\n".into())
    });
    let patch =
        "[[chart.web.patch]]\nkind = \"Foo\"\nset = { \"spec.values.metadata.labels.app.enabled\" = true }\n";
    assert_eq!(world.mistakes(&format!("{BLOCK}{patch}")).join("\n"), "");
}

#[test]
fn a_patch_that_takes_an_item_away_uncovers_no_secret() {
    let world = World::rendering(|request| {
        let password = values(request)["p"].as_str().unwrap().to_owned();
        Ok(format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, args: [first, '--pw={password}']}}]}}\n"
        ))
    });
    let text = format!(
        "{BLOCK}values.p = \"${{secret.pw}}\"\n[[chart.web.patch]]\nkind = \"Pod\"\nremove = [\"spec.containers[c].args[0]\"]\n\
         [secret.pw]\nenv = \"PW\"\n"
    );
    let [object] = &world.resources(&text)[..] else { panic!() };
    assert_eq!(object.object["spec"]["containers"][0]["args"], json!(["--pw=pass-1"]));
    assert_eq!(paths(&object.sensitive), ["spec.containers[0].args[0]"]);
}
