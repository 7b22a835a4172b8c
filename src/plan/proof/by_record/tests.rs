use serde_json::{Value, json};

use super::*;
use crate::plan::testing::{PROJECT_NAME, deployment, owned};
use crate::resource::{Address, Segment};

fn desired(object: &Value) -> Desired {
    Desired::new(Address::block("resource", "x"), object.clone()).unwrap()
}

/// Whether the object is proved that was sent like this, answered like that, and is like that now.
fn proved(sent: &Value, answer: &Live, now: &Live) -> bool {
    let desired = desired(sent);
    proves_unchanged(&record(PROJECT_NAME, &desired, sent, answer), PROJECT_NAME, &desired, sent, now)
}

const PATHS: &[&str] =
    &["metadata.labels.app", "spec.cpu", "spec.env[A]", "spec.env[A].name", "spec.env[A].value"];

/// A quantity is stored in another form, and an empty text not at all.
fn sent() -> Value {
    deployment(json!({"cpu": "1000m", "env": [{"name": "A", "value": ""}]}))
}

fn answer() -> Live {
    owned(deployment(json!({"cpu": "1", "env": [{"name": "A"}]})), PATHS)
}

#[test]
fn what_the_server_made_of_it_is_proved_by_its_own_answer() {
    assert!(proved(&sent(), &answer(), &answer()));
    let mut moved = answer();
    moved.stamp.version = "7".into();
    moved.object["spec"]["theirs"] = json!(true);
    moved.object["status"] = json!({"ready": 1});
    assert!(proved(&sent(), &answer(), &moved));
}

#[test]
fn a_changed_value_a_lost_and_a_new_ownership_are_not_proved() {
    let mut changed = answer();
    changed.object["spec"]["cpu"] = json!("2");
    assert!(!proved(&sent(), &answer(), &changed));
    let mut filled = answer();
    filled.object["spec"]["env"][0]["value"] = json!("theirs");
    assert!(!proved(&sent(), &answer(), &filled));
    let lost = owned(answer().object, &PATHS[..4]);
    assert!(!proved(&sent(), &answer(), &lost));
    let more = owned(answer().object, &[PATHS, &["spec.more"]].concat());
    assert!(!proved(&sent(), &answer(), &more));
    let mut nobodys = answer();
    nobodys.ownership.entries.clear();
    assert!(!proved(&sent(), &answer(), &nobodys));
    assert!(!proved(&sent(), &nobodys, &nobodys), "what was never ours becomes ours with the next apply");
}

#[test]
fn something_else_that_is_sent_is_not_proved() {
    let other = deployment(json!({"cpu": "1", "env": [{"name": "A", "value": ""}]}));
    let record = record(PROJECT_NAME, &desired(&sent()), &sent(), &answer());
    assert!(!proves_unchanged(&record, PROJECT_NAME, &desired(&other), &other, &answer()));
}

#[test]
fn an_object_that_ends_or_is_of_another_version_is_not_proved() {
    let mut ending = answer();
    ending.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(!proved(&sent(), &answer(), &ending));
    let mut other = answer();
    other.ownership.entries[0].api_version = "apps/v1beta1".into();
    assert!(!proved(&sent(), &answer(), &other));
}

#[test]
fn our_items_in_another_order_are_not_proved() {
    let env = |names: [&str; 2]| {
        let items = names.map(|name| json!({"name": name}));
        deployment(json!({"env": items}))
    };
    let paths = ["metadata.labels.app", "spec.env[A]", "spec.env[A].name", "spec.env[B]", "spec.env[B].name"];
    let answer = owned(env(["A", "B"]), &paths);
    assert!(proved(&env(["A", "B"]), &answer, &answer));
    assert!(!proved(&env(["A", "B"]), &answer, &owned(env(["B", "A"]), &paths)));
}

#[test]
fn list_map_keys_and_defaulted_keys_are_held_apart() {
    let ports = |list: Value| deployment(json!({ "ports": list }));
    let sent = ports(json!([{"port": 53}, {"port": 53, "protocol": "UDP", "name": "u"}]));
    let live = ports(json!([{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "name": "u"}]));
    let [tcp, udp] = ["spec.ports[port=53,protocol=TCP]", "spec.ports[port=53,protocol=UDP]"];
    let [a, b, c] = [format!("{tcp}.port"), format!("{udp}.port"), format!("{udp}.name")];
    let paths = ["metadata.labels.app", tcp, &a, udp, &b, &c];
    assert!(proved(&sent, &owned(live.clone(), &paths), &owned(live.clone(), &paths)));
    let mut other = live.clone();
    other["spec"]["ports"][1]["name"] = json!("v");
    assert!(!proved(&sent, &owned(live, &paths), &owned(other, &paths)));
}

fn secret(text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"},
           "data": {"k": text}})
}

#[test]
fn a_changed_secret_is_not_proved_and_no_secret_is_recorded() {
    let live = owned(secret("c2VjcmV0"), &["data.k"]);
    let desired = desired(&secret("c2VjcmV0"));
    let record = record(PROJECT_NAME, &desired, &secret("c2VjcmV0"), &live);
    assert!(!serde_json::to_string(&record).unwrap().contains("c2VjcmV0"));
    assert_eq!(record.fields["data.k"], Held::Hidden);
    assert!(proves_unchanged(&record, PROJECT_NAME, &desired, &secret("c2VjcmV0"), &live));
    assert!(
        !proves_unchanged(&record, PROJECT_NAME, &desired, &secret("bmV1"), &live),
        "the new one is to be written"
    );
    let changed = owned(secret("bmV1"), &["data.k"]);
    assert!(
        !proves_unchanged(&record, PROJECT_NAME, &desired, &secret("c2VjcmV0"), &changed),
        "somebody else wrote it"
    );
}

/// What was sent is kept as its digest has it: a prediction compares with the one, a proof with the other.
#[test]
fn the_sent_object_is_what_its_digest_is_of() {
    let mut wanted = desired(&sent());
    wanted.sensitive.insert("spec.env[0].value".parse().unwrap(), ());
    for (desired, sent) in
        [(desired(&sent()), sent()), (wanted, sent()), (desired(&secret("aQ==")), secret("aQ=="))]
    {
        let record = record(PROJECT_NAME, &desired, &sent, &answer());
        let kept = record.sent_object.unwrap();
        assert_eq!(record.sent, resource::digest(kept.as_str()));
        assert_eq!(kept.object().unwrap()["metadata"], sent["metadata"]);
    }
}

#[test]
fn what_others_have_beside_ours_is_recorded_by_its_name() {
    let mut answer = answer();
    let mut theirs = answer.ownership.entries[0].clone();
    theirs.manager = "them".into();
    theirs.fields = ["metadata.labels.theirs", "spec.env[B]", "spec.env[B].value"]
        .iter()
        .map(|path| path.parse().unwrap())
        .collect();
    answer.ownership.entries.push(theirs);
    let record = record(PROJECT_NAME, &desired(&sent()), &sent(), &answer);
    let expected = ["metadata.labels.theirs", "spec.env[B]"].map(str::to_owned);
    assert_eq!(record.foreign_items, Some(expected.into()));
}

/// Everything that a secret could come out by: the record is stored in the clear.
#[test]
fn no_secret_and_no_digest_of_one_is_recorded() {
    let canary = "hunter2";
    let mut object = deployment(
        json!({"token": canary, "args": [canary, "--open"], "env": [{"name": "A", "value": canary}]}),
    );
    object["metadata"]["annotations"] = json!({crate::kubernetes::marks::SENSITIVE: "[\"spec.token\"]"});
    let mut desired = desired(&object);
    desired.sensitive.insert("spec.args[0]".parse().unwrap(), ());
    desired.sensitive.insert("spec.env[0].value".parse().unwrap(), ());
    let paths = ["metadata.labels.app", "spec.token", "spec.args", "spec.env[A]", "spec.env[A].value"];
    let text =
        serde_json::to_string(&record(PROJECT_NAME, &desired, &object, &owned(object.clone(), &paths)))
            .unwrap();
    for form in [canary.to_owned(), resource::digest(canary), resource::digest(&json!(canary).to_string())] {
        assert!(!text.contains(&form), "{form} in {text}");
    }
    // Of a list with one secret the rest is told, and that there are fields is told of all.
    assert!(text.contains("--open") && text.contains("token"), "{text}");
}

#[test]
fn a_list_that_is_owned_as_a_whole_is_as_it_was_beside_its_secret_too() {
    let list = |flag: &str| deployment(json!({"args": ["--password=x", flag]}));
    let sent = list("--a");
    let mut desired = desired(&sent);
    desired.sensitive.insert("spec.args[0]".parse().unwrap(), ());
    let paths = ["metadata.labels.app", "spec.args"];
    let record = record(PROJECT_NAME, &desired, &sent, &owned(sent.clone(), &paths));
    assert_eq!(record.fields["spec.args"], Held::Hidden);
    assert!(proves_unchanged(&record, PROJECT_NAME, &desired, &sent, &owned(sent.clone(), &paths)));
    assert!(!proves_unchanged(&record, PROJECT_NAME, &desired, &sent, &owned(list("--b"), &paths)));
}

#[test]
fn what_an_earlier_configuration_hid_is_in_no_record() {
    let mark = crate::kubernetes::marks::SENSITIVE;
    let mut live = deployment(json!({"token": "abc"}));
    live["metadata"]["annotations"] = json!({mark: "[\"spec.token\"]"});
    let sent = deployment(json!({"token": "abc"}));
    let paths = ["metadata.labels.app", "spec.token"];
    let record = record(PROJECT_NAME, &desired(&sent), &sent, &owned(live, &paths));
    assert_eq!(record.fields["spec.token"], Held::Hidden);
    // Without the mark it is an ordinary field again, and the record says less than it would now.
    assert!(!proves_unchanged(&record, PROJECT_NAME, &desired(&sent), &sent, &owned(sent.clone(), &paths)));
}

#[test]
fn every_owned_field_has_a_name_of_its_own() {
    let mut set = crate::resource::FieldSet::default();
    let item = |text: &str| Segment::Item(vec![(String::new(), text.to_owned())]);
    for step in [
        Segment::Key("1".into()),
        Segment::Index(1),
        item("1"),
        item("a=b"),
        Segment::Item(vec![("a".into(), "b".into())]),
    ] {
        set.children.entry(step).or_default().owned = true;
    }
    let names: std::collections::BTreeSet<String> =
        set.owned_paths().iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn something_empty_that_the_server_does_not_store_is_not_proved() {
    let paths = ["metadata.labels.app", "spec.args"];
    let answer = |spec| owned(deployment(spec), &paths);
    let there = deployment(json!({"args": ["a"], "emptyDir": {}}));
    assert!(proved(&there, &answer(there["spec"].clone()), &answer(there["spec"].clone())));
    for empty in [json!([]), json!({}), json!({"a": []})] {
        let sent = deployment(json!({"args": ["a"], "empty": empty}));
        let answer = answer(json!({"args": ["a"]}));
        assert!(!proved(&sent, &answer, &answer), "{empty}");
    }
}

/// Whether a Secret that was applied with the data `before` is proved to be one of `now` where `there` is.
fn secret_is_proved(before: &Value, now: &Value, there: &Value) -> bool {
    let holding = |data: &Value| {
        let mut secret = secret("");
        secret["data"] = data.clone();
        secret
    };
    let live = |data: &Value| {
        let keys = data.as_object().into_iter().flat_map(|data| data.keys());
        let paths: Vec<String> =
            keys.filter(|key| *key != "theirs").map(|key| format!("data.{key}")).collect();
        let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        paths.push("metadata.labels.app");
        let mut object = holding(data);
        object["metadata"]["labels"] = json!({"app": "x"});
        owned(object, &paths)
    };
    let sent = |data| {
        let mut object = holding(data);
        object["metadata"]["labels"] = json!({"app": "x"});
        object
    };
    let record = record(PROJECT_NAME, &desired(&sent(before)), &sent(before), &live(before));
    proves_unchanged(&record, PROJECT_NAME, &desired(&sent(now)), &sent(now), &live(there))
}

#[test]
fn a_secret_is_proved_by_its_own_values_alone() {
    let one = json!({"a": "YQ=="});
    assert!(secret_is_proved(&one, &one, &one));
    assert!(secret_is_proved(&one, &one, &json!({"a": "YQ==", "theirs": "Yg=="})));
    assert!(!secret_is_proved(&one, &json!({"a": "Yg=="}), &one));
    assert!(!secret_is_proved(&one, &one, &json!({"a": "Yg=="})));
    assert!(!secret_is_proved(&json!({"a": "YQ==", "b": "Yg=="}), &one, &json!({"a": "YQ==", "b": "Yg=="})));
}

#[test]
fn a_full_secret_is_not_taken_for_an_empty_one() {
    for nothing in [json!(null), json!({})] {
        assert!(!secret_is_proved(&json!({"a": "YQ=="}), &nothing, &json!({"a": "YQ=="})));
    }
}
