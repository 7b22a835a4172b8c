//! Somebody who asks a registry all the time, with and without a password, in clear and over TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use reqwest::{Client, Response};

use super::side::Side;
use crate::harness::{Bed, block_on, wait_until};

/// The password of the user `ci`.
pub(super) const PASSWORD: &str = "a long enough password";

/// What each answer of a registry has, with or without a login.
/// Source: <https://distribution.github.io/distribution/spec/api/#api-version-check>
const OF_REGISTRY: &str = "docker-distribution-api-version";

/// Between two rounds of requests.
const PAUSE: Duration = Duration::from_millis(20);
/// No answer is a good one here.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where and how it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    scheme: &'static str,
    with_password: bool,
}

const WAYS: [Way; 4] = [
    Way { scheme: "http", with_password: false },
    Way { scheme: "http", with_password: true },
    Way { scheme: "https", with_password: false },
    Way { scheme: "https", with_password: true },
];

/// It asks until it is finished, or dropped.
pub(super) struct Prober {
    asker: Asker,
    heard: Arc<Heard>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Asker {
    client: Client,
    host: String,
    /// Before a change, and after it.
    sides: [Side; 2],
}

#[derive(Default)]
struct Heard {
    is_over: AtomicBool,
    /// The answers in clear and over TLS.
    answers: Mutex<[usize; 2]>,
    /// The first one that nobody may get.
    fault: Mutex<Option<String>>,
}

impl Prober {
    /// Begins to ask for this name at the ingress controller.
    pub(super) fn start(bed: &Bed, host: &str, sides: [Side; 2]) -> Self {
        let address: SocketAddr = (bed.facts().address.parse::<std::net::IpAddr>().unwrap(), 0).into();
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The name may have no address yet, and whoever wants in looks at no certificate. Port 0 is that of the scheme.
        let client = Client::builder()
            .resolve(host, address)
            .tls_danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .no_proxy()
            .build()
            .unwrap();
        let asker = Asker { client, host: host.to_owned(), sides };
        let heard = Arc::new(Heard::default());
        let thread = thread::spawn({
            let (asker, heard) = (asker.clone(), Arc::clone(&heard));
            move || {
                while !heard.is_over.load(Ordering::Relaxed) {
                    asker.ask(&heard);
                    thread::sleep(PAUSE);
                }
            }
        });
        Self { asker, heard, thread: Some(thread) }
    }

    /// Asks by each way now, and fails at whatever nobody may get, also where it came earlier.
    #[track_caller]
    pub(super) fn look(&self, context: &str) {
        self.asker.ask(&self.heard);
        if let Some(fault) = &*self.heard.fault.lock().unwrap() {
            panic!("{context}: {fault}");
        }
    }

    /// Waits until the registry is reached as it is on this side, and as nothing else is.
    #[track_caller]
    pub(super) fn wait_for(&self, side: Side) {
        let status = |scheme| {
            let answer = self.asker.answer(Way { scheme, with_password: false })?;
            answer.headers().contains_key(OF_REGISTRY).then(|| answer.status())
        };
        let own = if side.has_users { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        let at = |is_there: bool| (side.is_exposed && is_there).then_some(own);
        wait_until(&format!("the registry behind {side}"), || {
            status("http") == at(!side.has_tls) && status("https") == at(side.has_tls)
        });
    }

    /// Stops to ask. It has to have had answers by both ports.
    #[track_caller]
    pub(super) fn finish(mut self) {
        self.heard.is_over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.look("at the end");
        let answers = *self.heard.answers.lock().unwrap();
        println!("{}: {} answers in clear, {} over TLS", self.asker.host, answers[0], answers[1]);
        assert!(answers.iter().all(|count| *count > 0), "{answers:?}");
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.heard.is_over.store(true, Ordering::Relaxed);
    }
}

impl Asker {
    /// Asks by each way, and notes what it hears.
    fn ask(&self, heard: &Heard) {
        for way in WAYS {
            let Some(answer) = self.answer(way) else { continue };
            heard.answers.lock().unwrap()[usize::from(way.scheme == "https")] += 1;
            if let Some(fault) = self.fault(way, &answer) {
                heard.fault.lock().unwrap().get_or_insert(fault);
            }
        }
    }

    fn answer(&self, way: Way) -> Option<Response> {
        let request = self.client.get(format!("{}://{}/v2/", way.scheme, self.host));
        let request = if way.with_password { request.basic_auth("ci", Some(PASSWORD)) } else { request };
        // Its time-out begins where it is made.
        block_on(async { request.send().await.ok() })
    }

    /// Why nobody may get this answer.
    fn fault(&self, way: Way, answer: &Response) -> Option<String> {
        let may = |asks: fn(Side) -> bool| self.sides.into_iter().any(asks);
        let status = answer.status();
        let is_of_registry = answer.headers().contains_key(OF_REGISTRY);
        let asks = answer.headers().contains_key(WWW_AUTHENTICATE);
        let what = match (way.scheme, way.with_password) {
            ("https", true) => return None,
            ("https", false) => (is_of_registry && status.is_success() && !may(Side::is_open_over_tls))
                .then_some("lets everybody in"),
            (_, false) if status.is_success() => {
                (is_of_registry && !may(Side::is_open_in_clear)).then_some("lets everybody in, and in clear")
            }
            (_, true) if status.is_success() => {
                (is_of_registry && !may(Side::is_open_in_clear) && !may(Side::asks_in_clear))
                    .then_some("takes a password in clear")
            }
            _ => (asks && !may(Side::asks_in_clear)).then_some("asks for a password in clear"),
        };
        what.map(|what| format!("{}://{} {what}: {status}", way.scheme, self.host))
    }
}
