//! Which sizes of bodies are tried: one over each common limit.

use super::answer::{Answer, unexpected};
use super::codes;
use super::outcome::Fault;

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

/// The sizes to try, the smallest first: a little over each common limit, as far as the configuration allows them and
/// nobody wants less.
pub fn sizes(allowed: Option<u64>, largest: Option<u64>) -> Vec<u64> {
    let most = allowed.unwrap_or(u64::MAX).min(largest.unwrap_or(u64::MAX));
    COMMON_LIMITS.iter().map(|(limit, _)| limit + 1).filter(|size| *size <= most).collect()
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
        let all = sizes(None, None);
        assert_eq!(all, [MIB + 1, 10 * MIB + 1, 32 * MIB + 1, 100 * MIB + 1]);
        assert_eq!(sizes(Some(20 * MIB), None), all[..2]);
        assert_eq!(sizes(None, Some(2 * MIB)), all[..1]);
        assert!(sizes(Some(512), None).is_empty());
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
