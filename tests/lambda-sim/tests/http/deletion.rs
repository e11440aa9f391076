//! Deletions that take their time, and lists that are behind.

use lambda_sim::SettleDelay;
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, function};

async fn listed(bench: &Bench) -> Vec<Value> {
    let page = bench.get(FUNCTIONS).await.ok();
    page["Functions"].as_array().unwrap().iter().map(|function| function["FunctionName"].clone()).collect()
}

#[tokio::test]
async fn a_function_that_is_being_deleted_is_there_and_refuses_writes() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let path = format!("{FUNCTIONS}/hello");
    let alias = json!({"Name": "live", "FunctionVersion": "$LATEST"});
    bench.call("POST", &format!("{path}/aliases"), Some(alias.clone())).await.ok();
    let publishers = json!({"AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:::/mine"]}});
    let config = bench.account.put_code_signing_config(publishers).await;
    let mapping = json!({
        "FunctionName": "hello", "EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:orders", "Enabled": false,
    });
    let mappings = "/2015-03-31/event-source-mappings";
    let made = bench.call("POST", mappings, Some(mapping.clone())).await.ok();
    let made = format!("{mappings}/{}", made["UUID"].as_str().unwrap());
    bench.account.configure(|settings| settings.delete_settle = Some(SettleDelay::Hold)).await;
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Deleting");
    assert_eq!(listed(&bench).await, ["hello"]);
    let tags = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Ahello";
    let concurrency = "/2017-10-31/functions/hello/concurrency".to_owned();
    let signing = "/2020-06-30/functions/hello/code-signing-config".to_owned();
    let other =
        json!({"FunctionName": "hello", "EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:bills"});
    let writes = [
        ("POST", FUNCTIONS.to_owned(), Some(function("hello"))),
        ("PUT", format!("{path}/configuration"), Some(json!({"Timeout": 4}))),
        ("PUT", format!("{path}/code"), Some(function("hello")["Code"].clone())),
        ("POST", format!("{path}/versions"), Some(json!({}))),
        ("PUT", concurrency.clone(), Some(json!({"ReservedConcurrentExecutions": 1}))),
        ("DELETE", concurrency, None),
        ("POST", tags.to_owned(), Some(json!({"Tags": {"a": "b"}}))),
        ("DELETE", format!("{tags}?tagKeys=a"), None),
        ("POST", format!("{path}/aliases"), Some(alias)),
        ("PUT", format!("{path}/aliases/live"), Some(json!({"Description": "x"}))),
        ("DELETE", format!("{path}/aliases/live"), None),
        ("PUT", signing.clone(), Some(json!({"CodeSigningConfigArn": config}))),
        ("DELETE", signing.clone(), None),
        ("POST", mappings.to_owned(), Some(other)),
        ("PUT", made.clone(), Some(json!({"FunctionName": "hello"}))),
        ("DELETE", path.clone(), None),
    ];
    for (method, path, body) in writes {
        let text = bench.call(method, &path, body).await.refused(409, "ResourceConflictException");
        assert!(text.ends_with("is currently in the following state: 'Deleting'"), "{method} {path}: {text}");
    }
    for path in [format!("{path}/aliases"), format!("{path}/aliases/live"), signing] {
        bench.get(&path).await.ok();
    }
    assert_eq!(bench.call("DELETE", &made, None).await.status, 202, "a mapping can go nevertheless");
    bench.account.settle().await;
    bench.get(&path).await.refused(404, "ResourceNotFoundException");
    assert_eq!(bench.create(function("hello")).await.status, 201);
}

#[tokio::test]
async fn a_function_that_went_in_time_uses_nothing_any_more() {
    let bench = Bench::start().await;
    let publishers = json!({"AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:::/mine"]}});
    let config = bench.account.put_code_signing_config(publishers).await;
    let mut request = function("hello");
    request["CodeSigningConfigArn"] = json!(config);
    bench.create(request).await.ok();
    bench.account.configure(|settings| settings.delete_settle = Some(SettleDelay::AfterMs(1))).await;
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.status, 204);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let usage = bench.get("/2016-08-19/account-settings").await.ok();
    assert_eq!(usage["AccountUsage"], json!({"TotalCodeSize": 0, "FunctionCount": 0}));
    let path = format!("/2020-04-22/code-signing-configs/{config}");
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
}

#[tokio::test]
async fn a_deletion_can_take_a_number_of_reads() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.account.configure(|settings| settings.delete_settle = Some(SettleDelay::Reads(2))).await;
    let path = format!("{FUNCTIONS}/hello");
    bench.call("DELETE", &path, None).await;
    for _ in 0..2 {
        assert_eq!(bench.function("hello").await["Configuration"]["State"], "Deleting");
    }
    bench.get(&path).await.refused(404, "ResourceNotFoundException");
    assert!(listed(&bench).await.is_empty());
}

#[tokio::test]
async fn a_durable_function_says_what_its_deletion_waits_for() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["DurableConfig"] = json!({"ExecutionTimeout": 60});
    bench.account.put_function(request).await;
    bench.account.configure(|settings| settings.delete_settle = Some(SettleDelay::Hold)).await;
    bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await;
    let read = bench.function("hello").await;
    assert_eq!(read["Configuration"]["StateReasonCode"], "DrainingDurableExecutions");
}

#[tokio::test]
async fn a_list_can_lack_what_is_there() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.created("other").await;
    bench.account.configure(|settings| settings.unlisted.extend(["hello".to_owned()])).await;
    assert_eq!(listed(&bench).await, ["other"]);
    assert_eq!(bench.get(&format!("{FUNCTIONS}/hello")).await.status, 200);
    let all = bench.get(&format!("{FUNCTIONS}?FunctionVersion=ALL")).await.ok();
    assert_eq!(all["Functions"].as_array().unwrap().len(), 1);
    bench.account.configure(|settings| settings.unlisted.clear()).await;
    assert_eq!(listed(&bench).await, ["hello", "other"]);
}

#[tokio::test]
async fn a_list_can_show_what_is_gone() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.account.configure(|settings| settings.listed_after_delete = SettleDelay::Reads(2)).await;
    let path = format!("{FUNCTIONS}/hello");
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    bench.get(&path).await.refused(404, "ResourceNotFoundException");
    for _ in 0..2 {
        assert_eq!(listed(&bench).await, ["hello"]);
    }
    assert!(listed(&bench).await.is_empty());
}

#[tokio::test]
async fn a_function_that_came_back_is_listed_as_it_is_now() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.account.configure(|settings| settings.listed_after_delete = SettleDelay::Hold).await;
    assert!(bench.account.remove_function("hello").await);
    assert_eq!(listed(&bench).await, ["hello"], "also when somebody in the console deleted it");
    let mut request = function("hello");
    request["MemorySize"] = json!(512);
    bench.create(request).await.ok();
    let page = bench.get(FUNCTIONS).await.ok();
    assert_eq!(page["Functions"].as_array().unwrap().len(), 1);
    assert_eq!(page["Functions"][0]["MemorySize"], 512);
}
