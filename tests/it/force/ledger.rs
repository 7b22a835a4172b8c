//! What each run has announced in its journal, held against what the server was asked for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use regplan::resource::{Address, Identity};
use regplan::state::{Backend, IntentKind, View, view};

use super::audit::{AuditLog, Mutation, Object};
use crate::harness::{Cluster, Namespace, block_on};

/// A run, and what it has announced.
struct Run {
    command: String,
    began: Timestamp,
    announced: BTreeSet<(Object, IntentKind)>,
}

/// The verbs of the requests that do what was announced. An update that has to move a field from one owner to another one is
/// a patch, too.
fn verbs(kind: IntentKind) -> &'static [&'static str] {
    match kind {
        IntentKind::Create | IntentKind::Update | IntentKind::Adopt | IntentKind::Move => &["patch"],
        IntentKind::Replace | IntentKind::Run => &["patch", "delete"],
        IntentKind::Delete => &["delete"],
        IntentKind::Forget => &[],
    }
}

/// All runs since the log was last read.
pub(crate) struct Ledger {
    cluster: Cluster,
    project: String,
    /// The namespace in which states are kept; none of the objects there is a resource.
    states: String,
    log: Option<AuditLog>,
    runs: Vec<Run>,
    held: usize,
}

/// What is known before a run.
pub(crate) struct Before {
    began: Timestamp,
    view: View,
}

impl Ledger {
    /// A ledger of what this account does from now on.
    pub(crate) fn new(ns: &Namespace, account: &str) -> Self {
        Self {
            cluster: ns.cluster().clone(),
            project: ns.project_name(),
            states: ns.fill("{prefix}-states"),
            log: AuditLog::of(ns, account),
            runs: Vec::new(),
            held: 0,
        }
    }

    /// What is known now; a run begins.
    pub(crate) fn before(&self, backend: &dyn Backend) -> Before {
        Before { view: self.view(backend), began: Timestamp::now() }
    }

    /// The run has ended, or was killed: what it has announced is noted.
    pub(crate) fn note(&mut self, command: &str, before: &Before, backend: &dyn Backend) {
        let journal = block_on(backend.journal()).unwrap();
        let announced = match journal.filter(|journal| journal.begin.at >= before.began) {
            Some(journal) => {
                let intents = journal.begin.intents.iter();
                intents.map(|intent| (self.object(&intent.target.identity), intent.action)).collect()
            }
            None => self.completed(&before.view, backend),
        };
        self.runs.push(Run { command: command.to_owned(), began: before.began, announced });
    }

    /// A run begins that announces nothing, and so may change nothing.
    pub(crate) fn note_nothing(&mut self, command: &str) {
        let (command, began) = (command.to_owned(), Timestamp::now());
        self.runs.push(Run { command, began, announced: BTreeSet::new() });
    }

    /// What a run has announced that has come to its end: its journal is gone, and the revision tells the same.
    fn completed(&self, before: &View, backend: &dyn Backend) -> BTreeSet<(Object, IntentKind)> {
        let numbers = block_on(backend.revisions()).unwrap();
        let newest = numbers.last().filter(|number| **number > before.state.revision);
        let Some(number) = newest else { return BTreeSet::new() };
        let revision = block_on(backend.revision(*number)).unwrap();
        let known = [&before.state, &revision.state];
        let of_object = |address: &Address| {
            let recorded =
                known.iter().filter_map(|state| state.resources.get(address)).map(|known| &known.identity);
            // Of what was not known before and is not known now, the earlier doubts tell.
            let doubts = before.state.in_doubt.iter().filter(|intent| intent.address == *address);
            recorded.chain(doubts.map(|intent| &intent.target.identity)).collect::<Vec<_>>()
        };
        let changed = revision.head.changed.iter();
        let objects =
            changed.flat_map(|(address, kind)| of_object(address).into_iter().map(|object| (object, *kind)));
        objects.map(|(identity, kind)| (self.object(identity), kind)).collect()
    }

    /// Fails unless each request to change something was announced by the run in whose time it came.
    #[track_caller]
    pub(crate) fn check(&mut self, context: &str) {
        let Some(log) = &mut self.log else { return };
        // That one is regplan's own, too.
        let record = Object {
            resource: "configmaps".to_owned(),
            namespace: "default".to_owned(),
            name: format!("regplan-{}", self.project),
        };
        let mut mutations = log.read_on();
        mutations.retain(|mutation| mutation.object.namespace != self.states && mutation.object != record);
        let unannounced = mutations.iter().filter(|mutation| !self.covers(mutation));
        let unannounced: Vec<String> = unannounced.map(Mutation::to_string).collect();
        let runs: Vec<String> = self
            .runs
            .iter()
            .map(|run| format!("{} {}: {} objects", run.began, run.command, run.announced.len()))
            .collect();
        assert!(
            unannounced.is_empty(),
            "{context}: no journal has announced\n{}\nthe runs:\n{}",
            unannounced.join("\n"),
            runs.join("\n")
        );
        self.held += mutations.len();
        // The last one stays: a request of its may still be under way.
        self.runs.drain(..self.runs.len().saturating_sub(1));
    }

    /// How many requests were held against the journals so far.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    fn covers(&self, mutation: &Mutation) -> bool {
        let run = self.runs.iter().rev().find(|run| run.began <= mutation.at);
        run.is_some_and(|run| {
            let of_object = run.announced.iter().filter(|(object, _)| *object == mutation.object);
            of_object.flat_map(|(_, kind)| verbs(*kind)).any(|verb| *verb == mutation.verb)
        })
    }

    fn object(&self, identity: &Identity) -> Object {
        Object {
            resource: self.cluster.resource(&identity.group, &identity.kind),
            namespace: identity.namespace.clone().unwrap_or_default(),
            name: identity.name.clone(),
        }
    }

    fn view(&self, backend: &dyn Backend) -> View {
        block_on(view(backend, &self.project)).unwrap()
    }
}
