//! From a spec to what a function is to be: parsed, defaults filled in, references resolved.
//! After this the raw object is not touched any more.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use lambda_operator_crds::{
    Architecture, DirectS3Read, Durable as DurableSpec, LambdaFunction, LambdaFunctionSpec, LoggingConfig,
    PublishPolicy,
};
use serde::Serialize;

use crate::engine::kind::{Inputs, Unready};
pub use crate::function::code::Package;
use crate::function::code::code_package;
use crate::function::environment::{Resolved, Source};
use crate::function::ignore::Ignored;
use crate::function::model::{
    Configuration, Durable, Environment, FileSystem, ImageConfig, Instances, Logging, Vpc,
};
use crate::function::{environment, references};
use crate::section::Wanted;

/// AWS's default timeout in seconds.
pub const DEFAULT_TIMEOUT: i32 = 3;
/// AWS's default memory in megabytes.
pub const DEFAULT_MEMORY: i32 = 128;
/// AWS's default size of `/tmp` in megabytes.
pub const DEFAULT_STORAGE: i32 = 512;

/// A function as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Its configuration.
    pub configuration: Configuration,
    /// Its package; `None`: somebody else deploys it.
    pub package: Option<Package>,
    /// The user's tags.
    pub tags: BTreeMap<String, String>,
    /// Reserved concurrency; `None`: not in the spec.
    pub reserved_concurrency: Option<i32>,
    /// ARN of the code-signing configuration, empty for none; `None`: not in the spec.
    pub code_signing: Option<String>,
    /// The sections.
    pub sections: Wanted,
    /// Where the values of the environment come from.
    pub sources: BTreeMap<String, Source>,
    /// How versions are published; `None`: not at all.
    pub publishing: Option<Publishing>,
    /// What is not compared.
    pub ignored: Ignored,
}

impl Desired {
    /// The package, unless somebody else deploys the code.
    pub fn deployable(&self) -> Option<&Package> {
        self.package.as_ref().filter(|_| !self.ignored.code)
    }
}

/// A version is published for each change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publishing {
    /// It is `$LATEST.PUBLISHED`, rather than one with a number of its own.
    pub latest: bool,
    /// How many of them stay; `None`: all.
    pub keep: Option<usize>,
    /// Those that objects of the cluster name.
    pub in_use: BTreeSet<i64>,
}

/// Parses a LambdaFunction.
///
/// # Errors
/// What is wrong with the spec, or missing.
pub fn desired(object: &LambdaFunction, inputs: &Inputs) -> Result<Desired, Unready> {
    let namespace = object.namespace().unwrap_or_default();
    let name = aws_name(object);
    let LambdaFunctionSpec { common, code, reserved_concurrent_executions, .. } = &object.spec;
    let ignored =
        Ignored::parse(common.ignore_drift.as_deref().unwrap_or_default()).map_err(Unready::Invalid)?;
    let Resolved { variables, sources } = environment::resolve(&object.spec, &namespace, inputs)?;
    let resolved = References {
        layers: references::layers(object.spec.layers.as_deref(), &namespace, inputs)?,
        instances: references::instances(&object.spec, &namespace, inputs)?,
    };
    Ok(Desired {
        configuration: configuration(&object.spec, &name, variables, resolved),
        package: code_package(code, architecture(&object.spec)).map_err(Unready::Invalid)?,
        tags: tags(common.tags.as_ref())?,
        reserved_concurrency: *reserved_concurrent_executions,
        code_signing: references::code_signing(&object.spec, &namespace, inputs)?,
        sections: Wanted::of_function(&object.spec),
        sources,
        publishing: publishing(&object.spec, inputs),
        ignored,
    })
}

/// The function's name in AWS.
pub fn aws_name(object: &LambdaFunction) -> String {
    object.spec.function_name.clone().unwrap_or_else(|| object.name_any())
}

/// What objects of the cluster come to.
struct References {
    layers: Vec<String>,
    instances: Option<Instances>,
}

fn configuration(
    spec: &LambdaFunctionSpec,
    name: &str,
    variables: BTreeMap<String, String>,
    References { layers: layer_versions, instances }: References,
) -> Configuration {
    let LambdaFunctionSpec {
        common: _,
        function_name: _,
        role,
        code: _,
        runtime,
        handler,
        description,
        timeout,
        memory_size,
        architectures: _,
        ephemeral_storage,
        env: _,
        env_from: _,
        kms_key_arn,
        vpc_config,
        dead_letter_config,
        tracing_config,
        layers: _,
        code_signing_config_arn: _,
        code_signing_config_ref: _,
        publish: _,
        version_retention: _,
        file_system_configs,
        image_config,
        snap_start,
        logging_config,
        reserved_concurrent_executions: _,
        sections: _,
        recursive_loop: _,
        runtime_management: _,
        capacity_provider_config: _,
        durable,
        tenancy_config,
        scaling: _,
    } = spec;
    let vpc = vpc_config.clone().unwrap_or_default();
    let image = image_config.clone().unwrap_or_default();
    Configuration {
        runtime: runtime.clone().filter(|runtime| !runtime.is_empty()),
        role: role.clone(),
        handler: handler.clone().filter(|handler| !handler.is_empty()),
        description: description.clone().unwrap_or_default(),
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        memory_size: memory_size.unwrap_or(DEFAULT_MEMORY),
        ephemeral_storage: ephemeral_storage.as_ref().map_or(DEFAULT_STORAGE, |storage| storage.size),
        environment: Environment::Known(variables),
        kms_key_arn: kms_key_arn.clone().unwrap_or_default(),
        vpc: Vpc {
            subnet_ids: vpc.subnet_ids.into_iter().flatten().collect(),
            security_group_ids: vpc.security_group_ids.into_iter().flatten().collect(),
            ipv6_allowed_for_dual_stack: vpc.ipv6_allowed_for_dual_stack.unwrap_or(false),
        }
        .normalized(),
        dead_letter_target: dead_letter_config.as_ref().map(|c| c.target_arn.clone()).unwrap_or_default(),
        tracing_mode: wire(&tracing_config.as_ref().and_then(|tracing| tracing.mode).unwrap_or_default()),
        layers: layer_versions,
        file_systems: file_system_configs.iter().flatten().map(file_system).collect(),
        image_config: ImageConfig {
            entry_point: image.entry_point.unwrap_or_default(),
            command: image.command.unwrap_or_default(),
            working_directory: image.working_directory.unwrap_or_default(),
        },
        snap_start: wire(&snap_start.as_ref().and_then(|snap| snap.apply_on).unwrap_or_default()),
        logging: logging(logging_config.clone().unwrap_or_default(), name),
        instances,
        durable: durable.as_ref().map(durable_of),
        tenant_isolation: tenancy_config.as_ref().map(|t| wire(&t.tenant_isolation_mode)).unwrap_or_default(),
    }
}

fn durable_of(spec: &DurableSpec) -> Durable {
    let DurableSpec { execution_timeout, retention_period_in_days, kms_key_arn, on_delete: _ } = spec;
    Durable {
        timeout: *execution_timeout,
        retention: retention_period_in_days.unwrap_or(Durable::RETENTION),
        kms_key_arn: kms_key_arn.clone().unwrap_or_default(),
    }
}

fn file_system(config: &lambda_operator_crds::FileSystemConfig) -> FileSystem {
    let lambda_operator_crds::FileSystemConfig { arn, local_mount_path, s3_files_config } = config;
    let direct_s3_read = s3_files_config.as_ref().and_then(|s3| s3.direct_s3_read);
    FileSystem {
        arn: arn.clone(),
        local_mount_path: local_mount_path.clone(),
        direct_s3_read: direct_s3_read.filter(|read| *read != DirectS3Read::Auto).map(|read| wire(&read)),
    }
}

/// Log settings with AWS's defaults: levels exist only with JSON, where they default to INFO.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html>
fn logging(config: LoggingConfig, name: &str) -> Logging {
    let LoggingConfig { log_format, application_log_level, system_log_level, log_group } = config;
    let format = wire(&log_format.unwrap_or_default());
    let level = |level: Option<String>| (format == "JSON").then(|| level.unwrap_or_else(|| "INFO".into()));
    Logging {
        application_level: level(application_log_level.as_ref().map(wire)),
        system_level: level(system_log_level.as_ref().map(wire)),
        group: log_group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
        format,
    }
}

fn publishing(spec: &LambdaFunctionSpec, inputs: &Inputs) -> Option<Publishing> {
    let keep = spec.version_retention.map(|retention| usize::try_from(retention.keep).unwrap_or(1).max(1));
    let number = |version: &String| version.rsplit(':').next()?.parse().ok();
    let in_use = inputs.in_use().iter().filter_map(number).collect();
    match spec.publish.unwrap_or_default() {
        PublishPolicy::Never => None,
        PublishPolicy::OnChange => Some(Publishing { latest: false, keep, in_use }),
        PublishPolicy::LatestPublished => Some(Publishing { latest: true, ..Publishing::default() }),
    }
}

fn architecture(spec: &LambdaFunctionSpec) -> Architecture {
    spec.architectures.iter().flatten().next().copied().unwrap_or_default()
}

fn tags(
    tags: Option<&BTreeMap<String, lambda_operator_crds::TagValue>>,
) -> Result<BTreeMap<String, String>, Unready> {
    let tags: BTreeMap<String, String> =
        tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    match tags.keys().find(|key| key.starts_with("aws:") || key.starts_with("lambda-operator.io/")) {
        Some(key) => Err(Unready::Invalid(format!(
            "spec.tags: the key {key:?} is reserved (aws: and lambda-operator.io/ can't be set). Rename the tag."
        ))),
        None => Ok(tags),
    }
}

/// How an enum is spelled in the API, the custom resource's and AWS's being the same.
pub(super) fn wire<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
pub(super) mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "takes `json!` as it is written")]
    pub(in crate::function) fn function(spec: serde_json::Value) -> LambdaFunction {
        let mut all = serde_json::json!({"role": "arn:aws:iam::111122223333:role/r"});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(serde_json::json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction",
            "metadata": {"name": "hello", "namespace": "shop"}, "spec": all,
        }))
        .unwrap()
    }

    pub(in crate::function) fn parse(spec: serde_json::Value) -> Desired {
        desired(&function(spec), &Inputs::new()).unwrap()
    }

    #[test]
    fn absent_means_aws_default() {
        let Desired {
            configuration,
            package,
            tags,
            reserved_concurrency,
            code_signing,
            sections,
            sources,
            publishing,
            ignored,
        } = parse(
            serde_json::json!({"code": {"inline": {"files": {"a.py": "x"}}}, "runtime": "python3.14", "handler": "a.b"}),
        );
        assert_eq!(
            (configuration.timeout, configuration.memory_size, configuration.ephemeral_storage),
            (3, 128, 512)
        );
        assert_eq!(
            (configuration.tracing_mode.as_str(), configuration.snap_start.as_str()),
            ("PassThrough", "None")
        );
        assert_eq!(configuration.logging.group, "/aws/lambda/hello");
        assert_eq!(
            (configuration.logging.format.as_str(), configuration.logging.system_level),
            ("Text", None)
        );
        assert_eq!(package.unwrap().code.architecture, "x86_64");
        assert_eq!((reserved_concurrency, code_signing, publishing), (None, None, None));
        assert!(sources.is_empty() && sections == Wanted::default());
        assert!(tags.is_empty() && ignored == Ignored::default());
    }

    #[test]
    fn empty_means_the_same_as_absent() {
        let code = serde_json::json!({"external": {}});
        let empty = serde_json::json!({
            "code": code, "description": "", "layers": [], "env": [], "kmsKeyArn": "", "fileSystemConfigs": [], "vpcConfig": {},
            "deadLetterConfig": {"targetArn": ""}, "imageConfig": {"command": []}, "tags": {},
        });
        assert_eq!(parse(empty), parse(serde_json::json!({"code": code})));
    }

    #[test]
    fn json_logs_have_levels() {
        let desired = parse(
            serde_json::json!({"code": {"external": {}}, "loggingConfig": {"logFormat": "JSON", "systemLogLevel": "WARN"}}),
        );
        let Logging { format, application_level, system_level, group: _ } = desired.configuration.logging;
        assert_eq!(
            (format.as_str(), application_level.as_deref(), system_level.as_deref()),
            ("JSON", Some("INFO"), Some("WARN"))
        );
    }

    #[test]
    fn what_has_no_effect_in_aws_is_no_difference() {
        let with = |extra: serde_json::Value| {
            let mut spec = serde_json::json!({"code": {"external": {}}});
            spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            parse(spec)
        };
        let mount = |s3: serde_json::Value| {
            let mut system = serde_json::json!({"arn": "a", "localMountPath": "/mnt/a"});
            system.as_object_mut().unwrap().extend(s3.as_object().unwrap().clone());
            with(serde_json::json!({"fileSystemConfigs": [system]}))
        };
        let plain = mount(serde_json::json!({}));
        assert_eq!(mount(serde_json::json!({"s3FilesConfig": {}})), plain);
        assert_eq!(mount(serde_json::json!({"s3FilesConfig": {"directS3Read": "AUTO"}})), plain);
        let enabled = mount(serde_json::json!({"s3FilesConfig": {"directS3Read": "ENABLED"}}));
        assert_eq!(enabled.configuration.file_systems[0].direct_s3_read.as_deref(), Some("ENABLED"));
        let six = with(serde_json::json!({"vpcConfig": {"ipv6AllowedForDualStack": true}}));
        assert_eq!(six, with(serde_json::json!({})), "there is nothing to reach without subnets");
    }

    #[test]
    fn what_aws_chooses_by_the_runtime_stays_open_and_what_is_kept_of_executions_does_not() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:mine";
        let spec = |provider: serde_json::Value, durable: serde_json::Value| {
            parse(serde_json::json!({
                "code": {"external": {}}, "capacityProviderConfig": provider, "durable": durable, "publish": "LatestPublished",
            }))
        };
        let plain = spec(
            serde_json::json!({"capacityProviderArn": arn}),
            serde_json::json!({"executionTimeout": 60, "kmsKeyArn": ""}),
        );
        let Configuration { instances, durable, tenant_isolation, .. } = plain.configuration;
        assert_eq!(instances, Some(Instances { provider: arn.into(), ..Instances::default() }));
        assert_eq!(durable, Some(Durable { timeout: 60, retention: 14, kms_key_arn: String::new() }));
        assert_eq!(
            (tenant_isolation.as_str(), plain.publishing.map(|p| (p.latest, p.keep))),
            ("", Some((true, None)))
        );
        let exact = spec(
            serde_json::json!({"capacityProviderArn": arn, "executionEnvironmentMemoryGiBPerVCpu": 4.0}),
            serde_json::json!({"executionTimeout": 60, "retentionPeriodInDays": 3}),
        );
        let Configuration { instances, durable, .. } = exact.configuration;
        assert_eq!((instances.unwrap().memory_per_vcpu, durable.unwrap().retention), (Some(4096), 3));
        let tenants = serde_json::json!({"code": {"external": {}}, "tenancyConfig": {"tenantIsolationMode": "PER_TENANT"}});
        assert_eq!(parse(tenants).configuration.tenant_isolation, "PER_TENANT");
    }

    #[test]
    fn a_wrong_path_or_reserved_tag_is_invalid() {
        let wrong = function(serde_json::json!({"code": {"external": {}}, "ignoreDrift": ["nonsense"]}));
        assert!(
            matches!(desired(&wrong, &Inputs::new()), Err(Unready::Invalid(text)) if text.contains("nonsense"))
        );
        let wrong = function(serde_json::json!({"code": {"external": {}}, "tags": {"aws:x": "1"}}));
        assert!(
            matches!(desired(&wrong, &Inputs::new()), Err(Unready::Invalid(text)) if text.contains("aws:x"))
        );
    }
}
