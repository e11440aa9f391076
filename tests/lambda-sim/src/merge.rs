//! How a request changes a configuration: which members merge, which replace, what clears them, and what stands
//! when nothing was said. Sources: the API reference of UpdateFunctionConfiguration
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>) and what LocalStack
//! recorded of AWS (`test_function_lifecycle`, `test_vpc_config`, `TestLoggingConfig` and `TestLambdaImages` in
//! tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Value, json};

use crate::request::Object;

/// The configuration of a function that was created with nothing but its name.
pub(crate) fn defaults(name: &str, package: &str) -> Object {
    let value = json!({
        "PackageType": package,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
    });
    into_object(value)
}

/// What only CreateFunction can set.
pub(crate) fn create_only(config: &mut Object, request: &Object) {
    for name in ["Architectures", "TenancyConfig", "CapacityProviderConfig", "DurableConfig"] {
        if let Some(value) = request.get(name) {
            config.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(durable) = config.get_mut("DurableConfig").and_then(Value::as_object_mut) {
        durable.entry("RetentionPeriodInDays").or_insert(json!(14));
    }
}

/// What a request doesn't say of managed instances depends on the runtime
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-runtimes.html>).
pub(crate) fn complete_instances(config: &mut Object) {
    let runtime = config.get("Runtime").and_then(Value::as_str).unwrap_or_default();
    let concurrency = match runtime {
        node if node.starts_with("nodejs") => 64,
        python if python.starts_with("python") => 16,
        _ => 32,
    };
    let managed = config
        .get_mut("CapacityProviderConfig")
        .and_then(|config| config.get_mut("LambdaManagedInstancesCapacityProviderConfig")?.as_object_mut());
    if let Some(managed) = managed {
        managed.entry("PerExecutionEnvironmentMaxConcurrency").or_insert(json!(concurrency));
        managed.entry("ExecutionEnvironmentMemoryGiBPerVCpu").or_insert(json!(2.0));
    }
}

/// Applies the members that CreateFunction and UpdateFunctionConfiguration share.
pub(crate) fn apply(config: &mut Object, request: &Object) {
    for (name, value) in request {
        match name.as_str() {
            "Runtime" | "Role" | "Handler" | "Description" | "Timeout" | "MemorySize"
            | "EphemeralStorage" => {
                config.insert(name.clone(), value.clone());
            }
            "KMSKeyArn" => set_or_remove(config, name, value, value == ""),
            "FileSystemConfigs" => file_systems(config, value),
            "Layers" => layers(config, value),
            "VpcConfig" => vpc(config, value),
            "DeadLetterConfig" => dead_letter(config, value),
            "Environment" => environment(config, value),
            "TracingConfig" => tracing(config, value),
            "ImageConfig" => image(config, value),
            "SnapStart" => snap_start(config, value),
            "LoggingConfig" => logging(config, value),
            _ => {}
        }
    }
    if !has_variables(config) {
        // Not saved without something to encrypt: https://github.com/hashicorp/terraform-provider-aws/issues/6366
        config.remove("KMSKeyArn");
    }
}

/// Whether there are variables, for all that is known.
fn has_variables(config: &Object) -> bool {
    let Some(environment) = config.get("Environment") else { return false };
    let variables = environment.get("Variables").and_then(Value::as_object);
    variables.is_some_and(|variables| !variables.is_empty()) || environment.get("Error").is_some()
}

/// Changes the values of members that must have been there since the creation.
pub(crate) fn apply_to_present(config: &mut Object, request: &Object) {
    for name in ["CapacityProviderConfig", "DurableConfig"] {
        let (Some(target), Some(Value::Object(changes))) = (config.get_mut(name), request.get(name)) else {
            continue;
        };
        for (key, value) in changes {
            target[key.as_str()] = value.clone();
        }
    }
    if let Some(durable) = config.get_mut("DurableConfig").and_then(Value::as_object_mut) {
        durable.retain(|name, value| name != "KMSKeyArn" || value != "");
    }
    complete_instances(config);
}

fn set_or_remove(config: &mut Object, name: &str, value: &Value, remove: bool) {
    if remove {
        config.remove(name);
    } else {
        config.insert(name.to_owned(), value.clone());
    }
}

/// Replaces; an empty list removes. A file system of S3 Files is read directly or not as Lambda sees fit.
fn file_systems(config: &mut Object, value: &Value) {
    let mut systems = value.clone();
    for system in systems.as_array_mut().into_iter().flatten() {
        let s3_files = system.get("Arn").and_then(Value::as_str).is_some_and(|arn| arn.contains(":s3files:"));
        if s3_files && system["S3FilesConfig"].get("DirectS3Read").is_none() {
            system["S3FilesConfig"] = json!({"DirectS3Read": "AUTO"});
        }
    }
    set_or_remove(config, "FileSystemConfigs", &systems, is_empty(value));
}

/// Replaces; an empty list removes.
fn layers(config: &mut Object, value: &Value) {
    let arns = value.as_array().into_iter().flatten();
    let layers: Vec<Value> = arns.map(|arn| json!({"Arn": arn, "CodeSize": 1024})).collect();
    let remove = layers.is_empty();
    set_or_remove(config, "Layers", &Value::Array(layers), remove);
}

/// Replaces; two empty lists take the function out of its VPC, and leave a hull.
fn vpc(config: &mut Object, value: &Value) {
    let list = |name: &str| value.get(name).cloned().unwrap_or_else(|| json!([]));
    let subnets = list("SubnetIds");
    let vpc_id = match subnets.get(0).and_then(Value::as_str) {
        Some(subnet) => format!("vpc-{}", &crate::code::sha256_hex(subnet.as_bytes())[..17]),
        None if config.contains_key("VpcConfig") => String::new(),
        None => return,
    };
    let dual_stack = value.get("Ipv6AllowedForDualStack").cloned().unwrap_or(json!(false));
    let replaced = json!({
        "SubnetIds": subnets,
        "SecurityGroupIds": list("SecurityGroupIds"),
        "VpcId": vpc_id,
        "Ipv6AllowedForDualStack": dual_stack,
    });
    config.insert("VpcConfig".into(), replaced);
}

/// Only an empty TargetArn clears; an empty struct changes nothing.
fn dead_letter(config: &mut Object, value: &Value) {
    if let Some(target) = value.get("TargetArn") {
        set_or_remove(config, "DeadLetterConfig", value, target == "");
    }
}

/// Replaces all variables. Only the control API sends an `Error`, in their place.
fn environment(config: &mut Object, value: &Value) {
    if value.get("Error").is_some() {
        config.insert("Environment".into(), value.clone());
        return;
    }
    let variables = value.get("Variables").cloned().unwrap_or_else(|| json!({}));
    config.insert("Environment".into(), json!({"Variables": variables}));
}

fn tracing(config: &mut Object, value: &Value) {
    let mode = value.get("Mode").cloned().unwrap_or_else(|| json!("PassThrough"));
    config.insert("TracingConfig".into(), json!({"Mode": mode}));
}

/// Replaces; members that aren't sent are reset to the image's own, and an empty struct resets all.
fn image(config: &mut Object, value: &Value) {
    let members = value.as_object().into_iter().flatten();
    let kept: Object =
        members.filter(|(_, value)| !is_empty(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    let remove = kept.is_empty();
    set_or_remove(config, "ImageConfigResponse", &json!({"ImageConfig": kept}), remove);
}

fn snap_start(config: &mut Object, value: &Value) {
    let apply_on = value.get("ApplyOn").cloned().unwrap_or_else(|| json!("None"));
    config.insert("SnapStart".into(), json!({"ApplyOn": apply_on, "OptimizationStatus": "Off"}));
}

/// Merges member by member. Levels exist with JSON only: Text drops them, JSON fills in INFO.
fn logging(config: &mut Object, value: &Value) {
    let mut merged = config.get("LoggingConfig").cloned().unwrap_or_else(|| json!({}));
    for (name, value) in value.as_object().into_iter().flatten() {
        merged[name.as_str()] = value.clone();
    }
    let Some(members) = merged.as_object_mut() else { return };
    let json_format = members.get("LogFormat").is_some_and(|format| format == "JSON");
    for level in ["ApplicationLogLevel", "SystemLogLevel"] {
        if json_format {
            members.entry(level).or_insert(json!("INFO"));
        } else {
            members.remove(level);
        }
    }
    config.insert("LoggingConfig".into(), merged);
}

/// Whether a value is one that clears.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The members of a JSON object; of anything else, none.
pub(crate) fn into_object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: &[Value]) -> Value {
        let mut config = defaults("hello", "Zip");
        for step in steps {
            apply(&mut config, step.as_object().unwrap());
        }
        Value::Object(config)
    }

    #[test]
    fn logging_merges_and_levels_follow_the_format() {
        let json_format = json!({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}});
        let config = after(std::slice::from_ref(&json_format));
        assert_eq!(config["LoggingConfig"]["SystemLogLevel"], "WARN");
        assert_eq!(config["LoggingConfig"]["ApplicationLogLevel"], "INFO");
        let config = after(&[json_format.clone(), json!({"LoggingConfig": {"LogGroup": "/x"}})]);
        assert_eq!(config["LoggingConfig"]["SystemLogLevel"], "WARN");
        assert_eq!(config["LoggingConfig"]["LogGroup"], "/x");
        let config = after(&[json_format, json!({"LoggingConfig": {"LogFormat": "Text"}})]);
        assert_eq!(config["LoggingConfig"], json!({"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"}));
    }

    #[test]
    fn the_environment_is_replaced_and_an_empty_one_stays_as_a_hull() {
        let first = json!({"Environment": {"Variables": {"AA": "1"}}});
        let config = after(&[first.clone(), json!({"Environment": {"Variables": {"BB": "2"}}})]);
        assert_eq!(config["Environment"], json!({"Variables": {"BB": "2"}}));
        assert_eq!(after(&[first, json!({"Environment": {}})])["Environment"], json!({"Variables": {}}));
        assert!(after(&[]).get("Environment").is_none());
    }

    #[test]
    fn a_function_taken_out_of_its_vpc_reads_an_empty_hull() {
        let inside = json!({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}});
        let outside = json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}});
        let config = after(&[inside.clone(), outside.clone()]);
        assert_eq!(config["VpcConfig"]["VpcId"], "");
        assert_eq!(config["VpcConfig"]["SubnetIds"], json!([]));
        assert!(after(&[outside]).get("VpcConfig").is_none());
        assert!(after(&[inside])["VpcConfig"]["VpcId"].as_str().unwrap().starts_with("vpc-"));
    }

    #[test]
    fn dead_letters_are_cleared_by_an_empty_target_only() {
        let set = json!({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:q"}});
        assert!(after(&[set.clone(), json!({"DeadLetterConfig": {}})]).get("DeadLetterConfig").is_some());
        assert!(
            after(&[set, json!({"DeadLetterConfig": {"TargetArn": ""}})]).get("DeadLetterConfig").is_none()
        );
    }

    #[test]
    fn direct_reads_of_s3_files_are_automatic() {
        let system = |arn: &str| json!({"FileSystemConfigs": [{"Arn": arn}]});
        let s3_files = "arn:aws:s3files:eu-west-1:111122223333:file-system/fs-1/access-point/fsap-1";
        let config = after(&[system(s3_files)]);
        assert_eq!(config["FileSystemConfigs"][0]["S3FilesConfig"], json!({"DirectS3Read": "AUTO"}));
        let efs = "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-1";
        assert!(after(&[system(efs)])["FileSystemConfigs"][0].get("S3FilesConfig").is_none());
    }

    #[test]
    fn the_image_config_is_replaced_as_a_whole() {
        let set = json!({"ImageConfig": {"Command": ["a"], "WorkingDirectory": "/w"}});
        let config = after(&[set.clone(), json!({"ImageConfig": {"Command": ["b"]}})]);
        assert_eq!(config["ImageConfigResponse"], json!({"ImageConfig": {"Command": ["b"]}}));
        assert!(after(&[set, json!({"ImageConfig": {}})]).get("ImageConfigResponse").is_none());
    }

    #[test]
    fn empty_values_remove_layers_file_systems_and_the_key() {
        let set = json!({
            "Layers": ["l:1", "l:2"], "KMSKeyArn": "k", "FileSystemConfigs": [{"Arn": "a"}],
            "Environment": {"Variables": {"AA": "1"}},
        });
        let config = after(std::slice::from_ref(&set));
        assert_eq!(config["KMSKeyArn"], "k");
        assert_eq!(config["Layers"][1]["Arn"], "l:2");
        let config = after(&[set, json!({"Layers": [], "KMSKeyArn": "", "FileSystemConfigs": []})]);
        for name in ["Layers", "KMSKeyArn", "FileSystemConfigs"] {
            assert!(config.get(name).is_none(), "{name}");
        }
    }
}
