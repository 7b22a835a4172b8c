//! `[dns.NAME]`: the records of a name in DNS, as one object that lives beside the cluster.
//!
//! | File | The question that it answers |
//! |---|---|
//! | this one | What does a block compile to? |
//! | `options` | Which keys does the block have? |
//! | `external` | Which objects make external-dns write the records? |
//! | `ways` | Where are the records written, and with which key? |
//! | `rules` | What is wrong with a block that no schema finds? |

mod external;
mod options;
mod rules;
mod ways;

use serde_json::{Map, Value, json};

use crate::blocks::block_type::{BlockType, CompileContext, Defaults};
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::facts::{Fact, Facts, Need, SecretText};
use crate::blocks::keys::{self, span_of};
use crate::blocks::tsig;
use crate::config::{Block, SecretSource};
use crate::diagnostic::{Diagnostic, Severity, SourceId, Sources};
use crate::resource::record_set::{
    RECORD_SET, RECORDS_API_VERSION, RECORDS_GROUP, RecordType, RecordValue, TEXT_RECORD_SET, domain_name,
    in_order,
};
use crate::resource::{Encoding, Expression, FieldPath, Identity, KeyFact, Unchecked};
pub(in crate::blocks) use external::RecordSource;
pub(in crate::blocks) use options::ZoneKeys;
use options::{AskedBy, DnsKeys, TypeKey};

/// The block type `dns`.
pub(in crate::blocks) struct DnsBlock;

/// What a block says, and what follows from it.
pub(in crate::blocks) struct DnsSpec {
    keys: DnsKeys,
    /// The name and the zone in the form in which they are compared.
    name: Option<String>,
    zone: String,
    /// The key of the block in which it stands; none for a block of its own.
    within: &'static [&'static str],
}

/// What a name leads to.
pub(in crate::blocks) enum Leading {
    /// To these values, in their order.
    Known(Vec<String>),
    /// To what comes of this text with references, all of it.
    Later(String),
    /// To nobody knows what, for this reason.
    Unknown(String),
}

impl Leading {
    fn value(&self) -> Value {
        match self {
            Self::Known(values) => Value::from(values.as_slice()),
            Self::Later(text) => Value::from(text.as_str()),
            Self::Unknown(_) => Value::Array(Vec::new()),
        }
    }

    /// Notes that a reference gives all values of this field, or those of the type that is said.
    fn note(&self, draft: &mut Draft, path: FieldPath, said: Option<RecordType>) {
        match self {
            Self::Known(_) => {}
            Self::Later(_) => {
                draft.addresses.insert(path, said.map_or(Encoding::Addresses, Encoding::AddressesOf));
            }
            Self::Unknown(reason) => draft.leave_unchecked(path, reason),
        }
    }

    /// What of it a type takes that is said; all of it where none is. What has no address of this type leads nowhere.
    fn of_type(&self, said: Option<RecordType>, kind: &str) -> Self {
        let is_taken = |text: &String| {
            let Some(said) = said else { return true };
            RecordValue::parse(kind, text).map_or(true, |value| value.record_type() == said)
        };
        match self {
            Self::Known(values) => {
                let taken: Vec<String> = values.iter().filter(|text| is_taken(text)).cloned().collect();
                match said {
                    Some(said) if taken.is_empty() && !values.is_empty() => {
                        Self::Unknown(format!("{} has no {said}", values.join(", ")))
                    }
                    _ => Self::Known(taken),
                }
            }
            Self::Later(text) => Self::Later(text.clone()),
            Self::Unknown(reason) => Self::Unknown(reason.clone()),
        }
    }
}

/// Where the object stands that stands for a name.
pub(in crate::blocks) struct ObjectPlace<'a> {
    /// How it is addressed.
    pub(in crate::blocks) addressing: Addressing,
    /// Its namespace, if its kind has one.
    pub(in crate::blocks) namespace: &'a str,
    /// Its name, if it is not that of the record.
    pub(in crate::blocks) name: &'a str,
}

/// The target of a name that leads to the nodes of the cluster.
const NODES: &str = "nodes";

/// The addresses of the nodes.
fn of_nodes(facts: &Facts) -> Leading {
    match facts.get(&Need::Nodes) {
        Some(Fact::Nodes(Some(addresses))) if !addresses.is_empty() => Leading::Known(in_order(
            addresses.iter().filter_map(|text| RecordValue::parse(RECORD_SET, text).ok()),
        )),
        Some(Fact::Nodes(Some(_))) => Leading::Unknown("the cluster has no node with an address".to_owned()),
        Some(Fact::Unknown(reason) | Fact::Failed(reason)) => Leading::Unknown(reason.clone()),
        _ => Leading::Unknown("no cluster is asked here".to_owned()),
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
    /// What the keys say that stand in this block under `within`; `None` with a mistake.
    fn of_keys(
        keys: DnsKeys,
        block: &Block,
        within: &'static [&'static str],
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let in_one_form = |text: &String| domain_name(text).unwrap_or_else(|_| text.clone());
        let (name, zone) = (keys.name.as_ref().map(in_one_form), in_one_form(&keys.zone));
        let spec = Self { keys, name, zone, within };
        let before = mistakes.len();
        rules::check(block, &spec, mistakes);
        let is_wrong = mistakes.iter().skip(before).any(|mistake| mistake.severity == Severity::Error);
        (!is_wrong).then_some(spec)
    }

    /// The zone that a block of another type has in this key.
    pub(in crate::blocks) fn within(
        block: &Block,
        key: &'static [&'static str],
        keys: ZoneKeys,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        Self::of_keys(keys.into(), block, key, mistakes)
    }

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

    /// Where the names in a zone lead, if the block says it.
    pub(in crate::blocks) fn target(&self, facts: &Facts) -> Option<Leading> {
        self.keys.target.as_ref().map(|_| self.leading(facts))
    }

    /// Whether the name leads to the nodes of the cluster.
    fn leads_to_nodes(&self) -> bool {
        self.keys.target.as_deref() == Some(NODES)
    }

    /// The values in their one form and order. Those that are not known yet come last.
    fn leading(&self, facts: &Facts) -> Leading {
        if self.leads_to_nodes() {
            return of_nodes(facts);
        }
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

    /// The object by which a name in the zone gets its records.
    pub(in crate::blocks) fn draft(
        &self,
        block: &Block,
        name: &str,
        leading: &Leading,
        at: ObjectPlace<'_>,
        context: &CompileContext<'_>,
    ) -> Draft {
        let said = rules::type_of(self.keys.record_type);
        let leading = leading.of_type(said, kind_of(self.keys.record_type));
        if self.keys.external_dns.is_some() {
            let identity = self.identity(name, &at);
            let object = external::endpoint(self, name, &leading, &identity);
            let mut draft = Draft::new(block, object, at.addressing, at.namespace);
            leading.note(&mut draft, external::targets(), said);
            return draft;
        }
        let object = json!({
            "apiVersion": RECORDS_API_VERSION,
            "kind": kind_of(self.keys.record_type),
            "metadata": {"name": name},
            "spec": self.spec(leading.value(), context.defaults.sources),
        });
        let mut draft = Draft::new(block, object, at.addressing, at.namespace);
        leading.note(&mut draft, values(), said);
        if let Some(way) = self.keys.way()
            && let Some(secret) = way.secret
            && let SecretText::Unknown(reason) | SecretText::Lost(reason) =
                context.facts.text(&need(secret.source))
        {
            let path = FieldPath::keys(["spec", way.name, secret.field]);
            draft.unchecked.insert(path, Unchecked { reason });
        }
        draft
    }

    fn spec(&self, values: Value, sources: &Sources) -> Value {
        let DnsKeys { record_type, ttl, .. } = &self.keys;
        let mut spec = Map::new();
        spec.insert("zone".to_owned(), Value::from(self.zone.as_str()));
        spec.insert("ttl".to_owned(), Value::from(*ttl));
        if !matches!(record_type, TypeKey::Auto | TypeKey::Txt) {
            spec.insert("type".to_owned(), json!(record_type));
        }
        spec.insert("values".to_owned(), values);
        if let Some(way) = self.keys.way() {
            spec.insert(way.name.to_owned(), way.settings(sources.folder(SourceId(0))));
        }
        Value::Object(spec)
    }

    /// What must be known of the outside: whether the key can be had.
    pub(in crate::blocks) fn needs(&self) -> Vec<Need> {
        let secret = self.keys.way().and_then(|way| way.secret);
        let nodes = self.leads_to_nodes().then_some(Need::Nodes);
        secret.map(|secret| need(secret.source)).into_iter().chain(nodes).collect()
    }

    /// The identity of the object that stands for a name that leads somewhere.
    pub(in crate::blocks) fn identity(&self, name: &str, at: &ObjectPlace<'_>) -> Identity {
        match &self.keys.external_dns {
            Some(external) => {
                external::identity(external.namespace.as_deref().unwrap_or(at.namespace), at.name)
            }
            None => Identity::cluster(RECORDS_GROUP, RECORD_SET, name),
        }
    }

    /// The annotations by which external-dns makes the record of an Ingress with this host; none where an object of its own
    /// stands for the record.
    pub(in crate::blocks) fn annotations(&self, host: &str) -> Vec<(String, String)> {
        if self.asks_by_annotations() { external::annotations(&self.keys, host) } else { Vec::new() }
    }

    /// Whether the records are asked for on the Ingress, and no object stands for them.
    pub(in crate::blocks) fn asks_by_annotations(&self) -> bool {
        self.keys.external_dns.as_ref().is_some_and(|external| external.by == AskedBy::Annotations)
    }

    /// Whether an address that is known only later is taken for one of IPv4, because a type must be named and none is.
    pub(in crate::blocks) fn assumes_type(&self) -> bool {
        self.asks_by_object() && self.keys.record_type == TypeKey::Auto
    }

    /// Whether external-dns is asked for the records by an object of its own.
    fn asks_by_object(&self) -> bool {
        self.keys.external_dns.as_ref().is_some_and(|external| external.by == AskedBy::Endpoint)
    }

    /// Pushes what is wrong with whoever makes the records: a key that cannot be one, or an external-dns that does not read what
    /// asks it.
    pub(in crate::blocks) fn check_maker(
        &self,
        block: &Block,
        context: &CompileContext<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) {
        if let Some(rfc2136) = &self.keys.rfc2136 {
            let at = span_of(block, self.within.iter().copied().chain(["rfc2136", "key"]));
            mistakes.extend(tsig::wrong_key(&context.facts.text(&need(&rfc2136.key)), at));
        }
        if self.asks_by_object()
            && let Some(unread) = external::unread(RecordSource::Endpoints, context)
        {
            mistakes.push(unread.at(span_of(block, self.within.iter().copied().chain(["external_dns"])), ""));
        }
    }

    /// A warning where the records are asked for by annotations of such objects, and external-dns is not told to read these.
    pub(in crate::blocks) fn unread_annotations(
        &self,
        of: RecordSource,
        context: &CompileContext<'_>,
    ) -> Option<Diagnostic> {
        if self.asks_by_annotations() { external::unread(of, context) } else { None }
    }
}

fn need(source: &SecretSource) -> Need {
    Need::Secret { source: source.clone(), stored_at: None }
}

impl BlockType for DnsBlock {
    const KIND: &'static str = "dns";
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[&["values", "target"]];
    type Keys = DnsKeys;
    type Spec = DnsSpec;

    fn read(&self, block: &Block, _: Defaults<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<DnsSpec> {
        let keys: DnsKeys = keys::read(block, mistakes)?;
        DnsSpec::of_keys(keys, block, &[], mistakes)
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
        spec.check_maker(block, context, mistakes);
        rules::check_beside(block, spec, context, mistakes);
        let Some(name) = &spec.name else { return Vec::new() };
        let object_name = block.address.name.to_lowercase().replace('_', "-");
        let namespace = context.defaults.namespace;
        let at = ObjectPlace { addressing: Addressing::AsBlock, namespace, name: &object_name };
        let draft = spec.draft(block, name, &spec.leading(context.facts), at, context);
        let given = if spec.keys.target.is_some() { "target" } else { "values" };
        if spec.keys.external_dns.is_some() {
            return vec![draft.from(block, FieldPath::keys(["spec"]), [given])];
        }
        let way = spec.keys.way().map(|way| way.name);
        let mut draft = draft
            .from(block, FieldPath::keys(["metadata", "name"]), ["name"])
            .set_by(block, FieldPath::keys(["spec", "ttl"]), ["ttl"])
            .from(block, values(), [given]);
        for key in ["zone", "type"].into_iter().chain(way) {
            draft = draft.from(block, FieldPath::keys(["spec", key]), [key]);
        }
        vec![draft]
    }

    fn key_facts(&self, spec: &DnsSpec) -> Vec<KeyFact> {
        let name = spec.name.as_ref().map(|name| KeyFact::new("name", name.as_str()));
        let way = spec.keys.way().map(|way| KeyFact::new("at", way.place));
        name.into_iter().chain(way).collect()
    }
}
