//! Whether a certificate is trusted, for the right name, of today, and signed by the right one.

use std::fmt::Display;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};

use super::authorities::Authorities;
use super::codes;
use super::outcome::{Fault, Outcome};
use crate::blocks::{Signed, Signer};
use crate::kubernetes::certificates::Renewal;
use crate::kubernetes::x509::CertificateFacts;

/// What a server showed in its handshake.
#[derive(Debug, Clone)]
pub struct Served {
    chain: Vec<CertificateDer<'static>>,
    leaf: CertificateFacts,
}

impl Served {
    /// The certificates in the order in which they came; `None` where the first one cannot be read.
    pub fn of(chain: Vec<CertificateDer<'static>>) -> Option<Self> {
        let leaf = CertificateFacts::of_der(chain.first()?)?;
        Some(Self { chain, leaf })
    }

    /// Whether its certificate leads to these authorities. How long it holds, and for which names, is not looked at.
    fn is_trusted_by(&self, authorities: &Authorities) -> Result<(), String> {
        const UNKNOWN: &str = "its issuer is not known here";
        const AUTHORITY: &str =
            "it is itself one of an authority (`CA:TRUE`), which not every client takes from a server";
        let (leaf, others) = self.chain.split_first().ok_or("the server shows none")?;
        match authorities.believe(leaf, others, self.moment()) {
            Ok(()) => Ok(()),
            // Nobody has looked who signed it then.
            Err(_) if self.leaf.is_authority => Err(if authorities.are_named_by(leaf, others) {
                AUTHORITY.to_owned()
            } else {
                format!("{UNKNOWN}; {AUTHORITY}")
            }),
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Err(UNKNOWN.to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Now, or the nearest moment at which the certificate holds.
    fn moment(&self) -> UnixTime {
        let (first, last) = (self.leaf.not_before.as_second() + 1, self.leaf.not_after.as_second() - 1);
        let seconds = Timestamp::now().as_second().max(first).min(last);
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    }

    /// Whether it is for this name. One with `*` is that of no server, so the certificate has to say just that.
    fn is_for(&self, name: &str) -> bool {
        if name.starts_with("*.") {
            return self.leaf.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        }
        let leaf = self.chain.first().and_then(|leaf| ParsedCertificate::try_from(leaf).ok());
        let name = ServerName::try_from(name).ok();
        leaf.zip(name).is_some_and(|(leaf, name)| verify_server_name(&leaf, &name).is_ok())
    }

    /// The fault, with the stand-in as its cause where it is one: it is trusted by nobody, for no name, and of no issuer.
    fn blamed(&self, fault: Fault) -> Fault {
        if self.stand_in().is_some() { fault.by(STAND_IN) } else { fault }
    }

    /// Whose stand-in it is, where an ingress controller has made it itself.
    fn stand_in(&self) -> Option<&'static str> {
        match self.leaf.subject.as_str() {
            "Kubernetes Ingress Controller Fake Certificate" => Some("ingress-nginx"),
            "TRAEFIK DEFAULT CERT" => Some("Traefik"),
            "localhost" if self.leaf.is_self_signed => Some("the ingress controller"),
            _ => None,
        }
    }
}

/// The cause of all that is wrong with a stand-in.
const STAND_IN: &str = "stand-in";

/// The authority of the issuer in the configuration.
#[derive(Debug, Clone, Default)]
pub enum OwnRoot {
    /// It has none of its own, or none yet.
    #[default]
    Nothing,
    /// This one.
    Known(Authorities),
    /// It has one, which cannot be read for this reason.
    Unknown(String),
}

/// Whether the certificate leads to an authority that this machine trusts, or else to the one of the issuer in the
/// configuration (`own_root`).
pub fn chain(served: &Served, here: &Authorities, own_root: &OwnRoot, signed: Option<&Signed>) -> Outcome {
    let Err(why) = served.is_trusted_by(here) else {
        return Outcome::Passed(format!("signed by {}, which this machine trusts", served.leaf.issuer));
    };
    let issuer = signed.map(|signed| &signed.issuer);
    if let (Some(issuer), OwnRoot::Known(own_root)) = (issuer, own_root)
        && served.is_trusted_by(own_root).is_ok()
    {
        return Outcome::Passed(format!(
            "signed by the authority of {issuer}; this machine does not trust it by itself, and neither does a node that \
             was not told"
        ));
    }
    if let (Some(issuer), OwnRoot::Unknown(why), None) = (issuer, own_root, served.stand_in()) {
        return Outcome::Hindered {
            reason: format!("whether the authority of {issuer} has signed it is not known: {why}"),
            fix: Some("name its certificate: `--ca-file FILE` (`${issuer.NAME.root}` is it)".to_owned()),
        };
    }
    let leaf = &served.leaf;
    let (reason, fix) = if let Some(whose) = served.stand_in() {
        (
            format!("{whose} serves a certificate of its own making, as it does where it has no other one"),
            "look whether the Secret of `tls` is there and is for this host: `regplan drift`".to_owned(),
        )
    } else if leaf.issuer.to_string().contains("STAGING") {
        (
            format!(
                "{} signed it, which is Let's Encrypt's server for trials: nothing trusts that",
                leaf.issuer
            ),
            "when all else works, take `acme.server = \"letsencrypt\"`".to_owned(),
        )
    } else if leaf.is_self_signed {
        (
            "it has signed itself".to_owned(),
            "take an issuer that clients trust, or give each client this certificate; `--ca-file FILE` trusts it here".to_owned(),
        )
    } else if leaf.is_authority {
        (
            format!("{} signed it, and {why}", leaf.issuer),
            "have it signed without `CA:TRUE`, by an issuer that clients trust; `--ca-file FILE` with this very certificate trusts it \
             here"
                .to_owned(),
        )
    } else if served.chain.len() == 1 {
        (
            format!("{} signed it, and {why}; the server sends no certificate beside it", leaf.issuer),
            "put the intermediate certificates into the Secret, after the server's own; or trust the issuer: `--ca-file FILE`".to_owned(),
        )
    } else {
        (
            format!("{} signed it, and {why}", leaf.issuer),
            "take an issuer that clients trust, or give them its root; `--ca-file FILE` trusts it here"
                .to_owned(),
        )
    };
    Outcome::Failed(served.blamed(Fault::new(codes::NOT_TRUSTED, reason, fix)))
}

/// Whether the certificate is for all of these names.
pub fn names(served: &Served, wanted: &[&str]) -> Outcome {
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| !served.is_for(name)).collect();
    if missing.is_empty() {
        return Outcome::Passed(served.leaf.names.join(", "));
    }
    let has = match served.leaf.names.as_slice() {
        [] => "no name".to_owned(),
        names => names.join(", "),
    };
    Outcome::Failed(served.blamed(Fault::new(
        codes::OTHER_NAMES,
        format!("it is for {has}, and not for {}", missing.join(", ")),
        match served.stand_in() {
            Some(_) => "the controller has no certificate for this host: look at the Secret of `tls`",
            None => {
                "have it signed for these names (`host`, `tls.names`), or look which other server answers here"
            }
        },
    )))
}

/// Whether the certificate holds, and is renewed in time. `renewal` is what cert-manager says of it.
pub fn expiry(served: &Served, renewal: Option<&Renewal>, now: Timestamp) -> Outcome {
    let CertificateFacts { not_before, not_after, .. } = served.leaf;
    if now < not_before {
        return Outcome::Failed(Fault::new(
            codes::NOT_YET_VALID,
            format!("it holds from {} on", day(not_before)),
            "look at the clock of this machine, and at that of the one who signed it",
        ));
    }
    let renew = match renewal {
        Some(_) => "look why it is not renewed: `regplan drift`",
        None => "have it signed anew, and put it into the Secret of `tls`",
    };
    if not_after <= now {
        let reason = format!("it has ended, on {}", day(not_after));
        return Outcome::Failed(Fault::new(codes::EXPIRED, reason, renew));
    }
    let left = format!("until {}, {} more", day(not_after), days(not_after.duration_since(now)));
    let late = match renewal {
        Some(Renewal::Failing { reason, .. }) => Some(format!("and could not be renewed: {reason}")),
        Some(Renewal::Overdue { since }) => Some(format!("and should have been renewed on {}", day(*since))),
        // The Secret may be new already, and the server still has the old one.
        Some(Renewal::InTime { .. } | Renewal::Expired { .. }) => None,
        None => is_near(not_before, not_after, now).then(|| "the last tenth of its time".to_owned()),
    };
    match late {
        Some(late) => {
            Outcome::Failed(Fault::new(codes::NOT_RENEWED, format!("it holds {left}, {late}"), renew))
        }
        None => Outcome::Passed(left),
    }
}

/// Whether less than a tenth of the time is left. Where nobody says when it is to be renewed, that is late.
fn is_near(begin: Timestamp, end: Timestamp, now: Timestamp) -> bool {
    end.duration_since(now) * 10 < end.duration_since(begin)
}

/// The certificate in the Secret.
#[derive(Debug, Clone, Default)]
pub enum Stored {
    /// There is none.
    #[default]
    Nothing,
    /// This one.
    Known(CertificateDer<'static>),
    /// It cannot be read, for this reason.
    Unknown(String),
}

/// Whether the right one has signed the certificate. `stored` is the certificate in the Secret.
pub fn issuer(served: &Served, signed: Option<&Signed>, stored: &Stored) -> Outcome {
    let is_stored = matches!(stored, Stored::Known(_));
    if let Stored::Known(stored) = stored
        && served.chain.first().is_some_and(|leaf| leaf.as_ref() != stored.as_ref())
    {
        let whose =
            CertificateFacts::of_der(stored).map(|facts| facts.issuer.to_string()).unwrap_or_default();
        return Outcome::Failed(Fault::new(
            codes::OTHER_CERTIFICATE,
            format!(
                "{} signed what is served, and the Secret holds another one, of {whose}",
                served.leaf.issuer
            ),
            "wait a minute: a controller takes a while to see a new Secret; then look what else ends TLS for this name",
        ));
    }
    let found = served.leaf.issuer.to_string();
    let Some(signed) = signed else {
        return Outcome::Passed(format!("{found}; the configuration names none"));
    };
    let is_staging = found.contains("STAGING");
    let of_lets_encrypt = served.leaf.issuer.organization.contains("Let's Encrypt");
    let (is_right, meant): (bool, &dyn Display) = match &signed.signer {
        Signer::LetsEncrypt => (of_lets_encrypt && !is_staging, &"Let's Encrypt"),
        Signer::LetsEncryptStaging => (is_staging, &"Let's Encrypt's server for trials"),
        Signer::Itself => (served.leaf.is_self_signed, &"the certificate itself"),
        // Whoever signs for them has a name that only they know: the Secret tells.
        Signer::Acme(server) => (is_stored || (!of_lets_encrypt && !served.leaf.is_self_signed), server),
        Signer::Authority(secret) => (is_stored || !of_lets_encrypt, secret),
    };
    let has_its_own_name = matches!(signed.signer, Signer::Acme(_) | Signer::Authority(_));
    if let (true, true, Stored::Unknown(why)) = (is_right, has_its_own_name, stored) {
        return Outcome::Hindered {
            reason: format!("{found} signed it, and whether that is {} is not known: {why}", signed.issuer),
            fix: Some("look from where the Secret of `tls` can be read".to_owned()),
        };
    }
    if is_right {
        return Outcome::Passed(format!("{found}, for {}", signed.issuer));
    }
    Outcome::Failed(served.blamed(Fault::new(
        codes::OTHER_ISSUER,
        format!("{found} signed it, and {} is to be signed by {meant}", signed.issuer),
        "look whether the new certificate is there: `regplan drift`; or who else puts one into the Secret",
    )))
}

/// `2026-11-27`
fn day(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

fn days(left: SignedDuration) -> String {
    match left.as_hours() {
        hours @ ..48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests;
