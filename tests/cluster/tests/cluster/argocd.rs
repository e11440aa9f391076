//! What Argo CD, taught by `config/argocd`, makes of the objects as the operator really leaves them, and what a click there
//! does. The program of `tests/tools/argocd` is Argo CD's own code.

use std::path::PathBuf;

use cluster_tests::{World, kind_and_name};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use test_support::Tool;

use super::kstatus::{answers, apply, assert_answers, delete, has_reason, is_suspended, with};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/argocd");

/// Argo CD with the ConfigMap that `kubectl apply -k config/argocd` applies.
pub(super) struct Argo {
    config_map: PathBuf,
}

impl Argo {
    pub(super) async fn taught(world: &World) -> Self {
        let name = format!("argocd-cm-{}.yaml", world.namespace.name());
        let config_map = world.cluster.directory().join(name);
        let text = world.kubectl(&["kustomize", CONFIG]).run().await.stdout;
        tokio::fs::write(&config_map, text).await.unwrap();
        Self { config_map }
    }

    fn command(&self, world: &World, arguments: &[&str]) -> Tool {
        let program = world.cluster.program("argocd-customizations").arg(&self.config_map);
        program.args(arguments.iter().copied())
    }

    /// All of them have this health, and `text` is in what is said of each.
    pub(super) async fn assert_all(&self, world: &World, objects: &[Value], health: &str, text: &str) {
        let found = answers(self.command(world, &["health"]), objects).await;
        assert_answers(objects, &found, health, text);
    }

    /// Clicks on an action of an object.
    async fn click(&self, world: &World, action: &str, object: &Value) {
        let change = answers(self.command(world, &["action", action]), std::slice::from_ref(object)).await;
        let (kind, name) = kind_and_name(object);
        let patch = Patch::Merge(&change[0]);
        world.objects(kind).api().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }
}

#[tokio::test]
async fn health_follows_an_object_through_its_life() {
    let mut world = World::builder("argocd").without_operator().start().await;
    let argo = Argo::taught(&world).await;
    let manifests = world.each_kind();
    apply(&world, &manifests).await;
    argo.assert_all(&world, &world.read(&manifests).await, "Progressing", "to look at this generation").await;
    world.start_operator();
    let objects = world.all_ready(&manifests).await;
    argo.assert_all(&world, &objects, "Healthy", "").await;

    let objects = &manifests[1..];
    let broken = with(objects, "ignoreDrift", &json!(["nonsense"]));
    for (broken, manifest) in broken.chunks(1).zip(objects.chunks(1)).rev() {
        apply(&world, broken).await;
        let refused = |object: &Value| has_reason(object, "InvalidSpec");
        let refused = world.all_until(broken, "is refused", refused).await;
        argo.assert_all(&world, &refused, "Degraded", "nonsense").await;
        apply(&world, manifest).await;
        argo.assert_all(&world, &world.all_ready(manifest).await, "Healthy", "").await;
    }
    world.all_ready(objects).await;

    // A new generation that nobody has seen is not what the old one was.
    world.stop_operator().await;
    apply(&world, &with(objects, "deletionPolicy", &json!("Delete"))).await;
    argo.assert_all(&world, &world.read(objects).await, "Progressing", "to look at this generation").await;
    delete(&world, &manifests).await;
    argo.assert_all(&world, &world.read(&manifests).await, "Progressing", "Pending deletion").await;
    world.start_operator();
    world.all_gone(&manifests).await;
}

#[tokio::test]
async fn what_waits_or_is_refused_for_now_is_progressing_and_says_why() {
    let world = World::start("argocd-waits").await;
    let argo = Argo::taught(&world).await;
    let manifests = world.each_kind();
    apply(&world, &manifests[..1]).await;
    world.aws().configure(|aws| aws.deny.extend(["PublishLayerVersion".to_owned()])).await;
    apply(&world, &manifests[1..2]).await;
    let denied = |object: &Value| has_reason(object, "AccessDenied");
    let objects = world.all_until(&manifests[1..2], "is denied", denied).await;
    argo.assert_all(&world, &objects, "Progressing", "not authorized").await;
    apply(&world, &manifests[3..4]).await;
    let waits = |object: &Value| has_reason(object, "DependencyNotReady");
    let objects = world.all_until(&manifests[3..4], "waits", waits).await;
    argo.assert_all(&world, &objects, "Progressing", "LambdaLayer").await;
}

#[tokio::test]
async fn a_click_suspends_resumes_and_looks_again() {
    let world = World::start("argocd-clicks").await;
    let argo = Argo::taught(&world).await;
    let manifests = world.each_kind();
    apply(&world, &manifests).await;
    for object in world.all_ready(&manifests).await.iter().skip(1) {
        argo.click(&world, "suspend", object).await;
    }
    let suspended = world.all_until(&manifests[1..], "is suspended", is_suspended).await;
    argo.assert_all(&world, &suspended, "Suspended", "spec.suspend is true").await;
    for object in &suspended {
        argo.click(&world, "resume", object).await;
    }
    let ready = world.all_ready(&manifests).await;
    argo.assert_all(&world, &ready, "Healthy", "").await;
    for object in &ready {
        argo.click(&world, "reconcile", object).await;
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
    let argo = Argo::taught(&world).await;
    let output = argo.command(&world, &["test", CONFIG]).output().await;
    assert!(output.status.success() && output.stdout.contains(" passed, 0 failed"), "{output:?}");

    let right = tokio::fs::read_to_string(&argo.config_map).await.unwrap();
    let broken = Argo { config_map: argo.config_map.with_extension("broken.yaml") };
    for (from, to, what) in [
        ("health(\"Degraded\", ready)", "health(\"Healthy\", ready)", "health of testdata/stalled.yaml"),
        ("obj.spec.suspend = true", "obj.spec.suspend = false", "suspend of testdata/ready.yaml"),
        ("suspended = obj.spec.suspend == true", "suspended = false", "actions of testdata/suspended.yaml"),
    ] {
        assert!(right.contains(from), "{from}");
        tokio::fs::write(&broken.config_map, right.replace(from, to)).await.unwrap();
        let output = broken.command(&world, &["test", CONFIG]).output().await;
        assert!(!output.status.success() && output.stderr.contains(what), "{what}: {output:?}");
    }
}
