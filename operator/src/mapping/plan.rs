//! Compares what a mapping is to be with what AWS has, and says what to do. Pure and total.
//!
//! Order: ownership, what can't be changed, AWS's own work, tags, configuration. Tags are read only when something may
//! follow from them, and changed before the configuration, which sets AWS to work.

use std::collections::BTreeSet;
use std::fmt;

use lambda_operator_crds::EventSourceMappingStatus;
use lambda_operator_crds::conditions::Reason;

use super::compare::{Differences, compare};
use super::desired::Desired;
use super::field::Field;
use super::model::{Configuration, Fixed, Observed};
use super::state::{Standing, standing};
use crate::engine::kind::Facts;
use crate::engine::ownership::{Estate, Title};
use crate::engine::tags::{self, TagChanges, Tags};
use crate::engine::verdict::{Plan, Recheck, Verdict};

/// One change to a mapping in AWS.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// CreateEventSourceMapping.
    Create {
        /// What is fixed from then on.
        fixed: Box<Fixed>,
        /// What isn't.
        configuration: Box<Configuration>,
        /// Whether it reads.
        enabled: bool,
        /// The user's tags and the owner's.
        tags: Tags,
    },
    /// ListTags, to plan again with them.
    ReadTags,
    /// TagResource with the owner's tags: from now on the mapping is this object's.
    Own {
        /// Which one.
        uuid: String,
        /// The owner's tags.
        tags: Tags,
    },
    /// UpdateEventSourceMapping.
    Update {
        /// What it is to say.
        configuration: Box<Configuration>,
        /// Which fields of it are sent.
        fields: BTreeSet<Field>,
        /// Whether it is to read; `None`: as before.
        enabled: Option<bool>,
        /// What differs.
        paths: Vec<String>,
    },
    /// TagResource.
    Tag(Tags),
    /// UntagResource.
    Untag(Vec<String>),
    /// DeleteEventSourceMapping.
    Delete,
    /// UntagResource of the owner's tags.
    Disown(Vec<String>),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { .. } => f.write_str("CreateEventSourceMapping"),
            Self::ReadTags => f.write_str("ListTags"),
            Self::Own { .. } => f.write_str("TagResource(owner)"),
            Self::Update { paths, .. } => write!(f, "UpdateEventSourceMapping{paths:?}"),
            Self::Tag(tags) => write!(f, "TagResource{:?}", tags.keys()),
            Self::Untag(keys) => write!(f, "UntagResource{keys:?}"),
            Self::Delete => f.write_str("DeleteEventSourceMapping"),
            Self::Disown(_) => f.write_str("UntagResource(owner)"),
        }
    }
}

/// What a plan may depend on.
pub(super) type Known<'a> = Facts<'a, EventSourceMappingStatus>;

/// A mapping as ownership sees it, once its tags were asked for.
pub(super) fn estate<'a>(observed: &'a Observed, facts: &Known<'_>) -> Option<Estate<'a>> {
    Some(Estate::of(&observed.arn, observed.tags.as_ref()?, &facts.status.common))
}

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    let Some(observed) = observed else { return plan_creation(desired, facts) };
    let standing = standing(observed);
    if standing == Standing::Going && !facts.observe_only {
        let text = format!("AWS is deleting {}; the mapping is created anew once it is gone.", observed.arn);
        return Plan::rest(Verdict::Progress(Reason::Creating, text));
    }
    let differences = compare(desired, observed);
    let toggle = toggle(desired, &standing);
    // Who only observes makes no plan for it: what is to be read then is known before.
    if observed.tags.is_none() && !facts.observe_only && needs_tags(&standing, &differences, toggle, facts) {
        return Plan::new(vec![Action::ReadTags], updating(), Vec::new());
    }
    let mut takes = None;
    if let Some(estate) = estate(observed, facts).filter(|_| !facts.observe_only) {
        match estate.title(facts.owner, facts.adopt) {
            Title::Held => {}
            Title::Take(tags) => takes = Some(Action::Own { uuid: observed.uuid.clone(), tags }),
            Title::Refused(verdict) => return Plan::rest(verdict),
        }
    }
    if !differences.fixed.is_empty() && !facts.observe_only {
        return Plan {
            differs: differences.paths(desired),
            ..Plan::rest(replacement(desired, observed, &differences))
        };
    }
    if let Some(own) = takes {
        return Plan::new(vec![own], updating(), Vec::new());
    }
    let changes = tag_changes(desired, observed, facts);
    let mut differs = differences.paths(desired);
    differs.extend(changes.paths());
    if toggle.is_some() && standing != Standing::Stopped {
        differs.push(Field::Enabled.path("").to_owned());
    }
    match standing {
        Standing::Busy(reason) => {
            let text = format!("AWS is at work on {} ({}).", observed.arn, observed.state);
            Plan { differs, ..Plan::rest(Verdict::Progress(reason, text)) }
        }
        _ if facts.observe_only => Plan::new(Vec::new(), settled(observed, &differs), differs),
        Standing::Stopped if toggle.is_some() && !facts.retry_due => {
            Plan { differs, ..Plan::rest(stopped(observed)) }
        }
        _ => plan_changes(desired, observed, (differences, toggle, changes), differs),
    }
}

/// Tags come before what sets AWS to work.
fn plan_changes(
    desired: &Desired,
    observed: &Observed,
    (differences, enabled, tags): (Differences, Option<bool>, TagChanges),
    differs: Vec<String>,
) -> Plan<Action> {
    let mut actions = Vec::new();
    if !tags.set.is_empty() {
        actions.push(Action::Tag(tags.set));
    }
    if !tags.remove.is_empty() {
        actions.push(Action::Untag(tags.remove));
    }
    if differences.fields.is_empty() && enabled.is_none() {
        return Plan::new(actions, settled(observed, &[]), differs);
    }
    let mut paths = differences.paths(desired);
    paths.extend(enabled.map(|_| Field::Enabled.path("").to_owned()));
    let configuration = Box::new(desired.configuration.clone());
    actions.push(Action::Update { configuration, fields: differences.fields, enabled, paths });
    Plan::new(actions, updating(), differs)
}

fn updating() -> Verdict {
    Verdict::Progress(Reason::Updating, "AWS is updating the mapping.".into())
}

fn settled(observed: &Observed, differs: &[String]) -> Verdict {
    let arn = &observed.arn;
    let text = if differs.is_empty() {
        format!("{arn} matches the spec.")
    } else {
        format!("{arn} is only observed; it differs from the spec in {}.", differs.join(", "))
    };
    Verdict::Settled(Reason::Available, text)
}

/// `enabled` is not read back: the state says it.
fn toggle(desired: &Desired, standing: &Standing) -> Option<bool> {
    let reads = match standing {
        Standing::Enabled => true,
        Standing::Disabled | Standing::Stopped => false,
        Standing::Busy(_) | Standing::Going => return None,
    };
    let ignored = desired.ignored.fields.contains(&Field::Enabled);
    (!ignored && reads != desired.enabled).then_some(desired.enabled)
}

/// A call is saved where nothing can follow from the tags: at the polls of what this object has just created or changed,
/// and where a sweep has woken it.
fn needs_tags(
    standing: &Standing,
    differences: &Differences,
    toggle: Option<bool>,
    facts: &Known<'_>,
) -> bool {
    let common = &facts.status.common;
    if common.origin.is_none() || common.pending.is_some() {
        return true;
    }
    let differs = !differences.fields.is_empty() || toggle.is_some();
    !matches!(standing, Standing::Busy(_)) && (facts.changed || facts.in_turn || differs)
}

fn stopped(observed: &Observed) -> Verdict {
    let why = observed.state_reason.as_deref().unwrap_or("it doesn't say why");
    let result = observed.last_result.as_deref().map(|text| format!("; last result: {text}"));
    let text = format!(
        "Lambda itself has disabled {} ({why}{}). Mend the cause; it is enabled again by itself, less and less often, at \
         most an hour apart, and at once when the spec changes.",
        observed.arn,
        result.unwrap_or_default()
    );
    Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Reluctant)
}

fn replacement(desired: &Desired, observed: &Observed, differences: &Differences) -> Verdict {
    let each = differences.fixed.iter().map(|(field, has, wants)| {
        format!("spec.{} is {wants}, and {has} in AWS", field.path(desired.function_path))
    });
    let text = format!(
        "{} can't become what the spec says: {}. AWS fixes this at creation. Change the spec back, or create a new \
         EventSourceMapping and delete this one; a stream is then read from the new startingPosition, a Kafka topic from \
         where its consumerGroupId is. Or list the path in spec.ignoreDrift.",
        observed.arn,
        each.collect::<Vec<_>>().join("; ")
    );
    Verdict::Problem(Reason::ImmutableFieldChanged, text, Recheck::Refused)
}

fn plan_creation(desired: &Desired, facts: &Known<'_>) -> Plan<Action> {
    if facts.observe_only {
        let text = "there is no such mapping in AWS, and managementPolicy Observe never creates it. Create it there, or set \
                    managementPolicy to Manage.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    }
    let mut tags = desired.tags.clone();
    tags.extend(facts.owner.tags());
    let create = Action::Create {
        fixed: Box::new(desired.fixed.clone()),
        configuration: Box::new(desired.configuration.clone()),
        enabled: desired.enabled,
        tags,
    };
    let verdict = Verdict::Progress(Reason::Creating, "AWS is creating the mapping.".into());
    Plan::new(vec![create], verdict, Vec::new())
}

fn tag_changes(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> TagChanges {
    let Some(Ok(has)) = &observed.tags else { return TagChanges::default() };
    tags::changes(&desired.tags, has, &facts.status.common.managed_tags, &desired.ignored.tags)
}
