//! What is known of a registry before it is looked at: what its block says, and what the cluster says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use url::Url;

use super::door::Login;
use super::{names, tls};
use crate::blocks::{Access, Endpoint, Facts, Reach, SecretText, ServedTls, Signer};
use crate::engine::Error;
use crate::kubernetes::certificates::{Renewal, renewal};
use crate::provider::Provider;
use crate::resource::{Identity, Reading, Target};
use crate::verify::{Expected, Named, OwnRoot, Stored};

/// A registry, and what is known of it.
pub(super) struct Subject {
    pub(super) endpoint: Endpoint,
    /// Its URL.
    pub(super) base: Url,
    /// Where its name should lead to.
    pub(super) expected: Expected,
    /// What cert-manager says of its certificate.
    pub(super) renewal: Option<Renewal>,
    /// The certificate in its Secret.
    pub(super) stored: Stored,
    /// The authority of its issuer, where that is one of ours.
    pub(super) own_root: OwnRoot,
    /// Why no cluster is reached, where that is so.
    pub(super) unreached: Option<String>,
    /// The Secrets by which pods pull from it.
    pub(super) pull_secrets: Vec<Identity>,
    /// The users whose passwords are known.
    pub(super) logins: Vec<Login>,
    /// The others, each with the reason why its password is not known.
    pub(super) strangers: Vec<(String, String)>,
}

impl Subject {
    /// Asks the cluster for what it knows of a registry. `facts` has the passwords.
    ///
    /// # Errors
    /// Its host is none that a URL can have.
    pub(super) async fn of(
        endpoint: Endpoint,
        facts: &Facts,
        provider: &dyn Provider,
    ) -> Result<Self, Error> {
        let url = url(&endpoint);
        let base = Url::parse(&url).map_err(|_| Error::NoUrl { registry: endpoint.block.clone(), url })?;
        let (logins, strangers) = logins(&endpoint.access, facts);
        let mut subject = Self {
            base,
            expected: Expected::Unknown("it is reached within the cluster alone".to_owned()),
            renewal: None,
            stored: Stored::Nothing,
            own_root: OwnRoot::Nothing,
            unreached: provider.cluster().identity().await.err().map(|problem| problem.message),
            pull_secrets: Vec::new(),
            logins,
            strangers,
            endpoint,
        };
        let Reach::Ingress { ingress, tls, .. } = &subject.endpoint.reach else { return Ok(subject) };
        let mut found = Found::read(ingress, tls.as_deref(), provider).await;
        subject.expected = expected(ingress, found.take(ingress)).await;
        let Some(tls) = tls else { return Ok(subject) };
        subject.stored = match found.certificate(&tls.secret) {
            Ok(Some(stored)) => Stored::Known(stored),
            Ok(None) => Stored::Nothing,
            Err(why) => Stored::Unknown(why),
        };
        let Some(signed) = &tls.signed else { return Ok(subject) };
        subject.renewal = found
            .object(&signed.certificate)
            .and_then(|object| renewal(&signed.certificate, &object, Timestamp::now()));
        if let Signer::Authority(secret) = &signed.signer {
            subject.own_root = match found.certificate(secret) {
                Ok(Some(root)) => OwnRoot::Known(roots_of(root)),
                Ok(None) => OwnRoot::Nothing,
                Err(why) => OwnRoot::Unknown(why),
            };
        }
        Ok(subject)
    }

    /// How it is encrypted; `None` where it is not.
    pub(super) fn tls(&self) -> Option<&ServedTls> {
        match &self.endpoint.reach {
            Reach::Ingress { tls, .. } => tls.as_deref(),
            Reach::Cluster { .. } => None,
        }
    }

    /// How large a body may be.
    pub(super) fn body_limit(&self) -> Option<u64> {
        match &self.endpoint.reach {
            Reach::Ingress { body_limit, .. } => *body_limit,
            Reach::Cluster { .. } => None,
        }
    }
}

/// `https://HOST/`, or as the block has it.
fn url(endpoint: &Endpoint) -> String {
    let host = &endpoint.host;
    match &endpoint.reach {
        Reach::Ingress { tls: Some(_), .. } => format!("https://{host}/"),
        Reach::Ingress { tls: None, .. } => format!("http://{host}/"),
        Reach::Cluster { port, .. } => format!("http://{host}:{port}/"),
    }
}

/// What the cluster has of a registry.
struct Found(BTreeMap<Identity, Reading>);

impl Found {
    async fn read(ingress: &Identity, tls: Option<&ServedTls>, provider: &dyn Provider) -> Self {
        let mut wanted = BTreeSet::from([ingress.clone()]);
        wanted.extend(tls.map(|tls| tls.secret.clone()));
        if let Some(signed) = tls.and_then(|tls| tls.signed.as_ref()) {
            wanted.insert(signed.certificate.clone());
            if let Signer::Authority(secret) = &signed.signer {
                wanted.insert(secret.clone());
            }
        }
        let target = |identity: &Identity| Target { identity: identity.clone(), version: None };
        let targets: Vec<Target> = wanted.iter().map(target).collect();
        let readings = provider.read(&targets).await;
        Self(wanted.into_iter().zip(readings).collect())
    }

    fn take(&mut self, identity: &Identity) -> Option<Reading> {
        self.0.remove(identity)
    }

    fn object(&self, identity: &Identity) -> Option<Value> {
        match self.0.get(identity)? {
            Reading::Present(live) => Some(live.object.clone()),
            Reading::Absent | Reading::Unreadable(_) => None,
        }
    }

    /// The certificate in a Secret, if it has one.
    ///
    /// # Errors
    /// Why the Secret cannot be read.
    fn certificate(&self, secret: &Identity) -> Result<Option<CertificateDer<'static>>, String> {
        if let Some(Reading::Unreadable(problem)) = self.0.get(secret) {
            return Err(problem.message.clone());
        }
        Ok(self.object(secret).as_ref().and_then(first_certificate))
    }
}

fn first_certificate(secret: &Value) -> Option<CertificateDer<'static>> {
    let text = secret.get("data")?.get("tls.crt")?.as_str()?;
    tls::certificates(&STANDARD.decode(text).ok()?).into_iter().next()
}

fn roots_of(root: CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates([root]);
    roots
}

/// The addresses that an Ingress says of itself.
async fn expected(ingress: &Identity, reading: Option<Reading>) -> Expected {
    let object = match reading {
        Some(Reading::Present(live)) => live.object.clone(),
        Some(Reading::Absent) => return Expected::Unknown(format!("there is no {ingress}")),
        Some(Reading::Unreadable(problem)) => return Expected::Unknown(problem.message),
        None => return Expected::Unknown(format!("the {ingress} was not read")),
    };
    let told = object.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    for entry in told.into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        addresses.extend(text("ip").and_then(|ip| ip.parse::<IpAddr>().ok()));
        if let Some(name) = text("hostname")
            && let Ok(Named::At(found)) = names::by_system(name).await
        {
            addresses.extend(found);
        }
    }
    if addresses.is_empty() {
        return Expected::Pending(ingress.to_string());
    }
    Expected::At(addresses, ingress.to_string())
}

/// The users whose passwords are known, and the others with the reason.
fn logins(access: &Access, facts: &Facts) -> (Vec<Login>, Vec<(String, String)>) {
    let Access::Users(users) = access else { return (Vec::new(), Vec::new()) };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (user, need) in users {
        match facts.text(need) {
            SecretText::Known(password) => {
                known.push(Login { user: user.clone(), password });
            }
            other => unknown.push((user.clone(), why(&other))),
        }
    }
    (known, unknown)
}

fn why(text: &SecretText) -> String {
    match text {
        SecretText::Unknown(reason) | SecretText::Lost(reason) => reason.clone(),
        SecretText::New(_) => "it was not applied yet".to_owned(),
        SecretText::Known(_) | SecretText::Placeholder => "it is not read here".to_owned(),
    }
}
