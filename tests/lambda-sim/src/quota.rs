//! The control plane's quotas, per account and region: 100 GetFunction a second, 15 GetPolicy, of capacity providers 15
//! reads and one write, 15 of all the rest together
//! (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>).

use std::time::Instant;

/// The bucket that an operation draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quota {
    GetFunction,
    GetPolicy,
    /// Reads of capacity providers.
    CapacityProviderReads,
    /// Creations, changes and deletions of capacity providers.
    CapacityProviderWrites,
    /// Every other operation of the control plane.
    Rest,
    /// Another service's, not limited here.
    Unlimited,
}

/// A token bucket that holds one second's worth.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: f64,
    tokens: f64,
    filled: Option<Instant>,
}

impl Bucket {
    const fn new(rate: f64) -> Self {
        Self { rate, tokens: rate, filled: None }
    }

    fn take(&mut self, now: Instant) -> bool {
        let elapsed = self.filled.map_or(0.0, |filled| now.saturating_duration_since(filled).as_secs_f64());
        self.filled = Some(now);
        self.tokens = (self.tokens + elapsed * self.rate).min(self.rate);
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

/// The buckets of one account and region.
#[derive(Clone, Debug)]
pub(crate) struct Quotas {
    get_function: Bucket,
    get_policy: Bucket,
    capacity_provider_reads: Bucket,
    capacity_provider_writes: Bucket,
    rest: Bucket,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            get_function: Bucket::new(100.0),
            get_policy: Bucket::new(15.0),
            capacity_provider_reads: Bucket::new(15.0),
            capacity_provider_writes: Bucket::new(1.0),
            rest: Bucket::new(15.0),
        }
    }
}

impl Quotas {
    /// Whether one more call is within the quota now.
    pub(crate) fn take(&mut self, quota: Quota, now: Instant) -> bool {
        match quota {
            Quota::GetFunction => self.get_function.take(now),
            Quota::GetPolicy => self.get_policy.take(now),
            Quota::CapacityProviderReads => self.capacity_provider_reads.take(now),
            Quota::CapacityProviderWrites => self.capacity_provider_writes.take(now),
            Quota::Rest => self.rest.take(now),
            Quota::Unlimited => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_holds_one_second_and_refills_at_its_rate() {
        let (mut quotas, start) = (Quotas::default(), Instant::now());
        assert_eq!((0..20).filter(|_| quotas.take(Quota::Rest, start)).count(), 15);
        let later = start + Duration::from_millis(200);
        assert_eq!((0..20).filter(|_| quotas.take(Quota::Rest, later)).count(), 3);
        let much_later = start + Duration::from_mins(1);
        assert_eq!((0..20).filter(|_| quotas.take(Quota::Rest, much_later)).count(), 15);
    }

    #[test]
    fn the_buckets_are_separate() {
        let (mut quotas, now) = (Quotas::default(), Instant::now());
        while quotas.take(Quota::Rest, now) {}
        assert!(quotas.take(Quota::GetPolicy, now));
        let writes = (0..5).filter(|_| quotas.take(Quota::CapacityProviderWrites, now)).count();
        let reads = (0..20).filter(|_| quotas.take(Quota::CapacityProviderReads, now)).count();
        assert_eq!((writes, reads), (1, 15));
        assert_eq!((0..200).filter(|_| quotas.take(Quota::GetFunction, now)).count(), 100);
    }
}
