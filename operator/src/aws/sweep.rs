//! The loops that look for what somebody else changed: a sweep over all functions and one over all mappings at an
//! interval, and a rotation that reads one function after the other. The engine spawns [`Scope::run_inventory`] once per
//! account and region; all of them ask in the lowest priority.
//!
//! A sweep costs one ListFunctions per 50 functions of the account, one ListEventSourceMappings per 100 mappings, and
//! nothing where the operator has none. Where that is more than one read per owned resource, or is denied, it reads each
//! owned resource instead; of these reads, GetFunction has a larger quota of its own.
//! <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::Scope;
use super::drift::{Difference, Functions, Why};
use super::error::{AwsError, Class};
use super::inventory::{Inventory, KEPT, Mode, Seen, Tracked, Wake};
use super::mapping_drift::Mappings;
use super::place::Place;

/// After so many sweeps by single reads the account is listed once more, to see whether that is the better way by now.
const MEASURE_EVERY: u32 = 20;
/// The wait after a sweep that failed, the first time.
const RETRY_MIN: Duration = Duration::from_secs(5);
/// The longest that this doubles to.
const RETRY_MAX: Duration = Duration::from_mins(5);
/// Each interval is longer by a random part of this fraction of it, so that replicas and regions spread.
const JITTER: f64 = 0.1;
/// The first sweep waits until nothing was registered for so long: after a start, all objects come at once.
const QUIET: Duration = Duration::from_millis(250);
/// It waits no longer than this.
const QUIET_MAX: Duration = Duration::from_secs(5);

impl Scope {
    /// Looks for changes until the end, and sends each resource that is worth a look. The first sweep comes at once,
    /// the others every `sweep` (zero: never); every `rotation` all expected functions are read once (zero: never).
    /// This is done for everybody who works in the account and region, and with the credentials of any.
    pub async fn run_inventory(
        self: Arc<Self>,
        sweep: Duration,
        rotation: Duration,
        wakes: mpsc::UnboundedSender<Wake>,
        shutdown: CancellationToken,
    ) {
        let functions = Patrol::<Functions>::of(&self);
        let mappings = Patrol::<Mappings>::of(&self);
        // It may come to an end before the others who work here.
        drop(self);
        let loops = async {
            tokio::join!(
                sweep_loop(&functions, sweep, &wakes),
                sweep_loop(&mappings, sweep, &wakes),
                rotation_loop(&functions, rotation, &wakes),
            )
        };
        shutdown.run_until_cancelled(Box::pin(loops)).await;
    }
}

/// Looks after the resources of a kind in an account and region.
struct Patrol<T: Tracked> {
    place: Arc<Place>,
    inventory: Inventory<T>,
}

impl<T: Tracked> Patrol<T> {
    fn of(scope: &Scope) -> Self {
        Self { place: Arc::clone(scope.place()), inventory: T::inventory(scope).clone() }
    }

    /// Who reads a resource.
    fn reader_of(&self, name: &str) -> Option<Arc<Scope>> {
        self.place.reader_of(&self.inventory.registered_by(name))
    }
}

async fn sweep_loop<T: Tracked>(patrol: &Patrol<T>, interval: Duration, wakes: &mpsc::UnboundedSender<Wake>) {
    registered(&patrol.inventory).await;
    let (mut strategy, mut retry) = (Strategy::of(T::PAGE), RETRY_MIN);
    loop {
        let wait = match sweep(patrol, &mut strategy).await {
            Ok(differences) => {
                retry = RETRY_MIN;
                send(patrol, differences, wakes);
                jittered(interval, JITTER, rand::rng().random())
            }
            Err(error) => {
                let (code, class) = (&error.code, error.class.as_str());
                tracing::warn!(
                    account = patrol.place.account,
                    region = patrol.place.region,
                    listed = T::LISTED.as_str(),
                    code,
                    class,
                    "sweep failed"
                );
                let wait = jittered(retry, JITTER, rand::rng().random());
                retry = (retry * 2).min(RETRY_MAX);
                wait
            }
        };
        let next = Instant::now() + wait;
        if wait.is_zero() || wait > KEPT {
            tokio::time::sleep(KEPT).await;
            patrol.inventory.tidy();
        }
        if wait.is_zero() {
            return;
        }
        tokio::time::sleep_until(next).await;
    }
}

async fn registered<T: Tracked>(inventory: &Inventory<T>) {
    let (until, mut owned) = (Instant::now() + QUIET_MAX, None);
    while owned != Some(inventory.owned()) && Instant::now() < until {
        owned = Some(inventory.owned());
        tokio::time::sleep(QUIET).await;
    }
}

fn send<T: Tracked>(patrol: &Patrol<T>, differences: Vec<Difference>, wakes: &mpsc::UnboundedSender<Wake>) {
    for Difference { name, why } in differences {
        let (account, region) = (patrol.place.account.clone(), patrol.place.region.clone());
        // Nobody listens any more only at the end.
        drop(wakes.send(Wake { account, region, listed: T::LISTED, name, why }));
    }
}

fn jittered(interval: Duration, jitter: f64, random: f64) -> Duration {
    interval.mul_f64(1.0 + jitter.clamp(0.0, 1.0) * random)
}

/// What decides how the next sweep is made.
#[derive(Clone, Copy, Debug)]
struct Strategy {
    /// How many resources a page has.
    page: usize,
    /// How many pages the whole account had when it was last listed.
    pages: Option<usize>,
    denied: bool,
    /// Sweeps since the account was last listed, or listing it was last tried.
    since_listed: u32,
}

impl Strategy {
    fn of(page: i32) -> Self {
        Self { page: usize::try_from(page).unwrap_or(1), pages: None, denied: false, since_listed: 0 }
    }

    fn mode(self, owned: usize) -> Mode {
        if self.since_listed >= MEASURE_EVERY {
            return Mode::List;
        }
        match self.pages {
            _ if self.denied => Mode::PerResource,
            Some(pages) if owned < pages => Mode::PerResource,
            _ => Mode::List,
        }
    }

    fn listed(&mut self, resources: usize) {
        let pages = Some(resources.div_ceil(self.page).max(1));
        *self = Self { pages, denied: false, since_listed: 0, ..*self };
    }

    fn was_denied(&mut self) {
        *self = Self { denied: true, since_listed: 0, ..*self };
    }
}

/// One complete sweep.
async fn sweep<T: Tracked>(patrol: &Patrol<T>, strategy: &mut Strategy) -> Result<Vec<Difference>, AwsError> {
    let Patrol { place, inventory } = patrol;
    let started = Instant::now();
    if inventory.owned() == 0 {
        return Ok(inventory.complete(started, BTreeMap::new()));
    }
    let mode = strategy.mode(inventory.owned());
    let mut seen = None;
    if mode == Mode::List {
        match list_as_anybody::<T>(place, strategy).await {
            Err(error) if error.class == Class::AccessDenied => {
                strategy.was_denied();
            }
            listed => seen = Some(listed?),
        }
    }
    let seen = match seen {
        Some(seen) => seen,
        None => read_each(patrol, strategy).await?,
    };
    let next = strategy.mode(inventory.owned());
    if next != inventory.mode() {
        let Place { account, region, .. } = &**place;
        tracing::info!(account, region, listed = T::LISTED.as_str(), mode = ?next, "sweeps change their way");
        inventory.set_mode(next);
    }
    if let Some(scope) = place.readers().first() {
        scope.observer().swept(scope.account(), scope.region(), T::LISTED, next);
    }
    Ok(inventory.complete(started, seen))
}

/// What was seen of each owned resource, by name.
type SeenByName<T> = BTreeMap<String, Seen<<T as Tracked>::Observed>>;

/// Lists with the first credentials that may.
async fn list_as_anybody<T: Tracked>(
    place: &Place,
    strategy: &mut Strategy,
) -> Result<SeenByName<T>, AwsError> {
    let mut refusal = nobody();
    for scope in place.readers() {
        match list::<T>(&scope, strategy).await {
            Err(error) if is_of_the_credentials(&error) => refusal = error,
            answer => return answer,
        }
    }
    Err(refusal)
}

/// Whether other credentials may fare better.
fn is_of_the_credentials(error: &AwsError) -> bool {
    matches!(
        error.class,
        Class::AccessDenied
            | Class::Auth
            | Class::RoleRefused
            | Class::RegionRefused
            | Class::AccountMismatch
    )
}

fn nobody() -> AwsError {
    AwsError::new("List", Class::Transient, "NoCredentials", "nobody works here at present")
}

async fn list<T: Tracked>(scope: &Scope, strategy: &mut Strategy) -> Result<SeenByName<T>, AwsError> {
    let (mut seen, mut resources, mut marker) = (BTreeMap::new(), 0, None);
    loop {
        let (page, next) = T::list(scope, marker).await?;
        resources += page.len();
        let ours = page.into_iter().filter(|(name, _)| T::inventory(scope).is_owned(name));
        seen.extend(ours.map(|(name, observed)| (name, Seen { observed: Some(observed), failed: false })));
        marker = next;
        if marker.is_none() {
            strategy.listed(resources);
            return Ok(seen);
        }
    }
}

async fn read_each<T: Tracked>(
    patrol: &Patrol<T>,
    strategy: &mut Strategy,
) -> Result<SeenByName<T>, AwsError> {
    let (mut seen, mut refusal) = (BTreeMap::new(), None);
    for name in patrol.inventory.names() {
        let scope = patrol.reader_of(&name).ok_or_else(nobody)?;
        let (observed, failed) = match T::read(&scope, &name).await {
            Ok(observed) => (observed, false),
            // Concerns this one only.
            Err(error) if matches!(error.class, Class::AccessDenied | Class::Terminal) => (None, true),
            // Concerns those with the same credentials.
            Err(error) if is_of_the_credentials(&error) => {
                refusal = Some(error);
                (None, true)
            }
            Err(error) => return Err(error),
        };
        seen.insert(name, Seen { observed, failed });
    }
    if let Some(refusal) = refusal.filter(|_| seen.values().all(|seen| seen.failed)) {
        return Err(refusal);
    }
    strategy.since_listed += 1;
    Ok(seen)
}

/// Reads the expected resources in turn, evenly spread over the interval.
async fn rotation_loop<T: Tracked>(
    patrol: &Patrol<T>,
    interval: Duration,
    wakes: &mpsc::UnboundedSender<Wake>,
) {
    if interval.is_zero() {
        return;
    }
    // Else the pace would at first be that of a single one.
    registered(&patrol.inventory).await;
    let mut last = String::new();
    loop {
        rotation_pause(&patrol.inventory, interval).await;
        let Some(name) = patrol.inventory.next_expected(&last) else { continue };
        if let Some(why) = look(patrol, &name).await {
            send(patrol, vec![Difference { name: name.clone(), why }], wakes);
        }
        last = name;
    }
}

/// Until the next one's turn, which comes sooner when more are registered meanwhile.
async fn rotation_pause<T: Tracked>(inventory: &Inventory<T>, interval: Duration) {
    let started = Instant::now();
    loop {
        let rest = rotation_step(interval, inventory.expected()).saturating_sub(started.elapsed());
        if rest.is_zero() {
            return;
        }
        tokio::time::sleep(rest.min(Duration::from_secs(10))).await;
    }
}

fn rotation_step(interval: Duration, expected: usize) -> Duration {
    let expected = u32::try_from(expected.max(1)).unwrap_or(u32::MAX);
    (interval / expected).max(Duration::from_millis(1))
}

/// Reads one resource. `None`: as expected, or the engine knows better, or AWS couldn't say, in which case the next
/// round will.
async fn look<T: Tracked>(patrol: &Patrol<T>, name: &str) -> Option<Why> {
    let asked = Instant::now();
    let reader = patrol.reader_of(name)?;
    let answer = T::read(&reader, name).await.ok()?;
    let expected = patrol.inventory.expected_before(name, asked);
    match answer {
        None => (!expected.is_empty()).then_some(Why::Vanished),
        Some(observed) => {
            expected.iter().any(|expected| T::differs(expected, &observed)).then_some(Why::Changed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_functions_in_a_large_account_are_read_one_by_one() {
        let mut strategy = Strategy::of(50);
        assert_eq!(strategy.mode(0), Mode::List, "how large the account is, only a listing tells");
        strategy.listed(1000);
        assert_eq!((strategy.mode(19), strategy.mode(20)), (Mode::PerResource, Mode::List));
        strategy.listed(20);
        assert_eq!((strategy.mode(0), strategy.mode(1)), (Mode::PerResource, Mode::List));
    }

    #[test]
    fn who_may_not_list_reads_one_by_one() {
        let mut strategy = Strategy::of(50);
        strategy.was_denied();
        assert_eq!(strategy.mode(10_000), Mode::PerResource);
    }

    #[test]
    fn now_and_then_the_account_is_listed_again() {
        let mut strategy = Strategy::of(50);
        strategy.listed(1000);
        strategy.since_listed = MEASURE_EVERY;
        assert_eq!(strategy.mode(1), Mode::List);
        strategy.was_denied();
        assert_eq!(strategy.mode(1), Mode::PerResource);
    }

    #[test]
    fn jitter_only_makes_longer() {
        let minute = Duration::from_mins(1);
        assert_eq!(jittered(minute, 0.1, 0.0), minute);
        assert_eq!(jittered(minute, 0.1, 1.0), Duration::from_secs(66));
        assert_eq!(jittered(Duration::ZERO, 0.1, 1.0), Duration::ZERO);
    }

    #[test]
    fn the_rotation_is_even() {
        assert_eq!(rotation_step(Duration::from_mins(30), 0), Duration::from_mins(30));
        assert_eq!(rotation_step(Duration::from_mins(30), 1800), Duration::from_secs(1));
    }
}
