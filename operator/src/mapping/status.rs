//! What of a mapping goes into `status`. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use lambda_operator_crds::{EventSourceMappingStatus, Origin};

use super::model::Observed;
use super::{ADOPTION, EventSourceMappings};
use crate::engine::kind::Report;
use crate::engine::ownership::{Claim, Owner};

/// Stores what a pending creation or adoption came to, once the mapping is seen to be this object's.
pub fn recover(observed: &Observed, owner: &Owner, status: &mut EventSourceMappingStatus) {
    let ours = matches!(&observed.tags, Some(Ok(tags)) if owner.judge(tags) == Claim::Ours);
    if ours && let Some(pending) = status.common.pending.take() {
        let adopted = pending.operation == ADOPTION;
        let origin = if adopted { Origin::Adopted } else { Origin::Created };
        status.common.origin.get_or_insert(origin);
        identify(observed, status);
    }
}

/// Says which mapping it is.
pub fn identify(observed: &Observed, status: &mut EventSourceMappingStatus) {
    status.uuid = Some(observed.uuid.clone());
    status.arn = Some(observed.arn.clone());
}

/// Fills in what is known of the mapping.
pub fn report(report: &Report<'_, EventSourceMappings>, status: &mut EventSourceMappingStatus) {
    let Report { desired, observed, settled, owner, observe_only, .. } = *report;
    let Some(observed) = observed else {
        let common = std::mem::take(&mut status.common);
        *status = EventSourceMappingStatus { common, ..EventSourceMappingStatus::default() };
        return;
    };
    let ours = match &observed.tags {
        Some(Ok(tags)) => owner.judge(tags) == Claim::Ours,
        Some(Err(_)) | None => status.common.origin.is_some(),
    };
    if !ours && !observe_only {
        return;
    }
    if !observe_only {
        status.common.origin.get_or_insert(Origin::Created);
    }
    identify(observed, status);
    status.function_arn = Some(observed.configuration.function.to_string());
    status.event_source_arn = observed.fixed.source.arn().map(ToOwned::to_owned);
    status.state = Some(observed.state.clone());
    status.state_transition_reason.clone_from(&observed.state_reason);
    status.last_processing_result.clone_from(&observed.last_result);
    let time =
        observed.last_modified.and_then(|seconds| k8s_openapi::jiff::Timestamp::from_second(seconds).ok());
    status.last_modified = time.map(Time);
    if let (Some(desired), Some(Ok(_))) = (desired.filter(|_| settled && !observe_only), &observed.tags) {
        status.common.managed_tags = desired.tags.keys().cloned().collect();
    }
}
