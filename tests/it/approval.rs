//! An apply does what was approved and nothing else: plan files, and plans that are expected by their digest.

mod cascade;
mod moved_in_between;
mod plan_file;
mod while_applying;

use crate::harness::{Ended, GREETING, Namespace, Project, Test, WEB};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [plan_file::tests(), moved_in_between::tests(), while_applying::tests(), cascade::tests()].concat()
}

const OTHER: &str = r#"
[resource.other]
apiVersion = "v1"
kind = "ConfigMap"
data = { k = "v" }
"#;

/// A project that is applied, and whose file then has another greeting and another image.
fn changed(ns: &Namespace) -> Project<'_> {
    let project = ns.project().write("regplan.toml", &format!("{GREETING}{OTHER}{WEB}"));
    project.apply();
    project.edit("regplan.toml", "world", "moon");
    project.edit("regplan.toml", "web:1", "web:2");
    project
}

/// Writes the plan file `p.plan`.
fn planned(project: &Project<'_>) {
    project.run(["plan", "--out", "p.plan"]).success();
}

/// The apply of `p.plan` is refused: nothing is written, and the message contains all of this.
fn refused(project: &Project<'_>, ns: &Namespace, messages: &[&str]) -> Ended {
    let proxy = ns.proxy();
    let apply = project.regplan(["apply", "p.plan"]).env("KUBECONFIG", proxy.kubeconfig()).run().code(1);
    for message in messages {
        apply.stderr_contains(message);
    }
    apply.stderr_contains("nothing was done");
    assert!(proxy.writes().is_empty(), "{}", proxy.log());
    apply
}

fn applied(project: &Project<'_>) -> Ended {
    let apply = project.run(["apply", "p.plan"]).success();
    project.run(["plan", "--detailed-exitcode"]).success();
    apply
}

const LOGIN: &str = r#"
[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind = "Secret"
stringData = { password = "${secret.password}", note = "fixed-text-of-the-file" }
"#;
