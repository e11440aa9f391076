//! The operator's share of Lambda's control-plane quota in one account and region: every call takes a token first.
//!
//! Lambda allows 100 GetFunction, 15 GetPolicy and 15 of all other control-plane calls a second, shared with every
//! other tool of the account: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>.
//! The operations on capacity providers are counted apart: 15 reads and one write a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bucket::Bucket;

/// Operations that Lambda counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaClass {
    /// GetFunction, 100 a second.
    GetFunction,
    /// GetPolicy, 15 a second.
    GetPolicy,
    /// Reads of capacity providers, 15 a second.
    CapacityProviderReads,
    /// Creations, changes and deletions of capacity providers, 1 a second.
    CapacityProviderWrites,
    /// All other control-plane operations together, 15 a second.
    Rest,
}

impl QuotaClass {
    /// Every class.
    pub const ALL: [Self; 5] = [
        Self::GetFunction,
        Self::GetPolicy,
        Self::CapacityProviderReads,
        Self::CapacityProviderWrites,
        Self::Rest,
    ];

    /// What AWS allows, calls a second.
    pub fn aws_rate(self) -> f64 {
        match self {
            Self::GetFunction => 100.0,
            Self::GetPolicy | Self::CapacityProviderReads | Self::Rest => 15.0,
            Self::CapacityProviderWrites => 1.0,
        }
    }

    /// The name, as metrics use it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetFunction => "GetFunction",
            Self::GetPolicy => "GetPolicy",
            Self::CapacityProviderReads => "CapacityProviderReads",
            Self::CapacityProviderWrites => "CapacityProviderWrites",
            Self::Rest => "Rest",
        }
    }
}

/// Who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A user changed something.
    User,
    /// Something is being deleted.
    Deletion,
    /// A poll of a function that AWS is working on.
    Transition,
    /// A look for changes that somebody else made.
    Drift,
}

/// The quota was stopped: the process is ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// The buckets of one account and region.
#[derive(Debug)]
pub struct Quota {
    /// None where there are no limits.
    lanes: BTreeMap<QuotaClass, Lane>,
}

impl Quota {
    /// `share` (above 0, at most 1) is the part of AWS's rates that the operator may use; half a second's worth may
    /// be used at once, so that AWS's own bucket of one second's worth is never overrun. `unlimited` grants all.
    pub fn new(share: f64, unlimited: bool) -> Self {
        let lane = |class: QuotaClass| {
            let rate = rate_of(class, share);
            (class, Lane::new(Bucket::new(rate, rate / 2.0, Instant::now().into_std())))
        };
        let limited = QuotaClass::ALL.into_iter().filter(|_| !unlimited);
        Self { lanes: limited.map(lane).collect() }
    }

    /// Changes the share.
    pub fn set_share(&self, share: f64) {
        for (class, lane) in &self.lanes {
            let (rate, mut queue) = (rate_of(*class, share), lane.line.lock());
            queue.bucket.set_rate(rate, rate / 2.0, Instant::now().into_std());
            queue.call_head();
        }
    }

    fn lane(&self, class: QuotaClass) -> Option<&Lane> {
        self.lanes.get(&class)
    }

    /// Waits for a token: by priority, then in the order of asking. A dropped waiter costs no token.
    pub async fn acquire(&self, class: QuotaClass, priority: Priority) -> Result<(), Stopped> {
        match self.lane(class) {
            None => Ok(()),
            Some(lane) => lane.acquire(priority).await,
        }
    }

    /// After a 429: nothing is granted in this class for so long, to anybody, and nothing was saved up then.
    pub fn back_off(&self, class: QuotaClass, pause: Duration) {
        if let Some(lane) = self.lane(class) {
            let mut line = lane.line.lock();
            line.bucket.back_off((Instant::now() + pause).into_std());
            line.call_head();
        }
    }

    /// Refuses every waiter, now and later.
    pub fn stop(&self) {
        for lane in self.lanes.values() {
            let mut line = lane.line.lock();
            line.stopped = true;
            line.waiting.values().for_each(|waiter| waiter.notify_one());
        }
    }

    /// How many wait in this class.
    pub fn waiting(&self, class: QuotaClass) -> usize {
        self.lane(class).map_or(0, |lane| lane.line.lock().waiting.len())
    }
}

/// The operator's own rate, calls a second.
fn rate_of(class: QuotaClass, share: f64) -> f64 {
    share.clamp(0.001, 1.0) * class.aws_rate()
}

/// One bucket and those who wait for it.
#[derive(Debug)]
struct Lane {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    bucket: Bucket,
    waiting: BTreeMap<Ticket, Arc<Notify>>,
    issued: u64,
    stopped: bool,
}

/// A place in the line.
type Ticket = (Priority, u64);

impl Line {
    /// Has the first in line look at the bucket again.
    fn call_head(&self) {
        if let Some(waiter) = self.waiting.values().next() {
            waiter.notify_one();
        }
    }
}

impl Lane {
    fn new(bucket: Bucket) -> Self {
        let line = Line { bucket, waiting: BTreeMap::new(), issued: 0, stopped: false };
        Self { line: Mutex::new(line) }
    }

    async fn acquire(&self, priority: Priority) -> Result<(), Stopped> {
        let place = self.stand(priority);
        loop {
            let wait = {
                let mut line = self.line.lock();
                if line.stopped {
                    return Err(Stopped);
                }
                if line.waiting.first_key_value().is_some_and(|(ticket, _)| *ticket == place.ticket) {
                    match line.bucket.take(Instant::now().into_std()) {
                        Ok(()) => return Ok(()),
                        Err(wait) => Some(wait),
                    }
                } else {
                    None
                }
            };
            match wait {
                // Only the first in line keeps time; the others are called when they become the first.
                Some(wait) => drop(tokio::time::timeout(wait, place.called.notified()).await),
                None => place.called.notified().await,
            }
        }
    }

    fn stand(&self, priority: Priority) -> Place<'_> {
        let mut line = self.line.lock();
        line.issued += 1;
        let (ticket, called) = ((priority, line.issued), Arc::new(Notify::new()));
        line.waiting.insert(ticket, Arc::clone(&called));
        Place { lane: self, ticket, called }
    }
}

/// A waiter in the line; leaves it when dropped, served or not.
struct Place<'a> {
    lane: &'a Lane,
    ticket: Ticket,
    called: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = self.lane.line.lock();
        line.waiting.remove(&self.ticket);
        line.call_head();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 a second, 5 at once.
    fn quota() -> Arc<Quota> {
        Arc::new(Quota::new(2.0 / 3.0, false))
    }

    /// Timers fire on whole milliseconds, so each wait can be one longer.
    fn assert_took(start: Instant, millis: u128) {
        let took = start.elapsed().as_millis();
        assert!((millis..millis + millis / 100 + 12).contains(&took), "{took} ms");
    }

    async fn drain(quota: &Quota) {
        for _ in 0..5 {
            quota.acquire(QuotaClass::Rest, Priority::User).await.unwrap();
        }
    }

    /// Waits in the background and then says its name.
    fn ask(
        quota: &Arc<Quota>,
        priority: Priority,
        name: &'static str,
        served: &Arc<Mutex<Vec<&'static str>>>,
    ) -> tokio::task::JoinHandle<()> {
        let (quota, served) = (Arc::clone(quota), Arc::clone(served));
        tokio::spawn(async move {
            quota.acquire(QuotaClass::Rest, priority).await.unwrap();
            served.lock().push(name);
        })
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_seconds_worth_at_once_and_then_the_rate() {
        let (quota, start) = (quota(), Instant::now());
        drain(&quota).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            quota.acquire(QuotaClass::Rest, Priority::Drift).await.unwrap();
        }
        assert_took(start, 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn users_go_first_and_equals_in_their_order() {
        let (quota, served) = (quota(), Arc::default());
        drain(&quota).await;
        let mut tasks = Vec::new();
        for (priority, name) in [
            (Priority::Drift, "drift 1"),
            (Priority::Drift, "drift 2"),
            (Priority::Transition, "transition"),
            (Priority::User, "user 1"),
            (Priority::Deletion, "deletion"),
            (Priority::User, "user 2"),
        ] {
            tasks.push(ask(&quota, priority, name, &served));
            tokio::task::yield_now().await;
        }
        assert_eq!(quota.waiting(QuotaClass::Rest), 6);
        futures::future::join_all(tasks).await;
        assert_eq!(*served.lock(), ["user 1", "user 2", "deletion", "transition", "drift 1", "drift 2"]);
        assert_eq!(quota.waiting(QuotaClass::Rest), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn drift_waits_while_others_keep_coming() {
        let (quota, served) = (quota(), Arc::default());
        drain(&quota).await;
        let drift = ask(&quota, Priority::Drift, "drift", &served);
        let mut others = vec![ask(&quota, Priority::Transition, "poll", &served)];
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            others.push(ask(&quota, Priority::Transition, "poll", &served));
        }
        futures::future::join_all(others).await;
        drift.await.unwrap();
        assert_eq!(served.lock().last(), Some(&"drift"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_waiter_costs_nothing_and_lets_the_next_one_through() {
        let (quota, served, start) = (quota(), Arc::default(), Instant::now());
        drain(&quota).await;
        let first = ask(&quota, Priority::User, "dropped", &served);
        tokio::task::yield_now().await;
        let second = ask(&quota, Priority::User, "served", &served);
        tokio::task::yield_now().await;
        first.abort();
        second.await.unwrap();
        assert_eq!(*served.lock(), ["served"]);
        assert_took(start, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_back_off_stops_everybody_in_its_class_only() {
        let (quota, start) = (quota(), Instant::now());
        quota.back_off(QuotaClass::Rest, Duration::from_secs(3));
        quota.acquire(QuotaClass::GetFunction, Priority::Drift).await.unwrap();
        quota.acquire(QuotaClass::GetPolicy, Priority::Drift).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        quota.acquire(QuotaClass::Rest, Priority::User).await.unwrap();
        assert_took(start, 3100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_back_off_also_holds_those_who_wait_already() {
        let (quota, served, start) = (quota(), Arc::default(), Instant::now());
        drain(&quota).await;
        let waiter = ask(&quota, Priority::User, "user", &served);
        tokio::time::sleep(Duration::from_millis(50)).await;
        quota.back_off(QuotaClass::Rest, Duration::from_secs(1));
        waiter.await.unwrap();
        assert_took(start, 1150);
    }

    #[tokio::test(start_paused = true)]
    async fn writes_of_capacity_providers_are_slow_and_hold_up_nobody_else() {
        let (quota, start) = (quota(), Instant::now());
        quota.acquire(QuotaClass::CapacityProviderWrites, Priority::User).await.unwrap();
        for class in [QuotaClass::CapacityProviderReads, QuotaClass::Rest] {
            quota.acquire(class, Priority::Drift).await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        quota.acquire(QuotaClass::CapacityProviderWrites, Priority::User).await.unwrap();
        assert_took(start, 1500);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_refuses_those_who_wait_and_those_who_come() {
        let quota = quota();
        drain(&quota).await;
        let waiting = tokio::spawn({
            let quota = Arc::clone(&quota);
            async move { quota.acquire(QuotaClass::Rest, Priority::User).await }
        });
        tokio::task::yield_now().await;
        quota.stop();
        assert_eq!(waiting.await.unwrap(), Err(Stopped));
        assert_eq!(quota.acquire(QuotaClass::GetFunction, Priority::User).await, Err(Stopped));
    }

    #[tokio::test(start_paused = true)]
    async fn without_quotas_nobody_waits() {
        let (quota, start) = (Quota::new(0.5, true), Instant::now());
        quota.back_off(QuotaClass::Rest, Duration::from_secs(3));
        for _ in 0..1000 {
            quota.acquire(QuotaClass::Rest, Priority::Drift).await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
