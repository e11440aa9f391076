//! Compares what an alias is to be with what AWS has, and says what to do. Pure and total.

use std::collections::BTreeSet;
use std::{fmt, iter};

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, CommonStatus, LambdaAliasStatus, Origin};

use crate::alias::desired::{Desired, Target};
use crate::alias::model::{Alias, Newest, Observed, Setting, Weights};
use crate::alias::provisioning::{self, Stage};
use crate::alias::status;
use crate::engine::kind::Facts;
use crate::engine::verdict::{Plan, Recheck, Verdict};
use crate::section::{self, Change, Has, Section, Step};

/// One change to an alias in AWS.
#[derive(Clone, PartialEq)]
pub enum Action {
    /// CreateAlias.
    Create(Creation),
    /// Nothing in AWS: the status says from now on that the alias is this object's.
    Adopt {
        /// The function's name in AWS.
        function: String,
        /// The alias's.
        name: String,
        /// The alias's ARN.
        arn: String,
    },
    /// UpdateAlias.
    Update {
        /// What it is to be.
        setting: Setting,
        /// What differs.
        paths: Vec<&'static str>,
    },
    /// Reads sections, to go on from what they are.
    Look(BTreeSet<Section>),
    /// Changes sections, in order.
    Sections(Vec<Change>),
    /// DeleteAlias.
    Delete,
}

/// What a creation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Creation {
    /// The function's name in AWS.
    pub function: String,
    /// The alias's.
    pub name: String,
    /// The version; `None`: the newest that is Active, which AWS has to be asked for.
    pub version: Option<String>,
    /// Description.
    pub description: String,
    /// How the traffic is split.
    pub weights: Weights,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(_) => f.write_str("CreateAlias"),
            Self::Adopt { .. } => f.write_str("Adopt"),
            Self::Update { paths, .. } => write!(f, "UpdateAlias{paths:?}"),
            Self::Look(sections) => write!(f, "Get{sections:?}"),
            Self::Sections(changes) => changes.fmt(f),
            Self::Delete => f.write_str("DeleteAlias"),
        }
    }
}

/// What a plan may depend on.
pub(super) type Known<'a> = Facts<'a, LambdaAliasStatus>;

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    if let Some(refusal) = moved(desired, facts.status).or_else(|| elsewhere(desired, facts.status)) {
        return Plan::rest(refusal);
    }
    let Some(observed) = observed else { return plan_creation(desired, facts) };
    let mut actions = Vec::new();
    if !facts.observe_only && !status::is_ours(&observed.alias, facts.status) {
        if facts.adopt == AdoptPolicy::Never {
            return Plan::rest(taken(&observed.alias));
        }
        let (function, name) = (desired.function.name.clone(), desired.name.clone());
        actions.push(Action::Adopt { function, name, arn: observed.alias.arn.clone() });
    }
    let Step { look, mut changes } =
        section::step(&desired.sections, &observed.sections, &facts.status.common, facts.observe_only);
    let look = provisioning::narrowed(look, observed, (facts.status, facts.changed));
    if !look.is_empty() {
        actions.push(Action::Look(look));
        let verdict = Verdict::Progress(Reason::Updating, "AWS is being asked what the alias has.".into());
        return Plan { actions, verdict, differs: Vec::new() };
    }
    let stage = Stage::of(observed, &mut changes, facts);
    let (setting, paths) = compare(desired, observed, &stage);
    let provisioned = observed.sections.provisioned.is_some();
    let moves = setting.version != observed.alias.version && provisioned;
    // AWS takes a number only once it isn't moving the environments that there are.
    let waits = matches!(stage, Stage::Ask(_)) && (moves || observed.is_shifting());
    let differs: Vec<String> =
        paths.iter().map(|path| (*path).to_owned()).chain(section::paths(&changes)).collect();
    let verdict = stage
        .verdict(&observed.alias.arn, waits)
        .filter(|_| !facts.observe_only)
        .unwrap_or_else(|| verdict(observed, &setting, &differs, facts));
    if waits {
        changes.retain(|change| change.section() != Section::Provisioned);
    }
    if !paths.is_empty() {
        actions.push(Action::Update { setting, paths });
    }
    if !changes.is_empty() {
        actions.push(Action::Sections(changes));
    }
    if moves {
        actions.push(Action::Look(BTreeSet::from([Section::Provisioned])));
    }
    Plan { actions, verdict, differs }
}

/// An alias stays with its function, and the spec leads to another one now.
fn moved(desired: &Desired, status: &LambdaAliasStatus) -> Option<Verdict> {
    let (pinned, now) = (status.function_name.as_deref()?, &desired.function);
    let text = || {
        format!(
            "{} is the function {} in AWS now, but this alias belongs to the function {pinned} (see status.functionName), and \
             AWS can't move an alias. Name {pinned} again, or create a new LambdaAlias and delete this one.",
            now.named, now.name
        )
    };
    (pinned != now.name).then(|| Verdict::Problem(Reason::ImmutableFieldChanged, text(), Recheck::OnChange))
}

/// The function lives in another account or region than this object.
fn elsewhere(desired: &Desired, status: &LambdaAliasStatus) -> Option<Verdict> {
    let (function, common) = (&desired.function, &status.common);
    let other = |wanted: &Option<String>, here: &Option<String>| {
        wanted.as_ref().zip(here.as_ref()).is_some_and(|(wanted, here)| wanted != here)
    };
    if !other(&function.account, &common.account) && !other(&function.region, &common.region) {
        return None;
    }
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let text = format!(
        "{} is in account {}, region {}, but this object works in account {}, region {}. Create a new LambdaAlias with the \
         spec.accountRef and spec.region of the function, and delete this one.",
        function.named,
        shown(&function.account),
        shown(&function.region),
        shown(&common.account),
        shown(&common.region)
    );
    Some(Verdict::Problem(Reason::InvalidSpec, text, Recheck::OnChange))
}

fn taken(alias: &Alias) -> Verdict {
    let text = format!(
        "{} exists already, and this object neither created nor adopted it. Set spec.adopt to Unowned to take it over, or \
         choose another spec.aliasName in a new object.",
        alias.arn
    );
    Verdict::Problem(Reason::OwnershipConflict, text, Recheck::Slow)
}

fn plan_creation(desired: &Desired, facts: &Known<'_>) -> Plan<Action> {
    let Desired { function, name, target, description, weights, sections, ignored: _ } = desired;
    if facts.observe_only {
        let text = format!(
            "the function {} has no alias {name}, and managementPolicy Observe never creates one. Create it, or set \
             managementPolicy to Manage.",
            function.name
        );
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow));
    }
    let version = match target {
        Target::Version(version) => Some(version.clone()),
        Target::Newest => None,
    };
    let text = match &version {
        Some(version) => {
            format!("The alias {name} of the function {} points to version {version}.", function.name)
        }
        None => format!("The alias {name} of the function {} points to its newest version.", function.name),
    };
    let create = Action::Create(Creation {
        function: function.name.clone(),
        name: name.clone(),
        version,
        description: description.clone(),
        weights: weights.clone(),
    });
    let verdict = Verdict::Settled(Reason::Available, text);
    // On an alias that isn't there, nothing hangs.
    let nothing = sections.values.keys().map(|section| (section.clone(), None));
    let nothing = Has { values: nothing.collect(), ..Has::default() };
    let created = CommonStatus { origin: Some(Origin::Created), ..CommonStatus::default() };
    let step = section::step(sections, &nothing, &created, false);
    let changes = (!step.changes.is_empty()).then_some(Action::Sections(step.changes));
    let actions = iter::once(create).chain(changes).collect();
    Plan { actions, verdict, differs: Vec::new() }
}

/// What to send, and in what it differs. What is ignored is sent as it is; weights that are ignored, or that AWS itself
/// has put there to move provisioned concurrency, aren't sent at all unless the version changes with them. Before AWS is
/// asked for environments, or has to move them to another version, there may be none.
fn compare(desired: &Desired, observed: &Observed, stage: &Stage) -> (Setting, Vec<&'static str>) {
    let Desired { function: _, name: _, target, description, weights, sections: _, ignored } = desired;
    let Alias {
        arn: _,
        version: has_version,
        description: has_description,
        weights: has_weights,
        revision_id: _,
    } = &observed.alias;
    let (path, wanted) = match target {
        Target::Version(version) => ("functionVersion", Some(version)),
        Target::Newest => ("version", observed.newest.as_ref().and_then(|newest| newest.active.as_ref())),
    };
    let version = wanted.filter(|_| !ignored.version).unwrap_or(has_version);
    let description = if ignored.description { has_description } else { description };
    let moves = version != has_version;
    let none = Weights::new();
    let held = *stage != Stage::Free || (moves && observed.sections.provisioned.is_some());
    let weights = if held { &none } else { weights };
    let shifting = (observed.is_shifting() || stage.shifts()) && weights != has_weights;
    let sent = !ignored.routing && (moves || !shifting);
    let differences = [
        (path, moves),
        ("description", description != has_description),
        ("routingConfig", !ignored.routing && !shifting && weights != has_weights),
    ];
    let setting = Setting {
        version: version.clone(),
        description: description.clone(),
        weights: sent.then(|| weights.clone()),
    };
    let paths = differences.into_iter().filter_map(|(path, differs)| differs.then_some(path)).collect();
    (setting, paths)
}

/// How it stands once the alias is as it is to be.
fn verdict(observed: &Observed, setting: &Setting, paths: &[String], facts: &Known<'_>) -> Verdict {
    let (arn, version) = (&observed.alias.arn, &setting.version);
    if facts.observe_only {
        let text = if paths.is_empty() {
            format!("{arn} points to version {version}.")
        } else {
            format!("{arn} is only observed; it differs from the spec in {}.", paths.join(", "))
        };
        return Verdict::Settled(Reason::Available, text);
    }
    let stays_shifting = observed.is_shifting() && setting.weights.as_ref() != Some(&observed.alias.weights);
    if stays_shifting && !paths.iter().any(|path| path == "version" || path == "functionVersion") {
        let text = format!(
            "AWS is moving the provisioned concurrency of {arn} and shifts its traffic: {}. Its weights aren't the spec's until \
             that is done.",
            shares(&observed.alias.weights)
        );
        return Verdict::Progress(Reason::Updating, text);
    }
    following(arn, version, observed.newest.as_ref())
}

/// How it stands with an alias that points to a version, and may have to follow newer ones.
pub(super) fn following(arn: &str, version: &str, newest: Option<&Newest>) -> Verdict {
    let Newest { active: _, busy, failed } = newest.cloned().unwrap_or_default();
    match (busy, failed) {
        (Some(busy), _) => Verdict::Progress(
            Reason::Updating,
            format!("{arn} points to version {version} and moves on once a newer one is Active: {busy}."),
        ),
        (None, Some(failed)) => Verdict::Settled(
            Reason::Available,
            format!(
                "{arn} points to version {version}, the newest that is Active; it doesn't move to one that failed: {failed}."
            ),
        ),
        (None, None) => Verdict::Settled(Reason::Available, format!("{arn} points to version {version}.")),
    }
}

fn shares(weights: &Weights) -> String {
    let shares = weights.iter().map(|(version, weight)| format!("version {version} gets {weight}"));
    shares.collect::<Vec<_>>().join(", ")
}
