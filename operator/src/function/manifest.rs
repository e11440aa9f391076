//! From what AWS has to the shortest spec that means it: the reverse of `desired`. Pure.

use std::collections::BTreeMap;

use lambda_operator_crds::{
    Architecture, CapacityProviderConfig, CommonSpec, DeadLetterConfig, Durable as DurableSpec,
    EnvFromSource, EnvVar, EphemeralStorage, FileSystemConfig, FunctionCode, ImageConfig as ImageSpec,
    LambdaFunctionSpec, Layer, LoggingConfig, ObjectRef, ObjectSelector, S3FilesConfig, SnapStart,
    TenancyConfig, TracingConfig, VpcConfig,
};

use crate::function::desired::{DEFAULT_MEMORY, DEFAULT_STORAGE, DEFAULT_TIMEOUT};
use crate::function::model::{
    Configuration, Durable, Environment, Field, FileSystem, ImageConfig, Instances, Logging, Observed, Vpc,
};
use crate::manifest::{Unsaid, some_of, tags, unless};
use crate::section;

/// What a manifest says besides what AWS has.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Where, and how it is taken over.
    pub common: CommonSpec,
    /// The function's name in AWS, unless the object has it too.
    pub function_name: Option<String>,
    /// Where its code comes from.
    pub code: FunctionCode,
    /// What is said of its environment variables.
    pub variables: Variables,
    /// Objects for versions of layers, by ARN.
    pub layers: BTreeMap<String, ObjectRef>,
    /// Objects for code-signing configurations, by ARN.
    pub code_signing: BTreeMap<String, ObjectRef>,
    /// Objects for capacity providers, by ARN.
    pub providers: BTreeMap<String, ObjectRef>,
}

/// What is said of environment variables, whose values may be secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Variables {
    /// Nothing: they stay as they are.
    #[default]
    Left,
    /// Their values.
    Plain,
    /// That they are in this Secret.
    Secret(String),
}

/// The spec of a function.
pub fn spec(observed: &Observed, setting: Setting) -> LambdaFunctionSpec {
    let Setting { common, function_name, code, variables, layers, code_signing, providers } = setting;
    let mut unsaid = Unsaid::default();
    let Configuration {
        runtime,
        role,
        handler,
        description,
        timeout,
        memory_size,
        ephemeral_storage,
        environment,
        kms_key_arn,
        vpc,
        dead_letter_target,
        tracing_mode,
        layers: versions,
        file_systems,
        image_config,
        snap_start,
        logging,
        instances,
        durable,
        tenant_isolation,
    } = observed.configuration.clone();
    let name = observed.arn.rsplit(':').next().unwrap_or_default();
    let (env, env_from) = variables_of(&environment, variables, &mut unsaid);
    let (code_signing_config_arn, code_signing_config_ref) =
        link(observed.code_signing.as_ref(), &code_signing);
    let sections = section::manifest::of(&observed.sections, &mut unsaid);
    let live = observed.live.as_ref();
    let own_tags = live.and_then(|live| live.tags.as_ref().ok()).and_then(tags);
    let text = |text: String| unless(text, &String::new());
    let architecture: Option<Architecture> = unsaid.word("code", &observed.architecture);
    let tracing = unsaid.word("tracingConfig", &tracing_mode);
    let snap_start = unsaid.word("snapStart", &snap_start);
    let logging = logging_of(logging, name, &mut unsaid);
    let tenancy_config = text(tenant_isolation)
        .and_then(|mode| unsaid.known("tenancyConfig", &mode))
        .map(|tenant_isolation_mode| TenancyConfig { tenant_isolation_mode });
    let file_system_configs = some_of(file_systems.into_iter().map(|system| mount(system, &mut unsaid)));
    let image_config = image_config_of(image_config);
    observed.unreadable.iter().for_each(|field: &Field| unsaid.add(field.path()));
    LambdaFunctionSpec {
        common: CommonSpec { ignore_drift: unsaid.into_paths(common.ignore_drift), tags: own_tags, ..common },
        function_name,
        role,
        code,
        runtime,
        handler,
        description: text(description),
        timeout: unless(timeout, &DEFAULT_TIMEOUT),
        memory_size: unless(memory_size, &DEFAULT_MEMORY),
        architectures: architecture.map(|architecture| vec![architecture]),
        ephemeral_storage: unless(ephemeral_storage, &DEFAULT_STORAGE).map(|size| EphemeralStorage { size }),
        env,
        env_from,
        kms_key_arn: text(kms_key_arn),
        vpc_config: vpc_of(vpc),
        dead_letter_config: text(dead_letter_target).map(|target_arn| DeadLetterConfig { target_arn }),
        tracing_config: tracing.map(|mode| TracingConfig { mode: Some(mode) }),
        layers: some_of(versions.into_iter().map(|arn| layer(arn, &layers))),
        file_system_configs,
        image_config,
        snap_start: snap_start.map(|apply_on| SnapStart { apply_on: Some(apply_on) }),
        logging_config: logging,
        reserved_concurrent_executions: live.and_then(|live| live.reserved_concurrency),
        code_signing_config_arn,
        code_signing_config_ref,
        sections: sections.common,
        recursive_loop: sections.recursive_loop,
        runtime_management: sections.runtime_management,
        // Whatever publishes versions now goes on with it, and with their scaling.
        publish: None,
        version_retention: None,
        scaling: None,
        capacity_provider_config: instances.map(|instances| instances_of(instances, &providers)),
        durable: durable.map(durable_of),
        tenancy_config,
    }
}

fn instances_of(instances: Instances, providers: &BTreeMap<String, ObjectRef>) -> CapacityProviderConfig {
    let Instances { provider, concurrency, memory_per_vcpu } = instances;
    let object = providers.get(&provider).cloned();
    CapacityProviderConfig {
        capacity_provider_arn: object.is_none().then_some(provider),
        capacity_provider_ref: object,
        per_execution_environment_max_concurrency: concurrency,
        execution_environment_memory_gib_per_v_cpu: memory_per_vcpu.map(|mib| f64::from(mib) / 1024.0),
    }
}

fn durable_of(durable: Durable) -> DurableSpec {
    let Durable { timeout, retention, kms_key_arn } = durable;
    DurableSpec {
        execution_timeout: timeout,
        retention_period_in_days: unless(retention, &Durable::RETENTION),
        kms_key_arn: unless(kms_key_arn, &String::new()),
        on_delete: None,
    }
}

fn variables_of(
    environment: &Environment,
    variables: Variables,
    unsaid: &mut Unsaid,
) -> (Option<Vec<EnvVar>>, Option<Vec<EnvFromSource>>) {
    match (environment, variables) {
        (Environment::Known(all), _) if all.is_empty() => (None, None),
        (Environment::Known(all), Variables::Plain) => {
            let variable = |(name, value): (&String, &String)| EnvVar {
                name: name.clone(),
                value: unless(value.clone(), &String::new()),
                value_from: None,
            };
            (some_of(all.iter().map(variable)), None)
        }
        (Environment::Known(_), Variables::Secret(name)) => {
            let secret_ref = Some(ObjectSelector { name, optional: None });
            (None, Some(vec![EnvFromSource { secret_ref, ..EnvFromSource::default() }]))
        }
        (Environment::Known(_), Variables::Left) | (Environment::Unknown(_), _) => {
            unsaid.add(Field::Environment.path());
            (None, None)
        }
    }
}

fn link(arn: Option<&String>, objects: &BTreeMap<String, ObjectRef>) -> (Option<String>, Option<ObjectRef>) {
    match arn.filter(|arn| !arn.is_empty()) {
        Some(arn) => match objects.get(arn) {
            Some(object) => (None, Some(object.clone())),
            None => (Some(arn.clone()), None),
        },
        None => (None, None),
    }
}

fn layer(arn: String, objects: &BTreeMap<String, ObjectRef>) -> Layer {
    match objects.get(&arn) {
        Some(object) => Layer { arn: None, layer_ref: Some(object.clone()) },
        None => Layer { arn: Some(arn), layer_ref: None },
    }
}

fn vpc_of(vpc: Vpc) -> Option<VpcConfig> {
    let Vpc { subnet_ids, security_group_ids, ipv6_allowed_for_dual_stack } = vpc;
    let config = VpcConfig {
        subnet_ids: some_of(subnet_ids),
        security_group_ids: some_of(security_group_ids),
        ipv6_allowed_for_dual_stack: unless(ipv6_allowed_for_dual_stack, &false),
    };
    unless(config, &VpcConfig::default())
}

fn mount(system: FileSystem, unsaid: &mut Unsaid) -> FileSystemConfig {
    let FileSystem { arn, local_mount_path, direct_s3_read } = system;
    let read = direct_s3_read.and_then(|read| unsaid.word(Field::FileSystems.path(), &read));
    let s3_files_config = read.map(|read| S3FilesConfig { direct_s3_read: Some(read) });
    FileSystemConfig { arn, local_mount_path, s3_files_config }
}

fn image_config_of(config: ImageConfig) -> Option<ImageSpec> {
    let ImageConfig { entry_point, command, working_directory } = config;
    let config = ImageSpec {
        entry_point: some_of(entry_point),
        command: some_of(command),
        working_directory: unless(working_directory, &String::new()),
    };
    unless(config, &ImageSpec::default())
}

fn logging_of(logging: Logging, name: &str, unsaid: &mut Unsaid) -> Option<LoggingConfig> {
    let Logging { format, application_level, system_level, group } = logging;
    let path = Field::Logging.path();
    let level = |level: Option<String>| level.filter(|level| level != "INFO");
    let config = LoggingConfig {
        log_format: unsaid.word(path, &format),
        application_log_level: level(application_level).and_then(|level| unsaid.known(path, &level)),
        system_log_level: level(system_level).and_then(|level| unsaid.known(path, &level)),
        log_group: unless(group, &format!("/aws/lambda/{name}")),
    };
    unless(config, &LoggingConfig::default())
}
