//! The share of Lambda's quota that looking for drift may take, in each account and region for itself. Synchronous: the
//! clock is an argument. `rotation` asks before each visit.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::aws::{Bucket, QuotaClass};

/// An account and a region.
pub type Place = (String, String);

/// The pace of visits that only look for drift.
pub struct Pace {
    /// Calls a second.
    rate: f64,
    buckets: Mutex<HashMap<Place, Bucket>>,
}

impl Pace {
    /// `share` is the part of the rate that all operations but GetFunction and GetPolicy share, above 0, at most 1.
    pub fn new(share: f64) -> Self {
        Self { rate: QuotaClass::Rest.aws_rate() * share.max(0.001), buckets: Mutex::default() }
    }

    /// Lets a visit of so many calls begin, or says how long it has to wait for.
    ///
    /// # Errors
    /// The time until it is worth asking again.
    pub fn begin(&self, place: &Place, calls: u32, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock();
        let bucket = buckets.entry(place.clone()).or_insert_with(|| Bucket::new(self.rate, 1.0, now));
        bucket.take_all(calls, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: &str, region: &str) -> Place {
        (account.into(), region.into())
    }

    /// How many visits of so many calls begin within a minute.
    fn in_a_minute(pace: &Pace, at: &Place, calls: u32, start: Instant) -> u32 {
        let (mut begun, mut now) = (0, start);
        while now < start + Duration::from_mins(1) {
            match pace.begin(at, calls, now) {
                Ok(()) => begun += 1,
                Err(wait) => now += wait,
            }
        }
        begun
    }

    #[test]
    fn each_account_and_region_has_its_own_share() {
        let (pace, start) = (Pace::new(0.05), Instant::now());
        for at in [place("1", "eu-west-1"), place("2", "eu-west-1"), place("1", "us-east-1")] {
            let begun = in_a_minute(&pace, &at, 1, start);
            assert!((45..=46).contains(&begun), "0.75 a second: {begun}");
        }
    }

    #[test]
    fn a_visit_of_several_calls_takes_that_much_more() {
        let (pace, start) = (Pace::new(0.05), Instant::now());
        let begun = in_a_minute(&pace, &place("1", "eu-west-1"), 3, start);
        assert!((15..=16).contains(&begun), "{begun}");
    }
}
