//! How the operator ends: asked to in the middle of a call, or killed between an answer and its storing.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::{Process, eventually};

const PATIENCE: Duration = Duration::from_secs(30);

/// A world with a function that is Ready, and the process that made it so.
async fn with_ready_function(name: &str) -> (World, Process) {
    let world = World::builder(name).without_operator().start().await;
    let process = world.operator_process("operator", &[]).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    (world, process)
}

#[tokio::test]
async fn sigterm_lets_the_call_in_flight_finish_and_stores_its_outcome() {
    let (world, mut process) = with_ready_function("sigterm").await;
    world.aws().inject(Fault::new("UpdateFunctionConfiguration", FaultEffect::PauseBefore).times(1)).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.sim.control().wait_for_held().await;
    process.terminate();
    eventually(PATIENCE, "the operator says that it ends", || async {
        process.log().contains("shutting down").then_some(())
    })
    .await;
    assert!(process.status().is_none(), "it waits for the call");
    world.sim.control().release().await;
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0));

    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionConfiguration"]);
    assert_eq!(world.ledger().await.last().unwrap().status, 200, "the answer was awaited");
    let object = world.functions().get("hello").await.unwrap();
    let ready = cluster_tests::condition(&object, "Ready").unwrap();
    assert_eq!((ready.reason.as_str(), ready.observed_generation), ("Updating", object.metadata.generation));

    let _next = world.operator_process("operator", &[]).await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["UpdateFunctionConfiguration"], "nothing is done twice");
}

#[tokio::test]
async fn sigterm_ends_an_idle_operator_at_once() {
    let (world, mut process) = with_ready_function("sigterm-idle").await;
    process.terminate();
    assert_eq!(process.wait(Duration::from_secs(5)).await.code(), Some(0));
    assert!(world.calls().await.is_empty());
}

#[tokio::test]
async fn a_create_whose_outcome_was_never_stored_is_not_repeated() {
    let world = World::builder("never-stored").without_operator().start().await;
    let policy = RefusedStatus::of_functions(&world).await;
    let mut process = world.operator_process("operator", &[]).await;
    world.apply("hello", function(json!({"code": {"s3": {"bucket": "packages", "key": "hello.zip"}}}))).await;
    eventually(PATIENCE, "the function was created and that could not be stored", || async {
        process.log().contains("the outcome may not be stored").then_some(())
    })
    .await;
    process.kill9();
    let object = world.functions().get("hello").await.unwrap();
    assert!(object.status.unwrap().arn.is_none(), "the status doesn't know of the function");
    policy.remove().await;

    let _next = world.operator_process("operator", &[]).await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["CreateFunction"]);
}

/// An admission policy that refuses every status with an outcome in the namespace of a world.
pub(crate) struct RefusedStatus<'a> {
    world: &'a World,
    kind: &'a str,
    /// The field that an outcome has, with a value to try it with.
    outcome: (&'a str, &'a str),
    /// The spec of an object to try it with.
    probe: Value,
    manifest: String,
}

impl<'a> RefusedStatus<'a> {
    async fn of_functions(world: &'a World) -> Self {
        Self::new(world, "LambdaFunction", ("arn", "arn:probe"), function(json!({"suspend": true}))).await
    }

    pub(crate) async fn of_invocations(world: &'a World) -> Self {
        let probe = json!({"functionName": "probe", "suspend": true});
        Self::new(world, "LambdaInvocation", ("outcome", "Succeeded"), probe).await
    }

    async fn new(world: &'a World, kind: &'a str, outcome: (&'a str, &'a str), probe: Value) -> Self {
        let name = world.namespace.name();
        let resource = format!("{}s/status", kind.to_lowercase());
        let expression = format!("!has(object.status.{})", outcome.0);
        let policy = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["lambda-operator.io"], "apiVersions": ["*"], "operations": ["UPDATE"],
                    "resources": [resource],
                }]},
                "validations": [{"expression": expression, "message": "the outcome may not be stored"}],
            },
        });
        let binding = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {
                "policyName": name, "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}},
            },
        });
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [policy, binding]});
        let refused = Self { world, kind, outcome, probe, manifest: list.to_string() };
        refused.kubectl(&["apply", "-f", "-"]).await;
        refused.in_force(true).await;
        refused
    }

    pub(crate) async fn remove(self) {
        self.kubectl(&["delete", "-f", "-"]).await;
        self.in_force(false).await;
    }

    /// The API server takes such policies in with a delay.
    async fn in_force(&self, wanted: bool) {
        let api = self.world.objects(self.kind).api();
        self.world.objects(self.kind).apply("probe", self.probe.clone()).await;
        let (field, value) = self.outcome;
        let patch = kube::api::Patch::Merge(json!({"status": {field: value}}));
        eventually(PATIENCE, "the policy is in force, or gone", || async {
            let params = kube::api::PatchParams { dry_run: true, ..kube::api::PatchParams::default() };
            let refused = api.patch_status("probe", &params, &patch).await.is_err();
            (refused == wanted).then_some(())
        })
        .await;
        let _ = api.delete("probe", &kube::api::DeleteParams::default()).await;
    }

    async fn kubectl(&self, arguments: &[&str]) {
        let cluster = self.world.cluster;
        let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
        kubectl.args(arguments.iter().copied()).stdin(self.manifest.clone()).run().await;
    }
}
