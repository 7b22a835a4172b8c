//! `[registry.NAME]`.

use super::*;

const EXAMPLE: &str = r#"
[registry.main]
host           = "registry.example.com"
image          = "registry:3.1.1"
namespace      = "registry"
storage.volume = { size = "50Gi" }
ingress.class  = "nginx"
tls.secret     = "registry-tls"

[registry.main.auth.users]
ci    = { env = "CI_PASSWORD" }
alice = { env = "ALICE_PASSWORD" }
"#;

/// A registry that differs from the smallest one.
fn registry(more: &str) -> String {
    format!(
        "[registry.main]\nhost = 'registry.example.com'\nimage = 'registry:3.1.1'\n\
         auth.anonymous = true\nstorage.volume.size = '1Gi'\n{more}"
    )
}

/// The smallest registry with one line replaced.
pub(super) fn replaced(line: &str, by: &str) -> String {
    let text = registry("");
    assert!(text.contains(line));
    text.replace(line, by)
}

#[test]
fn the_example_comes_to_these_objects() {
    let resources = fine(EXAMPLE);
    let mut shown = String::new();
    for desired in &resources {
        writeln!(shown, "# {}", desired.address).unwrap();
        writeln!(shown, "{}\n", serde_json::to_string_pretty(&desired.object).unwrap()).unwrap();
    }
    insta::assert_snapshot!("example", shown);
}

#[test]
fn the_example_asks_for_these_things() {
    let config = config(EXAMPLE);
    let needs = Blocks::read(&config).needs(&Facts::default());
    assert_eq!((needs.len(), &needs[2]), (3, &Need::IngressClasses));
    let Need::Htpasswd { users, stored_at } = &needs[1] else { panic!("{needs:?}") };
    assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["alice", "ci"]);
    assert_eq!(stored_at.secret.to_string(), "Secret registry/registry-htpasswd");
    let Need::Secret { stored_at: Some(key_ref), .. } = &needs[0] else { panic!("{needs:?}") };
    assert_eq!((key_ref.secret.name.as_str(), key_ref.key.as_str()), ("registry-http", "secret"));
}

#[test]
fn both_versions_get_their_configuration_where_they_look_for_it() {
    let config_of = |image: &str| {
        let resources = fine(&replaced("registry:3.1.1", image));
        let map = object(&resources, "registry.main/ConfigMap/registry");
        let deployment = object(&resources, "registry.main/Deployment/registry");
        let container = deployment.object["spec"]["template"]["spec"]["containers"][0].clone();
        (map.object["data"]["config.yml"].clone(), container)
    };
    let (three, container) = config_of("registry:3.1.1");
    assert_eq!(container["args"], json!(["serve", "/etc/distribution/config.yml"]));
    assert_eq!(container["volumeMounts"][1]["mountPath"], "/etc/distribution");
    assert_eq!(container["env"][1], json!({"name": "OTEL_TRACES_EXPORTER", "value": "none"}));
    let (two, container) = config_of("registry:2.8.3");
    assert_eq!(container["args"], json!(["serve", "/etc/docker/registry/config.yml"]));
    assert_eq!(container["env"].as_array().unwrap().len(), 1);
    // What is written means the same to both.
    assert_eq!(two, three);
    insta::assert_snapshot!(three.as_str().unwrap());
    let with_users = fine(EXAMPLE);
    let map = object(&with_users, "registry.main/ConfigMap/registry");
    let text = map.object["data"]["config.yml"].as_str().unwrap();
    assert!(text.contains("auth:\n  htpasswd:\n    realm: Registry\n    path: /auth/htpasswd\n"), "{text}");
    let read: Value = serde_saphyr::from_str(text).unwrap();
    assert_eq!(read["http"]["relativeurls"], true);
    assert_eq!(read["http"].get("debug"), None);
    let digest = format!("registry@sha256:{}", "a".repeat(64));
    let (_, container) = config_of(&format!("{digest}'\nversion = 2\n# '"));
    assert_eq!(container["args"][1], "/etc/docker/registry/config.yml");
}

#[test]
fn what_pods_read_at_their_start_rolls_them_and_users_do_not() {
    let template = path("spec.template.metadata.annotations");
    let annotations = |text: &str, secret: &str| {
        let resources = compiled_with(text, "", &SecretText::Known(secret.into())).unwrap().resources;
        let deployment = object(&resources, "registry.main/Deployment/registry");
        template.get(&deployment.object).unwrap().clone()
    };
    let before = annotations(EXAMPLE, "one");
    assert_eq!(before, annotations(EXAMPLE, "one"));
    let key = "regplan.dev/config-checksum";
    assert_ne!(before[key], annotations(EXAMPLE, "two")[key], "uploads are signed with another key");
    assert_eq!(before[key].as_str().unwrap().len(), 64);
    let more = format!("{EXAMPLE}bob = {{ env = \"BOB\" }}\n");
    assert_eq!(before, annotations(&more, "one"), "the registry reads the users again by itself");
    let unknown = SecretText::Unknown("the environment variable CI_PASSWORD is not set".into());
    let resources = compiled_with(EXAMPLE, "", &unknown).unwrap().resources;
    let secret = object(&resources, "registry.main/Secret/registry-htpasswd");
    assert_eq!(
        secret.unchecked.get(&path("data.htpasswd")).unwrap().reason,
        "the environment variable CI_PASSWORD is not set"
    );
}

#[test]
fn replicas_share_a_volume_that_can_be_shared() {
    let text = registry(
        "replicas = 3\nstorage.volume.access_mode = 'ReadWriteMany'\nstorage.volume.class = 'nfs'\n",
    );
    let resources = fine(&text);
    let deployment = object(&resources, "registry.main/Deployment/registry");
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    assert_eq!(deployment.object["spec"]["strategy"], rolling);
    let origin = deployment.origin(&path("spec.replicas")).unwrap();
    assert_eq!(origin.key, "registry.main.replicas");
    let span = origin.span.unwrap();
    assert_eq!(&text[span.start..span.end], "3");
    let budget = object(&resources, "registry.main/PodDisruptionBudget/registry");
    assert_eq!(budget.object["spec"]["maxUnavailable"], 1);
    let claim = object(&resources, "registry.main/PersistentVolumeClaim/registry");
    assert_eq!(claim.object["spec"]["storageClassName"], "nfs");
}

/// What the pods of this registry do before they end, on a cluster that says this of its version.
fn before_their_end(text: &str, capabilities: Fact) -> Value {
    let config = config(text);
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    facts.insert(Need::Capabilities, capabilities);
    let resources = flawless(Blocks::read(&config).compile(&facts)).unwrap().resources;
    let deployment = object(&resources, "registry.main/Deployment/registry");
    deployment.object["spec"]["template"]["spec"]["containers"][0]["lifecycle"].clone()
}

#[test]
fn pods_go_on_until_nobody_leads_requests_to_them_any_more() {
    let served = |version: &str| {
        Fact::Capabilities(Some(Capabilities { version: version.into(), apis: Vec::new() }.into()))
    };
    let sleep = json!({"preStop": {"sleep": {"seconds": 5}}});
    let shared = registry("storage.volume.access_mode = 'ReadWriteMany'\n");
    assert_eq!(before_their_end(&shared, served("v1.30.1")), sleep);
    assert_eq!(
        before_their_end(&shared, served("v1.29.8-eks-a1")),
        Value::Null,
        "the server would refuse it"
    );
    // An old pod that ends first is not made to end later.
    assert_eq!(before_their_end(&registry(""), served("v1.36.3")), Value::Null);
    // Without a cluster the configuration says which version is meant, and it is a newer one where nobody tells.
    let named = |version: &str| format!("[cluster]\nversion = '{version}'\n{shared}");
    assert_eq!(before_their_end(&named("1.29"), Fact::Capabilities(None)), Value::Null);
    assert_eq!(before_their_end(&named("1.36"), Fact::Capabilities(None)), sleep);
    assert_eq!(before_their_end(&shared, Fact::Capabilities(None)), sleep);
    assert_eq!(before_their_end(&shared, Fact::Unknown("no answer".into())), sleep);
    assert_eq!(before_their_end(&named("1.29"), served("v1.36.3")), sleep, "the cluster knows better");
}

#[test]
fn two_registries_share_a_namespace() {
    let text = registry("") + &registry("").replace("registry.main", "registry.mirror_2");
    let resources = fine(&text);
    object(&resources, "registry.main/Deployment/registry");
    let second = object(&resources, "registry.mirror_2/Deployment/registry-mirror-2");
    assert_eq!(
        second.object["spec"]["selector"]["matchLabels"],
        json!({"app.kubernetes.io/name": "registry", "app.kubernetes.io/instance": "registry-mirror-2"})
    );
    let clash = found(&text.replacen("auth", "name = 'registry-mirror-2'\nauth", 1));
    assert!(clash.contains("error duplicate-object"), "{clash}");
}

#[test]
fn an_existing_file_of_users_is_taken_if_the_registry_can_read_it() {
    let text = replaced("auth.anonymous = true", "auth.htpasswd = '/users'");
    let line = format!("alice:$2y$10${}\n", "a".repeat(53));
    let known = SecretText::Known("k".into());
    let resources = compiled_with(&text, &line, &known).unwrap().resources;
    let secret = object(&resources, "registry.main/Secret/registry-htpasswd");
    assert!(secret.is_sensitive(&path("data.htpasswd")));
    insta::assert_snapshot!(found_with(&text, "# users\nbob:$apr1$salt$hash\nbob\n", &known), @r"
    error bad-file: /users:2: the hash is Apache's MD5 (`$apr1$`), and the registry takes bcrypt alone: make it with `htpasswd -B`
      at `'/users'` 
      help: correct the file
    error bad-file: /users:3: there is no `:` between user and hash
      at `'/users'` 
      help: correct the file
    ");
}

#[test]
fn generated_passwords_are_kept_where_people_find_them() {
    let text = replaced("auth.anonymous = true", "auth.users.ci = { generate = { length = 24 } }");
    let resources = fine(&text);
    let secret = object(&resources, "registry.main/Secret/registry-users");
    assert_eq!(secret.object["data"]["ci"], "VEVYVA==");
    assert!(secret.is_sensitive(&path("data.ci")));
}

#[test]
fn the_ingress_has_the_limits_that_pushes_need() {
    let more = "tls.secret = 'x'\n[registry.main.ingress]\ncontroller = 'f5-nginx'\nbody_size = '2g'\n\
                timeouts.read = 60\nannotations = { 'nginx.org/proxy-send-timeout' = '5s' }\n";
    let resources = fine(&registry(more));
    let ingress = object(&resources, "registry.main/Ingress/registry");
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&ingress.object["metadata"]["annotations"]).unwrap()
    );
    assert_eq!(ingress.object["spec"].get("ingressClassName"), None);
    let key = path("metadata.annotations").key("nginx.org/proxy-read-timeout");
    assert_eq!(ingress.origin(&key).unwrap().key, "registry.main.ingress.timeouts.read");
}

#[test]
fn labels_and_annotations_may_wait_for_live_fields() {
    let resources = fine(&registry("annotations.x = '${registry.main/Service/registry.spec.clusterIP}'\n"));
    let claim = object(&resources, "registry.main/PersistentVolumeClaim/registry");
    assert!(claim.unresolved.get(&path("metadata.annotations.x")).is_some());
}

#[test]
fn what_would_not_work_is_refused() {
    let mut shown = String::new();
    for (line, by) in [
        ("image = 'registry:3.1.1'", "image = 'registry'"),
        ("image = 'registry:3.1.1'", "image = 'registry:latest'"),
        ("image = 'registry:3.1.1'", "image = 'https://registry:3'"),
        ("host = 'registry.example.com'", "host = 'https://registry.example.com'"),
        ("host = 'registry.example.com'", "host = '10.0.0.1'"),
        ("host = 'registry.example.com'", "host = 'registry'"),
        ("auth.anonymous = true", ""),
        ("auth.anonymous = true", "auth.users = {}"),
        ("auth.anonymous = true", "auth.anonymous = true\nauth.htpasswd = '/x'"),
        (
            "auth.anonymous = true",
            "auth.users = { 'a:b' = { env = 'X' }, 'ä' = { generate = { length = 4 } } }",
        ),
        ("auth.anonymous = true", "auth.anonymous = true\nreplicas = 2"),
        ("auth.anonymous = true", "auth.anonymous = true\ntls.secret = 'x'"),
        ("auth.anonymous = true", "auth.users.a.env = 'X'\ningress.class = 'nginx'"),
        ("auth.anonymous = true", "auth.anonymous = true\nlabels = { 'app.kubernetes.io/name' = 'x' }"),
        ("auth.anonymous = true", "auth.anonymous = true\nresources.limits = { memory = '1GB' }"),
        ("storage.volume.size = '1Gi'", "storage.volume.size = '1 GB'"),
    ] {
        writeln!(shown, "## {}\n{}", by.replace('\n', "; "), found(&replaced(line, by))).unwrap();
    }
    insta::assert_snapshot!("refused", shown);
}

/// Every key that is said to give a field as it is does so, and gives no other.
#[test]
fn keys_that_give_a_field_give_just_this_one() {
    let text = registry(
        "replicas = 2\nstorage.volume.access_mode = 'ReadWriteMany'\nstorage.volume.class = 'fast'\n\
         labels.team = 'a'\nannotations.note = 'b'\nnode_selector.disk = 'ssd'\n\
         ingress = { class = 'nginx', annotations.x = 'y' }\ntls.secret = 't'\n\
         resources = { requests.cpu = '100m', limits.memory = '1Gi' }\n",
    );
    let written = serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap();
    let mut found = Vec::new();
    for desired in fine(&text) {
        for (path, ()) in desired.settable.iter() {
            let origin = desired.origins.get(path).unwrap();
            let key: FieldPath = origin.key.parse().unwrap();
            assert_eq!(key.get(&written), path.get(&desired.object), "{}", origin.key);
            found.push(origin.key.clone());
        }
    }
    found.sort();
    assert_eq!(
        found,
        [
            "registry.main.image",
            "registry.main.ingress.annotations.x",
            "registry.main.ingress.class",
            "registry.main.node_selector",
            "registry.main.node_selector.disk",
            "registry.main.replicas",
            "registry.main.resources.limits.memory",
            "registry.main.resources.requests.cpu",
            "registry.main.storage.volume.class",
            "registry.main.storage.volume.size",
        ]
    );
}

#[test]
fn a_default_names_the_key_that_would_set_it() {
    let resources = fine(&registry(""));
    let deployment = resources.iter().find(|desired| desired.identity.kind == "Deployment").unwrap();
    let path = FieldPath::keys(["spec", "replicas"]);
    let origin = deployment.origins.get(&path).unwrap();
    assert_eq!((origin.key.as_str(), origin.span), ("registry.main.replicas", None));
    assert!(deployment.settable.get(&path).is_some());
    let selector: FieldPath = "spec.template.spec.nodeSelector".parse().unwrap();
    assert!(deployment.settable.get(&selector).is_some(), "an item that somebody adds can be kept as well");
}

#[test]
fn a_controller_is_known_by_its_class_or_told_nothing() {
    let annotations = |more: &str| {
        let resources = fine(&registry(&format!("tls.secret = 'x'\n{more}")));
        let ingress = object(&resources, "registry.main/Ingress/registry");
        let annotations = ingress.object["metadata"].get("annotations").and_then(Value::as_object);
        annotations.map_or_else(Vec::new, |map| map.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(
        annotations("ingress.class = 'contour'"),
        ["ingress.kubernetes.io/force-ssl-redirect", "projectcontour.io/response-timeout"]
    );
    assert_eq!(annotations("ingress = { class = 'edge', controller = 'haproxy' }").len(), 3);
    assert!(annotations("ingress.class = 'edge'").is_empty());
    assert_eq!(annotations("ingress.class = 'edge-nginx'").len(), 4);
    let warned = |more: &str| {
        let compiled = compiled(&registry(&format!("tls.secret = 'x'\n{more}"))).unwrap();
        compiled.mistakes.iter().map(|mistake| mistake.message.clone()).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(warned("ingress.class = 'edge'"), @"there is no class `edge`, and by its name no controller is known, so it is told no limits");
    insta::assert_snapshot!(warned("ingress.class = 'traefik'"), @"Traefik ends a push after 60 seconds, unless its entry point says otherwise: no annotation changes that");
    insta::assert_snapshot!(warned("ingress = { class = 'contour', body_size = '1m' }"), @"this controller has no limit for bodies");
    assert_eq!(warned("ingress = { class = 'edge', controller = 'other' }"), "");
    for retired in ["class = 'nginx'", "class = 'edge', controller = 'ingress-nginx'"] {
        let warned = warned(&format!("ingress = {{ {retired} }}"));
        assert_eq!(warned, "ingress-nginx is retired: since March 2026 nobody mends its faults");
    }
    // Which class is the default one, nobody knows here.
    assert!(warned("ingress = {}").contains("serve plain HTTP beside HTTPS"), "{}", warned("ingress = {}"));
    assert_eq!(warned("ingress.controller = 'f5-nginx'"), "");
    assert_eq!(warned("ingress = { class = 'nginx', controller = 'f5-nginx' }"), "");
}
