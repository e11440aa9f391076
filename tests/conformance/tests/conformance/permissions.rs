//! The resource policies of functions, versions and aliases.

use conformance::requests::{function_path, part};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::{function_with_alias, settled};

const LIVE: &str = "?Qualifier=live";

fn path(query: &str) -> String {
    format!("{}{query}", part("guarded", "policy"))
}

fn add(name: &'static str, query: &str, permission: Value) -> Step {
    Step::post(name, path(query), permission)
}

fn remove(name: &'static str, sid: &str, query: &str) -> Step {
    Step::delete(name, format!("{}/{sid}{query}", part("guarded", "policy")))
}

fn policy(name: &'static str, query: &str) -> Step {
    Step::get(name, path(query))
}

/// A permission for a service, with other members in the place of some of it.
fn permission(sid: &str, changes: Value) -> Value {
    let mut permission = json!({
        "StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
    });
    if let (Some(permission), Value::Object(changes)) = (permission.as_object_mut(), changes) {
        permission.extend(changes);
    }
    permission
}

#[tokio::test]
async fn permissions_are_added_read_and_removed() {
    let source = json!({"SourceArn": "arn:aws:s3:::bucket", "SourceAccount": "{account}"});
    let mut steps = vec![
        add("add to none", "", permission("s1", json!({}))),
        policy("policy of none", ""),
        remove("remove from none", "s1", ""),
    ];
    steps.extend(function_with_alias("guarded"));
    steps.extend([
        policy("no policy", ""),
        remove("remove without a policy", "s1", ""),
        add("add", "", permission("s1", source.clone())),
        policy("policy", ""),
        settled("function with a policy", "guarded"),
        add("add again", "", permission("s1", json!({}))),
        add("add another", "", permission("s2", json!({"Principal": "events.amazonaws.com"}))),
        add("add to the version", "?Qualifier=1", permission("s1", source.clone())),
        policy("policy of the version", "?Qualifier=1"),
        Step::get("version with a policy", format!("{}?Qualifier=1", function_path("guarded"))),
        add("add to the alias", LIVE, permission("s1", source)),
        policy("policy of the alias", LIVE),
        Step::get("alias with a policy", part("guarded", "aliases/live")),
        remove("remove unknown", "s7", ""),
        remove("remove", "s1", ""),
        policy("policy after", ""),
        settled("function after", "guarded"),
        remove("remove the last", "s2", ""),
        policy("policy after the last", ""),
        remove("remove from the alias", "s1", LIVE),
        policy("policy of the alias after", LIVE),
    ]);
    agree("permissions", steps).await;
}

#[tokio::test]
async fn statements_are_rendered_alike() {
    let mut steps = function_with_alias("guarded");
    let role = "arn:aws:iam::{account}:role/caller";
    let url = |auth: &str| json!({"Principal": "*", "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": auth});
    steps.extend([
        add("a role", "", permission("role", json!({"Principal": role}))),
        add("an account", "", permission("account", json!({"Principal": "{account}"}))),
        add("everybody", "", permission("everybody", json!({"Principal": "*"}))),
        add(
            "an organization",
            "",
            permission("organization", json!({"Principal": "*", "PrincipalOrgID": "o-abcdefghij"})),
        ),
        add("a public url", "", permission("url", url("NONE"))),
        add("a url for users", "", permission("iam", url("AWS_IAM"))),
        add(
            "through the url",
            "",
            permission("via", json!({"Principal": "*", "InvokedViaFunctionUrl": true})),
        ),
        add(
            "a token",
            "",
            permission("token", json!({"Principal": "*", "EventSourceToken": "amzn1.ask.skill.x"})),
        ),
        add(
            "another action",
            "",
            permission("get", json!({"Principal": "{account}", "Action": "lambda:GetFunction"})),
        ),
        policy("policy", ""),
    ]);
    agree("statements", steps).await;
}

#[tokio::test]
async fn bad_permissions_are_refused() {
    let mut steps = function_with_alias("guarded");
    let stale = "11111111-2222-3333-4444-555555555555";
    steps.extend([
        add("a bad statement id", "", permission("a.b", json!({}))),
        add("a bad principal", "", permission("s1", json!({"Principal": "invalid.nonaws.com"}))),
        add("a bad action", "", permission("action", json!({"Action": "s3:GetObject"}))),
        add("the latest version", "?Qualifier=$LATEST", permission("s1", json!({}))),
        add("a version that isn't", "?Qualifier=7", permission("s1", json!({}))),
        add("an alias that isn't", "?Qualifier=dead", permission("s1", json!({}))),
        add("a bad qualifier", "?Qualifier=a%3Fb", permission("s1", json!({}))),
        policy("policy of a version that isn't", "?Qualifier=7"),
        policy("policy of an alias that isn't", "?Qualifier=dead"),
        remove("remove from an alias that isn't", "s1", "?Qualifier=dead"),
        add("url without its action", "", permission("url", json!({"FunctionUrlAuthType": "NONE"}))),
        add("stale", "", permission("s1", json!({"RevisionId": stale}))),
        add("stale on the alias", LIVE, permission("s1", json!({"RevisionId": stale}))),
        add("add", "", permission("s1", json!({}))),
        remove("remove stale", "s1", &format!("?RevisionId={stale}")),
    ]);
    agree("refused permissions", steps).await;
}
