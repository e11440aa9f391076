//! Which versions may go: only those that the object published, none that an object of the cluster uses, and never the
//! newest. Pure.

use std::collections::BTreeSet;

use lambda_operator_crds::LambdaLayerStatus;

use crate::layer::desired::Desired;

/// As many published versions are remembered.
const REMEMBERED: usize = 1000;

/// The versions to delete, the oldest first. `publishing`: a newer one is about to be there. The one before it stays for
/// now: functions are still to roll.
pub(super) fn obsolete(
    desired: &Desired,
    status: &LambdaLayerStatus,
    publishing: bool,
) -> impl Iterator<Item = i64> {
    let keep = desired.keep.map(|keep| keep - usize::from(publishing));
    let beyond: Vec<i64> = beyond(keep, status).collect();
    let in_use = desired.in_use.clone();
    let layer = status.layer_arn.clone().unwrap_or_default();
    beyond.into_iter().filter(move |number| !in_use.contains(&format!("{layer}:{number}")))
}

/// The ARNs of versions that would go if nobody used them.
pub(super) fn awaited(keep: Option<i32>, status: &LambdaLayerStatus) -> BTreeSet<String> {
    let keep = keep.map(|keep| usize::try_from(keep).unwrap_or(1).max(1));
    let layer = status.layer_arn.clone().unwrap_or_default();
    beyond(keep, status).map(|number| format!("{layer}:{number}")).collect()
}

fn beyond(keep: Option<usize>, status: &LambdaLayerStatus) -> impl Iterator<Item = i64> {
    let published = &status.published_versions;
    let many = keep.map_or(0, |keep| published.len().saturating_sub(keep));
    let latest = status.latest_version;
    published.iter().copied().take(many).filter(move |number| Some(*number) != latest)
}

/// Remembers that a version was published.
pub(super) fn remember(published: &mut Vec<i64>, number: i64) {
    published.push(number);
    published.sort_unstable();
    published.dedup();
    let many = published.len().saturating_sub(REMEMBERED);
    published.drain(..many);
}
