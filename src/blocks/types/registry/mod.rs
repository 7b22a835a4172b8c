//! `[registry.NAME]`: a private Docker registry.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `options` | Which keys does the block have? |
//! | `spec` | What does the block say, and which names and questions follow from it? |
//! | `rules` | What is wrong with a block that no schema finds? |
//! | `common` | What do all objects of a registry have in common? |
//! | `objects` | Account, configuration, Secrets, claim, disruption budget |
//! | `storage` | Where are images stored, and what do the pods need for it? |
//! | `workload` | The Deployment: pods, probes, how they are replaced |
//! | `draining` | How does a pod end whose place another one takes? |
//! | `way` | By which way is the registry reached, and what do its pods say of themselves? |
//! | `serving` | Which controller serves its Ingress? |
//! | `exposure` | Which objects make that way? |
//! | `record` | Which record of DNS leads to it? |
//! | `certificate` | Who certifies its name? |
//! | `config_yml` | What is in the registry's own configuration file? |
//! | `htpasswd` | Which htpasswd files does the registry take? |
//! | `login` | What must others know to log in? |
//! | `image` | What does an image's name say? |
//! | `pull_users` | Which users do pull secrets add? |
//! | `properties` | What does a registry give to those who refer to it? |
//! | `endpoint` | How do those reach it who look whether it works? |
//! | `key_facts` | What does a reader of a plan want to know of it first? |

mod certificate;
mod common;
mod config_yml;
mod draining;
mod endpoint;
mod exposure;
mod htpasswd;
mod image;
mod key_facts;
pub(in crate::blocks) mod login;
mod objects;
mod options;
mod properties;
pub(in crate::blocks) mod pull_users;
mod record;
mod rules;
mod serving;
pub(in crate::blocks) mod spec;
mod storage;
mod way;
mod workload;

use serde_json::Value;

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::Draft;
use crate::blocks::endpoint::Endpoint;
use crate::blocks::facts::{Facts, Need};
use crate::blocks::types::pull_secret::pull_users;
use crate::config::{Block, Property};
use crate::diagnostic::Diagnostic;
use crate::kubernetes::class_controllers::Redirect;
use crate::resource::{Desired, KeyFact};
use common::Registry;
use options::Options;
use serving::Serving;
pub(in crate::blocks) use spec::{RegistryBlock, RegistrySpec};

/// How the controller of a registry with TLS sends plain HTTP on to HTTPS, where that takes an object of its own.
fn redirect(spec: &RegistrySpec, serving: Option<&Serving<'_>>) -> Option<Redirect> {
    spec.options.tls.as_ref().and(serving)?.redirect()
}

impl BlockType for RegistryBlock {
    const KIND: &'static str = "registry";
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[
        &["storage.volume", "storage.s3"],
        &["auth.users", "auth.htpasswd", "auth.anonymous"],
        &["ingress", "gateway", "load_balancer", "node_port"],
    ];
    const PROPERTIES: &'static [Property] = properties::PROPERTIES;
    type Keys = Options;
    type Spec = RegistrySpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<RegistrySpec> {
        RegistrySpec::read(block, defaults, mistakes)
    }

    fn needs(&self, block: &Block, spec: &RegistrySpec, context: &CompileContext<'_>) -> Vec<Need> {
        let dns = spec.dns(context);
        let needs = spec.needs(&pull_users(&block.address, spec, context));
        let classes = serving::needs(spec);
        // Where the controller is reached depends on who it is.
        let are_classes_known = classes.iter().all(|need| context.facts.get(need).is_some());
        let serving = Serving::of(spec, context);
        let record = are_classes_known.then(|| record::needs(spec, dns, serving.as_ref()));
        let record = record.into_iter().flatten();
        let redirect = redirect(spec, serving.as_ref()).map(|_| Need::Capabilities);
        let gateway = spec.gateway_need().into_iter().chain(spec.gateway_class_need(context.facts));
        needs
            .into_iter()
            .chain(draining::needs(spec))
            .chain(classes)
            .chain(record)
            .chain(redirect)
            .chain(gateway)
            .collect()
    }

    fn compile(
        &self,
        block: &Block,
        spec: &RegistrySpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let issuer = spec.issuer().and_then(|issuer| context.spec(issuer));
        let dns = spec.dns(context);
        let pull_users = &pull_users(&block.address, spec, context);
        let serving = Serving::of(spec, context);
        let registry = Registry {
            block,
            spec,
            facts: context.facts,
            issuer,
            dns,
            serving: serving.as_ref(),
            redirect: redirect(spec, serving.as_ref())
                .filter(|redirect| redirect.apis().iter().all(|api| context.has_api(&block.address, api))),
            declared_gateways: context.declared_gateways,
            declared_balancers: context.declared_balancers,
            declared_body_limits: context.declared_body_limits,
            kubernetes: context.kubernetes(),
            pull_users,
        };
        rules::check(&registry, mistakes);
        rules::further_names::check(&registry, context, mistakes);
        rules::shared_bucket::check(&registry, context, mistakes);
        if let Some(zone) = spec.own_zone() {
            zone.check_maker(block, context, mistakes);
        }
        record::check_annotations(&registry, context, mistakes);
        let mut drafts = vec![objects::service_account(&registry), objects::config_map(&registry)];
        drafts.extend(objects::secrets(&registry, mistakes));
        drafts.extend(objects::claim(&registry));
        drafts.push(workload::deployment(&registry));
        drafts.extend(record::object(&registry, context));
        drafts.extend(certificate::object(&registry));
        drafts.extend(exposure::objects(&registry));
        drafts.extend(objects::budget(&registry));
        drafts
    }

    fn key_facts(&self, spec: &RegistrySpec) -> Vec<KeyFact> {
        key_facts::key_facts(spec)
    }

    fn property(&self, spec: &RegistrySpec, name: &str, facts: &Facts) -> Option<Value> {
        properties::property(spec, name, facts)
    }

    fn endpoint(&self, block: &Block, spec: &RegistrySpec, context: &CompileContext<'_>) -> Option<Endpoint> {
        let issuer = spec.issuer().and_then(|issuer| context.spec(issuer));
        Some(endpoint::endpoint(&block.address, spec, issuer))
    }

    /// The Deployment is what the block is about: another claim, for example, would be another registry.
    fn leads(&self, desired: &Desired) -> bool {
        desired.identity.is("apps", "Deployment")
    }

    /// Who signs the certificate, and the zone, mean nothing to what only holds data: a claim that stays needs neither.
    fn needs_named_blocks(&self, desired: &Desired) -> bool {
        const DATA: [&str; 4] = ["ConfigMap", "PersistentVolumeClaim", "Secret", "ServiceAccount"];
        !DATA.iter().any(|kind| desired.identity.is("", kind))
    }

    fn has_leader(&self) -> bool {
        true
    }

    /// Another block may make the ingress class.
    fn asks_for_all_objects(&self) -> bool {
        true
    }
}
