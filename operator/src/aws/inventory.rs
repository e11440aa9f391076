//! What the operator expects of its functions in one account and region, and what AWS last listed of them.
//!
//! Once a function has settled, the engine registers what it looks like with [`Inventory::expect`] and keeps the
//! [`Registration`]; `sweep` compares with AWS and wakes just what differs. Two objects may register the same function
//! (one of them only observes it), and neither can end the other's registration. Here is no AWS call: only memory and
//! comparisons.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::drift::{Difference, Expectation, Why, compare};
use crate::function::model::Observed;

/// How long a listed function is kept for somebody to look at.
pub(super) const KEPT: Duration = Duration::from_mins(1);

/// What lists show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// ListFunctions.
    Function,
    /// ListEventSourceMappings.
    Mapping,
}

/// Says that a resource is worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// What it is.
    pub listed: Listed,
    /// Its name, of a mapping its UUID.
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

/// The functions that the operator has in one account and region. Clones share everything but whose hands they are in.
#[derive(Clone, Debug)]
pub struct Inventory(Arc<Shared>, u64);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    swept: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    /// What settled functions look like, by name and registration.
    expected: BTreeMap<(String, u64), Expected>,
    /// Functions that somebody waits to see listed.
    wanted: BTreeSet<String>,
    /// As the last complete sweep saw them; [`Observed::live`] is `None` if that came from ListFunctions.
    listed: BTreeMap<String, Observed>,
    mode: Mode,
    /// When the last complete sweep ended.
    last: Option<Instant>,
    /// The number of the last registration.
    registrations: u64,
}

#[derive(Debug)]
struct Expected {
    expectation: Expectation,
    /// The number of the credentials that see the function.
    credentials: u64,
    /// When this was registered. What AWS said before is older than what the engine knows.
    since: Instant,
}

/// An object's interest in a function: dropped, the inventory no longer looks after it for this object.
#[derive(Debug)]
#[must_use = "dropped, the function isn't looked after"]
pub struct Registration {
    inventory: Weak<Shared>,
    key: (String, u64),
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(shared) = self.inventory.upgrade() {
            shared.state.lock().expected.remove(&self.key);
        }
    }
}

impl Default for Inventory {
    fn default() -> Self {
        let state = State {
            expected: BTreeMap::new(),
            wanted: BTreeSet::new(),
            listed: BTreeMap::new(),
            mode: Mode::List,
            last: None,
            registrations: 0,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), swept: watch::channel(false).0 }), 0)
    }
}

impl Inventory {
    /// The same in the hands of somebody with the credentials of this number.
    pub(super) fn in_hands_of(&self, credentials: u64) -> Self {
        Self(Arc::clone(&self.0), credentials)
    }

    /// The numbers of the credentials of those who registered the function.
    pub(super) fn registered_by(&self, name: &str) -> BTreeSet<u64> {
        let state = self.0.state.lock();
        let of_name = state.expected.range((name.to_owned(), 0)..=(name.to_owned(), u64::MAX));
        of_name.map(|(_, expected)| expected.credentials).collect()
    }

    /// Somebody waits to see this function listed: the next sweep keeps what AWS lists of it.
    pub fn want(&self, name: &str) {
        self.0.state.lock().wanted.insert(name.to_owned());
    }

    /// The function has settled and looks like this; wake the engine when it doesn't any more, for as long as the
    /// registration is kept.
    pub fn expect(&self, name: &str, expectation: Expectation) -> Registration {
        let mut state = self.0.state.lock();
        state.listed.remove(name);
        state.registrations += 1;
        let key = (name.to_owned(), state.registrations);
        state
            .expected
            .insert(key.clone(), Expected { expectation, credentials: self.1, since: Instant::now() });
        Registration { inventory: Arc::downgrade(&self.0), key }
    }

    /// What the last complete sweep saw of the function, for a minute after it, unless the engine knows better by now;
    /// it can be taken once. The next sweep keeps it again.
    pub fn take_listed(&self, name: &str) -> Option<Observed> {
        let mut state = self.0.state.lock();
        state.drop_stale();
        state.wanted.insert(name.to_owned());
        state.listed.remove(name)
    }

    /// Whether a sweep was complete since the start.
    pub fn first_sweep_done(&self) -> bool {
        *self.0.swept.borrow()
    }

    /// How the next sweep finds changes.
    pub fn mode(&self) -> Mode {
        self.0.state.lock().mode
    }

    /// How many functions the operator looks after here.
    pub fn owned(&self) -> usize {
        self.0.state.lock().names().len()
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        self.0.state.lock().mode = mode;
    }

    pub(super) fn names(&self) -> BTreeSet<String> {
        self.0.state.lock().names()
    }

    /// The first expected name after this one; after the last comes the first.
    pub(super) fn next_expected(&self, after: &str) -> Option<String> {
        let state = self.0.state.lock();
        let names = || state.expected.keys().map(|(name, _)| name);
        names().find(|name| name.as_str() > after).or_else(|| names().next()).cloned()
    }

    /// How many functions are expected.
    pub(super) fn expected(&self) -> usize {
        let state = self.0.state.lock();
        state.expected.keys().map(|(name, _)| name).collect::<BTreeSet<_>>().len()
    }

    /// The expectations of a function, unless they are newer than what AWS said at that time.
    pub(super) fn expected_before(&self, name: &str, asked: Instant) -> Vec<Expectation> {
        let state = self.0.state.lock();
        let of_name = state.expected.range((name.to_owned(), 0)..=(name.to_owned(), u64::MAX));
        of_name.filter(|(_, e)| e.since < asked).map(|(_, e)| e.expectation.clone()).collect()
    }

    pub(super) fn is_owned(&self, name: &str) -> bool {
        let state = self.0.state.lock();
        state.wanted.contains(name) || state.expects(name)
    }

    /// A sweep is complete: keeps what it saw and says what differs. Whatever the engine changed after the sweep had
    /// started is left out.
    pub(super) fn complete(&self, started: Instant, seen: BTreeMap<String, Seen>) -> Vec<Difference> {
        let mut state = self.0.state.lock();
        let newer: BTreeSet<String> = state.newer_than(started);
        let seen: BTreeMap<_, _> = seen.into_iter().filter(|(name, _)| !newer.contains(name)).collect();
        let listing: BTreeMap<String, Observed> =
            seen.iter().filter_map(|(name, seen)| Some((name.clone(), seen.observed.clone()?))).collect();
        let failed = |name: &str| seen.get(name).is_some_and(|seen| seen.failed);
        let judged = state.expected.iter().filter(|((name, _), expected)| {
            expected.since < started && !newer.contains(name) && !failed(name)
        });
        let judged = judged.map(|((name, _), expected)| (name.as_str(), &expected.expectation));
        let differences = compare(judged, &listing);
        state.listed = listing;
        state.wanted.clear();
        state.last = Some(Instant::now());
        drop(state);
        self.0.swept.send_replace(true);
        differences
    }

    /// Frees what nobody has looked at in time.
    pub(super) fn tidy(&self) {
        self.0.state.lock().drop_stale();
    }
}

impl State {
    fn names(&self) -> BTreeSet<String> {
        self.expected.keys().map(|(name, _)| name).chain(&self.wanted).cloned().collect()
    }

    fn expects(&self, name: &str) -> bool {
        self.expected.range((name.to_owned(), 0)..).next().is_some_and(|((first, _), _)| first == name)
    }

    /// The functions that were registered after a time: what AWS said then is older than what the engine knows.
    fn newer_than(&self, time: Instant) -> BTreeSet<String> {
        self.expected.iter().filter(|(_, e)| e.since >= time).map(|((name, _), _)| name.clone()).collect()
    }

    fn drop_stale(&mut self) {
        if self.last.is_some_and(|at| at.elapsed() >= KEPT) {
            self.listed.clear();
        }
    }
}

/// What a sweep saw of one function.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// `None`: AWS says that there is none, or couldn't say.
    pub(super) observed: Option<Observed>,
    /// AWS couldn't say.
    pub(super) failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::drift::Why;
    use crate::aws::drift::tests::{expectation, observed};

    fn seen(observed: Observed) -> BTreeMap<String, Seen> {
        BTreeMap::from([("f".to_owned(), Seen { observed: Some(observed), failed: false })])
    }

    fn tick() {
        std::thread::sleep(Duration::from_millis(1));
    }

    #[test]
    fn what_was_registered_during_a_sweep_is_left_to_the_next() {
        let inventory = Inventory::default();
        let started = Instant::now();
        tick();
        let _kept = ["f", "g"].map(|name| inventory.expect(name, expectation()));
        assert_eq!(inventory.complete(started, seen(observed("old"))), []);
        assert_eq!(inventory.take_listed("f"), None, "the engine knows better");
        tick();
        let names: Vec<_> =
            inventory.complete(Instant::now(), seen(observed("2"))).into_iter().map(|d| d.why).collect();
        assert_eq!(names, [Why::Changed, Why::Vanished]);
    }

    #[test]
    fn a_function_that_nobody_registers_any_more_is_not_compared() {
        let inventory = Inventory::default();
        drop(inventory.expect("f", expectation()));
        tick();
        assert_eq!(inventory.complete(Instant::now(), BTreeMap::new()), []);
        assert_eq!(inventory.owned(), 0);
    }

    #[test]
    fn of_two_objects_with_one_function_neither_ends_the_others_registration() {
        let inventory = Inventory::default();
        let (owner, observer) = (inventory.expect("f", expectation()), inventory.expect("f", expectation()));
        assert_eq!((inventory.owned(), inventory.expected()), (1, 1));
        drop(observer);
        tick();
        assert_eq!(inventory.complete(Instant::now(), seen(observed("2"))).len(), 1);
        drop(owner);
        assert_eq!(inventory.complete(Instant::now(), seen(observed("3"))), []);
    }

    #[test]
    fn what_aws_could_not_say_has_not_vanished() {
        let inventory = Inventory::default();
        let _kept = inventory.expect("f", expectation());
        tick();
        let failed = Seen { observed: None, failed: true };
        assert_eq!(inventory.complete(Instant::now(), BTreeMap::from([("f".to_owned(), failed)])), []);
    }

    #[test]
    fn a_listed_function_is_there_to_be_taken_once() {
        let inventory = Inventory::default();
        assert!(!inventory.first_sweep_done());
        inventory.want("f");
        assert_eq!(inventory.complete(Instant::now(), seen(observed("1"))), [], "nothing was expected yet");
        assert!(inventory.first_sweep_done());
        assert_eq!(inventory.take_listed("f"), Some(observed("1")));
        assert_eq!(inventory.take_listed("f"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_listed_function_is_kept_for_a_minute() {
        let inventory = Inventory::default();
        inventory.want("f");
        inventory.complete(Instant::now(), seen(observed("1")));
        tokio::time::sleep(Duration::from_secs(59)).await;
        inventory.tidy();
        assert_eq!(inventory.0.state.lock().listed.len(), 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(inventory.take_listed("f"), None);
    }

    #[test]
    fn the_rotation_goes_round_the_expected() {
        let inventory = Inventory::default();
        assert_eq!(inventory.next_expected(""), None);
        let _kept = ["b", "a", "c", "b"].map(|name| inventory.expect(name, expectation()));
        inventory.want("only wanted");
        let round = ["", "a", "b", "c", "bb"].map(|after| inventory.next_expected(after).unwrap());
        assert_eq!(round, ["a", "b", "c", "a", "c"]);
        assert_eq!(inventory.expected(), 3);
    }
}
