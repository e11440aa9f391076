//! When refused credentials are tried again, everywhere (`login`) or in one region (`call`), as plain arithmetic: the
//! clock is an argument.

use std::time::{Duration, Instant};

/// Off, or on with the reason and the time of the next try. Each failed try doubles the wait.
#[derive(Clone, Debug)]
pub(super) struct Pause<E> {
    min: Duration,
    max: Duration,
    on: Option<On<E>>,
}

#[derive(Clone, Debug)]
struct On<E> {
    error: E,
    /// When it was last switched on.
    since: Instant,
    due: Instant,
    delay: Duration,
}

impl<E> Pause<E> {
    /// Off. `min` is the wait before the first try, `max` the longest wait.
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        let min = min.max(Duration::from_millis(1));
        Self { min, max: max.max(min), on: None }
    }

    /// Another one with the same waits, off.
    pub(super) fn like(&self) -> Self {
        Self::new(self.min, self.max)
    }

    /// Why it is on.
    pub(super) fn error(&self) -> Option<&E> {
        self.on.as_ref().map(|on| &on.error)
    }

    /// When to try next, while on.
    pub(super) fn due(&self) -> Option<Instant> {
        self.on.as_ref().map(|on| on.due)
    }

    /// Switches on, or keeps on after another failure.
    pub(super) fn begin(&mut self, error: E, now: Instant) {
        let delay = self.on.as_ref().map_or(self.min, |on| (on.delay * 2).min(self.max));
        self.on = Some(On { error, since: now, due: now + delay, delay });
    }

    /// As [`Pause::begin`], after the failure of a try of that time. Of those that were under way together only the
    /// first counts.
    pub(super) fn begin_at(&mut self, error: E, tried: Instant, now: Instant) {
        if self.on.as_ref().is_none_or(|on| on.since <= tried) {
            self.begin(error, now);
        }
    }

    /// Whether somebody could try.
    pub(super) fn check(&self, now: Instant) -> Result<(), E>
    where
        E: Clone,
    {
        self.on.as_ref().filter(|on| on.due > now).map_or(Ok(()), |on| Err(on.error.clone()))
    }

    /// Whether the caller may try now. While on, whoever is let through has the next one wait.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), E>
    where
        E: Clone,
    {
        self.check(now)?;
        if let Some(on) = &mut self.on {
            on.due = now + on.delay;
        }
        Ok(())
    }

    /// Switches off; whether it was on.
    pub(super) fn end(&mut self) -> bool {
        self.on.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_wait_up_to_the_longest() {
        let (second, mut now) = (Duration::from_secs(1), Instant::now());
        let mut pause = Pause::new(second, 5 * second);
        let waits = [1, 2, 4, 5, 5].map(|_| {
            pause.begin("refused", now);
            let due = pause.due().unwrap();
            assert_eq!((pause.check(now), pause.check(due)), (Err("refused"), Ok(())));
            let wait = due - now;
            now = due;
            wait.as_secs()
        });
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    #[test]
    fn one_at_a_time_is_let_through_and_failures_of_the_same_moment_count_once() {
        let (second, before) = (Duration::from_secs(1), Instant::now());
        let now = before + second;
        let mut pause = Pause::new(second, 60 * second);
        assert_eq!((pause.admit(now), pause.admit(now)), (Ok(()), Ok(())));
        pause.begin_at("refused", now, now);
        pause.begin_at("refused too", before, now);
        assert_eq!((pause.check(now), pause.due()), (Err("refused"), Some(now + second)));
        let later = now + second;
        assert_eq!((pause.check(later), pause.admit(later)), (Ok(()), Ok(())));
        assert_eq!(pause.admit(later), Err("refused"), "somebody is trying");
        pause.begin_at("refused", later, later);
        assert_eq!(pause.due(), Some(later + 2 * second));
    }

    #[test]
    fn the_next_pause_starts_short_again() {
        let (second, now) = (Duration::from_secs(1), Instant::now());
        let mut pause = Pause::new(second, 60 * second);
        pause.begin("a", now);
        pause.begin("b", now);
        assert_eq!(pause.error(), Some(&"b"));
        assert!(pause.end());
        assert!(!pause.end());
        pause.begin("c", now);
        assert_eq!(pause.due(), Some(now + second));
    }
}
