//! How a name is written under which a registry is reached: its host, and the further names of its certificate.

use std::net::IpAddr;

use crate::kubernetes::names;

/// What is wrong with a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameFault {
    /// What it is, said as after the name.
    pub(super) what: String,
    /// What to do.
    pub(super) help: &'static str,
}

/// Checks that a name is one of a domain, as certificates and routes take it.
pub(super) fn domain(name: &str) -> Result<(), NameFault> {
    if is_address(name) {
        return Err(NameFault {
            what: "is an address, and certificates and routes need a name".to_owned(),
            help: USUAL,
        });
    }
    names::dns_subdomain(name).map_err(|what| NameFault { what, help: help(name) })
}

const USUAL: &str = "write a domain name: `registry.example.com`";

/// An address, or numbers that cannot be anything else.
fn is_address(name: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name.parse::<IpAddr>().is_ok() || name.split('.').all(is_number)
}

fn help(name: &str) -> &'static str {
    if name.contains("://") || name.contains('/') {
        "write the name alone, without scheme and path"
    } else if name.contains(':') {
        "write the name alone; a port of the nodes is `node_port.port`"
    } else if names::dns_subdomain(&name.to_ascii_lowercase()).is_ok() {
        "write it in lower case"
    } else {
        USUAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_domain_and_no_address() {
        for fine in ["registry.example.com", "localhost", "1.example.com", "xn--bcher-kva.example"] {
            assert_eq!(domain(fine), Ok(()), "{fine}");
        }
        for address in ["10.0.0.1", "2001:db8::1", "1.2.3"] {
            assert!(domain(address).unwrap_err().what.starts_with("is an address"), "{address}");
        }
        let help = |name: &str| domain(name).unwrap_err().help;
        assert_eq!(help("Registry.Example.com"), "write it in lower case");
        assert_eq!(help("https://r.example.com"), "write the name alone, without scheme and path");
        assert_eq!(
            help("r.example.com:5000"),
            "write the name alone; a port of the nodes is `node_port.port`"
        );
        for wrong in ["", ".", "*", "a..b", "a_b.example.com", "*.example.com"] {
            assert_eq!(help(wrong), USUAL, "{wrong}");
        }
    }
}
