//! `[dns.NAME]`: the records of a name in DNS, as one object that lives beside the cluster.
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | What does a block compile to? |
//! | `options` | Which keys does the block have? |
//! | `rules` | What is wrong with a block that no schema finds? |

mod options;
mod rules;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::codes;
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Need, SecretText};
use crate::blocks::keys::{self, span_of};
use crate::config::{Block, SecretSource};
use crate::diagnostic::{Diagnostic, SourceId, Sources};
use crate::resource::record_set::{
    RECORD_SET, RECORDS_API_VERSION, RECORDS_GROUP, RecordValue, TEXT_RECORD_SET, domain_name, in_order,
};
use crate::resource::{Expression, FieldPath, Identity, KeyFact, Unchecked};
use options::{DnsKeys, Rfc2136, TypeKey};

/// The block type `dns`.
pub(in crate::blocks) struct DnsBlock;

/// What a block says, and what follows from it.
pub(in crate::blocks) struct DnsSpec {
    keys: DnsKeys,
    /// The name and the zone in the form in which they are compared.
    name: Option<String>,
    zone: String,
}

/// What a name leads to.
pub(in crate::blocks) enum Leading {
    /// To these values, in their order.
    Known(Vec<String>),
    /// To what comes of this text with references, all of it.
    Later(String),
}

impl Leading {
    fn value(&self) -> Value {
        match self {
            Self::Known(values) => Value::from(values.as_slice()),
            Self::Later(text) => Value::from(text.as_str()),
        }
    }

    /// Notes that a reference gives all values.
    fn note(&self, draft: &mut Draft) {
        if matches!(self, Self::Later(_)) {
            draft.addresses.insert(values(), ());
        }
    }
}

/// The path of the values.
fn values() -> FieldPath {
    FieldPath::keys(["spec", "values"])
}

/// The kind of the object.
fn kind_of(record_type: TypeKey) -> &'static str {
    if record_type == TypeKey::Txt { TEXT_RECORD_SET } else { RECORD_SET }
}

impl DnsSpec {
    /// The name; `None` for a zone alone.
    pub(in crate::blocks) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The zone.
    pub(in crate::blocks) fn zone(&self) -> &str {
        &self.zone
    }

    /// Whether the block is a zone alone, in which others make their records.
    pub(in crate::blocks) fn is_zone(&self) -> bool {
        self.name.is_none()
    }

    /// The values in their one form and order. Those that are not known yet come last.
    fn leading(&self) -> Leading {
        if let Some(target) = self.keys.target.as_ref().filter(|target| Expression::has_mark(target)) {
            return Leading::Later(target.clone());
        }
        let kind = kind_of(self.keys.record_type);
        let given = self.keys.values.iter().flatten().chain(&self.keys.target);
        let (mut open, known): (Vec<String>, Vec<String>) =
            given.cloned().partition(|text| Expression::has_mark(text));
        let mut all = in_order(known.iter().filter_map(|text| RecordValue::parse(kind, text).ok()));
        all.append(&mut open);
        Leading::Known(all)
    }

    /// The object of a name in the zone.
    pub(in crate::blocks) fn draft(
        &self,
        block: &Block,
        name: &str,
        leading: &Leading,
        addressing: Addressing,
        context: &CompileContext<'_>,
    ) -> Draft {
        let object = json!({
            "apiVersion": RECORDS_API_VERSION,
            "kind": kind_of(self.keys.record_type),
            "metadata": {"name": name},
            "spec": self.spec(leading.value(), context.defaults.sources),
        });
        let mut draft = Draft::new(block, object, addressing, context.defaults.namespace);
        leading.note(&mut draft);
        if let Some(source) = self.key()
            && let SecretText::Unknown(reason) | SecretText::Lost(reason) = context.facts.text(&need(source))
        {
            let path = FieldPath::keys(["spec", "rfc2136", "key"]);
            draft.unchecked.insert(path, Unchecked { reason });
        }
        draft
    }

    fn spec(&self, values: Value, sources: &Sources) -> Value {
        let DnsKeys { record_type, ttl, rfc2136, .. } = &self.keys;
        let mut spec = Map::new();
        spec.insert("zone".to_owned(), Value::from(self.zone.as_str()));
        spec.insert("ttl".to_owned(), Value::from(*ttl));
        if !matches!(record_type, TypeKey::Auto | TypeKey::Txt) {
            spec.insert("type".to_owned(), json!(record_type));
        }
        spec.insert("values".to_owned(), values);
        if let Some(rfc2136) = rfc2136 {
            spec.insert("rfc2136".to_owned(), server(rfc2136, sources.folder(SourceId(0))));
        }
        Value::Object(spec)
    }

    /// Where the key comes from with which the records are written. Only that gets into an object, and never the key.
    fn key(&self) -> Option<&SecretSource> {
        self.keys.rfc2136.as_ref().map(|rfc2136| &rfc2136.key)
    }

    /// What must be known of the outside: whether the key can be had.
    pub(in crate::blocks) fn needs(&self) -> Vec<Need> {
        self.key().map(need).into_iter().collect()
    }

    /// The identity of the record of a name that leads somewhere.
    pub(in crate::blocks) fn identity(name: &str) -> Identity {
        Identity::cluster(RECORDS_GROUP, RECORD_SET, name)
    }

    /// Pushes that the key is there, and cannot be one.
    fn check_key(&self, block: &Block, context: &CompileContext<'_>, mistakes: &mut Vec<Diagnostic>) {
        let text = self.key().map(|source| context.facts.text(&need(source)));
        if text.as_ref().and_then(SecretText::get).is_some_and(|key| STANDARD.decode(key.trim()).is_err()) {
            mistakes.push(
                Diagnostic::error(codes::BAD_SECRET, "the key of `rfc2136` is not base64")
                    .at(span_of(block, ["rfc2136", "key"]), "")
                    .help("give the `secret` of the key as it stands in the server's configuration"),
            );
        }
    }
}

fn need(source: &SecretSource) -> Need {
    Need::Secret { source: source.clone(), stored_at: None }
}

/// A name server, as it stands in the object.
fn server(rfc2136: &Rfc2136, folder: &Path) -> Value {
    let Rfc2136 { server, key_name, algorithm, key, name_servers } = rfc2136;
    let mut settings = json!({
        "server": server, "keyName": key_name, "algorithm": algorithm, "key": source(key, folder),
    });
    if !name_servers.is_empty() {
        settings["nameServers"] = json!(name_servers);
    }
    settings
}

/// Where a key comes from. The path of a file starts at the configuration, which may be in another folder elsewhere.
fn source(source: &SecretSource, folder: &Path) -> Value {
    match source {
        SecretSource::File(path) => json!({"file": path.strip_prefix(folder).unwrap_or(path)}),
        other => json!(other),
    }
}

impl BlockType for DnsBlock {
    const KIND: &'static str = "dns";
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[&["values", "target"]];
    type Keys = DnsKeys;
    type Spec = DnsSpec;

    fn read(&self, block: &Block, _: Defaults<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<DnsSpec> {
        let keys: DnsKeys = keys::read(block, mistakes)?;
        let in_one_form = |text: &String| domain_name(text).unwrap_or_else(|_| text.clone());
        let (name, zone) = (keys.name.as_ref().map(in_one_form), in_one_form(&keys.zone));
        let spec = DnsSpec { keys, name, zone };
        let before = mistakes.len();
        rules::check(block, &spec, mistakes);
        (mistakes.len() == before).then_some(spec)
    }

    fn needs(&self, _: &Block, spec: &DnsSpec, _: &CompileContext<'_>) -> Vec<Need> {
        spec.needs()
    }

    fn compile(
        &self,
        block: &Block,
        spec: &DnsSpec,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        spec.check_key(block, context, mistakes);
        let Some(name) = &spec.name else { return Vec::new() };
        let mut draft = spec
            .draft(block, name, &spec.leading(), Addressing::AsBlock, context)
            .from(block, FieldPath::keys(["metadata", "name"]), ["name"])
            .set_by(block, FieldPath::keys(["spec", "ttl"]), ["ttl"]);
        for key in ["zone", "type", "values", "rfc2136"] {
            draft = draft.from(block, FieldPath::keys(["spec", key]), [key]);
        }
        if spec.keys.target.is_some() {
            draft = draft.from(block, values(), ["target"]);
        }
        vec![draft]
    }

    fn key_facts(&self, spec: &DnsSpec) -> Vec<KeyFact> {
        let name = spec.name.as_ref().map(|name| KeyFact::new("name", name.as_str()));
        let server =
            spec.keys.rfc2136.as_ref().map(|rfc2136| KeyFact::new("server", rfc2136.server.as_str()));
        name.into_iter().chain(server).collect()
    }
}
