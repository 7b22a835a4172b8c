//! What tests are written with.
//!
//! ```ignore
//! tests! { a_plan_over_nothing_is_empty }
//!
//! fn a_plan_over_nothing_is_empty() {
//!     let ns = Namespace::new();
//!     let project = ns.project().write("regplan.toml", r#"
//!         [project]
//!         name = "{project}"
//!     "#);
//!     project.run(["plan", "--detailed-exitcode"]).success().stdout_contains("Nothing to change");
//! }
//! ```
//!
//! A test is a function without arguments, and it fails by a panic. In its texts, `{ns}` is its namespace,
//! `{project}` the name of its project, and `{prefix}` the prefix for names that belong to the whole cluster.
//! No other test has the same ones.

mod acme_front;
mod bed;
mod canary;
mod cloud_store;
mod cluster;
mod command;
mod dns_relay;
mod dns_service;
mod forgetful_gateway;
mod forward;
mod front;
mod helm;
mod lets_encrypt;
mod literals;
mod name_server;
mod namespace;
mod object_server;
mod objects;
mod output;
mod own_cluster;
mod pass_on;
mod plans;
mod port;
pub(crate) mod processes;
mod programs;
mod project;
mod proxy;
mod shifted_clock;
mod snapshot;
mod texts;
mod tls;
mod trial;
mod tunnel;
mod wait;
mod webhook;

pub(crate) use acme_front::AcmeFront;
pub(crate) use bed::Bed;
pub(crate) use bed::blocks::{BY_INGRESS, acme_issuer};
pub(crate) use canary::Canary;
pub(crate) use cloud_store::{Cloud, CloudStore};
pub(crate) use cluster::{Cluster, block_on, client};
pub(crate) use command::{Command, Running};
pub(crate) use dns_relay::{DnsRelay, Updates};
pub(crate) use dns_service::{Dialect, DnsService, SERVICE_TOKEN, SERVICE_ZONE, own_client};
pub(crate) use forgetful_gateway::ForgetfulGateway;
pub(crate) use forward::forward;
pub(crate) use front::{Front, Wrong};
pub(crate) use helm::{FileServer, TlsRegistry, helm_program, helm_version, stack_folder};
pub(crate) use lets_encrypt::LetsEncrypt;
pub(crate) use literals::{Literal, is_of_tests, literals, literals_of, rust_files};
pub(crate) use name_server::{NameServer, ZONE};
pub(crate) use namespace::Namespace;
pub(crate) use object_server::{ObjectServer, credentials};
pub(crate) use output::{Ended, Output};
pub(crate) use own_cluster::{OwnCluster, end_idle_clusters};
pub(crate) use plans::{change, changes};
pub(crate) use port::Port;
pub(crate) use programs::{find_program, program};
pub(crate) use project::Project;
pub(crate) use proxy::{Proxy, RECORD, Seen};
pub(crate) use shifted_clock::ShiftedClock;
pub(crate) use texts::{
    BALANCER, FAILING, GREETING, HEAD, IN_CLUSTER, MANIFESTS, NO_ROOM, QUICK_LOCK, SERVICE, SPACE, STORED,
    WEB, config_maps, custom_object, definition, deployment, give_address, mirror_definition, web,
};
pub(crate) use trial::{Test, catch_panics, not_tested};
pub(crate) use tunnel::Tunnel;
pub(crate) use wait::{wait_for, wait_until};
pub(crate) use webhook::{Behaviour, Webhook};

/// The environment variable with the path of the file with the plane's facts. The supervisor sets it.
pub(crate) const FACTS: &str = "REGPLAN_TEST_PLANE";

/// Lists the tests of a module, by the names of their functions. `on Size::…;` before them says that they need a bed of
/// this size.
///
/// The compiler warns of a test that is not listed, because nothing calls its function.
macro_rules! tests {
    ($($test:ident),+ $(,)?) => {
        /// The tests of this module.
        pub(crate) fn tests() -> Vec<$crate::harness::Test> {
            vec![$($crate::harness::Test::new(module_path!(), stringify!($test), $test)),+]
        }
    };
    (on $size:expr; $($test:ident),+ $(,)?) => {
        /// The tests of this module.
        pub(crate) fn tests() -> Vec<$crate::harness::Test> {
            vec![$($crate::harness::Test::new(module_path!(), stringify!($test), $test).on($size)),+]
        }
    };
}
