//! What of a layer goes into `status`. Pure.

use lambda_operator_crds::{LambdaLayerStatus, Origin, Pending};

use crate::engine::kind::Report;
use crate::layer::model::{Lost, Observed, Version};
use crate::layer::permissions::SECTION;
use crate::layer::plan::{Action, Publication, target};
use crate::layer::{Layers, PUBLICATION, retention};

/// What has to be there before the action is tried.
pub fn prepare(action: &Action, status: &mut LambdaLayerStatus) {
    match action {
        Action::Publish(publication) => {
            status.common.pending = Some(intent(publication));
            publication.sids.iter().for_each(|sid| manage(sid, status));
        }
        Action::AddPermission { sid, .. } => manage(sid, status),
        Action::Adopt { .. } | Action::RemovePermission { .. } | Action::DeleteVersion { .. } => {}
    }
}

/// A pending publication holds what belongs into the status once it has taken place.
fn intent(publication: &Publication) -> Pending {
    let metadata = publication.metadata.fingerprint();
    Pending {
        token: Some(publication.token.clone()),
        newest_known: Some(publication.newest_known),
        fingerprint: Some(format!("{metadata} {}", publication.source.fingerprint)),
        ..Pending::new(PUBLICATION)
    }
}

fn manage(sid: &str, status: &mut LambdaLayerStatus) {
    let sections = &mut status.common.managed_sections;
    if !sections.iter().any(|section| section == SECTION) {
        sections.push(SECTION.to_owned());
    }
    let managed = &mut status.managed_permissions;
    if let Err(at) = managed.binary_search_by(|known| known.as_str().cmp(sid)) {
        managed.insert(at, sid.to_owned());
    }
}

/// What there may be of a publication whose outcome isn't known.
pub fn lost(status: &LambdaLayerStatus) -> Option<Lost> {
    let pending = status.common.pending.as_ref().filter(|pending| pending.operation == PUBLICATION)?;
    Some(Lost { token: pending.token.clone()?, newest_known: pending.newest_known.unwrap_or_default() })
}

/// Stores what a pending publication came to.
pub fn recover(observed: &Observed, status: &mut LambdaLayerStatus) {
    let Some(version) = observed.version.as_ref().filter(|_| observed.found) else { return };
    let Some(pending) = status.common.pending.take() else { return };
    let fingerprint = pending.fingerprint.unwrap_or_default();
    let (metadata, source) = fingerprint.split_once(' ').unwrap_or_default();
    published(version, pending.newest_known.unwrap_or_default(), (metadata, source), status);
    status.permissions_to_give.clone_from(&status.managed_permissions);
}

fn published(
    version: &Version,
    newest_known: i64,
    (metadata, source): (&str, &str),
    status: &mut LambdaLayerStatus,
) {
    let origin = if newest_known == 0 { Origin::Created } else { Origin::Adopted };
    status.common.origin.get_or_insert(origin);
    retention::remember(&mut status.published_versions, version.number);
    status.metadata_fingerprint = Some(metadata.to_owned());
    status.content_source = Some(source.to_owned());
    identify(version, status);
}

/// Says which version stands for the object.
fn identify(version: &Version, status: &mut LambdaLayerStatus) {
    status.layer_arn = Some(version.layer_arn().to_owned());
    if version.code_sha256.is_some() || status.latest_version != Some(version.number) {
        status.code_sha256.clone_from(&version.code_sha256);
    }
    status.latest_version_arn = Some(version.arn.clone());
    status.latest_version = Some(version.number);
}

/// Stores what an action came to.
pub fn record(action: &Action, observed: Option<&Observed>, status: &mut LambdaLayerStatus) {
    let version = observed.and_then(|observed| observed.version.as_ref());
    match (action, version) {
        (Action::Publish(publication), Some(version)) => {
            let Publication { source, metadata, newest_known, sids, .. } = &**publication;
            published(version, *newest_known, (&metadata.fingerprint(), &source.fingerprint), status);
            status.permissions_to_give.clone_from(sids);
        }
        (Action::AddPermission { sid, .. }, _) => status.permissions_to_give.retain(|due| due != sid),
        (Action::Adopt { content_source, metadata_fingerprint, .. }, Some(version)) => {
            status.common.origin = Some(Origin::Adopted);
            status.content_source = Some(content_source.clone());
            status.metadata_fingerprint = Some(metadata_fingerprint.clone());
            identify(version, status);
        }
        (Action::RemovePermission { sid, replaced: false, .. }, _) => {
            status.managed_permissions.retain(|managed| managed != sid);
        }
        (Action::DeleteVersion { number, .. }, _) => {
            status.published_versions.retain(|published| published != number);
            if status.latest_version == Some(*number) {
                status.managed_permissions.clear();
            }
            // Only a deletion still has one: what it announced is gone.
            status.common.pending = None;
        }
        _ => {}
    }
}

/// Fills in what is known of the layer.
pub fn report(report: &Report<'_, Layers>, status: &mut LambdaLayerStatus) {
    let Report { desired, observed, settled, observe_only, .. } = *report;
    let Some(version) = observed.and_then(|observed| observed.version.as_ref()) else {
        // Nobody's version is gone; one of our own is published again.
        if status.common.origin.is_none() {
            let common = std::mem::take(&mut status.common);
            *status = LambdaLayerStatus { common, ..LambdaLayerStatus::default() };
        }
        return;
    };
    let Some(desired) = desired.filter(|_| settled) else { return };
    identify(version, status);
    let Some(source) = desired.source.as_ref().filter(|_| !observe_only) else { return };
    status.permissions_to_give.clear();
    status.content_source = Some(source.fingerprint.clone());
    status.metadata_fingerprint = Some(target(desired, Some(version)).fingerprint());
    if desired.ignored.permissions {
        return;
    }
    status.managed_permissions = desired.permissions.iter().flatten().map(|(sid, _)| sid.clone()).collect();
    if desired.permissions.is_none() {
        status.common.managed_sections.retain(|section| section != SECTION);
    }
}
