//! The ways by which a registry is reached.

use super::*;
use crate::resource::{Identity, Live, Ownership, Stamp, Target};

/// A registry of users with these keys.
fn registry(more: &str) -> String {
    let users = "auth.users.ci = { env = 'CI_PASSWORD' }";
    format!(
        "[registry.main]\nhost = 'registry.example.com'\nimage = 'registry:3.1.2'\nnamespace = 'registry'\n\
         storage.volume.size = '1Gi'\n{users}\n{more}"
    )
}

/// The same for everybody.
fn anonymous(more: &str) -> String {
    registry(more).replace("auth.users.ci = { env = 'CI_PASSWORD' }", "auth.anonymous = true")
}

const LOAD_BALANCER: &str = "load_balancer = { class = 'example.com/internal', source_ranges = ['10.0.0.0/8'], \
                             annotations = { 'example.com/size' = 'small' } }\ntls.secret = 'registry-tls'\n";
const NODE_PORT: &str = "node_port.port = 30500\ntls.secret = 'registry-tls'\n";
const GATEWAY: &str = "gateway.class = 'edge'\ntls.secret = 'registry-tls'\n";

/// The objects of these kinds.
fn yaml(text: &str, kinds: &[&str]) -> String {
    let objects = fine(text).into_iter().filter(|desired| kinds.contains(&desired.identity.kind.as_str()));
    let texts: Vec<String> = objects
        .map(|desired| {
            format!("# {}\n{}", desired.address, serde_saphyr::to_string(&desired.object).unwrap())
        })
        .collect();
    texts.join("---\n")
}

fn mistakes(text: &str) -> String {
    let found = compiled(text).expect_err("mistakes");
    let found = found.iter().filter(|mistake| mistake.severity == Severity::Error);
    let found =
        found.map(|mistake| format!("{} | {}", mistake.message, mistake.help.as_deref().unwrap_or("-")));
    found.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_port_that_the_cluster_does_not_give_is_refused_before_anything_is_asked() {
    let told = |keys: &str| {
        let text = registry(&format!("tls.secret = 'registry-tls'\n{keys}"));
        if compiled(&text).is_ok() { "fine".to_owned() } else { mistakes(&text) }
    };
    insta::assert_snapshot!(told("node_port.port = 80"), @"the port 80 is outside of the range for ports of the nodes, 30000 to 32767 | take a port of that range, or leave `port` out: the server chooses a free one. Where the API server has another range (`--service-node-port-range`), name it with `node_port.range`");
    insta::assert_snapshot!(told("node_port = { port = 32768, range = '30000-32767' }"), @"the port 32768 is outside of the range for ports of the nodes, 30000 to 32767 | take a port within `node_port.range`, or leave `port` out: the server chooses a free one");
    insta::assert_snapshot!(told("node_port = { port = 80, range = '1000-90' }"), @"`1000-90` is no range of ports: the first one is the lower one, and none is above 65535 | write the range of the API server (`--service-node-port-range`): `30000-32767`");
    insta::assert_snapshot!(told("node_port = { range = '30000-70000' }"), @"`30000-70000` is no range of ports: the first one is the lower one, and none is above 65535 | write the range of the API server (`--service-node-port-range`): `30000-32767`");
    for fine in ["{ port = 30000 }", "{ port = 32767 }", "{ port = 80, range = '80-32767' }"] {
        assert_eq!(told(&format!("node_port = {fine}")), "fine", "{fine}");
    }
}

#[test]
fn a_load_balancer_aims_at_pods_that_end_tls() {
    insta::assert_snapshot!(yaml(&registry(LOAD_BALANCER), &["Service", "Deployment"]));
}

#[test]
fn a_gateway_is_made_with_a_route_and_a_redirect() {
    insta::assert_snapshot!(yaml(&registry(GATEWAY), &["Gateway", "HTTPRoute", "ReferenceGrant", "Service"]));
}

#[test]
fn a_gateway_of_another_namespace_is_let_at_the_certificate() {
    let more = "gateway = { class = 'edge', namespace = 'edge', name = 'public', annotations.a = 'b', ports = { http = 8000, https = 8443 } }\n\
                tls.secret = 'registry-tls'\n";
    insta::assert_snapshot!(yaml(&registry(more), &["Gateway", "HTTPRoute", "ReferenceGrant"]));
}

#[test]
fn a_gateway_that_is_there_keeps_its_certificate() {
    let more = "gateway = { name = 'public', namespace = 'edge', redirect_from = 'web' }\n";
    let text = registry(more);
    insta::assert_snapshot!(yaml(&text, &["Gateway", "HTTPRoute", "ReferenceGrant"]));
}

/// The port by which a Service is reached, and the pods' port at which it aims.
fn aims(text: &str) -> Vec<String> {
    let services = fine(text).into_iter().filter(|desired| desired.identity.kind == "Service");
    let port = |desired: Desired| {
        let port = &desired.object["spec"]["ports"][0];
        let fixed = port.get("nodePort").map_or_else(String::new, |port| format!(" at {port}"));
        format!(
            "{}:{} -> {}{fixed}",
            desired.identity.name,
            port["port"],
            port["targetPort"].as_str().unwrap()
        )
    };
    services.map(port).collect()
}

#[test]
fn a_service_aims_at_pods_of_its_own_sort_alone() {
    assert_eq!(aims(&registry("")), ["registry:5000 -> http"]);
    assert_eq!(aims(&anonymous("")), ["registry:5001 -> open"]);
    assert_eq!(
        aims(&registry(NODE_PORT)),
        ["registry:5000 -> https", "registry-external:443 -> https at 30500"]
    );
    assert_eq!(
        aims(&anonymous("node_port = {}\ntls.secret = 'x'\n")),
        ["registry:5001 -> open-tls", "registry-external:443 -> open-tls"]
    );
    assert_eq!(
        aims(&anonymous("node_port = {}\n")),
        ["registry:5001 -> open", "registry-external:5000 -> open"]
    );
    let ingress = |text: &str| {
        let resources = fine(text);
        let ingress = object(&resources, "registry.main/Ingress/registry");
        let backend = &ingress.object["spec"]["rules"][0]["http"]["paths"][0]["backend"];
        backend["service"]["port"]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(ingress(&registry("ingress.class = 'contour'\n")), "http");
    assert_eq!(ingress(&anonymous("ingress.class = 'contour'\n")), "open");
}

/// A route aims at the number of a port. One that was made for users, and is kept, must not lead to pods that ask for no
/// password.
#[test]
fn a_route_of_users_aims_at_no_port_of_a_registry_for_everybody() {
    let route = |text: &str, name: &str| {
        let address = format!("registry.main/HTTPRoute.gateway.networking.k8s.io/{name}");
        object(&fine(text), &address).object["spec"]["rules"][0]["backendRefs"][0]["port"].clone()
    };
    let service = |text: &str| {
        object(&fine(text), "registry.main/Service/registry").object["spec"]["ports"][0]["port"].clone()
    };
    let users = route(&registry(GATEWAY), "registry");
    assert_eq!(users, service(&registry(GATEWAY)));
    for way in [GATEWAY, "", "ingress.class = 'contour'\n", LOAD_BALANCER, NODE_PORT] {
        assert_ne!(users, service(&anonymous(way)), "{way}");
    }
    assert_eq!(route(&anonymous(GATEWAY), "registry-open"), service(&anonymous(GATEWAY)));
}

#[test]
fn nothing_leads_in_before_the_pods_are_ready() {
    for (way, address) in [
        ("ingress.class = 'contour'\n", "registry.main/Ingress/registry"),
        (GATEWAY, "registry.main/HTTPRoute.gateway.networking.k8s.io/registry"),
        (LOAD_BALANCER, "registry.main/Service/registry-external"),
        (NODE_PORT, "registry.main/Service/registry-external"),
    ] {
        let resources = fine(&registry(way));
        let way = object(&resources, address);
        let waits =
            way.depends_on.iter().any(|(on, _)| on.to_string() == "registry.main/Deployment/registry");
        assert!(waits, "{address}");
    }
}

#[test]
fn pods_that_end_tls_wait_for_their_certificate() {
    let text = registry("node_port = {}\ntls.issuer = 'issuer.i'\n") + "[issuer.i]\nself_signed = true\n";
    let resources = fine(&text);
    let deployment = object(&resources, "registry.main/Deployment/registry");
    let certificate = "registry.main/Certificate.cert-manager.io/registry";
    assert!(deployment.depends_on.iter().any(|(on, _)| on.to_string() == certificate));
    // They read it only at their start, so a renewed one rolls them.
    let annotation = path("spec.template.metadata.annotations").key("regplan.dev/certificate");
    assert_eq!(
        annotation.get(&deployment.object).unwrap(),
        &json!(format!("revision ${{{certificate}.status.revision}}"))
    );
    assert!(deployment.unresolved.get(&annotation).is_some());
}

#[test]
fn the_address_of_a_registry_is_that_of_its_way() {
    let address = |text: &str| {
        let map =
            "[resource.m]\napiVersion = 'v1'\nkind = 'ConfigMap'\ndata.a = '${registry.main.address}'\n";
        object(&fine(&format!("{text}{map}")), "resource.m").object["data"]["a"].as_str().unwrap().to_owned()
    };
    for (way, expected) in [
        (LOAD_BALANCER, "https://registry.example.com"),
        (NODE_PORT, "https://registry.example.com:30500"),
        (GATEWAY, "https://registry.example.com"),
        ("gateway.name = 'g'\n", "https://registry.example.com"),
        ("node_port = {}\ntls.secret = 'x'\n", "https://registry.registry.svc:5000"),
        ("", "http://registry.registry.svc:5000"),
    ] {
        assert_eq!(address(&registry(way)), expected, "{way}");
    }
    assert_eq!(address(&anonymous("")), "http://registry.registry.svc:5001");
}

#[test]
fn a_way_that_would_take_passwords_in_clear_is_refused() {
    let all = [
        registry("load_balancer = {}\n"),
        anonymous("load_balancer = {}\n"),
        registry("node_port = {}\n"),
        registry("gateway.class = 'edge'\n"),
        registry("gateway = {}\n"),
        registry("gateway = { name = 'g', ports = { http = 80, https = 443 } }\n"),
        registry("gateway = { class = 'g', ports = { http = 80, https = 80 } }\ntls.secret = 'x'\n"),
        registry(
            "gateway = { name = 'g', annotations.a = 'b', listener = 'a', redirect_from = 'a' }\ntls.secret = 'x'\n",
        ),
        registry("gateway = { class = 'g', listener = 'a' }\ntls.secret = 'x'\n"),
        registry(
            "load_balancer.source_ranges = ['10.0.0.0', '10.0.0.0/33', 'x/8', '::/0']\ntls.secret = 'x'\n",
        ),
        registry(
            "gateway = { class = 'g', annotations = { 'cert-manager.io/issuer' = 'x' } }\ntls.issuer = 'issuer.i'\n",
        ) + "[issuer.i]\nself_signed = true\n",
        registry("tls.secret = 'x'\n"),
    ];
    insta::assert_snapshot!(all.iter().map(|text| mistakes(text)).collect::<Vec<_>>().join("\n"));
    assert!(fine(&anonymous("gateway.class = 'edge'\n")).len() > 5);
}

#[test]
fn traefik_needs_the_ports_of_its_entry_points() {
    let said = |keys: &str| {
        let config =
            config(&registry(&format!("gateway = {{ class = 'traefik'{keys} }}\ntls.secret = 'x'\n")));
        let facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
        let mistakes = Blocks::read(&config).compile(&facts).mistakes;
        mistakes.iter().map(|mistake| mistake.message.clone()).collect::<String>()
    };
    assert!(said("").contains("entry points"), "{}", said(""));
    assert_eq!(said(", ports = { http = 8000, https = 8443 }"), "");
}

/// What is said of a Gateway with this answer.
fn said_of_gateway(text: &str, fact: Fact) -> Vec<String> {
    let config = config(text);
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    let identity = Identity::namespaced("gateway.networking.k8s.io", "Gateway", "edge", "public");
    facts.insert(Need::Live(Target { identity, version: Some("v1".to_owned()) }), fact);
    let mistakes = Blocks::read(&config).compile(&facts).mistakes;
    mistakes.iter().map(|mistake| format!("{:?} {}", mistake.severity, mistake.message)).collect()
}

#[test]
fn a_listener_that_would_take_passwords_in_clear_is_refused() {
    let gateway = |listener: &str| {
        format!("gateway = {{ name = 'public', namespace = 'edge', listener = '{listener}' }}\n")
    };
    let there = || {
        let all = json!({"namespaces": {"from": "All"}});
        let listeners = json!([
            {"name": "web", "protocol": "HTTP", "allowedRoutes": all},
            {"name": "websecure", "protocol": "HTTPS", "tls": {"mode": "Terminate"}, "allowedRoutes": all},
            {"name": "through", "protocol": "TLS", "tls": {"mode": "Passthrough"}, "allowedRoutes": all},
            {"name": "own", "protocol": "HTTPS", "allowedRoutes": {"namespaces": {"from": "Same"}}},
        ]);
        let stamp = Stamp { uid: "u".into(), version: "1".into() };
        let object = json!({"spec": {"listeners": listeners}});
        Fact::Live(LiveObject::There(Live { object, stamp, ownership: Ownership::default() }.into()))
    };
    let said = |listener: &str| said_of_gateway(&registry(&gateway(listener)), there()).join("\n");
    assert_eq!(said("websecure"), "");
    assert!(said("web").contains("Error the listener `web`"), "{}", said("web"));
    assert!(said("through").contains("with the mode Passthrough"), "{}", said("through"));
    assert!(
        said("https").contains("Warning") && said("https").contains("has no listener `https`"),
        "{}",
        said("https")
    );
    let refused = "the listener `own` of Gateway.gateway.networking.k8s.io edge/public takes routes of its own namespace alone, so its controller refuses \
                   the route to the registry";
    assert_eq!(said("own"), format!("Warning {refused}"));
    let redirected = |from: &str| {
        let keys = format!("namespace = 'edge', listener = 'websecure', redirect_from = '{from}'");
        said_of_gateway(&registry(&format!("gateway = {{ name = 'public', {keys} }}\n")), there()).join("\n")
    };
    assert_eq!(redirected("web"), "");
    let refused = refused.replace("the route to the registry", "the route that sends plain HTTP on to HTTPS");
    assert_eq!(redirected("own"), format!("Warning {refused}"));
    let missing = redirected("gone");
    assert!(missing.starts_with("Warning") && missing.contains("has no listener `gone`"), "{missing}");
    assert!(missing.ends_with("so nothing sends plain HTTP on to HTTPS"), "{missing}");
    // Nobody sends a password to a registry for everybody. Its address is wrong all the same.
    assert_eq!(said_of_gateway(&anonymous(&gateway("websecure")), there()), [""; 0]);
    insta::assert_snapshot!(said_of_gateway(&anonymous(&gateway("web")), there()).join("\n"), @"Warning the listener `web` of Gateway.gateway.networking.k8s.io edge/public is for HTTP, so it does not end TLS, and the address of the registry is given as `https://registry.example.com` all the same");
    let missing = said_of_gateway(&anonymous(&gateway("gone")), there()).join("\n");
    assert!(missing.contains("has no listener `gone`, so nothing leads to the registry"), "{missing}");
    // What the same configuration makes of the Gateway counts, and not what it is now.
    for (namespace, is_judged) in [("edge", false), ("other", true)] {
        let changed = format!(
            "[resource.g]\napiVersion = 'gateway.networking.k8s.io/v1'\nkind = 'Gateway'\n\
             metadata = {{ name = 'public', namespace = '{namespace}' }}\nspec.gatewayClassName = 'edge'\n"
        );
        for listener in ["web", "gone", "own"] {
            let said = said_of_gateway(&(registry(&gateway(listener)) + &changed), there());
            assert_eq!(said.is_empty(), !is_judged, "{said:?}");
        }
    }
    let unread = said_of_gateway(&registry(&gateway("web")), Fact::Unknown("no right".into())).join("\n");
    assert!(unread.contains("Warning") && unread.contains("could not be read (no right)"), "{unread}");
    let unasked = said_of_gateway(&registry(&gateway("web")), Fact::Live(LiveObject::NotAsked));
    assert_eq!(unasked, [""; 0]);
}

/// What is said where the class `edge` has this controller.
fn said_of_class(text: &str, controller: &str) -> Vec<String> {
    let config = config(text);
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    let live = |object: Value| {
        let stamp = Stamp { uid: "u".into(), version: "1".into() };
        Fact::Live(LiveObject::There(Live { object, stamp, ownership: Ownership::default() }.into()))
    };
    let need = |identity: Identity| Need::Live(Target { identity, version: Some("v1".to_owned()) });
    let public = Identity::namespaced("gateway.networking.k8s.io", "Gateway", "edge", "public");
    let listeners =
        json!([{"name": "https", "protocol": "HTTPS", "allowedRoutes": {"namespaces": {"from": "All"}}}]);
    facts.insert(need(public), live(json!({"spec": {"gatewayClassName": "edge", "listeners": listeners}})));
    let class = Identity::cluster("gateway.networking.k8s.io", "GatewayClass", "edge");
    assert!(
        Blocks::read(&config).needs(&facts).iter().all(|asked| *asked == need(class.clone())),
        "nothing else is open"
    );
    facts.insert(need(class), live(json!({"spec": {"controllerName": controller}})));
    let mistakes = Blocks::read(&config).compile(&facts).mistakes;
    mistakes
        .iter()
        .map(|mistake| {
            format!("{:?} {} | {}", mistake.severity, mistake.message, mistake.help.as_deref().unwrap_or("-"))
        })
        .collect()
}

#[test]
fn a_gateway_of_nginx_takes_no_layer_unless_a_policy_says_so() {
    let nginx = "gateway.nginx.org/nginx-gateway-controller";
    let limited = |limit: &str, kind: &str, name: &str, namespace: &str| {
        format!(
            "[resource.pushes]\napiVersion = 'gateway.nginx.org/v1alpha1'\nkind = 'ClientSettingsPolicy'\n\
             metadata = {{ name = 'pushes', namespace = '{namespace}' }}\nspec = {{ body.maxSize = '{limit}', targetRef = {{ \
             group = 'gateway.networking.k8s.io', kind = '{kind}', name = '{name}' }} }}\n"
        )
    };
    let policy = |kind: &str, name: &str, namespace: &str| limited("0", kind, name, namespace);
    let made = registry(GATEWAY);
    insta::assert_snapshot!(said_of_class(&made, nginx).join("\n"), @r#"Warning NGINX Gateway Fabric takes no body of more than 1 MiB unless a `ClientSettingsPolicy` says so, and a layer of an image is one body | add a `[resource.NAME]` of that kind (`gateway.nginx.org/v1alpha1`) in the namespace `registry`, with `spec.body.maxSize = "0"` and `spec.targetRef` for HTTPRoute `registry`, as docs/exposing.md shows. Where others keep one, all is well"#);
    assert_eq!(said_of_class(&made, "gateway.envoyproxy.io/gatewayclass-controller"), [""; 0]);
    let theirs = registry("gateway = { name = 'public', namespace = 'edge' }\n");
    assert_eq!(said_of_class(&theirs, nginx).len(), 1);
    for (text, kind, name, namespace) in [
        (&made, "HTTPRoute", "registry", "registry"),
        (&made, "Gateway", "registry", "registry"),
        (&theirs, "HTTPRoute", "registry", "registry"),
        (&theirs, "Gateway", "public", "edge"),
    ] {
        let said = said_of_class(&(text.clone() + &policy(kind, name, namespace)), nginx);
        assert_eq!(said, [""; 0], "{kind} {name}");
        let said = said_of_class(&(text.clone() + &limited("2g", kind, name, namespace)), nginx);
        assert_eq!(said, [""; 0], "{kind} {name}");
        let said = said_of_class(&(text.clone() + &limited("8m", kind, name, namespace)), nginx);
        assert!(said.concat().contains("no body of more than `8m`"), "{kind} {name}: {said:?}");
    }
    let both = limited("1m", "Gateway", "registry", "registry").replace("pushes", "all");
    let said = said_of_class(&(made.clone() + &policy("HTTPRoute", "registry", "registry") + &both), nginx);
    assert_eq!(said, [""; 0], "that of the route wins");
    assert_eq!(
        said_of_class(&(made + &policy("HTTPRoute", "registry", "edge")), nginx).len(),
        1,
        "another namespace"
    );
}
