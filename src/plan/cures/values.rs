//! Which values that only one object can have a change gives up, and which ones it takes.

use serde_json::Value;

use crate::plan::model::change::{Action, Change};
use crate::plan::model::field_change::After;
use crate::resource::Identity;
use crate::resource::dependencies::{Exclusive, exclusive};

/// The values that the change asks for, and that its object does not have yet.
pub(super) fn taken(change: &Change) -> Vec<Exclusive> {
    let Some(sent) = change.send.as_ref().filter(|_| change.action.writes()) else { return Vec::new() };
    let identity = &change.target.identity;
    let has = change.prior.as_ref().map(|live| of(identity, &live.object)).unwrap_or_default();
    of(identity, sent).into_iter().filter(|value| !has.contains(value)).collect()
}

/// The values that the object of the change has now, and not after it.
pub(super) fn freed(change: &Change) -> Vec<Exclusive> {
    let identity = &change.target.identity;
    let Some(live) = &change.prior else { return Vec::new() };
    let mut left = match change.action {
        Action::Delete | Action::Replace | Action::Run => Vec::new(),
        Action::Update | Action::Adopt => of(identity, &outcome(change, &live.object)),
        Action::None | Action::Create | Action::Keep | Action::Forget => return Vec::new(),
    };
    left.extend(change.send.iter().flat_map(|sent| of(identity, sent)));
    of(identity, &live.object).into_iter().filter(|value| !left.contains(value)).collect()
}

/// The values of an object.
pub(super) fn of(identity: &Identity, object: &Value) -> Vec<Exclusive> {
    exclusive(identity, object).into_iter().map(|(value, _)| value).collect()
}

/// The object after the change, as far as the changed fields tell. New list items are left out: what they take is in
/// the object that is sent.
pub(super) fn outcome(change: &Change, live: &Value) -> Value {
    let mut object = live.clone();
    for field in &change.fields {
        match &field.after {
            After::Value(value) => {
                field.path.set(&mut object, value.clone());
            }
            After::Absent | After::Unknown(_) => {
                field.path.remove(&mut object);
            }
        }
    }
    object
}
