//! Aliases.

use conformance::requests::{FUNCTIONS, function, function_path, part};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::settled;

fn create(name: &'static str, body: Value) -> Step {
    Step::post(name, part("aliased", "aliases"), body)
}

fn update(name: &'static str, body: Value) -> Step {
    Step::put(name, part("aliased", "aliases/live"), body)
}

fn get(name: &'static str) -> Step {
    Step::get(name, part("aliased", "aliases/live"))
}

/// A function with the versions 1 and 2.
fn two_versions() -> Vec<Step> {
    let version = |name, number| {
        let path = format!("{}?Qualifier={number}", function_path("aliased"));
        Step::get(name, path).until("/Configuration/State", "Active")
    };
    vec![
        Step::post("create", FUNCTIONS, function("aliased")),
        settled("settled", "aliased"),
        Step::post("publish 1", part("aliased", "versions"), json!({})),
        version("get 1", 1),
        Step::put("change", part("aliased", "configuration"), json!({"Timeout": 9})),
        settled("changed", "aliased"),
        Step::post("publish 2", part("aliased", "versions"), json!({})),
        version("get 2", 2),
    ]
}

#[tokio::test]
async fn aliases_are_created_moved_and_deleted() {
    let mut steps = vec![
        create("create on none", json!({"Name": "live", "FunctionVersion": "1"})),
        get("get of none"),
        Step::get("list of none", part("aliased", "aliases")),
    ];
    steps.extend(two_versions());
    steps.extend([
        Step::get("list without aliases", part("aliased", "aliases")),
        create("create alias", json!({"Name": "live", "FunctionVersion": "1", "Description": "text"})),
        settled("function after the creation", "aliased"),
        create("create alias again", json!({"Name": "live", "FunctionVersion": "1"})),
        get("get"),
        Step::get("function by alias", format!("{}?Qualifier=live", function_path("aliased"))),
        Step::get("configuration by alias", format!("{}?Qualifier=live", part("aliased", "configuration"))),
        update("move", json!({"FunctionVersion": "2"})),
        get("get moved"),
        update("nothing", json!({})),
        update("description", json!({"Description": "other"})),
        update("no description", json!({"Description": ""})),
        update("stale", json!({"RevisionId": "11111111-2222-3333-4444-555555555555"})),
        create("create on latest", json!({"Name": "head", "FunctionVersion": "$LATEST"})),
        Step::get("list", part("aliased", "aliases")).unordered(),
        Step::get("list of a version", format!("{}?FunctionVersion=2", part("aliased", "aliases"))),
        Step::delete("delete alias", part("aliased", "aliases/live")),
        Step::delete("delete alias again", part("aliased", "aliases/live")),
        get("get what is gone"),
        update("update what is gone", json!({})),
        Step::delete("delete", function_path("aliased")),
        Step::delete("delete alias of none", part("aliased", "aliases/live")),
    ]);
    agree("aliases", steps).await;
}

#[tokio::test]
async fn weights_are_set_replaced_and_cleared() {
    let weights = |weights: Value| json!({"RoutingConfig": {"AdditionalVersionWeights": weights}});
    let mut steps = two_versions();
    steps.extend([
        create("create alias", json!({
            "Name": "live", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
        })),
        get("get"),
        update("replace", weights(json!({"2": 0.5}))),
        update("leave", json!({"Description": "weights stay"})),
        update("clear", weights(json!({}))),
        update("set again", weights(json!({"2": 0.1}))),
        update("clear with nothing", json!({"RoutingConfig": {}})),
        get("get cleared"),
        update("two versions", weights(json!({"1": 0.1, "2": 0.1}))),
        update("its own version", weights(json!({"1": 0.1}))),
        update("a version that isn't", weights(json!({"7": 0.1}))),
        update("the latest version", weights(json!({"$LATEST": 0.1}))),
        update("too much", weights(json!({"2": 1.5}))),
        update("latest with weights", json!({
            "FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
        })),
        Step::put("move to a version that isn't", part("aliased", "aliases/live"), json!({"FunctionVersion": "7"})),
    ]);
    agree("weights", steps).await;
}

#[tokio::test]
async fn what_no_alias_can_be() {
    let mut steps = two_versions();
    steps.extend([
        create("a version that isn't", json!({"Name": "live", "FunctionVersion": "7"})),
        create("a number as name", json!({"Name": "7", "FunctionVersion": "1"})),
        create("a bad name", json!({"Name": "a b", "FunctionVersion": "1"})),
        create("a bad version", json!({"Name": "live", "FunctionVersion": "one"})),
        create("no name", json!({"FunctionVersion": "1"})),
        create("no version", json!({"Name": "other"})),
        create("create alias", json!({"Name": "live", "FunctionVersion": "1"})),
        Step::delete("delete a version in use", format!("{}?Qualifier=1", function_path("aliased"))),
        Step::delete("delete by alias", format!("{}?Qualifier=live", function_path("aliased"))),
    ]);
    agree("alias refusals", steps).await;
}
