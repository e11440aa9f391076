//! Functions on a capacity provider, and their `$LATEST.PUBLISHED`.

use lambda_sim::SettleDelay;
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS, function};

const PROVIDER: &str = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute";

fn managed() -> Value {
    let mut request = function("hello");
    request["CapacityProviderConfig"] =
        json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": PROVIDER}});
    request
}

async fn provided() -> Bench {
    let bench = Bench::start().await;
    let provider = json!({
        "CapacityProviderName": "compute",
        "VpcConfig": {"SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-a"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": "arn:aws:iam::111122223333:role/capacity"},
    });
    bench.account.put_capacity_provider(provider).await;
    bench
}

async fn publish(bench: &Bench, request: Value) -> Answer {
    bench.call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(request)).await
}

async fn published(bench: &Bench) -> Answer {
    bench.get(&format!("{FUNCTIONS}/hello?Qualifier=$LATEST.PUBLISHED")).await
}

#[tokio::test]
async fn latest_can_not_be_invoked_before_something_is_published() {
    let bench = provided().await;
    bench.create(managed()).await.ok();
    let read = bench.function("hello").await["Configuration"].clone();
    assert_eq!(
        (&read["State"], &read["LastUpdateStatus"]),
        (&json!("ActiveNonInvocable"), &json!("Successful"))
    );
    let instances = &read["CapacityProviderConfig"]["LambdaManagedInstancesCapacityProviderConfig"];
    assert_eq!(instances["ExecutionEnvironmentMemoryGiBPerVCpu"], 2.0);
    let invoke = format!("{FUNCTIONS}/hello/invocations");
    bench.call("POST", &invoke, Some(json!({}))).await.refused(400, "NoPublishedVersionException");
    publish(&bench, json!({"PublishTo": "LATEST_PUBLISHED"})).await.ok();
    bench.call("POST", &invoke, Some(json!({}))).await.refused(409, "ResourceConflictException");
    published(&bench).await.ok();
    assert_eq!(bench.call("POST", &invoke, Some(json!({}))).await.status, 200);
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "ActiveNonInvocable");
}

#[tokio::test]
async fn what_is_published_as_the_latest_takes_the_place_of_what_was() {
    let bench = provided().await;
    bench.create(managed()).await.ok();
    bench.function("hello").await;
    published(&bench).await.refused(404, "ResourceNotFoundException");
    let first = publish(&bench, json!({"PublishTo": "LATEST_PUBLISHED"})).await;
    assert_eq!(first.status, 201);
    let first = first.ok();
    assert_eq!((&first["Version"], &first["State"]), (&json!("$LATEST.PUBLISHED"), &json!("Pending")));
    assert!(first["FunctionArn"].as_str().unwrap().ends_with(":function:hello:$LATEST.PUBLISHED"));
    publish(&bench, json!({"PublishTo": "LATEST_PUBLISHED"})).await.refused(409, "ResourceConflictException");
    let read = published(&bench).await.ok()["Configuration"].clone();
    assert_eq!((&read["State"], &read["Timeout"]), (&json!("Active"), &json!(3)));
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    bench.function("hello").await;
    assert_eq!(published(&bench).await.ok()["Configuration"]["Timeout"], 3, "not yet");
    publish(&bench, json!({"PublishTo": "LATEST_PUBLISHED"})).await.ok();
    assert_eq!(published(&bench).await.ok()["Configuration"]["Timeout"], 9);
    let numbered = publish(&bench, json!({})).await.ok();
    assert_eq!((&numbered["Version"], &numbered["State"]), (&json!("1"), &json!("Pending")));
    let users = bench.get("/2025-11-30/capacity-providers/compute/function-versions").await.ok();
    assert_eq!(users["FunctionVersions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn others_have_no_latest_that_is_published() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    publish(&bench, json!({"PublishTo": "LATEST_PUBLISHED"}))
        .await
        .refused(400, "InvalidParameterValueException");
    publish(&bench, json!({"PublishTo": "LATEST"})).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn a_provider_that_is_not_active_runs_no_function() {
    let bench = provided().await;
    bench.account.edit_capacity_provider("compute", json!({"State": "Pending"})).await;
    let text = bench.create(managed()).await.refused(409, "ResourceConflictException");
    assert!(text.contains("cannot be performed at this time") && text.contains(PROVIDER), "{text}");
}

#[tokio::test]
async fn values_can_change_and_the_presence_can_not() {
    let bench = provided().await;
    let mut request = managed();
    request["DurableConfig"] = json!({"ExecutionTimeout": 60});
    bench.create(request).await.ok();
    bench.function("hello").await;
    let other = json!({"CapacityProviderArn": PROVIDER.replace("compute", "other"), "PerExecutionEnvironmentMaxConcurrency": 4});
    let changes = json!({
        "CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": other},
        "DurableConfig": {"RetentionPeriodInDays": 3, "KMSKeyArn": ""},
    });
    bench.update("hello", changes).await.ok();
    let read = bench.function("hello").await["Configuration"].clone();
    let instances = &read["CapacityProviderConfig"]["LambdaManagedInstancesCapacityProviderConfig"];
    assert_eq!(instances["PerExecutionEnvironmentMaxConcurrency"], 4);
    assert_eq!(read["DurableConfig"], json!({"ExecutionTimeout": 60, "RetentionPeriodInDays": 3}));
    let mut without = function("plain");
    without["DurableConfig"] = json!({"RetentionPeriodInDays": 3});
    bench.create(without).await.refused(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_durable_function_goes_when_its_executions_have_ended() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["DurableConfig"] = json!({"ExecutionTimeout": 60});
    bench.account.put_function(request).await;
    bench.account.publish_version("hello", None).await;
    for name in ["one", "two"] {
        bench.account.begin_execution("hello", "1", name, None).await;
    }
    let path = format!("{FUNCTIONS}/hello");
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    for _ in 0..2 {
        let read = bench.function("hello").await["Configuration"].clone();
        assert_eq!(
            (&read["State"], &read["StateReasonCode"]),
            (&json!("Deleting"), &json!("DrainingDurableExecutions"))
        );
    }
    bench.account.settle().await;
    let stop = |name: &str| {
        let arn =
            format!("arn:aws:lambda:eu-west-1:111122223333:function:hello:1/durable-execution/{name}/0");
        format!("/2025-12-01/durable-executions/{}/stop", arn.replace('/', "%2F").replace(':', "%3A"))
    };
    bench.call("POST", &stop("one"), Some(json!({}))).await.ok();
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Deleting");
    bench.account.end_execution("hello", "two", "SUCCEEDED", None, None).await;
    bench.get(&path).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_publication_takes_its_time() {
    let bench = provided().await;
    bench.account.configure(|settings| settings.version_settle = Some(SettleDelay::Reads(2))).await;
    bench.create(managed()).await.ok();
    bench.function("hello").await;
    publish(&bench, json!({"PublishTo": "LATEST_PUBLISHED"})).await.ok();
    for expected in ["Pending", "Pending", "Active"] {
        assert_eq!(published(&bench).await.ok()["Configuration"]["State"], expected);
    }
}
