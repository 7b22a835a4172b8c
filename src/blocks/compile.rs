//! All blocks of a configuration together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::draft::Draft;
use super::facts::{Facts, Need};
use super::finish::{Finish, duplicates};
use super::scope::Scopes;
use super::{BlockType, CompileContext, block_type, check, lifecycle, references, secrets};
use crate::config::{Block, Config};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::kubernetes::namespaces::is_given;
use crate::resource::{Address, BlockAddress, Desired, FieldPath, Origin};

/// The namespace of objects that name none.
pub(super) fn home(config: &Config) -> &str {
    config.cluster.namespace.as_deref().unwrap_or("default")
}

fn typed(config: &Config) -> impl Iterator<Item = (&Block, &'static dyn BlockType)> {
    config.blocks.iter().filter_map(|block| Some((block, block_type(&block.address.kind)?)))
}

/// What must be known of the outside and is not among the facts yet.
///
/// What there is to ask may depend on answers (a manifest's files say which kinds there are): ask until
/// nothing is left.
pub fn needs(config: &Config, facts: &Facts) -> Vec<Need> {
    let context = CompileContext { namespace: home(config), facts };
    let mut needs: BTreeSet<Need> = secrets::needs(config, context.namespace);
    for (block, block_type) in typed(config) {
        needs.extend(block_type.needs(block, &context));
    }
    needs.into_iter().filter(|need| facts.get(need).is_none()).collect()
}

/// What came of the blocks of a configuration.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The resources: the shared namespaces first, then what blocks ask for, in the order of the blocks. Of
    /// objects with mistakes only what could be made.
    pub resources: Vec<Desired>,
    /// What is wrong, and what works but probably not as meant.
    pub mistakes: Diagnostics,
}

/// The resources that a configuration asks for, and every mistake in it.
pub fn compile(config: &Config, facts: &Facts) -> Compiled {
    let context = CompileContext { namespace: home(config), facts };
    let mut mistakes = Vec::new();
    let drafts: Vec<(&Block, &'static dyn BlockType, Vec<Draft>)> = typed(config)
        .map(|(block, block_type)| (block, block_type, block_type.compile(block, &context, &mut mistakes)))
        .collect();
    let mut scopes = Scopes::default();
    drafts.iter().flat_map(|(_, _, drafts)| drafts).for_each(|draft| scopes.learn(&draft.object));
    let finish = Finish { config, namespace: context.namespace, facts, scopes: &scopes };

    let mut resources = Vec::new();
    for (name, draft) in secrets::keepers(config, context.namespace, facts, &mut mistakes) {
        let address = BlockAddress::new("secret", name);
        resources.extend(finish.desired(&address, draft, false, &mut mistakes));
    }
    for (block, block_type, drafts) in drafts {
        let interpolated = block_type.is_interpolated();
        let mut objects: Vec<Desired> = drafts
            .into_iter()
            .filter_map(|draft| finish.desired(&block.address, draft, interpolated, &mut mistakes))
            .collect();
        lifecycle::distribute(block, block_type, &mut objects, &mut mistakes);
        resources.append(&mut objects);
    }
    for desired in &resources {
        check::object(desired, &mut mistakes);
    }
    duplicates(&resources, &mut mistakes);
    let mut all = shared_namespaces(&resources);
    all.append(&mut resources);
    references::check(config, &all, &mut mistakes);
    Compiled { resources: all, mistakes: sorted(mistakes) }
}

fn sorted(mistakes: Vec<Diagnostic>) -> Diagnostics {
    let mut once: Vec<Diagnostic> = Vec::with_capacity(mistakes.len());
    let mut seen = BTreeSet::new();
    for mistake in mistakes {
        // A lost secret, say, is met at every place that uses it through one key.
        let place = mistake.labels.first().map(|label| label.span);
        if seen.insert((place, mistake.message.clone(), mistake.severity == Severity::Error)) {
            once.push(mistake);
        }
    }
    Diagnostics::from(once).sorted()
}

/// The namespaces that objects live in and that no block declares.
fn shared_namespaces(resources: &[Desired]) -> Vec<Desired> {
    let declared: BTreeSet<&str> = resources
        .iter()
        .filter(|desired| desired.identity.is("", "Namespace"))
        .map(|desired| desired.identity.name.as_str())
        .collect();
    let mut named: BTreeMap<&str, &Desired> = BTreeMap::new();
    for desired in resources {
        if let Some(namespace) = desired.identity.namespace.as_deref()
            && !declared.contains(namespace)
            && !is_given(namespace)
        {
            named.entry(namespace).or_insert(desired);
        }
    }
    named.into_iter().filter_map(|(name, desired)| shared_namespace(name, desired)).collect()
}

fn shared_namespace(name: &str, first: &Desired) -> Option<Desired> {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let mut namespace = Desired::new(Address::block("namespace", name), object)?;
    let path = FieldPath::keys(["metadata", "namespace"]);
    let origin = first.origin(&path);
    let origin = origin.cloned().unwrap_or_else(|| Origin { key: first.address.to_string(), span: None });
    namespace.origins.insert(FieldPath::root(), origin);
    namespace.shared = true;
    Some(namespace)
}
