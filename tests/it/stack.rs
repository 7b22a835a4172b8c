//! The registry among what stands around it in a real cluster.

mod bed;
mod bucket;
mod certificates;
mod dns;
mod dns01;
mod external_dns;
mod gateway;
mod issuers;
pub(crate) mod journey;
mod named_gateway;
mod node;
mod rate_limits;
mod registry;
mod rotation;
mod verify;

use crate::harness::Test;

/// The tests of this feature.
pub(crate) fn tests() -> Vec<Test> {
    [
        journey::tests(),
        node::tests(),
        rotation::tests(),
        bed::tests(),
        bucket::tests(),
        certificates::tests(),
        dns::tests(),
        external_dns::tests(),
        gateway::tests(),
        named_gateway::tests(),
        dns01::tests(),
        issuers::tests(),
        rate_limits::tests(),
        verify::tests(),
    ]
    .concat()
}
