//! What is left to do in AWS before a CodeSigningConfig may go. Pure.

use crate::code_signing::model::Observed;
use crate::code_signing::plan::{Action, Known, estate};
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
    match estate(observed, facts).leave(facts.owner, facts.deletion_policy) {
        Leave::Delete => match observed.functions.as_deref() {
            Some([]) | None => Deletion::Act(Action::Delete),
            Some(functions) => Deletion::Blocked(format!(
                "{} is still used by {}. Detach it from them, or delete them.",
                observed.arn,
                functions.join(", ")
            )),
        },
        Leave::Disown(keys) => Deletion::Part(Action::Disown(keys)),
        Leave::Release(note) => Deletion::Release(note),
        Leave::Denied(text) => Deletion::Denied(text),
    }
}
