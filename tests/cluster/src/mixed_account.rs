//! An account with a hundred functions, and with all that they can have: made by others, before there was an operator.
//!
//! Each function has its features by its number, so that each feature meets many others. Everything is settled.

use lambda_sim::{AccountControl, Section};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, ROLE};

/// How many functions there are.
pub const FUNCTIONS: usize = 100;

const SQS: &str = "arn:aws:sqs:eu-west-1:111122223333";
const KMS: &str = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d";
const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/a1b2c3d4e5";
const EFS: &str = "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-0123456789abcdef0";
const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";

/// What was made besides functions, as far as it takes tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Event source mappings.
    pub mappings: usize,
    /// Code-signing configurations.
    pub signing: usize,
    /// Capacity providers.
    pub providers: usize,
}

/// Makes the account.
pub async fn mixed_account(aws: &AccountControl) -> Made {
    for (layer, versions) in [("shared", 1), ("Tools_V2", 2), ("extras", 1)] {
        for version in 0..versions {
            let key = format!("{layer}-{version}.zip");
            let content = json!({"Content": {"S3Bucket": "packages", "S3Key": key}, "LicenseInfo": "MIT"});
            aws.publish_layer(layer, content).await;
        }
    }
    let mut signing = Vec::new();
    for policy in ["Warn", "Enforce"] {
        let config = json!({
            "AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]}, "Description": policy, "Tags": {"team": "security"},
            "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
        });
        signing.push(aws.put_code_signing_config(config).await);
    }
    aws.put_capacity_provider(provider("compute", json!({}))).await;
    let metric = "LambdaCapacityProviderAverageCPUUtilization";
    let scaling = json!({"MaxVCpuCount": 12, "ScalingMode": "Manual", "ScalingPolicies": [{"PredefinedMetricType": metric, "TargetValue": 50.0}]});
    let tagged = json!({"CapacityProviderScalingConfig": scaling, "Tags": {"team": "platform"}});
    aws.put_capacity_provider(provider("Large_Compute", tagged)).await;
    let mut mappings = 0;
    for number in 0..FUNCTIONS {
        mappings += function(aws, number, &signing, mappings).await;
    }
    Made { mappings, signing: signing.len(), providers: 2 }
}

/// The name of a function.
pub fn name_of(number: usize) -> String {
    if number % 13 == 5 { format!("Orders_{number:02}") } else { format!("orders-{number:02}") }
}

fn provider(name: &str, extra: Value) -> Value {
    let mut provider = json!({
        "CapacityProviderName": name, "VpcConfig": {"SubnetIds": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-a"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/capacity")},
    });
    extend(&mut provider, extra);
    provider
}

fn extend(value: &mut Value, extra: Value) {
    if let (Some(fields), Value::Object(extra)) = (value.as_object_mut(), extra) {
        fields.extend(extra);
    }
}

/// Whether a function has a feature: one in `of`, spread so that each feature meets all others.
fn has(number: usize, feature: usize, of: usize) -> bool {
    let mixed = (number * 64 + feature).wrapping_mul(2_654_435_761) >> 16;
    mixed.is_multiple_of(of)
}

/// Makes a function and what hangs on it, after so many mappings. How many mappings it has.
async fn function(aws: &AccountControl, number: usize, signing: &[String], before: usize) -> usize {
    let (name, image) = (name_of(number), number % 10 == 9);
    aws.put_function(created(number, image)).await;
    if number % 9 == 2 {
        let tags = json!({"team": "orders", "aws:cloudformation:stack-name": "orders"});
        aws.edit_function(&name, json!({"Tags": tags})).await;
    }
    if has(number, 1, 5) {
        aws.edit_function(&name, json!({"ReservedConcurrentExecutions": number % 3})).await;
    }
    if !image && has(number, 2, 6) {
        aws.edit_function(&name, json!({"CodeSigningConfigArn": signing[number % signing.len()]})).await;
    }
    // Tenants that are kept apart have none of what follows.
    if number % 25 == 24 {
        return 0;
    }
    sections(aws, &name, None, number).await;
    if has(number, 3, 4) {
        aws.set_section(&name, None, Section::RecursiveLoop, Some(json!("Allow"))).await;
    }
    if !image && has(number, 4, 5) {
        let arn = format!("arn:aws:lambda:{REGION}::runtime:{number:064}");
        let manual = json!({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": arn});
        let updates =
            if number.is_multiple_of(2) { manual } else { json!({"UpdateRuntimeOn": "FunctionUpdate"}) };
        aws.set_section(&name, None, Section::RuntimeManagement, Some(updates)).await;
    }
    let live = aliases(aws, &name, number).await;
    mappings(aws, &name, live, (number, before)).await
}

/// The body of CreateFunction.
fn created(number: usize, image: bool) -> Value {
    let name = name_of(number);
    let mut function = json!({"FunctionName": name, "Role": ROLE});
    if image {
        let code = json!({"PackageType": "Image", "Code": {"ImageUri": format!("{IMAGE}:v{number}")}});
        extend(&mut function, code);
    } else {
        let key = format!("{name}.zip");
        let mut code = json!({"S3Bucket": "packages", "S3Key": key});
        if number % 10 == 8 {
            code["S3ObjectStorageMode"] = "REFERENCE".into();
        }
        extend(&mut function, json!({"Runtime": "python3.14", "Handler": "index.handler", "Code": code}));
    }
    let vpc = json!({"SubnetIds": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-a"]});
    let everywhere = [
        json!({"Description": format!("Takes orders, number {number}"), "Timeout": 30 + number, "MemorySize": 256}),
        json!({"Environment": {"Variables": {"TABLE": "orders", "API_KEY": format!("hush-{number}"), "EMPTY": ""}}}),
        json!({"Environment": {"Variables": {"LEVEL": "debug"}}, "KMSKeyArn": KMS}),
        json!({"Tags": {"team": "orders", "cost:center": number.to_string()}}),
        json!({"TracingConfig": {"Mode": "Active"}, "EphemeralStorage": {"Size": 1024}}),
        json!({"VpcConfig": vpc}),
        json!({"DeadLetterConfig": {"TargetArn": format!("{SQS}:dead")}}),
        json!({"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "/orders/shared"}}),
        json!({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}}),
        json!({"Architectures": ["arm64"]}),
        json!({"DurableConfig": {"ExecutionTimeout": 3600, "RetentionPeriodInDays": 7}}),
    ];
    let layer =
        |name: &str, version: u32| format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}:{version}");
    let foreign = "arn:aws:lambda:eu-west-1:444455556666:layer:theirs:7";
    let of_zips = [
        json!({"Layers": [layer("shared", 1), layer("Tools_V2", 1)]}),
        json!({"Layers": [foreign, layer("Tools_V2", 2)]}),
        json!({"SnapStart": {"ApplyOn": "PublishedVersions"}}),
        json!({"VpcConfig": vpc, "FileSystemConfigs": [{"Arn": EFS, "LocalMountPath": "/mnt/orders"}]}),
    ];
    let of_images = [json!({"ImageConfig": {"Command": ["serve", "--fast"], "WorkingDirectory": "/srv"}})];
    let of_package: &[Value] = if image { &of_images } else { &of_zips };
    for (feature, members) in everywhere.iter().chain(of_package).enumerate() {
        if has(number, feature, 3) {
            extend(&mut function, members.clone());
        }
    }
    if number % 20 == 3 {
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:capacity-provider:compute");
        let managed = json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn}});
        extend(&mut function, json!({"CapacityProviderConfig": managed, "MemorySize": 2048}));
    }
    // What AWS doesn't let stand beside each other.
    if function.get("DurableConfig").is_some() || function.get("FileSystemConfigs").is_some() {
        function.as_object_mut().map(|members| members.remove("SnapStart"));
    }
    if function.get("SnapStart").is_some() {
        function.as_object_mut().map(|members| members.remove("EphemeralStorage"));
    }
    if number % 25 == 24 {
        extend(&mut function, json!({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}));
        function.as_object_mut().map(|members| members.remove("SnapStart"));
    }
    function
}

/// What functions and aliases both have.
async fn sections(aws: &AccountControl, name: &str, alias: Option<&str>, number: usize) {
    let number = if alias.is_some() { number + 1 } else { number };
    if has(number, 5, 4) {
        let cors =
            json!({"AllowOrigins": ["https://shop.example"], "AllowHeaders": ["X-Order"], "MaxAge": 60});
        let auth = if number.is_multiple_of(2) { "NONE" } else { "AWS_IAM" };
        let url = json!({"AuthType": auth, "InvokeMode": "RESPONSE_STREAM", "Cors": cors});
        aws.set_section(name, alias, Section::Url, Some(url)).await;
        if auth == "NONE" {
            let public = json!({"StatementId": "FunctionURLAllowPublicAccess", "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"});
            aws.put_permission(name, alias, public).await;
            // URLs of before October 2025 lack the second one.
            if number.is_multiple_of(4) {
                let invoke = json!({"StatementId": "FunctionURLAllowInvokeAction", "Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": true});
                aws.put_permission(name, alias, invoke).await;
            }
        }
    }
    if has(number, 6, 3) {
        let bucket = json!({"StatementId": "from-s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::orders", "SourceAccount": ACCOUNT});
        let account =
            json!({"StatementId": "partner", "Action": "lambda:InvokeFunction", "Principal": "444455556666"});
        for permission in [bucket, account] {
            aws.put_permission(name, alias, permission).await;
        }
    }
    if has(number, 7, 4) {
        let destination = json!({"OnFailure": {"Destination": format!("{SQS}:failed")}});
        let settings = json!({"MaximumRetryAttempts": number % 3, "MaximumEventAgeInSeconds": 3600, "DestinationConfig": destination});
        aws.set_section(name, alias, Section::EventInvoke, Some(settings)).await;
    }
}

/// Two versions and two aliases for some. Whether there is `live`.
async fn aliases(aws: &AccountControl, name: &str, number: usize) -> bool {
    if !has(number, 8, 3) {
        return false;
    }
    aws.publish_version(name, Some("first")).await;
    aws.edit_function(name, json!({"Description": "the second"})).await;
    aws.publish_version(name, Some("second")).await;
    let weights = json!({"AdditionalVersionWeights": {"1": 0.1}});
    aws.put_alias(name, json!({"Name": "live", "FunctionVersion": "2", "RoutingConfig": weights})).await;
    aws.put_alias(name, json!({"Name": "Stable_1", "FunctionVersion": "1", "Description": "what is known"}))
        .await;
    if has(number, 9, 2) {
        aws.provision(name, "Stable_1", Some("READY")).await;
    }
    sections(aws, name, Some("live"), number).await;
    true
}

/// What a mapping is but for its function: each kind of source, with most of what it takes.
fn sources(number: usize) -> [Value; 7] {
    let arn = |rest: &str| format!("arn:aws:{rest}-{number}");
    let secret = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:broker-a1b2c3");
    [
        json!({"EventSourceArn": arn("sqs:eu-west-1:111122223333:queue"), "BatchSize": 50, "MaximumBatchingWindowInSeconds": 5,
            "ScalingConfig": {"MaximumConcurrency": 10}, "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": {"Filters": [{"Pattern": r#"{"body": {"kind": ["order"]}}"#}]}, "Tags": {"team": "orders"}}),
        json!({"EventSourceArn": arn("sqs:eu-west-1:111122223333:secret"), "KMSKeyArn": KMS, "Enabled": false,
            "FilterCriteria": {"Filters": [{"Pattern": r#"{"body": {"kind": ["secret"]}}"#}]}}),
        json!({"EventSourceArn": arn("kinesis:eu-west-1:111122223333:stream/clicks"), "StartingPosition": "LATEST",
            "ParallelizationFactor": 2, "TumblingWindowInSeconds": 30, "BisectBatchOnFunctionError": true,
            "MaximumRecordAgeInSeconds": 3600, "MaximumRetryAttempts": 5,
            "DestinationConfig": {"OnFailure": {"Destination": format!("{SQS}:failed")}}}),
        json!({"EventSourceArn": format!("arn:aws:dynamodb:eu-west-1:111122223333:table/stock-{number}/stream/2026-01-15T09:30:00.000"),
            "StartingPosition": "TRIM_HORIZON"}),
        json!({"EventSourceArn": format!("arn:aws:kafka:eu-west-1:111122223333:cluster/events/0a1b2c3d-0000-4000-8000-00000000abcd-{}", number % 10),
            "StartingPosition": "LATEST", "Topics": [format!("orders-{number}")],
            "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": format!("group-{number}")}}),
        json!({"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b.example:9092", "a.example:9092"]}},
            "StartingPosition": "TRIM_HORIZON", "Topics": [format!("orders-{number}")],
            "SourceAccessConfigurations": [{"Type": "SASL_SCRAM_512_AUTH", "URI": secret}]}),
        json!({"EventSourceArn": arn("mq:eu-west-1:111122223333:broker:mail:b-0a1b"), "Queues": ["orders"],
            "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": secret}, {"Type": "VIRTUAL_HOST", "URI": "/"}]}),
    ]
}

/// Mappings to the function, to its alias and to a version. How many.
async fn mappings(aws: &AccountControl, name: &str, live: bool, (number, before): (usize, usize)) -> usize {
    if !has(number, 10, 3) {
        return 0;
    }
    let targets =
        if live { vec![format!("{name}:live"), format!("{name}:1")] } else { vec![name.to_owned()] };
    let mut made = 0;
    for (at, target) in targets.into_iter().enumerate() {
        let mut mapping = sources(number)[(before + at) % 7].clone();
        mapping["FunctionName"] = target.into();
        aws.put_mapping(mapping).await;
        made += 1;
    }
    made
}
