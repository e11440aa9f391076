//! An operator that is limited to some namespaces.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};
use test_support::{TestNamespace, eventually};

async fn apply(namespace: &TestNamespace, spec: Value) -> LambdaFunction {
    let object = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction",
        "metadata": {"name": "hello"}, "spec": spec,
    });
    let api: Api<LambdaFunction> = namespace.api();
    api.patch("hello", &PatchParams::apply("user").force(), &Patch::Apply(&object)).await.unwrap()
}

async fn ready(namespace: &TestNamespace) {
    let api: Api<LambdaFunction> = namespace.api();
    eventually(Duration::from_secs(30), "the function in the other namespace is Ready", || async {
        let object = api.get("hello").await.unwrap();
        let ready = condition(&object, "Ready").filter(|ready| ready.status == "True");
        ready.filter(|ready| ready.observed_generation == object.metadata.generation).map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn two_namespaces_are_served_and_a_third_is_left_alone() {
    let mut world = World::builder("namespace-one").without_operator().start().await;
    let second = world.cluster.namespace("namespace-two").await;
    let third = world.cluster.namespace("namespace-three").await;
    world.settings.watch.namespaces.push(second.name().to_owned());
    world.start_operator();
    let named = |name: &str| function(json!({"functionName": name}));
    world.apply("hello", named("one")).await;
    apply(&second, named("two")).await;
    apply(&third, named("three")).await;
    world.ready("hello").await;
    ready(&second).await;
    apply(&second, function(json!({"functionName": "two", "memorySize": 256}))).await;
    ready(&second).await;
    assert_eq!(world.aws().function("two").await.unwrap()["Configuration"]["MemorySize"], 256);
    assert_eq!(world.aws().functions().await, ["one", "two"]);
    let untouched = third.api::<LambdaFunction>().get("hello").await.unwrap();
    assert_eq!(untouched.metadata.finalizers, None);
    assert_eq!(untouched.status.unwrap().common.observed_generation, -1);
    let api: Api<LambdaFunction> = second.api();
    api.delete("hello", &DeleteParams::default()).await.unwrap();
    eventually(Duration::from_secs(30), "the second is gone", || async {
        api.get_opt("hello").await.unwrap().map_or(Some(()), |_| None)
    })
    .await;
    assert_eq!(world.aws().functions().await, ["one"]);
}
