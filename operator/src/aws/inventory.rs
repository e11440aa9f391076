//! What the operator expects of its functions and mappings in one account and region, and what AWS last listed of them.
//!
//! Once a resource has settled, the engine registers what it looks like with [`Inventory::expect`] and keeps the
//! [`Registration`]; `sweep` compares with AWS and wakes just what differs. Two objects may register the same resource
//! (one of them only observes it), and neither can end the other's registration. Here is no AWS call: only memory and
//! comparisons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::call::Scope;
use super::drift::{Difference, Why, compare};
use super::error::AwsError;

/// How long a listed resource is kept for somebody to look at.
pub(super) const KEPT: Duration = Duration::from_mins(1);

/// What lists show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// ListFunctions.
    Function,
    /// ListEventSourceMappings.
    Mapping,
}

impl Listed {
    /// Its name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Mapping => "mapping",
        }
    }
}

/// A page of a list by name, and where the next one starts.
pub type Page<O> = (Vec<(String, O)>, Option<String>);

/// A kind of resource that account-wide lists show.
pub trait Tracked: Send + Sync + 'static {
    /// A resource as AWS describes it.
    type Observed: Clone + fmt::Debug + Send + Sync;
    /// What a settled one looked like.
    type Expectation: Clone + fmt::Debug + Send + Sync;

    /// Which list.
    const LISTED: Listed;
    /// How many a page of it shows.
    const PAGE: i32;

    /// Where a scope keeps its inventory.
    fn inventory(scope: &Scope) -> &Inventory<Self>
    where
        Self: Sized;
    /// Whether AWS has something else than expected. What AWS can't show isn't compared.
    fn differs(expected: &Self::Expectation, observed: &Self::Observed) -> bool;
    /// A page of the list.
    fn list(
        scope: &Scope,
        marker: Option<String>,
    ) -> impl Future<Output = Result<Page<Self::Observed>, AwsError>> + Send;
    /// One resource.
    fn read(
        scope: &Scope,
        name: &str,
    ) -> impl Future<Output = Result<Option<Self::Observed>, AwsError>> + Send;
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
    /// A list of the whole account.
    List,
    /// A read of each owned resource: cheaper, or listing is denied.
    PerResource,
}

impl Mode {
    /// Every mode's name.
    pub const NAMES: [&str; 2] = ["list", "get"];

    /// Its name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::PerResource => "get",
        }
    }
}

/// The resources of a kind that the operator has in one account and region. Clones share everything but whose hands they
/// are in.
pub struct Inventory<T: Tracked>(Arc<Shared<T>>, u64);

impl<T: Tracked> Clone for Inventory<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), self.1)
    }
}

impl<T: Tracked> fmt::Debug for Inventory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inventory({} {}s)", self.owned(), T::LISTED.as_str())
    }
}

struct Shared<T: Tracked> {
    state: Mutex<State<T>>,
    swept: watch::Sender<bool>,
}

struct State<T: Tracked> {
    /// What settled resources look like, by name and registration.
    expected: BTreeMap<(String, u64), Expected<T::Expectation>>,
    /// Resources that somebody waits to see listed.
    wanted: BTreeSet<String>,
    /// As the last complete sweep saw them, with what the list lacks left out if they came from it.
    listed: BTreeMap<String, T::Observed>,
    mode: Mode,
    /// When the last complete sweep ended.
    last: Option<Instant>,
    /// The number of the last registration.
    registrations: u64,
}

struct Expected<E> {
    expectation: E,
    /// The number of the credentials that see the resource.
    credentials: u64,
    /// When this was registered. What AWS said before is older than what the engine knows.
    since: Instant,
}

/// An object's interest in a resource: dropped, the inventory no longer looks after it for this object.
#[must_use = "dropped, the resource isn't looked after"]
pub struct Registration {
    inventory: Weak<dyn Register>,
    key: (String, u64),
}

/// An inventory of any kind, for the end of a registration.
trait Register: Send + Sync {
    fn end(&self, key: &(String, u64));
}

impl<T: Tracked> Register for Shared<T> {
    fn end(&self, key: &(String, u64)) {
        self.state.lock().expected.remove(key);
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration({})", self.key.0)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(inventory) = self.inventory.upgrade() {
            inventory.end(&self.key);
        }
    }
}

impl<T: Tracked> Default for Inventory<T> {
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

impl<T: Tracked> Inventory<T> {
    /// The same in the hands of somebody with the credentials of this number.
    pub(super) fn in_hands_of(&self, credentials: u64) -> Self {
        Self(Arc::clone(&self.0), credentials)
    }

    /// The numbers of the credentials of those who registered the resource.
    pub(super) fn registered_by(&self, name: &str) -> BTreeSet<u64> {
        let state = self.0.state.lock();
        let of_name = state.expected.range((name.to_owned(), 0)..=(name.to_owned(), u64::MAX));
        of_name.map(|(_, expected)| expected.credentials).collect()
    }

    /// Somebody waits to see this resource listed: the next sweep keeps what AWS lists of it.
    pub fn want(&self, name: &str) {
        self.0.state.lock().wanted.insert(name.to_owned());
    }

    /// The resource has settled and looks like this; wake the engine when it doesn't any more, for as long as the
    /// registration is kept.
    pub fn expect(&self, name: &str, expectation: T::Expectation) -> Registration {
        let mut state = self.0.state.lock();
        state.listed.remove(name);
        state.registrations += 1;
        let key = (name.to_owned(), state.registrations);
        state
            .expected
            .insert(key.clone(), Expected { expectation, credentials: self.1, since: Instant::now() });
        let inventory: Weak<Shared<T>> = Arc::downgrade(&self.0);
        Registration { inventory, key }
    }

    /// What the last complete sweep saw of the resource, for a minute after it, unless the engine knows better by now;
    /// it can be taken once. The next sweep keeps it again.
    pub fn take_listed(&self, name: &str) -> Option<T::Observed> {
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

    /// How many resources the operator looks after here.
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

    /// How many resources are expected.
    pub(super) fn expected(&self) -> usize {
        let state = self.0.state.lock();
        state.expected.keys().map(|(name, _)| name).collect::<BTreeSet<_>>().len()
    }

    /// The expectations of a resource, unless they are newer than what AWS said at that time.
    pub(super) fn expected_before(&self, name: &str, asked: Instant) -> Vec<T::Expectation> {
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
    pub(super) fn complete(
        &self,
        started: Instant,
        seen: BTreeMap<String, Seen<T::Observed>>,
    ) -> Vec<Difference> {
        let mut state = self.0.state.lock();
        let newer: BTreeSet<String> = state.newer_than(started);
        let seen: BTreeMap<_, _> = seen.into_iter().filter(|(name, _)| !newer.contains(name)).collect();
        let listing: BTreeMap<String, T::Observed> =
            seen.iter().filter_map(|(name, seen)| Some((name.clone(), seen.observed.clone()?))).collect();
        let failed = |name: &str| seen.get(name).is_some_and(|seen| seen.failed);
        let judged = state.expected.iter().filter(|((name, _), expected)| {
            expected.since < started && !newer.contains(name) && !failed(name)
        });
        let judged = judged.map(|((name, _), expected)| (name.as_str(), &expected.expectation));
        let differences = compare::<T>(judged, &listing);
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

impl<T: Tracked> State<T> {
    fn names(&self) -> BTreeSet<String> {
        self.expected.keys().map(|(name, _)| name).chain(&self.wanted).cloned().collect()
    }

    fn expects(&self, name: &str) -> bool {
        self.expected.range((name.to_owned(), 0)..).next().is_some_and(|((first, _), _)| first == name)
    }

    /// The resources that were registered after a time: what AWS said then is older than what the engine knows.
    fn newer_than(&self, time: Instant) -> BTreeSet<String> {
        self.expected.iter().filter(|(_, e)| e.since >= time).map(|((name, _), _)| name.clone()).collect()
    }

    fn drop_stale(&mut self) {
        if self.last.is_some_and(|at| at.elapsed() >= KEPT) {
            self.listed.clear();
        }
    }
}

/// What a sweep saw of one resource.
#[derive(Clone, Debug)]
pub(super) struct Seen<O> {
    /// `None`: AWS says that there is none, or couldn't say.
    pub(super) observed: Option<O>,
    /// AWS couldn't say.
    pub(super) failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::drift::Functions;
    use crate::aws::drift::Why;
    use crate::aws::drift::tests::{expectation, observed};
    use crate::function::model::Observed;

    type Inventory = super::Inventory<Functions>;

    fn seen(observed: Observed) -> BTreeMap<String, Seen<Observed>> {
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
