//! Between objects and records.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::content::{Content, Names, Record};
use super::marker::Marker;
use crate::resource::record_set::{RECORDS_API_VERSION, RecordType, RecordValue, in_order};
use crate::resource::{Identity, Live, Ownership, Problem, ProblemKind, Stamp};

/// For how long others may remember a record where the object does not say, in seconds.
const USUAL_TTL: u32 = 300;

/// The object of what stands there; `spec` is what is known of it besides. `None` where nothing stands there.
pub(super) fn live(identity: &Identity, spec: &Value, content: &Content) -> Option<Live> {
    if content.is_empty() {
        return None;
    }
    let owner = content.owner();
    let annotations = owner.as_ref().map(Marker::to_annotations).unwrap_or_default();
    let uid = match owner {
        Some(marker) => marker.uid,
        None => format!("unmarked {}", names_of(identity, spec).name),
    };
    Some(Live {
        object: object(identity, spec, annotations, content),
        stamp: Stamp { uid, version: content.version() },
        ownership: Ownership::default(),
    })
}

fn names_of(identity: &Identity, spec: &Value) -> Names {
    Names::of(identity, spec.get("zone").and_then(Value::as_str).unwrap_or_default())
}

fn object(identity: &Identity, spec: &Value, annotations: Map<String, Value>, content: &Content) -> Value {
    let mut spec = spec.as_object().cloned().unwrap_or_default();
    if let Some(wanted) = spec.get("type").and_then(Value::as_str) {
        let found: Vec<&str> = content.types().into_iter().map(RecordType::name).collect();
        if !found.is_empty() && found != [wanted] {
            spec.insert("type".to_owned(), Value::from(found.join(" and ")));
        }
    }
    if content.records.iter().any(|record| record.proxied) {
        spec.insert("proxied".to_owned(), Value::Bool(true));
    }
    if let Some(ttl) = ttl(&spec, content) {
        spec.insert("ttl".to_owned(), Value::from(ttl));
    }
    let values = in_order(content.records.iter().map(|record| record.value.clone()));
    spec.insert("values".to_owned(), Value::from(values));
    let mut metadata = Map::from_iter([("name".to_owned(), Value::from(identity.name.as_str()))]);
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), Value::Object(annotations));
    }
    json!({"apiVersion": RECORDS_API_VERSION, "kind": identity.kind, "metadata": metadata, "spec": spec})
}

/// A `spec` that says where a record set lies, and nothing of its records.
pub(super) fn without_records(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        for field in ["ttl", "type", "values"] {
            fields.remove(field);
        }
    }
    spec
}

/// The time to live of the records. Those of two types may differ: then one that is not as it is wanted.
fn ttl(spec: &Map<String, Value>, content: &Content) -> Option<u32> {
    let wanted = spec.get("ttl").and_then(Value::as_u64);
    let mut all = content.records.iter().map(|record| record.ttl);
    all.clone().find(|ttl| Some(u64::from(*ttl)) != wanted).or_else(|| all.next())
}

/// What is to stand there for this object, with the uid of the marker.
///
/// # Errors
/// The object cannot be in DNS.
pub(super) fn content(identity: &Identity, object: &Value, uid: String) -> Result<Content, Problem> {
    let spec = object.get("spec").cloned().unwrap_or_default();
    let ttl =
        spec.get("ttl").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(USUAL_TTL);
    let texts = match spec.get("values") {
        Some(Value::Array(texts)) => texts.iter().collect(),
        other => Vec::from_iter(other),
    };
    let values =
        texts.into_iter().map(|text| value(&identity.kind, text)).collect::<Result<BTreeSet<_>, _>>()?;
    let records = values.into_iter().map(|value| Record { value, ttl, proxied: false }).collect();
    let marker = BTreeSet::from([Marker::new(uid, object).text()]);
    let content = Content { records, marker };
    check(identity, &spec, &content)?;
    Ok(content)
}

fn value(kind: &str, value: &Value) -> Result<RecordValue, Problem> {
    let text = value.as_str().ok_or_else(|| refused(format!("the value {value} is no text")))?;
    RecordValue::parse(kind, text).map_err(|why| refused(format!("the value `{text}` {why}")))
}

fn check(identity: &Identity, spec: &Value, content: &Content) -> Result<(), Problem> {
    let types = content.types();
    if types.is_empty() {
        return Err(refused("a record set has at least one value".to_owned()));
    }
    if content.is_alias() {
        if content.records.len() > 1 {
            let message = format!("{} leads to another name, and then it has no other value", identity.name);
            return Err(refused(message));
        }
        if spec.get("zone").and_then(Value::as_str) == Some(identity.name.as_str()) {
            return Err(alias_at_apex(&identity.name));
        }
    }
    let wanted = spec.get("type").and_then(Value::as_str).and_then(RecordType::named);
    match wanted {
        Some(wanted) if types.iter().any(|found| *found != wanted) => {
            let values = in_order(content.records.iter().map(|record| record.value.clone())).join(", ");
            let message = format!("`type = \"{wanted}\"` does not fit {values}");
            Err(refused(message).help("leave out `type`: then it follows the values"))
        }
        _ => Ok(()),
    }
}

fn refused(message: String) -> Problem {
    Problem::new(ProblemKind::Rejected, message).help("correct the [dns] block")
}

/// A zone's own name cannot be an alias.
fn alias_at_apex(name: &str) -> Problem {
    let message =
        format!("{name} is the name of the zone itself, and cannot be a CNAME: its SOA and NS stand there");
    Problem::new(ProblemKind::Rejected, message)
        .help("give it addresses, or a name below the zone: `registry.` before it")
}

/// Refuses an alias beside other records, and a text beside an alias.
///
/// # Errors
/// There are such records.
pub(super) fn check_others(names: &Names, content: &Content, others: &[String]) -> Result<(), Problem> {
    let name = &names.name;
    let (message, help) = if content.is_alias() && !others.is_empty() {
        (
            format!("{name} has other records ({}), and nothing may stand beside a CNAME", others.join(", ")),
            "take those records away, give this name addresses, or choose another name",
        )
    } else if content.has_texts() && others.iter().any(|other| other == RecordType::Cname.name()) {
        (
            format!("{name} leads to another name (CNAME), and no text may stand beside that"),
            "give that name addresses, or the texts another name",
        )
    } else {
        return Ok(());
    };
    Err(Problem::new(ProblemKind::Rejected, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity::cluster("dns.regplan.dev", "RecordSet", "r.example.com")
    }

    fn wanted(spec: &Value) -> Value {
        json!({"apiVersion": RECORDS_API_VERSION, "kind": "RecordSet",
               "metadata": {"name": "r.example.com", "annotations": {"regplan.dev/project": "p"}}, "spec": spec})
    }

    fn there(spec: &Value) -> Live {
        let object = wanted(spec);
        live(&identity(), spec, &content(&identity(), &object, "u".into()).unwrap()).unwrap()
    }

    #[test]
    fn an_object_comes_back_as_it_was_written() {
        let spec = json!({"zone": "example.com", "ttl": 60, "type": "A", "values": ["192.0.2.1", "192.0.2.2"],
                          "rfc2136": {"server": "192.0.2.53"}});
        assert_eq!(there(&spec).object, wanted(&spec));
    }

    #[test]
    fn the_version_moves_with_every_change() {
        let spec = |ttl: u32, value: &str| json!({"zone": "example.com", "ttl": ttl, "values": [value]});
        let versions =
            [spec(60, "192.0.2.1"), spec(61, "192.0.2.1"), spec(60, "192.0.2.2"), spec(60, "x.example.net")];
        let versions: BTreeSet<String> = versions.iter().map(|spec| there(spec).stamp.version).collect();
        assert_eq!(versions.len(), 4);
    }

    #[test]
    fn a_time_to_live_that_differs_for_one_type_is_seen() {
        let spec = json!({"zone": "example.com", "ttl": 60, "values": ["192.0.2.1", "2001:db8::1"]});
        let mut found = content(&identity(), &wanted(&spec), "u".into()).unwrap();
        found.records = found
            .records
            .into_iter()
            .map(|record| match record.value {
                RecordValue::Aaaa(_) => Record { ttl: 600, ..record },
                _ => record,
            })
            .collect();
        assert_eq!(live(&identity(), &spec, &found).unwrap().object["spec"]["ttl"], 600);
    }

    #[test]
    fn what_dns_cannot_hold_is_refused() {
        let refused = |spec: Value| content(&identity(), &wanted(&spec), "u".into()).unwrap_err().message;
        assert!(refused(json!({"zone": "example.com", "values": []})).contains("at least one"));
        assert!(
            refused(json!({"zone": "example.com", "values": ["a.example.com", "192.0.2.1"]}))
                .contains("no other value")
        );
        assert!(
            refused(json!({"zone": "r.example.com", "values": ["a.example.com"]}))
                .contains("cannot be a CNAME")
        );
        assert!(
            refused(json!({"zone": "example.com", "type": "A", "values": ["a.example.com"]}))
                .contains("does not fit")
        );
    }
}
