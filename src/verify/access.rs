//! Whether everybody is asked for a password, and only the right one is taken.

use url::Url;

use super::answer::{API_VERSION, Answer, unexpected};
use super::codes;
use super::outcome::{Fault, Outcome};

/// The version of the API that registries name.
const VERSION: &str = "registry/2.0";

/// Judges the answer to plain HTTP: it has to lead to where the registry is, which is this URL.
pub fn redirect(base: &Url, answer: &Answer) -> Outcome {
    let location = answer.header("location").and_then(|location| Url::parse(location).ok());
    let origin = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    match (answer.status, location) {
        (301 | 302 | 303 | 307 | 308, Some(to)) if to.scheme() == "https" && origin(&to) == origin(base) => {
            Outcome::Passed(format!("{} to https", answer.status))
        }
        (301 | 302 | 303 | 307 | 308, to) => Outcome::Failed(Fault::new(
            codes::NO_REDIRECT,
            format!(
                "plain HTTP leads to {}",
                to.map_or_else(|| "nowhere that can be read".to_owned(), |to| to.to_string())
            ),
            format!("have it lead to {base}"),
        )),
        (401 | 200, _) if answer.is_of_registry() => Outcome::Failed(Fault::new(
            codes::NO_REDIRECT,
            "the registry answers at plain HTTP, so passwords may be sent in clear",
            "have what lets requests in (the ingress controller, the Gateway) lead HTTP to HTTPS, or serve no plain HTTP",
        )),
        // 400 is the answer of a port for TLS alone.
        (400 | 403 | 404, _) => {
            Outcome::Passed(format!("{} at plain HTTP: nothing is served there", answer.status))
        }
        _ => Outcome::Failed(unexpected("plain HTTP", answer)),
    }
}

/// Whom a registry is meant to let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Anybody.
    Anybody,
    /// Its users, with their passwords.
    Users,
}

/// Judges the answer to a request without a password.
pub fn refusal(answer: &Answer, admission: Admission) -> Outcome {
    match (answer.status, admission) {
        (200, Admission::Anybody) if answer.is_of_registry() => {
            Outcome::Passed("200 without a password, as `auth.anonymous` says".to_owned())
        }
        (200, _) if !answer.is_of_registry() => Outcome::Failed(unexpected("a request for `/v2/`", answer)),
        (200, _) => Outcome::Failed(Fault::new(
            codes::OPEN,
            "the registry answers 200 without a password: anybody may pull, push and delete",
            "take it from the net until `auth` is in force: `regplan plan` shows what is not as it should be",
        )),
        (401, Admission::Anybody) => Outcome::Failed(Fault::new(
            codes::PASSWORD_REFUSED,
            "a password is asked for, and `auth.anonymous` says that none is needed",
            "apply the configuration, or look what else asks for one before the registry",
        )),
        (401, Admission::Users) => challenge(answer).into(),
        _ => Outcome::Failed(unexpected("a request without a password", answer)),
    }
}

/// What clients look for in a refusal, before they send a password.
fn challenge(answer: &Answer) -> Result<String, Fault> {
    let lacks = |header: &str, fix: &str| {
        Fault::new(codes::NO_CHALLENGE, format!("the answer is 401 without `{header}`"), fix)
    };
    let asked = answer.header("www-authenticate").ok_or_else(|| {
        lacks("WWW-Authenticate", "look what takes it away, or answers in the registry's place: clients ask for no password without it")
    })?;
    if !asked.trim_start().to_ascii_lowercase().starts_with("basic ") {
        let scheme = asked.split_whitespace().next().unwrap_or_default();
        return Err(Fault::new(
            codes::NO_CHALLENGE,
            format!("`{scheme}` is asked for, and the registry takes names and passwords (`Basic`)"),
            "look what else asks for passwords before the registry",
        ));
    }
    match answer.header(API_VERSION) {
        Some(VERSION) => Ok("401, and what clients need to ask for a password".to_owned()),
        Some(other) => Err(Fault::new(
            codes::NO_CHALLENGE,
            format!("the answer is of `{other}`, and not of `{VERSION}`"),
            "look which server answers",
        )),
        None => Err(lacks(
            "Docker-Distribution-Api-Version",
            "look what takes it away, or answers in the registry's place",
        )),
    }
}

/// Judges the answer to a wrong password.
pub fn wrong_password(answer: &Answer) -> Outcome {
    match answer.status {
        401 => Outcome::Passed("401".to_owned()),
        200 => Outcome::Failed(Fault::new(
            codes::WRONG_PASSWORD_TAKEN,
            "a password that nobody has set is taken",
            "take the registry from the net, and look what answers in its place",
        )),
        _ => Outcome::Failed(unexpected("a wrong password", answer)),
    }
}

/// Judges the answer to the right password of a user.
pub fn right_password(user: &str, answer: &Answer) -> Result<(), Fault> {
    match answer.status {
        200 if answer.is_of_registry() => Ok(()),
        401 => Err(Fault::new(
            codes::PASSWORD_REFUSED,
            format!("the password of `{user}` is refused"),
            "look whether it is the one that was applied: `regplan plan` shows a change where it is not; a registry reads \
             changed users within a minute",
        )),
        _ => Err(unexpected("the right password", answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (http::header::HeaderName::from_static(name), value.parse::<http::HeaderValue>().unwrap())
        });
        Answer { status, headers: headers.collect(), body: Vec::new() }
    }

    fn code(outcome: &Outcome) -> &str {
        match outcome {
            Outcome::Failed(fault) => fault.code,
            other => other.name(),
        }
    }

    const OURS: (&str, &str) = (API_VERSION, VERSION);
    const BASIC: (&str, &str) = ("www-authenticate", "Basic realm=\"Registry\"");

    #[test]
    fn a_refusal_must_tell_clients_how_to_go_on() {
        let refusal = |headers: &[(&'static str, &str)]| {
            code(&refusal(&answer(401, headers), Admission::Users)).to_owned()
        };
        assert_eq!(refusal(&[OURS, BASIC]), "passed");
        assert_eq!(refusal(&[OURS]), codes::NO_CHALLENGE);
        assert_eq!(refusal(&[BASIC]), codes::NO_CHALLENGE);
        assert_eq!(refusal(&[OURS, ("www-authenticate", "Bearer realm=\"x\"")]), codes::NO_CHALLENGE);
    }

    #[test]
    fn an_open_registry_is_a_fault_unless_it_is_meant() {
        assert_eq!(code(&refusal(&answer(200, &[OURS]), Admission::Users)), codes::OPEN);
        assert_eq!(code(&refusal(&answer(200, &[OURS]), Admission::Anybody)), "passed");
        assert_eq!(code(&refusal(&answer(200, &[]), Admission::Anybody)), codes::NOT_THE_REGISTRY);
        assert_eq!(code(&refusal(&answer(401, &[OURS, BASIC]), Admission::Anybody)), codes::PASSWORD_REFUSED);
    }

    #[test]
    fn plain_http_must_lead_to_https_at_the_same_host_and_port() {
        let base = Url::parse("https://r.example.com").unwrap();
        let to = |location: &str| code(&redirect(&base, &answer(301, &[("location", location)]))).to_owned();
        assert_eq!(to("https://r.example.com:443/v2/"), "passed");
        assert_eq!(to("https://r.example.com:8443/v2/"), codes::NO_REDIRECT);
        assert_eq!(to("https://r.example.com/v2/"), "passed");
        assert_eq!(to("http://r.example.com/v2/"), codes::NO_REDIRECT);
        assert_eq!(to("https://other.example.com/v2/"), codes::NO_REDIRECT);
        assert_eq!(code(&redirect(&base, &answer(401, &[OURS, BASIC]))), codes::NO_REDIRECT);
        assert_eq!(code(&redirect(&base, &answer(404, &[]))), "passed");
    }

    #[test]
    fn only_the_right_password_is_taken() {
        assert_eq!(code(&wrong_password(&answer(401, &[]))), "passed");
        assert_eq!(code(&wrong_password(&answer(200, &[]))), codes::WRONG_PASSWORD_TAKEN);
        assert_eq!(code(&wrong_password(&answer(502, &[]))), codes::NO_BACKEND);
        assert!(right_password("ci", &answer(200, &[OURS])).is_ok());
        assert_eq!(right_password("ci", &answer(401, &[])).unwrap_err().code, codes::PASSWORD_REFUSED);
    }
}
