//! The examples of `config/argocd` and `config/flux`, as an API server with Argo CD's and Flux's own custom resources takes
//! them: types know fields, definitions also what is required and allowed. What they name is tested in the chart's suite.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::path::Path;

use documentation::document;
use gitops_tests::{ARGOCD, FLUX, examples, find, install, kubectl, objects, root, text};
use serde_json::{Value, json};
use test_support::ToolOutput;

/// What the API server says to a text of YAML.
async fn dry_run(yaml: &str) -> ToolOutput {
    let flags = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
    kubectl(&flags).await.stdin(yaml).output().await
}

#[tokio::test]
async fn argo_cd_and_flux_take_the_examples() {
    install().await;
    for path in FLUX.into_iter().chain([ARGOCD]) {
        let output = dry_run(&text(path)).await;
        assert!(output.status.success() && output.stderr.is_empty(), "{path}: {}", output.stderr);
        assert_eq!(output.stdout.lines().count(), objects(&text(path)).len(), "{path}: {}", output.stdout);
    }
}

#[tokio::test]
async fn a_mistake_in_an_example_is_not_overlooked() {
    install().await;
    for (path, right, wrong, complaint) in [
        (ARGOCD, "selfHeal: true", "selfHeals: true", ".selfHeals: field not declared in schema"),
        (ARGOCD, "project: default", "revisionHistoryLimit: 1", "spec.project: Required value"),
        (FLUX[0], "wait: true", "waits: true", ".waits: field not declared in schema"),
        (FLUX[0], "interval: 1h", "interval: one hour", "spec.interval"),
        (FLUX[1], "kind: GitRepository\n    name", "kind: Repository\n    name", "spec.sourceRef.kind"),
    ] {
        let (before, after) =
            text(path).split_once(right).map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let output = dry_run(&format!("{before}{wrong}{after}")).await;
        assert!(!output.status.success(), "{path} with {wrong}");
        assert!(output.stderr.contains(complaint), "{path} with {wrong}: {}", output.stderr);
    }
}

/// Who else writes the ConfigMap stays in charge of the rest of it.
#[tokio::test]
async fn argo_cd_is_taught_beside_what_its_config_map_has() {
    install().await;
    let own = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"url": "https://argocd.example.com"},
        "metadata": {"name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}},
    });
    let install_argo = async || kubectl(&["apply", "-f", "-"]).await.stdin(own.to_string()).run().await;
    install_argo().await;
    let command = "kubectl apply --server-side --field-manager=lambda-operator -k config/argocd";
    assert!(text("docs/gitops/argocd.md").contains(&format!("\n{command}\n")), "{command}");
    let folder = root().join("config/argocd").display().to_string();
    let teach = ["apply", "--server-side", "--field-manager=lambda-operator", "-k", &folder];
    kubectl(&teach).await.run().await;
    install_argo().await;
    let found = kubectl(&["get", "configmap/argocd-cm", "-n", "argocd", "-o", "json"]).await.run().await;
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(found["data"]["url"], "https://argocd.example.com");
    for kind in lambda_operator_crds::all().into_iter().map(|kind| kind.spec.names.kind) {
        for (what, file) in [("health", "health.lua"), ("actions", "actions.yaml")] {
            let key = format!("resource.customizations.{what}.lambda-operator.io_{kind}");
            assert_eq!(found["data"][&key], text(&format!("config/argocd/{file}")), "{key}");
        }
    }
}

#[test]
fn the_documents_show_the_examples_as_they_are() {
    let examples = examples();
    for (path, expected) in [("docs/gitops/argocd.md", 1), ("docs/gitops/flux.md", 2)] {
        let document = document(Path::new(path));
        let blocks = document.blocks().into_iter().filter(|block| block.language == "yaml");
        let shown = blocks.flat_map(|block| objects(&block.text));
        let shown: Vec<Value> = shown
            .filter(|object| object["kind"] == "Application" || object["kind"] == "Kustomization")
            .collect();
        assert_eq!(shown.len(), expected, "{path}");
        for object in shown {
            let (kind, name) =
                (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
            assert_eq!(find(&examples, kind, name), Some(&object), "{path}: the example, and what is shown");
        }
    }
}
