//! One change to a mapping in AWS.

use lambda_operator_crds::conditions::Reason;

use super::model::{Configuration, Fixed, Observed};
use super::plan::Action;
use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::kind::{Effect, Next};
use crate::engine::tags::Tags;
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::k8s::events::Note;
use crate::text::{self, sentence};

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
    let arn = observed.map(|known| known.arn.as_str()).unwrap_or_default();
    let effect = |observed, next, note: Option<Note>| Ok(Effect { observed, next, note });
    match action {
        Action::Create { fixed, configuration, enabled, tags } => {
            create(scope, (fixed, configuration, *enabled), tags, priority).await
        }
        Action::ReadTags => {
            let tags = Some(scope.mapping_tags(arn, priority).await?);
            effect(observed.map(|known| Observed { tags, ..known.clone() }), Next::Found, None)
        }
        Action::Own { tags, .. } => {
            scope.tag(arn, tags, priority).await?;
            let note = Note::normal("Adopted", "Update", format!("{arn} now belongs to this object."));
            effect(after(action, observed), Next::Found, Some(note))
        }
        Action::Update { .. } => update(scope, action, observed, priority).await,
        Action::Tag(tags) => {
            scope.tag(arn, tags, priority).await?;
            effect(after(action, observed), Next::Continue, Some(Note::updated(text::tags_set(tags.keys()))))
        }
        Action::Untag(keys) => {
            scope.untag(arn, keys, priority).await?;
            effect(after(action, observed), Next::Continue, Some(Note::updated(text::tags_removed(keys))))
        }
        Action::Delete => {
            let uuid = observed.map(|known| known.uuid.as_str()).unwrap_or_default();
            scope.delete_mapping(uuid, priority).await?;
            effect(None, Next::Settle, None)
        }
        Action::Disown(keys) => {
            scope.untag(arn, keys, priority).await?;
            let text = format!("{arn} stays in AWS, without ownership tags.");
            effect(None, Next::Continue, Some(Note::normal("Retained", "Delete", text)))
        }
    }
}

/// Creates, or brings to light the mapping that is there already.
async fn create(
    scope: &Scope,
    (fixed, configuration, enabled): (&Fixed, &Configuration, bool),
    tags: &Tags,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    match scope.create_mapping(fixed, configuration, enabled, tags, priority).await {
        Ok(created) => {
            let text = format!("{} is being created.", created.arn);
            let note = Some(Note::normal("Created", "Create", text));
            Ok(Effect { observed: Some(created), next: Next::Settle, note })
        }
        Err(error) if error.class == Class::AlreadyExists => {
            let found = scope.existing_mapping(&error, fixed, configuration, priority).await?;
            Ok(Effect { observed: Some(found), next: Next::Found, note: None })
        }
        Err(error) => explained(error),
    }
}

/// Changes fields, and keeps the tags that were read.
async fn update(
    scope: &Scope,
    action: &Action,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let (Action::Update { configuration, fields, enabled, paths }, Some(known)) = (action, observed) else {
        return Ok(Effect { observed: None, next: Next::Replan, note: None });
    };
    match scope.update_mapping(known, configuration, fields, *enabled, priority).await {
        Ok(updated) => {
            let text = format!("The mapping is being updated: {}.", paths.join(", "));
            let note = Some(Note::updated(text));
            let observed = Some(Observed { tags: known.tags.clone(), ..updated });
            Ok(Effect { observed, next: Next::Settle, note })
        }
        Err(error) => explained(error),
    }
}

/// A queue and a function that don't suit each other are refused; neither is in this object's spec.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
fn explained(error: AwsError) -> Result<Effect<Observed>, AwsError> {
    if error.class != Class::Terminal || !error.message.contains("visibility timeout") {
        return Err(error);
    }
    let text = format!(
        "{} While the function works on a batch, the queue must not give it to anybody else: raise the queue's \
         VisibilityTimeout to at least the function's timeout (AWS advises six times as much), or lower the timeout of \
         the function.",
        sentence(&verdict::text_of(&error))
    );
    let verdict = Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow);
    Ok(Effect { observed: None, next: Next::End(verdict), note: None })
}

/// What a mapping is after a change that answers nothing of it.
pub(super) fn after(action: &Action, observed: Option<&Observed>) -> Option<Observed> {
    let mut next = observed?.clone();
    if let Some(Ok(has)) = &mut next.tags {
        match action {
            Action::Own { tags, .. } | Action::Tag(tags) => has.extend(tags.clone()),
            Action::Untag(keys) => has.retain(|key, _| !keys.contains(key)),
            _ => {}
        }
    }
    Some(next)
}
