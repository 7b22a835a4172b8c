//! Commands that need no cluster, and what all commands share.

mod command_line;
mod files;
mod offline;
mod verbose;

use crate::harness::{Namespace, Project, Test};

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [offline::tests(), command_line::tests(), files::tests(), verbose::tests()].concat()
}

const SMALL: &str = r#"
[project]
name = "small"

[cluster]
namespace = "team-a"

[secret.password]
env = "PASSWORD"

[resource.login]
apiVersion = "v1"
kind       = "Secret"
stringData = { password = "${secret.password}", user = "ci" }

[resource.greeting]
apiVersion = "v1"
kind       = "ConfigMap"
data       = { hello = "world" }
depends_on = ["resource.login"]
"#;

/// A project that cannot reach a cluster.
fn offline<'n>(ns: &'n Namespace, config: &str) -> Project<'n> {
    ns.project().kubeconfig("/nonexistent").write("regplan.toml", config)
}
