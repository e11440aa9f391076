//! What the engine remembers of an object between visits. All of it can be lost: `status` says the rest.

use std::time::{Duration, Instant};

use kube::ResourceExt;
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{RECONCILE_AT, ReferenceVersion};

use crate::account::{Refusal, Terms};
use crate::aws::Registration;
use crate::engine::requeue;
use crate::engine::source::Lookout;
use crate::engine::verdict::{Recheck, Verdict};
use crate::runtime::metrics::Standing;
use crate::settings::RecheckSettings;

/// The memory of one object.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read by its name")]
#[derive(Default)]
pub struct Memory {
    /// What our own last write left.
    written: Option<Written>,
    /// The uid of the object that was let go: while the cache still shows it, there is nothing to do for it any more.
    released: Option<String>,
    /// What the last visit saw.
    pub seen: Option<Seen>,
    /// When to visit again; `None`: when something changes.
    due: Option<Instant>,
    /// When to look at references that aren't watched; `None`: there are none.
    reference_check: Option<Instant>,
    /// What is known of the source; `None`: it can't change under its name, or nobody has looked yet.
    pub source: Option<Lookout>,
    /// How many visits in a row could not be carried through.
    failures: u32,
    /// How often in a row the cache was behind.
    lag: u32,
    /// A change of the spec, a reference or the annotation that was reported but not acted upon: AWS was busy or
    /// didn't answer.
    pub owed: bool,
    /// A visit of this process has come to a verdict.
    pub begun: bool,
    /// Keeps the resource in the inventory.
    pub registration: Option<Registration>,
    /// The last change and how often it was made without taking hold.
    corrections: Option<Corrections>,
    /// Somebody (the inventory, a reference, an account that works again) asks for a look at AWS.
    pub suspicion: bool,
    /// It is the object's turn in the rotation.
    pub in_turn: bool,
    /// When the change that AWS works on was made.
    pub transition: Option<Instant>,
    /// When AWS accepted a change to a resource that no read has shown since.
    pub unseen_since: Option<Instant>,
    /// When the deletion was last sent.
    pub delete_sent: Option<Instant>,
    /// A problem that was there at the last visit.
    pub trouble: Option<Trouble>,
    /// A problem of which AWS may only seem to be cured: it counts on if it comes back.
    relapsing: Option<Trouble>,
    /// AWS answered that the resource exists: read before creating.
    pub exists: bool,
    /// Since when a first sweep is awaited.
    pub awaiting_sweep: Option<Instant>,
    /// How the metrics last counted it.
    pub counted: Option<Standing>,
    /// When work on the present generation began, for the time-to-ready metric.
    pub working_since: Option<Instant>,
}

/// How often the same change is made before it is given up for a while.
const CORRECTIONS: u32 = 3;

/// A change that AWS has accepted, and how often.
struct Corrections {
    paths: Vec<String>,
    times: u32,
}

/// An object at a version.
struct Written {
    uid: Option<String>,
    version: u64,
}

impl Written {
    fn of(object: &impl ResourceExt) -> Option<Self> {
        let version = object.resource_version()?.parse().ok()?;
        Some(Self { uid: object.uid(), version })
    }
}

/// What makes a visit worth its while when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `metadata.uid`.
    pub uid: Option<String>,
    /// `metadata.generation`.
    pub generation: Option<i64>,
    /// Whether the object is being deleted.
    pub deleting: bool,
    /// The reconcile-at annotation.
    pub reconcile_at: Option<String>,
    /// The versions of what it refers to.
    pub references: Vec<ReferenceVersion>,
    /// What its LambdaAccount, if it names one, allows it.
    pub account: Option<Result<Terms, Refusal>>,
}

impl Seen {
    /// What `object` shows now.
    pub fn of(object: &impl ResourceExt, references: Vec<ReferenceVersion>) -> Self {
        Self {
            uid: object.uid(),
            generation: object.meta().generation,
            deleting: object.meta().deletion_timestamp.is_some(),
            reconcile_at: reconcile_at(object),
            references,
            account: None,
        }
    }
}

/// The value of the reconcile-at annotation.
pub fn reconcile_at(object: &impl ResourceExt) -> Option<String> {
    object.annotations().get(RECONCILE_AT).cloned()
}

/// A problem and how often it was met.
#[derive(Clone, Debug)]
pub struct Trouble {
    reason: Reason,
    recheck: Recheck,
    first: Instant,
    attempts: u32,
    /// When it was last there.
    met: Instant,
    /// When the next attempt may be made; `None`: when something changes.
    pub due: Option<Instant>,
}

impl Trouble {
    /// It has stayed away for longer than the longest pause between two attempts.
    fn is_over(&self, now: Instant, settings: &RecheckSettings) -> bool {
        now.saturating_duration_since(self.met) > settings.refused * 2
    }

    /// Counts the attempt that was due, if one was, and uses it up: the next one waits for its own time.
    fn attempted(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            self.attempts += 1;
            self.due = None;
        }
    }
}

impl Memory {
    /// Takes in what our own write left.
    pub fn wrote(&mut self, object: &impl ResourceExt) {
        self.written = Written::of(object);
    }

    /// Whether the cache is behind our own last write: a visit would start from what is no longer so.
    ///
    /// resourceVersions of one resource can be compared as numbers, officially since Kubernetes 1.35
    /// (KEP-5504); where one isn't a number the cache counts as fresh.
    pub fn is_behind(&self, cached: &impl ResourceExt) -> bool {
        let Some((written, cached)) = self.written.as_ref().zip(Written::of(cached)) else { return false };
        written.uid == cached.uid && written.version > cached.version
    }

    /// All that there is to remember of an object that was let go.
    pub fn of_released(object: &impl ResourceExt) -> Self {
        Self { released: object.uid(), ..Self::default() }
    }

    /// Whether this object was let go, and the cache doesn't know yet.
    pub fn has_released(&self, cached: &impl ResourceExt) -> bool {
        self.released.is_some() && self.released == cached.uid()
    }

    /// Forgets what belongs to an earlier generation or an earlier object of the name.
    pub fn turn_to(&mut self, seen: &Seen, now: Instant) {
        self.lag = 0;
        let Some(before) = &self.seen else {
            self.working_since = Some(now);
            return;
        };
        if before.uid != seen.uid {
            *self = Self { written: self.written.take(), working_since: Some(now), ..Self::default() };
        } else if before != seen {
            self.trouble = None;
            self.relapsing = None;
            self.corrections = None;
            self.working_since = Some(now);
        }
    }

    /// Whether a visit is due by the clock.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether references that aren't watched are to be read now, and when again.
    pub fn looks_at_references(&mut self, now: Instant, interval: Duration) -> bool {
        let look = self.seen.is_none() || self.reference_check.is_none_or(|due| due <= now);
        if look {
            self.reference_check = Some(now + interval);
        }
        look
    }

    /// Whether nothing is known that asks for a look at AWS.
    pub fn is_calm(&self) -> bool {
        !self.suspicion && !self.has_news() && self.transition.is_none() && self.trouble.is_none()
    }

    /// Whether the source is worth a visit.
    pub fn has_news(&self) -> bool {
        self.source.as_ref().is_some_and(Lookout::has_news)
    }

    /// How long until the next look, at the object, at what it refers to, or at its source.
    pub fn next_look(&self, now: Instant) -> Option<Duration> {
        let source = self.source.as_ref().and_then(Lookout::due);
        let next = self.due.into_iter().chain(self.reference_check).chain(source).min()?;
        Some(next.saturating_duration_since(now))
    }

    /// Nothing is to be done before something changes.
    pub fn rest(&mut self) {
        self.due = None;
        (self.suspicion, self.in_turn) = (false, false);
        self.working_since = None;
    }

    /// How long to give the cache to catch up with our own last write.
    pub fn catch_up(&mut self) -> Duration {
        self.lag += 1;
        growing(Duration::from_millis(10), self.lag, Duration::from_secs(1))
    }

    /// Somebody else changed the object: how long to give the cache to see it.
    pub fn conflicted(&mut self) -> Duration {
        self.seen = None;
        self.failures += 1;
        growing(Duration::from_millis(25), self.failures, Duration::from_secs(10))
    }

    /// The visit could not be carried through: how long to wait before the next.
    pub fn failed(&mut self, random: f64) -> Duration {
        self.seen = None;
        self.failures += 1;
        requeue::jittered(growing(Duration::from_millis(500), self.failures, Duration::from_mins(1)), random)
    }

    /// The first sweep isn't in: how long to wait for it.
    pub fn await_sweep(&mut self) -> Duration {
        self.seen = None;
        Duration::from_millis(100)
    }

    /// Counts a change of these paths that AWS has accepted.
    pub fn corrected(&mut self, paths: &[String]) {
        match &mut self.corrections {
            Some(corrections) if corrections.paths == paths => corrections.times += 1,
            corrections => *corrections = Some(Corrections { paths: paths.to_vec(), times: 1 }),
        }
    }

    /// Whether AWS accepts a change of these paths again and again and doesn't show it.
    pub fn is_futile(&self, paths: &[String]) -> bool {
        self.corrections.as_ref().is_some_and(|made| made.paths == paths && made.times >= CORRECTIONS)
    }

    /// Whether a failed attempt may be repeated at `now`.
    pub fn retry_due(&self, now: Instant) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.due.is_some_and(|due| due <= now))
    }

    /// Takes in a verdict and, with it, when to visit again by the clock.
    pub fn conclude(&mut self, verdict: &Verdict, now: Instant, settings: &RecheckSettings, random: f64) {
        (self.suspicion, self.in_turn) = (false, false);
        self.failures = 0;
        self.begun = true;
        if let Some(source) = &mut self.source {
            source.heard();
        }
        let wait = match verdict {
            Verdict::Settled(..) => {
                self.transition = None;
                let relapsing = self.trouble.take().filter(|trouble| trouble.recheck == Recheck::Reluctant);
                self.relapsing = relapsing.or(self.relapsing.take());
                self.working_since = None;
                self.corrections = None;
                None
            }
            Verdict::Progress(..) => {
                if let Some(trouble) = &mut self.trouble {
                    trouble.attempted(now);
                }
                let since = *self.transition.get_or_insert(now);
                Some(requeue::next_poll(now.saturating_duration_since(since)))
            }
            Verdict::Problem(reason, _, recheck) => {
                self.transition = None;
                self.met(*reason, *recheck, now, settings, random)
            }
        };
        self.due = wait.map(|wait| now + wait);
    }

    /// Counts a problem, and says when to look at it again.
    fn met(
        &mut self,
        reason: Reason,
        recheck: Recheck,
        now: Instant,
        settings: &RecheckSettings,
        random: f64,
    ) -> Option<Duration> {
        let relapsing = self.relapsing.take().filter(|trouble| !trouble.is_over(now, settings));
        let trouble = self.trouble.take().or(relapsing);
        let trouble = trouble.filter(|t| t.reason == reason && t.recheck == recheck);
        let (first, attempts) = trouble.map_or((now, 0), |mut trouble| {
            trouble.attempted(now);
            (trouble.first, trouble.attempts)
        });
        let since = now.saturating_duration_since(first);
        let wait = requeue::next_recheck(recheck, attempts, since, settings)
            .map(|delay| requeue::jittered(delay, random));
        let due = wait.map(|wait| now + wait);
        self.trouble = Some(Trouble { reason, recheck, first, attempts, met: now, due });
        wait
    }
}

/// A delay that doubles with each attempt, the first being number 1.
fn growing(start: Duration, attempt: u32, longest: Duration) -> Duration {
    start.saturating_mul(2_u32.saturating_pow(attempt.min(20))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_operator_crds::LambdaFunction;

    fn object(version: &str) -> LambdaFunction {
        let text = serde_json::json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction",
            "metadata": {"name": "f", "namespace": "n", "uid": "u", "resourceVersion": version, "generation": 1},
            "spec": {"role": "arn:aws:iam::111122223333:role/r", "code": {"external": {}}},
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_visit_never_starts_from_a_copy_older_than_our_own_write() {
        let mut memory = Memory::default();
        memory.wrote(&object("12"));
        assert!(memory.is_behind(&object("9")));
        assert!(!memory.is_behind(&object("12")) && !memory.is_behind(&object("13")));
    }

    #[test]
    fn what_was_let_go_stays_so_until_another_object_has_the_name() {
        let memory = Memory::of_released(&object("12"));
        assert!(memory.has_released(&object("12")) && memory.has_released(&object("13")));
        let mut another = object("14");
        another.metadata.uid = Some("v".into());
        assert!(!memory.has_released(&another));
        another.metadata.uid = None;
        assert!(!Memory::default().has_released(&another));
    }

    fn problem(recheck: Recheck) -> Verdict {
        Verdict::Problem(Reason::AccessDenied, String::new(), recheck)
    }

    /// Takes in a verdict and says how long until the next look.
    fn conclude(memory: &mut Memory, verdict: &Verdict, now: Instant) -> Option<Duration> {
        memory.conclude(verdict, now, &RecheckSettings::default(), 0.5);
        memory.next_look(now)
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_lasting_problem_is_looked_at_less_and_less_often() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let slow = problem(Recheck::Slow);
        assert_eq!(conclude(&mut memory, &slow, start), Some(seconds(30)));
        assert!(!memory.retry_due(start) && memory.retry_due(start + seconds(30)));
        let early = conclude(&mut memory, &slow, start + seconds(1));
        assert_eq!(early, Some(seconds(30)), "a visit before its time is no attempt");
        assert_eq!(conclude(&mut memory, &slow, start + seconds(40)), Some(seconds(60)));
    }

    #[test]
    fn an_attempt_that_sets_aws_to_work_is_used_up() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let due = start + conclude(&mut memory, &problem(Recheck::Slow), start).unwrap();
        assert!(memory.retry_due(due));
        conclude(&mut memory, &Verdict::Progress(Reason::Updating, String::new()), due);
        assert!(!memory.retry_due(due + seconds(1)), "it fails again, and waits its turn");
        assert_eq!(conclude(&mut memory, &problem(Recheck::Slow), due), Some(seconds(60)));
    }

    #[test]
    fn a_problem_that_comes_back_counts_on_until_it_has_stayed_away() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let (stopped, settled) =
            (problem(Recheck::Reluctant), Verdict::Settled(Reason::Available, String::new()));
        let mut now = start;
        let waits = [30, 60, 120, 240].map(|expected| {
            let wait = conclude(&mut memory, &stopped, now).unwrap();
            assert_eq!(wait, seconds(expected));
            now += wait;
            conclude(&mut memory, &Verdict::Progress(Reason::Updating, String::new()), now);
            conclude(&mut memory, &settled, now + seconds(1));
            assert!(!memory.retry_due(now + seconds(2)), "it is no trouble while it works");
            now += seconds(10);
            wait
        });
        assert_eq!(waits.len(), 4);
        assert_eq!(conclude(&mut memory, &stopped, now + seconds(7300)), Some(seconds(30)));
    }

    #[test]
    fn another_problem_starts_anew() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        conclude(&mut memory, &problem(Recheck::Slow), start);
        let other = Verdict::Problem(Reason::QuotaExceeded, String::new(), Recheck::Slow);
        assert_eq!(conclude(&mut memory, &other, start + seconds(100)), Some(seconds(30)));
    }

    #[test]
    fn what_is_settled_waits_for_a_change() {
        let mut memory = Memory { transition: Some(Instant::now()), ..Memory::default() };
        let settled = Verdict::Settled(Reason::Available, String::new());
        assert_eq!(conclude(&mut memory, &settled, Instant::now()), None);
        assert!(memory.transition.is_none());
    }

    #[test]
    fn references_that_are_not_watched_are_looked_at_whatever_else_is_due() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        assert!(memory.looks_at_references(start, seconds(10)), "at first");
        memory.seen = Some(Seen::of(&object("1"), Vec::new()));
        conclude(&mut memory, &problem(Recheck::OnChange), start);
        assert_eq!(memory.next_look(start), Some(seconds(10)), "a wrong spec waits for its Secret too");
        assert!(!memory.looks_at_references(start + seconds(9), seconds(10)));
        assert!(memory.looks_at_references(start + seconds(10), seconds(10)));
        assert!(!memory.is_due(start + seconds(10)), "it is no visit");
    }

    #[test]
    fn what_cannot_be_carried_through_is_repeated_less_and_less_often() {
        let mut memory = Memory::default();
        let waits = [1, 2, 3].map(|_| memory.failed(0.5).as_millis());
        assert_eq!(waits, [1000, 2000, 4000]);
        assert_eq!((0..20).map(|_| memory.failed(0.5)).max(), Some(seconds(60)));
        conclude(&mut memory, &problem(Recheck::Slow), Instant::now());
        assert_eq!(memory.failed(0.5), seconds(1));
        let mut memory = Memory::default();
        assert_eq!([1, 2, 3].map(|_| memory.catch_up().as_millis()), [20, 40, 80]);
    }

    #[test]
    fn a_change_that_does_not_take_hold_is_made_three_times() {
        let mut memory = Memory::default();
        let paths = ["timeout".to_owned()];
        for _ in 0..3 {
            assert!(!memory.is_futile(&paths));
            memory.corrected(&paths);
        }
        assert!(memory.is_futile(&paths));
        assert!(!memory.is_futile(&["memorySize".to_owned()]), "another change is another matter");
        conclude(&mut memory, &Verdict::Settled(Reason::Available, String::new()), Instant::now());
        assert!(!memory.is_futile(&paths), "it took hold, and somebody changed it again");
    }
}
