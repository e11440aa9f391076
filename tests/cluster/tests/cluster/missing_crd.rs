//! An operator that is started before its custom resources are installed: it waits, and says that it isn't ready.

use std::process::Command;
use std::time::Duration;

use cluster_tests::{ACCOUNT, REGION, fetch, lambda, operator_binary, serving_address};
use lambda_sim::{Options, Sim};
use test_support::{Cluster, Process, eventually};

const PATIENCE: Duration = Duration::from_secs(30);
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

async fn apply(cluster: &Cluster, kind: &str, path: &str) {
    let path = format!("{ROOT}/{path}");
    cluster.kubectl(cluster.admin_kubeconfig()).args(["apply", kind, path.as_str()]).run().await;
}

async fn operator(cluster: &Cluster, sim: &Sim) -> Process {
    let kubeconfig =
        cluster.kubeconfig_for_service_account("lambda-operator-system", "lambda-operator").await;
    let mut command = Command::new(operator_binary().await);
    command.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "x");
    command.arg("run").arg("--kubeconfig").arg(cluster.write_kubeconfig("operator", &kubeconfig));
    command.args(["--aws-endpoint-url", &sim.endpoint(), "--aws-region", REGION, "--leader-election=false"]);
    command.args(["--metrics-address", "127.0.0.1:0"]);
    Process::spawn("operator", &command)
}

#[tokio::test]
async fn without_its_definition_the_operator_waits_and_is_not_ready() {
    let cluster = Cluster::separate().await;
    apply(&cluster, "-k", "config/rbac").await;
    let sim = Sim::start(Options::default()).await.unwrap();
    let mut process = operator(&cluster, &sim).await;
    let missing = "the CustomResourceDefinition lambdafunctions.lambda-operator.io is missing";
    eventually(PATIENCE, "it says what is missing", || async {
        process.log().contains(missing).then_some(())
    })
    .await;
    assert!(process.status().is_none(), "it waits");
    let address = serving_address(&process).await;
    assert!(fetch(address, "/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(fetch(address, "/healthz").await.starts_with("HTTP/1.1 200"), "a restart would not help");

    for command in ["tree", "wait", "suspend"] {
        let arguments = [command, "lfn/hello"];
        let output = lambda(&cluster, cluster.admin_kubeconfig(), &arguments).await.output().await;
        let said = "the custom resources of lambda-operator aren't installed";
        assert!(output.status.code() == Some(1) && output.stderr.contains(said), "{}", output.stderr);
    }

    apply(&cluster, "-k", "crds").await;
    eventually(PATIENCE, "it is ready", || async {
        fetch(address, "/readyz").await.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
    apply(&cluster, "-f", "config/samples/inline-python.yaml").await;
    let wait = ["wait", "lambdafunction/hello", "--for=condition=Ready", "--timeout=30s"];
    cluster.kubectl(cluster.admin_kubeconfig()).args(wait).run().await;
    process.terminate();
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0));
}

#[tokio::test]
async fn it_can_be_ended_while_it_waits() {
    let cluster = cluster_tests::install().await;
    let namespace = cluster.namespace("forbidden").await;
    let kubeconfig = cluster.kubeconfig_for_user("nobody", &[]);
    let mut command = Command::new(operator_binary().await);
    command.arg("run").arg("--kubeconfig").arg(cluster.write_kubeconfig("nobody", &kubeconfig));
    command.args(["--metrics-address", "127.0.0.1:0", "--watch-namespace", namespace.name()]);
    let mut process = Process::spawn("operator", &command);
    eventually(PATIENCE, "it says what it may not do", || async {
        process.log().contains("lambdafunctions.lambda-operator.io can't be listed").then_some(())
    })
    .await;
    process.terminate();
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0));
}
