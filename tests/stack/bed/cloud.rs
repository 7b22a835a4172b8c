//! The cloud of a bed: it gives an address to Services of type `LoadBalancer`.

use std::path::Path;

use super::addresses::BALANCER;
use crate::plane::program::Start;
use crate::plane::{Error, Facts, program::Program};

/// Starts it in this folder. Nobody waits for it: a Service waits for its address.
pub(super) fn start(plane: &Facts, programs: &Path, folder: &Path) -> Result<Program, Error> {
    let kubeconfig = format!("--kubeconfig={}", plane.kubeconfig.display());
    let address = format!("--address={BALANCER}");
    Start::new(programs.join("load-balancer"), folder).args([kubeconfig, address]).start()
}
