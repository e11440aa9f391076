//! What people ask of a function's past and of its durable executions, through the real SDK, against the simulator: pages,
//! filters, and what is not there.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use lambda_operator::aws::Class;
use lambda_operator::plugin;
use lambda_operator::plugin::model::{ExecutionError, Filter};
use serde_json::json;

mod aws_support;
use aws_support::{World, plain, world};

const RUN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:f:1/durable-execution/run/0";

/// A function with a published version.
async fn with_version() -> World {
    let mut world = world().await;
    world.function(&plain("f")).await;
    // Only people ask for executions: that isn't among the operator's rights.
    world.speak_as(plugin::APPLICATION).await;
    assert_eq!(world.account.publish_version("f", None).await, "1");
    world.account.clear_ledger().await;
    world
}

async fn operations(world: &World) -> Vec<String> {
    world.account.ledger().await.into_iter().map(|call| call.operation).collect()
}

async fn names(world: &World, filter: &Filter) -> Vec<String> {
    let found = world.scope.executions("f", filter).await.unwrap().unwrap();
    found.into_iter().map(|execution| execution.name).collect()
}

#[tokio::test]
async fn executions_come_latest_first_and_no_more_than_wanted() {
    let world = with_version().await;
    for name in ["a", "b", "c"] {
        world.account.begin_execution("f", "1", name, None).await;
    }
    world.account.end_execution("f", "b", "STOPPED", None, None).await;
    assert_eq!(names(&world, &Filter::default()).await, ["c", "b", "a"]);
    assert_eq!(names(&world, &Filter { limit: Some(2), ..Filter::default() }).await, ["c", "b"]);
    let stopped = Filter { statuses: vec!["STOPPED".to_owned()], ..Filter::default() };
    assert_eq!(names(&world, &stopped).await, ["b"]);
    assert_eq!(names(&world, &Filter { name: Some("a".into()), ..Filter::default() }).await, ["a"]);
    assert_eq!(names(&world, &Filter { qualifier: Some("2".into()), ..Filter::default() }).await, [""; 0]);
    let ledger = world.account.ledger().await;
    assert_eq!(ledger[1].request["MaxItems"], "2", "AWS is asked for no more than is wanted");
    assert_eq!(world.scope.executions("gone", &Filter::default()).await.unwrap(), None);
}

#[tokio::test]
async fn a_long_history_is_read_to_its_end() {
    let world = with_version().await;
    world.account.begin_execution("f", "1", "run", Some(&json!({"n": 1}))).await;
    for step in 0..510 {
        world.account.execution_step("f", "run", &format!("step-{step}"), &json!(step)).await;
    }
    let happenings = world.scope.happenings(RUN).await.unwrap().unwrap();
    assert_eq!(happenings.len(), 1 + 2 * 510);
    assert_eq!(happenings[0].input, Some(json!({"n": 1})));
    let last = happenings.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.name.as_deref(), &last.result),
        ("StepSucceeded", Some("step-509"), &Some(json!(509)))
    );
    assert_eq!(operations(&world).await, ["GetDurableExecutionHistory", "GetDurableExecutionHistory"]);
    assert_eq!(world.scope.happenings(&RUN.replace("run", "walk")).await.unwrap(), None);
}

#[tokio::test]
async fn an_end_and_an_answer_reach_the_execution() {
    let world = with_version().await;
    world.account.begin_execution("f", "1", "run", None).await;
    let id = world.account.execution_callback("f", "run", "approval").await;
    world.scope.callback_heartbeat(&id).await.unwrap();
    let why = ExecutionError {
        kind: Some("Declined".into()),
        message: Some("no stock".into()),
        data: Some("7".into()),
        stack_trace: vec!["line 1".into()],
    };
    world.scope.callback_failure(&id, &why).await.unwrap();
    let error = world.scope.callback_success(&id, Some(b"late".to_vec())).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Terminal, "CallbackTimeoutException"));
    let happenings = world.scope.happenings(RUN).await.unwrap().unwrap();
    assert_eq!(happenings[1].callback_id.as_ref(), Some(&id));
    assert_eq!(happenings[2].error.as_ref(), Some(&why));

    let at = world.scope.stop_execution(RUN, &ExecutionError::default()).await.unwrap();
    let execution = world.scope.execution(RUN).await.unwrap().unwrap();
    assert_eq!((execution.status.as_str(), execution.ended_at), ("STOPPED", at));
    assert_eq!(execution.version.as_deref(), Some("1"));
}

#[tokio::test]
async fn versions_and_aliases_are_listed_whoever_made_them() {
    let world = with_version().await;
    for number in 2..=55 {
        world.account.edit_function("f", json!({"Timeout": number})).await;
        world.account.publish_version("f", Some("by hand")).await;
    }
    let routing = json!({"AdditionalVersionWeights": {"3": 0.25}});
    let alias = json!({"Name": "live", "FunctionVersion": "2", "RoutingConfig": routing});
    world.account.put_alias("f", alias).await;
    world.account.clear_ledger().await;
    let versions = world.scope.published_versions("f").await.unwrap().unwrap();
    let numbers: Vec<i64> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, (1..=55).collect::<Vec<_>>());
    assert!(versions[0].published_at.is_some() && versions[1].description == "by hand");
    let pointers = world.scope.pointers("f").await.unwrap();
    assert_eq!((pointers[0].alias.as_str(), pointers[0].version.as_str()), ("live", "2"));
    assert_eq!(pointers[0].weights.get("3"), Some(&0.25));
    assert_eq!(operations(&world).await, ["ListVersionsByFunction", "ListVersionsByFunction", "ListAliases"]);
    assert_eq!(world.scope.published_versions("gone").await.unwrap(), None);
    assert_eq!(world.scope.pointers("gone").await.unwrap(), []);
}
