//! Between AWS's shapes and [`model`](crate::function::model), as pure functions. `function` calls them.
//!
//! To AWS there are two forms: a create leaves out what is at AWS's default, because some of it is refused for one of
//! the package types; an update sends every field in the form that also clears it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionInputBuilder;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::update_function_code::builders::UpdateFunctionCodeInputBuilder;
use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationInputBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{self, FunctionConfiguration};

use crate::function::model::{
    Code, CodeSource, Configuration, Environment, Field, FileSystem, ImageConfig, Live, Logging, Observed,
    PackageType, Vpc,
};

/// AWS's defaults: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
mod default {
    pub(super) const TIMEOUT: i32 = 3;
    pub(super) const MEMORY: i32 = 128;
    pub(super) const EPHEMERAL: i32 = 512;
    pub(super) const TRACING: &str = "PassThrough";
    pub(super) const SNAP_START: &str = "None";
    pub(super) const LOG_FORMAT: &str = "Text";
    pub(super) const LOG_LEVEL: &str = "INFO";
    pub(super) const ARCHITECTURE: &str = "x86_64";
}

// ---- to AWS

/// A CreateFunction request, without what is at AWS's default.
pub(super) fn create(
    name: &str,
    configuration: &Configuration,
    code: &Code,
    tags: &BTreeMap<String, String>,
) -> CreateFunctionInputBuilder {
    let c = configuration;
    let image = matches!(code.source, CodeSource::Image { .. });
    let default_logging = logging(None, name);
    let with_package = CreateFunctionInputBuilder::default()
        .function_name(name)
        .code(function_code(code))
        .package_type(if image { types::PackageType::Image } else { types::PackageType::Zip })
        .architectures(code.architecture.as_str().into())
        .set_runtime(zip_only(image, c.runtime.as_deref()).map(types::Runtime::from))
        .set_handler(zip_only(image, c.handler.clone()))
        .set_layers(zip_only(image, unless(c.layers.is_empty(), || c.layers.clone())))
        .set_snap_start(unless(c.snap_start == default::SNAP_START, || snap_start(c)))
        .set_image_config(unless(!image || c.image_config == ImageConfig::default(), || image_config(c)));
    with_package
        .role(&c.role)
        .timeout(c.timeout)
        .memory_size(c.memory_size)
        .set_description(unless(c.description.is_empty(), || c.description.clone()))
        .set_ephemeral_storage(unless(c.ephemeral_storage == default::EPHEMERAL, || ephemeral(c)).flatten())
        .set_environment(unless(c.environment.variables().next().is_none(), || environment(c)).flatten())
        .set_kms_key_arn(unless(c.kms_key_arn.is_empty(), || c.kms_key_arn.clone()))
        .set_vpc_config(unless(c.vpc == Vpc::default(), || vpc(c)))
        .set_dead_letter_config(unless(c.dead_letter_target.is_empty(), || dead_letter(c)))
        .set_tracing_config(unless(c.tracing_mode == default::TRACING, || tracing(c)))
        .set_file_system_configs(unless(c.file_systems.is_empty(), || file_systems(c)))
        .set_logging_config(unless(c.logging == default_logging, || logging_config(c)))
        .set_tags(unless(tags.is_empty(), || hash_map(tags)))
}

/// An UpdateFunctionConfiguration request with exactly these fields, each in the form that also clears it.
pub(super) fn update(
    name: &str,
    configuration: &Configuration,
    fields: &BTreeSet<Field>,
) -> UpdateFunctionConfigurationInputBuilder {
    let request = UpdateFunctionConfigurationInputBuilder::default().function_name(name);
    fields.iter().fold(request, |request, field| with_field(request, configuration, *field))
}

fn with_field(
    request: UpdateFunctionConfigurationInputBuilder,
    c: &Configuration,
    field: Field,
) -> UpdateFunctionConfigurationInputBuilder {
    match field {
        Field::Runtime => request.set_runtime(c.runtime.as_deref().map(types::Runtime::from)),
        Field::Role => request.role(&c.role),
        Field::Handler => request.set_handler(c.handler.clone()),
        Field::Description => request.description(&c.description),
        Field::Timeout => request.timeout(c.timeout),
        Field::MemorySize => request.memory_size(c.memory_size),
        Field::EphemeralStorage => request.set_ephemeral_storage(ephemeral(c)),
        Field::Environment => request.set_environment(environment(c)),
        // AWS encrypts the variables anew only when they are sent along:
        // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
        Field::KmsKeyArn => request.kms_key_arn(&c.kms_key_arn).set_environment(environment(c)),
        Field::Vpc => request.vpc_config(vpc(c)),
        Field::DeadLetter => request.dead_letter_config(dead_letter(c)),
        Field::Tracing => request.tracing_config(tracing(c)),
        Field::Layers => request.set_layers(Some(c.layers.clone())),
        Field::FileSystems => request.set_file_system_configs(Some(file_systems(c))),
        Field::ImageConfig => request.image_config(image_config(c)),
        Field::SnapStart => request.snap_start(snap_start(c)),
        Field::Logging => request.logging_config(logging_config(c)),
    }
}

/// An UpdateFunctionCode request.
pub(super) fn update_code(name: &str, code: &Code) -> UpdateFunctionCodeInputBuilder {
    let request = UpdateFunctionCodeInputBuilder::default()
        .function_name(name)
        .architectures(code.architecture.as_str().into())
        .set_source_kms_key_arn(source_kms(code));
    match &code.source {
        CodeSource::S3 { bucket, key, object_version, storage_mode } => request
            .s3_bucket(bucket)
            .s3_key(key)
            .set_s3_object_version(object_version.clone())
            .set_s3_object_storage_mode(s3_mode(storage_mode)),
        CodeSource::Image { uri } => request.image_uri(uri),
        CodeSource::Zip(bytes) => request.zip_file(Blob::new(bytes.to_vec())),
    }
}

fn function_code(code: &Code) -> types::FunctionCode {
    let request = types::FunctionCode::builder().set_source_kms_key_arn(source_kms(code));
    match &code.source {
        CodeSource::S3 { bucket, key, object_version, storage_mode } => request
            .s3_bucket(bucket)
            .s3_key(key)
            .set_s3_object_version(object_version.clone())
            .set_s3_object_storage_mode(s3_mode(storage_mode)),
        CodeSource::Image { uri } => request.image_uri(uri),
        CodeSource::Zip(bytes) => request.zip_file(Blob::new(bytes.to_vec())),
    }
    .build()
}

/// Not kept by AWS from one update to the next, so leaving it out clears it.
fn source_kms(code: &Code) -> Option<String> {
    unless(code.source_kms_key_arn.is_empty(), || code.source_kms_key_arn.clone())
}

/// `COPY` is what AWS does without the field.
fn s3_mode(mode: &str) -> Option<types::S3ObjectStorageMode> {
    unless(mode.is_empty() || mode == "COPY", || mode.into())
}

fn ephemeral(c: &Configuration) -> Option<types::EphemeralStorage> {
    // Fails only without a size.
    types::EphemeralStorage::builder().size(c.ephemeral_storage).build().ok()
}

/// Nothing when the variables aren't known: AWS keeps them then.
fn environment(c: &Configuration) -> Option<types::Environment> {
    match &c.environment {
        Environment::Known(variables) => {
            Some(types::Environment::builder().set_variables(Some(hash_map(variables))).build())
        }
        Environment::Unknown(_) => None,
    }
}

fn vpc(c: &Configuration) -> types::VpcConfig {
    types::VpcConfig::builder()
        .set_subnet_ids(Some(c.vpc.subnet_ids.iter().cloned().collect()))
        .set_security_group_ids(Some(c.vpc.security_group_ids.iter().cloned().collect()))
        .ipv6_allowed_for_dual_stack(c.vpc.ipv6_allowed_for_dual_stack)
        .build()
}

fn dead_letter(c: &Configuration) -> types::DeadLetterConfig {
    types::DeadLetterConfig::builder().target_arn(&c.dead_letter_target).build()
}

fn tracing(c: &Configuration) -> types::TracingConfig {
    types::TracingConfig::builder().mode(c.tracing_mode.as_str().into()).build()
}

fn file_systems(c: &Configuration) -> Vec<types::FileSystemConfig> {
    let one = |fs: &FileSystem| {
        let s3 = fs.direct_s3_read.as_deref();
        types::FileSystemConfig::builder()
            .arn(&fs.arn)
            .local_mount_path(&fs.local_mount_path)
            .set_s3_files_config(s3.map(|read| types::S3FilesConfig::builder().direct_s3_read(read.into()).build()))
            .build()
            // Fails only without an ARN or a path.
            .ok()
    };
    c.file_systems.iter().filter_map(one).collect()
}

/// AWS replaces the whole: what is left out goes back to the image's own.
fn image_config(c: &Configuration) -> types::ImageConfig {
    let ImageConfig { entry_point, command, working_directory } = &c.image_config;
    types::ImageConfig::builder()
        .set_entry_point(unless(entry_point.is_empty(), || entry_point.clone()))
        .set_command(unless(command.is_empty(), || command.clone()))
        .set_working_directory(unless(working_directory.is_empty(), || working_directory.clone()))
        .build()
}

fn snap_start(c: &Configuration) -> types::SnapStart {
    types::SnapStart::builder().apply_on(c.snap_start.as_str().into()).build()
}

/// Always complete, because AWS merges; but levels are refused with `Text`.
fn logging_config(c: &Configuration) -> types::LoggingConfig {
    let Logging { format, application_level, system_level, group } = &c.logging;
    let level = |level: &Option<String>| level.clone().filter(|_| format == "JSON");
    types::LoggingConfig::builder()
        .log_format(format.as_str().into())
        .set_application_log_level(level(application_level).map(|level| level.as_str().into()))
        .set_system_log_level(level(system_level).map(|level| level.as_str().into()))
        .log_group(group)
        .build()
}

fn hash_map(map: &BTreeMap<String, String>) -> HashMap<String, String> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn unless<T>(absent: bool, value: impl FnOnce() -> T) -> Option<T> {
    (!absent).then(value)
}

fn zip_only<T>(image: bool, value: Option<T>) -> Option<T> {
    value.filter(|_| !image)
}

// ---- from AWS

/// The three operations that change a function answer with a type of their own, of the same fields.
macro_rules! configuration_of {
    ($output:expr) => {{
        let o = $output;
        ::aws_sdk_lambda::types::FunctionConfiguration::builder()
            .set_function_name(o.function_name)
            .set_function_arn(o.function_arn)
            .set_runtime(o.runtime)
            .set_role(o.role)
            .set_handler(o.handler)
            .set_description(o.description)
            .set_timeout(o.timeout)
            .set_memory_size(o.memory_size)
            .set_code_sha256(o.code_sha256)
            .set_vpc_config(o.vpc_config)
            .set_dead_letter_config(o.dead_letter_config)
            .set_environment(o.environment)
            .set_kms_key_arn(o.kms_key_arn)
            .set_tracing_config(o.tracing_config)
            .set_revision_id(o.revision_id)
            .set_layers(o.layers)
            .set_state(o.state)
            .set_state_reason(o.state_reason)
            .set_state_reason_code(o.state_reason_code)
            .set_last_update_status(o.last_update_status)
            .set_last_update_status_reason(o.last_update_status_reason)
            .set_last_update_status_reason_code(o.last_update_status_reason_code)
            .set_file_system_configs(o.file_system_configs)
            .set_package_type(o.package_type)
            .set_image_config_response(o.image_config_response)
            .set_architectures(o.architectures)
            .set_ephemeral_storage(o.ephemeral_storage)
            .set_snap_start(o.snap_start)
            .set_logging_config(o.logging_config)
            .build()
    }};
}
pub(super) use configuration_of;

/// What GetFunction says. `None` when AWS's answer has no configuration.
pub(super) fn from_get(output: GetFunctionOutput) -> Option<Observed> {
    let configuration = output.configuration?;
    let tags = match output.tags_error {
        Some(error) => Err(format!("{}: {}", error.error_code, error.message)),
        None => Ok(output.tags.unwrap_or_default().into_iter().collect()),
    };
    let code = output.code.unwrap_or_else(|| types::FunctionCodeLocation::builder().build());
    let live = Live {
        tags,
        reserved_concurrency: output.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions),
        image_uri: code.image_uri,
        resolved_image_uri: code.resolved_image_uri,
        source_kms_key_arn: code.source_kms_key_arn.unwrap_or_default(),
        ..state(&configuration)
    };
    Some(Observed { live: Some(live), ..listed(configuration) })
}

/// What CreateFunction says; the rest is what was sent.
pub(super) fn from_create(reply: FunctionConfiguration, code: &Code, tags: &BTreeMap<String, String>) -> Observed {
    let image_uri = match &code.source {
        CodeSource::Image { uri } => Some(uri.clone()),
        CodeSource::S3 { .. } | CodeSource::Zip(_) => None,
    };
    let source_kms_key_arn = code.source_kms_key_arn.clone();
    let live = Live { tags: Ok(tags.clone()), image_uri, source_kms_key_arn, ..state(&reply) };
    Observed { live: Some(live), ..listed(reply) }
}

/// State and update status, and nothing of what only GetFunction says.
fn state(c: &FunctionConfiguration) -> Live {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Live {
        // Functions made before AWS had states are Active: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
        state: c.state.as_ref().map_or("Active", types::State::as_str).to_owned(),
        state_reason: text(&c.state_reason),
        state_reason_code: c.state_reason_code.as_ref().map(|code| code.as_str().to_owned()),
        last_update_status: c.last_update_status.as_ref().map(|status| status.as_str().to_owned()),
        last_update_status_reason: text(&c.last_update_status_reason),
        last_update_status_reason_code: c
            .last_update_status_reason_code
            .as_ref()
            .map(|code| code.as_str().to_owned()),
        tags: Ok(BTreeMap::new()),
        reserved_concurrency: None,
        image_uri: None,
        resolved_image_uri: None,
        source_kms_key_arn: String::new(),
    }
}

/// What a listing says of a function: all but [`Observed::live`].
pub(super) fn listed(c: FunctionConfiguration) -> Observed {
    let package_type = match c.package_type {
        Some(types::PackageType::Image) => PackageType::Image,
        _ => PackageType::Zip,
    };
    let architecture = c.architectures.as_deref().and_then(<[_]>::first).map(types::Architecture::as_str);
    Observed {
        arn: unqualified(c.function_arn.as_deref().unwrap_or_default()),
        package_type,
        architecture: architecture.unwrap_or(default::ARCHITECTURE).to_owned(),
        code_sha256: c.code_sha256.clone().unwrap_or_default(),
        revision_id: c.revision_id.clone().unwrap_or_default(),
        configuration: from_configuration(c),
        live: None,
    }
}

/// `arn:aws:lambda:<region>:<account>:function:<name>` without the version or alias that may follow.
fn unqualified(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

fn from_configuration(c: FunctionConfiguration) -> Configuration {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let name = c.function_name.unwrap_or_default();
    let (snap_start, tracing) = (c.snap_start.and_then(|s| s.apply_on), c.tracing_config.and_then(|t| t.mode));
    Configuration {
        runtime: c.runtime.map(|runtime| runtime.as_str().to_owned()),
        role: c.role.unwrap_or_default(),
        handler: text(c.handler),
        description: c.description.unwrap_or_default(),
        timeout: c.timeout.unwrap_or(default::TIMEOUT),
        memory_size: c.memory_size.unwrap_or(default::MEMORY),
        ephemeral_storage: c.ephemeral_storage.map_or(default::EPHEMERAL, |storage| storage.size),
        environment: from_environment(c.environment),
        kms_key_arn: c.kms_key_arn.unwrap_or_default(),
        vpc: c.vpc_config.map(from_vpc).unwrap_or_default(),
        dead_letter_target: c.dead_letter_config.and_then(|config| config.target_arn).unwrap_or_default(),
        tracing_mode: tracing.as_ref().map_or(default::TRACING, |mode| mode.as_str()).to_owned(),
        layers: c.layers.unwrap_or_default().into_iter().filter_map(|layer| layer.arn).collect(),
        file_systems: c.file_system_configs.unwrap_or_default().into_iter().map(from_file_system).collect(),
        image_config: c
            .image_config_response
            .and_then(|response| response.image_config)
            .map(from_image_config)
            .unwrap_or_default(),
        snap_start: snap_start.as_ref().map_or(default::SNAP_START, |apply_on| apply_on.as_str()).to_owned(),
        logging: logging(c.logging_config, &name),
    }
}

fn from_environment(environment: Option<types::EnvironmentResponse>) -> Environment {
    let Some(environment) = environment else { return Environment::Known(BTreeMap::new()) };
    match environment.error {
        Some(error) => {
            let (code, message) = (error.error_code.unwrap_or_default(), error.message.unwrap_or_default());
            Environment::Unknown(format!("{code}: {message}"))
        }
        None => Environment::Known(environment.variables.unwrap_or_default().into_iter().collect()),
    }
}

fn from_vpc(vpc: types::VpcConfigResponse) -> Vpc {
    Vpc {
        subnet_ids: vpc.subnet_ids.unwrap_or_default().into_iter().collect(),
        security_group_ids: vpc.security_group_ids.unwrap_or_default().into_iter().collect(),
        ipv6_allowed_for_dual_stack: vpc.ipv6_allowed_for_dual_stack.unwrap_or_default(),
    }
}

fn from_file_system(config: types::FileSystemConfig) -> FileSystem {
    let direct_s3_read = config.s3_files_config.and_then(|s3| s3.direct_s3_read);
    FileSystem {
        arn: config.arn,
        local_mount_path: config.local_mount_path,
        direct_s3_read: direct_s3_read.map(|read| read.as_str().to_owned()),
    }
}

fn from_image_config(config: types::ImageConfig) -> ImageConfig {
    ImageConfig {
        entry_point: config.entry_point.unwrap_or_default(),
        command: config.command.unwrap_or_default(),
        working_directory: config.working_directory.unwrap_or_default(),
    }
}

/// Log settings with AWS's defaults filled in:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html>.
fn logging(config: Option<types::LoggingConfig>, name: &str) -> Logging {
    let config = config.unwrap_or_else(|| types::LoggingConfig::builder().build());
    let format = config.log_format.as_ref().map_or(default::LOG_FORMAT, types::LogFormat::as_str).to_owned();
    let level = |level: Option<&str>| (format == "JSON").then(|| level.unwrap_or(default::LOG_LEVEL).to_owned());
    Logging {
        application_level: level(config.application_log_level.as_ref().map(types::ApplicationLogLevel::as_str)),
        system_level: level(config.system_log_level.as_ref().map(types::SystemLogLevel::as_str)),
        group: config.log_group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
        format,
    }
}
