//! What is told of a cluster of its own: the operator's chart installed there by a real helm, its container as a process.

use chart_tests::root;
use lambda_sim::{Options, Sim};
use serde_json::{Value, json};
use test_support::{Cluster, Process, ToolOutput};

use crate::process::{ACCOUNT, start};

/// Where the operator is installed.
pub(crate) const NAMESPACE: &str = "lambda-operator-system";
/// An account in the values that every namespace may use.
pub(crate) const ACCOUNTS: &str =
    r#"accounts=[{"name":"main","spec":{"accountId":"111122223333","namespaces":{"selector":{}}}}]"#;

/// A cluster and a simulated AWS.
pub(crate) struct Story {
    pub(crate) cluster: Cluster,
    pub(crate) sim: Sim,
}

impl Story {
    pub(crate) async fn begin() -> Self {
        let sim = Sim::start(Options::default()).await.expect("the simulator starts");
        Self { cluster: Cluster::separate().await, sim }
    }

    pub(crate) async fn helm(&self, arguments: &[&str]) -> ToolOutput {
        let helm = self.cluster.helm(self.cluster.admin_kubeconfig()).args(["--namespace", NAMESPACE]);
        helm.args(arguments).output().await
    }

    /// `helm install` or `upgrade` of a chart.
    pub(crate) async fn release(&self, verb: &str, name: &str, more: &[&str]) -> ToolOutput {
        let chart = root().join("charts").join(name).display().to_string();
        let arguments = [verb, name, chart.as_str(), "--create-namespace"];
        let arguments = &arguments[..if verb == "install" { 4 } else { 3 }];
        self.helm(&[arguments, more].concat()).await
    }

    pub(crate) async fn kubectl(&self, arguments: &[&str], stdin: Option<Value>) -> String {
        let mut kubectl = self.cluster.kubectl(self.cluster.admin_kubeconfig()).args(arguments);
        if let Some(stdin) = stdin {
            kubectl = kubectl.stdin(stdin.to_string());
        }
        kubectl.run().await.stdout
    }

    pub(crate) async fn object(&self, kind: &str, name: &str) -> Value {
        let text = self.kubectl(&["get", kind, name, "-n", NAMESPACE, "-o", "json"], None).await;
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn names(&self, kind: &str) -> String {
        self.kubectl(&["get", kind, "-A", "-o", "name", "--ignore-not-found"], None).await
    }

    /// Runs the container of the Deployment.
    pub(crate) async fn operator(&self) -> Process {
        let deployment = self.object("deployment", "lambda-operator").await;
        start(&self.cluster, NAMESPACE, &deployment["spec"]["template"]["spec"], Some(&self.sim)).await
    }
}

pub(crate) fn succeeded(output: &ToolOutput) {
    assert!(output.status.success(), "{}{}", output.stdout, output.stderr);
}

pub(crate) fn function(name: &str, extra: Value) -> Value {
    let mut spec = json!({
        "role": format!("arn:aws:iam::{ACCOUNT}:role/lambda"), "runtime": "python3.14", "handler": "index.handler",
        "code": {"inline": {"files": {"index.py": "def handler(event, context):\n    pass\n"}}},
    });
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let metadata = json!({"name": name, "namespace": "default"});
    json!({"apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction", "metadata": metadata, "spec": spec})
}
