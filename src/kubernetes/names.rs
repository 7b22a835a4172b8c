//! What Kubernetes accepts as a name, a label, an annotation's key, a quantity. The error of each rule is the
//! end of a sentence that begins with the name of the thing: `… must begin with a letter`.

use std::net::IpAddr;

use crate::resource::record_set::{RECORDS_GROUP, domain_name};
use crate::resource::{GroupKind, PULL_ENTRY_GROUP, is_builtin_group, is_house_group};

const LABEL_RULE: &str = "must be lower-case letters, digits and `-`, neither first nor last a `-`";
const SUBDOMAIN_RULE: &str =
    "must be lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or digit";

/// Checks a label of a domain name, by RFC 1123.
pub fn dns_label(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > 63 {
        return Err(format!("must have 1 to 63 characters, and has {}", name.len()));
    }
    if is_label(name) { Ok(()) } else { Err(LABEL_RULE.to_owned()) }
}

/// Checks a label of a domain name that begins with a letter, by RFC 1035.
pub fn dns_label_1035(name: &str) -> Result<(), String> {
    dns_label(name)?;
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("must begin with a letter".to_owned());
    }
    Ok(())
}

/// Checks a domain name, by RFC 1123.
pub fn dns_subdomain(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > 253 {
        return Err(format!("must have 1 to 253 characters, and has {}", name.len()));
    }
    if name.split('.').all(is_label) { Ok(()) } else { Err(SUBDOMAIN_RULE.to_owned()) }
}

fn is_label(name: &str) -> bool {
    let bytes = name.as_bytes();
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
}

/// What is wrong with the name of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFault {
    /// No server takes it.
    Refused(String),
    /// Some servers take it, and others do not.
    Doubtful(String),
}

/// The name of an object: by its kind. The rules are those of the API server of 1.36.
pub fn object_name(kind: &GroupKind, name: &str) -> Result<(), NameFault> {
    let checked = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace" | "Service") => dns_label(name),
        ("" | "events.k8s.io", "Event")
        | ("apiregistration.k8s.io", "APIService")
        | ("certificates.k8s.io", "CertificateSigningRequest" | "ClusterTrustBundle")
        | ("rbac.authorization.k8s.io" | PULL_ENTRY_GROUP, _) => path_segment(name),
        ("networking.k8s.io", "IPAddress") => ip_address(name),
        (RECORDS_GROUP, _) => domain_name(name).map(drop),
        ("batch", "CronJob") if name.len() > 52 => {
            // The names of its Jobs have eleven characters more.
            Err(format!("must have at most 52 characters, and has {}", name.len()))
        }
        _ => dns_subdomain(name),
    };
    if let Err(why) = checked {
        // A group that is not Kubernetes' own may be served by a server with rules of its own.
        let may_differ = !is_builtin_group(&kind.group) && !is_house_group(&kind.group);
        let may_be_taken = may_differ && path_segment(name).is_ok();
        return Err(if may_be_taken { NameFault::Doubtful(why) } else { NameFault::Refused(why) });
    }
    let begins_with_digit = name.starts_with(|c: char| c.is_ascii_digit());
    if begins_with_digit && kind.group.is_empty() && kind.kind == "Service" {
        return Err(NameFault::Doubtful("should begin with a letter: older servers refuse it".to_owned()));
    }
    Ok(())
}

/// An IP address in the one form that the server takes as a name (`2001:db8::1`).
fn ip_address(name: &str) -> Result<(), String> {
    match name.parse::<IpAddr>() {
        Ok(address) if address.to_string() == name => Ok(()),
        Ok(address) => Err(format!("must be written as `{address}`")),
        Err(_) => Err("must be an IP address".to_owned()),
    }
}

/// Checks a name that is used as a segment of a URL's path (`system:registry`).
fn path_segment(name: &str) -> Result<(), String> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '%']) {
        return Err("must not be empty, `.` or `..`, and has neither `/` nor `%`".to_owned());
    }
    Ok(())
}

/// Checks the key of a label or an annotation: `NAME` or `DOMAIN/NAME`.
pub fn qualified_name(key: &str) -> Result<(), String> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            dns_subdomain(prefix).map_err(|why| format!("has the prefix `{prefix}`, which {why}"))?;
            name
        }
        None => key,
    };
    if name.is_empty() || name.len() > 63 {
        return Err(format!(
            "must have 1 to 63 characters (behind a prefix with `/`), and has {}",
            name.len()
        ));
    }
    if is_word(name) {
        return Ok(());
    }
    Err("must be letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit".to_owned())
}

/// The key of an annotation: the server takes capitals in its domain.
pub fn annotation_key(key: &str) -> Result<(), String> {
    qualified_name(&key.to_ascii_lowercase())
}

/// A label's value.
pub fn label_value(value: &str) -> Result<(), String> {
    if value.len() > 63 {
        return Err(format!("must have at most 63 characters, and has {}", value.len()));
    }
    if value.is_empty() || is_word(value) {
        return Ok(());
    }
    Err("must be letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit".to_owned())
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Checks a key of a Secret's or a `ConfigMap`'s data.
pub fn data_key(key: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > 253 || key == "." || key.starts_with("..") {
        return Err("must have 1 to 253 characters, and not be `.` or begin with `..`".to_owned());
    }
    if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return Ok(());
    }
    Err("must be letters, digits, `-`, `_` and `.`".to_owned())
}

/// The suffixes of quantities.
const SUFFIXES: &[&str] =
    &["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Checks a quantity: `500m`, `1.5`, `50Gi`, `1e3`.
pub fn quantity(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let points = number.bytes().filter(|byte| *byte == b'.').count();
    if points > 1 || !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("is not a quantity: it does not begin with a number".to_owned());
    }
    let exponent = suffix.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    let is_exponent =
        exponent.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if SUFFIXES.contains(&suffix) || is_exponent {
        return Ok(());
    }
    let hint = match suffix.to_ascii_lowercase().as_str() {
        "kb" | "k" | "kib" => " (write `Ki` or `k`)",
        "mb" | "mib" => " (write `Mi` or `M`)",
        "gb" | "g" | "gib" | "gi" => " (write `Gi` or `G`)",
        "tb" | "t" | "tib" | "ti" => " (write `Ti` or `T`)",
        _ => "",
    };
    Err(format!("is not a quantity: there is no unit `{suffix}`{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for fine in ["0", "1", "1.5", ".5", "5.", "500m", "50Gi", "1e3", "1E6", "+1", "-1", "1E", "2e-3"] {
            assert_eq!(quantity(fine), Ok(()), "{fine}");
        }
        for wrong in ["", "Gi", "50GB", "50 Gi", "1.2.3", "1e", "fifty", "0x10", "1gi", "١"] {
            assert!(quantity(wrong).is_err(), "{wrong}");
        }
        assert!(quantity("50GB").unwrap_err().contains("`Gi`"));
    }

    #[test]
    fn names_follow_the_rules_of_their_kind() {
        let kind = |group: &str, kind: &str| GroupKind { group: group.into(), kind: kind.into() };
        assert!(object_name(&kind("", "ConfigMap"), "a.b-c").is_ok());
        assert!(object_name(&kind("", "ConfigMap"), "a..b").is_err());
        assert!(object_name(&kind("", "ConfigMap"), "Registry").is_err());
        assert!(object_name(&kind("", "Namespace"), "a.b").is_err());
        let doubtful =
            |kind: &GroupKind, name: &str| matches!(object_name(kind, name), Err(NameFault::Doubtful(_)));
        assert!(doubtful(&kind("", "Service"), "9lives"));
        assert!(object_name(&kind("", "Service"), "nine-lives").is_ok());
        assert!(matches!(object_name(&kind("", "Service"), "a.b"), Err(NameFault::Refused(_))));
        assert!(object_name(&kind("networking.k8s.io", "IPAddress"), "fd00::1").is_ok());
        assert!(object_name(&kind("networking.k8s.io", "IPAddress"), "fd00:0::1").is_err());
        assert!(object_name(&kind("networking.k8s.io", "IPAddress"), "a.b").is_err());
        let request = kind("certificates.k8s.io", "CertificateSigningRequest");
        assert!(object_name(&request, "Node:A_b").is_ok() && object_name(&request, "a/b").is_err());
        assert!(doubtful(&kind("example.com", "Foo"), "A:b"));
        assert!(matches!(object_name(&kind("example.com", "Foo"), "a/b"), Err(NameFault::Refused(_))));
        assert!(object_name(&kind("rbac.authorization.k8s.io", "ClusterRole"), "system:x").is_ok());
        assert!(object_name(&kind("rbac.authorization.k8s.io", "Role"), "a/b").is_err());
        assert!(object_name(&kind("batch", "CronJob"), &"a".repeat(53)).is_err());
        assert!(dns_label(&"a".repeat(64)).is_err());
    }

    #[test]
    fn keys_of_labels_and_data() {
        assert!(qualified_name("app.kubernetes.io/name").is_ok());
        assert!(qualified_name("App_x").is_ok());
        for wrong in ["", "/x", "a/", "a/b/c", "-a", "Ä", "UPPER.com/x"] {
            assert!(qualified_name(wrong).is_err(), "{wrong}");
        }
        assert!(annotation_key("UPPER.com/x").is_ok() && annotation_key("a/b/c").is_err());
        assert!(label_value("").is_ok() && label_value("v1.2_3").is_ok() && label_value("a b").is_err());
        assert!(data_key("config.yml").is_ok() && data_key("a b").is_err() && data_key("..").is_err());
    }
}
