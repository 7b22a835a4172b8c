//! A name server that takes updates (RFC 2136), signed with a key (TSIG, RFC 8945).
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | What can a name server do for a zone? |
//! | `settings` | Which server, and which key? |
//! | `connection` | How do bytes get there and back? |
//! | `session` | How is a message signed, sent, and its answer checked? |
//! | `question` | What is asked, and what does an answer say? |
//! | `update` | Which message changes records, and only where what is there is what is expected? |
//! | `refusal` | What does it mean that a server says no? |
//! | `followers` | Which servers answer for the zone, and what do they say? |

mod connection;
mod followers;
mod question;
mod refusal;
mod session;
mod settings;
mod update;

use std::time::Duration;

use async_trait::async_trait;
use hickory_proto::rr::TSigner;

use super::content::{Content, NamedText, Names};
use super::keeper::{Behind, Fault, Keeper, OtherTypes};
use crate::resource::record_set::RecordValue;
use crate::resource::{Problem, ProblemKind};
pub(super) use followers::{behind_of, found_at, other_answers_of, servers_of};
use session::Session;
pub(super) use settings::Settings;

#[doc(hidden)]
pub use question::read_answer;

/// How often a question is asked that got no answer.
const TRIES: u32 = 3;
/// For how long the first repetition waits.
const PAUSE: Duration = Duration::from_millis(300);

/// A name server.
pub(super) struct NameServer {
    settings: Settings,
    /// The key, or why there is none.
    signer: Result<TSigner, Problem>,
}

impl NameServer {
    /// The server of these settings, with the key in base64, or why there is none.
    pub(super) fn new(settings: Settings, key: Result<String, Problem>) -> Self {
        let signer = key.and_then(|key| settings.signer(&key));
        Self { settings, signer }
    }

    async fn session(&self) -> Result<Session, Problem> {
        Session::open(&self.settings.server, self.signer.as_ref().ok().cloned()).await
    }

    /// Asks again where no answer came.
    async fn patiently<T, F: Future<Output = Result<T, Problem>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, Problem> {
        let mut tries = 1;
        loop {
            match ask().await {
                Err(problem) if problem.kind == ProblemKind::Unreachable && tries < TRIES => {
                    tokio::time::sleep(PAUSE * tries).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// What stands at the names. A wildcard answers for every name below it, and nothing stands there: the server is asked
    /// by the conditions of an update, which no wildcard meets. Without the key only our own marker tells that.
    async fn read_once(&self, names: &Names) -> Result<Content, Problem> {
        let mut session = self.session().await?;
        let found = question::content(&mut session, names).await?;
        match &self.signer {
            _ if found.is_empty() => return Ok(found),
            Err(_) if found.owner().is_some() => return Ok(found),
            Err(problem) => return Err(problem.clone()),
            Ok(_) => {}
        }
        if update::holds(&mut session, names, &found).await? {
            return Ok(found);
        }
        let standing = update::standing(&mut session, names, &found).await?;
        if update::holds(&mut session, names, &standing).await? {
            return Ok(standing);
        }
        let message = format!("the records of {} change while they are read", names.name);
        Err(Problem::new(ProblemKind::Unreachable, message)
            .help("try again, and find out who writes to them"))
    }

    /// The types of the other records that stand at the name, by the same conditions.
    async fn others_once(&self, names: &Names) -> Result<OtherTypes, Problem> {
        self.signer.as_ref().map_err(Clone::clone)?;
        let mut session = self.session().await?;
        let mut standing = Vec::new();
        for found in question::other_types(&mut session, names).await? {
            if update::stands(&mut session, names, &names.name, found).await? {
                standing.push(found.to_string());
            }
        }
        Ok(standing)
    }
}

#[async_trait]
impl Keeper for NameServer {
    async fn read(&self, names: &Names) -> Result<Content, Problem> {
        self.patiently(|| self.read_once(names)).await
    }

    async fn others(&self, names: &Names) -> Result<OtherTypes, Problem> {
        self.patiently(|| self.others_once(names)).await
    }

    async fn try_write(&self, names: &Names, before: &Content) -> Result<(), Problem> {
        self.signer.as_ref().map_err(Clone::clone)?;
        let tried =
            self.patiently(|| async { update::holds(&mut self.session().await?, names, before).await });
        if tried.await? { Ok(()) } else { Err(refusal::moved(&names.name)) }
    }

    /// A record can be looked at without the key, and not deleted.
    fn before_delete(&self, _: &Names) -> Result<Option<String>, Problem> {
        self.signer.as_ref().map(|_| None).map_err(Clone::clone)
    }

    async fn write(&self, names: &Names, before: &Content, after: &Content) -> Result<(), Fault> {
        if let Err(problem) = &self.signer {
            return Err(Fault::NotDone(problem.clone()));
        }
        let mut session = self.session().await.map_err(Fault::NotDone)?;
        update::replace(&mut session, names, before, after).await
    }

    /// By a transfer of the zone, for which a server asks a right of its own.
    async fn texts(&self, zone: &str) -> Result<Vec<NamedText>, Problem> {
        let found = self.patiently(|| async { question::texts_in(&mut self.session().await?, zone).await });
        found.await.map_err(|problem| match problem.kind {
            ProblemKind::Forbidden | ProblemKind::Settings => {
                let key = self.settings.key_name.trim_end_matches('.');
                problem.help(format!(
                    "let the key list the zone, as by BIND's `allow-transfer {{ key \"{key}\"; }};`"
                ))
            }
            _ => problem,
        })
    }

    async fn behind(&self, names: &Names, values: &[RecordValue]) -> Result<Vec<Behind>, Problem> {
        let mut session = self.session().await?;
        let servers = followers::servers(&mut session, &self.settings, names).await?;
        Ok(followers::behind(&servers, names, values).await)
    }
}
