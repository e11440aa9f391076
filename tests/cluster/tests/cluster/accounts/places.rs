//! Two accounts and two regions: every object is where its LambdaAccount and its region say, and nowhere else.

use std::time::Duration;

use cluster_tests::accounts::{OTHER, OTHER_ROLE};
use cluster_tests::{ACCOUNT, REGION, World, function};
use lambda_sim::{Call, SettleDelay};
use serde_json::{Value, json};
use test_support::eventually;

const ELSEWHERE: &str = "eu-central-1";

fn in_other(world: &World, extra: Value) -> Value {
    let mut spec =
        json!({"accountRef": world.account_ref("other"), "role": "arn:aws:iam::444455556666:role/lambda"});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    function(spec)
}

fn of(calls: &[Call], operation: &str) -> Vec<Call> {
    calls.iter().filter(|call| call.operation == operation).cloned().collect()
}

#[tokio::test]
async fn two_accounts_and_two_regions_are_served_side_by_side() {
    let world = World::start("places").await;
    let role =
        json!({"accountId": OTHER, "roleArn": OTHER_ROLE, "region": ELSEWHERE, "sessionTags": {"team": "a"}});
    world.apply_account("other", role).await;
    world.apply("own-here", function(json!({}))).await;
    world.apply("own-there", function(json!({"region": ELSEWHERE}))).await;
    world.apply("other-here", in_other(&world, json!({"region": REGION}))).await;
    world.apply("other-there", in_other(&world, json!({}))).await;
    for name in ["own-here", "own-there", "other-here", "other-there"] {
        let object = world.ready(name).await;
        let common = object.status.unwrap().common;
        let account = if name.starts_with("own") { ACCOUNT } else { OTHER };
        let region = if name.ends_with("-here") { REGION } else { ELSEWHERE };
        assert_eq!((common.account.as_deref(), common.region.as_deref()), (Some(account), Some(region)));
    }
    let expected = [
        "111122223333/eu-central-1 CreateFunction own-there",
        "111122223333/eu-west-1 CreateFunction own-here",
        "444455556666/eu-central-1 CreateFunction other-there",
        "444455556666/eu-west-1 CreateFunction other-here",
    ];
    assert_eq!(world.writes_everywhere().await, expected);

    let sts = world.calls_to("sts").await;
    assert_eq!(of(&sts, "GetCallerIdentity").len(), 2, "once per credential: {sts:?}");
    let assumed = of(&sts, "AssumeRole");
    assert_eq!(assumed.len(), 1, "one session for both regions");
    assert_eq!((assumed[0].account.as_str(), assumed[0].region.as_str()), (ACCOUNT, REGION));
    let request = &assumed[0].request;
    assert_eq!(
        (&request["RoleArn"], &request["RoleSessionName"]),
        (&json!(OTHER_ROLE), &json!("lambda-operator"))
    );
    assert_eq!(request["Tags.member.1.Key"], "team");

    for name in ["own-here", "own-there", "other-here", "other-there"] {
        world.delete(name).await;
    }
    for name in ["own-here", "own-there", "other-here", "other-there"] {
        world.gone(name).await;
    }
    for (account, region) in [(ACCOUNT, REGION), (ACCOUNT, ELSEWHERE), (OTHER, REGION), (OTHER, ELSEWHERE)] {
        assert!(world.aws_in(account, region).functions().await.is_empty(), "{account} {region}");
    }
}

#[tokio::test]
async fn the_same_name_in_two_accounts_is_two_functions() {
    let world = World::start("same-name").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    world.apply("a", function(json!({"functionName": "hello"}))).await;
    world.apply("b", in_other(&world, json!({"functionName": "hello", "memorySize": 256}))).await;
    world.ready("a").await;
    world.ready("b").await;
    world.delete("a").await;
    world.gone("a").await;
    let left = world.aws_in(OTHER, REGION).function("hello").await.unwrap();
    assert_eq!(left["Configuration"]["MemorySize"], 256);
    assert!(world.aws().functions().await.is_empty());
}

/// The sessions' names of those who made calls of this operation in the other account.
async fn sessions(world: &World, operation: &str) -> Vec<String> {
    let calls = of(&world.aws_in(OTHER, REGION).ledger().await, operation);
    calls.into_iter().map(|call| call.principal.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn two_roles_of_one_account_share_the_sweep_and_keep_their_credentials() {
    let world = World::builder("two-roles")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_secs(2)))
        .start()
        .await;
    for team in ["red", "blue"] {
        let role = format!("arn:aws:iam::{OTHER}:role/{team}");
        let spec = json!({"accountId": OTHER, "roleArn": role, "sessionName": team});
        world.apply_account(team, spec).await;
        let extra = json!({"accountRef": world.account_ref(team), "role": role});
        world.apply(team, function(extra)).await;
    }
    for team in ["red", "blue"] {
        world.ready(team).await;
    }
    let mut creators = sessions(&world, "CreateFunction").await;
    creators.sort();
    assert_eq!(creators, ["blue", "red"], "each with its own role");
    world.aws_in(OTHER, REGION).clear_ledger().await;
    eventually(Duration::from_mins(1), "two sweeps", || async {
        (sessions(&world, "ListFunctions").await.len() >= 2).then_some(())
    })
    .await;
    let times: Vec<u64> = of(&world.aws_in(OTHER, REGION).ledger().await, "ListFunctions")
        .iter()
        .map(|call| call.at_ms)
        .collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1500), "one sweep for both: {times:?}");
    // Drift is corrected with the credentials of whom it concerns.
    for team in ["red", "blue"] {
        world.aws_in(OTHER, REGION).edit_function(team, json!({"MemorySize": 512})).await;
    }
    for team in ["red", "blue"] {
        eventually(Duration::from_mins(1), "the memory is back", || async {
            let function = world.aws_in(OTHER, REGION).function(team).await.unwrap();
            (function["Configuration"]["MemorySize"] == 128).then_some(())
        })
        .await;
    }
    let mut menders = sessions(&world, "UpdateFunctionConfiguration").await;
    menders.sort();
    assert_eq!(menders, ["blue", "red"]);
}

#[tokio::test]
async fn a_restart_costs_one_session_and_the_lists() {
    let mut world = World::start("account-restart").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    world.apply("hello", in_other(&world, json!({}))).await;
    world.ready("hello").await;
    world
        .until_account("other", "its use is counted", |account| {
            account.status.as_ref().and_then(|status| status.used_by) == Some(1)
        })
        .await;
    world.stop_operator().await;
    let before = world.accounts().get(&world.account_name("other")).await.unwrap();
    world.sim.control().clear_ledger().await;
    world.start_operator();
    eventually(Duration::from_mins(1), "the sweep", || async {
        (!sessions(&world, "ListFunctions").await.is_empty()).then_some(())
    })
    .await;
    world.assert_quiet("hello", Duration::from_secs(2)).await;
    let mut calls: Vec<String> =
        world.sim.control().ledger().await.into_iter().map(|call| call.operation).collect();
    calls.sort();
    assert_eq!(calls, ["AssumeRole", "GetCallerIdentity", "GetCallerIdentity", "ListFunctions"]);
    let after = world.accounts().get(&world.account_name("other")).await.unwrap();
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version, "no write either");
}

#[tokio::test]
async fn a_creation_in_another_account_settles_and_is_changed_there() {
    let world = World::start("account-change").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    let aws = world.aws_in(OTHER, REGION);
    aws.configure(|settings| settings.create_settle = SettleDelay::Reads(1)).await;
    world.apply("hello", in_other(&world, json!({}))).await;
    world.ready("hello").await;
    world.apply("hello", in_other(&world, json!({"timeout": 30}))).await;
    world.ready("hello").await;
    assert_eq!(aws.function("hello").await.unwrap()["Configuration"]["Timeout"], 30);
    let own = world.calls_to("lambda").await.into_iter().filter(|call| call.account == ACCOUNT).count();
    assert_eq!(own, 0, "nothing is asked of the operator's own account");
}
