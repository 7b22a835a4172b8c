//! A second house beside the cluster: record sets, written by the same plan and the same apply.

mod records;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use regplan::apply::{Options, Report, Stop};
use regplan::config::{Config, Inputs};
use regplan::drift::{Drift, DriftKind, Verdict};
use regplan::engine::{self, Outside, PlanRequest, Run, Secrets};
use regplan::plan::{Action, Cause, Consent, Fidelity, Mode, Plan};
use regplan::provider::kubernetes::{Environment, Kubernetes, Settings};
use regplan::provider::{Provider as _, Router};
use regplan::resource::ClusterIdentity;
use regplan::state::{LocalBackend, Location, Store};
use serde_json::json;

use self::records::{GROUP, Records};
use crate::harness::{Namespace, Project, block_on};

tests! {
    one_apply_writes_to_both_houses_in_dependency_order,
    without_its_house_an_object_is_refused_by_name,
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

/// A project over a cluster and a house of record sets.
struct Houses {
    config: Config,
    router: Router,
    cluster: ClusterIdentity,
    store: Store,
    records: Arc<Records>,
}

impl Houses {
    async fn open(project: &Project<'_>, kubeconfig: &Path) -> Self {
        let folder = project.folder();
        let inputs = Inputs {
            files: &[],
            vars: &[],
            var_files: &[],
            env: &|_| None,
            base: &folder,
            sensitive_may_be_unset: false,
        };
        let loaded = regplan::config::load(&inputs, &regplan::blocks::schemas());
        let (config, _) = loaded.outcome.unwrap();
        let settings =
            Settings { kubeconfig: Some(kubeconfig.to_owned()), ..Settings::new(Environment::from_iter([])) };
        let records = Arc::new(Records::default());
        let kubernetes = Kubernetes::connect(&settings).await.unwrap();
        let router = Router::new(Arc::new(kubernetes)).with(GROUP, records.clone());
        let cluster = router.cluster().identity().await.unwrap();
        let backend = LocalBackend::new(Location::at(folder.join("state")));
        let store = Store::open(Box::new(backend), &config.project, "test").await.unwrap();
        Self { config, router, cluster, store, records }
    }

    async fn plan(&self, mode: Mode) -> Plan {
        let outside = Outside { provider: Some(&self.router), env: &|_| None, remembered: &|_| false };
        let compiled = engine::compile(&self.config, &outside).await.unwrap();
        let request = PlanRequest {
            mode,
            consent: Consent::default(),
            targets: Vec::new(),
            replace: BTreeSet::new(),
            parallelism: 4,
        };
        let Config { project, moves, .. } = &self.config;
        let state = self.store.state();
        engine::plan(project, &compiled.graph, moves, state, &self.cluster, &self.router, &request)
            .await
            .unwrap()
    }

    async fn apply(&mut self, plan: &Plan) -> Report {
        let run = Run { plan: plan.digest.clone(), configuration: self.config.digest() };
        let (stop, options) = (Stop::default(), Options { parallelism: 4 });
        engine::apply(plan, &run, &self.router, &mut self.store, &|_| {}, &stop, options).await.unwrap()
    }

    async fn drift(&self) -> Drift {
        engine::drift(self.store.state(), &self.cluster, &self.router, Secrets::Read).await
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
        let mut houses = Houses::open(&project, ns.cluster().kubeconfig()).await;
        let plan = houses.plan(Mode::Apply).await;
        let writes: Vec<_> =
            actions(&plan).into_iter().filter(|(_, action)| *action != Action::None).collect();
        assert_eq!(writes, both(Action::Create));

        let report = houses.apply(&plan).await;
        assert!(report.is_complete(), "{:?}", report.failed);
        let uid = ns.get("configmap/settings")["metadata"]["uid"].clone();
        assert_eq!(houses.records.spec(RECORD), Some(json!({"ttl": 60, "values": [uid]})));

        let again = houses.plan(Mode::Apply).await;
        assert!(!again.has_changes(), "{:?}", actions(&again));
        let fidelity = |address: &str| {
            let found = again.changes.iter().find(|change| change.address.to_string() == address);
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
        let change = repair.changes.iter().find(|change| change.action == Action::Update).unwrap();
        assert_eq!(change.fields[0].cause, Cause::Drift { by: Vec::new() });
        assert!(houses.apply(&repair).await.is_complete());
        assert_eq!(houses.records.spec(RECORD).unwrap()["ttl"], 60);

        let end = houses.plan(Mode::Destroy).await;
        assert_eq!(actions(&end), both(Action::Delete));
        assert!(houses.apply(&end).await.is_complete());
        assert_eq!(houses.records.spec(RECORD), None);
        assert!(ns.find("configmap/settings").is_none());
        let log = [format!("write {RECORD}"), format!("write {RECORD}"), format!("delete {RECORD}")];
        assert_eq!(houses.records.log(), log);
    });
}

fn without_its_house_an_object_is_refused_by_name() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", BOTH);
    let output = project.run(["apply", "--auto-approve"]).code(1);
    output.stdout_contains("nothing here takes objects of the group `dns.regplan.dev`");
    assert!(ns.find("configmap/settings").is_none(), "nothing was done");
}
