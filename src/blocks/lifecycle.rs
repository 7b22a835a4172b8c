//! How `depends_on` and `lifecycle` of a block reach its objects.

use std::collections::BTreeSet;

use super::block_type::AnyBlockType;
use super::codes;
use crate::config::Block;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::suggest;
use crate::resource::{Address, BlockAddress, Desired, Identity, Lifecycle, ReadyRule, is_builtin_group};

/// Gives each object of a block what `depends_on` and `lifecycle` say about it. An object also depends on the blocks
/// that keys of its block name, if these have objects.
pub(super) fn distribute(
    block: &Block,
    block_type: &dyn AnyBlockType,
    with_objects: &BTreeSet<&BlockAddress>,
    objects: &mut [Desired],
    mistakes: &mut Vec<Diagnostic>,
) {
    let named = block.named_blocks.iter().filter(|(address, _)| with_objects.contains(address));
    let named: Vec<_> =
        named.map(|(block, span)| (Address { block: block.clone(), object: None }, Some(*span))).collect();
    let written = block.depends_on.iter().map(|(address, span)| (address.clone(), Some(*span)));
    let written: Vec<_> = written.collect();
    for desired in objects.iter_mut() {
        let leads = block_type.leads(desired);
        let mut addresses = written.clone();
        if block_type.needs_named_blocks(desired) {
            addresses.extend_from_slice(&named);
        }
        addresses.append(&mut desired.depends_on);
        desired.depends_on = addresses;
        desired.lifecycle = Lifecycle {
            ignore_changes: std::mem::take(&mut desired.lifecycle.ignore_changes),
            replace_triggered_by: if leads {
                block.lifecycle.replace_triggered_by.clone()
            } else {
                Vec::new()
            },
            ready: desired.lifecycle.ready.take(),
            // What regplan generated is nowhere else. What runs is deleted and made anew all the time.
            protect: desired.hook.is_none()
                && (block.lifecycle.protect
                    || desired.lifecycle.protect
                    || desired.generated.iter().next().is_some()),
            ..block.lifecycle.clone()
        };
    }
    ready(block, block_type, objects, mistakes);
    ignore_changes(block, block_type, objects, mistakes);
}

/// Gives each object the readiness rule that is for it: its own, or that of the block, which is for what the block is
/// about. Among several objects these are the ones of kinds that have no rule of their own: a `ConfigMap` never gets a
/// condition, and the wait would end in a time-out. To be written is enough for any kind.
fn ready(
    block: &Block,
    block_type: &dyn AnyBlockType,
    objects: &mut [Desired],
    mistakes: &mut Vec<Diagnostic>,
) {
    for own in &block.ready_rules {
        let mut found = false;
        for desired in objects.iter_mut().filter(|desired| is_called(desired, &own.object)) {
            desired.lifecycle.ready = Some(own.rule.clone());
            found = true;
        }
        if !found && !objects.is_empty() {
            // What is wrong with a block without objects has been reported already.
            let message = format!("`{}` has no object `{}`, which is to be ready", block.address, own.object);
            let names = names(objects);
            let help = suggest(&own.object, names.iter().map(String::as_str), "it has no objects");
            mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(own.span, "").help(help));
        }
    }
    let Some(rule) = &block.lifecycle.ready else { return };
    let alone = objects.len() == 1;
    let mut taken = objects.is_empty();
    for desired in objects.iter_mut().filter(|desired| block_type.leads(desired)) {
        let takes_any = alone || block_type.has_leader() || *rule == ReadyRule::Written;
        if takes_any || !is_builtin_group(&desired.identity.group) {
            desired.lifecycle.ready = Some(rule.clone());
            taken = true;
        }
    }
    if !taken {
        let message = format!("the `ready` rule of `{}` fits none of its objects", block.address);
        mistakes.push(Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(block.span, "").help(
            format!(
                "kinds of Kubernetes itself have rules of their own; to name one object, write \
                     `ready = {{ \"{}\" = … }}`",
                names(objects).first().map_or("Kind/name", String::as_str)
            ),
        ));
    }
}

fn ignore_changes(
    block: &Block,
    block_type: &dyn AnyBlockType,
    objects: &mut [Desired],
    mistakes: &mut Vec<Diagnostic>,
) {
    for rule in &block.lifecycle.ignore_changes {
        let alone = objects.len() == 1;
        let mut found = false;
        for desired in objects.iter_mut() {
            let fits = match &rule.object {
                None => alone,
                Some(object) => object_names(desired).contains(object),
            };
            if fits {
                desired.lifecycle.ignore_changes.push(rule.clone());
                found = true;
            }
        }
        // What is wrong with a block without objects has been reported already.
        if !found && !objects.is_empty() {
            let path = rule.path.to_string();
            mistakes.push(without_object(block, block_type, rule.object.as_deref(), &path, objects));
        }
    }
}

fn without_object(
    block: &Block,
    block_type: &dyn AnyBlockType,
    object: Option<&str>,
    path: &str,
    objects: &[Desired],
) -> Diagnostic {
    let names = names(objects);
    let all = || names.iter().map(String::as_str);
    let leader = objects.iter().find(|desired| block_type.leads(desired));
    let example = leader.and_then(|leader| object_names(leader).pop()).unwrap_or_default();
    let (message, help) = match object {
        Some(object) => (
            format!("`{}` has no object `{object}`, whose `{path}` is to be ignored", block.address),
            suggest(object, all(), "it has no objects"),
        ),
        None => (
            format!("`{}` has several objects, and `{path}` does not say whose it is", block.address),
            format!("write `{example}:{path}`"),
        ),
    };
    Diagnostic::error(codes::RULE_WITHOUT_OBJECT, message).at(block.span, "").help(help)
}

/// Whether the object has this name in its address, or this kind and name in any namespace.
fn is_called(desired: &Desired, name: &str) -> bool {
    let Identity { kind, name: own, .. } = &desired.identity;
    object_names(desired).iter().any(|known| known == name) || format!("{kind}/{own}") == name
}

/// The name of each object.
fn names(objects: &[Desired]) -> Vec<String> {
    objects.iter().filter_map(|desired| object_names(desired).into_iter().next()).collect()
}

/// The names by which a rule may call an object: as in its address, and by plain kind and name.
fn object_names(desired: &Desired) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(object) = &desired.address.object {
        names.push(object.to_string());
    }
    if desired.address.object.is_none() {
        names.push(format!("{}/{}", desired.identity.kind, desired.identity.name));
    }
    names
}
