//! The life of an alias: created, moved, weighted, deleted, and changed by somebody else.

use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS};

pub(crate) const ALIASES: &str = "/2015-03-31/functions/hello/aliases";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";

impl Bench {
    /// A function `hello` with this many versions, each with a timeout of its number.
    pub(crate) async fn with_versions(versions: u64) -> Self {
        let bench = Self::start().await;
        bench.created("hello").await;
        for number in 1..=versions {
            bench.account.edit_function("hello", json!({"Timeout": number})).await;
            assert_eq!(bench.account.publish_version("hello", None).await, number.to_string());
        }
        bench
    }

    /// The same with the alias `live` of the first version.
    pub(crate) async fn aliased(versions: u64) -> Self {
        let bench = Self::with_versions(versions).await;
        bench.create_alias(to("1")).await.ok();
        bench
    }

    pub(crate) async fn create_alias(&self, request: Value) -> Answer {
        self.call("POST", ALIASES, Some(request)).await
    }

    pub(crate) async fn update_alias(&self, name: &str, request: Value) -> Answer {
        self.call("PUT", &format!("{ALIASES}/{name}"), Some(request)).await
    }

    async fn alias(&self, name: &str) -> Value {
        self.get(&format!("{ALIASES}/{name}")).await.ok()
    }
}

fn to(version: &str) -> Value {
    json!({"Name": "live", "FunctionVersion": version})
}

#[tokio::test]
async fn an_alias_reads_back_as_it_was_created() {
    let bench = Bench::with_versions(2).await;
    let before = bench.function("hello").await;
    let mut request = to("1");
    request["Description"] = "the good one".into();
    request["RoutingConfig"] = json!({"AdditionalVersionWeights": {"2": 0.2}});
    let created = bench.create_alias(request).await;
    assert_eq!(created.status, 201);
    let created = created.ok();
    assert_eq!(created["AliasArn"], format!("{ARN}:live"));
    assert_eq!(created["Name"], "live");
    assert_eq!(created["FunctionVersion"], "1");
    assert_eq!(created["Description"], "the good one");
    assert_eq!(created["RoutingConfig"], json!({"AdditionalVersionWeights": {"2": 0.2}}));
    assert_eq!(bench.alias("live").await, created);
    assert_eq!(bench.get(ALIASES).await.ok(), json!({"Aliases": [created]}));
    assert_eq!(bench.function("hello").await, before, "the function doesn't change");
}

#[tokio::test]
async fn an_alias_without_more_has_an_empty_description_and_no_weights() {
    let bench = Bench::with_versions(1).await;
    let mut request = to("1");
    request["RoutingConfig"] = json!({"AdditionalVersionWeights": {}});
    let created = bench.create_alias(request).await.ok();
    assert_eq!(created["Description"], "");
    assert!(created.get("RoutingConfig").is_none());
    let latest = json!({"Name": "dev", "FunctionVersion": "$LATEST"});
    assert_eq!(bench.create_alias(latest).await.ok()["FunctionVersion"], "$LATEST");
}

#[tokio::test]
async fn a_function_reads_by_the_name_of_its_alias() {
    let bench = Bench::with_versions(2).await;
    bench.create_alias(to("1")).await.ok();
    let read = bench.get(&format!("{FUNCTIONS}/hello?Qualifier=live")).await.ok();
    assert_eq!(read["Configuration"]["FunctionArn"], format!("{ARN}:live"));
    assert_eq!(read["Configuration"]["Version"], "1");
    assert_eq!(read["Configuration"]["Timeout"], 1);
    assert_eq!(read["Configuration"]["State"], "Active");
    let by_arn = bench.get(&format!("{FUNCTIONS}/{ARN}:live/configuration")).await.ok();
    assert_eq!(by_arn, read["Configuration"]);
    let text = bench.get(&format!("{FUNCTIONS}/hello?Qualifier=dead")).await;
    assert_eq!(text.refused(404, "ResourceNotFoundException"), format!("Function not found: {ARN}:dead"));
}

#[tokio::test]
async fn an_update_changes_what_it_sends_and_always_the_revision() {
    let bench = Bench::with_versions(2).await;
    let created = bench.create_alias(to("1")).await.ok();
    let moved = bench.update_alias("live", json!({"FunctionVersion": "2"})).await.ok();
    assert_eq!((&moved["FunctionVersion"], &moved["Description"]), (&json!("2"), &json!("")));
    assert_ne!(moved["RevisionId"], created["RevisionId"]);
    let described = bench.update_alias("live", json!({"Description": "two"})).await.ok();
    assert_eq!((&described["FunctionVersion"], &described["Description"]), (&json!("2"), &json!("two")));
    let touched = bench.update_alias("live", json!({})).await.ok();
    assert_ne!(touched["RevisionId"], described["RevisionId"]);
    assert_eq!(bench.alias("live").await, touched);
}

#[tokio::test]
async fn weights_stay_are_replaced_and_are_cleared() {
    let bench = Bench::with_versions(3).await;
    let weights = |weights: Value| json!({"RoutingConfig": {"AdditionalVersionWeights": weights}});
    bench.create_alias(to("1")).await.ok();
    let set = bench.update_alias("live", weights(json!({"2": 0.1}))).await.ok();
    assert_eq!(set["RoutingConfig"]["AdditionalVersionWeights"], json!({"2": 0.1}));
    let kept = bench.update_alias("live", json!({"Description": "x"})).await.ok();
    assert_eq!(kept["RoutingConfig"], set["RoutingConfig"]);
    let replaced = bench.update_alias("live", weights(json!({"3": 0.7}))).await.ok();
    assert_eq!(replaced["RoutingConfig"]["AdditionalVersionWeights"], json!({"3": 0.7}));
    for clearing in [json!({"RoutingConfig": {}}), weights(json!({}))] {
        bench.update_alias("live", weights(json!({"3": 0.7}))).await.ok();
        let cleared = bench.update_alias("live", clearing).await.ok();
        assert!(cleared.get("RoutingConfig").is_none(), "{cleared}");
    }
}

#[tokio::test]
async fn aliases_are_deleted_even_if_there_is_none() {
    let bench = Bench::with_versions(1).await;
    bench.create_alias(to("1")).await.ok();
    let path = format!("{ALIASES}/live");
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    let text = bench.get(&path).await.refused(404, "ResourceNotFoundException");
    assert_eq!(text, format!("Cannot find alias arn: {ARN}:live"));
}

#[tokio::test]
async fn aliases_and_versions_go_with_their_function() {
    let bench = Bench::with_versions(2).await;
    bench.create_alias(to("2")).await.ok();
    bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.ok();
    bench.get(&format!("{ALIASES}/live")).await.refused(404, "ResourceNotFoundException");
    bench.created("hello").await;
    assert_eq!(bench.get(ALIASES).await.ok(), json!({"Aliases": []}));
    assert_eq!(bench.account.publish_version("hello", None).await, "1", "a new function counts from 1");
}

#[tokio::test]
async fn aliases_are_listed_by_version_and_in_pages() {
    let bench = Bench::with_versions(2).await;
    for n in 0..60 {
        let version = if n % 2 == 0 { "1" } else { "2" };
        let alias = json!({"Name": format!("a{n:02}"), "FunctionVersion": version});
        bench.account.put_alias("hello", alias).await;
    }
    let count = |page: &Value| page["Aliases"].as_array().unwrap().len();
    let first = bench.get(ALIASES).await.ok();
    assert_eq!(count(&first), 50);
    let marker = first["NextMarker"].as_str().unwrap();
    let second = bench.get(&format!("{ALIASES}?Marker={marker}")).await.ok();
    assert_eq!((count(&second), second.get("NextMarker")), (10, None));
    assert_eq!(count(&bench.get(&format!("{ALIASES}?MaxItems=10000")).await.ok()), 60);
    let of_one = bench.get(&format!("{ALIASES}?FunctionVersion=1")).await.ok();
    assert_eq!(count(&of_one), 30);
    bench.get(&format!("{ALIASES}?MaxItems=0")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn somebody_else_changes_aliases_also_to_weights_of_aws_itself() {
    let bench = Bench::with_versions(2).await;
    let created = bench.create_alias(to("2")).await.ok();
    bench.account.clear_ledger().await;
    let shifting = json!({"RoutingConfig": {"AdditionalVersionWeights": {"1": 1.0}}});
    bench.account.edit_alias("hello", "live", shifting).await;
    assert!(bench.account.ledger().await.is_empty());
    let shifted = bench.alias("live").await;
    assert_eq!(shifted["RoutingConfig"]["AdditionalVersionWeights"], json!({"1": 1.0}));
    assert_ne!(shifted["RevisionId"], created["RevisionId"]);
    assert_eq!(bench.account.alias("hello", "live").await, Some(shifted));
    let back = json!({"FunctionVersion": "1", "Description": "back", "RoutingConfig": null});
    bench.account.edit_alias("hello", "live", back).await;
    let back = bench.alias("live").await;
    assert_eq!((&back["FunctionVersion"], back.get("RoutingConfig")), (&json!("1"), None));
    assert!(bench.account.remove_alias("hello", "live").await);
    assert!(!bench.account.remove_alias("hello", "live").await);
    assert_eq!(bench.account.alias("hello", "live").await, None);
}

#[tokio::test]
async fn provisioned_concurrency_of_an_alias_is_what_a_test_says() {
    let bench = Bench::with_versions(1).await;
    let path = "/2019-09-30/functions/hello/provisioned-concurrency?Qualifier=live";
    bench.create_alias(to("1")).await.ok();
    let missing = bench.get(path).await;
    assert_eq!(missing.status, 404);
    bench.account.provision("hello", "live", Some("IN_PROGRESS")).await;
    assert_eq!(bench.get(path).await.ok()["Status"], "IN_PROGRESS");
    bench.account.provision("hello", "live", None).await;
    assert_eq!(bench.get(path).await.status, 404);
}
