//! Plans for tests of the renderers.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::plan::testing;
use crate::plan::{
    Action, After, Cause, Change, Fidelity, FieldChange, Keep, Plan, PredictionReason, Proof, Reason,
    Refusal, UnknownValue,
};
use crate::resource::FieldManager;
use crate::resource::{
    Address, BlockAddress, ClusterIdentity, FieldPath, Identity, KeyFact, Operation, Origin, Problem,
    ProblemKind, Target,
};

/// Text that a hostile cluster would write anywhere.
pub(in crate::report) const HOSTILE: &str = "`````\n```\n</code></details></summary><script>@team #1 org/repo#2 |a|b\\| \
                                  [x](http://evil) ![i](//evil) www.evil.org <!-- $x$ **b** \u{1b}[31m\u{202e}\r\u{200b}";

pub(in crate::report) fn manager(name: &str) -> FieldManager {
    let time = Some("2026-01-02T03:04:05Z".to_owned());
    FieldManager { name: name.to_owned(), operation: Operation::Update, subresource: None, time }
}

pub(in crate::report) fn field(path: &str, before: Option<Value>, after: After) -> FieldChange {
    FieldChange::new(path.parse().unwrap_or_else(|_| FieldPath::keys([path])), before, after)
}

pub(in crate::report) fn change(name: &str, action: Action, fields: Vec<FieldChange>) -> Change {
    let identity = Identity::namespaced("apps", "Deployment", "registry", name);
    let address = format!("registry.main/Deployment/{name}").parse().unwrap();
    let target = Target { identity, version: Some("v1".to_owned()) };
    Change { fields, ..Change::new(address, target, action, Fidelity::DryRun) }
}

pub(in crate::report) fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        serial: 1,
        cluster: ClusterIdentity { uid: None, server: "https://c".into(), ca_digest: None },
        lineage: "l".into(),
        digest: format!("sha256:{}", "0".repeat(64)),
        ..testing::plan(changes)
    }
}

pub(in crate::report) fn key(key: &str) -> Keep {
    Keep::Key(Origin::of_key(key, None))
}

/// A plan that has everything that a plan can have.
pub(in crate::report) fn everything() -> Plan {
    let drift = |by: &[FieldManager]| Cause::Drift { by: by.to_vec() };
    let scaled = FieldChange {
        cause: drift(&[FieldManager { subresource: Some("scale".into()), time: None, ..manager("kubectl") }]),
        keep: Some(key("registry.main.replicas")),
        ..field("spec.replicas", Some(json!(3)), After::Value(json!(1)))
    };
    let conflict = FieldChange {
        cause: Cause::Conflict { by: vec![manager("gitops")] },
        keep: Some(Keep::Ignore("Deployment/web:metadata.labels[\"a.b/c\"]".to_owned())),
        ..field("metadata.labels[\"a.b/c\"]", Some(json!("x")), After::Absent)
    };
    let image = FieldChange {
        origin: Some(Origin::of_key("registry.main.image", None)),
        ..field(
            "spec.template.spec.containers[registry].image",
            Some(json!("registry.example.com/base/registry:3.1.0")),
            After::Value(json!("registry.example.com/base/registry:3.1.1")),
        )
    };
    let text =
        field("data[\"config.yml\"]", Some(json!("a: 1\nb: 2\n")), After::Value(json!("a: 1\nb: 3\n")));
    let secret = FieldChange {
        sensitive: true,
        ..field("data.password", Some(Value::Null), After::Value(Value::Null))
    };
    let mut update = change("web", Action::Update, vec![scaled, conflict, image, text, secret]);
    update.foreign = 2;
    update.unchanged = 17;
    update.moved_from = Some(Address::block("resource", "old"));
    update.warnings = vec!["spec.old is deprecated".to_owned()];
    let forced = FieldChange {
        forces_replacement: true,
        ..field("spec.selector.matchLabels.app", Some(json!("a")), After::Value(json!("b")))
    };
    let replace = change("forced", Action::Replace, vec![forced]);
    let unknown = field(
        "spec.host",
        None,
        After::Unknown(UnknownValue::Expression("${resource.lb.status.ip}".to_owned())),
    );
    let mut create =
        change("new", Action::Create, vec![field("spec.replicas", None, After::Value(json!(1))), unknown]);
    create.fidelity =
        Fidelity::Predicted(PredictionReason::NamespaceCreated { namespace: "registry".to_owned() });
    let mut gone = change("gone", Action::Create, Vec::new());
    gone.reasons = vec![Reason::AppliedBefore];
    gone.cause = Some(drift(&[]));
    let mut delete = change("left", Action::Delete, Vec::new());
    delete.fidelity = Fidelity::Observed;
    delete.dies_with = vec![Identity::namespaced("", "PersistentVolumeClaim", "registry", "data")];
    delete.protected = true;
    let mut adopt = change("found", Action::Adopt, Vec::new());
    adopt.taken_from = vec!["kubectl-create".to_owned(), "helm".to_owned()];
    let mut kept = change("kept", Action::Keep, Vec::new());
    kept.reasons = vec![Reason::Protected { address: kept.address.clone() }];
    let forgotten = change("forgotten", Action::Forget, Vec::new());
    let mut settled = change("settled", Action::None, Vec::new());
    settled.fidelity = Fidelity::Proved(Proof::Record);
    settled.foreign = 3;
    let mut all = plan(vec![create, gone, settled, adopt, update, replace, delete, kept, forgotten]);
    all.refusals = vec![refusal("quota: exceeded\nby far")];
    all.notes = vec!["there is no state yet".to_owned()];
    all.targets = vec![Address::block("registry", "main")];
    all.left_out = vec![Address::block("resource", "other")];
    all
}

/// A plan that makes a registry of three objects, and a claim beside it.
pub(in crate::report) fn made() -> Plan {
    let image =
        field("spec.template.spec.containers[registry].image", None, After::Value(json!("registry:3.1.1")));
    let predicted = |mut change: Change| {
        change.fidelity =
            Fidelity::Predicted(PredictionReason::NamespaceCreated { namespace: "registry".to_owned() });
        change
    };
    let mut warned = predicted(change("warned", Action::Create, vec![image]));
    warned.warnings = vec!["spec.old is deprecated".to_owned()];
    let quiet = predicted(change("plain", Action::Create, Vec::new()));
    let size = field("spec.resources.requests.storage", None, After::Value(json!("5Gi")));
    let identity = Identity::namespaced("", "PersistentVolumeClaim", "registry", "data");
    let target = Target { identity, version: Some("v1".to_owned()) };
    let mut claim = Change::new(Address::block("resource", "data"), target, Action::Create, Fidelity::DryRun);
    claim.fields = vec![size];
    let mut plan = plan(vec![warned, quiet, claim]);
    let facts = vec![KeyFact::new("host", "registry.example.com"), KeyFact::new("users", "ci, dev")];
    plan.briefing.key_facts.insert(BlockAddress::new("registry", "main"), facts);
    plan.briefing.context = Some("prod".to_owned());
    plan.briefing.state = ".regplan/registry/state.json".to_owned();
    plan
}

pub(in crate::report) fn refusal(message: &str) -> Refusal {
    let identity = Identity::namespaced("", "ConfigMap", "registry", "refused");
    Refusal {
        address: Address::block("resource", "refused"),
        target: Target { identity, version: None },
        obstacle: Problem::new(ProblemKind::Rejected, message).help("ask for more").into(),
    }
}

/// Random plans of any size.
pub(in crate::report) fn plans() -> impl Strategy<Value = Plan> {
    (
        prop::collection::vec(changes(), 0..20),
        prop::collection::vec(texts(), 0..4),
        prop::collection::vec(texts(), 0..30),
    )
        .prop_map(|(changes, refusals, notes)| {
            let refusals = refusals.iter().map(|text| refusal(text)).collect();
            Plan { refusals, notes, ..plan(changes) }
        })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,30}",
        "\\PC{0,40}",
        Just(HOSTILE.to_owned()),
        "(line [a-z`@]{0,90}\n){0,40}",
        "[a-z.]{300,900}"
    ]
}

fn changes() -> impl Strategy<Value = Change> {
    use Action::{Adopt, Create, Delete, Forget, Keep, None, Replace, Update};
    let action = prop::sample::select(vec![Adopt, Create, Delete, Forget, Keep, None, Replace, Update]);
    let texts = || prop::collection::vec(texts(), 0..3);
    (action, prop::collection::vec(fields(), 0..12), texts(), texts(), "[a-z]{1,60}").prop_map(
        |(action, fields, warnings, taken_from, name)| {
            let reasons = warnings.first().map(|place| Reason::ReleasedByRemoved { place: place.clone() });
            let mut dying = change(&name, action, fields);
            dying.dies_with = taken_from.iter().map(|text| Identity::cluster("", "X", text)).collect();
            dying.target.identity.name.push_str(&warnings.concat());
            Change { reasons: reasons.into_iter().collect(), warnings, taken_from, ..dying }
        },
    )
}

fn fields() -> impl Strategy<Value = FieldChange> {
    let value = || prop_oneof![texts().prop_map(Value::from), any::<i32>().prop_map(Value::from)];
    let after = prop_oneof![
        value().prop_map(After::Value),
        Just(After::Absent),
        texts().prop_map(|text| After::Unknown(UnknownValue::Expression(text)))
    ];
    let by = prop::collection::vec(texts(), 0..3);
    (texts(), prop::option::of(value()), after, by, any::<(bool, bool, bool)>()).prop_map(
        |(path, before, after, by, (sensitive, drifts, has_key))| {
            let by: Vec<FieldManager> = by.iter().map(|name| manager(name)).collect();
            let cause = if drifts { Cause::Drift { by } } else { Cause::Conflict { by } };
            let keep = Some(if has_key { key("registry.main.key") } else { Keep::Ignore(path.clone()) });
            let path = FieldPath::keys(["data", &path]);
            FieldChange { path, sensitive, cause, keep, ..field("data", before, after) }
        },
    )
}
