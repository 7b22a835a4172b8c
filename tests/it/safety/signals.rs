//! The second signal ends a run within a second, wherever it hangs, and nothing is lost.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::greeting;
use crate::harness::{
    BALANCER, Command, GREETING, HEAD, IN_CLUSTER, Namespace, Project, Proxy, QUICK_LOCK, RECORD, Running,
    wait_until,
};

tests! {
    the_second_signal_ends_a_run_whose_store_hangs,
    the_second_signal_ends_a_run_that_hangs_before_its_first_write_within_a_second,
    a_signal_ends_a_program_that_only_prints_outputs_still,
    a_terminal_that_closes_loses_nothing,
    what_was_waited_for_when_the_terminal_closed_is_not_ready_yet,
}

/// Within what the second signal ends the program.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The same for a single try: the machine may be busy.
const SOON: Duration = Duration::from_secs(3);

/// How often it is tried. Most of the tries must end in time; the machine may be busy in the others.
const TRIES: usize = 5;

/// What comes sooner after the first signal is taken for the same one (`ECHO` in `cli/interrupt.rs`).
const NO_ECHO: Duration = Duration::from_millis(400);

/// Sends two signals: the second one is the end of the program. What it says, and how long it takes.
#[track_caller]
fn end_by_two_signals(mut run: Running) -> (String, Duration) {
    run.signal(Signal::INT);
    std::thread::sleep(NO_ECHO);
    let signalled = Instant::now();
    run.signal(Signal::INT);
    wait_until("its end", || run.has_ended());
    let taken = signalled.elapsed();
    let ended = run.wait().any();
    assert_eq!(ended.signal(), Some(Signal::INT.as_raw()), "a shell knows why it has ended");
    (ended.stderr().to_owned(), taken)
}

/// The same, where it takes little time. What it says.
#[track_caller]
fn expect_soon_ended(run: Running) -> String {
    let (said, taken) = end_by_two_signals(run);
    assert!(taken < SOON, "{taken:?}");
    said
}

/// No write to the journal of a state in the cluster is answered.
fn hang_journal(proxy: &Proxy) {
    for verb in ["create", "update", "patch", "apply"] {
        proxy
            .on(verb, "configmaps")
            .only(|seen| {
                let is_in_path = seen.name.as_ref().is_some_and(|name| name.contains(".journal"));
                is_in_path || String::from_utf8_lossy(&seen.body).contains(".journal")
            })
            .hang();
    }
}

fn the_second_signal_ends_a_run_whose_store_hangs() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let config = format!("{GREETING}{IN_CLUSTER}{QUICK_LOCK}\n");
    let project = ns.project().write("regplan.toml", &config).through(&proxy);
    project.run(["state", "init"]).success();
    hang_journal(&proxy);
    let before = proxy.requests().len();
    let apply = project.regplan(["apply", "--auto-approve", "--request-timeout", "15s"]).spawn();
    let is_journal = |text: &str| text.contains(".journal");
    wait_until("a write of the journal", || {
        proxy.requests().iter().skip(before).any(|seen| {
            seen.is_write() && (is_journal(&seen.path) || is_journal(&String::from_utf8_lossy(&seen.body)))
        })
    });
    let said = expect_soon_ended(apply);
    assert!(said.contains("the next run finds out what was done"), "{said}");
    proxy.clear_faults();
    // The lock runs out.
    project.run(["apply", "--auto-approve", "--request-timeout", "5s"]).success();
    project.expect_settled();
    ns.clean_up("namespace/{prefix}-states");
}

fn the_second_signal_ends_a_run_that_hangs_before_its_first_write_within_a_second() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", RECORD).hang();
    let project = greeting(&ns).through(&proxy);
    let runs = (1..=TRIES).map(|tries| {
        let apply = project.regplan(["apply", "--auto-approve", "--request-timeout", "60s"]).spawn();
        wait_until("the record of its begin", || proxy.count("apply", RECORD) == tries);
        end_by_two_signals(apply).1
    });
    let times: Vec<Duration> = runs.collect();
    let in_time = times.iter().filter(|time| **time < AT_ONCE).count();
    assert!(2 * in_time > TRIES, "most runs should end within {AT_ONCE:?}: {times:?}");
    assert!(ns.find("configmap/greeting").is_none());
    proxy.clear_faults();
    project.apply();
    project.expect_settled();
}

fn a_signal_ends_a_program_that_only_prints_outputs_still() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let output = "\n[output.uid]\nvalue = \"${resource.greeting.metadata.uid}\"\n";
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{output}")).through(&proxy);
    proxy.on("get", "configmaps").named("greeting").after(1).hang();
    proxy.on("list", "configmaps").after(1).hang();
    let mut apply = project.regplan(["apply", "--auto-approve", "--request-timeout", "60s"]).spawn();
    apply.until("1 added");
    expect_soon_ended(apply);
    proxy.clear_faults();
    project.expect_settled();
}

/// An apply that ends when its terminal closes. Whoever runs the tests may have asked for this signal to be ignored, which
/// programs inherit.
fn in_a_terminal(project: &Project<'_>, proxy: &Proxy) -> Running {
    let listening = "exec env --default-signal=HUP \"$0\" apply --auto-approve";
    let apply = Command::new("/bin/sh").args(["-c", listening, env!("CARGO_BIN_EXE_regplan")]);
    let apply = apply.folder(project.folder()).env("HOME", project.folder());
    apply.env("KUBECONFIG", proxy.kubeconfig()).spawn()
}

fn what_was_waited_for_when_the_terminal_closed_is_not_ready_yet() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}{BALANCER}")).through(&proxy);
    let mut apply = in_a_terminal(&project, &proxy);
    apply.until("waiting resource.lb");
    apply.signal(Signal::HUP);
    apply.wait().any();
    for command in ["plan", "drift"] {
        project.run([command]).any().stdout_contains("! resource.lb  not ready yet");
    }
}

fn a_terminal_that_closes_loses_nothing() {
    let ns = Namespace::new();
    let proxy = ns.proxy();
    proxy.on("apply", "configmaps").not_dry_run().done_but_hang();
    let project = greeting(&ns).through(&proxy);
    let mut apply = in_a_terminal(&project, &proxy);
    wait_until("the object is there", || ns.find("configmap/greeting").is_some());
    apply.signal(Signal::HUP);
    let ended = apply.wait().any();
    assert_eq!(ended.signal(), Some(Signal::HUP.as_raw()));
    proxy.clear_faults();
    project.run(["apply", "--auto-approve"]).success().stderr_contains("was killed");
    project.expect_settled();
}
