//! What a test can set for one account and region.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long a create, an update or a new version takes to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleDelay {
    /// This many reads (GetFunction, GetFunctionConfiguration, or the one that shows what is to settle) still see it
    /// in progress, the next one sees it settled. Other calls don't count, and writes in between are refused as on AWS.
    Reads(u32),
    /// After this many milliseconds.
    AfterMs(u64),
    /// Not before [`AccountControl::settle`](crate::AccountControl::settle).
    Hold,
}

impl SettleDelay {
    /// Settled at the next read.
    pub const NEXT_READ: Self = Self::Reads(0);
}

impl Default for SettleDelay {
    fn default() -> Self {
        Self::NEXT_READ
    }
}

impl From<Duration> for SettleDelay {
    /// Zero is the next read.
    fn from(delay: Duration) -> Self {
        if delay.is_zero() {
            return Self::NEXT_READ;
        }
        Self::AfterMs(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Why a create or an update settles as Failed: `StateReasonCode` and `StateReason` (or those of the update).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// E.g. `SubnetOutOfIPAddresses`.
    pub code: String,
    /// The text beside it.
    pub reason: String,
}

impl Failure {
    /// A failure with this code and reason.
    pub fn new(code: &str, reason: &str) -> Self {
        Self { code: code.to_owned(), reason: reason.to_owned() }
    }
}

/// The answer to every call while the credentials are bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthError {
    /// E.g. `UnrecognizedClientException`, `ExpiredTokenException`, `InvalidSignatureException`.
    pub code: String,
    /// The text beside it.
    pub message: String,
}

impl AuthError {
    /// An authentication error with this code and message.
    pub fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    /// AWS's answer to a key that it doesn't know.
    pub fn unrecognized_client() -> Self {
        Self::new("UnrecognizedClientException", "The security token included in the request is invalid.")
    }

    /// AWS's answer to a session that has ended.
    pub fn expired_token() -> Self {
        Self::new("ExpiredTokenException", "The security token included in the request is expired")
    }
}

/// Settings of one account and region. The default is an account where everything exists, nothing is
/// throttled, and changes are settled at the next read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    /// How long creates (also of capacity providers) and new versions stay Pending, and new mappings Creating.
    pub create_settle: SettleDelay,
    /// How long new versions stay Pending, if not as long as creates. A version that only gives what is Active a
    /// number is Active at once, unless it has SnapStart.
    pub version_settle: Option<SettleDelay>,
    /// How long updates stay InProgress, changed capacity providers Pending, and mappings Updating, Enabling, Disabling or
    /// Deleting.
    pub update_settle: SettleDelay,
    /// How long provisioned concurrency is IN_PROGRESS, and limits of execution environments aren't applied yet, if not
    /// as long as updates.
    pub section_settle: Option<SettleDelay>,
    /// How long a deleted function or capacity provider is still there, as Deleting. None is gone at once.
    pub delete_settle: Option<SettleDelay>,
    /// How long ListFunctions goes on to list a function that is gone, counted in lists instead of reads.
    pub listed_after_delete: SettleDelay,
    /// Functions that ListFunctions leaves out although they are there.
    pub unlisted: BTreeSet<String>,
    /// Whether the quotas of the control plane are enforced.
    pub quotas: bool,
    /// Every call, also to STS, answers 403 with this.
    pub auth_error: Option<AuthError>,
    /// Operations that answer AccessDeniedException, by name, e.g. `UpdateFunctionCode`, `AssumeRole` or
    /// `BatchGetImage`. As in IAM `GetObject` is HeadObject too, and `InvokeFunction` is Invoke and
    /// InvokeWithResponseStream.
    pub deny: BTreeSet<String>,
    /// ARNs of IAM roles that can't be assumed, by Lambda or through AssumeRole, nor named in the policy of a function.
    pub missing_roles: BTreeSet<String>,
    /// External ids that IAM roles ask for in AssumeRole, by the role's ARN; all others ask for none.
    pub external_ids: BTreeMap<String, String>,
    /// S3 buckets that don't exist; all others do.
    pub missing_buckets: BTreeSet<String>,
    /// S3 objects that don't exist, as `bucket/key`; all others do.
    pub missing_keys: BTreeSet<String>,
    /// S3 buckets without versioning; all others have it.
    pub unversioned_buckets: BTreeSet<String>,
    /// S3 buckets whose objects are uploaded with a SHA-256 checksum.
    pub checksummed_buckets: BTreeSet<String>,
    /// ECR repositories that don't exist, by name; all others do.
    pub missing_repositories: BTreeSet<String>,
    /// Image URIs that don't exist; all others do.
    pub missing_images: BTreeSet<String>,
    /// Layer version ARNs that don't exist. Of the others, the versions of a layer that was ever published in the
    /// simulator exist until they are deleted, and those of all other layers always.
    pub missing_layers: BTreeSet<String>,
    /// Layer versions exist only if they were published in the simulator, as on AWS.
    pub strict_layers: bool,
    /// Packages and layers count as not signed, so that a code signing config with Enforce refuses them.
    pub unsigned_packages: bool,
    /// Subnet ids that don't exist; all others do.
    pub missing_subnets: BTreeSet<String>,
    /// Security group ids that don't exist; all others do.
    pub missing_security_groups: BTreeSet<String>,
    /// ARNs of event sources that don't exist; all others do.
    pub missing_sources: BTreeSet<String>,
    /// ARNs of destinations of asynchronous invocations that don't exist; all others do, but for functions of this
    /// account and region.
    pub missing_destinations: BTreeSet<String>,
    /// ARNs of destinations that the roles of functions may not write to.
    pub unwritable_destinations: BTreeSet<String>,
    /// ARNs of event sources that the roles of functions may not read.
    pub unreadable_sources: BTreeSet<String>,
    /// Visibility timeouts of queues in seconds, by ARN; those of all others are long enough.
    pub visibility_timeouts: BTreeMap<String, u64>,
    /// Runtimes that are refused as no longer supported.
    pub deprecated_runtimes: BTreeSet<String>,
    /// The account's concurrency in the region.
    pub concurrent_executions: u64,
    /// How much of it must stay unreserved.
    pub minimum_unreserved: u64,
    /// Bytes of code of all versions together.
    pub code_storage: u64,
    /// While set, creates and new versions settle as Failed with it; capacity providers do without a reason.
    pub fail_create: Option<Failure>,
    /// While set, new versions settle as Failed with it, whatever `fail_create` says.
    pub fail_version: Option<Failure>,
    /// While set, updates settle as Failed with it.
    pub fail_update: Option<Failure>,
    /// While set, provisioned concurrency settles as FAILED with it as the `StatusReason`, e.g.
    /// `FUNCTION_ERROR_INIT_FAILURE`.
    pub fail_provisioned: Option<String>,
}

/// Runtimes that can be neither created nor chosen any more
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated>).
const DEPRECATED: [&str; 23] = [
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "java8",
    "nodejs",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "provided",
    "python2.7",
    "python3.6",
    "python3.7",
    "ruby2.5",
    "ruby2.7",
    "dotnet5.0",
    "nodejs0.10",
    "python3.5",
];

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            create_settle: SettleDelay::default(),
            version_settle: None,
            update_settle: SettleDelay::default(),
            section_settle: None,
            delete_settle: None,
            listed_after_delete: SettleDelay::default(),
            unlisted: BTreeSet::new(),
            quotas: false,
            auth_error: None,
            deny: BTreeSet::new(),
            missing_roles: BTreeSet::new(),
            external_ids: BTreeMap::new(),
            missing_buckets: BTreeSet::new(),
            missing_keys: BTreeSet::new(),
            unversioned_buckets: BTreeSet::new(),
            checksummed_buckets: BTreeSet::new(),
            missing_repositories: BTreeSet::new(),
            missing_images: BTreeSet::new(),
            missing_layers: BTreeSet::new(),
            strict_layers: false,
            unsigned_packages: false,
            missing_subnets: BTreeSet::new(),
            missing_security_groups: BTreeSet::new(),
            missing_sources: BTreeSet::new(),
            missing_destinations: BTreeSet::new(),
            unwritable_destinations: BTreeSet::new(),
            unreadable_sources: BTreeSet::new(),
            visibility_timeouts: BTreeMap::new(),
            deprecated_runtimes: DEPRECATED.iter().map(ToString::to_string).collect(),
            concurrent_executions: 1000,
            minimum_unreserved: 100,
            code_storage: 300 * 1024 * 1024 * 1024,
            fail_create: None,
            fail_version: None,
            fail_update: None,
            fail_provisioned: None,
        }
    }
}

impl AccountSettings {
    /// Both settle delays at once.
    pub fn settle_delay(&mut self, delay: impl Into<SettleDelay>) {
        self.create_settle = delay.into();
        self.update_settle = self.create_settle;
    }

    /// How long new versions stay Pending.
    pub(crate) fn settle_of_versions(&self) -> SettleDelay {
        self.version_settle.unwrap_or(self.create_settle)
    }

    /// How long provisioned concurrency and limits of execution environments take.
    pub(crate) fn settle_of_sections(&self) -> SettleDelay {
        self.section_settle.unwrap_or(self.update_settle)
    }
}
