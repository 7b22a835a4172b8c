//! `[registry.NAME]`: a private Docker registry.

mod config_yml;
mod htpasswd;
mod image;
mod objects;
mod options;
mod rules;
mod spec;
mod workload;

use super::draft::Draft;
use super::facts::Need;
use super::{BlockType, CompileContext, schema};
use crate::config::{Block, BlockSchema};
use crate::diagnostic::Diagnostic;
use crate::resource::Desired;
use options::Options;
use spec::RegistrySpec;

/// The block type `registry`.
pub(super) struct Registry;

/// Keys of which only one may stand.
const ALTERNATIVES: &[&[&str]] = &[&["auth.users", "auth.htpasswd", "auth.anonymous"]];

impl BlockType for Registry {
    fn schema(&self) -> BlockSchema {
        BlockSchema { kind: "registry", schema: schema::of::<Options>(), alternatives: ALTERNATIVES }
    }

    fn needs(&self, block: &Block, context: &CompileContext<'_>) -> Vec<Need> {
        // What cannot be read is told when the block compiles.
        RegistrySpec::read(block, context, &mut Vec::new()).map_or_else(Vec::new, |registry| registry.needs())
    }

    fn compile(
        &self,
        block: &Block,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(registry) = RegistrySpec::read(block, context, mistakes) else { return Vec::new() };
        rules::check(&registry, mistakes);
        let mut drafts = vec![objects::service_account(&registry), objects::config_map(&registry)];
        drafts.extend(objects::secrets(&registry, mistakes));
        drafts.extend([
            objects::claim(&registry),
            workload::deployment(&registry),
            objects::service(&registry),
        ]);
        drafts.extend(objects::ingress(&registry));
        drafts.extend(objects::budget(&registry));
        drafts
    }

    /// The Deployment is what the block is about: another claim, say, would be another registry.
    fn leads(&self, desired: &Desired) -> bool {
        desired.identity.is("apps", "Deployment")
    }

    fn has_leader(&self) -> bool {
        true
    }
}
