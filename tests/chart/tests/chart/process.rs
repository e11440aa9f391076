//! A container of the chart as a process: with its arguments and environment, as its ServiceAccount.

use std::process::Command;

use lambda_sim::Sim;
use serde_json::Value;
use test_support::{Cluster, Process, bin};

/// The account of the simulator.
pub const ACCOUNT: &str = "111122223333";

/// Starts the only container of a Pod's spec in a namespace, with the simulator for AWS.
pub async fn start(cluster: &Cluster, namespace: &str, pod: &Value, sim: Option<&Sim>) -> Process {
    let built = tokio::task::spawn_blocking(|| bin("lambda-operator", "lambda-operator"));
    let mut command = Command::new(built.await.expect("the binary can be built"));
    let container = &pod["containers"][0];
    let arguments = container["args"].as_array().into_iter().flatten();
    command.args(arguments.map(|argument| argument.as_str().expect("an argument is a text")));
    for variable in container["env"].as_array().into_iter().flatten() {
        let field = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str();
        let value = match (field, variable["value"].as_str()) {
            (Some("metadata.name"), _) => "lambda-operator-0",
            (Some("metadata.namespace"), _) => namespace,
            (None, Some(value)) => value,
            _ => panic!("this process can't have {variable}"),
        };
        command.env(variable["name"].as_str().expect("a variable has a name"), value);
    }
    let account = pod["serviceAccountName"].as_str().expect("the Pod has a ServiceAccount");
    let kubeconfig = cluster.kubeconfig_for_service_account(namespace, account).await;
    command.env("LAMBDA_OPERATOR_KUBECONFIG", cluster.write_kubeconfig(account, &kubeconfig));
    if let Some(sim) = sim {
        command.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "x");
        command.env("LAMBDA_OPERATOR_AWS_ENDPOINT_URL", sim.endpoint());
        command
            .env("LAMBDA_OPERATOR_METRICS_ADDRESS", "127.0.0.1:0")
            .env("LAMBDA_OPERATOR_LOG_FORMAT", "text");
    }
    Process::spawn(account, &command)
}
