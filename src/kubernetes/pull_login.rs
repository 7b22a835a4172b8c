//! The login in a pull Secret, and which pods of a registry are to take it before nodes get it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::marks::{LOGIN_AT, LOGIN_TRIED_AT};

/// The type of Secrets with logins of registries.
/// Source: <https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>
pub const SECRET_TYPE: &str = "kubernetes.io/dockerconfigjson";
/// The key of its data.
pub const KEY: &str = ".dockerconfigjson";

/// How pods are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In clear.
    Http,
    /// Over TLS, which they end themselves.
    Https,
}

/// How the annotation marks pods that end TLS.
const HTTPS: &str = "https://";

/// Pods that are to take a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPods {
    /// Their namespace.
    pub namespace: String,
    /// Their labels, as a selector.
    pub selector: String,
    /// The port at which they answer.
    pub port: u16,
    /// How they are spoken to there.
    pub scheme: Scheme,
}

/// Whether nodes get a login without an answer of the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginManner {
    /// They do not: the login that they have works until then.
    Required,
    /// They do: the login that they have may not work any more.
    Tried,
}

/// What is lacking until the pods take a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginLack {
    /// A pod has answered, and does not take it.
    NotTaken(String),
    /// A pod cannot be asked.
    NotAsked(String),
}

impl LoginLack {
    /// It in words.
    pub fn told(&self) -> &str {
        match self {
            Self::NotTaken(words) | Self::NotAsked(words) => words,
        }
    }
}

/// A login, and the pods that are to take it.
#[derive(Clone, PartialEq, Eq)]
pub struct PullLogin {
    /// The pods.
    pub pods: LoginPods,
    /// Whether they must be asked.
    pub manner: LoginManner,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Shows no password.
impl fmt::Debug for PullLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PullLogin")
            .field("pods", &self.pods)
            .field("manner", &self.manner)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl LoginPods {
    /// As the annotation [`LOGIN_AT`] has it: `NAMESPACE/SELECTOR:PORT`, with `https://` before it where they end TLS.
    fn of_mark(mark: &str) -> Option<Self> {
        let (scheme, place) = match mark.strip_prefix(HTTPS) {
            Some(place) => (Scheme::Https, place),
            None => (Scheme::Http, mark),
        };
        let (namespace, rest) = place.split_once('/')?;
        let (selector, port) = rest.rsplit_once(':')?;
        let port = port.parse().ok()?;
        Some(Self { namespace: namespace.to_owned(), selector: selector.to_owned(), port, scheme })
    }
}

/// As the annotation has it.
impl fmt::Display for LoginPods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "",
            Scheme::Https => HTTPS,
        };
        write!(f, "{scheme}{}/{}:{}", self.namespace, self.selector, self.port)
    }
}

impl PullLogin {
    /// The login of a pull Secret that says which pods are to take it; `None` for any other object.
    pub fn of(secret: &Value) -> Option<Self> {
        let (pods, manner) = asked_pods(secret)?;
        let (user, password) = logins(secret).into_iter().next()?;
        Some(Self { pods, manner, user, password })
    }
}

/// Which pods are asked before a pull Secret is written, and whether they must be; `None` for any other object.
pub fn asked_pods(secret: &Value) -> Option<(LoginPods, LoginManner)> {
    let annotations = secret.pointer("/metadata/annotations")?;
    [(LOGIN_AT, LoginManner::Required), (LOGIN_TRIED_AT, LoginManner::Tried)]
        .into_iter()
        .find_map(|(key, manner)| Some((LoginPods::of_mark(annotations.get(key)?.as_str()?)?, manner)))
}

/// Whether nodes have another login than the one in this pull Secret, and lose it. Who gets the first one has lost nothing.
pub fn takes_login_away(prior: Option<&Value>, secret: &Value) -> bool {
    let had = prior.map(logins).unwrap_or_default();
    !had.is_empty() && had != logins(secret)
}

/// User and password as `docker` and HTTP's `Basic` take them: in base64, with a colon between them.
pub fn encoded(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

/// The right that it takes to ask the pods of a namespace.
pub fn right_to_ask(namespace: &str) -> String {
    format!(
        "give the right to `list` `pods`, and to `get` and `create` `pods/portforward`, in the namespace {namespace}"
    )
}

/// The users in a pull Secret, each with the password. What cannot be read has none.
pub fn logins(secret: &Value) -> Vec<(String, String)> {
    let text = secret.get("data").and_then(|data| data.get(KEY)).and_then(Value::as_str).unwrap_or_default();
    let config = STANDARD.decode(text).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let auths = config.as_ref().and_then(|config| config.get("auths")).and_then(Value::as_object);
    let text = |login: &Value, key: &str| Some(login.get(key)?.as_str()?.to_owned());
    let logins =
        auths.into_iter().flatten().map(|(_, login)| text(login, "username").zip(text(login, "password")));
    logins.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_login_is_read_with_its_pods_and_shows_no_password() {
        let config =
            json!({"auths": {"r.example.com": {"username": "ci-a", "password": "hunter2"}}}).to_string();
        let secret = |mark: &str| json!({"metadata": {"annotations": {LOGIN_AT: mark}}, "data": {KEY: STANDARD.encode(&config)}});
        let mark = "reg/app.kubernetes.io/name=registry,a=b:5000";
        let login = PullLogin::of(&secret(mark)).unwrap();
        assert_eq!(login.pods.to_string(), mark);
        let LoginPods { namespace, port, scheme, .. } = &login.pods;
        assert_eq!((namespace.as_str(), *port, *scheme), ("reg", 5000, Scheme::Http));
        let encrypted = format!("https://{mark}");
        let other = PullLogin::of(&secret(&encrypted)).unwrap().pods;
        assert_eq!((other.to_string(), &other.selector), (encrypted, &login.pods.selector));
        assert_eq!(other.scheme, Scheme::Https);
        assert_eq!((login.user.as_str(), login.password.as_str()), ("ci-a", "hunter2"));
        assert!(!format!("{login:?}").contains("hunter2"));
        assert_eq!(login.manner, LoginManner::Required);
        let mut tried = secret(mark);
        tried["metadata"]["annotations"] = json!({LOGIN_TRIED_AT: mark});
        assert_eq!(PullLogin::of(&tried).unwrap().manner, LoginManner::Tried);
        assert_eq!(PullLogin::of(&secret("nothing")), None);
        assert_eq!(PullLogin::of(&json!({"data": {KEY: STANDARD.encode(&config)}})), None);
    }
}
