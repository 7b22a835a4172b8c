//! A cluster that only tells what it was asked, and a house of record sets.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::readiness::Standard;
use crate::provider::{CascadeScope, Dependents, Guard, Shift, Until};
use crate::resource::{ClusterIdentity, Ownership};

const GROUP: &str = "dns.regplan.dev";

/// Answers to every read that the object is there, and holds the name of this house.
#[derive(Default)]
struct Recorded {
    name: &'static str,
    /// The names that each call was about.
    calls: Mutex<Vec<String>>,
    /// How many answers are left out at the end.
    silent: usize,
}

impl Recorded {
    fn note<'t>(&self, call: &str, targets: impl IntoIterator<Item = &'t Target>) {
        let names: Vec<&str> = targets.into_iter().map(|target| target.identity.name.as_str()).collect();
        self.calls.lock().unwrap().push(format!("{call} {}", names.join(" ")));
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn live(&self) -> Live {
        let stamp = Stamp { uid: "u".into(), version: "7".into() };
        Live { object: json!(self.name), stamp, ownership: Ownership::default() }
    }
}

#[async_trait]
impl House for Recorded {
    async fn read(&self, targets: &[Target]) -> Vec<Reading> {
        self.note("read", targets);
        targets[self.silent..].iter().map(|_| Reading::Present(Arc::new(self.live()))).collect()
    }

    async fn preview(&self, write: &Write) -> Result<Written, Problem> {
        self.note("preview", [&write.target]);
        Ok(Written { live: self.live(), warnings: Vec::new() })
    }

    async fn write(&self, write: &Write) -> Result<Written, Problem> {
        self.note("write", [&write.target]);
        Ok(Written { live: self.live(), warnings: Vec::new() })
    }

    async fn delete(&self, target: &Target, _: &Live) -> Result<(), Problem> {
        self.note("delete", [target]);
        Ok(())
    }

    async fn wait(&self, wait: &Wait, _: Progress<'_>) -> Result<Option<Arc<Live>>, Problem> {
        self.note("wait", [&wait.target]);
        Ok(Some(Arc::new(self.live())))
    }

    async fn lacks(&self, checkups: &[Checkup]) -> Vec<Option<String>> {
        self.note("lacks", checkups.iter().map(|checkup| &checkup.target));
        let lacks = |checkup: &Checkup| checkup.target.identity.name == "faulty" || self.name == "records";
        checkups.iter().map(|checkup| lacks(checkup).then(|| self.name.to_owned())).collect()
    }

    fn is_asked_by(&self, identity: &Identity, _: &Live) -> bool {
        self.name == "records" && identity.kind == "DNSEndpoint"
    }

    async fn review(&self, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
        self.note("review", requests.iter().map(|(_, target)| target));
        requests.iter().map(|(verb, _)| Ok(*verb == Verb::Create)).collect()
    }
}

#[async_trait]
impl Cluster for Recorded {
    fn context(&self) -> Option<&str> {
        None
    }

    async fn identity(&self) -> Result<ClusterIdentity, Problem> {
        Ok(ClusterIdentity { uid: None, server: self.name.into(), ca_digest: None })
    }

    async fn is_namespaced(&self, target: &Target) -> Result<Option<bool>, Problem> {
        self.note("is_namespaced", [target]);
        Ok(Some(true))
    }

    async fn reassign(&self, reassignment: &Reassignment) -> Result<Live, Problem> {
        self.note("reassign", [&reassignment.target]);
        Ok(self.live())
    }

    async fn dependents(&self, _: &CascadeScope) -> Result<Dependents, Problem> {
        Ok(Dependents::default())
    }

    async fn outage(&self) -> Option<Problem> {
        None
    }
}

struct Houses {
    cluster: Arc<Recorded>,
    records: Arc<Recorded>,
    router: Router,
}

impl Houses {
    fn with(records: Recorded) -> Self {
        let cluster = Arc::new(Recorded { name: "cluster", ..Recorded::default() });
        let records = Arc::new(records);
        let router = Router::new(cluster.clone()).with(GROUP, records.clone());
        Self { cluster, records, router }
    }

    fn new() -> Self {
        Self::with(Recorded { name: "records", ..Recorded::default() })
    }
}

fn map(name: &str) -> Target {
    Target { identity: Identity::namespaced("", "ConfigMap", "a", name), version: None }
}

fn deployment(name: &str) -> Target {
    Target { identity: Identity::namespaced("apps", "Deployment", "a", name), version: None }
}

fn record(name: &str) -> Target {
    Target { identity: Identity::cluster(GROUP, "RecordSet", name), version: None }
}

fn answered(readings: &[Reading]) -> Vec<String> {
    let answer = |reading: &Reading| match reading {
        Reading::Present(live) => live.object.as_str().unwrap().to_owned(),
        Reading::Absent => "absent".to_owned(),
        Reading::Unreadable(problem) => format!("{:?}", problem.kind),
    };
    readings.iter().map(answer).collect()
}

#[tokio::test]
async fn a_bulk_read_is_split_by_house_and_its_answers_stand_in_order() {
    let houses = Houses::new();
    let readings =
        houses.router.read(&[record("r1"), map("m1"), deployment("d"), record("r2"), map("m2")]).await;
    assert_eq!(answered(&readings), ["records", "cluster", "cluster", "records", "cluster"]);
    assert_eq!(houses.cluster.calls(), ["read m1 d m2"], "one call, whatever the groups of the cluster");
    assert_eq!(houses.records.calls(), ["read r1 r2"]);
}

#[tokio::test]
async fn a_group_whose_house_is_not_here_is_a_problem_that_names_it() {
    let cluster = Arc::new(Recorded { name: "cluster", ..Recorded::default() });
    let router = Router::new(cluster.clone());
    let readings = router.read(&[map("m1"), record("r"), map("m2")]).await;
    assert_eq!(answered(&readings), ["cluster", "UnknownKind", "cluster"]);
    let Reading::Unreadable(problem) = &readings[1] else { panic!() };
    assert!(problem.message.contains("`dns.regplan.dev`"), "{problem}");
    let write =
        Write { target: record("r"), object: Value::Null, guard: Guard::Absent, manager: String::new() };
    assert_eq!(router.preview(&write).await.unwrap_err(), *problem);
    assert_eq!(router.write(&write).await.unwrap_err(), *problem);
    let reviewed = router.review(&[(Verb::Create, record("r")), (Verb::Create, map("m"))]).await;
    assert_eq!(reviewed, [Err(problem.clone()), Ok(true)]);
    assert_eq!(router.is_namespaced(&record("r")).await, Ok(Some(false)));
    assert_eq!(cluster.calls(), ["read m1 m2", "review m"]);
}

#[tokio::test]
async fn what_a_house_does_not_answer_is_unreadable_and_shifts_no_other_answer() {
    let houses = Houses::with(Recorded { name: "records", silent: 1, ..Recorded::default() });
    let readings = houses.router.read(&[record("r1"), record("r2"), map("m")]).await;
    assert_eq!(answered(&readings), ["records", "Other", "cluster"]);
}

#[tokio::test]
async fn rights_are_asked_of_each_house() {
    let houses = Houses::new();
    let requests = [(Verb::Delete, record("r")), (Verb::Create, map("m")), (Verb::Create, record("q"))];
    assert_eq!(houses.router.review(&requests).await, [Ok(false), Ok(true), Ok(true)]);
    assert_eq!(houses.cluster.calls(), ["review m"]);
    assert_eq!(houses.records.calls(), ["review r q"]);
}

#[tokio::test]
async fn every_other_request_goes_to_the_house_of_its_target() {
    let houses = Houses::new();
    let Houses { router, .. } = &houses;
    let read = houses.cluster.live();
    for target in [map("m"), record("r")] {
        let write = Write {
            target: target.clone(),
            object: Value::Null,
            guard: Guard::Absent,
            manager: String::new(),
        };
        router.preview(&write).await.unwrap();
        router.write(&write).await.unwrap();
        let wait = Wait::of(target.clone(), Until::Ready(None));
        router.wait(&wait, &|_| {}).await.unwrap();
        router.delete(&target, &read).await.unwrap();
    }
    assert_eq!(houses.cluster.calls(), ["preview m", "write m", "wait m", "delete m"]);
    assert_eq!(houses.records.calls(), ["preview r", "write r", "wait r", "delete r"]);
}

fn endpoint(name: &str) -> Target {
    Target { identity: Identity::namespaced("externaldns.k8s.io", "DNSEndpoint", "a", name), version: None }
}

#[tokio::test]
async fn what_an_object_asks_others_for_is_waited_for_in_their_house() {
    let Houses { cluster, records, router } = Houses::new();
    for rule in [None, Some(ReadyRule::Written)] {
        for target in [endpoint("e"), map("m")] {
            let until = Until::Ready(rule.clone());
            router.wait(&Wait::of(target, until), &|_| {}).await.unwrap();
        }
    }
    let gone = Until::Gone { uid: "u".into() };
    router.wait(&Wait::of(endpoint("e"), gone), &|_| {}).await.unwrap();
    assert_eq!(cluster.calls(), ["wait e", "wait m", "wait e", "wait m", "wait e"]);
    assert_eq!(records.calls(), ["wait e"]);
}

#[tokio::test]
async fn what_lacks_nothing_in_the_cluster_may_lack_it_in_the_house_of_others() {
    let Houses { cluster, records, router } = Houses::new();
    let checkup = |target: Target| Checkup {
        live: Arc::new(cluster.live()),
        target,
        rule: None,
        standard: Standard::RolledOut,
    };
    let checkups = [endpoint("e"), map("m"), endpoint("faulty")].map(checkup);
    let lacking = router.lacks(&checkups).await;
    assert_eq!(lacking, [Some("records".to_owned()), None, Some("cluster".to_owned())]);
    assert_eq!(cluster.calls(), ["lacks e m faulty"]);
    assert_eq!(records.calls(), ["lacks e"]);
}

#[tokio::test]
async fn nothing_changes_hands_in_a_house_without_field_owners_but_its_stamp_is_checked() {
    let houses = Houses::new();
    let reassign = |target: Target, version: &str| Reassignment {
        target,
        stamp: Stamp { uid: "u".into(), version: version.into() },
        manager: "regplan:p".into(),
        shift: Shift::Release(Vec::new()),
    };
    let router = &houses.router;
    assert_eq!(router.reassign(&reassign(record("r"), "7")).await.unwrap().object, json!("records"));
    assert!(router.reassign(&reassign(record("r"), "")).await.is_ok());
    let moved = router.reassign(&reassign(record("r"), "6")).await.unwrap_err();
    assert_eq!(moved.kind, ProblemKind::Conflict);
    assert!(houses.records.calls().iter().all(|call| call == "read r"));
    router.reassign(&reassign(map("m"), "7")).await.unwrap();
    assert_eq!(houses.cluster.calls(), ["reassign m"]);
}

#[tokio::test]
async fn only_a_cluster_has_namespaces() {
    let houses = Houses::new();
    assert_eq!(houses.router.is_namespaced(&record("r")).await, Ok(Some(false)));
    assert_eq!(houses.router.is_namespaced(&map("m")).await, Ok(Some(true)));
    assert_eq!(houses.cluster.calls(), ["is_namespaced m"]);
    assert_eq!(houses.router.cluster().identity().await.unwrap().server, "cluster");
}
