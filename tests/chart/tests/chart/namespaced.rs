//! The operator for some namespaces, under the Roles of the chart and nothing else.

use std::time::Duration;

use chart_tests::rights::requested;
use chart_tests::{Rendering, find, root};
use lambda_sim::{Options, Sim};
use serde_json::{Value, json};
use test_support::{Cluster, Process, eventually};

use crate::process::start;

const PATIENCE: Duration = Duration::from_mins(1);

fn function(name: &str, extra: Value) -> Value {
    let mut spec = json!({
        "functionName": name, "role": "arn:aws:iam::111122223333:role/lambda", "runtime": "python3.14",
        "handler": "index.handler", "code": {"inline": {"files": {"index.py": "def handler(event, context):\n    pass\n"}}},
    });
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction", "metadata": {"name": name}, "spec": spec})
}

async fn apply(cluster: &Cluster, namespace: &str, objects: Vec<Value>) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let kubectl =
        cluster.kubectl(cluster.admin_kubeconfig()).args(["apply", "--server-side", "--force-conflicts"]);
    kubectl.args(["-n", namespace, "-f", "-"]).stdin(list).run().await;
}

/// Runs the operator from a rendering of the chart in its own namespace, for some namespaces.
pub(crate) async fn operator_of(cluster: &Cluster, own: &str, watched: &[&str], sim: &Sim) -> Process {
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig()).args([
        "apply",
        "--server-side",
        "--force-conflicts",
        "-k",
    ]);
    kubectl.arg(root().join("crds")).run().await;
    let watched = format!("settings.watchNamespace={}", json!(watched));
    let set = [
        watched.as_str(),
        "settings.clusterId=\"some\"",
        "settings.awsRegion=\"eu-west-1\"",
        "crds.enabled=false",
    ];
    let rendering = Rendering { namespace: own, set: &set, ..Rendering::default() };
    let objects = rendering.objects().await.unwrap();
    let roles = ["ServiceAccount", "Role", "RoleBinding"];
    let needed =
        objects.iter().filter(|object| object["kind"].as_str().is_some_and(|kind| roles.contains(&kind)));
    for object in needed {
        let namespace = object["metadata"]["namespace"].as_str().unwrap();
        apply(cluster, namespace, vec![object.clone()]).await;
    }
    let deployment = find(&objects, "Deployment", "lambda-operator");
    start(cluster, own, &deployment["spec"]["template"]["spec"], Some(sim)).await
}

/// Waits for a reason of the condition Ready, and returns its message.
async fn reason(cluster: &Cluster, namespace: &str, name: &str, wanted: &str) -> String {
    eventually(PATIENCE, format!("{name} has the reason {wanted}"), || async {
        let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
        let text =
            kubectl.args(["get", "lambdafunction", name, "-n", namespace, "-o", "json"]).run().await.stdout;
        let object: Value = serde_json::from_str(&text).unwrap();
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions
            .into_iter()
            .find(|condition| condition["type"] == "Ready" && condition["reason"] == wanted);
        ready.map(|ready| ready["message"].as_str().unwrap_or_default().to_owned()).ok_or(text)
    })
    .await
}

#[tokio::test]
async fn it_works_in_its_namespaces_and_says_which_right_an_account_would_need() {
    let cluster = Cluster::shared().await;
    let (own, first, second, other) = (
        cluster.namespace("chart-operator").await,
        cluster.namespace("chart-first").await,
        cluster.namespace("chart-second").await,
        cluster.namespace("chart-other").await,
    );
    let sim = Sim::start(Options::default()).await.unwrap();
    let _operator = operator_of(cluster, own.name(), &[first.name(), second.name()], &sim).await;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database"}, "stringData": {"password": "a"}});
    let variable =
        json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}});
    apply(cluster, first.name(), vec![secret, function("one", json!({"env": [variable]}))]).await;
    apply(cluster, second.name(), vec![function("two", json!({}))]).await;
    apply(cluster, second.name(), vec![function("three", json!({"accountRef": {"name": "analytics"}}))])
        .await;
    apply(cluster, other.name(), vec![function("four", json!({}))]).await;
    reason(cluster, first.name(), "one", "Available").await;
    reason(cluster, second.name(), "two", "Available").await;
    let message = reason(cluster, second.name(), "three", "AccessDenied").await;
    assert!(message.contains("may not list LambdaAccounts"), "{message}");
    assert!(message.contains("lambdaaccounts.lambda-operator.io"), "it names the right: {message}");
    let aws = sim.control().account(crate::process::ACCOUNT, "eu-west-1");
    assert_eq!(aws.functions().await, ["one", "two"]);
    for namespace in [&first, &second] {
        let kubectl = cluster.kubectl(cluster.admin_kubeconfig()).args([
            "delete",
            "lambdafunction",
            "--all",
            "--timeout=60s",
        ]);
        kubectl.args(["-n", namespace.name()]).run().await;
    }
    assert_eq!(aws.functions().await, Vec::<String>::new());

    let log = std::fs::read_to_string(cluster.audit_log()).unwrap();
    let refused = requested(&log, own.name(), "lambda-operator").refused;
    let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let expected = |right: &&String| {
        right.starts_with("list namespaces") || *right == "list lambdaaccounts.lambda-operator.io"
    };
    assert!(refused.iter().all(|right| expected(&right)), "it asks for more than it has: {refused:?}");
}
