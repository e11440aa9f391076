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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::function_answer::listed;

    fn observed(revision: &str) -> Observed {
        let c = aws_sdk_lambda::types::FunctionConfiguration::builder().function_name("f").role("r");
        listed(c.revision_id(revision).code_sha256("sha").build())
    }

    fn live(observed: Observed) -> Observed {
        let live = Live {
            state: "Active".to_owned(),
            state_reason: None,
            state_reason_code: None,
            last_update_status: Some("Successful".to_owned()),
            last_update_status_reason: None,
            last_update_status_reason_code: None,
            tags: Ok(BTreeMap::from([("team".to_owned(), "blue".to_owned())])),
            reserved_concurrency: Some(5),
            image_uri: None,
            resolved_image_uri: Some("app@sha256:1".to_owned()),
            source_kms_key_arn: String::new(),
        };
        Observed { live: Some(live), ..observed }
    }

    fn expectation() -> Expectation {
        let Observed { configuration, live, .. } = live(observed("1"));
        let live = live.unwrap();
        Expectation {
            revision_id: "1".to_owned(),
            code_sha256: "sha".to_owned(),
            configuration_hash: Some(configuration_hash(&configuration)),
            live: Some(LiveExpectation {
                tags: live.tags.unwrap(),
                reserved_concurrency: live.reserved_concurrency,
                resolved_image_uri: live.resolved_image_uri,
            }),
        }
    }

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
    fn what_is_as_expected_wakes_nobody() {
        assert!(!differs(&expectation(), &observed("1")));
        assert!(!differs(&expectation(), &live(observed("1"))));
    }

    #[test]
    fn each_difference_is_noticed() {
        let changes: &[fn(&mut Observed)] = &[
            |o| o.revision_id = "2".to_owned(),
            |o| o.code_sha256 = "other".to_owned(),
            |o| o.configuration.timeout += 1,
            |o| o.live.as_mut().unwrap().state = "Pending".to_owned(),
            |o| o.live.as_mut().unwrap().last_update_status = Some("InProgress".to_owned()),
            |o| o.live.as_mut().unwrap().last_update_status = Some("Failed".to_owned()),
            |o| o.live.as_mut().unwrap().tags = Ok(BTreeMap::new()),
            |o| o.live.as_mut().unwrap().reserved_concurrency = None,
            |o| o.live.as_mut().unwrap().resolved_image_uri = Some("app@sha256:2".to_owned()),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut other = live(observed("1"));
            change(&mut other);
            assert!(differs(&expectation(), &other), "change {n}");
        }
    }

    #[test]
    fn what_aws_does_not_show_is_no_difference() {
        let changes: &[fn(&mut Observed)] = &[
            |o| o.configuration.environment = Environment::Unknown("no access".to_owned()),
            |o| o.live.as_mut().unwrap().tags = Err("no access".to_owned()),
            |o| o.live.as_mut().unwrap().state = "Inactive".to_owned(),
            |o| o.live.as_mut().unwrap().last_update_status = None,
            |o| {
                let tags = o.live.as_mut().unwrap().tags.as_mut().unwrap();
                tags.insert("aws:cloudformation:stack-name".to_owned(), "s".to_owned());
            },
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut other = live(observed("1"));
            change(&mut other);
            assert!(!differs(&expectation(), &other), "change {n}");
        }
    }

    #[test]
    fn a_sweep_finds_the_changed_and_the_vanished() {
        let expectations = ["a", "b", "c"]
            .map(|name| (name.to_owned(), expectation()))
            .into_iter()
            .collect::<BTreeMap<_, _>>();
        let listing = BTreeMap::from([("a".to_owned(), observed("1")), ("b".to_owned(), observed("2"))]);
        let differences: Vec<_> =
            compare(&expectations, &listing).into_iter().map(|d| (d.name, d.why)).collect();
        assert_eq!(differences, [("b".to_owned(), Why::Changed), ("c".to_owned(), Why::Vanished)]);
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
        tokio::time::sleep(KEPT - Duration::from_millis(5)).await;
        assert!(inventory.listed("f").is_some());
        tokio::time::sleep(Duration::from_millis(10)).await;
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
