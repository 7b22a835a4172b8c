//! Connections: which addresses a name has here, and what answers there.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(5);

/// Where a host is said to be: `--resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The host.
    pub host: String,
    /// The port of the URL for which this holds; `None` for all.
    pub port: Option<u16>,
    /// The address to connect to.
    pub address: IpAddr,
    /// The port to connect to; `None` for that of the URL.
    pub to_port: Option<u16>,
}

/// The way to servers.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    resolved: Vec<Resolved>,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoConnection {
    /// The name has no address here, and this is what the system says.
    Unnamed(String),
    /// No address answers: each with what it says.
    Unreachable(BTreeMap<SocketAddr, String>),
}

impl Network {
    pub(super) fn new(resolved: &[Resolved]) -> Self {
        Self { resolved: resolved.to_vec() }
    }

    /// Whether the user has said where the host is.
    pub(super) fn knows(&self, host: &str) -> bool {
        self.resolved.iter().any(|known| known.host == host)
    }

    /// The addresses of a host: what the user has said, or else what the system says.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NoConnection> {
        let is_meant = |known: &&Resolved| known.host == host && known.port.is_none_or(|known| known == port);
        if let Some(known) = self.resolved.iter().find(is_meant) {
            return Ok(vec![SocketAddr::new(known.address, known.to_port.unwrap_or(port))]);
        }
        let found = timeout(CONNECT, lookup_host((host, port))).await;
        let found = found.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
        match found {
            Ok(found) => Ok(found.collect()),
            Err(error) => Err(NoConnection::Unnamed(error.to_string())),
        }
    }

    /// A connection to the first address that answers.
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, NoConnection> {
        let mut refused = BTreeMap::new();
        for address in self.addresses(host, port).await? {
            match try_at(address, CONNECT).await {
                Ok(stream) => return Ok(stream),
                Err(error) => drop(refused.insert(address, error.to_string())),
            }
        }
        Err(NoConnection::Unreachable(refused))
    }
}

/// A connection to this address. No longer than `limit` is waited for it, and never longer than usual.
pub(super) async fn try_at(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let limit = limit.min(CONNECT);
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer in {} s", limit.as_secs()));
    timeout(limit, TcpStream::connect(address)).await.unwrap_or_else(|_| Err(late()))
}

/// Whether this machine has no way to the family of this address: that says nothing of the server.
pub(super) fn is_without_family(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable)
}
