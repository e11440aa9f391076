//! Completion: by kubectl itself, which asks `kubectl_complete-lambda`, and by the shells.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use cluster_tests::{World, function, plugin_binary};
use serde_json::json;

#[tokio::test]
async fn kubectl_completes_commands_flags_and_names() {
    let world = World::builder("plugin-complete").without_operator().start().await;
    for name in ["orders", "invoices"] {
        world.apply(name, function(json!({}))).await;
    }
    let binary = plugin_binary().await;
    let folder = world.cluster.directory().join(world.namespace.name());
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("kubectl_complete-lambda");
    let script = Command::new(&binary).args(["completions", "kubectl"]).output().unwrap();
    std::fs::write(&program, script.stdout).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}:{}",
        folder.display(),
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let complete = async |words: &[&str]| {
        let kubectl = world.cluster.kubectl(world.cluster.admin_kubeconfig()).env("PATH", path.clone());
        let output = kubectl.args(["__complete", "lambda"]).args(words.iter().copied()).run().await;
        output.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["tr"]).await, ["tree", ":4"]);
    let namespace = world.namespace.name();
    assert_eq!(complete(&["tree", "-n", namespace, ""]).await, ["invoices", "orders", ":4"]);
    assert_eq!(complete(&["wait", "-n", namespace, "lfn/o"]).await, ["lfn/orders", ":4"]);
    assert_eq!(complete(&["wait", "--for", ""]).await, ["ready", "deleted", ":4"]);
    assert_eq!(complete(&["durable", "callback", "h"]).await, ["heartbeat", ":4"]);
}

#[tokio::test]
async fn bash_takes_its_script() {
    let binary = plugin_binary().await;
    let folder = binary.parent().unwrap().display().to_string();
    let script = format!(
        "export PATH={folder}:$PATH; source <(kubectl-lambda completions bash); complete -p kubectl-lambda"
    );
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("kubectl-lambda"), "{output:?}");
    for shell in ["zsh", "fish"] {
        let script = Command::new(&binary).args(["completions", shell]).output().unwrap();
        assert!(script.status.success() && !script.stdout.is_empty(), "{shell}");
    }
}
