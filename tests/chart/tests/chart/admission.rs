//! What a real API server says of the chart: that its objects are valid, and its Pods restricted.

use chart_tests::{find, render, root};
use serde_json::{Value, json};
use test_support::Cluster;

/// A namespace that takes only restricted Pods, for a test.
fn restricted(name: &str) -> Value {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn list(items: impl IntoIterator<Item = Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items.into_iter().collect::<Vec<_>>()}).to_string()
}

/// The custom resources, and the namespaces that the values name.
async fn prepared() -> &'static Cluster {
    let cluster = Cluster::shared().await;
    let namespaces = ["lambda-operator-system", "team-a", "team-b"].map(restricted);
    let apply = ["apply", "--server-side", "--force-conflicts"];
    let kubectl = || cluster.kubectl(cluster.admin_kubeconfig()).args(apply);
    kubectl().args(["-f", "-"]).stdin(list(namespaces)).run().await;
    kubectl().arg("-k").arg(root().join("crds")).run().await;
    cluster
}

#[tokio::test]
async fn the_api_server_takes_all_of_it_without_a_warning() {
    let cluster = prepared().await;
    for values in ["", "namespaced", "everything"] {
        // The kinds of the Prometheus Operator aren't served here.
        let served = |object: &Value| object["apiVersion"] != "monitoring.coreos.com/v1";
        let objects = render(values).await.into_iter().filter(served);
        let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
        let flags = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--dry-run=server",
            "--validate=strict",
            "-f",
            "-",
        ];
        let applied = kubectl.args(flags).stdin(list(objects)).run().await;
        assert_eq!(applied.stderr, "", "{values}: it warns");
        assert!(applied.stdout.contains("deployment.apps/"), "{values}: {}", applied.stdout);
    }
}

/// The Pods of the chart, as they would be made in a namespace.
fn pods(objects: &[Value], name: &str) -> Vec<Value> {
    let deployment = &find(objects, "Deployment", name)["spec"]["template"];
    let job = &find(objects, "Job", &format!("{name}-uninstall-guard"))["spec"]["template"];
    let test = find(objects, "Pod", &format!("{name}-ready"));
    let made = |(at, template): (usize, &Value)| {
        let metadata = json!({"name": format!("pod-{at}"), "labels": template["metadata"]["labels"]});
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    };
    [deployment, job, test].into_iter().enumerate().map(made).collect()
}

/// What the API server says of a Pod in a namespace.
async fn admitted(cluster: &Cluster, namespace: &str, pod: &Value) -> Result<(), String> {
    let kubectl =
        cluster.kubectl(cluster.admin_kubeconfig()).args(["create", "--dry-run=server", "-n", namespace]);
    let output = kubectl.args(["-f", "-"]).stdin(pod.to_string()).output().await;
    if output.status.success() { Ok(()) } else { Err(output.stderr) }
}

#[tokio::test]
async fn its_pods_meet_the_restricted_standard() {
    let cluster = prepared().await;
    for (values, name) in
        [("", "lambda-operator"), ("everything", "everything"), ("namespaced", "lambda-operator")]
    {
        let namespace = format!("restricted-{}", if values.is_empty() { "default" } else { values });
        let objects = render(values).await;
        let accounts =
            objects.iter().filter(|object| object["kind"] == "ServiceAccount").cloned().map(|mut account| {
                account["metadata"]["namespace"] = json!(namespace);
                account
            });
        let kubectl = cluster.kubectl(cluster.admin_kubeconfig()).args(["apply", "-f", "-"]);
        kubectl.stdin(list([restricted(&namespace)].into_iter().chain(accounts))).run().await;
        // The test's Pod uses the account that every namespace has, once its controller has made it.
        let kubectl =
            cluster.kubectl(cluster.admin_kubeconfig()).args(["wait", "--for=create", "--timeout=60s"]);
        kubectl.args(["-n", &namespace, "serviceaccount/default"]).run().await;
        for pod in pods(&objects, name) {
            assert_eq!(admitted(cluster, &namespace, &pod).await, Ok(()), "{values}");
            let mut lax = pod.clone();
            lax["spec"]["containers"][0]["securityContext"]["capabilities"] = json!({});
            let refused = admitted(cluster, &namespace, &lax).await.unwrap_err();
            assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
        }
    }
}
