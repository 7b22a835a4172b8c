//! A run that did not complete, and what has become of one that has not recorded its end.

use serde_json::{Value, json};

use crate::state::{OpenRun, Unfinished};

/// What the run does, or did, to complete `the run that …`; not escaped.
pub fn fate_of_run(fate: &OpenRun) -> String {
    let unclear = "has not ended: it is under way, or was killed";
    match fate {
        OpenRun::UnderWay => "is under way".to_owned(),
        OpenRun::Killed => "was killed, or could not record its end".to_owned(),
        OpenRun::Unclear(None) => unclear.to_owned(),
        OpenRun::Unclear(Some(holder)) => format!("{unclear}. The lock names {holder}"),
    }
}

/// A run that did not complete, as JSON. Where it has recorded no end, the lock tells what has become of it, as far as it can.
pub(in crate::report) fn unfinished_json(run: &Unfinished, fate: &OpenRun) -> Value {
    let (word, holder) = match fate {
        OpenRun::UnderWay => ("under_way", None),
        OpenRun::Killed => ("killed", None),
        OpenRun::Unclear(holder) => ("unclear", holder.as_ref().map(ToString::to_string)),
    };
    let open = run.end.is_none();
    json!({
        "run": run.run,
        "by": run.by,
        "begun": run.begun,
        "end": run.end,
        "fate": open.then_some(word),
        "lock": holder.filter(|_| open),
    })
}
