//! One change to a layer in AWS.

use crate::aws::{AwsError, Priority, Scope};
use crate::engine::kind::{Effect, Next};
use crate::k8s::events::Note;
use crate::layer::model::{Observed, Policy};
use crate::layer::plan::{Action, Publication};

/// Makes a change. `observed` is what the plan was made from, and what the actions before have made of it.
///
/// # Errors
/// What AWS answered.
pub async fn execute(
    scope: &Scope,
    action: &Action,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let note = match action {
        Action::Publish(publication) => return publish(scope, publication, priority).await,
        Action::Adopt { number, .. } => {
            let text = format!("Version {number} has what the spec says, and now belongs to this object.");
            Note::normal("Adopted", "Update", text)
        }
        Action::AddPermission { layer, sid, permission } => {
            let version = observed.and_then(|observed| observed.version.as_ref());
            let number = version.map(|version| version.number).unwrap_or_default();
            scope.add_layer_permission(layer, number, sid, permission, priority).await?;
            let text = format!("Permission {sid} was given to version {number}.");
            Note::updated(text)
        }
        Action::RemovePermission { layer, number, sid, .. } => {
            scope.remove_layer_permission(layer, *number, sid, priority).await?;
            let text = format!("Permission {sid} was taken back from version {number}.");
            Note::updated(text)
        }
        Action::DeleteVersion { layer, number } => {
            scope.delete_layer_version(layer, *number, priority).await?;
            Note::normal("VersionDeleted", "Delete", format!("Version {number} of the layer was deleted."))
        }
    };
    Ok(Effect { observed: after(action, observed), next: Next::Continue, note: Some(note) })
}

async fn publish(
    scope: &Scope,
    publication: &Publication,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let version = scope.publish_layer_version(publication, priority).await?;
    let text = format!("{} was published: {}.", version.arn, publication.paths.join(", "));
    let observed = Observed { version: Some(version), found: false, policy: Some(Policy::new()) };
    Ok(Effect {
        observed: Some(observed),
        next: Next::Continue,
        note: Some(Note::normal("Published", "Update", text)),
    })
}

/// What a layer is after a change that answers nothing of it.
pub(super) fn after(action: &Action, observed: Option<&Observed>) -> Option<Observed> {
    let mut next = observed?.clone();
    match (action, &mut next.policy) {
        (Action::AddPermission { sid, permission, .. }, Some(policy)) => {
            policy.insert(sid.clone(), Some(permission.clone()));
        }
        (Action::RemovePermission { sid, .. }, Some(policy)) => {
            policy.remove(sid);
        }
        _ => {}
    }
    Some(next)
}
