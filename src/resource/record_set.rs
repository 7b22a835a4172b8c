//! What a record set of DNS is: its kinds, its values, and the name of the record that marks it as ours.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Identity;

/// The API group of record sets.
pub const RECORDS_GROUP: &str = "dns.regplan.dev";
/// Its version.
pub const RECORDS_API_VERSION: &str = "dns.regplan.dev/v1";
/// The kind of what a name leads to: its records of the types A, AAAA and CNAME.
pub const RECORD_SET: &str = "RecordSet";
/// The kind of the texts (TXT) of a name.
pub const TEXT_RECORD_SET: &str = "TextRecordSet";

/// How the names of markers begin, of both kinds.
const MARKER: &str = "_regplan";
const TEXT_MARKER: &str = "_regplan-txt";
/// What stands for `*.` in the name of a marker.
const WILDCARD: &str = "_wildcard.";

/// The longest name that DNS has, in characters.
const LONGEST_NAME: usize = 253;
/// The longest part of a name.
const LONGEST_LABEL: usize = 63;
/// The longest text: what fits into one record beside its lengths.
const LONGEST_TEXT: usize = 60_000;

/// The value of a record, in the one form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordValue {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name, in lower case and without a dot at its end.
    Cname(String),
    /// A text.
    Txt(String),
}

/// The types of records that regplan writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Another name.
    Cname,
    /// Texts.
    Txt,
}

impl RecordType {
    /// As zone files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
        }
    }

    /// The type with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::A, Self::Aaaa, Self::Cname, Self::Txt].into_iter().find(|found| found.name() == name)
    }

    /// The types that objects of this kind have.
    pub fn of_kind(kind: &str) -> &'static [Self] {
        if kind == TEXT_RECORD_SET { &[Self::Txt] } else { &[Self::A, Self::Aaaa, Self::Cname] }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl RecordValue {
    /// Reads the value of an object of this kind: an address, a name, or a text.
    ///
    /// # Errors
    /// Why it is none; the end of a sentence that begins with the value.
    pub fn parse(kind: &str, text: &str) -> Result<Self, String> {
        if kind == TEXT_RECORD_SET {
            return match text.len() {
                0 => Err("is empty".to_owned()),
                1..=LONGEST_TEXT => Ok(Self::Txt(text.to_owned())),
                long => Err(format!("has {long} bytes, and a record takes {LONGEST_TEXT}")),
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::A(address));
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self::Aaaa(address));
        }
        let name = domain_name(text)?;
        let looks_like_address = name.rsplit('.').next().is_some_and(|last| last.parse::<u32>().is_ok());
        if looks_like_address {
            return Err("is neither an address nor a name".to_owned());
        }
        Ok(Self::Cname(name))
    }

    /// Its type.
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Cname(_) => RecordType::Cname,
            Self::Txt(_) => RecordType::Txt,
        }
    }
}

/// As it stands in an object.
impl fmt::Display for RecordValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Cname(text) | Self::Txt(text) => f.write_str(text),
        }
    }
}

/// Whether a person makes the records of this object: nothing is sent for it.
pub fn is_made_by_hand(object: &Value) -> bool {
    let is_record = object.get("apiVersion").is_some_and(|version| version == RECORDS_API_VERSION);
    is_record && object.pointer("/spec/manual").is_some()
}

/// The values in the order in which they stand in an object, each once.
pub fn in_order(values: impl IntoIterator<Item = RecordValue>) -> Vec<String> {
    let mut texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// The addresses in a value: an address or a name, a list of them, or a part of a status that has some: of a Service or an
/// Ingress (`loadBalancer.ingress`), or of a Gateway (`addresses`). Where there are addresses, names beside them are
/// left out: nothing may stand beside a CNAME.
pub fn addresses_in(value: &Value) -> Vec<String> {
    let values = values_in(value);
    let is_address = |value: &&RecordValue| value.record_type() != RecordType::Cname;
    if values.iter().any(|value| is_address(&value)) {
        return in_order(values.iter().filter(is_address).cloned());
    }
    in_order(values)
}

/// The same of one type alone.
pub fn addresses_of_type(value: &Value, record_type: RecordType) -> Vec<String> {
    in_order(values_in(value).into_iter().filter(|value| value.record_type() == record_type))
}

fn values_in(value: &Value) -> Vec<RecordValue> {
    let mut texts = Vec::new();
    texts_in(value, &mut texts);
    texts.into_iter().filter_map(|text| RecordValue::parse(RECORD_SET, text).ok()).collect()
}

fn texts_in<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts_in(item, found)),
        Value::Object(map) => {
            let fields = ["ip", "hostname", "value", "ingress", "addresses", "loadBalancer", "status"];
            fields.iter().filter_map(|field| map.get(*field)).for_each(|below| texts_in(below, found));
        }
        _ => {}
    }
}

/// A name of DNS in the one form in which it is compared: lower case, without a dot at its end.
///
/// # Errors
/// Why it is none; the end of a sentence that begins with the name.
pub fn domain_name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(format!("must have 1 to {LONGEST_NAME} characters, and has {}", name.len()));
    }
    if !name.is_ascii() {
        return Err("has letters that are not ASCII: write it as DNS does (`xn--…`)".to_owned());
    }
    let labels = name.split('.').enumerate();
    let is_label = |(at, label): (usize, &str)| {
        at == 0 && label == "*"
            || (1..=LONGEST_LABEL).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
    };
    if labels.clone().all(is_label) {
        return Ok(name);
    }
    Err("is no name of DNS: its parts are letters, digits, `-` and `_`, at most 63 of them".to_owned())
}

/// Whether a name lies in a zone, or is the zone's own.
pub fn lies_in(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|before| before.ends_with('.'))
}

/// The name of the TXT record that says whose a record set is. It is a name of its own: nothing may stand beside a
/// CNAME.
pub fn marker_name(kind: &str, name: &str) -> String {
    let prefix = if kind == TEXT_RECORD_SET { TEXT_MARKER } else { MARKER };
    match name.strip_prefix("*.") {
        Some(parent) => format!("{prefix}.{WILDCARD}{parent}"),
        None => format!("{prefix}.{name}"),
    }
}

/// The record set that a marker of this name marks; `None` for a name that no marker has.
pub fn marked_by(marker: &str) -> Option<Identity> {
    let (prefix, rest) = marker.split_once('.')?;
    let kind = match prefix {
        TEXT_MARKER => TEXT_RECORD_SET,
        MARKER => RECORD_SET,
        _ => return None,
    };
    let name = match rest.strip_prefix(WILDCARD) {
        Some(parent) => format!("*.{parent}"),
        None => rest.to_owned(),
    };
    Some(Identity::cluster(RECORDS_GROUP, kind, name))
}

/// The name of the record that marks an object; `None` for an object that is no record set.
pub fn marker_of(identity: &Identity) -> Option<String> {
    (identity.group == RECORDS_GROUP).then(|| marker_name(&identity.kind, &identity.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_form() {
        let parsed = |text: &str| RecordValue::parse(RECORD_SET, text).map(|value| value.to_string());
        assert_eq!(parsed("192.0.2.1"), Ok("192.0.2.1".into()));
        assert_eq!(parsed("2001:DB8:0::1"), Ok("2001:db8::1".into()));
        assert_eq!(parsed("LB.Example.com."), Ok("lb.example.com".into()));
        for wrong in ["", "192.0.2", "192.0.2.256", "a b", "http://x", "-a.example.com", "ä.example.com"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        assert_eq!(RecordValue::parse(TEXT_RECORD_SET, "v=1; a"), Ok(RecordValue::Txt("v=1; a".into())));
        assert!(RecordValue::parse(TEXT_RECORD_SET, "").is_err());
    }

    #[test]
    fn values_have_one_order() {
        let values = ["192.0.2.9", "192.0.2.10", "192.0.2.9"];
        let values = values.map(|text| RecordValue::parse(RECORD_SET, text).unwrap());
        assert_eq!(in_order(values), ["192.0.2.10", "192.0.2.9"]);
    }

    #[test]
    fn a_zone_has_its_own_name_and_those_below() {
        assert!(lies_in("example.com", "example.com") && lies_in("a.b.example.com", "example.com"));
        assert!(!lies_in("myexample.com", "example.com") && !lies_in("com", "example.com"));
    }

    #[test]
    fn the_marker_stands_beside_the_name() {
        assert_eq!(marker_name(RECORD_SET, "r.example.com"), "_regplan.r.example.com");
        assert_eq!(marker_name(TEXT_RECORD_SET, "r.example.com"), "_regplan-txt.r.example.com");
        assert_eq!(marker_name(RECORD_SET, "*.example.com"), "_regplan._wildcard.example.com");
        for (kind, name) in
            [(RECORD_SET, "r.example.com"), (TEXT_RECORD_SET, "r.example.com"), (RECORD_SET, "*.example.com")]
        {
            let marked = Identity::cluster(RECORDS_GROUP, kind, name);
            assert_eq!(marked_by(&marker_name(kind, name)), Some(marked));
        }
        assert_eq!(marked_by("r.example.com"), None);
    }
}
