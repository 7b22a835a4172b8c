//! An object on its way from a block to a [`Desired`]: what the block knows of it, before the rules that all
//! objects share have been applied.

use serde_json::Value;

use super::codes;
use super::facts::SecretText;
use super::keys::origin_of;
use crate::config::Block;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::{
    Address, Batch, BlockAddress, Desired, Encoding, Expression, FieldPath, HelmRelease, Hook, Identity,
    Lifecycle, Origin, PathMap, ReadyRule, Unchecked,
};

/// Stands in an object for a text that is not known, or that is not read in this run.
const PLACEHOLDER: &str = "(sensitive)";

/// How an object is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Addressing {
    /// By the block alone, which is this one object: `resource.greeting`.
    AsBlock,
    /// By the block, the kind and the name: `registry.main/Deployment/registry`.
    WithinBlock {
        /// The block's own namespace, which is not repeated in the address.
        block_namespace: String,
    },
}

impl Addressing {
    /// The address of this object of a block.
    pub(super) fn address(&self, block: &BlockAddress, identity: &Identity) -> Address {
        match self {
            Self::AsBlock => Address { block: block.clone(), object: None },
            Self::WithinBlock { block_namespace } => {
                Address::object(block.clone(), identity, Some(block_namespace))
            }
        }
    }
}

/// An object as a block makes it.
///
/// Its namespace may be missing: whether its kind has one is decided when the kinds of all blocks are
/// known.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The object. References still stand in it as marks.
    pub(super) object: Value,
    /// How it is addressed.
    pub(super) addressing: Addressing,
    /// The namespace that it takes if it names none and its kind has one.
    pub(super) namespace: String,
    /// Where its fields come from.
    pub(super) origins: PathMap<Origin>,
    /// Fields whose value is that of the key that they come from.
    pub(super) settable: PathMap<()>,
    /// Fields that are known only when others are there.
    pub(super) unresolved: PathMap<Expression>,
    /// Fields that take the list of the addresses that a reference leads to.
    pub(super) addresses: PathMap<Encoding>,
    /// Fields that nobody may see.
    pub(super) sensitive: PathMap<()>,
    /// Fields that could not be checked.
    pub(super) unchecked: PathMap<Unchecked>,
    /// Fields whose values were made in this very run.
    pub(super) fresh: PathMap<()>,
    /// Fields whose values were generated, in this run or in an earlier one.
    generated: PathMap<()>,
    /// Fields that a chart makes at random.
    pub(super) random: PathMap<()>,
    /// Of which run these are.
    pub(super) batch: Option<Batch>,
    /// Fields that hold an htpasswd file.
    htpasswd: PathMap<()>,
    /// What must be there before.
    pub(super) depends_on: Vec<Address>,
    /// What an export brought along, and the server or a controller chose.
    pub(super) controlled: Vec<FieldPath>,
    /// Whether what makes it may look at which kinds are served.
    pub(super) looks_at_apis: bool,
    /// Whether a deletion needs consent, whatever the block says.
    pub(super) protect: bool,
    /// When it is ready, if not by the rule of its kind, and the block says nothing else.
    pub(super) ready: Option<ReadyRule>,
    /// How it is run, where it is a hook of a chart.
    pub(super) hook: Option<Hook>,
    /// The digest of all that its chart is rendered from, where it comes from one.
    pub(super) rendered_from: Option<String>,
    /// The release of Helm that it is taken over from, where it is there.
    pub(super) release: Option<HelmRelease>,
}

impl Draft {
    /// An object that comes from a block as a whole.
    pub(super) fn new(block: &Block, object: Value, addressing: Addressing, namespace: &str) -> Self {
        let origin = Origin::of_key(block.address.to_string(), Some(block.span));
        Self::of(object, origin, addressing, namespace)
    }

    /// A value that comes from this place as a whole.
    pub(super) fn of(object: Value, origin: Origin, addressing: Addressing, namespace: &str) -> Self {
        let mut origins = PathMap::default();
        origins.insert(FieldPath::root(), origin);
        Self {
            object,
            addressing,
            namespace: namespace.to_owned(),
            origins,
            settable: PathMap::default(),
            unresolved: PathMap::default(),
            addresses: PathMap::default(),
            sensitive: PathMap::default(),
            unchecked: PathMap::default(),
            fresh: PathMap::default(),
            generated: PathMap::default(),
            random: PathMap::default(),
            batch: None,
            htpasswd: PathMap::default(),
            depends_on: Vec::new(),
            controlled: Vec::new(),
            looks_at_apis: false,
            protect: false,
            ready: None,
            hook: None,
            rendered_from: None,
            release: None,
        }
    }

    /// Says which key of the block a field comes from. A key that is not written is a default, and has
    /// no place.
    #[must_use]
    pub(super) fn from<'k>(
        mut self,
        block: &Block,
        path: FieldPath,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Self {
        self.origins.insert(path, origin_of(block, keys));
        self
    }

    /// Says which key of the block gives a field as it is, and no other field.
    #[must_use]
    pub(super) fn set_by<'k>(
        mut self,
        block: &Block,
        path: FieldPath,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Self {
        self.settable.insert(path.clone(), ());
        self.from(block, path, keys)
    }

    /// Puts in a text that nobody may see.
    pub(super) fn put_secret(&mut self, path: FieldPath, text: &SecretText) {
        self.put_text(path.clone(), text);
        self.sensitive.insert(path, ());
    }

    /// Puts in a text that regplan generates, and that is kept nowhere but in this object.
    pub(super) fn put_generated(&mut self, path: FieldPath, text: &SecretText) {
        self.put_secret(path.clone(), text);
        self.generated.insert(path, ());
    }

    /// Puts in an htpasswd file.
    pub(super) fn put_htpasswd(&mut self, path: FieldPath, text: &SecretText) {
        self.put_secret(path.clone(), text);
        self.htpasswd.insert(path, ());
    }

    /// Puts in a text that is no secret itself, but computed from one: or a placeholder, and why the field
    /// could not be checked.
    pub(super) fn put_text(&mut self, path: FieldPath, text: &SecretText) {
        let reason = match text {
            SecretText::Known(value) | SecretText::New(value) => {
                path.set(&mut self.object, Value::from(value.as_str()));
                if text.is_new() {
                    self.fresh.insert(path, ());
                }
                return;
            }
            SecretText::Placeholder => "secrets are not read here".to_owned(),
            SecretText::Unknown(reason) | SecretText::Lost(reason) => reason.clone(),
        };
        self.leave_unchecked(path, &reason);
    }

    /// Puts in a placeholder, and says why the field could not be checked.
    pub(super) fn leave_unchecked(&mut self, path: FieldPath, reason: &str) {
        path.set(&mut self.object, Value::from(PLACEHOLDER));
        self.unchecked.insert(path, Unchecked { reason: reason.to_owned() });
    }

    /// The place of a field, or of the nearest thing above it that has one.
    pub(super) fn span(&self, path: &FieldPath) -> Option<Span> {
        self.origins.nearest(path)?.span
    }

    /// The desired resource with this address; `None` for an object without kind, version or name.
    pub(super) fn into_desired(self, address: Address) -> Option<Desired> {
        Some(Desired {
            origins: self.origins,
            settable: self.settable,
            unresolved: self.unresolved,
            sensitive: self.sensitive,
            unchecked: self.unchecked,
            fresh: self.fresh,
            generated: self.generated,
            random: self.random,
            batch: self.batch,
            htpasswd: self.htpasswd,
            hook: self.hook,
            rendered_from: self.rendered_from,
            release: self.release,
            depends_on: self.depends_on.into_iter().map(|address| (address, None)).collect(),
            lifecycle: Lifecycle { protect: self.protect, ready: self.ready, ..Lifecycle::default() },
            ..Desired::new(address, self.object)?
        })
    }
}

/// The mistake for a generated value that the cluster has lost. `what` is the key or block that it belongs to,
/// `address` that of the Secret that stored it.
pub(super) fn lost_value(what: &str, reason: &str, address: &Address) -> Diagnostic {
    Diagnostic::error(codes::LOST_SECRET, format!("the generated value of `{what}` is lost: {reason}"))
        .help(format!("restore it, or agree to a new one: `--consent {address}`"))
}
