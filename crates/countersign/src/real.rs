//! The one place with a real clock and real ids.

use countersign_model::{Clock, Ids, Instant};
use uuid::Uuid;

/// The machine's clock, in whole microseconds.
pub struct SystemClock {
    begun: std::time::Instant,
}

impl SystemClock {
    /// A clock whose steady scale begins now.
    pub fn new() -> Self {
        Self { begun: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the binary owns the real clock")]
    fn now(&self) -> Instant {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn steady_micros(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

/// Time-ordered UUIDs, version 7.
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the binary owns the real source of ids")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}
