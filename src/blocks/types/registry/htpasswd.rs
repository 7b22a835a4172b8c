//! Which htpasswd files the registry can use.

/// What is wrong with a file: the number of each line, and why. What the line says is never shown.
///
/// The registry knows bcrypt alone. It takes other hashes without a word, and then refuses every password.
pub(super) fn mistakes(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut users = 0;
    for (index, line) in entries(text) {
        users += 1;
        let mut push = |why: &str| found.push((index + 1, why.to_owned()));
        match line.split_once(':') {
            None => push("there is no `:` between user and hash"),
            Some(("", _)) => push("the user has no name"),
            Some((_, hash)) if is_bcrypt(hash) => {}
            Some((_, hash)) => push(&format!(
                "the hash is {}, and the registry takes bcrypt alone: make it with `htpasswd -B`",
                name_of(hash)
            )),
        }
    }
    if users == 0 {
        found.push((1, "there is no user in it".to_owned()));
    }
    found
}

/// The names of the users, in the order of the file.
pub(super) fn user_names(text: &str) -> Vec<String> {
    entries(text).filter_map(|(_, line)| line.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

/// The lines of users, each with its index; the others are empty, or comments.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().map(str::trim).enumerate();
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn is_bcrypt(hash: &str) -> bool {
    let Some(rest) = ["$2y$", "$2a$", "$2b$"].iter().find_map(|prefix| hash.strip_prefix(prefix)) else {
        return false;
    };
    let Some((cost, rest)) = rest.split_once('$') else { return false };
    cost.len() == 2
        && cost.bytes().all(|byte| byte.is_ascii_digit())
        && rest.len() == 53
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/')
}

fn name_of(hash: &str) -> &'static str {
    match hash {
        "" => "empty",
        _ if hash.starts_with("$apr1$") => "Apache's MD5 (`$apr1$`)",
        _ if hash.starts_with("{SHA}") => "SHA-1 (`{SHA}`)",
        _ if hash.starts_with("$5$") || hash.starts_with("$6$") => "SHA-2 crypt",
        _ if hash.starts_with("$2") => "no whole bcrypt hash",
        _ if hash.len() == 13 => "crypt's, or no hash at all",
        _ => "of another kind, or no hash at all",
    }
}

/// What is wrong with a user's name.
pub(super) fn user_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name.contains(':') {
        return Err("a `:` would end it");
    }
    if name.starts_with('#') {
        return Err("a `#` would make it a comment");
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it has a blank or a control character");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bcrypt_is_taken_and_no_hash_is_shown() {
        let bcrypt = format!("$2y$10${}", "a".repeat(53));
        let text = format!("# users\n\na:{bcrypt}\nb:$apr1$x$secret\nc\n:{bcrypt}\nd:$2y$10$short\n");
        let found = mistakes(&text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 5, 6, 7]);
        assert!(found[0].1.contains("$apr1$") && !found.iter().any(|(_, why)| why.contains("secret")));
        assert_eq!(mistakes(&format!("a:{bcrypt}\r\n")), []);
        assert_eq!(mistakes("\n# nobody\n").len(), 1);
        assert_eq!(user_names(&format!("# users\n\n a:{bcrypt}\r\nb:x:y\n")), ["a", "b"]);
    }
}
