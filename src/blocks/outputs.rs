//! `[output.NAME]`: values that others want to know, with what can be told of them before the cluster is asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::codes;
use super::draft::{Addressing, Draft};
use super::references::KnownAddresses;
use super::substitution::Substitution;
use crate::config::Output;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::secret_data;
use crate::resource::{BlockAddress, Desired, Expression, FieldPath, Origin, PathMap, Reference};

/// The key of a draft under which the value stands.
const VALUE: &str = "value";

/// An output with what is known of its value.
#[derive(Debug, Clone)]
pub struct CompiledOutput {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Whether it is shown only to those who ask for it by name.
    pub sensitive: bool,
    /// The value; what is not known yet stands in it as an expression.
    pub value: Value,
    /// What must be read from the cluster, by its place in the value.
    pub unresolved: PathMap<Expression>,
    /// Why a secret in it is not known.
    pub unknown: Option<String>,
    /// The blocks whose keys, or what they give, stand in it. It is true once these are applied.
    pub tells_of: BTreeSet<BlockAddress>,
}

impl CompiledOutput {
    /// Whether the file alone gives something of its value.
    pub fn is_of_file(&self) -> bool {
        !self.tells_of.is_empty()
    }
}

/// The output, with its secrets and properties put in. Pushes what is wrong with it.
pub(super) fn compile(
    output: &Output,
    substitution: &Substitution<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> CompiledOutput {
    let origin = Origin::of_key(format!("output.{}.{VALUE}", output.name), Some(output.value.span));
    let mut draft = Draft::of(json!({ VALUE: output.value.to_json() }), origin, Addressing::AsBlock, "");
    substitution.apply(&mut draft, mistakes);
    if !draft.sensitive.is_empty() && !output.sensitive {
        mistakes.push(open_secret(output));
    }
    let within = FieldPath::keys([VALUE]);
    let unresolved =
        draft.unresolved.iter().map(|(path, expression)| (path.seen_from(&within), expression.clone()));
    let unknown = draft.unchecked.iter().map(|(_, unchecked)| unchecked.reason.clone()).next();
    let unknown = unknown.or_else(|| (!draft.fresh.is_empty()).then(|| "the next apply makes it".to_owned()));
    CompiledOutput {
        name: output.name.clone(),
        description: output.description.clone(),
        sensitive: output.sensitive,
        unresolved: unresolved.collect(),
        unknown,
        tells_of: output.tells_of.clone(),
        value: draft.object.get_mut(VALUE).map(Value::take).unwrap_or_default(),
    }
}

/// Pushes a mistake for every live field of an output that leads nowhere, or to a secret that is not marked.
pub(super) fn check(
    outputs: &[(&Output, CompiledOutput)],
    known: &KnownAddresses,
    resources: &[Desired],
    mistakes: &mut Vec<Diagnostic>,
) {
    for (output, compiled) in outputs {
        let references = compiled.unresolved.iter().flat_map(|(_, expression)| expression.references());
        for reference in references {
            let Reference::Live(live) = reference else { continue };
            if let Err(mistake) = known.check_live(live) {
                mistakes.push(mistake.at(output.value.span, ""));
                continue;
            }
            let is_there = |address: &_| resources.iter().any(|desired| desired.address == *address);
            let Some((address, path)) = live.split(is_there) else { continue };
            let mut named = resources.iter().filter(|desired| desired.address == address);
            if !output.sensitive && named.any(|desired| secret_data::may_show_secret(desired, &path)) {
                mistakes.push(open_secret(output));
            }
        }
    }
}

fn open_secret(output: &Output) -> Diagnostic {
    let Output { name, value, .. } = output;
    Diagnostic::error(codes::OPEN_SECRET, format!("`output.{name}` gives a secret, and does not say so"))
        .at(value.span, "")
        .help(format!("set `sensitive = true`: then only `regplan output {name} --format raw` prints it"))
}
