//! Clusters for tests that stop, freeze or kill a server.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Cluster, stack_folder};
use crate::plane::{Nodes, Plane};

/// How many of them may run at once: each takes 500 MB, and its start much processor time.
const AT_ONCE: usize = 2;

/// The clusters that are not the shared one.
static POOL: Pool =
    Pool { clusters: Mutex::new(Clusters { idle: Vec::new(), running: 0 }), freed: Condvar::new() };

struct Pool {
    clusters: Mutex<Clusters>,
    /// Told when one is given back or has ended.
    freed: Condvar,
}

struct Clusters {
    /// Those that run and that no test has.
    idle: Vec<OwnCluster>,
    /// How many run, idle or not.
    running: usize,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Clusters> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cluster that one test has to itself, and whose servers it may stop, start again, freeze and thaw.
///
/// It ends when dropped. A test that leaves it whole gives it back instead, for the next one.
pub(crate) struct OwnCluster {
    cluster: Cluster,
    plane: Plane,
}

impl OwnCluster {
    /// One that another test has given back, or a new one, which takes some seconds.
    #[track_caller]
    pub(crate) fn take() -> Self {
        let mut clusters = POOL.lock();
        while clusters.idle.is_empty() && clusters.running == AT_ONCE {
            clusters = POOL.freed.wait(clusters).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(cluster) = clusters.idle.pop() {
            return cluster;
        }
        clusters.running += 1;
        drop(clusters);
        match Plane::start(&Cluster::shared().facts().programs, Nodes::Simulated) {
            Ok(plane) => Self { cluster: Cluster::of(plane.facts().clone()), plane },
            Err(error) => {
                forget_one();
                panic!("no cluster of the test's own: {error}")
            }
        }
    }

    /// One that has the definitions of the Gateway API. It is given back to nobody, since they belong to the whole cluster.
    #[track_caller]
    pub(crate) fn with_gateway_api() -> Self {
        let own = Self::take();
        let folder = stack_folder().join("definitions/gateway-api");
        for kind in ["gatewayclasses", "gateways", "httproutes", "referencegrants"] {
            let file = folder.join(format!("gateway.networking.k8s.io_{kind}.yaml"));
            let file = format!("--filename={}", file.display());
            own.cluster.kubectl(["apply", "--server-side", &file]).run().success();
        }
        own
    }

    /// Leaves it to other tests: all its servers run, and answer.
    pub(crate) fn give_back(self) {
        POOL.lock().idle.push(self);
        POOL.freed.notify_one();
    }
}

/// Ends the clusters that were given back; when all tests are done.
pub(crate) fn end_idle_clusters() {
    let idle = std::mem::take(&mut POOL.lock().idle);
    drop(idle);
}

fn forget_one() {
    POOL.lock().running -= 1;
    POOL.freed.notify_one();
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        forget_one();
    }
}

impl Deref for OwnCluster {
    type Target = Plane;
    fn deref(&self) -> &Plane {
        &self.plane
    }
}

impl DerefMut for OwnCluster {
    fn deref_mut(&mut self) -> &mut Plane {
        &mut self.plane
    }
}

impl AsRef<Cluster> for OwnCluster {
    fn as_ref(&self) -> &Cluster {
        &self.cluster
    }
}
