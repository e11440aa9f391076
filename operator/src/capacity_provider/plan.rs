//! Compares what a provider is to be with what AWS has, and says what to do. Pure and total.

use std::fmt;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{CapacityProviderStatus, Origin};

use crate::capacity_provider::desired::{Desired, Ignored};
use crate::capacity_provider::model::{
    ACTIVE, Changes, Configuration, DELETING, FAILED, Fixed, Observed, PENDING,
};
use crate::engine::kind::Facts;
use crate::engine::ownership::{Estate, Title};
use crate::engine::tags::{self, TagChanges, Tags};
use crate::engine::verdict::{Plan, Recheck, Verdict};

/// One change to a provider in AWS.
#[derive(Clone, PartialEq)]
pub enum Action {
    /// CreateCapacityProvider.
    Create {
        /// What it is made of.
        configuration: Box<Configuration>,
        /// The user's tags and the owner's.
        tags: Tags,
    },
    /// TagResource with the owner's tags.
    Own(Tags),
    /// UpdateCapacityProvider.
    Update(Changes),
    /// TagResource.
    Tag(Tags),
    /// UntagResource.
    Untag(Vec<String>),
    /// DeleteCapacityProvider of one whose creation failed.
    Replace,
    /// DeleteCapacityProvider.
    Delete,
    /// UntagResource of the owner's tags.
    Disown(Vec<String>),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { .. } => f.write_str("CreateCapacityProvider"),
            Self::Own(_) => f.write_str("TagResource(owner)"),
            Self::Update(changes) => write!(f, "UpdateCapacityProvider{:?}", changes.paths()),
            Self::Tag(tags) => write!(f, "TagResource{:?}", tags.keys()),
            Self::Untag(keys) => write!(f, "UntagResource{keys:?}"),
            Self::Replace => f.write_str("DeleteCapacityProvider(failed)"),
            Self::Delete => f.write_str("DeleteCapacityProvider"),
            Self::Disown(_) => f.write_str("UntagResource(owner)"),
        }
    }
}

/// What a plan may depend on.
pub(super) type Known<'a> = Facts<'a, CapacityProviderStatus>;

/// A provider as ownership sees it.
pub(super) fn estate<'a>(observed: &'a Observed, facts: &Known<'_>) -> Estate<'a> {
    Estate::of(&observed.arn, &observed.tags, &facts.status.common)
}

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    let Some(observed) = observed else { return plan_creation(desired, facts) };
    if observed.state == DELETING {
        return Plan::rest(updating("AWS is deleting the capacity provider."));
    }
    if !facts.observe_only {
        match estate(observed, facts).title(facts.owner, facts.adopt) {
            Title::Held => {}
            Title::Take(tags) => {
                let verdict = updating("The capacity provider is being taken over.");
                return Plan::new(vec![Action::Own(tags)], verdict, Vec::new());
            }
            Title::Refused(verdict) => return Plan::rest(verdict),
        }
    }
    let differences = compare(desired, observed, facts);
    match observed.state.as_str() {
        ACTIVE => plan_settled(observed, differences, facts),
        FAILED => plan_replacement(observed, &differences, facts),
        PENDING if facts.status.ever_active != Some(true) => busy(Reason::Creating, "creating", &differences),
        // AWS doesn't say what it is doing, and states may come that nobody knows yet.
        _ => busy(Reason::Updating, "changing", &differences),
    }
}

fn plan_settled(observed: &Observed, differences: Differences, facts: &Known<'_>) -> Plan<Action> {
    let differs = differences.paths();
    let Differences { fixed, changes, tags } = differences;
    let arn = &observed.arn;
    if facts.observe_only {
        let text = match differs.as_slice() {
            [] => format!("{arn} matches the spec."),
            _ => format!("{arn} is only observed; it differs from the spec in {}.", differs.join(", ")),
        };
        return Plan::new(Vec::new(), Verdict::Settled(Reason::Available, text), differs);
    }
    if !fixed.is_empty() {
        let text = format!(
            "{arn} differs from the spec in {}, which AWS fixes when it creates a capacity provider. Set the spec to what it \
             has, or create a new CapacityProvider with another name, move the functions to it, and delete this one.",
            fixed.join(", ")
        );
        let verdict = Verdict::Problem(Reason::ImmutableFieldChanged, text, Recheck::OnChange);
        return Plan { differs, ..Plan::rest(verdict) };
    }
    let mut actions = Vec::new();
    if !tags.set.is_empty() {
        actions.push(Action::Tag(tags.set));
    }
    if !tags.remove.is_empty() {
        actions.push(Action::Untag(tags.remove));
    }
    if changes != Changes::default() {
        // It puts AWS to work, which ends the visit: tags go first.
        actions.push(Action::Update(changes));
    }
    Plan::new(actions, Verdict::Settled(Reason::Available, format!("{arn} matches the spec.")), differs)
}

/// AWS can't repair a creation that failed. One that nobody can have used is deleted and created anew, once something
/// has changed that may help.
fn plan_replacement(observed: &Observed, differences: &Differences, facts: &Known<'_>) -> Plan<Action> {
    let differs = differences.paths();
    let failed = format!("{} is in State Failed, for which AWS gives no reason.", observed.arn);
    let unused = observed.versions.as_ref().is_some_and(Vec::is_empty);
    let replaceable =
        facts.status.common.origin == Some(Origin::Created) && facts.status.ever_active.is_none() && unused;
    let text = if facts.observe_only {
        format!(
            "{failed} This object doesn't create it (managementPolicy Observe): whoever does has to delete it in AWS and \
             create it anew."
        )
    } else if !replaceable {
        format!(
            "{failed} It is not replaced, because it was Active before, is used by versions of functions, or was not created \
             by this object. Delete it in AWS; it is then created anew."
        )
    } else if facts.retry_due && (facts.changed || !differs.is_empty()) {
        let verdict =
            Verdict::Progress(Reason::Creating, "the failed capacity provider is being replaced.".into());
        return Plan::new(vec![Action::Replace], verdict, Vec::new());
    } else {
        format!(
            "{failed} Look at its subnets, security groups, role and key, and mend what is wrong; it is created anew when the \
             spec or the annotation lambda-operator.io/reconcile-at changes."
        )
    };
    Plan { differs, ..Plan::rest(Verdict::Problem(Reason::CreateFailed, text, Recheck::Slow)) }
}

fn plan_creation(desired: &Desired, facts: &Known<'_>) -> Plan<Action> {
    if facts.observe_only {
        let text = "the capacity provider does not exist in AWS, and managementPolicy Observe never creates it. Create it \
                    there, or set managementPolicy to Manage.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    }
    let mut tags = desired.tags.clone();
    tags.extend(facts.owner.tags());
    let create = Action::Create { configuration: Box::new(desired.configuration.clone()), tags };
    let verdict = Verdict::Progress(Reason::Creating, "AWS is creating the capacity provider.".into());
    Plan::new(vec![create], verdict, Vec::new())
}

fn updating(text: &str) -> Verdict {
    Verdict::Progress(Reason::Updating, text.to_owned())
}

fn busy(reason: Reason, doing: &str, differences: &Differences) -> Plan<Action> {
    let verdict = Verdict::Progress(reason, format!("AWS is {doing} the capacity provider."));
    Plan { differs: differences.paths(), ..Plan::rest(verdict) }
}

/// In what a provider differs from its spec.
struct Differences {
    fixed: Vec<&'static str>,
    changes: Changes,
    tags: TagChanges,
}

impl Differences {
    fn paths(&self) -> Vec<String> {
        let paths = self.fixed.iter().copied().chain(self.changes.paths());
        paths.map(str::to_owned).chain(self.tags.paths()).collect()
    }
}

/// Destructured without `..`, so that no field can be forgotten.
fn compare(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> Differences {
    let Configuration { fixed, scaling, propagation, logging } = &desired.configuration;
    let Ignored { scaling: no_scaling, propagation: no_propagation, logging: no_logging, tags: _ } =
        desired.ignored;
    let has = &observed.configuration;
    Differences {
        fixed: compare_fixed(fixed, &has.fixed),
        changes: Changes {
            scaling: (!no_scaling && *scaling != has.scaling).then(|| scaling.clone()),
            propagation: (!no_propagation && *propagation != has.propagation).then(|| propagation.clone()),
            logging: (!no_logging && *logging != has.logging).then(|| logging.clone()),
        },
        tags: tag_changes(desired, observed, facts),
    }
}

/// What is left to AWS isn't compared: it may show what it chose.
fn compare_fixed(wanted: &Fixed, has: &Fixed) -> Vec<&'static str> {
    let Fixed { subnets, security_groups, role, architectures, allowed, excluded, kms_key_arn } = wanted;
    let paths = [
        ("vpcConfig.subnetIds", *subnets != has.subnets),
        ("vpcConfig.securityGroupIds", *security_groups != has.security_groups),
        ("permissionsConfig.capacityProviderOperatorRoleArn", *role != has.role),
        (
            "instanceRequirements.architectures",
            !has.architectures.is_empty() && *architectures != has.architectures,
        ),
        ("instanceRequirements.allowedInstanceTypes", !allowed.is_empty() && *allowed != has.allowed),
        ("instanceRequirements.excludedInstanceTypes", !excluded.is_empty() && *excluded != has.excluded),
        ("kmsKeyArn", *kms_key_arn != has.kms_key_arn),
    ];
    paths.into_iter().filter_map(|(path, differs)| differs.then_some(path)).collect()
}

fn tag_changes(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> TagChanges {
    let Ok(has) = &observed.tags else { return TagChanges::default() };
    tags::changes(&desired.tags, has, &facts.status.common.managed_tags, &desired.ignored.tags)
}
