//! Where the names of registries lead, by the way in which they are reached.

use super::*;
use crate::resource::{Identity, Live, Ownership, ReadyRule, Stamp, Target};

/// A registry in a zone, with an issuer, which is reached by this way.
fn registry(way: &str, zone: &str) -> String {
    format!(
        "[registry.main]\nhost = 'registry.example.com'\nimage = 'registry:3.1.2'\nnamespace = 'reg'\n\
         storage.volume.size = '1Gi'\nauth.users.ci = {{ env = 'P' }}\ndns = 'dns.zone'\n{way}\n\
         [issuer.i]\nself_signed = true\n\
         [dns.zone]\nzone = 'example.com'\n{zone}\n"
    )
}

const SERVER: &str = "rfc2136 = { server = '192.0.2.53', key_name = 'regplan', key = { env = 'KEY' } }";
const SIGNED: &str = "tls.issuer = 'issuer.i'";

fn record(resources: &[Desired]) -> &Desired {
    object(resources, "registry.main/RecordSet.dns.regplan.dev/registry.example.com")
}

/// The expression that gives the addresses of the record.
fn later(resources: &[Desired]) -> String {
    let expression = record(resources).unresolved.get(&path("spec.values")).unwrap();
    assert_eq!(expression.encoding, Encoding::Addresses);
    expression.to_string()
}

fn waits_for(desired: &Desired, address: &str) -> bool {
    desired.depends_on.iter().any(|(on, _)| on.to_string() == address)
}

const RECORD: &str = "registry.main/RecordSet.dns.regplan.dev/registry.example.com";
const CERTIFICATE: &str = "registry.main/Certificate.cert-manager.io/registry";

#[test]
fn the_name_leads_to_the_load_balancer_that_is_made() {
    let resources = fine(&registry(&format!("load_balancer = {{}}\n{SIGNED}"), SERVER));
    assert_eq!(later(&resources), "${registry.main/Service/registry-external.status.loadBalancer.ingress}");
    // The pods need the certificate before the load balancer is there, so it cannot wait for the name.
    assert!(!waits_for(object(&resources, CERTIFICATE), RECORD));
    assert!(waits_for(object(&resources, "registry.main/Deployment/registry"), CERTIFICATE));
}

#[test]
fn the_name_leads_to_the_gateway_that_is_made_before_its_certificate() {
    let gateway = "registry.main/Gateway.gateway.networking.k8s.io/registry";
    let resources = fine(&registry(&format!("gateway.class = 'edge'\n{SIGNED}"), SERVER));
    assert_eq!(later(&resources), format!("${{{gateway}.status.addresses}}"));
    assert!(waits_for(object(&resources, CERTIFICATE), RECORD));
    // Without its certificate it may never be programmed, and the certificate waits for the name.
    let ready = object(&resources, gateway).lifecycle.ready.clone();
    assert_eq!(ready, Some(ReadyRule::Field(path("status.addresses"))));
    let others = [
        registry("gateway.class = 'edge'\ntls.secret = 'x'", SERVER),
        registry(&format!("gateway.class = 'edge'\n{SIGNED}"), &format!("{SERVER}\ntarget = '192.0.2.1'")),
    ];
    for text in others {
        assert_eq!(object(&fine(&text), gateway).lifecycle.ready, None, "{text}");
    }
    let said = registry(&format!("gateway.class = 'edge'\n{SIGNED}"), SERVER)
        + "[registry.main.lifecycle]\nready = { 'Gateway/registry' = 'written' }\n";
    assert_eq!(object(&fine(&said), gateway).lifecycle.ready, Some(ReadyRule::Written));
}

#[test]
fn the_name_leads_to_a_gateway_that_is_there() {
    let text = registry("gateway = { name = 'public', namespace = 'edge' }", SERVER);
    let config = config(&text);
    let compiled = |fact: Fact| {
        let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
        let identity = Identity::namespaced("gateway.networking.k8s.io", "Gateway", "edge", "public");
        facts.insert(Need::Live(Target { identity, version: Some("v1".to_owned()) }), fact);
        flawless(Blocks::read(&config).compile(&facts)).unwrap().resources
    };
    let there = |status: Value| {
        let stamp = Stamp { uid: "u".into(), version: "1".into() };
        let live = Live { object: json!({"status": status}), stamp, ownership: Ownership::default() };
        Fact::Live(LiveObject::There(live.into()))
    };
    let known = compiled(there(json!({"addresses": [{"type": "IPAddress", "value": "192.0.2.7"}]})));
    assert_eq!(record(&known).object["spec"]["values"], json!(["192.0.2.7"]));
    let why =
        |fact: Fact| record(&compiled(fact)).unchecked.get(&path("spec.values")).unwrap().reason.clone();
    let gateway = "Gateway.gateway.networking.k8s.io edge/public";
    assert_eq!(why(there(json!({}))), format!("{gateway} has no address yet"));
    assert_eq!(why(Fact::Live(LiveObject::Absent)), format!("{gateway} is not there"));
    assert_eq!(why(Fact::Unknown("nobody may look".into())), "nobody may look");
}

#[test]
fn the_name_of_a_registry_at_the_nodes_leads_where_its_zone_says() {
    let text = registry(&format!("node_port.port = 30500\n{SIGNED}"), SERVER);
    assert!(mistakes(&text).contains("nothing of the registry tells where the name is to lead"), "{text}");
    let led = fine(&text.replace(SERVER, &format!("{SERVER}\ntarget = 'nodes'")));
    assert_eq!(record(&led).object["spec"]["values"], json!(["192.0.2.20", "192.0.2.3"]));
}

#[test]
fn external_dns_is_asked_by_whatever_lets_requests_in() {
    for (way, address) in [
        ("load_balancer = {}", "registry.main/Service/registry-external"),
        ("node_port = {}", "registry.main/Service/registry-external"),
        ("gateway.class = 'edge'", "registry.main/HTTPRoute.gateway.networking.k8s.io/registry"),
        ("ingress.class = 'contour'", "registry.main/Ingress/registry"),
    ] {
        let text = registry(&format!("{way}\n{SIGNED}"), "external_dns.by = 'annotations'");
        let resources = fine(&text);
        let annotations = &object(&resources, address).object["metadata"]["annotations"];
        assert_eq!(annotations["external-dns.kubernetes.io/hostname"], "registry.example.com", "{way}");
    }
    let own =
        "ingress = { class = 'contour', annotations = { 'external-dns.kubernetes.io/hostname' = 'own' } }";
    let resources = fine(&registry(&format!("{own}\n{SIGNED}"), "external_dns.by = 'annotations'"));
    let ingress = &object(&resources, "registry.main/Ingress/registry").object;
    assert_eq!(ingress["metadata"]["annotations"]["external-dns.kubernetes.io/hostname"], "own");
    let none = registry("", "external_dns.by = 'annotations'");
    assert!(mistakes(&none).contains("nothing of the registry tells"), "nothing could be annotated");
}

#[test]
fn external_dns_is_told_of_which_type_an_address_will_be() {
    let zone = "external_dns = {}";
    let warned = |zone: &str| {
        let found = compiled(&registry(&format!("load_balancer = {{}}\n{SIGNED}"), zone)).unwrap().mistakes;
        found.iter().any(|mistake| mistake.message.contains("taken for one of IPv4"))
    };
    assert!(warned(zone));
    assert!(!warned(&format!("{zone}\ntype = 'CNAME'")));
    assert!(!warned(&format!("{zone}\ntarget = '2001:db8::1'")));
    assert!(!warned(SERVER));
}

#[test]
fn a_name_that_nobody_can_prove_by_http_is_a_warning() {
    let acme = "acme = { server = 'letsencrypt', email = 'a@example.com', http01.class = 'contour' }";
    let text = |way: &str| registry(&format!("{way}\n{SIGNED}"), SERVER).replace("self_signed = true", acme);
    for way in ["load_balancer = {}", "gateway.class = 'edge'"] {
        let found = compiled(&text(way)).unwrap().mistakes;
        let warned =
            found.iter().any(|mistake| mistake.message.contains("by HTTP, and nothing answers there"));
        assert_eq!(warned, way.contains("balancer"), "{found}");
    }
}

#[test]
fn those_who_look_at_a_registry_know_its_way() {
    let reach = |way: &str| {
        let text = registry(way, &format!("{SERVER}\ntarget = '192.0.2.1'"));
        let [endpoint] = Blocks::read(&config(&text)).endpoints().try_into().unwrap();
        endpoint.reach
    };
    let shown = |way: &str| match reach(way) {
        Reach::Cluster { service, port } => format!("{service}:{port}"),
        Reach::Outside(outside) => {
            let secret = outside.tls.map(|tls| tls.secret.map_or("of others".to_owned(), |it| it.name));
            format!("{:?} {:?} {secret:?}", outside.entry.object().to_string(), outside.body_limit)
        }
    };
    let ways = [
        "",
        "ingress = { class = 'contour', body_size = '1m' }\ntls.secret = 'x'",
        "ingress.class = 'contour'",
        "gateway.class = 'edge'\ntls.issuer = 'issuer.i'",
        "gateway = { name = 'public', namespace = 'edge' }",
        "load_balancer = {}\ntls.issuer = 'issuer.i'",
        "node_port = {}\ntls.secret = 'x'",
    ];
    insta::assert_snapshot!(ways.map(shown).join("\n"), @r#"
    Service reg/registry:5000
    "Ingress.networking.k8s.io reg/registry" Some(1048576) Some("x")
    "Ingress.networking.k8s.io reg/registry" None None
    "Gateway.gateway.networking.k8s.io reg/registry" None Some("registry-tls")
    "Gateway.gateway.networking.k8s.io edge/public" None Some("of others")
    "Service reg/registry-external" None Some("registry-tls")
    "Service reg/registry-external" None Some("x")
    "#);
    let nodes = reach("node_port.port = 30500\ntls.secret = 'x'");
    assert!(
        matches!(nodes, Reach::Outside(outside) if matches!(outside.entry, Entry::Nodes { port: Some(30500), .. }))
    );
}
