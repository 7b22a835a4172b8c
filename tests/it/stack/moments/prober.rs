//! Somebody who asks a registry all the time, with and without a password, in clear and over TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use reqwest::{Client, Response};

use super::side::{Side, Way};
use crate::harness::{Bed, block_on, wait_until};

/// The password of the user `ci`.
pub(super) const PASSWORD: &str = "a long enough password";

/// What each answer of a registry has, with or without a login.
/// Source: <https://distribution.github.io/distribution/spec/api/#api-version-check>
const OF_REGISTRY: &str = "docker-distribution-api-version";

/// Between two rounds of requests.
const PAUSE: Duration = Duration::from_millis(100);
/// No answer is a good one here.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where and how it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Question {
    way: Way,
    over_tls: bool,
    with_password: bool,
}

impl Question {
    fn all() -> impl Iterator<Item = Self> {
        let ways = [Way::Ingress, Way::Gateway].into_iter();
        ways.flat_map(|way| {
            [(false, false), (false, true), (true, false), (true, true)]
                .map(|(over_tls, with_password)| Self { way, over_tls, with_password })
        })
    }
}

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
    /// The ports of the Gateway.
    ports: [u16; 2],
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
    /// Begins to ask for this name at the ingress controller, and at the Gateway with these ports.
    pub(super) fn start(bed: &Bed, host: &str, ports: [u16; 2], sides: [Side; 2]) -> Self {
        let address: SocketAddr = (bed.facts().address.parse::<std::net::IpAddr>().unwrap(), 0).into();
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
        let asker = Asker { client, host: host.to_owned(), ports, sides };
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
        let status = |way, over_tls| {
            let answer = self.asker.answer(Question { way, over_tls, with_password: false })?;
            answer.headers().contains_key(OF_REGISTRY).then(|| answer.status())
        };
        let own = if side.has_users { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        wait_until(&format!("the registry behind {side}"), || {
            [Way::Ingress, Way::Gateway].into_iter().all(|way| {
                let at = |is_there: bool| (side.way == Some(way) && is_there).then_some(own);
                status(way, false) == at(!side.has_tls) && status(way, true) == at(side.has_tls)
            })
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
        for question in Question::all() {
            let Some(answer) = self.answer(question) else { continue };
            heard.answers.lock().unwrap()[usize::from(question.over_tls)] += 1;
            if let Some(fault) = self.fault(question, &answer) {
                heard.fault.lock().unwrap().get_or_insert(fault);
            }
        }
    }

    fn answer(&self, question: Question) -> Option<Response> {
        let request = self.client.get(self.url(question));
        let request = if question.with_password { request.basic_auth("ci", Some(PASSWORD)) } else { request };
        // Its time-out begins where it is made.
        block_on(async { request.send().await.ok() })
    }

    fn url(&self, Question { way, over_tls, .. }: Question) -> String {
        let (host, [clear, tls]) = (&self.host, self.ports);
        match (way, over_tls) {
            (Way::Ingress, false) => format!("http://{host}/v2/"),
            (Way::Ingress, true) => format!("https://{host}/v2/"),
            (Way::Gateway, false) => format!("http://{host}:{clear}/v2/"),
            (Way::Gateway, true) => format!("https://{host}:{tls}/v2/"),
        }
    }

    /// Why nobody may get this answer.
    fn fault(&self, question: Question, answer: &Response) -> Option<String> {
        let may = |is: fn(Side, Way) -> bool| self.sides.into_iter().any(|side| is(side, question.way));
        let (asks, is_let_in) = (
            answer.headers().contains_key(WWW_AUTHENTICATE),
            answer.headers().contains_key(OF_REGISTRY) && answer.status().is_success(),
        );
        let what = match (question.over_tls, question.with_password) {
            (true, false) if is_let_in => (!may(Side::is_open_over_tls)).then_some("lets everybody in"),
            (true, _) => None,
            (false, false) if is_let_in => {
                (!may(Side::is_open_in_clear)).then_some("lets everybody in, and in clear")
            }
            (false, true) if is_let_in => (!may(Side::is_open_in_clear) && !may(Side::asks_in_clear))
                .then_some("takes a password in clear"),
            (false, _) => (asks && !may(Side::asks_in_clear)).then_some("asks for a password in clear"),
        };
        what.map(|what| format!("{} {what}: {}", self.url(question), answer.status()))
    }
}
