//! What the operator expects of its functions in one account and region, and what AWS last listed of them.
//!
//! The engine registers each function with [`Inventory::want`] and, once it has settled, [`Inventory::expect`];
//! `sweep` compares them with AWS and wakes just those that differ. Here is no AWS call: only memory and comparisons.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::drift::{Difference, Expectation, Why, compare};
use crate::function::model::Observed;

/// How long a listed function is kept for somebody to look at.
pub(super) const KEPT: Duration = Duration::from_mins(1);

/// A function as the last complete sweep saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What AWS said; [`Observed::live`] is `None` if it came from ListFunctions.
    pub observed: Observed,
    /// When AWS was asked.
    pub swept_at: std::time::Instant,
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

/// How the sweep finds changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// ListFunctions over the whole account.
    List,
    /// GetFunction of each owned function: cheaper, or ListFunctions is denied.
    PerFunction,
}

impl Mode {
    /// Every mode's name.
    pub const NAMES: [&str; 2] = ["list", "get"];

    /// Its name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::PerFunction => "get",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::drift::tests::{expectation, observed};

    fn seen(observed: Observed) -> BTreeMap<String, Seen> {
        BTreeMap::from([(
            "f".to_owned(),
            Seen { observed: Some(observed), failed: false, at: Instant::now() },
        )])
    }

    fn tick() {
        std::thread::sleep(Duration::from_millis(1));
    }

    #[test]
    fn what_was_registered_during_a_sweep_is_left_to_the_next() {
        let inventory = Inventory::default();
        let started = Instant::now();
        tick();
        inventory.expect("f", expectation());
        inventory.expect("g", expectation());
        assert_eq!(inventory.complete(started, 1, seen(observed("old"))), []);
        assert_eq!(inventory.listed("f"), None, "the engine knows better");
        tick();
        let names: Vec<_> =
            inventory.complete(Instant::now(), 1, seen(observed("2"))).into_iter().map(|d| d.why).collect();
        assert_eq!(names, [Why::Changed, Why::Vanished]);
    }

    #[test]
    fn a_function_that_changes_is_not_compared() {
        let inventory = Inventory::default();
        inventory.expect("f", expectation());
        inventory.unexpect("f");
        tick();
        assert_eq!(inventory.complete(Instant::now(), 1, BTreeMap::new()), []);
    }

    #[test]
    fn what_aws_could_not_say_has_not_vanished() {
        let inventory = Inventory::default();
        inventory.expect("f", expectation());
        tick();
        let failed = Seen { observed: None, failed: true, at: Instant::now() };
        assert_eq!(inventory.complete(Instant::now(), 1, BTreeMap::from([("f".to_owned(), failed)])), []);
    }

    #[test]
    fn a_listed_function_is_there_to_be_taken_once() {
        let inventory = Inventory::default();
        assert!(!inventory.first_sweep_done() && inventory.sweep_age().is_none());
        inventory.want("f");
        assert_eq!(
            inventory.complete(Instant::now(), 3, seen(observed("1"))),
            [],
            "nothing was expected yet"
        );
        assert!(inventory.first_sweep_done() && inventory.sweep_age().is_some());
        assert_eq!(inventory.last_sweep_calls(), Some(3));
        assert_eq!(inventory.listed("f").unwrap().observed, observed("1"));
        assert_eq!(inventory.take_listed("f"), Some(observed("1")));
        assert_eq!(inventory.take_listed("f"), None);
    }

    #[test]
    fn what_is_forgotten_or_never_wanted_is_not_kept() {
        let inventory = Inventory::default();
        inventory.complete(Instant::now(), 1, seen(observed("1")));
        assert_eq!(inventory.listed("f"), None);
        inventory.expect("f", expectation());
        inventory.forget("f");
        assert_eq!(inventory.complete(Instant::now(), 1, seen(observed("2"))), []);
        assert_eq!(inventory.owned(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_listed_function_is_kept_for_a_minute() {
        let inventory = Inventory::default();
        inventory.want("f");
        inventory.complete(Instant::now(), 1, seen(observed("1")));
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert!(inventory.listed("f").is_some());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(inventory.listed("f"), None);
    }

    #[test]
    fn the_rotation_goes_round_the_expected() {
        let inventory = Inventory::default();
        assert_eq!(inventory.next_expected(""), None);
        for name in ["b", "a", "c"] {
            inventory.expect(name, expectation());
        }
        inventory.want("only wanted");
        let round = ["", "a", "b", "c", "bb"].map(|after| inventory.next_expected(after).unwrap());
        assert_eq!(round, ["a", "b", "c", "a", "c"]);
        assert_eq!(inventory.expected(), 3);
    }
}
