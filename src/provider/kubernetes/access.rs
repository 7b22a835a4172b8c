//! What our rights allow, as the server's own review says.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};

use super::Kubernetes;
use super::discovery::Served;
use super::problem::{self, About};
use super::transport::{Call, JSON, Repeat, Transport};
use crate::provider::Verb;
use crate::resource::{Identity, Problem, ProblemKind, Target};

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

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
        let attributes = json!({
            "verb": verb.name(), "group": served.group, "version": served.version, "resource": served.plural,
            "namespace": namespace.filter(|_| served.namespaced).unwrap_or_default(),
            "name": name.unwrap_or_default(),
        });
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                            "spec": {"resourceAttributes": attributes}});
        // It is a POST, and changes nothing.
        let call =
            Call { repeat: Repeat::Freely, ..Call::write(Method::POST, PATH.to_owned(), JSON, &review) };
        match self.transport.send(&call).await {
            Ok(answer) => Ok(answer.body.pointer("/status/allowed") == Some(&Value::Bool(true))),
            Err(failure) => {
                let identity = Identity::cluster("authorization.k8s.io", "SelfSubjectAccessReview", "");
                Err(problem::of(failure, About::new(&identity), &self.transport.facts))
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
        problem.help =
            Some(format!("it takes the right to {} {} in {group}", verbs.join(" and "), served.plural));
    }
    problem
}

/// One answer for each request, in their order; one question for all of a verb, type and namespace.
pub(super) async fn review(cluster: &Kubernetes, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
    type Question = (Verb, Served, Option<String>, Option<String>);
    let mut wanted: Vec<Result<Served, Problem>> = Vec::with_capacity(requests.len());
    for (_, target) in requests {
        wanted.push(match cluster.discovery.served(target, false).await {
            Ok(Some(served)) => Ok(served),
            Ok(None) => Err(cluster.unknown_kind(&target.identity)),
            Err(problem) => Err(problem),
        });
    }
    let mut answers: HashMap<Question, Result<bool, Problem>> = HashMap::new();
    // First for all names at once; then by name for what that denies, since rights may name single objects.
    for named in [false, true] {
        let mut questions: Vec<Question> = Vec::new();
        for ((verb, target), served) in requests.iter().zip(&wanted) {
            let Ok(served) = served else { continue };
            let general = (*verb, served.clone(), target.identity.namespace.clone(), None);
            let question = if named {
                let denied = matches!(answers.get(&general), Some(Ok(false)));
                if !denied || *verb == Verb::Create {
                    continue;
                }
                (general.0, general.1, general.2, Some(target.identity.name.clone()))
            } else {
                general
            };
            if !questions.contains(&question) {
                questions.push(question);
            }
        }
        let mut asked = stream::iter(questions)
            .map(|question| async move {
                let (verb, served, namespace, name) = &question;
                let may = cluster.access.may(*verb, served, namespace.as_deref(), name.as_deref()).await;
                (question, may)
            })
            .buffer_unordered(16);
        while let Some((question, may)) = asked.next().await {
            answers.insert(question, may);
        }
    }
    requests
        .iter()
        .zip(wanted)
        .map(|((verb, target), served)| {
            let served = served?;
            let namespace = target.identity.namespace.clone();
            let named = (*verb, served, namespace, Some(target.identity.name.clone()));
            if let Some(answer) = answers.get(&named) {
                return answer.clone();
            }
            let (verb, served, namespace, _) = named;
            answers.get(&(verb, served, namespace, None)).cloned().unwrap_or(Ok(false))
        })
        .collect()
}
