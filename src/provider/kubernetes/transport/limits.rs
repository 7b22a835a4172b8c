//! For how long the server is waited for.

use std::time::Duration;

/// For how long the server is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// For the answer to any request as long as the server has not answered once, or has been given up.
    pub(super) first: Duration,
    /// For the answer to a read.
    pub(super) read: Duration,
    /// For the answer to a write: the server's own limit is 60 s, webhooks included.
    pub(super) write: Duration,
    /// For how long a request is repeated, from its start; and for how long a server is asked again that answers
    /// no request at all.
    pub(super) budget: Duration,
    /// The same as long as the server has not answered once.
    pub(super) first_budget: Duration,
}

const USUAL: Limits = Limits {
    first: Duration::from_secs(10),
    read: Duration::from_secs(30),
    write: Duration::from_secs(65),
    budget: Duration::from_mins(1),
    first_budget: Duration::from_secs(2),
};

impl Limits {
    /// The usual ones, or those for a user who has said how long a request may take with all its repetitions.
    pub(super) fn new(request_timeout: Option<Duration>) -> Self {
        let Some(limit) = request_timeout else { return USUAL };
        Self {
            first: limit.min(USUAL.first),
            read: limit.min(USUAL.read),
            write: limit.min(USUAL.write),
            budget: limit,
            first_budget: limit.min(USUAL.first_budget),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_user_shortens_every_limit_and_lengthens_only_how_long_is_repeated() {
        assert_eq!(Limits::new(None), USUAL);
        let short = Limits::new(Some(Duration::from_secs(5)));
        assert_eq!((short.read, short.write, short.budget), (Duration::from_secs(5), short.read, short.read));
        let long = Limits::new(Some(Duration::from_mins(5)));
        assert_eq!(long, Limits { budget: Duration::from_mins(5), ..USUAL });
    }
}
