//! A capacity provider in plain data, the same types for what is wanted and what AWS has.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::tags::Tags;

/// The state of one that AWS is at work on.
pub const PENDING: &str = "Pending";
/// The state of one that functions can use.
pub const ACTIVE: &str = "Active";
/// The state of one whose creation failed.
pub const FAILED: &str = "Failed";
/// The state of one that is being deleted.
pub const DELETING: &str = "Deleting";

/// What only CreateCapacityProvider takes.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateCapacityProvider.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Subnets; order means nothing to AWS.
    pub subnets: BTreeSet<String>,
    /// Security groups; order means nothing to AWS.
    pub security_groups: BTreeSet<String>,
    /// ARN of the role that manages the instances.
    pub role: String,
    /// The instruction set; empty when AWS doesn't say.
    pub architectures: BTreeSet<String>,
    /// Instance types that may be used, empty: AWS chooses.
    pub allowed: BTreeSet<String>,
    /// Instance types that may not be used.
    pub excluded: BTreeSet<String>,
    /// ARN of the KMS key, empty: AWS's own.
    pub kms_key_arn: String,
}

/// How instances are scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// The most vCPUs.
    pub max_vcpus: i32,
    /// `Auto` or `Manual`.
    pub mode: String,
    /// Target values by metric.
    pub policies: BTreeMap<String, f64>,
}

impl Default for Scaling {
    /// AWS's.
    fn default() -> Self {
        Self { max_vcpus: 400, mode: "Auto".to_owned(), policies: BTreeMap::new() }
    }
}

/// Which tags Lambda gives to what it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Propagation {
    /// `None` or `Explicit`.
    pub mode: String,
    /// The tags.
    pub tags: Tags,
}

impl Default for Propagation {
    /// AWS's.
    fn default() -> Self {
        Self { mode: "None".to_owned(), tags: Tags::new() }
    }
}

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `DEBUG`, `INFO` or `WARN`.
    pub level: String,
    /// The log group.
    pub group: String,
}

impl Logging {
    /// AWS's for a provider of this name.
    pub fn of(name: &str) -> Self {
        Self { level: "INFO".to_owned(), group: format!("/aws/lambda/capacity-provider/{name}") }
    }
}

/// What a provider is made of, with AWS's defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// What can't be changed.
    pub fixed: Fixed,
    /// How it scales.
    pub scaling: Scaling,
    /// Which tags it hands on.
    pub propagation: Propagation,
    /// What it logs.
    pub logging: Logging,
}

/// What UpdateCapacityProvider is to change; what is absent stays.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateCapacityProvider.html>
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// How it scales.
    pub scaling: Option<Scaling>,
    /// Which tags it hands on.
    pub propagation: Option<Propagation>,
    /// What it logs.
    pub logging: Option<Logging>,
}

impl Changes {
    /// The spec paths that change.
    pub fn paths(&self) -> Vec<&'static str> {
        let Self { scaling, propagation, logging } = self;
        let all = [
            ("capacityProviderScalingConfig", scaling.is_some()),
            ("propagateTags", propagation.is_some()),
            ("telemetryConfig", logging.is_some()),
        ];
        all.into_iter().filter_map(|(path, changes)| changes.then_some(path)).collect()
    }
}

/// A provider as AWS describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// `Pending`, `Active`, `Failed` or `Deleting`.
    pub state: String,
    /// What it is made of.
    pub configuration: Configuration,
    /// Tags, or AWS's text when they may not be read. None are read of one that is being deleted: whose it was no longer
    /// matters.
    pub tags: Result<Tags, String>,
    /// Versions of functions that use it, as `name:version`; `None`: AWS wasn't asked, as it is at work on the provider.
    pub versions: Option<Vec<String>>,
}
