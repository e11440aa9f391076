//! Waiting for what another process will do: the only kind of sleep in the suites.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// What one look may answer: `Option` (there or not), or `Result`, whose error
/// tells what was seen instead.
pub trait Attempt {
    /// What is waited for.
    type Value;

    /// The value, or a description of what was there instead of it.
    fn outcome(self) -> Result<Self::Value, String>;
}

impl<T> Attempt for Option<T> {
    type Value = T;

    fn outcome(self) -> Result<T, String> {
        self.ok_or_else(|| "nothing".to_owned())
    }
}

impl<T, E: Debug> Attempt for Result<T, E> {
    type Value = T;

    fn outcome(self) -> Result<T, String> {
        self.map_err(|seen| format!("{seen:?}"))
    }
}

/// Looks again and again until `look` finds what it looks for. After `timeout` it
/// panics, naming `what` was awaited and what the last look saw.
///
/// Return `Err(what_was_seen)` rather than `None` where a failure should explain itself.
#[track_caller]
pub fn eventually<A: Attempt, F: Future<Output = A>>(
    timeout: Duration,
    what: impl AsRef<str>,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = A::Value> {
    let caller = std::panic::Location::caller();
    async move {
        let (deadline, mut pause) = (Instant::now() + timeout, Duration::from_millis(20));
        let (mut looks, mut seen) = (0_u32, "nothing".to_owned());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, look()).await.map(Attempt::outcome) {
                Ok(Ok(value)) => return value,
                Ok(Err(instead)) => seen = instead,
                Err(_) if looks == 0 => "no answer to the first look".clone_into(&mut seen),
                Err(_) => {}
            }
            looks += 1;
            assert!(
                Instant::now() < deadline,
                "{caller}: waited {timeout:?} for: {}. After {looks} looks, the last saw: {seen}",
                what.as_ref()
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(Duration::from_millis(250));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::eventually;

    #[tokio::test]
    async fn returns_the_first_value_found() {
        let mut looks = 0;
        let found = eventually(Duration::from_secs(5), "a third look", || {
            looks += 1;
            let look = looks;
            async move { (look == 3).then_some(look) }
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "for: a miracle. After ")]
    async fn says_what_was_awaited() {
        eventually(Duration::from_millis(50), "a miracle", || async { None::<()> }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "the last saw: \"Pending\"")]
    async fn says_what_was_seen_last() {
        eventually(Duration::from_millis(50), "Active", || async { Err::<(), _>("Pending") }).await;
    }
}
