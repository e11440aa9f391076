//! `scaling`: set, changed, removed and drifted with exact calls, and Ready when it is in force.

use std::time::Duration;

use cluster_tests::{World, condition};
use lambda_operator_crds::LambdaFunction;
use lambda_sim::{Fault, Section, SettleDelay};
use serde_json::{Value, json};
use test_support::eventually;

use super::{LATEST_PUBLISHED, managed, published};
use crate::sections::calls_after;

fn limits(min: i32, max: i32) -> Value {
    json!({"scaling": {"minExecutionEnvironments": min, "maxExecutionEnvironments": max}})
}

async fn in_aws(world: &World) -> Value {
    world.aws().section("hello", Some(LATEST_PUBLISHED), Section::Scaling).await.unwrap_or_default()
}

async fn set(world: &World, spec: Value) {
    world.apply("hello", managed(spec)).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn it_is_set_changed_and_removed_with_one_write_each() {
    let world = World::start("scaling").await;
    set(&world, json!({})).await;
    let poll = ["GetFunction", "GetFunctionScalingConfig"];
    let calls = calls_after(&world, async |world| set(world, limits(1, 9)).await).await;
    assert_eq!(calls, [&["GetFunction", "PutFunctionScalingConfig"][..], &poll].concat(), "it is new");
    let applied = json!({"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 9});
    assert_eq!(in_aws(&world).await["AppliedFunctionScalingConfig"], applied);
    let status = world.ready("hello").await.status.unwrap();
    assert_eq!(status.common.managed_sections, ["scaling"]);
    assert_eq!(status.scaling.unwrap().applied.max_execution_environments, Some(9));

    let calls = calls_after(&world, async |world| set(world, limits(2, 9)).await).await;
    let change = ["GetFunction", "GetFunctionScalingConfig", "PutFunctionScalingConfig"];
    assert_eq!(calls, [&change[..], &poll].concat());
    assert_eq!(in_aws(&world).await["AppliedFunctionScalingConfig"]["MinExecutionEnvironments"], 2);

    let calls = calls_after(&world, async |world| set(world, json!({})).await).await;
    assert_eq!(calls, change, "nobody waits for AWS's default");
    assert!(in_aws(&world).await.get("RequestedFunctionScalingConfig").is_none());
    let status = world.ready("hello").await.status.unwrap();
    assert_eq!((status.common.managed_sections.len(), status.scaling), (0, None));
    let calls = calls_after(&world, async |world| set(world, json!({})).await).await;
    assert_eq!(calls, [""; 0], "it is managed no more");
}

#[tokio::test]
async fn ready_is_what_is_in_force() {
    let world = World::start("scaling-wait").await;
    set(&world, json!({})).await;
    world.aws().configure(|aws| aws.section_settle = Some(SettleDelay::Hold)).await;
    world.apply("hello", managed(limits(1, 9))).await;
    let object = world
        .until("hello", "AWS is at it", |object| {
            condition(object, "Ready").is_some_and(|ready| ready.message.contains("in force is at least 3"))
        })
        .await;
    assert_eq!(condition(&object, "Ready").unwrap().status, "Unknown");
    assert!(condition(&object, "Reconciling").is_some());
    let scaling = object.status.unwrap().scaling.unwrap();
    assert_eq!(scaling.requested.unwrap().max_execution_environments, Some(9));
    assert_eq!(
        (scaling.applied.min_execution_environments, scaling.applied.max_execution_environments),
        (Some(3), None)
    );
    world.aws().settle().await;
    world.ready("hello").await;
}

#[tokio::test]
async fn none_at_all_deactivates_the_version_and_is_ready() {
    let world = World::start("scaling-none").await;
    set(&world, json!({})).await;
    world.apply("hello", managed(limits(0, 0))).await;
    let object = world.reason("hello", "Deactivated").await;
    assert_eq!(condition(&object, "Ready").unwrap().status, "True");
    assert_eq!(published(&world).await["State"], "Deactivated");
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    set(&world, limits(1, 2)).await;
    assert_eq!(published(&world).await["State"], "Active");
}

#[tokio::test]
async fn what_is_created_with_it_is_published_first_and_a_refusal_meanwhile_is_no_problem() {
    let world = World::start("scaling-create").await;
    let text =
        "The operation cannot be performed at this time. The capacity provider version is being stabilized.";
    let refusal = Fault::error("PutFunctionScalingConfig", 409, "ResourceConflictException", text);
    world.aws().inject(refusal.times(2)).await;
    let history = world.history("hello").await;
    world.apply("hello", managed(limits(1, 9))).await;
    let object = world.ready("hello").await;
    let put = "PutFunctionScalingConfig";
    assert_eq!(world.written().await, ["CreateFunction", "PublishVersion", put, put, put]);
    let told = history.until(&object).await;
    let refused =
        |object: &&LambdaFunction| condition(object, "Ready").is_some_and(|ready| ready.status == "False");
    assert_eq!(told.iter().find(refused), None, "AWS was busy");
}

#[tokio::test]
async fn what_somebody_changes_is_found_by_the_rotation_and_mended_with_one_write() {
    let world = World::builder("scaling-drift").watchful().start().await;
    set(&world, limits(1, 9)).await;
    world.aws().clear_ledger().await;
    let drift = json!({"MinExecutionEnvironments": 5, "MaxExecutionEnvironments": 6});
    world.aws().set_section("hello", Some(LATEST_PUBLISHED), Section::Scaling, Some(drift)).await;
    eventually(Duration::from_secs(20), "it is mended", || async {
        let has = in_aws(&world).await;
        if has["RequestedFunctionScalingConfig"]["MinExecutionEnvironments"] == 1 { Ok(()) } else { Err(has) }
    })
    .await;
    world.warning("hello", "DriftDetected", &["scaling"]).await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["PutFunctionScalingConfig"]);
}

#[tokio::test]
async fn what_is_ignored_is_used_at_first_and_then_left_to_others() {
    let world = World::builder("scaling-ignored").watchful().start().await;
    let mut spec = limits(1, 9);
    spec["ignoreDrift"] = json!(["scaling"]);
    set(&world, spec).await;
    assert_eq!(in_aws(&world).await["RequestedFunctionScalingConfig"]["MinExecutionEnvironments"], 1);
    let theirs = json!({"MinExecutionEnvironments": 5, "MaxExecutionEnvironments": 6});
    world.aws().set_section("hello", Some(LATEST_PUBLISHED), Section::Scaling, Some(theirs.clone())).await;
    world.aws().clear_ledger().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!world.calls().await.iter().any(|call| call.contains("ScalingConfig")));
    assert_eq!(in_aws(&world).await["RequestedFunctionScalingConfig"], theirs);
}
