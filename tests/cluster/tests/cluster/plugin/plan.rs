//! `plan`: what it foresees is what then happens, and nothing happens by itself.

use std::collections::BTreeMap;

use cluster_tests::{World, function};
use lambda_operator_crds::FileContent;
use serde_json::{Value, json};
use test_support::ToolOutput;

/// Manifests as a file has them.
fn file(manifests: &[(&str, &str, Value)]) -> String {
    let document = |(kind, name, spec): &(&str, &str, Value)| {
        json!({"apiVersion": "lambda-operator.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
            .to_string()
    };
    manifests.iter().map(document).collect::<Vec<_>>().join("\n---\n")
}

async fn plan(world: &World, manifests: &str, more: &[&str]) -> ToolOutput {
    let arguments = [&["plan", "-f", "-", "--region", "eu-west-1"], more].concat();
    world.lambda(&arguments).await.stdin(manifests).output().await
}

async fn planned(world: &World, manifests: &str) -> Value {
    let output = plan(world, manifests, &["-o", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}{}", output.stdout, output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

async fn apply(world: &World, manifests: &str) {
    world.kubectl(&["apply", "-f", "-"]).stdin(manifests).run().await;
}

/// Kind, name and what becomes of it.
fn changes(plan: &Value) -> Vec<String> {
    let of = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap().to_owned();
        format!("{}/{} {}", text("kind"), text("name"), text("change"))
    };
    plan["objects"].as_array().unwrap().iter().map(of).collect()
}

/// The operations that are foreseen, in alphabetical order.
fn operations(plan: &Value) -> Vec<String> {
    let actions =
        plan["objects"].as_array().unwrap().iter().filter_map(|entry| entry["actions"].as_array()).flatten();
    let name = |action: &Value| {
        let text = action.as_str().unwrap();
        text.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap().to_owned()
    };
    let mut all: Vec<String> = actions.map(name).collect();
    all.sort();
    all
}

/// The operations that AWS saw, in alphabetical order.
async fn made(world: &World) -> Vec<String> {
    let mut written = world.written().await;
    written.sort();
    written
}

fn application() -> String {
    file(&[
        (
            "EventSourceMapping",
            "orders",
            json!({
                "aliasRef": {"name": "live"}, "eventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:orders",
            }),
        ),
        ("LambdaAlias", "live", json!({"functionRef": {"name": "orders"}, "version": "Latest"})),
        (
            "LambdaFunction",
            "orders",
            function(json!({
                "publish": "OnChange", "layers": [{"layerRef": {"name": "utils"}}], "memorySize": 256,
                "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "token"}}}],
                "tags": {"team": "shop"}, "reservedConcurrentExecutions": 2,
            })),
        ),
        ("LambdaLayer", "utils", json!({"content": {"inline": {"files": {"python/a.py": "A = 1\n"}}}})),
    ])
}

#[tokio::test]
async fn what_is_foreseen_of_a_new_application_is_what_then_happens() {
    let world = World::start("plugin-plan").await;
    world.secret("shop", &[("token", "hunter2")]).await;
    let manifests = application();
    let foreseen = planned(&world, &manifests).await;
    assert_eq!(
        changes(&foreseen),
        [
            "EventSourceMapping/orders Create",
            "LambdaAlias/live Create",
            "LambdaFunction/orders Create",
            "LambdaLayer/utils Create",
        ]
    );
    assert_eq!(made(&world).await, [""; 0]);
    assert!(!foreseen.to_string().contains("hunter2"), "{foreseen}");
    let arn = &foreseen["objects"][1]["resource"];
    assert!(arn.as_str().unwrap().ends_with(":111122223333:function:orders:live"), "{arn}");
    apply(&world, &manifests).await;
    world.lambda_says(&["wait"]).await;
    assert_eq!(operations(&foreseen), made(&world).await);
    let output = plan(&world, &manifests, &["--exit-code"]).await;
    assert_eq!(output.stdout, "Nothing to do: AWS has what the manifests say.\n");
    assert_eq!(output.status.code(), Some(0), "{}", output.stderr);
}

#[tokio::test]
async fn what_code_is_made_from_is_looked_at_and_sent_once() {
    let world = World::start("plugin-plan-code").await;
    world.aws().s3_put("packages", "report.zip", b"PK").await;
    let s3 = json!({"code": {"s3": {"bucket": "packages", "key": "report.zip"}}});
    let tag = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
    world.aws().image_put(tag, &"1".repeat(64)).await;
    let image = json!({"role": cluster_tests::ROLE, "code": {"image": {"uri": tag}}});
    let manifests = file(&[("LambdaFunction", "report", function(s3)), ("LambdaFunction", "app", image)]);
    let foreseen = planned(&world, &manifests).await;
    assert_eq!(operations(&foreseen), ["CreateFunction", "CreateFunction"], "{foreseen}");
    let digest = foreseen["objects"][1].to_string();
    assert!(digest.contains(&"1".repeat(64)), "{digest}");
}

#[tokio::test]
async fn a_change_is_foreseen_with_all_that_follows_from_it() {
    let world = World::start("plugin-plan-change").await;
    world.secret("shop", &[("token", "hunter2")]).await;
    let manifests = application();
    apply(&world, &manifests).await;
    world.lambda_says(&["wait"]).await;
    world.aws().clear_ledger().await;
    // The version of the layer is new to the function, the function's to the alias.
    let changed = manifests
        .replace("A = 1", "A = 2")
        .replace(r#""reservedConcurrentExecutions":2,"#, "")
        .replace("hunter2", "hunter3");
    assert_ne!(changed, manifests);
    let foreseen = planned(&world, &changed).await;
    assert_eq!(
        changes(&foreseen),
        [
            "EventSourceMapping/orders None",
            "LambdaAlias/live Update",
            "LambdaFunction/orders Update",
            "LambdaLayer/utils Update",
        ]
    );
    assert_eq!(made(&world).await, [""; 0]);
    let output = plan(&world, &changed, &["--exit-code"]).await;
    assert_eq!(output.status.code(), Some(5), "{}", output.stderr);
    for text in [
        "~ LambdaAlias/live in ",
        "~ functionVersion: 1 → 2",
        "~ layers: ",
        "- reservedConcurrentExecutions: 2",
        "DeleteFunctionConcurrency",
        "Plan: 3 to change, 1 with nothing to do.",
    ] {
        assert!(output.stdout.contains(text), "{text}: {}", output.stdout);
    }
    apply(&world, &changed).await;
    world.lambda_says(&["wait"]).await;
    world
        .objects("LambdaAlias")
        .until("live", "at version 2", |alias| alias["status"]["functionVersion"] == "2")
        .await;
    assert_eq!(operations(&foreseen), made(&world).await);
}

#[tokio::test]
async fn what_somebody_changed_in_aws_is_foreseen_to_be_changed_back() {
    let world = World::start("plugin-plan-drift").await;
    let manifests = file(&[("LambdaFunction", "hello", function(json!({"timeout": 7})))]);
    apply(&world, &manifests).await;
    world.ready("hello").await;
    world.aws().edit_function("hello", json!({"Timeout": 99})).await;
    let output = plan(&world, &manifests, &[]).await;
    assert!(output.stdout.contains("~ timeout: 99 → 7"), "{}", output.stdout);
}

/// A function that somebody made in AWS, as the manifest has it but for the code.
fn theirs() -> Value {
    json!({
        "FunctionName": "theirs", "Role": cluster_tests::ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "theirs.zip"},
    })
}

#[tokio::test]
async fn what_cannot_be_worked_on_is_told_for_each_object() {
    let world = World::start("plugin-plan-refused").await;
    world.aws().put_function(theirs()).await;
    let manifests = file(&[
        ("LambdaFunction", "theirs", function(json!({}))),
        ("LambdaFunction", "no-layer", function(json!({"layers": [{"layerRef": {"name": "gone"}}]}))),
        ("LambdaFunction", "wrong", function(json!({"timeout": 0}))),
        ("LambdaAlias", "of-wrong", json!({"functionRef": {"name": "wrong"}, "version": "Latest"})),
        ("LambdaFunction", "fine", function(json!({"suspend": true}))),
    ]);
    let output = plan(&world, &manifests, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    for text in [
        "carries no ownership tag. Set spec.adopt to Unowned",
        "LambdaLayer gone does not exist in namespace",
        "should be greater than or equal to 1",
        "LambdaFunction wrong is not ready",
        "Plan: 1 with nothing to do, 4 that can't be worked on.",
    ] {
        assert!(output.stdout.contains(text), "{text}: {}", output.stdout);
    }
    assert!(output.stderr.contains("4 objects can't be worked on"), "{}", output.stderr);
    assert_eq!(made(&world).await, [""; 0]);
    let adopted =
        manifests.split("\n---\n").next().unwrap().replace(r#""spec":{"#, r#""spec":{"adopt":"Unowned","#);
    let output = plan(&world, &adopted, &[]).await;
    for text in ["~ LambdaFunction/theirs in", "TagResource(owner), UpdateFunctionCode"] {
        assert!(output.stdout.contains(text), "{text}: {}", output.stdout);
    }
    let external = file(&[(
        "LambdaFunction",
        "theirs",
        function(json!({"adopt": "Unowned", "code": {"external": {}}})),
    )]);
    let output = plan(&world, &external, &["--exit-code"]).await;
    assert!(output.stdout.contains("> LambdaFunction/theirs"), "{}", output.stdout);
    assert!(output.stdout.ends_with("Plan: 1 to take over as they are.\n"), "{}", output.stdout);
    assert_eq!(output.status.code(), Some(5));
}

#[tokio::test]
async fn who_may_only_look_can_plan_too() {
    let world = World::start("plugin-plan-viewer").await;
    let manifests = file(&[("LambdaFunction", "hello", function(json!({})))]);
    let viewer = super::user(&world, "viewer", Some("lambda-operator-view")).await;
    let arguments = ["plan", "-f", "-", "--cluster-id", "here", "--region", "eu-west-1"];
    let output = world.lambda_as(&viewer, &arguments).await.stdin(&manifests).output().await;
    assert_eq!(output.status.code(), Some(0), "{}", output.stderr);
    assert!(
        output.stdout.contains("+ LambdaFunction/hello") && output.stdout.contains("hasn't checked"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn files_may_hold_what_their_objects_refer_to() {
    let world = World::start("plugin-plan-refers").await;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shop"}, "stringData": {"token": "hunter2"}});
    let account = json!({"accountId": "111122223333", "region": "eu-west-1", "namespaces": {"selector": {}}});
    let of_account = json!({
        "accountRef": {"name": world.account_name("own")},
        "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "token"}}}],
    });
    let objects = file(&[
        ("LambdaFunction", "hello", function(of_account)),
        ("LambdaAccount", &world.account_name("own"), account),
        ("LambdaInvocation", "once", json!({"functionRef": {"name": "hello"}})),
    ]);
    let output = plan(&world, &format!("{objects}\n---\n{secret}"), &["-o", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}{}", output.stdout, output.stderr);
    let changes = changes(&serde_json::from_str(&output.stdout).unwrap());
    assert_eq!(changes[0], "LambdaFunction/hello Create");
    assert!(changes[1].ends_with("None") && changes[2] == "LambdaInvocation/once Invoke", "{changes:?}");
    assert!(!output.stdout.contains("hunter2") && made(&world).await.is_empty(), "{}", output.stdout);
}

#[tokio::test]
async fn an_adoption_that_the_account_forbids_is_refused_also_to_who_sees_no_labels() {
    let world = World::start("plugin-plan-forbids").await;
    let name = world.account_name("strict");
    let extra = json!({"adopt": "Unowned", "accountRef": {"name": name}});
    let manifests = file(&[
        ("LambdaAccount", &name, json!({"accountId": "111122223333", "region": "eu-west-1"})),
        ("LambdaFunction", "hello", function(extra)),
    ]);
    let viewer = super::user(&world, "viewer", Some("lambda-operator-view")).await;
    let arguments = ["plan", "-f", "-", "--cluster-id", "here"];
    let output = world.lambda_as(&viewer, &arguments).await.stdin(&manifests).output().await;
    assert_eq!(output.status.code(), Some(1));
    let told = "does not allow what is in AWS already to be taken over. Remove spec.adopt";
    assert!(output.stdout.contains(told), "{}", output.stdout);
    // An administrator sees the labels, and that the namespace may not use the account at all.
    let output = plan(&world, &manifests, &[]).await;
    assert!(output.stdout.contains("may not use LambdaAccount"), "{}", output.stdout);
}

#[tokio::test]
async fn what_cannot_be_seen_now_is_told() {
    let world = World::start("plugin-plan-unsure").await;
    let file_of = |text: &str| BTreeMap::from([("index.py".to_owned(), FileContent(text.to_owned()))]);
    let package = lambda_operator::package::zip("", &file_of("def handler(event, context): pass")).unwrap();
    world.aws().s3_put("packages", "report.zip", &package).await;
    world.aws().configure(|settings| _ = settings.deny.insert("GetObject".into())).await;
    let s3 = json!({"code": {"s3": {"bucket": "packages", "key": "report.zip"}}});
    let manifests = file(&[("LambdaFunction", "report", function(s3))]);
    let output = plan(&world, &manifests, &[]).await;
    assert!(output.stdout.contains("whether there is new code is not known"), "{}", output.stdout);
    let lacks = |settings: &mut lambda_sim::AccountSettings| {
        settings.deny.clear();
        settings.missing_keys.insert("packages/report.zip".into());
    };
    world.aws().configure(lacks).await;
    let output = plan(&world, &manifests, &[]).await;
    assert!(output.stdout.contains("Create it, or correct the spec."), "{}", output.stdout);
    // What was deployed from there stays, and whatever else there is to do is done.
    world.aws().configure(|settings| settings.missing_keys.clear()).await;
    apply(&world, &manifests).await;
    world.ready("report").await;
    world.aws().configure(lacks).await;
    let larger = manifests.replace(r#""runtime""#, r#""memorySize":256,"runtime""#);
    let output = plan(&world, &larger, &[]).await;
    assert!(
        output.stdout.contains("~ memorySize: 128") || output.stdout.contains("+ memorySize: 256"),
        "{}",
        output.stdout
    );
    assert_eq!(output.status.code(), Some(0), "{}", output.stderr);

    let manifests = file(&[("LambdaFunction", "slow", function(json!({})))]);
    apply(&world, &manifests).await;
    world.ready("slow").await;
    world.aws().edit_function("slow", json!({"LastUpdateStatus": "InProgress"})).await;
    let output = plan(&world, &manifests, &[]).await;
    assert!(
        output.stdout.contains("slow in") && output.stdout.contains("waits for AWS"),
        "{}",
        output.stdout
    );
}
