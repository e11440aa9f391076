//! Provisioned concurrency.

use lambda_sim::{Section, SettleDelay};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS, function};

const CONFIG: &str = "/2019-09-30/functions/hello/provisioned-concurrency";
const RESERVED: &str = "/2017-10-31/functions/hello/concurrency";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
const INVALID: &str = "InvalidParameterValueException";

async fn put(bench: &Bench, qualifier: &str, count: u64) -> Answer {
    let body = json!({"ProvisionedConcurrentExecutions": count});
    bench.call("PUT", &format!("{CONFIG}?Qualifier={qualifier}"), Some(body)).await
}

async fn get(bench: &Bench, qualifier: &str) -> Answer {
    bench.get(&format!("{CONFIG}?Qualifier={qualifier}")).await
}

async fn list(bench: &Bench) -> Vec<Value> {
    let listed = bench.get(&format!("{CONFIG}?List=ALL")).await.ok();
    listed["ProvisionedConcurrencyConfigs"].as_array().unwrap().clone()
}

/// Status, requested, allocated and available.
fn numbers(config: &Value) -> (&str, [u64; 3]) {
    let number = |what: &str| config[format!("{what}ProvisionedConcurrentExecutions")].as_u64().unwrap();
    (config["Status"].as_str().unwrap(), ["Requested", "Allocated", "Available"].map(number))
}

#[tokio::test]
async fn an_allocation_takes_its_time() {
    let bench = Bench::aliased(2).await;
    let before = bench.function("hello").await;
    let accepted = put(&bench, "live", 5).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(numbers(&accepted.ok()), ("IN_PROGRESS", [5, 0, 0]));
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("READY", [5, 5, 5]));
    bench.account.configure(|settings| settings.section_settle = Some(SettleDelay::Reads(1))).await;
    assert_eq!(numbers(&put(&bench, "live", 3).await.ok()), ("IN_PROGRESS", [3, 3, 3]));
    bench.function("hello").await;
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("IN_PROGRESS", [3, 3, 3]));
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("READY", [3, 3, 3]));
    bench.account.configure(|settings| settings.section_settle = Some(SettleDelay::Hold)).await;
    put(&bench, "live", 4).await.ok();
    assert_eq!(numbers(&get(&bench, "live").await.ok()).0, "IN_PROGRESS");
    bench.account.settle_function("hello").await;
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("READY", [4, 4, 4]));
    assert_eq!(bench.function("hello").await, before, "the function doesn't change");
}

#[tokio::test]
async fn an_allocation_that_fails_says_why() {
    let bench = Bench::aliased(2).await;
    bench.account.patch(json!({"fail_provisioned": "FUNCTION_ERROR_INIT_FAILURE"})).await;
    put(&bench, "live", 5).await.ok();
    let failed = get(&bench, "live").await.ok();
    assert_eq!(numbers(&failed), ("FAILED", [5, 0, 0]));
    assert_eq!(failed["StatusReason"], "FUNCTION_ERROR_INIT_FAILURE");
    bench.account.patch(json!({"fail_provisioned": null})).await;
    let again = put(&bench, "live", 5).await.ok();
    assert_eq!((numbers(&again).0, again.get("StatusReason")), ("IN_PROGRESS", None));
    assert_eq!(numbers(&get(&bench, "live").await.ok()).0, "READY");
}

#[tokio::test]
async fn one_list_shows_all_and_settles_them() {
    let bench = Bench::aliased(2).await;
    assert!(list(&bench).await.is_empty());
    put(&bench, "live", 5).await.ok();
    put(&bench, "2", 1).await.ok();
    let listed = list(&bench).await;
    assert_eq!(listed[0]["FunctionArn"], format!("{ARN}:2"));
    assert_eq!(
        (numbers(&listed[1]), &listed[1]["FunctionArn"]),
        (("READY", [5; 3]), &json!(format!("{ARN}:live")))
    );
    let first = bench.get(&format!("{CONFIG}?List=ALL&MaxItems=1")).await.ok();
    assert!(first["NextMarker"].is_string());
    bench.get(&format!("{CONFIG}?List=ALL&MaxItems=51")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn it_is_deleted_even_if_there_is_none_and_goes_with_its_alias_or_version() {
    let bench = Bench::aliased(2).await;
    put(&bench, "live", 5).await.ok();
    for _ in 0..2 {
        let path = format!("{CONFIG}?Qualifier=live");
        assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    }
    let gone = "ProvisionedConcurrencyConfigNotFoundException";
    let text = get(&bench, "live").await.refused(404, gone);
    assert_eq!(text, "No Provisioned Concurrency Config found for this function");
    put(&bench, "live", 5).await.ok();
    put(&bench, "2", 5).await.ok();
    bench.call("DELETE", "/2015-03-31/functions/hello/aliases/live", None).await.ok();
    bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=2"), None).await.ok();
    let text = get(&bench, "live").await.refused(404, "ResourceNotFoundException");
    assert_eq!(text, format!("Cannot find alias arn: {ARN}:live"));
    assert!(list(&bench).await.is_empty());
}

#[tokio::test]
async fn what_is_not_published_has_none() {
    let bench = Bench::aliased(2).await;
    let text = put(&bench, "$LATEST", 1).await.refused(400, INVALID);
    assert_eq!(text, "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
    bench.create_alias(json!({"Name": "head", "FunctionVersion": "$LATEST"})).await.ok();
    put(&bench, "head", 1).await.refused(400, INVALID);
    let path = format!("{CONFIG}?Qualifier=$LATEST");
    for answer in [bench.get(&path).await, bench.call("DELETE", &path, None).await] {
        let text = answer.refused(400, INVALID);
        assert_eq!(text, "The function resource provided must be an alias or a published version.");
    }
    bench.get(CONFIG).await.refused(400, "ValidationException");
    let text = put(&bench, "live", 0).await.refused(400, "ValidationException");
    assert!(text.contains("Value '0' at 'provisionedConcurrentExecutions' failed"), "{text}");
    let missing = "ResourceNotFoundException";
    for (qualifier, text) in [
        ("dead", format!("Cannot find alias arn: {ARN}:dead")),
        ("7", format!("Function not found: {ARN}:7")),
    ] {
        let path = format!("{CONFIG}?Qualifier={qualifier}");
        assert_eq!(put(&bench, qualifier, 1).await.refused(404, missing), text);
        assert_eq!(get(&bench, qualifier).await.refused(404, missing), text);
        assert_eq!(bench.call("DELETE", &path, None).await.refused(404, missing), text);
    }
}

#[tokio::test]
async fn an_alias_and_its_version_cannot_both_have_it() {
    let bench = Bench::aliased(2).await;
    put(&bench, "1", 1).await.ok();
    let text = put(&bench, "live", 1).await.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
    );
    bench.call("DELETE", &format!("{CONFIG}?Qualifier=1"), None).await.ok();
    put(&bench, "live", 1).await.ok();
    let text = put(&bench, "1", 1).await.refused(409, "ResourceConflictException");
    assert_eq!(text, "Version is pointed by a Provisioned Concurrency alias");
    put(&bench, "2", 1).await.ok();
    let moved = bench.update_alias("live", json!({"FunctionVersion": "2"})).await;
    moved.refused(409, "ResourceConflictException");
}

#[tokio::test]
async fn weights_have_to_wait_until_provisioned_concurrency_is_ready() {
    let bench = Bench::aliased(2).await;
    bench.account.configure(|settings| settings.section_settle = Some(SettleDelay::Hold)).await;
    let weights = |weights: Value| json!({"RoutingConfig": {"AdditionalVersionWeights": weights}});
    let refusal = "Alias with weights can not be used with Provisioned Concurrency";
    bench.update_alias("live", weights(json!({"2": 0.5}))).await.ok();
    assert_eq!(put(&bench, "live", 1).await.refused(400, INVALID), refusal);
    bench.update_alias("live", weights(json!({}))).await.ok();
    put(&bench, "live", 1).await.ok();
    let text = bench.update_alias("live", weights(json!({"2": 0.5}))).await.refused(400, INVALID);
    assert_eq!(text, refusal);
    bench.update_alias("live", json!({"Description": "x", "RoutingConfig": {}})).await.ok();
    bench.account.settle_function("hello").await;
    bench.update_alias("live", weights(json!({"2": 0.5}))).await.ok();
    assert_eq!(put(&bench, "live", 2).await.refused(400, INVALID), refusal, "a new number needs none again");
}

#[tokio::test]
async fn a_moved_alias_shows_weights_of_aws_itself_until_the_allocation_is_done() {
    let bench = Bench::aliased(2).await;
    bench.account.configure(|settings| settings.section_settle = Some(SettleDelay::Hold)).await;
    put(&bench, "live", 2).await.ok();
    bench.account.settle_function("hello").await;
    let of_one = json!({"AdditionalVersionWeights": {"1": 1.0}});
    let request = json!({"FunctionVersion": "2", "RoutingConfig": {}});
    let moved = bench.update_alias("live", request.clone()).await.ok();
    assert_eq!((&moved["FunctionVersion"], &moved["RoutingConfig"]), (&json!("2"), &of_one));
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("IN_PROGRESS", [2, 0, 0]));
    let text = put(&bench, "live", 3).await.refused(400, INVALID);
    assert_eq!(text, "Alias with weights can not be used with Provisioned Concurrency");
    bench.account.settle_function("hello").await;
    let done = bench.account.alias("hello", "live").await.unwrap();
    assert_eq!((done.get("RoutingConfig"), done["RevisionId"] == moved["RevisionId"]), (None, false));
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("READY", [2, 2, 2]));
    bench.account.patch(json!({"fail_provisioned": "FUNCTION_ERROR_INIT_FAILURE"})).await;
    bench.update_alias("live", json!({"FunctionVersion": "1"})).await.ok();
    bench.account.settle_function("hello").await;
    let stuck = bench.account.alias("hello", "live").await.unwrap();
    assert_eq!(stuck["RoutingConfig"], json!({"AdditionalVersionWeights": {"2": 1.0}}), "the old one serves");
    let back = json!({"FunctionVersion": "2", "RoutingConfig": {}});
    let back = bench.update_alias("live", back).await.ok();
    assert_eq!((&back["FunctionVersion"], back.get("RoutingConfig")), (&json!("2"), None));
    bench.update_alias("live", json!({"FunctionVersion": "1"})).await.ok();
    bench.call("DELETE", &format!("{CONFIG}?Qualifier=live"), None).await.ok();
    let released = bench.account.alias("hello", "live").await.unwrap();
    assert_eq!(released.get("RoutingConfig"), None, "nothing is left to wait for");
    bench.account.provision("hello", "live", Some("READY")).await;
    let latest = bench.update_alias("live", json!({"FunctionVersion": "$LATEST"})).await;
    latest.refused(400, INVALID);
}

#[tokio::test]
async fn it_is_taken_from_the_account_or_from_what_the_function_reserves() {
    let bench = Bench::aliased(2).await;
    let unreserved = async || {
        let settings = bench.get("/2016-08-19/account-settings").await.ok();
        settings["AccountLimit"]["UnreservedConcurrentExecutions"].as_u64().unwrap()
    };
    assert_eq!(
        put(&bench, "live", 1001).await.refused(400, INVALID),
        "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
    );
    assert_eq!(
        put(&bench, "live", 901).await.refused(400, INVALID),
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum \
         value of [100]."
    );
    put(&bench, "live", 900).await.ok();
    assert_eq!(unreserved().await, 100);
    put(&bench, "live", 300).await.ok();
    put(&bench, "2", 100).await.ok();
    assert_eq!(unreserved().await, 600);
    let reserve = async |count: u64| {
        bench.call("PUT", RESERVED, Some(json!({"ReservedConcurrentExecutions": count}))).await
    };
    assert_eq!(
        reserve(399).await.refused(400, INVALID),
        " ReservedConcurrentExecutions  399 should not be lower than function's total provisioned concurrency [400]."
    );
    reserve(500).await.ok();
    assert_eq!(unreserved().await, 500);
    assert_eq!(
        put(&bench, "live", 401).await.refused(400, INVALID),
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    );
    put(&bench, "live", 400).await.ok();
    bench.created("other").await;
    let other = "/2017-10-31/functions/other/concurrency";
    bench.call("PUT", other, Some(json!({"ReservedConcurrentExecutions": 401}))).await.refused(400, INVALID);
    bench.call("PUT", other, Some(json!({"ReservedConcurrentExecutions": 400}))).await.ok();
}

#[tokio::test]
async fn snap_start_and_tenants_have_none() {
    let bench = Bench::start().await;
    for (name, member, value) in [
        ("snap", "SnapStart", json!({"ApplyOn": "PublishedVersions"})),
        ("tenants", "TenancyConfig", json!({"TenantIsolationMode": "PER_TENANT"})),
    ] {
        let mut request = function(name);
        request[member] = value;
        bench.account.put_function(request).await;
        bench.account.publish_version(name, None).await;
        let path = format!("/2019-09-30/functions/{name}/provisioned-concurrency?Qualifier=1");
        let body = json!({"ProvisionedConcurrentExecutions": 1});
        bench.call("PUT", &path, Some(body)).await.refused(400, INVALID);
    }
}

#[tokio::test]
async fn somebody_else_provisions() {
    let bench = Bench::aliased(2).await;
    let set = async |value: Option<Value>| {
        bench.account.set_section("hello", Some("live"), Section::Provisioned, value).await;
    };
    set(Some(json!({"ProvisionedConcurrentExecutions": 7}))).await;
    assert_eq!(numbers(&get(&bench, "live").await.ok()), ("READY", [7; 3]));
    set(Some(json!({"Status": "FAILED", "StatusReason": "no room"}))).await;
    let failed = bench.account.section("hello", Some("live"), Section::Provisioned).await.unwrap();
    assert_eq!((numbers(&failed).0, &failed["StatusReason"]), ("FAILED", &json!("no room")));
    bench.account.provision("hello", "live", Some("IN_PROGRESS")).await;
    for _ in 0..2 {
        assert_eq!(numbers(&get(&bench, "live").await.ok()), ("IN_PROGRESS", [1, 0, 0]));
    }
    bench.account.configure(|settings| settings.section_settle = Some(SettleDelay::Hold)).await;
    let moved = bench.update_alias("live", json!({"FunctionVersion": "2"})).await.ok();
    assert_eq!(moved["RoutingConfig"], json!({"AdditionalVersionWeights": {"1": 1.0}}));
    set(Some(json!({"ProvisionedConcurrentExecutions": 7}))).await;
    let alias = bench.account.alias("hello", "live").await.unwrap();
    assert_eq!(alias.get("RoutingConfig"), None, "nothing is left to wait for");
    set(None).await;
    assert_eq!(bench.account.section("hello", Some("live"), Section::Provisioned).await, None);
}
