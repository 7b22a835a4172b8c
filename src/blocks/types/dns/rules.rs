//! What the schema of a record set cannot say.

use url::{Host, Url};

use super::options::{AskedBy, DnsKeys, TypeKey};
use super::{DnsBlock, DnsSpec, NODES, kind_of};
use crate::blocks::block_type::CompileContext;
use crate::blocks::codes;
use crate::blocks::keys::{item_span, key_text, span_of};
use crate::config::{Block, SecretSource};
use crate::diagnostic::nearest::list;
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::record_set::{RecordType, RecordValue, domain_name, lies_in, marker_name};
use crate::resource::{Expression, FieldPath};

/// Pushes what is wrong with a block.
pub(super) fn check(block: &Block, spec: &DnsSpec, mistakes: &mut Vec<Diagnostic>) {
    let mut found = Found { block, within: spec.within, mistakes };
    names(spec, &mut found);
    values(&spec.keys, &mut found);
    one_way(&spec.keys, &mut found);
    services(&spec.keys, &mut found);
    time_to_live(&spec.keys, &mut found);
    external(&spec.keys, &mut found);
    aliases(spec, &mut found);
}

struct Found<'a> {
    block: &'a Block,
    /// The key of the block in which all others stand.
    within: &'static [&'static str],
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Found<'_> {
    fn push(&mut self, keys: &[&str], code: &'static str, message: String, help: &str) {
        self.push_at(self.span(keys), code, message, help);
    }

    fn warn(&mut self, keys: &[&str], code: &'static str, message: String, help: &str) {
        let span = self.span(keys);
        self.mistakes.push(Diagnostic::warning(code, message).at(span, "").help(help));
    }

    fn span(&self, keys: &[&str]) -> Span {
        span_of(self.block, self.within.iter().chain(keys).copied())
    }

    /// What is wrong, as a user calls it: the block, or the key of it.
    fn named(&self) -> String {
        key_text(self.block, &FieldPath::keys(self.within.iter().copied()))
    }

    fn push_at(&mut self, span: Span, code: &'static str, message: String, help: &str) {
        self.mistakes.push(Diagnostic::error(code, message).at(span, "").help(help));
    }
}

fn names(spec: &DnsSpec, found: &mut Found<'_>) {
    let given = [("name", spec.keys.name.as_ref()), ("zone", Some(&spec.keys.zone))];
    for (key, text) in given.into_iter().filter_map(|(key, text)| Some((key, text?))) {
        if let Err(why) = domain_name(text) {
            found.push(&[key], codes::INVALID_NAME, format!("`{key}` {why}"), "correct the name");
            return;
        }
    }
    let (Some(name), zone) = (&spec.name, &spec.zone) else { return };
    if !lies_in(name, zone) {
        let message = format!("{name} does not lie in the zone {zone}");
        found.push(
            &["zone"],
            codes::BAD_VALUE,
            message,
            "write the whole name, and the zone in which it lies",
        );
    }
    let marker = marker_name(kind_of(spec.keys.record_type), name);
    if domain_name(&marker).is_err() {
        let message = format!("{name} is too long: the record that marks it is {marker}");
        found.push(&["name"], codes::INVALID_NAME, message, "choose a shorter name");
    }
}

fn values(keys: &DnsKeys, found: &mut Found<'_>) {
    if keys.name.is_none() {
        return no_values(keys, found);
    }
    match (&keys.values, &keys.target) {
        (Some(values), None) => {
            for (index, text) in values.iter().enumerate() {
                value(keys, text, item_span(found.block, ["values"], index), found);
            }
        }
        (None, Some(target)) => {
            if target != NODES {
                value(keys, target, found.span(&["target"]), found);
            }
            if keys.record_type == TypeKey::Txt {
                let message = "`target` gives addresses, and no texts".to_owned();
                found.push(&["target"], codes::CONFLICTING_KEYS, message, "give the texts as `values`");
            }
        }
        (Some(_), Some(_)) => {
            let message = "`values` and `target` stand together, and only one may".to_owned();
            found.push(&["target"], codes::CONFLICTING_KEYS, message, "remove one of them");
        }
        (None, None) => {
            let message = format!("`{}` does not say where its name leads to", found.named());
            let help = "add `values`, as in `values = [\"192.0.2.1\"]`, or `target`";
            found.push(&[], codes::BAD_VALUE, message, help);
        }
    }
}

/// A zone has no records of its own, and may say where those of others lead.
fn no_values(keys: &DnsKeys, found: &mut Found<'_>) {
    if let Some(target) = keys.target.as_ref().filter(|target| *target != NODES) {
        value(keys, target, found.span(&["target"]), found);
    }
    let given = [("values", keys.values.is_some()), ("type", keys.record_type == TypeKey::Txt)];
    for (key, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let message = format!("`{key}` needs a name: `{}` names its zone alone", found.named());
        found.push(&[key], codes::BAD_VALUE, message, "add `name`, as in `name = \"registry.example.com\"`");
    }
}

/// Checks a value, as far as it is known.
fn value(keys: &DnsKeys, text: &str, span: Span, found: &mut Found<'_>) {
    if !Expression::has_mark(text) {
        match RecordValue::parse(kind_of(keys.record_type), text) {
            Err(why) => {
                let message = format!("the value `{text}` {why}");
                let help = "write an address, or a name without `http://` and port";
                found.push_at(span, codes::BAD_VALUE, message, help);
            }
            Ok(value) => {
                let wanted = type_of(keys.record_type).filter(|wanted| *wanted != value.record_type());
                if let Some(wanted) = wanted {
                    let message = format!("`{text}` is no value of the type {wanted}");
                    let help = "leave out `type`: then it follows from the values";
                    found.push_at(span, codes::BAD_VALUE, message, help);
                }
            }
        }
    }
}

/// The type that the key names.
pub(super) fn type_of(key: TypeKey) -> Option<RecordType> {
    match key {
        TypeKey::Auto => None,
        TypeKey::A => Some(RecordType::A),
        TypeKey::Aaaa => Some(RecordType::Aaaa),
        TypeKey::Cname => Some(RecordType::Cname),
        TypeKey::Txt => Some(RecordType::Txt),
    }
}

fn one_way(keys: &DnsKeys, found: &mut Found<'_>) {
    let given = keys.given_ways();
    if let [_, second, ..] = given.as_slice() {
        let message =
            format!("{} stand together, and one of them keeps the zone", list(given.iter().copied()));
        return found.push(&[second], codes::CONFLICTING_KEYS, message, "remove the others");
    }
    if given.is_empty() {
        let message = format!("`{}` does not say where its records are written", found.named());
        let help = "add a provider, as in `rfc2136 = { server = \"192.0.2.53\", key_name = \"regplan\", \
                    key = { env = \"TSIG_KEY\" } }`";
        return found.push(&[], codes::BAD_VALUE, message, help);
    }
    let secret = keys.way().and_then(|way| way.secret);
    if let Some(secret) = secret.filter(|secret| matches!(secret.source, SecretSource::Generate(_))) {
        found.push(
            &secret.keys,
            codes::BAD_VALUE,
            "a key of another service cannot be generated here".to_owned(),
            "take it from `{ env = \"NAME\" }` or `{ file = \"PATH\" }`",
        );
    }
    if let Some(Err(why)) = keys.rfc2136.as_ref().map(|rfc2136| domain_name(&rfc2136.key_name)) {
        let help = "write the name of the key as it stands in the server's configuration";
        found.push(&["rfc2136", "key_name"], codes::BAD_VALUE, format!("`key_name` {why}"), help);
    }
}

/// A token goes with each request, so nobody on the way may read it.
fn services(keys: &DnsKeys, found: &mut Found<'_>) {
    let cloudflare = keys.cloudflare.as_ref().and_then(|service| service.url.as_ref());
    let digitalocean = keys.digitalocean.as_ref().and_then(|service| service.url.as_ref());
    for (key, url) in [("cloudflare", cloudflare), ("digitalocean", digitalocean)] {
        if let Some(url) = url.filter(|url| is_in_clear(url)) {
            let message = format!("the token would be sent in clear to {url}");
            let help = "write `https://`; plain HTTP is for this machine alone (`http://127.0.0.1:8080`)";
            found.push(&[key, "url"], codes::BAD_VALUE, message, help);
        }
    }
}

/// Whether requests leave this machine without TLS. A URL that cannot be read is taken for one whose requests do.
fn is_in_clear(url: &str) -> bool {
    match Url::parse(url) {
        Ok(url) if url.scheme() == "https" => false,
        Ok(url) => match url.host() {
            Some(Host::Ipv4(address)) => !address.is_loopback(),
            Some(Host::Ipv6(address)) => !address.is_loopback(),
            Some(Host::Domain(name)) => name != "localhost",
            None => true,
        },
        Err(_) => true,
    }
}

/// The longest time to live that Cloudflare takes: a day.
const LONGEST_AT_CLOUDFLARE: u32 = 86_400;

/// Services take fewer times to live than DNS knows, and refuse the others only when a record is written. At Cloudflare, 1 leaves
/// the time to the service.
/// Sources: <https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/>,
/// <https://docs.digitalocean.com/glossary/ttl/>
fn time_to_live(keys: &DnsKeys, found: &mut Found<'_>) {
    let ttl = keys.ttl;
    if keys.cloudflare.is_some() {
        match ttl {
            1 | 60..=LONGEST_AT_CLOUDFLARE => {}
            30..60 => found.warn(
                &["ttl"],
                codes::BAD_VALUE,
                format!("Cloudflare takes a `ttl` of {ttl} seconds in Enterprise zones alone"),
                "take 60 or more, unless this is an Enterprise zone",
            ),
            _ => {
                let message = format!("Cloudflare takes no `ttl` of {ttl} seconds");
                let help = "take 60 to 86400 seconds, or 1: then Cloudflare chooses";
                found.push(&["ttl"], codes::BAD_VALUE, message, help);
            }
        }
    }
    if keys.digitalocean.is_some() && ttl < 30 {
        let message = format!("DigitalOcean takes no `ttl` of {ttl} seconds");
        found.push(&["ttl"], codes::BAD_VALUE, message, "take 30 seconds or more");
    }
}

/// external-dns is told a type, and annotations stand on an Ingress.
fn external(keys: &DnsKeys, found: &mut Found<'_>) {
    let Some(external) = &keys.external_dns else { return };
    if external.by == AskedBy::Annotations && keys.name.is_some() {
        let message =
            "annotations stand on the Ingress of a registry, and the block has a name of its own".to_owned();
        let help = "remove `name`, and name the block in the registry: `dns = \"dns.NAME\"`; or remove `by`";
        found.push(&["external_dns", "by"], codes::CONFLICTING_KEYS, message, help);
    }
    if external.by == AskedBy::Annotations && !external.name_servers.is_empty() {
        let message = "records that annotations ask for are not waited for, so no server is asked".to_owned();
        let help = "remove `name_servers`; or remove `by`, and the apply waits for these servers";
        found.push(&["external_dns", "name_servers"], codes::USELESS_KEY, message, help);
    }
    let is_later = keys.target.as_ref().is_some_and(|target| Expression::has_mark(target))
        || keys.values.iter().flatten().any(|text| Expression::has_mark(text));
    if is_later && keys.record_type == TypeKey::Auto {
        let message = "external-dns must be told the type, and the values are known only later".to_owned();
        found.push(
            &["external_dns"],
            codes::BAD_VALUE,
            message,
            "add `type = \"A\"`, or whatever the values will be",
        );
    }
}

/// Pushes that the texts of this block stand beside an alias of another one.
pub(super) fn check_beside(
    block: &Block,
    spec: &DnsSpec,
    context: &CompileContext<'_>,
    mistakes: &mut Vec<Diagnostic>,
) {
    let Some(name) = spec.name.as_ref().filter(|_| spec.keys.record_type == TypeKey::Txt) else { return };
    let mut others = context.specs::<DnsBlock>();
    let alias = others.find(|(_, other)| other.name.as_ref() == Some(name) && is_alias(&other.keys));
    if let Some((other, _)) = alias {
        let message =
            format!("`{other}` makes {name} lead to another name (CNAME), and no text may stand beside that");
        let mistake = Diagnostic::error(codes::BAD_VALUE, message)
            .at(span_of(block, ["name"]), "")
            .help("give that name addresses, or the texts another name");
        mistakes.push(mistake);
    }
}

/// Whether the name leads to another one, as far as that is known.
fn is_alias(keys: &DnsKeys) -> bool {
    keys.record_type == TypeKey::Cname || alias(keys).is_some()
}

/// The other name to which the name leads, as far as that is known.
fn alias(keys: &DnsKeys) -> Option<String> {
    let target = keys.target.iter().filter(|target| *target != NODES);
    let given = keys.values.iter().flatten().chain(target);
    let kind = kind_of(keys.record_type);
    let mut known = given
        .filter(|text| !Expression::has_mark(text))
        .filter_map(|text| RecordValue::parse(kind, text).ok());
    known.find_map(|value| match value {
        RecordValue::Cname(target) => Some(target),
        _ => None,
    })
}

/// A name that leads to another one has no other value, and is not the zone's own.
fn aliases(spec: &DnsSpec, found: &mut Found<'_>) {
    let Some(name) = spec.name.as_ref().filter(|_| is_alias(&spec.keys)) else { return };
    let key = if spec.keys.target.is_some() { "target" } else { "values" };
    let count = spec.keys.values.iter().flatten().count();
    if count > 1 {
        let message = "a name that leads to another one (CNAME) has no other value".to_owned();
        found.push(&["values"], codes::BAD_VALUE, message, "keep one name, or addresses alone");
    }
    if alias(&spec.keys).as_ref() == Some(name) {
        let message = format!("{name} would lead to itself");
        found.push(&[key], codes::BAD_VALUE, message, "write the name to which it is to lead");
    }
    if *name == spec.zone {
        let message = format!("{name} is the name of the zone itself, and cannot be a CNAME");
        let help = "give it addresses, or a name below the zone: its SOA and NS records stand there";
        found.push(&[key], codes::BAD_VALUE, message, help);
    }
}
