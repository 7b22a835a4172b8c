//! Tests of the whole way from the inputs to an apply, on a cluster in memory.

use super::testing::Stage;
use super::*;
use crate::apply::{Event, Report, Stop};
use crate::approval::{Mismatch, PlanFile};
use crate::plan::{Action, Mode};
use crate::provider::Verb;
use crate::state::{IntentKind, StateError, Store};

/// A `ConfigMap` of this name, with this text.
fn config_map(name: &str, text: &str) -> String {
    format!(
        "[resource.{name}]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\nmetadata.namespace = \"default\"\n\
         data.text = \"{text}\"\n"
    )
}

const SECRET: &str = "[secret.s]\nenv = \"PASSWORD\"\n[resource.a]\napiVersion = \"v1\"\nkind = \"Secret\"\n\
                      metadata.namespace = \"default\"\nstringData.password = \"${secret.s}\"\n";

async fn workspace(stage: &Stage) -> Workspace<Store> {
    stage.load().await.unwrap().open_locked("apply").await.unwrap().connect().await.unwrap()
}

async fn plan(workspace: &Workspace<Store>) -> Planned {
    workspace.plan(PlanRequest::all(Mode::Apply)).await.unwrap()
}

async fn apply(workspace: &mut Workspace<Store>, planned: &Planned, approval: &Approval) -> Report {
    let applicable = planned.applicable(approval).unwrap();
    workspace.apply(&applicable, &|_| (), &Stop::default()).await.unwrap()
}

/// The debugging text of the error, by which these tests compare its variants.
fn refused<T>(result: Result<T, Error>) -> Error {
    result.err().unwrap()
}

#[tokio::test]
async fn a_plan_is_made_and_applied_with_what_the_host_gives() {
    let stage = Stage::new(&(config_map("a", "one") + &config_map("b", "two")));
    let mut workspace = workspace(&stage).await;
    let planned = plan(&workspace).await;
    let actions: Vec<_> = planned.plan.changes.iter().map(|change| change.action).collect();
    assert_eq!(actions, [Action::Create, Action::Create]);
    let events = std::sync::Mutex::new(Vec::new());
    let emit = |event| {
        if let Event::Finished { address, .. } = event {
            events.lock().unwrap().push(address.to_string());
        }
    };
    let applicable = planned.applicable(&Approval::Caller).unwrap();
    let report = workspace.apply(&applicable, &emit, &Stop::default()).await.unwrap();
    assert!(report.is_complete());
    let mut finished = events.into_inner().unwrap();
    finished.sort();
    assert_eq!(finished, ["resource.a", "resource.b"]);
    assert!(!plan(&workspace).await.plan.has_changes());
}

#[tokio::test]
async fn the_state_comes_before_the_cluster_and_mistakes_before_both() {
    let twice = config_map("b", "two") + "metadata.name = \"a\"\n";
    let mut stage =
        Stage::new(&("[cluster]\ncontext = \"prod\"\n".to_owned() + &config_map("a", "one") + &twice));
    assert!(matches!(refused(stage.load().await.unwrap().open().await), Error::Mistakes { .. }));
    stage.cluster.log();
    assert!(matches!(
        refused(stage.load().await.unwrap().open_locked("apply").await),
        Error::Mistakes { .. }
    ));
    assert_eq!(stage.cluster.log(), [""; 0], "nothing is locked for a configuration with mistakes");

    stage.write(&("[cluster]\ncontext = \"prod\"\n".to_owned() + &config_map("a", "one")));
    stage.settings.context = Some("test".into());
    let conflict = refused(stage.load().await.unwrap().open().await);
    assert!(matches!(conflict, Error::Settings(SettingsConflict::Context { .. })), "{conflict:?}");
    assert_eq!(stage.cluster.log(), [""; 0]);

    stage.settings.context = None;
    let opened = stage.load().await.unwrap().open_locked("apply").await.unwrap();
    assert_eq!(stage.cluster.log(), ["open the state"]);
    let locked = refused(stage.load().await.unwrap().open_locked("apply").await);
    assert!(matches!(locked, Error::State(StateError::Locked { .. })), "{locked:?}");
    assert_eq!(stage.cluster.log(), ["open the state"], "no cluster is asked while others write");
    drop(opened.connect().await.unwrap());
    assert_eq!(stage.cluster.log(), ["connect to prod", "cluster"]);

    stage.write(&("[cluster]\nuid = \"other\"\n".to_owned() + &config_map("a", "one")));
    let wrong = refused(stage.load().await.unwrap().open().await.unwrap().connect().await);
    assert!(matches!(wrong, Error::WrongCluster(ClusterMismatch::Uid { .. })), "{wrong:?}");
    assert!(!stage.cluster.log().contains(&"read".to_owned()), "nothing is read from the wrong cluster");
}

#[tokio::test]
async fn what_could_not_be_checked_is_planned_and_not_applied() {
    let mut stage = Stage::new(SECRET);
    let planned = plan(&workspace(&stage).await).await;
    let Err(NotApplicable::Unchecked(fields)) = planned.applicable(&Approval::Caller) else {
        panic!("{planned:?}")
    };
    assert_eq!(fields[0].address.to_string(), "resource.a");
    assert!(fields[0].reason.contains("PASSWORD"), "{fields:?}");
    stage.password = Some("hunter2");
    let planned = plan(&workspace(&stage).await).await;
    assert!(planned.applicable(&Approval::Caller).is_ok());
    assert!(!format!("{planned:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_plan_with_targets_needs_their_secrets_alone() {
    let stage = Stage::new(&(SECRET.to_owned() + &config_map("b", "two")));
    let workspace = workspace(&stage).await;
    for (target, is_looked_up) in [("resource.b", false), ("resource.a", true), ("resource.gone", true)] {
        stage.cluster.log();
        let request = PlanRequest { targets: vec![target.parse().unwrap()], ..PlanRequest::all(Mode::Apply) };
        // An address that the configuration does not have is a mistake only if the state does not have it
        // either.
        assert_eq!(workspace.plan(request).await.is_err(), target == "resource.gone");
        assert_eq!(stage.cluster.log().contains(&"look up PASSWORD".to_owned()), is_looked_up, "{target}");
    }
}

#[tokio::test]
async fn rights_that_are_missing_are_told_before_the_first_write() {
    let stage = Stage::new(&config_map("a", "one"));
    stage.cluster.deny(Verb::Patch);
    let mut workspace = workspace(&stage).await;
    let planned = plan(&workspace).await;
    let applicable = planned.applicable(&Approval::Caller).unwrap();
    let error = refused(workspace.apply(&applicable, &|_| (), &Stop::default()).await);
    let Error::MissingRights(MissingRights { missing, .. }) = error else { panic!("{error:?}") };
    let missing: Vec<_> = missing.iter().map(|(verb, identity)| (*verb, identity.name.as_str())).collect();
    assert_eq!(missing, [(Verb::Patch, "a")]);
    assert!(!stage.cluster.log().contains(&"write".to_owned()));
}

#[tokio::test]
async fn another_digest_than_the_expected_one_is_refused() {
    let stage = Stage::new(&config_map("a", "one"));
    let planned = plan(&workspace(&stage).await).await;
    let expected = Approval::Digest(format!(" {}\n", planned.plan.digest));
    assert_eq!(planned.applicable(&expected).unwrap().digest, planned.plan.digest);
    let other = planned.applicable(&Approval::Digest("sha256:0".into())).map(|_| ()).unwrap_err();
    let found = &planned.plan.digest;
    assert_eq!(other.to_string(), format!("the plan has the digest {found}, and sha256:0 was approved"));
}

/// Makes a plan file in a workspace of its own, as another process would.
async fn file(stage: &Stage) -> PlanFile {
    let workspace = workspace(stage).await;
    workspace.plan_file(&plan(&workspace).await).await.unwrap().unwrap()
}

/// Makes the plan that the file asks for, and compares it with the file.
async fn again(workspace: &mut Workspace<Store>, file: &PlanFile) -> Result<(Planned, Approval), Error> {
    let admitted = workspace.admit(file).await?;
    assert!(!admitted.is_resumed());
    let planned = workspace.plan(PlanRequest::from(file)).await?;
    let approval = workspace.hold_against(&admitted, &planned).await?;
    Ok((planned, approval))
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> PlanFileRefusal {
    match result {
        Err(Error::PlanFile(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_plan_file_is_applied_once_and_known_by_its_digest() {
    let stage = Stage::new(&config_map("a", "one"));
    let file = file(&stage).await;
    let mut workspace = workspace(&stage).await;
    let (planned, approval) = again(&mut workspace, &file).await.unwrap();
    assert_eq!(planned.applicable(&approval).unwrap().digest, file.digest());
    assert!(apply(&mut workspace, &planned, &approval).await.is_complete());
    let refusal = refusal(again(&mut workspace, &file).await);
    assert!(matches!(refusal, PlanFileRefusal::Completed { revision: 1, .. }), "{refusal:?}");
}

#[tokio::test]
async fn a_plan_file_is_refused_where_anything_is_other_than_it_was() {
    let stage = Stage::new(&config_map("a", "one"));
    let elsewhere = Stage::new(&config_map("a", "one"));
    let mut first = workspace(&stage).await;
    let planned = plan(&first).await;
    apply(&mut first, &planned, &Approval::Caller).await;
    drop(first);
    stage.write(&config_map("a", "two"));
    let kept = file(&stage).await;
    let no_key = refusal(again(&mut workspace(&elsewhere).await, &kept).await);
    assert!(matches!(no_key, PlanFileRefusal::NoKey), "{no_key:?}");
    file(&elsewhere).await;
    let not_sealed = refusal(again(&mut workspace(&elsewhere).await, &kept).await);
    assert!(matches!(not_sealed, PlanFileRefusal::NotSealed), "{not_sealed:?}");

    stage.write(&config_map("a", "three"));
    let mismatch = refusal(again(&mut workspace(&stage).await, &kept).await);
    let PlanFileRefusal::Mismatch(mismatches) = mismatch else { panic!("{mismatch:?}") };
    assert_eq!(mismatches, [Mismatch::Configuration]);

    stage.write(&config_map("a", "two"));
    again(&mut workspace(&stage).await, &kept).await.unwrap();
    stage.cluster.edit("a", |object| object["data"]["text"] = "x".into());
    let moved = refusal(again(&mut workspace(&stage).await, &kept).await);
    let PlanFileRefusal::Diverged(moved) = moved else { panic!("{moved:?}") };
    assert_eq!((moved[0].address.to_string(), moved[0].revision), ("resource.a".to_owned(), None));
}

#[tokio::test]
async fn a_later_apply_of_ours_is_told_from_what_others_did() {
    let stage = Stage::new(&config_map("a", "one"));
    let mut workspace = workspace(&stage).await;
    let first = plan(&workspace).await;
    apply(&mut workspace, &first, &Approval::Caller).await;
    drop(workspace);
    stage.write(&config_map("a", "two"));
    let kept = file(&stage).await;
    stage.write(&config_map("a", "three"));
    let mut between = self::workspace(&stage).await;
    let second = plan(&between).await;
    apply(&mut between, &second, &Approval::Caller).await;
    drop(between);
    stage.write(&config_map("a", "two"));
    let moved = refusal(again(&mut self::workspace(&stage).await, &kept).await);
    let PlanFileRefusal::Diverged(moved) = moved else { panic!("{moved:?}") };
    assert_eq!(
        (moved[0].address.to_string(), moved[0].revision),
        ("resource.a".to_owned(), Some((2, IntentKind::Update)))
    );
}

#[tokio::test]
async fn a_plan_file_of_what_was_not_checked_is_not_admitted() {
    let stage = Stage::new(SECRET);
    let file = file(&stage).await;
    let refusal = refusal(again(&mut workspace(&stage).await, &file).await);
    let PlanFileRefusal::Unchecked(fields) = refusal else { panic!("{refusal:?}") };
    assert_eq!(fields.len(), 1);
}

#[tokio::test]
async fn drift_needs_the_state_and_no_configuration() {
    let stage = Stage::new(&config_map("a", "one"));
    let folder = BackendSettings::folder(stage.folder().join(".regplan/p"));
    let nothing = refused(AppliedState::find(stage.host(), &folder, None).await);
    assert!(matches!(nothing, Error::NoState { .. }), "{nothing:?}");
    let mut workspace = workspace(&stage).await;
    let planned = plan(&workspace).await;
    apply(&mut workspace, &planned, &Approval::Caller).await;
    drop(workspace);
    stage.write("[resource.a]\nnonsense = true\n");
    let head = load_head(&stage.inputs(), &stage.settings, &stage.host()).unwrap();
    for (backend, head) in [(&folder, None), (&head.backend, Some(&head))] {
        let applied = AppliedState::find(stage.host(), backend, head).await.unwrap();
        let drift = applied.drift(&stage.settings, DriftOptions::default()).await.unwrap();
        let found: Vec<String> = drift.findings.iter().map(|finding| finding.address.to_string()).collect();
        assert_eq!((drift.project.as_str(), found.last().map(String::as_str)), ("p", Some("resource.a")));
    }
    let pod = Settings { in_cluster: true, ..Settings::default() };
    stage.write("[cluster]\ncontext = \"prod\"\n");
    let head = load_head(&stage.inputs(), &stage.settings, &stage.host()).unwrap();
    let applied = AppliedState::find(stage.host(), &folder, Some(&head)).await.unwrap();
    let conflict = refused(applied.drift(&pod, DriftOptions::default()).await);
    assert!(matches!(conflict, Error::Settings(SettingsConflict::InCluster)), "{conflict:?}");
}

#[tokio::test]
async fn an_object_that_others_changed_is_found() {
    let stage = Stage::new(&config_map("a", "one"));
    let mut workspace = workspace(&stage).await;
    let planned = plan(&workspace).await;
    apply(&mut workspace, &planned, &Approval::Caller).await;
    stage.cluster.edit("a", |object| object["data"]["text"] = "x".into());
    let planned = plan(&workspace).await;
    assert_eq!(planned.plan.changes[0].action, Action::Update);
}

mod spans {
    use std::fmt::{Debug, Write as _};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Notes every span as `NAME field=value`.
    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<String>>>);

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }

    impl Subscriber for Notes {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("regplan::")
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let mut text = Text(span.metadata().name().to_owned());
            span.record(&mut text);
            let mut notes = self.0.lock().unwrap();
            notes.push(text.0);
            Id::from_u64(notes.len() as u64)
        }

        fn record(&self, _: &Id, values: &Record<'_>) {
            let mut text = Text(String::new());
            values.record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[tokio::test]
    async fn every_step_has_a_span_and_no_span_has_a_secret() {
        let notes = Notes::default();
        // With a single subscriber, `tracing` asks the one of the first thread whether a span is wanted, and
        // the threads of the other tests have none. With two subscribers it asks both.
        let second = tracing::Dispatch::new(Notes::default());
        let guard = tracing::subscriber::set_default(notes.clone());
        let mut stage = Stage::new(SECRET);
        stage.password = Some("hunter2");
        let mut workspace = workspace(&stage).await;
        let planned = plan(&workspace).await;
        apply(&mut workspace, &planned, &Approval::Caller).await;
        drop(workspace);
        drop(stage.load().await.unwrap().open().await.unwrap());
        drop((guard, second));
        let notes = notes.0.lock().unwrap();
        for step in [
            "load",
            "open_locked project=\"p\" command=\"apply\"",
            "compile project=\"p\" blocks=2",
            "needs",
            "lock_state project=\"p\" command=\"apply\"",
            "connect project=\"p\"",
            "plan project=\"p\" mode=Apply",
            "complete project=\"p\" secrets_of=AllBlocks",
            "read objects=1",
            "preview object=Secret default/a",
            "apply project=\"p\" changes=1",
            "review rights=2",
            "finish_state end=Completed",
            "view_state project=\"p\"",
        ] {
            assert!(notes.iter().any(|note| note == step), "{step}: {notes:#?}");
        }
        let all = notes.join("\n");
        assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMg"), "{all}");
    }
}
