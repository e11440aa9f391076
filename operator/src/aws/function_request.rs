//! From [`model`](crate::function::model) to AWS's requests, as pure functions. `function` calls them.
//!
//! There are two forms: a create leaves out what is at AWS's default, because some of it is refused for one of the
//! package types; an update sends every field in the form that also clears it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionInputBuilder;
use aws_sdk_lambda::operation::update_function_code::builders::UpdateFunctionCodeInputBuilder;
use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationInputBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types;

use super::function_answer::{default, logging};
use super::function_kept as kept;
use crate::function::model::{
    Code, CodeSource, Configuration, Environment, Field, FileSystem, ImageConfig, Logging, Vpc,
};

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
        .set_capacity_provider_config(kept::capacity_provider_config(c))
        .set_durable_config(kept::new_durable_config(c))
        .set_tenancy_config(kept::tenancy_config(c))
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
        Field::Instances => request.set_capacity_provider_config(kept::capacity_provider_config(c)),
        Field::Durable => request.set_durable_config(kept::durable_config(c)),
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
            .set_s3_files_config(
                s3.map(|read| types::S3FilesConfig::builder().direct_s3_read(read.into()).build()),
            )
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
