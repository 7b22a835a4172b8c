//! Record sets.

use super::*;
use crate::blocks::codes;
use crate::resource::record_set::RecordType;
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

#[test]
fn a_block_is_one_object_without_its_key() {
    let text = block("values = [\"192.0.2.10\", \"2001:DB8::1\", \"192.0.2.9\", \"192.0.2.9\"]");
    insta::assert_snapshot!(serde_saphyr::to_string(&object(&text)).unwrap());
}

#[test]
fn a_token_is_not_sent_in_clear() {
    let at = |url: &str| {
        let service = format!("cloudflare = {{ api_token = {{ env = \"T\" }}, url = \"{url}\" }}\n");
        block("values = [\"192.0.2.1\"]").replace(SERVER, &service)
    };
    for url in ["http://api.example.com", "http://192.0.2.1:8080", "http://127.0.0.1.example.com", "http://"]
    {
        assert!(mistakes(&at(url)).contains("the token would be sent in clear"), "{url}");
    }
    for url in ["https://api.example.com", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"] {
        fine(&at(url));
    }
}

#[test]
fn a_service_takes_fewer_times_to_live_than_dns() {
    let told = |service: &str, ttl: u32| {
        let service = format!("{service} = {{ env = \"T\" }}\n");
        found(&block(&format!("values = [\"192.0.2.1\"]\nttl = {ttl}")).replace(SERVER, &service))
    };
    let (cloudflare, digitalocean) = ("cloudflare.api_token", "digitalocean.token");
    let fine = [
        (cloudflare, 1),
        (cloudflare, 60),
        (cloudflare, 86_400),
        (digitalocean, 30),
        (digitalocean, 100_000),
    ];
    for (service, ttl) in fine {
        assert_eq!(told(service, ttl), "", "{service}: {ttl}");
    }
    let refused =
        [(cloudflare, 2), (cloudflare, 29), (cloudflare, 86_401), (digitalocean, 1), (digitalocean, 29)];
    for (service, ttl) in refused {
        let said = told(service, ttl);
        assert!(
            said.starts_with("error bad-value") && said.contains(&format!("no `ttl` of {ttl}")),
            "{said}"
        );
        assert!(said.contains("at `ttl") || said.contains(&format!("at `{ttl}`")), "{said}");
    }
    for ttl in [30, 59] {
        let said = told(cloudflare, ttl);
        assert!(said.starts_with("warning bad-value") && said.contains("Enterprise"), "{said}");
        assert_eq!(said.matches("warning").count(), 1, "{said}");
    }
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
fn no_text_stands_beside_an_alias_of_another_block() {
    let texts = block("values = [\"v=1\"]\ntype = \"TXT\"").replace("dns.main", "dns.texts");
    for alias in
        ["values = [\"lb.example.net\"]", "target = \"${resource.lb.status.name}\"\ntype = \"CNAME\""]
    {
        let service = "[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n";
        let said = mistakes(&format!("{}{texts}{service}", block(alias)));
        assert!(said.contains("`dns.main` makes registry.example.com lead to another name"), "{said}");
    }
    assert_eq!(fine(&format!("{}{texts}", block("values = [\"192.0.2.1\"]"))).len(), 2);
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
    let service = Identity::namespaced("", "Service", "projectcontour", "envoy");
    behind(service, addresses, &format!("{REGISTRY}{}", zone()))
}

/// The objects of a configuration in whose cluster this Service has these addresses.
fn behind(service: Identity, addresses: &Value, text: &str) -> Vec<Desired> {
    let config = config(text);
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
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
fn a_service_of_the_controller_that_is_made_here_tells_the_address_before_the_ingress() {
    let service = |kind: &str| {
        format!(
            "[resource.envoy]\napiVersion = \"v1\"\nkind = \"Service\"\n\
             metadata = {{ name = \"envoy\", namespace = \"projectcontour\" }}\nspec.type = \"{kind}\"\n"
        )
    };
    let service_of_controller = || Identity::namespaced("", "Service", "projectcontour", "envoy");
    let led_by = |addresses: Option<&Value>, more: &str, zone_keys: &str| {
        let text = format!("{REGISTRY}{}{zone_keys}{more}", zone());
        // Without addresses the Service is not there.
        let objects = match addresses {
            Some(addresses) => behind(service_of_controller(), addresses, &text),
            None => fine(&text),
        };
        let certificate = "registry.main/Certificate.cert-manager.io/registry".to_owned();
        let waits = waits(of_kind(&objects, "Ingress")).contains(&certificate);
        (of_kind(&objects, "RecordSet").object["spec"]["values"].clone(), waits)
    };
    let balanced = service("LoadBalancer");
    let made = json!("${resource.envoy.status.loadBalancer.ingress}");
    assert_eq!(led_by(None, &balanced, ""), (made, true));
    let by_ingress = (json!("${registry.main/Ingress/registry.status.loadBalancer.ingress}"), false);
    assert_eq!(led_by(None, &service("NodePort"), ""), by_ingress);
    let known = json!([{"ip": "192.0.2.7"}]);
    assert_eq!(led_by(Some(&known), &balanced, ""), (json!(["192.0.2.7"]), true));
    let objects = behind(service_of_controller(), &known, &format!("{REGISTRY}{}{balanced}", zone()));
    assert!(waits(of_kind(&objects, "RecordSet")).contains(&"resource.envoy".to_owned()), "it goes first");
    // One that is there without an address may never get one, and so may one that nobody waits for.
    assert_eq!(led_by(Some(&json!([])), &balanced, ""), by_ingress);
    assert_eq!(led_by(None, &format!("{balanced}lifecycle.ready = \"written\"\n"), ""), by_ingress);
    // That of another installation does not count beside it.
    let elsewhere = balanced.replace("\"envoy\"", "\"contour-envoy\"");
    let made = json!("${resource.contour-envoy.status.loadBalancer.ingress}");
    let elsewhere = elsewhere.replace("[resource.envoy]", "[resource.contour-envoy]");
    assert_eq!(led_by(Some(&known), &elsewhere, ""), (made, true));
    // Where the file says it, the Ingress may be what is meant.
    let own = "target = \"${registry.main/Ingress/registry.status.loadBalancer.ingress}\"\n";
    assert!(!led_by(None, &balanced, own).1);
}

#[test]
fn a_class_that_is_not_the_usual_one_is_reached_where_its_ingress_says() {
    let public = || Identity::namespaced("", "Service", "ingress-nginx", "ingress-nginx-controller");
    let addresses = json!([{"ip": "192.0.2.7"}]);
    let led_by = |ingress: &str| {
        let text = format!("{REGISTRY}{}", zone()).replace("ingress.class = \"contour\"", ingress);
        let objects = behind(public(), &addresses, &text);
        of_kind(&objects, "RecordSet").object["spec"]["values"].clone()
    };
    assert_eq!(led_by("ingress.class = \"nginx\""), json!(["192.0.2.7"]));
    let ingress = json!("${registry.main/Ingress/registry.status.loadBalancer.ingress}");
    for other in [
        "ingress.class = \"nginx-internal\"",
        "ingress = { class = \"internal\", controller = \"ingress-nginx\" }",
        "ingress = {}",
    ] {
        assert_eq!(led_by(other), ingress, "{other}");
    }
}

#[test]
fn a_type_that_is_said_takes_its_own_addresses_of_both_families() {
    let both = json!([{"ip": "192.0.2.7"}, {"ip": "2001:db8::7"}]);
    let service = || Identity::namespaced("", "Service", "projectcontour", "envoy");
    for (said, taken) in [("A", "192.0.2.7"), ("AAAA", "2001:db8::7")] {
        let zone = format!("{}type = \"{said}\"\n", zone());
        let objects = behind(service(), &both, &format!("{REGISTRY}{zone}"));
        assert_eq!(of_kind(&objects, "RecordSet").object["spec"]["values"], json!([taken]));
        let later = behind(service(), &json!([]), &format!("{REGISTRY}{zone}"));
        let expression =
            of_kind(&later, "RecordSet").unresolved.get(&"spec.values".parse().unwrap()).unwrap();
        assert_eq!(expression.encoding, Encoding::AddressesOf(RecordType::named(said).unwrap()));
        let asked = format!("[dns.zone]\nzone = \"example.com\"\nexternal_dns = {{}}\ntype = \"{said}\"\n");
        let objects = behind(service(), &both, &format!("{REGISTRY}{asked}"));
        let endpoints = &of_kind(&objects, "DNSEndpoint").object["spec"]["endpoints"];
        assert_eq!(
            (endpoints[0]["recordType"].as_str(), &endpoints[0]["targets"]),
            (Some(said), &json!([taken]))
        );
    }
    let none =
        behind(service(), &json!([{"ip": "192.0.2.7"}]), &format!("{REGISTRY}{}type = \"AAAA\"\n", zone()));
    let why = of_kind(&none, "RecordSet").unchecked.get(&"spec.values".parse().unwrap()).unwrap();
    assert_eq!(why.reason, "192.0.2.7 has no AAAA");
}

#[test]
fn a_zone_may_say_where_its_names_lead() {
    let text = format!("{REGISTRY}{}target = \"nodes\"\n", zone());
    let objects = fine(&text);
    assert_eq!(of_kind(&objects, "RecordSet").object["spec"]["values"], json!(["192.0.2.20", "192.0.2.3"]));
    let certificate = "registry.main/Certificate.cert-manager.io/registry".to_owned();
    assert!(waits(of_kind(&objects, "Ingress")).contains(&certificate));
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

#[test]
fn a_further_name_without_a_record_is_told() {
    let told = |names: &str, more: &str| {
        let issuer = "tls.issuer = \"issuer.le\"\n";
        let text = REGISTRY.replace(issuer, &format!("{issuer}tls.names = {names}\n")) + &zone() + more;
        // A wildcard is not proved by HTTP.
        let acme = "acme.server = \"letsencrypt\"\nacme.http01 = { class = \"contour\" }\n";
        let found = compiled(&text.replace(acme, "self_signed = true\n")).unwrap().mistakes;
        let found = found.iter().filter(|mistake| mistake.code == codes::NAME_WITHOUT_RECORD);
        found
            .map(|mistake| format!("{} | {}", mistake.message, mistake.help.as_deref().unwrap_or("-")))
            .collect::<Vec<_>>()
            .concat()
    };
    insta::assert_snapshot!(told("[\"alias.example.com\", \"b.other.net\"]", ""), @"`dns` makes a record for `registry.example.com` alone, and none for `alias.example.com` in `tls.names` | a further name stands in the certificate alone: where it is to lead somewhere, give it a block of its own, as in `[dns.alias]` with `name = \"alias.example.com\"`. An issuer that proves names by HTTP needs a record as well. Where others keep it, all is well");
    assert_eq!(told("[\"*.example.com\", \"registry.example.com\", \"other.net\"]", ""), "");
    let alias = block("values = [\"192.0.2.1\"]").replace("registry.example.com", "alias.example.com");
    assert_eq!(told("[\"alias.example.com\"]", &alias), "");
}

#[test]
fn a_registry_may_say_its_zone_itself() {
    let inline = |keys: &str| {
        REGISTRY.replace("dns = \"dns.zone\"", &format!("dns = {{ zone = \"example.com\", {keys} }}"))
    };
    let server = "rfc2136 = { server = \"192.0.2.53\", key_name = \"k\", key = { env = \"TSIG_KEY\" } }";
    let key = SecretText::Known("VEVYVA==".into());
    let compile =
        |text: &str| compiled_with(text, "", &key).unwrap_or_else(|mistakes| panic!("{mistakes}")).resources;
    let block = format!("{REGISTRY}[dns.zone]\nzone = \"example.com\"\ntarget = \"nodes\"\n{server}\n");
    let (of_block, here) = (compile(&block), compile(&inline(&format!("target = \"nodes\", {server}"))));
    let record = of_kind(&here, "RecordSet");
    assert_eq!(record.object, of_kind(&of_block, "RecordSet").object);
    assert_eq!(record.address, of_kind(&of_block, "RecordSet").address);
    // What is wrong with it is told where it stands.
    let wrong = |keys: &str| found_with(&inline(keys), "", &key);
    for (keys, place, told) in [
        ("ttl = 60", "{ zone", "does not say where its records are written"),
        (&format!("{server}, manual = {{}}"), "{}", "stand together, and one of them keeps the zone"),
        ("manual = {}, target = \"http://x\"", "\"http://x\"", "is no name of DNS"),
        (
            "cloudflare = { api_token = { env = \"T\" }, url = \"http://192.0.2.1\" }",
            "\"http://192.0.2.1\"",
            "in clear",
        ),
    ] {
        let said = wrong(keys);
        assert!(said.contains(told) && said.contains(&format!("at `{place}")), "{keys}: {said}");
    }
    let not_base64 = found_with(&inline(server), "", &SecretText::Known("?".into()));
    assert!(not_base64.contains("is not base64"), "{not_base64}");
    let elsewhere = inline("manual = {}").replace("example.com\", manual", "example.net\", manual");
    assert!(mistakes(&elsewhere).contains("does not lie in the zone"), "{}", mistakes(&elsewhere));
}

#[test]
fn external_dns_is_asked_by_an_object() {
    let block = |keys: &str| {
        format!(
            "[dns.main]\nname = \"registry.example.com\"\nzone = \"example.com\"\nexternal_dns.namespace = \"dns\"\n{keys}\n"
        )
    };
    let known = fine(&block("values = [\"192.0.2.1\", \"2001:db8::1\"]"));
    insta::assert_snapshot!(serde_saphyr::to_string(&of_kind(&known, "DNSEndpoint").object).unwrap());
    let service = "[resource.lb]\napiVersion = \"v1\"\nkind = \"Service\"\n";
    let target = "target = \"${resource.lb.status.loadBalancer.ingress}\"\n";
    let later = fine(&format!("{}{service}", block(&format!("type = \"A\"\n{target}"))));
    let endpoint = of_kind(&later, "DNSEndpoint");
    let expression = endpoint.unresolved.get(&"spec.endpoints[0].targets".parse().unwrap()).unwrap();
    assert_eq!(expression.encoding, Encoding::AddressesOf(RecordType::A));
    assert!(mistakes(&format!("{}{service}", block(target))).contains("must be told the type"));

    let servers = "values = [\"192.0.2.1\"]\nexternal_dns.name_servers = [\"192.0.2.53\", \"192.0.2.54\"]";
    let named = fine(&block(servers));
    let marks = &of_kind(&named, "DNSEndpoint").object["metadata"]["annotations"];
    assert_eq!(marks["regplan.dev/name-servers"], "192.0.2.53,192.0.2.54");
    let useless = "[dns.zone]\nzone = \"example.com\"\nexternal_dns = { by = \"annotations\", name_servers = [\"192.0.2.53\"] }\n";
    assert!(mistakes(&format!("{REGISTRY}{useless}")).contains("annotations ask for are not waited for"));
}

#[test]
fn an_external_dns_that_is_not_told_to_read_what_asks_it_is_a_warning() {
    let chart = |keys: &str| format!("[chart.names]\npreset = \"external-dns\"\n{keys}\n");
    let zone = |keys: &str| format!("[dns.zone]\nzone = \"example.com\"\nexternal_dns = {keys}\n");
    let warned = |zone: &str, chart: &str| {
        let mistakes =
            Blocks::read(&config(&format!("{REGISTRY}{zone}{chart}"))).compile(&Facts::default()).mistakes;
        let found = mistakes.iter().find(|mistake| mistake.code == codes::RECORDS_NOT_READ);
        found.map(|mistake| mistake.message.clone()).unwrap_or_default()
    };
    let deaf = "values.sources = [\"service\"]";
    let told = warned(&zone("{}"), &chart(deaf));
    assert!(told.starts_with("`chart.names` does not tell external-dns to read DNSEndpoints"), "{told}");
    let told = warned(&zone("{ by = \"annotations\" }"), &chart(deaf));
    assert!(told.contains("to read Ingresses"), "{told}");
    for (zone, chart) in [
        (zone("{}"), chart("")),
        (zone("{}"), chart("values.sources = [\"crd\"]")),
        (zone("{}"), chart(&format!("{deaf}\nvalues_files = [\"more.yaml\"]"))),
        (zone("{}"), String::new()),
        (zone("{ by = \"annotations\" }"), chart("")),
    ] {
        assert_eq!(warned(&zone, &chart), "", "{zone}{chart}");
    }
}

#[test]
fn external_dns_is_asked_by_annotations_of_the_ingress_with_both_prefixes() {
    let zone = "[dns.zone]\nzone = \"example.com\"\nexternal_dns.by = \"annotations\"\n";
    let objects = fine(&format!("{REGISTRY}{zone}"));
    let annotations = &of_kind(&objects, "Ingress").object["metadata"]["annotations"];
    for prefix in ["external-dns.kubernetes.io", "external-dns.alpha.kubernetes.io"] {
        assert_eq!(annotations[format!("{prefix}/hostname")], "registry.example.com");
        assert_eq!(annotations[format!("{prefix}/ttl")], "300");
    }
    assert!(!objects.iter().any(|desired| desired.identity.kind.ends_with("RecordSet")));
}

#[test]
fn each_service_has_its_token_from_somewhere() {
    let block = |way: &str| {
        format!(
            "[dns.main]\nname = \"r.example.com\"\nzone = \"example.com\"\nvalues = [\"192.0.2.1\"]\n{way}\n"
        )
    };
    let cloudflare = object(&block("cloudflare.api_token = { env = \"T\" }"));
    assert_eq!(cloudflare["spec"]["cloudflare"], json!({"apiToken": {"env": "T"}}));
    let digitalocean = object(&block("digitalocean.token = { file = \"/project/keys/t\" }"));
    assert_eq!(digitalocean["spec"]["digitalocean"]["token"], json!({"file": "/project/keys/t"}));
    let manual = object(&block("manual = {}"));
    assert_eq!(manual["spec"]["manual"], json!({}));
    let two = block("cloudflare.api_token = { env = \"T\" }\ndigitalocean.token = { env = \"T\" }");
    assert!(mistakes(&two).contains("stand together, and one of them keeps the zone"), "{}", mistakes(&two));
}

#[test]
fn a_name_may_lead_to_the_nodes() {
    let nodes = object(&block("target = \"nodes\""));
    assert_eq!(nodes["spec"]["values"], json!(["192.0.2.20", "192.0.2.3"]));
    let config = config(&block("target = \"nodes\""));
    let mut facts = facts_with(&config, "", &SecretText::Known("TEXT".into()));
    facts.insert(Need::Nodes, Fact::Unknown("the nodes cannot be listed".into()));
    let unknown = flawless(Blocks::read(&config).compile(&facts)).unwrap().resources;
    let why = unknown[0].unchecked.get(&"spec.values".parse().unwrap()).unwrap();
    assert_eq!(why.reason, "the nodes cannot be listed");
}
