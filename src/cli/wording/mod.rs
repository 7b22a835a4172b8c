//! The words for what the engine reports as data.

mod plan_file;
mod words;

use std::path::Path;

pub(super) use plan_file::refused;
pub(super) use words::Words;
use words::unchecked;

use crate::diagnostic::nearest::suggest;
use crate::engine::{ClusterMismatch, Error, MissingRights, NotApplicable, NotUndoable, SettingsConflict};
use crate::outputs::Missing;
use crate::plan::LineageObstacle;
use crate::report::{self, Label, Styled};
use crate::resource::{BlockAddress, ClusterIdentity};

fn nothing_to_verify(named: Option<&BlockAddress>, known: &[BlockAddress]) -> Words {
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    match named {
        Some(named) => {
            let named = named.to_string();
            let help =
                suggest(&named, known.iter().map(String::as_str), "name one that the configuration has");
            if known.contains(&named) {
                return Words::new(
                    format!("none of these checks is for `{named}`"),
                    "`tests` is for charts, and all others are for registries",
                );
            }
            Words::new(format!("there is no registry and no chart `{named}`"), help)
        }
        None => Words::new(
            "the configuration has nothing that these checks are for",
            "`[registry.NAME]` makes one; `regplan init` shows how",
        ),
    }
}

fn no_chart(named: &BlockAddress, known: &[BlockAddress]) -> Words {
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    let named = named.to_string();
    let help = suggest(
        &named,
        known.iter().map(String::as_str),
        "name a `[chart.NAME]` of the configuration: only charts make something at random that is kept",
    );
    Words::new(format!("there is no chart `{named}`"), help)
}

/// A note: what the user should know besides the result.
pub(super) fn note(story: impl AsRef<str>) -> Styled {
    let mut text = Styled::default();
    text.push(Label::Warning, "Note: ").line(Label::Plain, story);
    text
}

/// The words for an error of the engine.
pub(super) fn words(error: &Error) -> Words {
    match error {
        Error::Mistakes { mistakes, .. } => Words { message: mistakes.to_string(), help: None },
        Error::Problem(problem) => Words { message: problem.message.clone(), help: problem.help.clone() },
        Error::State(error) => Words::new(error.to_string(), error.help()),
        Error::StateReading(error) => {
            Words { message: format!("the reading of the state was broken off: {error}"), help: None }
        }
        Error::NoState { place } => no_state(place),
        Error::NotRestorable { revision } => Words::new(
            format!(
                "revision {revision} cannot be restored: a version of regplan wrote it that kept only its objects"
            ),
            "apply the configuration of that time; each later revision can be restored",
        ),
        Error::NoOutput { name, known } => Words::new(
            format!("there is no output `{name}`"),
            suggest(name, known.iter().map(String::as_str), &format!("declare it with `[output.{name}]`")),
        ),
        Error::NothingToVerify { named, known } => nothing_to_verify(named.as_ref(), known),
        Error::NoChart { named, known } => no_chart(named, known),
        Error::NothingRotated { named } => {
            Words::new(format!("a destroy makes nothing anew: `{named}`"), "leave `--rotate` out")
        }
        Error::NoUrl { registry, url } => Words::new(
            format!("the host of `{registry}` cannot stand in a URL: {url}"),
            "give it the name under which clients reach it: `host = \"registry.example.com\"`",
        ),
        Error::NotUndoable(obstacles) => not_undoable(obstacles),
        Error::OtherProject { from, to } => Words::new(
            format!("a state moves within one project, and these are two: `{from}` and `{to}`"),
            "name a configuration that differs in `[state]` alone",
        ),
        Error::NothingToRestore => Words::new(
            "there is no earlier revision to go back to",
            "`regplan history` lists those that are kept; each completed apply makes one",
        ),
        Error::Settings(conflict) => settings_conflict(conflict),
        Error::OtherLineage { named, found } => Words::new(
            format!("`--adopt-lineage {named}`: there is a state here, and its lineage is {found}"),
            "leave `--adopt-lineage` out; it is for what was made from a state that is lost",
        ),
        Error::WrongCluster(mismatch) => wrong_cluster(mismatch),
        Error::MissingRights(missing) => missing_rights(missing),
        Error::NotApplicable(reason) => not_applicable(reason),
        Error::PlanFileText(error) => {
            Words { message: format!("the plan cannot be kept: {error}"), help: None }
        }
        Error::PlanFile(refusal) => refused(Path::new("PLANFILE"), refusal),
    }
}

/// What to do so that an output becomes known.
pub(super) fn next_step(missing: &Missing) -> &'static str {
    match missing {
        Missing::NotApplied(_) | Missing::Gone(_) => {
            "`regplan apply` makes it; `regplan plan` shows what is missing"
        }
        Missing::Remade(_) => "look at `regplan plan`: an apply takes the new object in, or refuses",
        Missing::Field(..) => "a controller sets it, or it is misspelt: look at the object, and ask again",
        Missing::Unknown(_) => "set what is missing, or run `regplan apply` first",
        Missing::Unmarked => "set `sensitive = true` in the output: then its value is printed by name alone",
    }
}

fn not_undoable(obstacles: &[NotUndoable]) -> Words {
    let lines: Vec<String> = obstacles
        .iter()
        .map(|obstacle| match obstacle {
            NotUndoable::Unfinished => {
                "the last run did not complete, so no revision has what is there now".to_owned()
            }
            NotUndoable::Secret(address) => {
                format!("{address}: its secret values would be lost; no revision keeps them")
            }
            NotUndoable::ClosedSecret { address, why } => {
                format!("{address}: its secret values are kept, and cannot be restored from here: {why}")
            }
            NotUndoable::Data(address) => format!("{address}: its data would be lost"),
            NotUndoable::Others(address) => {
                format!("{address}: what dies with it would not come back")
            }
            NotUndoable::Unknown(address) => format!("{address}: no revision has what it was before"),
            NotUndoable::Adoption(address) => {
                format!("{address}: it is adopted, and an undo would delete it")
            }
            NotUndoable::Beyond(address) => {
                format!("{address}: this run did not write it, and it has changed since the last revision")
            }
            NotUndoable::Overtaken(address) => {
                format!("{address}: others have changed it since this run wrote it")
            }
        })
        .collect();
    Words::new(
        format!("this run cannot be undone:\n  {}", lines.join("\n  ")),
        "apply without `--rollback-on-failure`; `regplan rollback` goes back with your consent",
    )
}

fn no_state(place: &Path) -> Words {
    Words::new(
        format!("there is no state at `{}`: nothing was applied from here", place.display()),
        "drift compares the cluster with what was applied last: run `regplan apply` first, or name the folder of its \
         state with `--state`",
    )
}

fn settings_conflict(conflict: &SettingsConflict) -> Words {
    match conflict {
        SettingsConflict::Context { named, configured } => Words::new(
            format!(
                "`--context {named}` contradicts the configuration, which means the context `{configured}`"
            ),
            "leave `--context` out, or change `[cluster] context`",
        ),
        SettingsConflict::Kubeconfig { configured } => Words::new(
            format!(
                "the configuration names the kubeconfig `{}`, and `--no-configured-kubeconfig` refuses that",
                configured.display()
            ),
            "take `[cluster] kubeconfig` out, and name the file with `--kubeconfig` or `KUBECONFIG`",
        ),
        SettingsConflict::InCluster => Words::new(
            "`--in-cluster` contradicts the configuration, which means a context of a kubeconfig",
            "leave `--in-cluster` out, or name the state alone with `--state` and no `-f`",
        ),
    }
}

fn wrong_cluster(mismatch: &ClusterMismatch) -> Words {
    let (story, help) = match mismatch {
        ClusterMismatch::Server { pinned, found } => (
            format!("the configuration means the server {pinned}, and this one is {found}"),
            "choose another context, or correct `[cluster] server`",
        ),
        ClusterMismatch::Uid { pinned, found } => (
            format!("the configuration means the cluster {pinned}, and this one is {found}"),
            "choose another context, or correct `[cluster] uid`",
        ),
        ClusterMismatch::UnknownUid { pinned } => (
            format!(
                "the configuration means the cluster {pinned}, and there is no permission to see which cluster this is"
            ),
            "ask for the permission to get the namespace kube-system, or pin `[cluster] server` instead",
        ),
        ClusterMismatch::State { remembered, found } => (
            format!("the state was made from {}, and this is {}", named(remembered), named(found)),
            "choose the context of that cluster; for a second cluster use a second state: another `[project] name`, \
             or another place in `[state]`",
        ),
    };
    Words::new(format!("this is the wrong cluster: {story}"), help)
}

/// The name of a cluster in a message.
fn named(cluster: &ClusterIdentity) -> String {
    match &cluster.uid {
        Some(uid) => format!("the cluster {uid} at {}", cluster.server),
        None => format!("the cluster at {}", cluster.server),
    }
}

fn missing_rights(MissingRights { missing, unasked, bindings }: &MissingRights) -> Words {
    let of_pods = |namespace: &String| {
        format!(
            "list pods, get and create pods/portforward in {namespace}, to ask the registry whether it takes a login"
        )
    };
    let missing = missing.iter().map(|(verb, identity)| format!("{} {identity}", verb.name()));
    let missing: Vec<String> = missing.chain(unasked.iter().map(of_pods)).collect();
    let message = format!("permissions are missing, so nothing was done:\n  {}", missing.join("\n  "));
    let help = "ask for these permissions, or let somebody apply who has them";
    if bindings.is_empty() {
        return Words::new(message, help);
    }
    let targets: Vec<String> = bindings.iter().map(|address| format!("--target {address}")).collect();
    Words::new(message, format!("{help}; if this plan gives them, apply that first: `{}`", targets.join(" ")))
}

fn not_applicable(reason: &NotApplicable) -> Words {
    match reason {
        NotApplicable::Refused(refusals) => {
            let lines: Vec<String> = refusals
                .iter()
                .map(|refusal| format!("{}: {}", refusal.address, report::refusal(&refusal.obstacle)))
                .collect();
            Words::new(
                format!("nothing of this plan can be applied:\n  {}", lines.join("\n  ")),
                "correct this first",
            )
        }
        NotApplicable::Unchecked(fields) => Words::new(
            format!("not everything could be checked, so nothing was applied:\n  {}", unchecked(fields)),
            "set what is missing; only `plan` does without",
        ),
        NotApplicable::Lineage(obstacle) => lineage(obstacle),
        NotApplicable::Stale(stale) => {
            Words::new(format!("nothing was done. {}", report::staleness(stale)), report::way_out(stale))
        }
        NotApplicable::OtherPlan { approved, found } => Words::new(
            format!(
                "this is not the plan that was approved, so nothing was done: its digest is {found}, and {approved} \
                 is expected"
            ),
            "the configuration or the cluster has changed: review the plan above, and expect its digest",
        ),
    }
}

fn lineage(obstacle: &LineageObstacle) -> Words {
    match obstacle {
        LineageObstacle::NotAdopted { found } => not_adopted(found),
        LineageObstacle::NotFound { named, found } => Words::new(
            format!(
                "`--adopt-lineage {named}`: no object of this configuration has that lineage; nothing was done"
            ),
            match found.as_slice() {
                [] => "leave `--adopt-lineage` out: there is nothing to take over".to_owned(),
                found => format!("objects of this project have the lineage {}", found.join(", ")),
            },
        ),
    }
}

fn not_adopted(found: &[String]) -> Words {
    const OTHER_NAME: &str =
        "if somebody else uses this project name, give this configuration another `[project] name`";
    let (states, way_out) = match found {
        [one] => (
            format!("a state of the lineage {one}"),
            format!(
                "set `[state]` to the place of that state. If it is lost, `--adopt-lineage {one}` takes over what \
                 it made; {OTHER_NAME}"
            ),
        ),
        several => (
            format!("states of the lineages {}", several.join(", ")),
            format!(
                "let `[state]` name the place of one of these states. If it is lost, `--adopt-lineage` with its \
                 lineage takes over what it made, and the others keep theirs; {OTHER_NAME}"
            ),
        ),
    };
    Words::new(
        format!(
            "there is no state here, and objects of this project were made from {states}; nothing was done"
        ),
        way_out,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UncheckedField;
    use crate::provider::Verb;
    use crate::resource::Identity;

    fn message(error: impl Into<Error>) -> String {
        words(&error.into()).message
    }

    #[test]
    fn a_wrong_cluster_is_named_beside_the_one_that_is_meant() {
        let (pinned, found) = ("b".to_owned(), "a".to_owned());
        let mismatch = ClusterMismatch::Server { pinned: pinned.clone(), found: found.clone() };
        let wrong = "this is the wrong cluster: the configuration means the";
        assert_eq!(message(mismatch), format!("{wrong} server b, and this one is a"));
        let mismatch = ClusterMismatch::Uid { pinned: pinned.clone(), found };
        assert_eq!(message(mismatch), format!("{wrong} cluster b, and this one is a"));
        let mismatch = ClusterMismatch::UnknownUid { pinned };
        assert_eq!(
            message(mismatch),
            format!("{wrong} cluster b, and there is no permission to see which cluster this is")
        );
        let cluster = |uid: Option<&str>| {
            let uid = uid.map(str::to_owned);
            Box::new(ClusterIdentity { uid, server: "https://s".into(), ca_digest: None })
        };
        let mismatch = ClusterMismatch::State { remembered: cluster(Some("u")), found: cluster(None) };
        assert_eq!(
            message(mismatch),
            "this is the wrong cluster: the state was made from the cluster u at https://s, and this is the cluster \
             at https://s"
        );
    }

    #[test]
    fn everything_that_keeps_a_plan_from_being_applied_is_listed() {
        let identity = |name: &str| Identity::namespaced("", "Secret", "a", name);
        let missing = vec![(Verb::Create, identity("x")), (Verb::Patch, identity("y"))];
        assert_eq!(
            message(MissingRights { missing, unasked: vec!["reg".into()], bindings: Vec::new() }),
            "permissions are missing, so nothing was done:\n  create Secret a/x\n  patch Secret a/y\n  list pods, get and create \
             pods/portforward in reg, to ask the registry whether it takes a login"
        );
        let field = |path: &str| UncheckedField {
            address: "resource.a".parse().unwrap(),
            path: path.parse().unwrap(),
            reason: "not set".into(),
        };
        assert_eq!(
            message(NotApplicable::Unchecked(vec![field("data.x"), field("data.y")])),
            "not everything could be checked, so nothing was applied:\n  resource.a data.x: not set\n  resource.a \
             data.y: not set"
        );
    }
}
