//! Users and passwords in URLs.
//!
//! In the place of a URL a text with one is refused, and neither quoted nor drawn. What a person means who writes an `@` is
//! not always clear: in `https://me:pa/ss@host` the password has a character that ends the host. So a text with an `@` is
//! believed to have no login only where it is a sound URL without one.

use url::Url;

use super::markers::URL;
use super::shape::Shape;
use super::template::{Piece, split};
use crate::resource::{Expression, Part};

/// How a digest begins, which stands behind an `@` too.
const DIGEST: &str = "@sha256:";

/// What of a login is in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    /// Nothing.
    None,
    /// Something before an `@` that is most likely none, and may be one: `web@2`, `https://host:9/a@b`.
    Unlikely,
    /// One, if the text is meant as a URL: `me:word@host`.
    Bare,
    /// One in a URL: `https://me:word@host`.
    InUrl,
}

impl Login {
    /// What of one is in a text. References may stand in it.
    pub(super) fn of(text: &str) -> Self {
        if !text.contains('@') {
            return Self::None;
        }
        let text = filled(text);
        let text = text.trim();
        let whole = after_scheme(text).map(Self::after);
        let within = text.match_indices("://").any(|(at, _)| {
            let url = text[at + 3..].split(|char: char| char.is_whitespace()).next();
            url.is_some_and(|rest| Self::after(rest) == Self::InUrl)
        });
        match whole {
            _ if within => Self::InUrl,
            Some(login) => login,
            None => Self::without_scheme(text),
        }
    }

    /// What is in the rest of a URL, after its scheme and the slashes.
    fn after(rest: &str) -> Self {
        let open = without_digest(rest);
        // The schemes of the web are the strictest: a `\` ends the host as well, and a host has no blank.
        match Url::parse(&format!("https://{rest}")) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => Self::InUrl,
            Err(_) if rest.contains('@') => Self::InUrl,
            // A password may begin with digits, which then look like a port.
            Ok(_) if open.contains('@') && (has_port(rest) || rest.contains(char::is_whitespace)) => {
                Self::Unlikely
            }
            Ok(_) | Err(_) => Self::None,
        }
    }

    fn without_scheme(text: &str) -> Self {
        let is_path = ["./", "../", "/"].iter().any(|start| text.starts_with(start));
        match without_digest(text).rsplit_once('@') {
            None => Self::None,
            Some((before, _)) if before.contains(':') && (!is_path || text.starts_with("//")) => Self::Bare,
            Some(_) => Self::Unlikely,
        }
    }

    /// Whether a URL with it is refused.
    pub(super) fn is_refused(self) -> bool {
        matches!(self, Self::Bare | Self::InUrl)
    }
}

/// Whether a text that stands in a place of this shape is neither quoted nor drawn, since it may have a login.
pub(super) fn hides(shape: &Shape<'_>, text: &str) -> bool {
    match Login::of(text) {
        Login::None => false,
        Login::Unlikely | Login::Bare => shape.has(URL),
        Login::InUrl => true,
    }
}

/// A URL without its login, to be shown and compared: it may have been written down when none was refused yet.
pub fn without_login(url: &str) -> String {
    if !Login::of(url).is_refused() {
        return url.to_owned();
    }
    let (scheme, rest) = url.find("://").map_or(("", url), |end| url.split_at(end + 3));
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if let Some(at) = rest[..host_end].rfind('@') {
        return format!("{scheme}{}", &rest[at + 1..]);
    }
    // The login of another URL: the host stays what it is.
    if Url::parse(url).is_ok_and(|url| url.username().is_empty() && url.password().is_none()) {
        return url.split(['?', '#']).next().unwrap_or_default().to_owned();
    }
    format!("{scheme}{}", rest.rsplit('@').next().unwrap_or_default())
}

/// The text with something in the place of each reference that fits there: a number where a port may stand.
fn filled(text: &str) -> String {
    let pieces: Option<Vec<Option<String>>> = if let Some(Ok(expression)) = Expression::parse(text) {
        let part = |part| match part {
            Part::Literal(text) => Some(text),
            Part::Reference(_) => None,
        };
        Some(expression.parts.into_iter().map(part).collect())
    } else {
        let piece = |piece| match piece {
            Piece::Literal(text) => Some(Some(text)),
            Piece::Reference(_) => Some(None),
            Piece::Wrong(_) => None,
        };
        split(text).into_iter().map(piece).collect()
    };
    // What is no reference is looked at as it is written.
    let Some(pieces) = pieces else { return text.to_owned() };
    pieces.into_iter().fold(String::new(), |before, piece| {
        let is_number = before.ends_with(|char: char| char == ':' || char.is_ascii_digit());
        before + piece.as_deref().unwrap_or(if is_number { "1" } else { "a" })
    })
}

/// What follows a scheme and its slashes; `None` where the text does not begin with one. A slash may be missing.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let after = rest.trim_start_matches(['/', '\\']);
    (is_scheme && after.len() < rest.len()).then_some(after)
}

fn without_digest(text: &str) -> &str {
    text.rsplit_once(DIGEST).map_or(text, |(before, _)| before)
}

/// Whether a host has a port behind it, and is no address in brackets, which nobody has for a name.
fn has_port(rest: &str) -> bool {
    let host = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    host.contains(':') && !host.starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Reference;

    #[test]
    fn a_login_is_found_however_the_url_is_written() {
        for (text, found) in [
            ("", Login::None),
            ("plain", Login::None),
            ("https://host:9000", Login::None),
            ("https://host/a@b", Login::None),
            ("https://host?mail=a@b", Login::None),
            ("https://host#a@b", Login::None),
            ("https://[::1]:5000/a@b", Login::None),
            ("oci://host/chart@sha256:12", Login::None),
            ("oci://host:5000/chart@sha256:12", Login::None),
            ("host:5000/chart@sha256:12", Login::None),
            ("https://${registry.main.host}:${var.port}/a", Login::None),
            ("https://${registry.main.host}/${var.mail}@b", Login::None),
            ("a@b", Login::Unlikely),
            ("charts/web@2", Login::Unlikely),
            ("./a:b@c", Login::Unlikely),
            ("https://host:9000/a@b", Login::Unlikely),
            ("https://host:${var.port}/a@b", Login::Unlikely),
            ("https://me:12/34@host", Login::Unlikely),
            ("me:hunter2@host", Login::Bare),
            ("me:hun/ter2@host/path", Login::Bare),
            ("//me:hunter2@host", Login::Bare),
            ("https:me:hunter2@host", Login::Bare),
            ("mailto:ops@example.org", Login::Bare),
            ("${secret.user}:${secret.word}@host", Login::Bare),
            ("https://user:word@host/path", Login::InUrl),
            ("oci://user@host/chart", Login::InUrl),
            ("oci://me:word@host/chart@sha256:12", Login::InUrl),
            ("http://:word@127.0.0.1:9", Login::InUrl),
            ("http://me:word@[::1]:9", Login::InUrl),
            ("https:/me:hunter2@host", Login::InUrl),
            ("https:///me:hunter2@host", Login::InUrl),
            ("https:\\\\me:hunter2@host", Login::InUrl),
            (" https://me:hunter2@host ", Login::InUrl),
            ("https://me:hun\nter2@host", Login::InUrl),
            ("https://me:hun ter2@host", Login::InUrl),
            ("https://me:pa/ss@host", Login::InUrl),
            ("https://me:pa?ss@host", Login::InUrl),
            ("https://me:pa#ss@host", Login::InUrl),
            ("https://me:pa\\ss@host", Login::InUrl),
            ("https://me:p@ss@host", Login::InUrl),
            ("oci://me:pa/ss@host/chart", Login::InUrl),
            ("see https://me:hunter2@host", Login::InUrl),
            ("https://host https://me:hunter2@host", Login::InUrl),
            ("https://me:hunter2@${secret.host}", Login::InUrl),
            ("https://${secret.user}@host", Login::InUrl),
            ("https://me:${secret.word}@host", Login::InUrl),
            ("https://me:hunter2@${", Login::InUrl),
            ("https://${me:hunter2@host", Login::InUrl),
        ] {
            assert_eq!(Login::of(text), found, "{text}");
        }
    }

    #[test]
    fn a_login_is_found_beside_what_is_not_known_yet() {
        let host = Reference::Secret("host".into()).mark();
        assert_eq!(Login::of(&format!("https://me:hunter2@{host}")), Login::InUrl);
        assert_eq!(Login::of(&format!("oci://me:{host}@host/web")), Login::InUrl);
        assert_eq!(Login::of(&format!("https://{host}:{host}/x")), Login::None);
        assert_eq!(Login::of(&format!("https://{host}/a@b")), Login::None);
    }

    #[test]
    fn a_url_is_shown_without_its_login() {
        for (url, shown) in [
            ("https://host/a@b", "https://host/a@b"),
            ("https://host:9/a@b", "https://host:9/a@b"),
            ("https://me:word@host/v4", "https://host/v4"),
            ("https://me:pa/ss@host/v4", "https://host/v4"),
            ("https://me:word@host/team@x/v4", "https://host/team@x/v4"),
            ("https://host/p?u=https://a:b@other", "https://host/p"),
            ("https:///me:p@ss@host", "https://host"),
            ("me:word@host", "host"),
        ] {
            assert_eq!(without_login(url), shown);
        }
    }
}
