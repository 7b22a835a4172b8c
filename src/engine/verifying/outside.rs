//! The checks from outside, before anybody gets in: name, port, certificate, redirect, passwords.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use rand::RngExt as _;
use rand::distr::Alphanumeric;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::door::{Call, Door, Login, PATIENCE, no_connection, no_tls, silent};
use super::image::at;
use super::names as dns;
use super::network::{NoConnection, is_without_family, try_at};
use super::tls::{Seen, Trust, encrypt};
use super::visit::{Known, VERSION, Visit};
use crate::blocks::{Access, Reach, ServedTls};
use crate::verify::{
    Admission, Answer, Fault, Outcome, Served, addresses, chain, codes, expiry, issuer, names, redirect,
    refusal, right_password, wrong_password,
};

/// An ingress controller learns of new pods and certificates a moment after they are there: Traefik looks every two seconds.
/// Who verifies right after an apply should not be told of that.
/// Source: <https://doc.traefik.io/traefik/reference/install-configuration/providers/overview/>
const UNTIL_ALL_IS_KNOWN: Duration = Duration::from_secs(5);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);

impl Visit<'_> {
    /// Whether the name leads to it.
    pub(super) async fn name(&self) -> Outcome {
        if self.network.knows(self.host()) {
            return Outcome::NotNeeded("`--resolve` says where it is".to_owned());
        }
        if self.is_within_the_cluster() {
            return Outcome::NotNeeded(
                "the registry is reached within the cluster alone, so no name leads to it".to_owned(),
            );
        }
        let (answers, here) = dns::look_up(self.host()).await;
        addresses(self.host(), &answers, &here, &self.subject.expected)
    }

    fn is_within_the_cluster(&self) -> bool {
        matches!(self.subject.endpoint.reach, Reach::Cluster { .. })
    }

    /// Every address of the name has to answer: clients take any of them.
    pub(super) async fn port(&self, known: &mut Known) -> Outcome {
        let port = self.base().port_or_known_default().unwrap_or_default();
        if let Reach::Cluster { service, .. } = &self.subject.endpoint.reach
            && !self.network.knows(self.host())
        {
            let namespace = service.namespace.as_deref().unwrap_or_default();
            return Outcome::Hindered {
                reason: "the registry is reached within the cluster alone".to_owned(),
                fix: Some(format!(
                    "`kubectl -n {namespace} port-forward service/{} {port}`, and `--resolve {}=127.0.0.1` beside it",
                    service.name,
                    self.host()
                )),
            };
        }
        if let Some(reason) = &self.subject.no_port {
            return Outcome::Hindered {
                reason: reason.clone(),
                fix: Some("`regplan apply` makes the Service, and the server chooses the port".to_owned()),
            };
        }
        let found = match self.network.addresses(self.host(), port).await {
            Ok(found) => found,
            Err(why) => return Outcome::Failed(no_connection(self.host(), port, &why)),
        };
        let (mut answered, mut silent) = (Vec::new(), BTreeMap::new());
        for address in found {
            match try_at(address, self.time_left()).await {
                Ok(stream) => answered.push((address, stream)),
                Err(error) if is_without_family(&error) => {}
                Err(error) => drop(silent.insert(address, error.to_string())),
            }
        }
        if !silent.is_empty() || answered.is_empty() {
            return Outcome::Failed(no_connection(self.host(), port, &NoConnection::Unreachable(silent)));
        }
        let all: Vec<String> = answered.iter().map(|(address, _)| address.to_string()).collect();
        if self.base().scheme() == "https"
            && let Some((_, stream)) = answered.into_iter().next()
        {
            match self.settled(stream).await {
                Ok(served) => known.served = served,
                Err(fault) => return Outcome::Failed(fault),
            }
        }
        Outcome::Passed(all.join(", "))
    }

    /// What the server shows of itself. Where that is not to be trusted, it is asked again for a moment.
    async fn settled(&self, stream: TcpStream) -> Result<Option<Served>, Fault> {
        let address = stream.peer_addr().ok();
        let patience = self.patience();
        let mut shown = self.shown_by(stream).await;
        while let Some(address) = address.filter(|_| !self.is_expected(&shown))
            && Instant::now() < patience
        {
            sleep(PAUSE).await;
            if let Ok(stream) = try_at(address, self.time_left()).await {
                shown = self.shown_by(stream).await;
            }
        }
        shown
    }

    /// Whether this is the certificate that the configuration means. Where there is none yet, some servers break off.
    fn is_expected(&self, shown: &Result<Option<Served>, Fault>) -> bool {
        let served = match shown {
            Ok(Some(served)) if self.subject.tls().is_some() => served.clone(),
            Ok(_) => return true,
            Err(fault) => return fault.code != codes::NO_TLS,
        };
        let known = Known { served: Some(served), ..Known::default() };
        let looks = [self.chain(&known), self.names(&known), self.expiry(&known), self.issuer(&known)];
        !looks.iter().any(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// Until when a controller is asked again that does not know all yet.
    fn patience(&self) -> Instant {
        self.until.min(Instant::now() + UNTIL_ALL_IS_KNOWN)
    }

    /// What the server shows of itself. One that hangs still takes connections, so this has its limit.
    async fn shown_by(&self, stream: TcpStream) -> Result<Option<Served>, Fault> {
        let (seen, limit) = (Seen::default(), self.time_left().min(PATIENCE));
        match timeout(limit, encrypt(stream, self.host(), &Trust::Anybody, &seen)).await {
            Ok(Ok(_)) => Ok(Served::of(seen.chain())),
            Ok(Err(error)) => Err(no_tls(self.host(), &error)),
            Err(_) => Err(silent(self.host(), limit)),
        }
    }

    /// Whether the certificate is trusted.
    pub(super) fn chain(&self, known: &Known) -> Outcome {
        self.by_certificate(known, |served, tls| {
            chain(served, &self.here, &self.subject.own_root, tls.signed.as_ref())
        })
    }

    /// Whether it is for all names.
    pub(super) fn names(&self, known: &Known) -> Outcome {
        self.by_certificate(known, |served, tls| {
            let more = tls.names.iter().map(String::as_str);
            names(served, &[self.host()].into_iter().chain(more).collect::<Vec<_>>())
        })
    }

    /// Whether it holds, and is renewed.
    pub(super) fn expiry(&self, known: &Known) -> Outcome {
        self.by_certificate(known, |served, _| {
            expiry(served, self.subject.renewal.as_ref(), Timestamp::now())
        })
    }

    /// Whether the right one has signed it.
    pub(super) fn issuer(&self, known: &Known) -> Outcome {
        self.by_certificate(known, |served, tls| issuer(served, tls.signed.as_ref(), &self.subject.stored))
    }

    fn by_certificate(&self, known: &Known, judge: impl FnOnce(&Served, &ServedTls) -> Outcome) -> Outcome {
        match (&known.served, self.subject.tls()) {
            (Some(served), Some(tls)) => judge(served, tls),
            (_, None) => Outcome::NotNeeded("the configuration has no `tls`".to_owned()),
            (None, Some(_)) => Outcome::Failed(Fault::new(
                codes::NO_TLS,
                "the server shows no certificate that can be read",
                "look which server answers",
            )),
        }
    }

    /// Whether plain HTTP leads to HTTPS.
    pub(super) async fn redirect(&self) -> Outcome {
        if self.subject.tls().is_none() {
            return Outcome::NotNeeded("the configuration has no `tls`".to_owned());
        }
        let mut plain = self.base().clone();
        if plain.set_scheme("http").is_err() {
            return Outcome::NotNeeded("there is no such URL".to_owned());
        }
        match self.door().ask_anybody(Call::new(Method::GET, at(&plain, VERSION))).await {
            Ok(answer) => redirect(self.base(), &answer),
            Err(fault) if fault.code == codes::NO_CONNECTION => {
                Outcome::Passed("nothing answers at port 80, so nobody sends a password in clear".to_owned())
            }
            Err(fault) => Outcome::Failed(fault),
        }
    }

    fn admission(&self) -> Admission {
        match self.subject.endpoint.access {
            Access::Anybody => Admission::Anybody,
            Access::Users(_) | Access::Hashes => Admission::Users,
        }
    }

    /// Whether a password is asked for, as clients expect it. Where the way or its pods are not known yet, it is asked again for
    /// a moment.
    pub(super) async fn authentication(&self) -> Outcome {
        let patience = self.patience();
        loop {
            let outcome = match self.ask_version(None).await {
                Ok(answer) => refusal(&answer, self.admission()),
                Err(fault) => Outcome::Failed(fault),
            };
            let is_elsewhere =
                |fault: &Fault| [codes::NO_BACKEND, codes::NOT_THE_REGISTRY].contains(&fault.code);
            let is_reached = !matches!(&outcome, Outcome::Failed(fault) if is_elsewhere(fault));
            if is_reached || Instant::now() >= patience {
                return outcome;
            }
            sleep(PAUSE).await;
        }
    }

    /// The answer at `/v2/`. Without a password, whoever answers is believed.
    async fn ask_version(&self, login: Option<&Login>) -> Result<Answer, Fault> {
        let call = Call::new(Method::GET, at(self.base(), VERSION));
        match login {
            None => self.door().ask_anybody(call).await,
            Some(_) => self.door().ask(&call.by(login)).await,
        }
    }

    /// One that nobody has set: it may be sent to anybody who is trusted by its certificate.
    pub(super) async fn wrong_password(&self) -> Outcome {
        if self.admission() == Admission::Anybody {
            return Outcome::NotNeeded("`auth.anonymous`: there is no password".to_owned());
        }
        let user = self.subject.logins.first().map_or("regplan-verify", |login| login.user.as_str());
        let password: String = rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect();
        let login = Login { user: user.to_owned(), password };
        let anybody = Door { trust: Trust::Anybody, ..self.door() };
        match anybody.ask(&Call::new(Method::GET, at(self.base(), VERSION)).by(Some(&login))).await {
            Ok(answer) => wrong_password(&answer),
            Err(fault) => Outcome::Failed(fault),
        }
    }

    /// Whether the passwords of all users that are known here are taken.
    pub(super) async fn password(&self) -> Outcome {
        if self.admission() == Admission::Anybody {
            return Outcome::NotNeeded("`auth.anonymous`: there is no password".to_owned());
        }
        let subject = self.subject;
        if subject.logins.is_empty() {
            let reason = match subject.strangers.first() {
                Some((user, why)) => format!("the password of `{user}` is not known here: {why}"),
                None => "the passwords stand in a file of hashes, so nobody here knows one".to_owned(),
            };
            let fix = Some(
                "name a user, and the variable with the password: `--user NAME --password-env VARIABLE`"
                    .to_owned(),
            );
            return Outcome::Hindered { reason, fix };
        }
        if self.base().scheme() == "http" && !self.is_local().await {
            return Outcome::Hindered {
                reason: "without TLS a password would be sent in clear".to_owned(),
                fix: Some(
                    "add `tls`; or go through `kubectl port-forward` and `--resolve HOST=127.0.0.1:PORT`"
                        .to_owned(),
                ),
            };
        }
        for login in &subject.logins {
            let asked = self.ask_version(Some(login)).await;
            if let Err(fault) = asked.and_then(|answer| right_password(&login.user, &answer)) {
                return Outcome::Failed(fault);
            }
        }
        let users: Vec<&str> = subject.logins.iter().map(|login| login.user.as_str()).collect();
        let others: Vec<String> =
            subject.strangers.iter().map(|(user, why)| format!("; not that of `{user}`: {why}")).collect();
        Outcome::Passed(format!("200 for {}{}", users.join(", "), others.concat()))
    }

    /// Whether the way to it stays on this machine.
    async fn is_local(&self) -> bool {
        let port = self.base().port_or_known_default().unwrap_or_default();
        let found = self.network.addresses(self.host(), port).await;
        found.is_ok_and(|found| !found.is_empty() && found.iter().all(|address| address.ip().is_loopback()))
    }
}
