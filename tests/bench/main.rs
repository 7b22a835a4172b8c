//! What plans and applies cost: time, requests and memory, beside kubectl and the bare requests on the same server.
//!
//! ```text
//! cargo bench                        500, 2,000 and 10,000 objects
//! cargo bench -- 500                 this size only
//! ```
//!
//! The times depend on the machine. The ratios depend on it less, because both sides run on one server in the same
//! run. `docs/performance.md` explains the columns. Nothing here passes or fails.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that shows something")]

mod bare;
mod measure;
#[path = "../control-plane/plane/mod.rs"]
#[allow(dead_code, reason = "shared with the tests, which use other parts of it")]
mod plane;
mod table;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use measure::{Cost, Server};
use plane::{Error, Nodes, Plane, Role};
use table::Table;
use world::{Edit, World};

/// The numbers of objects, unless the command line names others.
const SIZES: [usize; 3] = [500, 2_000, 10_000];

/// How often a plan is made, and everything is written. The fastest run counts, because other work on the machine slows the others down.
const RUNS: usize = 3;

/// As regplan writes: with its field manager, and server-side.
const KUBECTL_APPLY: &[&str] =
    &["apply", "--server-side", "--field-manager=regplan:bench", "--filename", "objects"];
/// It waits until all is gone, as regplan does.
const KUBECTL_DELETE: &[&str] = &["delete", "--wait", "--filename", "objects"];

/// As regplan applies, kapp waits until all is ready. It keeps what it knows in a namespace that is there.
const KAPP_APPLY: &[&str] =
    &["deploy", "--app", "bench", "--namespace", "default", "--file", "objects", "--yes"];
const KAPP_DELETE: &[&str] = &["delete", "--app", "bench", "--namespace", "default", "--yes"];

/// Above this number of objects kubectl takes many minutes. Its time grows in proportion to them. A delete of so many takes
/// seven minutes already: it holds itself to five requests in a second. So that is measured once.
const KUBECTL_UP_TO: usize = 2_000;

fn main() -> ExitCode {
    plane::child_main().unwrap_or_else(|| match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    })
}

fn run() -> Result<(), Error> {
    let programs = plane::build(&["--plane"])?;
    let mut table = Table::default();
    for size in sizes()? {
        // A new plane for each size, so that etcd holds no objects of an earlier size.
        let mut plane = Plane::start(&programs, Nodes::Simulated)?;
        // Only the server and etcd are needed. Controllers would take processor time during the measurements.
        for role in [Role::Kwok, Role::Scheduler, Role::ControllerManager] {
            plane.stop(role)?;
        }
        measure_plans(size, &plane, &mut table)?;
        // Writes and deletes need the controllers: they take away what others own.
        measure_writes(size, &programs, &mut table)?;
    }
    println!("\n{table}");
    Ok(())
}

fn sizes() -> Result<Vec<usize>, Error> {
    // Cargo adds `--bench`.
    let named = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let named = named.map(|arg| arg.parse().map_err(|_| format!("`{arg}` is no number of objects")));
    let named = named.collect::<Result<Vec<usize>, _>>()?;
    Ok(if named.is_empty() { SIZES.to_vec() } else { named })
}

fn measure_plans(size: usize, plane: &Plane, table: &mut Table) -> Result<(), Error> {
    let server = Server::new(plane.facts())?;
    let world = World::new(plane.facts(), size)?;
    say(size, "all new");
    world::make_namespaces(&server)?;
    let new = world.plan(RUNS, &server, 2)?;
    let bare_new = server.run(bare::fastest(&server, &world.objects(Edit::None)))?;
    table.row(size, "plan, all new", &new, &[("bare dry-runs", bare_new)]);

    say(size, "apply");
    let apply = world.apply(&server)?;
    table.row(size, "apply, all new", &apply, &[]);

    say(size, "nothing changed");
    let unchanged = world.plan(RUNS, &server, 0)?;
    let kubectl = if size <= KUBECTL_UP_TO { Some(world.kubectl_diff()?) } else { None };
    let kubectl = kubectl.map(|time| ("kubectl diff", time));
    table.row(size, "plan, nothing changed", &unchanged, kubectl.as_slice());

    for (edit, name) in [(Edit::Tenth, "plan, 10 % changed"), (Edit::All, "plan, all changed")] {
        say(size, name);
        world.write(edit)?;
        let cost: Cost = world.plan(RUNS, &server, 2)?;
        let changed = world.changed(edit);
        let bare = server.run(bare::fastest(&server, &changed))?;
        table.row(size, name, &cost, &[("bare dry-runs", bare)]);
    }
    Ok(())
}

/// What it cost to write all objects into new namespaces, to change one of them, and to delete all.
#[derive(Debug, Default)]
struct Writes {
    apply: Vec<Cost>,
    change: Vec<Cost>,
    destroy: Vec<Cost>,
    bare: Vec<Duration>,
    kubectl_apply: Vec<Duration>,
    kubectl_delete: Vec<Duration>,
    kapp_apply: Vec<Duration>,
    kapp_delete: Vec<Duration>,
}

/// Writes and deletes, several times, each on a server of its own: what was there before would be in the way.
fn measure_writes(size: usize, programs: &Path, table: &mut Table) -> Result<(), Error> {
    let mut writes = Writes::default();
    for _ in 0..RUNS {
        say(size, "bare writes");
        let plane = Plane::start(programs, Nodes::Simulated)?;
        let server = Server::new(plane.facts())?;
        world::make_namespaces(&server)?;
        let objects = World::new(plane.facts(), size)?.objects(Edit::None);
        writes.bare.push(server.run(bare::writes(&server, &objects))?);
        if size <= KUBECTL_UP_TO {
            kubectl_writes(size, programs, &mut writes)?;
            kapp_writes(size, programs, &mut writes)?;
        }
        our_writes(size, programs, &mut writes)?;
    }
    writes.add_to(table, size);
    Ok(())
}

fn kubectl_writes(size: usize, programs: &Path, writes: &mut Writes) -> Result<(), Error> {
    say(size, "kubectl apply");
    let plane = Plane::start(programs, Nodes::Simulated)?;
    let world = World::new(plane.facts(), size)?;
    world.write_namespaces()?;
    writes.kubectl_apply.push(world.kubectl(KUBECTL_APPLY)?);
    if writes.kubectl_delete.is_empty() {
        say(size, "kubectl delete");
        writes.kubectl_delete.push(world.kubectl(KUBECTL_DELETE)?);
    }
    Ok(())
}

/// Where kapp is on the PATH, it does the same.
fn kapp_writes(size: usize, programs: &Path, writes: &mut Writes) -> Result<(), Error> {
    let Some(kapp) = on_path("kapp") else { return Ok(()) };
    say(size, "kapp deploy");
    let plane = Plane::start(programs, Nodes::Simulated)?;
    let world = World::new(plane.facts(), size)?;
    world.write_namespaces()?;
    writes.kapp_apply.push(world.peer(&kapp, KAPP_APPLY)?);
    say(size, "kapp delete");
    writes.kapp_delete.push(world.peer(&kapp, KAPP_DELETE)?);
    Ok(())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn our_writes(size: usize, programs: &Path, writes: &mut Writes) -> Result<(), Error> {
    let plane = Plane::start(programs, Nodes::Simulated)?;
    let server = Server::new(plane.facts())?;
    let world = World::new(plane.facts(), size)?;
    world.write_namespaces()?;
    say(size, "apply into new namespaces");
    writes.apply.push(world.apply(&server)?);
    say(size, "one changed");
    world.write(Edit::One)?;
    writes.change.push(world.apply(&server)?);
    say(size, "destroy");
    writes.destroy.push(world.destroy(&server)?);
    Ok(())
}

impl Writes {
    fn add_to(self, table: &mut Table, size: usize) {
        let quickest = |times: Vec<Duration>| times.into_iter().min();
        let named = |name, times| quickest(times).map(|time| (name, time));
        let applies = [
            named("kubectl apply --server-side", self.kubectl_apply),
            named("bare writes", self.bare),
            named("kapp deploy", self.kapp_apply),
        ];
        let applies: Vec<_> = applies.into_iter().flatten().collect();
        let deletes = [named("kubectl delete", self.kubectl_delete), named("kapp delete", self.kapp_delete)];
        let deletes: Vec<_> = deletes.into_iter().flatten().collect();
        let rows = [
            ("apply, new namespaces", self.apply, applies.as_slice()),
            ("plan and apply, 1 changed", self.change, &[]),
            ("destroy", self.destroy, deletes.as_slice()),
        ];
        for (what, costs, beside) in rows {
            if let Some(cost) = measure::fastest(costs) {
                table.row(size, what, &cost, beside);
            }
        }
    }
}

fn say(size: usize, what: &str) {
    eprintln!("{size} objects: {what}");
}
