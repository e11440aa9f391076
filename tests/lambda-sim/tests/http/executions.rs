//! Durable executions: what is told of one, its end, and the answers that it waits for.

use serde_json::{Value, json};

use crate::client::Bench;

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello:1/durable-execution/run/0";

/// A path about an execution, by its ARN.
fn path(arn: &str, rest: &str) -> String {
    format!("/2025-12-01/durable-executions/{}{rest}", arn.replace('/', "%2F").replace(':', "%3A"))
}

fn callback(id: &str, answer: &str) -> String {
    let id = id.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    format!("/2025-12-01/durable-execution-callbacks/{id}/{answer}")
}

async fn bench() -> Bench {
    let bench = Bench::with_versions(1).await;
    bench.account.begin_execution("hello", "1", "run", Some(&json!({"order": 7}))).await;
    bench
}

async fn kinds(bench: &Bench) -> Vec<String> {
    let history = bench.get(&path(ARN, "/history")).await.ok();
    let events = history["Events"].as_array().unwrap().iter();
    events.map(|event| event["EventType"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_execution_shows_what_it_was_given_and_came_to() {
    let bench = bench().await;
    let running = bench.get(&path(ARN, "")).await.ok();
    assert_eq!((&running["Status"], &running["Version"]), (&json!("RUNNING"), &json!("1")));
    assert_eq!(running["InputPayload"], r#"{"order":7}"#);
    assert_eq!(running.get("EndTimestamp"), None);
    bench.account.end_execution("hello", "run", "SUCCEEDED", Some(&json!("done")), None).await;
    let ended = bench.get(&path(ARN, "?IncludeExecutionData=true")).await.ok();
    assert_eq!((&ended["Status"], &ended["Result"]), (&json!("SUCCEEDED"), &json!("\"done\"")));
    assert!(ended["EndTimestamp"].is_i64());
    let bare = bench.get(&path(ARN, "?IncludeExecutionData=false")).await.ok();
    assert_eq!((bare.get("Result"), bare.get("InputPayload")), (None, None));
}

#[tokio::test]
async fn the_history_has_what_happened_page_by_page() {
    let bench = bench().await;
    bench.account.execution_step("hello", "run", "charge", &json!({"paid": true})).await;
    assert_eq!(kinds(&bench).await, ["ExecutionStarted", "StepStarted", "StepSucceeded"]);
    let first = bench.get(&path(ARN, "/history?MaxItems=2")).await.ok();
    let marker = first["NextMarker"].as_str().unwrap();
    let last = bench.get(&path(ARN, &format!("/history?Marker={marker}"))).await.ok();
    let step = &last["Events"][0];
    assert_eq!((&step["EventId"], &step["Name"]), (&json!(3), &json!("charge")));
    assert_eq!(step["StepSucceededDetails"]["Result"]["Payload"], r#"{"paid":true}"#);
    let bare = bench.get(&path(ARN, "/history?IncludeExecutionData=false")).await.ok();
    assert_eq!(bare["Events"][2]["StepSucceededDetails"]["Result"], json!({"Truncated": true}));
}

#[tokio::test]
async fn an_execution_is_stopped_once() {
    let bench = bench().await;
    let why = json!({"ErrorType": "Cancelled", "ErrorMessage": "by hand"});
    let stopped = bench.call("POST", &path(ARN, "/stop"), Some(why.clone())).await.ok();
    assert!(stopped["StopTimestamp"].is_i64());
    let found = bench.get(&path(ARN, "")).await.ok();
    assert_eq!((&found["Status"], &found["Error"]), (&json!("STOPPED"), &why));
    assert_eq!(kinds(&bench).await, ["ExecutionStarted", "ExecutionStopped"]);
    let text = bench
        .call("POST", &path(ARN, "/stop"), Some(json!({})))
        .await
        .refused(400, "InvalidParameterValueException");
    assert!(text.contains("STOPPED"), "{text}");
}

#[tokio::test]
async fn a_callback_is_answered_once() {
    let bench = bench().await;
    let id = bench.account.execution_callback("hello", "run", "approval").await;
    bench.call("POST", &callback(&id, "heartbeat"), Some(json!({}))).await.ok();
    let answer =
        bench.request("POST", &callback(&id, "succeed"), "lambda").body("\"yes\"").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(kinds(&bench).await, ["ExecutionStarted", "CallbackStarted", "CallbackSucceeded"]);
    for again in ["heartbeat", "fail"] {
        bench
            .call("POST", &callback(&id, again), Some(json!({})))
            .await
            .refused(400, "CallbackTimeoutException");
    }
    let other = bench.account.execution_callback("hello", "run", "payment").await;
    bench.call("POST", &callback(&other, "fail"), Some(json!({"ErrorType": "Declined"}))).await.ok();
    let history = bench.get(&path(ARN, "/history")).await.ok();
    assert_eq!(history["Events"][4]["CallbackFailedDetails"]["Error"]["Payload"]["ErrorType"], "Declined");
}

#[tokio::test]
async fn only_what_is_there_is_found() {
    let bench = bench().await;
    for arn in [ARN.replace("run", "walk"), ARN.replace(":1/", ":2/"), ARN.replace("hello", "other")] {
        bench.get(&path(&arn, "")).await.refused(404, "ResourceNotFoundException");
    }
    bench.get(&path("run", "")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn the_latest_come_first_when_asked_for() {
    let bench = bench().await;
    bench.account.begin_execution("hello", "1", "a-later-one", None).await;
    let names = async |query: &str| -> Vec<Value> {
        let found = bench.get(&format!("/2025-12-01/functions/hello/durable-executions{query}")).await.ok();
        found["DurableExecutions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["DurableExecutionName"].clone())
            .collect()
    };
    assert_eq!(names("").await, ["run", "a-later-one"]);
    assert_eq!(names("?ReverseOrder=true").await, ["a-later-one", "run"]);
    assert_eq!(names("?DurableExecutionName=run").await, ["run"]);
}
