//! What must outlive custom resources: whoever removes their finalizers, and whoever is asked about that.

use std::collections::BTreeMap;

use super::index::Index;
use super::index::KnownObject;
use crate::kubernetes::kinds::defines;
use crate::resource::dependencies::{Rights, answering_services, is_asked_about, selects};
use crate::resource::{GroupKind, Identity, is_builtin_group};

/// Pairs of numbers of these objects: the first is a custom resource, or the definition of some, and must be gone
/// before the second is deleted. What is about custom resources comes first.
pub(super) fn outliving(objects: &[KnownObject<'_>]) -> Vec<(usize, usize)> {
    let mut custom: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    for (at, (identity, _)) in objects.iter().enumerate() {
        if !is_builtin_group(&identity.group) {
            let place = (identity.group_kind(), identity.namespace.as_deref());
            custom.entry(place).or_default().push(at);
        }
    }
    let definitions: Vec<(usize, GroupKind)> =
        objects.iter().enumerate().filter_map(|(at, (_, object))| Some((at, defines(object)?))).collect();
    if custom.is_empty() && definitions.is_empty() {
        return Vec::new();
    }
    let rights = Rights::of(objects);
    let mut index = Index::of(objects);
    let (mut of_resources, mut of_definitions) = (Vec::new(), Vec::new());
    for (at, (identity, object)) in objects.iter().enumerate() {
        let behind = behind(&answering_services(object), objects, &mut index);
        let defined = defines(object);
        for ((kind, namespace), resources) in &custom {
            let is_asked = is_asked_about(identity, object, kind);
            if is_asked || rights.may_write(identity, object, &kind.group, *namespace) {
                of_resources.extend(resources.iter().map(|&resource| (resource, at)));
            }
            if !behind.is_empty() && (defined.as_ref() == Some(kind) || is_asked) {
                let pairs =
                    resources.iter().flat_map(|&resource| behind.iter().map(move |&to| (resource, to)));
                of_resources.extend(pairs);
            }
        }
        let waiting = definitions.iter().filter(|(_, kind)| {
            is_asked_about(identity, object, kind)
                || rights.may_write_somewhere(identity, object, &kind.group)
        });
        of_definitions.extend(waiting.map(|(definition, _)| (*definition, at)));
    }
    of_resources.extend(of_definitions);
    of_resources.retain(|(from, to)| from != to);
    of_resources
}

/// Where custom resources are: their kind and their namespace.
type Place<'a> = (GroupKind, Option<&'a str>);

/// These Services and the pods behind them, as far as they are among the objects.
fn behind(services: &[Identity], objects: &[KnownObject<'_>], index: &mut Index) -> Vec<usize> {
    let mut found = Vec::new();
    if services.is_empty() {
        return found;
    }
    for (at, (identity, object)) in objects.iter().enumerate() {
        if services.contains(identity) {
            found.push(at);
            found.extend(selects(identity, object).map(|pods| index.select(&pods)).unwrap_or_default());
        }
    }
    found
}
