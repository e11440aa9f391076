//! What the documents tell people to type and to apply, done: `sh` blocks with the mark `run` are run in order, in a
//! world of their own for each document; manifests are sent to the API server as a dry run.

use std::path::Path;
use std::process::Stdio;

use cluster_tests::{ACCOUNT, World, function, install, path_with, plugin_binary};
use documentation::{Block, Document, documents, root};
use serde_json::{Value, json};
use test_support::kubeconfig;
use tokio::process::Command;

fn runnable(document: &Document) -> Vec<Block> {
    document.blocks().into_iter().filter(|block| block.language == "sh" && block.has("run")).collect()
}

/// What a document's commands presume in AWS.
async fn prepare(world: &World, document: &Document) {
    if document.path == Path::new("docs/migration/steps.md") {
        let function = json!({
            "FunctionName": "orders", "Role": "arn:aws:iam::111122223333:role/lambda-orders", "Runtime": "python3.14",
            "Handler": "orders.handler", "MemorySize": 512,
            "Code": {"S3Bucket": "example-packages", "S3Key": "orders/1.4.2.zip"},
        });
        world.aws().put_function(function).await;
    }
}

/// A shell as a person of the namespace has it: at the root of the checkout, with kubectl and its plugin on PATH and
/// credentials of the simulated AWS.
async fn shell(world: &World, script: &str) -> Command {
    let cluster = world.cluster;
    let home = cluster.directory().join(world.namespace.name());
    let programs = home.join("bin");
    std::fs::create_dir_all(&programs).unwrap();
    let _ = std::os::unix::fs::symlink(cluster.kubectl_path(), programs.join("kubectl"));
    let config = home.join("kubeconfig");
    if !config.exists() {
        let mut admin = cluster.admin().clone();
        for context in admin.contexts.iter_mut().filter_map(|named| named.context.as_mut()) {
            context.namespace = Some(world.namespace.name().to_owned());
        }
        kubeconfig::write(&config, &admin).unwrap();
    }
    let _ = std::os::unix::fs::symlink(plugin_binary().await, programs.join("kubectl-lambda"));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(root());
    command.env("PATH", path_with(&programs)).env("KUBECONFIG", config).env("HOME", &home);
    command.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "x");
    command.env("AWS_ENDPOINT_URL", world.sim.endpoint());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn play(document: &Document) {
    let name = document.path.with_extension("").display().to_string().replace('/', "-").to_lowercase();
    let world = World::start(&name).await;
    prepare(&world, document).await;
    for block in runnable(document) {
        let output = shell(&world, &block.text).await.output().await.expect("bash starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{}:{} ended with {}\n{}\n--- stdout\n{}--- stderr\n{}",
            document.path.display(),
            block.line,
            output.status,
            block.text,
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[tokio::test]
async fn the_commands_that_are_marked_as_run_work() {
    let all = documents();
    let played: Vec<&Document> = all.iter().filter(|document| !runnable(document).is_empty()).collect();
    assert!(played.len() > 5, "only {} documents have commands that are run", played.len());
    futures::future::join_all(played.into_iter().map(play)).await;
}

#[tokio::test]
async fn the_wait_of_the_docs_fails_at_once_for_a_stalled_object() {
    let waiting = documentation::document(Path::new("docs/gitops/waiting.md"));
    let blocks = runnable(&waiting);
    let block =
        blocks.iter().find(|block| block.text.contains("condition=Stalled")).expect("the wait for either");
    let world = World::start("docs-stalled").await;
    world.apply("fine", function(json!({}))).await;
    world.apply("broken", function(json!({"runtime": "python2.7"}))).await;
    let output = shell(&world, &block.text).await.output().await.expect("bash starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success(), "{told}");
    assert!(
        told.contains("lambdafunction.lambda-operator.io/broken condition met"),
        "Stalled is why: {told}"
    );
    world.apply("broken", function(json!({}))).await;
    let output = shell(&world, &block.text).await.output().await.expect("bash starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

/// Groups whose objects the API server knows.
const KNOWN: [&str; 5] = [
    "lambda-operator.io/v1alpha1",
    "v1",
    "apps/v1",
    "rbac.authorization.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
];

#[tokio::test]
async fn the_manifests_are_taken_by_the_api_server() {
    let cluster = install().await;
    let namespace = cluster.namespace("documentation").await;
    let mut taken = 0;
    for document in documents() {
        for block in document.blocks().into_iter().filter(|block| block.language == "yaml") {
            let place = format!("{}:{}", document.path.display(), block.line);
            // Files of config/samples, which another test applies.
            if block.text.contains("{{#include") {
                continue;
            }
            for manifest in block.text.split("\n---\n") {
                let object: Value =
                    serde_saphyr::from_str(manifest).unwrap_or_else(|e| panic!("{place}: {e}"));
                let version =
                    object["apiVersion"].as_str().unwrap_or_else(|| panic!("{place}: no apiVersion"));
                if !KNOWN.contains(&version) {
                    continue;
                }
                let kubectl = cluster.kubectl(cluster.admin_kubeconfig()).args(["-n", namespace.name()]);
                // A name of the API server's making can't be applied.
                let named = object["metadata"]["generateName"].is_null();
                let verb: &[&str] = if named { &["apply", "--server-side"] } else { &["create"] };
                let flags = ["--dry-run=server", "--validate=strict", "-f", "-"];
                let output = kubectl.args(verb.iter().chain(&flags).copied()).stdin(manifest).output().await;
                assert!(output.status.success(), "{place}: {}", output.stderr);
                taken += 1;
            }
        }
    }
    assert!(taken > 3, "only {taken} manifests were found");
}
