//! One change to a provider in AWS.

use crate::aws::{AwsError, Priority, Scope};
use crate::capacity_provider::model::{Changes, Observed, PENDING};
use crate::capacity_provider::plan::Action;
use crate::engine::kind::{Effect, Next};
use crate::k8s::events::Note;
use crate::text;

/// Makes a change. `observed` is what the plan was made from.
///
/// # Errors
/// What AWS answered.
pub async fn execute(
    scope: &Scope,
    name: &str,
    action: &Action,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let arn = observed.map(|observed| observed.arn.as_str()).unwrap_or_default();
    let effect = |observed, next, note| Ok(Effect { observed, next, note });
    match action {
        Action::Create { configuration, tags } => {
            let created = scope.create_capacity_provider(name, configuration, tags, priority).await?;
            let note = Note::normal("Created", "Create", format!("{} is being created.", created.arn));
            effect(Some(created), Next::Settle, Some(note))
        }
        Action::Own(tags) => {
            scope.tag(arn, tags, priority).await?;
            let note = Note::normal("Adopted", "Update", format!("{arn} now belongs to this object."));
            effect(None, Next::Replan, Some(note))
        }
        Action::Update(changes) => {
            scope.update_capacity_provider(name, changes, priority).await?;
            let text = format!("The capacity provider is being updated: {}.", changes.paths().join(", "));
            effect(after(action, observed), Next::Settle, Some(Note::updated(text)))
        }
        Action::Tag(tags) => {
            scope.tag(arn, tags, priority).await?;
            let note = Note::updated(text::tags_set(tags.keys()));
            effect(after(action, observed), Next::Continue, Some(note))
        }
        Action::Untag(keys) => {
            scope.untag(arn, keys, priority).await?;
            effect(after(action, observed), Next::Continue, Some(Note::updated(text::tags_removed(keys))))
        }
        Action::Replace => {
            scope.delete_capacity_provider(name, priority).await?;
            let text = "The capacity provider whose creation failed was deleted, to be created anew.";
            effect(None, Next::Settle, Some(Note::normal("Replaced", "Delete", text)))
        }
        Action::Delete => {
            scope.delete_capacity_provider(name, priority).await?;
            effect(None, Next::Settle, None)
        }
        Action::Disown(keys) => {
            scope.untag(arn, keys, priority).await?;
            let text = format!("{arn} stays in AWS, without ownership tags.");
            effect(None, Next::Continue, Some(Note::normal("Retained", "Delete", text)))
        }
    }
}

/// What a provider is after a change that answers nothing of it.
pub(super) fn after(action: &Action, observed: Option<&Observed>) -> Option<Observed> {
    let mut next = observed?.clone();
    match action {
        Action::Update(changes) => {
            let configuration = &mut next.configuration;
            PENDING.clone_into(&mut next.state);
            let Changes { scaling, propagation, logging } = changes;
            if let Some(scaling) = scaling {
                configuration.scaling.clone_from(scaling);
            }
            if let Some(propagation) = propagation {
                configuration.propagation.clone_from(propagation);
            }
            if let Some(logging) = logging {
                configuration.logging.clone_from(logging);
            }
        }
        Action::Tag(tags) => drop(next.tags.as_mut().map(|has| has.extend(tags.clone()))),
        Action::Untag(keys) => drop(next.tags.as_mut().map(|has| has.retain(|key, _| !keys.contains(key)))),
        _ => {}
    }
    Some(next)
}
