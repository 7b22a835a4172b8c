//! Values that only one object can have: node ports, cluster IPs, the default priority class.

use super::{cured, of_manifest, plan, refused};
use crate::harness::{Namespace, OwnCluster, change, wait_until};

tests! {
    a_node_port_moves_to_another_service,
    a_node_port_moves_to_a_renamed_service,
    a_cluster_ip_moves_to_a_service_in_another_namespace,
    an_address_waits_for_its_range,
    a_health_check_port_moves_to_another_service,
    a_load_balancer_waits_for_room_in_its_quota,
    a_chain_of_node_ports_moves_in_order,
    swapped_node_ports_are_refused_with_the_way_out,
    two_services_with_one_port_are_a_mistake,
    a_port_of_a_stranger_is_an_error,
    a_port_of_a_protected_service_is_not_freed_early,
    the_approval_binds_what_is_deleted_first,
}

/// A Service with this in its `spec`.
fn service(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{ name: {name} }}\nspec: {{ selector: {{ app: a }}, {spec} }}\n"
    )
}

fn on_port(name: &str, port: u16) -> String {
    service(name, &format!("type: NodePort, ports: [{{ port: 80, nodePort: {port} }}]"))
}

fn a_node_port_moves_to_another_service() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(on_port("a", 30001) + &on_port("b", 30002)));
    project.apply();
    project.rewrite("all.yaml", &(on_port("a", 30002) + &on_port("b", 30003)));
    cured(&project, "manifest.all/Service/a", "provided port is already allocated", "manifest.all/Service/b");
    assert_eq!(ns.field("service/a", "/spec/ports/0/nodePort"), 30002);
}

/// In a manifest the old name is another address. In a block of its own, it is the same one.
fn a_node_port_moves_to_a_renamed_service() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &on_port("old", 30005));
    project.apply();
    project.rewrite("all.yaml", &on_port("new", 30005));
    cured(&project, "manifest.all/Service/new", "already allocated", "manifest.all/Service/old");
    assert!(ns.find("service/old").is_none());
    let config = |name: &str| {
        format!(
            "{}\n[resource.web]\napiVersion = \"v1\"\nkind = \"Service\"\nmetadata.name = \"{name}\"\n\
             spec = {{ type = \"NodePort\", ports = [{{ port = 80, nodePort = 30006 }}] }}\n",
            crate::harness::HEAD
        )
    };
    let other = ns.project().write("regplan.toml", &config("one"));
    other.edit("regplan.toml", "{project}", "{project}-b");
    other.apply();
    other.rewrite("regplan.toml", &config("two"));
    other.edit("regplan.toml", "{project}", "{project}-b");
    cured(&other, "resource.web", "already allocated", &ns.fill("Service {ns}/one"));
}

fn a_cluster_ip_moves_to_a_service_in_another_namespace() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &service("a", "clusterIP: 10.0.0.77, ports: [{ port: 80 }]"));
    project.apply();
    // The new namespace is not there yet, so the server cannot even be asked.
    let space = "---\napiVersion: v1\nkind: Namespace\nmetadata: { name: \"{ns}-b\" }\n";
    let moved = service("a, namespace: \"{ns}-b\"", "clusterIP: 10.0.0.77, ports: [{ port: 80 }]");
    project.rewrite("all.yaml", &format!("{space}{moved}"));
    project.run(["apply", "--auto-approve", "--move-to", "{ns}-b"]).success();
    project.expect_settled();
    assert!(ns.find("service/a").is_none());
}

/// The Services of other tests would get addresses of the new range, so this one has a cluster of its own.
fn an_address_waits_for_its_range() {
    let cluster = OwnCluster::take();
    let ns = Namespace::on(&cluster);
    let wanted = service("a", "clusterIP: 10.77.0.5, ports: [{ port: 80 }]");
    let range = |cidr: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {{ name: \"{{prefix}}\" }}\n\
             spec: {{ cidrs: [{cidr}] }}\n"
        )
    };
    let project = of_manifest(&ns, &wanted);
    refused(&project, "manifest.all/Service/a", "10.77.0.5");
    // A range without the address is no cure.
    project.rewrite("all.yaml", &(range("10.78.0.0/24") + &wanted));
    refused(&project, "manifest.all/Service/a", "10.77.0.5");
    project.rewrite("all.yaml", &(range("10.77.0.0/24") + &wanted));
    let first = ns.fill("manifest.all/ServiceCIDR/{prefix}");
    cured(&project, "manifest.all/Service/a", "10.77.0.5", &first);
    assert_eq!(ns.field("service/a", "/spec/clusterIP"), "10.77.0.5");
    project.run(["destroy", "--auto-approve"]).success();
    cluster.give_back();
}

fn a_chain_of_node_ports_moves_in_order() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(on_port("a", 30011) + &on_port("b", 30012) + &on_port("c", 30013)));
    project.apply();
    project.rewrite("all.yaml", &(on_port("a", 30012) + &on_port("b", 30013)));
    let plan = plan(&project, 0);
    for address in ["manifest.all/Service/a", "manifest.all/Service/b"] {
        assert_eq!(change(&plan, address)["fidelity"]["kind"], "predicted", "{plan:#}");
    }
    project.apply();
    project.expect_settled();
}

fn swapped_node_ports_are_refused_with_the_way_out() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(on_port("a", 30021) + &on_port("b", 30022)));
    project.apply();
    project.rewrite("all.yaml", &(on_port("a", 30022) + &on_port("b", 30021)));
    refused(&project, "manifest.all/Service/a", "wait for each other");
    project.run(["plan"]).code(1).stdout_contains("another value first");
}

fn two_services_with_one_port_are_a_mistake() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &(on_port("a", 30031) + &on_port("b", 30031)));
    for args in [["validate"], ["plan"]] {
        project
            .run(args)
            .code(1)
            .stderr_contains("Service/a")
            .stderr_contains("Service/b")
            .stderr_contains("30031");
    }
    let ip = |name: &str| service(name, "clusterIP: 10.0.0.78, ports: [{ port: 80 }]");
    project.rewrite("all.yaml", &(ip("a") + &ip("b")));
    project.run(["validate"]).code(1).stderr_contains("10.0.0.78");
}

fn a_port_of_a_stranger_is_an_error() {
    let ns = Namespace::new();
    ns.apply(&on_port("theirs", 30041));
    let project = of_manifest(&ns, &(on_port("a", 30041) + &on_port("b", 30042)));
    refused(&project, "manifest.all/Service/a", "already allocated");
}

fn a_port_of_a_protected_service_is_not_freed_early() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &on_port("old", 30051));
    project.edit("regplan.toml", "path = \"all.yaml\"", "path = \"all.yaml\"\nlifecycle.protect = true");
    project.apply();
    project.rewrite("all.yaml", &on_port("new", 30051));
    refused(&project, "manifest.all/Service/new", "already allocated");
    let consent = project.run(["plan", "--consent", "manifest.all/Service/old"]).code(1);
    consent.stdout_contains("already allocated").stdout_contains("manifest.all/Service/old");
}

/// A plan file names what is deleted before the port is taken; the words of the server may differ.
fn the_approval_binds_what_is_deleted_first() {
    let ns = Namespace::new();
    let project = of_manifest(&ns, &on_port("old", 30061));
    project.apply();
    project.rewrite("all.yaml", &on_port("new", 30061));
    project.run(["plan", "--out", "p.plan"]).success();
    let file = project.content("p.plan");
    let bound = &file["bindings"]["manifest.all/Service/new"];
    assert_eq!(bound["awaits"], serde_json::json!(["manifest.all/Service/old"]), "{file:#}");
    project.run(["apply", "p.plan"]).success();
    project.expect_settled();
}

fn a_health_check_port_moves_to_another_service() {
    let ns = Namespace::new();
    let local = |name: &str, port: u16| {
        let spec = "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30071, ports: [{ port: 80, nodePort: ";
        service(name, &format!("{spec}{port} }}]"))
    };
    let project = of_manifest(&ns, &local("a", 30072));
    project.edit("regplan.toml", "path = \"all.yaml\"", "path = \"all.yaml\"\nlifecycle.ready = \"written\"");
    project.apply();
    let without = local("a", 30072).replace("Local", "Cluster").replace("healthCheckNodePort: 30071, ", "");
    project.rewrite("all.yaml", &(without + &local("b", 30073)));
    cured(&project, "manifest.all/Service/b", "HealthCheck NodePort 30071", "manifest.all/Service/a");
    // Whatever a port is for, it is one port of the nodes.
    project.rewrite("all.yaml", &on_port("c", 30071));
    cured(&project, "manifest.all/Service/c", "already allocated", "manifest.all/Service/b");
}

fn a_load_balancer_waits_for_room_in_its_quota() {
    let ns = Namespace::new();
    for (resource, sort) in [("services.loadbalancers", "LoadBalancer"), ("services.nodeports", "NodePort")] {
        let quota = format!(
            "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{ name: few }}\nspec: {{ hard: {{ {resource}: 1 }} }}\n"
        );
        let of_type =
            |name: &str, sort: &str| service(name, &format!("type: {sort}, ports: [{{ port: 80 }}]"));
        let project = of_manifest(&ns, &(quota.clone() + &of_type("a", sort)));
        project.edit(
            "regplan.toml",
            "path = \"all.yaml\"",
            "path = \"all.yaml\"\nlifecycle.ready = \"written\"",
        );
        project.apply();
        project.rewrite("all.yaml", &(quota.clone() + &of_type("a", sort) + &of_type("b", sort)));
        wait_until("the quota to count", || project.run(["plan"]).any().stdout().contains("exceeded quota"));
        refused(&project, "manifest.all/Service/b", "exceeded quota: few");
        project.rewrite("all.yaml", &(quota + &of_type("a", "ClusterIP") + &of_type("b", sort)));
        cured(&project, "manifest.all/Service/b", "exceeded quota: few", "manifest.all/Service/a");
        project.run(["destroy", "--auto-approve"]).success();
    }
}
