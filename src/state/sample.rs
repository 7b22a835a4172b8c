//! One sample of everything that this room stores, with every field filled. `docs/state-format.md` and the
//! files in `testdata/formats/2` are compared with it. A new field does not compile before it is added here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::journal_text::Chain;
use super::shared::Index;
use super::*;
use crate::resource::{
    Address, Applied, BlockAddress, ClusterIdentity, Encoding, Ending, Expression, FieldPath, Held, Hook,
    Identity, IgnoreRule, Lifecycle, LiveReference, Moment, NamespaceSelection, Part, Phase, ReadyRule,
    Reference, SentObject, Target, Timeouts,
};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn run(number: u8) -> RunId {
    format!("{number:032x}").parse().unwrap()
}

fn config_map(name: &str) -> Identity {
    Identity { group: String::new(), ..Identity::namespaced("", "ConfigMap", "team-a", name) }
}

fn certificate() -> Identity {
    Identity::namespaced("cert-manager.io", "Certificate", "team-a", "web")
}

fn intent(text: &str, action: IntentKind, identity: Identity) -> Intent {
    let target = Target { identity, version: Some("v1".to_owned()) };
    Intent { address: address(text), action, target, renews: action == IntentKind::Update }
}

fn applied() -> Arc<Applied> {
    Arc::new(Applied {
        resource_version: "42".to_owned(),
        sent: "sha256:1111".to_owned(),
        rendered_from: Some("sha256:3333".to_owned()),
        sent_object: Some(SentObject::new(&json!({"kind": "Certificate", "spec": {"key": "(sensitive)"}}))),
        fields: BTreeMap::from([
            ("spec".to_owned(), Held::Parent),
            ("spec.key".to_owned(), Held::Hidden),
            ("spec.name".to_owned(), Held::Value(json!("web"))),
            ("spec.nothing".to_owned(), Held::Nothing),
        ]),
        foreign_items: Some(["metadata.labels.theirs".to_owned()].into()),
        unstable_fields: [path("spec.nonce")].into(),
        owned_entries: [(path("spec.names"), vec![json!("web.example.com")])].into(),
    })
}

fn timeouts() -> Timeouts {
    Timeouts { ready: Some(Duration::from_secs(90)), delete: Some(Duration::from_millis(1500)) }
}

fn full_resource() -> StoredResource {
    StoredResource {
        secrets_of: Some(run(1)),
        random_of: Some(run(3)),
        house: House::new("dns"),
        identity: certificate(),
        version: Some("v1".to_owned()),
        uid: "uid-web".to_owned(),
        dependencies: vec![address("namespace.team-a")],
        protect: true,
        keys: ["password".to_owned()].into(),
        timeouts: timeouts(),
        ready: Some(ReadyRule::Written),
        hook: Some(Moment::Upgrade),
        leftover: Some("uid-old".to_owned()),
        provenance: Provenance::Adopted,
        readiness: Readiness::NotReady { since: at("2026-01-02T03:04:05Z") },
        found: Some(SentObject::new(&json!({"kind": "RecordSet", "spec": {"zone": "example.com"}}))),
        applied: Some(applied()),
    }
}

fn job() -> StoredResource {
    let identity = Identity::namespaced("batch", "Job", "team-a", "seed");
    let target = Target { identity, version: Some("v1".to_owned()) };
    StoredResource {
        readiness: Readiness::Completed { content: "sha256:2222".to_owned() },
        ..StoredResource::new(target, "uid-seed", Provenance::Created)
    }
}

pub(super) fn state() -> State {
    State {
        lineage: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        serial: 3,
        project: "registry".to_owned(),
        cluster: Some(ClusterIdentity {
            uid: Some("7f3c1d1e-1111-4222-8333-444455556666".to_owned()),
            server: "https://cluster.example.com:6443".to_owned(),
            ca_digest: Some("00ff".to_owned()),
        }),
        revision: 1,
        last_run: Some(run(2)),
        last_end: Some(run(3)),
        earlier_runs: vec![run(1)],
        recorded_in: Some("default".to_owned()),
        files: vec!["base.toml".to_owned(), "production.toml".to_owned()],
        variables: vec!["tier".to_owned()],
        selections: vec![selection()],
        unfinished: Some(Unfinished {
            run: run(2),
            plan: "sha256:cccc".to_owned(),
            begun: at("2026-01-03T03:04:05Z"),
            by: "bob@build-8".to_owned(),
            end: Some(RunEnd::Failed),
            changed: [(address("resource.lb"), IntentKind::Update)].into_iter().collect(),
        }),
        in_doubt: vec![intent("resource.lost", IntentKind::Create, config_map("lost"))],
        completed: vec![CompletedPlan {
            plan: "sha256:aaaa".to_owned(),
            revision: 1,
            at: at("2026-01-02T03:04:05Z"),
        }],
        runs: BTreeMap::from([(
            address("chart.web/Job/migrate"),
            FinishedRun { content: "sha256:3333".to_owned(), at: at("2026-01-02T03:04:05Z") },
        )]),
        resources: BTreeMap::from([
            (address("manifest.tls/Certificate.cert-manager.io/web"), full_resource()),
            (address("resource.seed"), job()),
        ]),
    }
}

fn stored_desired() -> StoredDesired {
    let live = Reference::Live(LiveReference { text: "resource.lb.status.address".to_owned() });
    StoredDesired {
        object: json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web"},
            "spec": {"key": "(sensitive)", "address": "http://…", "replicas": 2}}),
        withheld: [path("spec.key")].into(),
        origins: BTreeMap::from([(
            path("spec.replicas"),
            StoredOrigin {
                key: "registry.main.replicas".to_owned(),
                place: Some("regplan.toml:14".to_owned()),
            },
        )]),
        settable: [path("spec.replicas")].into(),
        unresolved: BTreeMap::from([(
            path("spec.address"),
            Expression {
                parts: vec![Part::Literal("http://".to_owned()), Part::Reference(live)],
                encoding: Encoding::Base64,
            },
        )]),
        sensitive: [path("spec.key")].into(),
        unchecked: BTreeMap::from([(
            path("spec.hash"),
            "the environment variable HASH is not set".to_owned(),
        )]),
        fresh: [path("spec.nonce")].into(),
        generated: [path("spec.nonce")].into(),
        htpasswd: [path("spec.users")].into(),
        depends_on: vec![address("manifest.crds")],
        rendered_from: Some("sha256:3333".to_owned()),
        hook: Some(Hook {
            phases: [Phase::PreInstall].into(),
            weight: -5,
            deleted_after: [Ending::Succeeded].into(),
            content: "sha256:c".to_owned(),
            moment: Moment::Install,
        }),
        lifecycle: Lifecycle {
            protect: true,
            adopt: true,
            ignore_changes: vec![IgnoreRule {
                object: Some("Certificate/web".to_owned()),
                path: path("spec.replicas"),
            }],
            replace_triggered_by: vec![address("resource.seed")],
            timeouts: timeouts(),
            ready: Some(ReadyRule::Condition { kind: "Ready".to_owned(), status: "True".to_owned() }),
        },
        shared: true,
        object_only: true,
    }
}

pub(super) fn revision() -> Revision {
    Revision {
        head: RevisionHead {
            number: 1,
            run: run(1),
            at: at("2026-01-02T03:04:05Z"),
            by: "alice@build-7".to_owned(),
            command: "apply".to_owned(),
            plan: "sha256:aaaa".to_owned(),
            configuration: "sha256:bbbb".to_owned(),
            summary: RevisionSummary {
                created: 1,
                updated: 2,
                replaced: 3,
                run: 8,
                adopted: 4,
                deleted: 5,
                moved: 6,
                forgotten: 7,
            },
            changed: [(address("resource.seed"), IntentKind::Create)].into_iter().collect(),
            changed_before: [(address("resource.lb"), IntentKind::Update)].into_iter().collect(),
        },
        state: state(),
        desired: BTreeMap::from([(
            address("manifest.tls/Certificate.cert-manager.io/web"),
            stored_desired(),
        )]),
    }
}

/// Secret values as a place keeps them that seals them itself: what age makes is never the same twice.
pub(super) fn values() -> SealedValues {
    let values = [r#"[["data.token","t0ken"]]"#].map(|fields| STANDARD.encode(fields));
    let addresses = [address("resource.login")];
    SealedValues {
        revision: 1,
        run: run(1),
        sealed_by: SealedBy::Place,
        values: addresses.into_iter().zip(values).collect(),
    }
}

/// Where the note of a move says that the state is.
pub(super) const MOVED_TO: &str = "s3://states/registry/state.json";

/// Which revisions a shared state has.
pub(super) fn index() -> Index {
    Index { revisions: vec![1, 2] }
}

/// A shared lock that is held.
pub(super) fn lock() -> LockRecord {
    let holder = Holder {
        id: "00112233445566778899aabbccddeeff".parse().unwrap(),
        user: "alice".to_owned(),
        host: "build-7".to_owned(),
        pid: 4242,
        since: at("2026-01-02T03:04:05Z"),
        command: "apply".to_owned(),
    };
    LockRecord {
        format_version: FORMAT_VERSION,
        holder: Some(holder),
        epoch: 2,
        renewals: 3,
        duration_seconds: 15,
        grace_seconds: 65,
    }
}

/// What a cluster keeps of the newest state of a folder.
pub(super) fn newest() -> Newest {
    Newest {
        serial: 3,
        run: Some(run(2)),
        earlier_runs: vec![run(1)],
        resources: 2,
        command: "apply".to_owned(),
        by: "alice@build-7".to_owned(),
        at: at("2026-01-02T03:04:05Z"),
        begun: Some(BegunRun { run: run(3), by: "bob@build-8".to_owned(), at: at("2026-01-03T03:04:05Z") }),
        moved_to: Some("s3://states/registry/state.json".to_owned()),
    }
}

fn selection() -> NamespaceSelection {
    NamespaceSelection {
        block: BlockAddress::new("pull_secret", "pull"),
        namespace: "registry".to_owned(),
        selector: "pull=yes".to_owned(),
        secret: "pull".to_owned(),
        besides: ["team-a".to_owned()].into(),
    }
}

fn journal_lines() -> Vec<JournalLine> {
    let outcome =
        |text: &str, outcome| JournalLine::Outcome { address: address(text), outcome: Box::new(outcome) };
    vec![
        JournalLine::Begin(Box::new(Begin {
            format_version: FORMAT_VERSION,
            run: run(3),
            lineage: state().lineage,
            serial: 3,
            plan: "sha256:dddd".to_owned(),
            at: at("2026-01-04T03:04:05Z"),
            by: "carol@build-9".to_owned(),
            files: vec!["base.toml".to_owned()],
            variables: vec!["tier".to_owned()],
            selections: vec![selection()],
            intents: vec![
                intent("resource.made", IntentKind::Create, config_map("made")),
                intent("resource.moved", IntentKind::Move, config_map("moved")),
                intent("resource.gone", IntentKind::Delete, config_map("gone")),
                intent("resource.dropped", IntentKind::Forget, config_map("dropped")),
                intent("resource.silent", IntentKind::Update, config_map("silent")),
                intent("resource.under_way", IntentKind::Adopt, config_map("under-way")),
                intent("resource.waiting", IntentKind::Replace, config_map("waiting")),
            ],
        })),
        outcome("resource.made", Outcome::Written { resource: Box::new(full_resource()) }),
        outcome("resource.made", Outcome::Ready),
        outcome(
            "resource.moved",
            Outcome::Moved { from: address("resource.old"), resource: Box::new(job()) },
        ),
        outcome("resource.gone", Outcome::Deleted { identity: config_map("gone") }),
        outcome("resource.dropped", Outcome::Forgotten { identity: config_map("dropped") }),
        outcome(
            "resource.silent",
            Outcome::Failed { reason: "the connection was reset".to_owned(), in_doubt: true },
        ),
        JournalLine::End {
            end: RunEnd::Stopped,
            in_flight: BTreeSet::from([address("resource.silent"), address("resource.under_way")]),
        },
    ]
}

/// The bytes of the journal's file.
pub(super) fn journal() -> Vec<u8> {
    let mut chain = Chain::default();
    let lines = journal_lines().into_iter().map(|line| {
        let (text, next) = chain.line(&line).unwrap();
        chain = next;
        text
    });
    lines.collect::<Vec<_>>().concat()
}
