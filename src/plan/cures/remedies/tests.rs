use super::*;
use serde_json::json;

#[expect(clippy::needless_pass_by_value, reason = "json! is written in place")]
fn remedies_of(object: Value, message: &str) -> Vec<Vec<Remedy>> {
    let identity = Identity::of(&object).unwrap();
    let problem = Problem::new(ProblemKind::Rejected, message);
    remedies(RefusedObject { identity: &identity, sent: &object, live: None, problem: &problem })
}

#[expect(clippy::needless_pass_by_value, reason = "json! is written in place")]
fn pod(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": spec})
}

#[test]
fn the_words_of_admission_name_what_is_missing() {
    let account = "pods \"p\" is forbidden: error looking up service account a/robot: serviceaccount \"robot\" not found";
    let robot = Identity::namespaced("", "ServiceAccount", "a", "robot");
    assert_eq!(remedies_of(pod(json!({})), account), [[Remedy::Made(robot)]]);
    let quota = "pods \"p\" is forbidden: exceeded quota: few, requested: limits.cpu=2,pods=1, used: pods=1, limited: pods=1";
    let few = Identity::namespaced("", "ResourceQuota", "a", "few");
    let resources = vec!["limits.cpu".into(), "pods".into()];
    let room = Remedy::Room { namespace: "a".into(), resources };
    assert_eq!(
        remedies_of(pod(json!({})), quota),
        [[Remedy::Raised(few.clone()), Remedy::Deleted(few), room]]
    );
    let silent = "Internal error occurred: failed calling webhook \"w.x.y\": failed to call webhook: Post \
        \"https://hook.b.svc:443/validate?timeout=10s\": service \"hook\" not found";
    let [all] = &remedies_of(pod(json!({})), silent)[..] else { panic!() };
    assert!(all.contains(&Remedy::Webhook("w.x.y".into())));
    assert!(all.contains(&Remedy::Backend(Identity::namespaced("", "Service", "b", "hook"))));
}

#[test]
fn a_class_is_the_one_that_the_pod_names() {
    let words = "pods \"p\" is forbidden: no PriorityClass with name high was found";
    assert_eq!(remedies_of(pod(json!({})), words), Vec::<Vec<Remedy>>::new(), "the pod names none");
    let class = Identity::cluster("scheduling.k8s.io", "PriorityClass", "high");
    let [all] = &remedies_of(pod(json!({"priorityClassName": "high"})), words)[..] else { panic!() };
    assert_eq!(all[0], Remedy::Made(class));
}

#[test]
fn only_the_port_and_the_address_that_are_named_must_be_freed() {
    let service = |ports: Value| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"},
               "spec": {"clusterIP": "10.0.0.7", "ports": ports}})
    };
    let ports = json!([{"port": 80, "nodePort": 30001}, {"port": 81, "nodePort": 3000}]);
    let words = "Service \"s\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated";
    assert_eq!(remedies_of(service(ports.clone()), words), [[Remedy::Freed(Exclusive::NodePort(30001))]]);
    let words = "spec.clusterIPs: Invalid value: [\"10.0.0.7\"]: failed to allocate IP 10.0.0.7: provided IP is already allocated";
    let ip = Exclusive::ClusterIp("10.0.0.7".parse().unwrap());
    assert_eq!(remedies_of(service(ports.clone()), words), [[Remedy::Freed(ip)]]);
    let another = words.replace("10.0.0.7", "10.0.0.70");
    assert_eq!(remedies_of(service(ports), &another), Vec::<Vec<Remedy>>::new());
}

#[test]
fn a_mistake_beside_a_curable_reason_stays_a_mistake() {
    let object = pod(json!({"runtimeClassName": "box"}));
    let identity = Identity::of(&object).unwrap();
    let mut problem = Problem::new(ProblemKind::Rejected, "Pod \"p\" is invalid");
    let cause = |words: &str| (None, "FieldValueInvalid".to_owned(), words.to_owned());
    problem.causes = vec![cause("pod rejected: RuntimeClass \"box\" not found")];
    let of = |problem: &Problem| {
        remedies(RefusedObject { identity: &identity, sent: &object, live: None, problem }).len()
    };
    assert_eq!(of(&problem), 1);
    problem.causes.push(cause("Required value"));
    assert_eq!(of(&problem), 0);
    problem.kind = ProblemKind::Unreachable;
    assert_eq!(of(&problem), 0, "that is no refusal");
}

#[test]
fn reasons_that_few_meet_have_their_cure_too() {
    let own = |words: &str| remedies_of(pod(json!({"serviceAccountName": "robot"})), words);
    let robot = Identity::namespaced("", "ServiceAccount", "a", "robot");
    let mount = "pods \"p\" is forbidden: volume with secret.secretName=\"s\" is not allowed because service account \
                 robot does not reference that secret";
    assert_eq!(own(mount), [[Remedy::Changed(robot, &[])]]);
    let ratio =
        "pods \"p\" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 4";
    let range = Some("a".to_owned());
    let (wider, gone) =
        (Remedy::AnyChanged(LIMIT_RANGE, range.clone(), &["spec"]), Remedy::AnyDeleted(LIMIT_RANGE, range));
    assert_eq!(own(ratio), [[wider, gone]]);
    let class =
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "p"}});
    let second = "PriorityClass p is forbidden: only one default can exist";
    assert_eq!(remedies_of(class, second), [[Remedy::Freed(Exclusive::DefaultPriority)]]);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"},
        "spec": {"clusterIP": "10.9.0.7"}});
    for words in [
        "the provided IP (10.9.0.7) is not in the valid range. The range of valid IPs is 10.0.0.0/16",
        "failed to allocate IP 10.9.0.7: the provided network does not match the current range",
    ] {
        let range = Remedy::Range("10.9.0.7".parse().unwrap());
        assert_eq!(remedies_of(service.clone(), words), [[range]], "{words}");
    }
    let port = "provided port is not in the valid range. The range of valid ports is 30000-32767";
    assert!(remedies_of(service, port).is_empty());
}
