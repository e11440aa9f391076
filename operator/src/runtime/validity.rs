//! Until when this process may write: one number that [`super::leader`] moves on with each renewal and that
//! every write compares with the clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::leader::NotLeader;

/// Until when leadership holds, readable without a lock.
#[derive(Debug)]
pub(super) struct Validity {
    epoch: Instant,
    /// Nanoseconds since `epoch`; 0 while we don't lead.
    until: AtomicU64,
}

impl Default for Validity {
    fn default() -> Self {
        Self { epoch: Instant::now(), until: AtomicU64::new(0) }
    }
}

impl Validity {
    /// A renewal that was sent `renew_deadline` before `until` has succeeded.
    pub(super) fn extend(&self, until: Instant) {
        self.until.store(self.nanos(until), Ordering::SeqCst);
    }

    /// Leadership is over.
    pub(super) fn end(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    /// Whether leadership holds. The clock is read after the deadline: being paused in between then fails the check.
    pub(super) fn check(&self, now: impl FnOnce() -> Instant) -> Result<(), NotLeader> {
        let until = self.until.load(Ordering::SeqCst);
        if self.nanos(now()) < until { Ok(()) } else { Err(NotLeader) }
    }

    fn nanos(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn leadership_holds_until_its_deadline_and_not_before_it_was_won() {
        let validity = Validity::default();
        let start = validity.epoch;
        assert_eq!(validity.check(|| start), Err(NotLeader));
        validity.extend(start + Duration::from_secs(10));
        assert_eq!(validity.check(|| start + Duration::from_secs(9)), Ok(()));
        assert_eq!(validity.check(|| start + Duration::from_secs(10)), Err(NotLeader));
        assert_eq!(validity.check(|| start + Duration::from_hours(1)), Err(NotLeader));
        validity.extend(start + Duration::from_secs(12));
        assert_eq!(validity.check(|| start + Duration::from_secs(11)), Ok(()));
        validity.end();
        assert_eq!(validity.check(|| start), Err(NotLeader));
    }

    #[test]
    fn a_renewal_that_was_sent_too_long_ago_does_not_count() {
        let validity = Validity::default();
        let sent = validity.epoch;
        let answered = sent + Duration::from_secs(20); // paused while the request was under way
        validity.extend(sent + Duration::from_secs(10));
        assert_eq!(validity.check(|| answered), Err(NotLeader));
    }
}
