use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::file::{Content, Envelope};
use super::*;
use crate::plan::testing::{self, owned};
use crate::plan::{
    Action, After, Cause, Change, Fidelity, FieldChange, Keep, Obstacle, Plan, PredictionReason, Reason,
    Refusal, UnknownValue,
};
use crate::resource::{
    Address, ClusterIdentity, Desired, Expression, Identity, Key, Origin, Problem, ProblemKind, Reference,
    Target, digest,
};

/// The page that describes what is stored.
const PAGE: &str = include_str!("../../docs/state-format.md");

fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        serial: 3,
        cluster: ClusterIdentity { uid: Some("u".into()), server: "https://s".into(), ca_digest: None },
        notes: vec!["a note".into()],
        digest: "sha256:0".into(),
        ..testing::plan(changes)
    }
}

fn preconditions() -> Preconditions {
    let cluster = plan(Vec::new()).cluster;
    let preconditions = json!({
        "regplan": "0.0.0", "project": "p", "lineage": "a".repeat(32), "serial": 3, "cluster": cluster,
        "configuration": "sha256:1", "secrets": {"env:A": "hmac:1"},
        "asked": {"mode": "apply", "targets": [], "replace": [], "adopt": [], "consent": []},
    });
    serde_json::from_value(preconditions).unwrap()
}

fn kept(plan: &Plan, key: &Key) -> PlanFile {
    PlanFile::new(plan, preconditions(), BTreeMap::new(), key).unwrap()
}

/// An update of one field.
fn change(kind: &str, before: &str, after: &str) -> Change {
    let object = |value: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "c", "namespace": "a"}, "data": {"k": value}});
    let desired = Desired::new(Address::block("resource", "c"), object(after)).unwrap();
    let field = FieldChange {
        path: "data.k".parse().unwrap(),
        before: Some(json!(before)),
        after: After::Value(json!(after)),
        sensitive: kind == "Secret",
        origin: None,
        forces_replacement: false,
        cause: Cause::Yours,
        keep: None,
        users: Vec::new(),
    };
    Change {
        prior: Some(Arc::new(owned(object(before), &["data.k"]))),
        send: Some(desired.object.clone()),
        fields: vec![field],
        desired: Some(Arc::new(desired.clone())),
        ..Change::new(desired.address.clone(), desired.target(), Action::Update, Fidelity::DryRun)
    }
}

#[test]
fn a_file_outlives_being_written() {
    let key = Key::random();
    let file = kept(&plan(vec![change("ConfigMap", "v", "w")]), &key);
    let read = PlanFile::from_text(file.as_text()).unwrap();
    assert_eq!(read, file);
    assert!(read.is_sealed_by(&key) && !read.is_sealed_by(&Key::random()));
    assert_eq!((read.plan().notes, read.plan().digest), (vec!["a note".to_owned()], "sha256:0".to_owned()));
}

/// The history identifies a plan by its digest: two files of one plan have the same, whatever their wording.
#[test]
fn nothing_that_is_worded_and_no_time_is_in_the_digest() {
    let key = Key::random();
    let told = plan(vec![change("ConfigMap", "v", "w")]);
    let file = kept(&told, &key);
    let mut retold = told.clone();
    retold.notes = vec!["another note".into()];
    retold.changes[0].reasons = vec![Reason::AppliedBefore];
    retold.changes[0].warnings.push("deprecated".into());
    retold.changes[0].fidelity = Fidelity::Predicted(PredictionReason::Forbidden { message: "why".into() });
    retold.changes[0].unchecked.push(("data.x".parse().unwrap(), "not set".into()));
    let other = kept(&retold, &key);
    assert_ne!(file.as_text(), other.as_text());
    assert_eq!(file.digest(), other.digest());
    // The digest covers the preconditions of the plan and the bindings of its changes.
    let mut elsewhere = told.clone();
    elsewhere.digest = "sha256:1".into();
    assert_ne!(kept(&elsewhere, &key).digest(), file.digest());
    assert_ne!(kept(&plan(vec![change("ConfigMap", "v", "x")]), &key).digest(), file.digest());
    assert_ne!(kept(&plan(vec![change("ConfigMap", "u", "w")]), &key).digest(), file.digest());
    let mut moved = preconditions();
    moved.serial = 4;
    assert_ne!(PlanFile::new(&told, moved, BTreeMap::new(), &key).unwrap().digest(), file.digest());
}

/// The digest of the file's content, computed in another way than by the file itself.
fn forged(text: &str, alter: impl FnOnce(&mut Value)) -> String {
    let mut file: Value = serde_json::from_str(text).unwrap();
    alter(&mut file["content"]);
    let content = &file["content"];
    let parts = json!([content["preconditions"], content["bindings"], content["snapshot"]["digest"]]);
    let (plan_digest, checksum) = (digest(&parts.to_string()), digest(&content.to_string()));
    json!({"format_version": 2, "digest": plan_digest, "checksum": checksum, "seal": file["seal"], "content": content})
        .to_string()
}

#[test]
fn whoever_computes_digest_and_checksum_still_has_not_the_key() {
    let key = Key::random();
    let file = kept(&plan(vec![change("ConfigMap", "v", "w")]), &key);
    let same = PlanFile::from_text(&forged(file.as_text(), |_| ())).unwrap();
    assert_eq!(same.digest(), file.digest());
    for (at, value) in [
        ("/preconditions/asked/consent", json!(["resource.c"])),
        ("/bindings/resource.c/action", json!("delete")),
        // Shown text is not in the digest, and is sealed nevertheless.
        ("/snapshot/notes", json!(["all is well"])),
        ("/snapshot/changes/0/unchecked", json!([])),
    ] {
        let text = forged(file.as_text(), |content| *content.pointer_mut(at).unwrap() = value);
        let forged = PlanFile::from_text(&text).unwrap();
        assert!(!forged.is_sealed_by(&key), "{at}");
    }
}

/// The content of a plan file, but for the moment at which it was made.
fn timeless(text: &str) -> Value {
    let mut file: Value = serde_json::from_str(text).unwrap();
    assert!(file["content"]["made"].take().is_string());
    file["content"].take()
}

/// What the key of that file is made of.
const SEALED_BY: &str = "5a";

/// Set to write the file of the current format anew, when the format has changed on purpose.
const UPDATE: &str = "REGPLAN_UPDATE_FORMATS";

#[test]
fn the_format_is_settled() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/2/plan.regplan");
    let key = Key::from_hex(&SEALED_BY.repeat(32)).unwrap();
    let made_now = kept(&full_plan(), &key);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, made_now.as_text()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let file = PlanFile::from_text(&text).unwrap();
    assert!(file.is_sealed_by(&key));
    assert_eq!(file.digest(), made_now.digest(), "the digest is made in another way: raise PLAN_FILE_FORMAT");
    assert_eq!(
        timeless(&text),
        timeless(made_now.as_text()),
        "it is laid out in another way: raise PLAN_FILE_FORMAT"
    );
}

#[test]
fn a_file_of_format_1_is_refused_with_its_version() {
    let text = include_str!("../../testdata/formats/1/plan.regplan");
    let error = PlanFile::from_text(text).unwrap_err();
    assert_eq!(error, Damage::Format { found: 1 });
    assert_eq!(error.to_string(), "its format has version 1, and this regplan knows version 2");
}

#[test]
fn no_secret_and_no_digest_of_one_is_in_a_file() {
    let key = Key::random();
    let (before, after) = ("aHVudGVyMg==", "aHVudGVyMw==");
    let text = kept(&plan(vec![change("Secret", before, after)]), &key).as_text().to_owned();
    assert!(text.contains("data.k"), "{text}");
    for secret in [before, after] {
        for form in [secret.to_owned(), digest(secret), digest(&json!(secret).to_string())] {
            assert!(!text.contains(&form), "{form} in {text}");
        }
    }
}

#[test]
fn every_mismatch_of_the_preconditions_is_told() {
    let preconditions = preconditions();
    let with = |key: &str, value: Value| -> Preconditions {
        let mut other = serde_json::to_value(&preconditions).unwrap();
        other[key] = value;
        serde_json::from_value(other).unwrap()
    };
    assert_eq!(preconditions.mismatches(&preconditions), []);
    assert_eq!(preconditions.mismatches(&with("serial", json!(9))), [], "a newer one alone is no mismatch");
    let cluster = json!({"uid": "other", "server": "https://s"});
    for (key, value, mismatch) in [
        ("regplan", json!("9.9.9"), Mismatch::Version { made_by: "0.0.0".into() }),
        ("project", json!("q"), Mismatch::Project { of: "p".into() }),
        ("lineage", json!("b".repeat(32)), Mismatch::Lineage { of: "a".repeat(32) }),
        ("cluster", cluster, Mismatch::Cluster { of: Box::new(preconditions.cluster.clone()) }),
        ("configuration", json!("sha256:2"), Mismatch::Configuration),
        ("secrets", json!({}), Mismatch::SecretsUnset(vec![SecretSourceName::Env("A".into())])),
    ] {
        assert_eq!(preconditions.mismatches(&with(key, value)), [mismatch], "{key}");
    }
    let set_now = Mismatch::SecretsChanged(vec![SecretSourceName::Env("A".into())]);
    assert_eq!(with("secrets", json!({})).mismatches(&preconditions), [set_now]);
}

#[test]
fn a_later_plan_diverges_in_data_and_not_in_words() {
    let key = Key::random();
    let approved = kept(&plan(vec![change("ConfigMap", "v", "w")]), &key);
    let kinds = |now: Vec<Change>, attempt| {
        let found = check(&approved, &plan(now), attempt, &key);
        found.into_iter().map(|divergence| divergence.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(vec![change("ConfigMap", "v", "w")], Attempt::Fresh), []);
    let path: crate::resource::FieldPath = "data.k".parse().unwrap();
    let holds = kinds(vec![change("ConfigMap", "theirs", "w")], Attempt::Fresh);
    assert_eq!(holds, [DivergenceKind::Holds(vec![(path.clone(), vec![])])]);
    assert_eq!(
        kinds(vec![change("ConfigMap", "v", "x")], Attempt::Fresh),
        [DivergenceKind::Sends(vec![path.clone()])]
    );
    let mut made = change("ConfigMap", "v", "w");
    (made.action, made.prior) = (Action::Create, None);
    let (approved_action, now) = (Action::Update, Action::Create);
    assert_eq!(
        kinds(vec![made], Attempt::Fresh),
        [DivergenceKind::Action { approved: approved_action, now }]
    );
    let mut other = change("ConfigMap", "v", "w");
    other.address = Address::block("resource", "other");
    let unapproved = DivergenceKind::Unapproved { action: Action::Update, fields: vec![(path, vec![])] };
    let settled = DivergenceKind::Settled { approved: Action::Update };
    assert_eq!(kinds(vec![other.clone()], Attempt::Fresh), [unapproved.clone(), settled]);
    assert_eq!(kinds(vec![other], Attempt::Resumed), [unapproved], "what is done is not to be done again");
}

/// The names of a type's fields, from the error with which it refuses another one.
fn names_of<T: DeserializeOwned>() -> BTreeSet<String> {
    named(serde_json::from_str::<T>(r#"{"?": 0}"#).err())
}

fn named(error: Option<serde_json::Error>) -> BTreeSet<String> {
    let error = error.unwrap().to_string();
    assert!(error.contains("unknown field `?`"), "{error}");
    let names: BTreeSet<String> = error.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.into_iter().filter(|name| name != "?").collect()
}

/// A plan that has everything that a file can hold.
fn full_plan() -> Plan {
    let mut update = change("ConfigMap", "v", "w");
    let origin = Origin::of_key("resource.c.data.k", None);
    update.fields[0].origin = Some(origin.clone());
    update.fields[0].keep = Some(Keep::Key(origin));
    let mut gone = update.fields[0].clone();
    (gone.after, gone.keep) = (After::Absent, Some(Keep::Ignore("data.k".into())));
    let mut unknown = update.fields[0].clone();
    unknown.after = After::Unknown(UnknownValue::Expression("${resource.lb.status.ip}".into()));
    update.fields.extend([gone, unknown]);
    update.moved_from = Some(Address::block("resource", "old"));
    let old = Target { identity: Identity::namespaced("", "ConfigMap", "a", "old"), version: None };
    update.replaced = Some(Box::new((old.clone(), owned(json!({"apiVersion": "v1"}), &[]))));
    update.taken_from = vec!["helm".into()];
    let desired = Arc::make_mut(update.desired.as_mut().unwrap());
    let live = Reference::Live(crate::resource::LiveReference { text: "resource.lb.status.ip".into() });
    let parts = vec![crate::resource::Part::Reference(live)];
    let expression = Expression { parts, encoding: crate::resource::Encoding::Plain };
    desired.unresolved.insert("data.k".parse().unwrap(), expression);
    let problem = Problem::new(ProblemKind::Other, "no");
    let refusals = vec![Refusal {
        address: Address::block("resource", "r"),
        target: old,
        obstacle: Obstacle::Problem(problem),
    }];
    Plan { refusals, ..plan(vec![update]) }
}

#[test]
fn the_page_names_every_field() {
    let envelope = named(serde_json::from_str::<Envelope<'_>>(r#"{"?": 0}"#).err());
    let names = [
        envelope,
        names_of::<Content>(),
        names_of::<Preconditions>(),
        names_of::<Asked>(),
        names_of::<Binding>(),
    ];
    let mut wanted: BTreeSet<String> = names.into_iter().flatten().collect();
    let places = BTreeMap::from([("resource.c.data.k".to_owned(), ("regplan.toml".to_owned(), 3))]);
    let file = PlanFile::new(&full_plan(), preconditions(), places, &Key::random()).unwrap();
    keys_of(&serde_json::from_str(file.as_text()).unwrap(), &mut wanted);
    let missing: Vec<&String> = wanted.iter().filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/state-format.md does not name {missing:?}");
}

/// All keys that are names of fields. Keys that are data have a character that no name has.
fn keys_of(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                if !key.contains(['.', ':', '[']) && !["apiVersion", "kind"].contains(&key.as_str()) {
                    found.insert(key.clone());
                }
                keys_of(below, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys_of(item, found)),
        _ => {}
    }
}

/// The file whose format is settled, and the key that has sealed it.
fn stored() -> (Vec<u8>, Key) {
    let file = include_bytes!("../../testdata/formats/2/plan.regplan");
    (file.to_vec(), Key::from_hex(&SEALED_BY.repeat(32)).unwrap())
}

/// What these bytes are read as; `None` where they are refused.
fn read(bytes: &[u8]) -> Option<PlanFile> {
    PlanFile::from_text(std::str::from_utf8(bytes).ok()?).ok()
}

/// What is lost may be white space around the content, and what is changed may be the seal, which only its key can check.
#[track_caller]
fn says_the_same(read: &PlanFile, whole: &PlanFile, at: usize) {
    assert_eq!(read.digest(), whole.digest(), "byte {at}");
    assert_eq!(read.plan().notes, whole.plan().notes, "byte {at}");
    assert_eq!(read.preconditions(), whole.preconditions(), "byte {at}");
    assert_eq!(read.bindings(), whole.bindings(), "byte {at}");
}

#[test]
fn a_file_that_is_cut_at_any_byte_is_no_plan_file() {
    let (bytes, _) = stored();
    let whole = read(&bytes).unwrap();
    for at in 0..bytes.len() {
        if let Some(read) = read(&bytes[..at]) {
            says_the_same(&read, &whole, at);
            assert!(bytes[at..].iter().all(u8::is_ascii_whitespace), "byte {at}");
        }
    }
}

#[test]
fn a_file_with_a_flipped_bit_in_any_byte_is_no_plan_file_or_not_sealed() {
    let (bytes, key) = stored();
    let whole = read(&bytes).unwrap();
    assert!(whole.is_sealed_by(&key));
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        if let Some(read) = read(&flipped) {
            says_the_same(&read, &whole, at);
            assert!(!read.is_sealed_by(&key) || bytes[at].is_ascii_whitespace(), "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_be_refused(text in ".*") {
        prop_assert!(PlanFile::from_text(&text).is_err());
    }
}

#[test]
fn reasons_and_refusals_outlive_being_written() {
    let address = Address::block("resource", "a");
    let target = Target { identity: Identity::namespaced("", "ConfigMap", "n", "a"), version: None };
    let reasons = vec![Reason::ReplaceTriggered { by: address.clone() }, Reason::AppliedBefore];
    let predicted = Fidelity::Predicted(PredictionReason::NamespaceCreated { namespace: "n".into() });
    let path = "spec.x".parse().unwrap();
    let field = FieldChange::new(path, None, After::Unknown(UnknownValue::Generated));
    let change = Change::new(address.clone(), target.clone(), Action::Update, predicted.clone());
    let refused = |obstacle| Refusal { address: address.clone(), target: target.clone(), obstacle };
    let replacement = Obstacle::Replacement { reasons: reasons.clone(), help: "agree".into() };
    let problem = Problem::new(ProblemKind::Rejected, "no").help("ask").into();
    let change = Change { reasons: reasons.clone(), fields: vec![field.clone()], ..change };
    let plan = Plan { refusals: vec![refused(replacement), refused(problem)], ..plan(vec![change]) };
    let kept = kept(&plan, &Key::random());
    let read = PlanFile::from_text(kept.as_text()).unwrap().plan();
    assert_eq!((&read.changes[0].reasons, &read.changes[0].fidelity), (&reasons, &predicted));
    assert_eq!(read.changes[0].fields, [field]);
    let Obstacle::Replacement { reasons: read_reasons, help } = &read.refusals[0].obstacle else {
        panic!("{:?}", read.refusals)
    };
    assert_eq!((read_reasons, help.as_str()), (&reasons, "agree"));
    let Obstacle::Problem(problem) = &read.refusals[1].obstacle else { panic!("{:?}", read.refusals) };
    assert_eq!((problem.message.as_str(), problem.help.as_deref()), ("no", Some("ask")));
}
