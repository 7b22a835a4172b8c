//! What charts render with the time of day in it.

use super::*;

/// A chart with a date, a digest over it, and something that its values give.
fn dated() -> World {
    World::rendering(|request| {
        let plain = values(request)["plain"].as_str().unwrap_or("a").to_owned();
        let object = config_map(&format!("date: '2026-11-27', plain: {plain}"));
        let digest = format!("metadata: {{name: cm, annotations: {{sum: '{}'}}}}", "b".repeat(64));
        Ok(object.replace("metadata: {name: cm}", &digest))
    })
}

#[test]
fn a_date_stays_as_long_as_a_chart_is_rendered_from_the_same() {
    let first = &dated().resources(BLOCK)[0];
    let from = first.rendered_from.clone().unwrap();
    let compiled = |data: Value, from: &str, block: &str| {
        let mut past = sent(&data, from);
        for sent in past.sent.values_mut() {
            sent.object["metadata"]["annotations"] = json!({"sum": "a".repeat(64)});
        }
        let object = World { past, ..dated() }.resources(block).remove(0).object;
        (object["data"]["date"].clone(), object["metadata"]["annotations"]["sum"] == "a".repeat(64))
    };
    let then = json!({"date": "2025-01-02", "plain": "a"});
    assert_eq!(compiled(then.clone(), &from, BLOCK), (json!("2025-01-02"), true));
    assert_eq!(compiled(then.clone(), "sha256:other", BLOCK), (json!("2026-11-27"), false));
    let other_values = format!("{BLOCK}values.plain = \"a\"\n");
    assert_eq!(compiled(then, &from, &other_values), (json!("2026-11-27"), false));
    // Something else has changed: another kind is served, say. The digest follows that.
    let other = json!({"date": "2025-01-02", "plain": "b"});
    assert_eq!(compiled(other, &from, BLOCK), (json!("2025-01-02"), false));
    // What looks up objects may change with the cluster.
    let looking = World { past: sent(&json!({"date": "2025-01-02"}), &from), ..dated() };
    let object = &looking.resources(&format!("{BLOCK}lookup = true\n"))[0];
    assert_eq!((object.rendered_from.as_ref(), &object.object["data"]["date"]), (None, &json!("2026-11-27")));
}

#[test]
fn no_secret_is_in_the_digest_of_what_a_chart_is_rendered_from() {
    let text = format!("{BLOCK}values.p = \"${{secret.pw}}\"\n[secret.pw]\nenv = \"PW\"\n");
    let from = |secret: SecretText| World { secret, ..dated() }.resources(&text)[0].rendered_from.clone();
    let one = from(SecretText::Known("pass-1".into()));
    assert_eq!(one, from(SecretText::Known("another".into())));
    assert_eq!(one, from(SecretText::Unknown("PW is not set".into())));
}

#[test]
fn a_version_of_an_api_is_no_date() {
    let world = World::rendering(|_| {
        Ok("apiVersion: example.com/v2\nkind: Foo\nmetadata: {name: f}\nspec: {image: 'a:2', at: '2026-11-27'}\n".into())
    });
    let from = world.resources(BLOCK)[0].rendered_from.clone();
    let object = json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "f", "namespace": "shop"},
        "spec": {"image": "a:1", "at": "2025-01-02"}});
    let identity = crate::resource::Identity::of(&object).unwrap();
    let sent = SentOfChart { rendered_from: from, object };
    let past = ChartPast { sent: [(identity, sent)].into(), moment: Moment::Upgrade, ..ChartPast::NONE };
    let object = World { past, ..world }.resources(BLOCK).remove(0).object;
    assert_eq!(object["apiVersion"], "example.com/v2");
    assert_eq!(object["spec"], json!({"image": "a:2", "at": "2025-01-02"}));
}
