//! Readiness: when objects are ready, why they are not, and what happens to those that depend on them.

mod completion;
mod custom_resources;
mod deletion;
mod infrastructure;
mod limits;
mod workloads;

use crate::harness::{Ended, Namespace, Project, Test};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [
        workloads::tests(),
        completion::tests(),
        infrastructure::tests(),
        custom_resources::tests(),
        deletion::tests(),
        limits::tests(),
    ]
    .concat()
}

/// A resource that depends on `resource.web`, and one that does not.
const OTHERS: &str = r#"
[resource.after]
apiVersion = "v1"
kind = "ConfigMap"
depends_on = ["resource.web"]

[resource.beside]
apiVersion = "v1"
kind = "ConfigMap"
"#;

/// The apply fails at `resource.web`. Only what depends on it is skipped.
fn fails_at_web(ns: &Namespace, project: &Project<'_>) -> Ended {
    let ended = project.run(["apply", "--auto-approve"]).code(1);
    ended
        .stderr_contains("failed resource.web")
        .stderr_contains("created resource.beside")
        .stderr_contains("skipped resource.after  because of resource.web")
        .stderr_contains("Not complete: 1 added");
    assert!(ns.find("configmap/beside").is_some() && ns.find("configmap/after").is_none());
    ended
}
