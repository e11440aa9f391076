//! What of a function goes into `status`. Pure.

use lambda_operator_crds::{LambdaFunctionStatus, Origin, Pending};

use crate::engine::kind::Report;
use crate::engine::ownership::{Claim, Owner};
use crate::function::model::{Live, Observed};
use crate::function::plan::CONCURRENCY;
use crate::function::{ADOPTION, Functions};

/// Stores what a pending creation or adoption came to, once the function is seen to be this object's.
pub fn recover(observed: &Observed, owner: &Owner, status: &mut LambdaFunctionStatus) {
    let tags = observed.live.as_ref().and_then(|live| live.tags.as_ref().ok());
    if tags.is_none_or(|tags| owner.judge(tags) != Claim::Ours) {
        return;
    }
    let Some(Pending { operation, fingerprint, .. }) = status.common.pending.take() else { return };
    let origin = if operation == ADOPTION { Origin::Adopted } else { Origin::Created };
    status.common.origin.get_or_insert(origin);
    if fingerprint.is_some() {
        status.code_sha256 = Some(observed.code_sha256.clone());
        status.code_source = fingerprint;
    }
}

/// Fills in what is known of the function.
pub fn report(report: &Report<'_, Functions>, status: &mut LambdaFunctionStatus) {
    let Report { desired, observed, differs, settled, owner, observe_only } = *report;
    let Some(observed) = observed else {
        forget(status);
        return;
    };
    let Observed { arn, code_sha256, revision_id, live, .. } = observed;
    let ours = live.as_ref().is_none_or(|live| match &live.tags {
        Ok(tags) => owner.judge(tags) == Claim::Ours,
        Err(_) => status.common.origin.is_some(),
    });
    if !ours && !observe_only {
        return;
    }
    if ours && !observe_only {
        status.common.origin.get_or_insert(Origin::Created);
    }
    status.arn = Some(arn.clone());
    if let Some(live) = live {
        report_live(live, status);
    }
    let package = desired.and_then(|desired| desired.package.as_ref().filter(|_| !desired.ignored.code));
    let code_differs = differs.iter().any(|path| path.starts_with("code") || path == "architectures");
    if !code_differs {
        status.code_sha256 = Some(code_sha256.clone());
        status.code_source = package.map(|package| package.fingerprint.clone());
    }
    if settled {
        status.revision_id = Some(revision_id.clone());
        if let Some(desired) = desired.filter(|_| !observe_only) {
            status.common.managed_tags = desired.tags.keys().cloned().collect();
            if desired.reserved_concurrency.is_none() {
                status.common.managed_sections.retain(|section| section != CONCURRENCY);
            }
        }
    }
}

fn report_live(live: &Live, status: &mut LambdaFunctionStatus) {
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

/// The function is not there (any more).
fn forget(status: &mut LambdaFunctionStatus) {
    let common = std::mem::take(&mut status.common);
    *status = LambdaFunctionStatus { common, ..LambdaFunctionStatus::default() };
}
