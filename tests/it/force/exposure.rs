//! A registry on its way from one way to be reached to another one. The apply is killed after each single write, and after
//! each kill nobody may come in from outside without a password, or send one in clear, unless the configuration before or
//! after it asks for that.

mod judge;
mod leftover;
mod shape;

use std::sync::Mutex;
use std::time::Duration;

use super::backends::Place;
use super::figures::Figures;
use super::mode::Mode;
use super::moment::{Moment, Watched};
use crate::harness::{Cluster, Namespace, OwnCluster, Project, Proxy, Test};
use judge::judge;
pub(crate) use judge::{OF_A_WAY, is_rolled_out};
use shape::{Shape, Way, shapes};

/// When an apply is killed: after its first write. The next one goes on from there.
const MOMENT: Moment = Moment::AfterWrite(0);

/// Between which shapes the short mode goes. The last two change but one thing: whether there are users, and whether there is TLS.
const PAIRS: [(Shape, Shape); 8] = [
    (Shape::new(Way::Ingress, true, true), Shape::new(Way::None, false, false)),
    (Shape::new(Way::None, false, false), Shape::new(Way::Ingress, true, true)),
    (Shape::new(Way::Ingress, false, false), Shape::new(Way::Ingress, true, true)),
    (Shape::new(Way::LoadBalancer, true, true), Shape::new(Way::NodePort, false, false)),
    (Shape::new(Way::NodePort, false, false), Shape::new(Way::Gateway, true, true)),
    (Shape::new(Way::Gateway, true, true), Shape::new(Way::None, false, false)),
    (Shape::new(Way::LoadBalancer, true, true), Shape::new(Way::LoadBalancer, false, true)),
    (Shape::new(Way::NodePort, false, false), Shape::new(Way::NodePort, false, true)),
];

/// How many changes are made at once.
const AT_ONCE: usize = 8;

/// What is done, for figures.
const WALK: &str = "a kill after every write of a change of how a registry is reached";

/// The test of this mode.
pub(crate) fn tests(mode: Mode) -> Vec<Test> {
    match mode {
        Mode::Short => vec![
            Test::new(module_path!(), "no_moment_lets_anybody_in", short),
            Test::new(module_path!(), "a_route_that_stays_leads_nowhere", stays),
            Test::new(module_path!(), "no_way_that_is_left_lets_anybody_in", leftover::test),
        ],
        Mode::Long => vec![Test::new(module_path!(), "no_moment_of_any_change_lets_anybody_in", long)],
    }
}

fn short() {
    let figures = go(&PAIRS, 3);
    assert_eq!(figures.ended, PAIRS.len());
}

/// Each shape to each other one.
fn long() {
    let shapes = shapes();
    let to_others =
        |from: Shape| shapes.clone().into_iter().filter(move |to| *to != from).map(move |to| (from, to));
    let pairs: Vec<(Shape, Shape)> = shapes.iter().flat_map(|from| to_others(*from)).collect();
    // Some have the same pods and the same Service: only the way is new, or gone.
    go(&pairs, 1).keep(Mode::Long);
}

/// Goes from the first to the second of each pair, with so many writes at least, on a cluster of its own: it gets the definitions of the Gateway API.
fn go(pairs: &[(Shape, Shape)], writes: usize) -> Figures {
    let own = OwnCluster::with_gateway_api();
    let cluster: &Cluster = own.as_ref();
    let changes: Vec<(Namespace, Shape, Shape)> =
        pairs.iter().map(|(from, to)| (Namespace::on(cluster), *from, *to)).collect();
    // Several at once, because most of the time is spent on waiting for pods.
    let figures =
        Mutex::new(Figures { walk: WALK.to_owned(), backend: "local".to_owned(), ..Figures::default() });
    std::thread::scope(|scope| {
        let walk = |changes: &[(Namespace, Shape, Shape)]| {
            for (ns, from, to) in changes {
                let kills = change(ns, *from, *to);
                assert!(kills >= writes, "from {from} to {to} {kills} writes are too few");
                let mut figures = figures.lock().unwrap();
                (0..kills).for_each(|_| figures.killed("apply", MOMENT));
                figures.ended += 1;
            }
        };
        let walks =
            changes.chunks(changes.len().div_ceil(AT_ONCE)).map(|some| scope.spawn(move || walk(some)));
        for walk in walks.collect::<Vec<_>>() {
            if let Err(panic) = walk.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    figures.into_inner().unwrap()
}

/// A registry of this shape.
fn begun(ns: &Namespace, shape: Shape) -> Project<'_> {
    ns.apply(shape::CERTIFICATE);
    let project = ns
        .project()
        .write("regplan.toml", &shape.configuration())
        .env("CI_PASSWORD", "a long enough password");
    project.apply();
    project
}

/// A way that this apply leaves out is not closed before the pods change.
fn stays() {
    let own = OwnCluster::with_gateway_api();
    let ns = Namespace::on(own.as_ref());
    let (from, to) = (Shape::new(Way::Gateway, true, true), Shape::new(Way::None, false, false));
    let project = begun(&ns, from);
    project.rewrite("regplan.toml", &to.configuration());
    let targets =
        ["--target", "registry.main/Deployment/registry", "--target", "registry.main/Service/registry"];
    project.run(["apply", "--auto-approve"].into_iter().chain(targets)).success();
    assert!(ns.find("httproute/registry").is_some(), "it is left out");
    judge(&ns, from, to, "a route that stays");
}

/// One change, killed after each write until nothing is left to write. The number of kills.
fn change(ns: &Namespace, from: Shape, to: Shape) -> usize {
    let proxy = ns.proxy();
    let project = begun(ns, from).through(&proxy);
    project.rewrite("regplan.toml", &to.configuration());
    let title = format!("from {from} to {to}");
    kill_after_each_write(ns, &project, &proxy, &title, |context| judge(ns, from, to, context))
}

/// An apply through this proxy that is killed after each write, and begun again until nothing is left to write. `look` judges what
/// each leaves behind, and is given what stands in front of its messages. The number of kills.
#[track_caller]
pub(crate) fn kill_after_each_write(
    ns: &Namespace,
    project: &Project<'_>,
    proxy: &Proxy,
    title: &str,
    mut look: impl FnMut(&str),
) -> usize {
    let opened = Place::open(ns, project);
    let mut kills = 0;
    loop {
        let command = project.regplan(["apply", "--auto-approve", "--parallelism", "1"]);
        let journal = Watched::of_next_run(&*opened, Duration::from_millis(10));
        let ended = MOMENT.kill(command, proxy, &journal);
        let context = format!("{title}, after {kills} kills");
        look(&context);
        if let Some(code) = ended.exit_code() {
            ended.check(code == 0, &context);
            project.expect_settled();
            return kills;
        }
        kills += 1;
    }
}
