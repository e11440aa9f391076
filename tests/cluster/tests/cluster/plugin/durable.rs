//! `durable`: executions that last, looked at, ended and answered.

use cluster_tests::{World, function};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:orders:1/durable-execution/run-1/0";

async fn world(name: &str) -> World {
    let world = World::start(name).await;
    world.apply("orders", function(json!({"publish": "OnChange"}))).await;
    world
        .until("orders", "version 1", |object| object.status.as_ref().is_some_and(|s| s.version.is_some()))
        .await;
    world.aws().begin_execution("orders", "1", "run-1", Some(&json!({"order": 7}))).await;
    world.sim.control().clear_ledger().await;
    world
}

#[tokio::test]
async fn executions_are_listed_and_shown() {
    let world = world("plugin-durable").await;
    world.aws().durable_execution("orders", "1", "run-2", "FAILED").await;
    let table = world.lambda_says(&["durable", "list", "orders"]).await;
    let expected = format!(
        "\
NAME    STATUS    VERSION   STARTED               ENDED                 ARN
run-2   FAILED    1         2026-01-01 00:01:00   2026-01-01 00:01:01   {}
run-1   RUNNING   1         2026-01-01 00:00:00   <none>                {ARN}
",
        ARN.replace("run-1", "run-2")
    );
    assert_eq!(table, expected);
    let running =
        world.lambda_says(&["durable", "list", "orders", "--status", "running", "-o", "json"]).await;
    let running: Value = serde_json::from_str(&running).unwrap();
    assert_eq!(running.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&running[0]["name"], &running[0]["startedAt"]),
        (&json!("run-1"), &json!("2026-01-01T00:00:00Z"))
    );
    let none = world.lambda(&["durable", "list", "orders", "--name", "run-3"]).await.run().await;
    assert!(none.stdout.is_empty() && none.stderr.contains("no durable executions"), "{}", none.stderr);

    world.aws().execution_step("orders", "run-1", "charge", &json!({"paid": true})).await;
    world.aws().end_execution("orders", "run-1", "SUCCEEDED", Some(&json!("shipped")), None).await;
    let facts = world.lambda_says(&["durable", "get", ARN]).await;
    for text in ["Status:    SUCCEEDED\n", "Input:     {\"order\":7}\n", "Result:    \"shipped\"\n"] {
        assert!(facts.contains(text), "{text}: {facts}");
    }
    let history = world.lambda_says(&["durable", "history", ARN]).await;
    let expected = "\
#   TIME                  EVENT                NAME     DETAILS
1   2026-01-01 00:00:00   ExecutionStarted              input {\"order\":7}
2   2026-01-01 00:00:01   StepStarted          charge
3   2026-01-01 00:00:02   StepSucceeded        charge   result {\"paid\":true}
4   2026-01-01 00:00:03   ExecutionSucceeded            result \"shipped\"
";
    assert_eq!(history, expected);
    let calls = world.plugin_calls().await;
    let expected = ["GetCallerIdentity", "ListDurableExecutionsByFunction"].repeat(3);
    assert_eq!(calls[..6], expected);
    assert_eq!(
        calls[6..],
        ["GetCallerIdentity", "GetDurableExecution", "GetCallerIdentity", "GetDurableExecutionHistory"]
    );
}

#[tokio::test]
async fn an_execution_is_stopped_with_a_reason() {
    let world = world("plugin-stop").await;
    let reason = ["--error-type", "Cancelled", "--message", "by hand"];
    let said = world.lambda_says(&[&["durable", "stop", ARN], &reason[..]].concat()).await;
    assert_eq!(said, format!("{ARN} is stopped.\n"));
    let shown: Value =
        serde_json::from_str(&world.lambda_says(&["durable", "get", ARN, "-o", "json"]).await).unwrap();
    assert_eq!(
        (&shown["status"], &shown["error"]),
        (&json!("STOPPED"), &json!({"type": "Cancelled", "message": "by hand"}))
    );
    let output = world.lambda_fails(1, &["durable", "stop", ARN]).await;
    assert!(output.stderr.contains("can't be stopped: InvalidParameterValueException"), "{}", output.stderr);
}

#[tokio::test]
async fn a_callback_gets_its_answer() {
    let world = world("plugin-callback").await;
    let id = world.aws().execution_callback("orders", "run-1", "approval").await;
    let history = world.lambda_says(&["durable", "history", ARN]).await;
    assert!(history.contains(&format!("callback id {id}")), "{history}");
    let callback = |answer: &'static str, more: &[&'static str]| {
        let id = id.clone();
        [
            vec!["durable".to_owned(), "callback".into(), answer.into(), id],
            more.iter().map(|s| (*s).to_owned()).collect(),
        ]
        .concat()
    };
    let run = async |arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        world.lambda(&arguments).await.env("AWS_REGION", "eu-west-1").output().await
    };
    let output = run(callback("heartbeat", &["--function", "orders"])).await;
    assert_eq!(output.stdout, "The callback has its heartbeat.\n", "{}", output.stderr);
    // Without a function: where the credentials are.
    let output = run(callback("success", &["--result", r#"{"approved": true}"#])).await;
    assert_eq!(output.stdout, "The callback has its success.\n", "{}", output.stderr);
    let history = world.lambda_says(&["durable", "history", ARN]).await;
    assert!(
        history.contains("CallbackSucceeded") && history.contains(r#"result {"approved":true}"#),
        "{history}"
    );
    let output = run(callback("failure", &["--message", "too late"])).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.contains("can't be answered: CallbackTimeoutException"), "{}", output.stderr);

    let other = world.aws().execution_callback("orders", "run-1", "payment").await;
    let failure = [
        "durable",
        "callback",
        "failure",
        &other,
        "--function",
        "orders",
        "--error-type",
        "Declined",
        "-o",
        "yaml",
    ];
    let said = world.lambda_says(&failure).await;
    assert!(said.contains("answer: failure"), "{said}");
    let history = world.lambda_says(&["durable", "history", ARN]).await;
    assert!(history.contains("CallbackFailed") && history.contains("Declined"), "{history}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_another_way() {
    let world = World::builder("plugin-lacking").without_operator().start().await;
    for command in ["delete", "pause", "resume"] {
        let output = world.lambda_fails(1, &["durable", command, ARN]).await;
        let other = format!("aws lambda {command}-durable-execution --durable-execution-arn {ARN}");
        assert!(
            output.stderr.contains("AWS SDK for Rust") && output.stderr.contains(&other),
            "{}",
            output.stderr
        );
    }
    let output = world.lambda_fails(1, &["durable", "get", &ARN.replace("run-1", "never")]).await;
    assert!(output.stderr.contains("AWS has no execution"), "{}", output.stderr);
    let output = world.lambda_fails(2, &["durable", "get", "run-1"]).await;
    assert!(output.stderr.contains("is no ARN of Lambda"), "{}", output.stderr);
}
