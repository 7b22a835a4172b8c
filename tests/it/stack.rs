//! The registry among what stands around it in a real cluster.

mod bed;
mod bucket;
mod certificates;
mod dns;
mod dns01;
mod external_dns;
mod gateway;
mod hooks;
mod issuers;
pub(crate) mod journey;
pub(crate) mod moments;
mod name_servers;
mod named_gateway;
mod node;
mod patience;
mod pulls;
mod rate_limits;
mod registry;
mod rotation;
mod verify;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    // What waits longest comes first, so that others run meanwhile: a record is waited for a minute.
    [
        journey::tests(),
        moments::tests(),
        dns01::tests(),
        dns::tests(),
        issuers::tests(),
        verify::tests(),
        rate_limits::tests(),
        patience::tests(),
        bucket::tests(),
        rotation::tests(),
        node::tests(),
        hooks::tests(),
        bed::tests(),
        certificates::tests(),
        external_dns::tests(),
        name_servers::tests(),
        gateway::tests(),
        named_gateway::tests(),
    ]
    .concat()
}
