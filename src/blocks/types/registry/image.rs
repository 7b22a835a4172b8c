//! What an image's name says.

/// What can be wrong with an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ImageError {
    /// It has neither tag nor digest, so that it is not known what will run.
    Unpinned,
    /// It is no image's name, and this is why.
    Malformed(&'static str),
}

/// An image's name, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image<'a> {
    /// The tag.
    pub(super) tag: Option<&'a str>,
    /// Whether it has a digest.
    pub(super) has_digest: bool,
}

impl<'a> Image<'a> {
    /// Reads `registry:3.1.1`, `host:5000/path/registry@sha256:…`.
    pub(super) fn parse(text: &'a str) -> Result<Self, ImageError> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest {
            let hex = digest
                .strip_prefix("sha256:")
                .ok_or(ImageError::Malformed("the digest is not `sha256:…`"))?;
            if hex.len() != 64 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(ImageError::Malformed(
                    "a SHA-256 digest has 64 hexadecimal digits in lower case",
                ));
            }
        }
        // A colon before the last slash belongs to a port.
        let slash = name.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match name.get(slash..).and_then(|last| last.split_once(':')) {
            Some((last, tag)) => (&name[..slash + last.len()], Some(tag)),
            None => (name, None),
        };
        let (host, rest) = match path.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
            _ => (None, path),
        };
        if host.is_some_and(|host| host.is_empty() || host.contains("//"))
            || !rest.split('/').all(is_component)
        {
            return Err(ImageError::Malformed("its parts are lower-case letters, digits, `.`, `_` and `-`"));
        }
        if let Some(tag) = tag
            && (tag.is_empty()
                || tag.len() > 128
                || !tag.bytes().all(is_tag_byte)
                || tag.starts_with(['.', '-']))
        {
            return Err(ImageError::Malformed("the tag is at most 128 letters, digits, `.`, `_` and `-`"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(ImageError::Unpinned);
        }
        Ok(Self { tag, has_digest: digest.is_some() })
    }

    /// The major version, if the tag says one: `3.1.1`, `v2`, `2.8.3-alpine`.
    pub(super) fn major(&self) -> Option<u8> {
        let tag = self.tag?;
        let number = tag.strip_prefix('v').unwrap_or(tag);
        let end = number.find(['.', '-', '_']).unwrap_or(number.len());
        match &number[..end] {
            "2" => Some(2),
            "3" => Some(3),
            _ => None,
        }
    }

    /// Whether it may lead to another image later: without a digest, a tag that names no version at all, or only the line to which
    /// versions belong. `latest`, `edge`, `3`, `3.1` and `3-alpine` move with each new version, and `3.1.1`, `20240101` and
    /// `2-debian-12-r45` do not.
    pub(super) fn floats(&self) -> bool {
        let Some(tag) = self.tag.filter(|_| !self.has_digest) else { return false };
        !tag.bytes().any(|byte| byte.is_ascii_digit()) || is_line_of_versions(tag)
    }
}

/// Whether a tag is the beginning of versions: one or two short numbers, and behind a `-` at most what the image is built upon.
fn is_line_of_versions(tag: &str) -> bool {
    let (version, variant) = match tag.split_once('-') {
        Some((version, variant)) => (version, Some(variant)),
        None => (tag, None),
    };
    let numbers: Vec<&str> = version.strip_prefix('v').unwrap_or(version).split('.').collect();
    let is_short =
        |number: &&str| (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    numbers.len() <= 2 && numbers.iter().all(is_short) && !variant.is_some_and(names_build)
}

/// Whether what stands behind the version ends with the name of one build: a revision (`debian-12-r45`), a date or a commit.
fn names_build(variant: &str) -> bool {
    let last = variant.rsplit('-').next().unwrap_or(variant);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = last.len() >= 6
        && last.bytes().all(|byte| byte.is_ascii_hexdigit())
        && last.bytes().any(|byte| byte.is_ascii_digit());
    is_hash || last.strip_prefix('r').is_some_and(is_number)
}

fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|byte| alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-'))
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_version_stays_where_it_is() {
        for moving in [
            "latest",
            "edge",
            "stable",
            "3",
            "v2",
            "3.1",
            "2.8",
            "3-alpine",
            "v2-debian",
            "3.1-alpine3.19",
            "2-debian-12",
        ] {
            assert!(Image::parse(&format!("registry:{moving}")).unwrap().floats(), "{moving}");
        }
        for fixed in [
            "3.1.1",
            "v3.0.0",
            "2.8.3-alpine",
            "2-debian-12-r45",
            "20240101",
            "20240101-alpine",
            "3-20240101",
            "3.1-1a2b3c4",
            "3.1.0-rc.1",
            "sha-1a2b3c",
        ] {
            assert!(!Image::parse(&format!("registry:{fixed}")).unwrap().floats(), "{fixed}");
        }
        let digest = format!("registry:3@sha256:{}", "a".repeat(64));
        assert!(!Image::parse(&digest).unwrap().floats());
    }

    #[test]
    fn tags_digests_and_ports_are_told_apart() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let both = format!("localhost:5000/a/registry:2.8.3-x@{digest}");
        assert_eq!(Image::parse("registry:3.1.1").unwrap().major(), Some(3));
        assert_eq!(Image::parse(&both).unwrap(), Image { tag: Some("2.8.3-x"), has_digest: true });
        assert_eq!(Image::parse(&both).unwrap().major(), Some(2));
        assert_eq!(Image::parse("quay.io/x/registry:v2").unwrap().major(), Some(2));
        assert_eq!(Image::parse("x:edge").unwrap().major(), None);
        assert_eq!(Image::parse("x:20240101").unwrap().major(), None);
        for unpinned in ["registry", "localhost:5000/registry", "docker.io/library/registry"] {
            assert_eq!(Image::parse(unpinned), Err(ImageError::Unpinned), "{unpinned}");
        }
        for wrong in [
            "",
            ":3",
            "Registry:3",
            "a//b:1",
            "a:",
            "a@sha256:12",
            "a@md5:x",
            "a:b:c",
            "a b:1",
            "https://x/y:1",
        ] {
            assert!(matches!(Image::parse(wrong), Err(ImageError::Malformed(_))), "{wrong}");
        }
    }
}
