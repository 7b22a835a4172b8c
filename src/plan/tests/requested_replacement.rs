//! `--replace`.

use super::world::*;
use crate::kubernetes::immutable::Loss;
use crate::plan::{Action, Input, Reason};
use crate::resource::Desired;

fn replacing(mut input: Input, named: &[&str]) -> Input {
    input.replace = named.iter().map(|named| address(named)).collect();
    input
}

#[test]
fn a_replacement_is_asked_for_and_its_dependents_follow() {
    let mut triggered = depending_on("edge", &[]);
    triggered.lifecycle.replace_triggered_by = vec![address("resource.web")];
    let input = with_known_maps(input(vec![depending_on("web", &[]), triggered]), &["web", "edge"]);
    let plan = world_of(&["web", "edge"]).plan(settle(replacing(input, &["resource.web"])).unwrap());
    let reasons: Vec<_> =
        plan.changes.iter().map(|change| (change.action, change.reasons.as_slice())).collect();
    let loss = Reason::ReplacementLoss { loss: Loss::Nothing };
    let triggered = Reason::ReplaceTriggered { by: address("resource.web") };
    assert_eq!(
        reasons,
        [
            (Action::Replace, [Reason::ReplaceRequested, loss.clone()].as_slice()),
            (Action::Replace, [triggered, loss].as_slice()),
        ]
    );
}

#[test]
fn a_replacement_of_nothing_is_a_create_that_says_so() {
    let input = replacing(input(vec![depending_on("web", &[])]), &["resource.web"]);
    let plan = World::default().plan(settle(input).unwrap());
    assert_eq!(plan.changes[0].action, Action::Create);
    assert_eq!(plan.changes[0].reasons, [Reason::NothingToReplace]);
}

#[test]
fn a_namespace_is_not_made_anew_under_what_stands_in_it() {
    let space = namespace("a");
    let wanted = || {
        let input =
            with_known_maps(input(vec![desired("space", space.clone()), depending_on("web", &[])]), &["web"]);
        let mut input = with_known(input, &address("resource.space"), &space);
        input.consent.destroy.insert(address("resource.space"));
        settle(replacing(input, &["resource.space"])).unwrap()
    };
    let empty = || World::default().with(marked(space.clone(), "resource.space"));
    let plan = empty().with(marked(map("web"), "resource.web")).plan(wanted());
    let message = problem(&plan.refusals[0]).to_string();
    assert!(message.contains("resource.web, which would be deleted with it"), "{message}");
    let actions: Vec<Action> = empty().plan(wanted()).changes.iter().map(|change| change.action).collect();
    assert_eq!(actions, [Action::Replace, Action::Create]);
}

#[test]
fn a_replacement_needs_consent_and_a_claim_is_never_replaced() {
    let claim = claim("c");
    let mut guarded = depending_on("web", &[]);
    guarded.lifecycle.protect = true;
    let both = || {
        let input = with_known_maps(input(vec![guarded.clone(), desired("c", claim.clone())]), &["web"]);
        replacing(with_known(input, &address("resource.c"), &claim), &["resource.web", "resource.c"])
    };
    let there = || world_of(&["web"]).with(marked(claim.clone(), "resource.c"));
    let plan = there().plan(settle(both()).unwrap());
    assert_eq!(plan.refusals.len(), 2);
    let mut agreed = both();
    agreed.consent.destroy = [address("resource.web"), address("resource.c")].into();
    let plan = there().plan(settle(agreed).unwrap());
    assert_eq!(actions(&plan), [("resource.web".into(), Action::Replace)]);
    let help = plan.refusals[0].obstacle.help().unwrap();
    assert!(help.contains("leave `--replace` out"), "{help}");
}

#[test]
fn what_cannot_be_replaced_is_said() {
    let objects = ["a", "b"]
        .map(|name| Desired::new(address(&format!("manifest.m/ConfigMap/{name}")), map(name)).unwrap());
    let several = || input(objects.to_vec());
    for (input, words) in [
        (replacing(several(), &["manifest.m"]), "`manifest.m/ConfigMap/a`, `manifest.m/ConfigMap/b`"),
        (replacing(several(), &["manifest.n"]), "did you mean `manifest.m`?"),
        (
            targeting(replacing(several(), &["manifest.m/ConfigMap/a"]), &["manifest.m/ConfigMap/b"]),
            "add `--target manifest.m/ConfigMap/a`",
        ),
    ] {
        let mistakes = settle(input).unwrap_err().to_string();
        assert!(mistakes.contains(words), "{mistakes}");
    }
}
