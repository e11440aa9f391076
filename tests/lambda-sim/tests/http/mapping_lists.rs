//! Lists of event source mappings.

use serde_json::json;

use crate::client::Bench;
use crate::mappings::{MAPPINGS, QUEUE, STREAM, mapping};

async fn listed(bench: &Bench, query: &str) -> Vec<String> {
    let page = bench.get(&format!("{MAPPINGS}{query}")).await.ok();
    let mappings = page["EventSourceMappings"].as_array().unwrap();
    let text = |mapping: &serde_json::Value, name: &str| mapping[name].as_str().unwrap().to_owned();
    let mut shown: Vec<_> = mappings
        .iter()
        .map(|m| format!("{} {}", text(m, "FunctionArn"), text(m, "EventSourceArn")))
        .collect();
    shown.sort();
    shown
}

#[tokio::test]
async fn mappings_are_listed_in_pages_of_a_hundred() {
    let bench = Bench::with_function().await;
    for n in 0..120 {
        bench.account.put_mapping(mapping(&format!("{QUEUE}{n}"), json!({}))).await;
    }
    let first = bench.get(&format!("{MAPPINGS}?MaxItems=10000")).await.ok();
    assert_eq!(first["EventSourceMappings"].as_array().unwrap().len(), 100);
    let marker = first["NextMarker"].as_str().unwrap();
    let second = bench.get(&format!("{MAPPINGS}?Marker={marker}")).await.ok();
    assert_eq!(second["EventSourceMappings"].as_array().unwrap().len(), 20);
    assert!(second.get("NextMarker").is_none());
    let few = bench.get(&format!("{MAPPINGS}?MaxItems=3")).await.ok();
    assert_eq!(few["EventSourceMappings"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn lists_are_of_the_whole_account_or_of_one_function_or_source() {
    let bench = Bench::with_function().await;
    bench.created("other").await;
    bench.account.put_alias("hello", json!({"Name": "live"})).await;
    let position = json!({"StartingPosition": "LATEST"});
    bench.account.put_mapping(mapping(QUEUE, json!({}))).await;
    bench.account.put_mapping(mapping(QUEUE, json!({"FunctionName": "hello:live"}))).await;
    bench.account.put_mapping(mapping(QUEUE, json!({"FunctionName": "other"}))).await;
    bench.account.put_mapping(mapping(STREAM, position)).await;
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:";
    let (queue, stream) = (format!("{arn}hello {QUEUE}"), format!("{arn}hello {STREAM}"));
    assert_eq!(listed(&bench, "").await.len(), 4);
    assert_eq!(listed(&bench, "?FunctionName=hello").await, [stream.clone(), queue.clone()]);
    assert_eq!(listed(&bench, &format!("?FunctionName={arn}hello")).await, [stream.clone(), queue]);
    assert_eq!(listed(&bench, "?FunctionName=hello:live").await, [format!("{arn}hello:live {QUEUE}")]);
    assert_eq!(listed(&bench, &format!("?EventSourceArn={QUEUE}")).await.len(), 3);
    assert_eq!(listed(&bench, &format!("?EventSourceArn={STREAM}&FunctionName=hello")).await, [stream]);
    assert!(listed(&bench, "?FunctionName=missing").await.is_empty(), "neither has to exist");
    assert!(listed(&bench, "?EventSourceArn=arn:aws:sqs:eu-west-1:111122223333:none").await.is_empty());
}

#[tokio::test]
async fn a_list_shows_states_and_settles_them_as_a_read_does_but_for_deletions() {
    let bench = Bench::with_function().await;
    let created = bench.map(mapping(QUEUE, json!({}))).await.ok();
    assert_eq!(created["State"], "Creating");
    let state = || async { bench.get(MAPPINGS).await.ok()["EventSourceMappings"][0]["State"].clone() };
    assert_eq!(state().await, "Enabled");
    let path = format!("{}/{}", MAPPINGS.trim_end_matches('/'), created["UUID"].as_str().unwrap());
    bench.call("DELETE", &path, None).await.ok();
    assert_eq!(state().await, "Deleting");
    assert_eq!(state().await, "Deleting");
}
