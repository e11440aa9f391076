//! The chart and `config/` as objects.

use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::Cluster;

/// The namespace that `config/` stands for.
const NAMESPACE: &str = "lambda-operator-system";

/// A rendering to be made of a chart.
#[derive(Debug, Default)]
pub struct Rendering<'a> {
    /// Its folder in `charts/`; empty: the operator's.
    pub chart: &'a str,
    /// The release's namespace; empty: lambda-operator-system.
    pub namespace: &'a str,
    /// A file of `tests/chart/values`, without its ending; empty: none.
    pub values: &'a str,
    /// More values, as for `--set-json`.
    pub set: &'a [&'a str],
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Rendering<'_> {
    /// What `helm template` makes of it.
    ///
    /// # Errors
    /// Helm's message.
    pub async fn text(&self) -> Result<String, String> {
        let cluster = Cluster::shared().await;
        let chart = if self.chart.is_empty() { "lambda-operator" } else { self.chart };
        let namespace = if self.namespace.is_empty() { NAMESPACE } else { self.namespace };
        let helm = cluster.helm(cluster.admin_kubeconfig()).args([
            "template",
            "lambda-operator",
            "--namespace",
            namespace,
        ]);
        let mut helm = helm.arg(root().join("charts").join(chart));
        if !self.values.is_empty() {
            let file = root().join("tests/chart/values").join(format!("{}.yaml", self.values));
            helm = helm.arg("--values").arg(file);
        }
        for value in self.set {
            helm = helm.args(["--set-json", value]);
        }
        let output = helm.output().await;
        if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) }
    }

    /// The objects of it, hooks and tests among them.
    ///
    /// # Errors
    /// Helm's message.
    pub async fn objects(&self) -> Result<Vec<Value>, String> {
        Ok(objects(&self.text().await?))
    }
}

/// The objects of the operator's chart with a file of `tests/chart/values`, or `""` for the defaults.
pub async fn render(values: &str) -> Vec<Value> {
    let rendering = Rendering { values, ..Rendering::default() };
    rendering.objects().await.unwrap_or_else(|message| panic!("{values}: {message}"))
}

/// The objects of a folder of `config/`.
pub async fn kustomized(folder: &str) -> Vec<Value> {
    let cluster = Cluster::shared().await;
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig()).arg("kustomize");
    objects(&kubectl.arg(root().join("config").join(folder)).run().await.stdout)
}

fn objects(yaml: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    all.into_iter().filter(|object| !object.is_null()).collect()
}

/// Those of a kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The object of a kind and name.
///
/// # Panics
/// When there is none.
pub fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let all = of_kind(objects, kind);
    let found = all.into_iter().find(|object| object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}
