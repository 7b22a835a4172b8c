//! Tests of drift in a narrow terminal, and in a comment with a limit.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::report::drift::markdown::drift_markdown;
use crate::report::format::layout::width_of;
use crate::report::plan::sample::{HOSTILE, manager};
use crate::resource::{Address, ClusterIdentity, FieldPath, Identity};

fn changed(path: &str, before: &str, after: &str) -> Field {
    Field {
        path: path.parse().unwrap_or_else(|_| FieldPath::keys([path])),
        event: DriftKind::Changed,
        sensitive: false,
        before: Some(json!(before)),
        after: Some(json!(after)),
        by: vec![manager("kubectl-client-side-apply"), manager("kube-controller-manager")],
    }
}

fn finding(name: &str, status: Status) -> Finding {
    let address: Address = format!("registry.main/Deployment/{name}").parse().unwrap();
    let identity = Identity::namespaced("apps", "Deployment", "registry", name);
    Finding { address, identity, status, health: None, added: Vec::new(), foreign: 0 }
}

fn drift(findings: Vec<Finding>) -> Drift {
    Drift {
        project: "p".into(),
        lineage: "l".into(),
        serial: 1,
        cluster: ClusterIdentity { uid: None, server: "https://c".into(), ca_digest: None },
        context: Some("prod".into()),
        state: ".regplan/registry/state.json".into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        unfinished: None,
        open_run: crate::state::OpenRun::Unclear(None),
        ending: Vec::new(),
        freshness: crate::state::Freshness::default(),
        findings,
    }
}

#[test]
fn lines_end_between_words_and_values_anywhere() {
    let path = "spec.template.spec.containers[registry].image";
    let image = "registry.example.com/team/application:1.2.3";
    let field = changed(path, image, &image.replace("1.2.3", "1.2.4"));
    let found = [finding("a", Status::Changed(vec![field])), finding("b", Status::Gone)];
    insta::assert_snapshot!(drift_text(&drift(found.into()), 60).to_string(), @r#"
    Project p, context prod (c)
    State .regplan/registry/state.json, serial 1

      ~ registry.main/Deployment/a  changed
          Deployment.apps registry/a
          ~ spec.template.spec.containers[registry].image:
              "registry.example.com/team/application:1.2.3" ->
              "registry.example.com/team/application:1.2.4"
              by kubectl-client-side-apply (update,
                2026-01-02T03:04:05Z), by
                kube-controller-manager (update,
                2026-01-02T03:04:05Z)

      - registry.main/Deployment/b  gone
          Deployment.apps registry/b
          it was deleted by an unknown manager

    Drift: 2 of 2 resources are not as last applied.
    "#);
}

#[test]
fn a_hook_that_failed_is_told_as_such() {
    let failure = Some("it has failed: BackoffLimitExceeded".to_owned());
    let failed = || finding("a", Status::Incomplete { failure: failure.clone() });
    insta::assert_snapshot!(drift_text(&drift(vec![failed()]), 90).to_string(), @r"
    Project p, context prod (c)
    State .regplan/registry/state.json, serial 1

      ! registry.main/Deployment/a  failed  Deployment.apps registry/a
          it has failed: BackoffLimitExceeded
          it is a hook of its chart, and the last apply did not see it do its work
          help: the next `regplan apply` runs it again, or waits for it where it still runs

    Not well: 1 of 1 resource did not run to the end.
    ");
    let headline = |statuses: &[Status]| {
        let others = statuses.iter().map(|status| finding("b", status.clone()));
        headline(&drift(others.chain([failed()]).collect()))
    };
    insta::assert_snapshot!(headline(&[Status::NotReady]), @"Not well: 2 of 2 resources are not ready, or did not run to the end.");
    insta::assert_snapshot!(headline(&[Status::Gone]), @"Drift: 2 of 2 resources are not as last applied, or did not run to the end (1).");
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_page(before in "[a-z./:\n ]{0,300}", after in "[a-z./:\n ]{0,300}", width in 60_usize..140) {
        let field = changed("data[\"config.yml\"].very.long.path.of.many.steps.that.goes.on", &before, &after);
        let found = finding("a", Status::Changed(vec![field]));
        for line in drift_text(&drift(vec![found]), width).to_string().lines() {
            prop_assert!(width_of(line) <= width, "{line:?}");
        }
    }

    #[test]
    fn a_comment_stays_within_its_limit(count in 0_usize..400, limit in 0_usize..70_000) {
        let status = |number: usize| match number % 3 {
            0 => Status::Gone,
            1 => Status::Changed(vec![changed("spec.image", HOSTILE, &"x".repeat(300)); number % 20]),
            _ => Status::InDoubt,
        };
        let found: Vec<Finding> = (0..count).map(|number| finding(&format!("d{number}"), status(number))).collect();
        let text = drift_markdown(&drift(found), limit);
        prop_assert!(text.len() <= limit, "{} of {limit}", text.len());
    }
}

#[test]
fn what_is_left_out_of_a_comment_is_counted_and_what_is_lost_stays() {
    let big = |number| {
        let fields = vec![changed("data.text", &"a".repeat(150), &"b".repeat(150)); 20];
        finding(&format!("c{number}"), Status::Changed(fields))
    };
    let found = (0..100).map(big).chain([finding("lost", Status::Gone)]).collect();
    let text = drift_markdown(&drift(found), 20_000);
    assert!(text.contains("Left out to stay within 20000 bytes"), "{text}");
    assert!(text.contains("`regplan drift` shows all."), "{text}");
    assert!(text.contains("<summary><code>registry.main/Deployment/lost</code> gone"), "{text}");
}
