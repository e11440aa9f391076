//! The operator's share of Lambda's control-plane quota in one account and region: every call takes a token first.
//!
//! Lambda allows 100 GetFunction, 15 GetPolicy and 15 of all other control-plane calls a second, shared with every
//! other tool of the account: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>.

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
    /// All other control-plane operations together, 15 a second.
    Rest,
}

impl QuotaClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::GetFunction, Self::GetPolicy, Self::Rest];

    /// What AWS allows, calls a second.
    pub fn aws_rate(self) -> f64 {
        match self {
            Self::GetFunction => 100.0,
            Self::GetPolicy | Self::Rest => 15.0,
        }
    }

    /// The name, as metrics use it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetFunction => "GetFunction",
            Self::GetPolicy => "GetPolicy",
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
    lanes: Option<[Lane; 3]>,
}

impl Quota {
    /// `share` (above 0, at most 1) is the part of AWS's rates that the operator may use; half a second's worth may
    /// be used at once, so that AWS's own bucket of one second's worth is never overrun. `unlimited` grants all.
    pub fn new(share: f64, unlimited: bool) -> Self {
        let lane = |class: QuotaClass| {
            let rate = share.clamp(0.001, 1.0) * class.aws_rate();
            Lane::new(Bucket::new(rate, rate / 2.0, Instant::now().into_std()))
        };
        Self { lanes: (!unlimited).then(|| QuotaClass::ALL.map(lane)) }
    }

    fn lane(&self, class: QuotaClass) -> Option<&Lane> {
        self.lanes.as_ref().map(|lanes| match class {
            QuotaClass::GetFunction => &lanes[0],
            QuotaClass::GetPolicy => &lanes[1],
            QuotaClass::Rest => &lanes[2],
        })
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
        for lane in self.lanes.iter().flatten() {
            let mut line = lane.line.lock();
            line.stopped = true;
            line.waiting.values().for_each(|waiter| waiter.notify_one());
        }
    }

    /// How many wait in this class.
    pub fn waiting(&self, class: QuotaClass) -> usize {
        self.lane(class).map_or(0, |lane| lane.line.lock().waiting.len())
    }

    /// How long all waits of this class took together, since the start.
    pub fn waited(&self, class: QuotaClass) -> Duration {
        self.lane(class).map_or(Duration::ZERO, |lane| lane.line.lock().waited)
    }
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
    waited: Duration,
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
        let line = Line { bucket, waiting: BTreeMap::new(), issued: 0, waited: Duration::ZERO, stopped: false };
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
        Place { lane: self, ticket, called, since: Instant::now() }
    }
}

/// A waiter in the line; leaves it when dropped, served or not.
struct Place<'a> {
    lane: &'a Lane,
    ticket: Ticket,
    called: Arc<Notify>,
    since: Instant,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = self.lane.line.lock();
        line.waiting.remove(&self.ticket);
        line.waited += self.since.elapsed();
        line.call_head();
    }
}
