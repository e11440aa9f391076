//! The function that a mapping refers to: missing, not ready, moved; in any order.

use cluster_tests::{World, function, object_condition};
use lambda_sim::SettleDelay;
use serde_json::{Value, json};

use super::{KIND, QUEUE, message, only_mapping, with};

fn of(reference: &str, name: &str) -> Value {
    json!({reference: {"name": name}, "eventSourceArn": QUEUE})
}

fn unresolved(object: &Value) -> String {
    let resolved = object_condition(object, "ReferencesResolved");
    assert_eq!(resolved["status"], "False", "{resolved}");
    resolved["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_missing_is_named_and_its_creation_is_noticed_at_once() {
    let world = World::start("esm-missing").await;
    let mappings = world.objects(KIND);
    for (name, reference, kind) in
        [("orders", "functionRef", "LambdaFunction"), ("clicks", "aliasRef", "LambdaAlias")]
    {
        mappings.apply(name, of(reference, "hello")).await;
        let object = mappings.reason(name, "DependencyNotReady").await;
        assert!(unresolved(&object).contains(&format!("{kind} hello does not exist")), "{object}");
    }
    assert_eq!(world.calls().await, Vec::<String>::new());
    world.apply("hello", function(json!({}))).await;
    let object = mappings.ready("orders").await;
    assert_eq!(object_condition(&object, "ReferencesResolved")["status"], "True");
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
    assert_eq!(only_mapping(&world).await["FunctionArn"], function);
    let calls = ["CreateFunction", "GetFunction", "CreateEventSourceMapping", "GetEventSourceMapping"];
    assert_eq!(world.calls().await, calls);
}

#[tokio::test]
async fn a_function_that_is_being_created_is_waited_for() {
    let world = World::start("esm-pending").await;
    world.aws().configure(|settings| settings.create_settle = SettleDelay::Hold).await;
    let mappings = world.objects(KIND);
    world.apply("hello", function(json!({}))).await;
    mappings.apply("orders", of("functionRef", "hello")).await;
    let object = mappings.reason("orders", "DependencyNotReady").await;
    assert!(unresolved(&object).contains("LambdaFunction hello"), "{object}");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(world.aws().mappings().await.is_empty());
    world.aws().configure(|settings| settings.create_settle = SettleDelay::NEXT_READ).await;
    world.aws().settle().await;
    mappings.ready("orders").await;
}

#[tokio::test]
async fn a_function_that_failed_is_told_with_its_reason() {
    let world = World::start("esm-unready").await;
    let mappings = world.objects(KIND);
    world.apply("hello", function(json!({"role": "arn:aws:iam::111122223333:role/gone"}))).await;
    let gone = ["arn:aws:iam::111122223333:role/gone".to_owned()].into();
    world.aws().configure(|settings| settings.missing_roles = gone).await;
    mappings.apply("orders", of("functionRef", "hello")).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    let told = |object: &Value| message(object).contains("is not ready: ");
    mappings.until("orders", "says why", told).await;
    world.aws().configure(|settings| settings.missing_roles.clear()).await;
    mappings.ready("orders").await;
}

#[tokio::test]
async fn another_function_moves_the_mapping_by_one_write() {
    let world = World::start("esm-moved").await;
    let mappings = world.objects(KIND);
    for name in ["one", "two"] {
        world.apply(name, function(json!({}))).await;
    }
    world.ready("one").await;
    world.ready("two").await;
    mappings.apply("orders", of("functionRef", "one")).await;
    mappings.ready("orders").await;
    for (spec, name) in [
        (of("functionRef", "two"), "two"),
        (with(json!({"functionName": "one:$LATEST"}), &json!({"eventSourceArn": QUEUE})), "one"),
    ] {
        world.aws().clear_ledger().await;
        mappings.apply("orders", spec).await;
        mappings.ready("orders").await;
        let change =
            ["GetEventSourceMapping", "ListTags", "UpdateEventSourceMapping", "GetEventSourceMapping"];
        assert_eq!(world.calls().await, change);
        let function = format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
        assert_eq!(only_mapping(&world).await["FunctionArn"], function);
    }
}

#[tokio::test]
async fn the_order_of_apply_and_delete_never_matters() {
    for mapping_first in [true, false] {
        let world = World::start("esm-order").await;
        let (mappings, functions) = (world.objects(KIND), world.objects("LambdaFunction"));
        if mapping_first {
            mappings.apply("orders", of("functionRef", "hello")).await;
            functions.apply("hello", function(json!({}))).await;
        } else {
            functions.apply("hello", function(json!({}))).await;
            mappings.apply("orders", of("functionRef", "hello")).await;
        }
        mappings.ready("orders").await;
        let ledger = world.ledger().await;
        let writes: Vec<&str> =
            ledger.iter().filter(|call| call.is_write()).map(|call| call.operation.as_str()).collect();
        assert_eq!(writes, ["CreateFunction", "CreateEventSourceMapping"]);
        if mapping_first {
            mappings.delete("orders").await;
            functions.delete("hello").await;
        } else {
            functions.delete("hello").await;
            mappings.delete("orders").await;
        }
        mappings.gone("orders").await;
        functions.gone("hello").await;
        assert!(world.aws().mappings().await.is_empty() && world.aws().functions().await.is_empty());
    }
}

/// The calls about mappings so far.
async fn mapping_calls(world: &World) -> Vec<String> {
    world.calls().await.into_iter().filter(|call| call.contains("EventSourceMapping")).collect()
}

#[tokio::test]
async fn an_alias_gets_the_events_whichever_version_it_points_to() {
    for mapping_first in [true, false] {
        let world = World::start("esm-alias").await;
        let (mappings, aliases) = (world.objects(KIND), world.objects("LambdaAlias"));
        let follows = json!({"functionRef": {"name": "hello"}, "version": "Latest"});
        let published = |memory: u32| function(json!({"publish": "OnChange", "memorySize": memory}));
        if mapping_first {
            mappings.apply("orders", of("aliasRef", "live")).await;
            aliases.apply("live", follows).await;
            world.apply("hello", published(128)).await;
        } else {
            world.apply("hello", published(128)).await;
            aliases.apply("live", follows).await;
            mappings.apply("orders", of("aliasRef", "live")).await;
        }
        let object = mappings.ready("orders").await;
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello:live";
        assert_eq!(
            (&object["status"]["functionArn"], &only_mapping(&world).await["FunctionArn"]),
            (&json!(arn), &json!(arn))
        );
        let ledger = world.ledger().await;
        let writes: Vec<&str> =
            ledger.iter().filter(|call| call.is_write()).map(|call| call.operation.as_str()).collect();
        assert_eq!(writes, ["CreateFunction", "PublishVersion", "CreateAlias", "CreateEventSourceMapping"]);
        world.aws().clear_ledger().await;
        world.apply("hello", published(256)).await;
        let moved = |object: &Value| object["status"]["functionVersion"] == "2";
        aliases.until("live", "points to the new version", moved).await;
        aliases.ready("live").await;
        assert_eq!(world.aws().alias("hello", "live").await.unwrap()["FunctionVersion"], "2");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(mapping_calls(&world).await, Vec::<String>::new(), "the mapping stays as it is");
        mappings.ready("orders").await;
    }
}
