//! A second house beside the cluster: record sets, written by the same plan and the same apply.

mod records;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use regplan::apply::{Report, Stop};
use regplan::drift::{Drift, DriftKind, Verdict};
use regplan::engine::{
    self, AppliedState, Approval, BackendSettings, ConfigInputs, ConnectionSettings, DriftOptions, Host,
    PlanRequest, Planned, ProviderFactory, Settings,
};
use regplan::plan::{Action, Cause, Fidelity, Mode, Plan};
use regplan::provider::kubernetes::{self, Environment, Kubernetes};
use regplan::provider::{Provider, Router};
use regplan::resource::Problem;
use regplan::state::Store;
use serde_json::json;

use self::records::{GROUP, Records};
use crate::harness::{Namespace, Project, block_on};

tests! {
    one_apply_writes_to_both_houses_in_dependency_order,
    a_record_set_that_says_no_server_is_refused,
}

const RECORD: &str = "www.example.com";

/// The record set takes a value that is known only when the `ConfigMap` is there.
const BOTH: &str = r#"
[project]
name = "{project}"

[cluster]
namespace = "{ns}"

[resource.settings]
apiVersion = "v1"
kind = "ConfigMap"
data = { greeting = "hello" }

[resource.www]
apiVersion = "dns.regplan.dev/v1"
kind = "RecordSet"
metadata.name = "www.example.com"
spec = { ttl = 60, values = ["${resource.settings.metadata.uid}"] }
"#;

/// Connects to the cluster, and to a house of record sets beside it.
struct WithRecords(Arc<Records>);

#[async_trait]
impl ProviderFactory for WithRecords {
    async fn connect(&self, settings: &ConnectionSettings) -> Result<Box<dyn Provider>, Problem> {
        let settings = kubernetes::Settings {
            kubeconfig: settings.kubeconfig.clone(),
            ..kubernetes::Settings::new(Environment::from_iter([]))
        };
        let cluster = Kubernetes::connect(&settings).await?;
        Ok(Box::new(Router::new(Arc::new(cluster)).with(GROUP, self.0.clone())))
    }
}

/// A project over a cluster and a house of record sets, run through the library as a program of its own would.
struct Houses {
    folder: PathBuf,
    settings: Settings,
    host: Host,
    records: Arc<Records>,
}

impl Houses {
    fn new(ns: &Namespace, project: &Project<'_>) -> Self {
        let records = Arc::new(Records::default());
        let host = Host { providers: Arc::new(WithRecords(records.clone())), ..Host::of_process() };
        let kubeconfig = Some(ns.cluster().kubeconfig().to_owned());
        let settings = Settings { kubeconfig, ..Settings::default() };
        Self { folder: project.folder(), settings, host, records }
    }

    async fn workspace(&self) -> engine::Workspace<Store> {
        let inputs = ConfigInputs::in_folder(&self.folder);
        let loaded = engine::load(&inputs, self.settings.clone(), self.host.clone()).await.unwrap();
        loaded.open_locked("test").await.unwrap().connect().await.unwrap()
    }

    async fn plan(&self, mode: Mode) -> Planned {
        self.workspace().await.plan(PlanRequest::all(mode)).await.unwrap()
    }

    async fn apply(&self, planned: &Planned) -> Report {
        let plan = planned.applicable(&Approval::Caller).unwrap();
        self.workspace().await.apply(&plan, &|_| {}, &Stop::default()).await.unwrap()
    }

    async fn drift(&self) -> Drift {
        let inputs = ConfigInputs::in_folder(&self.folder);
        let head = engine::load_head(&inputs, &Settings::default(), &self.host).unwrap();
        let backend: &BackendSettings = &head.backend;
        let applied = AppliedState::find(self.host.clone(), backend, Some(&head)).await.unwrap();
        applied.drift(&self.settings, DriftOptions::default()).await.unwrap()
    }
}

fn actions(plan: &Plan) -> Vec<(String, Action)> {
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let mut all: Vec<_> =
        plan.changes.iter().map(|change| (change.address.to_string(), change.action)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn both(action: Action) -> Vec<(String, Action)> {
    vec![("resource.settings".to_owned(), action), ("resource.www".to_owned(), action)]
}

fn one_apply_writes_to_both_houses_in_dependency_order() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", BOTH);
    block_on(async {
        let houses = Houses::new(&ns, &project);
        let plan = houses.plan(Mode::Apply).await;
        let writes: Vec<_> =
            actions(&plan.plan).into_iter().filter(|(_, action)| *action != Action::None).collect();
        assert_eq!(writes, both(Action::Create));

        let report = houses.apply(&plan).await;
        assert!(report.is_complete(), "{:?}", report.failed);
        let uid = ns.get("configmap/settings")["metadata"]["uid"].clone();
        assert_eq!(houses.records.spec(RECORD), Some(json!({"ttl": 60, "values": [uid]})));

        let again = houses.plan(Mode::Apply).await;
        assert!(!again.plan.has_changes(), "{:?}", actions(&again.plan));
        let fidelity = |address: &str| {
            let found = again.plan.changes.iter().find(|change| change.address.to_string() == address);
            found.unwrap().fidelity.clone()
        };
        assert!(matches!(fidelity("resource.settings"), Fidelity::Proved(_)));
        assert_eq!(fidelity("resource.www"), Fidelity::DryRun, "no owners prove anything there");
        assert_eq!(houses.drift().await.verdict(), Verdict::InSync);

        houses.records.edit(RECORD, "/spec/ttl", json!(5));
        let drift = houses.drift().await;
        let changed: Vec<_> = drift
            .findings
            .iter()
            .flat_map(|found| found.status.fields().iter().map(|field| (&found.address, field)))
            .map(|(address, field)| (address.to_string(), field.path.to_string(), field.event))
            .collect();
        assert_eq!(changed, [("resource.www".to_owned(), "spec.ttl".to_owned(), DriftKind::Changed)]);
        let repair = houses.plan(Mode::Apply).await;
        let change = repair.plan.changes.iter().find(|change| change.action == Action::Update).unwrap();
        assert_eq!(change.fields[0].cause, Cause::Drift { by: Vec::new() });
        assert!(houses.apply(&repair).await.is_complete());
        assert_eq!(houses.records.spec(RECORD).unwrap()["ttl"], 60);

        let end = houses.plan(Mode::Destroy).await;
        assert_eq!(actions(&end.plan), both(Action::Delete));
        assert!(houses.apply(&end).await.is_complete());
        assert_eq!(houses.records.spec(RECORD), None);
        assert!(ns.find("configmap/settings").is_none());
        let log = [format!("write {RECORD}"), format!("write {RECORD}"), format!("delete {RECORD}")];
        assert_eq!(houses.records.log(), log);
    });
}

fn a_record_set_that_says_no_server_is_refused() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", BOTH);
    let output = project.run(["apply", "--auto-approve"]).code(1);
    output.stdout_contains("does not say where it is written");
    assert!(ns.find("configmap/settings").is_none(), "nothing was done");
}
