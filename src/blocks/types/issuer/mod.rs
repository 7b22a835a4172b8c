//! `[issuer.NAME]`: who signs certificates, as an Issuer or a `ClusterIssuer` of cert-manager.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `options` | Which keys does the block have? |
//! | `acme` | How does an ACME server, such as Let's Encrypt, sign? |
//! | `dns01` | How is a DNS record made that proves a name to it? |
//! | `authority` | How does an authority of one's own sign? |
//! | `properties` | What does an issuer give to those who refer to it? |
//! | `rules` | What is wrong with a block that no schema finds? |

mod acme;
mod authority;
mod dns01;
mod options;
mod properties;
mod rules;

use serde_json::{Value, json};

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::endpoint::Signer;
use crate::blocks::facts::{Facts, Need};
use crate::blocks::keys;
use crate::config::{Block, Property};
use crate::diagnostic::Diagnostic;
use crate::resource::{Desired, FieldPath, Identity, KeyFact};
pub(in crate::blocks) use acme::HttpProof;
use options::{IssuerKeys, Scope};

/// The version of cert-manager's kinds. Those before it are not served since cert-manager 1.6.
/// Source: <https://cert-manager.io/docs/releases/upgrading/remove-deprecated-apis/>
pub(super) const API_VERSION: &str = "cert-manager.io/v1";

/// The block type `issuer`.
pub(in crate::blocks) struct IssuerBlock;

/// What a block says, and what follows from it.
pub(in crate::blocks) struct IssuerSpec {
    keys: IssuerKeys,
    name: String,
    namespace: String,
}

impl IssuerSpec {
    /// `ClusterIssuer`, or `Issuer`.
    fn kind(&self) -> &'static str {
        match self.keys.scope {
            Scope::Cluster => "ClusterIssuer",
            Scope::Namespace => "Issuer",
        }
    }

    /// The namespace in which it looks for Secrets: its own, or that of cert-manager.
    fn secrets_namespace(&self) -> &str {
        match self.keys.scope {
            Scope::Cluster => &self.keys.cert_manager_namespace,
            Scope::Namespace => &self.namespace,
        }
    }

    /// `NAME-SUFFIX`.
    fn suffixed(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.name)
    }

    /// What a Certificate says to be signed by it.
    pub(in crate::blocks) fn reference(&self) -> Value {
        json!({"group": "cert-manager.io", "kind": self.kind(), "name": self.name})
    }

    /// Who signs.
    pub(in crate::blocks) fn signer(&self) -> Signer {
        match (&self.keys.acme, &self.keys.ca) {
            (Some(acme), _) => acme::signer(acme),
            (None, Some(authority)) => {
                let secret = authority.secret.clone().unwrap_or_else(|| self.suffixed("root"));
                Signer::Authority(Identity::namespaced("", "Secret", self.secrets_namespace(), secret))
            }
            (None, None) => Signer::Itself,
        }
    }

    /// Who answers the server that looks at port 80 of this name before the issuer signs for it; `None` where none does.
    pub(in crate::blocks) fn proof_by_http(&self, name: &str) -> Option<HttpProof<'_>> {
        acme::proof_by_http(self.keys.acme.as_ref()?, name)
    }

    /// The only namespace whose certificates it signs; `None` where it signs those of all.
    pub(in crate::blocks) fn only_namespace(&self) -> Option<&str> {
        (self.keys.scope == Scope::Namespace).then_some(self.namespace.as_str())
    }

    /// An object of the block.
    fn draft(&self, block: &Block, object: Value) -> Draft {
        let addressing = Addressing::WithinBlock { block_namespace: self.namespace.clone() };
        Draft::new(block, object, addressing, &self.namespace)
    }

    /// An issuer of the block's scope.
    fn issuer(&self, block: &Block, name: &str, spec: &Value) -> Draft {
        let mut object = json!({
            "apiVersion": API_VERSION, "kind": self.kind(), "metadata": {"name": name}, "spec": spec,
        });
        if let Some(namespace) = self.only_namespace() {
            object["metadata"]["namespace"] = Value::from(namespace);
        }
        self.draft(block, object)
    }
}

/// The name of the object where the block says none. That of Let's Encrypt's staging has another name than that of its
/// production: a certificate is signed anew only where its issuer has another name.
fn default_name(block: &Block, keys: &IssuerKeys) -> String {
    let name = block.address.name.to_lowercase().replace('_', "-");
    if keys.acme.as_ref().is_some_and(acme::is_staging) { format!("{name}-staging") } else { name }
}

impl BlockType for IssuerBlock {
    const KIND: &'static str = "issuer";
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[&["acme", "ca", "self_signed"]];
    const PROPERTIES: &'static [Property] = properties::PROPERTIES;
    type Keys = IssuerKeys;
    type Spec = IssuerSpec;

    fn read(
        &self,
        block: &Block,
        defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<IssuerSpec> {
        let keys: IssuerKeys = keys::read(block, mistakes)?;
        rules::check(block, &keys, mistakes);
        let name = keys.name.clone().unwrap_or_else(|| default_name(block, &keys));
        let namespace = keys.namespace.clone().unwrap_or_else(|| defaults.namespace.to_owned());
        Some(IssuerSpec { keys, name, namespace })
    }

    fn needs(&self, _block: &Block, spec: &IssuerSpec, _context: &CompileContext<'_>) -> Vec<Need> {
        spec.keys.acme.as_ref().map_or_else(Vec::new, acme::needs)
    }

    fn compile(
        &self,
        block: &Block,
        spec: &IssuerSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let IssuerKeys { acme, ca, self_signed, .. } = &spec.keys;
        match (acme, ca) {
            (Some(acme), _) => acme::objects(block, spec, acme, context, mistakes),
            (None, Some(ca)) => authority::objects(block, spec, ca),
            (None, None) if *self_signed => {
                let issuer = spec.issuer(block, &spec.name, &json!({"selfSigned": {}}));
                vec![issuer.from(block, FieldPath::keys(["spec"]), ["self_signed"])]
            }
            (None, None) => Vec::new(),
        }
    }

    fn key_facts(&self, spec: &IssuerSpec) -> Vec<KeyFact> {
        let IssuerKeys { acme, ca, .. } = &spec.keys;
        let signs = match (acme, ca) {
            (Some(acme), _) => return acme::key_facts(acme),
            (None, Some(ca)) => match &ca.secret {
                Some(secret) => format!("the authority in the Secret {}/{secret}", spec.secrets_namespace()),
                None => "an authority of its own, made here".to_owned(),
            },
            (None, None) => "itself".to_owned(),
        };
        vec![KeyFact::new("signs", signs)]
    }

    fn property(&self, spec: &IssuerSpec, name: &str, facts: &Facts) -> Option<Value> {
        properties::property(spec, name, facts)
    }

    fn property_need(&self, spec: &IssuerSpec, name: &str) -> Option<Need> {
        properties::need(spec, name)
    }

    /// The issuer that others name; not the one that signs its root.
    fn leads(&self, desired: &Desired) -> bool {
        desired.address.object.is_some()
            && desired.identity.group == "cert-manager.io"
            && desired.identity.kind.ends_with("Issuer")
            && !desired.identity.name.ends_with(authority::MAKER)
    }

    fn has_leader(&self) -> bool {
        true
    }
}
