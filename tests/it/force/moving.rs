//! A state on its way between two places. The move is killed at every step, and done again until it ends: then one place has
//! the state with all that belongs to it, and nothing was done to what it is about.

mod belongings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regplan::state::{self, Identities, SecretValues, StateError};
use serde_json::Value;

use super::backends::{BACKENDS, Backend, Kind, Place, clean_up};
use super::checks::Guarded;
use super::figures::Figures;
use super::folder::Changes;
use super::ledger::Ledger;
use super::mode::Mode;
use super::moment::Moment;
use super::shop::Version;
use super::subject::{ACCOUNT, Walk};
use super::walk::SIZES;
use crate::harness::{Namespace, Project, Proxy, Test, block_on};
use crate::kept_secrets::Keys;
use belongings::{Belongings, shown, values};

/// What is applied before the state moves; each makes a revision.
const REVISIONS: [Version; 3] = [Version::First, Version::Second, Version::First];

/// How many objects the state has in the short mode.
const SHORT_SIZE: usize = 12;

/// The tests of this mode, one for each two places and size.
pub(crate) fn tests(mode: Mode) -> Vec<Test> {
    let sizes = match mode {
        Mode::Short => &[SHORT_SIZE][..],
        Mode::Long => &SIZES[..],
    };
    let test = |objects: usize, [one, other]: [&'static Backend; 2]| {
        let name = format!("moves_between_{}_and_{}_with_{objects}_objects", one.name, other.name);
        Test::made(module_path!(), name, move || there_and_back(mode, [one, other], objects))
    };
    sizes.iter().flat_map(|objects| pairs(mode).into_iter().map(|pair| test(*objects, pair))).collect()
}

/// Between which places states move in the short mode: there and back, through files, the API server and a store.
const SHORT_PAIRS: [[&str; 2]; 2] = [["local", "kubernetes"], ["local", "s3"]];

/// Between which places states move: each two in the long mode.
fn pairs(mode: Mode) -> Vec<[&'static Backend; 2]> {
    let pairs = BACKENDS
        .iter()
        .enumerate()
        .flat_map(|(at, one)| BACKENDS[at + 1..].iter().map(move |other| [one, other]));
    pairs.filter(|pair| mode == Mode::Long || SHORT_PAIRS.contains(&pair.map(|each| each.name))).collect()
}

/// How many kills the short mode has at most.
pub(crate) fn short_kills() -> usize {
    let of_pair = |pair: [&Backend; 2]| {
        let media = Medium::between(pair);
        Way::ALL.len() * media.iter().map(|medium| medium.short_steps().len()).sum::<usize>()
    };
    pairs(Mode::Short).into_iter().map(of_pair).sum()
}

/// Which way a state moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    Back,
}

impl Way {
    const ALL: [Self; 2] = [Self::Out, Self::Back];

    /// Of two, the one that it moves from and the one that it moves to.
    fn of<T>(self, [here, there]: &[T; 2]) -> [&T; 2] {
        match self {
            Self::Out => [here, there],
            Self::Back => [there, here],
        }
    }

    fn command(self) -> Vec<&'static str> {
        let flag = match self {
            Self::Out => "--to",
            Self::Back => "--from",
        };
        vec!["state", "migrate", flag, THERE, "--auto-approve", "--request-timeout", "5s"]
    }
}

/// The configurations of the two places.
const HERE: &str = "regplan.toml";
const THERE: &str = "there.toml";

/// What the steps of a move are taken through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Medium {
    /// Requests to the object store of this name.
    Store(&'static str),
    /// Requests to the API server.
    Server,
    /// Writes to files.
    Folder,
}

impl Medium {
    /// Those of a move between these places: first those that hold the most of it. The API server is told of each move out of
    /// a folder or into one, since a copy of a folder can be stale.
    fn between(pair: [&Backend; 2]) -> Vec<Self> {
        let of = |kind| pair.into_iter().filter(move |backend| backend.kind == kind);
        let stores = of(Kind::Store).map(|backend| Self::Store(backend.name));
        let holds = of(Kind::Cluster).map(|_| Self::Server);
        let folders = of(Kind::Folder).map(|_| Self::Folder);
        let is_told = of(Kind::Folder).filter(|_| of(Kind::Cluster).next().is_none()).map(|_| Self::Server);
        stores.chain(holds).chain(folders).chain(is_told).collect()
    }

    /// The kills at this step.
    fn moments(self, step: usize) -> Vec<Moment> {
        match self {
            Self::Server | Self::Store(_) => vec![Moment::BeforeRequest(step), Moment::AfterRequest(step)],
            Self::Folder => vec![Moment::AtChange(step + 1)],
        }
    }

    /// At which steps the short mode kills: while a move looks at the two places, and while it copies. Few files are
    /// changed where a state leaves them.
    fn short_steps(self) -> [usize; 2] {
        match self {
            Self::Server | Self::Store(_) => [3, 14],
            Self::Folder => [0, 2],
        }
    }

    /// The kills of this mode, in the order of the steps. The short one has one at each of its steps, of each kind in turn.
    fn all_moments(self, mode: Mode) -> Box<dyn Iterator<Item = Moment>> {
        match mode {
            Mode::Long => Box::new((0..).flat_map(move |step| self.moments(step))),
            Mode::Short => {
                Box::new(self.short_steps().into_iter().enumerate().filter_map(move |(index, step)| {
                    let moments = self.moments(step);
                    moments.get(index % moments.len()).copied()
                }))
            }
        }
    }
}

/// A place for the state, and the file that names it.
struct Side {
    backend: &'static Backend,
    place: Place,
    file: &'static str,
    opened: Box<dyn state::Backend>,
}

/// A project whose state moves.
struct Moving<'n> {
    ns: &'n Namespace,
    project: Project<'n>,
    server: Proxy,
    sides: [Side; 2],
    identities: Identities,
    ledger: Ledger,
    guarded: Guarded,
    /// What belongs to the state, and what is shown of it, before it moves for the first time.
    before: Belongings,
    values: BTreeMap<u64, SecretValues>,
    shown: Vec<Value>,
    /// For each way.
    figures: [Figures; 2],
    /// What stands in front of each message of a failure.
    title: String,
}

/// Moves it there and back. In the long mode that is done once for each medium, since who has killed at each step of one has
/// moved the state.
fn there_and_back(mode: Mode, pair: [&'static Backend; 2], objects: usize) {
    let ns = Namespace::new();
    let mut moving = Moving::new(&ns, pair, objects);
    let media = Medium::between(pair);
    let passes: Vec<&[Medium]> = match mode {
        Mode::Short => vec![&media[..]],
        Mode::Long => media.chunks(1).collect(),
    };
    for media in passes {
        for way in Way::ALL {
            for medium in media {
                moving.kill_at_steps(way, *medium, mode);
            }
            moving.come_to_an_end(way);
        }
    }
    moving.finish(mode);
}

impl<'n> Moving<'n> {
    /// A project of so many objects that was applied a few times, with its state in the first place.
    fn new(ns: &'n Namespace, pair: [&'static Backend; 2], objects: usize) -> Self {
        let [here, there] = pair;
        let title = format!("{} and {}, {objects} objects", here.name, there.name);
        println!("{title}");
        let (server, keys) = (ns.proxy(), Keys::new());
        let token = ns.audited_administrator(ACCOUNT);
        let [place, other] = pair.map(|backend| backend.start_with_values(&keys.line()).behind_proxy());
        let project = ns.project().kubeconfig(server.kubeconfig_with_token(&token));
        let project = place.let_in(project.env("STATE_IDENTITY", &keys.identity), objects);
        let project = project.write(THERE, &other.configuration(Version::First, objects));
        project.run(["-f", THERE, "state", "init"]).success();
        let side = |backend, place, file| {
            let opened = Place::open_as(ns, &project, file);
            Side { backend, place, file, opened }
        };
        let sides = [side(here, place, HERE), side(there, other, THERE)];
        let [figures, back] = Way::ALL.map(|way| {
            let [from, to] = way.of(&pair);
            let name = format!("a kill at every step of a move to {}", to.name);
            Figures::new(&Walk { name, backend: from, objects }, None)
        });
        let ledger = lived_in(ns, &project, &sides[0], objects);
        let figures = Figures { requests: ledger.held(), ..figures };
        let identities = Identities::read(&keys.identity).unwrap();
        let before = Belongings::at(&*sides[0].opened, &title);
        assert_eq!(before.count(), REVISIONS.len());
        let mut guarded = Guarded::default();
        guarded.check(ns, &title);
        Self {
            ns,
            values: values(&*sides[0].opened, &identities),
            shown: shown(&project, HERE),
            project,
            server,
            sides,
            identities,
            ledger,
            guarded,
            before,
            figures: [figures, back],
            title,
        }
    }

    /// Moves that are killed at the steps of this mode, until one has no such step any more, and ends.
    fn kill_at_steps(&mut self, way: Way, medium: Medium, mode: Mode) {
        let kills = medium.all_moments(mode).take_while(|moment| self.kill(way, medium, *moment)).count();
        assert!(kills > 0, "{}", self.context(way, &format!("no kill at the {medium:?}")));
    }

    /// One move that is killed, unless it ends before. Returns whether it was killed.
    #[track_caller]
    fn kill(&mut self, way: Way, medium: Medium, moment: Moment) -> bool {
        let context = self.context(way, &format!("killed {moment}, {medium:?}"));
        println!("{context}");
        self.ledger.note_nothing(&context);
        let proxy = self.proxy_of(medium);
        let changes = Changes::of(&self.folders());
        let ended = moment.kill(self.project.regplan(way.command()), proxy, &changes);
        ended.check(matches!(ended.exit_code(), None | Some(0)), &format!("{context}: ended by itself"));
        for side in &self.sides {
            side.backend.free(self.ns, &side.place);
        }
        self.is_whole(way, &context);
        let was_killed = ended.exit_code().is_none();
        if was_killed {
            self.figures[way as usize].killed("state migrate", moment);
        }
        was_killed
    }

    /// What the requests go through that are counted.
    #[track_caller]
    fn proxy_of(&self, medium: Medium) -> &Proxy {
        let Medium::Store(name) = medium else { return &self.server };
        let store = self.sides.iter().find(|side| side.backend.name == name);
        store.and_then(|side| side.place.proxy()).expect("a store is behind a proxy")
    }

    /// A move that is not killed, and what has to be true then.
    #[track_caller]
    fn come_to_an_end(&mut self, way: Way) {
        let context = self.context(way, "to its end");
        self.ledger.note_nothing(&context);
        let ended = self.project.run(way.command()).any();
        ended.check(ended.succeeded(), &context).stderr_lacks("could not be recorded");
        let [old, new] = way.of(&[0, 1]).map(|index| *index);
        assert!(
            self.has_left(old, new, &context),
            "{context}: the old place should say that the state has moved"
        );
        self.is_whole(way, &context);
        let opened = values(&*self.sides[new].opened, &self.identities);
        assert!(opened == self.values, "{context}: other secret values are kept");
        let [old_file, new_file] = [old, new].map(|index| self.sides[index].file);
        assert!(shown(&self.project, new_file) == self.shown, "{context}: the commands show something else");
        let plan = self.project.run(["-f", new_file, "plan", "--detailed-exitcode"]).any();
        plan.check(plan.succeeded(), &format!("{context}: a plan after it should have nothing to change"));
        self.project.run(["-f", old_file, "plan"]).code(1).stderr_contains("has moved to");
        for index in [old, new] {
            let place = &mut self.sides[index].opened;
            let locked = block_on(place.lock("test")).unwrap_or_else(|error| panic!("{context}: {error}"));
            // At the old place the last move does not look at the lock where an earlier one had left.
            assert!(index == old || locked.left_by.is_none(), "{context}: locked by {:?}", locked.left_by);
            block_on(place.release()).unwrap();
        }
        self.figures[way as usize].ended += 1;
    }

    /// Fails unless the place that counts has all that belongs to the state, and nothing was done to its objects.
    #[track_caller]
    fn is_whole(&mut self, way: Way, context: &str) {
        let [old, new] = way.of(&[0, 1]).map(|index| *index);
        let counts = if self.has_left(old, new, context) { new } else { old };
        Belongings::at(&*self.sides[counts].opened, context).are(&self.before, context);
        self.guarded.check(self.ns, context);
        self.ledger.check(context);
        // What these requests were is not asked any more, and a state is long.
        self.server.forget();
        self.sides.iter().filter_map(|side| side.place.proxy()).for_each(Proxy::forget);
    }

    /// Whether the old place says that the state has moved to the new one. Until then the old one counts.
    #[track_caller]
    fn has_left(&self, old: usize, new: usize, context: &str) -> bool {
        match block_on(self.sides[old].opened.load()) {
            Ok(_) => false,
            // A folder is named as it is seen from the folder of the project.
            Err(StateError::Retired { to, .. }) if self.is_place_of(new, &to) => true,
            Err(error) => panic!("{context}: {error}"),
        }
    }

    /// Whether a note that a state has moved names this side.
    fn is_place_of(&self, side: usize, noted: &Path) -> bool {
        !noted.as_os_str().is_empty() && self.sides[side].opened.place().ends_with(noted)
    }

    /// The folders of a state on this machine.
    fn folders(&self) -> Vec<PathBuf> {
        let folders = [".regplan/{project}", ".regplan/{project}/revisions"];
        let folders = folders.map(|folder| self.project.path(&self.ns.fill(folder)));
        folders.into_iter().filter(|folder| folder.is_dir()).collect()
    }

    fn context(&self, way: Way, what: &str) -> String {
        let [from, to] = way.of(&self.sides).map(|side| side.backend.name);
        format!("{}: run {} from {from} to {to}, {what}", self.title, self.figures[way as usize].runs() + 1)
    }

    /// Nothing more is done to it.
    fn finish(self, mode: Mode) {
        clean_up(self.ns);
        self.figures[0].check_requests();
        for figures in self.figures {
            figures.check_kills();
            figures.keep(mode);
        }
    }
}

/// Applies the project a few times, and lets it have a key of plan files.
#[track_caller]
fn lived_in(ns: &Namespace, project: &Project<'_>, side: &Side, objects: usize) -> Ledger {
    let mut ledger = Ledger::new(ns, ACCOUNT);
    for version in REVISIONS {
        side.place.write(project, version, objects);
        let before = ledger.before(&*side.opened);
        let apply = ["apply", "--auto-approve"].iter().chain(side.backend.flags);
        project.run(apply.copied()).success();
        ledger.note("apply", &before, &*side.opened);
        ledger.check("before the move");
    }
    project.run(["plan", "--destroy", "--out", "destroy.plan"]).success();
    ledger
}
