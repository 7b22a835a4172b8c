//! What it means that a server says no.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::TSigner;
use hickory_proto::rr::rdata::tsig::TsigError;

use crate::resource::{Problem, ProblemKind};

/// The problem behind an answer that says no; `about` is what was asked for.
pub(super) fn problem(answer: &Message, server: &str, signer: Option<&TSigner>, about: &str) -> Problem {
    let key = signer.map_or_else(|| "no key".to_owned(), key_name);
    let code = answer.metadata.response_code;
    let (kind, why, help) = match (code, tsig_error(answer)) {
        (_, Some(error)) => return bad_key(error, server, &key),
        (ResponseCode::NotAuth, None) => (
            ProblemKind::Settings,
            "it does not keep the zone, or not with this key".to_owned(),
            "check `zone`, and that `server` is the primary server of it".to_owned(),
        ),
        (ResponseCode::Refused, None) => (
            ProblemKind::Forbidden,
            format!("the key {key} may not do this, or the server does not keep the zone (REFUSED)"),
            format!(
                "check `zone` and `server`; where they are right, allow the key to write it, as in BIND's \
                 `update-policy {{ grant {key} zonesub ANY; }};`"
            ),
        ),
        (ResponseCode::NotZone, None) => (
            ProblemKind::Settings,
            "the name does not lie in the zone".to_owned(),
            "check `zone`: a part of it may be a zone of its own".to_owned(),
        ),
        (ResponseCode::ServFail, None) => (
            ProblemKind::Unreachable,
            "it has a trouble of its own (SERVFAIL)".to_owned(),
            "look at the log of the name server".to_owned(),
        ),
        (ResponseCode::NotImp, None) => (
            ProblemKind::Settings,
            "it takes no updates (NOTIMP)".to_owned(),
            "name a server that takes updates (RFC 2136), or choose another provider".to_owned(),
        ),
        (code, None) => (
            ProblemKind::Rejected,
            format!("it says {code}"),
            "look at the log of the name server".to_owned(),
        ),
    };
    Problem::new(kind, format!("the name server {server} refuses {about}: {why}")).help(help)
}

/// The problem of a condition that does not hold.
pub(super) fn moved(name: &str) -> Problem {
    Problem::new(ProblemKind::Conflict, format!("the records of {name} are not as they were read"))
}

/// Whether the answer says that what was expected to stand there does not, or the other way round.
pub(super) fn is_unmet(answer: &Message) -> bool {
    use ResponseCode::{NXDomain, NXRRSet, YXDomain, YXRRSet};
    matches!(answer.metadata.response_code, NXDomain | NXRRSet | YXDomain | YXRRSet)
}

fn tsig_error(answer: &Message) -> Option<TsigError> {
    answer.signature.as_ref().and_then(|signature| signature.data.error)
}

fn bad_key(error: TsigError, server: &str, key: &str) -> Problem {
    let (why, help) = match error {
        TsigError::BadKey => (
            format!("it knows no key {key} with this algorithm (BADKEY)"),
            "check `key_name` and `algorithm` against the server's configuration".to_owned(),
        ),
        TsigError::BadTime => (
            "its clock differs from ours by more than five minutes (BADTIME)".to_owned(),
            "set the clocks of both machines".to_owned(),
        ),
        _ => (
            format!("the secret of the key {key} is another one there (BADSIG)"),
            "check the variable or the file that holds the key against the server's configuration".to_owned(),
        ),
    };
    Problem::new(
        ProblemKind::Unauthenticated,
        format!("the name server {server} does not accept the key: {why}"),
    )
    .help(help)
}

fn key_name(signer: &TSigner) -> String {
    signer.signer_name().to_ascii().trim_end_matches('.').to_owned()
}
