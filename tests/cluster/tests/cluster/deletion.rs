//! Deletion: of objects in every state, of whole namespaces, without credentials, and what holds it up.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use lambda_sim::{AuthError, Fault, FaultEffect, SettleDelay};
use serde_json::json;
use test_support::eventually;

/// What holds a deletion up, as the object tells it, with both ways out.
const WAYS_OUT: [&str; 3] = ["The deletion waits for this", "Mend it", "spec.deletionPolicy to Retain"];

async fn with_references(world: &World, names: &[&str]) {
    world.secret("database", &[("PASSWORD", "s3cret")]).await;
    world.config_map("settings", &[("MODE", "one")]).await;
    let env = json!([{"secretRef": {"name": "database"}}, {"configMapRef": {"name": "settings"}}]);
    for name in names {
        world.apply(name, function(json!({"envFrom": env}))).await;
    }
    for name in names {
        world.ready(name).await;
    }
}

async fn delete_namespace(world: &World) {
    let namespaces: Api<Namespace> = Api::all(world.namespace.client());
    namespaces.delete(world.namespace.name(), &DeleteParams::default()).await.unwrap();
}

async fn namespace_is_gone(world: &World) {
    let namespaces: Api<Namespace> = Api::all(world.namespace.client());
    eventually(Duration::from_mins(1), "the namespace is gone", || async {
        let namespace = namespaces.get_opt(world.namespace.name()).await.unwrap();
        namespace.map_or(Ok(()), |namespace| Err(namespace.status))
    })
    .await;
}

async fn refuse_credentials(world: &World) {
    world.aws().configure(|aws| aws.auth_error = Some(AuthError::unrecognized_client())).await;
}

#[tokio::test]
async fn a_namespace_with_everything_in_it_goes_by_itself() {
    let world = World::start("namespace").await;
    with_references(&world, &["one", "two", "three"]).await;
    delete_namespace(&world).await;
    namespace_is_gone(&world).await;
    assert!(world.aws().functions().await.is_empty(), "and nothing is left in AWS");
}

#[tokio::test]
async fn without_credentials_the_objects_stay_until_they_are_mended() {
    let world = World::start("namespace-mended").await;
    with_references(&world, &["one", "two"]).await;
    refuse_credentials(&world).await;
    delete_namespace(&world).await;
    for name in ["one", "two"] {
        let object = world.reason(name, "AccessDenied").await;
        let message = &condition(&object, "Ready").unwrap().message;
        assert!(WAYS_OUT.iter().all(|text| message.contains(text)), "{message}");
    }
    assert_eq!(world.aws().functions().await.len(), 2);
    world.aws().configure(|aws| aws.auth_error = None).await;
    namespace_is_gone(&world).await;
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn without_credentials_retain_releases_a_terminating_object_at_once() {
    let world = World::builder("namespace-retained")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_mins(1);
            settings.rechecks.max = Duration::from_mins(1);
        })
        .start()
        .await;
    with_references(&world, &["one", "two"]).await;
    refuse_credentials(&world).await;
    delete_namespace(&world).await;
    for name in ["one", "two"] {
        world.reason(name, "AccessDenied").await;
        world.patch(name, json!({"spec": {"deletionPolicy": "Retain"}})).await;
        world.gone(name).await;
    }
    namespace_is_gone(&world).await;
    assert_eq!(world.aws().functions().await.len(), 2, "they stay in AWS");
}

#[tokio::test]
async fn a_blocked_deletion_warns_with_both_ways_out() {
    let world = World::start("blocked").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    refuse_credentials(&world).await;
    world.delete("hello").await;
    world.problem("hello", "AccessDenied", &WAYS_OUT).await;
    world.patch("hello", json!({"spec": {"deletionPolicy": "Retain"}})).await;
    world.gone("hello").await;
    world.warning("hello", "Retained", &["Left in AWS with its ownership tags"]).await;
}

#[tokio::test]
async fn a_function_is_deleted_while_aws_still_creates_it() {
    let world = World::start("delete-pending").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::Hold).await;
    world.apply("hello", function(json!({}))).await;
    world.until_called("hello", "GetFunction", 1).await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn a_function_is_deleted_while_aws_still_updates_it() {
    let world = World::start("delete-updating").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().configure(|aws| aws.update_settle = SettleDelay::Hold).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.reason("hello", "Updating").await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn a_deletion_that_aws_refuses_while_it_is_busy_is_sent_again() {
    let world = World::start("delete-busy").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let text = "The operation cannot be performed at this time. An update is in progress for resource: arn";
    let busy = Fault::error("DeleteFunction", 409, "ResourceConflictException", text);
    world.aws().inject(busy.times(2)).await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 3);
}

#[tokio::test]
async fn an_object_that_was_never_reconciled_goes_without_a_call() {
    let mut world = World::builder("never").without_operator().start().await;
    world.apply("fresh", function(json!({}))).await;
    world.delete("fresh").await;
    world.gone("fresh").await;
    world.start_operator();
    world.apply("invalid", function(json!({"env": [{"name": "AWS_REGION", "value": "x"}]}))).await;
    world.problem("invalid", "InvalidSpec", &["AWS_REGION"]).await;
    world.delete("invalid").await;
    world.gone("invalid").await;
    assert!(world.calls().await.is_empty());
}

#[tokio::test]
async fn a_function_that_is_gone_already_needs_no_deletion() {
    let world = World::start("gone-already").await;
    for name in ["before", "meanwhile"] {
        world.apply(name, function(json!({}))).await;
        world.ready(name).await;
    }
    world.aws().remove_function("before").await;
    world.aws().clear_ledger().await;
    world.delete("before").await;
    world.gone("before").await;
    assert_eq!(world.calls().await, ["GetFunction"]);
    let gone = Fault::new("DeleteFunction", FaultEffect::PauseBefore);
    world.aws().inject(gone.times(1)).await;
    world.delete("meanwhile").await;
    world.sim.control().wait_for_held().await;
    world.aws().remove_function("meanwhile").await;
    world.sim.control().release().await;
    world.gone("meanwhile").await;
}

#[tokio::test]
async fn a_replicated_function_blocks_its_deletion_until_the_replicas_are_gone() {
    let world = World::start("replicated").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let text = "Lambda was unable to delete arn:aws:lambda:us-east-1:111122223333:function:hello because it is a \
                replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas.";
    world.aws().inject(Fault::error("DeleteFunction", 400, "InvalidParameterValueException", text)).await;
    world.delete("hello").await;
    world
        .problem("hello", "DeletionBlocked", &["it is a replicated function", WAYS_OUT[0], WAYS_OUT[2]])
        .await;
    world.until_called("hello", "DeleteFunction", 2).await;
    world.aws().clear_faults().await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn another_account_does_not_mean_that_the_function_is_gone() {
    let mut world = World::start("other-account").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.stop_operator().await;
    world.account = "444455556666".into();
    world.start_operator();
    world.delete("hello").await;
    let texts = ["account 111122223333", "account 444455556666", WAYS_OUT[0], WAYS_OUT[2]];
    world.problem("hello", "AccountMismatch", &texts).await;
    assert_eq!(world.aws().functions().await, ["hello"]);
    world.stop_operator().await;
    world.account = cluster_tests::ACCOUNT.into();
    world.start_operator();
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
}
