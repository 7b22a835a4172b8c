//! The rules, each on plain data.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{SourceId, Span};
use crate::plan::diff::field_changes::changed;
use crate::plan::model::field_change::Keep;
use crate::plan::ownership::field_owners::foreign;
use crate::plan::testing;
use crate::plan::testing::{deployment, live};
use crate::resource::{Address, Identity, ManagedEntry, Operation, Origin};

/// An object that was applied, was changed by others, and is to be applied again.
struct Case {
    desired: Desired,
    record: Option<BTreeMap<String, Held>>,
    /// What was sent the last time; `None` for the same as now.
    sent_before: Option<Value>,
    live: Live,
    answer: Live,
}

const OURS: &str = "regplan:p";

fn entry(manager: &str, operation: Operation, paths: &[&str]) -> ManagedEntry {
    ManagedEntry { time: Some("2026-01-02T03:04:05Z".into()), ..testing::entry(manager, operation, paths) }
}

impl Case {
    /// These values were applied (`held`), are there now (`now`) and are wanted (`wanted`).
    fn new(held: &[(&str, Value)], now: Value, wanted: Value, others: Vec<ManagedEntry>) -> Self {
        let ours: Vec<&str> = held.iter().map(|(path, _)| *path).collect();
        let (now, wanted) = (deployment(now), deployment(wanted));
        let is_still_ours = |path: &&str| {
            let path: FieldPath = path.parse().unwrap();
            let taken = others.iter().any(|entry| entry.fields.meets(&path));
            !taken && path.get(&now).is_some()
        };
        let still: Vec<&str> = ours.iter().copied().filter(is_still_ours).collect();
        let mut entries = others;
        entries.push(entry(OURS, Operation::Apply, &still));
        let record = held.iter().map(|(path, value)| ((*path).to_owned(), Held::Value(value.clone())));
        let after: Vec<&str> = ours
            .iter()
            .copied()
            .filter(|path| path.parse::<FieldPath>().unwrap().get(&wanted).is_some())
            .collect();
        Self {
            desired: Desired::new(Address::block("resource", "web"), wanted.clone()).unwrap(),
            record: Some(record.collect()),
            sent_before: Some(json!("another")),
            live: live(now, entries),
            answer: live(wanted, vec![entry(OURS, Operation::Apply, &after)]),
        }
    }

    fn without_a_record(mut self) -> Self {
        self.record = None;
        self
    }

    fn lines(&self) -> Vec<FieldChange> {
        let sent = &self.desired.object;
        let before = self.sent_before.as_ref().unwrap_or(sent);
        let applied = self.record.clone().map(|fields| Applied {
            resource_version: "1".into(),
            sent: digest_without_secrets(&self.desired, before),
            fields,
            ..Applied::default()
        });
        let mut lines = changed(&self.desired, &self.live.object, &self.answer.object);
        let evidence = Evidence {
            project: "p",
            applied: applied.as_ref(),
            desired: &self.desired,
            sent,
            live: &self.live,
            answer: &self.answer,
        };
        attribute(&mut lines, evidence);
        lines
    }

    /// Each line as `PATH: CAUSE by MANAGERS`.
    fn told(&self) -> Vec<String> {
        self.lines().iter().map(|line| format!("{}: {}", line.path, told(&line.cause))).collect()
    }

    /// Each line's advice.
    fn advice(&self) -> Vec<String> {
        let lines = self.lines();
        let keeps = lines.into_iter().filter_map(|line| line.keep);
        keeps
            .map(|keep| match keep {
                Keep::Key(origin) => format!("set {}", origin.key),
                Keep::Ignore(line) => format!("ignore {line}"),
            })
            .collect()
    }

    /// Says that this key gives the field.
    fn set_by(mut self, path: &str, key: &str, is_written: bool) -> Self {
        let path: FieldPath = path.parse().unwrap();
        let span = is_written.then_some(Span { source: SourceId(0), start: 0, end: 1 });
        self.desired.origins.insert(path.clone(), Origin::of_key(key, span));
        self.desired.settable.insert(path, ());
        self
    }
}

fn told(cause: &Cause) -> String {
    let by =
        |by: &[FieldManager]| by.iter().map(|manager| manager.name.clone()).collect::<Vec<_>>().join("+");
    match cause {
        Cause::Yours => "yours".to_owned(),
        Cause::Drift { by: managers } => format!("drift by {}", by(managers)),
        Cause::Conflict { by: managers } => format!("conflict by {}", by(managers)),
    }
}

fn kubectl(paths: &[&str]) -> ManagedEntry {
    entry("kubectl", Operation::Update, paths)
}

#[test]
fn what_the_configuration_changes_is_yours() {
    let case =
        Case::new(&[("spec.replicas", json!(2))], json!({"replicas": 2}), json!({"replicas": 3}), vec![]);
    assert_eq!(case.told(), ["spec.replicas: yours"]);
    assert_eq!(case.lines()[0].keep, None);
}

#[test]
fn what_the_cluster_changes_is_drift_by_who_owns_it_now() {
    let mut scale = kubectl(&["spec.replicas"]);
    scale.subresource = Some("scale".into());
    let case = Case::new(
        &[("spec.replicas", json!(2))],
        json!({"replicas": 5}),
        json!({"replicas": 2}),
        vec![scale, entry("other", Operation::Update, &["spec.paused"])],
    );
    assert_eq!(case.told(), ["spec.replicas: drift by kubectl"]);
    let Cause::Drift { by } = &case.lines()[0].cause else { panic!() };
    assert_eq!(by[0].subresource.as_deref(), Some("scale"));
    assert_eq!(by[0].time.as_deref(), Some("2026-01-02T03:04:05Z"));
}

#[test]
fn what_both_change_is_a_conflict() {
    let case = Case::new(
        &[("spec.replicas", json!(2))],
        json!({"replicas": 5}),
        json!({"replicas": 3}),
        vec![kubectl(&["spec.replicas"])],
    );
    assert_eq!(case.told(), ["spec.replicas: conflict by kubectl"]);
    // Unless what is sent is the same: then another value than the recorded one is the server's doing.
    let same = Case { sent_before: None, ..case };
    assert_eq!(same.told(), ["spec.replicas: drift by kubectl"]);
}

#[test]
fn a_field_that_somebody_removed_is_drift_by_unknown() {
    let others = vec![kubectl(&["spec.other"])];
    let case = Case::new(
        &[("spec.paused", json!(true))],
        json!({"other": 1}),
        json!({"paused": true, "other": 1}),
        others,
    );
    assert_eq!(case.told(), ["spec.paused: drift by "]);
}

#[test]
fn the_last_hand_comes_first_and_a_whole_value_counts_only_without_a_nearer_one() {
    let earlier = ManagedEntry { time: Some("2025-01-01T00:00:00Z".into()), ..kubectl(&["spec.list"]) };
    let later = entry("editor", Operation::Update, &["spec.list"]);
    let empty_map = entry("creator", Operation::Update, &["spec"]);
    let case = Case::new(
        &[("spec.list", json!([1]))],
        json!({"list": [2]}),
        json!({"list": [1]}),
        vec![earlier, empty_map.clone(), later],
    );
    assert_eq!(case.told(), ["spec.list: drift by editor+kubectl"]);
    let whole =
        Case::new(&[("spec.list", json!([1]))], json!({"list": [2]}), json!({"list": [1]}), vec![empty_map]);
    assert_eq!(whole.told(), ["spec.list: drift by creator"]);
}

#[test]
fn a_field_named_for_the_first_time_is_yours_unless_others_own_it() {
    let case =
        |others| Case::new(&[], json!({"replicas": 5}), json!({"replicas": 3, "paused": true}), others);
    let told = ["spec.paused: yours", "spec.replicas: conflict by scaler"];
    let scaler = || vec![entry("scaler", Operation::Apply, &["spec.replicas"])];
    assert_eq!(case(scaler()).told(), told);
    assert_eq!(case(scaler()).without_a_record().told(), told);
    // A value that nobody owns is the server's default.
    assert_eq!(case(vec![]).told(), ["spec.paused: yours", "spec.replicas: yours"]);
}

#[test]
fn without_a_record_what_is_still_ours_is_yours() {
    let mut case =
        Case::new(&[("spec.replicas", json!(2))], json!({"replicas": 2}), json!({"replicas": 3}), vec![]);
    case.live.ownership.entries.push(kubectl(&["spec.replicas"]));
    assert_eq!(case.without_a_record().told(), ["spec.replicas: yours"]);
}

#[test]
fn a_hidden_field_is_as_it_was_while_it_is_ours() {
    let hidden = |others| {
        let held = [("spec.password", json!("old"))];
        let mut case = Case::new(&held, json!({"password": "now"}), json!({"password": "wanted"}), others);
        case.record = Some([("spec.password".to_owned(), Held::Hidden)].into());
        case.desired.sensitive.insert("spec.password".parse().unwrap(), ());
        case.set_by("spec.password", "resource.web.spec.password", true)
    };
    assert_eq!(hidden(vec![]).told(), ["spec.password: yours"]);
    let changed = hidden(vec![kubectl(&["spec.password"])]);
    assert_eq!(changed.told(), ["spec.password: drift by kubectl"]);
    // Nobody may see the value, so nobody can copy it into the file.
    assert_eq!(changed.advice(), ["ignore spec.password"]);
}

#[test]
fn what_is_in_no_record_and_is_not_sent_anew_is_drift() {
    let mut case = Case::new(
        &[],
        json!({"list": [{"name": "b"}, {"name": "a"}]}),
        json!({"list": [{"name": "a"}, {"name": "b"}]}),
        vec![kubectl(&["spec.list"])],
    );
    case.sent_before = None;
    assert_eq!(case.told(), ["spec.list: drift by kubectl"]);
}

#[test]
fn a_value_that_is_not_known_yet_is_no_change_of_the_configuration() {
    let case = |now: Value, others| {
        let mut case = Case::new(&[("spec.address", json!("a"))], now, json!({"address": "(mark)"}), others);
        let path: FieldPath = "spec.address".parse().unwrap();
        let mark = crate::resource::Reference::Live(crate::resource::LiveReference {
            text: "resource.lb.status.ip".into(),
        })
        .mark();
        let expression = crate::resource::Expression::parse(&mark).unwrap().unwrap();
        case.desired.unresolved.insert(path, expression);
        case
    };
    assert_eq!(case(json!({"address": "a"}), vec![]).told(), ["spec.address: yours"]);
    let moved = case(json!({"address": "b"}), vec![kubectl(&["spec.address"])]);
    assert_eq!(moved.told(), ["spec.address: drift by kubectl"]);
}

/// A port goes by its name in the plan, and by its number and protocol with the server.
#[test]
fn a_list_item_is_known_by_each_of_its_names() {
    let ports = |name: &str, ip: &str| json!({"ports": [{"name": name, "containerPort": 80, "protocol": "TCP", "hostIP": ip}]});
    let field = "spec.ports[containerPort=80,protocol=TCP].hostIP";
    let case =
        Case::new(&[(field, json!("1"))], ports("http", "2"), ports("http", "1"), vec![kubectl(&[field])]);
    assert_eq!(case.told(), ["spec.ports[http].hostIP: drift by kubectl"]);
    assert_eq!(case.advice(), [format!("ignore {field}")], "in the words in which it is owned");
}

/// The Service of a registry that ends TLS in its pods from now on: its port has another name, and still is the same one.
#[test]
fn a_list_item_that_gets_another_name_is_no_change_of_others() {
    let port = "spec.ports[port=5000,protocol=TCP]";
    let ports =
        |name: &str| json!({"ports": [{"name": name, "port": 5000, "protocol": "TCP", "targetPort": name}]});
    let field = |key: &str| format!("{port}.{key}");
    let held: Vec<(String, Value)> = ["name", "port", "protocol", "targetPort"]
        .map(|key| (field(key), ports("http")["ports"][0][key].clone()))
        .into();
    let held: Vec<(&str, Value)> = held.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    let case = |now: &str| {
        let mut case = Case::new(&held, ports(now), ports("https"), vec![]);
        case.record.as_mut().unwrap().insert(port.to_owned(), Held::Parent);
        case
    };
    assert_eq!(case("http").told(), ["spec.ports[http]: yours", "spec.ports[https]: yours"]);
    assert_eq!(case("http").advice(), <[String; 0]>::default());
    // Somebody else has given it another name in between.
    assert_eq!(case("web").told(), ["spec.ports[web]: conflict by ", "spec.ports[https]: conflict by "]);
}

#[test]
fn an_item_that_comes_or_goes_is_known_by_what_is_below_it() {
    let env = |names: &[&str]| {
        let items: Vec<_> = names.iter().map(|name| json!({"name": name, "value": name})).collect();
        json!({"env": items})
    };
    let held = |name: &str| (format!("spec.env[{name}].value"), json!(name));
    let (a, b) = (held("A"), held("B"));
    let both = [(a.0.as_str(), a.1.clone()), (b.0.as_str(), b.1.clone())];
    // Somebody took B out; the configuration did; the configuration puts C in.
    let removed = Case::new(&both, env(&["A"]), env(&["A", "B"]), vec![]);
    assert_eq!(removed.told(), ["spec.env[B]: drift by "]);
    let dropped = Case::new(&both, env(&["A", "B"]), env(&["A"]), vec![]);
    assert_eq!(dropped.told(), ["spec.env[B]: yours"]);
    let added = Case::new(&both, env(&["A", "B"]), env(&["A", "B", "C"]), vec![]);
    assert_eq!(added.told(), ["spec.env[C]: yours"]);
}

#[test]
fn a_list_that_is_owned_whole_is_known_and_kept_whole() {
    let list = |keys: &[&str]| json!({"tolerations": keys.iter().map(|key| json!({"key": key, "operator": "Exists"})).collect::<Vec<_>>()});
    let held = [("spec.tolerations", list(&["a"])["tolerations"].clone())];
    let case = || Case::new(&held, list(&["a", "b"]), list(&["a"]), vec![kubectl(&["spec.tolerations"])]);
    assert_eq!(case().told(), ["spec.tolerations[b]: drift by kubectl"]);
    assert_eq!(case().advice(), ["ignore spec.tolerations"]);
    let keyed = case().set_by("spec.tolerations", "resource.web.spec.tolerations", true);
    assert_eq!(keyed.advice(), ["set resource.web.spec.tolerations"]);
}

#[test]
fn drift_is_kept_by_the_key_that_gives_the_field_or_by_a_rule() {
    let case = || {
        let held = [("spec.replicas", json!(2))];
        Case::new(&held, json!({"replicas": 5}), json!({"replicas": 2}), vec![kubectl(&["spec.replicas"])])
    };
    assert_eq!(case().advice(), ["ignore spec.replicas"]);
    // A default can be set, too.
    for is_written in [true, false] {
        let case = case().set_by("spec.replicas", "registry.main.replicas", is_written);
        assert_eq!(case.advice(), ["set registry.main.replicas"]);
    }
    // A key of which the field is but a part would not give the live value.
    let mut part = case();
    let origin = Origin::of_key("registry.main.storage", None);
    part.desired.origins.insert("spec.replicas".parse().unwrap(), origin);
    assert_eq!(part.advice(), ["ignore spec.replicas"]);
    let mut larger = case();
    let identity = Identity::namespaced("apps", "Deployment", "a", "web");
    larger.desired.address = Address::object(larger.desired.address.block.clone(), &identity, Some("a"));
    assert_eq!(larger.advice(), ["ignore Deployment/web:spec.replicas"]);
}

#[test]
fn what_somebody_removed_is_kept_only_by_a_key_that_can_be_taken_out() {
    let case = || Case::new(&[("spec.paused", json!(true))], json!({}), json!({"paused": true}), vec![]);
    let written = case().set_by("spec.paused", "resource.web.spec.paused", true);
    assert_eq!(written.advice(), ["set resource.web.spec.paused"]);
    assert_eq!(case().set_by("spec.paused", "registry.main.paused", false).advice(), ["ignore spec.paused"]);
}

#[test]
fn fields_of_others_are_counted_where_they_are_left_alone() {
    let mut status = entry("controller", Operation::Update, &["metadata.annotations.revision"]);
    status.subresource = Some("status".into());
    let others = vec![
        entry("scaler", Operation::Update, &["spec.replicas", "spec.theirs", "spec.gone"]),
        entry("webhook", Operation::Update, &["spec.theirs", "spec.more.x", "status.seen"]),
        status,
    ];
    let now = json!({"replicas": 5, "theirs": 1, "more": {"x": 1}});
    let wanted = json!({"replicas": 2, "theirs": 1, "more": {"x": 1}});
    let mut case = Case::new(&[("spec.replicas", json!(2))], now, wanted, others);
    case.live.object["metadata"]["annotations"] = json!({"revision": "1"});
    case.live.object["status"] = json!({"seen": true});
    let sent = deployment(json!({"replicas": 2}));
    assert_eq!(foreign("p", &sent, &case.live, &case.answer, &case.lines()), 2);
}

#[test]
fn an_object_that_is_gone_is_drift_unless_the_configuration_has_changed_too() {
    let case = Case::new(&[], json!({}), json!({}), vec![]);
    let sent = &case.desired.object;
    let applied = |sent: &Value| Applied {
        resource_version: "1".into(),
        sent: digest_without_secrets(&case.desired, sent),
        ..Applied::default()
    };
    let drift = Cause::Drift { by: vec![] };
    assert_eq!(cause_of_absence(None, &case.desired, sent), drift);
    assert_eq!(cause_of_absence(Some(&applied(sent)), &case.desired, sent), drift);
    let other = cause_of_absence(Some(&applied(&json!("another"))), &case.desired, sent);
    assert_eq!(other, Cause::Conflict { by: vec![] });
}

#[test]
fn several_causes_are_drift_only_together() {
    let drift = |name: &str| Cause::Drift {
        by: vec![crate::resource::FieldManager {
            name: name.into(),
            operation: Operation::Update,
            subresource: None,
            time: None,
        }],
    };
    let Cause::Drift { by } = common_cause(&[drift("b"), drift("a"), drift("b")]) else { panic!() };
    assert_eq!(by.iter().map(|manager| manager.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(common_cause(&[drift("a"), Cause::Yours]), Cause::Yours);
}
