//! The custom resources in both charts are those of `crds/`, and stay when a release goes.

use chart_tests::{Rendering, find, of_kind, render, root};
use serde_json::Value;

fn definitions() -> Vec<Value> {
    lambda_operator_crds::all().iter().map(|crd| serde_json::to_value(crd).unwrap()).collect()
}

/// Without what a chart adds.
fn bare(definition: &Value) -> Value {
    let mut definition = definition.clone();
    let metadata = definition["metadata"].as_object_mut().unwrap();
    metadata.remove("labels");
    metadata.remove("annotations");
    definition
}

async fn rendered(chart: &str, set: &[&str]) -> Vec<Value> {
    let objects = Rendering { chart, set, ..Rendering::default() }.objects().await.unwrap();
    of_kind(&objects, "CustomResourceDefinition").into_iter().cloned().collect()
}

#[tokio::test]
async fn both_charts_have_them_as_they_are_and_keep_them() {
    for chart in ["lambda-operator", "lambda-operator-crds"] {
        let rendered = rendered(chart, &[]).await;
        assert_eq!(rendered.len(), definitions().len(), "{chart}");
        for wanted in definitions() {
            let name = wanted["metadata"]["name"].as_str().unwrap();
            let found = find(&rendered, "CustomResourceDefinition", name);
            assert_eq!(bare(found), wanted, "{chart}: {name}");
            assert_eq!(
                found["metadata"]["annotations"]["helm.sh/resource-policy"], "keep",
                "{chart}: {name}"
            );
            assert_eq!(
                found["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm",
                "{chart}: {name}"
            );
        }
    }
}

#[tokio::test]
async fn they_go_with_the_release_or_stay_away_when_that_is_asked_for() {
    for definition in rendered("lambda-operator", &["crds.keep=false"]).await {
        assert!(definition["metadata"].get("annotations").is_none(), "{}", definition["metadata"]);
    }
    for definition in rendered("lambda-operator-crds", &["keep=false"]).await {
        assert!(definition["metadata"].get("annotations").is_none(), "{}", definition["metadata"]);
    }
    assert_eq!(rendered("lambda-operator", &["crds.enabled=false"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn text_in_curly_braces_is_no_template() {
    // A release is rendered from copies of the files: put a text into one of them that would be a template.
    let charts = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp")
        .args(["-R".into(), root().join("charts/lambda-operator-crds"), charts.path().join("chart")])
        .status();
    assert!(status.unwrap().success());
    let file = charts.path().join("chart/files/crds/lambdaaliases.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "# {{ .Values.nothing.of.this }}\n").unwrap();
    let cluster = test_support::Cluster::shared().await;
    let helm = cluster.helm(cluster.admin_kubeconfig()).args(["template", "x"]);
    let output = helm.arg(charts.path().join("chart")).run().await;
    assert!(output.stdout.contains("# {{ .Values.nothing.of.this }}"));
}

#[tokio::test]
async fn the_operator_and_the_custom_resources_are_of_one_version() {
    let version = |chart: &str, key: &str| {
        let text = std::fs::read_to_string(root().join("charts").join(chart).join("Chart.yaml")).unwrap();
        let chart: Value = serde_saphyr::from_str(&text).unwrap();
        chart[key].as_str().unwrap().to_owned()
    };
    for chart in ["lambda-operator", "lambda-operator-crds"] {
        assert_eq!(version(chart, "version"), env!("CARGO_PKG_VERSION"), "{chart}");
        assert_eq!(version(chart, "appVersion"), env!("CARGO_PKG_VERSION"), "{chart}");
    }
    let deployment = render("").await;
    let image = &find(&deployment, "Deployment", "lambda-operator")["spec"]["template"]["spec"]["containers"]
        [0]["image"];
    assert_eq!(*image, concat!("lambda-operator:", env!("CARGO_PKG_VERSION")));
}
