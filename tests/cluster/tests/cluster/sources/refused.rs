//! Sources that can't be looked at, aren't there, or don't answer.

use lambda_sim::Fault;

use super::*;

async fn deny(world: &World, denied: bool) {
    world
        .aws()
        .configure(|settings| {
            settings.deny.clear();
            settings.deny.extend(denied.then(|| "GetObject".to_owned()));
        })
        .await;
}

async fn lose(world: &World, object: Option<&str>) {
    world
        .aws()
        .configure(|settings| {
            settings.missing_keys.clear();
            settings.missing_keys.extend(object.map(ToOwned::to_owned));
        })
        .await;
}

#[tokio::test]
async fn without_permission_the_spec_is_deployed_and_the_permission_named() {
    let world = started("src-denied").await;
    put(&world, "deep", "1").await;
    deny(&world, true).await;
    world.apply("hello", of_bucket("deep")).await;
    let object = unchecked(&world, "AccessDenied", &["s3:GetObject on arn:aws:s3:::deep/one.zip"]).await;
    world.warning("hello", "SourceUnchecked", &["s3:GetObject"]).await;
    assert_ne!(condition(&object, "Ready").unwrap().status, "False");
    world.ready("hello").await;
    world.aws().s3_put("deep", "two.zip", &zipped("2")).await;
    let two = json!({"s3": {"bucket": "deep", "key": "two.zip"}});
    world.apply("hello", function(json!({"code": two}))).await;
    world.ready("hello").await;
    let [(_, sent)] = &updates(&world).await[..] else { panic!("one update") };
    assert_eq!((&sent["S3Key"], sent.get("S3ObjectVersion")), (&json!("two.zip"), None));
    deny(&world, false).await;
    checked(&world).await;
    runs(&world, "two.zip?versionId=&mode=COPY#version=v1").await;
    assert_eq!(updates(&world).await.len(), 2, "once to be sure: nobody knows what it was");
    deny(&world, true).await;
    unchecked(&world, "AccessDenied", &["two.zip"]).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.ready("hello").await;
    deny(&world, false).await;
    checked(&world).await;
    assert_eq!(updates(&world).await.len(), 3, "what was looked at before is not sent again");
}

#[tokio::test]
async fn a_missing_object_is_named_and_deployed_when_it_comes() {
    let world = started("src-missing").await;
    put(&world, "deep", "1").await;
    lose(&world, Some("deep/one.zip")).await;
    world.apply("hello", of_bucket("deep")).await;
    world.problem("hello", "DependencyNotReady", &["s3://deep/one.zip doesn't exist"]).await;
    looks(&world, 2).await;
    assert_eq!(world.writes("hello").await, [], "nothing is tried that can't work");
    lose(&world, None).await;
    runs(&world, "#version=v1").await;
    checked(&world).await;
}

#[tokio::test]
async fn what_runs_stays_ready_when_its_object_is_deleted() {
    let world = started("src-vanished").await;
    put(&world, FLAT, "1").await;
    world.apply("hello", of_bucket(FLAT)).await;
    world.ready("hello").await;
    lose(&world, Some("flat/one.zip")).await;
    let object = unchecked(&world, "NotFound", &["s3://flat/one.zip doesn't exist", "stays"]).await;
    assert_eq!(condition(&object, "Ready").unwrap().status, "True");
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.ready("hello").await;
    lose(&world, None).await;
    checked(&world).await;
    let operations: Vec<String> = updates(&world).await.into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["UpdateFunctionConfiguration"]);
}

#[tokio::test]
async fn s3_that_does_not_answer_takes_nothing_down() {
    let world = started("src-down").await;
    put(&world, "deep", "1").await;
    world.apply("hello", of_bucket("deep")).await;
    runs(&world, "#version=v1").await;
    world.aws().inject(Fault::error("HeadObject", 503, "SlowDown", "Please reduce your request rate.")).await;
    let object = unchecked(&world, "Unreachable", &["s3://deep/one.zip", "tried again by itself"]).await;
    assert_eq!(condition(&object, "Ready").unwrap().status, "True");
    put(&world, "deep", "2").await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.ready("hello").await;
    world.aws().clear_faults().await;
    runs(&world, "#version=v2").await;
    checked(&world).await;
    let operations: Vec<String> = updates(&world).await.into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["UpdateFunctionConfiguration", "UpdateFunctionCode"]);
}

#[tokio::test]
async fn one_failure_is_not_worth_a_word() {
    let world = started("src-blip").await;
    put(&world, "deep", "1").await;
    world.apply("hello", of_bucket("deep")).await;
    runs(&world, "#version=v1").await;
    world.aws().clear_ledger().await;
    let blip = Fault::error("HeadObject", 503, "SlowDown", "Please reduce your request rate.").times(2);
    world.aws().inject(blip).await;
    looks(&world, 4).await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    assert!(condition(&world.functions().get("hello").await.unwrap(), "SourceUnchecked").is_none());
}
