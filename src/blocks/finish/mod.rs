//! From drafts to desired resources: the rules that all objects share, whichever block they come from.

mod as_stored;
mod contested;
mod controlled;
mod duplicates;
mod object_check;
mod places;
mod secret_data;
mod unproved;

use serde_json::Value;

use super::block_type::AnyBlockType;
use super::codes;
use super::draft::{Addressing, Draft};
use super::facts::Facts;
use super::scope::Scopes;
use super::substitution::Substitution;
use super::value_words::describe;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::secret_data::is_secret;
use crate::resource::{BlockAddress, Desired, FieldPath, GroupKind, Identity, api_version_parts};
use as_stored::{encode_anew, fill_empty_keys};
pub(super) use contested::contested;
use controlled::leave_to_controllers;
pub(super) use duplicates::duplicates;
pub(super) use object_check::check;
pub(super) use places::Places;
use secret_data::encode_secret_data;
pub(super) use unproved::unproved;

/// Makes desired resources of drafts.
pub(super) struct Finish<'a> {
    pub(super) facts: &'a Facts,
    pub(super) scopes: &'a Scopes,
    pub(super) substitution: Substitution<'a>,
    pub(super) places: &'a Places<'a>,
}

impl Finish<'_> {
    /// The resource that a draft becomes; `None` for what is no object, and then a mistake is pushed.
    pub(super) fn desired(
        &self,
        block: &BlockAddress,
        mut draft: Draft,
        block_type: &dyn AnyBlockType,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Desired> {
        if !name_for_now(&mut draft, self.places, mistakes) {
            is_object(&draft, self.places, mistakes)?;
        }
        self.set_namespace(&mut draft, mistakes);
        // TOML has no null.
        let may_have_empty_keys = draft.addressing != Addressing::AsBlock;
        let address = draft.addressing.address(block, &Identity::of(&draft.object)?);
        if block_type.is_interpolated() {
            self.substitution.apply(&mut draft, mistakes);
        }
        let controlled = std::mem::take(&mut draft.controlled);
        let mut desired = draft.into_desired(address)?;
        if may_have_empty_keys {
            fill_empty_keys(&mut desired, self.places, mistakes);
        }
        if is_secret(&desired.identity) {
            encode_secret_data(&mut desired, self.places, mistakes);
        }
        encode_anew(&mut desired);
        leave_to_controllers(&mut desired, controlled, self.places, mistakes);
        Some(desired)
    }

    /// Gives the object a namespace if its kind has one, and removes one if it has not.
    fn set_namespace(&self, draft: &mut Draft, mistakes: &mut Vec<Diagnostic>) {
        let text = |pointer| draft.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (group, version) = api_version_parts(text("/apiVersion"));
        let kind = GroupKind { group: group.to_owned(), kind: text("/kind").to_owned() };
        let path = FieldPath::keys(["metadata", "namespace"]);
        let named = path.get(&draft.object).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        if self.scopes.is_namespaced(&kind, version, self.facts) {
            if !named {
                path.set(&mut draft.object, Value::from(draft.namespace.as_str()));
            }
        } else if path.remove(&mut draft.object).is_some() && named && draft.addressing == Addressing::AsBlock
        {
            // Manifests often name one, and the server drops it. In our own file it is a mistake.
            mistakes.push(
                Diagnostic::error(
                    codes::BAD_VALUE,
                    format!("a {} belongs to the whole cluster and has no namespace", kind.kind),
                )
                .at_opt(draft.span(&path), "")
                .help("remove the key"),
            );
        }
    }
}

/// Whether a draft has a version, a kind and a name; a mistake is pushed where it has not.
fn is_object(draft: &Draft, places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) -> Option<()> {
    let mut faults: Vec<String> =
        [("/apiVersion", "apiVersion"), ("/kind", "kind"), ("/metadata/name", "metadata.name")]
            .into_iter()
            .filter_map(|(pointer, key)| match draft.object.pointer(pointer) {
                Some(Value::String(text)) if !text.trim().is_empty() => None,
                None | Some(Value::Null | Value::String(_)) => Some(format!("it has no `{key}`")),
                Some(other) => Some(not_text(key, other)),
            })
            .collect();
    // It need not be there. What is there and no text would put the object into another namespace.
    match draft.object.pointer("/metadata/namespace") {
        None | Some(Value::Null | Value::String(_)) => {}
        Some(other) => faults.push(not_text("metadata.namespace", other)),
    }
    if faults.is_empty() {
        return Some(());
    }
    let origin = draft.origins.get(&FieldPath::root());
    let what = origin.map_or_else(|| "this".to_owned(), |origin| origin.key.clone());
    let why = if draft.object.is_object() {
        faults.join(", ").replace(", it has no ", ", no ")
    } else {
        format!("it is {}", describe(&draft.object))
    };
    let naming = [vec!["apiVersion"], vec!["kind"], vec!["metadata", "name"], vec!["metadata", "namespace"]];
    let unquoted = naming
        .into_iter()
        .map(FieldPath::keys)
        .find(|path| matches!(path.get(&draft.object), Some(Value::Number(_) | Value::Bool(_))));
    let mistake =
        Diagnostic::error(codes::NOT_AN_OBJECT, format!("{what} is not a Kubernetes object: {why}"));
    let mistake = match &unquoted {
        Some(_) => mistake.help("put the value in quotes"),
        None => mistake,
    };
    let place = places.of(&draft.origins, &unquoted.unwrap_or_default());
    mistakes.push(place.mark(mistake, ""));
    None
}

fn not_text(key: &str, value: &Value) -> String {
    format!("its `{key}` is {}, not text", describe(value))
}

/// Refuses an object that wants a name from the server. It gets one that nothing else has, so that all that is
/// wrong with it besides is found in the same run; nothing is applied.
fn name_for_now(draft: &mut Draft, places: &Places<'_>, mistakes: &mut Vec<Diagnostic>) -> bool {
    let text = |pointer| draft.object.pointer(pointer).and_then(Value::as_str);
    let is_missing = |pointer| draft.object.pointer(pointer).is_none_or(Value::is_null);
    let Some(prefix) = text("/metadata/generateName").filter(|_| is_missing("/metadata/name")) else {
        return false;
    };
    let is_whole = text("/apiVersion").is_some() && text("/kind").is_some();
    if !is_whole || !is_missing("/metadata/namespace") && text("/metadata/namespace").is_none() {
        return false;
    }
    let origin = draft.origins.get(&FieldPath::root());
    let what = origin.map_or_else(|| "this".to_owned(), |origin| origin.key.clone());
    let name = format!("{prefix}{}", mistakes.len());
    let mistake = Diagnostic::error(
        codes::NOT_AN_OBJECT,
        format!("{what} is not a Kubernetes object: it has no `metadata.name`"),
    )
    .help("`generateName` makes another object at every apply: give it a `name`");
    let place = places.of(&draft.origins, &FieldPath::keys(["metadata", "generateName"]));
    mistakes.push(place.mark(mistake, ""));
    FieldPath::keys(["metadata", "name"]).set(&mut draft.object, Value::from(name))
}
