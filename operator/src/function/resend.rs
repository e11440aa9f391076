//! What is sent after an update that failed. Pure; `plan` asks.
//!
//! AWS may show what was asked for although it failed, so there need not be a difference to see: the status says what
//! the update carried. Where it doesn't (somebody else's update, a crash), both halves are sent, one after the other.

use std::collections::BTreeSet;

use lambda_operator_crds::{LambdaFunctionStatus, LastUpdate};

use crate::function::compare::Differences;
use crate::function::desired::{Desired, Package};
use crate::function::model::{Configuration, Environment, Field, Observed, PackageType};
use crate::function::plan::Action;

/// How [`LastUpdate::paths`] names the code.
const CODE: &str = "code";

/// The repair of a failed update. `blames_code`: AWS's reason is about the package.
pub(super) fn resend(
    desired: &Desired,
    observed: &Observed,
    differences: &Differences,
    status: &LambdaFunctionStatus,
    blames_code: bool,
) -> Action {
    let last = status.last_update.as_ref();
    let package = desired.deployable().filter(|_| last.is_none_or(carried_code));
    let mut fields = differences.fields.clone();
    match last {
        Some(last) => fields.extend(carried_fields(last, desired, observed)),
        None if blames_code && package.is_some() => {}
        None => fields.extend(sendable(observed)),
    }
    match package {
        Some(package) if fields.is_empty() => differences.update_code(package),
        None if fields.is_empty() => {
            differences.next_step(None).unwrap_or_else(|| differences.update(sendable(observed), false))
        }
        _ => differences.update(fields, package.is_some()),
    }
}

/// The code that is to be sent after a configuration, although no difference may be left to see.
pub(super) fn owes_code<'a>(desired: &'a Desired, status: &LambdaFunctionStatus) -> Option<&'a Package> {
    desired.deployable().filter(|_| owed(status))
}

/// Whether the code is still to be sent.
pub(super) fn owed(status: &LambdaFunctionStatus) -> bool {
    status.last_update.as_ref().is_some_and(|last| last.then_code == Some(true))
}

/// What the status keeps of an update that AWS accepted; `None`: the action is none.
pub(super) fn carried(action: &Action) -> Option<LastUpdate> {
    match action {
        Action::UpdateConfiguration { fields, then_code, .. } => Some(LastUpdate {
            paths: fields.iter().map(|field| field.path().to_owned()).collect(),
            then_code: then_code.then_some(true),
        }),
        Action::UpdateCode { .. } => Some(LastUpdate { paths: vec![CODE.to_owned()], then_code: None }),
        _ => None,
    }
}

fn carried_code(last: &LastUpdate) -> bool {
    last.then_code == Some(true) || last.paths.iter().any(|path| path == CODE)
}

/// Without what is somebody else's by now.
fn carried_fields(last: &LastUpdate, desired: &Desired, observed: &Observed) -> BTreeSet<Field> {
    let known = matches!(observed.configuration.environment, Environment::Known(_));
    let fields = last.paths.iter().filter_map(|path| Field::from_path(path));
    fields
        .filter(|field| !desired.ignored.fields.contains(field) && !observed.unreadable.contains(field))
        .filter(|field| known || *field != Field::Environment)
        .collect()
}

/// Every field that may be sent to a function of this package type. Layers are left out: a deleted layer
/// version that still runs can't be sent again.
fn sendable(observed: &Observed) -> BTreeSet<Field> {
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
    let Configuration { environment, instances, durable, .. } = &observed.configuration;
    if matches!(environment, Environment::Known(_)) {
        fields.insert(Field::Environment);
    }
    fields.extend(instances.as_ref().map(|_| Field::Instances));
    fields.extend(durable.as_ref().map(|_| Field::Durable));
    match observed.package_type {
        PackageType::Zip => fields.extend([Field::Runtime, Field::Handler]),
        PackageType::Image => drop(fields.insert(Field::ImageConfig)),
    }
    fields.retain(|field| !observed.unreadable.contains(field));
    fields
}
