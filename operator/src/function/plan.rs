//! Compares what a function is to be with what AWS has, and says what to do. Pure and total.
//!
//! Order: ownership, then configuration, settle, code, settle, then tags and concurrency. Configuration
//! and code never go together: AWS refuses the second while the first is in progress.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, LambdaFunctionStatus, Origin};

use crate::engine::kind::Facts;
use crate::engine::ownership::Claim;
use crate::engine::verdict::{Plan, Recheck, Verdict};
use crate::function::desired::{Desired, Package};
use crate::function::model::{
    Code, CodeSource, Configuration, Environment, Field, Live, Observed, PackageType,
};
use crate::function::state::{Standing, standing};

/// The section of `status.managedSections` for reserved concurrency.
pub const CONCURRENCY: &str = "reservedConcurrentExecutions";

/// One change to a function in AWS.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// CreateFunction.
    Create {
        /// Its configuration.
        configuration: Box<Configuration>,
        /// Its package.
        package: Box<Package>,
        /// The user's tags and the owner's.
        tags: BTreeMap<String, String>,
    },
    /// TagResource with the owner's tags: from now on the function is this object's.
    Own {
        /// The owner's tags.
        tags: BTreeMap<String, String>,
    },
    /// UpdateFunctionConfiguration with some of the fields.
    UpdateConfiguration {
        /// Values.
        configuration: Box<Configuration>,
        /// The fields that are sent.
        fields: BTreeSet<Field>,
    },
    /// UpdateFunctionCode.
    UpdateCode {
        /// What is sent.
        package: Box<Package>,
    },
    /// TagResource.
    Tag {
        /// Tags to set.
        tags: BTreeMap<String, String>,
    },
    /// UntagResource.
    Untag {
        /// Keys to remove.
        keys: Vec<String>,
    },
    /// PutFunctionConcurrency.
    PutConcurrency(i32),
    /// DeleteFunctionConcurrency.
    DeleteConcurrency,
    /// DeleteFunction of a function whose creation failed, if it has no version and no alias.
    Replace,
    /// DeleteFunction.
    Delete,
    /// UntagResource of the owner's tags.
    Disown {
        /// Keys to remove.
        keys: Vec<String>,
    },
}

/// Names what changes, never a value of the environment.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { .. } => f.write_str("CreateFunction"),
            Self::Own { .. } => f.write_str("TagResource(owner)"),
            Self::UpdateConfiguration { fields, .. } => write!(f, "UpdateFunctionConfiguration{fields:?}"),
            Self::UpdateCode { package } => write!(f, "UpdateFunctionCode({:?})", package.code.source),
            Self::Tag { tags } => write!(f, "TagResource{:?}", tags.keys()),
            Self::Untag { keys } => write!(f, "UntagResource{keys:?}"),
            Self::PutConcurrency(value) => write!(f, "PutFunctionConcurrency({value})"),
            Self::DeleteConcurrency => f.write_str("DeleteFunctionConcurrency"),
            Self::Replace => f.write_str("DeleteFunction(failed creation)"),
            Self::Delete => f.write_str("DeleteFunction"),
            Self::Disown { .. } => f.write_str("UntagResource(owner)"),
        }
    }
}

type Known<'a> = Facts<'a, LambdaFunctionStatus>;

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    let Some(observed) = observed else { return plan_creation(desired, facts) };
    if !facts.observe_only
        && let Some(plan) = plan_ownership(observed, facts)
    {
        return plan;
    }
    if let Some(verdict) = wrong_package_type(desired, observed) {
        return Plan::rest(verdict);
    }
    let differences = compare(desired, observed, facts);
    match observed.live.as_ref().map_or(Standing::Settled(Reason::Available), standing) {
        Standing::Busy(verdict) => Plan { differs: differences.paths, ..Plan::rest(verdict) },
        Standing::CreationFailed(failure) => {
            let replaceable = facts.status.common.origin != Some(Origin::Adopted)
                && facts.status.revision_id.is_none()
                && !facts.observe_only;
            if replaceable && facts.retry_due && (failure.passing || facts.changed) {
                let text = "the failed function is being replaced.".to_owned();
                return plan_of(vec![Action::Replace], Verdict::Progress(Reason::Creating, text), Vec::new());
            }
            Plan::rest(failure.of_creation(replaceable))
        }
        Standing::UpdateFailed(failure) => {
            let resent = !facts.observe_only;
            if resent && facts.retry_due {
                let action =
                    differences.next_step().unwrap_or_else(|| send_again(desired, observed, failure.code));
                return plan_of(vec![action], updating(), differences.paths);
            }
            Plan { differs: differences.paths, ..Plan::rest(failure.of_update(resent)) }
        }
        Standing::Settled(reason) => {
            let paths = differences.paths.clone();
            if facts.observe_only {
                return plan_of(Vec::new(), settled(reason, observed, &paths), paths);
            }
            match differences.next_step() {
                Some(action) => plan_of(vec![action], updating(), paths),
                None => plan_of(differences.at_once, settled(reason, observed, &[]), paths),
            }
        }
    }
}

fn plan_of(actions: Vec<Action>, verdict: Verdict, differs: Vec<String>) -> Plan<Action> {
    Plan { actions, verdict, differs }
}

fn updating() -> Verdict {
    Verdict::Progress(Reason::Updating, "AWS is updating the function.".into())
}

fn settled(reason: Reason, observed: &Observed, differs: &[String]) -> Verdict {
    let text = match reason {
        _ if !differs.is_empty() => {
            format!("{} is only observed; it differs from the spec in {}.", observed.arn, differs.join(", "))
        }
        Reason::Deactivated => format!("{} matches the spec and is deactivated.", observed.arn),
        _ => format!("{} matches the spec.", observed.arn),
    };
    Verdict::Settled(reason, text)
}

fn plan_creation(desired: &Desired, facts: &Known<'_>) -> Plan<Action> {
    if facts.observe_only {
        let text = "the function does not exist in AWS, and managementPolicy Observe never creates it. Create it there, or \
                    set managementPolicy to Manage.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    }
    let Some(package) = &desired.package else {
        let text = "the function does not exist in AWS, and spec.code.external leaves its creation to somebody else. Create it \
                    there, or give spec.code a source.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    };
    let mut tags = desired.tags.clone();
    tags.extend(facts.owner.tags());
    let configuration = Box::new(desired.configuration.clone());
    let create = Action::Create { configuration, package: Box::new(package.clone()), tags };
    let verdict = Verdict::Progress(Reason::Creating, "AWS is creating the function.".into());
    plan_of(vec![create], verdict, Vec::new())
}

/// `None`: the function is this object's. Nothing is decided from a listing, which has no tags.
fn plan_ownership(observed: &Observed, facts: &Known<'_>) -> Option<Plan<Action>> {
    let Live { tags, .. } = observed.live.as_ref()?;
    let had = facts.status.common.origin.is_some();
    let tags = match tags {
        Ok(tags) => tags,
        Err(_) if had => return None,
        Err(text) => {
            let text = format!(
                "the tags of {} can't be read, so its owner can't be told: {text}. Grant the operator's role lambda:ListTags.",
                observed.arn
            );
            return Some(Plan::rest(Verdict::Problem(Reason::AccessDenied, text, Recheck::Slow)));
        }
    };
    let own = || {
        let own = Action::Own { tags: facts.owner.tags() };
        Some(plan_of(vec![own], updating(), Vec::new()))
    };
    let conflict =
        |text: String| Some(Plan::rest(Verdict::Problem(Reason::OwnershipConflict, text, Recheck::Slow)));
    match facts.owner.judge(tags) {
        Claim::Ours => None,
        Claim::Predecessor => own(),
        Claim::Unowned | Claim::Foreign(_) if facts.adopt == AdoptPolicy::Force => own(),
        Claim::Unowned if facts.adopt == AdoptPolicy::Unowned && !had => own(),
        Claim::Unowned if had => conflict(format!(
            "the tag lambda-operator.io/owner has vanished from {}, which this object had. Nothing is changed. Put the tags \
             {:?} back, or set spec.adopt to Force to take the function over again.",
            observed.arn,
            facts.owner.tags()
        )),
        Claim::Unowned => conflict(format!(
            "{} exists already and carries no ownership tag. Set spec.adopt to Unowned to take it over, or choose another \
             spec.functionName in a new object.",
            observed.arn
        )),
        Claim::Foreign(owner) => conflict(format!(
            "{} belongs to {owner}. Choose another name, or set spec.adopt to Force to take it over.",
            observed.arn
        )),
    }
}

fn wrong_package_type(desired: &Desired, observed: &Observed) -> Option<Verdict> {
    let package = desired.package.as_ref()?;
    if desired.ignored.code || package.package_type == observed.package_type {
        return None;
    }
    let text = format!(
        "{} has the package type {:?}, but spec.code needs {:?}, and AWS fixes the package type at creation. Change spec.code, \
         or create a new object under another name.",
        observed.arn, observed.package_type, package.package_type
    );
    Some(Verdict::Problem(Reason::ImmutableFieldChanged, text, Recheck::OnChange))
}

/// In what AWS differs, and how to mend it.
struct Differences {
    paths: Vec<String>,
    configuration: Option<Action>,
    code: Option<Action>,
    at_once: Vec<Action>,
}

impl Differences {
    /// The change that sets AWS to work, if one is needed.
    fn next_step(&self) -> Option<Action> {
        self.configuration.clone().or_else(|| self.code.clone())
    }
}

fn compare(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> Differences {
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
pub fn differing(target: &Configuration, observed: &Configuration) -> BTreeSet<Field> {
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
fn send_again(desired: &Desired, observed: &Observed, code: bool) -> Action {
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
fn tag_changes(desired: &Desired, live: &Live, facts: &Known<'_>, paths: &mut Vec<String>) -> Vec<Action> {
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
