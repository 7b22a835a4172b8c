//! What our rights allow, as the server's own review says.

use http::Method;
use serde_json::{Value, json};

use super::discovery::Served;
use super::problem::{self, About};
use super::transport::{Call, JSON, Repeat, Transport};
use crate::provider::Verb;
use crate::resource::{Identity, Problem, ProblemKind};

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// A type of objects that every server has, or a part of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resource {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) plural: &'static str,
    /// `portforward`; empty for the objects themselves.
    pub(super) subresource: &'static str,
}

/// Asks about rights; remembers nothing, since an apply may change them.
pub(super) struct Access {
    transport: Transport,
}

impl Access {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Whether we may do this to the object; without a name, to all of its type and namespace.
    pub(super) async fn may(
        &self,
        verb: Verb,
        served: &Served,
        namespace: Option<&str>,
        name: Option<&str>,
    ) -> Result<bool, Problem> {
        self.review(json!({
            "verb": verb.name(), "group": served.group, "version": served.version, "resource": served.plural,
            "namespace": namespace.filter(|_| served.namespaced).unwrap_or_default(),
            "name": name.unwrap_or_default(),
        }))
        .await
    }

    /// The same for all objects of a type in a namespace, or for a part of them.
    pub(super) async fn may_in(
        &self,
        verb: Verb,
        resource: Resource,
        namespace: &str,
    ) -> Result<bool, Problem> {
        self.review(json!({
            "verb": verb.name(), "group": resource.group, "version": resource.version, "resource": resource.plural,
            "subresource": resource.subresource, "namespace": namespace,
        }))
        .await
    }

    async fn review(&self, attributes: Value) -> Result<bool, Problem> {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                            "spec": {"resourceAttributes": attributes}});
        // It is a POST, and changes nothing.
        let call =
            Call { repeat: Repeat::Freely, ..Call::write(Method::POST, PATH.to_owned(), JSON, &review) };
        match self.transport.send(&call).await {
            Ok(answer) => Ok(answer.body.pointer("/status/allowed") == Some(&Value::Bool(true))),
            Err(failure) => {
                let identity = Identity::cluster("authorization.k8s.io", "SelfSubjectAccessReview", "");
                Err(problem::of(failure, About::new(&identity), &self.transport.server_info))
            }
        }
    }

    /// A 403 is also the answer of quota, pod security and a namespace that is ending. Where our rights
    /// allow all of these verbs, it was one of those.
    pub(super) async fn confirm(
        &self,
        mut problem: Problem,
        verbs: &[Verb],
        served: &Served,
        identity: &Identity,
    ) -> Problem {
        if problem.kind != ProblemKind::Forbidden {
            return problem;
        }
        let mut allowed = true;
        for verb in verbs {
            // A create has no name yet when rights are looked at.
            let name = Some(identity.name.as_str()).filter(|_| *verb != Verb::Create);
            match self.may(*verb, served, identity.namespace.as_deref(), name).await {
                Ok(may) => allowed &= may,
                // Without a review, the authorizer's own phrase decides.
                Err(_) => allowed &= !problem.message.contains(" cannot "),
            }
        }
        if allowed {
            problem.kind = ProblemKind::Rejected;
            return problem;
        }
        name_rights(problem, verbs, served)
    }
}

/// Says of a want of rights which ones it takes.
pub(super) fn name_rights(mut problem: Problem, verbs: &[Verb], served: &Served) -> Problem {
    if problem.kind == ProblemKind::Forbidden && problem.help.is_none() {
        let verbs: Vec<&str> = verbs.iter().map(|verb| verb.name()).collect();
        let group = if served.group.is_empty() { "the core group" } else { &served.group };
        problem.help = Some(format!(
            "the permission to {} {} in {group} is missing",
            verbs.join(" and "),
            served.plural
        ));
    }
    problem
}
