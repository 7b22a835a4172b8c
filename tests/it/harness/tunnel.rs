//! A forwarding proxy for HTTPS (`CONNECT`), as companies have in front of their clusters.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::forward::join;

/// A proxy that runs until the test binary ends. Each connection has its own threads.
pub(crate) struct Tunnel {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                // A client that closes its connection ends nothing else.
                thread::spawn(move || drop(tunnel(stream, &noted)));
            }
        });
        Self { port, seen }
    }

    /// The value for `HTTPS_PROXY`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The hosts that clients asked for, in order.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn tunnel(mut client: TcpStream, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let host = host.ok_or_else(|| io::Error::other("no CONNECT"))?.to_owned();
    // Every name means this machine: there is no other behind this proxy.
    let port = host.rsplit(':').next().and_then(|port| port.parse().ok());
    let server = TcpStream::connect(("127.0.0.1", port.ok_or_else(|| io::Error::other("no port"))?))?;
    seen.lock().unwrap().push(host);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    join(client, server)
}
