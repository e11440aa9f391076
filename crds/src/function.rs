//! `LambdaFunction`: a Lambda function, its configuration, code and singletons.
//!
//! Field names, limits and defaults are those of the Lambda API reference for
//! [CreateFunction], [UpdateFunctionConfiguration] and [UpdateFunctionCode].
//!
//! [CreateFunction]: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
//! [UpdateFunctionConfiguration]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
//! [UpdateFunctionCode]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html

mod code;
mod configuration;
mod environment;
mod instances;
mod status;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, ObjectRef, VersionRetention};
use crate::rules;
use crate::section::{CommonSections, RecursiveLoop, RuntimeManagement};

pub use code::*;
pub use configuration::*;
pub use environment::*;
pub use instances::*;
pub use status::*;

/// A Lambda function. The operator makes AWS match `spec`, keeps it matching, and says in `status` how far it is.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "LambdaFunction",
    namespaced,
    status = "LambdaFunctionStatus",
    derive = "PartialEq",
    shortname = "lfn",
    category = "lambda",
    doc = "A Lambda function. The operator makes AWS match `spec`, keeps it matching, and says in `status` how far it is.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Runtime", type_ = "string", json_path = ".spec.runtime"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::default_name_fits("functionName", "a Lambda function (at most 64 letters, digits, - and _)", 64, "^[a-zA-Z0-9_-]+$"),
    validation = rules::name_is_fixed("LambdaFunction", "functionName"),
    validation = rules::account_is_fixed("LambdaFunction"),
    validation = rules::region_is_fixed("LambdaFunction"),
    validation = rules::presence_is_fixed("LambdaFunction", "capacityProviderConfig"),
    validation = rules::presence_is_fixed("LambdaFunction", "durable"),
    validation = rules::presence_is_fixed("LambdaFunction", "tenancyConfig"),
    validation = Rule::new("!(has(oldSelf.spec.code.image) && (has(self.spec.code.s3) || has(self.spec.code.inline))) && !(has(self.spec.code.image) && (has(oldSelf.spec.code.s3) || has(oldSelf.spec.code.inline)))")
        .message("spec.code can't change between a container image and a zip package (AWS fixes the package type at creation); create a new LambdaFunction and delete this one")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.code.s3) || has(self.code.inline)) || (has(self.runtime) && self.runtime != '')")
        .message("spec.runtime is required for a zip package; set it, for example to python3.14"),
    validation = Rule::new("!(has(self.code.s3) || has(self.code.inline)) || (has(self.handler) && self.handler != '')")
        .message("spec.handler is required for a zip package; set it, for example to index.handler"),
    validation = Rule::new("!has(self.code.image) || (!has(self.runtime) && !has(self.handler) && (!has(self.layers) || size(self.layers) == 0))")
        .message("spec.runtime, spec.handler and spec.layers belong to zip packages; remove them from a function with code.image"),
    validation = Rule::new("!has(self.imageConfig) || !(has(self.code.s3) || has(self.code.inline))")
        .message("spec.imageConfig belongs to container images; remove it or use code.image"),
    validation = Rule::new("!(has(self.codeSigningConfigArn) && has(self.codeSigningConfigRef))")
        .message("spec.codeSigningConfigArn and spec.codeSigningConfigRef exclude each other; remove one of them"),
    validation = Rule::new("!has(self.code.image) || ((!has(self.codeSigningConfigArn) || self.codeSigningConfigArn == '') && !has(self.codeSigningConfigRef))")
        .message("spec.codeSigningConfigArn and spec.codeSigningConfigRef belong to zip packages; remove them from a function with code.image"),
    validation = Rule::new("!has(self.versionRetention) || (has(self.publish) && self.publish == 'OnChange')")
        .message("spec.versionRetention is for versions that the operator publishes; set spec.publish to OnChange or remove versionRetention"),
    validation = rules::one_policy(),
    validation = Rule::new("!has(self.publish) || self.publish != 'LatestPublished' || has(self.capacityProviderConfig)")
        .message("spec.publish is LatestPublished, which only functions on a capacity provider have; set spec.capacityProviderConfig, or publish OnChange"),
    validation = Rule::new("!has(self.scaling) || (has(self.publish) && self.publish == 'LatestPublished')")
        .message("spec.scaling is about the version $LATEST.PUBLISHED; set spec.publish to LatestPublished or remove scaling"),
    validation = Rule::new("!has(self.tenancyConfig) || !has(self.functionUrl)")
        .message("spec.functionUrl can't be used with spec.tenancyConfig: AWS gives a function that keeps its tenants apart no URL; remove one of them"),
    validation = Rule::new("!has(self.tenancyConfig) || !has(self.snapStart) || !has(self.snapStart.applyOn) || self.snapStart.applyOn != 'PublishedVersions'")
        .message("spec.snapStart.applyOn PublishedVersions can't be used with spec.tenancyConfig: AWS makes no snapshot of a function that keeps its tenants apart; remove one of them"),
    validation = Rule::new("!has(self.runtimeManagement) || !has(self.code.image)")
        .message("spec.runtimeManagement belongs to zip packages, a container image brings its own runtime; remove it"),
    validation = Rule::new("!has(self.code.image) || !has(self.code.sourceKMSKeyArn) || self.code.sourceKMSKeyArn == ''")
        .message(Message::Expression(r#""spec.code.sourceKMSKeyArn " + self.code.sourceKMSKeyArn + " encrypts zip packages; remove it from a function with code.image""#.into())),
    validation = Rule::new("!has(self.fileSystemConfigs) || size(self.fileSystemConfigs) == 0 || (has(self.vpcConfig) && has(self.vpcConfig.subnetIds) && size(self.vpcConfig.subnetIds) > 0)")
        .message(Message::Expression(r#""spec.fileSystemConfigs has " + self.fileSystemConfigs[0].arn + ", which can only be reached from a VPC; set spec.vpcConfig or remove the file system""#.into()))
)]
pub struct LambdaFunctionSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonSpec,

    /// Name of the function in AWS. Absent: `metadata.name`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    pub function_name: Option<String>,

    /// ARN of the execution role that the function assumes.
    #[schemars(
        length(min = 20, max = 2048),
        regex(pattern = r"^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$")
    )]
    pub role: String,

    /// The deployment package. Exactly one of `s3`, `image`, `inline` and `external`; the package type follows from it.
    pub code: FunctionCode,

    /// Identifier of the runtime, such as `python3.14`. Required for zip packages. An open list: AWS
    /// refuses the ones that it has deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub runtime: Option<String>,

    /// The method that Lambda calls, such as `index.handler`. Required for zip packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = r"^[^\s]*$"))]
    pub handler: Option<String>,

    /// Description of the function. Default: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub description: Option<String>,

    /// Seconds that an invocation may take. Default: 3. AWS allows 900, and 5,400 for managed instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5400))]
    pub timeout: Option<i32>,

    /// Memory in MB; CPU is in proportion to it. Default: 128. AWS allows 10,240, and 32,768 for managed instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 128, max = 32768))]
    pub memory_size: Option<i32>,

    /// Instruction set, `x86_64` (default) or `arm64`. Changing it sends the code again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1))]
    pub architectures: Option<Vec<Architecture>>,

    /// Size of `/tmp`. Default: 512 MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EphemeralStorage")]
    pub ephemeral_storage: Option<EphemeralStorage>,

    /// Environment variables; wins over `envFrom`. No `$(VAR)` expansion. All variables together: at most 4 KB.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub env: Option<Vec<EnvVar>>,

    /// Whole Secrets and ConfigMaps as environment variables; a later one wins over an earlier one. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub env_from: Option<Vec<EnvFromSource>>,

    /// ARN of the KMS key that encrypts the environment variables and snapshots. Default: a key that AWS owns.
    #[serde(default, rename = "kmsKeyArn", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub kms_key_arn: Option<String>,

    /// Subnets and security groups of a VPC. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "VpcConfig")]
    pub vpc_config: Option<VpcConfig>,

    /// Queue or topic that gets the events of failed asynchronous invocations. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeadLetterConfig")]
    pub dead_letter_config: Option<DeadLetterConfig>,

    /// X-Ray tracing. Default: `PassThrough`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TracingConfig")]
    pub tracing_config: Option<TracingConfig>,

    /// Layers, at most 5. Their order matters: a later one overwrites files of an earlier one. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    pub layers: Option<Vec<Layer>>,

    /// File systems to mount, at most 1; needs `vpcConfig`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1))]
    pub file_system_configs: Option<Vec<FileSystemConfig>>,

    /// Overrides of the container image's entry point, command and working directory. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ImageConfig")]
    pub image_config: Option<ImageConfig>,

    /// SnapStart. Default: `None`. Affects the versions published afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SnapStart")]
    pub snap_start: Option<SnapStart>,

    /// Log format, levels and group. Default: `Text` to `/aws/lambda/<functionName>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LoggingConfig")]
    pub logging_config: Option<LoggingConfig>,

    /// The capacity provider whose instances run the function (Lambda Managed Instances). Default: none, which is Lambda's
    /// own compute. Whether there is one is immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CapacityProviderConfig")]
    pub capacity_provider_config: Option<CapacityProviderConfig>,

    /// Makes its executions durable: they last beyond one invocation. Default: they aren't. Whether they are is immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Durable")]
    pub durable: Option<Durable>,

    /// Keeps the tenants of the function apart. Default: no tenants. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TenancyConfig")]
    pub tenancy_config: Option<TenancyConfig>,

    /// Concurrency reserved for this function; 0 stops all invocations. Absent: not managed, and once it was set, the
    /// reservation is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub reserved_concurrent_executions: Option<i32>,

    /// ARN of the code-signing configuration that new code has to satisfy; empty: none. Absent: not managed, unless there
    /// is a `codeSigningConfigRef`; once either was set, the link is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 200),
        regex(
            pattern = r"^(arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]{17})?$"
        )
    )]
    pub code_signing_config_arn: Option<String>,

    /// The CodeSigningConfig, in the same namespace, that new code has to satisfy. At most one of `codeSigningConfigRef`
    /// and `codeSigningConfigArn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub code_signing_config_ref: Option<ObjectRef>,

    /// Sections that aliases have, too.
    #[serde(flatten)]
    pub sections: CommonSections,

    /// What Lambda does with a recursive loop: `Terminate` or `Allow`. Absent: not managed, and once it was set, `Terminate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RecursiveLoop")]
    pub recursive_loop: Option<RecursiveLoop>,

    /// When the function gets a new version of its runtime. Absent: not managed, and once it was set, `Auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RuntimeManagement")]
    pub runtime_management: Option<RuntimeManagement>,

    /// How many execution environments `$LATEST.PUBLISHED` has; needs `publish: LatestPublished`. Absent: not managed, and
    /// once it was set, AWS's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FunctionScaling")]
    pub scaling: Option<FunctionScaling>,

    /// Whether versions are published: `Never` (default), or whenever code or configuration have changed and have settled
    /// in AWS, as a new number (`OnChange`) or as `$LATEST.PUBLISHED` (`LatestPublished`, needs `capacityProviderConfig`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PublishPolicy")]
    pub publish: Option<PublishPolicy>,

    /// How many published versions stay; needs `publish: OnChange`. Only versions that this object published are
    /// ever deleted, and none that an alias or anything else still uses. Absent: all stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "VersionRetention")]
    pub version_retention: Option<VersionRetention>,
}

/// When versions are published.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublishPolicy {
    /// The operator publishes none.
    #[default]
    Never,
    /// One for each change of code or configuration.
    OnChange,
    /// `$LATEST.PUBLISHED`, anew for each change of code or configuration.
    LatestPublished,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn layers_and_code_signing_can_be_named_as_objects() {
        let layer = include_str!("../../config/samples/layer.yaml");
        let [invoices]: [LambdaFunction; 1] = samples(layer, "LambdaFunction").try_into().unwrap();
        let reference = ObjectRef { name: "amounts".into() };
        assert_eq!(invoices.spec.layers, Some(vec![Layer { arn: None, layer_ref: Some(reference) }]));
        let signing = include_str!("../../config/samples/code-signing.yaml");
        let [payments]: [LambdaFunction; 1] = samples(signing, "LambdaFunction").try_into().unwrap();
        assert_eq!(payments.spec.code_signing_config_ref, Some(ObjectRef { name: "release".into() }));
    }

    #[test]
    fn managed_instances_durable_executions_and_tenants_have_a_sample() {
        let sample = include_str!("../../config/samples/managed-instances.yaml");
        let [ratings, shipments, reports]: [LambdaFunction; 3] =
            samples(sample, "LambdaFunction").try_into().unwrap();
        let instances = ratings.spec.capacity_provider_config.unwrap();
        assert_eq!(instances.capacity_provider_ref, Some(ObjectRef { name: "steady".into() }));
        assert_eq!(ratings.spec.publish, Some(PublishPolicy::LatestPublished));
        let scaling = FunctionScaling { min_execution_environments: 2, max_execution_environments: 20 };
        assert_eq!(ratings.spec.scaling, Some(scaling));
        assert_eq!(shipments.spec.durable.unwrap().on_delete, Some(OnDelete::Stop));
        let tenants = reports.spec.tenancy_config.unwrap();
        assert_eq!(tenants.tenant_isolation_mode, TenantIsolationMode::PerTenant);
    }

    #[test]
    fn versions_are_published_on_request_and_counted_in_the_status() {
        let alias = include_str!("../../config/samples/alias.yaml");
        let [quotes]: [LambdaFunction; 1] = samples(alias, "LambdaFunction").try_into().unwrap();
        assert_eq!(quotes.spec.publish, Some(PublishPolicy::OnChange));
        assert_eq!(quotes.spec.version_retention, Some(VersionRetention { keep: 10 }));
        let status: LambdaFunctionStatus = kept(
            r#"{observedGeneration: 2, version: "3", publishedVersions: [2, 3],
                published: {version: "3", codeSha256: c, configurationFingerprint: f, attempts: 1, state: Pending},
                references: [{kind: LambdaLayer, name: amounts, uid: u, resourceVersion: "7", value: "arn:aws:lambda"}],
                pending: {operation: PublishVersion, since: "2026-01-15T09:30:00Z", token: t, newestKnown: 2}}"#,
        );
        assert_eq!(status.published_versions, [2, 3]);
        assert_eq!(status.common.pending.unwrap().newest_known, Some(2));
    }
}
