//! All blocks of a configuration together: what they must know, and what they compile to.

use std::collections::{BTreeMap, BTreeSet};

use super::block_type::{AnyBlockType, CompileContext, Defaults};
use super::defined_apis::DefinedApis;
use super::draft::Draft;
use super::endpoint::Endpoint;
use super::facts::{Fact, Facts, NamespaceLabels, Need};
use super::finish::{Finish, Places, check, contested, duplicates, unproved};
use super::namespaces::{declared_namespace, shared_namespaces};
use super::outputs::CompiledOutput;
use super::properties::{Given, Properties};
use super::references::KnownAddresses;
use super::scope::Scopes;
use super::specs::Specs;
use super::substitution::{self, Substitution};
use super::types::TYPES;
use super::{lifecycle, outputs, references};
use crate::config::{Block, Config, Output};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span};
use crate::kubernetes::class_controllers::client_settings::limited_by;
use crate::kubernetes::ingress_classes::IngressClass;
use crate::resource::{Address, BlockAddress, Desired, GATEWAY_GROUP, Identity, KeyFact, NamespaceSelection};

/// The blocks of a configuration, each read once.
pub struct Blocks<'c> {
    config: &'c Config,
    /// The blocks, each with its type.
    all: Vec<(&'c Block, &'static dyn AnyBlockType)>,
    specs: Specs,
    /// What is wrong with blocks that could not be read.
    mistakes: Vec<Diagnostic>,
}

/// What came of the blocks of a configuration.
#[derive(Debug, Clone)]
pub struct CompiledBlocks {
    /// The resources: the shared namespaces first, then what blocks ask for, in the order of the blocks. Of
    /// objects with mistakes only what could be made.
    pub resources: Vec<Desired>,
    /// What runs only when somebody looks whether a block works: the tests of charts.
    pub tests: Vec<Desired>,
    /// What a reader of a plan wants to know first of each block, for the blocks of which there is such a thing.
    pub key_facts: BTreeMap<BlockAddress, Vec<KeyFact>>,
    /// Which namespaces blocks choose by their labels.
    pub selections: Vec<NamespaceSelection>,
    /// The outputs, as far as they are known.
    pub outputs: Vec<CompiledOutput>,
    /// What is wrong, and what works but probably not as meant.
    pub mistakes: Diagnostics,
}

impl<'c> Blocks<'c> {
    /// Reads the blocks of a configuration.
    pub fn read(config: &'c Config) -> Self {
        Self::read_as(TYPES, config)
    }

    /// Reads the blocks of these types.
    pub(super) fn read_as(types: &[&'static dyn AnyBlockType], config: &'c Config) -> Self {
        let all: Vec<(&Block, &'static dyn AnyBlockType)> = config
            .blocks
            .iter()
            .filter_map(|block| {
                let block_type = types.iter().find(|block_type| block_type.kind() == block.address.kind)?;
                Some((block, *block_type))
            })
            .collect();
        let (mut specs, mut mistakes) = (Specs::default(), Vec::new());
        for (block, block_type) in &all {
            block_type.read(block, defaults(config), &mut specs, &mut mistakes);
        }
        Self { config, all, specs, mistakes }
    }

    /// What must be known of the outside and is not among the facts yet.
    ///
    /// What there is to ask may depend on answers (a manifest's files say which kinds there are): ask until
    /// nothing is left.
    pub fn needs(&self, facts: &Facts) -> Vec<Need> {
        self.needs_where(|_| true, facts)
    }

    /// The same for some of the blocks alone. They may look at all others.
    pub fn needs_of(&self, blocks: &BTreeSet<BlockAddress>, facts: &Facts) -> Vec<Need> {
        self.needs_where(|address| blocks.contains(address), facts)
    }

    fn needs_where(&self, is_wanted: impl Fn(&BlockAddress) -> bool, facts: &Facts) -> Vec<Need> {
        let mut known = self.known(facts);
        // Nothing is asked for the others, so nobody waits for what they define.
        known.undeclared.retain(&is_wanted);
        let context = self.context(facts, &known);
        let mut needs: BTreeSet<Need> = BTreeSet::new();
        for (block, block_type) in self.all.iter().filter(|(block, _)| is_wanted(&block.address)) {
            needs.extend(block_type.needs(block, &context));
            needs.extend(substitution::needs(&block.body, &context));
        }
        needs.into_iter().filter(|need| facts.get(need).is_none()).collect()
    }

    /// What must be known to tell the value of an output, and is not among the facts yet.
    pub fn needs_of_output(&self, name: &str, facts: &Facts) -> Vec<Need> {
        let known = self.known(facts);
        let context = self.context(facts, &known);
        let outputs = self.config.outputs.iter().filter(|output| output.name == name);
        let needs = outputs.flat_map(|output| substitution::needs(&output.value, &context));
        needs.filter(|need| facts.get(need).is_none()).collect()
    }

    /// The same for all outputs, without what is a secret.
    pub fn open_needs_of_outputs(&self, facts: &Facts) -> Vec<Need> {
        let named = self.config.outputs.iter().flat_map(|output| self.needs_of_output(&output.name, facts));
        named.filter(|need| !matches!(need, Need::Secret { .. } | Need::Htpasswd { .. })).collect()
    }

    /// The resources that the blocks ask for, and every mistake in them.
    pub fn compile(&self, facts: &Facts) -> CompiledBlocks {
        let known = self.known(facts);
        let context = self.context(facts, &known);
        let mut mistakes = self.mistakes.clone();
        let drafts: Vec<Vec<Draft>> = self
            .all
            .iter()
            .map(|(block, block_type)| block_type.compile(block, &context, &mut mistakes))
            .collect();
        let selections =
            self.all.iter().filter_map(|(block, kind)| kind.namespace_selection(block, &context)).collect();
        let scopes = Scopes::declared_by(drafts.iter().flatten().map(|draft| &draft.object));
        let substitution = Substitution { context };
        let outputs = self.config.outputs.iter();
        let outputs: Vec<(&Output, CompiledOutput)> =
            outputs.map(|output| (output, outputs::compile(output, &substitution, &mut mistakes))).collect();
        let places = Places::new(facts);
        let finish = Finish { facts, scopes: &scopes, substitution, places: &places };

        let with_objects: BTreeSet<&BlockAddress> = (self.all.iter().zip(&drafts))
            .filter(|(_, drafts)| !drafts.is_empty())
            .map(|((block, _), _)| &block.address)
            .collect();
        let (mut resources, mut tests) = (Vec::new(), Vec::new());
        for ((block, block_type), drafts) in self.all.iter().zip(drafts) {
            let all = drafts
                .into_iter()
                .filter_map(|draft| finish.desired(&block.address, draft, *block_type, &mut mistakes));
            let (of_block, mut objects): (Vec<Desired>, Vec<Desired>) = all.partition(Desired::is_test);
            tests.extend(of_block);
            lifecycle::distribute(block, *block_type, &with_objects, &mut objects, &mut mistakes);
            resources.append(&mut objects);
        }
        for desired in &resources {
            check(desired, &places, &mut mistakes);
        }
        duplicates(&resources, &places, &mut mistakes);
        contested(&resources, &places, &mut mistakes);
        unproved(&resources, &places, &mut mistakes);
        let mut all = shared_namespaces(&resources);
        all.append(&mut resources);
        let known = KnownAddresses::of(self.config, &all);
        references::check(self.config, &known, &all, &mut mistakes);
        outputs::check(&outputs, &known, &all, &mut mistakes);
        let outputs = outputs.into_iter().map(|(_, compiled)| compiled).collect();
        let (key_facts, mistakes) = (self.key_facts(), sorted(mistakes));
        CompiledBlocks { resources: all, tests, key_facts, selections, outputs, mistakes }
    }

    /// How the registries are reached, in the order of the blocks.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let facts = Facts::default();
        let known = Known { properties: self.properties(&facts), ..Known::default() };
        let context = self.context(&facts, &known);
        let endpoints =
            self.all.iter().filter_map(|(block, block_type)| block_type.endpoint(block, &context));
        let with_logins = endpoints.map(|endpoint| {
            let gives = self.all.iter().filter(|(block, block_type)| {
                block_type.gives_login_to(&block.address, &self.specs) == Some(&endpoint.block)
            });
            let pull_secrets = gives.map(|(block, _)| block.address.clone()).collect();
            Endpoint { pull_secrets, ..endpoint }
        });
        with_logins.collect()
    }

    fn key_facts(&self) -> BTreeMap<BlockAddress, Vec<KeyFact>> {
        let all = self.all.iter().map(|(block, block_type)| {
            (block.address.clone(), block_type.key_facts(&block.address, &self.specs))
        });
        all.filter(|(_, facts)| !facts.is_empty()).collect()
    }

    fn context<'a>(&'a self, facts: &'a Facts, known: &'a Known) -> CompileContext<'a> {
        CompileContext {
            defaults: defaults(self.config),
            facts,
            sensitive_variables: &self.config.sensitive_variables,
            properties: &known.properties,
            defined_apis: &known.defined_apis,
            undeclared: &known.undeclared,
            declared_namespaces: &known.declared_namespaces,
            declared_ingress_classes: &known.declared_ingress_classes,
            declared_gateways: &known.declared_gateways,
            declared_balancers: &known.declared_balancers,
            declared_body_limits: &known.declared_body_limits,
            specs: &self.specs,
        }
    }

    /// What the blocks give beside their keys.
    fn properties(&self, facts: &Facts) -> Properties {
        Properties::new(self.all.iter().flat_map(|(block, block_type)| {
            block_type.schema().properties.iter().map(move |property| {
                let given = self.given(block, *block_type, property.name, facts);
                ((block.address.clone(), property.name), given)
            })
        }))
    }

    /// What is known of one of them.
    fn given(&self, block: &Block, block_type: &dyn AnyBlockType, name: &str, facts: &Facts) -> Given {
        let value = block_type.property(&block.address, name, &self.specs, facts);
        let Some(need) = block_type.property_need(&block.address, name, &self.specs) else {
            return value.map_or(Given::Faulty, Given::Known);
        };
        let why = match facts.get(&need) {
            Some(Fact::Unknown(reason) | Fact::Failed(reason)) => reason.clone(),
            Some(_) => "it is not there yet".to_owned(),
            None => "no cluster is asked here".to_owned(),
        };
        Given::Asked { need, value: value.ok_or(why) }
    }

    /// Whether the configuration says when this object is ready, such as without an address.
    fn is_ready_otherwise(&self, identity: &Identity, address: &Address) -> bool {
        let block = self.all.iter().find(|(block, _)| block.address == address.block);
        let name = format!("{}/{}", identity.kind, identity.name);
        block.is_some_and(|(block, _)| {
            block.lifecycle.ready.is_some() || block.ready_rules.iter().any(|rule| rule.object == name)
        })
    }

    /// What these facts say about the blocks together.
    ///
    /// A block may make definitions, namespaces, or ingress classes, only where others are there. So they are looked for until no block
    /// adds one.
    fn known(&self, facts: &Facts) -> Known {
        let mut known = Known { properties: self.properties(facts), ..Known::default() };
        if !self.all.iter().any(|(_, block_type)| block_type.asks_for_all_objects()) {
            return known;
        }
        known.undeclared = self.all.iter().map(|(block, _)| block.address.clone()).collect();
        loop {
            let context = self.context(facts, &known);
            let declared = self.all.iter().filter_map(|(block, block_type)| {
                Some((&block.address, block_type.declared(block, &context)?))
            });
            let declared: Vec<(&BlockAddress, Vec<Draft>)> = declared.collect();
            // What was known with fewer definitions counts: it has told its own.
            known.undeclared.retain(|block| declared.iter().all(|(address, _)| *address != block));
            let drafts: Vec<(&BlockAddress, Draft)> = declared
                .into_iter()
                .flat_map(|(block, drafts)| drafts.into_iter().map(move |draft| (block, draft)))
                .collect();
            let namespaces: NamespaceLabels =
                drafts.iter().filter_map(|(_, draft)| declared_namespace(&draft.object)).collect();
            let classes: Vec<IngressClass> =
                drafts.iter().filter_map(|(_, draft)| IngressClass::of(&draft.object)).collect();
            // Which objects there are does not depend on them, so the last round has them all.
            known.declared_gateways =
                drafts.iter().filter_map(|(_, draft)| declared_gateway(draft)).collect();
            let balancers = drafts.iter().filter_map(|(block, draft)| declared_balancer(block, draft));
            known.declared_balancers =
                balancers.filter(|(identity, address)| !self.is_ready_otherwise(identity, address)).collect();
            let limited = drafts.iter().filter_map(|(_, draft)| limited_by(&draft.object, &draft.namespace));
            known.declared_body_limits = limited.collect();
            let added = drafts.iter().filter(|(block, draft)| known.defined_apis.add(block, draft)).count();
            let has_namespaces = namespaces.keys().all(|name| known.declared_namespaces.contains_key(name));
            if added == 0 && has_namespaces && classes == known.declared_ingress_classes {
                return known;
            }
            known.declared_namespaces.extend(namespaces);
            known.declared_ingress_classes = classes;
        }
    }
}

/// What is known of all blocks together.
#[derive(Default)]
struct Known {
    properties: Properties,
    defined_apis: DefinedApis,
    /// The blocks of which nobody knows yet what they define.
    undeclared: BTreeSet<BlockAddress>,
    declared_namespaces: NamespaceLabels,
    declared_ingress_classes: Vec<IngressClass>,
    declared_gateways: BTreeSet<Identity>,
    declared_balancers: BTreeMap<Identity, Address>,
    declared_body_limits: BTreeMap<Identity, String>,
}

/// The Gateway that a draft makes or changes.
fn declared_gateway(draft: &Draft) -> Option<Identity> {
    let identity = Identity::of(&draft.object).filter(|identity| identity.is(GATEWAY_GROUP, "Gateway"))?;
    Some(in_namespace(identity, draft))
}

/// The Service that a draft makes or changes, with its address, where a load balancer is to lead to it.
fn declared_balancer(block: &BlockAddress, draft: &Draft) -> Option<(Identity, Address)> {
    let is_balanced = draft.object.pointer("/spec/type").is_some_and(|found| found == "LoadBalancer");
    let identity =
        Identity::of(&draft.object).filter(|identity| is_balanced && identity.is("", "Service"))?;
    let identity = in_namespace(identity, draft);
    Some((identity.clone(), draft.addressing.address(block, &identity)))
}

/// The identity of a draft of a kind with namespaces; its own may not be filled in yet.
fn in_namespace(identity: Identity, draft: &Draft) -> Identity {
    let namespace = identity.namespace.unwrap_or_else(|| draft.namespace.clone());
    Identity { namespace: Some(namespace), ..identity }
}

fn defaults(config: &Config) -> Defaults<'_> {
    let namespace = config.cluster.namespace.as_deref().unwrap_or("default");
    let cluster_version = config.cluster.version.as_deref();
    Defaults { project: &config.project, sources: &config.sources, namespace, cluster_version }
}

/// The mistakes by place, each once.
fn sorted(mistakes: Vec<Diagnostic>) -> Diagnostics {
    let mut once: Vec<Diagnostic> = Vec::with_capacity(mistakes.len());
    let mut seen = BTreeSet::new();
    for mistake in mistakes {
        // A lost secret, for example, is found at every place that uses it through one key.
        let labels = mistake.labels.iter().map(|label| (label.span, label.text.clone()));
        let places: Vec<(Span, String)> = labels.collect();
        if seen.insert((places, mistake.message.clone(), mistake.severity == Severity::Error)) {
            once.push(mistake);
        }
    }
    Diagnostics::from(once).sorted()
}
