//! The metrics of a real operator process at work: everything that the documentation promises, and no name of an object.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster_tests::{World, fetch, function, serving_address};
use serde_json::json;
use test_support::eventually;

/// The page that `make generate` writes.
const PAGE: &str = include_str!("../../../../docs/metrics.md");

/// Names of metrics, with their types, in the table.
fn documented() -> BTreeSet<(String, String)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split_once("` | ")).filter(|(name, _)| name.contains('_'));
    let typed =
        cells.filter_map(|(name, rest)| Some((name.to_owned(), rest.split(" | ").next()?.to_owned())));
    typed.filter(|(_, kind)| ["counter", "gauge", "histogram", "info"].contains(&kind.as_str())).collect()
}

/// The same as the operator serves them.
fn served(text: &str) -> BTreeSet<(String, String)> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let suffixed = types.map(|(name, kind)| match kind {
        "counter" => (format!("{name}_total"), kind.to_owned()),
        "info" => (format!("{name}_info"), kind.to_owned()),
        _ => (name.to_owned(), kind.to_owned()),
    });
    suffixed.collect()
}

#[tokio::test]
async fn what_is_served_is_documented_and_names_no_object() {
    let world = World::builder("metrics").without_operator().start().await;
    let process = world.operator_process("operator", &[]).await;
    world.apply("spam", function(json!({}))).await;
    world.apply("eggs", function(json!({"runtime": "python2.7"}))).await;
    world.ready("spam").await;
    world.problem("eggs", "InvalidSpec", &["python2.7"]).await;
    world.patch("spam", json!({"spec": {"memorySize": 256}})).await;
    world.ready("spam").await;
    world.apply_account("own", json!({"accountId": cluster_tests::ACCOUNT})).await;
    world.delete("spam").await;
    world.gone("spam").await;
    let address = serving_address(&process).await;
    let expected = [
        r#"lambda_operator_aws_calls_total{operation="CreateFunction",code="InvalidParameterValueException"} 1"#,
        r#"lambda_operator_object_conditions{kind="LambdaFunction",condition="Stalled",status="True"} 1"#,
        r#"lambda_operator_ready_objects{kind="LambdaFunction"} 0"#,
        r#"lambda_operator_max_concurrent_reconciles{kind="LambdaFunction"} 128"#,
    ];
    let text = eventually(Duration::from_secs(30), "the metrics say how it ended", || async {
        let text = fetch(address, "/metrics").await;
        let missing = expected.iter().find(|one| text.lines().all(|line| line != **one));
        missing.map_or(Ok(text.clone()), |missing| Err(format!("no {missing} in\n{text}")))
    })
    .await;

    let (served, documented) = (served(&text), documented());
    assert!(served.is_subset(&documented), "{:?}", served.difference(&documented));
    for expected in [
        "lambda_operator_reconcile_total",
        "lambda_operator_reconcile_duration_seconds",
        "lambda_operator_workqueue_depth",
        "lambda_operator_workqueue_queue_duration_seconds",
        "lambda_operator_active_workers",
        "lambda_operator_aws_calls_total",
        "lambda_operator_object_conditions",
        "lambda_operator_time_to_ready_seconds",
        "process_resident_memory_bytes",
    ] {
        assert!(served.iter().any(|(name, _)| name == expected), "no {expected} in\n{text}");
    }
    for name in [world.namespace.name(), "spam", "eggs", "arn:aws"] {
        let line = text.lines().find(|line| line.contains(name));
        assert_eq!(line, None, "the metrics name {name}");
    }
}
