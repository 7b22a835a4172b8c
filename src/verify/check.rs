//! The list of checks, and which one stands on which.

use std::collections::BTreeSet;

/// One thing that is looked at. The order is that in which they are done and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The name, at the servers that decide about it.
    Name,
    /// The port answers.
    Port,
    /// The certificate leads to an authority that is trusted here.
    Chain,
    /// The certificate is for this name.
    Names,
    /// The certificate holds today, and will be renewed in time.
    Expiry,
    /// The one who signed the certificate is the one who was meant to.
    Issuer,
    /// Plain HTTP leads to HTTPS.
    Redirect,
    /// A request without a password is refused as clients expect it.
    Authentication,
    /// A wrong password is refused.
    WrongPassword,
    /// The right password is taken.
    Password,
    /// A layer is pushed in parts, and a manifest.
    Push,
    /// What was pushed comes back as it was.
    Pull,
    /// Nodes pull what was pushed, with the Secrets that pods have for that.
    InCluster,
    /// Large bodies pass.
    Body,
    /// What was pushed is deleted again.
    Delete,
    /// Nothing is left of this run, and of earlier ones.
    CleanUp,
}

impl Check {
    /// All of them, in their order.
    pub const ALL: [Self; 16] = [
        Self::Name,
        Self::Port,
        Self::Chain,
        Self::Names,
        Self::Expiry,
        Self::Issuer,
        Self::Redirect,
        Self::Authentication,
        Self::WrongPassword,
        Self::Password,
        Self::Push,
        Self::Pull,
        Self::InCluster,
        Self::Body,
        Self::Delete,
        Self::CleanUp,
    ];

    /// Its name, as it is chosen on the command line and as programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Port => "port",
            Self::Chain => "chain",
            Self::Names => "names",
            Self::Expiry => "expiry",
            Self::Issuer => "issuer",
            Self::Redirect => "redirect",
            Self::Authentication => "authentication",
            Self::WrongPassword => "wrong-password",
            Self::Password => "password",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::InCluster => "in-cluster",
            Self::Body => "body",
            Self::Delete => "delete",
            Self::CleanUp => "clean-up",
        }
    }

    /// The check of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }

    /// The checks without which this one can say nothing.
    pub fn stands_on(self) -> &'static [Self] {
        match self {
            Self::Name | Self::Port | Self::Redirect => &[],
            Self::Chain | Self::Names | Self::Expiry | Self::Issuer | Self::Authentication => &[Self::Port],
            Self::WrongPassword => &[Self::Authentication],
            // Nobody sends a password to a server that may be another one.
            Self::Password => &[Self::Chain, Self::Names, Self::Expiry, Self::Authentication],
            Self::Push | Self::Body | Self::CleanUp => &[Self::Password],
            Self::Pull | Self::InCluster | Self::Delete => &[Self::Push],
        }
    }

    /// The checks by which it takes away what it makes.
    fn brings_along(self) -> &'static [Self] {
        match self {
            Self::Push => &[Self::Delete, Self::CleanUp],
            Self::Body | Self::InCluster => &[Self::CleanUp],
            _ => &[],
        }
    }

    /// These checks, with all that they stand on, and all by which they clean up.
    pub fn with_all_they_take(wanted: &[Self]) -> BTreeSet<Self> {
        let mut all: BTreeSet<Self> = BTreeSet::new();
        let mut open: Vec<Self> = wanted.to_vec();
        while let Some(check) = open.pop() {
            if all.insert(check) {
                open.extend(check.stands_on().iter().chain(check.brings_along()));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_checks_and_are_in_order() {
        for check in Check::ALL {
            assert_eq!(Check::named(check.name()), Some(check));
        }
        assert!(Check::ALL.is_sorted(), "they are done and shown in the order of the type");
        assert_eq!(Check::named("nothing"), None);
    }

    #[test]
    fn no_check_stands_on_a_later_one() {
        for check in Check::ALL {
            assert!(check.stands_on().iter().all(|below| *below < check), "{check:?}");
        }
    }

    #[test]
    fn what_makes_something_brings_along_what_takes_it_away() {
        let all = Check::with_all_they_take(&[Check::Pull]);
        for check in [Check::Port, Check::Chain, Check::Password, Check::Push, Check::Delete, Check::CleanUp]
        {
            assert!(all.contains(&check), "{check:?}");
        }
        assert!(!all.contains(&Check::Body) && !all.contains(&Check::Name));
        assert_eq!(Check::with_all_they_take(&[Check::Name]), [Check::Name].into());
    }
}
