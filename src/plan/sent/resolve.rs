//! The values of expressions; the plan and the apply use the same evaluation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::resource::record_set::{addresses_in, addresses_of_type};
use crate::resource::{Address, Encoding, Expression, FieldPath, LiveReference, Part, Reference};

/// Why an expression has no value yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolvable {
    /// The field of this resource is not there yet.
    Pending(Box<(Address, FieldPath)>),
    /// It refers to nothing that can be found.
    Dangling(String),
}

/// The value of the expression. `exists` says which addresses there are, so that an address can be told from a
/// path; `look_up` gives the value of a field of a live object, `None` where it is not known yet.
///
/// An expression that is one reference keeps the type of its value. Within a longer text, and for Base64, strings
/// are taken as they are, and anything else in its JSON form.
///
/// # Errors
/// A field that has no value yet, or a reference to nothing.
pub fn resolve(
    expression: &Expression,
    exists: impl Fn(&Address) -> bool,
    look_up: impl Fn(&Address, &FieldPath) -> Option<Value>,
) -> Result<Value, Unresolvable> {
    let value_of = |reference: &Reference| match reference {
        Reference::Live(live) => {
            let (address, path) =
                live.split(&exists).ok_or_else(|| Unresolvable::Dangling(live.text.clone()))?;
            look_up(&address, &path)
                .filter(|value| !value.is_null())
                .ok_or_else(|| Unresolvable::Pending(Box::new((address, path))))
        }
        Reference::Secret(_) | Reference::Variable(_) => Err(Unresolvable::Dangling(reference.to_string())),
    };
    match (expression.sole(), expression.encoding) {
        (Some(reference), Encoding::Plain) => return value_of(reference),
        (Some(Reference::Live(live)), Encoding::Addresses | Encoding::AddressesOf(_)) => {
            let value = value_of(&Reference::Live(live.clone()))?;
            return addresses(live, &exists, &value, expression.encoding);
        }
        _ => {}
    }
    let mut text = String::new();
    for part in &expression.parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Reference(reference) => match value_of(reference)? {
                Value::String(string) => text.push_str(&string),
                other => text.push_str(&other.to_string()),
            },
        }
    }
    Ok(match expression.encoding {
        Encoding::Plain => Value::from(text),
        Encoding::Base64 => Value::from(STANDARD.encode(text)),
        Encoding::Addresses | Encoding::AddressesOf(_) => {
            Value::from(found_in(&Value::from(text), expression.encoding))
        }
    })
}

/// The addresses that an expression with this encoding takes of a value.
fn found_in(value: &Value, encoding: Encoding) -> Vec<String> {
    match encoding {
        Encoding::AddressesOf(record_type) => addresses_of_type(value, record_type),
        Encoding::Plain | Encoding::Base64 | Encoding::Addresses => addresses_in(value),
    }
}

/// The addresses in a value. A list that is empty yet is waited for; something that has no address never will.
fn addresses(
    live: &LiveReference,
    exists: impl Fn(&Address) -> bool,
    value: &Value,
    encoding: Encoding,
) -> Result<Value, Unresolvable> {
    let found = found_in(value, encoding);
    let is_empty = value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("");
    match live.split(exists) {
        Some(pending) if found.is_empty() && is_empty => Err(Unresolvable::Pending(Box::new(pending))),
        _ if found.is_empty() => Err(Unresolvable::Dangling(live.text.clone())),
        _ => Ok(Value::from(found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::record_set::RecordType;
    use serde_json::json;

    fn expression(text: &str) -> Expression {
        let mark = Reference::Live(LiveReference { text: "resource.lb.status.port".into() }).mark();
        Expression::parse(&text.replace('@', &mark)).unwrap().unwrap()
    }

    fn value(expression: &Expression) -> Result<Value, Unresolvable> {
        let lb = Address::block("resource", "lb");
        resolve(
            expression,
            |address| *address == lb,
            |_, path| path.get(&json!({"status": {"port": 80}})).cloned(),
        )
    }

    #[test]
    fn a_sole_reference_keeps_its_type() {
        assert_eq!(value(&expression("@")), Ok(json!(80)));
        assert_eq!(value(&expression("port @!")), Ok(json!("port 80!")));
        let encoded = Expression { encoding: Encoding::Base64, ..expression("@") };
        assert_eq!(value(&encoded), Ok(json!("ODA=")));
    }

    #[test]
    fn addresses_are_found_in_a_status() {
        let lb = Address::block("resource", "lb");
        let expression = Expression { encoding: Encoding::Addresses, ..expression("@") };
        let found = |value: Value| resolve(&expression, |address| *address == lb, |_, _| Some(value.clone()));
        let status = json!([{"ip": "192.0.2.2", "hostname": "x"}, {"ip": "2001:db8::2"}]);
        assert_eq!(found(status), Ok(json!(["192.0.2.2", "2001:db8::2"])));
        assert_eq!(found(json!([{"hostname": "LB.example.net"}])), Ok(json!(["lb.example.net"])));
        assert_eq!(found(json!([{"type": "IPAddress", "value": "192.0.2.3"}])), Ok(json!(["192.0.2.3"])));
        assert_eq!(found(json!("192.0.2.4")), Ok(json!(["192.0.2.4"])));
        assert!(matches!(found(json!([])), Err(Unresolvable::Pending(_))));
        assert!(matches!(found(json!([{"ports": []}])), Err(Unresolvable::Dangling(_))));
        assert!(matches!(found(json!(80)), Err(Unresolvable::Dangling(_))));
    }

    #[test]
    fn of_addresses_of_both_families_a_type_takes_its_own() {
        let lb = Address::block("resource", "lb");
        let found = |record_type: RecordType, value: Value| {
            let expression = Expression { encoding: Encoding::AddressesOf(record_type), ..expression("@") };
            resolve(&expression, |address| *address == lb, |_, _| Some(value.clone()))
        };
        let both = json!([{"ip": "192.0.2.2", "hostname": "lb.example.net"}, {"ip": "2001:db8::2"}]);
        assert_eq!(found(RecordType::A, both.clone()), Ok(json!(["192.0.2.2"])));
        assert_eq!(found(RecordType::Aaaa, both.clone()), Ok(json!(["2001:db8::2"])));
        assert_eq!(found(RecordType::Cname, both), Ok(json!(["lb.example.net"])));
        assert!(matches!(
            found(RecordType::Aaaa, json!([{"ip": "192.0.2.2"}])),
            Err(Unresolvable::Dangling(_))
        ));
    }

    #[test]
    fn a_field_that_is_not_there_yet_is_named() {
        let lb = Address::block("resource", "lb");
        let found = resolve(&expression("@"), |address| *address == lb, |_, _| None);
        assert_eq!(found, Err(Unresolvable::Pending(Box::new((lb, "status.port".parse().unwrap())))));
        let found = resolve(&expression("@"), |_| false, |_, _| None);
        assert!(matches!(found, Err(Unresolvable::Dangling(_))));
    }
}
