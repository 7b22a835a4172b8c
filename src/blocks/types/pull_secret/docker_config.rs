//! What is in a pull Secret: the logins of `docker`, as the kubelet reads them.
//! Source: <https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets>

use serde_json::json;

use crate::kubernetes::pull_login::encoded;

/// The text for one user of one registry.
pub(super) fn render(host: &str, user: &str, password: &str) -> String {
    let both = encoded(user, password);
    json!({"auths": {host: {"username": user, "password": password, "auth": both}}}).to_string()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn quotes_and_other_letters_do_not_break_the_text() {
        let text = render("registry.example.com", "ci", "a\"ü:b");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let login = &read["auths"]["registry.example.com"];
        assert_eq!(login["password"], "a\"ü:b");
        assert_eq!(STANDARD.decode(login["auth"].as_str().unwrap()).unwrap(), "ci:a\"ü:b".as_bytes());
    }
}
