//! The parts of a function's configuration.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::ObjectRef;
use crate::rules;

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
