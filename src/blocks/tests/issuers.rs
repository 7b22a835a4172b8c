//! Issuers, and the registries whose certificates they sign.

use super::*;
use crate::blocks::block_type::BlockType;
use crate::blocks::types::registry::RegistryBlock;

fn yaml(text: &str) -> String {
    let objects = fine(text).into_iter().filter(|desired| !desired.shared);
    let texts: Vec<String> = objects
        .map(|desired| {
            format!("# {}\n{}", desired.address, serde_saphyr::to_string(&desired.object).unwrap())
        })
        .collect();
    texts.join("---\n")
}

#[test]
fn an_issuer_at_lets_encrypt() {
    let text = "[issuer.letsencrypt]\nacme.server = \"letsencrypt\"\nacme.email = \"ops@example.com\"\n\
        acme.http01 = { class = \"nginx\" }\n";
    insta::assert_snapshot!(yaml(text));
}

#[test]
fn staging_has_another_name_so_that_a_change_signs_anew() {
    let text = "[issuer.letsencrypt]\nacme.server = \"letsencrypt-staging\"\nacme.http01 = { gateway = \"edge/public\" }\n";
    insta::assert_snapshot!(yaml(text));
    let by_url =
        text.replace("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory");
    assert_eq!(yaml(&by_url), yaml(text));
}

/// The key with which a server was tried out is none for another one.
#[test]
fn each_server_has_an_account_of_its_own() {
    let account = |keys: &str| {
        let text = format!("[issuer.i]\nscope = \"namespace\"\nacme.http01 = {{}}\n{keys}\n");
        let objects = fine(&text);
        let issuer = objects.iter().find(|desired| desired.identity.kind == "Issuer").unwrap();
        issuer.object["spec"]["acme"]["privateKeySecretRef"]["name"].as_str().unwrap().to_owned()
    };
    let at = |server: &str| account(&format!("acme.server = \"{server}\""));
    let named = |server: &str| account(&format!("name = \"own\"\nacme.server = \"{server}\""));
    let by_url = "https://acme-staging-v02.api.letsencrypt.org/directory";
    assert_eq!([at("letsencrypt"), named("letsencrypt")], ["i-account", "own-account"]);
    assert_eq!([at("letsencrypt-staging"), at(by_url)], ["i-staging-account", "i-staging-account"]);
    assert_eq!([named("letsencrypt-staging"), named(by_url)], ["own-account-staging", "own-account-staging"]);
    // Two directories of one server are two as well.
    let others =
        ["https://ca.example.com/acme/trials/directory", "https://ca.example.com/acme/real/directory"];
    assert_eq!(others.map(at), ["i-account-5eedf3ae", "i-account-f29919d3"]);
    assert_eq!(account("acme.server = \"letsencrypt-staging\"\nacme.account_key = \"kept\""), "kept");
}

#[test]
fn names_are_proved_by_records() {
    let issuer = |dns01: &str| {
        format!(
            "[issuer.i]\nscope = \"namespace\"\nacme.server = \"https://acme.example.com/dir\"\n{dns01}\n"
        )
    };
    let key = "{ env = \"KEY\" }";
    let all = [
        format!(
            "acme.http01 = {{}}\nacme.dns01 = {{ zones = [\"example.com\"], rfc2136 = {{ server = \"192.0.2.1\", key_name = \"k\", key = {key} }} }}"
        ),
        format!("acme.dns01.cloudflare.api_token = {key}"),
        format!("acme.dns01.digitalocean.token = {key}"),
        format!(
            "acme.dns01.route53 = {{ region = \"eu-west-1\", access_key_id = \"A\", secret_access_key = {key} }}"
        ),
        format!(
            "acme.dns01.azure = {{ subscription_id = \"s\", resource_group = \"g\", tenant_id = \"t\", client_id = \"c\", client_secret = {key} }}"
        ),
        format!("acme.dns01.google = {{ project = \"p\", service_account = {key} }}"),
        "acme.dns01.webhook = { group = \"acme.example.com\", solver = \"s\", config = { a = 1 } }"
            .to_owned(),
    ];
    let texts: Vec<String> = all.iter().map(|dns01| yaml(&issuer(dns01))).collect();
    insta::assert_snapshot!(texts.join("\n=====\n"));
}

#[test]
fn what_lets_in_at_a_provider_is_whole() {
    let said =
        |dns01: &str| mistakes(&format!("[issuer.i]\nacme.server = \"letsencrypt\"\nacme.dns01.{dns01}\n"));
    let amazon = |keys: &str| said(&format!("route53 = {{ region = \"eu-west-1\"{keys} }}"));
    let only_id = amazon(", access_key_id = \"A\"");
    assert!(only_id.contains("`access_key_id` stands without `secret_access_key`"), "{only_id}");
    let only_key = amazon(", secret_access_key = { env = \"KEY\" }");
    assert!(only_key.contains("`secret_access_key` stands without `access_key_id`"), "{only_key}");
    let azure =
        |keys: &str| said(&format!("azure = {{ subscription_id = \"s\", resource_group = \"g\"{keys} }}"));
    let only_id = azure(", client_id = \"c\"");
    assert!(only_id.contains("`client_id` stands without `client_secret`, `tenant_id`"), "{only_id}");
    let issuer = |dns01: &str| {
        format!("[issuer.i]\nscope = \"namespace\"\nacme.server = \"letsencrypt\"\nacme.dns01.{dns01}\n")
    };
    fine(&issuer("route53.region = \"eu-west-1\""));
    fine(&issuer("azure = { subscription_id = \"s\", resource_group = \"g\" }"));
}

#[test]
fn no_secret_stands_in_what_a_webhook_is_told() {
    let text = |config: &str| {
        format!(
            "[secret.x]\nenv = \"X\"\n[issuer.i]\nacme.server = \"letsencrypt\"\n\
             acme.dns01.webhook = {{ group = \"g\", solver = \"s\", config = {config} }}\n"
        )
    };
    for config in ["{ a = \"${secret.x}\" }", "{ a = { b = [\"id:${secret.x}\"] } }"] {
        let said = mistakes(&text(config));
        assert!(said.contains("`config` has a secret in it"), "{config}: {said}");
    }
}

#[test]
fn the_key_of_a_name_server_is_base64() {
    let text = "[issuer.i]\nacme.server = \"letsencrypt\"\n\
        acme.dns01.rfc2136 = { server = \"192.0.2.1\", key_name = \"k\", key = { env = \"KEY\" } }\n";
    let said = |key: &str| found_with(text, "", &SecretText::Known(key.into()));
    let wrong = said("not base64!");
    assert!(wrong.contains("bad-secret") && wrong.contains("is not base64"), "{wrong}");
    assert!(!wrong.contains("not base64!"), "{wrong}");
    assert!(!said("c2VjcmV0").contains("base64"));
}

#[test]
fn an_authority_is_made_here_or_named() {
    let made = yaml("[issuer.inner]\nca = { common_name = \"Example Root\" }\n");
    let named = yaml("[issuer.inner]\nscope = \"namespace\"\nnamespace = \"reg\"\nca.secret = \"root\"\n");
    let signs_itself = yaml("[issuer.self]\nself_signed = true\n");
    insta::assert_snapshot!([made, named, signs_itself].join("\n=====\n"));
}

const REGISTRY: &str = "[registry.main]\nhost = \"r.example.com\"\nimage = \"registry:3.1.1\"\nnamespace = \"reg\"\n\
    storage.volume = { size = \"1Gi\" }\ningress.class = \"nginx\"\nauth.users.ci = { env = \"P\" }\n";

#[test]
fn a_registry_has_a_certificate_before_it_is_reached() {
    let text = format!(
        "{REGISTRY}tls = {{ issuer = \"issuer.le\", names = [\"alias.example.com\"], renew_before = \"360h\" }}\n\
         [issuer.le]\nacme.server = \"letsencrypt\"\nacme.http01 = {{}}\n"
    );
    let objects = fine(&text);
    let named = |kind: &str| {
        let mut found = objects.iter().filter(|desired| desired.identity.kind == kind);
        found.next().unwrap()
    };
    insta::assert_snapshot!(serde_saphyr::to_string(&named("Certificate").object).unwrap());
    let ingress = named("Ingress");
    assert_eq!(
        ingress.object["spec"]["tls"],
        json!([{"hosts": ["r.example.com", "alias.example.com"], "secretName": "registry-tls"}])
    );
    let waits: Vec<String> = ingress.depends_on.iter().map(|(address, _)| address.to_string()).collect();
    assert!(waits.contains(&"registry.main/Certificate.cert-manager.io/registry".to_owned()), "{waits:?}");
    // What holds data stays for ever, and would keep the issuer with all that it stands on.
    let needs_issuer = |kind: &str| BlockType::needs_named_blocks(&RegistryBlock, named(kind));
    assert!(needs_issuer("Certificate") && needs_issuer("Deployment"));
    for data in ["ConfigMap", "PersistentVolumeClaim", "Secret", "ServiceAccount"] {
        assert!(!needs_issuer(data), "{data}");
    }
}

/// A registry with further names in its certificate.
fn with_names(names: &str) -> String {
    let registry = REGISTRY.replace("nginx", "contour");
    format!(
        "{registry}tls = {{ issuer = \"issuer.le\", names = {names} }}\n[issuer.le]\nself_signed = true\n"
    )
}

#[test]
fn a_further_name_is_written_as_the_host_is() {
    insta::assert_snapshot!(found(&with_names("[\"a.example.com\", \"Alias.example.com\", \"192.0.2.1\", \"*.B.example.com\"]")), @r#"
    error bad-value: the name `Alias.example.com` of the certificate must be lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit
      at `"Alias.example.com"` 
      help: write it in lower case
    error bad-value: the name `192.0.2.1` of the certificate is an address, and certificates and routes need a name
      at `"192.0.2.1"` 
      help: write a domain name: `registry.example.com`
    error bad-value: the name `*.B.example.com` of the certificate must be lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit
      at `"*.B.example.com"` 
      help: write it in lower case
    "#);
    fine(&with_names("[\"*.example.com\", \"a.example.com\"]"));
}

#[test]
fn a_name_that_is_written_twice_stands_in_the_certificate_once() {
    let objects = fine(&with_names("[\"a.example.com\", \"r.example.com\", \"a.example.com\"]"));
    let certificate = objects.iter().find(|desired| desired.identity.kind == "Certificate").unwrap();
    assert_eq!(certificate.object["spec"]["dnsNames"], json!(["r.example.com", "a.example.com"]));
    let ingress = objects.iter().find(|desired| desired.identity.kind == "Ingress").unwrap();
    assert_eq!(ingress.object["spec"]["tls"][0]["hosts"], json!(["r.example.com", "a.example.com"]));
}

#[test]
fn what_no_schema_can_say_of_an_issuer_is_a_mistake() {
    let texts = [
        "[issuer.a]\n",
        "[issuer.a]\nself_signed = true\nca.secret = \"x\"\n",
        "[issuer.a]\nnamespace = \"x\"\nself_signed = true\n",
        "[issuer.a]\nca = { secret = \"x\", duration = \"1h\" }\n",
        "[issuer.a]\nacme.server = \"letsencrypt\"\n",
        "[issuer.a]\nacme = { server = \"letsencrypt\", http01 = { class = \"a\", gateway = \"b\" } }\n",
        "[issuer.a]\nacme = { server = \"letsencrypt\", dns01 = {} }\n",
        "[issuer.a]\nacme = { server = \"letsencrypt\", http01 = {}, dns01 = { digitalocean = { token = { generate = { length = 20 } } }, cloudflare = { api_token = { env = \"X\" } } } }\n",
        "[issuer.a]\nacme = { server = \"letsencrypt\", dns01 = { digitalocean = { token = { generate = { length = 20 } } } } }\n",
    ];
    let said: Vec<String> = texts.iter().map(|text| mistakes(text)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_no_schema_can_say_of_a_certificate_is_a_mistake() {
    let issuer = "[issuer.le]\nscope = \"namespace\"\nnamespace = \"other\"\nself_signed = true\n";
    let texts = [
        format!("{REGISTRY}tls = {{}}\n"),
        format!("{REGISTRY}tls = {{ secret = \"s\", duration = \"1h\" }}\n"),
        format!(
            "{REGISTRY}tls.issuer = \"issuer.le\"\ningress.annotations = {{ \"cert-manager.io/issuer\" = \"x\" }}\n{issuer}"
        ),
        format!(
            "{REGISTRY}tls.issuer = \"issuer.le\"\nannotations = {{ \"cert-manager.io/issuer\" = \"x\" }}\n{}",
            "[issuer.le]\nself_signed = true\n"
        ),
        format!(
            "{REGISTRY}tls.secret = \"s\"\nannotations = {{ \"kubernetes.io/ingress.class\" = \"x\" }}\n"
        ),
    ];
    let said: Vec<String> = texts.iter().map(|text| mistakes(text)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_name_that_the_issuer_cannot_prove_is_a_mistake_at_its_place() {
    let tls = "tls = { issuer = \"issuer.le\", names = [\"*.r.example.com\"] }\n";
    let key = "{ env = \"KEY\" }";
    let issuer = |ways: &str| format!("{REGISTRY}{tls}[issuer.le]\nacme.server = \"letsencrypt\"\n{ways}\n");
    let by_http = found(&issuer("acme.http01 = {}"));
    assert!(by_http.contains("error unprovable-name"), "{by_http}");
    assert!(by_http.contains("at `[\"*.r.example.com\"]`") && by_http.contains("dns01"), "{by_http}");
    fine(&issuer(&format!("acme.dns01.digitalocean.token = {key}")));
    let zones = |zone: &str| {
        format!(
            "acme.http01 = {{}}\nacme.dns01 = {{ zones = [\"{zone}\"], digitalocean = {{ token = {key} }} }}"
        )
    };
    fine(&issuer(&zones("example.com")));
    assert!(found(&issuer(&zones("example.org"))).contains("unprovable-name"));
    // By hand, too.
    let ingress = "[issuer.le]\nacme = { server = \"letsencrypt\", http01 = {} }\n[resource.i]\n\
        apiVersion = \"networking.k8s.io/v1\"\nkind = \"Ingress\"\n\
        metadata.annotations = { \"cert-manager.io/cluster-issuer\" = \"le\" }\n\
        spec = { tls = [{ hosts = [\"*.example.com\"], secretName = \"t\" }] }\n";
    assert!(found(ingress).contains("unprovable-name"), "{}", found(ingress));
}

#[test]
fn a_proof_that_others_than_the_registrys_way_answer_is_told() {
    let with = |way: &str, http01: &str| {
        let way = REGISTRY.replace("ingress.class = \"nginx\"", way);
        assert!(way.contains("host"), "{way}");
        let issuer = format!("[issuer.le]\nacme = {{ server = \"letsencrypt\", http01 = {http01} }}\n");
        found(&format!("{way}tls.issuer = \"issuer.le\"\n{issuer}"))
    };
    let (nginx, gateway) = ("ingress.class = \"nginx\"", "gateway.class = \"edge\"");
    for (way, http01) in [
        (nginx, "{ class = \"traefik\" }"),
        (nginx, "{ gateway = \"edge/public\" }"),
        (gateway, "{ class = \"nginx\" }"),
        (gateway, "{}"),
    ] {
        let told = with(way, http01);
        assert!(told.contains("warning unproven-name") && told.contains("the proof is not found"), "{told}");
    }
    for (way, http01) in
        [(nginx, "{ class = \"nginx\" }"), (nginx, "{}"), (gateway, "{ gateway = \"registry\" }")]
    {
        let told = with(way, http01);
        assert!(!told.contains("unproven-name"), "{told}");
    }
}

#[test]
fn the_root_of_an_authority_is_known_when_it_is_there() {
    let with = |issuer: &str| {
        format!(
            "[issuer.i]\nscope = \"namespace\"\n{issuer}\n[resource.m]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n\
             data.root = \"${{issuer.i.root}}\"\n"
        )
    };
    let resources = fine(&with("ca = {}"));
    let map = resources.iter().find(|desired| desired.identity.is("", "ConfigMap")).unwrap();
    assert!(map.unchecked.get(&path("data.root")).is_some(), "it stands in a Secret that nobody has read");
    let found = mistakes(&with("self_signed = true"));
    assert!(found.contains("`issuer.i.root` leads to nothing"), "{found}");
}
