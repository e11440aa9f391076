//! A function in plain data, the same type for what is wanted and what AWS has.
//!
//! Everything is normalized so that equal means equal: AWS's defaults are filled in, sets are
//! sets, and the many spellings of "none" are one. `desired` builds these values from a spec,
//! `aws::function` from AWS's answers; `plan` only compares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use crate::function::field::Field;
use crate::section::Has;

/// The part of a function that UpdateFunctionConfiguration changes, and what of it AWS fixes at the creation.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Runtime identifier; `None` for images.
    pub runtime: Option<String>,
    /// ARN of the execution role.
    pub role: String,
    /// Handler; `None` for images.
    pub handler: Option<String>,
    /// Description, empty when none.
    pub description: String,
    /// Seconds.
    pub timeout: i32,
    /// Megabytes.
    pub memory_size: i32,
    /// Size of `/tmp` in megabytes.
    pub ephemeral_storage: i32,
    /// Environment variables.
    pub environment: Environment,
    /// KMS key for the environment, empty when AWS owns the key.
    pub kms_key_arn: String,
    /// VPC connection, empty sets when none.
    pub vpc: Vpc,
    /// ARN of the dead-letter target, empty when none.
    pub dead_letter_target: String,
    /// `PassThrough` or `Active`.
    pub tracing_mode: String,
    /// Layer version ARNs, in order.
    pub layers: Vec<String>,
    /// Mounted file systems.
    pub file_systems: Vec<FileSystem>,
    /// Overrides of the image.
    pub image_config: ImageConfig,
    /// `None` or `PublishedVersions`.
    pub snap_start: String,
    /// Log settings.
    pub logging: Logging,
    /// Managed instances; AWS fixes whether there are any.
    pub instances: Option<Instances>,
    /// Durable executions; AWS fixes whether there are any.
    pub durable: Option<Durable>,
    /// `PER_TENANT`, empty without tenants; AWS fixes it.
    pub tenant_isolation: String,
}

/// Whose instances run a function. AWS's defaults depend on the runtime: what isn't in the spec is `None`, and stays as AWS
/// has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Instances {
    /// ARN of the capacity provider.
    pub provider: String,
    /// Executions that share an environment.
    pub concurrency: Option<i32>,
    /// MiB of memory for each vCPU, which AWS names in GiB.
    pub memory_per_vcpu: Option<i32>,
}

impl Instances {
    /// GiB in MiB, to the nearest: floating-point numbers can't be compared. AWS knows few of them, all small.
    pub fn mib(gib: f64) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "it is at most 8 GiB")]
        let mib = (gib * 1024.0).round() as i32;
        mib
    }

    /// What is to be there, with what AWS chose where nothing is said.
    #[must_use]
    pub fn completed(mut self, has: Option<&Self>) -> Self {
        self.concurrency = self.concurrency.or(has.and_then(|has| has.concurrency));
        self.memory_per_vcpu = self.memory_per_vcpu.or(has.and_then(|has| has.memory_per_vcpu));
        self
    }
}

/// Durable executions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Durable {
    /// Seconds that an execution may take.
    pub timeout: i32,
    /// Days for which AWS keeps what one did.
    pub retention: i32,
    /// KMS key, empty when AWS owns the key.
    pub kms_key_arn: String,
}

impl Durable {
    /// AWS's default for `retention` in CloudFormation's registry; a page of its documentation has another. It is always sent.
    pub const RETENTION: i32 = 14;
}

/// Environment variables, or why they can't be known.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Environment {
    /// All variables by name.
    Known(BTreeMap<String, String>),
    /// AWS could not decrypt them (`Environment.Error`); the text is AWS's. Never a drift verdict.
    Unknown(String),
}

impl Environment {
    /// The variables, empty when unknown.
    pub fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        match self {
            Self::Known(variables) => Some(variables.iter()),
            Self::Unknown(_) => None,
        }
        .into_iter()
        .flatten()
    }
}

/// Prints names only: values can come from Secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(variables) => f.debug_set().entries(variables.keys()).finish(),
            Self::Unknown(reason) => write!(f, "Unknown({reason})"),
        }
    }
}

/// VPC connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vpc {
    /// Subnet ids; order means nothing to AWS.
    pub subnet_ids: BTreeSet<String>,
    /// Security group ids; order means nothing to AWS.
    pub security_group_ids: BTreeSet<String>,
    /// Outbound IPv6.
    pub ipv6_allowed_for_dual_stack: bool,
}

impl Vpc {
    /// Without subnets there is no network for the other settings: AWS drops them.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.ipv6_allowed_for_dual_stack &= !self.subnet_ids.is_empty();
        self
    }
}

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileSystem {
    /// Access point ARN.
    pub arn: String,
    /// `/mnt/…`.
    pub local_mount_path: String,
    /// S3 Files only: `ENABLED` or `DISABLED`; `None` is AWS's default, `AUTO`.
    pub direct_s3_read: Option<String>,
}

/// Overrides of the container image; empty means the image's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImageConfig {
    /// Entry point.
    pub entry_point: Vec<String>,
    /// Arguments.
    pub command: Vec<String>,
    /// Working directory.
    pub working_directory: String,
}

/// Log settings with AWS's defaults filled in. Levels exist only with `JSON`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Logging {
    /// `Text` or `JSON`.
    pub format: String,
    /// Application level.
    pub application_level: Option<String>,
    /// System level.
    pub system_level: Option<String>,
    /// Log group.
    pub group: String,
}

/// `Zip` or `Image`; AWS fixes it at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackageType {
    /// A zip package.
    Zip,
    /// A container image.
    Image,
}

/// Where a package comes from, as a call sends it.
#[derive(Clone, PartialEq, Eq)]
pub enum CodeSource {
    /// An object in S3.
    S3 {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
        /// Version; `None` is the newest.
        object_version: Option<String>,
        /// `COPY` or `REFERENCE`.
        storage_mode: String,
    },
    /// A container image.
    Image {
        /// URI with tag or digest.
        uri: String,
    },
    /// The bytes of a zip archive.
    Zip(std::sync::Arc<[u8]>),
}

impl fmt::Debug for CodeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, key, object_version, storage_mode } => {
                write!(f, "s3://{bucket}/{key}")?;
                object_version.as_ref().map_or(Ok(()), |version| write!(f, " version {version}"))?;
                if storage_mode == "REFERENCE" { f.write_str(", by reference") } else { Ok(()) }
            }
            Self::Image { uri } => write!(f, "image {uri}"),
            Self::Zip(bytes) => write!(f, "zip of {} bytes", bytes.len()),
        }
    }
}

/// A package to deploy: what UpdateFunctionCode changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Where it comes from.
    pub source: CodeSource,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// KMS key of the package, empty when AWS owns the key. Not sticky: sent with every update.
    pub source_kms_key_arn: String,
}

/// What AWS knows a function by, and what a visit looks at besides the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// The function's name.
    pub name: String,
    /// What costs calls of its own.
    pub look: Look,
}

/// What GetFunction doesn't say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The link to a code-signing configuration.
    pub code_signing: bool,
    /// The state of this version, a number or `$LATEST.PUBLISHED`.
    pub version: Option<String>,
    /// Which versions there are.
    pub newer: Option<Newer>,
    /// Which durable executions run, when the function is to go.
    pub ending: Option<Ending>,
}

/// How durable executions end when their function is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By themselves.
    Awaited,
    /// They are stopped.
    Stopped,
}

/// Which versions to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newer {
    /// Those with a larger number.
    pub than: i64,
    /// Only if the function no longer has this revision, which publishing would have changed.
    pub unless: Option<String>,
}

/// What PublishVersion sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Only if this is still the code.
    pub code_sha256: String,
    /// Only if this is still the revision.
    pub revision_id: String,
    /// The version's description; `None`: the function's.
    pub description: Option<String>,
    /// As `$LATEST.PUBLISHED`, rather than under the next number.
    pub latest: bool,
}

/// The version that takes the place of numbered ones, of a function on a capacity provider.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html>
pub const LATEST_PUBLISHED: &str = "$LATEST.PUBLISHED";

/// A published version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number, or `$LATEST.PUBLISHED`.
    pub number: String,
    /// `State`: Pending, Active, Inactive, Failed, …
    pub state: String,
    /// `StateReason`.
    pub state_reason: Option<String>,
    /// `StateReasonCode`.
    pub state_reason_code: Option<String>,
}

/// What a visit learned of published versions; nothing where it didn't ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// The one that was asked for or just published.
    pub published: Option<Version>,
    /// The one that was asked for doesn't exist.
    pub gone: bool,
    /// All of them are in `newer`.
    pub listed: bool,
    /// Those that were listed, with the hashes of their code.
    pub newer: Vec<(i64, String)>,
    /// Something uses the one that was to be deleted.
    pub in_use: bool,
    /// Those that were just deleted.
    pub deleted: Vec<i64>,
}

/// A function as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Unqualified ARN.
    pub arn: String,
    /// Its configuration.
    pub configuration: Configuration,
    /// Fields that AWS could not tell (`ImageConfigResponse.Error`), at their defaults above. Never a drift verdict.
    pub unreadable: BTreeSet<Field>,
    /// Its package type.
    pub package_type: PackageType,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Base64 for zip packages, hex for images.
    pub code_sha256: String,
    /// AWS's change token; also moves on settling, tagging and publishing.
    pub revision_id: String,
    /// ARN of the linked code-signing configuration, empty for none. `None`: AWS wasn't asked.
    pub code_signing: Option<String>,
    /// Published versions, as far as they were looked at.
    pub versions: Versions,
    /// ARNs of the durable executions that run, and how they are to end; `None`: AWS wasn't asked.
    pub running: Option<(Ending, Vec<String>)>,
    /// What was read of its sections; lists and GetFunction don't show them.
    pub sections: Has,
    /// What ListFunctions doesn't say. `None` when this came from a listing.
    pub live: Option<Live>,
}

impl Observed {
    /// Whether its executions are durable: a running one needs the version that it began with.
    pub fn is_durable(&self) -> bool {
        self.configuration.durable.is_some()
    }
}

/// What only GetFunction says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// `State`, an open set: Pending, Active, Inactive, Failed, Deactivating, Deactivated, ActiveNonInvocable, Deleting.
    pub state: String,
    /// `StateReason`.
    pub state_reason: Option<String>,
    /// `StateReasonCode`.
    pub state_reason_code: Option<String>,
    /// `LastUpdateStatus`; `None` while a new function is Pending.
    pub last_update_status: Option<String>,
    /// `LastUpdateStatusReason`.
    pub last_update_status_reason: Option<String>,
    /// `LastUpdateStatusReasonCode`.
    pub last_update_status_reason_code: Option<String>,
    /// Tags, or AWS's text when they may not be read (`TagsError`).
    pub tags: Result<BTreeMap<String, String>, String>,
    /// `Concurrency.ReservedConcurrentExecutions`.
    pub reserved_concurrency: Option<i32>,
    /// `Code.ImageUri`, as it was sent.
    pub image_uri: Option<String>,
    /// `Code.ResolvedImageUri`, with the digest.
    pub resolved_image_uri: Option<String>,
    /// `Code.SourceKMSKeyArn`, empty when none.
    pub source_kms_key_arn: String,
    /// `Code.ResolvedS3Object`: the object that a package in the mode REFERENCE is read from, and only such a one.
    pub resolved_s3_object: Option<S3Object>,
}

/// An object in S3 as AWS resolved it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Object {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Version; `None` when AWS doesn't say.
    pub version: Option<String>,
}
