//! Tags and reserved concurrency of functions.

use conformance::requests::{FUNCTIONS, function, function_arn, function_path, function_with, tags};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::settled;

#[tokio::test]
async fn tags_are_added_replaced_and_removed() {
    let path = || tags(&function_arn("tagged"));
    let tag = |name, added: Value| Step::post(name, path(), json!({"Tags": added}));
    let many: Value = (0..50).map(|n| (format!("k{n}"), json!("v"))).collect();
    let steps = vec![
        Step::get("list of none", path()),
        tag("tag none", json!({"a": "1"})),
        Step::post("create", FUNCTIONS, function_with("tagged", json!({"Tags": {"a": "1", "b": "2"}}))),
        settled("settled", "tagged"),
        Step::get("list", path()),
        tag("add and replace", json!({"b": "3", "c": "", "lambda-operator.io/owner": "x/y"})),
        Step::get("list changed", path()),
        Step::get("function with tags", function_path("tagged")),
        Step::delete("remove", format!("{}?tagKeys=a&tagKeys=none", path())),
        Step::get("list without", path()),
        Step::delete("remove nothing", path()),
        tag("add nothing", json!({})),
        tag("too many", many),
        Step::get("tags of a version", tags(&function_arn("tagged:1"))),
        Step::get("tags of what has none", tags("arn:aws:lambda:eu-west-1:{account}:layer:one")),
        Step::delete(
            "remove all",
            format!("{}?tagKeys=b&tagKeys=c&tagKeys=lambda-operator.io%2Fowner", path()),
        ),
        Step::get("function without tags", function_path("tagged")),
        tag("a bad key", json!({"a*b": "1"})),
    ];
    agree("tags", steps).await;
}

#[tokio::test]
async fn concurrency_is_reserved_and_given_back() {
    let put = |name, count: i64| {
        let body = json!({"ReservedConcurrentExecutions": count});
        Step::put(name, "/2017-10-31/functions/reserved/concurrency", body)
    };
    let get = |name| Step::get(name, "/2019-09-30/functions/reserved/concurrency");
    let delete = |name| Step::delete(name, "/2017-10-31/functions/reserved/concurrency");
    let steps = vec![
        put("reserve for none", 5),
        get("get of none"),
        delete("give back of none"),
        Step::post("create", FUNCTIONS, function("reserved")),
        settled("settled", "reserved"),
        get("get without"),
        put("reserve", 5),
        get("get with"),
        Step::get("function with", function_path("reserved")),
        put("reserve zero", 0),
        get("get zero"),
        Step::get("function with zero", function_path("reserved")),
        put("reserve too much", 901),
        put("reserve less than nothing", -1),
        delete("give back"),
        delete("give back again"),
        Step::get("function without", function_path("reserved")),
    ];
    agree("concurrency", steps).await;
}
