//! One change to a function in AWS.

use lambda_operator_crds::conditions::Reason;

use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::kind::{Effect, Next};
use crate::engine::verdict::{Recheck, Verdict};
use crate::function::model::{Ending, Id, Live, Observed};
use crate::function::plan::Action;
use crate::function::{deletion, versions};
use crate::k8s::events::Note;
use crate::section;
use crate::section::execute::Target;

/// Reads the function, and what else the visit has to see.
///
/// # Errors
/// What AWS answered.
pub async fn observe(
    scope: &Scope,
    Id { name, look }: &Id,
    priority: Priority,
) -> Result<Option<Observed>, AwsError> {
    let Some(mut observed) = scope.get_function(name, priority).await? else { return Ok(None) };
    if look.code_signing {
        observed.code_signing = Some(scope.code_signing_link(name, priority).await?);
    }
    versions::observe(scope, name, look, &mut observed, priority).await?;
    if let Some(ending) = look.ending.filter(|ending| deletion::asks(*ending, &observed)) {
        observed.running = running(scope, name, ending, priority).await?;
    }
    Ok(Some(observed))
}

/// The durable executions that run, which the function can't go without, or which people are only told of.
async fn running(
    scope: &Scope,
    name: &str,
    ending: Ending,
    priority: Priority,
) -> Result<Option<(Ending, Vec<String>)>, AwsError> {
    match scope.running_executions(name, priority).await {
        Err(error) if ending == Ending::Awaited && error.class == Class::AccessDenied => Ok(None),
        running => Ok(Some((ending, running?))),
    }
}

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
    let revision = observed.map(|observed| observed.revision_id.as_str());
    let arn = observed.map(|observed| observed.arn.as_str()).unwrap_or_default();
    let settle =
        |observed, note| Ok(Effect { observed: Some(observed), next: Next::Settle, note: Some(note) });
    match action {
        Action::Create { configuration, package, tags, code_signing } => {
            let code = &package.code;
            let created = match code_signing {
                Some(arn) => {
                    scope.create_signed_function(name, configuration, (code, tags), arn, priority).await?
                }
                None => scope.create_function(name, configuration, code, tags, priority).await?,
            };
            let text = format!("{} is being created.", created.arn);
            settle(created, Note::normal("Created", "Create", text))
        }
        Action::UpdateConfiguration { configuration, fields, then_code: _ } => {
            let updated = scope.update_configuration(name, configuration, fields, revision, priority).await?;
            let paths: Vec<&str> = fields.iter().map(|field| field.path()).collect();
            let text = format!("The configuration is being updated: {}.", paths.join(", "));
            settle(keep_live(updated, observed), Note::normal("ConfigurationUpdated", "Update", text))
        }
        Action::UpdateCode { package, replaces: _ } => {
            let updated = scope.update_code(name, &package.code, revision, priority).await?;
            let text = format!("The code is being updated from {}.", package.fingerprint);
            settle(keep_live(updated, observed), Note::normal("CodeUpdated", "Update", text))
        }
        Action::Own { tags } => {
            scope.tag(arn, tags, priority).await?;
            let note = Note::normal("Adopted", "Update", format!("{arn} now belongs to this object."));
            Ok(Effect { observed: None, next: Next::Replan, note: Some(note) })
        }
        Action::Reread => Ok(replan()),
        Action::Look(sections) => {
            let Some(before) = observed else { return Ok(replan()) };
            let target = target(name, arn);
            let sections =
                section::execute::look(scope, target, sections, &before.sections, priority).await?;
            let observed = Observed { sections, ..before.clone() };
            Ok(Effect { observed: Some(observed), next: Next::Found, note: None })
        }
        Action::Sections(changes) => {
            let Some(before) = observed else { return Ok(replan()) };
            let target = target(name, arn);
            let sections = section::execute::make(scope, target, changes, &before.sections, priority).await?;
            let note = Note::updated(section::told(changes, &before.sections));
            let observed = Observed { sections, ..before.clone() };
            Ok(Effect { observed: Some(observed), next: Next::Continue, note: Some(note) })
        }
        Action::ListVersions => versions::list(scope, name, observed, priority).await,
        Action::Publish { publication, .. } => {
            versions::publish(scope, name, publication, observed, priority).await
        }
        Action::Discard { version } => versions::discard(scope, name, *version, observed, priority).await,
        Action::Retire { versions } => versions::retire(scope, name, versions, observed, priority).await,
        Action::Replace => replace(scope, name, priority).await,
        Action::Stop { executions } => stop(scope, executions, priority).await,
        Action::Delete => {
            scope.delete_function(name, priority).await?;
            Ok(Effect { observed: None, next: Next::Settle, note: None })
        }
        Action::Disown { keys } => {
            scope.untag(arn, keys, priority).await?;
            let note =
                Note::normal("Retained", "Delete", format!("{arn} stays in AWS, without ownership tags."));
            Ok(Effect { observed: None, next: Next::Continue, note: Some(note) })
        }
        Action::Tag { .. }
        | Action::Untag { .. }
        | Action::PutConcurrency(_)
        | Action::DeleteConcurrency
        | Action::LinkCodeSigning(_)
        | Action::UnlinkCodeSigning => {
            at_once(scope, name, arn, action, priority).await?;
            let note = observed.map(|before| Note::updated(action.told(before)));
            let observed = observed.map(|observed| after(action, observed));
            Ok(Effect { observed, next: Next::Continue, note })
        }
    }
}

fn replan() -> Effect<Observed> {
    Effect { observed: None, next: Next::Replan, note: None }
}

fn target<'a>(function: &'a str, arn: &'a str) -> Target<'a> {
    Target { function, qualifier: None, arn }
}

async fn at_once(
    scope: &Scope,
    name: &str,
    arn: &str,
    action: &Action,
    priority: Priority,
) -> Result<(), AwsError> {
    match action {
        Action::Tag { tags } => scope.tag(arn, tags, priority).await,
        Action::Untag { keys } => scope.untag(arn, keys, priority).await,
        Action::PutConcurrency(value) => scope.put_concurrency(name, *value, priority).await,
        Action::DeleteConcurrency => scope.delete_concurrency(name, priority).await,
        Action::LinkCodeSigning(arn) => scope.link_code_signing(name, arn, priority).await,
        Action::UnlinkCodeSigning => scope.unlink_code_signing(name, priority).await,
        _ => Ok(()),
    }
}

/// What a function is after a change that takes effect at once and answers nothing.
pub(crate) fn after(action: &Action, observed: &Observed) -> Observed {
    let mut next = observed.clone();
    match action {
        Action::LinkCodeSigning(arn) => next.code_signing = Some(arn.clone()),
        Action::UnlinkCodeSigning => next.code_signing = Some(String::new()),
        Action::Sections(changes) => changes.iter().for_each(|change| next.sections.apply(change)),
        _ => {}
    }
    let Some(live) = &mut next.live else { return next };
    match action {
        Action::Tag { tags } => {
            if let Ok(has) = &mut live.tags {
                has.extend(tags.clone());
            }
        }
        Action::Untag { keys } => {
            if let Ok(has) = &mut live.tags {
                has.retain(|key, _| !keys.contains(key));
            }
        }
        Action::PutConcurrency(value) => live.reserved_concurrency = Some(*value),
        Action::DeleteConcurrency => live.reserved_concurrency = None,
        _ => {}
    }
    next
}

/// The answer to an update has no tags, concurrency, image or link: those are as they were. The update is in progress now.
fn keep_live(updated: Observed, before: Option<&Observed>) -> Observed {
    let live = before.and_then(|before| before.live.clone()).map(|live| Live {
        last_update_status: Some("InProgress".into()),
        last_update_status_reason: None,
        last_update_status_reason_code: None,
        ..live
    });
    let code_signing = before.and_then(|before| before.code_signing.clone());
    Observed { code_signing, live, ..updated }
}

/// Stops executions. That they have ended, the next visit sees.
async fn stop(
    scope: &Scope,
    executions: &[String],
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    for execution in executions {
        scope.end_execution(execution, priority).await?;
    }
    let text = format!("{} are stopped.", deletion::counted(executions.len()));
    let verdict =
        Verdict::Progress(Reason::Deleting, format!("{text} The function is deleted once they have ended."));
    let note = Note::normal("ExecutionsStopped", "Delete", text);
    Ok(Effect { observed: None, next: Next::End(verdict), note: Some(note) })
}

/// Deletes a function whose creation failed, unless something came to depend on it.
async fn replace(scope: &Scope, name: &str, priority: Priority) -> Result<Effect<Observed>, AwsError> {
    if scope.has_versions_or_aliases(name, priority).await? {
        let text = "the creation failed, and the function is not replaced because it has versions or aliases. Delete it in \
                    AWS; it is then created anew.";
        let verdict = Verdict::Problem(Reason::CreateFailed, text.into(), Recheck::Slow);
        return Ok(Effect { observed: None, next: Next::End(verdict), note: None });
    }
    scope.delete_function(name, priority).await?;
    let text = "The function whose creation failed was deleted, to be created anew.";
    Ok(Effect { observed: None, next: Next::Settle, note: Some(Note::normal("Replaced", "Delete", text)) })
}
