//! Checks that this is the cluster that the configuration and the state are about, before anything else is
//! asked.

use crate::config::ClusterSettings;
use crate::resource::ClusterIdentity;

/// Why the connected cluster is not the expected one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterMismatch {
    /// `[cluster] server` names another server.
    #[error("the server is {found}, not {pinned}")]
    Server {
        /// The URL in the configuration.
        pinned: String,
        /// The URL of this server.
        found: String,
    },
    /// `[cluster] uid` names another cluster.
    #[error("the cluster is {found}, not {pinned}")]
    Uid {
        /// The uid in the configuration.
        pinned: String,
        /// The uid of this cluster.
        found: String,
    },
    /// `[cluster] uid` names a cluster, and our rights do not show whether it is this one.
    #[error("the cluster should be {pinned}, and its uid is not known")]
    UnknownUid {
        /// The uid in the configuration.
        pinned: String,
    },
    /// The state was made from another cluster.
    #[error("the state is that of another cluster")]
    State {
        /// The cluster in the state.
        remembered: Box<ClusterIdentity>,
        /// The cluster that we are connected to.
        found: Box<ClusterIdentity>,
    },
}

/// Refuses a cluster that is not the one of the configuration and the state. Otherwise gives it back, with the uid that
/// the state knows of it where the rights of today do not let us read it.
///
/// # Errors
/// `[cluster]` names another server or uid, or the state was made from another cluster.
pub(super) fn check_cluster(
    settings: &ClusterSettings,
    remembered: Option<&ClusterIdentity>,
    found: ClusterIdentity,
) -> Result<ClusterIdentity, ClusterMismatch> {
    if let Some(pinned) = &settings.server
        && pinned.trim_end_matches('/') != found.server.trim_end_matches('/')
    {
        return Err(ClusterMismatch::Server { pinned: pinned.clone(), found: found.server });
    }
    match (&settings.uid, &found.uid) {
        (Some(pinned), Some(found)) if pinned != found => {
            return Err(ClusterMismatch::Uid { pinned: pinned.clone(), found: found.clone() });
        }
        (Some(pinned), None) => return Err(ClusterMismatch::UnknownUid { pinned: pinned.clone() }),
        (Some(_), Some(_)) | (None, _) => {}
    }
    match remembered {
        Some(remembered) if !remembered.is_same(&found) => {
            Err(ClusterMismatch::State { remembered: Box::new(remembered.clone()), found: Box::new(found) })
        }
        _ => Ok(found.with_known_uid(remembered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(uid: &str) -> ClusterIdentity {
        ClusterIdentity { uid: Some(uid.into()), server: "https://a:6443".into(), ca_digest: None }
    }

    #[test]
    fn pins_and_memory_are_held_against_the_cluster() {
        let settings = ClusterSettings::default();
        assert_eq!(check_cluster(&settings, None, cluster("a")), Ok(cluster("a")));
        assert_eq!(check_cluster(&settings, Some(&cluster("a")), cluster("a")), Ok(cluster("a")));
        let mismatch = check_cluster(&settings, Some(&cluster("b")), cluster("a"));
        let (remembered, found) = (Box::new(cluster("b")), Box::new(cluster("a")));
        assert_eq!(mismatch, Err(ClusterMismatch::State { remembered, found }));
        let pinned = ClusterSettings { uid: Some("b".into()), ..ClusterSettings::default() };
        let mismatch = ClusterMismatch::Uid { pinned: "b".into(), found: "a".into() };
        assert_eq!(check_cluster(&pinned, None, cluster("a")), Err(mismatch));
        let hidden = ClusterIdentity { uid: None, ..cluster("b") };
        let mismatch = ClusterMismatch::UnknownUid { pinned: "b".into() };
        assert_eq!(check_cluster(&pinned, None, hidden.clone()), Err(mismatch));
        assert_eq!(check_cluster(&pinned, None, cluster("b")), Ok(cluster("b")));
        let server = ClusterSettings { server: Some("https://a:6443/".into()), ..ClusterSettings::default() };
        assert_eq!(check_cluster(&server, None, cluster("a")), Ok(cluster("a")));
        let server = ClusterSettings { server: Some("https://b".into()), ..server };
        let mismatch = ClusterMismatch::Server { pinned: "https://b".into(), found: "https://a:6443".into() };
        assert_eq!(check_cluster(&server, None, cluster("a")), Err(mismatch));
        assert_eq!(check_cluster(&settings, Some(&cluster("a")), hidden), Ok(cluster("a")));
    }
}
