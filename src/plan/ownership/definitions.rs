//! Definitions of custom resources that others have made: they are used, and never set back.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::nearest::list;
use crate::kubernetes::kinds::{defined_apis, is_definition};
use crate::resource::{Desired, Live, Problem, ProblemKind};

/// Why a definition of others is not taken over: it serves what ours does not, and whoever uses that would lose it.
pub(in crate::plan) fn setback(desired: &Desired, live: &Live) -> Option<Problem> {
    if !is_definition(&desired.identity) {
        return None;
    }
    let (theirs, ours) = (versions(&live.object), versions(&desired.object));
    let lost: Vec<&str> = theirs.difference(&ours).map(String::as_str).collect();
    if lost.is_empty() {
        return None;
    }
    let message = format!("{} of others serves {}, and ours does not", desired.identity, list(lost));
    Some(Problem::new(ProblemKind::Conflict, message).help(format!(
        "take a version of it that serves all of that; or use the one that is there, and leave ours out{}",
        leaving_out(desired)
    )))
}

/// What to do where a definition of others has the name of ours; `None` for any other object.
pub(in crate::plan) fn help(desired: &Desired) -> Option<String> {
    is_definition(&desired.identity).then(|| {
        format!(
            "to use it as it is, leave ours out{}; to take it over, pass `--adopt {}`. Never delete it: all objects of its kind \
             would go with it",
            leaving_out(desired),
            desired.address
        )
    })
}

fn leaving_out(desired: &Desired) -> String {
    let block = &desired.address.block;
    match block.kind.as_str() {
        "chart" => format!(" (`crds = false` in [{block}], or a value of the chart)"),
        _ => String::new(),
    }
}

/// `example.com/v1`, for each version that it serves.
fn versions(definition: &Value) -> BTreeSet<String> {
    let apis = defined_apis(definition).into_iter();
    apis.filter(|api| api.matches('/').count() == 1).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::{Address, BlockAddress, Ownership, Stamp};

    fn definition(versions: &[&str]) -> Value {
        let versions: Vec<Value> =
            versions.iter().map(|name| json!({"name": name, "served": true})).collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "foos.example.com"},
            "spec": {"group": "example.com", "names": {"kind": "Foo"}, "versions": versions},
        })
    }

    #[test]
    fn a_definition_of_others_is_never_set_back() {
        let address = Address { block: BlockAddress::new("chart", "web"), object: None };
        let desired = Desired::new(address, definition(&["v1", "v2"])).unwrap();
        let live = |versions: &[&str]| Live {
            object: definition(versions),
            stamp: Stamp { uid: "u".into(), version: "1".into() },
            ownership: Ownership::default(),
        };
        assert_eq!(setback(&desired, &live(&["v1"])), None);
        let problem = setback(&desired, &live(&["v1", "v2", "v3"])).unwrap();
        insta::assert_snapshot!(format!("{} | {}", problem.message, problem.help.unwrap()), @"CustomResourceDefinition.apiextensions.k8s.io foos.example.com of others serves `example.com/v3`, and ours does not | take a version of it that serves all of that; or use the one that is there, and leave ours out (`crds = false` in [chart.web], or a value of the chart)");
    }
}
