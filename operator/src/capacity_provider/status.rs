//! What of a provider goes into `status`. Pure.

use lambda_operator_crds::{CapacityProviderStatus, Origin, Pending};

use crate::capacity_provider::CapacityProviders;
use crate::capacity_provider::model::{ACTIVE, DELETING, Observed};
use crate::engine::kind::Report;
use crate::engine::ownership::{Claim, Owner};
use crate::engine::tags::{self, Tags};

/// The pending operation of a creation.
const CREATION: &str = "CreateCapacityProvider";

/// As many versions of functions are named.
const NAMED: usize = 100;

/// Stores that a provider is about to be created: nothing of an earlier one holds any more.
pub fn announce_creation(tags: &Tags, status: &mut CapacityProviderStatus) {
    let earlier = status.common.pending.take().filter(|pending| pending.operation == CREATION);
    forget(status);
    status.common.pending = Some(earlier.unwrap_or_else(|| Pending::new(CREATION)));
    tags::managing(&mut status.common.managed_tags, tags);
}

/// Stores what a pending creation or adoption came to, once the provider is seen to be this object's.
pub fn recover(observed: &Observed, owner: &Owner, status: &mut CapacityProviderStatus) {
    if observed.tags.as_ref().is_ok_and(|tags| owner.judge(tags) == Claim::Ours)
        && let Some(pending) = status.common.pending.take()
    {
        let created = pending.operation == CREATION;
        status.common.origin = Some(if created { Origin::Created } else { Origin::Adopted });
        status.arn = Some(observed.arn.clone());
    }
}

/// Stores that AWS has taken a creation.
pub fn created(observed: &Observed, status: &mut CapacityProviderStatus) {
    status.common.origin = Some(Origin::Created);
    status.arn = Some(observed.arn.clone());
    status.state = Some(observed.state.clone());
}

/// Fills in what is known of the provider.
pub fn report(report: &Report<'_, CapacityProviders>, status: &mut CapacityProviderStatus) {
    let Report { desired, observed, differs: _, settled, owner, observe_only } = *report;
    let Some(observed) = observed else {
        forget(status);
        return;
    };
    let ours = match &observed.tags {
        Ok(tags) if observed.state != DELETING => owner.judge(tags) == Claim::Ours,
        _ => status.common.origin.is_some(),
    };
    if !ours && !observe_only {
        return;
    }
    if !observe_only {
        // Without a record of its creation (a status that was lost) it counts as found: it may be in use.
        status.common.origin.get_or_insert(Origin::Adopted);
    }
    status.arn = Some(observed.arn.clone());
    status.state = Some(observed.state.clone());
    if observed.state == ACTIVE {
        status.ever_active = Some(true);
    }
    if let Some(versions) = &observed.versions {
        status.function_versions = versions.iter().take(NAMED).cloned().collect();
    }
    if let Some(desired) = desired.filter(|_| settled && !observe_only) {
        status.common.managed_tags = desired.tags.keys().cloned().collect();
    }
}

/// The provider is not there (any more): what is left is the object's.
fn forget(status: &mut CapacityProviderStatus) {
    let mut common = std::mem::take(&mut status.common);
    common.origin = None;
    // A creation that may have had its effect brought these along.
    if common.pending.is_none() {
        common.managed_tags.clear();
    }
    *status = CapacityProviderStatus { common, ..CapacityProviderStatus::default() };
}
