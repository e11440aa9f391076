//! The examples for Argo CD and Flux, and a control plane that knows the custom resources of both.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use test_support::{Cluster, Tool};
use tokio::sync::OnceCell;

/// The example for Argo CD, from the root of the checkout.
pub const ARGOCD: &str = "config/argocd/application.yaml";
/// The examples for Flux, from the root of the checkout.
pub const FLUX: [&str; 2] = ["config/flux/operator.yaml", "config/flux/functions.yaml"];

static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of a file, by its path from the root.
///
/// # Panics
/// When it can't be read.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The objects of a text of YAML.
///
/// # Panics
/// When it isn't YAML.
pub fn objects(yaml: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    all.into_iter().filter(|object| !object.is_null()).collect()
}

/// All examples.
pub fn examples() -> Vec<Value> {
    FLUX.into_iter().chain([ARGOCD]).flat_map(|path| objects(&text(path))).collect()
}

/// The object of a kind and name.
pub fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

/// kubectl as the administrator.
pub async fn kubectl(arguments: &[&str]) -> Tool {
    let cluster = Cluster::shared().await;
    cluster.kubectl(cluster.admin_kubeconfig()).args(arguments.iter().copied())
}

/// Installs the custom resources of Argo CD and Flux, and the namespaces that they live in.
///
/// # Panics
/// When they can't be installed.
pub async fn install() {
    INSTALLED
        .get_or_init(|| async {
            let schemas = tokio::task::spawn_blocking(schemas).await.expect("they were looked for");
            let apply = ["apply", "--server-side", "--force-conflicts", "-f"];
            let folder = schemas.display().to_string();
            let definitions = kubectl(&apply).await.args([folder.as_str(), "-o", "name"]).run().await.stdout;
            kubectl(&["wait", "--for=condition=Established"]).await.args(definitions.lines()).run().await;
            let namespace =
                |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            let namespaces = ["argocd", "flux-system"].map(namespace);
            let list = json!({"apiVersion": "v1", "kind": "List", "items": namespaces});
            kubectl(&apply).await.arg("-").stdin(list.to_string()).run().await;
        })
        .await;
}

/// The folder with their definitions.
fn schemas() -> PathBuf {
    let script = root().join("tests/tools/schemas/ensure");
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script starts");
    let ended = output.status;
    assert!(ended.success(), "{} ended with {ended}; its messages are above", script.display());
    let answer = String::from_utf8(output.stdout).expect("it answers in UTF-8");
    answer.trim().strip_prefix("schemas=").expect("it names the folder").into()
}
