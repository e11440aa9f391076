//! What of a configuration goes into `status`. Pure.

use lambda_operator_crds::{CodeSigningConfigStatus, Origin};

use crate::code_signing::model::Observed;
use crate::code_signing::{ADOPTION, CodeSigningConfigs};
use crate::engine::kind::Report;
use crate::engine::ownership::{Claim, Owner};

/// As many functions are named.
const NAMED: usize = 100;

/// Stores what a pending creation or adoption came to, once the configuration is seen to be this object's.
pub fn recover(observed: &Observed, owner: &Owner, status: &mut CodeSigningConfigStatus) {
    if observed.tags.as_ref().is_ok_and(|tags| owner.judge(tags) == Claim::Ours)
        && let Some(pending) = status.common.pending.take()
    {
        let adopted = pending.operation == ADOPTION;
        status.common.origin = Some(if adopted { Origin::Adopted } else { Origin::Created });
        identify(observed, status);
    }
}

/// Says which configuration it is.
pub fn identify(observed: &Observed, status: &mut CodeSigningConfigStatus) {
    status.arn = Some(observed.arn.clone());
    status.code_signing_config_id = Some(observed.id.clone());
}

/// Fills in what is known of the configuration.
pub fn report(report: &Report<'_, CodeSigningConfigs>, status: &mut CodeSigningConfigStatus) {
    let Report { desired, observed, settled, observe_only, .. } = *report;
    let Some(observed) = observed else {
        let common = std::mem::take(&mut status.common);
        *status = CodeSigningConfigStatus { common, ..CodeSigningConfigStatus::default() };
        return;
    };
    if observe_only {
        identify(observed, status);
    }
    if let Some(functions) = &observed.functions {
        status.functions = functions.iter().take(NAMED).cloned().collect();
    }
    if let Some(desired) = desired.filter(|_| settled && !observe_only) {
        status.common.managed_tags = desired.tags.keys().cloned().collect();
    }
}
