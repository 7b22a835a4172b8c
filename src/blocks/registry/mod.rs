//! `[registry.NAME]`: a private Docker registry.

mod config_yml;
mod htpasswd;
mod image;
mod objects;
mod options;
mod rules;
mod site;
mod workload;

use super::draft::Draft;
use super::facts::Need;
use super::{BlockType, Surroundings, schema};
use crate::config::{Block, BlockSchema};
use crate::diagnostic::Diagnostic;
use crate::resource::Desired;
use options::Options;
use site::Site;

/// The block type `registry`.
pub(super) struct Registry;

/// Keys of which only one may stand.
const ALTERNATIVES: &[&[&str]] = &[&["auth.users", "auth.htpasswd", "auth.anonymous"]];

impl BlockType for Registry {
    fn schema(&self) -> BlockSchema {
        BlockSchema { kind: "registry", schema: schema::of::<Options>(), alternatives: ALTERNATIVES }
    }

    fn needs(&self, block: &Block, around: &Surroundings<'_>) -> Vec<Need> {
        // What cannot be read is told when the block compiles.
        Site::read(block, around, &mut Vec::new()).map_or_else(Vec::new, |site| site.needs())
    }

    fn compile(
        &self,
        block: &Block,
        around: &Surroundings<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(site) = Site::read(block, around, mistakes) else { return Vec::new() };
        rules::check(&site, mistakes);
        let mut drafts = vec![objects::service_account(&site), objects::config_map(&site)];
        drafts.extend(objects::secrets(&site, mistakes));
        drafts.extend([objects::claim(&site), workload::deployment(&site), objects::service(&site)]);
        drafts.extend(objects::ingress(&site));
        drafts.extend(objects::budget(&site));
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
