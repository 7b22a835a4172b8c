//! Between a folder and an object store.

use rustix::process::Signal;

use crate::harness::{Namespace, ObjectServer, Project};
use crate::rollback::with_value;

tests! {
    a_state_moves_into_a_store_and_back,
    a_move_that_was_killed_is_finished_by_the_same_command,
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

fn a_move_that_was_killed_is_finished_by_the_same_command() {
    let (ns, server) = (Namespace::new(), ObjectServer::start());
    let project = lived_in(&ns, &server);
    let command = ["state", "migrate", "--to", "new.toml", "--auto-approve", "--request-timeout", "1s"];
    // It is killed after each further object that it has made.
    for objects in [1, 3, 5, 7] {
        let mut moving = project.regplan(command).spawn();
        while !moving.has_ended() && server.names().len() < objects {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        if !moving.has_ended() {
            moving.signal(Signal::KILL);
        }
        drop(moving);
    }
    project.run(command).success();
    project.run(["plan"]).code(1).stderr_contains("has moved to");
    project.rewrite("regplan.toml", &project.read("new.toml"));
    project.expect_settled();
    project.run(["rollback", "1", "--auto-approve"]).success();
    assert_eq!(ns.field("configmap/greeting", "/data/hello"), "good");
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
