//! Errors from below HTTP: no answer came, or none that an API server would give.

use std::error::Error;
use std::io;

use kube::client::AuthError;
use kube::core::Status;

use crate::provider::kubernetes::server_info::ServerInfo;
use crate::resource::{Problem, ProblemKind};

/// All causes of an error, outermost first, each said once.
pub(in crate::provider::kubernetes) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = words_of(error);
    let mut at = below(error);
    while let Some(error) = at {
        let words = words_of(error);
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        at = below(error);
    }
    text
}

/// What an error says by itself. Of a server's refusal that is the server's own sentence, and not all of the answer.
fn words_of(error: &(dyn Error + 'static)) -> String {
    match refusal(error) {
        Some(status) if status.message.is_empty() => {
            format!("the server answers HTTP {} {}", status.code, status.reason).trim_end().to_owned()
        }
        Some(status) => status.message.clone(),
        None => error.to_string(),
    }
}

/// The cause of an error. Below a server's refusal nothing is said that it does not say itself.
fn below<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    refusal(error).is_none().then(|| error.source()).flatten()
}

fn refusal<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Status> {
    match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) => Some(status),
        _ => None,
    }
}

/// Whether the request certainly never left: no connection was made.
pub(super) fn never_sent(error: &(dyn Error + 'static)) -> bool {
    any(error, &mut |error| {
        error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused)
            || error.to_string() == "client error (Connect)"
    })
}

fn any(error: &(dyn Error + 'static), test: &mut dyn FnMut(&(dyn Error + 'static)) -> bool) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        // The inner error of an `io::Error` is no source of it.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if test(error) || inner.is_some_and(|inner| any(inner, test)) {
            return true;
        }
        at = error.source();
    }
    false
}

fn kind_of(error: &(dyn Error + 'static), kind: io::ErrorKind) -> bool {
    any(error, &mut |error| error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == kind))
}

fn tls_of(error: &(dyn Error + 'static)) -> Option<rustls::Error> {
    let mut found = None;
    any(error, &mut |error| {
        found = error.downcast_ref::<rustls::Error>().cloned();
        found.is_some()
    });
    found
}

/// How a credential plugin failed; `None` for other errors. Of what it wrote only the last line for a person is
/// shown: its command line and output may hold secrets.
pub(in crate::provider::kubernetes) fn plugin_failure(name: &str, error: &AuthError) -> Option<String> {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let words = String::from_utf8_lossy(&out.stderr);
            let last = words.lines().rev().find(|line| !line.trim().is_empty());
            Some(format!("{name} failed ({}): {}", out.status, last.unwrap_or("without a message")))
        }
        AuthError::AuthExecParse(_) => Some(format!("{name} gave an answer that is not an ExecCredential")),
        _ => None,
    }
}

/// Why credentials could not be had; `None` where the error is about something else.
pub(super) fn credentials(error: &(dyn Error + 'static)) -> Option<String> {
    let mut found = None;
    any(error, &mut |error| {
        found = error
            .downcast_ref::<AuthError>()
            .map(|error| plugin_failure("the credential plugin", error).unwrap_or_else(|| chain(error)));
        found.is_some()
    });
    found
}

/// What an error means for a person. The error is kept below it, unless it is about credentials: it could
/// show them.
pub(super) fn problem(error: kube::Error, server_info: &ServerInfo) -> Problem {
    if let Some(why) = credentials(&error) {
        return Problem::new(
            ProblemKind::Unauthenticated,
            format!("the credentials could not be renewed: {why}"),
        )
        .help(format!("they come from {}", server_info.origin));
    }
    said(&error, server_info).caused_by(error)
}

fn said(error: &kube::Error, server_info: &ServerInfo) -> Problem {
    let server = &server_info.server;
    if let Some(tls) = tls_of(error) {
        return tls_problem(&tls, server_info);
    }
    let whole = chain(error);
    let unreachable = |message: String| Problem::new(ProblemKind::Unreachable, message);
    let place = format!("its address comes from {}", server_info.origin);
    if let Some(proxy) = server_info.proxy.as_deref().filter(|_| never_sent(error)) {
        return unreachable(format!(
            "{server} cannot be reached through the proxy {proxy}: {}",
            last(&whole)
        ))
        .help("see HTTPS_PROXY, NO_PROXY, and `proxy-url` in the kubeconfig");
    }
    if whole.contains("dns error") || whole.contains("failed to lookup address") {
        return unreachable(format!(
            "the name of the API server {server} does not resolve: {}",
            last(&whole)
        ))
        .help(place);
    }
    if kind_of(error, io::ErrorKind::ConnectionRefused) {
        return unreachable(format!("nothing listens at {server}: the connection was refused"))
            .help(format!("is the cluster running? {place}"));
    }
    if kind_of(error, io::ErrorKind::TimedOut) {
        return silent(server_info);
    }
    unreachable(format!("the connection to {server} failed: {}", without_wrapping(&whole))).help(place)
}

/// Nobody answered in time.
pub(super) fn silent(server_info: &ServerInfo) -> Problem {
    Problem::new(
        ProblemKind::Unreachable,
        format!("the API server {} does not answer in time", server_info.server),
    )
    .help(format!(
        "is it the right one, and can it be reached from here? its address comes from {}",
        server_info.origin
    ))
}

fn last(whole: &str) -> &str {
    whole.rsplit(": ").next().unwrap_or(whole)
}

fn without_wrapping(whole: &str) -> &str {
    let inner = whole.strip_prefix("ServiceError: ").unwrap_or(whole);
    inner
        .split_once("): ")
        .filter(|(head, _)| head.starts_with("client error ("))
        .map_or(inner, |(_, rest)| rest)
}

fn tls_problem(error: &rustls::Error, server_info: &ServerInfo) -> Problem {
    use rustls::{AlertDescription, CertificateError, Error};
    let server = &server_info.server;
    let (message, help) = match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                format!("the certificate of {server} has expired"),
                "it must be renewed on the server; see also whether this machine's clock is right".to_owned(),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                format!("the certificate of {server} is not valid yet"),
                "see whether this machine's clock is right".to_owned(),
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                format!("the certificate of {server} is for another name"),
                "use a name that it is for, or set `tls-server-name` in the kubeconfig".to_owned(),
            ),
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                format!("the certificate of {server} is not trusted: another authority has signed it"),
                format!(
                    "the authority that is trusted comes from {}; is the kubeconfig an old one?",
                    server_info.origin
                ),
            ),
            other => (
                format!("the certificate of {server} is not trusted: {other}"),
                format!("the authority that is trusted comes from {}", server_info.origin),
            ),
        },
        Error::AlertReceived(
            AlertDescription::CertificateExpired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => return unauthenticated(server_info, "the server refuses our client certificate"),
        Error::InvalidMessage(_) => (
            format!("{server} does not speak TLS"),
            format!("is it an http:// address? it comes from {}", server_info.origin),
        ),
        other => (
            format!("no TLS connection with {server}: {other}"),
            format!("its address comes from {}", server_info.origin),
        ),
    };
    Problem::new(ProblemKind::Unreachable, message).help(help)
}

/// The server does not take our credentials; says so if that is because they have expired.
pub(in crate::provider::kubernetes) fn unauthenticated(server_info: &ServerInfo, message: &str) -> Problem {
    match server_info.certificate_expiry.filter(|end| *end < jiff::Timestamp::now()) {
        Some(end) => Problem::new(
            ProblemKind::Unauthenticated,
            format!("our client certificate expired at {end}, and {} does not accept it", server_info.server),
        )
        .help(format!("get a new one; it comes from {}", server_info.origin)),
        None => Problem::new(ProblemKind::Unauthenticated, format!("{message} ({})", server_info.server))
            .help(format!(
                "they come from {}; perhaps they have expired, or are for another cluster",
                server_info.origin
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_info() -> ServerInfo {
        ServerInfo {
            server: "https://k8s:6443".into(),
            ca_digest: None,
            origin: "context `prod`".into(),
            program_access: crate::provider::ProgramAccess::default(),
            context: None,
            proxy: None,
            certificate_expiry: None,
            namespace: "default".into(),
        }
    }

    fn of(error: impl Into<Box<dyn Error + Send + Sync>>) -> Problem {
        problem(kube::Error::Service(error.into()), &server_info())
    }

    #[test]
    fn each_way_of_getting_no_answer_has_its_own_words() {
        let refused = of(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(refused.message.contains("nothing listens at https://k8s:6443"), "{refused}");
        let slow = of(io::Error::from(io::ErrorKind::TimedOut));
        assert!(slow.message.contains("does not answer in time"), "{slow}");
        let certificate = |error| of(rustls::Error::InvalidCertificate(error));
        let expired = certificate(rustls::CertificateError::Expired);
        assert!(expired.message.contains("has expired"), "{expired}");
        let unknown = certificate(rustls::CertificateError::UnknownIssuer);
        assert!(unknown.message.contains("is not trusted"), "{unknown}");
        let alert = of(rustls::Error::AlertReceived(rustls::AlertDescription::CertificateExpired));
        assert_eq!(alert.kind, ProblemKind::Unauthenticated);
        // As the TLS layer wraps it.
        let wrapped =
            io::Error::other(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer));
        assert_eq!(of(wrapped).message, unknown.message);
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_own_words() {
        let status = |message: &str| {
            let status = Status::failure(message, "NotFound").with_code(404);
            chain(&kube::Error::Api(Box::new(status)))
        };
        assert_eq!(status("pods \"registry-0\" not found"), "pods \"registry-0\" not found");
        assert_eq!(status(""), "the server answers HTTP 404 NotFound");
    }

    #[test]
    fn the_error_below_is_kept() {
        let refused = of(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(refused.source().is_some_and(<dyn Error>::is::<kube::Error>));
        assert!(never_sent(&refused), "the chain leads to the end");
        let trust = of(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer));
        assert!(tls_of(&trust).is_some());
        assert_eq!(
            refused,
            Problem { source: None, ..refused.clone() },
            "what is said is compared, and no more"
        );
    }

    #[test]
    fn only_a_refused_connection_was_certainly_never_sent() {
        assert!(never_sent(&io::Error::from(io::ErrorKind::ConnectionRefused)));
        assert!(!never_sent(&io::Error::from(io::ErrorKind::ConnectionReset)));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_credential_plugin_prints_is_not_shown() {
        use std::os::unix::process::ExitStatusExt;
        let out = std::process::Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: b"tokenleak".to_vec(),
            stderr: b"please log in\n".to_vec(),
        };
        let problem = of(AuthError::AuthExecRun { cmd: "aws --secret x".into(), out: Box::new(out) });
        assert_eq!(problem.kind, ProblemKind::Unauthenticated);
        assert!(problem.source().is_none());
        let shown = format!("{problem:?}");
        assert!(
            shown.contains("please log in") && !shown.contains("leak") && !shown.contains("--secret"),
            "{shown}"
        );
    }
}
