//! What is left to do in AWS before a LambdaAlias may go. Pure.

use lambda_operator_crds::DeletionPolicy;

use crate::alias::model::Observed;
use crate::alias::plan::{Action, Known};
use crate::alias::status;
use crate::engine::kind::Deletion;
use crate::k8s::events::Note;

/// Decides. An alias takes no tags, so that a retained one stays as it is.
pub fn plan_deletion(observed: Option<&Observed>, facts: &Known<'_>) -> Deletion<Action> {
    let Some(Observed { alias, .. }) = observed else {
        let arn = facts.status.arn.as_ref().filter(|_| facts.status.common.origin.is_some());
        let note = arn.map(|arn| Note::normal("Deleted", "Delete", format!("{arn} is deleted.")));
        return Deletion::Release(note);
    };
    if !status::is_ours(alias, facts.status) {
        return Deletion::Release(None);
    }
    match facts.deletion_policy {
        DeletionPolicy::Delete => Deletion::Part(Action::Delete),
        DeletionPolicy::Retain => {
            let text = format!("{} stays in AWS as it is.", alias.arn);
            Deletion::Release(Some(Note::normal("Retained", "Delete", text)))
        }
    }
}
