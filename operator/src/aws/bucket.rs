//! A token bucket as plain arithmetic: the clock is an argument. `quota` puts waiting around it.

use std::time::{Duration, Instant};

/// Grants `rate` tokens a second and saves up at most `burst` of them.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Tokens a second.
    rate: f64,
    /// The most that it holds.
    burst: f64,
    /// What it held at `at`.
    tokens: f64,
    /// When `tokens` was counted; in the future while the bucket is closed.
    at: Instant,
}

impl Bucket {
    /// A full bucket. `rate` is in tokens a second and must be positive; `burst` is at least one.
    pub fn new(rate: f64, burst: f64, now: Instant) -> Self {
        let burst = burst.max(1.0);
        Self { rate: rate.max(0.001), burst, tokens: burst, at: now }
    }

    /// Takes a token, or says how long to wait before trying again.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(passed) = now.checked_duration_since(self.at) {
            self.tokens = (self.tokens + passed.as_secs_f64() * self.rate).min(self.burst);
            self.at = now;
        }
        if self.at <= now && self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let missing = Duration::from_secs_f64((1.0 - self.tokens).max(0.0) / self.rate);
        // Rounded up, so that the waiter doesn't wake a nanosecond too early.
        Err(self.at.saturating_duration_since(now) + missing + Duration::from_micros(1))
    }

    /// Takes more than one token at once, some of them in advance: who comes next waits until they are there.
    pub fn take_all(&mut self, tokens: u32, now: Instant) -> Result<(), Duration> {
        self.take(now)?;
        self.tokens -= f64::from(tokens.saturating_sub(1));
        Ok(())
    }

    /// From now on it grants this rate; what is saved up stays, as far as the new burst allows.
    pub fn set_rate(&mut self, rate: f64, burst: f64, now: Instant) {
        if let Some(passed) = now.checked_duration_since(self.at) {
            self.tokens += passed.as_secs_f64() * self.rate;
            self.at = now;
        }
        (self.rate, self.burst) = (rate.max(0.001), burst.max(1.0));
        self.tokens = self.tokens.min(self.burst);
    }

    /// Empties the bucket and closes it until then. An earlier end than the one already set changes nothing.
    pub fn back_off(&mut self, until: Instant) {
        self.tokens = 0.0;
        self.at = self.at.max(until);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grants(bucket: &mut Bucket, now: Instant) -> usize {
        std::iter::from_fn(|| bucket.take(now).ok()).count()
    }

    #[test]
    fn a_full_bucket_grants_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10.0, 5.0, start);
        assert_eq!(grants(&mut bucket, start), 5);
        assert_eq!(grants(&mut bucket, start + Duration::from_millis(99)), 0);
        assert_eq!(grants(&mut bucket, start + Duration::from_millis(301)), 3);
        assert_eq!(grants(&mut bucket, start + Duration::from_mins(1)), 5);
    }

    #[test]
    fn what_is_taken_in_advance_is_waited_for() {
        let start = Instant::now();
        let mut bucket = Bucket::new(1.0, 1.0, start);
        assert_eq!(bucket.take_all(3, start), Ok(()));
        let wait = bucket.take_all(1, start).unwrap_err();
        assert!(wait >= Duration::from_secs(3) && wait < Duration::from_millis(3001), "{wait:?}");
        assert_eq!(bucket.take_all(1, start + wait), Ok(()));
    }

    #[test]
    fn another_rate_counts_from_when_it_is_set() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10.0, 5.0, start);
        assert_eq!(grants(&mut bucket, start), 5);
        let later = start + Duration::from_millis(301);
        bucket.set_rate(1.0, 0.5, later);
        assert_eq!(grants(&mut bucket, later), 1, "of the three that were saved up");
        assert_eq!(grants(&mut bucket, later + Duration::from_millis(1001)), 1);
        let closed = later + Duration::from_secs(10);
        bucket.back_off(closed);
        bucket.set_rate(10.0, 5.0, later + Duration::from_secs(2));
        assert_eq!(grants(&mut bucket, later + Duration::from_secs(9)), 0, "a pause stays");
    }

    #[test]
    fn it_says_exactly_how_long_to_wait() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10.0, 1.0, start);
        bucket.take(start).unwrap();
        let wait = bucket.take(start).unwrap_err();
        assert!(wait > Duration::from_millis(99) && wait < Duration::from_millis(101), "{wait:?}");
        assert!(bucket.take(start + wait).is_ok());
    }

    #[test]
    fn after_a_back_off_nothing_is_granted_and_nothing_was_saved_up() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut bucket = Bucket::new(10.0, 5.0, start);
        bucket.back_off(start + 2 * second);
        assert_eq!(grants(&mut bucket, start + second), 0);
        assert_eq!(grants(&mut bucket, start + 2 * second), 0);
        assert_eq!(bucket.take(start + second).unwrap_err().as_millis(), 1100);
        assert_eq!(grants(&mut bucket, start + 2 * second + Duration::from_millis(101)), 1);
    }

    #[test]
    fn a_shorter_back_off_does_not_open_it_early() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut bucket = Bucket::new(10.0, 5.0, start);
        bucket.back_off(start + 5 * second);
        bucket.back_off(start + second);
        assert_eq!(grants(&mut bucket, start + 4 * second), 0);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_grants_nothing_extra() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut bucket = Bucket::new(1.0, 2.0, start + second);
        assert_eq!(grants(&mut bucket, start + second), 2);
        assert_eq!(grants(&mut bucket, start), 0);
        assert_eq!(grants(&mut bucket, start + second), 0);
    }

    proptest! {
        /// However it is asked: never more than the burst and what has flowed in.
        #[test]
        fn never_more_than_burst_and_rate(
            rate in 0.5_f64..100.0,
            steps in prop::collection::vec((0_u64..500, 1_usize..30, prop::option::weighted(0.1, 1_u64..2000)), 1..60),
        ) {
            let start = Instant::now();
            let burst = (rate / 2.0).max(1.0);
            let mut bucket = Bucket::new(rate, rate / 2.0, start);
            let (mut now, mut granted, mut closed) = (start, 0.0, start);
            for (millis, asks, back_off) in steps {
                now += Duration::from_millis(millis);
                for _ in 0..asks {
                    if bucket.take(now).is_ok() {
                        granted += 1.0;
                        prop_assert!(now >= closed);
                    }
                }
                if let Some(millis) = back_off {
                    closed = closed.max(now + Duration::from_millis(millis));
                    bucket.back_off(now + Duration::from_millis(millis));
                }
                let most = burst + (now - start).as_secs_f64() * rate;
                prop_assert!(granted <= most + 1e-6, "{granted} granted, at most {most} allowed");
            }
        }
    }
}
