//! Published versions.

use conformance::requests::{FUNCTIONS, function, function_path, part, zip};
use conformance::{Step, agree};
use serde_json::json;

use crate::settled;

fn publish(name: &'static str, body: serde_json::Value) -> Step {
    Step::post(name, part("versioned", "versions"), body)
}

fn version(name: &'static str, number: u32) -> Step {
    let path = format!("{}?Qualifier={number}", function_path("versioned"));
    Step::get(name, path).until("/Configuration/State", "Active")
}

fn update(name: &'static str, timeout: u32) -> Step {
    Step::put(name, part("versioned", "configuration"), json!({"Timeout": timeout}))
}

#[tokio::test]
async fn versions_are_published_listed_and_deleted() {
    let list = |name| Step::get(name, part("versioned", "versions"));
    let steps = vec![
        publish("publish none", json!({})),
        list("list of none"),
        Step::post("create", FUNCTIONS, function("versioned")),
        settled("settled", "versioned"),
        list("list without versions"),
        publish("publish", json!({"Description": "first"})),
        version("get 1", 1),
        settled("latest after publishing", "versioned")
            .saves("revision", "/Configuration/RevisionId")
            .saves("sha", "/Configuration/CodeSha256"),
        publish("publish the same", json!({"Description": "ignored"})),
        publish("publish with another hash", json!({"CodeSha256": "AAAA"})),
        publish(
            "publish with another revision",
            json!({"RevisionId": "11111111-2222-3333-4444-555555555555"}),
        ),
        update("change", 9),
        settled("changed", "versioned"),
        publish("publish a change, guarded", json!({"CodeSha256": "{sha}"})),
        version("get 2", 2),
        update("change back", 3),
        settled("changed back", "versioned"),
        Step::put("new code", part("versioned", "code"), json!({"ZipFile": zip("2")})),
        settled("read new code", "versioned"),
        publish("publish code", json!({})),
        version("get 3", 3),
        Step::get("configuration of 3", format!("{}?Qualifier=3", part("versioned", "configuration"))),
        list("list"),
        Step::get("list all of all functions", format!("{FUNCTIONS}?FunctionVersion=ALL")),
        Step::delete("delete 1", format!("{}?Qualifier=1", function_path("versioned"))),
        Step::delete("delete 1 again", format!("{}?Qualifier=1", function_path("versioned"))),
        Step::get("get what is gone", format!("{}?Qualifier=1", function_path("versioned"))),
        list("list without 1"),
        Step::delete("delete all", function_path("versioned")),
        list("list of what is gone"),
    ];
    agree("versions", steps).await;
}

#[tokio::test]
async fn what_changed_and_changed_back_is_no_new_version() {
    let steps = vec![
        Step::post("create", FUNCTIONS, function("versioned")),
        settled("settled", "versioned"),
        publish("publish", json!({})),
        version("get 1", 1),
        update("change", 9),
        settled("changed", "versioned"),
        update("change back", 3),
        settled("changed back", "versioned"),
        publish("publish again", json!({})),
    ];
    agree("versions that are the same", steps).await;
}
