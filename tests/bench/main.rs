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

use std::process::ExitCode;

use measure::{Cost, Server};
use plane::{Error, Nodes, Plane, Role};
use table::Table;
use world::{Edit, World};

/// The numbers of objects, unless the command line names others.
const SIZES: [usize; 3] = [500, 2_000, 10_000];

/// How often a plan is made. The fastest run counts, because other work on the machine slows the others down.
const RUNS: usize = 3;

/// As regplan writes: with its field manager, and server-side.
const KUBECTL_APPLY: &[&str] =
    &["apply", "--server-side", "--field-manager=regplan:bench", "--filename", "objects"];
/// It waits until all is gone, as regplan does.
const KUBECTL_DELETE: &[&str] = &["delete", "--wait", "--filename", "objects"];

/// Above this number of objects kubectl takes many minutes. Its time grows in proportion to them.
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
        let plane = Plane::start(&programs, Nodes::Simulated)?;
        measure_writes(size, &plane, &mut table)?;
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
    table.row(size, "plan, all new", &new, Some(("bare dry-runs", bare_new)));

    say(size, "apply");
    let apply = world.apply(&server)?;
    table.row(size, "apply, all new", &apply, None);

    say(size, "nothing changed");
    let unchanged = world.plan(RUNS, &server, 0)?;
    let kubectl = if size <= KUBECTL_UP_TO { Some(world.kubectl_diff()?) } else { None };
    table.row(size, "plan, nothing changed", &unchanged, kubectl.map(|time| ("kubectl diff", time)));

    for (edit, name) in [(Edit::Tenth, "plan, 10 % changed"), (Edit::All, "plan, all changed")] {
        say(size, name);
        world.write(edit)?;
        let cost: Cost = world.plan(RUNS, &server, 2)?;
        let changed = world.changed(edit);
        let bare = server.run(bare::fastest(&server, &changed))?;
        table.row(size, name, &cost, Some(("bare dry-runs", bare)));
    }
    Ok(())
}

/// Writes all objects into new namespaces, changes one of them, and deletes all; kubectl does the same first.
fn measure_writes(size: usize, plane: &Plane, table: &mut Table) -> Result<(), Error> {
    let server = Server::new(plane.facts())?;
    let world = World::new(plane.facts(), size)?;
    world.write_namespaces()?;
    let kubectl = if size <= KUBECTL_UP_TO {
        say(size, "kubectl apply, kubectl delete");
        Some((world.kubectl(KUBECTL_APPLY)?, world.kubectl(KUBECTL_DELETE)?))
    } else {
        None
    };
    say(size, "apply into new namespaces");
    let beside = kubectl.map(|(apply, _)| ("kubectl apply --server-side", apply));
    table.row(size, "apply, new namespaces", &world.apply(&server)?, beside);

    say(size, "one changed");
    world.write(Edit::One)?;
    table.row(size, "plan and apply, 1 changed", &world.apply(&server)?, None);

    say(size, "destroy");
    let beside = kubectl.map(|(_, delete)| ("kubectl delete", delete));
    table.row(size, "destroy", &world.destroy(&server)?, beside);
    Ok(())
}

fn say(size: usize, what: &str) {
    eprintln!("{size} objects: {what}");
}
