//! Reading and changing sections in AWS.

use std::collections::BTreeSet;

use super::model::{Change, Has, Section, Value};
use super::permission::Statement;
use super::{STAND_IN, Scaling, TERMINATE};
use crate::aws::{AwsError, Priority, Scope};

/// What the sections hang on.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The function's name in AWS.
    pub function: &'a str,
    /// The alias's; `None`: `$LATEST`.
    pub qualifier: Option<&'a str>,
    /// ARN of the function or the alias.
    pub arn: &'a str,
}

/// Reads sections, and completes what is known of others. All statements of a policy are read by one call.
///
/// # Errors
/// What AWS answered.
pub async fn look(
    scope: &Scope,
    target: Target<'_>,
    sections: &BTreeSet<Section>,
    before: &Has,
    priority: Priority,
) -> Result<Has, AwsError> {
    let mut has = Has::default();
    if sections.iter().any(Section::is_permission) {
        let statements = scope.get_permissions(target, priority).await?;
        for section in sections.iter().chain([&Section::stand_in()]) {
            let Section::Permission(sid) = section else { continue };
            let statement = statements.iter().find(|(of, _)| of == sid);
            let value = statement.map(|(sid, statement)| Value::Permission(sid.clone(), statement.clone()));
            has.values.insert(section.clone(), value);
        }
    }
    for section in sections {
        let value = match section {
            Section::Permission(_) => continue,
            Section::Url => {
                let found = scope.get_url(target, priority).await?;
                found.map(|(url, address)| {
                    has.address = Some(address);
                    Value::Url(url)
                })
            }
            Section::ResourcePolicy => {
                let found = scope.get_resource_policy(target, priority).await?;
                found.map(|(document, revision)| {
                    has.policy_revision = revision;
                    Value::ResourcePolicy(document)
                })
            }
            Section::EventInvoke => scope.get_event_invoke(target, priority).await?.map(Value::EventInvoke),
            Section::RecursiveLoop => {
                scope.get_recursive_loop(target.function, priority).await?.map(Value::RecursiveLoop)
            }
            Section::RuntimeManagement => {
                scope.get_runtime_management(target.function, priority).await?.map(Value::RuntimeManagement)
            }
            Section::Provisioned => {
                has.provisioned = scope.get_provisioned(target, priority).await?;
                has.provisioned.as_ref().map(|provisioned| Value::Provisioned(provisioned.requested))
            }
            Section::Scaling => {
                has.scaling = scope.get_scaling(target.function, priority).await?;
                has.scaling.as_ref().and_then(|scaling| scaling.requested).map(Value::Scaling)
            }
        };
        has.values.insert(section.clone(), value);
    }
    has.carry(before);
    Ok(has)
}

/// Makes changes, in order, and says what AWS has after them.
///
/// # Errors
/// What AWS answered to the first that it refused.
pub async fn make(
    scope: &Scope,
    target: Target<'_>,
    changes: &[Change],
    has: &Has,
    priority: Priority,
) -> Result<Has, AwsError> {
    let mut has = has.clone();
    for change in changes {
        match change {
            Change::Put(value) => put(scope, target, value, &mut has, priority).await?,
            Change::Clear(section) => clear(scope, target, section, &mut has, priority).await?,
        }
        has.apply(change);
    }
    Ok(has)
}

async fn put(
    scope: &Scope,
    target: Target<'_>,
    value: &Value,
    has: &mut Has,
    priority: Priority,
) -> Result<(), AwsError> {
    let before = has.values.get(&value.section()).and_then(Option::as_ref);
    match value {
        Value::Url(url) if before.is_some() => scope.update_url(target, url, priority).await?,
        Value::Url(url) => has.address = Some(scope.create_url(target, url, priority).await?),
        Value::ResourcePolicy(document) => {
            let revision = has.policy_revision.as_deref();
            has.policy_revision = scope.put_resource_policy(target, document, revision, priority).await?;
        }
        Value::Permission(sid, statement) if before.is_some() => {
            if has.values.insert(Section::stand_in(), None).flatten().is_some() {
                scope.remove_permission(target, STAND_IN, priority).await?;
            }
            replace(scope, target, (sid, statement), priority).await?;
        }
        Value::Permission(sid, statement) => {
            scope.add_permission(target, sid, statement, priority).await?;
        }
        Value::EventInvoke(settings) => scope.put_event_invoke(target, settings, priority).await?,
        Value::RecursiveLoop(treatment) => {
            scope.put_recursive_loop(target.function, treatment, priority).await?;
        }
        Value::RuntimeManagement(updates) => {
            scope.put_runtime_management(target.function, Some(updates), priority).await?;
        }
        Value::Provisioned(number) => {
            has.provisioned = Some(scope.put_provisioned(target, *number, priority).await?);
        }
        Value::Scaling(limits) => {
            scope.put_scaling(target.function, Some(*limits), priority).await?;
            let applied = has.scaling.take().unwrap_or_default().applied;
            has.scaling = Some(Scaling { requested: Some(*limits), applied });
        }
    }
    Ok(())
}

/// AWS can't change a statement. So that nobody is locked out meanwhile, another one with the new content stands in for it.
async fn replace(
    scope: &Scope,
    target: Target<'_>,
    (sid, statement): (&str, &Statement),
    priority: Priority,
) -> Result<(), AwsError> {
    scope.add_permission(target, STAND_IN, statement, priority).await?;
    scope.remove_permission(target, sid, priority).await?;
    scope.add_permission(target, sid, statement, priority).await?;
    scope.remove_permission(target, STAND_IN, priority).await
}

async fn clear(
    scope: &Scope,
    target: Target<'_>,
    section: &Section,
    has: &mut Has,
    priority: Priority,
) -> Result<(), AwsError> {
    match section {
        Section::Url => {
            has.address = None;
            scope.delete_url(target, priority).await
        }
        Section::ResourcePolicy => {
            let revision = has.policy_revision.take();
            scope.delete_resource_policy(target, revision.as_deref(), priority).await
        }
        Section::Permission(sid) => scope.remove_permission(target, sid, priority).await,
        Section::EventInvoke => scope.delete_event_invoke(target, priority).await,
        Section::RecursiveLoop => scope.put_recursive_loop(target.function, TERMINATE, priority).await,
        Section::RuntimeManagement => scope.put_runtime_management(target.function, None, priority).await,
        Section::Provisioned => {
            has.provisioned = None;
            scope.delete_provisioned(target, priority).await
        }
        Section::Scaling => {
            has.scaling = None;
            scope.put_scaling(target.function, None, priority).await
        }
    }
}
