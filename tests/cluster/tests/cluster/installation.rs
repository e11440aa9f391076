//! `kubectl apply -k config/default`, as a real API server takes it.

use cluster_tests::{install, operator_binary};
use serde_json::Value;

const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/default");

/// The Deployment of `config/default`, as kustomize makes it.
async fn deployment() -> Value {
    let cluster = install().await;
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
    let arguments = ["create", "--dry-run=client", "-o", "json", "-k", DEFAULT];
    let text = kubectl.args(arguments).run().await.stdout;
    let objects = serde_json::Deserializer::from_str(&text).into_iter::<Value>().map(Result::unwrap);
    objects.into_iter().find(|object| object["kind"] == "Deployment").expect("a Deployment")
}

#[tokio::test]
async fn the_api_server_takes_all_of_it_without_a_warning() {
    let cluster = install().await;
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
    let flags = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", DEFAULT];
    let applied = kubectl.args(flags).run().await;
    assert_eq!(applied.stderr, "", "it warns");
    for object in [
        "customresourcedefinition.apiextensions.k8s.io/lambdafunctions.lambda-operator.io",
        "namespace/lambda-operator-system",
        "serviceaccount/lambda-operator",
        "clusterrolebinding.rbac.authorization.k8s.io/lambda-operator",
        "deployment.apps/lambda-operator",
    ] {
        assert!(applied.stdout.contains(object), "no {object} in {}", applied.stdout);
    }
}

#[tokio::test]
async fn the_deployment_asks_only_for_what_the_binary_knows() {
    let container = deployment().await["spec"]["template"]["spec"]["containers"][0].clone();
    let arguments: Vec<&str> =
        container["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let output = std::process::Command::new(operator_binary().await)
        .args(&arguments)
        .arg("--help")
        .output()
        .expect("the operator starts");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let words: Vec<&str> = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(words.contains(&name), "run --help doesn't know {name}");
    }
    let port = container["ports"][0]["containerPort"].to_string();
    assert!(help.contains(&format!("[default: 0.0.0.0:{port}]")), "it doesn't serve on {port} by default");
    for probe in ["livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], container["ports"][0]["name"], "{probe}");
    }
}
