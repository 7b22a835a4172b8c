//! The arguments of `regplan verify`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::time;
use crate::engine::Resolved;
use crate::resource::BlockAddress;
use crate::verify::Check;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  regplan verify
  regplan verify registry.main --only push --only pull
  regplan verify chart.web                              run the tests that the chart brings
  regplan verify --format junit > verify.xml            a test for each check, for CI
  regplan verify --resolve registry.example.com=192.0.2.7   before its name leads there
  regplan verify --ca-file root.pem                     trust an authority of your own

Checks: name, port, chain, names, expiry, issuer, redirect, authentication, wrong-password, password, push, pull,
in-cluster (with --in-cluster), body, delete, clean-up; and tests, of charts. What a check stands on is done with it.

Exit codes: 0 all passed, 2 a check failed, 3 none failed, but not all could be done, 1 error.")]
pub(in crate::cli) struct VerifyArgs {
    /// The block of a registry, or of a chart with tests; all of them where it is left out
    #[arg(value_name = "ADDRESS")]
    pub(in crate::cli) block: Option<BlockAddress>,
    /// Only this check (may be given several times), with what it stands on
    #[arg(long, value_name = "CHECK", value_parser = check)]
    pub(in crate::cli) only: Vec<Check>,
    /// Have nodes pull the probe too: a pod in each namespace that has a pull Secret for this registry
    #[arg(long)]
    pub(in crate::cli) in_cluster: bool,
    /// How long the checks of one registry, or the tests of one chart, may take together
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5m")]
    pub(in crate::cli) timeout: Duration,
    /// Where a host is, instead of what name servers say (may be given several times)
    #[arg(long, value_name = "HOST[:PORT]=ADDRESS[:PORT]", value_parser = resolved)]
    pub(in crate::cli) resolve: Vec<Resolved>,
    /// Trust the authorities in this PEM file too (may be given several times)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca_file: Vec<PathBuf>,
    /// Push as this user, instead of those of the block
    #[arg(long, value_name = "NAME", requires = "password_env")]
    pub(in crate::cli) user: Option<String>,
    /// The environment variable with that user's password
    #[arg(long, value_name = "VARIABLE", requires = "user")]
    pub(in crate::cli) password_env: Option<String>,
    /// Send no body that is larger than this, such as `40Mi`; up to this size also where nobody says whether the volume has room
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(in crate::cli) largest_body: Option<u64>,
    /// In which form
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: VerifyFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum VerifyFormat {
    /// For a person; each check is shown as it ends
    Text,
    /// For a program
    Json,
    /// For a CI system
    Junit,
}

fn check(name: &str) -> Result<Check, String> {
    Check::named(name).ok_or_else(|| {
        let all: Vec<&str> = Check::ALL.into_iter().map(Check::name).collect();
        format!("the checks are {}", all.join(", "))
    })
}

/// `registry.example.com:443=127.0.0.1:8443`
fn resolved(text: &str) -> Result<Resolved, &'static str> {
    const FORM: &str = "write `HOST=ADDRESS`, as in `registry.example.com=192.0.2.7`";
    let (name, address) = text.split_once('=').ok_or(FORM)?;
    let (host, port) = match name.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().map_err(|_| FORM)?)),
        None => (name, None),
    };
    let (address, to_port) = match (address.parse::<IpAddr>(), address.parse::<SocketAddr>()) {
        (Ok(address), _) => (address, None),
        (_, Ok(both)) => (both.ip(), Some(both.port())),
        _ => {
            return Err(
                "an address of the form `192.0.2.7`, `192.0.2.7:8443` or `[2001:db8::7]:8443` is needed",
            );
        }
    };
    if host.is_empty() {
        return Err(FORM);
    }
    Ok(Resolved { host: host.to_owned(), port, address, to_port })
}

/// A number of bytes, as Kubernetes writes amounts.
fn size(text: &str) -> Result<u64, &'static str> {
    const FORM: &str = "write a number of bytes, as in `40Mi`";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text.get(digits.len()..) {
        Some("") => 1,
        Some("k") => 1_000,
        Some("M") => 1_000_000,
        Some("G") => 1_000_000_000,
        Some("Ki") => 1 << 10,
        Some("Mi") => 1 << 20,
        Some("Gi") => 1 << 30,
        _ => return Err(FORM),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_hosts_are_read() {
        let at = |text: &str| resolved(text).map(|r| (r.host, r.port, r.address.to_string(), r.to_port));
        assert_eq!(
            at("r.example.com=192.0.2.7"),
            Ok(("r.example.com".into(), None, "192.0.2.7".into(), None))
        );
        assert_eq!(
            at("r.example.com:443=[::1]:8443"),
            Ok(("r.example.com".into(), Some(443), "::1".into(), Some(8443)))
        );
        assert_eq!(
            at("r.example.com=2001:db8::7"),
            Ok(("r.example.com".into(), None, "2001:db8::7".into(), None))
        );
        for wrong in ["r.example.com", "=192.0.2.7", "r.example.com=elsewhere", "r:x=192.0.2.7"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(
            ["512", "1k", "40Mi", "2G"].map(size),
            [Ok(512), Ok(1000), Ok(40 << 20), Ok(2_000_000_000)]
        );
        for wrong in ["", "Mi", "40 Mi", "40MB", "99999999999999Gi"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
