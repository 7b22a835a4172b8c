//! What is known of a registry before it is looked at: what its block says, and what the cluster says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use url::Url;

use super::door::Login;
use super::{names, tls};
use crate::blocks::{Access, Endpoint, Entry, Exposed, Facts, Reach, SecretText, ServedTls, Signer};
use crate::engine::Error;
use crate::kubernetes::certificates::{Renewal, renewal};
use crate::provider::Provider;
use crate::resource::record_set::addresses_in;
use crate::resource::{Identity, Reading, Target};
use crate::verify::{Expected, Named, OwnRoot, Stored};

/// A registry, and what is known of it.
pub(super) struct Subject {
    pub(super) endpoint: Endpoint,
    /// Its URL.
    pub(super) base: Url,
    /// Why its port is not known, where that is so.
    pub(super) no_port: Option<String>,
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
        let outside = match &endpoint.reach {
            Reach::Outside(outside) => Some(outside.as_ref()),
            Reach::Cluster { .. } => None,
        };
        let found = match outside {
            Some(outside) => Found::read(outside, provider).await,
            None => Found::default(),
        };
        let (url, no_port) = url(&endpoint, &found);
        let base = Url::parse(&url).map_err(|_| Error::NoUrl { registry: endpoint.block.clone(), url })?;
        let expected = match outside.map(|outside| &outside.entry) {
            None => Expected::Anywhere("it is reached within the cluster alone".to_owned()),
            Some(Entry::Object(object)) => found.addresses(object).await,
            Some(Entry::Nodes { .. }) => {
                Expected::Anywhere("any node will do, and what stands before them".to_owned())
            }
        };
        let tls = outside.and_then(|outside| outside.tls.as_ref());
        let signed = tls.and_then(|tls| tls.signed.as_ref());
        let (logins, strangers) = logins(&endpoint.access, facts);
        Ok(Self {
            base,
            no_port,
            expected,
            renewal: signed.and_then(|signed| {
                renewal(&signed.certificate, &found.object(&signed.certificate)?, Timestamp::now())
            }),
            stored: found.stored(tls.and_then(|tls| tls.secret.as_ref())),
            own_root: signed.map_or(OwnRoot::Nothing, |signed| found.root_of(&signed.signer)),
            unreached: provider.cluster().identity().await.err().map(|problem| problem.message),
            pull_secrets: Vec::new(),
            logins,
            strangers,
            endpoint,
        })
    }

    fn outside(&self) -> Option<&Exposed> {
        match &self.endpoint.reach {
            Reach::Outside(outside) => Some(outside),
            Reach::Cluster { .. } => None,
        }
    }

    /// How it is encrypted; `None` where it is not.
    pub(super) fn tls(&self) -> Option<&ServedTls> {
        self.outside()?.tls.as_ref()
    }

    /// How large a body may be.
    pub(super) fn body_limit(&self) -> Option<u64> {
        self.outside()?.body_limit
    }
}

/// `https://HOST/`, or as the block has it; and why its port is not known, where that is so.
fn url(endpoint: &Endpoint, found: &Found) -> (String, Option<String>) {
    let host = &endpoint.host;
    let outside = match &endpoint.reach {
        Reach::Cluster { port, .. } => return (format!("http://{host}:{port}/"), None),
        Reach::Outside(outside) => outside,
    };
    let scheme = if outside.tls.is_some() { "https" } else { "http" };
    match &outside.entry {
        Entry::Object(_) => (format!("{scheme}://{host}/"), None),
        Entry::Nodes { service, port } => match port.or_else(|| found.node_port(service)) {
            Some(port) => (format!("{scheme}://{host}:{port}/"), None),
            None => (
                format!("{scheme}://{host}/"),
                Some(format!("{} tells no port of the nodes", service.short_name())),
            ),
        },
    }
}

/// What the cluster has of a registry.
#[derive(Default)]
struct Found(BTreeMap<Identity, Reading>);

impl Found {
    async fn read(outside: &Exposed, provider: &dyn Provider) -> Self {
        let tls = outside.tls.as_ref();
        let mut wanted = BTreeSet::from([outside.entry.object().clone()]);
        wanted.extend(tls.and_then(|tls| tls.secret.clone()));
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

    /// The certificate in the Secret of `tls`.
    fn stored(&self, secret: Option<&Identity>) -> Stored {
        match secret.map(|secret| self.certificate(secret)) {
            Some(Ok(Some(stored))) => Stored::Known(stored),
            Some(Err(why)) => Stored::Unknown(why),
            Some(Ok(None)) | None => Stored::Nothing,
        }
    }

    /// The authority of an issuer that is one of ours.
    fn root_of(&self, signer: &Signer) -> OwnRoot {
        let Signer::Authority(secret) = signer else { return OwnRoot::Nothing };
        match self.certificate(secret) {
            Ok(Some(root)) => OwnRoot::Known([root].into_iter().collect()),
            Ok(None) => OwnRoot::Nothing,
            Err(why) => OwnRoot::Unknown(why),
        }
    }

    /// The port of the nodes that a Service has.
    fn node_port(&self, service: &Identity) -> Option<u16> {
        self.object(service)?.pointer("/spec/ports/0/nodePort")?.as_u64()?.try_into().ok()
    }

    /// The addresses that an object says of itself.
    async fn addresses(&self, identity: &Identity) -> Expected {
        let object = match self.0.get(identity) {
            Some(Reading::Present(live)) => &live.object,
            Some(Reading::Absent) => {
                let fix = "look with `regplan plan` whether it is still to be made";
                return unknown(format!("there is no {identity}"), fix);
            }
            Some(Reading::Unreadable(problem)) => {
                return unknown(problem.message.clone(), "look from where the cluster lets it be read");
            }
            None => return unknown(format!("the {identity} was not read"), "try it again"),
        };
        let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
        for text in object.get("status").map(addresses_in).unwrap_or_default() {
            match text.parse::<IpAddr>() {
                Ok(address) => drop(addresses.insert(address)),
                Err(_) => match names::by_system(&text).await {
                    Ok(Named::At(found)) => addresses.extend(found),
                    Ok(Named::Nothing) => return leads_nowhere(identity, &text, "that has no address"),
                    Err(why) => return leads_nowhere(identity, &text, &why),
                },
            }
        }
        if addresses.is_empty() {
            return Expected::Pending(identity.to_string());
        }
        Expected::At(addresses, identity.to_string())
    }
}

fn unknown(why: String, fix: &str) -> Expected {
    Expected::Unknown { why, fix: fix.to_owned() }
}

/// What an object says of itself by a name of which this machine finds no address.
fn leads_nowhere(identity: &Identity, name: &str, why: &str) -> Expected {
    unknown(
        format!("{identity} is at {name}, and {why}"),
        "wait until that name has an address, and look whether this machine can ask name servers",
    )
}

fn first_certificate(secret: &Value) -> Option<CertificateDer<'static>> {
    let text = secret.get("data")?.get("tls.crt")?.as_str()?;
    tls::certificates(&STANDARD.decode(text).ok()?).into_iter().next()
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
