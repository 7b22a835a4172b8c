//! From drafts to desired resources: the rules that all objects share, whichever block they come from.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::check::describe;
use super::codes;
use super::controlled::leave_to_controllers;
use super::draft::{Draft, Naming};
use super::facts::{Facts, Text};
use super::scope::Scopes;
use super::secrets::{self, Filled};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::kubernetes::marks::KUBECTL_NOTE;
use crate::resource::{
    Address, BlockAddress, Desired, Encoding, Expression, FieldPath, GroupKind, Identity, Unchecked,
    api_version_parts,
};

/// What finishing needs to know.
pub(super) struct Finish<'a> {
    pub(super) config: &'a Config,
    pub(super) namespace: &'a str,
    pub(super) facts: &'a Facts,
    pub(super) scopes: &'a Scopes,
}

impl Finish<'_> {
    /// The resource that a draft is of; `None` for what is no object, which is pushed. References are
    /// only looked for where `interpolated` says so.
    pub(super) fn desired(
        &self,
        block: &BlockAddress,
        mut draft: Draft,
        interpolated: bool,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Desired> {
        is_object(&draft, mistakes)?;
        self.place(&mut draft, mistakes);
        let address = match &draft.naming {
            Naming::Block => Address { block: block.clone(), object: None },
            Naming::Object { home } => {
                Address::object(block.clone(), &Identity::of(&draft.object)?, Some(home))
            }
        };
        let mut desired = Desired::new(address, draft.object)?;
        desired.origins = draft.origins;
        desired.settable = draft.settable;
        desired.sensitive = draft.sensitive;
        desired.unchecked = draft.unchecked;
        desired.fresh = draft.fresh;
        if interpolated {
            self.references(&mut desired, mistakes);
        }
        if desired.identity.is("", "Secret") {
            secret_data(&mut desired, mistakes);
        }
        leave_to_controllers(&mut desired, mistakes);
        Some(desired)
    }

    /// Gives the object its namespace, or takes one away that its kind has not.
    fn place(&self, draft: &mut Draft, mistakes: &mut Vec<Diagnostic>) {
        let text = |pointer| draft.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (group, version) = api_version_parts(text("/apiVersion"));
        let kind = GroupKind { group: group.to_owned(), kind: text("/kind").to_owned() };
        let path = FieldPath::keys(["metadata", "namespace"]);
        let named = path.get(&draft.object).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        if self.scopes.is_namespaced(&kind, version, self.facts) {
            if !named {
                path.set(&mut draft.object, Value::from(draft.namespace.as_str()));
            }
        } else if path.remove(&mut draft.object).is_some() && named && draft.naming == Naming::Block {
            // Manifests often name one, and the server drops it; in our own file it is a misunderstanding.
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

    /// Reads the marks of all texts: secrets are put in, live fields wait.
    fn references(&self, desired: &mut Desired, mistakes: &mut Vec<Diagnostic>) {
        let mut texts = Vec::new();
        marked(&FieldPath::root(), &desired.object, &mut texts);
        let mut generated = BTreeSet::new();
        for (path, text) in texts {
            let span = desired.origin(&path).and_then(|origin| origin.span);
            let Some(Ok(expression)) = text.as_deref().and_then(Expression::parse) else {
                let message = format!("a reference cannot stand in the key `{path}`");
                mistakes.push(Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message).at_opt(span, ""));
                continue;
            };
            if path.names_the_object() {
                let message = format!("`{path}` says which object this is, and takes no `${{…}}`");
                mistakes.push(
                    Diagnostic::error(codes::REFERENCE_NOT_EXPECTED, message)
                        .at_opt(span, "")
                        .help("write the value itself"),
                );
                continue;
            }
            let written = expression.to_string();
            match secrets::fill(expression, self.config, self.namespace, self.facts, &mut generated) {
                Filled::Known { text, is_new } => {
                    path.set(&mut desired.object, Value::from(text));
                    if is_new {
                        desired.fresh.insert(path.clone(), ());
                    }
                    desired.sensitive.insert(path, ());
                }
                Filled::Open(text) => {
                    // That a value is lost is said once, by the Secret that kept it.
                    let reason = match text {
                        Text::Unknown(reason) | Text::Lost(reason) => reason,
                        Text::Known(_) | Text::New(_) | Text::Placeholder => {
                            "secrets are not read here".to_owned()
                        }
                    };
                    path.set(&mut desired.object, Value::from(super::draft::PLACEHOLDER));
                    desired.sensitive.insert(path.clone(), ());
                    desired.unchecked.insert(path, Unchecked { reason });
                }
                Filled::Waits(expression) => {
                    path.set(&mut desired.object, Value::from(written));
                    desired.unresolved.insert(path, expression);
                }
                Filled::Mixed => mistakes.push(
                    Diagnostic::error(
                        codes::MIXED_REFERENCE,
                        "one text refers to a secret and to a live field",
                    )
                    .at_opt(span, "")
                    .help("give each a text of its own: the plan shows what waits for a live field"),
                ),
            }
        }
        // The Secret that keeps a generated value is written first: were the run cut off in between, the
        // value would otherwise be in use and be lost.
        for name in generated {
            let keeper = secrets::keeper_address(&name);
            if keeper != desired.address && !desired.depends_on.iter().any(|(address, _)| *address == keeper)
            {
                desired.depends_on.push((keeper, None));
            }
        }
    }
}

/// Kind, version and name, or a mistake.
fn is_object(draft: &Draft, mistakes: &mut Vec<Diagnostic>) -> Option<()> {
    let faults: Vec<String> =
        [("/apiVersion", "apiVersion"), ("/kind", "kind"), ("/metadata/name", "metadata.name")]
            .into_iter()
            .filter_map(|(pointer, key)| match draft.object.pointer(pointer) {
                Some(Value::String(text)) if !text.trim().is_empty() => None,
                None | Some(Value::Null | Value::String(_)) => Some(format!("it has no `{key}`")),
                Some(other) => Some(format!("its `{key}` is {}, not text", describe(other))),
            })
            .collect();
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
    let mut mistake =
        Diagnostic::error(codes::NOT_AN_OBJECT, format!("{what} is not a Kubernetes object: {why}"))
            .at_opt(draft.span(&FieldPath::root()), "");
    if draft.object.pointer("/metadata/generateName").is_some() {
        mistake = mistake.help("`generateName` makes another object at every apply: give it a `name`");
    }
    mistakes.push(mistake);
    None
}

/// All texts with a mark, and the keys with one (`None`).
fn marked(path: &FieldPath, value: &Value, found: &mut Vec<(FieldPath, Option<String>)>) {
    match value {
        Value::String(text) if Expression::has_mark(text) => found.push((path.clone(), Some(text.clone()))),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                marked(&path.index(index), item, found);
            }
        }
        Value::Object(map) => {
            for (key, below) in map {
                let at = path.key(key.as_str());
                if Expression::has_mark(key) {
                    found.push((at, None));
                } else {
                    marked(&at, below, found);
                }
            }
        }
        _ => {}
    }
}

/// `stringData` becomes `data`: under server-side apply the server would own `stringData`, which it never
/// shows again, and a key that is dropped would stay. All data is sensitive.
fn secret_data(desired: &mut Desired, mistakes: &mut Vec<Diagnostic>) {
    let plain = match desired.object.as_object_mut().and_then(|object| object.remove("stringData")) {
        Some(Value::Object(plain)) => plain,
        None | Some(Value::Null) => Map::new(),
        Some(other) => {
            let message = format!("`stringData` must be a table, and is {}", describe(&other));
            mistakes.push(Diagnostic::error(codes::INVALID_DATA, message).at_opt(root_span(desired), ""));
            Map::new()
        }
    };
    desired.origins.remove(&FieldPath::keys(["stringData"]));
    for (key, value) in plain {
        let (from, to) = (FieldPath::keys(["stringData", &key]), FieldPath::keys(["data", &key]));
        let origin = desired.origins.remove(&from);
        desired.sensitive.remove(&from);
        let span = origin.as_ref().and_then(|origin| origin.span).or_else(|| root_span(desired));
        if let Some(origin) = origin {
            desired.origins.insert(to.clone(), origin);
        }
        let Value::String(text) = value else {
            let message = format!("`stringData` has {} under `{key}`: it takes texts", describe(&value));
            mistakes.push(
                Diagnostic::error(codes::INVALID_DATA, message).at_opt(span, "").help("put it in quotes"),
            );
            continue;
        };
        if desired.fresh.remove(&from).is_some() {
            desired.fresh.insert(to.clone(), ());
        }
        let unchecked = desired.unchecked.remove(&from);
        let unresolved = desired.unresolved.remove(&from);
        let whole = unchecked.is_none() && unresolved.is_none();
        let text = if whole { STANDARD.encode(text) } else { text };
        if let Some(why) = unchecked {
            desired.unchecked.insert(to.clone(), why);
        }
        if let Some(expression) = unresolved {
            desired.unresolved.insert(to.clone(), Expression { encoding: Encoding::Base64, ..expression });
        }
        if !to.set(&mut desired.object, Value::String(text)) {
            let message = "`data` must be a table";
            mistakes.push(Diagnostic::error(codes::INVALID_DATA, message).at_opt(span, ""));
        }
    }
    // The note that `kubectl apply` leaves of a Secret holds its data, and comes along with an exported one.
    let note = FieldPath::keys(["metadata", "annotations", KUBECTL_NOTE]);
    for path in [FieldPath::keys(["data"]), note] {
        if path.get(&desired.object).is_some() {
            desired.sensitive.insert(path, ());
        }
    }
}

fn root_span(desired: &Desired) -> Option<crate::diagnostic::Span> {
    desired.origins.get(&FieldPath::root())?.span
}

/// Objects that are the same, and addresses that are: both places are shown.
pub(super) fn duplicates(resources: &[Desired], mistakes: &mut Vec<Diagnostic>) {
    let mut identities: BTreeMap<&Identity, &Desired> = BTreeMap::new();
    let mut addresses: BTreeMap<&Address, &Desired> = BTreeMap::new();
    for desired in resources {
        let first = match identities.get(&desired.identity) {
            Some(first) => Some(*first),
            None => addresses.get(&desired.address).copied(),
        };
        let Some(first) = first else {
            identities.insert(&desired.identity, desired);
            addresses.insert(&desired.address, desired);
            continue;
        };
        let root = FieldPath::root();
        let key =
            |desired: &Desired| desired.origin(&root).map(|origin| origin.key.clone()).unwrap_or_default();
        let message = if first.identity == desired.identity {
            format!("{} is declared twice: by `{}` and by `{}`", desired.identity, key(first), key(desired))
        } else {
            format!(
                "two objects have the address `{}`: {} and {}",
                desired.address, first.identity, desired.identity
            )
        };
        let shown_both = root_span(first) != root_span(desired);
        let mut mistake = Diagnostic::error(codes::DUPLICATE_OBJECT, message)
            .at_opt(root_span(desired), if shown_both { "again here" } else { "" })
            .help("remove one of them, or give it another name or namespace");
        if shown_both {
            mistake = mistake.at_opt(root_span(first), "first here");
        }
        mistakes.push(mistake);
    }
}
