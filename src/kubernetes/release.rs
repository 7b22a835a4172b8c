//! Which release of Kubernetes a version belongs to.

/// A release of Kubernetes: `1.30`, with all its patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32, pub u32);

impl Release {
    /// The release of a version as a server or a person says it: `v1.36.3`, `1.36`, `v1.30.4-eks-a737599`. `None` for any other text.
    pub fn of(version: &str) -> Option<Self> {
        let (major, rest) = version.trim_start_matches('v').split_once('.')?;
        let end = rest.find(|each: char| !each.is_ascii_digit()).unwrap_or(rest.len());
        Some(Self(major.parse().ok()?, rest.get(..end)?.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_with_and_without_its_patch() {
        for version in ["v1.30.4", "1.30", "v1.30.4-eks-a737599", "v1.30.0+k3s1", "1.30+"] {
            assert_eq!(Release::of(version), Some(Release(1, 30)), "{version}");
        }
        for version in ["", "1", "v1.", "latest", "x.30"] {
            assert_eq!(Release::of(version), None, "{version}");
        }
        assert!(Release(1, 9) < Release(1, 30) && Release(1, 30) < Release(2, 0));
    }
}
