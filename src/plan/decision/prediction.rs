//! Why the server cannot be asked what a write would change, and what is planned then.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::decision::creation;
use crate::plan::decision::differences;
use crate::plan::decision::replacement;
use crate::plan::decision::ruling::Ruling;
use crate::plan::decision::sent_object::{beside, predicted_object, sent_object};
use crate::plan::decision::update;
use crate::plan::decision::update::Tried;
use crate::plan::diff::published_schema;
use crate::plan::diff::replacing_fields;
use crate::plan::diff::schema;
use crate::plan::diff::schema::Definition;
use crate::plan::input::plan_input::Known;
use crate::plan::model::change::Action;
use crate::plan::model::fidelity::{Fidelity, PredictionReason};
use crate::plan::view::situation::Situation;
use crate::resource::{FieldPath, Live, Ownership, Problem, Stamp, is_house_group};

/// Why the server cannot be asked about a write, if it cannot; `pending` is a value that is not known yet.
pub(super) fn why_not_asked(
    situation: Situation<'_>,
    pending: Option<PredictionReason>,
) -> Option<PredictionReason> {
    let in_namespace = || {
        let dependency = situation.namespace()?;
        let namespace = || dependency.desired().identity.name.clone();
        if dependency.action() == Some(Action::Create) {
            return Some(PredictionReason::NamespaceCreated { namespace: namespace() });
        }
        // Its own error says why; that nothing can be made without it would be said of everything else.
        dependency.is_impossible().then(|| PredictionReason::NamespaceMissing { namespace: namespace() })
    };
    let of_kind = || {
        let dependency = situation.definition()?;
        let defined = situation.desired().identity.group_kind();
        if dependency.is_impossible() {
            return Some(PredictionReason::KindMissing { defined });
        }
        match dependency.action()? {
            Action::Create => Some(PredictionReason::KindCreated { defined }),
            Action::Update | Action::Replace | Action::Adopt => {
                Some(PredictionReason::KindChanged { defined })
            }
            Action::None | Action::Run | Action::Delete | Action::Keep | Action::Forget => None,
        }
    };
    in_namespace().or_else(of_kind).or(pending)
}

/// Whether it helps to know what the server publishes of the kind. Of a kind that this plan defines or changes, the
/// server has no schema, or an old one; another house has none.
pub(in crate::plan) fn takes_a_schema(situation: Situation<'_>) -> bool {
    let is_as_served = |definition: Situation<'_>| definition.action() == Some(Action::None);
    situation.definition().is_none_or(is_as_served) && !is_house_group(&situation.desired().identity.group)
}

/// What is wrong with the object by the definition of its kind in this plan, of which no server knows yet, or by what
/// the server publishes of its kind.
fn schema_problem(situation: Situation<'_>, live: Option<&Live>, sent: &Value) -> Option<Problem> {
    let desired = situation.desired();
    let Some(dependency) = situation.definition() else {
        return published_schema::check(situation.schema()?, desired, sent);
    };
    let definition =
        Definition { address: &dependency.desired().address, object: dependency.future_object()? };
    schema::check(definition, desired, live.map(|live| &live.object), sent)
}

/// What is planned where the server cannot be asked.
pub(in crate::plan) fn ruling(situation: Situation<'_>, sent: Value, reason: PredictionReason) -> Ruling {
    ruling_after(situation, sent, &[], reason)
}

/// The same where the server has told already what must become ours first.
pub(super) fn ruling_after(
    situation: Situation<'_>,
    sent: Value,
    told: &[FieldPath],
    reason: PredictionReason,
) -> Ruling {
    let takes = match (&reason, situation.live()) {
        (PredictionReason::TakenFirst { fields }, _) => fields.clone(),
        (_, Some(live)) => beside(situation, live, &sent).known(situation.last_write(live), told),
        (_, None) => Vec::new(),
    };
    let live = situation.live().map(AsRef::as_ref);
    if let Some(problem) = schema_problem(situation, live, &sent) {
        return problem.into();
    }
    let fidelity = Fidelity::Predicted(reason);
    let Some(live) = live else {
        return Ruling::decided(creation::change(situation, fidelity, sent), None);
    };
    let answer = predicted_object(situation, live, &sent, &takes);
    let mut fields = differences::without_marks(situation, live, &sent, &answer);
    if replacing_fields::flag_by_rules(&situation.desired().identity, &live.object, &mut fields) {
        return replacement::ruling(situation, live, fidelity, fields, None);
    }
    let tried = Tried { sent, answer: Arc::new(answer), fidelity, warnings: Vec::new(), takes };
    update::ruling(situation, live, tried)
}

/// What is planned where the object cannot even be read: by what was written last, as if that still stood there.
pub(super) fn without_reading(situation: Situation<'_>, problem: &Problem) -> Ruling {
    let reason = PredictionReason::DryRunRefused { message: problem.message.clone() };
    let written = situation.known().and_then(written_last);
    let (sent, _) = sent_object(situation, written.as_ref());
    let Some(live) = written else { return Ruling::Predict { sent, reason } };
    let answer = Arc::new(predicted_object(situation, &live, &sent, &[]));
    let fidelity = Fidelity::Predicted(reason);
    update::ruling(
        situation,
        &live,
        Tried { sent, answer, fidelity, warnings: Vec::new(), takes: Vec::new() },
    )
}

/// The object as it was written last, where that is recorded.
fn written_last(known: &Known) -> Option<Live> {
    let applied = known.applied.as_ref()?;
    let object = applied.sent_object.as_ref()?.object().ok()?;
    let stamp = Stamp { uid: known.uid.clone(), version: applied.resource_version.clone() };
    Some(Live { object, stamp, ownership: Ownership::default() })
}
