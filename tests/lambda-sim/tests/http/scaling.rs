//! How many execution environments versions on a capacity provider have.

use lambda_sim::{Section, SettleDelay};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS, function};

const CONFIG: &str = "/2025-11-30/functions/hello/function-scaling-config";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";

/// A function on a capacity provider, with one version and `$LATEST.PUBLISHED`.
async fn managed() -> Bench {
    let bench = Bench::start().await;
    let mut request = function("hello");
    let provider = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:mine";
    request["CapacityProviderConfig"] =
        json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": provider}});
    bench.account.put_function(request).await;
    bench.account.publish_version("hello", None).await;
    publish_latest(&bench).await.ok();
    bench.account.settle().await;
    bench
}

async fn publish_latest(bench: &Bench) -> Answer {
    bench
        .call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(json!({"PublishTo": "LATEST_PUBLISHED"})))
        .await
}

async fn state(bench: &Bench, qualifier: &str) -> Value {
    bench.get(&format!("{FUNCTIONS}/hello?Qualifier={qualifier}")).await.ok()["Configuration"]["State"]
        .clone()
}

async fn put(bench: &Bench, qualifier: &str, body: Value) -> Answer {
    bench.call("PUT", &format!("{CONFIG}?Qualifier={qualifier}"), Some(body)).await
}

async fn get(bench: &Bench, qualifier: &str) -> Value {
    bench.get(&format!("{CONFIG}?Qualifier={qualifier}")).await.ok()
}

#[tokio::test]
async fn limits_are_requested_at_once_and_applied_later() {
    let bench = managed().await;
    let limits = json!({"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 9});
    let defaults = json!({"MinExecutionEnvironments": 3});
    bench.account.configure(|settings| settings.section_settle = Some(SettleDelay::Reads(1))).await;
    for qualifier in ["$LATEST.PUBLISHED", "1"] {
        let arn = format!("{ARN}:{qualifier}");
        let fresh = json!({"FunctionArn": arn, "AppliedFunctionScalingConfig": defaults});
        assert_eq!(get(&bench, qualifier).await, fresh);
        let accepted = put(&bench, qualifier, json!({"FunctionScalingConfig": limits})).await;
        assert_eq!((accepted.status, accepted.body), (202, json!({"FunctionState": "Active"})));
        let requested = get(&bench, qualifier).await;
        assert_eq!(requested["RequestedFunctionScalingConfig"], limits);
        assert_eq!(requested["AppliedFunctionScalingConfig"], defaults);
        assert_eq!(get(&bench, qualifier).await["AppliedFunctionScalingConfig"], limits);
        put(&bench, qualifier, json!({})).await.ok();
        get(&bench, qualifier).await;
        assert_eq!(get(&bench, qualifier).await, fresh, "nothing is the default");
    }
}

#[tokio::test]
async fn what_cannot_be_scaled_is_refused() {
    let bench = managed().await;
    let body = || json!({"FunctionScalingConfig": {"MinExecutionEnvironments": 1}});
    for qualifier in ["$LATEST", "live"] {
        put(&bench, qualifier, body()).await.refused(400, "ValidationException");
    }
    bench.get(CONFIG).await.refused(400, "ValidationException");
    let many = json!({"FunctionScalingConfig": {"MinExecutionEnvironments": 15_001}});
    put(&bench, "1", many).await.refused(400, "ValidationException");
    let text = put(&bench, "7", body()).await.refused(404, "ResourceNotFoundException");
    assert_eq!(text, format!("Function not found: {ARN}:7"));
    bench
        .account
        .edit_version("hello", "1", json!({"State": "Pending", "StateReasonCode": "Creating"}))
        .await;
    let text = put(&bench, "1", body()).await.refused(409, "ResourceConflictException");
    assert!(text.ends_with("state: 'Pending'. StateReasonCode: 'Creating'"), "{text}");
    bench.created("plain").await;
    let plain = CONFIG.replace("hello", "plain");
    let text = bench.get(&format!("{plain}?Qualifier=$LATEST.PUBLISHED")).await;
    text.refused(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn somebody_else_scales() {
    let bench = managed().await;
    let limits = json!({"MinExecutionEnvironments": 0, "MaxExecutionEnvironments": 0});
    bench.account.set_section("hello", Some("1"), Section::Scaling, Some(limits.clone())).await;
    let read = get(&bench, "1").await;
    assert_eq!(read["AppliedFunctionScalingConfig"], limits);
    assert_eq!(bench.account.section("hello", Some("1"), Section::Scaling).await, Some(read));
    bench.account.set_section("hello", Some("1"), Section::Scaling, None).await;
    assert!(get(&bench, "1").await.get("RequestedFunctionScalingConfig").is_none());
}

#[tokio::test]
async fn a_version_without_environments_is_deactivated() {
    let bench = managed().await;
    let limits = |least: u32, most: u32| json!({"FunctionScalingConfig": {"MinExecutionEnvironments": least, "MaxExecutionEnvironments": most}});
    put(&bench, "$LATEST.PUBLISHED", limits(0, 0)).await.ok();
    assert_eq!(state(&bench, "$LATEST.PUBLISHED").await, "Active", "not yet");
    get(&bench, "$LATEST.PUBLISHED").await;
    assert_eq!(state(&bench, "$LATEST.PUBLISHED").await, "Deactivated");
    assert_eq!(state(&bench, "1").await, "Active", "another version");
    put(&bench, "$LATEST.PUBLISHED", limits(1, 2)).await.ok();
    get(&bench, "$LATEST.PUBLISHED").await;
    assert_eq!(state(&bench, "$LATEST.PUBLISHED").await, "Active");
}

#[tokio::test]
async fn what_is_being_published_cannot_be_scaled_yet_and_keeps_its_limits() {
    let bench = managed().await;
    let limits = json!({"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 9});
    put(&bench, "$LATEST.PUBLISHED", json!({"FunctionScalingConfig": limits})).await.ok();
    bench.account.configure(|settings| settings.version_settle = Some(SettleDelay::Hold)).await;
    publish_latest(&bench).await.ok();
    let refused = put(&bench, "$LATEST.PUBLISHED", json!({"FunctionScalingConfig": limits})).await;
    let text = refused.refused(409, "ResourceConflictException");
    assert!(text.ends_with("state: 'Pending'. StateReasonCode: 'Creating'"), "{text}");
    bench.account.settle().await;
    assert_eq!(get(&bench, "$LATEST.PUBLISHED").await["AppliedFunctionScalingConfig"], limits);
}
