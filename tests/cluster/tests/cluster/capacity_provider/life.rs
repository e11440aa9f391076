//! Create, change, drift, delete, and exactly which calls each takes.

use std::time::Duration;

use cluster_tests::{World, object_condition};
use lambda_sim::SettleDelay;
use serde_json::{Value, json};
use test_support::eventually;

use super::{KIND, LOOK, in_aws, provider};

fn look_and(write: &'static str) -> Vec<&'static str> {
    [&LOOK[..], &[write], &LOOK[..]].concat()
}

#[tokio::test]
async fn a_creation_is_one_write_and_an_unchanged_spec_none() {
    let world = World::start("lcp").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"tags": {"team": "a"}}))).await;
    let object = providers.ready("compute").await;
    assert_eq!(world.calls().await, [&["CreateCapacityProvider"][..], &LOOK].concat());
    let status = &object["status"];
    assert_eq!(status["arn"], "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute");
    assert_eq!((&status["state"], &status["origin"]), (&json!("Active"), &json!("Created")));
    let live = in_aws(&world).await;
    assert_eq!(live["VpcConfig"]["SubnetIds"], json!(["subnet-a", "subnet-b"]));
    assert_eq!(live["InstanceRequirements"], json!({"Architectures": ["x86_64"]}));
    assert_eq!(live["Tags"]["team"], "a");
    world.aws().clear_ledger().await;
    // The defaults, said aloud.
    let same = json!({
        "tags": {"team": "a"}, "kmsKeyArn": "", "instanceRequirements": {"architectures": ["x86_64"]},
        "capacityProviderScalingConfig": {"maxVCpuCount": 400, "scalingMode": "Auto"},
        "propagateTags": {"mode": "None"}, "telemetryConfig": {"loggingConfig": {"systemLogLevel": "INFO"}},
    });
    providers.apply("compute", provider(same)).await;
    providers.ready("compute").await;
    assert_eq!(world.calls().await, LOOK);
}

/// A spec, and what it makes of a member in AWS.
type Row = (Value, &'static str, Value);

fn rows() -> [Row; 6] {
    let (cpu, gpu) =
        ("LambdaCapacityProviderAverageCPUUtilization", "LambdaCapacityProviderAverageGPUUtilization");
    let policy = |metric: &str, name: &str, target: f64| json!({name: metric, "targetValue": target});
    let spec = |metric, target| policy(metric, "predefinedMetricType", target);
    let sent = |metric: &str, target: f64| json!({"PredefinedMetricType": metric, "TargetValue": target});
    [
        (
            json!({"capacityProviderScalingConfig": {"maxVCpuCount": 64}}),
            "CapacityProviderScalingConfig",
            json!({"MaxVCpuCount": 64, "ScalingMode": "Auto"}),
        ),
        (
            json!({"capacityProviderScalingConfig": {"scalingMode": "Manual", "scalingPolicies": [spec(gpu, 50.0), spec(cpu, 70.5)]}}),
            "CapacityProviderScalingConfig",
            json!({"MaxVCpuCount": 400, "ScalingMode": "Manual", "ScalingPolicies": [sent(cpu, 70.5), sent(gpu, 50.0)]}),
        ),
        (
            json!({"propagateTags": {"mode": "Explicit", "explicitTags": {"bill": "shop"}}}),
            "PropagateTags",
            json!({"Mode": "Explicit", "ExplicitTags": {"bill": "shop"}}),
        ),
        (
            json!({"propagateTags": {"mode": "Explicit", "explicitTags": {"bill": "other"}}}),
            "PropagateTags",
            json!({"Mode": "Explicit", "ExplicitTags": {"bill": "other"}}),
        ),
        (
            json!({"telemetryConfig": {"loggingConfig": {"systemLogLevel": "DEBUG"}}}),
            "TelemetryConfig",
            json!({"LoggingConfig": {"SystemLogLevel": "DEBUG", "LogGroup": "/aws/lambda/capacity-provider/compute"}}),
        ),
        (
            json!({"telemetryConfig": {"loggingConfig": {"logGroup": "mine"}}}),
            "TelemetryConfig",
            json!({"LoggingConfig": {"SystemLogLevel": "INFO", "LogGroup": "mine"}}),
        ),
    ]
}

#[tokio::test]
async fn each_part_is_changed_by_one_write_of_its_own_and_goes_back_to_the_default() {
    let world = World::start("lcp-parts").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    providers.ready("compute").await;
    let mut default = in_aws(&world).await;
    for (spec, member, value) in rows() {
        for (spec, wanted) in [(spec, value), (json!({}), default[member].take())] {
            world.aws().clear_ledger().await;
            providers.apply("compute", provider(spec.clone())).await;
            providers.ready("compute").await;
            assert_eq!(in_aws(&world).await[member], wanted, "{spec}");
            let ledger = world.ledger().await;
            let calls: Vec<_> = ledger.iter().map(|call| call.operation.as_str()).collect();
            assert_eq!(calls, look_and("UpdateCapacityProvider"), "{spec}");
            let sent = ledger.iter().find(|call| call.is_write()).unwrap();
            let members: Vec<_> = sent.request.as_object().unwrap().keys().collect();
            assert_eq!(members, [member], "nothing else is sent for {spec}");
            default[member] = wanted;
        }
    }
}

#[tokio::test]
async fn tags_are_set_and_removed_and_those_of_others_stay() {
    let world = World::start("lcp-tags").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"tags": {"team": "a"}}))).await;
    providers.ready("compute").await;
    let mut tags = in_aws(&world).await["Tags"].clone();
    tags["somebody"] = json!("x");
    world.aws().edit_capacity_provider("compute", json!({"Tags": tags})).await;
    for (wanted, write) in [(json!({"tags": {"team": "b"}}), "TagResource"), (json!({}), "UntagResource")] {
        world.aws().clear_ledger().await;
        providers.apply("compute", provider(wanted)).await;
        providers.ready("compute").await;
        assert_eq!(world.written().await, [write]);
    }
    let tags = in_aws(&world).await["Tags"].clone();
    assert!(tags.get("team").is_none() && tags["somebody"] == "x", "{tags}");
}

#[tokio::test]
async fn each_state_is_told_and_ready_is_only_what_aws_has_finished() {
    let world = World::start("lcp-states").await;
    let hold = SettleDelay::Hold;
    world
        .aws()
        .configure(|aws| (aws.create_settle, aws.update_settle, aws.delete_settle) = (hold, hold, Some(hold)))
        .await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    let object = providers.reason("compute", "Creating").await;
    assert_eq!(object_condition(&object, "Ready")["status"], "Unknown");
    // Another change waits until the first one is done.
    let scaling = json!({"capacityProviderScalingConfig": {"maxVCpuCount": 64}});
    providers.apply("compute", provider(scaling.clone())).await;
    providers
        .until("compute", "was seen in the making", |object| {
            object["status"]["observedGeneration"] == 2 && object["status"]["state"] == "Pending"
        })
        .await;
    assert_eq!(world.written().await, ["CreateCapacityProvider"]);
    world.aws().settle().await;
    let object = providers.reason("compute", "Updating").await;
    assert_eq!(object_condition(&object, "Ready")["status"], "Unknown");
    world.aws().settle().await;
    let object = providers.ready("compute").await;
    assert_eq!(object["status"]["state"], "Active");
    assert_eq!(world.written().await, ["CreateCapacityProvider", "UpdateCapacityProvider"]);
    world.aws().clear_ledger().await;
    providers.delete("compute").await;
    providers.reason("compute", "Deleting").await;
    eventually(Duration::from_mins(1), "the deletion is polled", || async {
        let calls = world.calls().await;
        let (asked, polls) = calls.split_at(calls.len().min(4));
        let (wanted, poll) = ([&LOOK[..], &["DeleteCapacityProvider"]].concat(), "GetCapacityProvider");
        if asked == wanted && polls.len() > 1 && polls.iter().all(|call| call == poll) {
            Ok(())
        } else {
            Err(calls)
        }
    })
    .await;
    world.aws().settle().await;
    providers.gone("compute").await;
    assert_eq!(world.written().await, ["DeleteCapacityProvider"]);
    assert_eq!(world.aws().capacity_providers().await, Vec::<String>::new());
}

#[tokio::test]
async fn drift_of_each_part_is_found_by_the_rotation_and_mended() {
    let world = World::builder("lcp-drift").watchful().start().await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"tags": {"team": "a"}}))).await;
    providers.ready("compute").await;
    let ours = in_aws(&world).await;
    let group = "/aws/lambda/capacity-provider/compute";
    for (edit, write) in [
        (json!({"CapacityProviderScalingConfig": {"MaxVCpuCount": 8}}), "UpdateCapacityProvider"),
        (
            json!({"PropagateTags": {"Mode": "Explicit", "ExplicitTags": {"x": "y"}}}),
            "UpdateCapacityProvider",
        ),
        (
            json!({"TelemetryConfig": {"LoggingConfig": {"SystemLogLevel": "WARN", "LogGroup": group}}}),
            "UpdateCapacityProvider",
        ),
        (
            json!({"Tags": {"lambda-operator.io/owner": ours["Tags"]["lambda-operator.io/owner"], "lambda-operator.io/object": ours["Tags"]["lambda-operator.io/object"], "team": "b"}}),
            "TagResource",
        ),
    ] {
        world.aws().clear_ledger().await;
        world.aws().edit_capacity_provider("compute", edit.clone()).await;
        eventually(Duration::from_mins(1), "it is as it was", || async {
            let mut live = in_aws(&world).await;
            live["LastModified"] = ours["LastModified"].clone();
            if live == ours { Ok(()) } else { Err(live) }
        })
        .await;
        assert_eq!(world.written().await, [write], "{edit}");
    }
    eventually(Duration::from_mins(1), "an Event says so", || async {
        let events = world.events("compute").await;
        if events.iter().any(|(_, reason, _)| reason == "DriftDetected") { Ok(()) } else { Err(events) }
    })
    .await;
}

#[tokio::test]
async fn what_is_ignored_is_neither_compared_nor_sent() {
    let world = World::builder("lcp-ignored").watchful().start().await;
    let providers = world.objects(KIND);
    let ignore = json!({"ignoreDrift": ["capacityProviderScalingConfig"]});
    providers.apply("compute", provider(ignore.clone())).await;
    providers.ready("compute").await;
    world
        .aws()
        .edit_capacity_provider("compute", json!({"CapacityProviderScalingConfig": {"MaxVCpuCount": 8}}))
        .await;
    let mut spec = ignore;
    spec["telemetryConfig"] = json!({"loggingConfig": {"systemLogLevel": "DEBUG"}});
    providers.apply("compute", provider(spec)).await;
    providers.ready("compute").await;
    let live = in_aws(&world).await;
    assert_eq!(live["CapacityProviderScalingConfig"]["MaxVCpuCount"], 8);
    assert_eq!(live["TelemetryConfig"]["LoggingConfig"]["SystemLogLevel"], "DEBUG");
}

#[tokio::test]
async fn one_that_vanished_is_made_anew() {
    let world = World::builder("lcp-vanished").watchful().start().await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    providers.ready("compute").await;
    world.aws().clear_ledger().await;
    world.aws().remove_capacity_provider("compute").await;
    eventually(Duration::from_mins(1), "it is there again", || async {
        let live = in_aws(&world).await;
        if live["State"] == "Active" { Ok(()) } else { Err(live) }
    })
    .await;
    assert_eq!(world.written().await, ["CreateCapacityProvider"]);
    providers.ready("compute").await;
}

#[tokio::test]
async fn writes_keep_to_a_quota_of_their_own_and_hold_up_nobody_else() {
    let world = World::builder("lcp-quota").settings(|settings| settings.aws.quotas = true).start().await;
    world.aws().configure(|aws| aws.quotas = true).await;
    let providers = world.objects(KIND);
    let names = ["one", "two", "three"];
    for name in names {
        providers.apply(name, provider(json!({}))).await;
    }
    world.apply("hello", cluster_tests::function(json!({}))).await;
    for name in names {
        providers.ready(name).await;
    }
    world.ready("hello").await;
    let ledger = world.ledger().await;
    assert!(ledger.iter().all(|call| call.status < 400), "nothing is throttled: {ledger:?}");
    let at = |operation: &str| {
        ledger.iter().filter(|call| call.operation == operation).map(|call| call.at_ms).max()
    };
    assert!(at("CreateFunction") < at("CreateCapacityProvider"), "the function didn't wait: {ledger:?}");
}
