//! Settings for asynchronous invocations.

use conformance::requests::{arn, function_arn};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::{function_with_alias, settled};

const CONFIG: &str = "/2019-09-25/functions/async/event-invoke-config";
const LIST: &str = "/2019-09-25/functions/async/event-invoke-config/list";

fn of(qualifier: &str) -> String {
    format!("{CONFIG}?Qualifier={qualifier}")
}

fn retries(attempts: u64) -> Value {
    json!({"MaximumRetryAttempts": attempts})
}

fn to(outcome: &str, destination: &str) -> Value {
    json!({"DestinationConfig": {outcome: {"Destination": destination}}})
}

#[tokio::test]
async fn settings_are_put_updated_and_deleted() {
    let mut steps = vec![
        Step::put("put on none", CONFIG, retries(1)),
        Step::post("update of none", CONFIG, retries(1)),
        Step::get("get of none", CONFIG),
        Step::get("list of none", LIST),
        Step::delete("delete of none", of("$LATEST")),
    ];
    steps.extend(function_with_alias("async"));
    steps.extend([
        Step::get("no settings", CONFIG),
        Step::get("list without settings", LIST),
        Step::post("update without settings", of("live"), retries(1)),
        Step::put("put", CONFIG, json!({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60})),
        Step::get("get", CONFIG),
        Step::get("get of the latest", of("$LATEST")),
        Step::post("update", CONFIG, json!({"MaximumEventAgeInSeconds": 90})),
        Step::put("replace", CONFIG, retries(2)),
        Step::put("put on the version", of("1"), retries(1)),
        Step::put("put on the alias", of("live"), to("OnFailure", &arn("sqs", "failed"))),
        Step::get("get of the alias", of("live")),
        Step::get("list", LIST).unordered(),
        settled("function with settings", "async"),
        Step::put("an empty destination", of("live"), to("OnSuccess", "")),
        Step::delete("delete", of("$LATEST")),
        Step::delete("delete again", of("$LATEST")),
        Step::get("get what is gone", CONFIG),
        Step::delete("delete of the version", of("1")),
        Step::delete("delete of the alias", of("live")),
        Step::get("list at last", LIST),
    ]);
    agree("asynchronous invocations", steps).await;
}

#[tokio::test]
async fn bad_settings_are_refused() {
    let mut steps = function_with_alias("async");
    let put = |name, body| Step::put(name, CONFIG, body);
    steps.extend([
        put("nothing", json!({})),
        Step::post("update with nothing", CONFIG, json!({})),
        put("many retries", retries(3)),
        put("a short age", json!({"MaximumEventAgeInSeconds": 59})),
        put("a long age", json!({"MaximumEventAgeInSeconds": 21_601})),
        put("to a function that isn't", to("OnSuccess", &function_arn("none"))),
        put("to itself", to("OnSuccess", &function_arn("async"))),
        put("to another service", to("OnSuccess", &arn("iam", "function:async"))),
        put("to no arn", to("OnFailure", "queue")),
        put("successes to a bucket", to("OnSuccess", "arn:aws:s3:::bucket")),
        put("failures to a bucket", to("OnFailure", "arn:aws:s3:::bucket")),
        Step::put("of a version that isn't", of("7"), retries(1)),
        Step::put("of an alias that isn't", of("dead"), retries(1)),
        Step::get("get of an alias that isn't", of("dead")),
        Step::put(
            "two qualifiers",
            "/2019-09-25/functions/async:live/event-invoke-config?Qualifier=1",
            retries(1),
        ),
    ]);
    agree("refused asynchronous invocations", steps).await;
}
