//! Answers that are lost and operators that die: never a second mapping, nothing left behind.

use cluster_tests::World;
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::{Process, eventually};

use super::{KIND, PATIENCE, QUEUE, only_mapping, queue, uuid, with_function};

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_mapping() {
    for effect in [FaultEffect::CutAfter, FaultEffect::CutBefore] {
        let mut world = with_function(World::builder("esm-lost").without_operator()).await;
        world.aws().inject(Fault::new("CreateEventSourceMapping", effect.clone()).times(1)).await;
        world.start_operator();
        let mappings = world.objects(KIND);
        mappings.apply("orders", queue(json!({"tags": {"team": "a"}}))).await;
        let object = mappings.ready("orders").await;
        assert_eq!(uuid(&object), only_mapping(&world).await["UUID"].as_str().unwrap());
        assert_eq!(object["status"]["origin"], "Created");
        assert!(object["status"]["pending"].is_null());
        let calls = world.calls().await;
        let creations = calls.iter().filter(|call| *call == "CreateEventSourceMapping").count();
        assert_eq!(creations, if effect == FaultEffect::CutAfter { 1 } else { 2 }, "{calls:?}");
        assert_eq!(calls[1], "ListEventSourceMappings", "a look before anything is repeated: {calls:?}");
    }
}

/// Kills an operator at a call, before or after its effect, and starts another.
async fn killed_at(
    world: &World,
    process: Process,
    operation: &str,
    effect: FaultEffect,
    step: impl AsyncFnOnce(),
) -> Process {
    let mut process = process;
    world.aws().inject(Fault::new(operation, effect).times(1)).await;
    world.aws().clear_ledger().await;
    step().await;
    let held = world.sim.control().wait_for_held().await;
    assert_eq!(held.operation, operation);
    process.kill9();
    eventually(PATIENCE, "the simulator notices the end of the caller", || async {
        let ledger = world.aws().ledger().await;
        ledger.into_iter().any(|call| call.error.as_deref() == Some("CallerGone")).then_some(())
    })
    .await;
    world.sim.control().release().await;
    world.aws().clear_faults().await;
    world.operator_process("operator", &[]).await
}

/// How often a write was made, the one included during which the operator was killed.
async fn times(world: &World, operation: &str) -> usize {
    world.calls().await.iter().filter(|call| *call == operation).count()
}

#[tokio::test]
async fn killed_at_any_call_it_goes_on_and_doubles_nothing() {
    for (effect, again) in [(FaultEffect::PauseBefore, 2), (FaultEffect::PauseAfter, 1)] {
        let world = with_function(World::builder("esm-killed").without_operator()).await;
        let mappings = world.objects(KIND);
        let mut process = world.operator_process("operator", &[]).await;
        for (operation, spec) in [
            ("CreateEventSourceMapping", json!({})),
            ("GetEventSourceMapping", json!({"batchSize": 5})),
            ("UpdateEventSourceMapping", json!({"batchSize": 6})),
            ("TagResource", json!({"batchSize": 6, "tags": {"team": "a"}})),
            ("UntagResource", json!({"batchSize": 6})),
        ] {
            let apply = async || mappings.apply("orders", queue(spec.clone())).await;
            process = killed_at(&world, process, operation, effect.clone(), apply).await;
            let object = mappings.ready("orders").await;
            if operation != "GetEventSourceMapping" {
                assert_eq!(times(&world, operation).await, again, "{operation}: {:?}", world.calls().await);
            }
            assert_eq!(uuid(&object), only_mapping(&world).await["UUID"].as_str().unwrap(), "{operation}");
        }
        let delete = async || mappings.delete("orders").await;
        process = killed_at(&world, process, "DeleteEventSourceMapping", effect.clone(), delete).await;
        mappings.gone("orders").await;
        assert_eq!(times(&world, "DeleteEventSourceMapping").await, again);
        assert_eq!(world.aws().mappings().await, Vec::<Value>::new());
        drop(process);
    }
}

#[tokio::test]
async fn an_object_that_is_deleted_while_its_creation_is_unknown_takes_the_mapping_along() {
    let world = with_function(World::builder("esm-killed-deleted").without_operator()).await;
    let mappings = world.objects(KIND);
    let mut process = world.operator_process("operator", &[]).await;
    let both = async || mappings.apply("orders", queue(json!({}))).await;
    world.aws().inject(Fault::new("CreateEventSourceMapping", FaultEffect::PauseAfter).times(1)).await;
    both().await;
    world.sim.control().wait_for_held().await;
    process.kill9();
    mappings.delete("orders").await;
    world.sim.control().release().await;
    assert_eq!(only_mapping(&world).await["EventSourceArn"], QUEUE);
    process = world.operator_process("operator", &[]).await;
    mappings.gone("orders").await;
    assert_eq!(world.aws().mappings().await, Vec::<Value>::new());
    drop(process);
}

#[tokio::test]
async fn an_adoption_goes_on_when_the_operator_dies_at_its_only_write() {
    for (effect, again) in [(FaultEffect::PauseBefore, 2), (FaultEffect::PauseAfter, 1)] {
        let world = with_function(World::builder("esm-killed-adopting").without_operator()).await;
        let mappings = world.objects(KIND);
        let body = json!({"FunctionName": "consumer", "EventSourceArn": QUEUE});
        let id = world.aws().put_mapping(body).await;
        let process = world.operator_process("operator", &[]).await;
        let adopt = async || mappings.apply("orders", queue(json!({"adopt": "Unowned"}))).await;
        let process = killed_at(&world, process, "TagResource", effect, adopt).await;
        let object = mappings.ready("orders").await;
        assert_eq!((uuid(&object), &object["status"]["origin"]), (id, &json!("Adopted")));
        assert_eq!(times(&world, "TagResource").await, again);
        assert_eq!(
            times(&world, "CreateEventSourceMapping").await,
            0,
            "what may be adopted is looked for first"
        );
        drop(process);
    }
}
