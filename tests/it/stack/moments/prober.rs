//! Somebody who asks a registry all the time, with and without a password, in clear and over TLS.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use reqwest::{Client, Response};

use super::side::{Side, Way};
use crate::harness::{Bed, block_on, wait_until};
use crate::stack::gateway::MOVED;

/// The password of the user `ci`.
pub(super) const PASSWORD: &str = "a long enough password";

/// What each answer of a registry has, with or without a login.
/// Source: <https://distribution.github.io/distribution/spec/api/#api-version-check>
const OF_REGISTRY: &str = "docker-distribution-api-version";

/// Between two rounds of requests.
const PAUSE: Duration = Duration::from_millis(100);
/// No answer is a good one here.
const PATIENCE: Duration = Duration::from_secs(2);
/// After so many rounds the controllers know what was written before.
const ROUNDS: usize = 3;

/// Where it asks: by which way, and whether over TLS.
type Entry = (Way, bool);

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
    /// The rounds of requests.
    rounds: Mutex<usize>,
    /// How often the registry itself has answered, by its entries.
    answers: Mutex<BTreeMap<Entry, usize>>,
    /// The first answer that nobody may get.
    fault: Mutex<Option<String>>,
}

impl Prober {
    /// Begins to ask for this name at the ingress controller, and at the Gateways.
    pub(super) fn start(bed: &Bed, host: &str, sides: [Side; 2]) -> Self {
        let address: SocketAddr = (bed.facts().address.parse::<IpAddr>().unwrap(), 0).into();
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The name may have no address yet, and whoever wants in looks at no certificate. The port is that of the URL.
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
                    *heard.rounds.lock().unwrap() += 1;
                    thread::sleep(PAUSE);
                }
            }
        });
        Self { asker, heard, thread: Some(thread) }
    }

    /// Asks now, and fails at whatever nobody may get, also where it came earlier.
    #[track_caller]
    pub(super) fn look(&self, context: &str) {
        self.asker.ask(&self.heard);
        let fault = self.heard.fault.lock().unwrap().clone();
        if let Some(fault) = fault {
            panic!("{context}: {fault}");
        }
    }

    /// Asks a few times more, so that the controllers have heard of the last write.
    #[track_caller]
    pub(super) fn look_on(&self, context: &str) {
        let rounds = || *self.heard.rounds.lock().unwrap();
        let begun = rounds();
        wait_until("some rounds of requests", || rounds() >= begun + ROUNDS);
        self.look(context);
    }

    /// Waits until the registry is reached as it is on this side, and as nothing else is.
    #[track_caller]
    pub(super) fn wait_for(&self, side: Side) {
        wait_until(&format!("the registry behind {side}"), || {
            entries().all(|entry| {
                let answer = self.asker.answer(entry, false);
                let status = answer.filter(is_of_registry).map(|answer| answer.status());
                status == side.is_reached(entry.0, entry.1).then(|| side.status())
            })
        });
    }

    /// Stops to ask. The registry has to have answered wherever it may be reached.
    #[track_caller]
    pub(super) fn finish(mut self) {
        self.heard.is_over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.look("at the end");
        let answers = self.heard.answers.lock().unwrap().clone();
        println!("{}: {} rounds, {answers:?}", self.asker.host, self.heard.rounds.lock().unwrap());
        let expected =
            entries().filter(|(way, tls)| self.asker.sides.iter().any(|side| side.is_reached(*way, *tls)));
        assert!(expected.eq(answers.keys().copied()), "{answers:?}");
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.heard.is_over.store(true, Ordering::Relaxed);
    }
}

/// Wherever it asks.
fn entries() -> impl Iterator<Item = Entry> {
    Way::ALL.into_iter().flat_map(|way| [(way, false), (way, true)])
}

fn is_of_registry(answer: &Response) -> bool {
    answer.headers().contains_key(OF_REGISTRY)
}

impl Asker {
    /// Asks everywhere, and notes what it hears.
    fn ask(&self, heard: &Heard) {
        for (entry, with_password) in entries().flat_map(|entry| [(entry, false), (entry, true)]) {
            let Some(answer) = self.answer(entry, with_password) else { continue };
            if is_of_registry(&answer) {
                *heard.answers.lock().unwrap().entry(entry).or_default() += 1;
            }
            if let Some(fault) = self.fault(entry, with_password, &answer) {
                heard.fault.lock().unwrap().get_or_insert(fault);
            }
        }
    }

    fn answer(&self, entry: Entry, with_password: bool) -> Option<Response> {
        let request = self.client.get(self.url(entry));
        let request = if with_password { request.basic_auth("ci", Some(PASSWORD)) } else { request };
        // Its time-out begins where it is made.
        block_on(async { request.send().await.ok() })
    }

    fn url(&self, (way, over_tls): Entry) -> String {
        let (host, [clear, tls]) = (&self.host, way.ports());
        let (scheme, port) = if over_tls { ("https", tls) } else { ("http", clear) };
        let port = if way == Way::Ingress { port } else { port + MOVED };
        format!("{scheme}://{host}:{port}/v2/")
    }

    /// Why nobody may get this answer.
    fn fault(&self, (way, over_tls): Entry, with_password: bool, answer: &Response) -> Option<String> {
        let is_let_in = is_of_registry(answer) && answer.status().is_success() && !with_password;
        let asks = answer.headers().contains_key(WWW_AUTHENTICATE);
        let is_reached = self.sides.iter().any(|side| side.is_reached(way, over_tls));
        let is_open = self.sides.iter().any(|side| side.lets_everybody_in(way, over_tls));
        let what = if is_let_in && !is_open {
            "lets everybody in"
        } else if !over_tls && !is_reached && (is_of_registry(answer) || asks) {
            "leads to the registry in clear"
        } else {
            return None;
        };
        Some(format!("{} {what}: {}", self.url((way, over_tls)), answer.status()))
    }
}
