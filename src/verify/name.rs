//! Whether the name leads to the registry, by what its name servers say.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::codes;
use super::outcome::{Fault, Outcome};

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Nowhere: there is no such name, or it has no address.
    Nothing,
    /// To these addresses.
    At(BTreeSet<IpAddr>),
}

/// What one of the servers said that decide about the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The name of the server.
    pub server: String,
    /// What it said, or why it said nothing.
    pub named: Result<Named, String>,
}

/// Where the name should lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// To these addresses, which this object has.
    At(BTreeSet<IpAddr>, String),
    /// To the address that this object will have. It has none yet.
    Pending(String),
    /// To one that could not be found out.
    Unknown {
        /// Why.
        why: String,
        /// What to do about that.
        fix: String,
    },
    /// To any that leads there; why there is no certain one.
    Anywhere(String),
}

/// Judges what the servers of the name's zone said (`answers`), and, where none of them did, what the resolver of this
/// machine said (`here`).
pub fn addresses(
    host: &str,
    answers: &[Answers],
    here: &Result<Named, String>,
    expected: &Expected,
) -> Outcome {
    let heard: Vec<(&str, &Named)> = answers
        .iter()
        .filter_map(|answer| Some((answer.server.as_str(), answer.named.as_ref().ok()?)))
        .collect();
    let silent: Vec<&str> =
        answers.iter().filter(|answer| answer.named.is_err()).map(|answer| answer.server.as_str()).collect();
    let Some((first, named)) = heard.first() else { return without_servers(host, &silent, here, expected) };
    if let Some((other, differs)) = heard.iter().find(|(_, other)| other != named) {
        return Outcome::Failed(Fault::new(
            codes::NAMES_DISAGREE,
            format!("{first} says that {host} leads {}, and {other} says {}", said(named), said(differs)),
            "wait until all servers of the zone have the new record, and look whether the slower one is refreshed",
        ));
    }
    let whom = match silent.as_slice() {
        [] => format!("by {}", count(heard.len())),
        silent => format!("by {}; {} did not answer", count(heard.len()), silent.join(", ")),
    };
    judge(host, named, &whom, expected)
}

fn without_servers(
    host: &str,
    silent: &[&str],
    here: &Result<Named, String>,
    expected: &Expected,
) -> Outcome {
    let servers = match silent {
        [] => "the servers of its zone were not found".to_owned(),
        silent => format!("{} did not answer", silent.join(", ")),
    };
    match here {
        Ok(named) => {
            judge(host, named, &format!("by the resolver of this machine, since {servers}"), expected)
        }
        Err(reason) => Outcome::Hindered {
            reason: format!("nobody says where {host} leads to: {servers}, and {reason}"),
            fix: Some("look whether this machine can ask name servers, or say where it is: `--resolve HOST=ADDRESS`".into()),
        },
    }
}

fn judge(host: &str, named: &Named, whom: &str, expected: &Expected) -> Outcome {
    match (named, expected) {
        (Named::Nothing, expected) => Outcome::Failed(
            Fault::new(
                codes::NO_NAME,
                format!("{host} leads nowhere, {whom}"),
                format!(
                    "{}; until then `--resolve {host}=ADDRESS` does the other checks",
                    match expected {
                        Expected::At(addresses, _) => format!("make a record: {host} {}", records(addresses)),
                        Expected::Pending(object) =>
                            format!("wait until {object} has an address, and make a record for it"),
                        Expected::Unknown { .. } | Expected::Anywhere(_) =>
                            "make a record for the address at which requests come in: of the ingress \
                                             controller, of the load balancer, or of a node"
                                .to_owned(),
                    }
                ),
            )
            .by(codes::NO_NAME),
        ),
        (Named::At(found), Expected::At(wanted, object)) if found.is_disjoint(wanted) => {
            Outcome::Failed(Fault::new(
                codes::OTHER_ADDRESS,
                format!("{host} leads to {}, and {object} is at {}", list(found), list(wanted)),
                format!(
                    "change the record: {host} {}; where something stands before the cluster that is meant to be there, \
                     leave this check out",
                    records(wanted)
                ),
            ))
        }
        (Named::At(found), Expected::At(wanted, object)) => {
            match found.difference(wanted).copied().collect::<BTreeSet<_>>() {
                others if others.is_empty() => Outcome::Passed(format!("{}, {whom}", list(found))),
                others => Outcome::Failed(Fault::new(
                    codes::OTHER_ADDRESS,
                    format!(
                        "{host} also leads to {}, and {object} is at {} alone",
                        list(&others),
                        list(wanted)
                    ),
                    "take the other records away: some clients take them",
                )),
            }
        }
        (Named::At(found), Expected::Pending(object)) => not_compared(
            host,
            found,
            whom,
            &format!("{object} says no address"),
            &format!(
                "wait until it has one; where its controller never says it, `--resolve {host}=ADDRESS` leaves this check out"
            ),
        ),
        (Named::At(found), Expected::Unknown { why, fix }) => not_compared(host, found, whom, why, fix),
        (Named::At(found), Expected::Anywhere(why)) => {
            Outcome::Passed(format!("{}, {whom}; no address is the only right one: {why}", list(found)))
        }
    }
}

/// What is said where the servers agree, and nobody knows whether they are right.
fn not_compared(host: &str, found: &BTreeSet<IpAddr>, whom: &str, why: &str, fix: &str) -> Outcome {
    Outcome::Hindered {
        reason: format!(
            "{host} leads to {}, {whom}, and whether that is the cluster is not known: {why}",
            list(found)
        ),
        fix: Some(fix.to_owned()),
    }
}

fn said(named: &Named) -> String {
    match named {
        Named::Nothing => "nowhere".to_owned(),
        Named::At(addresses) => format!("to {}", list(addresses)),
    }
}

fn list(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The records that lead there: `A 192.0.2.7, AAAA 2001:db8::7`.
fn records(addresses: &BTreeSet<IpAddr>) -> String {
    let record = |address: &IpAddr| format!("{} {address}", if address.is_ipv4() { "A" } else { "AAAA" });
    addresses.iter().map(record).collect::<Vec<_>>().join(", ")
}

fn count(servers: usize) -> String {
    match servers {
        1 => "the server of its zone".to_owned(),
        _ => format!("all {servers} servers of its zone that answered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "registry.example.com";

    fn at(addresses: &[&str]) -> Named {
        Named::At(addresses.iter().map(|address| address.parse().unwrap()).collect())
    }

    fn expected(addresses: &[&str]) -> Expected {
        let Named::At(addresses) = at(addresses) else { panic!() };
        Expected::At(addresses, "Ingress/a/registry".into())
    }

    fn answer(server: &str, named: Result<Named, &str>) -> Answers {
        Answers { server: server.into(), named: named.map_err(ToOwned::to_owned) }
    }

    fn code(outcome: &Outcome) -> &str {
        match outcome {
            Outcome::Failed(fault) => fault.code,
            other => other.name(),
        }
    }

    #[test]
    fn the_address_of_the_cluster_is_what_all_servers_must_say() {
        let right = at(&["192.0.2.7"]);
        let nobody = Err("no resolver".to_owned());
        let judge = |answers: &[Answers]| addresses(HOST, answers, &nobody, &expected(&["192.0.2.7"]));
        assert_eq!(code(&judge(&[answer("a", Ok(right.clone()))])), "passed");
        let late = judge(&[answer("a", Ok(right.clone())), answer("b", Ok(Named::Nothing))]);
        assert_eq!(code(&late), codes::NAMES_DISAGREE);
        let silent = judge(&[answer("a", Ok(right)), answer("b", Err("no answer"))]);
        assert!(
            matches!(&silent, Outcome::Passed(found) if found.contains("b did not answer")),
            "{silent:?}"
        );
        assert_eq!(code(&judge(&[answer("a", Ok(at(&["192.0.2.8"])))])), codes::OTHER_ADDRESS);
        assert_eq!(code(&judge(&[answer("a", Ok(at(&["192.0.2.7", "192.0.2.8"])))])), codes::OTHER_ADDRESS);
        let none = judge(&[answer("a", Ok(Named::Nothing))]);
        let Outcome::Failed(fault) = &none else { panic!("{none:?}") };
        assert_eq!(fault.code, codes::NO_NAME);
        assert!(fault.fix.contains("registry.example.com A 192.0.2.7"), "{}", fault.fix);
    }

    #[test]
    fn one_of_two_addresses_of_the_cluster_is_enough() {
        let outcome = addresses(
            HOST,
            &[answer("a", Ok(at(&["192.0.2.7"])))],
            &Ok(Named::Nothing),
            &expected(&["192.0.2.7", "2001:db8::7"]),
        );
        assert_eq!(code(&outcome), "passed");
    }

    #[test]
    fn without_the_servers_of_the_zone_this_machine_is_asked() {
        let silent = [answer("a", Err("no answer"))];
        let here = addresses(HOST, &silent, &Ok(at(&["192.0.2.7"])), &expected(&["192.0.2.7"]));
        assert!(matches!(&here, Outcome::Passed(found) if found.contains("this machine")), "{here:?}");
        let nobody = addresses(HOST, &silent, &Err("no resolver".into()), &expected(&["192.0.2.7"]));
        assert_eq!(code(&nobody), "skipped");
    }

    #[test]
    fn an_address_that_nobody_can_compare_is_not_known_to_be_right() {
        let judge = |named: Named, expected: &Expected| {
            addresses(HOST, &[answer("a", Ok(named))], &Ok(Named::Nothing), expected)
        };
        let unknown = Expected::Unknown { why: "no rights".into(), fix: "get them".into() };
        for (expected, why, what_next) in [
            (&unknown, "no rights", "get them"),
            (
                &Expected::Pending("Ingress/a/registry".into()),
                "Ingress/a/registry says no address",
                "--resolve",
            ),
        ] {
            let outcome = judge(at(&["192.0.2.7"]), expected);
            let Outcome::Hindered { reason, fix: Some(fix) } = &outcome else { panic!("{outcome:?}") };
            assert!(reason.contains("leads to 192.0.2.7") && reason.ends_with(why), "{reason}");
            assert!(fix.contains(what_next), "{fix}");
            assert_eq!(code(&judge(Named::Nothing, expected)), codes::NO_NAME);
        }
        let any = judge(at(&["192.0.2.7"]), &Expected::Anywhere("any node will do".into()));
        assert!(matches!(&any, Outcome::Passed(found) if found.ends_with("any node will do")), "{any:?}");
    }
}
