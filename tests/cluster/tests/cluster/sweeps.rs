//! What it costs to look for drift, and how the way is chosen.

use std::net::SocketAddr;
use std::time::Duration;

use cluster_tests::{ACCOUNT, REGION, World, fetch, function, serving_address};
use serde_json::json;
use test_support::{Process, eventually};

const PATIENCE: Duration = Duration::from_secs(30);
/// Between two sweeps, as [`sweeping`] sets it.
const INTERVAL: Duration = Duration::from_secs(1);

/// A world with an operator as a process, which says where it serves its metrics, and that address.
async fn sweeping(name: &str) -> (World, Process, SocketAddr) {
    let world = World::builder(name).without_operator().start().await;
    let process = world.operator_process("operator", &["--drift-interval", "1s"]).await;
    let address = serving_address(&process).await;
    (world, process, address)
}

/// Waits until the metric says how drift is looked for.
async fn looks_for_drift_by(address: SocketAddr, mode: &str) {
    let line = format!(
        r#"lambda_operator_inventory_mode{{account="{ACCOUNT}",region="{REGION}",listed="function",mode="{mode}"}} 1"#
    );
    eventually(PATIENCE, &line, || async {
        let text = fetch(address, "/metrics").await;
        let modes = text.lines().filter(|found| found.contains("inventory")).collect::<Vec<_>>().join("\n");
        if text.lines().any(|found| found == line) { Ok(()) } else { Err(modes) }
    })
    .await;
}

/// The calls of a few sweeps, when nothing else happens.
async fn calls_at_rest(world: &World, sweeps: u32) -> Vec<String> {
    world.aws().clear_ledger().await;
    tokio::time::sleep(INTERVAL * sweeps + INTERVAL / 2).await;
    world.aws().ledger().await.into_iter().map(|call| call.operation).collect()
}

#[tokio::test]
async fn an_idle_function_costs_nothing_of_its_own_and_a_sweep_one_list_call() {
    let (world, _process, address) = sweeping("sweep-list").await;
    for name in ["a", "b", "c"] {
        world.apply(name, function(json!({"reservedConcurrentExecutions": 1}))).await;
        world.ready(name).await;
    }
    looks_for_drift_by(address, "list").await;
    let calls = calls_at_rest(&world, 2).await;
    assert!((1..=3).contains(&calls.len()), "{calls:?}");
    assert!(calls.iter().all(|call| call == "ListFunctions"), "{calls:?}");
}

#[tokio::test]
async fn among_many_foreign_functions_the_few_own_ones_are_read_instead() {
    let (world, _process, address) = sweeping("sweep-get").await;
    let aws = world.aws();
    for number in 0..160 {
        let body = json!({
            "FunctionName": format!("foreign{number}"), "Role": cluster_tests::ROLE, "Runtime": "python3.14",
            "Handler": "index.handler", "Code": {"S3Bucket": "packages", "S3Key": "foreign.zip"},
        });
        aws.put_function(body).await;
    }
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    looks_for_drift_by(address, "get").await;
    let calls = calls_at_rest(&world, 2).await;
    assert!((1..=3).contains(&calls.len()), "{calls:?}");
    assert!(calls.iter().all(|call| call == "GetFunction"), "four pages would cost four calls: {calls:?}");
    drift_is_mended(&world).await;
}

#[tokio::test]
async fn where_lists_are_denied_each_function_is_read_and_drift_is_still_found() {
    let (world, _process, address) = sweeping("sweep-denied").await;
    world.aws().patch(json!({"deny": ["ListFunctions"]})).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    looks_for_drift_by(address, "get").await;
    let calls = calls_at_rest(&world, 2).await;
    assert!(calls.iter().all(|call| call == "GetFunction"), "{calls:?}");
    drift_is_mended(&world).await;
}

#[tokio::test]
async fn a_restart_where_lists_are_denied_reads_each_function_once() {
    let mut world = World::start("sweep-denied-restart").await;
    world.aws().patch(json!({"deny": ["ListFunctions"]})).await;
    for name in ["a", "b", "c"] {
        world.apply(name, function(json!({}))).await;
        world.ready(name).await;
    }
    world.stop_operator().await;
    world.aws().clear_ledger().await;
    world.start_operator();
    eventually(PATIENCE, "each function is read", || async {
        let calls = world.calls().await;
        (calls.len() >= 3).then_some(())
    })
    .await;
    world.assert_quiet("a", Duration::from_secs(2)).await;
    assert_eq!(world.calls().await, ["GetFunction"; 3]);
}

async fn drift_is_mended(world: &World) {
    world.aws().edit_function("hello", json!({"MemorySize": 512})).await;
    eventually(PATIENCE, "the memory is back", || async {
        let function = world.aws().function("hello").await.unwrap();
        (function["Configuration"]["MemorySize"] == 128).then_some(())
    })
    .await;
}
