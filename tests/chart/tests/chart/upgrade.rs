//! From an earlier chart to that of the checkout, with objects that are in use: see `fixtures/README.md`.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use chart_tests::root;
use serde_json::{Value, json};
use test_support::{Cluster, Process, eventually};

use crate::process::ACCOUNT;
use crate::story::{ACCOUNTS, NAMESPACE, Story, function, succeeded};

const PATIENCE: Duration = Duration::from_mins(1);
const KINDS: &str =
    "lambdaaccounts,lambdalayers,codesigningconfigs,lambdafunctions,lambdaaliases,eventsourcemappings";

fn earlier() -> String {
    root().join("tests/chart/fixtures/lambda-operator-7d15c4f.tgz").display().to_string()
}

/// A file of the earlier chart.
fn earlier_file(name: &str) -> String {
    let output = Command::new("tar").args(["-xzOf", &earlier(), &format!("lambda-operator/{name}")]).output();
    let output = output.expect("tar runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

/// What a list of objects is, by kind and name.
fn by_name(list: &str) -> BTreeMap<String, Value> {
    let list: Value = serde_json::from_str(list).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| (format!("{} {}", item["kind"], item["metadata"]["name"]), item.clone())).collect()
}

async fn objects(story: &Story) -> BTreeMap<String, Value> {
    by_name(&story.kubectl(&["get", KINDS, "-n", "default", "-o", "json"], None).await)
}

async fn definitions(story: &Story) -> BTreeMap<String, Value> {
    by_name(&story.kubectl(&["get", "crd", "-o", "json"], None).await)
}

/// Lends the earlier release what only today's has, as today's binary stands in for its own: kinds, and rights to them.
/// Returns what was lent.
async fn lend(story: &Story) -> Value {
    let there = definitions(story).await;
    let crds: Vec<Value> =
        lambda_operator_crds::all().iter().map(|crd| serde_json::to_value(crd).unwrap()).collect();
    let new = |crd: &Value| !there.keys().any(|key| key.contains(&crd["metadata"]["name"].to_string()));
    let mut lent: Vec<Value> = crds.into_iter().filter(new).collect();
    let (group, name) = ("rbac.authorization.k8s.io", "lent");
    let version = format!("{group}/v1");
    let account = json!({"kind": "ServiceAccount", "name": "lambda-operator", "namespace": NAMESPACE});
    let rule = json!({"apiGroups": [lambda_operator_crds::GROUP], "resources": ["*"], "verbs": ["*"]});
    lent.push(
        json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]}),
    );
    lent.push(json!({
        "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": {"name": name}, "subjects": [account],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
    }));
    let lent = json!({"apiVersion": "v1", "kind": "List", "items": lent});
    story.kubectl(&["apply", "--server-side", "-f", "-"], Some(lent.clone())).await;
    lent
}

async fn all_ready(story: &Story) {
    let wait = ["wait", KINDS, "--all", "-n", "default", "--for=condition=Ready", "--timeout=60s"];
    story.kubectl(&wait, None).await;
}

#[tokio::test]
async fn objects_in_use_outlive_an_upgrade() {
    let story = Story::begin().await;
    let (mut operator, lent) = begin(&story).await;
    operator.terminate();
    assert!(operator.wait(PATIENCE).await.success(), "{}", operator.log());
    story.kubectl(&["delete", "-f", "-"], Some(lent)).await;
    let (before, old_definitions) = (objects(&story).await, definitions(&story).await);
    story.sim.control().clear_ledger().await;

    succeeded(&story.release("upgrade", "lambda-operator", &["--reuse-values"]).await);
    assert_definitions(&story, &old_definitions).await;
    let _operator = story.operator().await;
    let aws = story.sim.control().account(ACCOUNT, "eu-west-1");
    eventually(PATIENCE, "the operator has looked at functions and mappings", || async {
        let calls: Vec<String> = aws.ledger().await.into_iter().map(|call| call.operation).collect();
        let swept =
            ["ListFunctions", "ListEventSourceMappings"].iter().all(|list| calls.iter().any(|c| c == list));
        if swept { Ok(()) } else { Err(calls) }
    })
    .await;
    story.kubectl(&["apply", "-f", "-"], Some(function("new", json!({})))).await;
    all_ready(&story).await;
    assert_untouched(&before, &objects(&story).await);
    let writes = story.sim.control().ledger().await.into_iter().filter(lambda_sim::Call::is_write);
    let writes: Vec<String> =
        writes.map(|call| format!("{} {}", call.operation, call.resource.unwrap_or_default())).collect();
    assert_eq!(writes, ["CreateFunction new"], "AWS had what the specs say");
    assert_new_is_taken(&story).await;

    let patch = r#"{"spec":{"memorySize":256}}"#;
    story
        .kubectl(&["patch", "lambdafunction/shop-stock", "-n", "default", "--type=merge", "-p", patch], None)
        .await;
    all_ready(&story).await;
    assert_eq!(aws.function("shop-stock").await.unwrap()["Configuration"]["MemorySize"], 256);
}

/// The earlier chart, the operator with its arguments, objects of each kind, Ready, and what was lent for them.
async fn begin(story: &Story) -> (Process, Value) {
    let old = earlier();
    let install =
        ["install", "lambda-operator", &old, "--create-namespace", "--set", "settings.awsRegion=eu-west-1"];
    succeeded(&story.helm(&install).await);
    let accounts = ["upgrade", "lambda-operator", &old, "--reuse-values", "--set-json", ACCOUNTS];
    succeeded(&story.helm(&accounts).await);
    let lent = lend(story).await;
    let operator = story.operator().await;
    let sample = root().join("config/samples/application.yaml").display().to_string();
    story.kubectl(&["apply", "-n", "default", "-f", &sample], None).await;
    let in_account = function("report", json!({"accountRef": {"name": "main"}}));
    story.kubectl(&["apply", "-f", "-"], Some(in_account)).await;
    all_ready(story).await;
    (operator, lent)
}

/// They are the objects that they were and those of the new kinds, with what the checkout says, and stay when the release
/// goes.
async fn assert_definitions(story: &Story, before: &BTreeMap<String, Value>) {
    let after = definitions(story).await;
    let schema = |definition: &Value| definition["spec"]["versions"][0]["schema"].clone();
    assert_eq!(after.len(), lambda_operator_crds::all().len());
    let changed = before.iter().any(|(name, before)| schema(before) != schema(&after[name]));
    assert!(changed, "an upgrade of the same");
    for (name, before) in before {
        assert_eq!(after[name]["metadata"]["uid"], before["metadata"]["uid"], "{name}");
    }
    for (name, now) in &after {
        assert_eq!(now["metadata"]["annotations"]["helm.sh/resource-policy"], "keep", "{name}");
    }
    let checkout = root().join("crds").display().to_string();
    story.kubectl(&["diff", "--server-side", "--force-conflicts", "-k", &checkout], None).await;
}

/// None is lost, and none changed. The status of an account also says what is used of it, which changes by itself.
fn assert_untouched(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    for (name, before) in before {
        let after = after.get(name).unwrap_or_else(|| panic!("{name} is lost"));
        if before["kind"] == "LambdaAccount" {
            assert_eq!(before["spec"], after["spec"], "{name}");
            assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"], "{name}");
        } else {
            assert_eq!(before, after, "{name}");
        }
    }
}

/// Fields and values that the earlier chart didn't have.
async fn assert_new_is_taken(story: &Story) {
    let strict = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--validate=strict",
        "-n",
        "default",
    ];
    let samples = root().join("config/samples").display().to_string();
    story.kubectl(&[&strict[..], &["-k", &samples]].concat(), None).await;
    let new = ["--reuse-values", "--set", "settings.sourceCheckInterval=5m"];
    let refused = story.helm(&[&["upgrade", "lambda-operator", &earlier()], &new[..]].concat()).await;
    assert!(refused.stderr.contains("'sourceCheckInterval' not allowed"), "{}", refused.stderr);
    succeeded(&story.release("upgrade", "lambda-operator", &new).await);
    let deployment = story.object("deployment", "lambda-operator").await;
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let wanted = json!({"name": "LAMBDA_OPERATOR_SOURCE_CHECK_INTERVAL", "value": "5m"});
    assert!(env.as_array().unwrap().contains(&wanted), "{env}");
}

/// The values that a schema knows, as paths.
fn known(schema: &Value, at: &str, all: &mut Vec<String>) {
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        known(below, &path, all);
        all.push(path);
    }
}

#[tokio::test]
async fn the_values_of_the_earlier_chart_are_still_taken() {
    let schema_of = |text: &str| {
        let mut all = Vec::new();
        known(&serde_json::from_str(text).unwrap(), "", &mut all);
        all
    };
    let earlier = schema_of(&earlier_file("values.schema.json"));
    let now = std::fs::read_to_string(root().join("charts/lambda-operator/values.schema.json")).unwrap();
    let now = schema_of(&now);
    assert!(earlier.len() > 80, "{}", earlier.len());
    let gone: Vec<_> = earlier.iter().filter(|path| !now.contains(path)).collect();
    assert!(gone.is_empty(), "these would be refused as unknown: {gone:?}");

    let values = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(values.path(), earlier_file("values.yaml")).unwrap();
    let cluster = Cluster::shared().await;
    let helm = cluster.helm(cluster.admin_kubeconfig()).args(["template", "lambda-operator"]);
    let helm = helm.arg(root().join("charts/lambda-operator")).arg("--values").arg(values.path());
    assert!(helm.run().await.stdout.contains("kind: Deployment"));
}
