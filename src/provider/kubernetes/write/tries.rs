//! How often, and for how long, a write is begun again whose answer was lost.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often a write is begun.
const MOST: u32 = 4;
/// Before the second try; before each further one that much more.
const PAUSE: Duration = Duration::from_millis(300);

/// The tries of one write.
pub(super) struct Tries {
    begun: Instant,
    made: u32,
    /// For how long it is begun again: a server that let one time out in silence will do so again.
    budget: Duration,
    /// Whether an answer was lost, so that an earlier try may have done it.
    pub(super) unanswered: bool,
}

impl Tries {
    pub(super) fn new(budget: Duration) -> Self {
        Self { begun: Instant::now(), made: 0, budget, unanswered: false }
    }

    /// Waits for the next try; `false` where no further one is to be made.
    pub(super) async fn next(&mut self) -> bool {
        if self.made == MOST || (self.unanswered && self.elapsed() > self.budget) {
            return false;
        }
        sleep(PAUSE * self.made).await;
        self.made += 1;
        true
    }

    /// The time since the first one.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}
