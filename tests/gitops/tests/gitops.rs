//! The examples of `config/argocd` and `config/flux`: taken by the custom resources of Argo CD and Flux, and true in what
//! they name.

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
    let folder = root().join("config/flux").display().to_string();
    let all = kubectl(&["kustomize", &folder]).await.run().await.stdout;
    assert_eq!(objects(&all).len(), FLUX.into_iter().flat_map(|path| objects(&text(path))).count());
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

/// What kustomize makes of a folder of the checkout, with these images and patches.
async fn kustomized(name: &str, path: &str, images: &Value, patches: &Value) -> Vec<Value> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&place).unwrap();
    // kustomize takes no absolute paths.
    let place = place.canonicalize().unwrap();
    let up = "../".repeat(place.components().count() - 1);
    let base = root().join(path).canonicalize().unwrap();
    let base = format!("{up}{}", base.strip_prefix("/").unwrap().display());
    let kustomization = json!({"resources": [base], "images": images, "patches": patches});
    std::fs::write(place.join("kustomization.yaml"), kustomization.to_string()).unwrap();
    objects(&kubectl(&["kustomize", place.to_str().unwrap()]).await.run().await.stdout)
}

/// All definitions have this annotation, and the operator has this image.
fn assert_deploys(objects: &[Value], annotation: (&str, &str), image: &str) {
    let of_kind = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
    assert_eq!(of_kind("CustomResourceDefinition").count(), lambda_operator_crds::all().len());
    for definition in of_kind("CustomResourceDefinition") {
        let found = &definition["metadata"]["annotations"][annotation.0];
        assert_eq!(found, annotation.1, "{}", definition["metadata"]["name"]);
    }
    let images: Vec<&Value> = of_kind("Deployment")
        .map(|object| &object["spec"]["template"]["spec"]["containers"][0]["image"])
        .collect();
    assert_eq!(images, [image]);
}

#[tokio::test]
async fn flux_deploys_the_operator_and_never_prunes_the_custom_resources() {
    let examples = examples();
    let spec = &find(&examples, "Kustomization", "lambda-operator").unwrap()["spec"];
    let objects = kustomized("flux", spec["path"].as_str().unwrap(), &spec["images"], &spec["patches"]).await;
    let image = &spec["images"][0];
    let image = format!("{}:{}", image["newName"].as_str().unwrap(), image["newTag"].as_str().unwrap());
    assert_deploys(&objects, ("kustomize.toolkit.fluxcd.io/prune", "disabled"), &image);
}

#[tokio::test]
async fn argo_cd_deploys_the_operator_and_never_prunes_the_custom_resources() {
    let examples = examples();
    let source = &find(&examples, "Application", "lambda-operator").unwrap()["spec"]["source"];
    let (name, image) = source["kustomize"]["images"][0].as_str().unwrap().split_once('=').unwrap();
    let (registry, tag) = image.rsplit_once(':').unwrap();
    let images = json!([{"name": name, "newName": registry, "newTag": tag}]);
    let path = source["path"].as_str().unwrap();
    let objects = kustomized("argocd", path, &images, &source["kustomize"]["patches"]).await;
    assert_deploys(&objects, ("argocd.argoproj.io/sync-options", "Prune=false"), image);
    assert_deploys(&objects, ("argocd.argoproj.io/sync-wave", "-2"), image);
}

#[test]
fn what_the_examples_of_flux_name_is_there() {
    let examples = examples();
    let kinds: Vec<String> =
        lambda_operator_crds::all().into_iter().map(|kind| kind.spec.names.kind).collect();
    let mut checks = 0;
    for object in examples.iter().filter(|object| object["kind"] == "Kustomization") {
        let spec = &object["spec"];
        let source = spec["sourceRef"]["name"].as_str().unwrap();
        assert!(find(&examples, "GitRepository", source).is_some(), "no GitRepository {source}");
        for other in spec["dependsOn"].as_array().into_iter().flatten() {
            let name = other["name"].as_str().unwrap();
            assert!(find(&examples, "Kustomization", name).is_some(), "no Kustomization {name}");
        }
        for check in spec["healthChecks"].as_array().into_iter().flatten() {
            assert_eq!(check["apiVersion"], "lambda-operator.io/v1alpha1");
            assert!(kinds.iter().any(|kind| check["kind"] == kind.as_str()), "{check}");
            assert_eq!(check["namespace"], spec["targetNamespace"], "{check}");
            checks += 1;
        }
    }
    assert!(checks > 0, "nothing waits for our objects");
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
