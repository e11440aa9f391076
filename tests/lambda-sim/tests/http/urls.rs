//! Function URLs.

use lambda_sim::Section;
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS, function};

const URL: &str = "/2021-10-31/functions/hello/url";
const URLS: &str = "/2021-10-31/functions/hello/urls";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
const MISSING: &str = "ResourceNotFoundException";

async fn create(bench: &Bench, query: &str, request: Value) -> Answer {
    bench.call("POST", &format!("{URL}{query}"), Some(request)).await
}

async fn update(bench: &Bench, query: &str, request: Value) -> Answer {
    bench.call("PUT", &format!("{URL}{query}"), Some(request)).await
}

fn public() -> Value {
    json!({"AuthType": "NONE"})
}

#[tokio::test]
async fn a_url_reads_back_as_it_was_created() {
    let bench = Bench::aliased(1).await;
    let before = bench.function("hello").await;
    let cors = json!({"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 5});
    let request = json!({"AuthType": "AWS_IAM", "Cors": cors, "InvokeMode": "RESPONSE_STREAM"});
    let created = create(&bench, "", request).await;
    assert_eq!(created.status, 201);
    let created = created.ok();
    assert_eq!((&created["AuthType"], &created["Cors"]), (&json!("AWS_IAM"), &cors));
    assert_eq!((&created["FunctionArn"], &created["InvokeMode"]), (&json!(ARN), &json!("RESPONSE_STREAM")));
    assert!(created.get("LastModifiedTime").is_none());
    let mut read = bench.get(URL).await.ok();
    let modified = read.as_object_mut().unwrap().remove("LastModifiedTime").unwrap();
    assert_eq!(modified, created["CreationTime"]);
    assert_eq!(read, created);
    let plain = create(&bench, "?Qualifier=live", public()).await.ok();
    assert_eq!(plain["FunctionArn"], format!("{ARN}:live"));
    assert!(plain.get("Cors").is_none() && plain.get("InvokeMode").is_none(), "only if they were sent");
    assert_eq!(bench.get(&format!("{URL}?Qualifier=live")).await.ok()["InvokeMode"], "BUFFERED");
    assert_eq!(bench.function("hello").await, before, "the function doesn't change");
}

#[tokio::test]
async fn an_update_changes_what_it_sends_and_keeps_the_host() {
    let bench = Bench::aliased(1).await;
    let cors = json!({"AllowOrigins": ["*"], "MaxAge": 5});
    let created = create(&bench, "", json!({"AuthType": "NONE", "Cors": cors})).await.ok();
    let updated = update(&bench, "", json!({"AuthType": "AWS_IAM"})).await.ok();
    assert_eq!((&updated["AuthType"], &updated["Cors"]), (&json!("AWS_IAM"), &cors));
    assert_eq!(updated["FunctionUrl"], created["FunctionUrl"]);
    assert_eq!(updated["CreationTime"], created["CreationTime"]);
    assert!(updated["LastModifiedTime"].is_string() && updated.get("InvokeMode").is_none());
    let replaced = json!({"AllowOrigins": ["https://a.example"]});
    let updated = update(&bench, "", json!({"Cors": replaced, "InvokeMode": "RESPONSE_STREAM"})).await.ok();
    assert_eq!((&updated["Cors"], &updated["InvokeMode"]), (&replaced, &json!("RESPONSE_STREAM")));
    let cleared = update(&bench, "", json!({"Cors": {}})).await.ok();
    assert!(cleared.get("Cors").is_none(), "{cleared}");
    assert_eq!(bench.get(URL).await.ok()["InvokeMode"], "RESPONSE_STREAM");
}

#[tokio::test]
async fn a_deleted_url_has_lost_its_host_and_only_it_is_gone() {
    let bench = Bench::aliased(1).await;
    let first = create(&bench, "", public()).await.ok();
    create(&bench, "?Qualifier=live", public()).await.ok();
    assert_eq!(bench.call("DELETE", URL, None).await.status, 204);
    bench.get(URL).await.refused(404, MISSING);
    bench.get(&format!("{URL}?Qualifier=live")).await.ok();
    let second = create(&bench, "", public()).await.ok();
    assert_ne!(first["FunctionUrl"], second["FunctionUrl"]);
}

#[tokio::test]
async fn urls_are_listed_together() {
    let bench = Bench::aliased(1).await;
    assert_eq!(bench.get(URLS).await.ok(), json!({"FunctionUrlConfigs": []}));
    create(&bench, "?Qualifier=live", public()).await.ok();
    create(&bench, "", public()).await.ok();
    let listed = bench.get(URLS).await.ok();
    let arns: Vec<_> = listed["FunctionUrlConfigs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|url| url["FunctionArn"].clone())
        .collect();
    assert_eq!(arns, [ARN.to_owned(), format!("{ARN}:live")]);
    assert_eq!(listed["FunctionUrlConfigs"][0], bench.get(URL).await.ok());
    let first = bench.get(&format!("{URLS}?MaxItems=1")).await.ok();
    let next = format!("{URLS}?MaxItems=1&Marker={}", first["NextMarker"].as_str().unwrap());
    assert_eq!(bench.get(&next).await.ok()["FunctionUrlConfigs"][0]["FunctionArn"], format!("{ARN}:live"));
    bench.get(&format!("{URLS}?MaxItems=51")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn what_is_not_there_is_named_and_versions_have_no_urls() {
    let bench = Bench::aliased(1).await;
    let other = URL.replace("hello", "other");
    for answer in [
        bench.call("POST", &other, Some(public())).await,
        bench.call("PUT", &other, Some(public())).await,
        bench.get(&format!("{other}s")).await,
        create(&bench, "?Qualifier=dead", public()).await,
        update(&bench, "?Qualifier=dead", public()).await,
    ] {
        assert_eq!(answer.refused(404, MISSING), "Function does not exist");
    }
    for answer in [
        bench.get(&other).await,
        bench.get(URL).await,
        bench.get(&format!("{URL}?Qualifier=dead")).await,
        bench.call("DELETE", URL, None).await,
        update(&bench, "", public()).await,
    ] {
        assert_eq!(answer.refused(404, MISSING), "The resource you requested does not exist.");
    }
    for qualifier in ["1", "$LATEST"] {
        let text = create(&bench, &format!("?Qualifier={qualifier}"), public()).await;
        let text = text.refused(400, "ValidationException");
        assert!(text.contains(&format!("Value '{qualifier}' at 'qualifier' failed")), "{text}");
    }
    let by_name = "/2021-10-31/functions/hello:live/url";
    let created = bench.call("POST", by_name, Some(public())).await.ok();
    assert_eq!(created["FunctionArn"], format!("{ARN}:live"));
    let mismatch = bench.get(&format!("{by_name}?Qualifier=dead")).await;
    mismatch.refused(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_second_url_and_bad_settings_are_refused() {
    let bench = Bench::aliased(1).await;
    create(&bench, "", json!({})).await.refused(400, "ValidationException");
    let no_origins = json!({"AuthType": "NONE", "Cors": {"MaxAge": 5}});
    let text = create(&bench, "", no_origins).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "You can't leave AllowOrigins as empty when Cors is enabled.");
    create(&bench, "", public()).await.ok();
    let text = create(&bench, "", public()).await.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        format!(
            "Failed to create function url config for [functionArn = {ARN}]. Error message:  FunctionUrlConfig exists \
             for this Lambda function"
        )
    );
    let mut tenants = function("tenants");
    tenants["TenancyConfig"] = json!({"TenantIsolationMode": "PER_TENANT"});
    bench.account.put_function(tenants).await;
    let url = URL.replace("hello", "tenants");
    bench.call("POST", &url, Some(public())).await.refused(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_url_goes_with_its_alias_or_function() {
    let bench = Bench::aliased(1).await;
    create(&bench, "", public()).await.ok();
    create(&bench, "?Qualifier=live", public()).await.ok();
    bench.call("DELETE", "/2015-03-31/functions/hello/aliases/live", None).await.ok();
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    bench.get(&format!("{URL}?Qualifier=live")).await.refused(404, MISSING);
    bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.ok();
    bench.created("hello").await;
    bench.get(URL).await.refused(404, MISSING);
}

#[tokio::test]
async fn somebody_else_changes_urls() {
    let bench = Bench::aliased(1).await;
    bench
        .account
        .set_section("hello", Some("live"), Section::Url, Some(json!({"AuthType": "AWS_IAM"})))
        .await;
    let read = bench.get(&format!("{URL}?Qualifier=live")).await.ok();
    assert_eq!(read["AuthType"], "AWS_IAM");
    assert_eq!(bench.account.section("hello", Some("live"), Section::Url).await, Some(read.clone()));
    bench.account.set_section("hello", Some("live"), Section::Url, Some(public())).await;
    let changed = bench.get(&format!("{URL}?Qualifier=live")).await.ok();
    assert_eq!((&changed["AuthType"], &changed["FunctionUrl"]), (&json!("NONE"), &read["FunctionUrl"]));
    bench.account.set_section("hello", Some("live"), Section::Url, None).await;
    bench.get(&format!("{URL}?Qualifier=live")).await.refused(404, MISSING);
}
