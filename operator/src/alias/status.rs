//! What of an alias goes into `status`, and what the status says about whose alias it is. Pure.

use lambda_operator_crds::{LambdaAliasStatus, ObservedRouting, Origin, Pending, VersionWeight};

use crate::alias::desired::Desired;
use crate::alias::model::{self, Alias, Observed, Weights};
use crate::alias::{Aliases, CREATION};
use crate::engine::kind::Report;
use crate::section::{self, Provisioned, Section};

/// Whether the alias is this object's: the status says that it was created or adopted, or a creation is pending that
/// makes just this.
pub fn is_ours(alias: &Alias, status: &LambdaAliasStatus) -> bool {
    status.common.origin.is_some() || status.common.pending.as_ref().is_some_and(|made| made_by(alias, made))
}

fn made_by(alias: &Alias, pending: &Pending) -> bool {
    let fingerprint = pending.fingerprint.as_deref().filter(|_| pending.operation == CREATION);
    fingerprint.is_some_and(|made| model::is_made_by(alias, made))
}

/// Stores what a pending creation came to. An alias that is another than the one that was sent is somebody else's.
pub fn recover(alias: &Alias, status: &mut LambdaAliasStatus) {
    let Some(pending) = status.common.pending.take() else { return };
    if made_by(alias, &pending) {
        status.common.origin.get_or_insert(Origin::Created);
        status.arn = Some(alias.arn.clone());
    }
}

/// Says which alias it is, before it is created or taken over.
pub fn pin(function: &str, name: &str, status: &mut LambdaAliasStatus) {
    status.function_name = Some(function.to_owned());
    status.alias_name = Some(name.to_owned());
}

/// Fills in what is known of the alias.
pub fn report(report: &Report<'_, Aliases>, status: &mut LambdaAliasStatus) {
    let Report { desired, observed, settled, differs: _, owner: _, observe_only } = *report;
    if let (Some(desired), true) = (desired, observe_only) {
        pin(&desired.function.name, &desired.name, status);
    }
    let concerned = observe_only || status.common.origin.is_some();
    if !concerned && status.common.pending.is_none() {
        (status.function_name, status.alias_name) = (None, None);
    }
    let alias = observed.filter(|_| concerned).map(|observed| &observed.alias);
    let routing = alias.map(|alias| &alias.weights).filter(|weights| !weights.is_empty());
    status.arn = alias.map(|alias| alias.arn.clone());
    status.function_version = alias.map(|alias| alias.version.clone());
    status.routing_config = routing.map(shown);
    report_sections(desired, observed.filter(|_| concerned), status);
    match (desired, alias) {
        // What hung on an alias that is gone went with it.
        (_, None) => section::forget(&mut status.common),
        (Some(desired), Some(_)) if settled && !observe_only => {
            section::report(&desired.sections, &mut status.common);
        }
        _ => {}
    }
    status.revision_id = alias.filter(|_| settled).map(|alias| alias.revision_id.clone());
}

/// The address of the URL and how far the provisioned concurrency is, as far as they were looked at.
fn report_sections(desired: Option<&Desired>, observed: Option<&Observed>, status: &mut LambdaAliasStatus) {
    let Some(Observed { alias, sections, .. }) = observed else {
        (status.function_url, status.provisioned_concurrency, status.selector) = (None, None, None);
        return;
    };
    let read = |section| sections.values.contains_key(&section);
    // What nobody looks at any more is not shown as it once was.
    let left = |section| desired.is_some_and(|desired| desired.sections.leaves(&section, &status.common));
    let (url, provisioned) = (left(Section::Url), left(Section::Provisioned));
    if url || read(Section::Url) {
        status.function_url.clone_from(&sections.address);
    }
    if provisioned || read(Section::Provisioned) {
        status.provisioned_concurrency = sections.provisioned.as_ref().map(Provisioned::shown);
    }
    let in_spec = |desired: &Desired| desired.sections.values.contains_key(&Section::Provisioned);
    // A HorizontalPodAutoscaler refuses a scale without one.
    status.selector =
        desired.is_some_and(in_spec).then(|| format!("lambda-operator.io/alias={}", selected(&alias.arn)));
}

/// The value of a label: the last 63 characters of the ARN, with what labels may not have left out.
fn selected(arn: &str) -> String {
    let name = arn.rsplit(":function:").next().unwrap_or_default().replace(':', ".");
    let start = name.len().saturating_sub(63);
    name[start..].trim_matches(['-', '_', '.']).to_owned()
}

/// The weights that the alias was left with; `None` while it isn't settled, when they may be AWS's own.
pub fn settled_weights(status: &LambdaAliasStatus) -> Option<Weights> {
    status.revision_id.as_ref()?;
    let weights = status.routing_config.iter().flat_map(|routing| &routing.additional_version_weights);
    Some(weights.map(|(version, weight)| (version.clone(), weight.0)).collect())
}

fn shown(weights: &Weights) -> ObservedRouting {
    let weights = weights.iter().map(|(version, weight)| (version.clone(), VersionWeight(*weight)));
    ObservedRouting { additional_version_weights: weights.collect() }
}
