//! How bytes get to a name server and back: by TCP, where each message has its length before it (RFC 1035, 4.2.2).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The port of name servers.
const PORT: u16 = 53;
/// How long a server may take to be reached, and to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// A connection to a name server.
pub(super) struct Connection(TcpStream);

impl Connection {
    /// Connects to `HOST` or `HOST:PORT`.
    pub(super) async fn open(server: &str) -> io::Result<Self> {
        let stream = within(async {
            match with_port(server) {
                Some(address) => TcpStream::connect(address).await,
                None => TcpStream::connect((server.trim_matches(['[', ']']), PORT)).await,
            }
        });
        Ok(Self(stream.await?))
    }

    /// Sends a message, and gives the next one that comes.
    pub(super) async fn exchange(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        let length = u16::try_from(message.len()).map_err(|_| io::Error::other("the message is too long"))?;
        let whole = [&length.to_be_bytes(), message].concat();
        within(self.0.write_all(&whole)).await?;
        self.next().await
    }

    /// The next message that comes.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        within(async {
            let length = self.0.read_u16().await?;
            let mut answer = vec![0; usize::from(length)];
            self.0.read_exact(&mut answer).await?;
            Ok(answer)
        })
        .await
    }
}

/// The server, if it names a port: `192.0.2.1:5353`, `[2001:db8::1]:53`, and not `2001:db8::1`.
fn with_port(server: &str) -> Option<&str> {
    let (host, port) = server.rsplit_once(':')?;
    let is_host = !host.contains(':') || host.ends_with(']');
    (is_host && port.parse::<u16>().is_ok()).then_some(server)
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(LIMIT, work).await.unwrap_or_else(|_| {
        let message = format!("it did not answer within {} s", LIMIT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_told_from_an_address() {
        for server in ["192.0.2.1:5353", "ns.example.com:53", "[2001:db8::1]:53"] {
            assert_eq!(with_port(server), Some(server));
        }
        for server in ["192.0.2.1", "ns.example.com", "2001:db8::1", "[2001:db8::1]"] {
            assert_eq!(with_port(server), None, "{server}");
        }
    }
}
