//! What is left to do in AWS before an EventSourceMapping may go. Pure.

use lambda_operator_crds::DeletionPolicy;

use super::model::Observed;
use super::plan::{Action, Known, estate};
use super::state::{Standing, standing};
use crate::engine::kind::Deletion;
use crate::engine::ownership::Leave;
use crate::k8s::events::Note;

/// Decides.
pub fn plan_deletion(observed: Option<&Observed>, facts: &Known<'_>) -> Deletion<Action> {
    let Some(observed) = observed else {
        let arn = facts.status.arn.as_ref();
        let note = arn.map(|arn| Note::normal("Deleted", "Delete", format!("{arn} is deleted.")));
        return Deletion::Release(note);
    };
    match standing(observed) {
        Standing::Going => return Deletion::Wait("AWS is deleting the mapping.".into()),
        // A deletion would be refused: ResourceInUseException.
        Standing::Busy(_) if facts.deletion_policy == DeletionPolicy::Delete => {
            let state = &observed.state;
            let text = format!("AWS is still at work on the mapping ({state}); it is deleted after that.");
            return Deletion::Wait(text);
        }
        _ => {}
    }
    let Some(estate) = estate(observed, facts) else { return Deletion::Act(Action::ReadTags) };
    match estate.leave(facts.owner, facts.deletion_policy) {
        Leave::Delete if facts.delete_sent => Deletion::Wait("AWS is deleting the mapping.".into()),
        Leave::Delete => Deletion::Act(Action::Delete),
        Leave::Disown(keys) => Deletion::Part(Action::Disown(keys)),
        Leave::Release(note) => Deletion::Release(note),
        Leave::Denied(text) => Deletion::Denied(text),
    }
}
