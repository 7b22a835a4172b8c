use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::plan::{After, Cause, Fidelity, FieldChange, Keep, PredictionReason, Reason};
use crate::report::format::layout::width_of;
use crate::report::plan::level::Level;
use crate::report::plan::sample;
use crate::report::source_line::SourceLine;

fn shown(plan: &Plan, width: usize) -> String {
    let places = |_: &_| Some(SourceLine { file: "regplan.toml".to_owned(), line: 14 });
    plan_text(plan, Page { width, level: &Level::Full, places: &places }).to_string()
}

#[test]
fn everything_is_said_within_80_columns() {
    insta::assert_snapshot!(shown(&sample::everything(), 80));
}

#[test]
fn more_columns_are_used() {
    let plan = sample::everything();
    let (narrow, wide) = (shown(&plan, 80), shown(&plan, 160));
    assert!(wide.lines().count() < narrow.lines().count());
    assert!(wide.lines().any(|line| width_of(line) > 80));
}

#[test]
fn what_destroys_comes_first() {
    let text = shown(&sample::everything(), 80);
    let verbs: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("      ") && line.contains("registry.main/"))
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    let expected = ["delete", "replace", "update", "adopt", "create", "create", "forget", "keep"];
    assert_eq!(verbs, expected);
}

#[test]
fn nobody_is_said_to_manage_what_is_deleted() {
    let gone = |cause: Cause| {
        let mut change = sample::change("a", Action::Create, Vec::new());
        change.reasons = vec![Reason::AppliedBefore];
        change.cause = Some(cause);
        shown(&sample::plan(vec![change]), 160)
    };
    let drift = gone(Cause::Drift { by: Vec::new() });
    assert!(drift.contains("drift: deleted by an unknown manager"), "{drift}");
    let conflict = gone(Cause::Conflict { by: Vec::new() });
    assert!(conflict.contains("conflict: deleted by an unknown manager, and changed by you"), "{conflict}");
}

#[test]
fn a_long_value_is_shown_where_it_differs() {
    let (before, after) =
        ("x".repeat(900) + "OLD" + &"y".repeat(900), "x".repeat(900) + "NEW" + &"y".repeat(900));
    let field = sample::field("data.key", Some(json!(before)), After::Value(json!(after)));
    let text = shown(&sample::plan(vec![sample::change("a", Action::Update, vec![field])]), 80);
    assert!(text.contains("OLD") && text.contains("NEW"), "{text}");
    assert!(text.lines().count() < 20 && text.lines().all(|line| width_of(line) <= 80), "{text}");
}

#[test]
fn an_advice_is_never_broken() {
    let rule = format!("Deployment/web:spec.{}", "abcdef.".repeat(20));
    let mut field = sample::field("spec.replicas", Some(json!(3)), After::Value(json!(1)));
    field.cause = Cause::Drift { by: Vec::new() };
    field.keep = Some(Keep::Ignore(rule.clone()));
    let text = shown(&sample::plan(vec![sample::change("a", Action::Update, vec![field])]), 80);
    assert!(text.contains(&format!("[\"{rule}\"]")), "{text}");
}

/// The plan without causes, notes and long names: only changes and their fields.
fn bare(plan: &Plan) -> Plan {
    let bare = |field: &FieldChange| FieldChange { cause: Cause::Yours, keep: None, ..field.clone() };
    let changes = plan.changes.iter().map(|change| {
        let fields = change.fields.iter().map(bare).collect();
        Change { target: change.target.clone(), ..sample::change("a", change.action, fields) }
    });
    sample::plan(changes.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_line_is_wider_than_the_page(plan in sample::plans(), width in 40_usize..140) {
        let text = shown(&plan, width);
        for line in text.lines() {
            // A line with a single word may be one that users copy.
            let is_one_word = !line.trim().contains(' ');
            let is_heading = line.contains("registry.main/Deployment/") && width < 100;
            prop_assert!(width_of(line) <= width || is_one_word || is_heading, "{line:?}");
            prop_assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{line:?}");
        }
        // Where there is nothing to copy, no line may be too wide.
        let text = shown(&bare(&plan), width);
        for line in text.lines() {
            let is_heading = line.contains("registry.main/Deployment/") && width < 100;
            prop_assert!(width_of(line) <= width || is_heading, "{line:?}");
        }
    }
}

#[test]
fn what_is_made_is_told_in_short() {
    let places = |_: &_| None;
    let shown =
        |plan: &Plan| plan_text(plan, Page { width: 80, level: &Level::Brief, places: &places }).to_string();
    insta::assert_snapshot!(shown(&sample::made()));
    // Where something of the block is there already, its facts would tell nothing new.
    let mut plan = sample::made();
    plan.changes.push(sample::change("kept", Action::None, Vec::new()));
    assert!(!shown(&plan).contains("host: "), "{}", shown(&plan));
}

#[test]
fn objects_of_a_large_block_share_lines() {
    let many = (0..40).map(|n| sample::change(&format!("web-{n}"), Action::Create, Vec::new()));
    let text =
        plan_text(&sample::plan(many.collect()), Page { width: 80, level: &Level::Brief, places: &|_| None });
    let text = text.to_string();
    assert!(text.contains("40 objects in the namespace registry") && text.contains("web-39"), "{text}");
    assert!(text.lines().count() < 16, "{text}");
}

#[test]
fn a_reason_that_many_share_is_said_once() {
    let forbidden = |name: &str, action| {
        let message = format!("deployments \"{name}\" is forbidden");
        let fidelity = Fidelity::Predicted(PredictionReason::Forbidden { message });
        Change { fidelity, ..sample::change(name, action, Vec::new()) }
    };
    let made = (0..4).map(|n| forbidden(&format!("made-{n}"), Action::Create));
    let kept = (0..5).map(|n| forbidden(&format!("kept-{n}"), Action::None));
    let plan =
        sample::plan(made.chain(kept).chain([sample::change("x", Action::Create, Vec::new())]).collect());
    let text = plan_text(&plan, Page { width: 80, level: &Level::Brief, places: &|_| None }).to_string();
    assert_eq!(text.matches("predicted: no permission for a dry-run").count(), 2, "{text}");
    assert!(text.contains("4 of them: predicted") && text.contains("= 5 resources  no change"), "{text}");
    assert!(!text.contains("is forbidden"), "{text}");
    let full = shown(&plan, 80);
    assert_eq!(full.matches("is forbidden").count(), 9, "{full}");
}

/// What is deleted of a large chart, with what is no plain deletion.
fn deletions(count: usize) -> Plan {
    let mut gone: Vec<_> =
        (0..count).map(|n| sample::change(&format!("web-{n}"), Action::Delete, Vec::new())).collect();
    let mut protected = sample::change("kept-safe", Action::Delete, Vec::new());
    protected.protected = true;
    let mut warned = sample::change("warned", Action::Delete, Vec::new());
    warned.warnings = vec!["spec.old is deprecated".to_owned()];
    gone.extend([protected, warned]);
    sample::plan(gone)
}

#[test]
fn plain_deletions_of_a_large_block_share_lines() {
    let brief = |plan: &Plan, level: &Level| {
        plan_text(plan, Page { width: 80, level, places: &|_| None }).to_string()
    };
    let text = brief(&deletions(40), &Level::Brief);
    assert!(text.contains("- registry.main  delete  40 objects in the namespace registry"), "{text}");
    assert!(text.contains("- Deployment  web-0, web-1") && text.contains("web-39"), "{text}");
    for alone in ["registry.main/Deployment/kept-safe  delete", "registry.main/Deployment/warned  delete"] {
        assert!(text.contains(alone), "{text}");
    }
    assert_eq!(text.matches("not in the configuration any more").count(), 3, "{text}");
    // Nothing more is told of what goes, so no hint leads there.
    assert!(!text.contains("--full"), "{text}");
    // Few objects are told one by one, and so is whatever was asked for.
    assert!(brief(&deletions(12), &Level::Brief).contains("registry.main/Deployment/web-3  delete"));
    assert!(shown(&deletions(40), 80).contains("registry.main/Deployment/web-3  delete"));
    let named = "registry.main/Deployment/web-3".parse().unwrap();
    let detailed = brief(&deletions(40), &Level::Details([named].into()));
    assert!(detailed.contains("registry.main/Deployment/web-3  delete") && detailed.contains("39 objects"));
}

#[test]
fn what_a_large_block_keeps_shares_lines_too() {
    let kept = |count: usize| {
        let kept = (0..count).map(|n| {
            let change = sample::change(&format!("web-{n}"), Action::Keep, Vec::new());
            Change { reasons: vec![Reason::Protected { address: change.address.clone() }], ..change }
        });
        let text = plan_text(
            &sample::plan(kept.collect()),
            Page { width: 80, level: &Level::Brief, places: &|_| None },
        );
        text.to_string()
    };
    let text = kept(30);
    assert!(text.contains("= registry.main  keep  30 objects in the namespace registry"), "{text}");
    assert!(text.contains("protected: `--consent registry.main/KIND/NAME` deletes one of them"), "{text}");
    assert!(text.lines().count() < 14, "{text}");
    // Few are told one by one.
    assert_eq!(kept(12).matches("  keep").count(), 12);
}
