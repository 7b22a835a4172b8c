//! What stays as it is and is not well.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::world::*;
use crate::plan::{Action, Input, Plan};
use crate::resource::{Address, Health, Identity, ReadyRule};

/// A service that has no address yet, as it is there.
fn balancer() -> Value {
    let spec = json!({"type": "LoadBalancer", "ports": [{"port": 80}]});
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "lb", "namespace": "a"}, "spec": spec})
}

fn identity() -> Identity {
    Identity::namespaced("", "Service", "a", "lb")
}

/// A plan of the service, which stays as it is, and lacks something by the words of the cluster.
fn plan_of(input: Input) -> Plan {
    let mut world = World::default().with(marked(balancer(), "resource.lb"));
    world.lacks.insert(identity(), "no address; event of lb: Quota".to_owned());
    let plan = world.plan(input);
    assert_eq!(plan.changes[0].action, Action::None);
    plan
}

/// The input, with a state that knows the service, and when it was written if it has not been ready since.
fn applied(awaited_since: Option<Timestamp>) -> Input {
    let address = Address::block("resource", "lb");
    let mut input = with_known(input(vec![desired("lb", balancer())]), &address, &balancer());
    if let Some(known) = input.known.get_mut(&address) {
        known.awaited_since = awaited_since;
    }
    input
}

#[test]
fn what_has_not_been_ready_since_its_write_is_waited_for_again() {
    let since = Timestamp::UNIX_EPOCH;
    let plan = plan_of(applied(Some(since)));
    let cause = "no address; event of lb: Quota".to_owned();
    assert_eq!(plan.changes[0].health, Some(Health::NotReady { since, cause }));
    assert!(plan.changes[0].awaited && plan.has_work() && plan.changes_state() && !plan.has_changes());
    assert_eq!((plan.summary().not_ready, plan.summary().unchanged), (1, 1));
}

#[test]
fn what_was_ready_once_is_told_and_not_waited_for() {
    let plan = plan_of(applied(None));
    let cause = "no address; event of lb: Quota".to_owned();
    assert_eq!(plan.changes[0].health, Some(Health::Unhealthy { cause }));
    assert!(!plan.changes[0].awaited && !plan.has_work());
    assert_eq!(plan.summary().unhealthy, 1);
}

#[test]
fn what_has_become_ready_meanwhile_is_only_recorded() {
    let mut ready = marked(balancer(), "resource.lb");
    ready["status"]["loadBalancer"]["ingress"] = json!([{"ip": "192.0.2.1"}]);
    let plan = World::default().with(ready).plan(applied(Some(Timestamp::UNIX_EPOCH)));
    assert_eq!(plan.changes[0].health, None);
    assert!(!plan.has_work() && plan.changes_state());
}

#[test]
fn the_rule_of_the_configuration_says_when_it_is_ready() {
    let mut input = applied(None);
    let mut written = desired("lb", balancer());
    written.lifecycle.ready = Some(ReadyRule::Written);
    input.desired = vec![written.into()];
    assert_eq!(plan_of(input).changes[0].health, None);
}

#[test]
fn the_digest_does_not_change_with_the_health() {
    let well = {
        let mut ready = marked(balancer(), "resource.lb");
        ready["status"]["loadBalancer"]["ingress"] = json!([{"ip": "192.0.2.1"}]);
        World::default().with(ready).plan(applied(None))
    };
    assert_eq!(plan_of(applied(None)).digest, well.digest);
}

/// The claim of a registry, which says that it is ready.
fn claim() -> Value {
    let metadata = json!({"name": "images", "namespace": "a"});
    let status = json!({"phase": "Bound"});
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {}, "status": status})
}

/// What is said of a claim at this address, with a cause that its cluster would name.
fn health_of_claim(address: &str, ready: Option<ReadyRule>) -> Option<Health> {
    let address: Address = address.parse().unwrap();
    let mut sent = claim();
    sent.as_object_mut().unwrap().remove("status");
    let mut wanted = desired("claim", sent.clone());
    wanted.address = address.clone();
    wanted.lifecycle.ready = ready;
    let input = with_known(input(vec![wanted]), &address, &sent);
    let mut world = World::default().with(marked(claim(), &address.to_string()));
    let identity = Identity::namespaced("", "PersistentVolumeClaim", "a", "images");
    world.lacks.insert(identity, "the volume is full".to_owned());
    let plan = world.plan(input);
    assert_eq!(plan.changes[0].action, Action::None);
    plan.changes[0].health.clone()
}

#[test]
fn only_of_the_volume_of_a_registry_somebody_must_be_asked() {
    let cause = "the volume is full".to_owned();
    let registry = "registry.main/PersistentVolumeClaim/images";
    assert_eq!(health_of_claim(registry, None), Some(Health::Unhealthy { cause }));
    assert_eq!(health_of_claim(registry, Some(ReadyRule::Written)), None);
    assert_eq!(health_of_claim("resource.claim", None), None);
}
