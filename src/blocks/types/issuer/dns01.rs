//! How a DNS record is made that proves a name.

use serde_json::{Map, Value, json};

use super::IssuerSpec;
use super::options::{Azure, Dns01, Google, Rfc2136, Route53, Webhook};
use crate::blocks::draft::Draft;
use crate::blocks::facts::{Facts, Need};
use crate::blocks::keys::span_of;
use crate::blocks::tsig::{self, TsigAlgorithm};
use crate::config::{Block, SecretSource};
use crate::diagnostic::Diagnostic;
use crate::resource::{Expression, FieldPath, Reference};

/// One provider: its name in the configuration, in cert-manager, and what it needs.
struct Provider<'a> {
    /// The key of the configuration.
    name: &'static str,
    /// The key of the solver.
    solver: &'static str,
    /// What the solver says, without its secret.
    settings: Value,
    /// The secret, if there is one.
    secret: Option<ProviderSecret<'a>>,
}

/// A secret of a provider.
struct ProviderSecret<'a> {
    source: &'a SecretSource,
    /// The keys of the configuration that give it, below `acme.dns01`.
    keys: [&'static str; 2],
    /// The field of the solver that names the Secret.
    field: &'static str,
    /// The key in the Secret.
    entry: &'static str,
}

/// Which provider the keys name first.
fn provider(dns01: &Dns01) -> Option<Provider<'_>> {
    let Dns01 {
        zones: _,
        rfc2136: tsig,
        cloudflare,
        digitalocean,
        route53: amazon,
        azure: microsoft,
        google: cloud,
        webhook: other,
    } = dns01;
    let tsig = tsig.as_ref().map(rfc2136);
    let cloudflare = cloudflare.as_ref().map(|cloudflare| Provider {
        name: "cloudflare",
        solver: "cloudflare",
        settings: json!({}),
        secret: Some(ProviderSecret::new(
            &cloudflare.api_token,
            ["cloudflare", "api_token"],
            "apiTokenSecretRef",
            "api-token",
        )),
    });
    let digitalocean = digitalocean.as_ref().map(|digitalocean| Provider {
        name: "digitalocean",
        solver: "digitalocean",
        settings: json!({}),
        secret: Some(ProviderSecret::new(
            &digitalocean.token,
            ["digitalocean", "token"],
            "tokenSecretRef",
            "token",
        )),
    });
    tsig.or(cloudflare)
        .or(digitalocean)
        .or_else(|| amazon.as_ref().map(route53))
        .or_else(|| microsoft.as_ref().map(azure))
        .or_else(|| cloud.as_ref().map(google))
        .or_else(|| other.as_ref().map(webhook))
}

impl<'a> ProviderSecret<'a> {
    fn new(
        source: &'a SecretSource,
        keys: [&'static str; 2],
        field: &'static str,
        entry: &'static str,
    ) -> Self {
        Self { source, keys, field, entry }
    }
}

fn rfc2136(rfc2136: &Rfc2136) -> Provider<'_> {
    let algorithm = match rfc2136.algorithm {
        TsigAlgorithm::Sha256 => "HMACSHA256",
        TsigAlgorithm::Sha512 => "HMACSHA512",
    };
    Provider {
        name: "rfc2136",
        solver: "rfc2136",
        // Without an algorithm cert-manager signs with MD5.
        settings: json!({
            "nameserver": rfc2136.server, "tsigKeyName": rfc2136.key_name, "tsigAlgorithm": algorithm,
        }),
        secret: Some(ProviderSecret::new(
            &rfc2136.key,
            ["rfc2136", "key"],
            "tsigSecretSecretRef",
            "tsig-secret",
        )),
    }
}

fn route53(route53: &Route53) -> Provider<'_> {
    let settings = [
        ("region", Some(&route53.region)),
        ("hostedZoneID", route53.hosted_zone_id.as_ref()),
        ("role", route53.role.as_ref()),
        ("accessKeyID", route53.access_key_id.as_ref()),
    ];
    let key = route53.secret_access_key.as_ref();
    Provider {
        name: "route53",
        solver: "route53",
        settings: given(&settings),
        secret: key.map(|key| {
            ProviderSecret::new(
                key,
                ["route53", "secret_access_key"],
                "secretAccessKeySecretRef",
                "secret-access-key",
            )
        }),
    }
}

fn azure(azure: &Azure) -> Provider<'_> {
    let settings = [
        ("subscriptionID", Some(&azure.subscription_id)),
        ("resourceGroupName", Some(&azure.resource_group)),
        ("hostedZoneName", azure.zone.as_ref()),
        ("tenantID", azure.tenant_id.as_ref()),
        ("clientID", azure.client_id.as_ref()),
    ];
    let key = azure.client_secret.as_ref();
    Provider {
        name: "azure",
        solver: "azureDNS",
        settings: given(&settings),
        secret: key.map(|key| {
            ProviderSecret::new(key, ["azure", "client_secret"], "clientSecretSecretRef", "client-secret")
        }),
    }
}

fn google(google: &Google) -> Provider<'_> {
    let key = google.service_account.as_ref();
    Provider {
        name: "google",
        solver: "cloudDNS",
        settings: json!({"project": google.project}),
        secret: key.map(|key| {
            ProviderSecret::new(key, ["google", "service_account"], "serviceAccountSecretRef", "key.json")
        }),
    }
}

fn webhook(webhook: &Webhook) -> Provider<'_> {
    let mut settings = json!({"groupName": webhook.group, "solverName": webhook.solver});
    if !webhook.config.is_empty() {
        settings["config"] = json!(webhook.config);
    }
    Provider { name: "webhook", solver: "webhook", settings, secret: None }
}

/// Those that are given.
fn given(settings: &[(&str, Option<&String>)]) -> Value {
    let given = settings.iter().filter_map(|(key, value)| Some(((*key).to_owned(), json!(value.as_ref()?))));
    Value::Object(given.collect::<Map<_, _>>())
}

/// The names of the providers that are given.
pub(super) fn given_providers(dns01: &Dns01) -> Vec<&'static str> {
    let Dns01 { zones: _, rfc2136, cloudflare, digitalocean, route53, azure, google, webhook } = dns01;
    let all = [
        ("rfc2136", rfc2136.is_some()),
        ("cloudflare", cloudflare.is_some()),
        ("digitalocean", digitalocean.is_some()),
        ("route53", route53.is_some()),
        ("azure", azure.is_some()),
        ("google", google.is_some()),
        ("webhook", webhook.is_some()),
    ];
    all.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
}

/// The sources of secrets, each with its keys below `acme.dns01`.
pub(super) fn secret_source(dns01: &Dns01) -> Option<(&SecretSource, [&'static str; 2])> {
    provider(dns01)?.secret.map(|secret| (secret.source, secret.keys))
}

/// The name of the provider in the configuration.
pub(super) fn provider_name(dns01: &Dns01) -> &'static str {
    provider(dns01).map_or("nobody", |provider| provider.name)
}

/// The question for the secret.
pub(super) fn need(dns01: &Dns01) -> Option<Need> {
    let (source, _) = secret_source(dns01)?;
    Some(Need::Secret { source: source.clone(), stored_at: None })
}

/// What is wrong with the key of a name server, where it is known.
pub(super) fn wrong_key(block: &Block, dns01: &Dns01, facts: &Facts) -> Option<Diagnostic> {
    dns01.rfc2136.as_ref()?;
    tsig::wrong_key(&facts.text(&need(dns01)?), span_of(block, ["acme", "dns01", "rfc2136", "key"]))
}

/// The keys by which one gets in at a provider, of which some are there and others are not: the first that is, and those that are
/// not.
pub(super) fn half_given(dns01: &Dns01) -> Option<([&'static str; 2], Vec<&'static str>)> {
    let (provider, keys) = match dns01 {
        Dns01 { route53: Some(route53), .. } => {
            let keys = [
                ("access_key_id", route53.access_key_id.is_some()),
                ("secret_access_key", route53.secret_access_key.is_some()),
            ];
            ("route53", keys.to_vec())
        }
        // Source: the validation of `azureDNS` in cert-manager's webhook.
        Dns01 { azure: Some(azure), .. } => {
            let keys = [
                ("client_id", azure.client_id.is_some()),
                ("client_secret", azure.client_secret.is_some()),
                ("tenant_id", azure.tenant_id.is_some()),
            ];
            ("azure", keys.to_vec())
        }
        _ => return None,
    };
    let (given, lacking): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, is_given)| *is_given);
    let first = given.first()?.0;
    let lacking: Vec<_> = lacking.into_iter().map(|(key, _)| key).collect();
    (!lacking.is_empty()).then_some(([provider, first], lacking))
}

/// Whether a secret, or a variable that is one, stands in what a webhook is told.
pub(super) fn tells_a_secret(dns01: &Dns01) -> bool {
    dns01.webhook.as_ref().is_some_and(|webhook| webhook.config.values().any(holds_a_secret))
}

fn holds_a_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => match Expression::parse(text) {
            Some(Ok(expression)) => {
                expression.references().any(|reference| !matches!(reference, Reference::Live(_)))
            }
            _ => false,
        },
        Value::Array(items) => items.iter().any(holds_a_secret),
        Value::Object(entries) => entries.values().any(holds_a_secret),
        _ => false,
    }
}

/// The Secret that the solver names.
pub(super) fn secret(block: &Block, spec: &IssuerSpec, dns01: &Dns01, facts: &Facts) -> Option<Draft> {
    let ProviderSecret { keys, entry, .. } = provider(dns01)?.secret?;
    let mut draft = spec.draft(
        block,
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": spec.suffixed("dns01"), "namespace": spec.secrets_namespace()},
            "type": "Opaque",
        }),
    );
    let path = FieldPath::keys(["stringData", entry]);
    draft.put_secret(path.clone(), &facts.text(&need(dns01)?));
    Some(draft.from(block, path, ["acme", "dns01"].into_iter().chain(keys)))
}

/// The solver.
pub(super) fn solver(spec: &IssuerSpec, dns01: &Dns01) -> Value {
    let Some(Provider { solver, mut settings, secret, .. }) = provider(dns01) else { return json!({}) };
    if let Some(ProviderSecret { field, entry, .. }) = secret {
        settings[field] = json!({"name": spec.suffixed("dns01"), "key": entry});
    }
    let mut whole = json!({"dns01": {solver: settings}});
    if !dns01.zones.is_empty() {
        whole["selector"] = json!({"dnsZones": dns01.zones});
    }
    whole
}
