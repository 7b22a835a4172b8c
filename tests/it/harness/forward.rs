//! Connections that are passed on as they are.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Passes on what connects to one address to another one, until the test binary ends. Each connection has its own threads.
#[track_caller]
pub(crate) fn forward(from: SocketAddr, to: SocketAddr) {
    let listener = TcpListener::bind(from).unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that closes its connection ends nothing else.
            thread::spawn(move || TcpStream::connect(to).and_then(|server| join(client, server)));
        }
    });
}

/// Gives each of two connections what comes from the other one, until both have ended.
pub(super) fn join(mut client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    let up = thread::spawn(move || {
        let copied = io::copy(&mut from, &mut to);
        drop(to.shutdown(Shutdown::Write));
        copied
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)?;
    drop(up.join());
    Ok(())
}
