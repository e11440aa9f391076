//! The loops that look for what somebody else changed: a sweep over everything at an interval, and a rotation that
//! reads one function after the other. The engine spawns [`Scope::run_inventory`] once per account and region; both
//! ask in the lowest priority.
//!
//! A sweep costs one ListFunctions per 50 functions of the account. Where that is more than one GetFunction per owned
//! function, or is denied, it reads each owned function instead: GetFunction has a larger quota of its own.
//! <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::Scope;
use super::drift::{Difference, Why, differs};
use super::error::{AwsError, Class};
use super::function::PAGE;
use super::inventory::{KEPT, Listed, Mode, Seen, Wake};
use super::place::Place;
use super::quota::Priority;

/// After so many sweeps by GetFunction the account is listed once more, to see whether that is the better way by now.
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
    /// Looks for changes until the end, and sends each function that is worth a look. The first sweep comes at once,
    /// the others every `sweep` (zero: never); every `rotation` all expected functions are read once (zero: never).
    /// This is done for everybody who works in the account and region, and with the credentials of any.
    pub async fn run_inventory(
        self: Arc<Self>,
        sweep: Duration,
        rotation: Duration,
        wakes: mpsc::UnboundedSender<Wake>,
        shutdown: CancellationToken,
    ) {
        let place = Arc::clone(self.place());
        drop(self);
        let loops = async {
            tokio::join!(sweep_loop(&place, sweep, &wakes), rotation_loop(&place, rotation, &wakes))
        };
        shutdown.run_until_cancelled(Box::pin(loops)).await;
    }
}

async fn sweep_loop(place: &Place, interval: Duration, wakes: &mpsc::UnboundedSender<Wake>) {
    registered(place).await;
    let (mut strategy, mut retry) = (Strategy::default(), RETRY_MIN);
    loop {
        let wait = match sweep(place, &mut strategy).await {
            Ok(differences) => {
                retry = RETRY_MIN;
                send(place, differences, wakes);
                jittered(interval, JITTER, rand::rng().random())
            }
            Err(error) => {
                let (code, class) = (&error.code, error.class.as_str());
                tracing::warn!(account = place.account, region = place.region, code, class, "sweep failed");
                let wait = jittered(retry, JITTER, rand::rng().random());
                retry = (retry * 2).min(RETRY_MAX);
                wait
            }
        };
        let next = Instant::now() + wait;
        if wait.is_zero() || wait > KEPT {
            tokio::time::sleep(KEPT).await;
            place.inventory.tidy();
        }
        if wait.is_zero() {
            return;
        }
        tokio::time::sleep_until(next).await;
    }
}

async fn registered(place: &Place) {
    let (until, mut owned) = (Instant::now() + QUIET_MAX, None);
    while owned != Some(place.inventory.owned()) && Instant::now() < until {
        owned = Some(place.inventory.owned());
        tokio::time::sleep(QUIET).await;
    }
}

fn send(place: &Place, differences: Vec<Difference>, wakes: &mpsc::UnboundedSender<Wake>) {
    for Difference { name, why } in differences {
        let (account, region) = (place.account.clone(), place.region.clone());
        // Nobody listens any more only at the end.
        drop(wakes.send(Wake { account, region, listed: Listed::Function, name, why }));
    }
}

fn jittered(interval: Duration, jitter: f64, random: f64) -> Duration {
    interval.mul_f64(1.0 + jitter.clamp(0.0, 1.0) * random)
}

/// What decides how the next sweep is made.
#[derive(Clone, Copy, Debug, Default)]
struct Strategy {
    /// How many pages the whole account had when it was last listed.
    pages: Option<usize>,
    denied: bool,
    /// Sweeps since the account was last listed, or listing it was last tried.
    since_listed: u32,
}

impl Strategy {
    fn mode(self, owned: usize) -> Mode {
        if self.since_listed >= MEASURE_EVERY {
            return Mode::List;
        }
        match self.pages {
            _ if self.denied => Mode::PerFunction,
            Some(pages) if owned < pages => Mode::PerFunction,
            _ => Mode::List,
        }
    }

    fn listed(&mut self, functions: usize) {
        let page = usize::try_from(PAGE).unwrap_or(1);
        *self = Self { pages: Some(functions.div_ceil(page).max(1)), denied: false, since_listed: 0 };
    }

    fn was_denied(&mut self) {
        *self = Self { denied: true, since_listed: 0, ..*self };
    }
}

/// One complete sweep.
async fn sweep(place: &Place, strategy: &mut Strategy) -> Result<Vec<Difference>, AwsError> {
    let inventory = &place.inventory;
    let started = Instant::now();
    if inventory.owned() == 0 {
        return Ok(inventory.complete(started, BTreeMap::new()));
    }
    let mode = strategy.mode(inventory.owned());
    let mut seen = None;
    if mode == Mode::List {
        match list_as_anybody(place, strategy).await {
            Err(error) if error.class == Class::AccessDenied => {
                strategy.was_denied();
            }
            listed => seen = Some(listed?),
        }
    }
    let seen = match seen {
        Some(seen) => seen,
        None => read_each(place, strategy).await?,
    };
    let next = strategy.mode(inventory.owned());
    if next != inventory.mode() {
        let Place { account, region, .. } = place;
        tracing::info!(account, region, mode = ?next, "sweeps change their way");
        inventory.set_mode(next);
    }
    if let Some(scope) = place.readers().first() {
        scope.observer().swept(scope.account(), scope.region(), next);
    }
    Ok(inventory.complete(started, seen))
}

/// Lists with the first credentials that may.
async fn list_as_anybody(place: &Place, strategy: &mut Strategy) -> Result<BTreeMap<String, Seen>, AwsError> {
    let mut refusal = nobody();
    for scope in place.readers() {
        match list(&scope, strategy).await {
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
    AwsError::new("ListFunctions", Class::Transient, "NoCredentials", "nobody works here at present")
}

async fn list(scope: &Scope, strategy: &mut Strategy) -> Result<BTreeMap<String, Seen>, AwsError> {
    let (mut seen, mut functions, mut marker) = (BTreeMap::new(), 0, None);
    loop {
        let (page, next) = scope.list_functions(marker, Priority::Drift).await?;
        functions += page.len();
        let ours = page.into_iter().filter(|(name, _)| scope.inventory().is_owned(name));
        seen.extend(ours.map(|(name, observed)| (name, Seen { observed: Some(observed), failed: false })));
        marker = next;
        if marker.is_none() {
            strategy.listed(functions);
            return Ok(seen);
        }
    }
}

async fn read_each(place: &Place, strategy: &mut Strategy) -> Result<BTreeMap<String, Seen>, AwsError> {
    let (mut seen, mut refusal) = (BTreeMap::new(), None);
    for name in place.inventory.names() {
        let scope = place.reader_of(&name).ok_or_else(nobody)?;
        let (observed, failed) = match scope.get_function(&name, Priority::Drift).await {
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

/// Reads the expected functions in turn, evenly spread over the interval.
async fn rotation_loop(place: &Place, interval: Duration, wakes: &mpsc::UnboundedSender<Wake>) {
    if interval.is_zero() {
        return;
    }
    // Else the pace would at first be that of a single function.
    registered(place).await;
    let mut last = String::new();
    loop {
        rotation_pause(place, interval).await;
        let Some(name) = place.inventory.next_expected(&last) else { continue };
        if let Some(why) = look(place, &name).await {
            send(place, vec![Difference { name: name.clone(), why }], wakes);
        }
        last = name;
    }
}

/// Until the next function's turn, which comes sooner when more are registered meanwhile.
async fn rotation_pause(place: &Place, interval: Duration) {
    let started = Instant::now();
    loop {
        let rest = rotation_step(interval, place.inventory.expected()).saturating_sub(started.elapsed());
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

/// Reads one function. `None`: as expected, or the engine knows better, or AWS couldn't say, in which case the next
/// round will.
async fn look(place: &Place, name: &str) -> Option<Why> {
    let asked = Instant::now();
    let answer = place.reader_of(name)?.get_function(name, Priority::Drift).await.ok()?;
    let expected = place.inventory.expected_before(name, asked);
    match answer {
        None => (!expected.is_empty()).then_some(Why::Vanished),
        Some(observed) => {
            expected.iter().any(|expected| differs(expected, &observed)).then_some(Why::Changed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_functions_in_a_large_account_are_read_one_by_one() {
        let mut strategy = Strategy::default();
        assert_eq!(strategy.mode(0), Mode::List, "how large the account is, only a listing tells");
        strategy.listed(1000);
        assert_eq!((strategy.mode(19), strategy.mode(20)), (Mode::PerFunction, Mode::List));
        strategy.listed(20);
        assert_eq!((strategy.mode(0), strategy.mode(1)), (Mode::PerFunction, Mode::List));
    }

    #[test]
    fn who_may_not_list_reads_one_by_one() {
        let mut strategy = Strategy::default();
        strategy.was_denied();
        assert_eq!(strategy.mode(10_000), Mode::PerFunction);
    }

    #[test]
    fn now_and_then_the_account_is_listed_again() {
        let mut strategy = Strategy::default();
        strategy.listed(1000);
        strategy.since_listed = MEASURE_EVERY;
        assert_eq!(strategy.mode(1), Mode::List);
        strategy.was_denied();
        assert_eq!(strategy.mode(1), Mode::PerFunction);
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
