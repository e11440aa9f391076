//! `env` and `envFrom` with Secrets and ConfigMaps: what is rolled out, when, at what cost; and what is said when
//! something is missing or wrong.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};
use test_support::eventually;

/// A value that may never be seen outside of AWS and its Secret.
const CANARY: &str = "canary-7f3a";

fn from_secret(secret: &str, key: &str) -> Value {
    json!({"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}]})
}

fn from_all() -> Value {
    json!({
        "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}, "prefix": "K_"}],
        "env": [
            {"name": "STAGE", "value": "literal"},
            {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
        ],
    })
}

async fn variables(world: &World, name: &str) -> Value {
    let function = world.aws().function(name).await.expect("the function is in AWS");
    function["Configuration"]["Environment"]["Variables"].clone()
}

async fn has_variables(world: &World, name: &str, wanted: Value) {
    eventually(Duration::from_secs(20), &format!("{name} has its variables"), || async {
        let has = variables(world, name).await;
        if has == wanted { Ok(()) } else { Err(has) }
    })
    .await;
}

fn is_condition(object: &LambdaFunction, kind: &str, status: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition.status == status)
}

fn message(object: &LambdaFunction) -> &str {
    &condition(object, "Ready").unwrap().message
}

#[tokio::test]
async fn secrets_and_config_maps_become_variables_and_none_of_their_values_is_seen() {
    let world = World::start("env-all").await;
    world.config_map("settings", &[("STAGE", "from-map"), ("mode", "fast"), ("TABLE", "orders")]).await;
    world.secret("keys", &[("api", CANARY)]).await;
    world.apply("hello", function(from_all())).await;
    let object = world.ready("hello").await;
    let expected =
        json!({"STAGE": "literal", "mode": "fast", "TABLE": "orders", "K_api": CANARY, "MODE": "fast"});
    assert_eq!(variables(&world, "hello").await, expected, "env wins over envFrom, later over earlier");
    assert!(is_condition(&object, "ReferencesResolved", "True"));
    let references = &object.status.as_ref().unwrap().common.references;
    let named: Vec<(&str, &str)> = references.iter().map(|r| (r.kind.as_str(), r.name.as_str())).collect();
    assert_eq!(named, [("ConfigMap", "settings"), ("Secret", "keys")]);
    let seen = format!("{:?} {:?}", serde_json::to_string(&object), world.events("hello").await);
    assert!(!seen.contains(CANARY), "{seen}");
}

#[tokio::test]
async fn a_changed_secret_is_rolled_out_to_its_users_with_one_update_each() {
    let world = World::start("env-rollout").await;
    world.secret("db", &[("password", "one")]).await;
    world.secret("other", &[("password", "one")]).await;
    for (name, secret) in [("first", "db"), ("second", "db"), ("bystander", "other")] {
        world.apply(name, function(from_secret(secret, "password"))).await;
        world.ready(name).await;
    }
    world.aws().clear_ledger().await;
    world.secret("db", &[("password", "two")]).await;
    for name in ["first", "second"] {
        has_variables(&world, name, json!({"PASSWORD": "two"})).await;
        world.until(name, "it uses the new Secret", settled).await;
        let operations: Vec<String> = world.writes(name).await.into_iter().map(|(name, _)| name).collect();
        assert_eq!(operations, ["UpdateFunctionConfiguration"]);
    }
    assert_eq!(world.writes("bystander").await, []);
}

fn settled(object: &LambdaFunction) -> bool {
    is_condition(object, "Ready", "True")
}

#[tokio::test]
async fn a_changed_config_map_is_rolled_out() {
    let world = World::start("env-map").await;
    world.config_map("settings", &[("mode", "fast"), ("OLD", "x")]).await;
    world.secret("keys", &[]).await;
    world.apply("hello", function(from_all())).await;
    world.ready("hello").await;
    world.config_map("settings", &[("mode", "slow")]).await;
    has_variables(&world, "hello", json!({"STAGE": "literal", "mode": "slow", "MODE": "slow"})).await;
}

#[tokio::test]
async fn an_annotated_secret_gives_no_update() {
    let world = World::start("env-annotated").await;
    world.secret("db", &[("password", "one")]).await;
    world.apply("hello", function(from_secret("db", "password"))).await;
    let before = used_version(&world.ready("hello").await);
    world.aws().clear_ledger().await;
    world.annotate_secret("db", "seen").await;
    world
        .until("hello", "the status knows the new version", |object| {
            used_version(object) != before && settled(object)
        })
        .await;
    assert_eq!(world.writes("hello").await, []);
}

fn used_version(object: &LambdaFunction) -> Option<String> {
    object.status.as_ref()?.common.references.first()?.resource_version.clone()
}

/// A world in which nothing is looked at again for a minute: what heals within seconds was woken.
async fn without_rechecks(name: &str) -> World {
    World::builder(name)
        .settings(|settings| {
            settings.rechecks.min = Duration::from_mins(1);
            settings.rechecks.max = Duration::from_mins(1);
        })
        .start()
        .await
}

#[tokio::test]
async fn a_missing_secret_and_then_a_missing_key_are_named_and_heal_at_once() {
    let world = without_rechecks("env-missing").await;
    world.apply("hello", function(from_secret("db", "password"))).await;
    let object = world.reason("hello", "DependencyNotReady").await;
    assert!(message(&object).starts_with("Secret db does not exist in namespace"), "{}", message(&object));
    assert!(is_condition(&object, "ReferencesResolved", "False") && is_condition(&object, "Ready", "False"));
    assert!(is_condition(&object, "Reconciling", "True") && condition(&object, "Stalled").is_none());
    world.secret("db", &[("user", "me")]).await;
    let object = world
        .until("hello", "the missing key is named", |object| {
            message(object).contains("Secret db has no key password")
        })
        .await;
    assert!(is_condition(&object, "ReferencesResolved", "False"));
    assert_eq!(world.ledger().await, [], "AWS is not asked before the references are there");
    world.secret("db", &[("password", CANARY)]).await;
    let object = world.ready("hello").await;
    assert!(is_condition(&object, "ReferencesResolved", "True"));
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction"]);
}

#[tokio::test]
async fn a_secret_that_vanishes_leaves_the_function_as_it_is() {
    let world = without_rechecks("env-vanished").await;
    world.secret("db", &[("password", "one")]).await;
    world.apply("hello", function(from_secret("db", "password"))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.delete_secret("db").await;
    world.reason("hello", "DependencyNotReady").await;
    assert_eq!(world.writes("hello").await, []);
    assert_eq!(variables(&world, "hello").await, json!({"PASSWORD": "one"}));
    world.secret("db", &[("password", "two")]).await;
    has_variables(&world, "hello", json!({"PASSWORD": "two"})).await;
}

#[tokio::test]
async fn what_is_optional_may_be_missing_and_is_used_when_it_appears() {
    let world = without_rechecks("env-optional").await;
    let spec = json!({
        "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password", "optional": true}}}],
        "envFrom": [{"configMapRef": {"name": "settings", "optional": true}}],
    });
    world.apply("hello", function(spec)).await;
    let object = world.ready("hello").await;
    assert!(is_condition(&object, "ReferencesResolved", "True"));
    world.secret("db", &[("password", "one")]).await;
    has_variables(&world, "hello", json!({"PASSWORD": "one"})).await;
    world.config_map("settings", &[("STAGE", "test")]).await;
    has_variables(&world, "hello", json!({"PASSWORD": "one", "STAGE": "test"})).await;
    world.delete_secret("db").await;
    has_variables(&world, "hello", json!({"STAGE": "test"})).await;
}

#[tokio::test]
async fn a_wrong_variable_is_refused_by_key_and_source_before_any_call() {
    let world = without_rechecks("env-invalid").await;
    let large = CANARY.repeat(400);
    world.secret("reserved", &[("AWS_REGION", CANARY)]).await;
    world.secret("invalid", &[("my-key", CANARY)]).await;
    world.secret("large", &[("BLOB", &large), ("small", "x")]).await;
    let cases = [
        ("reserved", ["\"AWS_REGION\"", "Secret reserved, key AWS_REGION", "is reserved by Lambda"]),
        ("invalid", ["\"my-key\"", "Secret invalid, key my-key", "is no name that Lambda takes"]),
        ("large", ["BLOB", "Secret large, key BLOB", "Lambda allows 4096"]),
    ];
    for (secret, parts) in cases {
        world.apply(secret, function(json!({"envFrom": [{"secretRef": {"name": secret}}]}))).await;
        let object = world.reason(secret, "InvalidSpec").await;
        assert!(is_condition(&object, "Stalled", "True"), "{secret}");
        for part in parts {
            assert!(message(&object).contains(part), "{secret}: {}", message(&object));
        }
        let seen = format!("{:?} {:?}", serde_json::to_string(&object), world.events(secret).await);
        assert!(!seen.contains(CANARY), "{seen}");
    }
    assert_eq!(world.ledger().await, []);
    world.secret("invalid", &[("my_key", "fine")]).await;
    world.ready("invalid").await;
}

#[tokio::test]
async fn unwatched_secrets_are_looked_at_from_time_to_time() {
    let world = World::builder("env-unwatched")
        .settings(|settings| {
            settings.watch.secrets = false;
            settings.watch.reference_check_interval = Duration::from_millis(500);
        })
        .start()
        .await;
    world.apply("hello", function(from_secret("db", "password"))).await;
    world.reason("hello", "DependencyNotReady").await;
    world.secret("db", &[("password", "one")]).await;
    let before = used_version(&world.ready("hello").await);
    world.aws().clear_ledger().await;
    world.annotate_secret("db", "seen").await;
    let annotated = world
        .until("hello", "the annotated Secret was read", |object| {
            used_version(object) != before && settled(object)
        })
        .await;
    let before = used_version(&annotated);
    assert_eq!(world.writes("hello").await, []);
    world.aws().clear_ledger().await;
    world.secret("db", &[("password", "two")]).await;
    has_variables(&world, "hello", json!({"PASSWORD": "two"})).await;
    world
        .until("hello", "it is rolled out", |object| used_version(object) != before && settled(object))
        .await;
    assert_eq!(world.writes("hello").await.len(), 1);
    world.assert_quiet("hello", Duration::from_secs(2)).await;
}
