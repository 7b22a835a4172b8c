//! The integration tests: one binary, a module per feature. Most are on one real control plane, some on a test bed.
//!
//! `cargo test --test it` starts the plane (after building its programs once), runs the tests as a
//! child process, and ends both; see [`supervisor`]. To write a test, see [`harness`].
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and this is the place to say why"
)]

#[path = "../stack/bed/mod.rs"]
mod bed;
mod beds;
mod existing;
#[macro_use]
#[allow(dead_code, unused_imports, reason = "the tests of a day need not use all of it")]
mod harness;
#[path = "../control-plane/plane/mod.rs"]
#[allow(dead_code, reason = "shared with the quickstart, which uses other parts of it")]
mod plane;
mod shell;
mod supervisor;
mod timing;

mod admission;
mod adoption;
mod approval;
mod as_the_server;
mod attribution;
mod charts;
mod cloud_states;
mod commands;
mod control_plane;
mod cures;
mod dns;
mod dns_services;
mod docs;
mod drift;
mod drift_cron;
mod examples;
mod exported;
mod faults;
mod force;
mod github_actions;
mod handover;
mod health;
mod houses;
mod idempotence;
mod import;
mod kept_secrets;
mod leftovers;
mod levels;
mod literals;
mod messages;
mod migration;
mod mistakes;
mod moves;
mod names;
mod needs;
mod nesting;
mod object_states;
mod outputs;
mod plan_forms;
mod predictions;
mod proof;
mod proxy;
mod pull_secrets;
mod readiness;
mod readme;
mod real_registry;
mod registry;
mod remains;
mod replacement;
mod requests;
mod rollback;
mod rooms;
mod safety;
mod schemas;
mod secrets;
mod shared_state;
mod stack;
mod stale_copies;
mod state_files;
mod targets;
mod test_command;
mod transport_errors;
mod undo;
mod user_stories;
mod verify;
mod whole_path;

use std::process::ExitCode;

use harness::Test;

/// All tests, by feature. They start in this order. First come the features whose tests wait for a long time (for
/// a time limit, for a namespace that ends), so that the others run meanwhile, and no slow test runs alone at
/// the end. No test needs another one to have run.
fn tests() -> Vec<Test> {
    [
        force::tests(),
        faults::tests(),
        shared_state::tests(),
        migration::tests(),
        replacement::tests(),
        readiness::tests(),
        control_plane::tests(),
        undo::tests(),
        object_states::tests(),
        cloud_states::tests(),
        user_stories::tests(),
        github_actions::tests(),
        drift_cron::tests(),
        docs::tests(),
        admission::tests(),
        adoption::tests(),
        approval::tests(),
        as_the_server::tests(),
        attribution::tests(),
        charts::all_tests(),
        commands::tests(),
        cures::tests(),
        dns::tests(),
        dns::keys::tests(),
        dns::kills::tests(),
        dns::manual::tests(),
        dns::plan_files::tests(),
        dns_services::tests(),
        drift::tests(),
        examples::tests(),
        exported::tests(),
        handover::tests(),
        health::tests(),
        health::volumes::tests(),
        houses::tests(),
        idempotence::tests(),
        kept_secrets::tests(),
        import::tests(),
        levels::tests(),
        leftovers::tests(),
        leftovers::behind::tests(),
        literals::tests(),
        messages::tests(),
        mistakes::tests(),
        moves::tests(),
        names::tests(),
        needs::tests(),
        nesting::tests(),
        outputs::tests(),
        plan_forms::tests(),
        predictions::tests(),
        predictions::digests::tests(),
        proof::tests(),
        proxy::tests(),
        pull_secrets::tests(),
        readme::tests(),
        real_registry::tests(),
        real_registry::bucket::tests(),
        registry::tests(),
        remains::tests(),
        requests::tests(),
        rollback::tests(),
        rooms::tests(),
        safety::tests(),
        schemas::tests(),
        secrets::tests(),
        secrets::cycle::tests(),
        secrets::verified::tests(),
        stack::tests(),
        stale_copies::tests(),
        state_files::tests(),
        targets::tests(),
        test_command::tests(),
        timing::tests(),
        transport_errors::tests(),
        verify::bodies::tests(),
        verify::certificates::tests(),
        verify::faults::tests(),
        verify::pods::tests(),
        verify::volume::tests(),
        verify::tests(),
        whole_path::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    plane::child_main().or_else(bed::node::cgroups::child_main).unwrap_or_else(|| supervisor::main(&tests()))
}
