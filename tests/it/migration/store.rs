//! Between a folder and an object store.

use std::sync::Arc;

use crate::harness::{Namespace, ObjectServer, Project, Proxy, Seen, wait_until};
use crate::kept_secrets::{Keys, changed};
use crate::rollback::{with_secret, with_value};

tests! {
    a_state_moves_into_a_store_and_back,
    a_killed_move_goes_on_when_its_locks_have_run_out,
    what_a_store_does_not_give_back_as_it_was_written_moves_nothing,
    what_cannot_move_is_refused,
}

/// A project with two revisions in its folder, and `new.toml`, whose state is in the store.
fn lived_in<'n>(ns: &'n Namespace, server: &ObjectServer) -> Project<'n> {
    let project = ObjectServer::let_in(ns.project().write("regplan.toml", &with_value("good")));
    project.apply();
    project.rewrite("regplan.toml", &with_value("bad"));
    project.apply();
    let new = format!("{}{}", with_value("bad"), server.state("lock_duration = \"5s\""));
    project.write("new.toml", &new)
}

fn a_state_moves_into_a_store_and_back() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = lived_in(&ns, &server);
    project.run(["plan", "--destroy", "--out", "plan.bin"]).success();
    let asked = project.run(["state", "migrate", "--to", "new.toml", "--no-input"]).code(1);
    asked.stderr_contains("--auto-approve");
    assert_eq!(server.names(), Vec::<String>::new());
    let moved = project.run(["state", "migrate", "--to", "new.toml", "--auto-approve"]).success();
    moved.stderr_contains("and 2 revisions to s3://states/").stderr_contains("is retired");
    // The old configuration is refused, whatever it wants, and told where the state is.
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["drift"], &["history"], &["state", "list"]]
    {
        let refused = project.run(command.iter().copied()).code(1);
        refused.stderr_contains("has moved to `s3://states/").stderr_contains("state migrate");
    }
    let old = project.read("regplan.toml");
    let project = project.write("old.toml", &old);
    project.rewrite("regplan.toml", &project.read("new.toml"));
    project.expect_settled();
    // The same command again has nothing to do.
    let again = project.run(["state", "migrate", "--from", "old.toml", "--auto-approve"]).success();
    again.stderr_contains("The state is at s3://");
    // A plan file from before is good: the key has moved too.
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
    // And back into the folder.
    project.run(["state", "migrate", "--to", "old.toml", "--auto-approve"]).success();
    project.run(["plan"]).code(1).stderr_contains("has moved to");
    project.rewrite("regplan.toml", &with_value("good"));
    project.expect_settled();
    project.run(["history"]).success().stdout_contains("rollback 1");
}

/// `force::moving` kills it at every step. There the locks are taken away from whoever was killed; here they run out.
fn a_killed_move_goes_on_when_its_locks_have_run_out() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = lived_in(&ns, &server);
    let proxy = Proxy::before(server.address());
    project.edit("new.toml", &server.url(), proxy.url());
    let command = ["state", "migrate", "--to", "new.toml", "--auto-approve", "--request-timeout", "1s"];
    let is_of_revision = |seen: &Seen| seen.verb == "update" && seen.path.contains("/revisions/");
    proxy.on("*", "*").only(is_of_revision).hang();
    let moving = project.regplan(command).spawn();
    wait_until("the first revision", || proxy.requests().iter().any(is_of_revision));
    moving.kill();
    proxy.clear_faults();
    project.run(command).success().stderr_contains("is locked by");
    project.run(["plan"]).code(1).stderr_contains("has moved to");
    project.rewrite("regplan.toml", &project.read("new.toml"));
    project.expect_settled();
}

fn what_a_store_does_not_give_back_as_it_was_written_moves_nothing() {
    let (ns, keys, server) = (Namespace::new(), Keys::new(), Arc::new(ObjectServer::start()));
    let project = ObjectServer::let_in(changed(&ns, &keys).env("STATE_IDENTITY", &keys.identity));
    project.run(["plan", "--destroy", "--out", "plan.bin"]).success();
    let proxy = Proxy::before(server.address());
    let new = ObjectServer::state_at(proxy.url(), &keys.line());
    let project = project.write("new.toml", &format!("{}{new}", with_secret("bad")));
    // The first answers say what is there before it is written: of the state, whether one is there as well, for the comparison
    // with the newest one and for the move.
    for (object, before, what) in [
        ("revisions/000002.json", 1, "revision 2"),
        ("revisions/000001.values.json", 1, "the secret values of revision 1"),
        ("key", 1, "the key of plan files"),
        ("state.json", 3, "the state"),
    ] {
        let name = ns.fill(&format!("{{project}}/{object}"));
        let (path, store) = (format!("/{name}"), Arc::clone(&server));
        let asked = proxy.on("get", "*").only(move |seen| seen.path.ends_with(&path)).after(before);
        asked.first(move || store.damage(&name, b"something else"));
        let refused = project.run(["state", "migrate", "--to", "new.toml", "--auto-approve"]).code(1);
        refused.stderr_contains(&format!("{what} did not arrive at `s3://states/"));
        refused.stderr_contains("the state stays where it was");
        proxy.clear_faults();
        for name in server.names() {
            server.remove(&name);
        }
        // The old place counts.
        project.expect_settled();
    }
    project.run(["state", "migrate", "--to", "new.toml", "--auto-approve"]).success();
    project.run(["plan"]).code(1).stderr_contains("has moved to `s3://states/");
}

fn what_cannot_move_is_refused() {
    let (ns, server) = (Namespace::absent(), ObjectServer::start());
    let project = ObjectServer::let_in(ns.project().write("regplan.toml", &with_value("good")));
    let project = project.write("new.toml", &format!("{}{}", with_value("good"), server.state("")));
    let nothing = project.run(["state", "migrate", "--to", "new.toml", "--auto-approve"]).code(1);
    nothing.stderr_contains("there is no state at").stderr_contains("--from");
    let same = project.run(["state", "migrate", "--to", "regplan.toml", "--auto-approve"]).code(1);
    same.stderr_contains("the state is at").stderr_contains("already");
    project.rewrite("new.toml", "[project]\nname = \"other\"\n");
    let other = project.run(["state", "migrate", "--to", "new.toml", "--auto-approve"]).code(1);
    other.stderr_contains("within one project");
    project.run(["state", "migrate"]).code(1).stderr_contains("--from");
}
