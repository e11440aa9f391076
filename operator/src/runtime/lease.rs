//! What a contender for the leader lease knows and does next. Pure: the clocks are arguments.
//! Called by the election in [`super::leader`].
//!
//! Clocks of other nodes are never trusted. A foreign lease ends when *we* have seen it unchanged for its
//! duration, counted on our monotonic clock from the moment we first saw it in its present form. The holder
//! stops earlier by itself (`renew_deadline` < `lease_duration`, counted from before its last renewal was
//! sent), so nobody takes over while it still works. `renewTime` is written for people and only compared.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::leader::LeaderSettings;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nobody holds the lease, or its holder let it expire: take it.
    Acquire,
    /// The lease is ours: renew it.
    Renew,
    /// Somebody else holds it: look again after this long.
    Wait(Duration),
    /// We led and don't any more.
    Lost,
}

/// What a contender knows of the lease.
#[derive(Debug)]
pub struct View {
    /// The lease as it was last read or written; `None` when there is none.
    lease: Option<Lease>,
    /// When a contender that isn't the holder may take it.
    free_at: Option<Instant>,
    /// While we lead: when our last successful renewal stops counting.
    leading_until: Option<Instant>,
    /// Whether the next decision needs a read first.
    stale: bool,
}

impl Default for View {
    fn default() -> Self {
        Self { lease: None, free_at: None, leading_until: None, stale: true }
    }
}

impl View {
    /// Whether the lease must be read before the next decision. A contender always reads; the leader only when
    /// something other than its own last write may be there.
    pub fn needs_read(&self) -> bool {
        self.stale || self.leading_until.is_none()
    }

    /// Until when we lead, if we do.
    pub fn leading_until(&self) -> Option<Instant> {
        self.leading_until
    }

    /// The name of the holder, if there is one.
    pub fn holder(&self) -> Option<&str> {
        self.lease.as_ref().and_then(holder)
    }

    /// Takes in what a read gave. `now` is when its answer had arrived.
    pub fn observe(&mut self, now: Instant, lease: Option<Lease>, settings: &LeaderSettings) {
        self.stale = false;
        let unchanged = match (&self.lease, &lease) {
            (Some(before), Some(after)) => before.spec == after.spec,
            (None, None) => true,
            _ => false,
        };
        if !unchanged || self.free_at.is_none() {
            // A lease that was deleted under its holder counts as held: it may be about to write it again.
            let held = lease.as_ref().or(self.lease.as_ref());
            self.free_at = Some(now + held.map_or(Duration::ZERO, |held| held_for(held, settings)));
        }
        self.lease = lease;
    }

    /// Takes in that our write at `start` has succeeded and gave `lease`.
    pub fn wrote(&mut self, start: Instant, lease: Lease, settings: &LeaderSettings) {
        self.lease = Some(lease);
        self.free_at = Some(start);
        self.leading_until = Some(start + settings.renew_deadline);
        self.stale = false;
    }

    /// Takes in that a write was refused or its outcome is unknown.
    pub fn forget(&mut self) {
        self.stale = true;
    }

    /// What to do next.
    pub fn decide(&self, now: Instant, settings: &LeaderSettings) -> Decision {
        let foreign = self.holder().is_some_and(|holder| holder != settings.identity);
        let ours = self.holder().is_some() && !foreign;
        if let Some(until) = self.leading_until {
            return if foreign || now >= until { Decision::Lost } else { Decision::Renew };
        }
        if ours {
            // A write of ours whose answer got lost; identities are unique to a process.
            return Decision::Renew;
        }
        match self.free_at.map(|free_at| free_at.saturating_duration_since(now)) {
            Some(Duration::ZERO) => Decision::Acquire,
            Some(left) => Decision::Wait(left.min(settings.retry_period)),
            None => Decision::Wait(settings.retry_period),
        }
    }

    /// The lease to write for [`Decision::Acquire`] and [`Decision::Renew`]. With a `resourceVersion` it is a
    /// replacement of exactly what was seen; without one it is to be created.
    pub fn claim(&self, wall: Timestamp, settings: &LeaderSettings) -> Lease {
        let mut lease = self.lease.clone().unwrap_or_else(|| Lease {
            metadata: ObjectMeta { name: Some(settings.name.clone()), ..ObjectMeta::default() },
            spec: None,
        });
        let spec = lease.spec.get_or_insert_default();
        let now = after(wall, spec);
        if spec.holder_identity.as_deref() != Some(&*settings.identity) {
            spec.lease_transitions = Some(spec.lease_transitions.map_or(0, |count| count.saturating_add(1)));
            spec.acquire_time = Some(now.clone());
            spec.holder_identity = Some(settings.identity.clone());
        }
        spec.lease_duration_seconds = Some(seconds(settings.lease_duration));
        spec.renew_time = Some(now);
        lease
    }

    /// The lease to write to hand it over, when it is ours.
    pub fn vacate(&self, wall: Timestamp, settings: &LeaderSettings) -> Option<Lease> {
        let mut lease = self.lease.clone().filter(|lease| holder(lease) == Some(&*settings.identity))?;
        let spec = lease.spec.get_or_insert_default();
        spec.renew_time = Some(after(wall, spec));
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        Some(lease)
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref().filter(|holder| !holder.is_empty())
}

/// How long a lease that just changed keeps others away.
fn held_for(lease: &Lease, settings: &LeaderSettings) -> Duration {
    if holder(lease).is_none_or(|holder| holder == settings.identity) {
        return Duration::ZERO;
    }
    let written = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
    written
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(settings.lease_duration, Duration::from_secs)
}

/// Whole seconds, rounded up: others must not count less than we do.
fn seconds(duration: Duration) -> i32 {
    let up = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(up.max(1)).unwrap_or(i32::MAX)
}

/// The wall clock in the microseconds of a Lease, moved on when it stands still: a renewal that changes
/// nothing is invisible to the others.
fn after(wall: Timestamp, spec: &LeaseSpec) -> MicroTime {
    let now = Timestamp::from_microsecond(wall.as_microsecond()).unwrap_or(wall);
    match &spec.renew_time {
        Some(MicroTime(before)) if before.as_microsecond() == now.as_microsecond() => {
            MicroTime(now.saturating_add(SignedDuration::from_micros(1)).unwrap_or(now))
        }
        _ => MicroTime(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(identity: &str) -> LeaderSettings {
        LeaderSettings { identity: identity.to_owned(), ..LeaderSettings::default() }
    }

    fn wall(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn held_by(identity: &str, renewed: i64) -> Lease {
        View::default().claim(wall(renewed), &settings(identity))
    }

    fn spec(lease: &Lease) -> &LeaseSpec {
        lease.spec.as_ref().unwrap()
    }

    #[test]
    fn with_the_default_times_a_dead_leader_is_replaced_within_20_seconds() {
        let (ours, died) = (settings("standby"), Instant::now());
        // The standby last looked right after the renewal, right before it, or in between.
        for phase in (0..=20).map(|tenth| ours.retry_period * tenth / 20) {
            let (mut view, mut now) = (View::default(), died + phase);
            loop {
                view.observe(now, Some(held_by("dead", 0)), &ours);
                match view.decide(now, &ours) {
                    Decision::Wait(pause) => now += pause,
                    decision => break assert_eq!(decision, Decision::Acquire),
                }
            }
            let taken = now - died;
            assert!(
                taken >= ours.lease_duration && taken < Duration::from_secs(20),
                "{taken:?} at {phase:?}"
            );
        }
    }

    #[test]
    fn a_contender_decides_by_holder_and_by_what_it_saw_itself() {
        let start = Instant::now();
        let us = settings("us");
        let vacant = {
            let mut view = View::default();
            view.observe(start, Some(held_by("them", 0)), &settings("them"));
            view.vacate(wall(1), &settings("them")).unwrap()
        };
        let mut unnamed = held_by("them", 0);
        unnamed.spec.as_mut().unwrap().holder_identity = None;
        let mut short = held_by("them", 0);
        short.spec.as_mut().unwrap().lease_duration_seconds = Some(3);
        let mut unsaid = held_by("them", 0);
        unsaid.spec.as_mut().unwrap().lease_duration_seconds = None;
        let wait = |seconds| Decision::Wait(seconds * SECOND);

        for (case, lease, elapsed, expected) in [
            ("no lease", None, 0, Decision::Acquire),
            ("released", Some(vacant), 0, Decision::Acquire),
            ("holder unset", Some(unnamed), 0, Decision::Acquire),
            ("our own write came back", Some(held_by("us", 0)), 0, Decision::Renew),
            ("theirs, new to us", Some(held_by("them", 0)), 0, wait(2)),
            ("theirs, nearly expired", Some(held_by("them", 0)), 14, wait(1)),
            ("theirs, expired", Some(held_by("them", 0)), 15, Decision::Acquire),
            ("their clock is an hour behind", Some(held_by("them", -3600)), 0, wait(2)),
            ("their clock is an hour ahead", Some(held_by("them", 3600)), 15, Decision::Acquire),
            ("their own duration counts", Some(short.clone()), 2, wait(1)),
            ("their own duration is over", Some(short), 3, Decision::Acquire),
            ("no duration means ours", Some(unsaid.clone()), 14, wait(1)),
            ("no duration, ours is over", Some(unsaid), 15, Decision::Acquire),
        ] {
            let mut view = View::default();
            view.observe(start, lease.clone(), &us);
            view.observe(start + elapsed * SECOND, lease, &us);
            assert_eq!(view.decide(start + elapsed * SECOND, &us), expected, "{case}");
        }
    }

    #[test]
    fn nothing_read_means_nothing_taken() {
        assert_eq!(View::default().decide(Instant::now(), &settings("us")), Decision::Wait(2 * SECOND));
        assert!(View::default().needs_read());
    }

    #[test]
    fn each_renewal_that_we_see_starts_the_count_again() {
        let start = Instant::now();
        let us = settings("us");
        let mut view = View::default();
        for seconds in [0_u32, 10, 20, 30] {
            view.observe(start + seconds * SECOND, Some(held_by("them", seconds.into())), &us);
        }
        assert_eq!(view.decide(start + 44 * SECOND, &us), Decision::Wait(SECOND));
        assert_eq!(view.decide(start + 45 * SECOND, &us), Decision::Acquire);
    }

    #[test]
    fn a_change_of_metadata_alone_does_not_prolong_a_dead_holder() {
        let start = Instant::now();
        let us = settings("us");
        let mut lease = held_by("them", 0);
        let mut view = View::default();
        view.observe(start, Some(lease.clone()), &us);
        lease.metadata.resource_version = Some("99".to_owned());
        view.observe(start + 15 * SECOND, Some(lease), &us);
        assert_eq!(view.decide(start + 15 * SECOND, &us), Decision::Acquire);
        assert_eq!(view.claim(wall(0), &us).metadata.resource_version.as_deref(), Some("99"));
    }

    #[test]
    fn a_lease_deleted_under_its_holder_is_left_to_it_for_a_while() {
        let start = Instant::now();
        let us = settings("us");
        let mut view = View::default();
        view.observe(start, Some(held_by("them", 0)), &us);
        view.observe(start + SECOND, None, &us);
        assert_eq!(view.decide(start + 15 * SECOND, &us), Decision::Wait(SECOND));
        assert_eq!(view.decide(start + 16 * SECOND, &us), Decision::Acquire);
    }

    #[test]
    fn the_leader_renews_until_its_deadline_and_is_lost_after_it() {
        let start = Instant::now();
        let us = settings("us");
        let mut view = View::default();
        view.wrote(start, held_by("us", 0), &us);
        assert!(!view.needs_read());
        assert_eq!(view.decide(start + 9 * SECOND, &us), Decision::Renew);
        assert_eq!(view.decide(start + 10 * SECOND, &us), Decision::Lost);
        assert_eq!(view.decide(start + 3600 * SECOND, &us), Decision::Lost);
    }

    #[test]
    fn after_a_409_the_leader_reads_and_goes_by_the_holder() {
        let start = Instant::now();
        let us = settings("us");
        for (case, lease, expected) in [
            ("somebody labelled it", Some(held_by("us", 0)), Decision::Renew),
            ("somebody deleted it", None, Decision::Renew),
            ("somebody took it", Some(held_by("them", 0)), Decision::Lost),
        ] {
            let mut view = View::default();
            view.wrote(start, held_by("us", 0), &us);
            view.forget();
            assert!(view.needs_read(), "{case}");
            view.observe(start + SECOND, lease, &us);
            assert_eq!(view.decide(start + SECOND, &us), expected, "{case}");
        }
    }

    #[test]
    fn of_two_contenders_the_loser_of_the_write_waits_for_the_winner() {
        let start = Instant::now();
        let (a, b) = (settings("a"), settings("b"));
        let (mut first, mut second) = (View::default(), View::default());
        first.observe(start, None, &a);
        second.observe(start, None, &b);
        assert_eq!(first.decide(start, &a), Decision::Acquire);
        assert_eq!(second.decide(start, &b), Decision::Acquire);
        let won = first.claim(wall(0), &a);
        first.wrote(start, won.clone(), &a);
        second.forget();
        second.observe(start + SECOND, Some(won), &b);
        assert_eq!(first.decide(start + SECOND, &a), Decision::Renew);
        assert_eq!(second.decide(start + SECOND, &b), Decision::Wait(2 * SECOND));
    }

    #[test]
    fn a_holder_has_stopped_before_anybody_may_take_over() {
        let start = Instant::now();
        let (a, b) = (settings("a"), settings("b"));
        let (mut holder, mut other) = (View::default(), View::default());
        holder.wrote(start, held_by("a", 0), &a);
        other.observe(start, Some(held_by("a", 0)), &b); // can't see it before it was sent
        let taken = (0..30_u32).find(|&s| other.decide(start + s * SECOND, &b) == Decision::Acquire).unwrap();
        let stopped = (0..30_u32).find(|&s| holder.decide(start + s * SECOND, &a) == Decision::Lost).unwrap();
        assert!(stopped < taken, "stopped after {stopped} s, taken after {taken} s");
    }

    #[test]
    fn transitions_and_times_are_kept_right() {
        let (a, b) = (settings("a"), settings("b"));
        let now = Instant::now();
        let created = View::default().claim(wall(0), &a);
        assert_eq!(spec(&created).lease_transitions, Some(0));
        assert_eq!(spec(&created).acquire_time, Some(MicroTime(wall(0))));
        assert_eq!(spec(&created).lease_duration_seconds, Some(15));

        let mut view = View::default();
        view.observe(now, Some(created), &a);
        let renewed = view.claim(wall(2), &a);
        assert_eq!(spec(&renewed).lease_transitions, Some(0));
        assert_eq!(spec(&renewed).acquire_time, Some(MicroTime(wall(0))));
        assert_eq!(spec(&renewed).renew_time, Some(MicroTime(wall(2))));

        view.observe(now, Some(renewed), &a);
        let released = view.vacate(wall(3), &a).unwrap();
        assert_eq!(spec(&released).holder_identity.as_deref(), Some(""));
        assert_eq!(spec(&released).lease_duration_seconds, Some(1));
        assert_eq!(spec(&released).lease_transitions, Some(0));

        view.observe(now, Some(released), &b);
        let taken = view.claim(wall(4), &b);
        assert_eq!(spec(&taken).holder_identity.as_deref(), Some("b"));
        assert_eq!(spec(&taken).lease_transitions, Some(1));
        assert_eq!(spec(&taken).acquire_time, Some(MicroTime(wall(4))));
        assert_eq!(spec(&taken).lease_duration_seconds, Some(15));

        view.observe(now, Some(taken), &b);
        assert_eq!(view.vacate(wall(5), &a), None);
    }

    #[test]
    fn a_renewal_shows_even_when_the_wall_clock_stands_still() {
        let us = settings("us");
        let mut view = View::default();
        view.observe(Instant::now(), Some(held_by("us", 0)), &us);
        assert_ne!(spec(&view.claim(wall(0), &us)), spec(&held_by("us", 0)));
    }

    #[test]
    fn durations_are_written_in_whole_seconds_rounded_up() {
        for (millis, expected) in [(1, 1), (999, 1), (1000, 1), (1001, 2), (15_000, 15)] {
            assert_eq!(seconds(Duration::from_millis(millis)), expected);
        }
    }
}
