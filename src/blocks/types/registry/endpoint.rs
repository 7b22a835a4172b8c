//! How the registry is reached, for those who look whether it is.

use super::config_yml::PORT;
use super::spec::{RegistrySpec, UserSource, password_need};
use crate::blocks::endpoint::{Access, Endpoint, Reach, ServedTls, Signed};
use crate::blocks::types::issuer::IssuerSpec;
use crate::resource::{BlockAddress, Identity};

/// How it is reached, and who may use it. `issuer` is what the issuer's block says that signs its certificate.
pub(super) fn endpoint(block: &BlockAddress, spec: &RegistrySpec, issuer: Option<&IssuerSpec>) -> Endpoint {
    let object = |group: &str, kind: &str| {
        Identity::namespaced(group, kind, spec.namespace.as_str(), spec.name.as_str())
    };
    let reach = match &spec.options.ingress {
        None => Reach::Cluster { service: object("", "Service"), port: PORT },
        Some(ingress) => Reach::Ingress {
            ingress: object("networking.k8s.io", "Ingress"),
            body_limit: bytes(&ingress.body_size),
            tls: tls(spec, issuer, object("cert-manager.io", "Certificate")).map(Box::new),
        },
    };
    Endpoint {
        block: block.clone(),
        host: spec.host().to_owned(),
        reach,
        access: access(spec),
        pull_secrets: Vec::new(),
    }
}

fn tls(spec: &RegistrySpec, issuer: Option<&IssuerSpec>, certificate: Identity) -> Option<ServedTls> {
    let options = spec.options.tls.as_ref()?;
    let secret = Identity::namespaced("", "Secret", spec.namespace.as_str(), spec.tls_secret()?);
    let signed = spec.issuer().zip(issuer).map(|(named, issuer)| Signed {
        certificate,
        issuer: named.block().clone(),
        signer: issuer.signer(),
    });
    Some(ServedTls { secret, names: options.names.clone(), signed })
}

fn access(spec: &RegistrySpec) -> Access {
    match spec.users {
        UserSource::Listed => {
            Access::Users(spec.users().map(|user| (user.name.clone(), password_need(&user))).collect())
        }
        UserSource::File => Access::Hashes,
        UserSource::Nobody => Access::Anybody,
    }
}

/// What a limit in nginx's notation comes to; `None` for no limit.
fn bytes(limit: &str) -> Option<u64> {
    let digits = limit.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match limit.get(digits.len()..) {
        Some("k" | "K") => 1 << 10,
        Some("m" | "M") => 1 << 20,
        Some("g" | "G") => 1 << 30,
        _ => 1,
    };
    // One that is larger than any number is none.
    digits.parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn limits_are_read_as_nginx_reads_them() {
        assert_eq!(
            ["0", "512", "1k", "8m", "2G"].map(bytes),
            [None, Some(512), Some(1024), Some(8 << 20), Some(2 << 30)]
        );
        assert_eq!(bytes("99999999999999999999g"), None);
    }
}
