//! A canary: a secret that a cluster quotes wherever it can, looked for in everything that is said and kept.

use std::path::Path;
use std::sync::Mutex;

use crate::apply::Stop;
use crate::engine::testing::Stage;
use crate::engine::{Approval, PlanRequest, Workspace};
use crate::plan::Mode;
use crate::report::{self, Page};
use crate::state::Store;

const CANARY: &str = "hunter2-canary";
/// The same in base64, without the last characters, which depend on what follows.
const ENCODED: &str = "aHVudGVyMi1jYW5hcn";

/// A Secret, and an object of another kind with the same secret in a text.
const BLOCKS: &str = "[secret.s]\nenv = \"PASSWORD\"\n\
    [resource.a]\napiVersion = \"v1\"\nkind = \"Secret\"\nmetadata.namespace = \"default\"\n\
    stringData.password = \"${secret.s}\"\n\
    [resource.b]\napiVersion = \"example.com/v1\"\nkind = \"Wish\"\nmetadata.namespace = \"default\"\n\
    spec.url = \"https://ci:${secret.s}@example.com\"\n";

/// What one run says: the plan and its file in all forms, each event, the report, and all that is stored by then.
async fn said(stage: &Stage, workspace: &mut Workspace<Store>) -> String {
    let planned = workspace.plan(PlanRequest::all(Mode::Apply)).await.unwrap();
    let plan = &planned.plan;
    let mut said =
        report::plan_text(plan, Page { width: 80, level: &report::Level::Full, places: &|_| None })
            .to_string();
    said += &report::plan_json(plan, &|_| None).to_string();
    said += &report::plan_markdown(plan, &report::Level::Full, &|_| None, report::MARKDOWN_LIMIT);
    if let Some(file) = workspace.plan_file(&planned).await.unwrap() {
        said += file.as_text();
    }
    let Ok(applicable) = planned.applicable(&Approval::Caller) else { return said };
    let heard = Mutex::new(String::new());
    let emit = |event| {
        let mut heard = heard.lock().unwrap();
        *heard += &report::event_json(&event).to_string();
        *heard += &report::event_line(&event).map(|line| line.to_string()).unwrap_or_default();
        *heard += &stored(stage.folder());
    };
    let done = workspace.apply(&applicable, &emit, &Stop::default()).await.unwrap();
    said + &heard.into_inner().unwrap() + &report::report_text(&done).to_string() + &stored(stage.folder())
}

/// Everything that is kept beside the configuration: the state, its journal, its revisions.
fn stored(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .map(|path| {
            if path.is_dir() {
                stored(&path)
            } else {
                String::from_utf8_lossy(&std::fs::read(path).unwrap()).into()
            }
        })
        .collect()
}

#[tokio::test]
async fn a_secret_that_is_quoted_reaches_no_sink() {
    let mut stage = Stage::new(BLOCKS);
    stage.password = Some(CANARY);
    let open =
        || async { stage.load().await.unwrap().open_locked("apply").await.unwrap().connect().await.unwrap() };
    for what in ["write", "nothing", "preview", "warning", "wait", "delete"] {
        stage.write(if what == "delete" { "" } else { BLOCKS });
        if ["preview", "warning", "wait"].contains(&what) {
            stage.cluster.edit("a", |object| object["data"]["password"] = "b3RoZXI=".into());
            stage.cluster.edit("b", |object| object["spec"]["url"] = "changed".into());
        }
        stage.cluster.quote_in(Some(what));
        let mut workspace = open().await;
        let said = said(&stage, &mut workspace).await;
        assert_eq!(said.contains("denied: "), what != "nothing", "{what}: {said}");
        for form in [CANARY, ENCODED] {
            assert!(!said.contains(form), "{what}: {form} in {said}");
        }
    }
}
