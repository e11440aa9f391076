//! Each limit and rule of the schema against the real API server, by dry runs: an example that passes and one that
//! doesn't, whose message names the field, the value and what to do.

use cluster_tests::{World, function};
use kube::api::{Api, DynamicObject, PostParams};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};

/// What the API server says to the creation of an object; `Ok` is the object as it would be stored.
async fn created(world: &World, name: &str, spec: &Value) -> Result<DynamicObject, String> {
    let object = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction", "metadata": {"name": name}, "spec": spec,
    });
    let resource = kube::api::ApiResource::erase::<LambdaFunction>(&());
    let api: Api<DynamicObject> =
        Api::namespaced_with(world.namespace.client(), world.namespace.name(), &resource);
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let object = serde_json::from_value(object).unwrap();
    api.create(&params, &object).await.map_err(|error| match error {
        kube::Error::Api(status) => status.message,
        other => other.to_string(),
    })
}

/// Checks examples: what a spec is changed by, and the words of the refusal; none when it is to be taken.
async fn check(name: &str, examples: &[(Value, &[&str])]) {
    let world = World::builder(name).without_operator().start().await;
    for (change, words) in examples {
        match (created(&world, "hello", &function(change.clone())).await, words) {
            (Ok(_), []) => {}
            (Ok(_), _) => panic!("{change} was taken"),
            (Err(message), []) => panic!("{change} was refused: {message}"),
            (Err(message), words) => {
                for word in *words {
                    assert!(message.contains(word), "no {word:?} for {change} in: {message}");
                }
            }
        }
    }
}

fn image(extra: Value) -> Value {
    let mut spec = json!({"runtime": null, "handler": null, "code": {"image": {"uri": "r/i:1"}}});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

fn s3(bucket: &str) -> Value {
    json!({"code": {"s3": {"bucket": bucket, "key": "k"}}})
}

fn files(files: Value) -> Value {
    json!({"code": {"inline": {"files": files}}})
}

#[tokio::test]
async fn numbers_and_choices() {
    check(
        "rules-numbers",
        &[
            (json!({"memorySize": 128, "timeout": 900, "ephemeralStorage": {"size": 10240}}), &[]),
            (json!({"memorySize": 64}), &["spec.memorySize", "64", "greater than or equal to 128"]),
            (json!({"memorySize": 40000}), &["spec.memorySize", "40000", "less than or equal to 32768"]),
            (json!({"timeout": 0}), &["spec.timeout", "0", "greater than or equal to 1"]),
            (json!({"timeout": "3"}), &["spec.timeout", "string", "integer"]),
            (json!({"ephemeralStorage": {"size": 100}}), &["spec.ephemeralStorage.size", "100", "512"]),
            (json!({"ephemeralStorage": {}}), &["spec.ephemeralStorage.size", "Required"]),
            (json!({"reservedConcurrentExecutions": 0}), &[]),
            (json!({"reservedConcurrentExecutions": -1}), &["spec.reservedConcurrentExecutions", "-1", "0"]),
            (json!({"architectures": ["arm64"]}), &[]),
            (json!({"architectures": ["mips"]}), &["spec.architectures[0]", "mips", "x86_64"]),
            (json!({"architectures": ["arm64", "x86_64"]}), &["spec.architectures", "2", "at most 1"]),
            (json!({"architectures": []}), &["spec.architectures", "0", "at least 1"]),
            (json!({"tracingConfig": {"mode": "Active"}}), &[]),
            (json!({"tracingConfig": {"mode": "On"}}), &["spec.tracingConfig.mode", "On", "PassThrough"]),
            (
                json!({"snapStart": {"applyOn": "Always"}}),
                &["snapStart.applyOn", "Always", "PublishedVersions"],
            ),
            (json!({"deletionPolicy": "Keep"}), &["spec.deletionPolicy", "Keep", "Retain"]),
            (json!({"adopt": "Yes"}), &["spec.adopt", "Yes", "Unowned"]),
            (json!({"managementPolicy": "Look"}), &["spec.managementPolicy", "Look", "Observe"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn names_and_arns() {
    let long = "x".repeat(300);
    check(
        "rules-names",
        &[
            (json!({"functionName": "a_B-9", "region": "us-gov-west-1"}), &[]),
            (json!({"functionName": "a.b"}), &["spec.functionName", "a.b", "^[a-zA-Z0-9_-]+$"]),
            (json!({"functionName": "x".repeat(65)}), &["spec.functionName", "64"]),
            (json!({"region": "Europe"}), &["spec.region", "Europe", "should match"]),
            (json!({"role": "lambda"}), &["spec.role", "lambda", "20"]),
            (
                json!({"role": "arn:aws:iam::12:role/too-short"}),
                &["spec.role", "arn:aws:iam::12:role", "match"],
            ),
            (json!({"role": null}), &["spec.role", "Required"]),
            (json!({"description": long}), &["spec.description", "256"]),
            (json!({"handler": "a b"}), &["spec.handler", "a b", "should match"]),
            (json!({"kmsKeyArn": ""}), &[]),
            (json!({"kmsKeyArn": "key"}), &["spec.kmsKeyArn", "key", "should match"]),
            (json!({"deadLetterConfig": {"targetArn": ""}}), &[]),
            (json!({"deadLetterConfig": {"targetArn": "q"}}), &["deadLetterConfig.targetArn", "q", "match"]),
            (json!({"layers": [{"arn": "arn:aws:lambda:eu-west-1:111122223333:layer:a:1"}]}), &[]),
            (json!({"layers": [{"arn": "a:1"}]}), &["spec.layers[0].arn", "a:1", "should match"]),
            (json!({"layers": vec![json!({"arn": "a"}); 6]}), &["spec.layers", "6", "at most 5"]),
            (
                json!({"fileSystemConfigs": [{"arn": "a", "localMountPath": "/tmp"}]}),
                &["localMountPath", "/tmp", "/mnt/"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn code_has_exactly_one_source() {
    let both = json!({"s3": {"bucket": "abc", "key": "k"}, "image": {"uri": "r/i:1"}});
    // One that is large and many that aren't: any of the large ones may be named.
    let small = (0..40).map(|number| (format!("b{number}"), json!("x".repeat(2_000))));
    let too_much: serde_json::Map<String, Value> =
        small.chain([("a".to_owned(), json!("x".repeat(70_000)))]).collect();
    let mut keyed_image = image(json!({}));
    keyed_image["code"]["sourceKMSKeyArn"] = json!("arn:aws:kms:k");
    check(
        "rules-code",
        &[
            (s3("abc"), &[]),
            (image(json!({})), &[]),
            (json!({"code": {"external": {}}}), &[]),
            (json!({"code": {}}), &["spec.code", "and has;", "exactly one of", "set one"]),
            (json!({"code": both}), &["spec.code", "has s3 image;", "remove the others"]),
            (s3("a"), &["spec.code.s3.bucket", "at least 3"]),
            (files(json!({})), &["spec.code.inline.files", "at least 1"]),
            (files(json!({"/etc/x": ""})), &["inline.files", "\"/etc/x\"", "must be relative", "rename"]),
            (files(json!({"a/../x": "", "ok": ""})), &["inline.files", "\"a/../x\"", "without ..", "rename"]),
            (files(Value::Object(too_much)), &["inline.files", "\"a\"", "131072", "code.s3"]),
            (json!({"runtime": null}), &["spec.runtime", "zip package", "set it"]),
            (json!({"handler": ""}), &["spec.handler", "zip package", "set it"]),
            (image(json!({"runtime": "python3.14"})), &["spec.runtime", "code.image", "remove"]),
            (image(json!({"imageConfig": {"command": ["a"]}})), &[]),
            (keyed_image, &["spec.code.sourceKMSKeyArn", "arn:aws:kms:k", "code.image"]),
            (
                json!({"imageConfig": {"command": ["a"]}}),
                &["spec.imageConfig", "remove it or use code.image"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn environment_network_logging_and_tags() {
    let selector = json!({"name": "s", "key": "k"});
    let sources = json!({"secretKeyRef": selector, "configMapKeyRef": selector});
    let tags =
        |count: usize| (0..count).map(|n| (format!("k{n}"), json!(""))).collect::<serde_json::Map<_, _>>();
    check(
        "rules-rest",
        &[
            (json!({"env": [{"name": "AB"}, {"name": "AC", "valueFrom": {"secretKeyRef": selector}}]}), &[]),
            (json!({"env": [{"name": "1A"}]}), &["spec.env[0].name", "1A", "should match"]),
            (json!({"env": [{"name": "AB"}, {"name": "AB"}]}), &["spec.env[1]", "AB", "Duplicate"]),
            (
                json!({"env": [{"name": "AB", "value": "", "valueFrom": {"secretKeyRef": selector}}]}),
                &["spec.env[0]", "AB", "remove one"],
            ),
            (
                json!({"env": [{"name": "AB", "valueFrom": sources}]}),
                &["env[0].valueFrom", "AB", "exactly one", "has both", "remove"],
            ),
            (
                json!({"env": [{"name": "AB", "valueFrom": {}}]}),
                &["env[0].valueFrom", "AB", "exactly one", "has none", "set one"],
            ),
            (json!({"envFrom": [{"secretRef": {"name": "s"}, "prefix": "P_"}]}), &[]),
            (json!({"envFrom": [{"prefix": "P_"}]}), &["spec.envFrom[0]", "exactly one", "set one"]),
            (json!({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}), &[]),
            (json!({"vpcConfig": {"subnetIds": [], "securityGroupIds": []}}), &[]),
            (
                json!({"vpcConfig": {"subnetIds": ["subnet-1"]}}),
                &["spec.vpcConfig", "securityGroupIds", "add"],
            ),
            (json!({"vpcConfig": {"subnetIds": ["net"]}}), &["spec.vpcConfig.subnetIds[0]", "net", "match"]),
            (
                json!({"fileSystemConfigs": [{"arn": "fs-1", "localMountPath": "/mnt/a"}]}),
                &["spec.fileSystemConfigs", "fs-1", "set spec.vpcConfig"],
            ),
            (
                json!({"fileSystemConfigs": [{"arn": "fs-1", "localMountPath": "/mnt/a"}],
                    "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}),
                &[],
            ),
            (json!({"loggingConfig": {"logFormat": "JSON", "systemLogLevel": "WARN"}}), &[]),
            (
                json!({"loggingConfig": {"systemLogLevel": "WARN"}}),
                &["spec.loggingConfig", "systemLogLevel WARN", "Text (the default)", "logFormat to JSON"],
            ),
            (
                json!({"loggingConfig": {"logFormat": "XML"}}),
                &["spec.loggingConfig.logFormat", "XML", "JSON"],
            ),
            (json!({"tags": {"team": "a"}}), &[]),
            (json!({"tags": tags(48)}), &[]),
            (json!({"tags": tags(49)}), &["spec.tags", "49", "48"]),
            (json!({"tags": {"aws:x": "", "ok": ""}}), &["spec.tags", "\"aws:x\"", "rename the tag"]),
            (
                json!({"tags": {"lambda-operator.io/owner": ""}}),
                &["spec.tags", "\"lambda-operator.io/owner\"", "rename the tag"],
            ),
            (json!({"tags": {"": "a"}}), &["spec.tags", "\"\"", "1 to 128", "fill in the key"]),
            (json!({"tags": {"Größe: a/b": "1 + 2 = @3_4.5-6"}}), &[]),
            (json!({"tags": {"a?b": "1"}}), &["spec.tags", "\"a?b\"", "letters, digits", "rename the tag"]),
            (json!({"tags": {"a": "b,c"}}), &["spec.tags.a", "b,c", "should match"]),
            (json!({"tags": {"a": "x".repeat(257)}}), &["spec.tags.a", "256"]),
            (json!({"ignoreDrift": ["code", "code"]}), &["spec.ignoreDrift[1]", "code", "Duplicate"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn managed_instances_durable_executions_and_tenants() {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute";
    let by_arn = json!({"capacityProviderArn": arn});
    let both = json!({"capacityProviderArn": arn, "capacityProviderRef": {"name": "compute"}});
    let on = |extra: Value| {
        let mut spec = json!({"capacityProviderConfig": by_arn, "publish": "LatestPublished"});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        spec
    };
    let limits =
        |min: i32, max: i32| json!({"minExecutionEnvironments": min, "maxExecutionEnvironments": max});
    let apart = |extra: Value| {
        let mut spec = json!({"tenancyConfig": {"tenantIsolationMode": "PER_TENANT"}});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        spec
    };
    check(
        "rules-managed",
        &[
            (json!({"capacityProviderConfig": by_arn, "memorySize": 32768}), &[]),
            (json!({"capacityProviderConfig": {"capacityProviderRef": {"name": "compute"}}}), &[]),
            (json!({"capacityProviderConfig": {}}), &["spec.capacityProviderConfig", "exactly one of", "set one"]),
            (json!({"capacityProviderConfig": both}), &["spec.capacityProviderConfig", "remove the others"]),
            (
                json!({"capacityProviderConfig": {"capacityProviderArn": "compute"}}),
                &["capacityProviderConfig.capacityProviderArn", "compute", "should match"],
            ),
            (
                json!({"capacityProviderConfig": {"capacityProviderArn": arn, "executionEnvironmentMemoryGiBPerVCpu": 9}}),
                &["executionEnvironmentMemoryGiBPerVCpu", "9", "less than or equal to 8"],
            ),
            (on(json!({})), &[]),
            (json!({"publish": "LatestPublished"}), &["spec.publish", "LatestPublished", "set spec.capacityProviderConfig"]),
            (on(json!({"versionRetention": {"keep": 1}})), &["spec.versionRetention", "OnChange"]),
            (on(json!({"scaling": limits(0, 0)})), &[]),
            (on(json!({"scaling": limits(2, 1)})), &["spec.scaling.minExecutionEnvironments", "is more than", "lower the one"]),
            (on(json!({"scaling": {"minExecutionEnvironments": 1}})), &["spec.scaling.maxExecutionEnvironments", "Required"]),
            (on(json!({"scaling": limits(0, 15001)})), &["spec.scaling.maxExecutionEnvironments", "15001", "15000"]),
            (
                json!({"capacityProviderConfig": by_arn, "publish": "OnChange", "scaling": limits(0, 1)}),
                &["spec.scaling", "$LATEST.PUBLISHED", "LatestPublished", "remove scaling"],
            ),
            (json!({"durable": {"executionTimeout": 31_622_400, "retentionPeriodInDays": 90, "kmsKeyArn": ""}}), &[]),
            (json!({"durable": {}}), &["spec.durable.executionTimeout", "Required"]),
            (json!({"durable": {"executionTimeout": 0}}), &["spec.durable.executionTimeout", "0", "1"]),
            (
                json!({"durable": {"executionTimeout": 1, "onDelete": "Kill"}}),
                &["spec.durable.onDelete", "Kill", "Stop"],
            ),
            (apart(json!({"snapStart": {"applyOn": "None"}})), &[]),
            (json!({"tenancyConfig": {"tenantIsolationMode": "NONE"}}), &["tenantIsolationMode", "NONE", "PER_TENANT"]),
            (
                apart(json!({"functionUrl": {"authType": "AWS_IAM"}})),
                &["spec.functionUrl", "spec.tenancyConfig", "remove one"],
            ),
            (
                apart(json!({"snapStart": {"applyOn": "PublishedVersions"}})),
                &["spec.snapStart.applyOn", "spec.tenancyConfig", "remove one"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_name_that_lambda_would_not_take_needs_a_function_name() {
    let world = World::builder("rules-default-name").without_operator().start().await;
    let long = "x".repeat(65);
    for name in ["my.function", long.as_str()] {
        let message = created(&world, name, &function(json!({}))).await.unwrap_err();
        for word in [name, "metadata.name", "set spec.functionName"] {
            assert!(message.contains(word), "no {word:?} in: {message}");
        }
        created(&world, name, &function(json!({"functionName": "mine"}))).await.unwrap();
    }
    created(&world, &"x".repeat(64), &function(json!({}))).await.unwrap();
}

#[tokio::test]
async fn null_means_absent_and_empty_means_cleared() {
    let world = World::builder("rules-null").without_operator().start().await;
    let nulls = json!({
        "memorySize": null, "env": null, "tags": null, "vpcConfig": null, "layers": null, "description": null,
        "tracingConfig": {"mode": null}, "functionName": null, "deletionPolicy": null,
    });
    let object = created(&world, "hello", &function(nulls.clone())).await.unwrap();
    let spec = object.data["spec"].as_object().unwrap();
    for name in nulls.as_object().unwrap().keys().filter(|name| *name != "tracingConfig") {
        assert!(!spec.contains_key(name), "{name} is stored as {}", spec[name]);
    }
    assert_eq!(spec["tracingConfig"], json!({}));
    let empty = json!({"env": [], "tags": {}, "layers": [], "description": ""});
    let object = created(&world, "hello", &function(empty.clone())).await.unwrap();
    for (name, value) in empty.as_object().unwrap() {
        assert_eq!(&object.data["spec"][name], value, "{name}");
    }
}
