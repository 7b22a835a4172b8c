//! Plans as `plan --format json` prints them.

use serde_json::Value;

/// All changes of a plan, those of unchanged resources included.
#[track_caller]
pub(crate) fn changes(plan: &Value) -> &[Value] {
    match plan["changes"].as_array() {
        Some(changes) => changes,
        None => panic!("no plan: {plan:#}"),
    }
}

/// What a plan says of one resource.
#[track_caller]
pub(crate) fn change<'p>(plan: &'p Value, address: &str) -> &'p Value {
    let found = changes(plan).iter().find(|change| change["address"] == address);
    found.unwrap_or_else(|| panic!("nothing about {address} in {plan:#}"))
}
