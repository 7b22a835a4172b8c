//! A connection that hears the answer of a server that does not listen any more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection whose writes do not fail. A server that refuses a body may answer and hang up before it has read the
/// body; then a write fails while the answer is there to be read. Whether there is one, the reader finds out.
/// Source: RFC 9112, section 9.6.
#[derive(Debug)]
pub(super) struct Hearing<S> {
    stream: S,
    /// Nobody takes what is written.
    unheard: bool,
}

impl<S> Hearing<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, unheard: false }
    }

    /// What a write is told that came to this end.
    fn told<T>(&mut self, ended: io::Result<T>, dropped: T) -> Poll<io::Result<T>> {
        Poll::Ready(Ok(ended.unwrap_or_else(|_| {
            self.unheard = true;
            dropped
        })))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Hearing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Hearing<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unheard {
            return Poll::Ready(Ok(bytes.len()));
        }
        let ended = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.told(ended, bytes.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unheard {
            return Poll::Ready(Ok(()));
        }
        let ended = ready!(Pin::new(&mut self.stream).poll_flush(context));
        self.told(ended, ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unheard {
            return Poll::Ready(Ok(()));
        }
        let ended = ready!(Pin::new(&mut self.stream).poll_shutdown(context));
        self.told(ended, ())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    use http::Method;
    use tokio::time::Instant;
    use url::Url;

    use super::super::door::{Call, Door};
    use super::super::network::Network;
    use super::super::tls::Trust;

    /// Which of the two is seen first, the answer or the end, is chance: so there are many tries.
    const TRIES: usize = 50;

    /// Answers each request after its first bytes, and hangs up.
    fn refuse_all(listener: &TcpListener) {
        for stream in listener.incoming().take(TRIES) {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0; 1 << 10]).unwrap();
            stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    }

    #[tokio::test]
    async fn an_answer_is_heard_although_nobody_takes_the_body() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = Url::parse(&format!("http://{}/v2/probe", listener.local_addr().unwrap())).unwrap();
        let server = thread::spawn(move || refuse_all(&listener));
        let door = Door {
            network: Arc::new(Network::default()),
            trust: Trust::Anybody,
            deadline: Instant::now() + Duration::from_mins(1),
        };
        for _ in 0..TRIES {
            let call = Call::new(Method::PUT, url.clone()).zeros(4 << 20);
            assert_eq!(door.ask(&call).await.map(|answer| answer.status), Ok(413));
        }
        server.join().unwrap();
    }
}
