//! A request that is passed on to a server of this machine, as it is: with its own host, which a signature may cover.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::plane::Error;

/// What the server at this address answers. It is spoken to in clear, and over a connection of its own.
///
/// # Errors
/// It does not take the connection, or ends it without an answer.
pub(super) async fn pass_on<B>(address: SocketAddr, request: Request<B>) -> Result<Response<Incoming>, Error>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}
