//! One change to a configuration in AWS.

use crate::aws::{AwsError, Priority, Scope};
use crate::code_signing::model::Observed;
use crate::code_signing::plan::Action;
use crate::engine::kind::{Effect, Next};
use crate::k8s::events::Note;
use crate::text;

/// Makes a change. `observed` is what the plan was made from.
///
/// # Errors
/// What AWS answered.
pub async fn execute(
    scope: &Scope,
    action: &Action,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let arn = observed.map(|observed| observed.arn.as_str()).unwrap_or_default();
    let effect = |observed, next, note| Ok(Effect { observed, next, note: Some(note) });
    match action {
        Action::Create { configuration, tags } => {
            let created = scope.create_code_signing_config(configuration, tags, priority).await?;
            let note = Note::normal("Created", "Create", format!("{} was created.", created.arn));
            effect(Some(created), Next::Continue, note)
        }
        Action::Own(tags) => {
            scope.tag(arn, tags, priority).await?;
            let note = Note::normal("Adopted", "Update", format!("{arn} now belongs to this object."));
            effect(None, Next::Replan, note)
        }
        Action::Update { configuration, paths } => {
            scope.update_code_signing_config(arn, configuration, priority).await?;
            let text = format!("The configuration was updated: {}.", paths.join(", "));
            effect(after(action, observed), Next::Continue, Note::updated(text))
        }
        Action::Tag(tags) => {
            scope.tag(arn, tags, priority).await?;
            effect(after(action, observed), Next::Continue, Note::updated(text::tags_set(tags.keys())))
        }
        Action::Untag(keys) => {
            scope.untag(arn, keys, priority).await?;
            effect(after(action, observed), Next::Continue, Note::updated(text::tags_removed(keys)))
        }
        Action::Delete => {
            scope.delete_code_signing_config(arn, priority).await?;
            Ok(Effect { observed: None, next: Next::Replan, note: None })
        }
        Action::Disown(keys) => {
            scope.untag(arn, keys, priority).await?;
            let text = format!("{arn} stays in AWS, without ownership tags.");
            effect(None, Next::Continue, Note::normal("Retained", "Delete", text))
        }
    }
}

/// What a configuration is after a change that answers nothing of it.
pub(super) fn after(action: &Action, observed: Option<&Observed>) -> Option<Observed> {
    let mut next = observed?.clone();
    match (action, &mut next.tags) {
        (Action::Update { configuration, .. }, _) => next.configuration = configuration.clone(),
        (Action::Tag(tags), Ok(has)) => has.extend(tags.clone()),
        (Action::Untag(keys), Ok(has)) => has.retain(|key, _| !keys.contains(key)),
        _ => {}
    }
    Some(next)
}
