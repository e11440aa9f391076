//! A mapping of this source and function that is there already: whose it is, and what becomes of it.

use cluster_tests::{World, object_condition};
use serde_json::{Value, json};

use super::{KIND, STREAM, message, only_mapping, put, queue, stream, sweeping, uuid, with_function};

const OWNER: &str = "lambda-operator.io/owner";

async fn prod(name: &str) -> World {
    with_function(World::builder(name).settings(|settings| settings.cluster_id = Some("prod".into()))).await
}

#[tokio::test]
async fn somebody_elses_mapping_is_named_and_left_alone() {
    let world = prod("esm-foreign").await;
    let mappings = world.objects(KIND);
    for (tags, adopt, parts) in [
        (json!({}), "Never", ["carries no ownership tag", "spec.adopt to Unowned"]),
        (
            json!({OWNER: "other/1", "lambda-operator.io/object": "a/b"}),
            "Unowned",
            ["a/b of another cluster", "Force"],
        ),
    ] {
        let id = put(&world, json!({"Tags": tags})).await;
        let before = only_mapping(&world).await;
        mappings.apply("orders", queue(json!({"batchSize": 5, "adopt": adopt}))).await;
        let object = mappings.reason("orders", "OwnershipConflict").await;
        for part in parts {
            assert!(message(&object).contains(part), "{part:?} is not in {}", message(&object));
        }
        assert!(message(&object).contains(&id) && object["status"]["uuid"].is_null());
        assert!(object["status"]["pending"].is_null(), "nothing is to be recovered");
        assert_eq!(only_mapping(&world).await, before);
        mappings.delete("orders").await;
        mappings.gone("orders").await;
        assert_eq!(only_mapping(&world).await, before, "what it never had it doesn't delete");
        world.aws().remove_mapping(&id).await;
    }
}

#[tokio::test]
async fn what_may_be_taken_over_is_and_then_changed() {
    for (name, tags, adopt) in [
        ("esm-adopt", json!({"somebody": "x"}), "Unowned"),
        ("esm-force", json!({OWNER: "other/1", "lambda-operator.io/object": "a/b"}), "Force"),
    ] {
        let world = prod(name).await;
        let mappings = world.objects(KIND);
        let id = put(&world, json!({"Tags": tags, "BatchSize": 7})).await;
        world.aws().clear_ledger().await;
        mappings.apply("orders", queue(json!({"batchSize": 5, "adopt": adopt}))).await;
        let object = mappings.ready("orders").await;
        assert_eq!((uuid(&object), &object["status"]["origin"]), (id, &json!("Adopted")));
        let calls = [
            "ListEventSourceMappings",
            "ListTags",
            "TagResource",
            "UpdateEventSourceMapping",
            "GetEventSourceMapping",
        ];
        assert_eq!(world.calls().await, calls);
        let mapping = only_mapping(&world).await;
        assert_eq!(mapping["BatchSize"], 5);
        assert!(mapping["Tags"][OWNER].as_str().unwrap().starts_with("prod/"), "{mapping}");
        super::event(&world, "orders", "Adopted", "belongs to this object").await;
    }
}

#[tokio::test]
async fn an_adoption_without_a_difference_changes_nothing_but_tags() {
    let world = prod("esm-adopt-same").await;
    let mappings = world.objects(KIND);
    put(&world, json!({})).await;
    world.aws().clear_ledger().await;
    mappings.apply("orders", queue(json!({"adopt": "Unowned"}))).await;
    mappings.ready("orders").await;
    assert_eq!(world.calls().await, ["ListEventSourceMappings", "ListTags", "TagResource"]);
}

#[tokio::test]
async fn of_several_that_read_a_source_the_one_of_the_alias_is_taken_over() {
    let world = prod("esm-adopt-which").await;
    let mappings = world.objects(KIND);
    world.aws().publish_version("consumer", None).await;
    world.aws().put_alias("consumer", json!({"Name": "live", "FunctionVersion": "1"})).await;
    let topic = |function: &str, group: &str| {
        json!({
            "FunctionName": function, "StartingPosition": "LATEST", "Topics": ["orders"],
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b.example:9092"]}},
            "SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet:subnet-a"}],
            "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": group},
        })
    };
    world.aws().put_mapping(topic("consumer", "one")).await;
    let wanted = world.aws().put_mapping(topic("consumer:live", "two")).await;
    world.aws().put_mapping(topic("consumer:1", "three")).await;
    world.aws().clear_ledger().await;
    let spec = json!({
        "adopt": "Unowned", "functionName": "consumer:live", "startingPosition": "LATEST", "topics": ["orders"],
        "selfManagedEventSource": {"endpoints": {"kafkaBootstrapServers": ["b.example:9092"]}},
        "sourceAccessConfigurations": [{"type": "VPC_SUBNET", "uri": "subnet:subnet-a"}],
        "selfManagedKafkaEventSourceConfig": {"consumerGroupId": "two"},
    });
    mappings.apply("orders", spec).await;
    assert_eq!(uuid(&mappings.ready("orders").await), wanted);
    assert_eq!(world.written().await, ["TagResource"]);
}

#[tokio::test]
async fn what_can_never_become_the_spec_is_explained_and_not_taken_over() {
    let world = prod("esm-fixed").await;
    let mappings = world.objects(KIND);
    let body =
        json!({"FunctionName": "consumer", "EventSourceArn": STREAM, "StartingPosition": "TRIM_HORIZON"});
    let id = world.aws().put_mapping(body).await;
    let before = only_mapping(&world).await;
    mappings.apply("clicks", stream(json!({"adopt": "Unowned"}))).await;
    let object = mappings.reason("clicks", "ImmutableFieldChanged").await;
    for part in
        ["spec.startingPosition is", "TRIM_HORIZON", "create a new EventSourceMapping and delete this one"]
    {
        assert!(message(&object).contains(part), "{part:?} is not in {}", message(&object));
    }
    assert!(!object_condition(&object, "Stalled").is_null());
    assert_eq!(only_mapping(&world).await, before);
    mappings.apply("clicks", stream(json!({"adopt": "Unowned", "ignoreDrift": ["startingPosition"]}))).await;
    assert_eq!(uuid(&mappings.ready("clicks").await), id);
}

#[tokio::test]
async fn a_tag_that_disappears_stops_changes_and_says_how_to_mend_it() {
    let world = prod("esm-untagged").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let id = uuid(&mappings.ready("orders").await);
    world.aws().edit_mapping(&id, json!({"Tags": {}})).await;
    mappings.apply("orders", queue(json!({"batchSize": 5}))).await;
    let object = mappings.reason("orders", "OwnershipConflict").await;
    assert!(message(&object).contains("has vanished"), "{}", message(&object));
    assert_eq!(only_mapping(&world).await["BatchSize"], 10);
    mappings.apply("orders", queue(json!({"batchSize": 5, "adopt": "Force"}))).await;
    mappings.ready("orders").await;
    assert_eq!(only_mapping(&world).await["BatchSize"], 5);
}

#[tokio::test]
async fn an_object_that_only_observes_finds_the_mapping_and_writes_nothing() {
    let world = sweeping("esm-observe").await;
    let mappings = world.objects(KIND);
    let observe =
        |extra: Value| queue(super::with(json!({"managementPolicy": "Observe", "batchSize": 5}), &extra));
    mappings.apply("orders", observe(json!({}))).await;
    mappings.reason("orders", "DependencyNotReady").await;
    let id = put(&world, json!({"BatchSize": 7})).await;
    let object = mappings.ready("orders").await;
    assert_eq!(uuid(&object), id);
    assert!(object_condition(&object, "Drifted")["message"].as_str().unwrap().contains("batchSize"));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.aws().clear_ledger().await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(world.calls().await, Vec::<String>::new(), "sweeps find nothing new");
    world.aws().edit_mapping(&id, json!({"BatchSize": 5})).await;
    mappings.until("orders", "sees no drift", |o| object_condition(o, "Drifted")["status"] == "False").await;
    let writes: Vec<_> = world.ledger().await.into_iter().filter(lambda_sim::Call::is_write).collect();
    assert!(writes.is_empty(), "{writes:?}");
    mappings.delete("orders").await;
    mappings.gone("orders").await;
    assert_eq!(only_mapping(&world).await["UUID"], *id);
}
