//! Which versions stay.

use super::*;

#[tokio::test]
async fn an_old_version_that_nothing_uses_goes_with_the_next_publication() {
    let world = World::start("retention").await;
    world.apply("hello", published(json!({"versionRetention": {"keep": 2}}))).await;
    world.ready("hello").await;
    changed(&world, json!({"memorySize": 256})).await;
    world.aws().clear_ledger().await;
    let object = changed(&world, json!({"memorySize": 512})).await;
    let expected = [
        "GetFunction",
        "UpdateFunctionConfiguration",
        "GetFunction",
        "PublishVersion",
        "GetFunction",
        "ListAliases",
        "ListProvisionedConcurrencyConfigs",
        "ListFunctionEventInvokeConfigs",
        "ListEventSourceMappings",
        "GetPolicy",
        "DeleteFunction",
    ];
    assert_eq!(world.calls().await, expected);
    let [.., (_, deleted)] = &world.writes("hello").await[..] else { panic!("writes") };
    assert_eq!(deleted["Qualifier"], "1");
    assert_eq!((in_aws(&world).await, ours(&object)), (vec!["2".to_owned(), "3".to_owned()], &[2, 3][..]));
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    let object = changed(&world, json!({"versionRetention": {"keep": 1}})).await;
    assert_eq!((in_aws(&world).await, ours(&object)), (vec!["3".to_owned()], &[3][..]));
}

#[tokio::test]
async fn what_is_used_or_of_others_stays() {
    let world = World::start("retention-used").await;
    world.apply("hello", published(json!({"versionRetention": {"keep": 1}}))).await;
    world.ready("hello").await;
    let routing = json!({"AdditionalVersionWeights": {"2": 0.1}});
    let queue = "arn:aws:sqs:eu-west-1:111122223333:orders";
    world.aws().put_alias("hello", json!({"Name": "theirs", "FunctionVersion": "1"})).await;
    // Each version comes into use before the next one is published.
    changed(&world, json!({"memorySize": 256})).await;
    let alias = json!({"Name": "theirs", "FunctionVersion": "1", "RoutingConfig": routing});
    world.aws().put_alias("hello", alias).await;
    changed(&world, json!({"memorySize": 384})).await;
    world.aws().put_mapping(json!({"FunctionName": "hello:3", "EventSourceArn": queue})).await;
    world.aws().edit_function("hello", json!({"Description": "by hand"})).await;
    assert_eq!(world.aws().publish_version("hello", None).await, "4");
    changed(&world, json!({"memorySize": 512})).await;
    let object = changed(&world, json!({"memorySize": 640})).await;
    assert_eq!(
        in_aws(&world).await,
        ["1", "2", "3", "4", "6"],
        "aliases, weights, a mapping, others, the newest"
    );
    assert_eq!(ours(&object), [1, 2, 3, 6]);
}

#[tokio::test]
async fn who_may_not_ask_deletes_nothing_and_still_publishes() {
    let world = World::start("retention-denied").await;
    world.aws().configure(|aws| aws.deny = ["ListAliases".to_owned()].into()).await;
    world.apply("hello", published(json!({"versionRetention": {"keep": 1}}))).await;
    world.ready("hello").await;
    let object = changed(&world, json!({"memorySize": 256})).await;
    assert_eq!(version_of(&object), Some("2"));
    world.warning("hello", "VersionsKept", &["ListAliases"]).await;
    assert_eq!(in_aws(&world).await, ["1", "2"]);
    world.aws().configure(|aws| aws.deny.clear()).await;
    changed(&world, json!({"memorySize": 384})).await;
    assert_eq!(in_aws(&world).await, ["3"]);
}

/// Lambda@Edge keeps copies that can't be asked for, and AWS refuses to delete what they are of.
#[tokio::test]
async fn a_replica_keeps_its_version_and_no_other() {
    let world = World::start("retention-replica").await;
    world.apply("hello", published(json!({"versionRetention": {"keep": 3}}))).await;
    world.ready("hello").await;
    changed(&world, json!({"memorySize": 256})).await;
    changed(&world, json!({"memorySize": 384})).await;
    assert_eq!(in_aws(&world).await, ["1", "2", "3"]);
    let text = "Lambda was unable to delete arn:aws:lambda:us-east-1:111122223333:function:hello:1 because it is a \
                replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas.";
    let refusal = Fault::error("DeleteFunction", 400, "InvalidParameterValueException", text).nth(1);
    world.aws().inject(refusal).await;
    let object = changed(&world, json!({"memorySize": 512, "versionRetention": {"keep": 1}})).await;
    assert_eq!((in_aws(&world).await, ours(&object)), (vec!["1".to_owned(), "4".to_owned()], &[1, 4][..]));
    let events = world.events("hello").await;
    assert!(events.iter().all(|(_, reason, _)| reason != "VersionsKept"), "{events:?}");
    let object = changed(&world, json!({"memorySize": 640})).await;
    assert_eq!((in_aws(&world).await, ours(&object)), (vec!["5".to_owned()], &[5][..]));
}

#[tokio::test]
async fn what_has_settings_of_its_own_stays() {
    let world = World::start("retention-settings").await;
    world.apply("hello", published(json!({"versionRetention": {"keep": 1}}))).await;
    world.ready("hello").await;
    world.aws().provision("hello", "1", Some("READY")).await;
    changed(&world, json!({"memorySize": 256})).await;
    world.aws().event_invoke("hello", "2", Some(json!({"MaximumRetryAttempts": 1}))).await;
    changed(&world, json!({"memorySize": 384})).await;
    let object = changed(&world, json!({"memorySize": 512})).await;
    assert_eq!(
        (in_aws(&world).await, ours(&object)),
        (["1", "2", "4"].map(String::from).to_vec(), &[1, 2, 4][..])
    );
    world.aws().provision("hello", "1", None).await;
    world.aws().event_invoke("hello", "2", None).await;
    changed(&world, json!({"memorySize": 640})).await;
    assert_eq!(in_aws(&world).await, ["5"]);
}

#[tokio::test]
async fn what_a_durable_execution_still_runs_stays_until_it_has_ended() {
    let world = World::start("retention-durable").await;
    let there = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"}, "DurableConfig": {"ExecutionTimeout": 3600},
    });
    world.aws().put_function(there).await;
    let durable = json!({"executionTimeout": 3600});
    let adopted = json!({"adopt": "Unowned", "code": {"external": {}}, "versionRetention": {"keep": 1}, "durable": durable});
    world.apply("hello", published(adopted)).await;
    let object = world.ready("hello").await;
    assert_eq!((in_aws(&world).await, ours(&object)), (vec!["1".to_owned()], &[1][..]));
    world.aws().durable_execution("hello", "1", "order-7", "RUNNING").await;
    world.aws().clear_ledger().await;
    changed(&world, json!({"memorySize": 256})).await;
    assert_eq!(in_aws(&world).await, ["1", "2"]);
    let calls = world.calls().await;
    assert_eq!(calls.last().map(String::as_str), Some("ListDurableExecutionsByFunction"), "{calls:?}");
    world.aws().durable_execution("hello", "1", "order-7", "SUCCEEDED").await;
    changed(&world, json!({"memorySize": 384})).await;
    assert_eq!(in_aws(&world).await, ["3"]);
}

#[tokio::test]
async fn what_an_object_of_the_cluster_names_stays_also_before_aws_shows_it() {
    let world = World::start("retention-named").await;
    let (aliases, mappings) = (world.objects("LambdaAlias"), world.objects("EventSourceMapping"));
    let suspended = |object: &Value| cluster_tests::object_condition(object, "Suspended")["status"] == "True";
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
    world.apply("hello", published(json!({"versionRetention": {"keep": 1}}))).await;
    world.ready("hello").await;
    let live = json!({"suspend": true, "functionRef": {"name": "hello"}, "functionVersion": "1"});
    aliases.apply("live", live).await;
    aliases.until("live", "is suspended", suspended).await;
    changed(&world, json!({"memorySize": 256})).await;
    let queue = "arn:aws:sqs:eu-west-1:111122223333:orders";
    let orders = json!({"suspend": true, "functionName": format!("{arn}:2"), "eventSourceArn": queue});
    mappings.apply("orders", orders).await;
    mappings.until("orders", "is suspended", suspended).await;
    changed(&world, json!({"memorySize": 384})).await;
    let routing = json!({"additionalVersionWeights": {"3": 0.1}});
    let canary =
        json!({"suspend": true, "functionName": arn, "functionVersion": "2", "routingConfig": routing});
    aliases.apply("canary", canary).await;
    aliases.until("canary", "is suspended", suspended).await;
    changed(&world, json!({"memorySize": 512})).await;
    let object = changed(&world, json!({"memorySize": 640})).await;
    assert_eq!(in_aws(&world).await, ["1", "2", "3", "5"]);
    assert_eq!(ours(&object), [1, 2, 3, 5]);
    aliases.delete("live").await;
    aliases.gone("live").await;
    changed(&world, json!({"memorySize": 768})).await;
    assert_eq!(in_aws(&world).await, ["2", "3", "6"]);
}
