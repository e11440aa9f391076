//! One change to an alias in AWS.

use crate::alias::model::{Alias, Id, Newest, Observed, Setting, has_all};
use crate::alias::plan::{self, Action, Creation};
use crate::alias::versions;
use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::kind::{Effect, Next};
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::k8s::events::Note;
use crate::section::execute::Target;
use crate::section::{self, Has, Provisioned};
use lambda_operator_crds::conditions::Reason;

/// Makes a change. `observed` is what the plan was made from.
///
/// # Errors
/// What AWS answered.
pub async fn execute(
    scope: &Scope,
    id: &Id,
    action: &Action,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    match action {
        Action::Create(creation) => create(scope, id, creation, priority).await,
        Action::Adopt { arn, .. } => {
            let note = Note::normal("Adopted", "Update", format!("{arn} now belongs to this object."));
            Ok(Effect { observed: None, next: Next::Continue, note: Some(note) })
        }
        Action::Update { setting, paths } => {
            let Some(observed) = observed else { return Ok(replan()) };
            update(scope, id, (setting, paths), observed, priority).await
        }
        Action::Look(sections) => {
            let Some(before) = observed else { return Ok(replan()) };
            let target = target(id, &before.alias);
            let sections =
                section::execute::look(scope, target, sections, &before.sections, priority).await?;
            let observed = Observed { sections, ..before.clone() };
            Ok(Effect { observed: Some(observed), next: Next::Found, note: None })
        }
        Action::Sections(changes) => {
            let Some(before) = observed else { return Ok(replan()) };
            let target = target(id, &before.alias);
            let sections = section::execute::make(scope, target, changes, &before.sections, priority).await?;
            let note = Note::updated(section::told(changes, &before.sections));
            let moving = sections.provisioned.as_ref().is_some_and(Provisioned::is_moving);
            let next = if moving { Next::Settle } else { Next::Continue };
            let observed = Observed { sections, ..before.clone() };
            Ok(Effect { observed: Some(observed), next, note: Some(note) })
        }
        Action::Delete => {
            scope.delete_alias(&id.function, &id.name, priority).await?;
            let text = format!("The alias {} of the function {} is deleted.", id.name, id.function);
            let note = Note::normal("Deleted", "Delete", text);
            Ok(Effect { observed: None, next: Next::Continue, note: Some(note) })
        }
    }
}

/// What the sections of an alias hang on.
pub(super) fn target<'a>(id: &'a Id, alias: &'a Alias) -> Target<'a> {
    Target { function: &id.function, qualifier: Some(&id.name), arn: &alias.arn }
}

fn replan() -> Effect<Observed> {
    Effect { observed: None, next: Next::Replan, note: None }
}

fn end(verdict: Verdict) -> Effect<Observed> {
    Effect { observed: None, next: Next::End(verdict), note: None }
}

async fn create(
    scope: &Scope,
    id: &Id,
    creation: &Creation,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let Creation { function, name, version, description, weights } = creation;
    let (version, newest) = match version {
        Some(version) => (version.clone(), None),
        None => match versions::newest(scope, function, None, priority).await? {
            Some(Newest { active: Some(version), busy, failed }) => {
                (version.clone(), Some(Newest { active: Some(version), busy, failed }))
            }
            newest => return Ok(end(versions::none_to_follow(function, newest.as_ref()))),
        },
    };
    let setting = Setting { version, description: description.clone(), weights: Some(weights.clone()) };
    let alias = match scope.create_alias(function, name, &setting, priority).await {
        Ok(alias) => alias,
        Err(error) => return refused(scope, id, &setting, error, priority).await,
    };
    let text = format!("{} was created and points to version {}.", alias.arn, alias.version);
    let next = match plan::following(&alias.arn, &alias.version, newest.as_ref()) {
        Verdict::Settled(..) => Next::Continue,
        waiting => Next::End(waiting),
    };
    let observed = Observed { alias, newest, moving: false, sections: Has::default() };
    Ok(Effect { observed: Some(observed), next, note: Some(Note::normal("Created", "Create", text)) })
}

async fn update(
    scope: &Scope,
    id: &Id,
    (setting, paths): (&Setting, &[&'static str]),
    observed: &Observed,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let before = &observed.alias;
    let answer = scope.update_alias(&id.function, &id.name, setting, &before.revision_id, priority).await;
    let alias = match answer {
        Ok(alias) => alias,
        Err(error) => return refused(scope, id, setting, error, priority).await,
    };
    let text = if alias.version == before.version {
        format!("{} was updated: {}.", alias.arn, paths.join(", "))
    } else {
        format!(
            "{} was moved from version {} to {} ({}).",
            alias.arn,
            before.version,
            alias.version,
            paths.join(", ")
        )
    };
    // With provisioned concurrency AWS may shift the traffic by and by, and says so at once.
    let next = if has_all(&alias.weights) { Next::Settle } else { Next::Continue };
    let observed = Observed { alias, ..observed.clone() };
    Ok(Effect { observed: Some(observed), next, note: Some(Note::updated(text)) })
}

/// A version that isn't there or isn't Active is told apart from all else by looking at it, not by AWS's text.
async fn refused(
    scope: &Scope,
    id: &Id,
    setting: &Setting,
    error: AwsError,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    if !matches!(error.class, Class::Gone | Class::InProgress) {
        return Err(error);
    }
    match versions::explain(scope, id, setting, &error, priority).await? {
        Some(verdict) => Ok(end(verdict)),
        // AWS's reads can be ahead of its writes.
        None if error.class == Class::Gone && error.operation == "CreateAlias" => {
            let text = verdict::text_of(&error);
            Ok(end(Verdict::Problem(Reason::Propagating, text, Recheck::Propagating)))
        }
        None => Err(error),
    }
}
