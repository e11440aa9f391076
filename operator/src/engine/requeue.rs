//! When an object is visited again by itself: pure schedules, without a clock.

use std::time::Duration;

use crate::engine::verdict::Recheck;
use crate::settings::RecheckSettings;

/// Offsets of the first polls of a transition after the write, in milliseconds.
const FIRST_POLLS: [u64; 5] = [250, 500, 1000, 2000, 4000];

/// How long to wait for the next poll of a transition that began `elapsed` ago: polls come 0.25, 0.5, 1, 2
/// and 4 s after the write, then every 10 s, after ten minutes every 30 s.
pub fn next_poll(elapsed: Duration) -> Duration {
    for offset in FIRST_POLLS.map(Duration::from_millis) {
        if elapsed < offset {
            return offset.saturating_sub(elapsed).max(Duration::from_millis(20));
        }
    }
    Duration::from_secs(if elapsed < Duration::from_mins(10) { 10 } else { 30 })
}

/// How long to wait before a problem is looked at again; `None`: only when something changes.
///
/// `attempt` counts the visits that found the problem before this one, `since_first` is the time since the first.
pub fn next_recheck(
    recheck: Recheck,
    attempt: u32,
    since_first: Duration,
    settings: &RecheckSettings,
) -> Option<Duration> {
    let double = |min: Duration, max: Duration, attempt: u32| {
        min.saturating_mul(2_u32.saturating_pow(attempt.min(20))).min(max)
    };
    let quick = double(settings.propagation_min, settings.propagation_max, attempt);
    match recheck {
        Recheck::Transient => Some(quick),
        Recheck::Propagating if since_first < settings.propagation_window => Some(quick),
        Recheck::Propagating => {
            let over = since_first.saturating_sub(settings.propagation_window).as_secs_f64();
            let first = settings.min.as_secs_f64().max(0.001);
            // The doubling starts anew when the window closes: 30 s, 60 s, … from there.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small positive count"
            )]
            let attempt = (over / first + 1.0).log2().floor() as u32;
            Some(double(settings.min, settings.max, attempt))
        }
        Recheck::Slow => Some(double(settings.min, settings.max, attempt)),
        Recheck::Reluctant => Some(double(settings.min, settings.refused, attempt)),
        Recheck::Refused => Some(settings.refused),
        Recheck::OnChange => None,
    }
}

/// Spreads a delay by up to a tenth; `random` is between 0 and 1.
pub fn jittered(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(1.0 + (random - 0.5) * 0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn polls_follow_the_documented_offsets() {
        let mut at = Duration::ZERO;
        let mut polls = Vec::new();
        while polls.len() < 8 {
            at += next_poll(at);
            polls.push(at.as_millis());
        }
        assert_eq!(polls, [250, 500, 1000, 2000, 4000, 14_000, 24_000, 34_000]);
        assert_eq!(next_poll(Duration::from_secs(601)), Duration::from_secs(30));
    }

    #[test]
    fn slow_rechecks_double_to_five_minutes() {
        let at = |attempt| next_recheck(Recheck::Slow, attempt, Duration::ZERO, &RecheckSettings::default());
        assert_eq!(
            [at(0), at(1), at(2), at(3), at(4)],
            [30, 60, 120, 240, 300].map(|s| Some(Duration::from_secs(s)))
        );
        assert_eq!(at(1000), Some(Duration::from_mins(5)));
    }

    #[test]
    fn propagating_errors_are_quick_for_five_minutes_then_slow() {
        let at = |attempt, since| {
            next_recheck(
                Recheck::Propagating,
                attempt,
                Duration::from_secs(since),
                &RecheckSettings::default(),
            )
        };
        assert_eq!(at(0, 0), Some(millis(1000)));
        assert_eq!(at(3, 7), Some(millis(8000)));
        assert_eq!(at(9, 200), Some(Duration::from_secs(30)));
        assert_eq!(at(12, 301), Some(Duration::from_secs(30)));
        assert_eq!(at(14, 340), Some(Duration::from_mins(1)));
        assert_eq!(at(15, 400), Some(Duration::from_mins(2)));
        assert_eq!(at(40, 9000), Some(Duration::from_mins(5)));
    }

    #[test]
    fn what_aws_undoes_is_done_again_less_and_less_often_up_to_an_hour() {
        let settings = RecheckSettings::default();
        let at =
            |attempt| next_recheck(Recheck::Reluctant, attempt, Duration::ZERO, &settings).unwrap().as_secs();
        assert_eq!([at(0), at(1), at(4), at(6), at(7), at(100)], [30, 60, 480, 1920, 3600, 3600]);
    }

    #[test]
    fn a_refused_spec_waits_an_hour_and_a_wrong_one_for_ever() {
        let settings = RecheckSettings::default();
        assert_eq!(
            next_recheck(Recheck::Refused, 5, Duration::ZERO, &settings),
            Some(Duration::from_hours(1))
        );
        assert_eq!(next_recheck(Recheck::OnChange, 0, Duration::ZERO, &settings), None);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        assert_eq!(jittered(millis(1000), 0.0), millis(900));
        assert_eq!(jittered(millis(1000), 1.0), millis(1100));
    }
}
