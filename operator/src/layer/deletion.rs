//! What is left to do in AWS before a LambdaLayer may go. Pure.

use lambda_operator_crds::DeletionPolicy;

use crate::engine::kind::Deletion;
use crate::k8s::events::Note;
use crate::layer::model::Observed;
use crate::layer::plan::{Action, Known};

/// Decides. Only versions that this object published are deleted, one after the other; what they are is in `status`, so
/// that none of it is read but for what a lost call has published.
pub fn plan_deletion(observed: Option<&Observed>, facts: &Known<'_>) -> Deletion<Action> {
    let status = facts.status;
    let arn = status.layer_arn.as_deref().unwrap_or_default();
    let note = |reason, text: String| (!arn.is_empty()).then(|| Note::normal(reason, "Delete", text));
    if facts.deletion_policy == DeletionPolicy::Retain {
        let text = format!("The versions of {arn} stay in AWS.");
        return Deletion::Release(note("Retained", text).filter(|_| status.common.origin.is_some()));
    }
    let found = observed.filter(|observed| observed.found).and_then(|observed| observed.version.as_ref());
    if let Some(version) = found {
        let layer = version.layer_arn().to_owned();
        return Deletion::Act(Action::DeleteVersion { layer, number: version.number });
    }
    if let Some(number) = status.published_versions.first() {
        return Deletion::Act(Action::DeleteVersion { layer: arn.to_owned(), number: *number });
    }
    // A version that was adopted stays, without the permissions that this object gave.
    if let (Some(sid), Some(number)) = (status.managed_permissions.first(), status.latest_version)
        && status.common.origin.is_some()
    {
        let (layer, sid) = (arn.to_owned(), sid.clone());
        return Deletion::Act(Action::RemovePermission { layer, number, sid, replaced: false });
    }
    let text = format!("The versions of {arn} that this object published are deleted.");
    Deletion::Release(note("Deleted", text).filter(|_| status.common.origin.is_some()))
}
