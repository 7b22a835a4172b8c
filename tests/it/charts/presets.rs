//! Presets: charts that are known by name, rendered from the charts themselves.

use std::fs;

use regplan::kubernetes::class_controllers::{ENVOY_GATEWAY, INGRESS_NGINX, TRAEFIK, called};
use serde_json::{Value, json};

use crate::harness::{
    Dialect, DnsService, HEAD, Namespace, OwnCluster, Project, SERVICE_TOKEN, SERVICE_ZONE, changes,
    helm_program, stack_folder,
};

tests! {
    the_charts_of_presets_are_rendered_like_any_other,
    the_version_of_a_preset_is_the_one_that_is_rendered_here,
    controllers_are_found_where_their_presets_put_them,
    an_ingress_is_told_what_the_controller_of_a_preset_reads,
    a_retired_controller_is_told_with_the_way_out,
    the_webhook_of_ingress_nginx_takes_cert_manager,
    a_preset_that_was_not_tried_asks_for_its_version,
    a_name_leads_to_the_service_of_the_controller_that_a_preset_brings,
}

/// The presets whose charts are here, each with a resource of it.
const HERE: [(&str, &str); 5] = [
    ("cert-manager", "Deployment/cert-manager"),
    ("external-dns", "Deployment/external-dns"),
    ("ingress-nginx", "Deployment/ingress-nginx-controller"),
    ("traefik", "Deployment/traefik"),
    ("envoy-gateway", "Deployment/envoy-gateway"),
];
/// The name of the registry.
const HOST: &str = "registry.example.org";

/// A block with this name, preset and further keys, that takes the chart from its folder.
fn block(name: &str, preset: &str, keys: &str) -> String {
    let charts = stack_folder().join("charts");
    format!("\n[chart.{name}]\npreset = \"{preset}\"\nchart = \"{}/{preset}\"\n{keys}", charts.display())
}

fn project<'n>(ns: &'n Namespace, blocks: &str) -> Project<'n> {
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{blocks}"));
    let cache = project.path("cache");
    project.env("REGPLAN_HELM", helm_program()).env("XDG_CACHE_HOME", cache)
}

/// What the presets' charts are rendered to.
fn rendered(project: &Project<'_>) -> Vec<Value> {
    let list = project.run(["render", "--format=json"]).success().json();
    list["items"].as_array().unwrap().clone()
}

/// The object of this kind and name.
#[track_caller]
fn object<'o>(objects: &'o [Value], kind: &str, namespace: Option<&str>, name: &str) -> &'o Value {
    let found = objects.iter().find(|object| {
        let metadata = &object["metadata"];
        object["kind"] == kind && metadata["name"] == name && metadata["namespace"].as_str() == namespace
    });
    found.unwrap_or_else(|| {
        let all: Vec<String> = objects.iter().map(place).collect();
        panic!("there is no {kind} {namespace:?} {name} in {all:#?}")
    })
}

fn place(object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"])
}

/// The arguments of the only container.
fn arguments(deployment: &Value) -> Vec<&str> {
    let args = deployment.pointer("/spec/template/spec/containers/0/args").and_then(Value::as_array);
    args.unwrap().iter().filter_map(Value::as_str).collect()
}

fn the_charts_of_presets_are_rendered_like_any_other() {
    let ns = Namespace::new();
    // Megabytes of definitions are compared elsewhere.
    let is_large = |preset| ["traefik", "envoy-gateway"].contains(&preset);
    let keys = |preset| if is_large(preset) { "crds = false\n" } else { "" };
    let project = project(&ns, &HERE.map(|(preset, _)| block(preset, preset, keys(preset))).concat());
    let plan = project.run(["plan", "--format", "json"]).success().json();
    for (preset, deployment) in HERE {
        let within = format!("chart.{preset}/");
        let all = changes(&plan).iter().filter_map(|one| one["address"].as_str());
        let planned: Vec<&str> = all.filter_map(|address| address.strip_prefix(&within)).collect();
        assert!(planned.len() > 5, "{preset}: {planned:#?}");
        assert!(planned.contains(&deployment), "{preset}: {planned:#?}");
    }
    let objects = rendered(&project);
    assert_eq!(rendered(&project), objects);
    let external_dns =
        arguments(object(&objects, "Deployment", Some("external-dns"), "external-dns")).join(" ");
    for read in ["--source=service", "--source=ingress", "--source=crd"] {
        assert!(external_dns.contains(read), "{external_dns}");
    }
}

/// No network is needed: what is told of the chart that cannot be had names its version.
fn the_version_of_a_preset_is_the_one_that_is_rendered_here() {
    let ns = Namespace::absent();
    for preset in ["cert-manager", "external-dns", "traefik", "envoy-gateway"] {
        let chart =
            fs::read_to_string(stack_folder().join("charts").join(preset).join("Chart.yaml")).unwrap();
        let version = chart.lines().find_map(|line| line.strip_prefix("version: ")).unwrap();
        let project = project(&ns, &format!("\n[chart.one]\npreset = \"{preset}\"\n"));
        let project = project.env("HTTPS_PROXY", "http://127.0.0.1:1");
        let failed = project.run(["validate"]).code(1);
        // Lines end anywhere.
        let words: Vec<&str> = failed.stderr().split_whitespace().filter(|word| *word != "│").collect();
        let told = words.join(" ");
        assert!(told.contains(&format!("version {version}: ")), "{preset} {version}: {told}");
    }
}

/// What is known of a controller is right for its chart, whatever the block is called: where it is reached, and what its
/// class names.
fn controllers_are_found_where_their_presets_put_them() {
    let ns = Namespace::absent();
    for (preset, controller) in [("ingress-nginx", INGRESS_NGINX), ("traefik", TRAEFIK)] {
        let (usual, _) = controller.services[0];
        for (keys, namespace) in [("", usual), ("namespace = \"kube-system\"\n", "kube-system")] {
            let objects = rendered(&project(&ns, &block("one", preset, &format!("{keys}crds = false\n"))));
            let class = object(&objects, "IngressClass", None, controller.class.unwrap());
            let found = called(class["spec"]["controller"].as_str().unwrap());
            assert_eq!(found.map(|found| found.name), Some(controller.name));
            let known = controller.services.iter().find(|(place, _)| *place == namespace);
            let service = object(&objects, "Service", Some(namespace), known.unwrap().1);
            assert_eq!(service["spec"]["type"], "LoadBalancer", "{preset}");
            // It leads to the controller, and not to its webhook or to what it measures.
            let ports = service["spec"]["ports"].as_array().unwrap().iter().map(|port| &port["port"]);
            assert_eq!(ports.collect::<Vec<_>>(), [80, 443], "{preset}");
        }
    }
    let objects = rendered(&project(&ns, &block("one", "envoy-gateway", "crds = false\n")));
    let (namespace, service) = ENVOY_GATEWAY.services[0];
    object(&objects, "Service", Some(namespace), service);
    let settings = object(&objects, "ConfigMap", Some(namespace), "envoy-gateway-config");
    let settings = settings["data"]["envoy-gateway.yaml"].as_str().unwrap();
    let named = settings.lines().find_map(|line| line.trim().strip_prefix("controllerName: ")).unwrap();
    assert_eq!(called(named).map(|found| found.name), Some(ENVOY_GATEWAY.name));
}

/// The annotations that an Ingress gets are those that the controller of the chart reads.
fn an_ingress_is_told_what_the_controller_of_a_preset_reads() {
    let ns = Namespace::new();
    let with_registry = |preset: &str, class: &str| {
        let keys = format!("ingress.class = \"{class}\"\ntls.secret = \"registry-tls\"\n");
        let project = project(&ns, &(block("one", preset, "crds = false\n") + &registry(&keys)));
        let objects = rendered(&project);
        let ingress = object(&objects, "Ingress", Some(&ns.name()), "registry");
        (ingress["metadata"]["annotations"].clone(), objects)
    };

    // The preset says it to the entry points, so nobody has to.
    let keys = "ingress.class = \"traefik\"\ntls.secret = \"registry-tls\"\n";
    let slow = "Traefik ends a push after 60 seconds";
    project(&ns, &registry(keys)).run(["validate"]).success().stderr_contains(slow);
    let installed = project(&ns, &(block("one", "traefik", "crds = false\n") + &registry(keys)));
    installed.run(["validate"]).success().stderr_lacks(slow);

    let (annotations, objects) = with_registry("traefik", "traefik");
    let entry_point = annotations["traefik.ingress.kubernetes.io/router.entrypoints"].as_str().unwrap();
    let arguments_of_traefik = arguments(object(&objects, "Deployment", Some("traefik"), "traefik"));
    for (option, value) in [("address", ":8443/tcp"), ("transport.respondingTimeouts.readTimeout", "0s")] {
        let argument = format!("--entryPoints.{entry_point}.{option}={value}");
        assert!(arguments_of_traefik.contains(&argument.as_str()), "{arguments_of_traefik:#?}");
    }
    assert!(arguments_of_traefik.contains(&"--providers.kubernetesingress"), "{arguments_of_traefik:#?}");

    let (annotations, objects) = with_registry("ingress-nginx", "nginx");
    assert_eq!(annotations["nginx.ingress.kubernetes.io/proxy-body-size"], "0");
    let name = "ingress-nginx-controller";
    let arguments = arguments(object(&objects, "Deployment", Some("ingress-nginx"), name));
    let has_prefix = arguments.iter().any(|argument| argument.starts_with("--annotations-prefix"));
    assert!(!has_prefix, "the annotations begin otherwise: {arguments:#?}");
    assert!(arguments.contains(&"--controller-class=k8s.io/ingress-nginx"), "{arguments:#?}");
    assert!(arguments.contains(&"--ingress-class=nginx"), "{arguments:#?}");
}

fn a_retired_controller_is_told_with_the_way_out() {
    let ns = Namespace::new();
    let project = project(&ns, &block("ingress", "ingress-nginx", ""));
    for command in ["validate", "plan"] {
        project
            .run([command])
            .success()
            .stderr_contains("ingress-nginx is retired: since March 2026 nobody mends its faults")
            .stderr_contains("take another controller, as with `preset = \"contour\"` or `\"traefik\"`");
    }
    project.rewrite("regplan.toml", &format!("{HEAD}{}", block("ingress", "traefik", "")));
    project.run(["validate"]).success().stderr_lacks("retired");
}

/// The preset leaves the webhook out for this reason.
fn the_webhook_of_ingress_nginx_takes_cert_manager() {
    let ns = Namespace::absent();
    let webhook = |keys: &str| {
        let keys = format!("values.controller.admissionWebhooks = {{ enabled = true{keys} }}\n");
        project(&ns, &block("one", "ingress-nginx", &keys))
    };
    let refused = "runs Role/ingress-nginx-admission both before and after the same change";
    webhook("").run(["validate"]).code(1).stderr_contains(refused);
    let objects = rendered(&webhook(", certManager.enabled = true"));
    object(&objects, "Certificate", Some("ingress-nginx"), "ingress-nginx-admission");
}

fn a_preset_that_was_not_tried_asks_for_its_version() {
    let ns = Namespace::absent();
    for preset in ["contour", "ingress-nginx"] {
        project(&ns, &format!("\n[chart.ingress]\npreset = \"{preset}\"\n"))
            .run(["validate"])
            .code(1)
            .stderr_contains("`chart.ingress` does not say which version of the chart is meant")
            .stderr_contains("add `version`");
    }
}

/// The smallest registry with a volume, with these keys.
fn registry(keys: &str) -> String {
    format!(
        "\n[registry.main]\nhost = \"{HOST}\"\nimage = \"registry:3.1.1\"\nnamespace = \"{{ns}}\"\n\
         storage.volume = {{ size = \"1Gi\" }}\nauth.anonymous = true\n{keys}"
    )
}

/// Classes, and namespaces that are called like charts, belong to the whole cluster, so this test has one of its own.
fn a_name_leads_to_the_service_of_the_controller_that_a_preset_brings() {
    let cluster = OwnCluster::take();
    for (namespace, keys, address) in
        [("traefik", "", "192.0.2.7"), ("kube-system", "namespace = \"kube-system\"\n", "192.0.2.8")]
    {
        let (ns, service) = (Namespace::on(&cluster), DnsService::start(Dialect::Cloudflare));
        // Nobody of this test uses the definitions.
        let chart = block("ingress", "traefik", &format!("{keys}crds = false\n"));
        let project = project(&ns, &chart).env("TOKEN", SERVICE_TOKEN);
        let mut apply = project.regplan(["apply", "--auto-approve"]).spawn();
        apply.until("has no address yet");
        let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}});
        ns.cluster().patch(namespace, "service/traefik/status", &status);
        apply.wait().success();
        project.expect_settled();

        let dns = format!(
            "dns = {{ zone = \"{SERVICE_ZONE}\", cloudflare = {{ api_token = {{ env = \"TOKEN\" }}, url = \"{}\" }} }}\n\
             ingress.class = \"traefik\"\n",
            service.url()
        );
        project.rewrite("regplan.toml", &format!("{HEAD}{chart}{}", registry(&dns)));
        // It is known before anything is made.
        project.run(["plan", "--full"]).success().stdout_contains(address);
        project.apply();
        assert!(service.records().contains(&format!("A {HOST} {address}")), "{:?}", service.records());
        // The Ingress itself tells nothing: nobody plays the controller.
        assert_eq!(ns.field("ingress/registry", "/status/loadBalancer/ingress"), Value::Null);
        project.expect_settled();
        project.run(["destroy", "--auto-approve"]).success();
        assert!(service.records().is_empty(), "{:?}", service.records());
    }
    cluster.give_back();
}
