//! What `regplan verify` says where a registry cannot store what is pushed: a guess, or what the log of its pods says.

use serde_json::Value;

use super::bodies::applied;
use super::{HOST, Registry, checks};
use crate::harness::{NO_ROOM, Namespace, STORED};

tests! { a_full_volume_is_a_fact_where_the_log_says_so }

fn a_full_volume_is_a_fact_where_the_log_says_so() {
    let ns = Namespace::absent();
    let (proxy, registry) = (ns.proxy(), Registry::start());
    let project = applied(&ns).through(&proxy);
    registry.break_its_store();
    let there = format!("--resolve={HOST}=127.0.0.1:{}", registry.port());
    let push = || -> Value {
        let ended = project.run(["verify", "--format=json", "--only=push", there.as_str()]).code(2);
        proxy.clear_faults();
        checks(&ended)["push"].clone()
    };
    let guesses = |found: &Value| {
        assert_eq!(found["code"], "registry-error", "{found:#}");
        assert!(found["fix"].to_string().contains("where it says `no space left on device`"), "{found:#}");
    };
    proxy.on("get", "pods/log").answer_text(200, NO_ROOM);
    let found = push();
    assert_eq!(found["code"], "volume-full", "{found:#}");
    let reason = found["reason"].as_str().unwrap();
    assert!(reason.starts_with("the registry answers 500 (UNKNOWN"), "{reason}");
    let fact =
        "to the beginning of a push: the volume is full, as the registry's log says at 2026-11-28T15:23:21Z";
    assert!(reason.ends_with(fact), "{reason}");
    assert_eq!(found["fix"], "make it larger (`storage.volume.size`)");
    proxy.on("get", "pods/log").answer(403);
    guesses(&push());
    proxy.on("get", "pods/log").answer_text(200, format!("{NO_ROOM}{STORED}"));
    guesses(&push());
}
