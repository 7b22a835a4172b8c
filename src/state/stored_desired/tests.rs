use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::diagnostic::Span;
use crate::resource::{
    Encoding, Ending, IgnoreRule, LiveReference, Moment, Part, Phase, ReadyRule, Reference, Timeouts,
    WITHHELD,
};

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

/// Writes it and reads it back, as a revision does.
fn stored(desired: &Desired, sources: &Sources) -> StoredDesired {
    let text = serde_json::to_string(&StoredDesired::new(desired, sources)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// All its fields. There is no `..` here, so that no field can be forgotten.
fn facts(desired: &Desired) -> String {
    let Desired {
        address,
        identity,
        object,
        origins,
        settable,
        unresolved,
        sensitive,
        unchecked,
        fresh,
        generated,
        // A revision has the values, and renders nothing.
        random: _,
        // The state of the revision has it.
        batch: _,
        htpasswd,
        depends_on,
        lifecycle,
        shared,
        hook,
        // What was taken over is ours, and is not taken over again.
        release: _,
        rendered_from,
    } = desired;
    let origins: Vec<_> = origins.iter().map(|(path, origin)| (path, &origin.key)).collect();
    let depends_on: Vec<_> = depends_on.iter().map(|(address, _)| address).collect();
    format!(
        "{address:#?}\n{identity:#?}\n{object:#}\n{origins:#?}\n{settable:#?}\n{unresolved:#?}\n{sensitive:#?}\n\
         {unchecked:#?}\n{fresh:#?}\n{generated:#?}\n{htpasswd:#?}\n{depends_on:#?}\n{lifecycle:#?}\n{shared:#?}\n{hook:#?}\n{rendered_from:#?}"
    )
}

fn full(sources: &mut Sources) -> Desired {
    let source = sources.add("regplan.toml", "[project]\nname = \"p\"\n[resource.web]\n");
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "a"},
        "spec": {"replicas": 2, "args": ["--token=hunter2", "--open"], "env": [{"name": "P", "value": "hunter2"}],
                 "address": "\u{F0A0}lresource.lb.status.ip\u{F0A1}", "empty": {}, "null": null, "float": 0.1}});
    let mut desired = Desired::new(Address::block("resource", "web"), object).unwrap();
    let span = Some(Span { source, start: 23, end: 30 });
    desired.origins.insert(FieldPath::root(), Origin::of_key("resource.web", span));
    desired.origins.insert(path("spec.empty"), Origin::of_key("resource.web.spec.empty", None));
    desired.settable.insert(path("spec.replicas"), ());
    let live = Reference::Live(LiveReference { text: "resource.lb.status.ip".into() });
    let parts = vec![
        Part::Literal("http://".into()),
        Part::Reference(live),
        Part::Reference(Reference::Secret("s".into())),
        Part::Reference(Reference::Variable("v".into())),
    ];
    desired.unresolved.insert(path("spec.address"), Expression { parts, encoding: Encoding::Base64 });
    desired.sensitive.insert(path("spec.args[0]"), ());
    desired.sensitive.insert(path("spec.env[0].value"), ());
    desired.unchecked.insert(path("spec.hash"), Unchecked { reason: "not set".into() });
    desired.fresh.insert(path("spec.env[0].value"), ());
    desired.generated.insert(path("spec.env[0].value"), ());
    desired.htpasswd.insert(path("spec.hash"), ());
    desired.hook = Some(Hook {
        phases: [Phase::PreInstall].into(),
        weight: -5,
        deleted_after: [Ending::Failed].into(),
        content: "sha256:c".into(),
        moment: Moment::Upgrade,
    });
    desired.rendered_from = Some("sha256:3333".into());
    desired.depends_on.push((Address::block("manifest", "crds"), span));
    desired.lifecycle = Lifecycle {
        protect: true,
        adopt: true,
        ignore_changes: vec![IgnoreRule { object: None, path: path("spec.replicas") }],
        replace_triggered_by: vec![Address::block("resource", "lb")],
        timeouts: Timeouts { ready: Some(Duration::from_secs(1)), delete: None },
        ready: Some(ReadyRule::Field(path("status.x"))),
    };
    desired.shared = true;
    desired
}

#[test]
fn it_comes_back_as_it_was_but_for_what_was_withheld() {
    let mut sources = Sources::default();
    let desired = full(&mut sources);
    let stored = stored(&desired, &sources);
    assert_eq!(stored.withheld, [path("spec.args[0]"), path("spec.env[0].value")].into());
    assert_eq!(stored.origins[&FieldPath::root()].place.as_deref(), Some("regplan.toml:3"));
    let mut expected = desired.clone();
    for secret in &stored.withheld {
        *secret.get_mut(&mut expected.object).unwrap() = WITHHELD.into();
    }
    let back = stored.desired(desired.address.clone()).unwrap();
    assert_eq!(facts(&back), facts(&expected));
    assert!(back.origins.iter().all(|(_, origin)| origin.span.is_none()), "files have changed since");
}

#[test]
fn no_secret_is_kept() {
    let mut sources = Sources::default();
    let text = serde_json::to_string(&StoredDesired::new(&full(&mut sources), &sources)).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    // The values of a Secret are sensitive without any mark, and the names of its keys are not.
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "data": {"password": "aHVudGVyMg=="}, "stringData": {"token": "hunter2"}});
    let desired = Desired::new(Address::block("resource", "s"), secret).unwrap();
    let text = serde_json::to_string(&StoredDesired::new(&desired, &sources)).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    assert!(text.contains("password") && text.contains("token"), "{text}");
}

#[test]
fn what_has_no_name_is_no_resource() {
    let nameless = StoredDesired::from_object(json!({"kind": "ConfigMap"}), []);
    assert!(nameless.desired(Address::block("resource", "x")).is_none());
}

/// Random values as objects have them.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z\"./\\[\\]]{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every path of a value, its root first.
fn all_paths(value: &Value, at: FieldPath, found: &mut Vec<FieldPath>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, below)| all_paths(below, at.key(key.as_str()), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| all_paths(item, at.index(index), found));
        }
        _ => {}
    }
    found.push(at);
}

proptest! {
    #[test]
    fn whatever_is_hidden_is_taken_out_and_nothing_else(spec in value(), chosen in any::<proptest::sample::Index>()) {
        let object = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "spec": spec});
        let mut desired = Desired::new(Address::block("resource", "x"), object).unwrap();
        let mut paths = Vec::new();
        all_paths(&desired.object["spec"], FieldPath::keys(["spec"]), &mut paths);
        let secret = chosen.get(&paths).clone();
        desired.sensitive.insert(secret.clone(), ());
        let stored = stored(&desired, &Sources::default());
        let mut leaves = paths.clone();
        leaves.retain(|path| {
            let value = path.get(&desired.object).unwrap();
            !value.is_null() && !value.is_object() && !value.is_array()
        });
        for path in &leaves {
            let kept = path.get(&stored.object);
            if secret.contains(path) {
                prop_assert_eq!(kept, Some(&Value::from(WITHHELD)), "{}", path);
                prop_assert!(stored.withheld.contains(path));
            } else {
                prop_assert_eq!(kept, path.get(&desired.object), "{}", path);
                prop_assert!(!stored.withheld.contains(path));
            }
        }
        let mut expected = desired.clone();
        expected.object = stored.object.clone();
        let back = stored.desired(desired.address.clone()).unwrap();
        prop_assert_eq!(facts(&back), facts(&expected));
    }
}
