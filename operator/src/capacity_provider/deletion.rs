//! What is left to do in AWS before a CapacityProvider may go. Pure.

use crate::capacity_provider::model::{DELETING, Observed};
use crate::capacity_provider::plan::{Action, Known, estate};
use crate::engine::kind::Deletion;
use crate::engine::ownership::Leave;
use crate::k8s::events::Note;
use crate::text::some_of;

/// Decides.
pub fn plan_deletion(observed: Option<&Observed>, facts: &Known<'_>) -> Deletion<Action> {
    let Some(observed) = observed else {
        let arn = facts.status.arn.as_ref();
        let note = arn.map(|arn| Note::normal("Deleted", "Delete", format!("{arn} is deleted.")));
        return Deletion::Release(note);
    };
    if observed.state == DELETING {
        return Deletion::Wait("AWS is deleting the capacity provider.".into());
    }
    match estate(observed, facts).leave(facts.owner, facts.deletion_policy) {
        Leave::Delete if facts.delete_sent => {
            Deletion::Wait("AWS has been asked to delete the capacity provider.".into())
        }
        Leave::Delete => match observed.versions.as_deref() {
            Some([]) | None => Deletion::Act(Action::Delete),
            Some(versions) => Deletion::Blocked(format!(
                "{} is still used by {}. Delete these versions, or their functions.",
                observed.arn,
                some_of(versions)
            )),
        },
        Leave::Disown(keys) => Deletion::Part(Action::Disown(keys)),
        Leave::Release(note) => Deletion::Release(note),
        Leave::Denied(text) => Deletion::Denied(text),
    }
}
