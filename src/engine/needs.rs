//! Gathers the facts that blocks need from outside: from files, the environment, the cluster.
//!
//! Each thing is asked for once, many at a time. What cannot be read is *unknown*, with the reason, and never
//! counts as absent: a new value is generated only where the cluster says that there is none.

mod background;
mod files;
mod helm;
mod outside;
mod passwords;
mod stored_secrets;

use std::collections::BTreeSet;

use futures::future::{BoxFuture, FutureExt as _, join_all, ready};

use self::stored_secrets::Lookups;
pub(super) use self::stored_secrets::secret_in_file;
use crate::blocks::{Blocks, Capabilities, Fact, Facts, LiveObject, Need, SecretKeyRef, SecretText};
use crate::config::Config;
use crate::provider::Provider;
use crate::resource::{BlockAddress, GroupKind, Identity, Reading, Target};

use self::helm::Helm;
pub use helm::HelmSettings;
pub use outside::{Fate, Outside};

/// How many rounds of needs blocks may have. More rounds would be a mistake in regplan.
const ROUNDS: usize = 8;

/// Whose secrets are read. All others stay placeholders, as without a cluster; so does what only a plan looks at.
#[derive(Debug, Clone, Copy)]
pub enum SecretsOf<'a> {
    /// Those of all blocks.
    AllBlocks,
    /// Those of these blocks.
    Blocks(&'a BTreeSet<BlockAddress>),
    /// Those that the value of this output needs.
    Output(&'a str),
    /// None; and what outputs refer to that is no secret is read.
    Nobody,
}

impl SecretsOf<'_> {
    /// What is wanted of these needs, where that is not everything.
    fn wanted(self, blocks: &Blocks<'_>, facts: &Facts) -> Option<Vec<Need>> {
        match self {
            Self::AllBlocks => None,
            Self::Blocks(named) => Some(blocks.needs_of(named, facts)),
            Self::Output(name) => Some(blocks.needs_of_output(name, facts)),
            Self::Nobody => Some(blocks.open_needs_of_outputs(facts)),
        }
    }
}

/// Gathers all facts that the blocks of a configuration need.
pub async fn gather(config: &Config, outside: &Outside<'_>) -> Facts {
    gather_within(config, SecretsOf::AllBlocks, Facts::default(), outside).await
}

/// Gathers the facts that are needed beyond the known ones.
pub async fn gather_within(
    config: &Config,
    secrets_of: SecretsOf<'_>,
    known: Facts,
    outside: &Outside<'_>,
) -> Facts {
    let read = Blocks::read(config);
    let mut facts = known;
    // However many rounds there are, a Secret is read once, and a value is generated once.
    let mut lookups = Lookups::default();
    let helm = Helm::new(outside.helm);
    for _ in 0..ROUNDS {
        let wanted = secrets_of.wanted(&read, &facts);
        let mut needs: BTreeSet<Need> = read.needs(&facts).into_iter().collect();
        needs.extend(wanted.iter().flatten().cloned());
        if needs.is_empty() {
            break;
        }
        let is_wanted = |need: &Need| wanted.as_ref().is_none_or(|wanted| wanted.contains(need));
        let mut asked = Vec::new();
        for need in needs {
            match unasked(&need) {
                Some(fact) if !is_wanted(&need) => facts.insert(need, fact),
                _ => asked.push(need),
            }
        }
        for (need, fact) in answer(asked, outside, &helm, &mut lookups).await {
            facts.insert(need, fact);
        }
    }
    facts.secret_inputs = lookups.inputs;
    facts
}

/// What stands for the answer to a need that nothing wanted depends on; `None` where it is asked for anyway. Nobody sees more
/// secrets than needed, and nothing is said of an Ingress that the plan is not about.
fn unasked(need: &Need) -> Option<Fact> {
    match need {
        Need::Secret { .. } | Need::Htpasswd { .. } => Some(Fact::Text(SecretText::Placeholder)),
        Need::IngressClasses => Some(Fact::NotWanted),
        _ => None,
    }
}

/// The answers to these needs alone.
pub async fn answers(needs: Vec<Need>, outside: &Outside<'_>) -> Facts {
    let (mut lookups, mut facts) = (Lookups::default(), Facts::default());
    for (need, fact) in answer(needs, outside, &Helm::new(outside.helm), &mut lookups).await {
        facts.insert(need, fact);
    }
    facts.secret_inputs = lookups.inputs;
    facts
}

/// Answers these needs.
async fn answer(
    needs: Vec<Need>,
    outside: &Outside<'_>,
    helm: &Helm<'_>,
    lookups: &mut Lookups,
) -> Vec<(Need, Fact)> {
    if let Some(provider) = outside.provider {
        lookups.read(provider, needs.iter().flat_map(stored_at)).await;
    }
    let (live, needs): (Vec<Need>, Vec<Need>) =
        needs.into_iter().partition(|need| matches!(need, Need::Live(_)));
    let begun = needs.into_iter().map(|need| {
        let fact = begin(&need, outside, helm, lookups);
        async { (need, fact.await) }
    });
    // All are begun before the first is awaited, so that files are read and passwords are hashed at the same
    // time.
    let begun: Vec<_> = begun.collect();
    let (mut answers, live) = futures::join!(join_all(begun), live_objects(live, outside));
    answers.extend(live);
    answers
}

/// The objects of the cluster that are asked for, all at once.
async fn live_objects(needs: Vec<Need>, outside: &Outside<'_>) -> Vec<(Need, Fact)> {
    let unknown = |reason: &str| Fact::Unknown(reason.to_owned());
    let Some(provider) = outside.provider else {
        return needs.into_iter().map(|need| (need, Fact::Live(LiveObject::NotAsked))).collect();
    };
    let targets = needs.iter().filter_map(|need| match need {
        Need::Live(target) => Some(target.clone()),
        _ => None,
    });
    let targets: Vec<Target> = targets.collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let readings = provider.read(&targets).await;
    let readings = targets.iter().zip(readings).map(|(target, reading)| {
        match (reading, (outside.fate)(&target.identity)) {
            (Reading::Unreadable(problem), _) => Fact::Unknown(problem.message),
            (_, Fate::Renewed) => Fact::Live(LiveObject::Unwanted),
            (Reading::Present(live), _) => Fact::Live(LiveObject::There(live)),
            (Reading::Absent, Fate::Remembered) => Fact::Live(LiveObject::Lost),
            (Reading::Absent, Fate::Free) => Fact::Live(LiveObject::Absent),
        }
    });
    let without_answer = std::iter::repeat_with(|| unknown("the cluster gave no answer"));
    needs.into_iter().zip(readings.chain(without_answer)).collect()
}

/// Begins to answer a need. The future does what takes time: reading files, hashing passwords.
fn begin<'a>(
    need: &Need,
    outside: &'a Outside<'_>,
    helm: &'a Helm<'_>,
    lookups: &mut Lookups,
) -> BoxFuture<'a, Fact> {
    match need {
        Need::File(path) => files::whole_text(path.clone()).boxed(),
        Need::Manifests(pattern) => files::manifests(pattern.clone()).boxed(),
        Need::Chart(source) => {
            let source = source.clone();
            async move { helm.fetch(&source).await }.boxed()
        }
        Need::Rendering(request) => {
            let request = request.clone();
            async move { helm.render(&request, outside.provider).await }.boxed()
        }
        Need::Capabilities => capabilities(outside.provider).boxed(),
        Need::HelmRelease { namespace, name } => {
            let (namespace, name) = (namespace.clone(), name.clone());
            async move { helm::release(outside.provider, &namespace, &name).await }.boxed()
        }
        Need::Past(chart) => ready(Fact::Past((outside.past)(chart))).boxed(),
        Need::Namespaces => namespaces(outside.provider).boxed(),
        Need::Nodes => nodes(outside.provider).boxed(),
        Need::IngressClasses => ingress_classes(outside.provider).boxed(),
        // Those are asked for together.
        Need::Live(_) => ready(Fact::Unknown("it was not asked for".to_owned())).boxed(),
        Need::Scope { kind, version } => {
            let (kind, version) = (kind.clone(), version.clone());
            async move { Fact::Scope(scope(outside, &kind, &version).await) }.boxed()
        }
        Need::Secret { source, stored_at } => {
            ready(Fact::Text(lookups.text(source, stored_at.as_ref(), outside))).boxed()
        }
        Need::Htpasswd { .. } if outside.provider.is_none() => {
            ready(Fact::Text(SecretText::Placeholder)).boxed()
        }
        Need::Htpasswd { users, stored_at } => {
            let users = users
                .iter()
                .map(|user| (user.name.clone(), lookups.text(&user.source, user.stored_at.as_ref(), outside)))
                .collect();
            passwords::htpasswd(users, lookups.stored_text(stored_at)).boxed()
        }
    }
}

/// The keys of Secrets that store the answer to a need.
fn stored_at(need: &Need) -> Vec<SecretKeyRef> {
    match need {
        Need::Secret { stored_at, .. } => stored_at.iter().cloned().collect(),
        Need::Htpasswd { users, stored_at } => {
            let users = users.iter().filter_map(|user| user.stored_at.clone());
            users.chain([stored_at.clone()]).collect()
        }
        Need::File(_)
        | Need::Manifests(_)
        | Need::Scope { .. }
        | Need::Chart(_)
        | Need::Rendering(_)
        | Need::Capabilities
        | Need::Past(_)
        | Need::HelmRelease { .. }
        | Need::Namespaces
        | Need::Nodes
        | Need::IngressClasses
        | Need::Live(_) => Vec::new(),
    }
}

/// What the cluster serves.
async fn capabilities(provider: Option<&dyn Provider>) -> Fact {
    let Some(provider) = provider else { return Fact::Capabilities(None) };
    match provider.cluster().capabilities().await {
        Ok(found) => {
            Fact::Capabilities(Some(Capabilities { version: found.version, apis: found.apis }.into()))
        }
        Err(problem) => Fact::Unknown(problem.message),
    }
}

/// The namespaces of the cluster.
async fn namespaces(provider: Option<&dyn Provider>) -> Fact {
    let Some(provider) = provider else { return Fact::Namespaces(None) };
    match provider.cluster().namespaces().await {
        Ok(found) => Fact::Namespaces(Some(found.into())),
        Err(problem) => Fact::Unknown(problem.message),
    }
}

/// The addresses of the cluster's nodes.
async fn nodes(provider: Option<&dyn Provider>) -> Fact {
    let Some(provider) = provider else { return Fact::Nodes(None) };
    match provider.cluster().node_addresses().await {
        Ok(found) => Fact::Nodes(Some(found.into())),
        Err(problem) => Fact::Unknown(problem.message),
    }
}

/// The ingress classes of the cluster.
async fn ingress_classes(provider: Option<&dyn Provider>) -> Fact {
    let Some(provider) = provider else { return Fact::IngressClasses(None) };
    match provider.cluster().ingress_classes().await {
        Ok(found) => Fact::IngressClasses(Some(found.into())),
        Err(problem) => Fact::Unknown(problem.message),
    }
}

/// Whether a kind has namespaces; `None` where the cluster does not answer, which the plan then reports.
async fn scope(outside: &Outside<'_>, kind: &GroupKind, version: &str) -> Option<bool> {
    let identity = Identity::cluster(kind.group.as_str(), kind.kind.as_str(), "");
    let target = Target { identity, version: Some(version.to_owned()) };
    outside.provider?.is_namespaced(&target).await.ok().flatten()
}

#[cfg(test)]
mod tests;
