use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::labels::{label_selector, labelled};
use super::*;
use crate::resource::GroupKind;

/// What an object requires, as `strength path -> facilities`.
fn needs(object: &Value) -> Vec<String> {
    let identity = Identity::of(object).unwrap();
    let mut lines: Vec<String> = requires(&identity, object).iter().map(line).collect();
    lines.sort();
    lines
}

fn line(requirement: &Requirement) -> String {
    let show = |facility: &Facility| match facility {
        Facility::Object(identity) => identity.to_string(),
        Facility::Kind(kind) => format!("kind {kind}"),
        Facility::Group(group) => format!("group {group}"),
        Facility::VolumeFor(claim) => format!("volume for {claim}"),
        Facility::RightsOf(account) => format!("rights of {account}"),
        Facility::DefaultPriority => "default priority".to_owned(),
        Facility::MakesPods { namespace } => format!("perhaps pods {namespace}"),
        Facility::Pods { namespace, label: None } => format!("pods {namespace}"),
        Facility::Pods { namespace, label: Some(PodLabel { key, value }) } => {
            format!("pods {namespace}:{key}={}", value.as_deref().unwrap_or("*"))
        }
    };
    let groups: Vec<String> = requirement
        .needs
        .all_of
        .iter()
        .map(|group| group.iter().map(show).collect::<Vec<_>>().join(" or "))
        .collect();
    let without: Vec<String> =
        requirement.needs.none_of.iter().map(|f| format!(" not {}", show(f))).collect();
    let through = if requirement.through { " and behind it" } else { "" };
    format!(
        "{:?} {} -> {}{}{through}",
        requirement.strength,
        requirement.path,
        groups.join(" and "),
        without.concat()
    )
}

#[expect(clippy::needless_pass_by_value, reason = "`json!` stands at the call")]
fn object(api_version: &str, kind: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind,
                            "metadata": {"name": "it", "namespace": "ns"}});
    for (key, value) in rest.as_object().unwrap().clone() {
        object[key] = value;
    }
    object
}

fn pod_spec() -> Value {
    json!({
        "serviceAccountName": "robot",
        "priorityClassName": "high",
        "runtimeClassName": "gvisor",
        "imagePullSecrets": [{"name": "pull"}],
        "initContainers": [{"name": "init", "envFrom": [
            {"configMapRef": {"name": "all"}}, {"secretRef": {"name": "maybe", "optional": true}}]}],
        "containers": [{"name": "main", "env": [
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "one", "key": "a"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "two", "key": "b"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "no", "key": "c", "optional": true}}},
            {"name": "D", "value": "plain"}]}],
        "volumes": [
            {"name": "config", "configMap": {"name": "config"}},
            {"name": "secret", "secret": {"secretName": "secret", "optional": false}},
            {"name": "mix", "projected": {"sources": [
                {"configMap": {"name": "mixed"}}, {"secret": {"name": "never", "optional": true}},
                {"serviceAccountToken": {"path": "token"}}]}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "fast"}}}},
            {"name": "csi", "csi": {"driver": "csi.example.com", "nodePublishSecretRef": {"name": "node"}}}]
    })
}

#[test]
fn a_deployment_needs_what_its_pods_name() {
    let deployment = object("apps/v1", "Deployment", json!({"spec": {"template": {"spec": pod_spec()}}}));
    insta::assert_snapshot!(needs(&deployment).join("\n"), @r#"
    Accepted metadata.namespace -> Namespace ns
    Running spec.template.spec.containers[main].env[A].valueFrom.configMapKeyRef.name -> ConfigMap ns/one
    Running spec.template.spec.containers[main].env[B].valueFrom.secretKeyRef.name -> Secret ns/two
    Running spec.template.spec.imagePullSecrets[pull].name -> Secret ns/pull
    Running spec.template.spec.initContainers[init].envFrom[0].configMapRef.name -> ConfigMap ns/all
    Running spec.template.spec.priorityClassName -> PriorityClass.scheduling.k8s.io high
    Running spec.template.spec.runtimeClassName -> RuntimeClass.node.k8s.io gvisor
    Running spec.template.spec.serviceAccountName -> ServiceAccount ns/robot
    Running spec.template.spec.volumes[config].configMap.name -> ConfigMap ns/config
    Running spec.template.spec.volumes[csi].csi.driver -> CSIDriver.storage.k8s.io csi.example.com
    Running spec.template.spec.volumes[csi].csi.nodePublishSecretRef.name -> Secret ns/node
    Running spec.template.spec.volumes[data].persistentVolumeClaim.claimName -> PersistentVolumeClaim ns/data
    Running spec.template.spec.volumes[mix].projected.sources[0].configMap.name -> ConfigMap ns/mixed
    Running spec.template.spec.volumes[scratch].ephemeral.volumeClaimTemplate.spec.storageClassName -> StorageClass.storage.k8s.io fast
    Running spec.template.spec.volumes[secret].secret.secretName -> Secret ns/secret
    Useful spec.template.spec.serviceAccountName -> rights of ServiceAccount ns/robot
    "#);
}

#[test]
fn every_kind_that_makes_pods_is_looked_into() {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod_spec()});
    let count = needs(&object("apps/v1", "Deployment", json!({"spec": {"template": template}}))).len();
    for (api_version, kind) in [
        ("v1", "ReplicationController"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
    ] {
        let made = object(api_version, kind, json!({"spec": {"template": template}}));
        assert_eq!(needs(&made).len(), count, "{kind}");
        assert_eq!(provides(&Identity::of(&made).unwrap(), &made).len(), 5, "{kind}");
    }
    let cron = json!({"spec": {"jobTemplate": {"spec": {"template": template}}}});
    assert_eq!(needs(&object("batch/v1", "CronJob", cron)).len(), count);
    let pod = object("v1", "Pod", json!({"spec": pod_spec()}));
    assert_eq!(needs(&pod).len(), count);
    assert!(
        needs(&pod)
            .contains(&"Accepted spec.priorityClassName -> PriorityClass.scheduling.k8s.io high".into())
    );
}

/// Everything but pods, one object of each sort after the other.
#[test]
#[expect(clippy::too_many_lines, reason = "one object of each kind")]
fn the_other_kinds_need_what_they_name() {
    let objects = [
        object("v1", "ConfigMap", json!({})),
        object("example.com/v1", "Widget", json!({})),
        object(
            "apps/v1",
            "StatefulSet",
            json!({"spec": {"serviceName": "peers",
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}]}}),
        ),
        object("v1", "ServiceAccount", json!({"imagePullSecrets": [{"name": "pull"}]})),
        object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "robot"}, {"kind": "User", "name": "jane"}]}),
        ),
        object(
            "v1",
            "PersistentVolumeClaim",
            json!({"spec": {"storageClassName": "fast", "volumeName": "v1",
            "dataSource": {"kind": "PersistentVolumeClaim", "name": "old"}}}),
        ),
        object(
            "networking.k8s.io/v1",
            "Ingress",
            json!({"spec": {
            "ingressClassName": "nginx", "tls": [{"hosts": ["a"], "secretName": "tls"}],
            "defaultBackend": {"service": {"name": "fallback"}},
            "rules": [{"http": {"paths": [{"backend": {"service": {"name": "web"}}}]}}]}}),
        ),
        object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            json!({"spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}}),
        ),
        object(
            "policy/v1",
            "PodDisruptionBudget",
            json!({"spec": {"selector": {
            "matchLabels": {"app": "web"}, "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]},
                {"key": "track", "operator": "NotIn", "values": ["canary"]},
                {"key": "x", "operator": "Exists"}, {"key": "y", "operator": "DoesNotExist"}]}}}),
        ),
        object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            json!({"spec": {
            "parentRefs": [{"name": "edge", "namespace": "infra"}],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}}),
        ),
        object(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            json!({"spec": {"gatewayClassName": "envoy",
            "listeners": [{"name": "https", "tls": {"certificateRefs": [{"name": "tls"}]}}]}}),
        ),
        object("cert-manager.io/v1", "Issuer", json!({"spec": {"ca": {"secretName": "root"}}})),
    ];
    let cluster = [
        json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "i"},
            "spec": {"acme": {"solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}]}}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v1"},
               "spec": {"storageClassName": "fast", "claimRef": {"namespace": "ns", "name": "data"}}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
               "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "view"},
               "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "ns"}]}),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
               "metadata": {"name": "w"}, "webhooks": [{"name": "a.b.c",
               "clientConfig": {"service": {"namespace": "ns", "name": "hook"}}}]}),
        json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
               "metadata": {"name": "v1.m.x"}, "spec": {"group": "m.x",
               "service": {"namespace": "ns", "name": "metrics"}}}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
               "metadata": {"name": "ws.example.com"}, "spec": {"group": "example.com",
               "names": {"kind": "Widget"}, "conversion": {"webhook": {"clientConfig": {
               "service": {"namespace": "ns", "name": "convert"}}}}}}),
    ];
    let mut text = String::new();
    for object in objects.iter().chain(&cluster) {
        writeln!(text, "{}", object["kind"].as_str().unwrap()).unwrap();
        for line in needs(object) {
            writeln!(text, "  {line}").unwrap();
        }
    }
    insta::assert_snapshot!(text, @r#"
    ConfigMap
      Accepted metadata.namespace -> Namespace ns
    Widget
      Accepted apiVersion -> group example.com
      Accepted kind -> kind Widget.example.com
      Accepted metadata.namespace -> Namespace ns
    StatefulSet
      Accepted metadata.namespace -> Namespace ns
      Running spec.volumeClaimTemplates[0].spec.storageClassName -> StorageClass.storage.k8s.io fast
      Useful spec.serviceName -> Service ns/peers
    ServiceAccount
      Accepted metadata.namespace -> Namespace ns
      Useful imagePullSecrets[pull].name -> Secret ns/pull
    RoleBinding
      Accepted metadata.namespace -> Namespace ns
      Accepted roleRef.name -> Role.rbac.authorization.k8s.io ns/reader
      Useful subjects[robot].name -> ServiceAccount ns/robot
    PersistentVolumeClaim
      Accepted metadata.namespace -> Namespace ns
      Running metadata.name -> volume for PersistentVolumeClaim ns/it
      Running spec.dataSource.name -> PersistentVolumeClaim ns/old or PersistentVolumeClaim old
      Running spec.storageClassName -> StorageClass.storage.k8s.io fast
      Running spec.volumeName -> PersistentVolume v1
    Ingress
      Accepted metadata.namespace -> Namespace ns
      Running spec.ingressClassName -> IngressClass.networking.k8s.io nginx
      Useful spec.defaultBackend.service.name -> Service ns/fallback
      Useful spec.rules[0].http.paths[0].backend.service.name -> Service ns/web
      Useful spec.tls[0].secretName -> Secret ns/tls
    HorizontalPodAutoscaler
      Accepted metadata.namespace -> Namespace ns
      Useful spec.scaleTargetRef.name -> Deployment.apps ns/web
    PodDisruptionBudget
      Accepted metadata.namespace -> Namespace ns
      Useful spec.selector -> pods ns and pods ns:app=web and pods ns:tier=a or pods ns:tier=b and pods ns:x=* not pods ns:track=canary not pods ns:y=*
    HTTPRoute
      Accepted apiVersion -> group gateway.networking.k8s.io
      Accepted kind -> kind HTTPRoute.gateway.networking.k8s.io
      Accepted metadata.namespace -> Namespace ns
      Running spec.parentRefs[edge].name -> Gateway.gateway.networking.k8s.io infra/edge or Gateway.gateway.networking.k8s.io edge
      Useful spec.rules[0].backendRefs[web].name -> Service ns/web or Service web
    Gateway
      Accepted apiVersion -> group gateway.networking.k8s.io
      Accepted kind -> kind Gateway.gateway.networking.k8s.io
      Accepted metadata.namespace -> Namespace ns
      Running spec.gatewayClassName -> GatewayClass.gateway.networking.k8s.io envoy
      Running spec.listeners[https].tls.certificateRefs[tls].name -> Secret ns/tls or Secret tls
    Issuer
      Accepted apiVersion -> group cert-manager.io
      Accepted kind -> kind Issuer.cert-manager.io
      Accepted metadata.namespace -> Namespace ns
      Running spec.ca.secretName -> Secret ns/root
    ClusterIssuer
      Accepted apiVersion -> group cert-manager.io
      Accepted kind -> kind ClusterIssuer.cert-manager.io
      Useful spec.acme.solvers[0].http01.ingress.ingressClassName -> IngressClass.networking.k8s.io nginx
    PersistentVolume
      Useful spec.storageClassName -> StorageClass.storage.k8s.io fast
    ClusterRoleBinding
      Accepted roleRef.name -> ClusterRole.rbac.authorization.k8s.io view
      Useful subjects[robot].name -> ServiceAccount ns/robot
    ValidatingWebhookConfiguration
      Useful webhooks[a.b.c].clientConfig.service.name -> Service ns/hook and behind it
    APIService
      Running spec.service.name -> Service ns/metrics and behind it
    CustomResourceDefinition
      Useful spec.conversion.webhook.clientConfig.service.name -> Service ns/convert
    "#);
}

#[test]
fn what_objects_give_is_more_than_themselves() {
    let given = |object: Value| provides(&Identity::of(&object).unwrap(), &object);
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ws.x.y"}, "spec": {"group": "x.y", "names": {"kind": "W"}}});
    assert!(given(crd).contains(&Facility::Kind(GroupKind { group: "x.y".into(), kind: "W".into() })));
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"},
        "spec": {"claimRef": {"namespace": "a", "name": "b"}}});
    let claim = Identity::namespaced("", "PersistentVolumeClaim", "a", "b");
    assert!(given(volume).contains(&Facility::VolumeFor(claim)));
    let binding = object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        json!({
        "subjects": [{"kind": "ServiceAccount", "name": "robot"}]}),
    );
    let account = Identity::namespaced("", "ServiceAccount", "ns", "robot");
    assert!(given(binding).contains(&Facility::RightsOf(account)));
}

#[test]
fn a_service_stands_for_its_pods_and_needs_none_of_them() {
    let service = object("v1", "Service", json!({"spec": {"selector": {"app": "web"}}}));
    let identity = Identity::of(&service).unwrap();
    assert_eq!(needs(&service), ["Accepted metadata.namespace -> Namespace ns"]);
    let selection = selects(&identity, &service).unwrap();
    assert_eq!(selection.all_of, [[labelled("ns", "app", Some("web"))]]);
    for selector in [json!({}), json!(null), json!({"app": 1}), json!([])] {
        let odd = object("v1", "Service", json!({"spec": {"selector": selector}}));
        assert_eq!(selects(&identity, &odd), None);
    }
}

#[test]
fn an_empty_label_selector_means_all_and_none_means_none() {
    let all = label_selector("ns", &json!({})).unwrap();
    assert_eq!(all.all_of, [[Facility::Pods { namespace: "ns".into(), label: None }]]);
    assert_eq!(label_selector("ns", &Value::Null), None);
    let unknown = json!({"matchExpressions": [{"key": "a", "operator": "Like", "values": []}]});
    assert_eq!(label_selector("ns", &unknown), None);
}

/// Objects in which every field that is looked at may hold anything.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z.]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let key = prop::sample::select(vec![
            "spec",
            "template",
            "metadata",
            "labels",
            "containers",
            "env",
            "valueFrom",
            "secretKeyRef",
            "name",
            "volumes",
            "secret",
            "subjects",
            "roleRef",
            "kind",
            "webhooks",
            "clientConfig",
            "service",
            "selector",
            "matchLabels",
            "matchExpressions",
            "key",
            "operator",
            "values",
            "namespace",
            "scaleTargetRef",
            "tls",
            "rules",
            "http",
            "paths",
            "backend",
            "jobTemplate",
            "claimRef",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_object_makes_it_panic(spec in anything(), rest in anything(), kind in prop::sample::select(vec![
        ("", "Pod"), ("apps", "Deployment"), ("batch", "CronJob"), ("", "Service"),
        ("policy", "PodDisruptionBudget"), ("networking.k8s.io", "Ingress"), ("", "PersistentVolume"),
        ("rbac.authorization.k8s.io", "RoleBinding"), ("autoscaling", "HorizontalPodAutoscaler"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
    ])) {
        let mut object = rest;
        if let Some(map) = object.as_object_mut() {
            map.insert("spec".into(), spec);
        }
        let identity = Identity::namespaced(kind.0, kind.1, "ns", "it");
        for requirement in requires(&identity, &object) {
            prop_assert!(!requirement.path.segments().is_empty());
        }
        provides(&identity, &object);
        selects(&identity, &object);
    }
}
