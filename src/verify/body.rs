//! Which sizes of bodies are tried: one over each common limit.

use super::answer::{Answer, unexpected};
use super::codes;
use super::outcome::{Fault, Outcome};

const MIB: u64 = 1 << 20;

/// Limits that are common, in bytes, and who has them. A layer is one body, and may be gigabytes.
/// Sources: <https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>,
/// <https://cloud.google.com/run/quotas>, <https://developers.cloudflare.com/workers/platform/limits/#request-limits>
pub const COMMON_LIMITS: [(u64, &str); 4] = [
    (MIB, "nginx and its ingress controllers, where nobody says otherwise"),
    (10 * MIB, "API gateways, such as Amazon's"),
    (32 * MIB, "Google Cloud Run"),
    (100 * MIB, "Cloudflare's proxy"),
];

/// What is left of the room in a volume for each byte of a body that is sent. A body that fills a volume stays there: a registry
/// that could not store all of an upload cannot give it up either.
const MARGIN: u64 = 2;

/// How much room a registry has for images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// A bucket takes what comes, and gives up what is broken off.
    Bucket,
    /// So many bytes are free on its volume.
    Free(u64),
    /// Nobody says it, for this reason.
    Unknown(String),
}

/// Which bodies are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Their sizes, the smallest first.
    pub sent: Vec<u64>,
    /// Why no larger ones are, where that is not because of a limit.
    pub no_larger: Option<NoLarger>,
}

/// Why no larger bodies are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLarger {
    /// The volume has no more room than this.
    Free(u64),
    /// Nobody says how much room it has, for this reason.
    Unknown(String),
}

/// The sizes to try: a little over each common limit, as far as the configuration allows them, nobody wants less, and the volume has
/// room for them. Where nobody knows that, only the smallest one is sent, unless somebody has named a largest one.
pub fn sizes(allowed: Option<u64>, largest: Option<u64>, room: Room) -> Sizes {
    let most = allowed.unwrap_or(u64::MAX).min(largest.unwrap_or(u64::MAX));
    let wanted: Vec<u64> =
        COMMON_LIMITS.iter().map(|(limit, _)| limit + 1).filter(|size| *size <= most).collect();
    let is_smallest = |size: &u64| wanted.first() == Some(size);
    let (sent, why): (Vec<u64>, NoLarger) = match room {
        Room::Bucket => return Sizes { sent: wanted, no_larger: None },
        Room::Free(free) => {
            let fits = |size: &u64| size.saturating_mul(MARGIN) <= free;
            (wanted.iter().copied().filter(fits).collect(), NoLarger::Free(free))
        }
        Room::Unknown(why) => {
            let may_go = |size: &u64| largest.is_some() || is_smallest(size);
            (wanted.iter().copied().filter(may_go).collect(), NoLarger::Unknown(why))
        }
    };
    let no_larger = (sent.len() < wanted.len()).then_some(why);
    Sizes { sent, no_larger }
}

impl NoLarger {
    /// What is said of it.
    pub fn reason(&self) -> String {
        match self {
            Self::Free(free) => format!("the volume has room for {} more", shown(*free)),
            Self::Unknown(why) => format!("nobody says how much room the volume has ({why})"),
        }
    }
}

/// What is said where all bodies of these sizes were taken.
pub fn taken_bodies(sizes: &Sizes) -> Outcome {
    match (sizes.sent.last(), &sizes.no_larger) {
        (None, None) => {
            Outcome::NotNeeded("no body that is larger than a common limit is allowed".to_owned())
        }
        (None, Some(why)) => Outcome::Hindered {
            reason: format!("{}, and a body that fills it could not be taken away again", why.reason()),
            fix: Some(
                "make the volume larger (`storage.volume.size`), or have the garbage of the registry collected"
                    .to_owned(),
            ),
        },
        (Some(largest), None) => Outcome::Passed(format!("{} in one piece", shown(*largest))),
        (Some(largest), Some(why @ NoLarger::Free(_))) => {
            Outcome::Passed(format!("{} in one piece; none larger was sent, since {}", shown(*largest), why.reason()))
        }
        (Some(largest), Some(why @ NoLarger::Unknown(_))) => Outcome::Passed(format!(
            "{} in one piece; none larger was sent, since {}: where it has 200 MiB, `--largest-body 101Mi` sends them",
            shown(*largest),
            why.reason()
        )),
    }
}

/// What it means that a body of this size was not taken.
pub fn refused_body(size: u64, answer: &Answer) -> Fault {
    let fault = unexpected(&format!("a body of {}", shown(size)), answer);
    if fault.code != codes::BODY_TOO_LARGE {
        return fault;
    }
    let known = COMMON_LIMITS.iter().find(|(limit, _)| limit + 1 == size);
    let hint =
        known.map(|(limit, who)| format!(" {} is the limit of {who}.", shown(*limit))).unwrap_or_default();
    Fault {
        fix: format!("{};{hint} What nginx is told by annotations counts for its Ingress alone", fault.fix),
        ..fault
    }
}

/// A size in words: `10 MiB`.
pub fn shown(bytes: u64) -> String {
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_limit_is_passed_by_a_little() {
        let sizes = |allowed, largest| sizes(allowed, largest, Room::Free(u64::MAX));
        let all = sizes(None, None);
        assert_eq!(all.sent, [MIB + 1, 10 * MIB + 1, 32 * MIB + 1, 100 * MIB + 1]);
        assert_eq!(sizes(Some(20 * MIB), None).sent, all.sent[..2]);
        assert_eq!(sizes(None, Some(2 * MIB)).sent, all.sent[..1]);
        let none = sizes(Some(512), None);
        assert_eq!((none.sent.len(), &none.no_larger), (0, &None), "what is not allowed is not missed");
        assert!(matches!(taken_bodies(&none), Outcome::NotNeeded(_)));
    }

    #[test]
    fn a_bucket_takes_every_body() {
        assert_eq!(sizes(None, None, Room::Bucket).sent.len(), COMMON_LIMITS.len());
        assert_eq!(sizes(Some(20 * MIB), None, Room::Bucket).sent.len(), 2);
    }

    #[test]
    fn no_body_fills_a_volume() {
        let with = |free: u64| sizes(None, None, Room::Free(free));
        assert_eq!(with(64 * MIB).sent, [MIB + 1, 10 * MIB + 1]);
        assert_eq!(with(64 * MIB).no_larger, Some(NoLarger::Free(64 * MIB)));
        assert_eq!(with(2 * MIB).sent, [0; 0]);
        assert!(matches!(taken_bodies(&with(2 * MIB)), Outcome::Hindered { .. }));
        let named = sizes(None, Some(200 * MIB), Room::Free(64 * MIB));
        assert_eq!(named.sent, with(64 * MIB).sent, "what is known counts more than what somebody wants");
        assert_eq!(with(201 * MIB).no_larger, None);
    }

    #[test]
    fn where_nobody_knows_the_room_only_the_smallest_body_is_sent() {
        let unknown = |largest| sizes(None, largest, Room::Unknown("why".into()));
        assert_eq!(unknown(None).sent, [MIB + 1]);
        let Outcome::Passed(said) = taken_bodies(&unknown(None)) else { panic!() };
        assert!(said.starts_with("1 MiB in one piece; none larger") && said.contains("(why)"), "{said}");
        assert_eq!(unknown(Some(11 * MIB)), Sizes { sent: vec![MIB + 1, 10 * MIB + 1], no_larger: None });
    }

    #[test]
    fn whose_limit_it_may_be_is_told() {
        let answer = Answer { status: 413, ..Answer::default() };
        let fault = refused_body(MIB + 1, &answer);
        assert_eq!(fault.code, codes::BODY_TOO_LARGE);
        assert!(fault.reason.contains("1 MiB") && fault.fix.contains("nginx"), "{fault:?}");
        let timeout = Answer { status: 504, ..Answer::default() };
        assert_eq!(refused_body(MIB + 1, &timeout).code, codes::GATEWAY_TIMEOUT);
    }
}
