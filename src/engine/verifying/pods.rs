//! Pulls the probe from within the cluster: a pod in each namespace that has a pull Secret.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};

use super::alive::has_ended;
use super::visit::{Known, Visit};
use crate::provider::{Guard, Write};
use crate::resource::{Identity, Live, Problem, ProblemKind, Reading, Target};
use crate::verify::{
    Fault, Maker, Outcome, Pull, REPOSITORY, codes, not_pulled, pod, pulled, puller, run_of,
};

/// Who writes the pods.
const MANAGER: &str = "regplan-verify";
/// Between two looks at a pod.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a pod may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is there of the pod of a Secret, after it was to be taken away.
#[derive(Debug, PartialEq, Eq)]
enum Remains {
    /// Nothing.
    Nothing,
    /// The pod of another run, which may still go on.
    OfOtherRun,
    /// Nobody knows, since it cannot be read.
    Unknown(Problem),
}

impl Visit<'_> {
    /// Has nodes pull the probe, with each pull Secret in each of its namespaces.
    pub(super) async fn in_cluster(&self, known: &mut Known) -> Outcome {
        let Some(pushed) = &known.pushed else { return Outcome::NotNeeded("nothing was pushed".to_owned()) };
        if self.subject.endpoint.pull_secrets.is_empty() {
            return Outcome::NotNeeded("no `[pull_secret.NAME]` is for this registry".to_owned());
        }
        if let Some(why) = &self.subject.unreached {
            return Outcome::Hindered {
                reason: why.clone(),
                fix: Some("look from where the cluster is reached".to_owned()),
            };
        }
        let secrets = &self.subject.pull_secrets;
        if secrets.is_empty() {
            return Outcome::Hindered {
                reason: "no pull Secret was applied yet".to_owned(),
                fix: Some("`regplan apply` makes them".to_owned()),
            };
        }
        known.makes_pods = true;
        let image = format!("{}/{REPOSITORY}:{}", self.authority(), pushed.maker.tag());
        let pulls = secrets.iter().map(|secret| self.pull_with(secret, &image, &pushed.maker));
        match join_all(pulls).await.into_iter().find_map(Result::err) {
            Some(fault) => Outcome::Failed(fault),
            None => Outcome::Passed(format!("pulled in {}", namespaces(secrets))),
        }
    }

    /// Pulls with one Secret. Whatever comes of it, the pod goes.
    async fn pull_with(&self, secret: &Identity, image: &str, maker: &Maker) -> Result<(), Fault> {
        match self.remove_pod(secret, maker).await? {
            Remains::Nothing => {}
            Remains::OfOtherRun => {
                return Err(Fault::new(
                    codes::OTHER_RUN,
                    format!("the {} is of another run, which may still go on", puller(secret)),
                    "wait until it has ended; the pod ends by itself after two minutes, and may be deleted",
                ));
            }
            Remains::Unknown(problem) => return Err(refused(secret, &problem)),
        }
        self.wait_until_gone(secret).await?;
        let tag = maker.tag();
        let write = Write {
            target: target(secret),
            object: pod(secret, image, &tag),
            guard: Guard::Absent,
            manager: MANAGER.to_owned(),
        };
        let made = self.provider.write(&write).await.map_err(|problem| refused(secret, &problem));
        let pulled = match made {
            Ok(_) => self.wait_for_pull(secret).await,
            Err(fault) => Err(fault),
        };
        let remains = self.remove_pod(secret, maker).await?;
        pulled.and_then(|()| match remains {
            Remains::Unknown(problem) => Err(not_seen_gone(secret, &problem)),
            Remains::Nothing | Remains::OfOtherRun => Ok(()),
        })
    }

    async fn wait_for_pull(&self, secret: &Identity) -> Result<(), Fault> {
        let deadline = (Instant::now() + PATIENCE).min(self.until);
        let mut last = "nobody has looked at the pod".to_owned();
        while Instant::now() < deadline {
            match self.look_at_pod(secret).await {
                Ok(None) => return Err(not_pulled(secret, "somebody has deleted the pod")),
                Ok(Some(live)) => match pulled(&live.object) {
                    Pull::Done => return Ok(()),
                    Pull::Failed(said) => return Err(not_pulled(secret, &said)),
                    Pull::Waiting(said) => last = said,
                },
                Err(problem) => last = problem.message,
            }
            sleep(PAUSE).await;
        }
        Err(not_pulled(secret, &format!("{last}, in {} s", PATIENCE.as_secs())))
    }

    /// A pod that is deleted takes a moment to go, and its name is free only then.
    async fn wait_until_gone(&self, secret: &Identity) -> Result<(), Fault> {
        loop {
            let why = match self.look_at_pod(secret).await {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => "the pod of an earlier run does not go".to_owned(),
                Err(problem) => {
                    format!("whether the pod of an earlier run is gone is not known: {}", problem.message)
                }
            };
            if Instant::now() >= self.until {
                return Err(not_pulled(secret, &why));
            }
            sleep(PAUSE).await;
        }
    }

    async fn look_at_pod(&self, secret: &Identity) -> Result<Option<Arc<Live>>, Problem> {
        match self.provider.read(&[target(secret)]).await.into_iter().next() {
            Some(Reading::Present(live)) => Ok(Some(live)),
            Some(Reading::Unreadable(problem)) => Err(problem),
            Some(Reading::Absent) => Ok(None),
            None => Err(Problem::new(ProblemKind::Other, "the cluster gave no answer")),
        }
    }

    /// Takes away the pods of this run, and of ended ones. What cannot be told of the others.
    pub(super) async fn remove_pods(&self, known: &Known, me: &Maker) -> Result<Vec<String>, Fault> {
        if self.subject.unreached.is_some() {
            return Ok(Vec::new());
        }
        let mut unknown = Vec::new();
        for secret in &self.subject.pull_secrets {
            match self.remove_pod(secret, me).await? {
                Remains::Unknown(problem) if known.makes_pods => return Err(not_seen_gone(secret, &problem)),
                // Who may not look at pods has made none.
                Remains::Unknown(problem) if problem.kind != ProblemKind::Forbidden => unknown.push(format!(
                    "whether a {} is left of an earlier run is not known: {}",
                    puller(secret),
                    problem.message
                )),
                Remains::Nothing | Remains::OfOtherRun | Remains::Unknown(_) => {}
            }
        }
        Ok(unknown)
    }

    /// Takes away the pod of a Secret: that of this run, and one that an ended run has left.
    async fn remove_pod(&self, secret: &Identity, me: &Maker) -> Result<Remains, Fault> {
        let live = match self.look_at_pod(secret).await {
            Ok(None) => return Ok(Remains::Nothing),
            Ok(Some(live)) => live,
            Err(problem) => return Ok(Remains::Unknown(problem)),
        };
        let maker = run_of(&live.object).and_then(Maker::of_tag);
        if !maker.is_some_and(|maker| maker == *me || has_ended(&maker, me)) {
            return Ok(Remains::OfOtherRun);
        }
        match self.provider.delete(&target(secret), &live).await {
            Ok(()) => Ok(Remains::Nothing),
            Err(problem) => Err(Fault::new(
                codes::LEFT_BEHIND,
                format!("the {} cannot be deleted: {}", puller(secret), problem.message),
                "delete it: it does nothing",
            )),
        }
    }
}

fn target(secret: &Identity) -> Target {
    Target { identity: puller(secret), version: Some("v1".to_owned()) }
}

fn refused(secret: &Identity, problem: &Problem) -> Fault {
    let fix = match problem.kind {
        ProblemKind::Forbidden => "it takes the right to create, get and delete pods in this namespace",
        _ => "look at what the namespace lets pods do: quotas, policies, pod security",
    };
    let namespace = secret.namespace.as_deref().unwrap_or_default();
    Fault::new(codes::POD_REFUSED, format!("in `{namespace}` no pod can be made: {}", problem.message), fix)
}

/// What is said of a pod of this run that may still be there.
fn not_seen_gone(secret: &Identity, problem: &Problem) -> Fault {
    Fault::new(
        codes::LEFT_BEHIND,
        format!("whether the {} is gone is not known: {}", puller(secret), problem.message),
        "delete it if it is there; it does nothing, and ends by itself after two minutes",
    )
}

fn namespaces(secrets: &[Identity]) -> String {
    let names: Vec<&str> = secrets.iter().filter_map(|secret| secret.namespace.as_deref()).collect();
    names.join(", ")
}
