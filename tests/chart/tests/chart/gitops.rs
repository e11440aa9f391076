//! What the examples of `config/argocd` and `config/flux` name of the charts, of `config/` and of the samples is there. That
//! Argo CD and Flux take them is tested in `tests/gitops`, what Argo CD makes of objects with the operator, in `tests/cluster`.

use chart_tests::{Rendering, find, of_kind, root};
use serde_json::{Value, json};
use test_support::Cluster;

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join("config").join(path)).unwrap()
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

#[tokio::test]
async fn the_applications_name_what_is_here_in_the_order_that_it_needs() {
    let applications = documents(&text("argocd/application.yaml"));
    let wave = |application: &Value| -> i64 {
        let annotations = &application["metadata"]["annotations"];
        annotations["argocd.argoproj.io/sync-wave"].as_str().unwrap().parse().unwrap()
    };
    assert!(applications.is_sorted_by_key(wave), "{applications:?}");
    let custom_resources = find(&applications, "Application", "lambda-operator-crds");
    assert_eq!(custom_resources["spec"]["syncPolicy"]["automated"]["prune"], false);
    for name in ["lambda-operator-crds", "lambda-operator"] {
        let application = find(&applications, "Application", name);
        let path = application["spec"]["source"]["path"].as_str().unwrap();
        assert!(root().join(path).join("Chart.yaml").exists(), "{path}");
    }
    // The chart takes the values, and leaves out what the other Application has.
    let values =
        &find(&applications, "Application", "lambda-operator")["spec"]["source"]["helm"]["valuesObject"];
    let set: Vec<String> =
        values.as_object().unwrap().iter().map(|(key, value)| format!("{key}={value}")).collect();
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let objects = Rendering { set: &set, ..Rendering::default() }.objects().await.unwrap();
    assert!(of_kind(&objects, "CustomResourceDefinition").is_empty());
    let account = find(&objects, "ServiceAccount", "lambda-operator");
    assert_eq!(
        account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"],
        "arn:aws:iam::111122223333:role/lambda-operator"
    );
}

/// The Kustomization's own parts, on what its path has.
#[tokio::test]
async fn what_flux_patches_is_there() {
    let manifests = documents(&text("flux/operator.yaml"));
    let spec = &find(&manifests, "Kustomization", "lambda-operator")["spec"];
    let folder = tempfile::tempdir().unwrap();
    let path = root().join(spec["path"].as_str().unwrap());
    let base = relative(&path.canonicalize().unwrap(), &folder.path().canonicalize().unwrap());
    let overlay = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": [base], "images": spec["images"], "patches": spec["patches"],
    });
    std::fs::write(folder.path().join("kustomization.yaml"), overlay.to_string()).unwrap();
    let cluster = Cluster::shared().await;
    let kubectl = cluster
        .kubectl(cluster.admin_kubeconfig())
        .args(["kustomize", "--load-restrictor=LoadRestrictionsNone"]);
    let objects = documents(&kubectl.arg(folder.path()).run().await.stdout);
    let definitions = of_kind(&objects, "CustomResourceDefinition");
    assert_eq!(definitions.len(), lambda_operator_crds::all().len());
    for definition in definitions {
        let annotations = &definition["metadata"]["annotations"];
        assert_eq!(
            annotations["kustomize.toolkit.fluxcd.io/prune"], "disabled",
            "{}",
            definition["metadata"]
        );
    }
    let account = find(&objects, "ServiceAccount", "lambda-operator");
    assert!(account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].is_string());
    let container =
        &find(&objects, "Deployment", "lambda-operator")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example.com/platform/lambda-operator:0.1.0");
    let environment = container["env"].as_array().unwrap();
    assert!(environment.contains(&json!({"name": "AWS_REGION", "value": "eu-west-1"})), "{environment:?}");
}

/// kustomize takes relative paths only.
fn relative(path: &std::path::Path, from: &std::path::Path) -> String {
    let up = "../".repeat(from.components().count() - 1);
    format!("{up}{}", path.strip_prefix("/").unwrap().display())
}

#[tokio::test]
async fn flux_waits_for_objects_of_the_sample() {
    let samples = documents(&text("samples/application.yaml"));
    let manifests = documents(&text("flux/functions.yaml"));
    let checks = find(&manifests, "Kustomization", "shop")["spec"]["healthChecks"].as_array().unwrap();
    assert!(!checks.is_empty());
    for check in checks {
        let sample = find(&samples, check["kind"].as_str().unwrap(), check["name"].as_str().unwrap());
        assert_eq!(sample["apiVersion"], check["apiVersion"]);
    }
}
