//! What a plan or a comparison is about: project, context, server, cluster, state.

use crate::drift::Drift;
use crate::plan::Plan;
use crate::resource::ClusterIdentity;

/// How many characters of a cluster's id are shown.
const SHORT: usize = 8;

/// What stands above a plan, a question and a report of drift. None of it is escaped.
pub(in crate::report) struct Head<'a> {
    project: &'a str,
    context: Option<&'a str>,
    cluster: &'a ClusterIdentity,
    state: &'a str,
    serial: u64,
    /// The revision that a plan goes back to.
    revision: Option<u64>,
}

impl<'a> Head<'a> {
    /// The head of a plan.
    pub(in crate::report) fn of_plan(plan: &'a Plan) -> Self {
        Self {
            project: &plan.project,
            context: plan.briefing.context.as_deref(),
            cluster: &plan.cluster,
            state: &plan.briefing.state,
            serial: plan.serial,
            revision: plan.revision,
        }
    }

    /// The head of a report of drift.
    pub(in crate::report) fn of_drift(drift: &'a Drift) -> Self {
        Self {
            project: &drift.project,
            context: drift.context.as_deref(),
            cluster: &drift.cluster,
            state: &drift.state,
            serial: drift.serial,
            revision: None,
        }
    }

    /// The project and its cluster: `Project registry, context prod (10.0.0.1:6443, cluster 3f2a9c1d)`.
    pub(in crate::report) fn subject(&self) -> String {
        let server = host_of(&self.cluster.server);
        let cluster = match &self.cluster.uid {
            Some(uid) => format!("{server}, cluster {}", uid.chars().take(SHORT).collect::<String>()),
            None => server.to_owned(),
        };
        match self.context {
            Some(context) => format!("Project {}, context {context} ({cluster})", self.project),
            None => format!("Project {} ({cluster})", self.project),
        }
    }

    /// The state: `State .regplan/registry/state.json, serial 3`.
    pub(in crate::report) fn state(&self) -> String {
        let back = self.revision.map(|revision| format!("; back to revision {revision}")).unwrap_or_default();
        match self.serial {
            0 => format!("State {}, not written yet{back}", self.state),
            serial => format!("State {}, serial {serial}{back}", self.state),
        }
    }
}

/// The project and the cluster that a plan is about, for a question.
pub fn plan_subject(plan: &Plan) -> String {
    Head::of_plan(plan).subject()
}

/// The host and the port of a URL.
fn host_of(server: &str) -> &str {
    server.split_once("://").map_or(server, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_names_what_the_plan_is_about() {
        let cluster = ClusterIdentity {
            uid: Some("3f2a9c1d-0000".into()),
            server: "https://10.0.0.1:6443".into(),
            ca_digest: None,
        };
        let head = Head {
            project: "p",
            context: Some("prod"),
            cluster: &cluster,
            state: ".regplan/p",
            serial: 3,
            revision: None,
        };
        assert_eq!(head.subject(), "Project p, context prod (10.0.0.1:6443, cluster 3f2a9c1d)");
        assert_eq!(head.state(), "State .regplan/p, serial 3");
        let cluster = ClusterIdentity { uid: None, ..cluster.clone() };
        let head = Head { context: None, cluster: &cluster, serial: 0, ..head };
        assert_eq!(head.subject(), "Project p (10.0.0.1:6443)");
        assert_eq!(head.state(), "State .regplan/p, not written yet");
        let head = Head { serial: 4, revision: Some(2), ..head };
        assert_eq!(head.state(), "State .regplan/p, serial 4; back to revision 2");
    }
}
