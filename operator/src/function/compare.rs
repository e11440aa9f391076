//! In what a function in AWS differs from what it is to be, field by field, and which change mends it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator_crds::{LambdaFunctionStatus, Origin};

use crate::engine::kind::Facts;
use crate::function::deployed::{Deployed, deployed};
use crate::function::desired::{Desired, Package};
use crate::function::forced;
use crate::function::model::{Code, Configuration, Environment, Field, Live, Observed};
use crate::function::plan::{Action, CONCURRENCY};
use crate::function::scaling;
use crate::function::signing::{self, CODE_SIGNING};
use crate::section::{self, Step};

/// In what AWS differs, and how to mend it.
pub(super) struct Differences {
    /// Spec paths.
    pub(super) paths: Vec<String>,
    /// The configuration as it is to be, what is ignored being as it is.
    pub(super) target: Box<Configuration>,
    /// In what the configuration differs from it.
    pub(super) fields: BTreeSet<Field>,
    pub(super) code: Option<Package>,
    /// The hash of the code that AWS has.
    pub(super) code_sha256: String,
    /// The link to a code-signing configuration changes before configuration and code, which has to satisfy it.
    pub(super) link: Option<Action>,
    /// Changes that take effect at once.
    pub(super) at_once: Vec<Action>,
    /// What is to be done about the sections, but for the scaling of what is published.
    pub(super) sections: Step,
}

impl Differences {
    /// The change that sets AWS to work, if one is needed. The code can be owed although it doesn't differ.
    pub(super) fn next_step(&self, owed: Option<&Package>) -> Option<Action> {
        if !self.fields.is_empty() {
            return Some(self.update(self.fields.clone(), owed.is_some()));
        }
        let package = self.code.as_ref().or(owed)?;
        Some(self.update_code(package))
    }

    /// An update to this package.
    pub(super) fn update_code(&self, package: &Package) -> Action {
        Action::UpdateCode { package: Box::new(package.clone()), replaces: self.code_sha256.clone() }
    }

    /// An update of these fields.
    pub(super) fn update(&self, fields: BTreeSet<Field>, then_code: bool) -> Action {
        Action::UpdateConfiguration { configuration: self.target.clone(), fields, then_code }
    }
}

pub(super) fn compare(
    desired: &Desired,
    observed: &Observed,
    facts: &Facts<'_, LambdaFunctionStatus>,
) -> Differences {
    let mut target = desired.ignored.overlay(&desired.configuration, &observed.configuration);
    if desired.ignored.fields.contains(&Field::Description) {
        forced::unmarked(&observed.configuration.description).clone_into(&mut target.description);
    }
    let mut fields = differing(&target, &observed.configuration);
    if fields.len() == 1 && desired.publishing.is_some() && forced::is_awaited(&target, observed, facts) {
        fields.remove(&Field::Description);
    }
    fields.retain(|field| !observed.unreadable.contains(field));
    let mut paths: Vec<String> = fields.iter().map(|field| field.path().to_owned()).collect();
    let code = code_differs(desired, observed, facts).map(|(path, package)| {
        paths.push(path.to_owned());
        package.clone()
    });
    let link = signing::change(desired, observed, facts.status);
    paths.extend(link.iter().map(|_| CODE_SIGNING.to_owned()));
    let mut at_once = Vec::new();
    if let Some(live) = &observed.live {
        at_once.extend(tag_changes(desired, live, facts, &mut paths));
        at_once.extend(concurrency_change(desired, live, facts.status, &mut paths));
    }
    let sections = match &observed.live {
        Some(_) => scaling::others(desired, observed, facts),
        // A list is looked at for what it shows.
        None => Step::default(),
    };
    paths.extend(section::paths(&sections.changes));
    let code_sha256 = observed.code_sha256.clone();
    Differences { paths, target: Box::new(target), fields, code, code_sha256, link, at_once, sections }
}

/// The fields in which two configurations differ. Destructured without `..`, so that none can be forgotten.
fn differing(target: &Configuration, observed: &Configuration) -> BTreeSet<Field> {
    let Configuration {
        runtime,
        role,
        handler,
        description,
        timeout,
        memory_size,
        ephemeral_storage,
        environment,
        kms_key_arn,
        vpc,
        dead_letter_target,
        tracing_mode,
        layers,
        file_systems,
        image_config,
        snap_start,
        logging,
        instances,
        durable,
        // Nothing changes it: `fixed` tells.
        tenant_isolation: _,
    } = target;
    let unknown = matches!(observed.environment, Environment::Unknown(_));
    [
        (Field::Runtime, *runtime != observed.runtime && runtime.is_some()),
        (Field::Role, *role != observed.role),
        (Field::Handler, *handler != observed.handler && handler.is_some()),
        (Field::Description, *description != observed.description),
        (Field::Timeout, *timeout != observed.timeout),
        (Field::MemorySize, *memory_size != observed.memory_size),
        (Field::EphemeralStorage, *ephemeral_storage != observed.ephemeral_storage),
        (Field::Environment, !unknown && *environment != observed.environment),
        (Field::KmsKeyArn, *kms_key_arn != observed.kms_key_arn && !kms_key_is_hidden(target, observed)),
        (Field::Vpc, *vpc != observed.vpc),
        (Field::DeadLetter, *dead_letter_target != observed.dead_letter_target),
        (Field::Tracing, *tracing_mode != observed.tracing_mode),
        (Field::Layers, *layers != observed.layers),
        (Field::FileSystems, *file_systems != observed.file_systems),
        (Field::ImageConfig, *image_config != observed.image_config),
        (Field::SnapStart, *snap_start != observed.snap_start),
        (Field::Logging, *logging != observed.logging),
        (Field::Instances, *instances != observed.instances),
        (Field::Durable, *durable != observed.durable),
    ]
    .into_iter()
    .filter_map(|(field, differs)| differs.then_some(field))
    .collect()
}

/// AWS doesn't return the key of a function without variables: a loop that others fell into
/// (<https://github.com/hashicorp/terraform-provider-aws/issues/6366>).
fn kms_key_is_hidden(target: &Configuration, observed: &Configuration) -> bool {
    let empty = |environment: &Environment| matches!(environment, Environment::Known(all) if all.is_empty());
    observed.kms_key_arn.is_empty() && empty(&target.environment) && empty(&observed.environment)
}

/// Whether the package, the instruction set or the package's key differ, and what then to send.
fn code_differs<'a>(
    desired: &'a Desired,
    observed: &Observed,
    facts: &Facts<'_, LambdaFunctionStatus>,
) -> Option<(&'static str, &'a Package)> {
    let package = desired.deployable()?;
    let Code { source: _, architecture, source_kms_key_arn } = &package.code;
    if *architecture != observed.architecture {
        return Some(("architectures", package));
    }
    if observed.live.as_ref().is_some_and(|live| live.source_kms_key_arn != *source_kms_key_arn) {
        return Some(("code.sourceKMSKeyArn", package));
    }
    match deployed(package, observed, facts.status, facts.observe_only) {
        Deployed::Yes => None,
        Deployed::No(path) => Some((path, package)),
        // To be sure it is deployed; who only observes has nothing to report.
        Deployed::Unknown => (!facts.observe_only).then_some(("code", package)),
    }
}

/// Tags that others put on the function are left alone; what this object put there and no longer wants goes.
fn tag_changes(
    desired: &Desired,
    live: &Live,
    facts: &Facts<'_, LambdaFunctionStatus>,
    paths: &mut Vec<String>,
) -> Vec<Action> {
    let Ok(observed) = &live.tags else { return Vec::new() };
    let set: BTreeMap<String, String> = desired
        .tags
        .iter()
        .filter(|(key, value)| !desired.ignored.tags.contains(*key) && observed.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let managed = &facts.status.common.managed_tags;
    let remove: Vec<String> = managed
        .iter()
        .filter(|key| !desired.tags.contains_key(*key) && observed.contains_key(*key))
        .filter(|key| !desired.ignored.tags.contains(*key))
        .cloned()
        .collect();
    paths.extend(set.keys().chain(&remove).map(|key| format!("tags.{key}")));
    let mut actions = Vec::new();
    if !set.is_empty() {
        actions.push(Action::Tag { tags: set });
    }
    if !remove.is_empty() {
        actions.push(Action::Untag { keys: remove });
    }
    actions
}

/// A section that was never in the spec isn't managed; one that was and is gone is reverted.
fn concurrency_change(
    desired: &Desired,
    live: &Live,
    status: &LambdaFunctionStatus,
    paths: &mut Vec<String>,
) -> Option<Action> {
    let managed = status.common.managed_sections.iter().any(|section| section == CONCURRENCY);
    // Used at create; what was adopted is not ours to set.
    let theirs = managed || status.common.origin == Some(Origin::Adopted);
    let action = match (desired.reserved_concurrency, live.reserved_concurrency) {
        _ if desired.ignored.reserved_concurrency && theirs => None,
        (Some(wanted), Some(has)) if wanted == has => None,
        (Some(wanted), _) => Some(Action::PutConcurrency(wanted)),
        (None, Some(_)) if managed => Some(Action::DeleteConcurrency),
        (None, _) => None,
    };
    if action.is_some() {
        paths.push(CONCURRENCY.to_owned());
    }
    action
}
