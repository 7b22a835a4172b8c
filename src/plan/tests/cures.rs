//! What the server refuses now: which changes of the plan cure it, and which do not.

use serde_json::{Value, json};

use super::world::*;
use crate::plan::{Action, Deed, Fidelity, Plan, PredictionReason};
use crate::resource::{Address, Problem, ProblemKind};

fn object(api_version: &str, kind: &str, name: &str, spec: Value) -> Value {
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "a"}});
    object["spec"] = spec;
    object
}

fn rejected(words: &str) -> Problem {
    Problem::new(ProblemKind::Rejected, words)
}

/// The address, and the deed, of what cures the resource of this name.
fn cure_of(plan: &Plan, name: &str) -> Option<(String, Deed)> {
    let change = plan.changes.iter().find(|change| change.address.block.name == name)?;
    let Fidelity::Predicted(PredictionReason::RefusedForNow { cures, .. }) = &change.fidelity else {
        return None;
    };
    let [cure] = cures.as_slice() else { panic!("{cures:?}") };
    Some((cure.address.to_string(), cure.deed))
}

fn space(level: &str) -> Value {
    let mut space = namespace("a");
    space["metadata"]["labels"] = json!({"pod-security.kubernetes.io/enforce": level});
    space
}

#[test]
fn a_lower_level_of_pod_security_helps_and_a_higher_one_does_not() {
    let pod = object("v1", "Pod", "p", json!({}));
    for (from, to, helps) in [
        ("restricted", "privileged", true),
        ("restricted", "baseline", true),
        ("baseline", "restricted", false),
    ] {
        let mut world = World::default()
            .with(marked(space(from), "resource.a"))
            .refusing(&pod, rejected("pods \"p\" is forbidden: violates PodSecurity \"x:latest\": no"));
        let plan = world.plan(input(vec![desired("a", space(to)), desired("p", pod.clone())]));
        assert_eq!(cure_of(&plan, "p").is_some(), helps, "from {from} to {to}");
        assert_eq!(plan.refusals.is_empty(), helps);
    }
}

#[test]
fn a_larger_quota_helps_and_a_smaller_one_does_not() {
    let quota = |pods: &str| object("v1", "ResourceQuota", "q", json!({"hard": {"pods": pods}}));
    let pod = object("v1", "Pod", "p", json!({}));
    let words =
        "pods \"p\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2";
    for (pods, helps) in [("3", true), ("1", false)] {
        let mut world =
            World::default().with(marked(quota("2"), "resource.q")).refusing(&pod, rejected(words));
        let plan = world.plan(input(vec![desired("q", quota(pods)), desired("p", pod.clone())]));
        assert_eq!(cure_of(&plan, "p").is_some(), helps, "{pods}");
    }
}

#[test]
fn what_names_a_rival_of_its_kind_waits_for_it() {
    let ingress = |name: &str, host: &str| {
        object("networking.k8s.io/v1", "Ingress", name, json!({"rules": [{"host": host}]}))
    };
    let words = "admission webhook \"v.example.com\" denied the request: host \"x\" is already defined in ingress a/old";
    let wanted = ingress("new", "x");
    let mut world = World::default()
        .with(marked(ingress("old", "x"), "resource.old"))
        .with(marked(ingress("older", "z"), "resource.older"))
        .refusing(&wanted, rejected(words));
    let all = vec![
        desired("new", wanted),
        desired("old", ingress("old", "y")),
        desired("older", ingress("older", "zz")),
    ];
    assert_eq!(cure_of(&world.plan(input(all)), "new"), Some(("resource.old".to_owned(), Deed::Changed)));
}

fn service(name: &str, port: u16) -> Value {
    object("v1", "Service", name, json!({"ports": [{"port": 80, "nodePort": port}]}))
}

#[test]
fn a_chain_is_cured_from_its_end() {
    let taken =
        |port: u16| rejected(&format!("nodePort: Invalid value: {port}: provided port is already allocated"));
    let mut world = World::default()
        .with(marked(service("a", 30001), "resource.a"))
        .with(marked(service("b", 30002), "resource.b"))
        .refusing(&service("a", 30002), taken(30002));
    let plan = world.plan(input(vec![desired("a", service("a", 30002)), desired("b", service("b", 30003))]));
    assert_eq!(cure_of(&plan, "a"), Some(("resource.b".to_owned(), Deed::Changed)));
    let order: Vec<String> = plan.order().sorted().iter().map(ToString::to_string).collect();
    assert_eq!(order, ["resource.b", "resource.a"]);
    // Where the last one cannot change, nothing before it can.
    world = world.refusing(&service("b", 30003), taken(30003));
    let plan = world.plan(input(vec![desired("a", service("a", 30002)), desired("b", service("b", 30003))]));
    assert_eq!(plan.refusals.len(), 2);
}

#[test]
fn a_value_of_a_protected_object_is_not_promised_where_the_server_cannot_be_asked() {
    let space = namespace("b");
    let mut moved = service("s", 30001);
    moved["metadata"]["namespace"] = json!("b");
    let old = Address::block("resource", "old");
    let mut leaving =
        with_known(input(vec![desired("b", space), desired("new", moved)]), &old, &service("s", 30001));
    leaving.consent.destroy.insert(old.clone());
    let world = || World::default().with(service("s", 30001));
    let plan = world().plan(leaving.clone());
    assert_eq!(plan.changes.iter().filter(|change| change.action == Action::Delete).count(), 1);
    let new = plan.changes.iter().find(|change| change.address.block.name == "new").unwrap();
    assert_eq!(
        new.awaits,
        std::slice::from_ref(&old),
        "the server was not asked, and its old object goes first"
    );
    leaving.known.get_mut(&old).unwrap().protect = true;
    let plan = world().plan(leaving);
    assert_eq!(plan.refusals.len(), 1, "{:?}", plan.changes);
    assert!(problem(&plan.refusals[0]).help.as_ref().unwrap().contains("--consent resource.old"));
}

#[test]
fn a_way_ends_before_what_decides_who_comes_in_and_not_before_its_name_moves() {
    let old = Address::block("resource", "old");
    let ingress =
        object("networking.k8s.io/v1", "Ingress", "old", json!({"rules": [{"host": "r.example.com"}]}));
    let issuer =
        |server: &str| object("cert-manager.io/v1", "Issuer", "le", json!({"acme": {"server": server}}));
    let record = |address: &str| {
        object("dns.regplan.dev/v1", "RecordSet", "r.example.com", json!({"values": [address]}))
    };
    let users = |name: &str| config_map("users", json!({"ci": name}));
    let mut world = World::default()
        .with(marked(ingress.clone(), "resource.old"))
        .with(marked(issuer("a"), "resource.issuer"))
        .with(marked(record("192.0.2.1"), "resource.record"))
        .with(marked(users("a"), "resource.users"));
    let wanted = vec![
        desired("issuer", issuer("b")),
        desired("record", record("192.0.2.2")),
        desired("users", users("b")),
    ];
    let mut input = with_known(input(wanted), &old, &ingress);
    input.known.get_mut(&old).unwrap().dependencies =
        ["resource.issuer", "resource.record", "resource.users"].map(address).into();
    let plan = world.plan(input);
    let awaiting: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| change.awaits.contains(&old))
        .map(|change| change.address.block.name.as_str())
        .collect();
    assert_eq!(awaiting, ["users"], "{:?}", actions(&plan));
}
