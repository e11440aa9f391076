//! When a version is published, what becomes of one that failed, and which ones may go. Pure; `plan`, `recover` and
//! `report` ask.
//!
//! A version belongs to a configuration and code: `status.published` says which ones were published last. It counts
//! once it has left Pending, which takes minutes with SnapStart; until then `status.version` stays where it is. AWS
//! answers a publication that would change nothing with the version that there is, also one that failed
//! (<https://github.com/hashicorp/terraform-provider-aws/issues/49904>), which is why a failed one is deleted first.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html>
//!
//! `$LATEST.PUBLISHED` has no number, and each publication takes the place of the one before: nothing is doubled by another
//! one, none has to be found again after an answer that was lost, and none goes.

use std::collections::BTreeSet;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{LambdaFunctionStatus, Origin, Pending, PublishedVersion};

use crate::engine::kind::Facts;
use crate::engine::verdict::{Recheck, Verdict};
use crate::function::action::Action;
use crate::function::desired::{Desired, Publishing};
use crate::function::model::{Configuration, Field, LATEST_PUBLISHED, Newer, Observed, Publication, Version};
use crate::function::{fingerprint, forced, state};
use crate::text::sentence;

/// The pending operation of a publication.
pub(super) const PUBLICATION: &str = "PublishVersion";

/// How often one configuration and code is published before it is left alone until somebody changes something.
const ATTEMPTS: i32 = 5;

/// As many versions are remembered as ours.
const REMEMBERED: usize = 1000;

/// What is left to do once everything else is as it is to be.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The changes.
    pub(super) actions: Vec<Action>,
    /// How it stands after them; `None`: as well as without versions.
    pub(super) verdict: Option<Verdict>,
}

type Known<'a> = Facts<'a, LambdaFunctionStatus>;

/// What a visit has to find out.
pub(super) fn look(desired: &Desired, status: &LambdaFunctionStatus) -> (Option<String>, Option<Newer>) {
    let Some(publishing) = &desired.publishing else { return (None, None) };
    let number = status.published.as_ref().filter(|published| is_such(published, publishing));
    let number = number.and_then(|published| published.version.clone());
    match &status.common.pending {
        Some(pending) if pending.operation == PUBLICATION => {
            let newer =
                Newer { than: pending.newest_known.unwrap_or_default(), unless: pending.token.clone() };
            (None, (number.is_none() && !publishing.latest).then_some(newer))
        }
        Some(_) => (None, None),
        None => {
            let waits = |published: &PublishedVersion| standing(published) == Standing::Pending;
            (number.filter(|_| status.published.as_ref().is_some_and(waits)), None)
        }
    }
}

/// How a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was not published, or it is no longer there.
    Missing,
    /// AWS is preparing it, or nobody has looked yet.
    Pending,
    /// It failed, for good.
    Failed,
    /// It can be used; one that is idle is woken up by a call.
    Usable,
}

pub(super) fn standing(published: &PublishedVersion) -> Standing {
    match (&published.version, published.state.as_deref()) {
        (None, _) => Standing::Missing,
        (Some(_), None | Some("Pending")) => Standing::Pending,
        (Some(_), Some("Failed")) => Standing::Failed,
        (Some(_), Some(_)) => Standing::Usable,
    }
}

/// Whether it was published in the way that is wanted now, as far as anybody knows.
fn is_such(published: &PublishedVersion, publishing: &Publishing) -> bool {
    published.version.as_ref().is_none_or(|version| (version == LATEST_PUBLISHED) == publishing.latest)
}

/// What was last published, as this visit knows it.
fn current(observed: &Observed, status: &LambdaFunctionStatus) -> Option<PublishedVersion> {
    let mut published = status.published.clone()?;
    if observed.versions.gone {
        (published.version, published.state) = (None, None);
    }
    if let Some(version) = &observed.versions.published {
        describe(version, &mut published);
    }
    Some(published)
}

fn describe(version: &Version, published: &mut PublishedVersion) {
    let Version { number, state, state_reason, state_reason_code } = version;
    published.version = Some(number.clone());
    published.state = Some(state.clone());
    published.state_reason.clone_from(state_reason);
    published.state_reason_code.clone_from(state_reason_code);
}

/// Whether this is what was published.
fn is_of(published: &PublishedVersion, code_sha256: &str, fingerprint: &str) -> bool {
    published.code_sha256.as_deref() == Some(code_sha256)
        && published.configuration_fingerprint.as_deref() == Some(fingerprint)
}

/// Decides about the versions of a function that is otherwise as it is to be.
pub(super) fn next(
    desired: &Desired,
    observed: &Observed,
    target: &Configuration,
    facts: &Known<'_>,
) -> Step {
    let Some(publishing) = &desired.publishing else { return Step::default() };
    let fingerprint = fingerprint::of(desired, target, observed);
    let published = current(observed, facts.status);
    let is_it =
        |p: &PublishedVersion| is_such(p, publishing) && is_of(p, &observed.code_sha256, &fingerprint);
    let Some(published) = published.filter(is_it) else {
        return publish(publishing, target, observed, facts.status, (fingerprint, 0));
    };
    let attempts = published.attempts.unwrap_or_default();
    match standing(&published) {
        Standing::Missing => publish(publishing, target, observed, facts.status, (fingerprint, attempts)),
        Standing::Pending => Step { actions: Vec::new(), verdict: Some(waiting(&published)) },
        Standing::Failed if publishing.latest => {
            renew(publishing, observed, target, &published, facts, fingerprint)
        }
        Standing::Failed => again((desired, publishing), observed, target, &published, facts, fingerprint),
        Standing::Usable => retire(publishing, &published, facts),
    }
}

fn waiting(published: &PublishedVersion) -> Verdict {
    let number = published.version.as_deref().unwrap_or_default();
    let detail = published.state_reason.as_deref().unwrap_or("AWS is preparing it");
    Verdict::Progress(Reason::Publishing, format!("version {number} is Pending: {detail}"))
}

fn publish(
    publishing: &Publishing,
    target: &Configuration,
    observed: &Observed,
    status: &LambdaFunctionStatus,
    (fingerprint, attempts): (String, i32),
) -> Step {
    // What others have published is not to be taken for ours.
    if !publishing.latest
        && status.common.origin != Some(Origin::Created)
        && status.published.is_none()
        && !observed.versions.listed
    {
        return Step { actions: vec![Action::ListVersions], verdict: Some(under_way()) };
    }
    let is_forced = forced::is_marked(&observed.configuration.description);
    let publication = Publication {
        code_sha256: observed.code_sha256.clone(),
        revision_id: observed.revision_id.clone(),
        // The version doesn't get the mark of `$LATEST`.
        description: is_forced.then(|| target.description.clone()),
        latest: publishing.latest,
    };
    let newest_known = newest_known(observed, status);
    let publish = Action::Publish { publication, fingerprint, newest_known, attempts };
    Step { actions: vec![publish], verdict: Some(under_way()) }
}

/// The verdict while a version is being published.
pub(super) fn under_way() -> Verdict {
    Verdict::Progress(Reason::Publishing, "A version is being published.".into())
}

fn newest_known(observed: &Observed, status: &LambdaFunctionStatus) -> i64 {
    let last = status.published.as_ref().and_then(|published| published.version.as_ref()?.parse().ok());
    let usable = status.version.as_ref().and_then(|version| version.parse().ok());
    let listed = observed.versions.newer.iter().map(|(number, _)| *number);
    let pending = status.common.pending.as_ref().and_then(|pending| pending.newest_known);
    let known = status.published_versions.iter().copied().chain(last).chain(usable).chain(pending);
    known.chain(listed).max().unwrap_or_default()
}

/// What failed is published in its own place, with growing pauses.
fn renew(
    publishing: &Publishing,
    observed: &Observed,
    target: &Configuration,
    published: &PublishedVersion,
    facts: &Known<'_>,
    fingerprint: String,
) -> Step {
    let attempts = published.attempts.unwrap_or_default();
    let exhausted = is_exhausted(published) && !facts.changed;
    if !exhausted && facts.retry_due {
        return publish(publishing, target, observed, facts.status, (fingerprint, attempts));
    }
    Step { actions: Vec::new(), verdict: Some(failed(published, exhausted)) }
}

/// A version that failed is published again, as another one.
fn again(
    (desired, publishing): (&Desired, &Publishing),
    observed: &Observed,
    target: &Configuration,
    published: &PublishedVersion,
    facts: &Known<'_>,
    fingerprint: String,
) -> Step {
    let attempts = published.attempts.unwrap_or_default();
    if forced::is_awaited(target, observed, facts) {
        return publish(publishing, target, observed, facts.status, (fingerprint, attempts));
    }
    let number = number_of(published);
    let exhausted = is_exhausted(published) && !facts.changed;
    if exhausted || !facts.retry_due {
        return Step { actions: Vec::new(), verdict: Some(failed(published, exhausted)) };
    }
    let ours = facts.status.published_versions.contains(&number);
    if ours && !publishing.in_use.contains(&number) && !observed.versions.in_use {
        let mut step = publish(publishing, target, observed, facts.status, (fingerprint, attempts));
        step.actions.insert(0, Action::Discard { version: number });
        return step;
    }
    let keeps = !desired.ignored.fields.contains(&Field::Description);
    match forced::mark(&target.description, number, keeps) {
        Some(description) => {
            let configuration = Box::new(Configuration { description, ..target.clone() });
            let fields = BTreeSet::from([Field::Description]);
            let action = Action::UpdateConfiguration { configuration, fields, then_code: false };
            Step { actions: vec![action], verdict: Some(under_way()) }
        }
        None => Step { actions: Vec::new(), verdict: Some(failed(published, true)) },
    }
}

/// Whether it was tried often enough.
pub(super) fn is_exhausted(published: &PublishedVersion) -> bool {
    published.attempts.is_some_and(|attempts| attempts >= ATTEMPTS)
}

pub(super) fn number_of(published: &PublishedVersion) -> i64 {
    published.version.as_ref().and_then(|version| version.parse().ok()).unwrap_or_default()
}

fn failed(published: &PublishedVersion, exhausted: bool) -> Verdict {
    let number = published.version.as_deref().unwrap_or_default();
    let attempts = published.attempts.unwrap_or_default();
    let failure = state::failure(published.state_reason_code.as_deref(), published.state_reason.as_deref());
    let text = format!("version {number} failed: {}", sentence(&failure.text));
    if exhausted {
        let text = format!(
            "{text} It was published {attempts} times, and is not tried again by itself. Mend the cause; it is published \
             anew when the spec, something that it refers to, or the annotation lambda-operator.io/reconcile-at changes."
        );
        return Verdict::Problem(Reason::CreateFailed, text, Recheck::Slow);
    }
    let text = format!(
        "{text} It is published again from time to time (attempt {attempts} of {ATTEMPTS}), and at once when the spec changes."
    );
    Verdict::Problem(failure.reason, text, Recheck::Slow)
}

/// Versions beyond those that stay, right after another one has come, or when the spec may say otherwise.
fn retire(
    Publishing { latest: _, keep, in_use }: &Publishing,
    published: &PublishedVersion,
    facts: &Known<'_>,
) -> Step {
    let status = facts.status;
    let is_new = status.version != published.version;
    let Some(keep) = keep.filter(|_| is_new || facts.changed) else { return Step::default() };
    let newest = number_of(published);
    let ours = &status.published_versions;
    let beyond = ours.len().saturating_sub(keep);
    let may_go = |number: &i64| *number != newest && !in_use.contains(number);
    let versions: Vec<i64> = ours.iter().take(beyond).copied().filter(may_go).collect();
    let actions = if versions.is_empty() { Vec::new() } else { vec![Action::Retire { versions }] };
    Step { actions, verdict: None }
}

/// Stores that a version is about to be published.
pub(super) fn announce(
    Publication { code_sha256, revision_id, description: _, latest: _ }: &Publication,
    fingerprint: &str,
    (newest_known, attempts): (i64, i32),
    status: &mut LambdaFunctionStatus,
) {
    status.published = Some(PublishedVersion {
        code_sha256: Some(code_sha256.clone()),
        configuration_fingerprint: Some(fingerprint.to_owned()),
        attempts: (attempts > 0).then_some(attempts),
        ..PublishedVersion::default()
    });
    status.common.pending = Some(Pending {
        fingerprint: Some(fingerprint.to_owned()),
        token: Some(revision_id.clone()),
        newest_known: Some(newest_known),
        ..Pending::new(PUBLICATION)
    });
}

/// Stores that `$LATEST` is about to be marked: at least one publication is to follow.
pub(super) fn announce_mark(status: &mut LambdaFunctionStatus) {
    if let Some(published) = status.published.as_mut().filter(|published| is_exhausted(published)) {
        published.attempts = Some(ATTEMPTS - 1);
    }
}

/// Stores what the publication came to. Whether the version is ours, the function's next revision shows: see [`settle`].
pub(super) fn answered(observed: &Observed, status: &mut LambdaFunctionStatus) {
    let (Some(version), Some(published)) = (&observed.versions.published, &mut status.published) else {
        return;
    };
    describe(version, published);
    published.attempts = Some(published.attempts.unwrap_or_default() + 1);
}

/// Stores that `$LATEST` was changed. If it is to be as before, somebody else had changed it, and may have published that in the
/// place of what the object had published.
pub(super) fn overtaken(status: &mut LambdaFunctionStatus) {
    let latest = |published: &&mut PublishedVersion| published.version.as_deref() == Some(LATEST_PUBLISHED);
    if let Some(published) = status.published.as_mut().filter(latest) {
        (published.version, published.state) = (None, None);
    }
}

/// Stores that versions were deleted.
pub(super) fn deleted(observed: &Observed, status: &mut LambdaFunctionStatus) {
    let gone = &observed.versions.deleted;
    status.published_versions.retain(|number| !gone.contains(number));
    let last = status.published.as_mut().filter(|published| gone.contains(&number_of(published)));
    if let Some(published) = last {
        let PublishedVersion { code_sha256, configuration_fingerprint, attempts, .. } =
            std::mem::take(published);
        *published = PublishedVersion {
            code_sha256,
            configuration_fingerprint,
            attempts,
            ..PublishedVersion::default()
        };
    }
}

/// Stores what a pending publication came to, once the function was read after it.
///
/// A version is ours if its number is new and the function has got another revision, which a publication gives it
/// unless it changed nothing. Where the answer was lost, it is the newest of that code; if somebody else may have
/// published one as well, none of them counts as ours, so that none is ever deleted.
pub(super) fn settle(pending: &Pending, observed: &Observed, status: &mut LambdaFunctionStatus) {
    let Some(published) = &mut status.published else { return };
    let moved = pending.token.as_deref() != Some(&observed.revision_id);
    let newest_known = pending.newest_known.unwrap_or_default();
    let sole = if published.version.is_some() {
        true
    } else {
        let of_code = |listed: &&(i64, String)| Some(&listed.1) == published.code_sha256.as_ref();
        let found: Vec<i64> =
            observed.versions.newer.iter().filter(of_code).map(|(number, _)| *number).collect();
        let Some(newest) = found.iter().max() else { return };
        published.version = Some(newest.to_string());
        published.attempts = Some(published.attempts.unwrap_or_default() + 1);
        found.len() == 1
    };
    let number = number_of(published);
    if moved && sole && number > newest_known && !status.published_versions.contains(&number) {
        let ours = &mut status.published_versions;
        ours.push(number);
        ours.sort_unstable();
        ours.drain(..ours.len().saturating_sub(REMEMBERED));
    }
}

/// What this visit knows of the version that was published last.
pub(super) fn report(observed: &Observed, status: &mut LambdaFunctionStatus) {
    status.published = current(observed, status);
    if let Some(published) = status.published.as_ref().filter(|p| standing(p) == Standing::Usable) {
        status.version.clone_from(&published.version);
    }
}
