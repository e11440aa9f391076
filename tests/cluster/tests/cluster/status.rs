//! What `status` promises: kstatus and `kubectl wait` can rely on it, and it is written only when it has changed.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams};
use lambda_operator_crds::LambdaFunction;
use lambda_sim::{Fault, FaultEffect, SettleDelay};
use serde_json::json;

fn observed(object: &LambdaFunction) -> i64 {
    object.status.as_ref().map_or(-1, |status| status.common.observed_generation)
}

/// What holds for every version of every object.
fn assert_contract(object: &LambdaFunction) {
    let generation = object.metadata.generation.unwrap();
    assert!(observed(object) <= generation, "a status can't be ahead of its spec");
    let companions = (condition(object, "Reconciling"), condition(object, "Stalled"));
    assert!(companions.0.is_none() || companions.1.is_none(), "Reconciling and Stalled at once");
    for companion in [companions.0, companions.1].into_iter().flatten() {
        assert_eq!(companion.status, "True", "{} exists only while it is True", companion.type_);
    }
    let Some(ready) = condition(object, "Ready") else { return };
    let expected = match ready.status.as_str() {
        "True" => (false, false),
        "Unknown" => (true, false),
        _ => (companions.1.is_none(), companions.0.is_none()),
    };
    assert_eq!((companions.0.is_some(), companions.1.is_some()), expected, "with Ready={}", ready.status);
}

/// A condition's transition time moves when its status flips, and only then.
fn assert_transitions(versions: &[LambdaFunction]) {
    for pair in versions.windows(2) {
        for after in pair[1].status.iter().flat_map(|status| &status.common.conditions) {
            let Some(before) = condition(&pair[0], &after.type_) else { continue };
            if before.status == after.status {
                assert_eq!(before.last_transition_time, after.last_transition_time, "{}", after.type_);
            } else {
                assert!(before.last_transition_time <= after.last_transition_time, "{}", after.type_);
            }
        }
    }
}

#[tokio::test]
async fn a_new_object_looks_unobserved_before_the_first_visit() {
    let mut world = World::builder("unobserved").without_operator().start().await;
    let object = world.apply("hello", function(json!({}))).await;
    assert_eq!(object.status.as_ref().unwrap().common.observed_generation, -1);
    assert!(condition(&object, "Ready").is_none());
    world.start_operator();
    world.ready("hello").await;
}

#[tokio::test]
async fn a_creation_is_exactly_these_writes() {
    let world = World::start("writes").await;
    let history = world.history("hello").await;
    world.apply("hello", function(json!({}))).await;
    let object = world.ready("hello").await;
    let versions = history.until(&object).await;
    let told: Vec<String> = versions
        .iter()
        .map(|object| {
            let ready = condition(object, "Ready").map_or("-", |ready| ready.reason.as_str());
            let pending = object.status.as_ref().is_some_and(|status| status.common.pending.is_some());
            let finalizers = object.finalizers().len();
            format!("{ready}, {finalizers} finalizer{}", if pending { ", intent" } else { "" })
        })
        .collect();
    let expected =
        ["-, 0 finalizer", "-, 1 finalizer", "Creating, 1 finalizer, intent", "Available, 1 finalizer"];
    assert_eq!(told, expected);
    world.assert_quiet("hello", Duration::from_secs(1)).await;
}

#[tokio::test]
async fn every_version_on_a_long_way_keeps_the_contract() {
    let world = World::start("contract").await;
    let history = world.history("hello").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::AfterMs(600)).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world
        .aws()
        .configure(|aws| {
            aws.deny.insert("UpdateFunctionConfiguration".into());
        })
        .await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.problem("hello", "AccessDenied", &["UpdateFunctionConfiguration"]).await;
    world.aws().configure(|aws| aws.deny.clear()).await;
    world.ready("hello").await;
    world.apply("hello", function(json!({"runtime": "python2.7"}))).await;
    world.problem("hello", "InvalidSpec", &["python2.7"]).await;
    let role = json!({"memorySize": 512, "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "later", "key": "a"}}}]});
    world.apply("hello", function(role)).await;
    let object = world.problem("hello", "DependencyNotReady", &["Secret later", "Create it"]).await;
    assert_eq!(condition(&object, "ReferencesResolved").unwrap().status, "False");
    world.secret("later", &[("a", "b")]).await;
    let object = world.ready("hello").await;
    assert_eq!(condition(&object, "ReferencesResolved").unwrap().status, "True");
    let versions = history.until(&object).await;
    assert!(versions.len() > 8, "{}", versions.len());
    versions.iter().for_each(assert_contract);
    assert_transitions(&versions);
    let distinct = versions.windows(2).filter(|pair| pair[0].status == pair[1].status);
    let same: Vec<_> =
        distinct.filter(|pair| pair[0].metadata.generation == pair[1].metadata.generation).collect();
    assert!(same.len() <= 1, "only the finalizer is written without a change of status: {}", same.len());
}

#[tokio::test]
async fn kubectl_can_wait_for_ready_and_shows_the_columns() {
    let world = World::start("kubectl-wait").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::AfterMs(800)).await;
    world.apply("hello", function(json!({}))).await;
    let kubectl = |arguments: &[&str]| world.kubectl(arguments);
    let wait = ["wait", "--for=condition=Ready", "lambdafunction/hello", "--timeout=20s"];
    assert!(kubectl(&wait).run().await.stdout.contains("condition met"));
    let shown = kubectl(&["get", "lfn", "hello"]).run().await.stdout;
    let (header, row) = shown.split_once('\n').unwrap();
    assert!(header.contains("READY") && header.contains("REASON"), "{shown}");
    assert!(row.contains("True") && row.contains("Available"), "{shown}");
    world
        .aws()
        .configure(|aws| {
            aws.missing_buckets.insert("nowhere".into());
        })
        .await;
    world.apply("other", function(json!({"code": {"s3": {"bucket": "nowhere", "key": "k"}}}))).await;
    world.reason("other", "DependencyNotReady").await;
    let shown = kubectl(&["get", "lfn", "other"]).run().await.stdout;
    assert!(shown.contains("False") && shown.contains("DependencyNotReady"), "{shown}");
    world.warning("other", "DependencyNotReady", &["s3://nowhere/k doesn't exist"]).await;
    let described = kubectl(&["describe", "lfn", "other"]).run().await.stdout;
    assert!(described.contains("s3://nowhere/k doesn't exist"), "{described}");
}

#[tokio::test]
async fn a_change_of_the_spec_in_the_middle_of_a_pass_is_not_lost() {
    for (name, operation, first) in
        [("create", "CreateFunction", false), ("update", "UpdateFunctionConfiguration", true)]
    {
        let world = World::start(&format!("middle-{name}")).await;
        let history = world.history("hello").await;
        if first {
            world.apply("hello", function(json!({}))).await;
            world.ready("hello").await;
        }
        world.aws().inject(Fault::new(operation, FaultEffect::PauseAfter).times(1)).await;
        world.apply("hello", function(json!({"memorySize": 256}))).await;
        world.sim.control().wait_for_held().await;
        world.apply("hello", function(json!({"memorySize": 512, "timeout": 9}))).await;
        world.sim.control().release().await;
        let object = world.ready("hello").await;
        let configuration = &world.aws().function("hello").await.unwrap()["Configuration"];
        assert_eq!((&configuration["MemorySize"], &configuration["Timeout"]), (&json!(512), &json!(9)));
        assert_eq!(observed(&object), object.metadata.generation.unwrap());
        history.until(&object).await.iter().for_each(assert_contract);
        assert_eq!(world.times_of("hello", "CreateFunction").await.len(), 1);
    }
}

#[tokio::test]
async fn an_object_deleted_and_created_again_at_once_is_a_new_one() {
    let world = World::start("recreated").await;
    let first = world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    for memory in 200..203 {
        world.delete("hello").await;
        world.gone("hello").await;
        world.apply("hello", function(json!({"memorySize": memory}))).await;
    }
    let object = world.ready("hello").await;
    assert_ne!(object.uid(), first.uid());
    let function = world.aws().function("hello").await.unwrap();
    assert_eq!(function["Configuration"]["MemorySize"], 202);
    let owner = function["Tags"]["lambda-operator.io/owner"].as_str().unwrap();
    assert!(owner.ends_with(&object.uid().unwrap()), "{owner}");
}

#[tokio::test]
async fn a_new_object_takes_over_from_one_of_its_name_that_vanished_without_a_deletion() {
    let world = World::start("successor").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    // Somebody strips the finalizer, and the object goes while a call of the operator is under way.
    world.aws().inject(Fault::new("DeleteFunction", FaultEffect::PauseBefore).times(1)).await;
    let functions: Api<LambdaFunction> = world.functions();
    functions.delete("hello", &DeleteParams::default()).await.unwrap();
    world.sim.control().wait_for_held().await;
    world.patch("hello", json!({"metadata": {"finalizers": null}})).await;
    world.gone("hello").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.sim.control().release().await;
    let object = world.ready("hello").await;
    let function = world.aws().function("hello").await.unwrap();
    let owner = function["Tags"]["lambda-operator.io/owner"].as_str().unwrap();
    assert!(owner.ends_with(&object.uid().unwrap()), "{owner}");
    assert_eq!(function["Configuration"]["MemorySize"], 256);
}

#[tokio::test]
async fn other_credentials_or_another_region_stall_the_object_and_change_nothing() {
    let mut world = World::start("pinned").await;
    world.apply("hello", function(json!({}))).await;
    let object = world.ready("hello").await;
    let common = object.status.unwrap().common;
    assert_eq!(common.account.as_deref(), Some(cluster_tests::ACCOUNT));
    assert_eq!(common.region.as_deref(), Some(cluster_tests::REGION));
    let home = (world.account.clone(), world.settings.aws.region.clone());
    for (account, region) in [("444455556666", "eu-west-1"), (cluster_tests::ACCOUNT, "us-east-1")] {
        world.stop_operator().await;
        world.account = account.into();
        world.settings.aws.region = Some(region.into());
        world.sim.control().clear_ledger().await;
        world.start_operator();
        let texts = ["111122223333", "eu-west-1", account, region, "Nothing is changed"];
        let object = world.problem("hello", "AccountMismatch", &texts).await;
        let pinned = object.status.unwrap().common;
        assert_eq!((pinned.account, pinned.region), (common.account.clone(), common.region.clone()));
        world.patch("hello", json!({"spec": {"description": format!("{account} {region}")}})).await;
        world.problem("hello", "AccountMismatch", &[account, region]).await;
        let calls = world.sim.control().ledger().await;
        let about: Vec<_> =
            calls.iter().filter(|call| call.is_write() || call.operation == "GetFunction").collect();
        assert!(about.is_empty(), "{about:?}");
        world.stop_operator().await;
        (world.account, world.settings.aws.region) = home.clone();
        world.start_operator();
        world.ready("hello").await;
    }
    assert!(world.sim.control().account("444455556666", "eu-west-1").functions().await.is_empty());
    assert!(world.sim.control().account(cluster_tests::ACCOUNT, "us-east-1").functions().await.is_empty());
    let expected = format!("{} us-east-1", cluster_tests::ACCOUNT);
    assert_eq!(
        world.aws().function("hello").await.unwrap()["Configuration"]["Description"],
        expected.as_str()
    );
}

/// What a field manager owns of an object, by the paths of the top.
fn owned_by_others_than_the_user(object: &LambdaFunction) -> Vec<String> {
    let entries = object.metadata.managed_fields.iter().flatten();
    let others = entries.filter(|entry| entry.manager.as_deref() != Some("user"));
    let fields = others.filter_map(|entry| entry.fields_v1.as_ref());
    let paths = fields.filter_map(|fields| fields.0.as_object()).flatten().flat_map(|(top, below)| {
        let below: Vec<&String> = below.as_object().into_iter().flat_map(|below| below.keys()).collect();
        match top.as_str() {
            "f:metadata" => below.into_iter().map(|name| format!("metadata.{name}")).collect(),
            _ => vec![top.clone()],
        }
    });
    let mut paths: Vec<String> = paths.collect();
    paths.sort();
    paths.dedup();
    paths
}

#[tokio::test]
async fn the_operator_owns_status_and_finalizers_and_never_writes_the_spec() {
    let world = World::builder("never-spec")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(300)))
        .start()
        .await;
    let history = world.history("hello").await;
    world.apply("hello", function(json!({}))).await;
    let object = world.ready("hello").await;
    assert_eq!(object.metadata.generation, Some(1));
    let applied = world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    world.aws().edit_function("hello", json!({"Timeout": 99})).await;
    world.until_called("hello", "UpdateFunctionConfiguration", 2).await;
    let object = world.ready("hello").await;
    assert_eq!(object.metadata.generation, Some(2), "only what the user applied counts");
    assert_eq!(json!(object.spec), json!(applied.spec));
    for version in history.until(&object).await {
        for path in owned_by_others_than_the_user(&version) {
            assert!(["f:status", "metadata.f:finalizers"].contains(&path.as_str()), "it wrote {path}");
        }
    }
    assert_eq!(owned_by_others_than_the_user(&object), ["f:status", "metadata.f:finalizers"]);
}
