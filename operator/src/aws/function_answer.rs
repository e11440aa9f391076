//! From AWS's answers to [`model`](crate::function::model), as pure functions. `function` calls them.
//!
//! AWS's defaults are filled in where a field is absent, and values that we don't know pass through as they are.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{self, FunctionConfiguration};

use super::function_kept as kept;
use crate::function::model::{
    Code, CodeSource, Configuration, Environment, Field, FileSystem, ImageConfig, Live, Logging, Observed,
    PackageType, S3Object, Versions, Vpc,
};
use crate::section::Has;

/// AWS's defaults: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
pub(super) mod default {
    pub(in crate::aws) const TIMEOUT: i32 = 3;
    pub(in crate::aws) const MEMORY: i32 = 128;
    pub(in crate::aws) const EPHEMERAL: i32 = 512;
    pub(in crate::aws) const TRACING: &str = "PassThrough";
    pub(in crate::aws) const SNAP_START: &str = "None";
    pub(in crate::aws) const LOG_FORMAT: &str = "Text";
    pub(in crate::aws) const LOG_LEVEL: &str = "INFO";
    pub(in crate::aws) const ARCHITECTURE: &str = "x86_64";
}

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
            .set_durable_config(o.durable_config)
            .set_tenancy_config(o.tenancy_config)
            .set_capacity_provider_config(o.capacity_provider_config)
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
        reserved_concurrency: output
            .concurrency
            .and_then(|concurrency| concurrency.reserved_concurrent_executions),
        image_uri: code.image_uri,
        resolved_image_uri: code.resolved_image_uri,
        source_kms_key_arn: code.source_kms_key_arn.unwrap_or_default(),
        resolved_s3_object: code.resolved_s3_object.map(from_s3_object),
        ..state(&configuration)
    };
    Some(Observed { live: Some(live), ..listed(configuration) })
}

/// What CreateFunction says; the rest is what was sent.
pub(super) fn from_create(
    reply: FunctionConfiguration,
    code: &Code,
    tags: &BTreeMap<String, String>,
) -> Observed {
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
        resolved_s3_object: None,
    }
}

fn from_s3_object(object: types::ResolvedS3Object) -> S3Object {
    S3Object {
        bucket: object.s3_bucket.unwrap_or_default(),
        key: object.s3_key.unwrap_or_default(),
        version: object.s3_object_version,
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
        unreadable: unreadable(&c),
        configuration: from_configuration(c),
        code_signing: None,
        versions: Versions::default(),
        running: None,
        sections: Has::default(),
        live: None,
    }
}

/// The fields in whose place there is an error. The environment says so itself.
fn unreadable(c: &FunctionConfiguration) -> BTreeSet<Field> {
    let image = c.image_config_response.as_ref().is_some_and(|response| response.error.is_some());
    image.then_some(Field::ImageConfig).into_iter().collect()
}

/// `arn:aws:lambda:<region>:<account>:function:<name>` without the version or alias that may follow.
fn unqualified(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

fn from_configuration(c: FunctionConfiguration) -> Configuration {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let name = c.function_name.unwrap_or_default();
    let (snap_start, tracing) =
        (c.snap_start.and_then(|s| s.apply_on), c.tracing_config.and_then(|t| t.mode));
    Configuration {
        runtime: text(c.runtime.map(|runtime| runtime.as_str().to_owned())),
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
        instances: kept::instances(c.capacity_provider_config),
        durable: c.durable_config.map(kept::durable),
        tenant_isolation: kept::tenant_isolation(c.tenancy_config.as_ref()),
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
    .normalized()
}

fn from_file_system(config: types::FileSystemConfig) -> FileSystem {
    let direct_s3_read = config.s3_files_config.and_then(|s3| s3.direct_s3_read);
    FileSystem {
        arn: config.arn,
        local_mount_path: config.local_mount_path,
        // AUTO is the default:
        // https://docs.aws.amazon.com/lambda/latest/api/API_S3FilesConfig.html
        direct_s3_read: direct_s3_read.map(|read| read.as_str().to_owned()).filter(|read| read != "AUTO"),
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
pub(super) fn logging(config: Option<types::LoggingConfig>, name: &str) -> Logging {
    let config = config.unwrap_or_else(|| types::LoggingConfig::builder().build());
    let format = config.log_format.as_ref().map_or(default::LOG_FORMAT, types::LogFormat::as_str).to_owned();
    let level =
        |level: Option<&str>| (format == "JSON").then(|| level.unwrap_or(default::LOG_LEVEL).to_owned());
    Logging {
        application_level: level(
            config.application_log_level.as_ref().map(types::ApplicationLogLevel::as_str),
        ),
        system_level: level(config.system_log_level.as_ref().map(types::SystemLogLevel::as_str)),
        group: config
            .log_group
            .filter(|group| !group.is_empty())
            .unwrap_or_else(|| format!("/aws/lambda/{name}")),
        format,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare() -> FunctionConfiguration {
        FunctionConfiguration::builder().function_name("f").role("r").build()
    }

    #[test]
    fn what_aws_leaves_out_is_at_its_default() {
        let observed = listed(bare());
        assert_eq!((observed.package_type, observed.architecture.as_str()), (PackageType::Zip, "x86_64"));
        assert_eq!(
            observed.configuration,
            Configuration {
                runtime: None,
                role: "r".to_owned(),
                handler: None,
                description: String::new(),
                timeout: 3,
                memory_size: 128,
                ephemeral_storage: 512,
                environment: Environment::Known(BTreeMap::new()),
                kms_key_arn: String::new(),
                vpc: Vpc::default(),
                dead_letter_target: String::new(),
                tracing_mode: "PassThrough".to_owned(),
                layers: Vec::new(),
                file_systems: Vec::new(),
                image_config: ImageConfig::default(),
                snap_start: "None".to_owned(),
                logging: Logging {
                    format: "Text".to_owned(),
                    application_level: None,
                    system_level: None,
                    group: "/aws/lambda/f".to_owned(),
                },
                instances: None,
                durable: None,
                tenant_isolation: String::new(),
            }
        );
    }

    #[test]
    fn json_logs_have_levels_and_text_logs_have_none() {
        let config = |format: &str| types::LoggingConfig::builder().log_format(format.into());
        let json = logging(Some(config("JSON").build()), "f");
        assert_eq!(
            (json.application_level.as_deref(), json.system_level.as_deref()),
            (Some("INFO"), Some("INFO"))
        );
        let text = logging(Some(config("Text").system_log_level(types::SystemLogLevel::Warn).build()), "f");
        assert_eq!((text.application_level, text.system_level), (None, None));
    }

    #[test]
    fn values_that_are_new_to_us_pass_through() {
        let c = FunctionConfiguration::builder()
            .runtime("nodejs99.x".into())
            .architectures("riscv".into())
            .state("Dreaming".into())
            .last_update_status("Pondering".into())
            .snap_start(types::SnapStartResponse::builder().apply_on("Always".into()).build())
            .build();
        let live = state(&c);
        assert_eq!(
            (live.state.as_str(), live.last_update_status.as_deref()),
            ("Dreaming", Some("Pondering"))
        );
        let observed = listed(c);
        assert_eq!(
            (observed.architecture.as_str(), observed.configuration.snap_start.as_str()),
            ("riscv", "Always")
        );
        assert_eq!(observed.configuration.runtime.as_deref(), Some("nodejs99.x"));
    }

    #[test]
    fn the_arn_loses_its_qualifier() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        for qualified in [arn.to_owned(), format!("{arn}:7"), format!("{arn}:live"), format!("{arn}:$LATEST")]
        {
            assert_eq!(unqualified(&qualified), arn);
        }
    }

    #[test]
    fn tags_that_may_not_be_read_are_an_error_and_not_none() {
        let error =
            types::TagsError::builder().error_code("AccessDeniedException").message("no").build().unwrap();
        let output = GetFunctionOutput::builder().configuration(bare()).tags_error(error).build();
        let live = from_get(output).unwrap().live.unwrap();
        assert_eq!(live.tags, Err("AccessDeniedException: no".to_owned()));
        let output = GetFunctionOutput::builder().configuration(bare()).build();
        assert_eq!(from_get(output).unwrap().live.unwrap().tags, Ok(BTreeMap::new()));
    }

    #[test]
    fn an_image_config_that_aws_can_not_read_is_unknown() {
        let error = types::ImageConfigError::builder().error_code("AccessDenied").message("no").build();
        let response = types::ImageConfigResponse::builder();
        let with = |response| FunctionConfiguration::builder().image_config_response(response).build();
        let unknown = with(response.clone().error(error).build());
        assert_eq!(listed(unknown).unreadable, BTreeSet::from([Field::ImageConfig]));
        let known = with(response.build());
        assert!(listed(known).unreadable.is_empty() && listed(bare()).unreadable.is_empty());
    }

    #[test]
    fn spellings_of_the_default_are_one() {
        let s3 = |read: &str| {
            let s3 = types::S3FilesConfig::builder().direct_s3_read(read.into()).build();
            let config = types::FileSystemConfig::builder().arn("a").local_mount_path("/mnt/a");
            from_file_system(config.s3_files_config(s3).build().unwrap()).direct_s3_read
        };
        assert_eq!((s3("AUTO"), s3("ENABLED").as_deref()), (None, Some("ENABLED")));
        let vpc = types::VpcConfigResponse::builder().vpc_id("").ipv6_allowed_for_dual_stack(true);
        assert_eq!(from_vpc(vpc.build()), Vpc::default());
        let config = types::LoggingConfig::builder().log_group("").build();
        assert_eq!(logging(Some(config), "f").group, "/aws/lambda/f");
    }

    #[test]
    fn only_a_referenced_object_is_resolved() {
        let resolved = types::ResolvedS3Object::builder().s3_bucket("b").s3_key("k").s3_object_version("7");
        let code = types::FunctionCodeLocation::builder().resolved_s3_object(resolved.build()).build();
        let output = GetFunctionOutput::builder().configuration(bare()).code(code).build();
        let object = from_get(output).unwrap().live.unwrap().resolved_s3_object.unwrap();
        assert_eq!((object.bucket.as_str(), object.version.as_deref()), ("b", Some("7")));
        let output = GetFunctionOutput::builder().configuration(bare()).build();
        assert_eq!(from_get(output).unwrap().live.unwrap().resolved_s3_object, None);
    }

    #[test]
    fn an_answer_without_a_configuration_describes_nothing() {
        assert_eq!(from_get(GetFunctionOutput::builder().build()), None);
    }

    #[test]
    fn a_function_older_than_states_is_active() {
        let live = state(&bare());
        assert_eq!((live.state.as_str(), live.last_update_status), ("Active", None));
    }
}
