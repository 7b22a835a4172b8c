//! Whether a registry works, as those see it who pull and push, and whether charts do by their own tests: the checks, and how what was seen is judged. Pure.
//!
//! Who asks names, servers and registries is [`engine`](crate::engine). It brings what it saw here.
//!
//! | File | The question that it answers |
//! |---|---|
//! | `check` | Which checks are there, and which one stands on which? |
//! | `outcome` | What came of them? |
//! | `codes` | What are the faults called? |
//! | `name` | Does the name lead to the registry? |
//! | `authorities` | Whom does a client believe? |
//! | `certificate` | Is the certificate trusted, for this name, of today, and signed by the right one? |
//! | `answer` | What does an answer of HTTP say that was not expected? |
//! | `access` | Is everybody asked for a password, and only the right one taken? |
//! | `location` | Where does a push go on, and may it? |
//! | `body` | Which sizes of bodies are tried, and for which has the volume room? |
//! | `chart_test` | What is said of the tests that charts bring? |
//! | `pull` | What does a pod say that pulls it? |
//! | `probe` | What is pushed, and by which name is it known again? |

mod access;
mod answer;
mod authorities;
mod body;
mod certificate;
mod chart_test;
mod check;
pub mod codes;
mod location;
mod name;
mod outcome;
mod probe;
mod pull;

pub use access::{Admission, redirect, refusal, right_password, wrong_password};
pub use answer::{Answer, is_broken_off, of_bucket, of_full_volume, unexpected};
pub use authorities::Authorities;
pub use body::{COMMON_LIMITS, Room, refused_body, shown, sizes, taken_bodies};
pub use certificate::{OwnRoot, Served, Stored, chain, expiry, issuer, names};
pub use chart_test::{
    TestHolder, TestOwner, is_test_itself, place_of_test, test_begun_by_apply, test_beside_apply,
    test_failed, test_in_the_way, test_left, test_of_other_run, test_refused, test_without,
};
pub use check::Check;
pub use location::next_url;
pub use name::{Answers, Expected, Named, addresses};
pub use outcome::{Fault, Finding, Outcome, Suspicion, Verdict, Verification, hindrance, told_once};
pub use probe::{Blob, Maker, Probe, REPOSITORY};
pub use pull::{Pull, not_pulled, pod, pulled, puller, run_of};
