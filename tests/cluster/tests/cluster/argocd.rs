//! What Argo CD, taught by `config/argocd`, makes of the objects as the operator really leaves them, and what a click there
//! does. The program of `tests/tools/argocd` is Argo CD's own code.

use std::path::PathBuf;

use cluster_tests::{World, kind_and_name, object_condition};
use serde_json::{Value, json};

use super::kstatus::{apply, delete, has_reason, with};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/argocd");

/// The ConfigMap that `kubectl apply -k config/argocd` applies.
async fn config_map(world: &World) -> PathBuf {
    let path = world.cluster.directory().join(format!("argocd-cm-{}.yaml", world.namespace.name()));
    let text = world.kubectl(&["kustomize", CONFIG]).run().await.stdout;
    tokio::fs::write(&path, text).await.unwrap();
    path
}

/// Argo CD's answer to a command about these objects: a line of JSON for each.
async fn argo(world: &World, command: &[&str], objects: &[Value]) -> Vec<Value> {
    let text: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let tool = world.cluster.program("argocd-customizations").arg(config_map(world).await);
    let answer = tool.args(command.iter().copied()).stdin(text).run().await.stdout;
    let answers: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), objects.len());
    answers
}

/// All of them have this health, and `text` is in what is said of each.
async fn assert_all(world: &World, objects: &[Value], health: &str, text: &str) {
    for (object, found) in objects.iter().zip(argo(world, &["health"], objects).await) {
        let (kind, _) = kind_and_name(object);
        assert_eq!(found["status"], health, "{kind}: {found} {}", object["status"]);
        let message = found["message"].as_str().unwrap_or_default();
        assert!(message.contains(text), "{kind}: {text:?} is not in {message:?}");
    }
}

/// Clicks on an action of an object.
async fn click(world: &World, action: &str, object: &Value) {
    let after = argo(world, &["action", action], std::slice::from_ref(object)).await;
    let (kind, name) = kind_and_name(object);
    // Argo CD sends what the action changed as a merge patch.
    let patch = json!({
        "metadata": {"annotations": after[0]["metadata"]["annotations"]},
        "spec": {"suspend": after[0]["spec"]["suspend"]},
    });
    let patch = if kind == "LambdaAccount" { json!({"metadata": patch["metadata"]}) } else { patch };
    let params = kube::api::PatchParams::default();
    world.objects(kind).api().patch(name, &params, &kube::api::Patch::Merge(&patch)).await.unwrap();
}

fn is_suspended(object: &Value) -> bool {
    let condition = object_condition(object, "Suspended");
    condition["status"] == "True" && condition["observedGeneration"] == object["metadata"]["generation"]
}

#[tokio::test]
async fn health_follows_an_object_through_its_life() {
    let mut world = World::builder("argocd").without_operator().start().await;
    let manifests = world.each_kind();
    apply(&world, &manifests).await;
    assert_all(&world, &world.read(&manifests).await, "Progressing", "to look at this generation").await;
    world.start_operator();
    let objects = world.all_ready(&manifests).await;
    assert_all(&world, &objects, "Healthy", "").await;

    let objects = &manifests[1..];
    let broken = with(objects, "ignoreDrift", &json!(["nonsense"]));
    for (broken, manifest) in broken.chunks(1).zip(objects.chunks(1)).rev() {
        apply(&world, broken).await;
        let refused = |object: &Value| has_reason(object, "InvalidSpec");
        let refused = world.all_until(broken, "is refused", refused).await;
        assert_all(&world, &refused, "Degraded", "nonsense").await;
        apply(&world, manifest).await;
        assert_all(&world, &world.all_ready(manifest).await, "Healthy", "").await;
    }
    world.all_ready(objects).await;

    // A new generation that nobody has seen is not what the old one was.
    world.stop_operator().await;
    apply(&world, &with(objects, "deletionPolicy", &json!("Delete"))).await;
    assert_all(&world, &world.read(objects).await, "Progressing", "to look at this generation").await;
    delete(&world, &manifests).await;
    assert_all(&world, &world.read(&manifests).await, "Progressing", "Pending deletion").await;
    world.start_operator();
    world.all_gone(&manifests).await;
}

#[tokio::test]
async fn what_waits_or_is_refused_for_now_is_progressing_and_says_why() {
    let world = World::start("argocd-waits").await;
    let manifests = world.each_kind();
    apply(&world, &manifests[..1]).await;
    world.aws().configure(|aws| aws.deny.extend(["PublishLayerVersion".to_owned()])).await;
    apply(&world, &manifests[1..2]).await;
    let denied = |object: &Value| has_reason(object, "AccessDenied");
    let objects = world.all_until(&manifests[1..2], "is denied", denied).await;
    assert_all(&world, &objects, "Progressing", "not authorized").await;
    apply(&world, &manifests[3..4]).await;
    let waits = |object: &Value| has_reason(object, "DependencyNotReady");
    let objects = world.all_until(&manifests[3..4], "waits", waits).await;
    assert_all(&world, &objects, "Progressing", "LambdaLayer").await;
}

#[tokio::test]
async fn a_click_suspends_resumes_and_looks_again() {
    let world = World::start("argocd-clicks").await;
    let manifests = world.each_kind();
    apply(&world, &manifests).await;
    for object in world.all_ready(&manifests).await.iter().skip(1) {
        click(&world, "suspend", object).await;
    }
    let suspended = world.all_until(&manifests[1..], "is suspended", is_suspended).await;
    assert_all(&world, &suspended, "Suspended", "spec.suspend is true").await;
    for object in &suspended {
        click(&world, "resume", object).await;
    }
    let ready = world.all_ready(&manifests).await;
    assert_all(&world, &ready, "Healthy", "").await;
    for object in &ready {
        click(&world, "reconcile", object).await;
    }
    let looked = |object: &Value| object["status"]["lastHandledReconcileAt"].is_string();
    let objects = world.all_until(&manifests, "was looked at again", looked).await;
    for object in objects {
        let asked = &object["metadata"]["annotations"]["lambda-operator.io/reconcile-at"];
        assert_eq!(&object["status"]["lastHandledReconcileAt"], asked, "{object}");
    }
}

/// In the format of Argo CD's own customizations.
#[tokio::test]
async fn the_tests_of_the_customizations_pass_and_can_fail() {
    let world = World::builder("argocd-tests").without_operator().start().await;
    let path = config_map(&world).await;
    let test = |path: PathBuf| {
        world.cluster.program("argocd-customizations").arg(path).args(["test", CONFIG]).output()
    };
    let output = test(path.clone()).await;
    assert!(output.status.success() && output.stdout.contains(" passed, 0 failed"), "{output:?}");

    let text = tokio::fs::read_to_string(&path).await.unwrap();
    for (from, to, what) in [
        ("health(\"Degraded\", ready)", "health(\"Healthy\", ready)", "health of testdata/stalled.yaml"),
        ("obj.spec.suspend = true", "obj.spec.suspend = false", "suspend of testdata/ready.yaml"),
        ("suspended = obj.spec.suspend == true", "suspended = false", "actions of testdata/suspended.yaml"),
    ] {
        assert!(text.contains(from), "{from}");
        let broken = path.with_extension("broken.yaml");
        tokio::fs::write(&broken, text.replace(from, to)).await.unwrap();
        let output = test(broken).await;
        assert!(!output.status.success() && output.stderr.contains(what), "{what}: {output:?}");
    }
}
