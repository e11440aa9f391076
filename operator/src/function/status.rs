//! What of a function goes into `status`. Pure.

use std::collections::BTreeMap;

use lambda_operator_crds::{LambdaFunctionStatus, Origin, Pending};

use crate::engine::kind::Report;
use crate::engine::ownership::{Claim, Owner};
use crate::function::deployed::{Deployed, deployed};
use crate::function::desired::{Desired, Package};
use crate::function::model::{Live, Observed};
use crate::function::plan::{Action, CONCURRENCY};
use crate::function::publish::{self, PUBLICATION};
use crate::function::resend::{carried, owed};
use crate::function::signing::CODE_SIGNING;
use crate::function::state::{is_done, is_settled, was_active};
use crate::function::{ADOPTION, Functions};
use crate::section::{self, Scaling, Section};

/// The pending operation of a creation.
const CREATION: &str = "CreateFunction";

/// The pending operation of an update of the code.
const UPDATE: &str = "UpdateFunctionCode";

/// Stores that a function is about to be created: nothing of an earlier one holds any more.
///
/// What an announced creation came to can be unknown. Where it then is tried again with another source, the function
/// may have come from either, and the source that it came from stays unknown as well.
pub fn announce_creation(
    package: &Package,
    tags: &BTreeMap<String, String>,
    status: &mut LambdaFunctionStatus,
) {
    let earlier = status.common.pending.take().filter(|pending| pending.operation == CREATION);
    forget(status);
    let fingerprint = Some(package.fingerprint.clone());
    status.common.pending = Some(match earlier {
        Some(earlier) if earlier.fingerprint == fingerprint => earlier,
        Some(earlier) => Pending { fingerprint: None, ..earlier },
        None => Pending { fingerprint, ..Pending::new(CREATION) },
    });
    status.common.managed_tags =
        tags.keys().filter(|key| !key.starts_with("lambda-operator.io/")).cloned().collect();
}

/// Stores that the code is about to be updated from a source that AWS doesn't show: a crash must not leave open whether that
/// took place.
pub fn announce_update(package: &Package, replaces: &str, status: &mut LambdaFunctionStatus) {
    if !package.is_recognizable() {
        let fingerprint = Some(format!("{replaces} {}", package.fingerprint));
        status.common.pending = Some(Pending { fingerprint, ..Pending::new(UPDATE) });
    }
}

/// What an announced update came to, once AWS is done with it: it took place if the code is other than it was. Equal code
/// may be sent twice.
fn recover_update(observed: &Observed, status: &mut LambdaFunctionStatus) {
    if !observed.live.as_ref().is_some_and(is_done) {
        return;
    }
    let pending = status.common.pending.take_if(|pending| pending.operation == UPDATE);
    let fingerprint = pending.and_then(|pending| pending.fingerprint).unwrap_or_default();
    if let Some((replaced, source)) = fingerprint.split_once(' ')
        && replaced != observed.code_sha256
    {
        came_from(source, observed, status);
    }
}

/// Stores what a pending creation or adoption came to, once the function is seen to be this object's.
pub fn recover(observed: &Observed, owner: &Owner, status: &mut LambdaFunctionStatus) {
    let publication = status.common.pending.take_if(|pending| pending.operation == PUBLICATION);
    if let Some(pending) = publication {
        publish::settle(&pending, observed, status);
    }
    recover_update(observed, status);
    let tags = observed.live.as_ref().and_then(|live| live.tags.as_ref().ok());
    if tags.is_none_or(|tags| owner.judge(tags) != Claim::Ours) {
        return;
    }
    let pending = status.common.pending.take_if(|pending| pending.operation != UPDATE);
    let Some(Pending { operation, fingerprint, .. }) = pending else { return };
    if operation == ADOPTION {
        status.common.origin.get_or_insert(Origin::Adopted);
    } else {
        status.common.origin = Some(Origin::Created);
    }
    if let Some(fingerprint) = fingerprint {
        came_from(&fingerprint, observed, status);
    }
}

/// Stores what a change that AWS accepted is about. Which source a package came from is known from then on, not only
/// once AWS has settled: by then it can't be told from the hash of a package in S3. A creation adds nothing to its
/// stored intent, from which [`recover`] takes the rest: that saves a write.
pub fn record(action: &Action, observed: Option<&Observed>, status: &mut LambdaFunctionStatus) {
    if let Some(update) = carried(action) {
        status.last_update = Some(update);
        publish::overtaken(status);
    }
    match (action, observed) {
        (Action::Publish { .. }, Some(observed)) => publish::answered(observed, status),
        (Action::Discard { .. } | Action::Retire { .. }, Some(observed)) => {
            publish::deleted(observed, status);
        }
        (Action::UpdateCode { package, .. }, Some(observed)) => {
            came_from(&package.fingerprint, observed, status);
        }
        (Action::LinkCodeSigning(_) | Action::UnlinkCodeSigning, Some(observed)) => {
            report_link(observed, status);
        }
        _ => {}
    }
}

fn came_from(source: &str, observed: &Observed, status: &mut LambdaFunctionStatus) {
    status.code_source = Some(source.to_owned());
    status.code_source_sha256 = Some(observed.code_sha256.clone());
}

/// Fills in what is known of the function.
pub fn report(report: &Report<'_, Functions>, status: &mut LambdaFunctionStatus) {
    let Report { desired, observed, differs: _, settled, owner, observe_only } = *report;
    let Some(observed) = observed else {
        forget(status);
        return;
    };
    let Observed { arn, code_sha256, revision_id, live, configuration, .. } = observed;
    let ours = live.as_ref().is_none_or(|live| match &live.tags {
        Ok(tags) => owner.judge(tags) == Claim::Ours,
        Err(_) => status.common.origin.is_some(),
    });
    if !ours && !observe_only {
        return;
    }
    if !observe_only {
        // Without a record of its creation (a status that was lost) it counts as found: it may be in use.
        status.common.origin.get_or_insert(Origin::Adopted);
    }
    status.arn = Some(arn.clone());
    status.code_sha256 = Some(code_sha256.clone());
    status.layers.clone_from(&configuration.layers);
    if let Some(live) = live {
        report_live(live, status);
    }
    report_link(observed, status);
    if let Some(url) = observed.sections.values.get(&Section::Url) {
        status.function_url = observed.sections.address.clone().filter(|_| url.is_some());
    }
    report_scaling(desired, observed, status);
    if let Some(desired) = desired.filter(|_| !observe_only) {
        report_code(desired, observed, status);
        publish::report(observed, status);
        if settled {
            report_settled(desired, status);
        }
    }
    if settled {
        status.revision_id = Some(revision_id.clone());
        status.last_update = None;
    }
}

/// A source that is recognized as deployed is remembered: an image's tag may move.
fn report_code(desired: &Desired, observed: &Observed, status: &mut LambdaFunctionStatus) {
    if let Some(package) = desired.deployable()
        && deployed(package, observed, status, false) == Deployed::Yes
    {
        came_from(&package.fingerprint, observed, status);
    }
}

/// What is in the spec is managed from now on, even if AWS had it already; what isn't has been removed.
fn report_settled(desired: &Desired, status: &mut LambdaFunctionStatus) {
    status.common.managed_tags = desired.tags.keys().cloned().collect();
    let sections = [
        (CONCURRENCY, desired.reserved_concurrency.is_some()),
        (CODE_SIGNING, desired.code_signing.is_some()),
    ];
    for (path, in_spec) in sections {
        if in_spec {
            section::manage(path, &mut status.common);
        } else {
            status.common.managed_sections.retain(|managed| managed != path);
        }
    }
    section::report(&desired.sections, &mut status.common);
}

/// How far AWS is with the scaling, as far as it was looked at. What nobody looks at any more is not shown as it once was.
fn report_scaling(desired: Option<&Desired>, observed: &Observed, status: &mut LambdaFunctionStatus) {
    let left = desired.is_some_and(|desired| desired.sections.leaves(&Section::Scaling, &status.common));
    if left || observed.sections.values.contains_key(&Section::Scaling) {
        status.scaling = observed.sections.scaling.as_ref().map(Scaling::shown);
    }
}

/// The link to a code-signing configuration, as far as it was looked at.
fn report_link(observed: &Observed, status: &mut LambdaFunctionStatus) {
    if let Some(link) = &observed.code_signing {
        status.code_signing_config_arn = Some(link.clone()).filter(|link| !link.is_empty());
    }
}

fn report_live(live: &Live, status: &mut LambdaFunctionStatus) {
    if was_active(live) {
        status.ever_active = Some(true);
    }
    // An update that succeeded need not be sent again.
    if is_settled(live) && !owed(status) {
        status.last_update = None;
    }
    status.state = Some(live.state.clone());
    status.state_reason.clone_from(&live.state_reason);
    status.state_reason_code.clone_from(&live.state_reason_code);
    status.last_update_status.clone_from(&live.last_update_status);
    status.last_update_status_reason.clone_from(&live.last_update_status_reason);
    status.last_update_status_reason_code.clone_from(&live.last_update_status_reason_code);
    if live.resolved_image_uri.is_some() {
        status.resolved_image_uri.clone_from(&live.resolved_image_uri);
    }
}

/// The function is not there (any more): what is left is the object's, not the function's.
fn forget(status: &mut LambdaFunctionStatus) {
    let mut common = std::mem::take(&mut status.common);
    common.origin = None;
    common.managed_sections.clear();
    // A creation that may have had its effect brought these along.
    if common.pending.is_none() {
        common.managed_tags.clear();
    }
    *status = LambdaFunctionStatus { common, ..LambdaFunctionStatus::default() };
}
