//! What the server filled in, or others put there, and what keeps it from taking what the file says: it is taken away
//! first, and the plan shows it.

pub(crate) mod behind;

use serde_json::{Value, json};

use crate::harness::{HEAD, Namespace, Project, change, deployment};

tests! {
    a_default_that_does_not_go_with_the_file_is_taken_away,
    what_others_set_instead_is_a_conflict,
    a_list_item_with_another_key_is_taken_back,
    an_item_that_others_added_stays,
    a_repair_that_is_killed_in_between_is_finished_by_the_next_run,
    all_that_stands_in_the_way_is_taken_at_once,
    siblings_that_others_set_are_taken_away,
    a_port_with_another_protocol_is_taken_back,
    an_item_in_the_place_of_ours_is_taken_over,
}

fn field<'p>(plan: &'p Value, address: &str, path: &str) -> &'p Value {
    let fields = change(plan, address)["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["path"] == path);
    found.unwrap_or_else(|| panic!("no {path} in {fields:#?}"))
}

fn plan(project: &Project<'_>) -> Value {
    let plan = project.run(["plan", "--format=json"]).success().json();
    assert_eq!(plan["errors"], json!([]), "{plan:#}");
    plan
}

/// Plans, applies the plan file, and plans again: the same as was planned is done, and nothing is left to do.
fn apply_as_planned(project: &Project<'_>) {
    project.run(["plan", "--out=plan.regplan"]).success();
    project.run(["apply", "plan.regplan"]).success();
    project.expect_settled();
    project.run(["drift"]).success();
}

fn template(volumes: &str, container: &str) -> String {
    format!(
        "template.spec = {{ containers = [{{ name = \"main\", image = \"web:1\"{container} }}], volumes = [{volumes}] }}"
    )
}

fn a_default_that_does_not_go_with_the_file_is_taken_away() {
    let ns = Namespace::new();
    let web = |strategy: &str, source: &str| {
        let volumes = format!("{{ name = \"v\"{source} }}, {{ name = \"w\"{source} }}");
        deployment("web", &format!("{strategy}\n{}", template(&volumes, "")))
    };
    let ordered = |strategy: &str| {
        let labels = "{ app = \"ordered\" }";
        format!(
            "\n[resource.ordered]\napiVersion = \"apps/v1\"\nkind = \"StatefulSet\"\n[resource.ordered.spec]\n\
             serviceName = \"ordered\"\nreplicas = 0\nselector.matchLabels = {labels}\ntemplate.metadata.labels = {labels}\n\
             template.spec.containers = [{{ name = \"a\", image = \"a\" }}]\n{strategy}"
        )
    };
    let file = |strategy: &str, source: &str, update: &str| {
        format!("{HEAD}{}{}", web(strategy, source), ordered(update))
    };
    let project = ns.project().write("regplan.toml", &file("", "", ""));
    project.apply();
    let map = ", configMap = { name = \"m\", optional = true }";
    let changed = file("strategy.type = \"Recreate\"", map, "updateStrategy.type = \"OnDelete\"");
    project.rewrite("regplan.toml", &changed);
    let shown = plan(&project);
    for (address, path) in [
        ("resource.web", "spec.strategy.rollingUpdate"),
        ("resource.web", "spec.template.spec.volumes[v].emptyDir"),
        ("resource.web", "spec.template.spec.volumes[w].emptyDir"),
        ("resource.ordered", "spec.updateStrategy.rollingUpdate"),
    ] {
        let line = field(&shown, address, path);
        assert_eq!((&line["removed"], &line["cause"]["kind"]), (&json!(true), &json!("yours")), "{path}");
    }
    apply_as_planned(&project);
    assert_eq!(ns.field("deployment/web", "/spec/strategy"), json!({"type": "Recreate"}));
    assert_eq!(ns.field("statefulset/ordered", "/spec/updateStrategy"), json!({"type": "OnDelete"}));
    let volume = ns.field("deployment/web", "/spec/template/spec/volumes/0");
    assert!(volume["configMap"].is_object() && volume["emptyDir"].is_null(), "{volume}");
    // And back again.
    project.rewrite("regplan.toml", &file("", "", ""));
    apply_as_planned(&project);
    assert!(ns.field("deployment/web", "/spec/strategy/rollingUpdate").is_object());
}

fn what_others_set_instead_is_a_conflict() {
    let ns = Namespace::new();
    let file = |env: &str, probe: &str| {
        format!(
            "{HEAD}{}",
            deployment("web", &template("", &format!(", env = [{{ name = \"A\"{env} }}]{probe}")))
        )
    };
    let project = ns.project().write("regplan.toml", &file("", ""));
    project.apply();
    // Two more ways to say one thing, each by another hand.
    ns.kubectl(["set", "env", "deployment/web", "A=by-hand"]).run().success();
    let probe = json!([{"op": "add", "path": "/spec/template/spec/containers/0/livenessProbe",
                        "value": {"httpGet": {"path": "/", "port": 80}}}]);
    ns.kubectl(["patch", "deployment/web", "--type=json", "--patch", &probe.to_string()]).run().success();
    project.expect_settled();
    let from = ", valueFrom = { fieldRef = { fieldPath = \"metadata.name\" } }";
    project.rewrite("regplan.toml", &file(from, ", livenessProbe = { tcpSocket = { port = 80 } }"));
    let shown = plan(&project);
    for (path, manager) in [
        ("spec.template.spec.containers[main].env[A].value", "kubectl-set"),
        ("spec.template.spec.containers[main].livenessProbe.httpGet", "kubectl-patch"),
    ] {
        let line = field(&shown, "resource.web", path);
        assert_eq!(
            (&line["removed"], &line["cause"]["kind"]),
            (&json!(true), &json!("conflict")),
            "{line:#}"
        );
        assert_eq!(line["cause"]["by"][0]["manager"], manager);
    }
    apply_as_planned(&project);
    let container = ns.field("deployment/web", "/spec/template/spec/containers/0");
    assert!(
        container["env"][0]["value"].is_null() && container["livenessProbe"]["httpGet"].is_null(),
        "{container}"
    );
}

const FRONT: &str = "\n[resource.front]\napiVersion = \"v1\"\nkind = \"Service\"\n[resource.front.spec]\n\
                     selector = { app = \"web\" }\nports = [{ name = \"http\", port = 80, targetPort = \"http\" }]\n";

fn with_a_port() -> String {
    let container = ", ports = [{ containerPort = 80, name = \"http\" }, { containerPort = 90 }], \
                     env = [{ name = \"A\", value = \"a\" }]";
    format!("{HEAD}{FRONT}{}", deployment("web", &template("", container)))
}

fn merge(ns: &Namespace, target: &str, changes: &Value) {
    ns.kubectl(["patch", target, "--type=merge", "--patch", &changes.to_string()]).run().success();
}

fn replace(ns: &Namespace, target: &str, changes: &[(&str, Value)]) {
    let steps: Vec<Value> =
        changes.iter().map(|(path, value)| json!({"op": "replace", "path": path, "value": value})).collect();
    ns.kubectl(["patch", target, "--type=json", "--patch", &json!(steps).to_string()]).run().success();
}

fn a_list_item_with_another_key_is_taken_back() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &with_a_port());
    project.apply();
    replace(&ns, "service/front", &[("/spec/ports/0/port", json!(81))]);
    let main = "/spec/template/spec/containers/0";
    replace(
        &ns,
        "deployment/web",
        &[
            (&format!("{main}/ports/0/containerPort"), json!(81)),
            (&format!("{main}/ports/1/containerPort"), json!(91)),
            (&format!("{main}/env/0/name"), json!("B")),
        ],
    );
    let shown = plan(&project);
    let line = field(&shown, "resource.front", "spec.ports[http].port");
    assert_eq!((&line["before"], &line["after"]), (&json!(81), &json!(80)), "{line:#}");
    assert_eq!(line["cause"]["kind"], "drift", "{line:#}");
    assert_eq!(line["cause"]["by"][0]["manager"], "kubectl-patch", "{line:#}");
    let line = field(&shown, "resource.web", "spec.template.spec.containers[main].env[B]");
    assert_eq!((&line["removed"], &line["cause"]["kind"]), (&json!(true), &json!("drift")), "{line:#}");
    apply_as_planned(&project);
    let ports = ns.field("service/front", "/spec/ports");
    assert_eq!((ports.as_array().unwrap().len(), &ports[0]["port"]), (1, &json!(80)), "{ports}");
    let container = ns.field("deployment/web", main);
    let ports: Vec<&Value> =
        container["ports"].as_array().unwrap().iter().map(|port| &port["containerPort"]).collect();
    assert_eq!(ports, [80, 90]);
    assert_eq!(container["env"], json!([{"name": "A", "value": "a"}]));
    // The record is lost: the server still says what stands in the way.
    replace(&ns, "service/front", &[("/spec/ports/0/port", json!(82))]);
    std::fs::remove_dir_all(project.path(".regplan")).unwrap();
    let lineage = ns.field("service/front", "/metadata/annotations/regplan.dev~1lineage");
    let argument = format!("--adopt-lineage={}", lineage.as_str().unwrap());
    project.run(["apply", "--auto-approve", &argument]).success();
    assert_eq!(ns.field("service/front", "/spec/ports/0/port"), 80);
    assert_eq!(ns.field("service/front", "/spec/ports").as_array().unwrap().len(), 1);
    project.expect_settled();
}

fn an_item_that_others_added_stays() {
    let ns = Namespace::new();
    let project = ns.project().write("regplan.toml", &with_a_port());
    project.apply();
    let more = json!([{"op": "add", "path": "/spec/ports/-", "value": {"name": "more", "port": 99}}]);
    ns.kubectl(["patch", "service/front", "--type=json", "--patch", &more.to_string()]).run().success();
    project.expect_settled();
    // Also where one of ours goes at the same time.
    project.edit("regplan.toml", "port = 80, targetPort", "port = 83, targetPort");
    project.apply();
    let ports = ns.field("service/front", "/spec/ports");
    let ports: Vec<&Value> = ports.as_array().unwrap().iter().map(|port| &port["port"]).collect();
    assert!(ports.contains(&&json!(99)) && ports.contains(&&json!(83)) && ports.len() == 2, "{ports:?}");
}

fn a_repair_that_is_killed_in_between_is_finished_by_the_next_run() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{FRONT}")).through(&proxy);
    project.apply();
    replace(&ns, "service/front", &[("/spec/ports/0/port", json!(81))]);
    // What stands in the way is ours already, and the write after that is not done.
    proxy.on("apply", "services").not_dry_run().answer(400);
    let apply = project.regplan(["apply", "--auto-approve"]).run().any();
    apply.check(apply.exit_code() == Some(1), "should fail");
    proxy.clear_faults();
    project.apply();
    assert_eq!(ns.field("service/front", "/spec/ports/0/port"), 80);
    assert_eq!(ns.field("service/front", "/spec/ports").as_array().unwrap().len(), 1);
    project.expect_settled();
}

fn all_that_stands_in_the_way_is_taken_at_once() {
    let ns = Namespace::new();
    let volume = "{ name = \"v\", projected.sources = [{ configMap = { name = \"m\", optional = true } }] }";
    let container = ", ports = [{ containerPort = 80, name = \"http\" }], \
                     startupProbe = { exec = { command = [\"true\"] } }";
    let file = format!("{HEAD}{}", deployment("web", &template(volume, container)));
    let project = ns.project().write("regplan.toml", &file);
    project.apply();
    let main = "/spec/template/spec/containers/0";
    replace(
        &ns,
        "deployment/web",
        &[
            ("/spec/template/spec/volumes/0", json!({"name": "v", "emptyDir": {}})),
            (&format!("{main}/ports/0/containerPort"), json!(81)),
            (&format!("{main}/startupProbe"), json!({"grpc": {"port": 81}})),
        ],
    );
    let shown = plan(&project);
    for path in
        ["spec.template.spec.volumes[v].emptyDir", "spec.template.spec.containers[main].startupProbe.grpc"]
    {
        let line = field(&shown, "resource.web", path);
        assert_eq!((&line["removed"], &line["cause"]["kind"]), (&json!(true), &json!("drift")), "{line:#}");
        assert_eq!(line["cause"]["by"][0]["manager"], "kubectl-patch", "{line:#}");
    }
    apply_as_planned(&project);
    let spec = ns.field("deployment/web", "/spec/template/spec");
    assert!(spec["volumes"][0]["emptyDir"].is_null(), "{spec:#}");
    assert!(spec["containers"][0]["startupProbe"]["grpc"].is_null(), "{spec:#}");
    assert_eq!(spec["containers"][0]["ports"].as_array().unwrap().len(), 1, "{spec:#}");
}

fn siblings_that_others_set_are_taken_away() {
    let ns = Namespace::new();
    let profile = "securityContext = { seccompProfile = { type = \"RuntimeDefault\" }, \
                   appArmorProfile = { type = \"RuntimeDefault\" } }";
    let env = "env = [{ name = \"A\", valueFrom = { secretKeyRef = { name = \"s\", key = \"k\", optional = true } } }]";
    let mounts = "volumeMounts = [{ name = \"v\", mountPath = \"/v\", subPath = \"x\" }]";
    let web = deployment(
        "web",
        &format!(
            "template.spec = {{ {profile}, containers = [{{ name = \"main\", image = \"web:1\", {env}, {mounts} }}], \
             volumes = [{{ name = \"v\", emptyDir = {{}} }}] }}"
        ),
    );
    let file = format!(
        "{HEAD}{web}
[resource.budget]
apiVersion = \"policy/v1\"
kind = \"PodDisruptionBudget\"
spec = {{ minAvailable = 1, selector.matchLabels = {{ app = \"web\" }} }}
[resource.front]
apiVersion = \"v1\"
kind = \"Service\"
spec = {{ type = \"ClusterIP\", selector = {{ app = \"web\" }}, ports = [{{ port = 80 }}] }}
"
    );
    let project = ns.project().write("regplan.toml", &file);
    project.apply();
    merge(&ns, "poddisruptionbudget/budget", &json!({"spec": {"minAvailable": null, "maxUnavailable": 1}}));
    let balancer = json!({"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}});
    merge(&ns, "service/front", &balancer);
    let local = json!({"type": "Localhost", "localhostProfile": "p.json"});
    let by_name = json!({"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}});
    let mount = json!({"name": "v", "mountPath": "/v", "subPathExpr": "$(A)"});
    replace(
        &ns,
        "deployment/web",
        &[
            ("/spec/template/spec/securityContext/seccompProfile", local.clone()),
            ("/spec/template/spec/securityContext/appArmorProfile", local),
            ("/spec/template/spec/containers/0/env/0", by_name),
            ("/spec/template/spec/containers/0/volumeMounts/0", mount),
        ],
    );
    let shown = plan(&project);
    let main = "spec.template.spec.containers[main]";
    for (address, path) in [
        ("resource.budget", "spec.maxUnavailable"),
        ("resource.front", "spec.loadBalancerSourceRanges"),
        ("resource.web", "spec.template.spec.securityContext.seccompProfile.localhostProfile"),
        ("resource.web", "spec.template.spec.securityContext.appArmorProfile.localhostProfile"),
        ("resource.web", &format!("{main}.env[A].valueFrom.fieldRef")),
        ("resource.web", &format!("{main}.volumeMounts[v].subPathExpr")),
    ] {
        let line = field(&shown, address, path);
        assert_eq!((&line["removed"], &line["cause"]["kind"]), (&json!(true), &json!("drift")), "{line:#}");
    }
    apply_as_planned(&project);
    assert_eq!(ns.field("poddisruptionbudget/budget", "/spec/maxUnavailable"), json!(null));
    assert_eq!(ns.field("service/front", "/spec/loadBalancerSourceRanges"), json!(null));
    let spec = ns.field("deployment/web", "/spec/template/spec");
    assert_eq!(spec["securityContext"]["seccompProfile"], json!({"type": "RuntimeDefault"}));
    assert!(spec["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"].is_object(), "{spec:#}");
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["subPath"], "x", "{spec:#}");
}

fn a_port_with_another_protocol_is_taken_back() {
    let ns = Namespace::new();
    let front = "\n[resource.front]\napiVersion = \"v1\"\nkind = \"Service\"\n[resource.front.spec]\n\
                 selector = { app = \"web\" }\nports = [{ port = 80 }]\n";
    let container = ", ports = [{ containerPort = 80 }]";
    let file = format!("{HEAD}{front}{}", deployment("web", &template("", container)));
    let project = ns.project().write("regplan.toml", &file);
    project.apply();
    replace(&ns, "service/front", &[("/spec/ports/0/protocol", json!("UDP"))]);
    let port = "/spec/template/spec/containers/0/ports/0/protocol";
    replace(&ns, "deployment/web", &[(port, json!("UDP"))]);
    let shown = plan(&project);
    for address in ["resource.front", "resource.web"] {
        assert_eq!(change(&shown, address)["action"], "update", "{shown:#}");
    }
    apply_as_planned(&project);
    for (target, path) in
        [("service/front", "/spec/ports"), ("deployment/web", "/spec/template/spec/containers/0/ports")]
    {
        let ports = ns.field(target, path);
        assert_eq!((ports.as_array().unwrap().len(), &ports[0]["protocol"]), (1, &json!("TCP")), "{ports}");
    }
}

fn an_item_in_the_place_of_ours_is_taken_over() {
    let ns = Namespace::new();
    let volume = "{ name = \"v\", configMap = { name = \"m\", optional = true } }";
    let file = format!("{HEAD}{}", deployment("web", &template(volume, "")));
    let project = ns.project().write("regplan.toml", &file);
    project.apply();
    replace(
        &ns,
        "deployment/web",
        &[
            ("/spec/template/spec/containers/0", json!({"name": "zz", "image": "other"})),
            ("/spec/template/spec/volumes/0", json!({"name": "yy", "emptyDir": {}})),
        ],
    );
    let shown = plan(&project);
    for path in ["spec.template.spec.containers[zz]", "spec.template.spec.volumes[yy]"] {
        let line = field(&shown, "resource.web", path);
        assert_eq!((&line["removed"], &line["cause"]["kind"]), (&json!(true), &json!("drift")), "{line:#}");
        assert_eq!(line["cause"]["by"][0]["manager"], "kubectl-patch", "{line:#}");
    }
    apply_as_planned(&project);
    let spec = ns.field("deployment/web", "/spec/template/spec");
    assert_eq!(spec["containers"].as_array().unwrap().len(), 1, "{spec:#}");
    assert_eq!(spec["containers"][0]["name"], "main", "{spec:#}");
    assert_eq!((spec["volumes"].as_array().unwrap().len(), &spec["volumes"][0]["name"]), (1, &json!("v")));
}
