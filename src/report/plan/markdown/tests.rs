use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::plan::{After, Reason};
use crate::report::plan::sample;
use crate::report::source_line::SourceLine;

fn shown(plan: &Plan, limit: usize) -> String {
    let places = |_: &_| Some(SourceLine { file: "regplan.toml".to_owned(), line: 14 });
    plan_markdown(plan, &Level::Full, &places, limit)
}

#[test]
fn everything_is_said() {
    insta::assert_snapshot!(shown(&sample::everything(), MARKDOWN_LIMIT));
}

/// Many resources that are created, and one that is deleted.
fn many(count: usize) -> Plan {
    let fields = |name: &str| -> Vec<FieldChange> {
        let field =
            |n| sample::field(&format!("spec.f{n}"), None, After::Value(json!(format!("{name}-{n}"))));
        (0..20).map(field).collect()
    };
    let made = |n| {
        let name = format!("made{n}");
        sample::change(&name, Action::Create, fields(&name))
    };
    let mut changes: Vec<Change> = (0..count).map(made).collect();
    changes.push(sample::change("goes", Action::Delete, fields("goes")));
    sample::plan(changes)
}

#[test]
fn the_least_important_goes_first() {
    let whole = shown(&many(20), usize::MAX);
    assert!(!whole.contains("Left out"), "{whole}");
    let extents = |limit| {
        let text = shown(&many(20), limit);
        let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("<code>")).count();
        (rows, text.matches("<details").count(), text.matches("made").count(), text)
    };
    // What is left out: first the values of some, then everything of some except their row, then rows.
    let (rows, details, _, text) = extents(whole.len() - 1000);
    assert_eq!((rows, details), (21, 21));
    assert!(text.contains(": the values of "), "{text}");
    let (rows, details, _, text) = extents(8000);
    assert!(rows == 21 && details < 21, "{text}");
    assert!(text.contains("all but the row of "), "{text}");
    let (rows, _, _, text) = extents(2500);
    assert!(rows < 21 && text.contains("all of "), "{text}");
    // A deletion is shown in full, whatever else is left out.
    for limit in [whole.len() - 1000, 8000, 4000] {
        assert!(shown(&many(20), limit).contains("+ spec.f19: \"goes-19\""), "at {limit}");
    }
}

#[test]
fn what_is_left_out_adds_up() {
    let text = shown(&many(300), 20_000);
    let number = |before: &str| -> usize {
        let rest = text.split(before).nth(1).unwrap_or("0");
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("<code>")).count();
    assert_eq!(rows + number("; all of "), 301, "{text}");
    assert_eq!(text.matches("<details").count() + number("all but the row of "), rows, "{text}");
}

#[test]
fn nothing_breaks_out() {
    let hostile = sample::HOSTILE;
    let mut field =
        sample::field("spec.x", Some(json!(hostile)), After::Value(json!(format!("{hostile}\nmore"))));
    field.cause = Cause::Drift { by: vec![sample::manager(hostile)] };
    let mut change = sample::change("a", Action::Update, vec![field]);
    change.warnings = vec![hostile.to_owned()];
    change.reasons = vec![Reason::ReleasedByRemoved { place: hostile.to_owned() }];
    change.target.identity.name = hostile.to_owned();
    let mut plan = sample::plan(vec![change]);
    plan.refusals = vec![sample::refusal(hostile)];
    plan.notes = vec![hostile.to_owned()];
    check(&shown(&plan, MARKDOWN_LIMIT)).unwrap();
}

/// Reads the page as Markdown does, as far as these tests need it: fences, tags, and other markup.
fn check(text: &str) -> Result<(), String> {
    let (mut fence, mut open) = (None, 0_i32);
    for line in text.lines() {
        if line.contains(|c: char| c.is_control() && c != '\t') || line.contains(['\u{202e}', '\u{200b}']) {
            return Err(format!("steers: {line:?}"));
        }
        let ticks = line.trim_start().chars().take_while(|c| *c == '`').count();
        match fence {
            Some(length) if ticks >= length && line.trim().len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                let bare = [
                    "<details>",
                    "<details open>",
                    "<summary>",
                    "</summary>",
                    "</details>",
                    "<code>",
                    "</code>",
                ]
                .iter()
                .fold(line.to_owned(), |line, tag| line.replace(tag, ""));
                let bare = bare.replace("&#", "");
                if bare.contains(['<', '@', '#', '[', ']', '\\', '!'])
                    || bare.contains("://")
                    || bare.contains("www.")
                {
                    return Err(format!("means something: {line:?}"));
                }
                if line.starts_with('|') && line.matches('|').count() != 5 {
                    return Err(format!("another table: {line:?}"));
                }
                open += i32::try_from(line.matches("<details").count()).unwrap();
                open -= i32::try_from(line.matches("</details").count()).unwrap();
            }
        }
        if !(0..=1).contains(&open) {
            return Err(format!("details within details: {line:?}"));
        }
    }
    if fence.is_some() || open != 0 { Err("not closed".to_owned()) } else { Ok(()) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn it_is_never_longer_than_the_limit_and_nothing_breaks_out(plan in sample::plans(), limit in 0_usize..70_000) {
        let text = shown(&plan, limit);
        prop_assert!(text.len() <= limit, "{} > {limit}", text.len());
        prop_assert_eq!(check(&text), Ok(()));
    }
}

#[test]
fn plain_deletions_of_a_large_block_share_a_row() {
    let gone = (0..40).map(|n| sample::change(&format!("web-{n}"), Action::Delete, Vec::new()));
    let plan = sample::plan(gone.collect());
    let text = plan_markdown(&plan, &Level::Brief, &|_| None, MARKDOWN_LIMIT);
    assert_eq!(text.lines().filter(|line| line.starts_with("| **delete**")).count(), 1, "{text}");
    assert!(text.contains("40 objects") && text.contains("<details open>"), "{text}");
    assert!(text.contains("- Deployment  web-0, web-1"), "{text}");
}
