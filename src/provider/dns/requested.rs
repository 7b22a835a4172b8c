//! Records that external-dns makes because an object of the cluster asks for them: nothing is sent, and the servers of the
//! zone are asked whether they are there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::content::Names;
use super::keeper::Behind;
use super::rfc2136::{other_answers_of, servers_of};
use super::wait::{Found, judged, told, too_late, until};
use crate::kubernetes::readiness::{Standard, time_to_ready};
use crate::kubernetes::record_requests::RecordRequest;
use crate::provider::{Checkup, Progress, Wait};
use crate::resource::record_set::{RECORD_SET, RECORDS_GROUP, RecordType, RecordValue};
use crate::resource::{Identity, Live, Problem, ProblemKind, ReadyRule};

/// Waits until every server of the zone answers with the records that this object asks for.
///
/// # Errors
/// They do not in time.
pub(super) async fn wait(
    request: &RecordRequest,
    asking: &Arc<Live>,
    wait: &Wait,
    progress: Progress<'_>,
) -> Result<Option<Arc<Live>>, Problem> {
    let identity = &wait.target.identity;
    let limit = wait.timeout.unwrap_or_else(|| time_to_ready(identity, Some(&asking.object), None));
    let look = || async {
        Ok(match told(behind(request, Standard::RolledOut).await?) {
            None => Found::There(Some(Live::clone(asking))),
            Some(missing) => Found::Lacks(missing),
        })
    };
    let RecordRequest { name, zone, .. } = request;
    until(limit, progress, look, |missing| {
        too_late(name, limit, missing).help(help_when_late(zone, identity))
    })
    .await
}

/// What such an object lacks: records that its servers do not give.
pub(super) async fn lacking(request: &RecordRequest, checkup: &Checkup) -> Option<String> {
    if checkup.rule == Some(ReadyRule::Written) {
        return None;
    }
    let unknown = |problem: Problem| vec![Behind::Silent(problem.message)];
    let behind = behind(request, checkup.standard).await.unwrap_or_else(unknown);
    told(judged(behind, checkup.standard))
}

/// The servers that do not give what is asked for.
async fn behind(request: &RecordRequest, standard: Standard) -> Result<Vec<Behind>, Problem> {
    // Whether a zone is found may change while external-dns works, so it is no reason to end the wait.
    let servers = servers_above(request)
        .await
        .map_err(|problem| Problem { kind: ProblemKind::Unreachable, ..problem })?;
    let names = Names::of(&Identity::cluster(RECORDS_GROUP, RECORD_SET, &request.name), &request.zone);
    let stand_ins = StandIns::of(&request.values, standard).await;
    Ok(other_answers_of(&servers, &names, |found| gives(found, &request.values, &stand_ins)).await)
}

/// The servers that answer for the name: those of its zone, or of the one above it. external-dns takes a part of a zone for one.
async fn servers_above(request: &RecordRequest) -> Result<Vec<String>, Problem> {
    let mut zone = request.zone.as_str();
    loop {
        match (servers_of(&request.name_servers, zone).await, zone.split_once('.')) {
            (Err(problem), Some((_, above)))
                if problem.kind == ProblemKind::Settings && above.contains('.') =>
            {
                zone = above;
            }
            (found, _) => return found,
        }
    }
}

/// Addresses that stand for another name: a service with alias records answers with them instead of a CNAME.
#[derive(Debug)]
enum StandIns {
    /// Whatever they are. They may change with each question, so one that was right once is taken to be right.
    Any,
    /// These: those of the other name. Before the change, the name may have had addresses that are left.
    Only(BTreeSet<RecordValue>),
}

impl StandIns {
    async fn of(wanted: &[RecordValue], standard: Standard) -> Self {
        let Some(RecordValue::Cname(other)) = wanted.first() else { return Self::Only(BTreeSet::new()) };
        if standard == Standard::Working {
            return Self::Any;
        }
        let found = tokio::net::lookup_host((other.as_str(), 0)).await;
        let texts = found.into_iter().flatten().map(|address| address.ip().to_string());
        Self::Only(texts.filter_map(|text| RecordValue::parse(RECORD_SET, &text).ok()).collect())
    }

    fn has(&self, found: &RecordValue) -> bool {
        match self {
            Self::Any => matches!(found, RecordValue::A(_) | RecordValue::Aaaa(_)),
            Self::Only(addresses) => addresses.contains(found),
        }
    }
}

/// Whether this answer gives the records. external-dns may be told to delete nothing, so records of another type may stand
/// beside them.
fn gives(found: &[RecordValue], wanted: &[RecordValue], stand_ins: &StandIns) -> bool {
    let types: BTreeSet<RecordType> = wanted.iter().map(RecordValue::record_type).collect();
    let found_of_types: BTreeSet<&RecordValue> =
        found.iter().filter(|value| types.contains(&value.record_type())).collect();
    found_of_types == wanted.iter().collect() || found.iter().any(|value| stand_ins.has(value))
}

/// What to do where the records are not there in time.
fn help_when_late(zone: &str, identity: &Identity) -> String {
    format!(
        "look at the log of external-dns: it must watch DNSEndpoints (`--source=crd`) and write the zone {zone}. Where the \
         servers cannot be asked from here (TCP to port 53), name others by `external_dns.name_servers`, or do not wait for \
         them: `lifecycle.ready = {{ \"{}/{}\" = \"written\" }}`",
        identity.kind, identity.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: &[&str]) -> Vec<RecordValue> {
        texts.iter().map(|text| RecordValue::parse(RECORD_SET, text).unwrap()).collect()
    }

    fn gives(found: &[&str], wanted: &[&str], beyond: &[&str]) -> bool {
        let stand_ins = StandIns::Only(values(beyond).into_iter().collect());
        super::gives(&values(found), &values(wanted), &stand_ins)
    }

    #[test]
    fn an_answer_gives_all_records_of_the_types_that_are_asked_for() {
        assert!(gives(&["192.0.2.1", "192.0.2.2"], &["192.0.2.2", "192.0.2.1"], &[]));
        assert!(!gives(&["192.0.2.1"], &["192.0.2.2", "192.0.2.1"], &[]));
        assert!(!gives(&["192.0.2.1", "192.0.2.3"], &["192.0.2.1"], &[]));
        assert!(gives(&["192.0.2.1", "2001:db8::1"], &["192.0.2.1"], &[]), "nobody deletes the other one");
        assert!(!gives(&[], &["192.0.2.1"], &[]));
    }

    #[test]
    fn addresses_of_another_name_stand_for_it() {
        assert!(gives(&["lb.example.net"], &["lb.example.net"], &[]));
        assert!(!gives(&["192.0.2.1"], &["lb.example.net"], &[]), "these may be addresses of before");
        assert!(gives(&["192.0.2.1"], &["lb.example.net"], &["192.0.2.1", "192.0.2.2"]));
    }

    /// Of a name that was right once, any address will do: a service may give other ones each time.
    #[tokio::test]
    async fn only_names_that_were_right_once_may_have_any_address() {
        let standing = async |wanted: &str, standard| {
            let wanted = values(&[wanted]);
            super::gives(&values(&["192.0.2.9"]), &wanted, &StandIns::of(&wanted, standard).await)
        };
        assert!(standing("lb.example.invalid", Standard::Working).await);
        assert!(!standing("lb.example.invalid", Standard::RolledOut).await);
        assert!(!standing("192.0.2.1", Standard::Working).await);
    }

    /// Nobody listens at the address, so nobody can be asked from here.
    #[tokio::test]
    async fn a_server_that_cannot_be_asked_is_told_only_until_the_records_were_seen() {
        let request = RecordRequest {
            name: "r.example.com".into(),
            zone: "example.com".into(),
            name_servers: vec!["127.0.0.1:1".into()],
            values: values(&["192.0.2.1"]),
        };
        let checkup = |standard, rule| Checkup {
            live: Arc::new(Live {
                object: serde_json::json!({}),
                stamp: crate::resource::Stamp { uid: "u".into(), version: "1".into() },
                ownership: crate::resource::Ownership::default(),
            }),
            target: crate::resource::Target {
                identity: Identity::namespaced("externaldns.k8s.io", "DNSEndpoint", "a", "r"),
                version: None,
            },
            rule,
            standard,
        };
        let lacking = async |standard, rule| lacking(&request, &checkup(standard, rule)).await;
        assert!(lacking(Standard::RolledOut, None).await.is_some());
        assert_eq!(lacking(Standard::Working, None).await, None);
        assert_eq!(lacking(Standard::RolledOut, Some(ReadyRule::Written)).await, None);
    }
}
