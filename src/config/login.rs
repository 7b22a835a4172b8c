//! URLs with a user or a password in them.

/// Whether a text begins as a URL that has a user or a password in it: `https://user:password@host`. Only what stands before
/// the path is looked at, since a digest in a path has an `@` too.
pub(super) fn has_login(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next());
    authority.flatten().is_some_and(|authority| authority.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_stands_before_the_path() {
        for text in ["https://user:word@host/path", "oci://user@host/chart", "http://:word@127.0.0.1:9"] {
            assert!(has_login(text), "{text}");
        }
        for text in
            ["https://host/a@b", "oci://host/chart@sha256:12", "https://host?mail=a@b", "a@b", "plain", ""]
        {
            assert!(!has_login(text), "{text}");
        }
    }
}
