//! The project that is put to the test: what is done to it, and what has to be true after each run.

use std::fmt;
use std::time::{Duration, Instant};

use regplan::state;

use super::backends::{Backend, Place, clean_up};
use super::checks::{self, Guarded};
use super::figures::Figures;
use super::ledger::Ledger;
use super::moment::{Moment, Watched, is_of_an_object};
use super::shop::{PROTECTED, Version};
use crate::harness::{Namespace, Project, Proxy};

/// The service account as which regplan runs.
pub(crate) const ACCOUNT: &str = "regplan";

/// What is done to the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// An apply of this version: of all objects, of a change, or after a destroy.
    Apply(Version),
    /// A rollback to the revision of this version; an apply where there is none yet.
    Rollback(Version),
    Destroy,
}

/// What is done to a project of so many objects, with its state in such a place.
pub(crate) struct Walk {
    /// What is done, for figures.
    pub(crate) name: String,
    pub(crate) backend: &'static Backend,
    pub(crate) objects: usize,
}

impl Walk {
    /// The name of the test that does it.
    pub(crate) fn test_name(&self) -> String {
        format!("{}_with_{}_objects_on_{}", self.name.replace(' ', "_"), self.objects, self.backend.name)
    }
}

/// A project in a namespace of its own.
pub(crate) struct Subject<'n> {
    ns: &'n Namespace,
    project: Project<'n>,
    proxy: Proxy,
    backend: &'static Backend,
    /// What each command that writes is given.
    flags: &'static [&'static str],
    place: Place,
    opened: Box<dyn state::Backend>,
    objects: usize,
    ledger: Ledger,
    guarded: Guarded,
    figures: Figures,
    /// What stands in front of each message of a failure.
    title: String,
    /// How long a run takes that is not killed.
    pub(crate) time: Duration,
    /// The first revision to which a rollback can go without consent. No revision has the values of secrets, so that
    /// is the first one since the last destroy; `None` until there is one.
    first_revision: Option<u64>,
}

impl<'n> Subject<'n> {
    /// A project of so many objects. Nothing of it is in the cluster yet.
    pub(crate) fn new(ns: &'n Namespace, walk: &Walk, seed: Option<u64>) -> Self {
        Self::at(walk.backend.start(), ns, walk, seed)
    }

    /// The same with its state in this place.
    pub(crate) fn at(place: Place, ns: &'n Namespace, walk: &Walk, seed: Option<u64>) -> Self {
        let Walk { backend, objects, .. } = *walk;
        let proxy = ns.proxy();
        let token = ns.audited_administrator(ACCOUNT);
        let project = ns.project().kubeconfig(proxy.kubeconfig_with_token(&token));
        let project = place.let_in(project, objects);
        let opened = Place::open(ns, &project);
        let seeded = seed.map_or_else(String::new, |seed| format!(", REGPLAN_FORCE_SEED={seed}"));
        let title = format!("{}, {objects} objects{seeded}", backend.name);
        println!("{title}");
        Self {
            ns,
            project,
            proxy,
            backend,
            flags: backend.flags,
            place,
            opened,
            objects,
            ledger: Ledger::new(ns, ACCOUNT),
            guarded: Guarded::default(),
            figures: Figures::new(walk, seed),
            title,
            time: Duration::from_secs(2),
            first_revision: Some(1),
        }
    }

    /// The same, whose requests may take as long as they usually may.
    pub(crate) fn patient(self) -> Self {
        Self { flags: &[], ..self }
    }

    /// What stands before the server.
    pub(crate) fn server(&self) -> &Proxy {
        &self.proxy
    }

    /// What stands before the place of the state, if anything does.
    pub(crate) fn store(&self) -> Option<&Proxy> {
        self.place.proxy()
    }

    /// How many resources the state has.
    #[track_caller]
    pub(crate) fn resources(&self) -> usize {
        let state = checks::pulled(&self.project, &self.title).unwrap();
        state["resources"].as_object().unwrap().len()
    }

    /// Nothing more is done to it. Returns what was done.
    pub(crate) fn finish(self) -> Figures {
        clean_up(self.ns);
        Figures { requests: self.requests(), ..self.figures }
    }

    /// How many requests were held against the journals so far.
    pub(crate) fn requests(&self) -> usize {
        self.ledger.held()
    }

    /// One run that is killed, unless it ends before. Returns whether it was killed.
    #[track_caller]
    pub(crate) fn kill(&mut self, operation: Operation, flags: &[&str], moment: Moment) -> bool {
        let (command, context) = self.prepare(operation, &format!("killed {moment}"));
        let before = self.ledger.before(&*self.opened);
        let args = command.iter().map(String::as_str).chain(flags.iter().copied());
        let journal = Watched::of_next_run(&*self.opened, self.backend.look_interval);
        let ended = moment.kill(self.project.regplan(args), &self.proxy, &journal);
        ended.check(matches!(ended.exit_code(), None | Some(0)), &format!("{context}: ended by itself"));
        self.ledger.note(&context, &before, &*self.opened);
        checks::pulled(&self.project, &context);
        self.guarded.check(self.ns, &context);
        self.ledger.check(&context);
        let was_killed = ended.exit_code().is_none();
        if was_killed {
            self.figures.killed(&command[0], moment);
        }
        was_killed
    }

    /// One run that is killed at its first write of an object, unless it ends before. Returns whether it was killed.
    /// Nobody waits for its lock: what comes of that is seen where runs are killed at random moments.
    #[track_caller]
    pub(crate) fn kill_at_an_object(&mut self, operation: Operation, moment: Moment) -> bool {
        self.proxy.forget();
        let was_killed = self.kill(operation, &["--parallelism", "1"], moment);
        let asked = self.proxy.requests().iter().filter(|seen| is_of_an_object(seen)).count();
        assert_eq!(
            asked,
            usize::from(was_killed),
            "{}: no step is left out\n{}",
            self.title,
            self.proxy.log()
        );
        self.backend.free(self.ns, &self.place);
        was_killed
    }

    /// A run that is not killed, and what has to be true then.
    #[track_caller]
    pub(crate) fn come_to_an_end(&mut self, operation: Operation) {
        let (command, context) = self.prepare(operation, "to its end");
        let before = self.ledger.before(&*self.opened);
        let started = Instant::now();
        let ended = self.project.run(command.iter().map(String::as_str)).any();
        ended.check(ended.succeeded(), &context);
        self.time = started.elapsed();
        if operation != Operation::Destroy && self.first_revision.is_none() {
            self.first_revision = self.revisions().first().copied();
        }
        self.ledger.note(&context, &before, &*self.opened);
        let again: &[&str] = if operation == Operation::Destroy { &["--destroy"] } else { &[] };
        let plan = self.project.run(["plan", "--detailed-exitcode"].iter().chain(again).copied()).any();
        plan.check(plan.succeeded(), &format!("{context}: a plan after it should have nothing to change"));
        self.guarded.check(self.ns, &context);
        if let Some(state) = checks::pulled(&self.project, &context) {
            // A destroy does not look into what it lets stay; the next apply does.
            let untouched: &[&str] = if operation == Operation::Destroy { &PROTECTED } else { &[] };
            checks::is_settled(&state, untouched, &context);
            checks::agree(self.ns, &state, &context);
        }
        self.ledger.check(&context);
        self.figures.ended += 1;
    }

    /// Writes the configuration that goes with it. Returns the command line, and what a failure is about.
    fn prepare(&mut self, operation: Operation, what: &str) -> (Vec<String>, String) {
        if operation == Operation::Destroy {
            self.first_revision = None;
        }
        let command = match operation {
            Operation::Apply(version) => {
                self.write(version);
                vec!["apply".to_owned()]
            }
            Operation::Rollback(version) => {
                self.write(version);
                self.revision_of(version).map_or_else(
                    || vec!["apply".to_owned()],
                    |number| vec!["rollback".to_owned(), number.to_string()],
                )
            }
            Operation::Destroy => vec!["destroy".to_owned()],
        };
        let context = format!("{}: run {} {what}, {}", self.title, self.figures.runs() + 1, operation);
        let flags = ["--auto-approve"].iter().chain(self.flags).map(|flag| (*flag).to_owned());
        (command.into_iter().chain(flags).collect(), context)
    }

    fn write(&self, version: Version) {
        self.place.write(&self.project, version, self.objects);
    }

    /// The newest revision with everything of this version.
    fn revision_of(&self, version: Version) -> Option<u64> {
        let first = self.first_revision?;
        self.revisions().into_iter().take_while(|number| *number >= first).find(|number| {
            let shown = self.project.run(["show", &number.to_string(), "--format", "json"]).success().json();
            let desired = &shown["desired"];
            let is_whole = !desired["resource.web"].is_null();
            is_whole && desired["resource.terms"]["object"]["data"]["version"] == version.text()
        })
    }

    /// The numbers of all revisions, the newest first.
    fn revisions(&self) -> Vec<u64> {
        let history = self.project.run(["history", "--format", "json"]).success().json();
        let revisions = history["revisions"].as_array().unwrap().iter().rev();
        revisions.filter_map(|each| each["number"].as_u64()).collect()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply(version) => write!(f, "apply of the {} version", version.text()),
            Self::Rollback(version) => write!(f, "rollback to the {} version", version.text()),
            Self::Destroy => f.write_str("destroy"),
        }
    }
}
