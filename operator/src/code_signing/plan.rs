//! Compares what a configuration is to be with what AWS has, and says what to do. Pure and total.

use std::fmt;

use lambda_operator_crds::CodeSigningConfigStatus;
use lambda_operator_crds::conditions::Reason;

use crate::code_signing::desired::Desired;
use crate::code_signing::model::{Configuration, Observed};
use crate::engine::kind::Facts;
use crate::engine::ownership::{Estate, Title};
use crate::engine::tags::{self, TagChanges, Tags};
use crate::engine::verdict::{Plan, Recheck, Verdict};

/// One change to a configuration in AWS.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// CreateCodeSigningConfig.
    Create {
        /// What it says.
        configuration: Configuration,
        /// The user's tags and the owner's.
        tags: Tags,
    },
    /// TagResource with the owner's tags.
    Own(Tags),
    /// UpdateCodeSigningConfig.
    Update {
        /// What it is to say.
        configuration: Configuration,
        /// What differs.
        paths: Vec<&'static str>,
    },
    /// TagResource.
    Tag(Tags),
    /// UntagResource.
    Untag(Vec<String>),
    /// DeleteCodeSigningConfig.
    Delete,
    /// UntagResource of the owner's tags.
    Disown(Vec<String>),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { .. } => f.write_str("CreateCodeSigningConfig"),
            Self::Own(_) => f.write_str("TagResource(owner)"),
            Self::Update { paths, .. } => write!(f, "UpdateCodeSigningConfig{paths:?}"),
            Self::Tag(tags) => write!(f, "TagResource{:?}", tags.keys()),
            Self::Untag(keys) => write!(f, "UntagResource{keys:?}"),
            Self::Delete => f.write_str("DeleteCodeSigningConfig"),
            Self::Disown(_) => f.write_str("UntagResource(owner)"),
        }
    }
}

/// What a plan may depend on.
pub(super) type Known<'a> = Facts<'a, CodeSigningConfigStatus>;

/// A configuration as ownership sees it.
pub(super) fn estate<'a>(observed: &'a Observed, facts: &Known<'_>) -> Estate<'a> {
    Estate::of(&observed.arn, &observed.tags, &facts.status.common)
}

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    let Some(observed) = observed else { return plan_creation(desired, facts) };
    if !facts.observe_only {
        match estate(observed, facts).title(facts.owner, facts.adopt) {
            Title::Held => {}
            Title::Take(tags) => return Plan::new(vec![Action::Own(tags)], updating(), Vec::new()),
            Title::Refused(verdict) => return Plan::rest(verdict),
        }
    }
    let (target, paths) = compare(desired, observed);
    let changes = tag_changes(desired, observed, facts);
    let mut differs: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    differs.extend(changes.paths());
    let mut actions = Vec::new();
    if !paths.is_empty() {
        actions.push(Action::Update { configuration: target, paths });
    }
    if !changes.set.is_empty() {
        actions.push(Action::Tag(changes.set));
    }
    if !changes.remove.is_empty() {
        actions.push(Action::Untag(changes.remove));
    }
    let text = if facts.observe_only && !differs.is_empty() {
        format!("{} is only observed; it differs from the spec in {}.", observed.arn, differs.join(", "))
    } else {
        format!("{} matches the spec.", observed.arn)
    };
    Plan::new(actions, Verdict::Settled(Reason::Available, text), differs)
}

fn updating() -> Verdict {
    Verdict::Progress(Reason::Updating, "The configuration is being taken over.".into())
}

fn plan_creation(desired: &Desired, facts: &Known<'_>) -> Plan<Action> {
    if let Some(arn) = &desired.existing {
        let text = format!(
            "{arn} does not exist in AWS, and AWS gives no configuration an ARN that somebody chose. Correct \
             spec.codeSigningConfigArn, or remove it from a new object, which then creates one."
        );
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow));
    }
    if facts.observe_only {
        let text = "managementPolicy Observe never creates a code-signing configuration, and AWS assigns its name. Name one in \
                    spec.codeSigningConfigArn, or set managementPolicy to Manage.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    }
    let mut tags = desired.tags.clone();
    tags.extend(facts.owner.tags());
    let create = Action::Create { configuration: desired.configuration.clone(), tags };
    let text = "The code-signing configuration matches the spec.".to_owned();
    Plan::new(vec![create], Verdict::Settled(Reason::Available, text), Vec::new())
}

/// What to send, and in what it differs. Destructured without `..`, so that no field can be forgotten.
fn compare(desired: &Desired, observed: &Observed) -> (Configuration, Vec<&'static str>) {
    let Configuration { description, publishers, policy } = desired.configuration.clone();
    let has = &observed.configuration;
    let ignored = &desired.ignored;
    let target = Configuration {
        description: if ignored.description { has.description.clone() } else { description },
        publishers: if ignored.publishers { has.publishers.clone() } else { publishers },
        policy: if ignored.policy { has.policy.clone() } else { policy },
    };
    let paths = [
        ("description", target.description != has.description),
        ("allowedPublishers", target.publishers != has.publishers),
        ("codeSigningPolicies", target.policy != has.policy),
    ];
    let paths = paths.into_iter().filter_map(|(path, differs)| differs.then_some(path)).collect();
    (target, paths)
}

fn tag_changes(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> TagChanges {
    let Ok(has) = &observed.tags else { return TagChanges::default() };
    tags::changes(&desired.tags, has, &facts.status.common.managed_tags, &desired.ignored.tags)
}
