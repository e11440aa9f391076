//! `LambdaFunction`: a Lambda function, its configuration, code and singletons.
//!
//! Field names, limits and defaults are those of the Lambda API reference for
//! [CreateFunction], [UpdateFunctionConfiguration] and [UpdateFunctionCode].
//!
//! [CreateFunction]: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
//! [UpdateFunctionConfiguration]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
//! [UpdateFunctionCode]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, CommonStatus, KeySelector, ObjectRef, ObjectSelector, VersionRetention};
use crate::rules;

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

    /// Whether versions are published: `Never` (default), or `OnChange`, which is whenever code or configuration
    /// have changed and have settled in AWS.
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
}

/// Where the deployment package comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::exactly_one("spec.code", &["s3", "image", "inline", "external"])
)]
pub struct FunctionCode {
    /// A zip package in an S3 bucket of the function's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "S3Code")]
    pub s3: Option<S3Code>,

    /// A container image in Amazon ECR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ImageCode")]
    pub image: Option<ImageCode>,

    /// Small source files that the operator zips, the same files always to the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InlineCode")]
    pub inline: Option<InlineCode>,

    /// The code belongs to somebody else, such as a CI pipeline: it is neither sent nor compared, only
    /// reported. The function must exist (see `adopt`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ExternalCode")]
    pub external: Option<ExternalCode>,

    /// ARN of the KMS key that encrypts the zip package at AWS. Default: a key that AWS owns.
    #[serde(default, rename = "sourceKMSKeyArn", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub source_kms_key_arn: Option<String>,
}

/// A zip package in S3.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct S3Code {
    /// Bucket, in the region of the function or layer.
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[0-9A-Za-z._-]+$"))]
    pub bucket: String,
    /// Key of the object.
    #[schemars(length(min = 1, max = 1024))]
    pub key: String,
    /// Version of the object, in a bucket with versioning. Absent: the newest; the operator looks at it when the spec changes
    /// and every `--source-check-interval`, and rolls new content out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub object_version: Option<String>,
    /// `COPY` (default) copies the package into Lambda; `REFERENCE` reads it from the bucket, which needs
    /// versioning and a bucket policy for Lambda.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "S3ObjectStorageMode")]
    pub object_storage_mode: Option<S3ObjectStorageMode>,
}

/// How Lambda keeps a package that comes from S3.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum S3ObjectStorageMode {
    /// Copied into Lambda's own storage.
    #[default]
    #[serde(rename = "COPY")]
    Copy,
    /// Read from the bucket.
    #[serde(rename = "REFERENCE")]
    Reference,
}

/// A container image.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ImageCode {
    /// URI of the image in ECR, with a tag or a digest: `…/repository@sha256:…`. Of a tag, the digest that it means is
    /// deployed; when it moves, seen every `--source-check-interval`, so does the function.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
}

/// Source files that the operator zips.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InlineCode {
    /// File contents by path within the package, for example `index.py`. At most 128 KiB in all.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 64))]
    #[x_kube(
        validation = Rule::new("self.all(k, size(k) <= 256 && !k.startsWith('/') && !k.contains('..') && k != '')")
            .message(Message::Expression(r#""the path \"" + self.filter(k, size(k) > 256 || k.startsWith('/') || k.contains('..') || k == '')[0] + "\" in inline.files must be relative, without .., and 1 to 256 characters long; rename the file""#.into())),
        validation = Rule::new("self.map(k, size(self[k])).sum() <= 131072")
            .message(Message::Expression(r#""inline.files, of which \"" + self.filter(k, size(self[k]) > 2048)[0] + "\" is a large one, must be at most 131072 characters in all; put larger packages into S3 and use s3 instead (code.s3, or content.s3 of a layer)""#.into()))
    )]
    pub files: BTreeMap<String, FileContent>,
}

/// The content of an inline file.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub struct FileContent(#[schemars(length(max = 131_072))] pub String);

/// Marks code that is deployed by somebody else.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalCode {}

/// Instruction set of a function.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}

/// Size of `/tmp`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
pub struct EphemeralStorage {
    /// Megabytes. AWS allows 512 to 10,240, and 32,768 with an accelerator.
    #[schemars(range(min = 512, max = 32768))]
    pub size: i32,
}

/// One environment variable.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.value) && has(self.valueFrom))")
        .message(Message::Expression(r#""the entry " + self.name + " of spec.env can't have both value and valueFrom; remove one of them""#.into())),
    validation = Rule::new("!has(self.valueFrom) || has(self.valueFrom.secretKeyRef) != has(self.valueFrom.configMapKeyRef)")
        .field_path(".valueFrom")
        .message(Message::Expression(r#""valueFrom of the entry " + self.name + " of spec.env needs exactly one of secretKeyRef and configMapKeyRef, and has " + (has(self.valueFrom.secretKeyRef) ? "both" : "none") + "; set one and remove the other""#.into()))
)]
pub struct EnvVar {
    /// Name: a letter, then letters, digits and underscores; not one that Lambda reserves.
    #[schemars(length(min = 2, max = 256), regex(pattern = r"^[a-zA-Z]([a-zA-Z0-9_])+$"))]
    pub name: String,
    /// The value, as it is. Default: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,
    /// A value from a Secret or ConfigMap. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EnvVarSource")]
    pub value_from: Option<EnvVarSource>,
}

/// Where the value of a variable comes from: one of the two, which the rules of the variable check.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvVarSource {
    /// A key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeySelector")]
    pub secret_key_ref: Option<KeySelector>,
    /// A key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeySelector")]
    pub config_map_key_ref: Option<KeySelector>,
}

/// A Secret or ConfigMap, each key of which is a variable.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.secretRef) != has(self.configMapRef)")
        .message("an entry of spec.envFrom needs exactly one of secretRef and configMapRef; set one and remove the other")
)]
pub struct EnvFromSource {
    /// Put in front of each key. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub prefix: Option<String>,
    /// A Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectSelector")]
    pub secret_ref: Option<ObjectSelector>,
    /// A ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectSelector")]
    pub config_map_ref: Option<ObjectSelector>,
}

/// The function's connection to a VPC.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.subnetIds) && size(self.subnetIds) > 0) == (has(self.securityGroupIds) && size(self.securityGroupIds) > 0)")
        .message("spec.vpcConfig needs both subnetIds and securityGroupIds, or neither; add the missing list")
)]
pub struct VpcConfig {
    /// Subnets, at most 16. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), inner(length(max = 64), regex(pattern = r"^subnet-[0-9a-z]*$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub subnet_ids: Option<Vec<String>>,
    /// Security groups, at most 5. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5), inner(length(max = 64), regex(pattern = r"^sg-[0-9a-zA-Z]*$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub security_group_ids: Option<Vec<String>>,
    /// Outbound IPv6 in dual-stack subnets. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6_allowed_for_dual_stack: Option<bool>,
}

/// The dead-letter queue.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterConfig {
    /// ARN of an SQS queue or SNS topic; empty means none.
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub target_arn: String,
}

/// X-Ray tracing.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct TracingConfig {
    /// `PassThrough` (default) or `Active`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TracingMode")]
    pub mode: Option<TracingMode>,
}

/// Tracing mode.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TracingMode {
    /// Traces requests that the caller traces.
    #[default]
    PassThrough,
    /// Samples and traces incoming requests.
    Active,
}

/// One layer: a version by its ARN, or a LambdaLayer.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::exactly_one("an entry of spec.layers", &["arn", "layerRef"]))]
pub struct Layer {
    /// ARN of the layer version: `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 2048),
        regex(
            pattern = r"^arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]*:(\d{12}:layer:[a-zA-Z0-9_-]+:[0-9]+|:awslayer:[a-zA-Z0-9_-]+)$"
        )
    )]
    pub arn: Option<String>,

    /// A LambdaLayer in the same namespace; the function follows its newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub layer_ref: Option<ObjectRef>,
}

/// A file system to mount.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FileSystemConfig {
    /// ARN of the EFS or S3 Files access point.
    #[schemars(length(min = 1, max = 256))]
    pub arn: String,
    /// Where it is mounted, `/mnt/…`.
    #[schemars(length(max = 160), regex(pattern = r"^/mnt/[a-zA-Z0-9._-]+$"))]
    pub local_mount_path: String,
    /// Settings of an S3 Files file system. Default: those of AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "S3FilesConfig")]
    pub s3_files_config: Option<S3FilesConfig>,
}

/// Settings of an S3 Files file system.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct S3FilesConfig {
    /// Direct reads from S3. Default: `AUTO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DirectS3Read")]
    pub direct_s3_read: Option<DirectS3Read>,
}

/// Direct reads from S3.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum DirectS3Read {
    /// Always.
    Enabled,
    /// Never.
    Disabled,
    /// Lambda decides.
    #[default]
    Auto,
}

/// Overrides of the container image.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ImageConfig {
    /// Entry point. Default: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1500), inner(length(max = 4096)))]
    pub entry_point: Option<Vec<String>>,
    /// Arguments of the entry point. Default: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1500), inner(length(max = 4096)))]
    pub command: Option<Vec<String>>,
    /// Working directory. Default: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub working_directory: Option<String>,
}

/// SnapStart.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SnapStart {
    /// `None` (default) or `PublishedVersions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SnapStartApplyOn")]
    pub apply_on: Option<SnapStartApplyOn>,
}

/// When SnapStart makes a snapshot.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapStartApplyOn {
    /// Never.
    #[default]
    None,
    /// When a version is published.
    PublishedVersions,
}

/// CloudWatch Logs settings.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.logFormat) && self.logFormat == 'JSON') || (!has(self.applicationLogLevel) && !has(self.systemLogLevel))")
        .message(Message::Expression(r#""spec.loggingConfig." + (has(self.applicationLogLevel) ? "applicationLogLevel " + self.applicationLogLevel : "systemLogLevel " + self.systemLogLevel) + " needs logFormat JSON, and it is " + (has(self.logFormat) ? self.logFormat : "Text (the default)") + "; set logFormat to JSON or remove the levels""#.into()))
)]
pub struct LoggingConfig {
    /// `Text` (default) or `JSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LogFormat")]
    pub log_format: Option<LogFormat>,
    /// Lowest level of the application's lines that are kept, with `JSON`. Default: `INFO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ApplicationLogLevel")]
    pub application_log_level: Option<ApplicationLogLevel>,
    /// Lowest level of Lambda's own lines that are kept, with `JSON`. Default: `INFO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SystemLogLevel")]
    pub system_log_level: Option<SystemLogLevel>,
    /// Log group. Default: `/aws/lambda/<functionName>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[.\-_/#A-Za-z0-9]+$"))]
    pub log_group: Option<String>,
}

/// Format of log lines.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Plain text.
    #[default]
    Text,
    /// Structured JSON.
    #[serde(rename = "JSON")]
    Json,
}

/// Level of the application's log lines.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum ApplicationLogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// Level of Lambda's own log lines.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum SystemLogLevel {
    Debug,
    Info,
    Warn,
}

/// What the operator knows of the function in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaFunctionStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// ARN of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// State of the function in AWS: Pending, Active, Inactive, Failed, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// AWS's text for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,

    /// AWS's code for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,

    /// Outcome of the last update in AWS: InProgress, Successful, Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status: Option<String>,

    /// AWS's text for the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason: Option<String>,

    /// AWS's code for the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason_code: Option<String>,

    /// SHA-256 of the package that the function has, as AWS reports it: base64 for zip packages, hex for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,

    /// Fingerprint of the source that this object last deployed: what the spec says of it and, after `#`, what it was found
    /// to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_source: Option<String>,

    /// The `codeSha256` that deploying `codeSource` gave: another one in AWS is somebody else's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_source_sha256: Option<String>,

    /// The deployed image by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_image_uri: Option<String>,

    /// AWS's RevisionId when the function was last seen settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,

    /// The newest version that was published for this object and can be used: it has left Pending. What `published`
    /// says can be newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// What was last published, or is being published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PublishedVersion")]
    pub published: Option<PublishedVersion>,

    /// Versions that this object published and that still exist, in ascending order; the newest 1,000 of them. No
    /// other version is ever deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub published_versions: Vec<i64>,

    /// ARN of the code-signing configuration that the function is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_signing_config_arn: Option<String>,

    /// ARNs of the layer versions that the function has in AWS, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,

    /// `true` once the function was seen in a state other than Pending and Failed: from then on it may be in use, and
    /// is never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ever_active: Option<bool>,

    /// The last update, while it isn't known to have succeeded: what is sent again when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LastUpdate")]
    pub last_update: Option<LastUpdate>,
}

/// The version that belongs to a configuration and code.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PublishedVersion {
    /// Number of the version; absent until AWS has assigned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// `codeSha256` of the code that was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,

    /// Fingerprint of the whole effective configuration that was published. No hash over a value of a Secret: an
    /// environment variable enters by its name and by the uid and resourceVersion of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_fingerprint: Option<String>,

    /// How often publishing this configuration and code was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i32>,

    /// State of the version in AWS: Pending, Active, Inactive, Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// AWS's text for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,

    /// AWS's code for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,
}

/// An update that AWS accepted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastUpdate {
    /// The spec paths that it carried; `code` alone, or parts of the configuration.
    #[schemars(length(max = 64))]
    pub paths: Vec<String>,
    /// The code is sent again after it, because it failed as well or may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then_code: Option<bool>,
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
