//! Whether the process makes progress: `/healthz` asks, and the kubelet restarts a process that doesn't.
//!
//! What has to go on (the runtime itself, the loops, each visit) gives a sign of life at every step, whatever the step came
//! to: an AWS that is down, an API server that doesn't answer or a throttled account end steps with an error, and that is
//! progress. A step has a time limit of its own, so one that lasts several times as long hangs for a reason that only a
//! restart cures. Waiting for the quota or for the first lists has no limit, and isn't counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How often a loop that has nothing to do gives a sign of life.
pub const BEAT: Duration = Duration::from_secs(10);
/// How long a loop may be silent: far more than a starved CPU costs it.
pub const SILENCE: Duration = Duration::from_mins(2);

tokio::task_local! {
    /// The visit that the current task makes.
    static VISIT: Arc<Pulse>;
}

/// Knows everything that has to go on. Cheap to clone; all clones speak of the same.
#[derive(Clone, Debug, Default)]
pub struct Watchdog(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    next: u64,
    pulses: BTreeMap<u64, State>,
}

#[derive(Debug)]
struct State {
    what: &'static str,
    limit: Duration,
    /// The last sign of life; `None`: it waits for something that may take as long as it likes.
    last: Option<Instant>,
}

/// Something that hasn't moved for longer than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no progress for {} s: {what}", silent.as_secs())]
pub struct Stuck {
    /// What it is; of a visit the kind.
    pub what: &'static str,
    /// For how long.
    pub silent: Duration,
}

impl Watchdog {
    /// Watches something from now until its pulse is dropped. `limit`: how long it may be silent.
    pub fn watch(&self, what: &'static str, limit: Duration) -> Pulse {
        let mut watched = self.0.lock();
        let id = watched.next;
        watched.next += 1;
        watched.pulses.insert(id, State { what, limit, last: Some(Instant::now()) });
        Pulse { watchdog: self.clone(), id }
    }

    /// Watches a visit, which gives its signs of life through [`progress`] and [`unhurried`].
    pub async fn visit<T>(&self, what: &'static str, limit: Duration, visit: impl Future<Output = T>) -> T {
        let pulse = Arc::new(self.watch(what, limit));
        VISIT.scope(pulse, visit).await
    }

    /// Proves, for as long as it is polled, that the runtime runs its tasks and its timers.
    pub async fn heartbeat(&self) {
        let pulse = self.watch("the runtime", SILENCE);
        loop {
            tokio::time::sleep(BEAT).await;
            pulse.beat();
        }
    }

    /// What hangs at `now`, if anything does: that which is silent for the longest time.
    pub fn stuck(&self, now: Instant) -> Option<Stuck> {
        let watched = self.0.lock();
        let overdue = watched.pulses.values().filter_map(|State { what, limit, last }| {
            let silent = now.saturating_duration_since((*last)?);
            (silent > *limit).then_some(Stuck { what, silent })
        });
        overdue.max_by_key(|stuck| stuck.silent)
    }

    fn set(&self, id: u64, last: Option<Instant>) {
        if let Some(state) = self.0.lock().pulses.get_mut(&id) {
            state.last = last;
        }
    }
}

/// Signs of life of one thing. It is watched until this is dropped.
#[derive(Debug)]
pub struct Pulse {
    watchdog: Watchdog,
    id: u64,
}

impl Pulse {
    /// It has made a step.
    pub fn beat(&self) {
        self.watchdog.set(self.id, Some(Instant::now()));
    }

    /// It waits for something that has no time limit, until the next [`Pulse::beat`].
    pub fn rest(&self) {
        self.watchdog.set(self.id, None);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.watchdog.0.lock().pulses.remove(&self.id);
    }
}

/// The visit that the current task makes, if it makes one, has ended a step.
pub fn progress() {
    let _ = VISIT.try_with(|pulse| pulse.beat());
}

/// Waits for what has no time limit: the visit that the current task makes isn't expected to move meanwhile.
pub async fn unhurried<T>(wait: impl Future<Output = T>) -> T {
    /// Also when the wait is given up.
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            progress();
        }
    }
    let _ = VISIT.try_with(|pulse| pulse.rest());
    let _over = Over;
    wait.await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(10);

    fn after(minutes: u64) -> Instant {
        Instant::now() + Duration::from_mins(minutes)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_silent_for_too_long_is_stuck_until_it_moves_or_ends() {
        let watchdog = Watchdog::default();
        let (loops, visit) = (watchdog.watch("a loop", SILENCE), watchdog.watch("a visit", LIMIT));
        assert_eq!(watchdog.stuck(after(2)), None);
        assert_eq!(watchdog.stuck(after(3)).unwrap().what, "a loop");
        tokio::time::advance(Duration::from_mins(11)).await;
        loops.beat();
        let stuck = watchdog.stuck(Instant::now()).unwrap();
        assert_eq!(stuck.to_string(), "no progress for 660 s: a visit");
        drop(visit);
        assert_eq!(watchdog.stuck(Instant::now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_visit_may_wait_for_its_turn_as_long_as_it_likes() {
        let watchdog = Watchdog::default();
        let outside = watchdog.clone();
        let visit = watchdog.visit("a visit", LIMIT, async {
            unhurried(tokio::time::sleep(Duration::from_hours(5))).await;
            assert_eq!(outside.stuck(after(9)), None, "its time begins when it has its turn");
            assert!(outside.stuck(after(11)).is_some());
            let given_up = unhurried(std::future::pending::<()>());
            assert!(tokio::time::timeout(Duration::from_hours(1), given_up).await.is_err());
            assert!(outside.stuck(after(11)).is_some(), "nor does a wait that is given up hide anything");
            std::future::pending::<()>().await;
        });
        tokio::select! {
            () = visit => {}
            () = async {
                for _ in 0..290 {
                    tokio::time::sleep(Duration::from_mins(1)).await;
                    assert_eq!(outside.stuck(Instant::now()), None);
                }
                tokio::time::sleep(Duration::from_mins(90)).await;
            } => {}
        }
        assert_eq!(outside.stuck(after(60)), None, "nobody visits any more");
    }

    #[tokio::test(start_paused = true)]
    async fn steps_that_fail_slowly_are_progress() {
        let watchdog = Watchdog::default();
        let outside = watchdog.clone();
        let visit = async {
            for _ in 0..100 {
                let call = tokio::time::timeout(Duration::from_secs(30), std::future::pending::<()>());
                assert!(call.await.is_err(), "nobody answers");
                assert_eq!(outside.stuck(Instant::now()), None);
                progress();
            }
        };
        watchdog.visit("a visit", LIMIT, visit).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_runs_its_tasks_beats_and_one_that_does_not_is_stuck() {
        let watchdog = Watchdog::default();
        let beating = watchdog.clone();
        let heart = tokio::spawn(async move { beating.heartbeat().await });
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_mins(1)).await;
            assert_eq!(watchdog.stuck(Instant::now()), None);
        }
        // Time goes on, and nothing runs.
        assert_eq!(watchdog.stuck(after(3)).unwrap().what, "the runtime");
        heart.abort();
    }
}
