//! What can't be changed, and when it can; limits and rules of the schema. All by dry runs against the real API server.

use cluster_tests::World;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{KIND, provider};

fn said<T>(answer: kube::Result<T>) -> Result<T, String> {
    answer.map_err(|error| match error {
        kube::Error::Api(status) => status.message,
        other => other.to_string(),
    })
}

/// What the API server says to a change of the spec.
async fn changed(world: &World, name: &str, spec: &Value) -> Result<DynamicObject, String> {
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    said(world.objects(KIND).api().patch(name, &params, &Patch::Merge(json!({"spec": spec}))).await)
}

/// What the API server says to a new object.
async fn created(world: &World, name: &str, spec: Value) -> Result<DynamicObject, String> {
    let object = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": KIND, "metadata": {"name": name}, "spec": spec,
    });
    let params = PostParams { dry_run: true, ..PostParams::default() };
    said(world.objects(KIND).api().create(&params, &serde_json::from_value(object).unwrap()).await)
}

fn has(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "no {word:?} in: {message}");
    }
}

/// Changes of what AWS fixes, and the words of their refusals.
fn changes() -> Vec<(Value, &'static [&'static str])> {
    let requirements = |field: &str, value: Value| json!({"instanceRequirements": {field: value}});
    vec![
        (
            json!({"vpcConfig": {"subnetIds": ["subnet-c"]}}),
            &["spec.vpcConfig.subnetIds", "from [subnet-a, subnet-b] to [subnet-c]"],
        ),
        (
            json!({"vpcConfig": {"securityGroupIds": []}}),
            &["spec.vpcConfig.securityGroupIds", "from [sg-a] to []"],
        ),
        (
            json!({"permissionsConfig": {"capacityProviderOperatorRoleArn": "arn:aws:iam::111122223333:role/other"}}),
            &["capacityProviderOperatorRoleArn", "role/capacity", "role/other"],
        ),
        (json!({"kmsKeyArn": "arn:aws:kms:eu-west-1:1:key/a"}), &["spec.kmsKeyArn", "key/a"]),
        (requirements("architectures", json!(["arm64"])), &["spec.instanceRequirements.architectures"]),
        (
            requirements("allowedInstanceTypes", json!(["m8g.*"])),
            &["instanceRequirements.allowedInstanceTypes"],
        ),
        (
            requirements("excludedInstanceTypes", json!(["m8g.*"])),
            &["instanceRequirements.excludedInstanceTypes"],
        ),
    ]
}

#[tokio::test]
async fn what_aws_fixes_can_be_changed_until_it_is_there_and_not_afterwards() {
    let world = World::start("lcp-fixed").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"suspend": true}))).await;
    for (change, _) in changes() {
        changed(&world, "compute", &change).await.unwrap_or_else(|text| panic!("{change}: {text}"));
    }
    providers.apply("compute", provider(json!({}))).await;
    providers.ready("compute").await;
    for (change, words) in changes() {
        let text = changed(&world, "compute", &change).await.unwrap_err();
        has(&text, words);
        has(
            &text,
            &["can't be changed", "create a new CapacityProvider with another name", "delete this one"],
        );
    }
    for same in [
        json!({"kmsKeyArn": ""}),
        json!({"instanceRequirements": {"architectures": ["x86_64"], "allowedInstanceTypes": []}}),
        json!({"vpcConfig": {"subnetIds": ["subnet-b", "subnet-a"]}}),
        json!({"capacityProviderScalingConfig": {"maxVCpuCount": 8}}),
    ] {
        changed(&world, "compute", &same).await.unwrap_or_else(|text| panic!("{same}: {text}"));
    }
}

#[tokio::test]
async fn what_was_set_can_not_be_removed() {
    let world = World::start("lcp-removed").await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/a";
    let requirements = json!({"architectures": ["arm64"], "allowedInstanceTypes": ["m8g.*"]});
    let spec = json!({"kmsKeyArn": key, "instanceRequirements": requirements});
    world.objects(KIND).apply("compute", provider(spec)).await;
    world.objects(KIND).ready("compute").await;
    for (change, words) in [
        (json!({"kmsKeyArn": null}), &["spec.kmsKeyArn", "key/a"][..]),
        (json!({"instanceRequirements": {"architectures": null}}), &["architectures"]),
        (json!({"instanceRequirements": null}), &["architectures", "allowedInstanceTypes"]),
    ] {
        has(&changed(&world, "compute", &change).await.unwrap_err(), words);
    }
}

#[tokio::test]
async fn the_name_stays_and_has_to_fit() {
    let world = World::builder("lcp-name").without_operator().start().await;
    world.objects(KIND).apply("compute", provider(json!({}))).await;
    let text = changed(&world, "compute", &json!({"capacityProviderName": "other"})).await.unwrap_err();
    has(&text, &["spec.capacityProviderName", "from compute", "to other", "create a new CapacityProvider"]);
    changed(&world, "compute", &json!({"capacityProviderName": "compute"})).await.unwrap();
    let text = created(&world, "a.b", provider(json!({}))).await.unwrap_err();
    has(&text, &["metadata.name a.b", "set spec.capacityProviderName"]);
    created(&world, "a.b", provider(json!({"capacityProviderName": "a_B"}))).await.unwrap();
}

#[tokio::test]
async fn each_limit_and_rule_says_what_is_wrong() {
    let world = World::builder("lcp-rules").without_operator().start().await;
    let scaling = |config: Value| json!({"capacityProviderScalingConfig": config});
    let policy = |target: i32| json!({"predefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization", "targetValue": target});
    let vpc = |subnets: Value, groups: Value| json!({"vpcConfig": {"subnetIds": subnets, "securityGroupIds": groups}});
    let many: Vec<String> = (0..41).map(|number| format!("k{number}")).collect();
    let tags: Value =
        many.iter().map(|key| (key.clone(), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let manual = json!({"scalingMode": "Manual", "scalingPolicies": [policy(70)], "maxVCpuCount": 15_000});
    let rows: &[(Value, &[&str])] = &[
        (scaling(manual), &[]),
        (vpc(json!(["subnet-a"]), json!([])), &[]),
        (vpc(json!([]), json!([])), &["spec.vpcConfig.subnetIds", "at least 1"]),
        (vpc(json!(["net"]), json!([])), &["spec.vpcConfig.subnetIds[0]", "net"]),
        (vpc(json!(["subnet-a", "subnet-a"]), json!([])), &["Duplicate value"]),
        (vpc(json!(["subnet-a"]), json!(["a"])), &["spec.vpcConfig.securityGroupIds[0]"]),
        (json!({"vpcConfig": {"subnetIds": ["subnet-a"]}}), &["securityGroupIds", "Required"]),
        (json!({"permissionsConfig": {"capacityProviderOperatorRoleArn": "role"}}), &["RoleArn", "20"]),
        (scaling(json!({"maxVCpuCount": 1})), &["maxVCpuCount", "greater than or equal to 2"]),
        (scaling(json!({"maxVCpuCount": 15_001})), &["maxVCpuCount", "less than or equal to 15000"]),
        (scaling(json!({"scalingMode": "Manual"})), &["scalingPolicies", "belong together", "set both"]),
        (scaling(json!({"scalingPolicies": [policy(70)]})), &["scalingPolicies", "belong together"]),
        (
            scaling(json!({"scalingMode": "Manual", "scalingPolicies": [policy(101)]})),
            &["targetValue", "100"],
        ),
        (
            scaling(json!({"scalingMode": "Manual", "scalingPolicies": [policy(1), policy(2)]})),
            &["scalingPolicies[1]", "Duplicate"],
        ),
        (
            json!({"instanceRequirements": {"allowedInstanceTypes": ["a"], "excludedInstanceTypes": ["b"]}}),
            &["exclude each other", "remove one"],
        ),
        (json!({"instanceRequirements": {"architectures": ["mips"]}}), &["architectures[0]", "mips"]),
        (json!({"propagateTags": {"explicitTags": {"a": "b"}}}), &["explicitTags", "mode Explicit"]),
        (json!({"propagateTags": {"mode": "Explicit", "explicitTags": tags}}), &["explicitTags", "40"]),
        (json!({"propagateTags": {"mode": "Explicit", "explicitTags": {"a!": "b"}}}), &["rename the tag"]),
        (json!({"telemetryConfig": {"loggingConfig": {"logGroup": "a b"}}}), &["logGroup", "a b"]),
        (json!({"telemetryConfig": {"loggingConfig": {"systemLogLevel": "TRACE"}}}), &["TRACE", "DEBUG"]),
        (json!({"kmsKeyArn": "key"}), &["spec.kmsKeyArn", "key"]),
    ];
    for (change, words) in rows {
        match created(&world, "compute", provider(change.clone())).await {
            Ok(_) => assert!(words.is_empty(), "{change} was taken"),
            Err(text) => {
                assert!(!words.is_empty(), "{change}: {text}");
                has(&text, words);
            }
        }
    }
}
