//! What the operator expects of its functions in one account and region, and what AWS last listed of them.
//!
//! The engine registers each function with [`Inventory::want`] and, once it has settled, [`Inventory::expect`];
//! `sweep` compares them with AWS and wakes just those that differ. Here is no AWS call: only memory and comparisons.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::function::model::{Configuration, Environment, Live, Observed};

/// How long a listed function is kept for somebody to look at.
pub(super) const KEPT: Duration = Duration::from_mins(1);

/// What a settled function looked like when the engine last read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// AWS's change token.
    pub revision_id: String,
    /// Hash of the package.
    pub code_sha256: String,
    /// [`configuration_hash`] of the configuration; `None` compares by the revision alone.
    pub configuration_hash: Option<u64>,
    /// What only GetFunction says; `None` doesn't compare it.
    pub live: Option<LiveExpectation>,
}

/// What lists don't show of a settled function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveExpectation {
    /// All its tags; those of AWS (`aws:`) don't count.
    pub tags: BTreeMap<String, String>,
    /// Its reserved concurrency.
    pub reserved_concurrency: Option<i32>,
    /// Its image with the digest.
    pub resolved_image_uri: Option<String>,
}

/// A hash of a configuration. It holds for this process only: it is neither stable between versions, nor may it be
/// stored, because variables can come from Secrets.
pub fn configuration_hash(configuration: &Configuration) -> u64 {
    let mut hasher = DefaultHasher::new();
    configuration.hash(&mut hasher);
    hasher.finish()
}

/// A function as the last complete sweep saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What AWS said; [`Observed::live`] is `None` if it came from ListFunctions.
    pub observed: Observed,
    /// When AWS was asked.
    pub swept_at: std::time::Instant,
}

/// Why a function is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// AWS has something else than expected.
    Changed,
    /// AWS doesn't list it. That alone isn't proof that it is gone: a GetFunction 404 is.
    Vanished,
}

/// Says that a function is worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// The function's name.
    pub name: String,
    /// Why.
    pub why: Why,
}

/// A function that isn't as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The function's name.
    pub name: String,
    /// In which way.
    pub why: Why,
}

/// How the sweep finds changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// ListFunctions over the whole account.
    List,
    /// GetFunction of each owned function: cheaper, or ListFunctions is denied.
    PerFunction,
}

/// The functions of this listing that aren't as expected, by name.
pub fn compare(
    expectations: &BTreeMap<String, Expectation>,
    listing: &BTreeMap<String, Observed>,
) -> Vec<Difference> {
    let check = |(name, expected): (&String, &Expectation)| {
        let why = match listing.get(name) {
            None => Why::Vanished,
            Some(observed) if differs(expected, observed) => Why::Changed,
            Some(_) => return None,
        };
        Some(Difference { name: name.clone(), why })
    };
    expectations.iter().filter_map(check).collect()
}

/// Whether AWS has something else than expected. What AWS can't show isn't compared.
pub fn differs(expected: &Expectation, observed: &Observed) -> bool {
    let Expectation { revision_id, code_sha256, configuration_hash: hash, live } = expected;
    let known = matches!(observed.configuration.environment, Environment::Known(_));
    *revision_id != observed.revision_id
        || *code_sha256 != observed.code_sha256
        || hash.is_some_and(|hash| known && hash != configuration_hash(&observed.configuration))
        || observed
            .live
            .as_ref()
            .is_some_and(|observed| !settled(observed) || live_differs(live.as_ref(), observed))
}

fn settled(live: &Live) -> bool {
    matches!(live.state.as_str(), "Active" | "Inactive")
        && live.last_update_status.as_deref().is_none_or(|status| status == "Successful")
}

fn live_differs(expected: Option<&LiveExpectation>, observed: &Live) -> bool {
    let Some(LiveExpectation { tags, reserved_concurrency, resolved_image_uri }) = expected else {
        return false;
    };
    let tags_differ = observed.tags.as_ref().is_ok_and(|observed| !own(tags).eq(own(observed)));
    tags_differ
        || *reserved_concurrency != observed.reserved_concurrency
        || *resolved_image_uri != observed.resolved_image_uri
}

fn own(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().filter(|(key, _)| !key.starts_with("aws:"))
}

/// The functions that the operator has in one account and region.
#[derive(Debug)]
pub struct Inventory {
    state: Mutex<State>,
    swept: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    /// Every function that the operator has.
    owned: BTreeMap<String, Owned>,
    listed: BTreeMap<String, Listed>,
    mode: Mode,
    /// The last complete sweep: when it ended and how many calls it took.
    last: Option<(Instant, u32)>,
}

#[derive(Debug, Default)]
struct Owned {
    expectation: Option<Expectation>,
    /// When this was last changed. What AWS said before is older than what the engine knows.
    since: Option<Instant>,
}

impl Default for Inventory {
    fn default() -> Self {
        let state = State { owned: BTreeMap::new(), listed: BTreeMap::new(), mode: Mode::List, last: None };
        Self { state: Mutex::new(state), swept: watch::channel(false).0 }
    }
}

impl Inventory {
    /// From now on this function is looked for: the next sweep keeps what AWS lists of it.
    pub fn want(&self, name: &str) {
        self.state.lock().owned.entry(name.to_owned()).or_default();
    }

    /// The function has settled and looks like this; wake the engine when it doesn't any more.
    pub fn expect(&self, name: &str, expectation: Expectation) {
        self.set(name, Some(expectation));
    }

    /// The function is changing: don't compare it until the next [`Inventory::expect`].
    pub fn unexpect(&self, name: &str) {
        self.set(name, None);
    }

    fn set(&self, name: &str, expectation: Option<Expectation>) {
        let mut state = self.state.lock();
        state.listed.remove(name);
        let owned = Owned { expectation, since: Some(Instant::now()) };
        state.owned.insert(name.to_owned(), owned);
    }

    /// The function is no longer the operator's.
    pub fn forget(&self, name: &str) {
        let mut state = self.state.lock();
        state.owned.remove(name);
        state.listed.remove(name);
    }

    /// What the last complete sweep saw of the function, for a minute after it, unless the engine knows better by now.
    pub fn listed(&self, name: &str) -> Option<Listed> {
        let mut state = self.state.lock();
        state.drop_stale();
        state.listed.get(name).cloned()
    }

    /// As [`Inventory::listed`], and forgets it. Also wants the function from now on.
    pub fn take_listed(&self, name: &str) -> Option<Observed> {
        let mut state = self.state.lock();
        state.drop_stale();
        state.owned.entry(name.to_owned()).or_default();
        state.listed.remove(name).map(|listed| listed.observed)
    }

    /// Whether a sweep was complete since the start.
    pub fn first_sweep_done(&self) -> bool {
        *self.swept.borrow()
    }

    /// Waits for the first complete sweep.
    pub async fn first_sweep(&self) {
        // Fails only if the inventory is gone, which is borrowed here.
        drop(self.swept.subscribe().wait_for(|done| *done).await);
    }

    /// How long ago the last complete sweep was.
    pub fn sweep_age(&self) -> Option<Duration> {
        self.state.lock().last.map(|(at, _)| at.elapsed())
    }

    /// How many calls the last complete sweep took.
    pub fn last_sweep_calls(&self) -> Option<u32> {
        self.state.lock().last.map(|(_, calls)| calls)
    }

    /// How the next sweep finds changes.
    pub fn mode(&self) -> Mode {
        self.state.lock().mode
    }

    /// How many functions the operator has here.
    pub fn owned(&self) -> usize {
        self.state.lock().owned.len()
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        self.state.lock().mode = mode;
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.state.lock().owned.keys().cloned().collect()
    }

    /// The first expected name after this one; after the last comes the first.
    pub(super) fn next_expected(&self, after: &str) -> Option<String> {
        let state = self.state.lock();
        let mut expected = state.expected();
        let first = expected.next()?;
        let next = std::iter::once(first).chain(expected).find(|name| name.as_str() > after);
        Some(next.unwrap_or(first).clone())
    }

    /// How many functions are expected.
    pub(super) fn expected(&self) -> usize {
        self.state.lock().expected().count()
    }

    /// The expectation of a function, unless it is newer than what AWS said at that time.
    pub(super) fn expected_before(&self, name: &str, asked: Instant) -> Option<Expectation> {
        self.state.lock().owned.get(name).filter(|owned| owned.is_before(asked))?.expectation.clone()
    }

    pub(super) fn is_owned(&self, name: &str) -> bool {
        self.state.lock().owned.contains_key(name)
    }

    /// A sweep is complete: keeps what it saw and says what differs. Whatever the engine changed after the sweep had
    /// started is left out.
    pub(super) fn complete(
        &self,
        started: Instant,
        calls: u32,
        seen: BTreeMap<String, Seen>,
    ) -> Vec<Difference> {
        let mut state = self.state.lock();
        let judged = |(name, owned): (&String, &Owned)| {
            Some((name.clone(), owned.expectation.clone().filter(|_| owned.is_before(started))?))
        };
        let expectations = state.owned.iter().filter_map(judged).collect();
        let unchanged = |name: &String| state.owned.get(name).is_some_and(|owned| owned.is_before(started));
        let seen: BTreeMap<_, _> = seen.into_iter().filter(|(name, _)| unchanged(name)).collect();
        let listing =
            seen.iter().filter_map(|(name, seen)| Some((name.clone(), seen.observed.clone()?))).collect();
        let unknown = |name: &String| seen.get(name).is_some_and(|seen| seen.failed);
        let mut differences = compare(&expectations, &listing);
        differences.retain(|difference| !unknown(&difference.name));
        let kept = seen.into_iter().filter_map(|(name, seen)| {
            Some((name, Listed { observed: seen.observed?, swept_at: seen.at.into_std() }))
        });
        state.listed = kept.collect();
        state.last = Some((Instant::now(), calls));
        drop(state);
        self.swept.send_replace(true);
        differences
    }

    /// Frees what nobody has looked at in time.
    pub(super) fn tidy(&self) {
        self.state.lock().drop_stale();
    }
}

impl State {
    fn expected(&self) -> impl Iterator<Item = &String> {
        self.owned.iter().filter(|(_, owned)| owned.expectation.is_some()).map(|(name, _)| name)
    }

    fn drop_stale(&mut self) {
        if self.last.is_some_and(|(at, _)| at.elapsed() >= KEPT) {
            self.listed.clear();
        }
    }
}

impl Owned {
    fn is_before(&self, time: Instant) -> bool {
        self.since.is_none_or(|since| since < time)
    }
}

/// What a sweep saw of one function.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// `None`: AWS says that there is none, or couldn't say.
    pub(super) observed: Option<Observed>,
    /// AWS couldn't say.
    pub(super) failed: bool,
    /// When AWS was asked.
    pub(super) at: Instant,
}
