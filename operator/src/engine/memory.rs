//! What the engine remembers of an object between visits. All of it can be lost: `status` says the rest.

use std::time::{Duration, Instant};

use kube::ResourceExt;
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{RECONCILE_AT, ReferenceVersion};

use crate::engine::requeue;
use crate::engine::verdict::{Recheck, Verdict};
use crate::runtime::metrics::Standing;
use crate::settings::RecheckSettings;

/// The memory of one object.
#[derive(Default)]
pub struct Memory {
    /// What our own last write left.
    written: Option<Written>,
    /// What the last visit saw.
    pub seen: Option<Seen>,
    /// When to look again; `None`: when something changes.
    pub due: Option<Instant>,
    /// Somebody (the inventory, a reference, an account that works again) asks for a look at AWS.
    pub suspicion: bool,
    /// When the change that AWS works on was made.
    pub transition: Option<Instant>,
    /// When AWS accepted a change to a resource that no read has shown since.
    pub unseen_since: Option<Instant>,
    /// When the deletion was last sent.
    pub delete_sent: Option<Instant>,
    /// A problem that was there at the last visit.
    pub trouble: Option<Trouble>,
    /// AWS answered that the resource exists: read before creating.
    pub exists: bool,
    /// Since when a first sweep is awaited.
    pub awaiting_sweep: Option<Instant>,
    /// The Ready reason and whether it was True, as the metrics last counted it.
    pub counted: Option<Counted>,
    /// When work on the present generation began, for the time-to-ready metric.
    pub working_since: Option<Instant>,
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

/// Under which reason an object is counted, and whether as ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The reason of its condition Ready.
    pub reason: String,
    /// Whether that condition is True.
    pub ready: bool,
}

impl Counted {
    /// The same for the metrics.
    pub fn standing(&self) -> Standing<'_> {
        Standing { reason: &self.reason, ready: self.ready }
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
    /// When the next attempt may be made; `None`: when something changes.
    pub due: Option<Instant>,
}

impl Trouble {
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

    /// Forgets what belongs to an earlier generation or an earlier object of the name.
    pub fn turn_to(&mut self, seen: &Seen, now: Instant) {
        let Some(before) = &self.seen else {
            self.working_since = Some(now);
            return;
        };
        if before.uid != seen.uid {
            *self = Self { written: self.written.take(), working_since: Some(now), ..Self::default() };
        } else if before != seen {
            self.trouble = None;
            self.working_since = Some(now);
        }
    }
}

impl Memory {
    /// Whether a failed attempt may be repeated at `now`.
    pub fn retry_due(&self, now: Instant) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.due.is_some_and(|due| due <= now))
    }

    /// Takes in a verdict and says when to look again; `None`: when something changes.
    pub fn conclude(
        &mut self,
        verdict: &Verdict,
        now: Instant,
        settings: &RecheckSettings,
        random: f64,
    ) -> Option<Duration> {
        self.suspicion = false;
        let wait = match verdict {
            Verdict::Settled(..) => {
                self.transition = None;
                self.trouble = None;
                self.working_since = None;
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
                let trouble = self.trouble.take().filter(|t| t.reason == *reason && t.recheck == *recheck);
                let (first, attempts) = trouble.map_or((now, 0), |mut trouble| {
                    trouble.attempted(now);
                    (trouble.first, trouble.attempts)
                });
                let since = now.saturating_duration_since(first);
                let wait = requeue::next_recheck(*recheck, attempts, since, settings)
                    .map(|delay| requeue::jittered(delay, random));
                let due = wait.map(|wait| now + wait);
                self.trouble = Some(Trouble { reason: *reason, recheck: *recheck, first, attempts, due });
                wait
            }
        };
        self.due = wait.map(|wait| now + wait);
        wait
    }
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

    fn problem(recheck: Recheck) -> Verdict {
        Verdict::Problem(Reason::AccessDenied, String::new(), recheck)
    }

    #[test]
    fn a_lasting_problem_is_looked_at_less_and_less_often() {
        let (mut memory, intervals) = (Memory::default(), RecheckSettings::default());
        let start = Instant::now();
        let first = memory.conclude(&problem(Recheck::Slow), start, &intervals, 0.5).unwrap();
        assert_eq!(first, Duration::from_secs(30));
        assert!(!memory.retry_due(start) && memory.retry_due(start + first));
        let early = memory
            .conclude(&problem(Recheck::Slow), start + Duration::from_secs(1), &intervals, 0.5)
            .unwrap();
        assert_eq!(early, Duration::from_secs(30), "a visit before its time is no attempt");
        let second = memory
            .conclude(&problem(Recheck::Slow), start + Duration::from_secs(40), &intervals, 0.5)
            .unwrap();
        assert_eq!(second, Duration::from_mins(1));
    }

    #[test]
    fn an_attempt_that_sets_aws_to_work_is_used_up() {
        let (mut memory, intervals) = (Memory::default(), RecheckSettings::default());
        let start = Instant::now();
        let due = start + memory.conclude(&problem(Recheck::Slow), start, &intervals, 0.5).unwrap();
        assert!(memory.retry_due(due));
        memory.conclude(&Verdict::Progress(Reason::Updating, String::new()), due, &intervals, 0.5);
        assert!(!memory.retry_due(due + Duration::from_secs(1)), "it fails again, and waits its turn");
        let second = memory.conclude(&problem(Recheck::Slow), due, &intervals, 0.5).unwrap();
        assert_eq!(second, Duration::from_mins(1));
    }

    #[test]
    fn another_problem_starts_anew() {
        let (mut memory, intervals) = (Memory::default(), RecheckSettings::default());
        let start = Instant::now();
        memory.conclude(&problem(Recheck::Slow), start, &intervals, 0.5);
        let other = Verdict::Problem(Reason::QuotaExceeded, String::new(), Recheck::Slow);
        let wait = memory.conclude(&other, start + Duration::from_secs(100), &intervals, 0.5);
        assert_eq!(wait, Some(Duration::from_secs(30)));
    }

    #[test]
    fn what_is_settled_waits_for_a_change() {
        let (mut memory, intervals) = (Memory::default(), RecheckSettings::default());
        memory.transition = Some(Instant::now());
        let settled = Verdict::Settled(Reason::Available, String::new());
        assert_eq!(memory.conclude(&settled, Instant::now(), &intervals, 0.5), None);
        assert!(memory.transition.is_none() && memory.due.is_none());
    }
}
