//! Who may change what: `managementPolicy: Observe`, `suspend`, `ignoreDrift` and the annotation that asks for a look.

use std::time::Duration;

use cluster_tests::{ROLE, World, condition, function};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};
use test_support::eventually;

/// A world whose operator looks for drift all the time.
async fn watchful(name: &str) -> World {
    World::builder(name)
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(500)))
        .start()
        .await
}

fn is_condition(object: &LambdaFunction, kind: &str, status: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition.status == status)
}

fn message<'a>(object: &'a LambdaFunction, kind: &str) -> &'a str {
    condition(object, kind).map_or("", |condition| &condition.message)
}

fn revision(object: &LambdaFunction) -> Option<&str> {
    object.status.as_ref()?.revision_id.as_deref()
}

async fn configuration(world: &World) -> Value {
    world.aws().function("hello").await.expect("the function is in AWS")["Configuration"].clone()
}

/// Waits until the object was visited since AWS last changed, and settled.
async fn seen(world: &World) -> LambdaFunction {
    let now = configuration(world).await["RevisionId"].as_str().unwrap().to_owned();
    world.until("hello", "AWS's newest revision is known", |object| revision(object) == Some(&now)).await
}

async fn put(world: &World) {
    let files = json!({"S3Bucket": "packages", "S3Key": "one.zip"});
    let function = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler", "Code": files,
        "MemorySize": 256, "Tags": {"team": "theirs"},
    });
    world.aws().put_function(function).await;
}

fn observed(extra: Value) -> Value {
    let mut spec =
        function(json!({"managementPolicy": "Observe", "code": {"external": {}}, "memorySize": 256}));
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

#[tokio::test]
async fn an_observer_reports_every_difference_and_writes_nothing() {
    let world = watchful("observe").await;
    put(&world).await;
    let before = world.aws().function("hello").await;
    world
        .apply(
            "hello",
            observed(json!({"timeout": 30, "tags": {"team": "ours"}, "reservedConcurrentExecutions": 5})),
        )
        .await;
    let object =
        world.until("hello", "the drift is reported", |object| is_condition(object, "Drifted", "True")).await;
    for path in ["timeout", "tags.team", "reservedConcurrentExecutions"] {
        assert!(message(&object, "Drifted").contains(path), "{}", message(&object, "Drifted"));
    }
    assert!(!message(&object, "Drifted").contains("memorySize"));
    let object = world.ready("hello").await;
    assert!(is_condition(&object, "Ready", "True") && is_condition(&object, "Synced", "False"));
    assert!(condition(&object, "Reconciling").is_none());
    assert!(!message(&object, "Ready").contains("matches the spec"), "{}", message(&object, "Ready"));
    assert!(object.metadata.finalizers.is_none());
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.writes("hello").await, []);
    assert_eq!(world.aws().function("hello").await, before);
}

#[tokio::test]
async fn an_observer_follows_what_others_change() {
    let world = watchful("observe-follows").await;
    put(&world).await;
    world.apply("hello", observed(json!({}))).await;
    let object = world.ready("hello").await;
    assert!(is_condition(&object, "Drifted", "False") && is_condition(&object, "Synced", "True"));
    world.aws().edit_function("hello", json!({"MemorySize": 1024})).await;
    let object =
        world.until("hello", "the drift is reported", |object| is_condition(object, "Drifted", "True")).await;
    assert_eq!(message(&object, "Drifted"), "AWS differs from the spec in: memorySize.");
    world.aws().edit_function("hello", json!({"MemorySize": 256})).await;
    world.until("hello", "the drift is over", |object| is_condition(object, "Drifted", "False")).await;
    assert_eq!(world.writes("hello").await, []);
}

#[tokio::test]
async fn an_observer_explains_a_missing_function_and_finds_it_later() {
    let world = World::start("observe-missing").await;
    world.apply("hello", observed(json!({}))).await;
    let object = world.reason("hello", "DependencyNotReady").await;
    assert!(message(&object, "Ready").contains("managementPolicy Observe never creates it"));
    put(&world).await;
    world.ready("hello").await;
    assert_eq!(world.writes("hello").await, []);
}

#[tokio::test]
async fn an_observer_leaves_aws_alone_when_it_goes() {
    let world = World::start("observe-delete").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    world.patch("hello", json!({"spec": {"managementPolicy": "Observe", "memorySize": 512}})).await;
    world.until("hello", "it only observes", |object| is_condition(object, "Drifted", "True")).await;
    let before = world.aws().function("hello").await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(world.aws().function("hello").await, before);
}

#[tokio::test]
async fn a_suspended_object_waits_and_says_so() {
    let world = watchful("suspend").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    world.patch("hello", json!({"spec": {"suspend": true, "memorySize": 512}})).await;
    let object =
        world.until("hello", "it is suspended", |object| is_condition(object, "Suspended", "True")).await;
    assert!(message(&object, "Suspended").contains("spec.suspend is true: nothing is done"));
    world.aws().edit_function("hello", json!({"Timeout": 99})).await;
    world.aws().clear_ledger().await;
    world.assert_quiet("hello", Duration::from_millis(1500)).await;
    world.patch("hello", json!({"spec": {"suspend": false}})).await;
    let object = world.ready("hello").await;
    assert!(condition(&object, "Suspended").is_none());
    let now = configuration(&world).await;
    assert_eq!((&now["MemorySize"], &now["Timeout"]), (&json!(512), &json!(3)));
}

#[tokio::test]
async fn a_suspended_deletion_waits_and_says_so() {
    let world = World::start("suspend-delete").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.patch("hello", json!({"spec": {"suspend": true}})).await;
    world.delete("hello").await;
    world
        .until("hello", "it says that the deletion waits", |object| {
            message(object, "Suspended").contains("the deletion waits")
        })
        .await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    world.patch("hello", json!({"spec": {"suspend": false}})).await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn the_annotation_asks_for_a_look_at_once() {
    let world = World::start("reconcile-at").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    world.aws().edit_function("hello", json!({"MemorySize": 1024})).await;
    world.aws().clear_ledger().await;
    world
        .patch("hello", json!({"metadata": {"annotations": {"lambda-operator.io/reconcile-at": "now"}}}))
        .await;
    world
        .until("hello", "the annotation was handled", |object| {
            let handled =
                object.status.as_ref().and_then(|status| status.common.last_handled_reconcile_at.as_deref());
            handled == Some("now") && is_condition(object, "Ready", "True")
        })
        .await;
    assert_eq!(configuration(&world).await["MemorySize"], 256);
    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionConfiguration", "GetFunction"]);
}

#[tokio::test]
async fn an_ignored_field_is_used_at_create_and_then_left_to_others() {
    let world = watchful("ignore-field").await;
    world.apply("hello", function(json!({"memorySize": 256, "ignoreDrift": ["memorySize"]}))).await;
    world.ready("hello").await;
    assert_eq!(configuration(&world).await["MemorySize"], 256);
    world.aws().edit_function("hello", json!({"MemorySize": 1024})).await;
    seen(&world).await;
    world.aws().clear_ledger().await;
    world
        .apply("hello", function(json!({"memorySize": 512, "timeout": 30, "ignoreDrift": ["memorySize"]})))
        .await;
    world.ready("hello").await;
    let [(operation, body)] = &world.writes("hello").await[..] else { panic!("one write") };
    assert_eq!((operation.as_str(), &body["Timeout"]), ("UpdateFunctionConfiguration", &json!(30)));
    assert!(body["MemorySize"].is_null(), "{body}");
    assert_eq!(configuration(&world).await["MemorySize"], 1024);
}

#[tokio::test]
async fn an_ignored_variable_is_sent_back_as_aws_has_it() {
    let world = watchful("ignore-variable").await;
    let spec = |stage: &str| {
        let env = json!([{"name": "STAGE", "value": stage}, {"name": "LEVEL", "value": "ours"}]);
        function(json!({"env": env, "ignoreDrift": ["env.LEVEL", "env.ADDED"]}))
    };
    world.apply("hello", spec("one")).await;
    world.ready("hello").await;
    assert_eq!(
        configuration(&world).await["Environment"]["Variables"],
        json!({"STAGE": "one", "LEVEL": "ours"})
    );
    let theirs = json!({"Variables": {"STAGE": "one", "LEVEL": "theirs", "ADDED": "theirs"}});
    world.aws().edit_function("hello", json!({"Environment": theirs})).await;
    seen(&world).await;
    assert_eq!(world.writes("hello").await.len(), 1, "only the creation");
    world.apply("hello", spec("two")).await;
    world.ready("hello").await;
    let expected = json!({"STAGE": "two", "LEVEL": "theirs", "ADDED": "theirs"});
    assert_eq!(configuration(&world).await["Environment"]["Variables"], expected);
}

#[tokio::test]
async fn ignored_tags_code_and_concurrency_are_left_to_others() {
    let world = watchful("ignore-others").await;
    let spec = |file: &str, extra: &str| {
        function(json!({
            "tags": {"team": "ours", "stage": extra}, "reservedConcurrentExecutions": 5,
            "code": {"inline": {"files": {"index.py": file}}},
            "ignoreDrift": ["tags.team", "code", "reservedConcurrentExecutions"],
        }))
    };
    world.apply("hello", spec("one", "one")).await;
    world.ready("hello").await;
    let function = world.aws().function("hello").await.unwrap();
    assert_eq!(
        (&function["Tags"]["team"], &function["Concurrency"]["ReservedConcurrentExecutions"]),
        (&json!("ours"), &json!(5))
    );
    let mut theirs = function["Tags"].clone();
    theirs["team"] = json!("theirs");
    let changes = json!({"Tags": theirs, "CodeSha256": "dGhlaXJz", "ReservedConcurrentExecutions": 9});
    world.aws().edit_function("hello", changes).await;
    let object = seen(&world).await;
    assert_eq!(object.status.unwrap().code_sha256.as_deref(), Some("dGhlaXJz"), "it is reported");
    world.aws().clear_ledger().await;
    world.apply("hello", spec("two", "two")).await;
    world.ready("hello").await;
    assert_eq!(world.writes("hello").await, [("TagResource".to_owned(), json!({"Tags": {"stage": "two"}}))]);
}

#[tokio::test]
async fn what_stops_being_ignored_is_mended() {
    let world = watchful("ignore-no-more").await;
    world.apply("hello", function(json!({"memorySize": 256, "ignoreDrift": ["memorySize"]}))).await;
    world.ready("hello").await;
    world.aws().edit_function("hello", json!({"MemorySize": 1024})).await;
    seen(&world).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    eventually(Duration::from_mins(1), "the memory is back", || async {
        (configuration(&world).await["MemorySize"] == 256).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_path_that_cannot_be_ignored_is_refused_with_those_that_can() {
    let world = World::start("ignore-unknown").await;
    world.apply("hello", function(json!({"ignoreDrift": ["memory"]}))).await;
    let object = world.reason("hello", "InvalidSpec").await;
    let text = message(&object, "Ready");
    assert!(text.contains("spec.ignoreDrift contains \"memory\"") && text.contains("memorySize"), "{text}");
    assert_eq!(world.ledger().await, []);
}
