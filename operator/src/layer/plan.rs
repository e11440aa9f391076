//! Compares what a layer is to be with what AWS has, and says what to do. Pure and total.

use std::fmt;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, LambdaLayerStatus};

use crate::engine::kind::Facts;
use crate::engine::verdict::{Plan, Recheck, Verdict};
use crate::layer::desired::{Desired, Source};
use crate::layer::model::{Metadata, Observed, Permission, Version, token};
use crate::layer::{permissions, retention};

/// One change to a layer in AWS.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// PublishLayerVersion.
    Publish(Box<Publication>),
    /// No call: a version that is there already is what the spec says, and becomes this object's.
    Adopt {
        /// Its number.
        number: i64,
        /// Of the source.
        content_source: String,
        /// Of the metadata.
        metadata_fingerprint: String,
    },
    /// AddLayerVersionPermission, to the version that stands for the object.
    AddPermission {
        /// Name of the layer.
        layer: String,
        /// Id of the statement.
        sid: String,
        /// What it says.
        permission: Permission,
    },
    /// RemoveLayerVersionPermission.
    RemovePermission {
        /// Name of the layer.
        layer: String,
        /// Version of the layer.
        number: i64,
        /// Id of the statement.
        sid: String,
        /// Another one of the id follows.
        replaced: bool,
    },
    /// DeleteLayerVersion.
    DeleteVersion {
        /// Name of the layer.
        layer: String,
        /// Version of the layer.
        number: i64,
    },
}

/// A version to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Name of the layer.
    pub layer: String,
    /// What is in it.
    pub source: Source,
    /// What it says of itself.
    pub metadata: Metadata,
    /// Ends its description, to be found by.
    pub token: String,
    /// It will be newer than this.
    pub newest_known: i64,
    /// The statements that it will be given.
    pub sids: Vec<String>,
    /// Why.
    pub paths: Vec<&'static str>,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(publication) => write!(f, "PublishLayerVersion{:?}", publication.paths),
            Self::Adopt { number, .. } => write!(f, "adopt {number}"),
            Self::AddPermission { sid, .. } => write!(f, "AddLayerVersionPermission {sid}"),
            Self::RemovePermission { sid, .. } => write!(f, "RemoveLayerVersionPermission {sid}"),
            Self::DeleteVersion { number, .. } => write!(f, "DeleteLayerVersion {number}"),
        }
    }
}

/// What a plan may depend on.
pub(super) type Known<'a> = Facts<'a, LambdaLayerStatus>;

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    let found = observed.and_then(|observed| Some((observed, observed.version.as_ref()?)));
    let Some(source) = &desired.source else {
        return follow(desired, found.map(|(_, version)| version));
    };
    let is_ours = facts.status.common.origin.is_some();
    let Some((observed, version)) = found else {
        if facts.observe_only {
            return Plan::rest(not_there(desired, "managementPolicy is Observe"));
        }
        let had = is_ours && facts.status.latest_version.is_some();
        let differs = had.then(|| "content".to_owned()).into_iter().collect();
        return Plan { differs, ..publish(desired, source, None, vec!["content"], facts) };
    };
    if !is_ours && !facts.observe_only && facts.adopt == AdoptPolicy::Never {
        return Plan::rest(taken(version));
    }
    let paths = changes(desired, source, version, facts.status);
    if facts.observe_only {
        return observe(desired, &paths, version);
    }
    if !paths.is_empty() {
        let differs = paths.iter().map(|path| (*path).to_owned()).collect();
        return Plan { differs, ..publish(desired, source, Some(version), paths, facts) };
    }
    let mut plan = settled(desired);
    if !is_ours {
        plan.actions.push(Action::Adopt {
            number: version.number,
            content_source: source.fingerprint.clone(),
            metadata_fingerprint: target(desired, Some(version)).fingerprint(),
        });
    }
    let corrections = permissions::corrections(desired, observed, version.number, facts.status);
    plan.actions.extend(corrections.actions);
    plan.differs.extend(corrections.paths);
    let obsolete = retention::obsolete(desired, facts.status, false);
    plan.actions.extend(obsolete.map(|number| Action::DeleteVersion { layer: desired.name.clone(), number }));
    plan
}

fn settled(desired: &Desired) -> Plan<Action> {
    let text = format!("The newest version of layer {} has what the spec says.", desired.name);
    Plan::rest(Verdict::Settled(Reason::Available, text))
}

/// Somebody else publishes the versions.
fn follow(desired: &Desired, newest: Option<&Version>) -> Plan<Action> {
    match newest {
        None => {
            Plan::rest(not_there(desired, "spec.content.external leaves it to somebody else to publish one"))
        }
        Some(version) => {
            let text = format!("{} is the newest version; somebody else publishes them.", version.arn);
            Plan::rest(Verdict::Settled(Reason::Available, text))
        }
    }
}

fn not_there(desired: &Desired, why: &str) -> Verdict {
    let text = format!("layer {} has no version in AWS, and {why}. Publish one.", desired.name);
    Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow)
}

fn taken(version: &Version) -> Verdict {
    let text = format!(
        "{} exists already, and this object has not published it. Set spec.adopt to Unowned to publish further versions of \
         the layer, or choose another name in a new object.",
        version.arn
    );
    Verdict::Problem(Reason::OwnershipConflict, text, Recheck::Slow)
}

fn observe(desired: &Desired, paths: &[&'static str], version: &Version) -> Plan<Action> {
    if paths.is_empty() {
        return settled(desired);
    }
    let text = format!("{} is only observed; it differs from the spec in {}.", version.arn, paths.join(", "));
    let differs = paths.iter().map(|path| (*path).to_owned()).collect();
    Plan { differs, ..Plan::rest(Verdict::Settled(Reason::Available, text)) }
}

/// Publishes a version, gives it its permissions, and deletes what is too old then.
fn publish(
    desired: &Desired,
    source: &Source,
    version: Option<&Version>,
    paths: Vec<&'static str>,
    facts: &Known<'_>,
) -> Plan<Action> {
    let status = facts.status;
    let known = [version.map(|version| version.number), status.latest_version];
    let published = status.published_versions.iter().copied();
    let newest_known = known.into_iter().flatten().chain(published).max().unwrap_or_default();
    let metadata = target(desired, version);
    let owner = facts.owner;
    let token = token(&[
        &owner.cluster_id,
        &owner.uid,
        &newest_known.to_string(),
        &source.fingerprint,
        &metadata.fingerprint(),
    ]);
    let layer = desired.name.clone();
    let given = permissions::given(desired);
    let mut plan = settled(desired);
    plan.actions.push(Action::Publish(Box::new(Publication {
        layer: layer.clone(),
        source: source.clone(),
        metadata,
        token,
        newest_known,
        sids: desired.permissions.iter().flatten().map(|(sid, _)| sid.clone()).collect(),
        paths,
    })));
    plan.actions.extend(given);
    let obsolete = retention::obsolete(desired, status, true);
    plan.actions.extend(obsolete.map(|number| Action::DeleteVersion { layer: layer.clone(), number }));
    plan
}

/// The metadata to publish: what is ignored stays as it is. Destructured without `..`, so that no field can be forgotten.
pub(super) fn target(desired: &Desired, version: Option<&Version>) -> Metadata {
    let Metadata { description, architectures, runtimes, license } = desired.metadata.clone();
    let Some(has) = version.map(|version| &version.metadata) else { return desired.metadata.clone() };
    let ignored = desired.ignored;
    Metadata {
        description: if ignored.description { has.description.clone() } else { description },
        architectures: if ignored.architectures { has.architectures.clone() } else { architectures },
        runtimes: if ignored.runtimes { has.runtimes.clone() } else { runtimes },
        license: if ignored.license { has.license.clone() } else { license },
    }
}

/// The paths that make a new version necessary. Versions never change: what was published from the same source with the
/// same metadata is what the spec says, however AWS shows it.
fn changes(
    desired: &Desired,
    source: &Source,
    version: &Version,
    status: &LambdaLayerStatus,
) -> Vec<&'static str> {
    let is_latest = status.latest_version == Some(version.number);
    let target = target(desired, Some(version));
    let as_published =
        is_latest && status.metadata_fingerprint.as_deref() == Some(target.fingerprint().as_str());
    let has = &version.metadata;
    let metadata = [
        ("description", target.description != has.description),
        ("compatibleArchitectures", target.architectures != has.architectures),
        ("compatibleRuntimes", target.runtimes != has.runtimes),
        ("licenseInfo", target.license != has.license),
    ];
    let metadata = metadata.into_iter().filter(|(_, differs)| *differs && !as_published);
    let same_source = is_latest && status.content_source.as_deref() == Some(source.fingerprint.as_str());
    let hash = version.code_sha256.as_ref().or(status.code_sha256.as_ref().filter(|_| is_latest));
    let same_content = same_source || (source.code_sha256.is_some() && source.code_sha256.as_ref() == hash);
    let content = (!same_content).then_some("content");
    content.into_iter().chain(metadata.map(|(path, _)| path)).collect()
}
