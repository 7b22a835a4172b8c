//! One group, asked itself: its versions, and the kinds of each.

use futures::{StreamExt, stream};
use serde_json::json;

use super::catalogue::{Catalogue, group_versions};
use super::definitions::note_unserved;
use super::failure::problem;
use crate::provider::kubernetes::transport::{Body, Call, CallError, Transport};
use crate::resource::{Problem, ProblemKind};

/// Reads the kinds of these versions. The first version of a group is the preferred one.
pub(super) async fn read_versions(
    transport: &Transport,
    versions: Vec<(String, String)>,
    catalogue: &mut Catalogue,
) {
    let lists = stream::iter(versions).map(|(group, version)| async move {
        let base = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
        let answer = transport.send(&Call::get(format!("{base}/{version}"))).await;
        (group, version, answer)
    });
    // In order, since the preferred version of a group comes first.
    let mut lists = lists.buffered(8);
    while let Some((group, version, answer)) = lists.next().await {
        match answer {
            Ok(answer) => catalogue.add_resources(&group, &version, &answer.body),
            // A version that has just gone is still listed for a moment.
            Err(CallError::Refused(refusal)) if refusal.code == 404 => {}
            Err(failure) => catalogue.skip(&group, problem(transport, failure)),
        }
    }
}

/// Reads what the group itself says of its kinds. What it does not name is unknown only where the server was
/// ready before it was asked, and where no definition names it; otherwise nothing can be said about it.
pub(super) async fn ask(transport: &Transport, group: &str, catalogue: &mut Catalogue) {
    let readiness = readiness(transport).await;
    match versions(transport, group).await {
        Ok(versions) => read_versions(transport, versions, catalogue).await,
        Err(failure) => catalogue.skip(group, problem(transport, failure)),
    }
    match readiness {
        Ok(()) => note_unserved(transport, group, catalogue).await,
        Err(problem) => catalogue.skip(group, problem),
    }
}

/// The versions of the group, the preferred one first; none where it is not there.
async fn versions(transport: &Transport, group: &str) -> Result<Vec<(String, String)>, CallError> {
    if group.is_empty() {
        return Ok(vec![(String::new(), "v1".to_owned())]);
    }
    match transport.send(&Call::get(format!("/apis/{group}"))).await {
        Ok(answer) => Ok(group_versions(&json!({ "groups": [answer.body] }))),
        Err(CallError::Refused(refusal)) if refusal.code == 404 => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// What a server that is ready answers.
struct Ready;

impl Body for Ready {
    fn read(bytes: &[u8]) -> Option<Self> {
        (bytes.trim_ascii() == b"ok").then_some(Self)
    }
}

/// Whether the server has read all of its definitions and services.
/// Source: <https://kubernetes.io/docs/reference/using-api/health-checks/>
pub(super) async fn readiness(transport: &Transport) -> Result<(), Problem> {
    let Err(failure) = transport.send_for::<Ready>(&Call::get("/readyz")).await else { return Ok(()) };
    let server = &transport.server_info.server;
    let cause = problem(transport, failure);
    if cause.kind == ProblemKind::Forbidden {
        let message = format!("whether {server} is ready is not shown to us: {cause}");
        return Err(Problem::new(ProblemKind::Forbidden, message)
            .help("it takes the right to get the path /readyz (`system:public-info-viewer` has it)")
            .caused_by(cause));
    }
    let message =
        format!("{server} is not ready, so what it does not name may be there all the same: {cause}");
    Err(Problem::new(ProblemKind::Unreachable, message)
        .help("run the same command again when it is")
        .caused_by(cause))
}
