//! The words that the text, the Markdown and the JSON of a plan share. None of them is escaped.

use std::collections::{HashMap, HashSet};

use crate::plan::{
    Action, Cause, Change, Drifted, Fidelity, FieldChange, Keep, Mode, Occasion, Plan, Reason, drift_summary,
};
use crate::report::format::plural::plural;
use crate::report::managers::managers;
use crate::report::plan::{key_facts, reasons, signing};
use crate::report::source_line::Locator;
use crate::resource::{Address, FieldPath, Health, Moment, Side, to_the_second};
use crate::state::Freshness;

/// The action as a verb.
pub(in crate::report) fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Run => "run",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Keep => "keep",
        Action::Forget => "forget",
        Action::None => "no change",
    }
}

/// What happens to a resource; of one that stays as it is, how it is.
pub(in crate::report) fn story(change: &Change) -> &'static str {
    match change.health {
        Some(Health::NotReady { .. }) => "not ready yet",
        Some(Health::Unhealthy { .. }) => "unhealthy",
        None => verb(change.action),
    }
}

/// What is wrong with a resource that stays as it is, one sentence for each fact.
pub(in crate::report) fn health(health: &Health) -> Vec<String> {
    match health {
        Health::NotReady { since, cause } => vec![
            cause.clone(),
            format!("it was written at {}, and has not been ready since", to_the_second(*since)),
        ],
        Health::Unhealthy { cause } => vec![cause.clone()],
    }
}

/// Whether a plan shows the resource at all.
pub(in crate::report) fn is_worth_a_line(change: &Change) -> bool {
    // An unchanged resource is shown where that is not certain.
    change.action != Action::None
        || change.health.is_some()
        || change.moved_from.is_some()
        || !change.unchecked.is_empty()
        || matches!(change.fidelity, Fidelity::Predicted(_))
}

/// The changes that are shown, those that delete first. Hooks stand in the order in which they run.
pub(in crate::report) fn by_weight(plan: &Plan) -> Vec<&Change> {
    let mut shown: Vec<&Change> = plan.changes.iter().filter(|change| is_worth_a_line(change)).collect();
    let places = places_of_hooks(plan);
    shown.sort_by_key(|change| (weight(change), places.get(&change.address)));
    shown
}

/// The place of each hook that runs in the order of the apply.
fn places_of_hooks(plan: &Plan) -> HashMap<Address, usize> {
    let hooks: HashSet<&Address> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Run)
        .map(|change| &change.address)
        .collect();
    if hooks.is_empty() {
        return HashMap::new();
    }
    let order = plan.order().sorted().into_iter().enumerate();
    order.filter(|(_, address)| hooks.contains(address)).map(|(place, address)| (address, place)).collect()
}

fn weight(change: &Change) -> u8 {
    match change.action {
        // An update that removes an old object deletes as well.
        _ if change.replaced.is_some() => 1,
        Action::Delete => 0,
        Action::Replace => 1,
        Action::Update => 2,
        Action::Adopt => 3,
        Action::Run => 4,
        Action::Create => 5,
        // What an apply cannot mend stands where it is read first.
        Action::None if change.health.is_some() => 0,
        Action::None => 6,
        Action::Forget => 7,
        Action::Keep => 8,
    }
}

/// What a plan says of a resource besides its fields, one sentence for each fact.
pub(in crate::report) fn remarks(plan: &Plan, change: &Change) -> Vec<String> {
    let predicted = reasons::prediction(&change.fidelity);
    let reason = reasons::sentence(&change.reasons);
    known_remarks(plan, change, reason)
        .into_iter()
        .chain(predicted.map(|why| format!("predicted: {why}")))
        .collect()
}

/// The same for one of many: what differs from object to object in a reason is left out.
pub(in crate::report) fn short_remarks(plan: &Plan, change: &Change) -> Vec<String> {
    let predicted = reasons::short_prediction(&change.fidelity);
    let reason = reasons::shared_sentence(&change.reasons);
    known_remarks(plan, change, reason)
        .into_iter()
        .chain(predicted.map(|why| format!("predicted: {why}")))
        .collect()
}

fn known_remarks(plan: &Plan, change: &Change, reason: Option<String>) -> Vec<String> {
    let mut remarks: Vec<String> = change.health.as_ref().map(health).unwrap_or_default();
    if let Some(from) = &change.moved_from {
        remarks.push(format!("moved from {from}"));
    }
    remarks.extend(run(change));
    remarks.extend(random(change));
    match reason {
        Some(sentence) => remarks.push(sentence),
        None if change.action == Action::Delete && plan.mode == Mode::Apply => {
            remarks.push(plan.revision.map_or_else(
                || "it is not in the configuration any more".to_owned(),
                |revision| format!("it was not there at revision {revision}"),
            ));
        }
        None => {}
    }
    remarks.extend(signing::anew(change));
    remarks.extend(change.cause.as_ref().and_then(|cause| whose_deed(change, cause)));
    let is_said = change.reasons.iter().any(|reason| matches!(reason, Reason::AdoptedFrom { .. }));
    if !change.taken_from.is_empty() && !is_said {
        remarks.push(format!("takes the fields of {}", change.taken_from.join(", ")));
    }
    remarks
}

/// When a hook of a chart runs, and with what.
fn run(change: &Change) -> Option<String> {
    let hook = change.desired.as_ref()?.hook.as_ref().filter(|_| change.action == Action::Run)?;
    let (side, moment) = (hook.side(), hook.moment);
    let when = match (side?, moment) {
        (Side::Before, Moment::Install) => "before the chart is installed",
        (Side::After, Moment::Install) => "after the chart was installed",
        (Side::Before, Moment::Upgrade) => "before the chart is upgraded",
        (Side::After, Moment::Upgrade) => "after the chart was upgraded",
        (Side::Before, Moment::Rollback) => "before the chart goes back to this revision",
        (Side::After, Moment::Rollback) => "after the chart went back to this revision",
        (Side::Before, Moment::Delete) => "before the chart is deleted",
        (Side::After, Moment::Delete) => "after the chart was deleted",
        (_, Moment::Takeover | Moment::Test) => return None,
    };
    let facts = key_facts::line(&key_facts::of_object(change));
    Some(if facts.is_empty() { format!("runs {when}") } else { format!("runs {when}; {facts}") })
}

/// Which fields the chart has made at random, and which of them get a new value.
fn random(change: &Change) -> Option<String> {
    let desired = change.desired.as_ref().filter(|_| change.action.writes())?;
    let all = desired.random.iter().map(|(path, ())| path);
    let (new, kept): (Vec<_>, Vec<_>) = all.partition(|path| desired.fresh.touches(path));
    let named = |paths: &[&FieldPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let parts = [("made at random", new), ("keeps what was made at random", kept)];
    let told: Vec<String> = parts
        .iter()
        .filter(|(_, paths)| !paths.is_empty())
        .map(|(words, paths)| format!("{words}: {}", named(paths)))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Who changed or deleted the object.
fn whose_deed(change: &Change, cause: &Cause) -> Option<String> {
    let is_gone = change.reasons.contains(&Reason::AppliedBefore);
    match cause {
        Cause::Drift { by } if is_gone => Some(format!("drift: deleted {}", managers(by))),
        Cause::Conflict { by } if is_gone => {
            Some(format!("conflict: deleted {}, and changed by you", managers(by)))
        }
        other => whose(other),
    }
}

/// Who changed the field; `None` for the user's own configuration.
pub(in crate::report) fn whose(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Yours => None,
        Cause::Drift { by } => Some(format!("drift: changed {}", managers(by))),
        Cause::Conflict { by } => Some(format!("conflict: managed {}", managers(by))),
    }
}

/// The place in the configuration of the user's own change.
pub(in crate::report) fn yours(field: &FieldChange, places: Locator<'_>) -> Option<String> {
    (field.cause == Cause::Yours).then(|| {
        let place = field.origin.as_ref().and_then(places);
        place.map_or_else(|| "yours".to_owned(), |place| format!("yours, {place}"))
    })
}

/// How to keep a change that somebody else made.
pub(in crate::report) fn keep(field: &FieldChange, places: Locator<'_>) -> Option<String> {
    Some(match field.keep.as_ref()? {
        Keep::Ignore(line) => {
            // TOML needs single quotes around a string that has double quotes in it.
            let quote = if line.contains(['"', '\\']) && !line.contains('\'') { '\'' } else { '"' };
            let escaped = line.replace('\\', "\\\\").replace('"', "\\\"");
            let line = if quote == '"' { &escaped } else { line };
            format!("ignore_changes = [{quote}{line}{quote}]")
        }
        Keep::Key(origin) => {
            let verb = if field.before.is_some() { "set" } else { "remove it at" };
            match places(origin) {
                Some(place) => format!("{verb} {} ({place})", origin.key),
                None if origin.span.is_none() => format!("{verb} {} (it has its default now)", origin.key),
                None => format!("{verb} {}", origin.key),
            }
        }
    })
}

/// How much of a resource is not shown.
pub(in crate::report) fn hidden(change: &Change) -> Option<String> {
    let unchanged = change.unchanged;
    let kept = format!("{unchanged} {} unchanged", plural(unchanged, "field", "fields"));
    let foreign = (change.foreign > 0).then(|| left_alone(change.foreign));
    match (unchanged, foreign) {
        (0, foreign) => foreign,
        (_, None) => Some(kept),
        (_, Some(foreign)) => Some(format!("{kept}; {foreign}")),
    }
}

/// The number of fields that belong to others and stay as they are.
pub(in crate::report) fn left_alone(count: usize) -> String {
    let (noun, are) = (plural(count, "field", "fields"), plural(count, "is", "are"));
    format!("{count} {noun} managed by others {are} left unchanged")
}

/// How many resources there are for each action.
pub(in crate::report) fn counts(plan: &Plan) -> String {
    let summary = plan.summary();
    let unchanged = match summary.unchanged {
        0 => String::new(),
        count => format!("; {count} unchanged{}", unwell(plan, ", ")),
    };
    let adopt = match summary.adopt {
        0 => String::new(),
        count => format!(", {count} to adopt"),
    };
    let run = match summary.run {
        0 => String::new(),
        count => format!(", {count} to run"),
    };
    let forget = match summary.forget {
        0 => String::new(),
        count => format!(", {count} to forget"),
    };
    format!(
        "{} to add{adopt}, {} to change, {} to replace{run}, {} to destroy{forget}{unchanged}",
        summary.add, summary.change, summary.replace, summary.destroy
    )
}

/// Why the plan as a whole cannot be applied.
pub(in crate::report) fn obstacle(plan: &Plan) -> Option<String> {
    if matches!(plan.freshness, Freshness::Stale(_)) {
        return Some("The state here is not the newest one; nothing can be applied.".to_owned());
    }
    let count = plan.refusals.len();
    (count > 0).then(|| {
        let noun = plural(count, "resource", "resources");
        format!("{count} {noun} must be corrected first; nothing can be applied.")
    })
}

/// The sentence for a plan without changes.
pub(in crate::report) fn quiet(plan: &Plan) -> Option<String> {
    if plan.is_blocked() || plan.has_changes() {
        return None;
    }
    Some(match plan.mode {
        Mode::Destroy => "Nothing to destroy.".to_owned(),
        Mode::Apply => {
            let settled = plan.summary().unchanged;
            let are = plural(settled, "resource is", "resources are");
            let unwell = unwell(plan, "; ");
            let awaited = plural(plan.summary().not_ready, "it", "them");
            let waits = if plan.has_work() {
                format!(", and an apply waits for {awaited} again")
            } else {
                String::new()
            };
            let wanted = match plan.revision {
                Some(revision) => format!("at revision {revision}"),
                None => "the configuration says".to_owned(),
            };
            format!("Nothing to change: {settled} {are} as {wanted}{unwell}{waits}.")
        }
    })
}

/// How many of the resources that stay as they are are not well, each count after this separator.
fn unwell(plan: &Plan, separator: &str) -> String {
    let summary = plan.summary();
    let counts = [(summary.not_ready, "not ready yet"), (summary.unhealthy, "unhealthy")];
    let told = counts.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, word)| format!("{separator}{count} {word}")).collect();
    told.concat()
}

/// Why the plan has changes.
pub(in crate::report) fn occasion(plan: &Plan) -> Option<&'static str> {
    // A destroy and a rollback need no explanation.
    let occasion = plan.occasion().filter(|_| plan.mode == Mode::Apply && plan.revision.is_none())?;
    Some(match occasion {
        Occasion::Configuration => "the configuration or a secret changed; the cluster has not drifted.",
        Occasion::Drift => "the cluster has drifted; the configuration has not changed.",
        Occasion::Both => "the configuration or a secret changed, and the cluster has drifted.",
        Occasion::Adoption => "existing objects are adopted.",
    })
}

/// The drift that an apply reverts, one line for each manager.
pub(in crate::report) fn drift(plan: &Plan) -> Vec<String> {
    drift_summary(plan).iter().map(drifted).collect()
}

fn drifted(one: &Drifted) -> String {
    let resources = one.addresses.len();
    let within = format!("{resources} {}", plural(resources, "resource", "resources"));
    let what = match one.fields {
        // It was removed, or only its ownership changed.
        0 => within,
        fields => format!("{fields} {} in {within}", plural(fields, "field", "fields")),
    };
    let by = one.manager.as_deref().unwrap_or("an unknown manager");
    let latest = one.latest.as_ref().map(|time| format!(", last at {time}")).unwrap_or_default();
    format!("by {by}: {what}{latest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::plan;
    use crate::resource::{Identity, Target};

    #[test]
    fn hooks_stand_in_the_order_in_which_they_run() {
        let hook = |name: &str, awaits: &[&str]| {
            let target = Target { identity: Identity::namespaced("batch", "Job", "a", name), version: None };
            let awaits = awaits.iter().map(|name| Address::block("chart", *name)).collect();
            let address = Address::block("chart", name);
            Change { awaits, ..Change::new(address, target, Action::Run, Fidelity::DryRun) }
        };
        // As the plan has them: what depends on nothing comes by its name.
        let plan = plan(vec![hook("after", &["config"]), hook("config", &["migrate"]), hook("migrate", &[])]);
        let shown: Vec<&str> =
            by_weight(&plan).iter().map(|change| change.address.block.name.as_str()).collect();
        assert_eq!(shown, ["migrate", "config", "after"]);
    }
}
