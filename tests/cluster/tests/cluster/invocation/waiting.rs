//! What an invocation waits for: that it may start, and that the object that it names is as its spec says.

use cluster_tests::accounts::{OTHER, OTHER_ROLE};
use cluster_tests::{World, function, object_condition};
use lambda_sim::{Fault, FaultEffect, SettleDelay};
use serde_json::{Value, json};

use super::{KIND, apply, ended, made, of_hello, patch, put_hello, world};

fn is_suspended(object: &Value) -> bool {
    object_condition(object, "Suspended")["status"] == "True"
}

async fn waits_for(world: &World, name: &str, words: &str) {
    let said = |object: &Value| {
        let (ready, resolved) =
            (object_condition(object, "Ready"), object_condition(object, "ReferencesResolved"));
        ready["reason"] == "DependencyNotReady"
            && ready["message"].as_str().is_some_and(|text| text.contains(words))
            && resolved["status"] == "False"
    };
    world.objects(KIND).until(name, &format!("waits: {words}"), said).await;
}

#[tokio::test]
async fn a_suspended_one_is_not_started_until_it_may_be() {
    let world = world("inv-suspend").await;
    apply(&world, "once", of_hello(json!({"suspend": true}))).await;
    let object = world.objects(KIND).until("once", "is suspended", is_suspended).await;
    assert_eq!(object["status"]["observedGeneration"], -1, "nobody has done anything for it");
    patch(&world, "once", json!({"metadata": {"annotations": {"lambda-operator.io/reconcile-at": "1"}}}))
        .await;
    apply(&world, "other", of_hello(json!({}))).await;
    ended(&world, "other", "Completed").await;
    assert_eq!(world.calls().await, ["Invoke"]);
    patch(&world, "once", json!({"spec": {"suspend": null}})).await;
    let object = ended(&world, "once", "Completed").await;
    assert!(!is_suspended(&object), "{object}");
    assert_eq!(world.calls().await, ["Invoke", "Invoke"]);
}

#[tokio::test]
async fn a_function_is_invoked_as_its_spec_says_and_not_as_it_was() {
    let world = World::start("inv-function").await;
    apply(&world, "early", json!({"functionRef": {"name": "hello"}})).await;
    waits_for(&world, "early", "LambdaFunction hello does not exist").await;
    world
        .aws()
        .configure(|aws| (aws.create_settle, aws.update_settle) = (SettleDelay::Hold, SettleDelay::Hold))
        .await;
    world.apply("hello", function(json!({}))).await;
    waits_for(&world, "early", "LambdaFunction hello is not ready").await;
    world.aws().settle().await;
    let object = ended(&world, "early", "Completed").await;
    assert_eq!(object["status"]["target"], "arn:aws:lambda:eu-west-1:111122223333:function:hello");

    world.ready("hello").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.reason("hello", "Updating").await;
    apply(&world, "after", json!({"functionRef": {"name": "hello"}})).await;
    waits_for(&world, "after", "LambdaFunction hello is not Ready for its present spec").await;
    world.aws().settle().await;
    ended(&world, "after", "Completed").await;
    let calls = world.calls().await;
    let at = |wanted: &str| calls.iter().rposition(|operation| operation == wanted).unwrap();
    assert!(at("UpdateFunctionConfiguration") < at("Invoke"), "{calls:?}");
    assert_eq!(made(&world).await.len(), 2);
}

#[tokio::test]
async fn an_alias_is_invoked_by_its_own_name() {
    let world = World::start("inv-alias").await;
    apply(&world, "once", json!({"aliasRef": {"name": "live"}})).await;
    waits_for(&world, "once", "LambdaAlias live does not exist").await;
    world.apply("hello", function(json!({"publish": "OnChange"}))).await;
    let alias = json!({"functionRef": {"name": "hello"}, "version": "Latest"});
    world.objects("LambdaAlias").apply("live", alias).await;
    let object = ended(&world, "once", "Completed").await;
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello:live";
    assert_eq!(
        (&object["status"]["target"], &object["status"]["executedVersion"]),
        (&json!(arn), &json!("1"))
    );
    apply(&world, "latest", json!({"functionRef": {"name": "hello"}, "qualifier": "$LATEST"})).await;
    let object = ended(&world, "latest", "Completed").await;
    assert_eq!(object["status"]["executedVersion"], "$LATEST");
}

#[tokio::test]
async fn a_function_stays_for_an_invocation_that_is_to_be_made_and_not_for_one_that_was() {
    let world = World::start("inv-holds").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    apply(&world, "made", json!({"functionRef": {"name": "hello"}})).await;
    ended(&world, "made", "Completed").await;
    apply(&world, "waiting", json!({"functionRef": {"name": "hello"}, "suspend": true})).await;
    world.objects(KIND).until("waiting", "is suspended", is_suspended).await;
    world.delete("hello").await;
    let object = world.problem("hello", "DeletionBlocked", &["LambdaInvocation waiting"]).await;
    let message = cluster_tests::condition(&object, "Ready").unwrap().message.clone();
    assert!(!message.contains("LambdaInvocation made"), "{message}");
    world.objects(KIND).delete("waiting").await;
    world.gone("hello").await;
}

#[tokio::test]
async fn a_version_that_is_to_be_invoked_is_not_deleted_for_being_old() {
    let world = World::start("inv-version").await;
    let spec = |size: i32| {
        function(json!({"publish": "OnChange", "versionRetention": {"keep": 1}, "memorySize": size}))
    };
    world.apply("hello", spec(128)).await;
    world.ready("hello").await;
    let waiting = json!({"functionRef": {"name": "hello"}, "qualifier": "1", "suspend": true});
    apply(&world, "old", waiting).await;
    world.objects(KIND).until("old", "is suspended", is_suspended).await;
    world.apply("hello", spec(256)).await;
    world.ready("hello").await;
    assert!(world.aws().version("hello", "1").await.is_some());
    patch(&world, "old", json!({"spec": {"suspend": null}})).await;
    let object = ended(&world, "old", "Completed").await;
    assert_eq!(object["status"]["executedVersion"], "1");
}

#[tokio::test]
async fn it_is_made_in_the_account_that_its_lambda_account_says_which_stays_as_long() {
    let world = World::start("inv-account").await;
    let there = world.aws_in(OTHER, "eu-west-1");
    there
        .put_function(json!({
            "FunctionName": "hello", "Role": cluster_tests::ROLE, "Runtime": "python3.14", "Handler": "index.handler",
            "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"},
        }))
        .await;
    let spec = |extra: Value| {
        let mut spec = of_hello(extra);
        spec["accountRef"] = world.account_ref("other");
        spec
    };
    apply(&world, "once", spec(json!({}))).await;
    world.objects(KIND).reason("once", "DependencyNotReady").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    let object = ended(&world, "once", "Completed").await;
    assert_eq!(object["status"]["account"], OTHER);
    assert_eq!((there.invocations("hello").await.len(), made(&world).await.len()), (1, 0));
    assert_eq!(
        there.writes().await[0].principal.split('/').next().unwrap(),
        format!("arn:aws:sts::{OTHER}:assumed-role")
    );

    there.inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(&world, "long", spec(json!({}))).await;
    world.sim.control().wait_for_held().await;
    world.delete_account("other").await;
    world.account_reason("other", "DeletionBlocked", &["1 object works", "/long"]).await;
    world.sim.control().release().await;
    ended(&world, "long", "Completed").await;
    world.account_gone("other").await;
}

#[tokio::test]
async fn a_namespace_that_may_not_use_the_account_invokes_nothing() {
    let world = World::start("inv-tenant").await;
    let nobody = json!({"selector": {"matchLabels": {"team": "other"}}});
    world
        .apply_account("theirs", json!({"accountId": OTHER, "roleArn": OTHER_ROLE, "namespaces": nobody}))
        .await;
    let mut spec = of_hello(json!({}));
    spec["accountRef"] = world.account_ref("theirs");
    apply(&world, "once", spec).await;
    let object = world.objects(KIND).reason("once", "AccessDenied").await;
    assert!(object["status"]["account"].is_null(), "{object}");
    assert_eq!(world.aws_in(OTHER, "eu-west-1").writes().await, []);
}

#[tokio::test]
async fn an_operator_of_one_namespace_needs_no_more_than_a_role_there() {
    let rules = json!([
        {"apiGroups": ["lambda-operator.io"], "verbs": ["list", "watch", "patch"],
         "resources": ["capacityproviders", "codesigningconfigs", "eventsourcemappings", "lambdaaliases", "lambdafunctions", "lambdalayers"]},
        {"apiGroups": ["lambda-operator.io"], "resources": ["lambdainvocations"], "verbs": ["list", "watch", "delete"]},
        {"apiGroups": ["lambda-operator.io"], "resources": ["lambdainvocations/status"], "verbs": ["patch"]},
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    ]);
    let restricted = World::builder("inv-namespaced").allowed(rules);
    let world = restricted.settings(|settings| settings.cluster_id = Some("restricted".into())).start().await;
    put_hello(&world).await;
    let elsewhere = world.cluster.namespace("inv-elsewhere").await;
    let api = cluster_tests::api(elsewhere.client(), elsewhere.name(), KIND);
    let theirs = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": KIND, "metadata": {"name": "theirs"}, "spec": of_hello(json!({})),
    });
    api.create(&kube::api::PostParams::default(), &serde_json::from_value(theirs).unwrap()).await.unwrap();
    world.secret("event", &[("k", "1")]).await;
    let from = json!({"secretKeyRef": {"name": "event", "key": "k"}});
    apply(&world, "ours", of_hello(json!({"payloadFrom": from, "ttlSecondsAfterFinished": 1}))).await;
    world.objects(KIND).gone("ours").await;
    let made: Vec<Value> = made(&world).await.into_iter().map(|one| one.event).collect();
    assert_eq!(made, [json!(1)]);
    assert_eq!(api.get("theirs").await.unwrap().data["status"]["observedGeneration"], -1);
}
