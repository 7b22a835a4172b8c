//! What a type of block is. Each file in `types` implements it once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::defined_apis::DefinedApis;
use super::draft::Draft;
use super::endpoint::Endpoint;
use super::facts::{Fact, Facts, NamespaceLabels, Need};
use super::properties::Properties;
use super::schema;
use super::specs::Specs;
use crate::config::{BLOCK, BLOCK_KEYS, Block, BlockSchema, Property};
use crate::diagnostic::{Diagnostic, Sources};
use crate::kubernetes::ingress_classes::IngressClass;
use crate::resource::{Address, BlockAddress, Desired, Identity, KeyFact, NamespaceSelection};

/// What holds for every block that says nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults<'a> {
    /// `[project] name`.
    pub(super) project: &'a str,
    /// The files of the configuration.
    pub(super) sources: &'a Sources,
    /// The namespace of objects that name none.
    pub(super) namespace: &'a str,
    /// The version of Kubernetes that is taken where no cluster is asked: `[cluster] version`.
    pub(super) cluster_version: Option<&'a str>,
}

/// What a block can look at while it asks and compiles.
#[derive(Clone, Copy)]
pub(super) struct CompileContext<'a> {
    /// What holds for every block that says nothing else.
    pub(super) defaults: Defaults<'a>,
    /// What was found out for the blocks.
    pub(super) facts: &'a Facts,
    /// The values of sensitive variables, by name.
    pub(super) sensitive_variables: &'a BTreeMap<String, String>,
    /// What blocks give beside their keys.
    pub(super) properties: &'a Properties,
    /// The kinds that the configuration itself defines.
    pub(super) defined_apis: &'a DefinedApis,
    /// The blocks of which nobody knows yet what they define.
    pub(super) undeclared: &'a BTreeSet<BlockAddress>,
    /// The namespaces that the configuration itself declares.
    pub(super) declared_namespaces: &'a NamespaceLabels,
    /// The ingress classes that the configuration itself declares.
    pub(super) declared_ingress_classes: &'a [IngressClass],
    /// The Gateways that the configuration itself declares.
    pub(super) declared_gateways: &'a BTreeSet<Identity>,
    /// The Services to which load balancers are to lead that the configuration itself makes, with their addresses.
    pub(super) declared_balancers: &'a BTreeMap<Identity, Address>,
    /// The Gateways and routes for which the configuration itself says how large a body may be, and how large.
    pub(super) declared_body_limits: &'a BTreeMap<Identity, String>,
    pub(super) specs: &'a Specs,
}

impl<'a> CompileContext<'a> {
    /// What another block says. `None` where that block has a mistake, which is reported already: whether it is
    /// there, and of the right type, was checked with the schema (see [`BlockRef`]).
    pub(super) fn spec<T: BlockType>(&self, block: &BlockRef<T>) -> Option<&'a T::Spec> {
        self.specs.get(&block.address)
    }

    /// The version of Kubernetes: that of the cluster, or the one that the configuration names where none is asked. `None` where
    /// neither tells, and where the cluster was asked in vain.
    pub(super) fn kubernetes(&self) -> Option<&'a str> {
        match self.facts.get(&Need::Capabilities) {
            Some(Fact::Capabilities(Some(found))) => Some(&found.version),
            Some(Fact::Unknown(_)) => None,
            _ => self.defaults.cluster_version,
        }
    }

    /// Whether a block can count on this kind, as Helm names it: the cluster serves it, or this configuration defines it. A cluster
    /// that was asked in vain is taken to serve it: so a question that fails once deletes nothing.
    pub(super) fn has_api(&self, block: &BlockAddress, api: &str) -> bool {
        let is_served = match self.facts.get(&Need::Capabilities) {
            Some(Fact::Capabilities(Some(found))) => found.apis.iter().any(|served| served == api),
            Some(Fact::Unknown(_)) => true,
            _ => false,
        };
        is_served || self.defined_apis.known_to(block).iter().any(|defined| *defined == api)
    }

    /// What all blocks of a type say, each with its address. Those with a mistake are not among them.
    pub(super) fn specs<T: BlockType>(&self) -> impl Iterator<Item = (&'a BlockAddress, &'a T::Spec)> {
        self.specs.all()
    }
}

/// A key that names a block of the type `T`, by its address: `tls.issuer = "issuer.letsencrypt"`.
///
/// To be named is all that a type needs to say in its keys: from the schema of this type follow the mistakes (no
/// such block, another type, its own block), and that the objects of the block wait for those of the named one.
/// [`CompileContext::spec`] gives what the named block says.
pub(super) struct BlockRef<T> {
    address: BlockAddress,
    block_type: PhantomData<fn() -> T>,
}

impl<T> BlockRef<T> {
    /// The address of the block.
    pub(super) fn block(&self) -> &BlockAddress {
        &self.address
    }
}

impl<T: BlockType> BlockRef<T> {
    /// The block with this name.
    pub(super) fn named(name: &str) -> Self {
        Self { address: BlockAddress::new(T::KIND, name), block_type: PhantomData }
    }
}

impl<T> BlockRef<T> {
    /// The address of the named block.
    pub(super) fn address(&self) -> &BlockAddress {
        &self.address
    }
}

impl<T> std::fmt::Display for BlockRef<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.address.fmt(f)
    }
}

impl<T> std::fmt::Debug for BlockRef<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlockRef({})", self.address)
    }
}

impl<T> Clone for BlockRef<T> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), block_type: PhantomData }
    }
}

impl<'de, T> Deserialize<'de> for BlockRef<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { address: BlockAddress::deserialize(deserializer)?, block_type: PhantomData })
    }
}

impl<T: BlockType> JsonSchema for BlockRef<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}-address", T::KIND).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", (BLOCK): T::KIND })
    }
}

/// A type of block.
///
/// Everything here is pure: what a block must know of the outside it asks for by [`needs`](Self::needs).
pub(super) trait BlockType: Sync + 'static {
    /// The type's name: `registry` in `[registry.main]`.
    const KIND: &'static str;

    /// The keys of a block, as a user writes them. Their documentation is that of the type.
    type Keys: JsonSchema;

    /// What a block of this type says. Other blocks may look at it.
    type Spec: Send + Sync + 'static;

    /// See [`BlockSchema::alternatives`].
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[];

    /// See [`BlockSchema::common_keys`].
    const COMMON_KEYS: &'static [&'static str] = BLOCK_KEYS;

    /// What its blocks give beside their keys; [`property`](Self::property) gives the values.
    const PROPERTIES: &'static [Property] = &[];

    /// What the configuration must know to check a block of this type.
    fn schema(&self) -> BlockSchema {
        BlockSchema {
            kind: Self::KIND,
            schema: schema::of::<Self::Keys>(),
            alternatives: Self::ALTERNATIVES,
            common_keys: Self::COMMON_KEYS,
            properties: Self::PROPERTIES,
        }
    }

    /// Reads a block that its schema has accepted. `None` where it cannot be read; then a mistake is pushed.
    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Self::Spec>;

    /// What a block must know of the outside before it compiles, as far as that can be told from the facts
    /// that are known already. It is asked again when these needs have been answered.
    fn needs(&self, block: &Block, spec: &Self::Spec, context: &CompileContext<'_>) -> Vec<Need>;

    /// The objects that the block asks for. Mistakes that no schema finds are pushed.
    fn compile(
        &self,
        block: &Block,
        spec: &Self::Spec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft>;

    /// The objects of the block that others look at: what it defines, its namespaces and its ways in. A block that knows
    /// them before it knows the rest tells them earlier; `None` where it does not know them yet, and is to ask first.
    fn declared(&self, block: &Block, spec: &Self::Spec, context: &CompileContext<'_>) -> Option<Vec<Draft>> {
        // Mistakes are reported when the block compiles.
        Some(self.compile(block, spec, context, &mut Vec::new()))
    }

    /// What a reader of the plan that makes the block wants to know first. No secret is among it.
    fn key_facts(&self, _spec: &Self::Spec) -> Vec<KeyFact> {
        Vec::new()
    }

    /// The value of one of its [properties](Self::PROPERTIES); `None` where a mistake of the block, which is reported,
    /// keeps it unknown, or what it [needs](Self::property_need) was not found; `null` where a block of this kind does not
    /// have it. No secret is among them.
    fn property(&self, _spec: &Self::Spec, _name: &str, _facts: &Facts) -> Option<Value> {
        None
    }

    /// What must be read for a property that only the cluster knows.
    fn property_need(&self, _spec: &Self::Spec, _name: &str) -> Option<Need> {
        None
    }

    /// The registry to which a block gives pods a login; `None` for every other block.
    fn gives_login_to<'s>(&self, _spec: &'s Self::Spec) -> Option<&'s BlockAddress> {
        None
    }

    /// Which namespaces a block chooses by their labels; `None` for a block that chooses none.
    fn namespace_selection(
        &self,
        _block: &Block,
        _spec: &Self::Spec,
        _context: &CompileContext<'_>,
    ) -> Option<NamespaceSelection> {
        None
    }

    /// How the registry that a block is about is reached; `None` for every other block.
    fn endpoint(
        &self,
        _block: &Block,
        _spec: &Self::Spec,
        _context: &CompileContext<'_>,
    ) -> Option<Endpoint> {
        None
    }

    /// Whether `${…}` in the texts of its objects is a reference.
    fn is_interpolated(&self) -> bool {
        true
    }

    /// Whether an object is what the block is about, so that `replace_triggered_by` and `ready` mean it.
    fn leads(&self, _desired: &Desired) -> bool {
        true
    }

    /// Whether an object waits for the blocks that keys of its block name, and keeps them where it stays.
    fn needs_named_blocks(&self, _desired: &Desired) -> bool {
        true
    }

    /// Whether some objects of a block lead the others.
    fn has_leader(&self) -> bool {
        false
    }

    /// Whether what the blocks compile to depends on the objects of the whole configuration: on the kinds that these
    /// define, on the namespaces and ingress classes among them.
    fn asks_for_all_objects(&self) -> bool {
        false
    }
}

/// A [`BlockType`] without the type of its specs, so that all types of blocks stand in one list.
///
/// Every `BlockType` is one. The spec of a block is looked up in the context; a block that could not be read
/// has none, and so no needs and no objects.
pub(super) trait AnyBlockType: Sync {
    /// The type's name.
    fn kind(&self) -> &'static str;

    /// See [`BlockType::schema`].
    fn schema(&self) -> BlockSchema;

    /// Reads a block and keeps its spec.
    fn read(&self, block: &Block, defaults: Defaults<'_>, specs: &mut Specs, mistakes: &mut Vec<Diagnostic>);

    /// See [`BlockType::needs`].
    fn needs(&self, block: &Block, context: &CompileContext<'_>) -> Vec<Need>;

    /// See [`BlockType::compile`].
    fn compile(
        &self,
        block: &Block,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft>;

    /// See [`BlockType::declared`].
    fn declared(&self, block: &Block, context: &CompileContext<'_>) -> Option<Vec<Draft>>;

    /// See [`BlockType::key_facts`].
    fn key_facts(&self, block: &BlockAddress, specs: &Specs) -> Vec<KeyFact>;

    /// See [`BlockType::property`].
    fn property(&self, block: &BlockAddress, name: &str, specs: &Specs, facts: &Facts) -> Option<Value>;

    /// See [`BlockType::property_need`].
    fn property_need(&self, block: &BlockAddress, name: &str, specs: &Specs) -> Option<Need>;

    /// See [`BlockType::gives_login_to`].
    fn gives_login_to<'s>(&self, block: &BlockAddress, specs: &'s Specs) -> Option<&'s BlockAddress>;

    /// See [`BlockType::namespace_selection`].
    fn namespace_selection(&self, block: &Block, context: &CompileContext<'_>) -> Option<NamespaceSelection>;

    /// See [`BlockType::endpoint`].
    fn endpoint(&self, block: &Block, context: &CompileContext<'_>) -> Option<Endpoint>;

    /// See [`BlockType::is_interpolated`].
    fn is_interpolated(&self) -> bool;

    /// See [`BlockType::leads`].
    fn leads(&self, desired: &Desired) -> bool;

    /// See [`BlockType::needs_named_blocks`].
    fn needs_named_blocks(&self, desired: &Desired) -> bool;

    /// See [`BlockType::has_leader`].
    fn has_leader(&self) -> bool;

    /// See [`BlockType::asks_for_all_objects`].
    fn asks_for_all_objects(&self) -> bool;
}

impl<T: BlockType> AnyBlockType for T {
    fn kind(&self) -> &'static str {
        T::KIND
    }

    fn schema(&self) -> BlockSchema {
        BlockType::schema(self)
    }

    fn read(&self, block: &Block, defaults: Defaults<'_>, specs: &mut Specs, mistakes: &mut Vec<Diagnostic>) {
        if let Some(spec) = BlockType::read(self, block, defaults, mistakes) {
            specs.insert(block.address.clone(), spec);
        }
    }

    fn needs(&self, block: &Block, context: &CompileContext<'_>) -> Vec<Need> {
        match context.specs.get(&block.address) {
            Some(spec) => BlockType::needs(self, block, spec, context),
            None => Vec::new(),
        }
    }

    fn compile(
        &self,
        block: &Block,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        match context.specs.get(&block.address) {
            Some(spec) => BlockType::compile(self, block, spec, context, mistakes),
            None => Vec::new(),
        }
    }

    fn declared(&self, block: &Block, context: &CompileContext<'_>) -> Option<Vec<Draft>> {
        match context.specs.get(&block.address) {
            Some(spec) => BlockType::declared(self, block, spec, context),
            None => Some(Vec::new()),
        }
    }

    fn key_facts(&self, block: &BlockAddress, specs: &Specs) -> Vec<KeyFact> {
        specs.get(block).map_or_else(Vec::new, |spec| BlockType::key_facts(self, spec))
    }

    fn property(&self, block: &BlockAddress, name: &str, specs: &Specs, facts: &Facts) -> Option<Value> {
        BlockType::property(self, specs.get(block)?, name, facts)
    }

    fn gives_login_to<'s>(&self, block: &BlockAddress, specs: &'s Specs) -> Option<&'s BlockAddress> {
        BlockType::gives_login_to(self, specs.get(block)?)
    }

    fn property_need(&self, block: &BlockAddress, name: &str, specs: &Specs) -> Option<Need> {
        BlockType::property_need(self, specs.get(block)?, name)
    }

    fn namespace_selection(&self, block: &Block, context: &CompileContext<'_>) -> Option<NamespaceSelection> {
        BlockType::namespace_selection(self, block, context.specs.get(&block.address)?, context)
    }

    fn endpoint(&self, block: &Block, context: &CompileContext<'_>) -> Option<Endpoint> {
        BlockType::endpoint(self, block, context.specs.get(&block.address)?, context)
    }

    fn is_interpolated(&self) -> bool {
        BlockType::is_interpolated(self)
    }

    fn leads(&self, desired: &Desired) -> bool {
        BlockType::leads(self, desired)
    }

    fn needs_named_blocks(&self, desired: &Desired) -> bool {
        BlockType::needs_named_blocks(self, desired)
    }

    fn has_leader(&self) -> bool {
        BlockType::has_leader(self)
    }

    fn asks_for_all_objects(&self) -> bool {
        BlockType::asks_for_all_objects(self)
    }
}
