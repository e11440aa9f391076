//! Capacity providers: their states, what they refuse, and the versions that they run.

use std::time::{Duration, Instant};

use lambda_sim::{Failure, SettleDelay};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, function};

const PROVIDERS: &str = "/2025-11-30/capacity-providers";
const PROVIDER: &str = "/2025-11-30/capacity-providers/compute";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute";

fn provider() -> Value {
    json!({
        "CapacityProviderName": "compute",
        "VpcConfig": {"SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-a"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": "arn:aws:iam::111122223333:role/capacity"},
        "Tags": {"team": "x"},
    })
}

impl Bench {
    async fn create_provider(&self) -> Answer {
        self.call("POST", PROVIDERS, Some(provider())).await
    }

    async fn state(&self) -> Value {
        self.get(PROVIDER).await.ok()["CapacityProvider"]["State"].clone()
    }

    async fn update_provider(&self, changes: Value) -> Answer {
        self.call("PUT", PROVIDER, Some(changes)).await
    }
}

#[tokio::test]
async fn it_is_pending_and_then_active_with_aws_defaults() {
    let bench = Bench::start().await;
    let created = bench.create_provider().await;
    assert_eq!(created.status, 202);
    let mut shown = created.ok()["CapacityProvider"].clone();
    assert_eq!((&shown["State"], &shown["CapacityProviderArn"]), (&json!("Pending"), &json!(ARN)));
    assert_eq!(shown["CapacityProviderScalingConfig"], json!({"MaxVCpuCount": 400, "ScalingMode": "Auto"}));
    assert_eq!(shown["PropagateTags"], json!({"Mode": "None"}));
    let logging = &shown["TelemetryConfig"]["LoggingConfig"];
    assert_eq!(logging["LogGroup"], "/aws/lambda/capacity-provider/compute");
    assert!(shown.get("Tags").is_none());
    shown["State"] = "Active".into();
    assert_eq!(bench.get(PROVIDER).await.ok(), json!({"CapacityProvider": shown}));
    assert_eq!(bench.get(PROVIDERS).await.ok(), json!({"CapacityProviders": [shown]}));
    assert_eq!(bench.get(&format!("{PROVIDERS}?State=Failed")).await.ok(), json!({"CapacityProviders": []}));
    let tags = format!("/2017-03-31/tags/{ARN}");
    assert_eq!(bench.get(&tags).await.ok(), json!({"Tags": {"team": "x"}}));
    bench.call("POST", &tags, Some(json!({"Tags": {"a": "b"}}))).await.ok();
    bench.call("DELETE", &format!("{tags}?tagKeys=team"), None).await.ok();
    assert_eq!(bench.get(&tags).await.ok(), json!({"Tags": {"a": "b"}}));
}

#[tokio::test]
async fn the_name_is_taken_once() {
    let bench = Bench::start().await;
    bench.create_provider().await.ok();
    let text = bench.create_provider().await.refused(409, "ResourceConflictException");
    assert!(text.contains("already exists"), "{text}");
}

#[tokio::test]
async fn an_update_replaces_what_is_sent_and_makes_it_pending_again() {
    let bench = Bench::start().await;
    bench.account.put_capacity_provider(provider()).await;
    bench.account.configure(|settings| settings.update_settle = SettleDelay::Reads(1)).await;
    let policy =
        json!({"PredefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization", "TargetValue": 70.0});
    let scaling = json!({"ScalingMode": "Manual", "ScalingPolicies": [policy]});
    let answer = bench.update_provider(json!({"CapacityProviderScalingConfig": scaling})).await;
    assert_eq!(answer.status, 202);
    assert_eq!(bench.state().await, "Pending");
    let refused = bench.update_provider(json!({})).await.refused(409, "ResourceConflictException");
    assert!(refused.contains("cannot be performed at this time"), "{refused}");
    let shown = bench.get(PROVIDER).await.ok()["CapacityProvider"].clone();
    assert_eq!(shown["State"], "Active");
    assert_eq!(shown["CapacityProviderScalingConfig"]["MaxVCpuCount"], 400, "what isn't sent is the default");
    assert_eq!(shown["CapacityProviderScalingConfig"]["ScalingPolicies"], json!([policy]));
    bench.update_provider(json!({"CapacityProviderScalingConfig": {"MaxVCpuCount": 8}})).await.ok();
    let shown = bench.account.capacity_provider("compute").await.unwrap();
    assert_eq!(shown["CapacityProviderScalingConfig"], json!({"MaxVCpuCount": 8, "ScalingMode": "Auto"}));
}

#[tokio::test]
async fn what_only_a_creation_takes_is_ignored_by_an_update() {
    let bench = Bench::start().await;
    bench.account.put_capacity_provider(provider()).await;
    bench.update_provider(json!({"VpcConfig": {"SubnetIds": ["subnet-z"]}})).await.ok();
    let shown = bench.account.capacity_provider("compute").await.unwrap();
    assert_eq!(shown["VpcConfig"]["SubnetIds"], json!(["subnet-a"]));
}

#[tokio::test]
async fn a_creation_can_fail_and_what_failed_can_only_be_deleted() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.fail_create = Some(Failure::new("Any", "any"))).await;
    bench.create_provider().await.ok();
    assert_eq!(bench.state().await, "Failed");
    bench.update_provider(json!({})).await.refused(409, "ResourceConflictException");
    bench.call("DELETE", PROVIDER, None).await.ok();
    bench.get(PROVIDER).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_deletion_takes_its_time_and_waits_for_the_versions() {
    let bench = Bench::start().await;
    bench.account.put_capacity_provider(provider()).await;
    let mut request = function("hello");
    request["CapacityProviderConfig"] =
        json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": ARN}});
    bench.account.put_function(request).await;
    let versions = format!("{PROVIDER}/function-versions");
    assert_eq!(bench.get(&versions).await.ok()["FunctionVersions"], json!([]), "$LATEST runs nowhere");
    bench.account.publish_version("hello", None).await;
    let listed = bench.get(&versions).await.ok();
    assert_eq!(listed["CapacityProviderArn"], ARN);
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello:1";
    assert_eq!(listed["FunctionVersions"], json!([{"FunctionArn": arn, "State": "Active"}]));
    let text = bench.call("DELETE", PROVIDER, None).await.refused(409, "ResourceConflictException");
    assert!(text.starts_with("To delete this capacity provider, first remove its association"), "{text}");
    bench.account.remove_version("hello", "1").await;
    bench.account.configure(|settings| settings.delete_settle = Some(SettleDelay::Reads(1))).await;
    let deleting = bench.call("DELETE", PROVIDER, None).await;
    assert_eq!(deleting.status, 202);
    assert_eq!(bench.state().await, "Deleting");
    bench.create_provider().await.refused(409, "ResourceConflictException");
    bench.get(PROVIDER).await.refused(404, "ResourceNotFoundException");
    bench.call("DELETE", PROVIDER, None).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn lists_come_in_pages_of_fifty() {
    let bench = Bench::start().await;
    for number in 0..60 {
        let mut one = provider();
        one["CapacityProviderName"] = format!("p{number:02}").into();
        bench.account.put_capacity_provider(one).await;
    }
    let first = bench.get(PROVIDERS).await.ok();
    assert_eq!(first["CapacityProviders"].as_array().unwrap().len(), 50);
    let next = format!("{PROVIDERS}?Marker={}", first["NextMarker"].as_str().unwrap());
    assert_eq!(bench.get(&next).await.ok()["CapacityProviders"].as_array().unwrap().len(), 10);
    bench.get(&format!("{PROVIDERS}?MaxItems=51")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn its_calls_have_quotas_of_their_own() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.quotas = true).await;
    let mut last = Instant::now();
    bench.create_provider().await.ok();
    // One write a second, so that one is admitted only where two calls take longer than that.
    let throttled = loop {
        let sent = Instant::now();
        let answer = bench.update_provider(json!({})).await;
        if answer.status == 429 {
            break answer;
        }
        assert!(last.elapsed() >= Duration::from_secs(1), "{answer:?}");
        last = sent;
    };
    throttled.refused(429, "TooManyRequestsException");
    assert_eq!(bench.state().await, "Active");
    bench.get("/2015-03-31/functions").await.ok();
}

#[tokio::test]
async fn somebody_in_the_console_changes_and_deletes_it() {
    let bench = Bench::start().await;
    bench.account.put_capacity_provider(provider()).await;
    assert_eq!(bench.account.capacity_providers().await, ["compute"]);
    let changes = json!({"PropagateTags": {"Mode": "Explicit"}, "Tags": {}, "State": "Failed"});
    bench.account.edit_capacity_provider("compute", changes).await;
    let shown = bench.account.capacity_provider("compute").await.unwrap();
    assert_eq!((&shown["PropagateTags"]["Mode"], &shown["Tags"]), (&json!("Explicit"), &json!({})));
    assert_eq!(bench.state().await, "Failed");
    assert!(bench.account.remove_capacity_provider("compute").await);
    assert!(bench.account.capacity_provider("compute").await.is_none());
}
