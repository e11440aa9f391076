//! Changes to the published versions of a function in AWS: the part of `execute` that concerns them.

use std::collections::BTreeSet;

use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::kind::{Effect, Next};
use crate::engine::verdict::text_of;
use crate::function::model::{Look, Newer, Observed, Publication, Versions};
use crate::k8s::events::Note;
use crate::text::sentence;

/// Finds out what a visit has to know of versions.
pub(super) async fn observe(
    scope: &Scope,
    name: &str,
    Look { code_signing: _, version, newer, ending: _ }: &Look,
    observed: &mut Observed,
    priority: Priority,
) -> Result<(), AwsError> {
    if let Some(number) = version {
        let found = scope.get_version(name, number, priority).await?;
        observed.versions.gone = found.is_none();
        observed.versions.published = found;
    }
    if let Some(Newer { than, unless }) = newer
        && unless.as_ref() != Some(&observed.revision_id)
    {
        observed.versions.newer = scope.versions_after(name, *than, priority).await?;
    }
    Ok(())
}

/// Finds out which versions there are.
pub(super) async fn list(
    scope: &Scope,
    name: &str,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let newer = scope.versions_after(name, 0, priority).await?;
    let versions = Versions { listed: true, newer, ..Versions::default() };
    let observed = observed.map(|observed| Observed { versions, ..observed.clone() });
    Ok(Effect { observed, next: Next::Found, note: None })
}

/// Publishes `$LATEST`, which gives the function a new revision: it is read again.
pub(super) async fn publish(
    scope: &Scope,
    name: &str,
    publication: &Publication,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let version = scope.publish_version(name, publication, priority).await?;
    let text = format!("Version {} is published; its state is {}.", version.number, version.state);
    let versions = Versions { published: Some(version), ..Versions::default() };
    let observed = observed.map(|observed| Observed { versions, ..observed.clone() });
    Ok(Effect { observed, next: Next::Replan, note: Some(Note::normal("Published", "Publish", text)) })
}

/// Deletes a version that failed, unless something uses it.
pub(super) async fn discard(
    scope: &Scope,
    name: &str,
    version: i64,
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let durable = observed.is_some_and(Observed::is_durable);
    let in_use = !unused(scope, (name, durable), &[version], priority).await?.contains(&version);
    if !in_use {
        scope.delete_version(name, version, priority).await?;
    }
    let deleted = if in_use { Vec::new() } else { vec![version] };
    let note = Note::normal("Updated", "Delete", format!("Version {version}, which had failed, is deleted."));
    let versions = Versions { in_use, deleted, ..Versions::default() };
    let observed = observed.map(|observed| Observed { versions, ..observed.clone() });
    let next = if in_use { Next::Found } else { Next::Continue };
    Ok(Effect { observed, next, note: (!in_use).then_some(note) })
}

/// Deletes versions that nothing uses. What is in the way is told, and holds up nothing: the next publication tries again.
pub(super) async fn retire(
    scope: &Scope,
    name: &str,
    candidates: &[i64],
    observed: Option<&Observed>,
    priority: Priority,
) -> Result<Effect<Observed>, AwsError> {
    let mut deleted = Vec::new();
    let durable = observed.is_some_and(Observed::is_durable);
    let outcome = delete_unused(scope, (name, durable), candidates, &mut deleted, priority).await;
    let note = match outcome {
        Err(error) if matches!(error.class, Class::NotLeader | Class::ShuttingDown) => return Err(error),
        Err(error) => {
            let text =
                format!("Old versions stay until the next publication: {}", sentence(&text_of(&error)));
            Some(Note::warning("VersionsKept", "Delete", text))
        }
        Ok(()) if deleted.is_empty() => None,
        Ok(()) => {
            let numbers: Vec<String> = deleted.iter().map(i64::to_string).collect();
            let text = format!("Old versions are deleted: {}.", numbers.join(", "));
            Some(Note::normal("Updated", "Delete", text))
        }
    };
    let versions = |before: &Observed| Versions { deleted: deleted.clone(), ..before.versions.clone() };
    let observed = observed.map(|before| Observed { versions: versions(before), ..before.clone() });
    Ok(Effect { observed, next: Next::Continue, note })
}

async fn delete_unused(
    scope: &Scope,
    (name, durable): (&str, bool),
    candidates: &[i64],
    deleted: &mut Vec<i64>,
    priority: Priority,
) -> Result<(), AwsError> {
    for version in unused(scope, (name, durable), candidates, priority).await? {
        match scope.delete_version(name, version, priority).await {
            Ok(()) => deleted.push(version),
            // AWS knows of a use that can't be asked for: an alias of this moment, a replica at the edge.
            Err(error) if matches!(error.class, Class::InProgress | Class::InUse) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Those of the candidates that nothing in AWS uses. The cheapest questions come first, and no more are asked once
/// none is left. Only a durable function can have executions that last.
async fn unused(
    scope: &Scope,
    (name, durable): (&str, bool),
    candidates: &[i64],
    priority: Priority,
) -> Result<BTreeSet<i64>, AwsError> {
    let mut free: BTreeSet<i64> = candidates.iter().copied().collect();
    let aliased = scope.aliased_versions(name, priority).await?;
    free.retain(|version| !aliased.contains(version));
    if free.is_empty() {
        return Ok(free);
    }
    let provisioned = scope.provisioned_versions(name, priority).await?;
    let invoked = scope.event_invoke_versions(name, priority).await?;
    free.retain(|version| !provisioned.contains(version) && !invoked.contains(version));
    let mut unused = BTreeSet::new();
    for version in free {
        let used = scope.is_mapped(name, version, priority).await?
            || scope.has_permissions(name, version, priority).await?
            || (durable && scope.has_running_executions(name, version, priority).await?);
        if !used {
            unused.insert(version);
        }
    }
    Ok(unused)
}
