use serde_json::json;

use super::*;

fn verdict(identity: &Identity, object: &Value) -> Readiness {
    judge(identity, object, None, StorageClass::default())
}

fn of(group: &str, kind: &str) -> Identity {
    Identity::namespaced(group, kind, "a", "x")
}

fn is_waiting(verdict: &Readiness, words: &str) -> bool {
    matches!(verdict, Readiness::Waiting(text) if text.contains(words))
}

fn is_failed(verdict: &Readiness, words: &str) -> bool {
    matches!(verdict, Readiness::Failed(text) if text.contains(words))
}

#[test]
fn a_deployment_is_ready_when_it_is_rolled_out() {
    let deployment = of("apps", "Deployment");
    let object =
        |status: Value| json!({"metadata": {"generation": 2}, "spec": {"replicas": 3}, "status": status});
    assert_eq!(verdict(&deployment, &object(json!({}))), Readiness::behind());
    assert_eq!(
        verdict(&deployment, &object(json!({"observedGeneration": 1, "updatedReplicas": 3}))),
        Readiness::behind()
    );
    let updating = object(json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1}));
    assert!(is_waiting(&verdict(&deployment, &updating), "1 of 3 pods updated"));
    let old =
        object(json!({"observedGeneration": 2, "replicas": 4, "updatedReplicas": 3, "availableReplicas": 3}));
    assert!(is_waiting(&verdict(&deployment, &old), "1 old pod is still there"));
    let starting =
        object(json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 1}));
    assert!(is_waiting(&verdict(&deployment, &starting), "1 of 3 pods available"));
    let done =
        object(json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}));
    assert_eq!(verdict(&deployment, &done), Readiness::Ready);
    let stuck = object(json!({"observedGeneration": 2, "conditions": [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]}));
    assert!(is_failed(&verdict(&deployment, &stuck), "timed out"));
    let refusal = json!({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"});
    let refused = object(json!({"observedGeneration": 2, "conditions": [refusal]}));
    assert!(is_waiting(&verdict(&deployment, &refused), "exceeded quota"));
    let too_late = json!({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                          "message": "ReplicaSet \"web-1\" has timed out progressing."});
    let given_up = object(json!({"observedGeneration": 2, "conditions": [too_late, refusal]}));
    assert!(is_failed(&verdict(&deployment, &given_up), "in time: its pods cannot be made: exceeded quota"));
}

#[test]
fn a_deployment_of_none_is_ready() {
    let object =
        json!({"metadata": {"generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}});
    assert_eq!(verdict(&of("apps", "Deployment"), &object), Readiness::Ready);
}

#[test]
fn a_stateful_set_keeps_its_partition() {
    let set = of("apps", "StatefulSet");
    let object = |partition: i64, updated: i64| {
        json!({"metadata": {"generation": 1},
               "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate",
                                                          "rollingUpdate": {"partition": partition}}},
               "status": {"observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
                          "updatedReplicas": updated, "updateRevision": "b", "currentRevision": "a"}})
    };
    assert_eq!(verdict(&set, &object(2, 1)), Readiness::Ready);
    assert!(is_waiting(&verdict(&set, &object(0, 1)), "1 of 3 pods updated"));
}

#[test]
fn a_daemon_set_is_ready_on_all_its_nodes() {
    let object = |available: i64| {
        json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2,
               "updatedNumberScheduled": 2, "numberAvailable": available}})
    };
    assert!(is_waiting(&verdict(&of("apps", "DaemonSet"), &object(1)), "1 of 2 pods available"));
    assert_eq!(verdict(&of("apps", "DaemonSet"), &object(2)), Readiness::Ready);
}

#[test]
fn a_job_is_ready_when_it_is_complete_and_not_while_it_runs() {
    let job = of("batch", "Job");
    let with = |kind: &str| json!({"status": {"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]}});
    assert!(is_waiting(&verdict(&job, &json!({"status": {"active": 1}})), "0 of 1 pod succeeded"));
    assert_eq!(verdict(&job, &with("Complete")), Readiness::Ready);
    assert!(is_failed(&verdict(&job, &with("Failed")), "BackoffLimitExceeded"));
    assert_eq!(verdict(&job, &json!({"spec": {"suspend": true}})), Readiness::Ready);
}

#[test]
fn a_claim_is_bound_unless_its_class_waits() {
    let claim = of("", "PersistentVolumeClaim");
    let pending = json!({"status": {"phase": "Pending"}});
    assert!(is_waiting(&verdict(&claim, &pending), "not bound"));
    assert_eq!(judge(&claim, &pending, None, StorageClass { waits_for_consumer: true }), Readiness::Ready);
    assert_eq!(verdict(&claim, &json!({"status": {"phase": "Bound"}})), Readiness::Ready);
    assert!(is_failed(&verdict(&claim, &json!({"status": {"phase": "Lost"}})), "lost"));
}

#[test]
fn a_load_balancer_needs_its_address() {
    let service = of("", "Service");
    let object = |kind: &str, ingress: Value| json!({"spec": {"type": kind}, "status": {"loadBalancer": {"ingress": ingress}}});
    assert!(is_waiting(&verdict(&service, &object("LoadBalancer", json!([]))), "no address"));
    assert_eq!(verdict(&service, &object("LoadBalancer", json!([{"ip": "1.2.3.4"}]))), Readiness::Ready);
    assert_eq!(verdict(&service, &json!({"spec": {"type": "ClusterIP"}, "status": {}})), Readiness::Ready);
}

#[test]
fn definitions_namespaces_and_pods_say_it_themselves() {
    let definition = Identity::cluster("apiextensions.k8s.io", "CustomResourceDefinition", "x");
    let with =
        |kind: &str, status: &str| json!({"status": {"conditions": [{"type": kind, "status": status}]}});
    assert_eq!(verdict(&definition, &with("Established", "True")), Readiness::Ready);
    assert!(is_failed(&verdict(&definition, &with("NamesAccepted", "False")), "refused"));
    assert!(is_waiting(&verdict(&definition, &json!({})), "not established"));
    let namespace = Identity::cluster("", "Namespace", "x");
    assert_eq!(verdict(&namespace, &json!({"status": {"phase": "Active"}})), Readiness::Ready);
    assert!(is_failed(&verdict(&namespace, &json!({"metadata": {"deletionTimestamp": "x"}})), "deleted"));
    assert_eq!(verdict(&of("", "Pod"), &with("Ready", "True")), Readiness::Ready);
    assert!(is_failed(&verdict(&of("", "Pod"), &json!({"status": {"phase": "Failed"}})), "failed"));
}

#[test]
fn custom_resources_are_ready_by_their_conditions() {
    let thing = of("example.com", "Thing");
    let object =
        |conditions: Value| json!({"metadata": {"generation": 2}, "status": {"conditions": conditions}});
    assert_eq!(verdict(&thing, &json!({"metadata": {"generation": 1}})), Readiness::Ready);
    assert_eq!(
        verdict(&thing, &json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}})),
        Readiness::behind()
    );
    let ready = |status: &str, seen: i64| {
        json!([{"type": "Ready", "status": status, "observedGeneration": seen,
                                                 "reason": "Why", "message": "because"}])
    };
    assert_eq!(verdict(&thing, &object(ready("True", 2))), Readiness::Ready);
    assert_eq!(verdict(&thing, &object(ready("True", 1))), Readiness::behind());
    assert!(is_waiting(&verdict(&thing, &object(ready("False", 2))), "Ready is False, Why: because"));
    assert!(is_failed(&verdict(&thing, &object(json!([{"type": "Stalled", "status": "True"}]))), "stalled"));
    assert!(is_waiting(
        &verdict(&thing, &object(json!([{"type": "Reconciling", "status": "True"}]))),
        "Reconciling"
    ));
}

#[test]
fn a_rule_goes_before_the_kinds_own() {
    let deployment = of("apps", "Deployment");
    let rule =
        |rule: ReadyRule, object: &Value| judge(&deployment, object, Some(&rule), StorageClass::default());
    assert_eq!(rule(ReadyRule::Written, &json!({})), Readiness::Ready);
    let path = || ReadyRule::Field("status.x".parse().unwrap());
    assert!(is_waiting(&rule(path(), &json!({"status": {"x": ""}})), "`status.x` has no value"));
    assert_eq!(rule(path(), &json!({"status": {"x": 0}})), Readiness::Ready);
    let condition = || ReadyRule::Condition { kind: "Synced".into(), status: "False".into() };
    let object = json!({"status": {"conditions": [{"type": "Synced", "status": "False"}]}});
    assert_eq!(rule(condition(), &object), Readiness::Ready);
    assert!(is_waiting(&rule(condition(), &json!({})), "no condition Synced"));
}

#[test]
fn times_follow_the_objects_own_deadlines() {
    let own = json!({"spec": {"progressDeadlineSeconds": 30}});
    assert_eq!(time_to_ready(&of("apps", "Deployment"), Some(&own), None), Duration::from_secs(90));
    assert_eq!(time_to_ready(&of("", "ConfigMap"), None, None), Duration::from_mins(1));
}

#[test]
fn a_time_of_the_object_has_a_limit() {
    let deployment = Identity::namespaced("apps", "Deployment", "a", "web");
    let job = Identity::namespaced("batch", "Job", "a", "web");
    let of_deployment = |seconds: u64| {
        time_to_ready(&deployment, Some(&json!({"spec": {"progressDeadlineSeconds": seconds}})), None)
    };
    let of_job =
        |seconds: u64| time_to_ready(&job, Some(&json!({"spec": {"activeDeadlineSeconds": seconds}})), None);
    assert_eq!(of_deployment(600), Duration::from_mins(11));
    assert_eq!(of_deployment(2_147_483_647), Duration::from_mins(10), "it means that there is none");
    assert_eq!(of_job(u64::MAX), Duration::from_mins(30));
    assert_eq!(of_job(3600 * 5), Duration::from_mins(301));
    assert_eq!(of_job(3600 * 24 * 365), Duration::from_hours(24));
}

#[test]
fn conditions_of_other_types_are_read_as_what_they_mean() {
    let thing = Identity::namespaced("example.com", "Thing", "a", "x");
    let judged = |generation: Value, status: Value| {
        let object = json!({"metadata": {"generation": 3}, "status": {"observedGeneration": generation,
            "conditions": [{"type": "Ready", "status": status}]}});
        judge(&thing, &object, None, StorageClass::default())
    };
    assert_eq!(judged(json!(3), json!("True")), Readiness::Ready);
    assert_eq!(judged(json!("3"), json!(true)), Readiness::Ready);
    assert_eq!(judged(json!("2"), json!("True")), Readiness::behind());
    assert_eq!(judged(json!(2.0), json!("True")), Readiness::behind());
    assert!(matches!(judged(json!(3), json!(false)), Readiness::Waiting(_)));
    let rule = |status: Value| {
        let object = json!({"status": {"conditions": [{"type": "Done", "status": status, "observedGeneration": "1"}]},
                            "metadata": {"generation": 1}});
        let rule = ReadyRule::Condition { kind: "Done".into(), status: "True".into() };
        judge(&thing, &object, Some(&rule), StorageClass::default())
    };
    assert_eq!((rule(json!(true)), rule(json!("True"))), (Readiness::Ready, Readiness::Ready));
    assert!(matches!(rule(json!(false)), Readiness::Waiting(_)));
}

#[test]
fn a_certificate_and_its_issuer_are_not_ready_before_their_controller_says_so() {
    let judged = |kind: &str, object: Value| {
        let identity = Identity::namespaced("cert-manager.io", kind, "a", "b");
        judge(&identity, &object, None, StorageClass::default())
    };
    for kind in ["Certificate", "Issuer", "ClusterIssuer"] {
        assert!(matches!(judged(kind, json!({})), Readiness::Waiting(_)), "{kind}");
        let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert!(matches!(judged(kind, ready), Readiness::Ready), "{kind}");
    }
    // Kinds that nobody knows may have no conditions at all.
    assert!(matches!(judged("CertificateRequest", json!({})), Readiness::Ready));
}

#[test]
fn a_route_is_ready_when_its_own_gateways_have_taken_it() {
    let route = of("gateway.networking.k8s.io", "HTTPRoute");
    let condition = |kind: &str, status: &str, generation: i64| json!({"type": kind, "status": status, "observedGeneration": generation, "reason": "R", "message": "why"});
    let object = |parents: Value| {
        json!({"metadata": {"namespace": "a", "generation": 2},
               "spec": {"parentRefs": [{"name": "g", "namespace": "edge", "sectionName": "https"}]},
               "status": {"parents": parents}})
    };
    let answer =
        |reference: Value, conditions: Value| json!({"parentRef": reference, "conditions": conditions});
    // As a server fills it in.
    let ours = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "g", "namespace": "edge",
                      "sectionName": "https"});
    let taken = json!([condition("Accepted", "True", 2), condition("ResolvedRefs", "True", 2)]);
    assert!(is_waiting(&verdict(&route, &object(json!([]))), "has not looked at it yet"));
    for others in [
        json!({"name": "g", "namespace": "edge", "sectionName": "http"}),
        json!({"name": "g", "sectionName": "https"}),
        json!({"name": "other", "namespace": "edge", "sectionName": "https"}),
    ] {
        assert!(is_waiting(
            &verdict(&route, &object(json!([answer(others, taken.clone())]))),
            "the controller of the Gateway g has not looked at it yet"
        ));
    }
    assert_eq!(verdict(&route, &object(json!([answer(ours.clone(), taken)]))), Readiness::Ready);
    let old = json!([condition("Accepted", "True", 1), condition("ResolvedRefs", "True", 2)]);
    assert_eq!(verdict(&route, &object(json!([answer(ours.clone(), old)]))), Readiness::behind());
    let refused = json!([condition("Accepted", "True", 2), condition("ResolvedRefs", "False", 2)]);
    let refused = verdict(&route, &object(json!([answer(ours.clone(), refused)])));
    assert!(is_waiting(&refused, "ResolvedRefs is False, R: why"));
    let half = json!([condition("Accepted", "True", 2)]);
    let half = verdict(&route, &object(json!([answer(ours.clone(), half)])));
    assert!(is_waiting(&half, "there is no condition ResolvedRefs yet"));
    let mut kept_out = condition("Accepted", "False", 2);
    assert_eq!(way_out(&route, &object(json!([answer(ours.clone(), json!([kept_out]))]))), None);
    kept_out["reason"] = json!("NotAllowedByListeners");
    let said = way_out(&route, &object(json!([answer(ours, json!([kept_out]))])));
    assert!(said.unwrap().contains("`allowedRoutes` of the listener"));
    // An answer for a Gateway that the route named before is none.
    let before = json!({"name": "before", "namespace": "edge", "sectionName": "https"});
    assert_eq!(way_out(&route, &object(json!([answer(before, json!([kept_out]))]))), None);
}

#[test]
fn a_gateway_is_ready_when_it_is_programmed_and_a_way_out_is_known_while_nobody_answers() {
    let gateway = of("gateway.networking.k8s.io", "Gateway");
    let object = |reason: &str, status: &str| {
        json!({"metadata": {"generation": 1}, "spec": {"gatewayClassName": "edge"}, "status": {"conditions": [
            {"type": "Accepted", "status": "Unknown", "reason": reason, "message": "m"},
            {"type": "Programmed", "status": status, "reason": reason, "message": "m"}]}})
    };
    // What the definition fills in.
    let unanswered = object("Pending", "Unknown");
    assert!(is_waiting(&verdict(&gateway, &unanswered), "Programmed is Unknown, Pending"));
    assert_eq!(
        way_out(&gateway, &unanswered).unwrap(),
        "if no controller runs that answers for the class edge, install one; or stop with Ctrl-C and set `lifecycle.ready = { \
         \"Gateway/x\" = \"written\" }`"
    );
    assert!(is_waiting(&verdict(&gateway, &json!({})), "no condition Programmed yet"));
    let class = unanswered_class(&gateway, &unanswered).unwrap();
    assert_eq!(class, Identity::cluster(GATEWAY_GROUP, "GatewayClass", "edge"));
    assert_eq!(unanswered_class(&gateway, &object("AddressNotAssigned", "False")), None);
    assert_eq!(unanswered_class(&of(GATEWAY_GROUP, "HTTPRoute"), &unanswered), None);
    let refused = object("AddressNotAssigned", "False");
    assert!(is_waiting(&verdict(&gateway, &refused), "AddressNotAssigned"));
    assert_eq!(way_out(&gateway, &refused), None);
    assert_eq!(verdict(&gateway, &object("Programmed", "True")), Readiness::Ready);
}

/// It says nothing of itself: the servers of its zone do, if it names one.
#[test]
fn what_asks_for_records_takes_a_look_at_their_servers() {
    let identity = Identity::namespaced("externaldns.k8s.io", "DNSEndpoint", "a", "r");
    let object = |annotations: Value| {
        let endpoint = json!({"dnsName": "r.example.com", "recordType": "A", "targets": ["192.0.2.1"]});
        json!({"metadata": {"annotations": annotations}, "spec": {"endpoints": [endpoint]}})
    };
    let with_zone = object(json!({"regplan.dev/zone": "example.com"}));
    for standard in [Standard::Working, Standard::RolledOut] {
        assert!(takes_a_look(standard, &identity, &with_zone, None));
        assert!(!takes_a_look(standard, &identity, &with_zone, Some(&ReadyRule::Written)));
        assert!(!takes_a_look(standard, &identity, &object(json!({})), None));
    }
}
