//! Looks at what packages are made from: when the spec changes, and from time to time. What is found becomes part of what is
//! wanted, and something new there counts as a change of the spec.

use std::time::{Duration, Instant};

use lambda_operator_crds::conditions::{ConditionType, Reason};

use crate::aws::{AwsError, Class, Scope};
use crate::engine::kind::{Aside, Kind};
use crate::engine::pass::{Findings, Interrupt, Pass};
use crate::engine::requeue;
use crate::engine::shared::Shared;
use crate::engine::verdict::{Plan, Recheck, Verdict, text_of};
use crate::k8s::conditions;
use crate::settings::RecheckSettings;
use crate::source::{Found, NamedSource};
use crate::text::sentence;

/// So many looks in a row have to fail before an object that is quiet is visited only to say so.
const LASTING: u32 = 4;

/// Why a source can't be looked at that isn't there.
const NOT_FOUND: &str = "NotFound";

/// What is known of an object's source.
#[derive(Debug)]
pub struct Lookout {
    source: NamedSource,
    /// What it was when it was last seen.
    found: Option<Found>,
    /// Why the last look failed.
    trouble: Option<Trouble>,
    /// How many looks in a row failed.
    failures: u32,
    /// When to look again; `None`: when the spec changes.
    due: Option<Instant>,
    /// What no visit has heard yet.
    news: Option<News>,
}

/// What a look came to, if it is worth a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// The source is another than the one that was deployed.
    Moved,
    /// It can't be looked at any more, or again.
    Said,
}

/// Why a source couldn't be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trouble {
    reason: &'static str,
    text: String,
    recheck: Recheck,
}

impl Trouble {
    /// `None`: the credentials are at fault, which the calls to Lambda say.
    fn of(error: &AwsError, source: &NamedSource, region: &str) -> Option<Self> {
        let (reason, text, recheck) = match error.class {
            Class::Auth | Class::RoleRefused | Class::RegionRefused | Class::AccountMismatch => return None,
            Class::DependencyMissing => (NOT_FOUND, error.message.clone(), Recheck::Slow),
            Class::AccessDenied => {
                let permission = source.permission(region);
                let text = format!(
                    "{source} can't be looked at: {} New code under this name goes unseen, a change of the spec is deployed all \
                     the same. Grant the operator's role {permission}.",
                    sentence(&text_of(error))
                );
                ("AccessDenied", text, Recheck::Slow)
            }
            _ => {
                let text = format!(
                    "{source} can't be looked at: {} New code under this name goes unseen meanwhile; tried again by itself.",
                    sentence(&text_of(error))
                );
                ("Unreachable", text, Recheck::Transient)
            }
        };
        Some(Self { reason, text, recheck })
    }

    /// There is no such source.
    fn is_missing(&self) -> bool {
        self.reason == NOT_FOUND
    }
}

impl Lookout {
    /// Nobody has looked yet. `deployed` is the fingerprint in the status, which can say what the source was.
    pub fn new(source: NamedSource, deployed: Option<&str>, due: Option<Instant>) -> Self {
        let found = deployed.and_then(|deployed| source.recall(deployed));
        Self { source, found, trouble: None, failures: 0, due, news: None }
    }

    /// When to look again.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a look found something that no visit has heard yet.
    pub fn has_news(&self) -> bool {
        self.news.is_some()
    }

    /// Whether that is another source than the one that was deployed.
    pub fn has_moved(&self) -> bool {
        self.news == Some(News::Moved)
    }

    /// A visit has come to a verdict.
    pub fn heard(&mut self) {
        self.news = None;
    }

    /// Whether it is time to look.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Takes in what a look came to. `deployed` is the fingerprint in the status, `said` the reason of its condition.
    fn take_in(
        &mut self,
        look: &Result<Found, AwsError>,
        region: &str,
        deployed: Option<&str>,
        said: Option<&str>,
    ) {
        match look {
            Ok(found) => {
                let moved = match &self.found {
                    Some(before) => before.identity != found.identity,
                    None => deployed.is_some(),
                };
                self.news = if moved { Some(News::Moved) } else { self.news.or(said.map(|_| News::Said)) };
                (self.found, self.trouble, self.failures) = (Some(found.clone()), None, 0);
            }
            Err(error) => {
                self.failures += 1;
                let Some(trouble) = Trouble::of(error, &self.source, region) else { return };
                let worth_saying = trouble.recheck != Recheck::Transient || self.failures >= LASTING;
                if worth_saying && said != Some(trouble.reason) {
                    self.news.get_or_insert(News::Said);
                }
                self.trouble = Some(trouble);
            }
        }
    }

    /// Says when to look again; `interval` zero: not before the spec changes, unless this look failed.
    fn schedule(&mut self, now: Instant, interval: Duration, rechecks: &RecheckSettings, random: f64) {
        let wait = match self.failures.checked_sub(1) {
            Some(attempt) => {
                let recheck = self.trouble.as_ref().map_or(Recheck::Slow, |trouble| trouble.recheck);
                requeue::next_recheck(recheck, attempt, Duration::ZERO, rechecks)
            }
            None => Some(interval).filter(|interval| !interval.is_zero()),
        };
        self.due = wait.map(|wait| now + requeue::jittered(wait, random));
    }

    /// Looks, and says what went wrong.
    async fn look<K: Kind>(
        &mut self,
        scope: &Scope,
        status: &K::Status,
        shared: &Shared,
    ) -> Option<AwsError> {
        let look = scope.look_at(&self.source).await;
        let said =
            conditions::reason_of(&K::common_status(status).conditions, ConditionType::SourceUnchecked);
        self.take_in(&look, scope.region(), K::made_from(status), said);
        self.schedule(Instant::now(), shared.source_check, &shared.intervals, rand::random());
        look.err()
    }

    /// Looks without being asked. Without a scope the look is put off.
    pub async fn look_in_turn<K: Kind>(
        &mut self,
        scope: Option<&Scope>,
        status: &K::Status,
        shared: &Shared,
    ) {
        if let Some(scope) = scope {
            self.look::<K>(scope, status, shared).await;
        } else {
            self.failures += 1;
            self.schedule(Instant::now(), shared.source_check, &shared.intervals, rand::random());
        }
    }

    /// The sentence that says that there is no such source.
    pub fn missing(&self) -> Option<&str> {
        self.trouble.as_ref().filter(|trouble| trouble.is_missing()).map(|trouble| trouble.text.as_str())
    }

    fn aside(&self) -> Aside {
        let condition = ConditionType::SourceUnchecked;
        match &self.trouble {
            None => checked(),
            Some(trouble) => {
                let stays = if trouble.is_missing() { ". What was deployed from there stays." } else { "" };
                Aside { condition, reason: trouble.reason, text: Some(format!("{}{stays}", trouble.text)) }
            }
        }
    }
}

fn checked() -> Aside {
    Aside { condition: ConditionType::SourceUnchecked, reason: "Checked", text: None }
}

impl<K: Kind> Pass<'_, K> {
    /// Completes what is wanted with what its source is: as it was last seen, or with a look if somebody changed the spec,
    /// what failed is tried again, nobody has looked yet, or it is time again.
    pub(super) async fn take_in_source(
        &mut self,
        scope: &Scope,
        desired: &mut K::Desired,
        findings: &mut Findings,
    ) -> Result<(), Interrupt> {
        let before = self.memory.source.take();
        let Some(source) = K::source(&self.object, &self.status) else {
            findings.asides.push(checked());
            return Ok(());
        };
        let now = Instant::now();
        let mut lookout = before.filter(|before| before.source == source).unwrap_or_else(|| {
            let new = Lookout::new(source, K::made_from(&self.status), None);
            // Without looks from time to time it stays what it was.
            let look = new.found.is_none() || !self.shared.source_check.is_zero();
            Lookout { due: look.then_some(now), ..new }
        });
        if (self.retry_due(now) && !lookout.has_news()) || lookout.is_due(now) {
            let failed = lookout.look::<K>(scope, &self.status, self.shared).await;
            if failed.is_some_and(|error| matches!(error.class, Class::NotLeader | Class::ShuttingDown)) {
                return Err(Interrupt::Stopping);
            }
        }
        self.changed |= lookout.has_moved();
        if let Some(found) = &lookout.found {
            K::resolve(desired, &lookout.source, found);
        }
        findings.asides.push(lookout.aside());
        self.memory.source = Some(lookout);
        Ok(())
    }

    /// What is to be made from a source that isn't there waits for it.
    pub(super) fn unsupplied(&self, plan: &Plan<K::Action>) -> Option<Verdict> {
        unsupplied::<K>(self.memory.source.as_ref()?.missing()?, plan)
    }
}

/// What is to be made from a source that isn't there, which is said by `missing`, waits for it.
pub(super) fn unsupplied<K: Kind>(missing: &str, plan: &Plan<K::Action>) -> Option<Verdict> {
    let text = format!("{missing}. Create it, or correct the spec.");
    let verdict = Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow);
    plan.actions.iter().any(K::takes_source).then_some(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Identity;

    const DEPLOYED: &str = "s3://b/k?versionId=&mode=COPY#etag=1";

    fn source() -> NamedSource {
        let s3 = serde_json::json!({"bucket": "b", "key": "k"});
        NamedSource::object(&serde_json::from_value(s3).unwrap()).unwrap()
    }

    fn etag(etag: &str) -> Found {
        Found { identity: Identity::Etag(etag.into()), code_sha256: None }
    }

    fn error(class: Class) -> AwsError {
        AwsError::new("HeadObject", class, "Code", "text.")
    }

    /// What a look comes to for a quiet object: whether it is visited, and whether because of new code.
    fn after(
        lookout: &mut Lookout,
        look: Result<Found, Class>,
        deployed: Option<&str>,
        said: Option<&str>,
    ) -> Option<News> {
        let look = look.map_err(error);
        lookout.take_in(&look, "eu-west-1", deployed, said);
        lookout.news
    }

    #[test]
    fn only_another_identity_is_news() {
        let look = |etag_now: &str, deployed: Option<&str>| {
            after(&mut Lookout::new(source(), deployed, None), Ok(etag(etag_now)), deployed, None)
        };
        assert_eq!(look("1", Some(DEPLOYED)), None, "also after a restart");
        assert_eq!(look("2", Some(DEPLOYED)), Some(News::Moved));
        assert_eq!(
            look("1", Some("s3://b/k?versionId=&mode=COPY")),
            Some(News::Moved),
            "it was deployed without a look"
        );
        assert_eq!(look("1", None), None, "nothing was deployed from anywhere");
        let mut observing = Lookout::new(source(), None, None);
        assert_eq!(
            [Ok(etag("1")), Ok(etag("2"))].map(|look| after(&mut observing, look, None, None)),
            [None, Some(News::Moved)]
        );
    }

    #[test]
    fn that_it_cannot_be_looked_at_is_said_once_and_taken_back() {
        let look =
            |look, said| after(&mut Lookout::new(source(), Some(DEPLOYED), None), look, Some(DEPLOYED), said);
        assert_eq!(look(Err(Class::AccessDenied), None), Some(News::Said));
        assert_eq!(look(Err(Class::AccessDenied), Some("AccessDenied")), None);
        assert_eq!(look(Err(Class::DependencyMissing), Some("AccessDenied")), Some(News::Said));
        assert_eq!(look(Ok(etag("1")), Some("NotFound")), Some(News::Said));
        assert_eq!(look(Err(Class::Auth), None), None, "Lambda says it");
    }

    #[test]
    fn what_passes_soon_is_not_worth_a_visit() {
        let mut lookout = Lookout::new(source(), Some(DEPLOYED), None);
        let looks = [(); 4].map(|()| after(&mut lookout, Err(Class::Transient), Some(DEPLOYED), None));
        assert_eq!(looks, [None, None, None, Some(News::Said)]);
        assert_eq!(lookout.found, Some(etag("1")), "what it was is not forgotten");
        assert!(lookout.missing().is_none());
        lookout.heard();
        assert_eq!(after(&mut lookout, Ok(etag("1")), Some(DEPLOYED), Some("Unreachable")), Some(News::Said));
        assert_eq!(lookout.aside(), checked());
    }

    #[test]
    fn new_code_stays_news_until_a_visit_has_heard_of_it() {
        let mut lookout = Lookout::new(source(), Some(DEPLOYED), None);
        after(&mut lookout, Ok(etag("2")), Some(DEPLOYED), None);
        assert_eq!(after(&mut lookout, Ok(etag("2")), Some(DEPLOYED), None), Some(News::Moved));
        assert_eq!(after(&mut lookout, Err(Class::AccessDenied), Some(DEPLOYED), None), Some(News::Moved));
    }

    #[test]
    fn the_next_look_comes_in_an_interval_or_as_for_other_problems() {
        let (now, rechecks) = (Instant::now(), RecheckSettings::default());
        let mut lookout = Lookout::new(source(), Some(DEPLOYED), None);
        let mut wait = |look, interval| {
            after(&mut lookout, look, Some(DEPLOYED), None);
            lookout.schedule(now, Duration::from_secs(interval), &rechecks, 0.5);
            lookout.due.map(|due| (due - now).as_secs())
        };
        assert_eq!(wait(Ok(etag("1")), 600), Some(600));
        assert_eq!(wait(Ok(etag("1")), 0), None);
        assert_eq!([(); 3].map(|()| wait(Err(Class::AccessDenied), 0)), [30, 60, 120].map(Some));
        assert_eq!(wait(Ok(etag("1")), 600), Some(600));
        assert_eq!([(); 3].map(|()| wait(Err(Class::Transient), 600)), [1, 2, 4].map(Some));
    }

    #[test]
    fn the_remedy_is_named() {
        let text = |class| Trouble::of(&error(class), &source(), "eu-west-1").unwrap().text;
        let denied = text(Class::AccessDenied);
        assert!(
            denied.contains("s3:GetObject on arn:aws:s3:::b/k") && denied.contains("deployed all the same"),
            "{denied}"
        );
        assert!(text(Class::Transient).contains("tried again by itself"));
        assert!([denied, text(Class::Transient)].iter().all(|text| text.contains(": Code: text. New code")));
    }
}
