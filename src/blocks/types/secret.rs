//! `[secret.NAME]`: a value that nobody may see.
//!
//! `${secret.NAME}` puts it into texts (see `substitution`). A generated value has a Secret in the cluster, which
//! is the block's only object.

use serde_json::json;

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::{Addressing, Draft, lost_value};
use crate::blocks::facts::{Need, SecretKeyRef, SecretText};
use crate::blocks::keys;
use crate::config::{Block, SECRET_KIND, SecretSource};
use crate::diagnostic::Diagnostic;
use crate::resource::{Address, FieldPath, Identity};

/// The key of the Secret that stores a generated value.
const KEY: &str = "value";

/// The block type `secret`.
pub(in crate::blocks) struct SecretBlock;

/// Where a secret comes from.
pub(in crate::blocks) struct SecretSpec {
    source: SecretSource,
    /// Where the cluster stores a generated value.
    stored_at: Option<SecretKeyRef>,
}

impl SecretSpec {
    /// What to ask for the value.
    pub(in crate::blocks) fn need(&self) -> Need {
        Need::Secret { source: self.source.clone(), stored_at: self.stored_at.clone() }
    }

    /// Whether the value is made by a run, and stored in the cluster.
    pub(in crate::blocks) fn is_generated(&self) -> bool {
        self.stored_at.is_some()
    }
}

impl BlockType for SecretBlock {
    const KIND: &'static str = SECRET_KIND;
    const COMMON_KEYS: &'static [&'static str] = &[];
    type Keys = SecretSource;
    type Spec = SecretSpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<SecretSpec> {
        let source = keys::read(block, mistakes)?;
        let stored_at = matches!(source, SecretSource::Generate(_)).then(|| {
            let name =
                format!("{}-{}", defaults.project, block.address.name.to_lowercase().replace('_', "-"));
            let secret = Identity::namespaced("", "Secret", defaults.namespace, name);
            SecretKeyRef { secret, key: KEY.to_owned() }
        });
        Some(SecretSpec { source, stored_at })
    }

    /// A generated value is always asked for, because its Secret is an object of its own. Other values are asked
    /// for where a text refers to them.
    fn needs(&self, _block: &Block, spec: &SecretSpec, _context: &CompileContext<'_>) -> Vec<Need> {
        if spec.is_generated() { vec![spec.need()] } else { Vec::new() }
    }

    fn compile(
        &self,
        block: &Block,
        spec: &SecretSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(SecretKeyRef { secret, key }) = &spec.stored_at else { return Vec::new() };
        let text = context.facts.text(&spec.need());
        if let SecretText::Lost(reason) = &text {
            let address = Address { block: block.address.clone(), object: None };
            mistakes.push(lost_value(&block.address.to_string(), reason, &address).at(block.span, ""));
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": secret.name, "namespace": secret.namespace},
            "type": "Opaque",
        });
        let mut draft = Draft::new(block, object, Addressing::AsBlock, context.defaults.namespace);
        draft.put_generated(FieldPath::keys(["stringData", key]), &text);
        vec![draft]
    }

    /// Its one text is the value, which is sent as it is.
    fn is_interpolated(&self) -> bool {
        false
    }
}
