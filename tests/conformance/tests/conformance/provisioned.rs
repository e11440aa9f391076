//! Provisioned concurrency, and recursive loops. LocalEmu knows neither runtime management nor scaling.

use conformance::requests::{FUNCTIONS, function, part};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::{function_with_alias, settled};

const RECURSION: &str = "/2024-08-31/functions/looping/recursion-config";
const CONFIG: &str = "/2019-09-30/functions/warm/provisioned-concurrency";
const RESERVED: &str = "/2017-10-31/functions/warm/concurrency";

#[tokio::test]
async fn loops_are_allowed_and_terminated() {
    let mode = |mode: &str| json!({"RecursiveLoop": mode});
    let steps = vec![
        Step::get("get of none", RECURSION),
        Step::put("put on none", RECURSION, mode("Allow")),
        Step::post("create", FUNCTIONS, function("looping")),
        settled("settled", "looping"),
        Step::get("get", RECURSION),
        Step::put("allow", RECURSION, mode("Allow")),
        Step::get("get what is allowed", RECURSION),
        Step::put("terminate", RECURSION, mode("Terminate")),
        Step::get("get what is terminated", RECURSION),
        Step::put("a bad mode", RECURSION, mode("Never")),
        settled("function", "looping"),
    ];
    agree("recursion", steps).await;
}

fn of(qualifier: &str) -> String {
    format!("{CONFIG}?Qualifier={qualifier}")
}

fn count(count: u64) -> Value {
    json!({"ProvisionedConcurrentExecutions": count})
}

#[tokio::test]
async fn concurrency_is_provisioned_and_given_back() {
    let mut steps = vec![
        Step::put("put on none", of("live"), count(1)),
        Step::get("get of none", of("1")),
        Step::get("list of none", format!("{CONFIG}?List=ALL")),
        Step::delete("delete of none", of("1")),
    ];
    steps.extend(function_with_alias("warm"));
    steps.extend([
        Step::get("nothing provisioned", of("1")),
        Step::get("list of nothing", format!("{CONFIG}?List=ALL")),
        Step::delete("delete nothing", of("1")),
        Step::put("put", of("1"), count(2)),
        Step::get("get", of("1")).until("/Status", "READY"),
        Step::get("list", format!("{CONFIG}?List=ALL")),
        Step::get("account", "/2016-08-19/account-settings"),
        Step::put("put on its alias", of("live"), count(1)),
        Step::delete("delete", of("1")),
        Step::get("get what is gone", of("1")),
        Step::put("put on the alias", of("live"), count(1)),
        Step::get("get of the alias", of("live")).until("/Status", "READY"),
        Step::put("put on its version", of("1"), count(1)),
        settled("function", "warm"),
        Step::delete("delete alias", part("warm", "aliases/live")),
        Step::get("get with the alias gone", of("live")),
        Step::get("list at last", format!("{CONFIG}?List=ALL")),
    ]);
    agree("provisioned concurrency", steps).await;
}

#[tokio::test]
async fn what_cannot_be_provisioned() {
    let mut steps = function_with_alias("warm");
    let reserve = |count: u64| json!({"ReservedConcurrentExecutions": count});
    steps.extend([
        Step::put("nothing", of("1"), count(0)),
        Step::put("the latest version", of("$LATEST"), count(1)),
        Step::get("get of the latest version", of("$LATEST")),
        Step::delete("delete of the latest version", of("$LATEST")),
        Step::put("a version that isn't", of("7"), count(1)),
        Step::put("an alias that isn't", of("dead"), count(1)),
        Step::get("get of an alias that isn't", of("dead")),
        Step::delete("delete of an alias that isn't", of("dead")),
        Step::put("more than there is", of("1"), count(1001)),
        Step::put("more than may be taken", of("1"), count(901)),
        Step::put("reserve", RESERVED, reserve(5)),
        Step::put("more than is reserved", of("1"), count(6)),
        Step::put("what is reserved", of("1"), count(5)),
        Step::put("reserve too little", RESERVED, reserve(4)),
    ]);
    agree("refused provisioned concurrency", steps).await;
}
