//! The words for what has become of a run that has not recorded its end.

use crate::state::OpenRun;

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
