//! When refused credentials are tried again, as plain arithmetic: the clock is an argument.

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
    due: Instant,
    delay: Duration,
}

impl<E> Pause<E> {
    /// Off. `min` is the wait before the first try, `max` the longest wait.
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        let min = min.max(Duration::from_millis(1));
        Self { min, max: max.max(min), on: None }
    }

    /// Why it is on.
    pub(super) fn error(&self) -> Option<&E> {
        self.on.as_ref().map(|on| &on.error)
    }

    /// When to try next, while on.
    pub(super) fn due(&self) -> Option<Instant> {
        self.on.as_ref().map(|on| on.due)
    }

    /// Whether it is on and time to try.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// Switches on, or keeps on after another failure.
    pub(super) fn begin(&mut self, error: E, now: Instant) {
        let delay = self.on.as_ref().map_or(self.min, |on| (on.delay * 2).min(self.max));
        self.on = Some(On { error, due: now + delay, delay });
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
        assert!(!pause.is_due(now));
        let waits = [1, 2, 4, 5, 5].map(|_| {
            pause.begin("refused", now);
            let due = pause.due().unwrap();
            assert!(!pause.is_due(now) && pause.is_due(due));
            let wait = due - now;
            now = due;
            wait.as_secs()
        });
        assert_eq!(waits, [1, 2, 4, 5, 5]);
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
