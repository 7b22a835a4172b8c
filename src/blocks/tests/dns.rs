//! Record sets.

use super::*;
use crate::resource::{Identity, Live, Ownership, Stamp, Target};

const SERVER: &str =
    "rfc2136 = { server = \"192.0.2.53\", key_name = \"regplan\", key = { env = \"KEY\" } }\n";

fn block(keys: &str) -> String {
    format!("[dns.main]\nname = \"registry.example.com\"\nzone = \"example.com\"\n{SERVER}{keys}\n")
}

fn object(text: &str) -> Value {
    let [desired] = fine(text).try_into().unwrap();
    desired.object
}

fn mistakes(text: &str) -> String {
    let found = compiled(text).expect_err("mistakes");
    let found = found
        .iter()
        .map(|mistake| format!("{} | {}", mistake.message, mistake.help.as_deref().unwrap_or("-")));
    found.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_block_is_one_object_without_its_key() {
    let text = block("values = [\"192.0.2.10\", \"2001:DB8::1\", \"192.0.2.9\", \"192.0.2.9\"]");
    insta::assert_snapshot!(serde_saphyr::to_string(&object(&text)).unwrap());
}

#[test]
fn names_are_compared_in_one_form() {
    let text = block("values = [\"LB.Example.NET.\"]\ntype = \"CNAME\"")
        .replace("registry.example.com", "Registry.Example.com.");
    let object = object(&text);
    assert_eq!(object["metadata"]["name"], "registry.example.com");
    assert_eq!(object["spec"]["values"], json!(["lb.example.net"]));
    assert_eq!(object["spec"]["type"], "CNAME");
}

#[test]
fn texts_are_of_a_kind_of_their_own() {
    let object = object(&block("values = [\"v=1\"]\ntype = \"TXT\""));
    assert_eq!((object["kind"].as_str(), object["spec"].get("type")), (Some("TextRecordSet"), None));
}

#[test]
fn a_value_may_be_known_later() {
    let text = block("values = [\"${resource.lb.status.loadBalancer.ingress[0].ip}\", \"192.0.2.1\"]")
        + "[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n";
    let objects = fine(&text);
    let found = objects.iter().find(|desired| desired.identity.kind == "RecordSet").unwrap();
    assert_eq!(found.object["spec"]["values"][0], "192.0.2.1");
    assert!(found.unresolved.get(&"spec.values[1]".parse().unwrap()).is_some());
}

#[test]
fn a_target_gives_all_values() {
    let service = "[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n";
    let text = block("target = \"${resource.lb.status.loadBalancer.ingress}\"") + service;
    let objects = fine(&text);
    let found = objects.iter().find(|desired| desired.identity.kind == "RecordSet").unwrap();
    let expression = found.unresolved.get(&"spec.values".parse().unwrap()).unwrap();
    assert_eq!(expression.encoding, Encoding::Addresses);
    assert_eq!(object(&block("target = \"LB.example.net\""))["spec"]["values"], json!(["lb.example.net"]));
}

#[test]
fn what_no_schema_can_say_of_a_record_set_is_a_mistake() {
    let texts = [
        "[dns.main]\nname = \"r.example.com\"\nzone = \"example.com\"\n".to_owned(),
        block("values = [\"192.0.2.1\"]\ntarget = \"192.0.2.2\""),
        block("type = \"TXT\"\ntarget = \"192.0.2.2\""),
        block("values = [\"192.0.2.1\"]").replace("zone = \"example.com\"", "zone = \"ample.com\""),
        block("values = [\"https://lb.example.net\", \"192.0.2\"]"),
        block("type = \"A\"\nvalues = [\"2001:db8::1\"]"),
        block("values = [\"192.0.2.1\", \"lb.example.net\"]"),
        block("values = [\"lb.example.net\"]").replace("registry.example.com", "example.com"),
        block("values = [\"registry.example.com\"]"),
        block("values = [\"192.0.2.1\"]").replace("{ env = \"KEY\" }", "{ generate = { length = 32 } }"),
        block("values = [\"192.0.2.1\"]").replace("registry", &["a".repeat(60).as_str(); 4].join(".")),
    ];
    let said: Vec<String> = texts.iter().map(|text| mistakes(text)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

const REGISTRY: &str = "[registry.main]\nhost = \"registry.example.com\"\nimage = \"registry:3.1.1\"\n\
    namespace = \"reg\"\nstorage.volume = { size = \"1Gi\" }\nauth.users.ci = { env = \"P\" }\n\
    dns = \"dns.zone\"\ningress.class = \"contour\"\ntls.issuer = \"issuer.le\"\n\
    [issuer.le]\nacme.server = \"letsencrypt\"\nacme.http01 = { class = \"contour\" }\n";

fn zone() -> String {
    format!("[dns.zone]\nzone = \"example.com\"\n{SERVER}")
}

/// The objects of a registry whose controller has a Service with these addresses.
fn registry(addresses: &Value) -> Vec<Desired> {
    let config = config(&format!("{REGISTRY}{}", zone()));
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    let service = Identity::namespaced("", "Service", "projectcontour", "envoy");
    let live = Live {
        object: json!({"status": {"loadBalancer": {"ingress": addresses}}}),
        stamp: Stamp { uid: "u".into(), version: "1".into() },
        ownership: Ownership::default(),
    };
    let need = Need::Live(Target { identity: service, version: Some("v1".to_owned()) });
    facts.insert(need, Fact::Live(LiveObject::There(live.into())));
    flawless(Blocks::read(&config).compile(&facts)).unwrap().resources
}

fn of_kind<'d>(objects: &'d [Desired], kind: &str) -> &'d Desired {
    objects.iter().find(|desired| desired.identity.kind == kind).unwrap()
}

fn waits(desired: &Desired) -> Vec<String> {
    desired.depends_on.iter().map(|(address, _)| address.to_string()).collect()
}

#[test]
fn the_name_of_a_registry_leads_to_the_service_of_its_controller_before_its_certificate() {
    let objects = registry(&json!([{"ip": "192.0.2.7"}, {"ip": "2001:db8::7"}]));
    let record = of_kind(&objects, "RecordSet");
    assert_eq!(record.address.to_string(), "registry.main/RecordSet.dns.regplan.dev/registry.example.com");
    assert_eq!(record.object["spec"]["values"], json!(["192.0.2.7", "2001:db8::7"]));
    assert!(waits(of_kind(&objects, "Certificate")).contains(&record.address.to_string()));
    let certificate = "registry.main/Certificate.cert-manager.io/registry".to_owned();
    assert!(waits(of_kind(&objects, "Ingress")).contains(&certificate));
    let named = registry(&json!([{"hostname": "lb.example.net"}]));
    assert_eq!(of_kind(&named, "RecordSet").object["spec"]["values"], json!(["lb.example.net"]));
}

#[test]
fn where_only_the_ingress_tells_the_address_it_comes_first() {
    for addresses in [json!([]), json!(null)] {
        let objects = registry(&addresses);
        let record = of_kind(&objects, "RecordSet");
        let expression = record.unresolved.get(&"spec.values".parse().unwrap()).unwrap();
        let status = "${registry.main/Ingress/registry.status.loadBalancer.ingress}";
        assert_eq!((expression.to_string().as_str(), expression.encoding), (status, Encoding::Addresses));
        assert!(waits(of_kind(&objects, "Certificate")).contains(&record.address.to_string()));
        assert!(!waits(of_kind(&objects, "Ingress")).iter().any(|address| address.contains("Certificate")));
    }
}

#[test]
fn a_registry_and_its_record_say_the_same() {
    let ingress = "ingress.class = \"contour\"\n";
    let texts = [
        format!("{REGISTRY}{}", zone()).replace("zone = \"example.com\"", "zone = \"example.net\""),
        format!("{REGISTRY}{}", zone()).replace(ingress, ""),
        format!("{REGISTRY}{}", block("values = [\"192.0.2.1\"]"))
            .replace("dns.zone", "dns.main")
            .replace("name = \"registry", "name = \"other"),
        format!("{}values = [\"192.0.2.1\"]\n", zone()),
    ];
    let said: Vec<String> = texts.iter().map(|text| mistakes(text)).collect();
    insta::assert_snapshot!(said.join("\n"));
    let fine = format!("{REGISTRY}{}", block("values = [\"192.0.2.1\"]")).replace("dns.zone", "dns.main");
    assert_eq!(
        compiled(&fine)
            .unwrap()
            .resources
            .iter()
            .filter(|desired| desired.identity.kind == "RecordSet")
            .count(),
        1
    );
}
