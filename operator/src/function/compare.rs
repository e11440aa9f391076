//! In what a function in AWS differs from what it is to be, field by field, and which change mends it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator_crds::LambdaFunctionStatus;

use crate::engine::kind::Facts;
use crate::function::desired::{Desired, Package};
use crate::function::model::{
    Code, CodeSource, Configuration, Environment, Field, Live, Observed, PackageType,
};
use crate::function::plan::{Action, CONCURRENCY};

/// In what AWS differs, and how to mend it.
pub(super) struct Differences {
    /// Spec paths.
    pub(super) paths: Vec<String>,
    configuration: Option<Action>,
    code: Option<Action>,
    /// Changes that take effect at once.
    pub(super) at_once: Vec<Action>,
}

impl Differences {
    /// The change that sets AWS to work, if one is needed.
    pub(super) fn next_step(&self) -> Option<Action> {
        self.configuration.clone().or_else(|| self.code.clone())
    }
}

pub(super) fn compare(
    desired: &Desired,
    observed: &Observed,
    facts: &Facts<'_, LambdaFunctionStatus>,
) -> Differences {
    let target = desired.ignored.overlay(&desired.configuration, &observed.configuration);
    let fields = differing(&target, &observed.configuration);
    let mut paths: Vec<String> = fields.iter().map(|field| field.path().to_owned()).collect();
    let configuration =
        (!fields.is_empty()).then(|| Action::UpdateConfiguration { configuration: Box::new(target), fields });
    let code = code_differs(desired, observed, facts.status).map(|(path, package)| {
        paths.push(path.to_owned());
        Action::UpdateCode { package: Box::new(package.clone()) }
    });
    let mut at_once = Vec::new();
    if let Some(live) = &observed.live {
        at_once.extend(tag_changes(desired, live, facts, &mut paths));
        at_once.extend(concurrency_change(desired, live, facts.status, &mut paths));
    }
    Differences { paths, configuration, code, at_once }
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
    status: &LambdaFunctionStatus,
) -> Option<(&'static str, &'a Package)> {
    let package = desired.package.as_ref().filter(|_| !desired.ignored.code)?;
    let Code { source, architecture, source_kms_key_arn } = &package.code;
    if *architecture != observed.architecture {
        return Some(("architectures", package));
    }
    if observed.live.as_ref().is_some_and(|live| live.source_kms_key_arn != *source_kms_key_arn) {
        return Some(("code.sourceKMSKeyArn", package));
    }
    (!deploys(package, source, observed, status)).then_some(("code", package))
}

/// Whether what AWS runs came from the package's source.
fn deploys(
    package: &Package,
    source: &CodeSource,
    observed: &Observed,
    status: &LambdaFunctionStatus,
) -> bool {
    if let Some(hash) = &package.code_sha256 {
        return *hash == observed.code_sha256;
    }
    let same_source = status.code_source.as_deref() == Some(&package.fingerprint);
    if same_source && status.code_sha256.as_deref() == Some(&observed.code_sha256) {
        return true;
    }
    match (source, &observed.live) {
        // A digest says what runs. A tag says it only of what we never deployed: AWS tells which it was given.
        (CodeSource::Image { uri }, Some(live)) => {
            let first = status.code_sha256.is_none();
            live.resolved_image_uri.as_deref() == Some(uri)
                || (first && live.image_uri.as_deref() == Some(uri))
        }
        _ => false,
    }
}

/// What to send after a failed update that left no difference to see.
pub(super) fn send_again(desired: &Desired, observed: &Observed, code: bool) -> Action {
    match &desired.package {
        Some(package) if code && !desired.ignored.code => {
            Action::UpdateCode { package: Box::new(package.clone()) }
        }
        _ => {
            let target = desired.ignored.overlay(&desired.configuration, &observed.configuration);
            Action::UpdateConfiguration { configuration: Box::new(target), fields: all_fields(observed) }
        }
    }
}

/// Every field that may be sent to a function of this package type. Layers are left out: a deleted layer
/// version that still runs can't be sent again.
fn all_fields(observed: &Observed) -> BTreeSet<Field> {
    let mut fields = BTreeSet::from([
        Field::Role,
        Field::Description,
        Field::Timeout,
        Field::MemorySize,
        Field::EphemeralStorage,
        Field::Vpc,
        Field::DeadLetter,
        Field::Tracing,
        Field::FileSystems,
        Field::KmsKeyArn,
        Field::Logging,
    ]);
    if matches!(observed.configuration.environment, Environment::Known(_)) {
        fields.insert(Field::Environment);
    }
    match observed.package_type {
        PackageType::Zip => fields.extend([Field::Runtime, Field::Handler]),
        PackageType::Image => drop(fields.insert(Field::ImageConfig)),
    }
    fields
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
    let action = match (desired.reserved_concurrency, live.reserved_concurrency) {
        _ if desired.ignored.reserved_concurrency && managed => None,
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
