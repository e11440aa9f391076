//! Roles that can't be assumed, sessions that end, and who suffers from it.

use std::time::Duration;

use cluster_tests::accounts::{OTHER, OTHER_ROLE};
use cluster_tests::{REGION, World, function};
use lambda_sim::{AuthError, Fault};
use serde_json::{Value, json};
use test_support::eventually;

fn in_other(world: &World, extra: Value) -> Value {
    let role = format!("arn:aws:iam::{OTHER}:role/lambda");
    let mut spec = json!({"accountRef": world.account_ref("other"), "role": role});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    function(spec)
}

/// A world whose refused credentials are probed every second.
async fn probing(name: &str) -> World {
    let change = |settings: &mut lambda_operator::settings::Settings| {
        settings.rechecks.min = Duration::from_secs(1);
        settings.rechecks.max = Duration::from_secs(1);
    };
    World::builder(name).settings(change).start().await
}

#[tokio::test]
async fn an_external_id_that_is_missing_or_wrong_is_said_and_corrected_at_once() {
    // No probe comes in time to help.
    let world = World::builder("external-id")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_mins(10);
            settings.rechecks.max = Duration::from_mins(10);
        })
        .start()
        .await;
    world
        .aws()
        .configure(|aws| {
            aws.external_ids.insert(OTHER_ROLE.into(), "secret-handshake".into());
        })
        .await;
    let spec = |id: Value| {
        let mut spec = json!({"accountId": OTHER, "roleArn": OTHER_ROLE});
        if !id.is_null() {
            spec["externalId"] = id;
        }
        spec
    };
    world.apply("hello", in_other(&world, json!({}))).await;
    let name = world.account_name("other");
    for id in [json!(null), json!("wrong")] {
        world.apply_account("other", spec(id)).await;
        let texts =
            ["AssumeRole: AccessDenied", OTHER_ROLE, "spec.externalId", "trust policy", name.as_str()];
        world.account_reason("other", "AccessDenied", &texts).await;
        world.problem("hello", "AccessDenied", &texts).await;
    }
    assert_eq!(world.calls_to("lambda").await, [], "nothing is sent without credentials");
    world.apply_account("other", spec(json!("secret-handshake"))).await;
    world.ready("hello").await;
    world.account_reason("other", "Available", &[OTHER, OTHER_ROLE]).await;
}

#[tokio::test]
async fn a_revoked_role_pauses_its_own_objects_with_one_probe_and_mends() {
    let world = probing("revoked").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    let names: Vec<String> = (0..8).map(|number| format!("f{number}")).collect();
    for name in &names {
        world.apply(name, in_other(&world, json!({}))).await;
    }
    world.apply("own", function(json!({}))).await;
    for name in &names {
        world.ready(name).await;
    }
    world.ready("own").await;

    // The session ends, and no other is given.
    let other = world.aws_in(OTHER, REGION);
    other.configure(|aws| aws.auth_error = Some(AuthError::expired_token())).await;
    world
        .aws()
        .configure(|aws| {
            aws.missing_roles.insert(OTHER_ROLE.into());
        })
        .await;
    world.sim.control().clear_ledger().await;
    for name in &names {
        world.apply(name, in_other(&world, json!({"memorySize": 256}))).await;
    }
    for name in &names {
        world.reason(name, "AccessDenied").await;
    }
    world.account_reason("other", "AccessDenied", &[]).await;
    world.apply("own", function(json!({"memorySize": 256}))).await;
    world.ready("own").await;
    eventually(Duration::from_mins(1), "three probes", || async {
        let probes = world.calls_to("sts").await;
        (probes.iter().filter(|call| call.operation == "AssumeRole").count() >= 4).then_some(())
    })
    .await;
    let sts = world.calls_to("sts").await;
    let probes: Vec<u64> =
        sts.iter().filter(|call| call.operation == "AssumeRole").map(|call| call.at_ms).collect();
    assert!(probes.windows(2).all(|pair| pair[1] - pair[0] >= 850), "one a second for all: {probes:?}");
    let sent = other.ledger().await.into_iter().filter(|call| call.service == "lambda").count();
    assert!(sent <= names.len(), "each object found out at most once: {sent}");

    other.configure(|aws| aws.auth_error = None).await;
    world.aws().configure(|aws| aws.missing_roles.clear()).await;
    for name in &names {
        world.ready(name).await;
        assert_eq!(other.function(name).await.unwrap()["Configuration"]["MemorySize"], 256);
    }
    world.account_reason("other", "Available", &[OTHER]).await;
}

#[tokio::test]
async fn idle_objects_say_that_their_role_is_revoked_and_that_it_works_again() {
    let change = |settings: &mut lambda_operator::settings::Settings| {
        settings.drift.account_interval = Some(Duration::from_secs(1));
        settings.rechecks.min = Duration::from_secs(1);
        settings.rechecks.max = Duration::from_secs(1);
    };
    let world = World::builder("revoked-idle").settings(change).start().await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    let names = ["f0", "f1", "f2"];
    for name in names {
        world.apply(name, in_other(&world, json!({}))).await;
        world.ready(name).await;
    }
    world.apply("own", function(json!({}))).await;
    world.ready("own").await;
    let other = world.aws_in(OTHER, REGION);
    other.configure(|aws| aws.auth_error = Some(AuthError::expired_token())).await;
    world
        .aws()
        .configure(|aws| {
            aws.missing_roles.insert(OTHER_ROLE.into());
        })
        .await;
    other.clear_ledger().await;
    world.account_reason("other", "AccessDenied", &[]).await;
    for name in names {
        world.reason(name, "AccessDenied").await;
    }
    let sent = other.ledger().await.into_iter().filter(|call| call.service == "lambda");
    // The first sweep comes when nothing was created for a while, which may be now.
    let sent = sent.filter(|call| call.operation != "ListFunctions");
    let operations: Vec<String> = sent.map(|call| call.operation).collect();
    let by_account = operations.iter().all(|operation| operation == "GetAccountSettings");
    assert!(by_account, "the account found out, for all of them: {operations:?}");
    assert_eq!(world.reason("own", "Available").await.metadata.generation, Some(1));
    other.configure(|aws| aws.auth_error = None).await;
    world.aws().configure(|aws| aws.missing_roles.clear()).await;
    for name in names {
        world.ready(name).await;
    }
    world.account_reason("other", "Available", &[OTHER]).await;
}

#[tokio::test]
async fn a_session_that_ends_early_is_replaced_without_anybody_waiting() {
    // No recheck comes in time to help.
    let world = World::builder("session-ends")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_mins(10);
            settings.rechecks.max = Duration::from_mins(10);
        })
        .start()
        .await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    world.apply("hello", in_other(&world, json!({}))).await;
    world.ready("hello").await;
    let other = world.aws_in(OTHER, REGION);
    let expired = "The security token included in the request is expired";
    for operation in ["UpdateFunctionConfiguration", "GetCallerIdentity"] {
        other.inject(Fault::error(operation, 403, "ExpiredTokenException", expired).times(1)).await;
    }
    world.sim.control().clear_ledger().await;
    world.apply("hello", in_other(&world, json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    assert_eq!(other.function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
    let sts = world.calls_to("sts").await;
    let operations: Vec<_> = sts.iter().map(|call| (call.operation.as_str(), call.status)).collect();
    assert_eq!(operations, [("GetCallerIdentity", 403), ("AssumeRole", 200), ("GetCallerIdentity", 200)]);
}

#[tokio::test]
async fn while_the_operators_own_credentials_are_refused_no_role_is_asked_for() {
    let world = World::builder("own-refused").without_operator().start().await;
    world.aws().configure(|aws| aws.auth_error = Some(AuthError::unrecognized_client())).await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    world.apply("hello", in_other(&world, json!({}))).await;
    let mut world = world;
    world.start_operator();
    world.problem("hello", "AccessDenied", &["GetCallerIdentity", "mend them"]).await;
    world.account_reason("other", "AccessDenied", &["operator's AWS credentials"]).await;
    let sts = world.calls_to("sts").await;
    assert!(sts.iter().all(|call| call.operation == "GetCallerIdentity"), "{sts:?}");
    world.aws().configure(|aws| aws.auth_error = None).await;
    world.ready("hello").await;
    world.account_reason("other", "Available", &[]).await;
}

#[tokio::test]
async fn another_role_is_used_at_once_and_the_object_stays() {
    let world = World::start("other-role").await;
    let spec =
        |role: &str| json!({"accountId": OTHER, "roleArn": format!("arn:aws:iam::{OTHER}:role/{role}")});
    world.apply_account("other", spec("first")).await;
    world.apply("hello", in_other(&world, json!({}))).await;
    world.ready("hello").await;
    world.sim.control().clear_ledger().await;
    world.apply_account("other", spec("second")).await;
    world.account_reason("other", "Available", &["role/second"]).await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    world.apply("hello", in_other(&world, json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    let other = world.aws_in(OTHER, REGION).ledger().await;
    let by_first = other.iter().filter(|call| call.principal.contains("/first/")).count();
    assert!(by_first == 0 && !other.is_empty(), "{other:?}");
    assert!(other.iter().all(|call| call.operation != "CreateFunction"));
}
