//! Deletion: what it costs, what it waits for, what stays.

use cluster_tests::{World, function, object_condition};
use lambda_sim::SettleDelay;
use serde_json::{Value, json};

use super::{KIND, QUEUE, event, message, only_mapping, queue, uuid, world};

const DELETION: [&str; 4] =
    ["GetEventSourceMapping", "ListTags", "DeleteEventSourceMapping", "GetEventSourceMapping"];

#[tokio::test]
async fn a_deletion_deletes_and_waits_for_aws() {
    let world = world("esm-delete").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    mappings.ready("orders").await;
    world.aws().clear_ledger().await;
    mappings.delete("orders").await;
    mappings.gone("orders").await;
    assert_eq!(world.calls().await, DELETION);
    assert!(world.aws().mappings().await.is_empty());
}

#[tokio::test]
async fn a_mapping_that_aws_is_at_work_on_is_deleted_after_that() {
    let world = world("esm-delete-busy").await;
    world.aws().configure(|settings| settings.create_settle = SettleDelay::Hold).await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    mappings.until("orders", "is Creating", |object| object["status"]["state"] == "Creating").await;
    mappings.delete("orders").await;
    mappings.until("orders", "waits", |object| message(object).contains("still at work")).await;
    world.aws().settle().await;
    mappings.gone("orders").await;
    let calls = world.calls().await;
    assert_eq!(calls.iter().filter(|call| *call == "DeleteEventSourceMapping").count(), 1, "{calls:?}");
    assert!(world.aws().mappings().await.is_empty());
}

#[tokio::test]
async fn a_slow_deletion_is_polled_until_it_is_gone() {
    let world = world("esm-delete-slow").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    mappings.ready("orders").await;
    world.aws().configure(|settings| settings.update_settle = SettleDelay::Hold).await;
    mappings.delete("orders").await;
    mappings.until("orders", "is Deleting", |o| object_condition(o, "Ready")["reason"] == "Deleting").await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let calls = world.calls().await;
    assert_eq!(calls.iter().filter(|call| *call == "DeleteEventSourceMapping").count(), 1, "{calls:?}");
    world.aws().settle().await;
    mappings.gone("orders").await;
}

#[tokio::test]
async fn retained_it_stays_without_the_owners_tags() {
    let world = world("esm-retain").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({"deletionPolicy": "Retain", "tags": {"team": "a"}}))).await;
    mappings.ready("orders").await;
    mappings.delete("orders").await;
    mappings.gone("orders").await;
    assert_eq!(only_mapping(&world).await["Tags"], json!({"team": "a"}));
}

#[tokio::test]
async fn one_that_is_gone_already_lets_the_object_go() {
    let world = world("esm-delete-gone").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let id = uuid(&mappings.ready("orders").await);
    world.aws().remove_mapping(&id).await;
    world.aws().clear_ledger().await;
    mappings.delete("orders").await;
    mappings.gone("orders").await;
    assert_eq!(world.calls().await, ["GetEventSourceMapping"]);
}

#[tokio::test]
async fn one_that_lost_its_tag_is_left_with_a_warning() {
    let world = world("esm-delete-untagged").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let id = uuid(&mappings.ready("orders").await);
    world.aws().edit_mapping(&id, json!({"Tags": {}})).await;
    mappings.delete("orders").await;
    mappings.gone("orders").await;
    assert_eq!(only_mapping(&world).await["UUID"], *id);
    event(&world, "orders", "LeftInAWS", "its ownership tag has vanished").await;
}

#[tokio::test]
async fn without_permission_the_deletion_says_so_and_goes_on_later() {
    let world = world("esm-delete-denied").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    mappings.ready("orders").await;
    world.aws().patch(json!({"deny": ["DeleteEventSourceMapping"]})).await;
    mappings.delete("orders").await;
    let object = mappings.reason("orders", "AccessDenied").await;
    assert!(message(&object).contains("Retain"), "{}", message(&object));
    world.aws().patch(json!({"deny": []})).await;
    mappings.gone("orders").await;
    assert!(world.aws().mappings().await.is_empty());
}

#[tokio::test]
async fn a_function_waits_for_its_mapping_which_goes_first() {
    let world = World::start("esm-blocks").await;
    let (mappings, functions) = (world.objects(KIND), world.objects("LambdaFunction"));
    functions.apply("hello", function(json!({}))).await;
    let spec = json!({"functionRef": {"name": "hello"}, "eventSourceArn": QUEUE});
    mappings.apply("orders", spec).await;
    mappings.ready("orders").await;
    functions.delete("hello").await;
    let object = functions.reason("hello", "DeletionBlocked").await;
    assert!(message(&object).contains("EventSourceMapping orders"), "{}", message(&object));
    let object = mappings.reason("orders", "DependencyNotReady").await;
    let resolved = object_condition(&object, "ReferencesResolved");
    assert_eq!(resolved["status"], "False");
    assert!(
        resolved["message"].as_str().unwrap().contains("LambdaFunction hello is being deleted"),
        "{resolved}"
    );
    mappings.delete("orders").await;
    mappings.gone("orders").await;
    functions.gone("hello").await;
    let ledger = world.ledger().await;
    let deletions: Vec<&str> =
        ledger.iter().map(|call| call.operation.as_str()).filter(|call| call.starts_with("Delete")).collect();
    assert_eq!(deletions, ["DeleteEventSourceMapping", "DeleteFunction"]);
    assert_eq!(world.aws().mappings().await, Vec::<Value>::new());
}
