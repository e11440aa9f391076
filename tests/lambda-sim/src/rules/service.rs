//! The rules of Lambda's own code, reported one at a time as InvalidParameterValueException. Texts that LocalStack
//! recorded of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json and test_lambda.snapshot.json): runtimes,
//! the 4 KB of environment, layers, what EC2 can't find. Texts of elsewhere name their source. All others are ours,
//! for rules of the API reference and the guide.

use serde_json::Value;

use super::{ROLE_NOT_ASSUMABLE, tags};
use crate::error::ApiError;
use crate::request::Object;
use crate::settings::AccountSettings;

/// Environment variables that Lambda sets itself
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>). Others of the prefix `AWS_LAMBDA_` are
/// the user's to set, such as `AWS_LAMBDA_EXEC_WRAPPER`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html>).
const RESERVED: [&str; 20] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
];

/// Runtimes that a function may have
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>).
pub(super) const RUNTIMES: [&str; 31] = [
    "dotnet10",
    "dotnet6",
    "dotnet8",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
    "java8.al2",
    "java8.al2023",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs26.x",
    "provided.al2",
    "provided.al2023",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "python3.8",
    "python3.9",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
];

/// Checks what was sent against what it would make of the configuration (`after`).
pub(crate) fn check(settings: &AccountSettings, sent: &Object, after: &Object) -> Result<(), ApiError> {
    runtime(settings, sent)?;
    sizes(sent, after)?;
    environment(sent)?;
    logging(sent, after)?;
    network(settings, sent, after)?;
    snap_start(sent, after)?;
    role(settings, sent)
}

/// What a new function must and mustn't have.
pub(crate) fn check_create(sent: &Object, package: &str) -> Result<(), ApiError> {
    let has = |name: &str| has(sent, name);
    if package == "Image" {
        if has("Runtime") || has("Handler") || has("Layers") {
            // https://github.com/pulumi/pulumi-aws/issues/5439
            let text = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is \
                        Image.";
            return Err(ApiError::invalid(text));
        }
    } else if !has("Runtime") || !has("Handler") {
        let text =
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
        return Err(ApiError::invalid(text));
    } else if has("ImageConfig") {
        return Err(ApiError::invalid("ImageConfig is not supported for functions with packageType Zip."));
    }
    if sent.get("DurableConfig").is_some_and(|durable| durable.get("ExecutionTimeout").is_none()) {
        return Err(ApiError::invalid("ExecutionTimeout is required in DurableConfig."));
    }
    tags::check(&tags::of(sent))
}

/// What an update mustn't have.
pub(crate) fn check_update(sent: &Object, before: &Object) -> Result<(), ApiError> {
    if sent.contains_key("CapacityProviderConfig") && !before.contains_key("CapacityProviderConfig") {
        let text = "CapacityProviderConfig isn't supported for Lambda Default functions.";
        return Err(ApiError::invalid(text));
    }
    if sent.contains_key("DurableConfig") && !before.contains_key("DurableConfig") {
        return Err(ApiError::invalid("DurableConfig can't be added to an existing function."));
    }
    let image = before.get("PackageType").is_some_and(|package| package == "Image");
    let only_zip = ["Runtime", "Handler", "Layers"].iter().any(|name| has(sent, name));
    if image && only_zip {
        let text =
            "Runtime, Handler and Layers are not supported for functions created with container images.";
        return Err(ApiError::invalid(text));
    }
    if !image && sent.contains_key("ImageConfig") {
        return Err(ApiError::invalid("ImageConfig is not supported for functions with packageType Zip."));
    }
    Ok(())
}

/// Whether a member is there and not empty.
fn has(object: &Object, name: &str) -> bool {
    object.get(name).is_some_and(|value| value != "" && value != &Value::Array(Vec::new()))
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn number(object: &Object, path: [&str; 2]) -> Option<i64> {
    object.get(path[0])?.get(path[1])?.as_i64()
}

pub(super) fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn runtime(settings: &AccountSettings, sent: &Object) -> Result<(), ApiError> {
    let Some(runtime) = text(sent, "Runtime") else { return Ok(()) };
    if settings.deprecated_runtimes.contains(runtime) {
        return Err(ApiError::invalid(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda \
             functions. We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    if RUNTIMES.contains(&runtime) || runtime.starts_with("arn:") {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be \
         a valid ARN",
        RUNTIMES.join(", ")
    )))
}

/// The model allows more, for functions on a capacity provider.
fn sizes(sent: &Object, after: &Object) -> Result<(), ApiError> {
    if after.contains_key("CapacityProviderConfig") {
        return Ok(());
    }
    let too_much = |name: &str| {
        let text = format!(
            "'{name}' value failed to satisfy constraint: Member must have value less than or equal to 10240"
        );
        Err(ApiError::invalid(text))
    };
    if sent.get("MemorySize").and_then(Value::as_i64).is_some_and(|size| size > 10_240) {
        return too_much("MemorySize");
    }
    if number(sent, ["EphemeralStorage", "Size"]).is_some_and(|size| size > 10_240) {
        return too_much("EphemeralStorage");
    }
    Ok(())
}

fn environment(sent: &Object) -> Result<(), ApiError> {
    let Some(variables) = sent.get("Environment").and_then(|environment| environment.get("Variables")) else {
        return Ok(());
    };
    // The text on reserved keys: https://github.com/zuka-e/laravel-react-task-spa/pull/146
    let trouble = "Lambda was unable to configure your environment variables because the environment variables you \
                   have provided";
    let keys = variables.as_object().into_iter().flat_map(serde_json::Map::keys);
    let reserved: Vec<_> = keys.filter(|key| RESERVED.contains(&key.as_str())).map(String::as_str).collect();
    if !reserved.is_empty() {
        return Err(ApiError::invalid(format!(
            "{trouble} contains reserved keys that are currently not supported for modification. Reserved keys used \
             in this request: {}",
            reserved.join(", ")
        )));
    }
    let measured = variables.to_string();
    if measured.len() > 4096 {
        return Err(ApiError::invalid(format!(
            "{trouble} exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(())
}

fn logging(sent: &Object, after: &Object) -> Result<(), ApiError> {
    let Some(logging) = sent.get("LoggingConfig") else { return Ok(()) };
    let levels = ["ApplicationLogLevel", "SystemLogLevel"].iter().any(|level| logging.get(level).is_some());
    let format = after.get("LoggingConfig").and_then(|logging| logging.get("LogFormat"));
    if levels && format.is_some_and(|format| format == "Text") {
        return Err(ApiError::invalid(
            "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or \
             change the LogFormat to \"JSON\" and try again.",
        ));
    }
    Ok(())
}

fn network(settings: &AccountSettings, sent: &Object, after: &Object) -> Result<(), ApiError> {
    if let Some(vpc) = sent.get("VpcConfig") {
        let (subnets, groups) = (strings(vpc.get("SubnetIds")), strings(vpc.get("SecurityGroupIds")));
        if subnets.is_empty() != groups.is_empty() {
            return Err(ApiError::invalid("SubnetIds and SecurityIds must coexist or be both empty list."));
        }
        check_network(settings, vpc)?;
    }
    let subnets = after.get("VpcConfig").and_then(|vpc| vpc.get("SubnetIds"));
    if after.contains_key("FileSystemConfigs") && strings(subnets).is_empty() {
        return Err(ApiError::invalid(
            "Function must be configured to execute in a VPC to reference access points.",
        ));
    }
    Ok(())
}

/// Refuses what EC2 can't find.
pub(super) fn check_network(settings: &AccountSettings, vpc: &Value) -> Result<(), ApiError> {
    let (subnets, groups) = (strings(vpc.get("SubnetIds")), strings(vpc.get("SecurityGroupIds")));
    if let Some(id) = subnets.iter().find(|id| settings.missing_subnets.contains(**id)) {
        return Err(ApiError::invalid(format!(
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: \
             The subnet ID '{id}' does not exist"
        )));
    }
    if let Some(id) = groups.iter().find(|id| settings.missing_security_groups.contains(**id)) {
        return Err(ApiError::invalid(format!(
            "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error \
             Message: The security group '{id}' does not exist"
        )));
    }
    Ok(())
}

/// The rules of <https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html>, in the words of
/// <https://github.com/aws-samples/bedrock-chat/issues/617>; those on file systems, tenants and storage are ours.
fn snap_start(sent: &Object, after: &Object) -> Result<(), ApiError> {
    let on = after.get("SnapStart").and_then(|snap| snap.get("ApplyOn")) == Some(&"PublishedVersions".into());
    let concerned = ["SnapStart", "Runtime", "EphemeralStorage", "FileSystemConfigs", "PackageType"]
        .iter()
        .any(|name| sent.contains_key(*name));
    if !on || !concerned {
        return Ok(());
    }
    let unsupported = |what: &str| {
        Err(ApiError::invalid(format!("{what} is not supported for SnapStart enabled functions.")))
    };
    if text(after, "PackageType") == Some("Image") {
        return unsupported("ContainerImage");
    }
    if after.contains_key("FileSystemConfigs") {
        return unsupported("FileSystemConfig");
    }
    if after.contains_key("TenancyConfig") {
        return unsupported("TenancyConfig");
    }
    let runtime = text(after, "Runtime").unwrap_or_default();
    let too_old = ["python3.8", "python3.9", "python3.10", "python3.11", "dotnet6"].contains(&runtime);
    let managed = ["java", "python3.", "dotnet"].iter().any(|family| runtime.starts_with(family));
    if too_old || !managed || runtime.starts_with("java8") {
        return unsupported(runtime);
    }
    if number(after, ["EphemeralStorage", "Size"]).is_some_and(|size| size > 512) {
        return Err(ApiError::invalid("SnapStart does not support ephemeral storage greater than 512 MB."));
    }
    Ok(())
}

fn role(settings: &AccountSettings, sent: &Object) -> Result<(), ApiError> {
    match text(sent, "Role") {
        Some(role) if settings.missing_roles.contains(role) => Err(ApiError::invalid(ROLE_NOT_ASSUMABLE)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::merge;

    fn refused_with(settings: &AccountSettings, sent: &Value) -> Option<String> {
        let sent = sent.as_object().unwrap();
        let mut after = merge::defaults("hello", "Zip");
        merge::apply(&mut after, sent);
        check(settings, sent, &after).err().map(|error| error.message)
    }

    fn refused(sent: &Value) -> Option<String> {
        refused_with(&AccountSettings::default(), sent)
    }

    #[test]
    fn the_environment_is_measured_as_json() {
        let room = 4096 - r#"{"KEY":""}"#.len();
        assert_eq!(refused(&json!({"Environment": {"Variables": {"KEY": "x".repeat(room)}}})), None);
        let text = refused(&json!({"Environment": {"Variables": {"KEY": "x".repeat(room + 1)}}})).unwrap();
        assert!(text.contains("exceeded the 4KB limit. String measured: {\"KEY\":\"xxx"), "{text}");
    }

    #[test]
    fn reserved_variables_are_named() {
        let text =
            refused(&json!({"Environment": {"Variables": {"AWS_REGION": "x", "OTHER": "y"}}})).unwrap();
        assert!(text.ends_with("Reserved keys used in this request: AWS_REGION"), "{text}");
        let wrapper = json!({"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"}}});
        assert_eq!(refused(&wrapper), None);
    }

    #[test]
    fn log_levels_need_json() {
        let text = refused(&json!({"LoggingConfig": {"SystemLogLevel": "INFO"}})).unwrap();
        assert!(text.starts_with("LogLevel is not supported"), "{text}");
        assert_eq!(refused(&json!({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "INFO"}})), None);
    }

    #[test]
    fn runtimes_are_known_and_supported() {
        assert!(refused(&json!({"Runtime": "python2.7"})).unwrap().contains("no longer supported"));
        assert!(refused(&json!({"Runtime": "cobol"})).unwrap().contains("enum value set"));
        assert_eq!(refused(&json!({"Runtime": "python3.13"})), None);
    }

    #[test]
    fn snap_start_excludes_what_it_cannot_restore() {
        let with = |name: &str, value: Value| {
            let mut sent = json!({"Runtime": "java21", "SnapStart": {"ApplyOn": "PublishedVersions"}});
            sent["VpcConfig"] = json!({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]});
            sent[name] = value;
            refused(&sent)
        };
        assert_eq!(with("Timeout", json!(3)), None);
        let efs = with("FileSystemConfigs", json!([{"Arn": "a", "LocalMountPath": "/mnt/a"}])).unwrap();
        assert_eq!(efs, "FileSystemConfig is not supported for SnapStart enabled functions.");
        assert!(with("EphemeralStorage", json!({"Size": 513})).unwrap().contains("512 MB"));
        assert!(with("Runtime", json!("nodejs24.x")).unwrap().starts_with("nodejs24.x is not supported"));
    }

    #[test]
    fn vpc_lists_come_together() {
        let text = refused(&json!({"VpcConfig": {"SubnetIds": ["subnet-1"]}})).unwrap();
        assert_eq!(text, "SubnetIds and SecurityIds must coexist or be both empty list.");
        assert!(refused(&json!({"FileSystemConfigs": [{"Arn": "a"}]})).is_some());
    }

    #[test]
    fn what_the_model_allows_to_managed_instances_is_too_much_for_others() {
        assert!(refused(&json!({"MemorySize": 10241})).unwrap().starts_with("'MemorySize' value failed"));
        assert!(refused(&json!({"EphemeralStorage": {"Size": 10241}})).is_some());
    }

    #[test]
    fn roles_that_are_missing_cannot_be_assumed() {
        let role = "arn:aws:iam::111122223333:role/new";
        let mut settings = AccountSettings::default();
        assert_eq!(refused_with(&settings, &json!({"Role": role})), None);
        settings.missing_roles.insert(role.into());
        assert_eq!(refused_with(&settings, &json!({"Role": role})).unwrap(), ROLE_NOT_ASSUMABLE);
    }
}
