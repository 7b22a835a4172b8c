//! The servers that answer for a zone: the primary one has a change at once, the others follow.

use std::collections::BTreeSet;
use std::net::IpAddr;

use futures::future::join_all;
use hickory_proto::op::Message;
use hickory_proto::rr::{RData, RecordType as WireType};

use super::question::{ask, records_of, text_of, wire_type};
use super::session::Session;
use super::settings::Settings;
use crate::provider::dns::content::Names;
use crate::provider::dns::keeper::Behind;
use crate::resource::record_set::{RecordValue, in_order};
use crate::resource::{Problem, ProblemKind};

/// Where this machine says who resolves names for it.
const RESOLVERS: &str = "/etc/resolv.conf";

/// The servers that answer for the zone of the names: those of the settings, or those that the NS records name.
///
/// # Errors
/// The primary server does not tell them.
pub(super) async fn servers(
    session: &mut Session,
    settings: &Settings,
    names: &Names,
) -> Result<Vec<Follower>, Problem> {
    if !settings.name_servers.is_empty() {
        return Ok(followers(&settings.name_servers));
    }
    let answer = ask(session, &names.zone, WireType::NS).await?;
    let servers = named_servers(&answer);
    if servers.is_empty() {
        return Err(no_servers(&names.zone));
    }
    let mut found = Vec::new();
    for server in servers {
        let addresses = addresses(session, &server).await;
        found.push(Follower { name: server, addresses });
    }
    Ok(found)
}

/// Those among the servers with these names that do not give these values.
pub(in crate::provider::dns) async fn behind_of(
    servers: &[String],
    names: &Names,
    values: &[RecordValue],
) -> Vec<Behind> {
    behind(&followers(servers), names, values).await
}

/// Those among the servers with these names whose answers are not what is wanted.
pub(in crate::provider::dns) async fn other_answers_of(
    servers: &[String],
    names: &Names,
    is_wanted: impl Fn(&[RecordValue]) -> bool + Sync,
) -> Vec<Behind> {
    other_answers(&followers(servers), names, is_wanted).await
}

fn followers(servers: &[String]) -> Vec<Follower> {
    let followers =
        servers.iter().map(|server| Follower { name: server.clone(), addresses: vec![server.clone()] });
    followers.collect()
}

/// What the first of these servers says that answers.
///
/// # Errors
/// None of them answers.
pub(in crate::provider::dns) async fn found_at(
    servers: &[String],
    names: &Names,
) -> Result<Vec<RecordValue>, Problem> {
    let mut last = no_servers(&names.zone);
    for server in servers {
        match values_at(server, names).await {
            Ok(values) => return Ok(values),
            Err(problem) => last = problem,
        }
    }
    Err(last)
}

/// The servers of a zone: those that are named, or else those that the resolver of this machine tells.
///
/// # Errors
/// There is no resolver, or it does not know the zone.
pub(in crate::provider::dns) async fn servers_of(
    named: &[String],
    zone: &str,
) -> Result<Vec<String>, Problem> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let settings = tokio::fs::read_to_string(RESOLVERS).await.unwrap_or_default();
    let resolvers = settings.lines().filter_map(|line| line.strip_prefix("nameserver"));
    let mut last = no_servers(zone);
    for resolver in resolvers.map(str::trim) {
        let answer = async { ask(&mut Session::open(resolver, None).await?, zone, WireType::NS).await };
        match answer.await {
            Ok(answer) => {
                let servers = named_servers(&answer);
                if !servers.is_empty() {
                    return Ok(servers.into_iter().collect());
                }
            }
            Err(problem) => last = problem,
        }
    }
    Err(last)
}

fn named_servers(answer: &Message) -> BTreeSet<String> {
    let servers = answer.answers.iter().filter_map(|record| match &record.data {
        RData::NS(server) => Some(text_of(&server.0)),
        _ => None,
    });
    servers.collect()
}

fn no_servers(zone: &str) -> Problem {
    let message = format!("no server is known that answers for the zone {zone}");
    Problem::new(ProblemKind::Settings, message).help("check `zone`, or give `name_servers`")
}

/// A server that answers for a zone.
pub(super) struct Follower {
    name: String,
    /// Where it is reached.
    addresses: Vec<String>,
}

/// The addresses of a server: the primary one knows those in its own zones, everybody else's resolver the others.
async fn addresses(session: &mut Session, server: &str) -> Vec<String> {
    let mut found: Vec<IpAddr> = Vec::new();
    for record_type in [WireType::A, WireType::AAAA] {
        let Ok(answer) = ask(session, server, record_type).await else { continue };
        let of_server = answer.answers.iter().filter(|record| text_of(&record.name) == server);
        found.extend(of_server.filter_map(|record| record.data.ip_addr()));
    }
    if found.is_empty() {
        let looked_up = tokio::net::lookup_host((server, 53)).await;
        found.extend(looked_up.into_iter().flatten().map(|address| address.ip()));
    }
    let text = |address: IpAddr| if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    found.into_iter().map(text).collect()
}

/// Those servers that do not give these values, each with what it says.
pub(super) async fn behind(servers: &[Follower], names: &Names, values: &[RecordValue]) -> Vec<Behind> {
    let wanted = in_order(values.iter().cloned());
    other_answers(servers, names, |found| in_order(found.iter().cloned()) == wanted).await
}

/// Those servers whose answers are not what is wanted, each with what it says.
async fn other_answers(
    servers: &[Follower],
    names: &Names,
    is_wanted: impl Fn(&[RecordValue]) -> bool + Sync,
) -> Vec<Behind> {
    let answers = servers.iter().map(|server| async move {
        let said = said(server, names).await;
        (server, said)
    });
    let answers = join_all(answers).await;
    let behind = answers.into_iter().filter_map(|(server, said)| match said {
        Ok(found) if is_wanted(&found) => None,
        Ok(found) if found.is_empty() => Some(Behind::Says(format!("{} does not have it yet", server.name))),
        Ok(found) => Some(Behind::Says(format!("{} says {}", server.name, in_order(found).join(", ")))),
        Err(problem) => Some(Behind::Silent(problem.message)),
    });
    behind.collect()
}

/// What a server says, at the first of its addresses that answers.
async fn said(server: &Follower, names: &Names) -> Result<Vec<RecordValue>, Problem> {
    let nowhere = format!("the name server {} has no address that can be found", server.name);
    let mut last = Problem::new(ProblemKind::Unreachable, nowhere);
    for address in &server.addresses {
        match values_at(address, names).await {
            Ok(said) => return Ok(said),
            Err(problem) => last = problem,
        }
    }
    Err(last)
}

async fn values_at(address: &str, names: &Names) -> Result<Vec<RecordValue>, Problem> {
    let mut session = Session::open(address, None).await?;
    let mut found = Vec::new();
    for record_type in names.types {
        let answer = ask(&mut session, &names.name, wire_type(*record_type)).await?;
        found.extend(records_of(&answer.answers, &names.name, *record_type));
    }
    Ok(found.into_iter().map(|record| record.value).collect())
}
