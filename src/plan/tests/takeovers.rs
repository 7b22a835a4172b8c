//! What Helm has run for a release that a chart has taken over.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::world::*;
use crate::plan::model::reason::Reason;
use crate::plan::{Action, Change, Input, Mode, Tracking};
use crate::resource::{
    Address, Desired, HelmPast, HelmRecord, HelmRelease, Hook, Identity, Moment, Phase, Target,
};

fn at() -> Address {
    "chart.web/Job/setup".parse().unwrap()
}

/// A Job as Helm has run it: it names no release.
fn job() -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "setup", "namespace": "a", "annotations": {"helm.sh/hook": "post-install"}},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]},
    })
}

/// The chart takes over a release that has run these objects.
fn taking_over(hooks: Vec<Identity>) -> Input {
    let record = HelmRecord {
        object: Identity::namespaced("", "Secret", "a", "sh.helm.release.v1.web.v1"),
        uid: "r".into(),
        revision: 1,
        objects: vec![],
        hooks,
    };
    let release = HelmRelease {
        name: "web".into(),
        namespace: "a".into(),
        records: [record].into(),
        past: HelmPast::Known,
    };
    let hook = Hook {
        phases: BTreeSet::from([Phase::PostInstall]),
        weight: 0,
        deleted_after: BTreeSet::new(),
        content: "c".into(),
        moment: Moment::Takeover,
    };
    let desired = Desired::new(at(), job()).unwrap();
    input(vec![Desired { hook: Some(hook), release: Some(release), ..desired }])
}

fn change_of(input: Input) -> Change {
    let plan = World::default().with(job()).plan(input);
    plan.changes.into_iter().find(|change| change.address == at()).unwrap()
}

/// The chart leaves, and the state knows the Job by this uid.
fn leaving(uid: &str) -> Input {
    let mut input = with_known(input(vec![]), &at(), &job());
    input.mode = Mode::Destroy;
    let known = input.known.get_mut(&at()).unwrap();
    known.uid = uid.to_owned();
    known.hook = Some(Moment::Takeover);
    known.completed = Some("c".into());
    input
}

#[test]
fn what_helm_has_run_is_taken_over_as_it_is() {
    let job = Identity::namespaced("batch", "Job", "a", "setup");
    let taken = change_of(taking_over(vec![job]));
    assert_eq!((taken.action, &taken.tracking), (Action::None, &Tracking::New));
    assert!(taken.is_run_taken_over() && taken.has_completed(), "{:?}", taken.reasons);
    let others = change_of(taking_over(vec![]));
    assert_eq!(others.reasons, [Reason::NotItsMoment], "nothing says that it is of this release");
}

#[test]
fn what_helm_has_run_goes_with_the_chart() {
    let gone = change_of(leaving("uid-setup"));
    assert_eq!(gone.action, Action::Delete);
    let left = change_of(leaving(""));
    assert_eq!((left.action, left.reasons), (Action::Forget, vec![Reason::RunByHelm]));
}

/// One that an earlier run of Helm has left makes room for the run before the end.
#[test]
fn what_helm_has_run_makes_room_for_the_end() {
    let mut input = leaving("uid-setup");
    let config = config_map("config", json!({}));
    input = with_known(input, &"chart.web/ConfigMap/config".parse().unwrap(), &config);
    let objects = BTreeSet::from([Target::of(&config).unwrap().identity]);
    input.leaving.insert(at().block, objects);
    let hook = Hook {
        phases: BTreeSet::from([Phase::PostInstall, Phase::PreDelete]),
        weight: 0,
        deleted_after: BTreeSet::new(),
        content: "c".into(),
        moment: Moment::Install,
    };
    let desired = Desired::new(at(), job()).unwrap();
    input.farewells = vec![Arc::new(Desired { hook: Some(hook.of_deletion()), ..desired })];
    let plan = World::default().with(job()).with(config).plan(input);
    let run = plan.changes.iter().find(|change| change.address == at()).unwrap();
    assert_eq!(run.action, Action::Run);
    assert!(run.prior.is_some(), "what is there is deleted first");
}
