//! Whether our rights allow many things, asked in few questions.

use std::collections::HashMap;

use futures::{StreamExt, stream};

use super::client::Kubernetes;
use super::discovery::Served;
use crate::provider::Verb;
use crate::resource::{Problem, Target};

/// One answer for each request, in their order; one question for all of a verb, type and namespace.
pub(super) async fn review(cluster: &Kubernetes, requests: &[(Verb, Target)]) -> Vec<Result<bool, Problem>> {
    type Question = (Verb, Served, Option<String>, Option<String>);
    let mut wanted: Vec<Result<Served, Problem>> = Vec::with_capacity(requests.len());
    for (_, target) in requests {
        wanted.push(match cluster.discovery.served(target).await {
            Ok(Some(served)) => Ok(served),
            Ok(None) => Err(cluster.unknown_kind(target).await),
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
