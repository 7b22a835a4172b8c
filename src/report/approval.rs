//! The words for the reasons why a plan file is not applied.

use crate::approval::{Divergence, DivergenceKind, Mismatch, SecretSourceName};
use crate::plan::Action;
use crate::report::plan::reasons;
use crate::resource::{FieldManager, FieldPath};
use crate::state::IntentKind;

/// Why the plan file does not fit the configuration, the state or the cluster.
pub fn mismatch_text(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Version { made_by } => format!(
            "it was made by regplan {made_by}, and this is {}: another version may plan differently",
            env!("CARGO_PKG_VERSION")
        ),
        Mismatch::Project { of } => format!("it is about the project `{of}`"),
        Mismatch::Lineage { of } => format!("it was made from another state (lineage {of})"),
        Mismatch::Cluster { of } => match &of.uid {
            Some(uid) => format!("it was made for the cluster {uid} at {}", of.server),
            None => format!("it was made for the cluster at {}", of.server),
        },
        Mismatch::Configuration => "the configuration has changed since".to_owned(),
        Mismatch::SecretsChanged(sources) => format!("a secret has changed since: {}", listed(sources)),
        Mismatch::SecretsUnset(sources) => {
            let are = if sources.len() == 1 { "is" } else { "are" };
            format!("{} {are} not set", listed(sources))
        }
    }
}

fn listed(sources: &[SecretSourceName]) -> String {
    sources.iter().map(source).collect::<Vec<_>>().join(", ")
}

fn source(name: &SecretSourceName) -> String {
    match name {
        SecretSourceName::Env(name) => format!("the environment variable {name}"),
        SecretSourceName::File(path) => format!("the file {path}"),
        SecretSourceName::Variable(name) => format!("the variable {name}"),
    }
}

/// How the new plan differs from the approved one: one line, and one for each field below it.
pub fn divergence_lines(divergence: &Divergence) -> Vec<String> {
    let Divergence { address, kind, revision } = divergence;
    let mut lines = vec![format!("{address}: {}", story(kind, *revision))];
    match kind {
        DivergenceKind::Sends(paths) => lines.extend(paths.iter().map(|path| format!("  {path}"))),
        DivergenceKind::Holds(fields) | DivergenceKind::Unapproved { fields, .. } => {
            lines.extend(fields.iter().map(|(path, managers)| owned(path, managers, *revision)));
        }
        DivergenceKind::AlsoDie(objects) => {
            lines.extend(objects.iter().map(|identity| format!("  {identity}")));
        }
        DivergenceKind::NotSeen(kinds) => lines.extend(kinds.iter().map(|kind| format!("  {kind}"))),
        DivergenceKind::Action { .. }
        | DivergenceKind::Object
        | DivergenceKind::TakesFrom(_)
        | DivergenceKind::Awaits(_)
        | DivergenceKind::Kept(_)
        | DivergenceKind::Settled { .. } => {}
    }
    lines
}

/// A change of ours since the plan was made: the revision, and what it did.
type Later = Option<(u64, IntentKind)>;

/// A field, and who else owns it now. Where nobody else does, a later run of ours may have changed it, and the line above says so.
fn owned(path: &FieldPath, managers: &[FieldManager], later: Later) -> String {
    let names: Vec<&str> = managers.iter().map(|manager| manager.name.as_str()).collect();
    match (names.as_slice(), later.filter(|(_, kind)| leaves_it_there(*kind))) {
        ([], Some(_)) => format!("  {path}"),
        ([], None) => format!("  {path} (by an unknown manager)"),
        (names, _) => format!("  {path} (by {})", names.join(", ")),
    }
}

/// Who has done what was not there when the plan was made: a later run of ours, with its revision, or others. `did` says whether
/// what that run did is what is told.
fn doer(later: Later, did: impl Fn(IntentKind) -> bool) -> String {
    match later.filter(|(_, kind)| did(*kind)) {
        Some((revision, _)) => format!("revision {revision}, which was applied since"),
        None => "others".to_owned(),
    }
}

/// Whether the object is there after that.
fn leaves_it_there(kind: IntentKind) -> bool {
    kind != IntentKind::Delete && kind != IntentKind::Forget
}

fn deletes(kind: IntentKind) -> bool {
    kind == IntentKind::Delete
}

fn story(kind: &DivergenceKind, later: Later) -> String {
    match kind {
        DivergenceKind::Action { approved, now } => other_action(*approved, *now, later),
        DivergenceKind::Object => "another object has its name: it was deleted and made again".to_owned(),
        DivergenceKind::Sends(_) => "something else would be written than what was approved".to_owned(),
        DivergenceKind::Holds(fields) => match later.filter(|(_, kind)| leaves_it_there(*kind)) {
            Some(_) if fields.iter().any(|(_, managers)| !managers.is_empty()) => {
                format!("others have changed it, and so has {}", doer(later, leaves_it_there))
            }
            Some(_) => format!("it was changed by {}", doer(later, leaves_it_there)),
            None => "others have changed it".to_owned(),
        },
        DivergenceKind::TakesFrom(managers) => {
            format!("other managers own its fields now: {}", managers.join(", "))
        }
        DivergenceKind::Awaits(others) => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            format!(
                "the server takes it only after other changes, which was not approved: {}",
                others.join(", ")
            )
        }
        DivergenceKind::AlsoDie(_) => {
            "what was made in it since the plan would be deleted with it".to_owned()
        }
        DivergenceKind::NotSeen(_) => {
            "what is deleted with it could be seen when the plan was made, and cannot be seen now".to_owned()
        }
        DivergenceKind::Unapproved { action, .. } => {
            format!("the approved plan leaves it unchanged, and a plan now would {} it", word(*action))
        }
        DivergenceKind::Kept(reasons) => match reasons::sentence(reasons) {
            Some(why) => format!("it was to be deleted, and is kept now: {why}"),
            None => "it was to be deleted, and is kept now".to_owned(),
        },
        DivergenceKind::Settled { approved } => {
            let did = |kind| if *approved == Action::Delete { deletes(kind) } else { leaves_it_there(kind) };
            format!("there is nothing left to {}: it was done by {}", word(*approved), doer(later, did))
        }
    }
}

fn other_action(approved: Action, now: Action, later: Later) -> String {
    match (approved, now) {
        (Action::Update | Action::Replace | Action::Adopt, Action::Create) => {
            format!("it was deleted by {}", doer(later, deletes))
        }
        (Action::Delete, Action::Forget | Action::Keep) => {
            "it was deleted by others, or belongs to others now".to_owned()
        }
        (Action::Create, _) => match later.filter(|(_, kind)| leaves_it_there(*kind)) {
            Some(_) => format!("it was made by {}", doer(later, leaves_it_there)),
            None => "it is there by now, and was not when the plan was made".to_owned(),
        },
        (approved, now) => {
            format!("the approved plan would {} it, and a plan now would {} it", word(approved), word(now))
        }
    }
}

/// The action as a verb; `Action::None` is worded as `keep`.
fn word(action: Action) -> &'static str {
    match action {
        Action::None => "keep",
        action => super::plan::words::verb(action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Reason;
    use crate::resource::{Address, ClusterIdentity, Operation};

    fn manager(name: &str) -> FieldManager {
        FieldManager { name: name.into(), operation: Operation::Update, subresource: None, time: None }
    }

    fn lines(kind: DivergenceKind) -> Vec<String> {
        lines_since(kind, None)
    }

    fn lines_since(kind: DivergenceKind, revision: Later) -> Vec<String> {
        divergence_lines(&Divergence { address: Address::block("resource", "a"), kind, revision })
    }

    #[test]
    fn what_a_later_run_of_ours_did_is_not_blamed_on_others() {
        let path: FieldPath = "data.k".parse().unwrap();
        let action = |approved, now| DivergenceKind::Action { approved, now };
        let ours = "revision 7, which was applied since";
        let others = "others have changed it\n  data.k (by an unknown manager)";
        let holds = |managers| DivergenceKind::Holds(vec![(path.clone(), managers)]);
        let settled = || DivergenceKind::Settled { approved: Action::Delete };
        for (kind, did, told) in [
            (holds(vec![]), IntentKind::Update, format!("it was changed by {ours}\n  data.k")),
            (
                holds(vec![manager("kubectl")]),
                IntentKind::Update,
                format!("others have changed it, and so has {ours}\n  data.k (by kubectl)"),
            ),
            (holds(vec![]), IntentKind::Forget, others.to_owned()),
            (action(Action::Update, Action::Create), IntentKind::Delete, format!("it was deleted by {ours}")),
            (
                action(Action::Update, Action::Create),
                IntentKind::Update,
                "it was deleted by others".to_owned(),
            ),
            (action(Action::Create, Action::Update), IntentKind::Create, format!("it was made by {ours}")),
            (
                settled(),
                IntentKind::Delete,
                format!("there is nothing left to delete: it was done by {ours}"),
            ),
            (
                settled(),
                IntentKind::Forget,
                "there is nothing left to delete: it was done by others".to_owned(),
            ),
        ] {
            assert_eq!(lines_since(kind, Some((7, did))).join("\n"), format!("resource.a: {told}"));
        }
    }

    #[test]
    fn every_divergence_is_told() {
        let path: FieldPath = "data.k".parse().unwrap();
        let action = |approved, now| DivergenceKind::Action { approved, now };
        let fields = vec![(path.clone(), vec![manager("kubectl"), manager("helm")]), (path.clone(), vec![])];
        for (kind, told) in [
            (action(Action::Update, Action::Create), "resource.a: it was deleted by others"),
            (
                action(Action::Delete, Action::Forget),
                "resource.a: it was deleted by others, or belongs to others now",
            ),
            (
                action(Action::Create, Action::Adopt),
                "resource.a: it is there by now, and was not when the plan was made",
            ),
            (
                action(Action::Update, Action::None),
                "resource.a: the approved plan would update it, and a plan now would keep it",
            ),
            (
                DivergenceKind::Object,
                "resource.a: another object has its name: it was deleted and made again",
            ),
            (
                DivergenceKind::Sends(vec![path]),
                "resource.a: something else would be written than what was approved\n  data.k",
            ),
            (
                DivergenceKind::Holds(fields.clone()),
                "resource.a: others have changed it\n  data.k (by kubectl, helm)\n  data.k (by an unknown manager)",
            ),
            (
                DivergenceKind::AlsoDie(vec![crate::resource::Identity::namespaced(
                    "", "Secret", "a", "new",
                )]),
                "resource.a: what was made in it since the plan would be deleted with it\n  Secret a/new",
            ),
            (
                DivergenceKind::NotSeen(vec![
                    crate::resource::Identity::cluster("x.y", "Foo", "").group_kind(),
                ]),
                "resource.a: what is deleted with it could be seen when the plan was made, and cannot be seen now\n  \
                 Foo.x.y",
            ),
            (
                DivergenceKind::TakesFrom(vec!["helm".into(), "kubectl".into()]),
                "resource.a: other managers own its fields now: helm, kubectl",
            ),
            (
                DivergenceKind::Awaits(vec![Address::block("resource", "b")]),
                "resource.a: the server takes it only after other changes, which was not approved: resource.b",
            ),
            (
                DivergenceKind::Unapproved { action: Action::Update, fields },
                "resource.a: the approved plan leaves it unchanged, and a plan now would update it\n  \
                 data.k (by kubectl, helm)\n  data.k (by an unknown manager)",
            ),
            (
                DivergenceKind::Kept(vec![Reason::Protected { address: Address::block("resource", "a") }]),
                "resource.a: it was to be deleted, and is kept now: protected: `--consent resource.a` deletes it",
            ),
            (
                DivergenceKind::Settled { approved: Action::Delete },
                "resource.a: there is nothing left to delete: it was done by others",
            ),
        ] {
            assert_eq!(lines(kind).join("\n"), told);
        }
    }

    #[test]
    fn every_mismatch_is_told() {
        let cluster = |uid: Option<&str>| {
            let identity =
                ClusterIdentity { uid: uid.map(str::to_owned), server: "https://s".into(), ca_digest: None };
            Mismatch::Cluster { of: Box::new(identity) }
        };
        let sources = vec![
            SecretSourceName::Env("A".into()),
            SecretSourceName::File("b.txt".into()),
            SecretSourceName::Variable("c".into()),
        ];
        for (mismatch, told) in [
            (Mismatch::Version { made_by: "9.9.9".into() }, "it was made by regplan 9.9.9, and this is"),
            (Mismatch::Project { of: "p".into() }, "it is about the project `p`"),
            (Mismatch::Lineage { of: "l".into() }, "it was made from another state (lineage l)"),
            (cluster(Some("u")), "it was made for the cluster u at https://s"),
            (cluster(None), "it was made for the cluster at https://s"),
            (Mismatch::Configuration, "the configuration has changed since"),
            (
                Mismatch::SecretsUnset(vec![SecretSourceName::Env("CI_PASSWORD".into())]),
                "the environment variable CI_PASSWORD is not set",
            ),
            (
                Mismatch::SecretsChanged(sources),
                "a secret has changed since: the environment variable A, the file b.txt, the variable c",
            ),
        ] {
            assert!(mismatch_text(&mismatch).starts_with(told), "{}", mismatch_text(&mismatch));
        }
    }
}
