//! How a message is signed and sent, and its answer checked.

use std::io;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::{TSigVerifier, TSigner};
use jiff::Timestamp;

use super::connection::Connection;
use super::refusal;
use crate::resource::{Problem, ProblemKind, asked, done_or_failed};

/// Talks with a name server.
pub(super) struct Session {
    connection: Connection,
    server: String,
    signer: Option<TSigner>,
}

impl Session {
    /// Connects to a server. What is sent is signed if there is a key.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) async fn open(server: &str, signer: Option<TSigner>) -> Result<Self, Problem> {
        let connection = Connection::open(server).await.map_err(|error| unreachable(server, error))?;
        Ok(Self { connection, server: server.to_owned(), signer })
    }

    /// The server.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Sends a message. The answer is the server's own, whatever it says, and was not changed on its way.
    ///
    /// # Errors
    /// No answer came, or none that can be believed: nobody knows whether the message was taken.
    pub(super) async fn ask(&mut self, mut message: Message) -> Result<Message, Problem> {
        let mut verifier = self.sign(&mut message)?;
        let answer = self.send(&message).await?;
        self.checked(&message, &answer, verifier.as_mut())
    }

    /// Sends a message whose answer comes in as many parts as it takes: `goes_on` sees each of them, and says whether there
    /// is another one.
    ///
    /// # Errors
    /// A part did not come, or cannot be believed; or `goes_on` says why it is none.
    pub(super) async fn ask_for_parts(
        &mut self,
        mut message: Message,
        mut goes_on: impl FnMut(&Self, &Message) -> Result<bool, Problem> + Send,
    ) -> Result<(), Problem> {
        let mut verifier = self.sign(&mut message)?;
        let mut answer = self.send(&message).await?;
        loop {
            let part = self.checked(&message, &answer, verifier.as_mut())?;
            if !goes_on(self, &part)? {
                return Ok(());
            }
            answer = self.connection.next().await.map_err(|error| unreachable(&self.server, error))?;
        }
    }

    /// Signs a message if there is a key: what verifies the answers to it.
    fn sign(&self, message: &mut Message) -> Result<Option<TSigVerifier>, Problem> {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        match &self.signer {
            Some(signer) => message.finalize(signer, now).map_err(|error| self.odd(&error.to_string())),
            None => Ok(None),
        }
    }

    async fn send(&mut self, message: &Message) -> Result<Vec<u8>, Problem> {
        let bytes = message.to_vec().map_err(|error| self.odd(&error.to_string()))?;
        let question = || in_words(message, &self.server);
        let answer = asked(question, self.connection.exchange(&bytes), done_or_failed).await;
        answer.map_err(|error| unreachable(&self.server, error))
    }

    fn checked(
        &self,
        asked: &Message,
        bytes: &[u8],
        verifier: Option<&mut TSigVerifier>,
    ) -> Result<Message, Problem> {
        let answer = Message::from_vec(bytes).map_err(|error| self.odd(&error.to_string()))?;
        let is_answer = answer.metadata.id == asked.metadata.id
            && answer.metadata.message_type == MessageType::Response
            && answer.metadata.op_code == asked.metadata.op_code;
        if !is_answer {
            return Err(self.odd("it answers another question"));
        }
        let Some(verifier) = verifier else { return Ok(answer) };
        // A server that does not accept the key cannot sign with it.
        if answer.metadata.response_code == ResponseCode::NotAuth {
            return Ok(answer);
        }
        let verified = verifier.verify(bytes).map_err(|error| self.odd(&error.to_string()))?;
        Ok(verified.into_message())
    }

    /// What a refusal of this server means.
    pub(super) fn refusal(&self, answer: &Message, about: &str) -> Problem {
        refusal::problem(answer, &self.server, self.signer.as_ref(), about)
    }

    /// An answer that cannot be used.
    pub(super) fn odd(&self, why: &str) -> Problem {
        let message = format!("the name server {} gave an answer that cannot be used: {why}", self.server);
        Problem::new(ProblemKind::Unreachable, message)
            .help("check that a name server listens there, and that nothing changes its answers on their way")
    }
}

/// What a message asks for, without its records.
fn in_words(message: &Message, server: &str) -> String {
    let about = message.queries.first().map(|query| format!(" {} {}", query.name(), query.query_type()));
    format!("DNS {:?}{} at {server}", message.metadata.op_code, about.unwrap_or_default())
}

fn unreachable(server: &str, error: io::Error) -> Problem {
    let message = format!("the name server {server} cannot be reached by TCP: {error}");
    Problem::new(ProblemKind::Unreachable, message)
        .help("check the address, and that TCP to its port is let through")
        .caused_by(error)
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::provider::dns::rfc2136::question::name_of;

    /// Whoever is on the way can repeat our own signature, and has no key for another one.
    #[tokio::test]
    async fn an_answer_without_the_servers_signature_is_not_believed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap().to_string();
        let somebody = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut message = vec![0; usize::from(length)];
            stream.read_exact(&mut message).await.unwrap();
            // It is an answer now.
            message[2] |= 0x80;
            stream.write_u16(length).await.unwrap();
            stream.write_all(&message).await.unwrap();
        });
        let key = TSigner::new(vec![7; 32], TsigAlgorithm::HmacSha256, name_of("key").unwrap(), 300).unwrap();
        let mut session = Session::open(&server, Some(key)).await.unwrap();
        let problem = session.ask(Message::query()).await.unwrap_err();
        assert!(problem.message.contains("an answer that cannot be used"), "{problem}");
        somebody.await.unwrap();
    }
}
