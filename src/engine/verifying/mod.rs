//! Looks whether registries work, from outside: asks names, servers and registries, and lets [`verify`](crate::verify)
//! judge what they say. Runs the tests that charts bring.
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | Which registries, and what does the command get back? |
//! | `tested`, `charts` | Which charts are tested, and how do their tests run? |
//! | `subject` | What is known of a registry before it is looked at? |
//! | `run` | In which order are the checks done, and what keeps one from being done? |
//! | `visit` | What is known of a registry while it is looked at? |
//! | `outside`, `inside` | How is each check done: before anybody gets in, and after that? |
//! | `names` | What do name servers say? |
//! | `network` | How is a server reached? |
//! | `tls` | What does a server show of itself? |
//! | `door` | What does the registry answer? |
//! | `pods` | Can nodes pull it? |
//! | `alive` | Which run is this, and does another one still go on? |
//! | `image` | How is the probe pushed, pulled and deleted? |

mod alive;
mod cause;
mod charts;
mod door;
mod hearing;
mod image;
mod inside;
mod names;
mod network;
mod outside;
mod pods;
mod run;
mod subject;
mod tested;
mod tls;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use door::Login;
pub use network::Resolved;

use self::network::Network;
use self::run::Run;
use self::subject::Subject;
use self::visit::Visit;
use super::needs::{self, Fate};
use super::state_access::StateAccess;
use super::workspace::Workspace;
use super::{Error, Outside};
use crate::apply::Stop;
use crate::blocks::{Access, Blocks, ChartPast, Endpoint, Facts, Need};
use crate::kubernetes::pull_login::encoded;
use crate::resource::{BlockAddress, Identity};
use crate::verify::{Check, Fault, Finding, Outcome, Verification};

/// How long what is to be taken away again has at least.
const FOR_CLEANING: Duration = Duration::from_secs(20);

/// What is looked at, and how.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Only this registry or chart; `None` for all.
    pub block: Option<BlockAddress>,
    /// Only these checks, with what they take; none for all.
    pub only: Vec<Check>,
    /// Whether nodes pull the probe, in pods that are made for that.
    pub in_cluster: bool,
    /// How long the checks of one registry, or the tests of one chart, may take together.
    pub timeout: Duration,
    /// Where hosts are, beside what name servers say.
    pub resolved: Vec<Resolved>,
    /// Authorities that are trusted beside those of this machine, as PEM.
    pub authorities: Vec<Vec<u8>>,
    /// The user who pushes, instead of those of the block.
    pub login: Option<Login>,
    /// The largest body that is sent, in bytes.
    pub largest_body: Option<u64>,
}

impl VerifyOptions {
    /// Whether this block is looked at, as far as addresses tell.
    fn means(&self, address: &BlockAddress) -> bool {
        self.block.as_ref().is_none_or(|named| named == address)
    }

    /// The checks of a registry that are wanted; none where only tests of charts are.
    fn checks(&self) -> Vec<Check> {
        let usual = Check::ALL.into_iter().filter(|check| !matches!(check, Check::InCluster | Check::Tests));
        let only = self.only.iter().copied().filter(|check| *check != Check::Tests);
        let mut wanted: Vec<Check> = if self.only.is_empty() { usual.collect() } else { only.collect() };
        if !wanted.is_empty() {
            wanted.extend(self.in_cluster.then_some(Check::InCluster));
        }
        wanted
    }
}

/// What is told while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum VerifyEvent<'a> {
    /// The checks of this registry begin, under this URL; or the tests of a chart.
    Block(&'a BlockAddress, Option<&'a str>),
    /// A check begins.
    Began(Check),
    /// A body of so many bytes is sent.
    Progress(Check, u64),
    /// A check has ended.
    Finished(&'a Finding),
}

impl<S: StateAccess> Workspace<S> {
    /// Looks at the registries of the configuration, and runs the tests of its charts. But for those the cluster is only read; a
    /// probe is pushed to each registry and deleted again. Each event goes to `emit` as it happens.
    ///
    /// # Errors
    /// There is no registry and no chart of this name, or none at all; the cluster has stopped to answer.
    #[tracing::instrument(skip_all, fields(project = self.config().project))]
    pub async fn verify(
        &self,
        options: &VerifyOptions,
        emit: &(dyn Fn(VerifyEvent<'_>) + Send + Sync),
        stop: &Stop,
    ) -> Result<Vec<Verification>, Error> {
        let charts = self.charts(options);
        let wanted = options.checks();
        let endpoints = if wanted.is_empty() { Vec::new() } else { self.endpoints(options) };
        if endpoints.is_empty() && charts.is_empty() {
            return Err(self.nothing_to_look_at(options));
        }
        let facts = self.passwords(&endpoints).await;
        self.secrets.learn_inputs(&facts.secret_inputs);
        let network = Arc::new(Network::new(&options.resolved));
        let here = Arc::new(tls::authorities(&options.authorities));
        let mut all = Vec::new();
        for endpoint in endpoints {
            let mut subject = Subject::of(endpoint, &facts, &*self.provider).await?;
            subject.pull_secrets = self.pull_secrets(&subject.endpoint.pull_secrets);
            if let Some(problem) = self.provider.cluster().outage().await {
                return Err(problem.into());
            }
            if let Some(login) = &options.login {
                subject.logins = vec![login.clone()];
                subject.strangers.clear();
            }
            for login in &subject.logins {
                self.secrets.redactor().learn_text(&login.password);
                self.secrets.redactor().learn_text(&encoded(&login.user, &login.password));
            }
            emit(VerifyEvent::Block(&subject.endpoint.block, Some(subject.base.as_str())));
            let visit = Visit {
                subject: &subject,
                provider: &*self.provider,
                network: Arc::clone(&network),
                here: Arc::clone(&here),
                largest_body: options.largest_body,
                until: Instant::now() + options.timeout,
                sends: &|bytes| emit(VerifyEvent::Progress(Check::Body, bytes)),
            };
            let run = Run { visit, wanted: Check::with_all_they_take(&wanted), stop, emit };
            all.push(run.all(&|outcome| self.without_secrets(outcome)).await);
        }
        all.extend(self.verify_charts(&charts, options, emit, stop).await);
        Ok(all)
    }

    fn endpoints(&self, options: &VerifyOptions) -> Vec<Endpoint> {
        let all = Blocks::read(self.config()).endpoints().into_iter();
        all.filter(|endpoint| options.means(&endpoint.block)).collect()
    }

    /// The mistake where nothing that is named can be looked at.
    fn nothing_to_look_at(&self, options: &VerifyOptions) -> Error {
        let all = self.config().blocks.iter().map(|block| &block.address);
        let known = all.filter(|address| ["registry", "chart"].contains(&address.kind.as_str()));
        Error::NothingToVerify { named: options.block.clone(), known: known.cloned().collect() }
    }

    /// The passwords of the users of these registries.
    async fn passwords(&self, endpoints: &[Endpoint]) -> Facts {
        let users = endpoints.iter().flat_map(|endpoint| match &endpoint.access {
            Access::Users(users) => users.as_slice(),
            Access::Anybody | Access::Hashes => &[],
        });
        let wanted: Vec<Need> = users.map(|(_, need)| need.clone()).collect();
        let host = &self.project.host;
        let outside = Outside {
            provider: Some(&*self.provider),
            helm: &host.helm,
            env: &|name| (host.variables)(name),
            remembered: &|_| true,
            fate: &|_| Fate::Free,
            past: &|_| ChartPast::NONE,
        };
        needs::answers(wanted, &outside).await
    }

    /// The Secrets that were applied for these blocks.
    fn pull_secrets(&self, blocks: &[BlockAddress]) -> Vec<Identity> {
        let applied = self.state.state().resources.iter();
        let of_blocks = applied.filter(|(address, resource)| {
            blocks.contains(&address.block) && resource.identity.is("", "Secret")
        });
        of_blocks.map(|(_, resource)| resource.identity.clone()).collect()
    }

    fn without_secrets(&self, outcome: Outcome) -> Outcome {
        let text = |text: String| self.secrets.redactor().text(text);
        match outcome {
            Outcome::Passed(found) => Outcome::Passed(text(found)),
            Outcome::NotNeeded(reason) => Outcome::NotNeeded(text(reason)),
            Outcome::Failed(fault) => {
                let (reason, fix, cause) = (text(fault.reason), text(fault.fix), fault.cause.map(text));
                Outcome::Failed(Fault { reason, fix, cause, ..fault })
            }
            Outcome::Hindered { reason, fix } => {
                Outcome::Hindered { reason: text(reason), fix: fix.map(text) }
            }
        }
    }
}
