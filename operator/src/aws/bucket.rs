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

    /// Empties the bucket and closes it until then. An earlier end than the one already set changes nothing.
    pub fn back_off(&mut self, until: Instant) {
        self.tokens = 0.0;
        self.at = self.at.max(until);
    }
}
