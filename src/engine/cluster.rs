//! Is this the cluster that was meant? Asked before anything else is.

use crate::config::ClusterSettings;
use crate::resource::{ClusterIdentity, Problem, ProblemKind};

/// Refuses a cluster that the configuration or the state does not mean.
///
/// # Errors
/// A pin of `[cluster]` that does not hold, or a state that was made from another cluster.
pub fn check_cluster(
    settings: &ClusterSettings,
    remembered: Option<&ClusterIdentity>,
    found: &ClusterIdentity,
) -> Result<(), Problem> {
    if let Some(server) = &settings.server
        && server.trim_end_matches('/') != found.server.trim_end_matches('/')
    {
        return Err(wrong(
            &format!("the configuration means the server {server}, and this one is {}", found.server),
            "choose another context, or correct `[cluster] server`",
        ));
    }
    if let Some(uid) = &settings.uid {
        match &found.uid {
            Some(found) if found == uid => {}
            Some(found) => {
                return Err(wrong(
                    &format!("the configuration means the cluster {uid}, and this one is {found}"),
                    "choose another context, or correct `[cluster] uid`",
                ));
            }
            None => {
                return Err(wrong(
                    &format!(
                        "the configuration means the cluster {uid}, and our rights do not show which this is"
                    ),
                    "ask for the right to get the namespace kube-system, or pin `[cluster] server` instead",
                ));
            }
        }
    }
    match remembered {
        Some(remembered) if !remembered.is_same(found) => Err(wrong(
            &format!("the state was made from {}, and this is {}", name(remembered), name(found)),
            "choose the context of that cluster; for a second cluster use a second state (`[state] path`) or \
             another `[project] name`",
        )),
        _ => Ok(()),
    }
}

fn wrong(story: &str, help: &str) -> Problem {
    Problem::new(ProblemKind::Settings, format!("this is the wrong cluster: {story}")).help(help)
}

fn name(cluster: &ClusterIdentity) -> String {
    match &cluster.uid {
        Some(uid) => format!("the cluster {uid} at {}", cluster.server),
        None => format!("the cluster at {}", cluster.server),
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
        assert_eq!(check_cluster(&settings, None, &cluster("a")), Ok(()));
        assert_eq!(check_cluster(&settings, Some(&cluster("a")), &cluster("a")), Ok(()));
        assert!(check_cluster(&settings, Some(&cluster("b")), &cluster("a")).is_err());
        let pinned = ClusterSettings { uid: Some("b".into()), ..ClusterSettings::default() };
        assert!(check_cluster(&pinned, None, &cluster("a")).is_err());
        let hidden = ClusterIdentity { uid: None, ..cluster("b") };
        assert!(check_cluster(&pinned, None, &hidden).is_err());
        let server = ClusterSettings { server: Some("https://a:6443/".into()), ..ClusterSettings::default() };
        assert_eq!(check_cluster(&server, None, &cluster("a")), Ok(()));
    }
}
