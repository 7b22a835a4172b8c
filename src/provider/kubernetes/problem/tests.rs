use serde_json::json;

use super::*;

fn server_info() -> ServerInfo {
    ServerInfo {
        server: "https://k8s:6443".into(),
        ca_digest: None,
        origin: "context `prod` of config".into(),
        program_access: crate::provider::ProgramAccess::default(),
        context: None,
        proxy: None,
        certificate_expiry: None,
        namespace: "default".into(),
    }
}

fn problem(code: u16, status: Value, identity: &Identity, sent: Option<&Value>) -> Problem {
    let failure = CallError::Refused(Refusal { code, status, retry_after: None });
    of(failure, About { identity, sent }, &server_info())
}

fn web() -> Identity {
    Identity::namespaced("apps", "Deployment", "a", "web")
}

#[test]
fn the_kind_of_a_refusal_tells_what_to_do() {
    let cases = [
        (401, json!({"message": "Unauthorized"}), ProblemKind::Unauthenticated),
        (403, json!({"message": "User \"u\" cannot patch"}), ProblemKind::Forbidden),
        (403, json!({"message": "User \"system:anonymous\" cannot get path"}), ProblemKind::Unauthenticated),
        (
            404,
            json!({"message": "namespaces \"a\" not found", "details": {"name": "a", "kind": "namespaces"}}),
            ProblemKind::NamespaceMissing,
        ),
        (
            404,
            json!({"message": "the server could not find the requested resource", "details": {}}),
            ProblemKind::UnknownKind,
        ),
        (409, json!({"message": "the object has been modified"}), ProblemKind::Conflict),
        (
            422,
            json!({"message": "…", "details": {"causes": [{"field": "metadata.uid", "reason": "x", "message": "y"}]}}),
            ProblemKind::Conflict,
        ),
        (
            400,
            json!({"message": "admission webhook \"w\" does not support dry run"}),
            ProblemKind::DryRunRefused,
        ),
        (
            403,
            json!({"message": "a \"b\" is forbidden: status unknown for quota: few, resources: count/bs.example.com"}),
            ProblemKind::DryRunRefused,
        ),
        (422, json!({"message": "invalid"}), ProblemKind::Rejected),
        (503, json!({"message": "busy"}), ProblemKind::Unreachable),
        (
            500,
            json!({"message": "failed to convert new object (a/b; /v1, Kind=Secret): illegal base64"}),
            ProblemKind::Rejected,
        ),
        (
            500,
            json!({"message": "Internal error occurred: failed calling webhook \"w\": refused"}),
            ProblemKind::Rejected,
        ),
        (500, json!({"message": "boom"}), ProblemKind::Other),
    ];
    for (code, status, kind) in cases {
        assert_eq!(problem(code, status.clone(), &web(), None).kind, kind, "{code} {status}");
    }
    let gone =
        json!({"message": "namespaces \"a\" not found", "details": {"name": "a", "kind": "namespaces"}});
    let itself = problem(404, gone, &Identity::cluster("", "Namespace", "a"), None);
    assert_eq!(itself.kind, ProblemKind::Other);
}

#[test]
fn causes_point_at_fields() {
    let sent = json!({"data": {"a.b": "x"}, "spec": {"containers": [{"name": "c"}]}});
    let status = json!({"message": "invalid", "details": {"causes": [
        {"field": "spec.containers[0].image", "reason": "FieldValueRequired", "message": "Required value"},
        {"field": "data[a.b]", "reason": "FieldValueInvalid", "message": "Invalid value: \"x\": no"},
        {"field": "<nil>", "reason": "FieldValueInvalid", "message": "no"},
    ]}});
    let problem = problem(422, status, &web(), Some(&sent));
    let fields: Vec<_> =
        problem.causes.iter().map(|(field, ..)| field.as_ref().map(ToString::to_string)).collect();
    assert_eq!(fields, [Some("spec.containers[0].image".into()), Some("data[\"a.b\"]".into()), None]);
}

#[test]
fn a_field_that_the_schema_does_not_know_is_named() {
    let message = "failed to create typed patch object (a/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema";
    let problem = problem(500, json!({"message": message}), &web(), None);
    assert_eq!(problem.kind, ProblemKind::Rejected);
    assert_eq!(problem.causes[0].0, Some("spec.replica".parse().unwrap()));
    assert_eq!(
        typed_errors("strict decoding error: unknown field \"spec.y\", unknown field \"spec.z\""),
        ["spec.y", "spec.z"].map(|path| (path, "field not declared in schema"))
    );
    let several = "failed to create typed patch object (a/web; apps/v1, Kind=Deployment): errors:\n  .spec.a: \
                   expected numeric (int or float), got string\n  .spec.containers[name=\"app\"].x: field not \
                   declared in schema";
    assert_eq!(typed_errors(several).len(), 2);
    assert_eq!(field(typed_errors(several)[1].0, None), Some("spec.containers[app].x".parse().unwrap()));
}

#[test]
fn a_refused_secret_is_not_shown() {
    let sent = json!({"kind": "Secret", "stringData": {"password": "swordfish"}});
    let status = json!({"message": "Secret \"s\" is invalid: data[password]: Invalid value: \"swordfish\": no",
        "details": {"causes": [{"field": "data[password]", "reason": "x",
                                "message": "Invalid value: \"swordfish\": no"}]}});
    let problem = problem(422, status, &Identity::namespaced("", "Secret", "a", "s"), Some(&sent));
    assert!(!format!("{problem:?}").contains("swordfish"), "{problem:?}");
}

#[test]
fn an_expired_client_certificate_is_told_from_a_wrong_one() {
    let status = || CallError::Refused(Refusal { code: 401, status: json!({}), retry_after: None });
    let wrong = of(status(), About::new(&web()), &server_info());
    assert!(wrong.message.contains("does not accept our credentials"), "{wrong}");
    let server_info =
        ServerInfo { certificate_expiry: Some("2020-01-02T03:04:05Z".parse().unwrap()), ..server_info() };
    let expired = of(status(), About::new(&web()), &server_info);
    assert!(expired.message.contains("expired at 2020-01-02"), "{expired}");
}

#[test]
fn only_what_certainly_was_not_done_is_definite() {
    let refused = |code: u16, message: &str| {
        let status = json!({"kind": "Status", "code": code, "message": message});
        is_definite(&CallError::Refused(Refusal { code, status, retry_after: None }))
    };
    for code in [400, 401, 403, 404, 405, 409, 413, 415, 422] {
        assert!(refused(code, "no"), "{code}");
    }
    assert!(refused(500, "failed to create typed patch object (a/b; v1): .x: field not declared in schema"));
    assert!(refused(500, "Internal error occurred: failed calling webhook \"w\": refused"));
    for code in [302, 408, 429, 500, 501, 502, 503, 504, 507, 520] {
        assert!(!refused(code, "etcdserver: request timed out"), "{code}");
    }
    let lost = |perhaps_done| {
        is_definite(&CallError::Lost { problem: Problem::new(ProblemKind::Unreachable, ""), perhaps_done })
    };
    assert!(lost(false) && !lost(true));
}

#[test]
fn a_404_says_that_an_object_is_gone_only_by_its_name() {
    let refusal = |details: Value| Refusal {
        code: 404,
        status: json!({"kind": "Status", "code": 404, "details": details}),
        retry_after: None,
    };
    assert!(is_absence(&refusal(json!({"name": "web", "kind": "deployments"})), &web()));
    assert!(!is_absence(&refusal(json!({})), &web()));
    assert!(!is_absence(&refusal(json!({"name": "other"})), &web()));
}
