//! Asks the servers that decide about a name where it leads to.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use futures::future::join_all;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

use crate::verify::{Answers, Named};

/// How long one server may take for one try.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked.
const TRIES: usize = 2;

/// What the servers of the name's zone say, and what the resolver of this machine says.
pub(super) async fn look_up(host: &str) -> (Vec<Answers>, Result<Named, String>) {
    let system = match system() {
        Ok(system) => system,
        Err(error) => return (Vec::new(), Err(format!("this machine has no resolver: {error}"))),
    };
    let (here, servers) = futures::join!(addresses(&system, host), servers(&system, host));
    let answers = servers.into_iter().map(|(server, at)| {
        let system = &system;
        async move {
            let named = match at {
                Ok(at) => ask(system, at, host).await,
                Err(error) => Err(error),
            };
            Answers { server, named }
        }
    });
    (join_all(answers).await, here)
}

/// The addresses of a name, by the resolver of this machine.
pub(super) async fn by_system(host: &str) -> Result<Named, String> {
    let system = system().map_err(|error| error.to_string())?;
    addresses(&system, host).await
}

fn system() -> Result<TokioResolver, NetError> {
    let mut builder = Resolver::builder_tokio()?;
    limit(builder.options_mut());
    builder.build()
}

fn limit(options: &mut ResolverOpts) {
    options.timeout = PATIENCE;
    options.attempts = TRIES;
    options.cache_size = 0;
}

/// The servers of the nearest zone above a name, each with its address.
async fn servers(system: &TokioResolver, host: &str) -> Vec<(String, Result<IpAddr, String>)> {
    let labels: Vec<&str> = host.split('.').collect();
    for first in 0..labels.len() {
        let zone = labels.get(first..).unwrap_or_default().join(".");
        let Ok(found) = system.lookup(absolute(&zone), RecordType::NS).await else { continue };
        let names = found.answers().iter().filter_map(|record| match &record.data {
            RData::NS(server) => Some(server.to_string().trim_end_matches('.').to_owned()),
            _ => None,
        });
        let names: BTreeSet<String> = names.collect();
        if !names.is_empty() {
            let at = names.into_iter().map(|server| async move {
                let at = address(system, &server).await;
                (server, at)
            });
            return join_all(at).await;
        }
    }
    Vec::new()
}

async fn address(system: &TokioResolver, server: &str) -> Result<IpAddr, String> {
    match addresses(system, server).await? {
        Named::At(found) => found.into_iter().next().ok_or_else(|| "it has no address".to_owned()),
        Named::Nothing => Err("it has no address".to_owned()),
    }
}

/// What one server says. It is asked for what it knows itself.
async fn ask(system: &TokioResolver, server: IpAddr, host: &str) -> Result<Named, String> {
    let config = ResolverConfig::from_name_servers(vec![NameServerConfig::udp_and_tcp(server)]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    limit(builder.options_mut());
    builder.options_mut().recursion_desired = false;
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    let resolver = builder.build().map_err(|error| error.to_string())?;
    // Where a name is another name for something, its own servers need not know that one.
    match resolver.lookup(absolute(host), RecordType::CNAME).await {
        Ok(found) => {
            let target = found.answers().iter().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(target.to_string()),
                _ => None,
            });
            match target {
                Some(target) => addresses(system, &target).await,
                None => addresses(&resolver, host).await,
            }
        }
        Err(error) if error.is_no_records_found() => addresses(&resolver, host).await,
        Err(error) => Err(error.to_string()),
    }
}

async fn addresses(resolver: &TokioResolver, host: &str) -> Result<Named, String> {
    match resolver.lookup_ip(absolute(host)).await {
        Ok(found) => Ok(Named::At(found.iter().collect())),
        Err(error) if error.is_no_records_found() => Ok(Named::Nothing),
        Err(error) => Err(error.to_string()),
    }
}

/// The name as it is, with no domain of this machine added.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}
