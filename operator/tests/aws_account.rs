//! Working as roles of other accounts: sessions, what is shared and what isn't, and whose credentials are refused.
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod aws_support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_support::{ACCOUNT, REGION, USER, World, map, plain, until, world, world_with, zip};
use lambda_operator::aws::{
    Class, Counts, Expectation, Role, Scope, Tidings, Wake, Whose, configuration_hash,
};
use lambda_operator::function::model::Observed;
use lambda_sim::{AccountControl, AuthError, Fault};
use tokio_util::sync::CancellationToken;

const OTHER: &str = "444455556666";

fn role(name: &str) -> Role {
    Role {
        account: format!("account-{name}"),
        arn: format!("arn:aws:iam::{OTHER}:role/team/{name}"),
        external_id: None,
        session_name: format!("session-{name}"),
        tags: BTreeMap::new(),
    }
}

fn other(world: &World) -> AccountControl {
    world.sim.control().account(OTHER, REGION)
}

/// The calls to STS so far: operation and whether it succeeded.
async fn sts(world: &World) -> Vec<(String, bool)> {
    let ledger = world.sim.control().ledger().await;
    let calls = ledger.into_iter().filter(|call| call.service == "sts");
    calls.map(|call| (call.operation, call.status == 200)).collect()
}

async fn count(world: &World, operation: &str) -> usize {
    sts(world).await.into_iter().filter(|(called, _)| called == operation).count()
}

async fn get(scope: &Scope) -> Result<(), lambda_operator::aws::AwsError> {
    scope.get_function("f", USER).await.map(drop)
}

#[tokio::test]
async fn a_role_is_assumed_once_for_all_regions_as_the_spec_says() {
    let world = world().await;
    let tags = map([("team", "a"), ("stage", "live")]);
    let role = Role { external_id: Some("id".into()), tags, ..role("r") };
    let (here, there) =
        (world.aws.scope_as(&role, None).await, world.aws.scope_as(&role, Some("us-east-1")).await);
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!((here.account(), here.region()), (OTHER, REGION));
    assert_eq!((there.account(), there.region()), (OTHER, "us-east-1"));
    get(&here).await.unwrap();
    get(&there).await.unwrap();
    assert!(Arc::ptr_eq(&here, &world.aws.scope_as(&role, Some(REGION)).await.unwrap()));
    let expected = [("AssumeRole".to_owned(), true), ("GetCallerIdentity".to_owned(), true)];
    assert_eq!(sts(&world).await, expected, "the operator's own identity is known");

    let ledger = world.sim.control().ledger().await;
    let request = &ledger[0].request;
    for (member, value) in [
        ("RoleArn", role.arn.as_str()),
        ("RoleSessionName", "session-r"),
        ("ExternalId", "id"),
        ("Tags.member.1.Key", "stage"),
        ("Tags.member.1.Value", "live"),
        ("Tags.member.2.Key", "team"),
    ] {
        assert_eq!(request[member], value, "{member}");
    }
    assert_eq!((ledger[0].account.as_str(), ledger[0].region.as_str()), (ACCOUNT, REGION));
    let lambda: Vec<_> = ledger.iter().filter(|call| call.service == "lambda").collect();
    let session = format!("arn:aws:sts::{OTHER}:assumed-role/r/session-r");
    assert!(lambda.len() == 2 && lambda.iter().all(|call| call.principal == session), "{lambda:?}");
}

#[tokio::test]
async fn many_who_ask_at_once_for_a_role_cost_one_session() {
    let world = world().await;
    let role = role("r");
    let asked = (0..20).map(|_| world.aws.scope_as(&role, None));
    for scope in futures::future::join_all(asked).await {
        scope.unwrap();
    }
    assert_eq!(count(&world, "AssumeRole").await, 1);
}

#[tokio::test]
async fn a_role_that_is_refused_pauses_only_itself_until_it_is_given() {
    let world = world().await;
    let (mut paused, mut resumed) = (world.aws.paused(), world.aws.resumed());
    let role = role("r");
    world
        .account
        .configure(|settings| {
            settings.external_ids.insert(role.arn.clone(), "id".into());
        })
        .await;
    let error = world.aws.scope_as(&role, None).await.unwrap_err();
    assert_eq!((error.class, error.operation), (Class::RoleRefused, "AssumeRole"), "{error}");
    for part in ["sts:AssumeRole", &role.arn, "spec.externalId", "LambdaAccount account-r", "trust policy"] {
        assert!(error.message.contains(part), "{part}: {error}");
    }
    assert_eq!(world.aws.scope_as(&role, None).await.unwrap_err(), error, "the same without a call");
    let whose = Whose::Account("account-r".into());
    assert_eq!(Tidings::news(&mut paused, &mut Counts::new()), std::slice::from_ref(&whose));
    get(&world.scope).await.unwrap();
    until("three probes", async || count(&world, "AssumeRole").await >= 3).await;
    let identities = count(&world, "GetCallerIdentity").await;
    assert_eq!(identities, 0, "the operator's own credentials are above suspicion");

    world.account.configure(|settings| settings.external_ids.clear()).await;
    tokio::time::timeout(Duration::from_secs(20), resumed.changed()).await.unwrap().unwrap();
    assert_eq!(Tidings::news(&mut resumed, &mut Counts::new()), [whose]);
    assert_eq!(world.aws.scope_as(&role, None).await.unwrap().account(), OTHER);
}

#[tokio::test]
async fn another_way_to_ask_for_the_role_needs_no_probe() {
    let world = world_with(|settings| {
        settings.probe_min = Duration::from_mins(10);
        settings.probe_max = Duration::from_mins(10);
    })
    .await;
    let role = role("r");
    world
        .account
        .configure(|settings| {
            settings.external_ids.insert(role.arn.clone(), "id".into());
        })
        .await;
    assert_eq!(world.aws.scope_as(&role, None).await.unwrap_err().class, Class::RoleRefused);
    let right = Role { external_id: Some("id".into()), ..role };
    world.aws.scope_as(&right, None).await.unwrap();
}

#[tokio::test]
async fn while_the_operators_own_credentials_are_refused_no_role_is_asked_for() {
    let world = world().await;
    let own = world.sim.control().account(ACCOUNT, REGION);
    own.configure(|settings| settings.auth_error = Some(AuthError::expired_token())).await;
    let error = world.aws.scope_as(&role("r"), None).await.unwrap_err();
    assert_eq!((error.class, error.operation), (Class::Auth, "AssumeRole"), "{error}");
    until("the operator's own credentials are probed", async || {
        count(&world, "GetCallerIdentity").await >= 3
    })
    .await;
    for name in ["r", "s"] {
        assert_eq!(world.aws.scope_as(&role(name), None).await.unwrap_err().class, Class::Auth);
    }
    assert_eq!(count(&world, "AssumeRole").await, 1, "there is no point");
    let mut resumed = world.aws.resumed();
    own.configure(|settings| settings.auth_error = None).await;
    tokio::time::timeout(Duration::from_secs(20), resumed.changed()).await.unwrap().unwrap();
    assert_eq!(Tidings::news(&mut resumed, &mut Counts::new()), [Whose::Operator]);
    world.aws.scope_as(&role("r"), None).await.unwrap();
}

#[tokio::test]
async fn a_session_that_has_ended_is_replaced_and_the_call_is_worth_repeating() {
    let world = world().await;
    let scope = world.aws.scope_as(&role("r"), None).await.unwrap();
    get(&scope).await.unwrap();
    world.sim.control().clear_ledger().await;
    for operation in ["GetFunction", "GetCallerIdentity"] {
        other(&world)
            .inject(Fault::error(operation, 403, "ExpiredTokenException", "it has expired").times(1))
            .await;
    }
    let error = get(&scope).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "ExpiredTokenException"), "{error}");
    assert!(error.message.contains("renewed"), "{error}");
    let expected = [("GetCallerIdentity", false), ("AssumeRole", true), ("GetCallerIdentity", true)];
    assert_eq!(sts(&world).await, expected.map(|(operation, done)| (operation.to_owned(), done)));
    get(&scope).await.unwrap();
}

#[tokio::test]
async fn a_region_that_is_not_enabled_for_the_other_account_pauses_only_itself() {
    const CLOSED: &str = "ap-east-1";
    let world = world().await;
    let (here, closed) =
        (world.aws.scope_as(&role("r"), None).await, world.aws.scope_as(&role("r"), Some(CLOSED)).await);
    let (here, closed) = (here.unwrap(), closed.unwrap());
    let there = world.sim.control().account(OTHER, CLOSED);
    there.configure(|settings| settings.auth_error = Some(AuthError::unrecognized_client())).await;
    let error = get(&closed).await.unwrap_err();
    assert_eq!(error.class, Class::RegionRefused, "{error}");
    assert!(error.message.contains(CLOSED) && error.message.contains(OTHER), "{error}");
    get(&here).await.unwrap();
    assert_eq!(count(&world, "AssumeRole").await, 1, "the session is good");
}

#[tokio::test]
async fn what_a_forgotten_role_had_open_is_not_given_to_the_next() {
    let world = world().await;
    let before = world.aws.scope_as(&role("r"), None).await.unwrap();
    world.aws.forget_role("account-r");
    let after = world.aws.scope_as(&role("r"), None).await.unwrap();
    assert!(!Arc::ptr_eq(&before, &after));
    get(&before).await.unwrap();
    world.aws.shut_down();
    drop(after);
    assert_eq!(get(&before).await.unwrap_err().class, Class::ShuttingDown, "also who still has the old one");
}

#[tokio::test]
async fn all_who_work_in_an_account_share_its_quota() {
    let world = world_with(|settings| settings.quotas_enabled = true).await;
    world.aws.set_quota_share(OTHER, Some(0.01));
    let (one, two) = (world.aws.scope_as(&role("a"), None).await, world.aws.scope_as(&role("b"), None).await);
    let (one, two) = (one.unwrap(), two.unwrap());
    let started = tokio::time::Instant::now();
    get(&one).await.unwrap();
    get(&two).await.unwrap();
    assert!(started.elapsed() > Duration::from_millis(900), "one a second: {:?}", started.elapsed());
    world.aws.set_quota_share(OTHER, None);
    let started = tokio::time::Instant::now();
    for _ in 0..5 {
        get(&one).await.unwrap();
    }
    assert!(started.elapsed() < Duration::from_secs(3), "as set for all: {:?}", started.elapsed());
}

#[tokio::test]
async fn one_sweep_serves_two_roles_and_reads_with_the_credentials_of_the_owner() {
    let world = world().await;
    let (red, blue) =
        (world.aws.scope_as(&role("red"), None).await, world.aws.scope_as(&role("blue"), None).await);
    let (red, blue) = (red.unwrap(), blue.unwrap());
    let mut kept = Vec::new();
    for (name, scope) in [("a", &red), ("b", &blue)] {
        let configuration = plain(name);
        scope.create_function(name, &configuration, &zip(name), &BTreeMap::new(), USER).await.unwrap();
        other(&world).settle().await;
        let Observed { revision_id, code_sha256, configuration, .. } =
            scope.get_function(name, USER).await.unwrap().unwrap();
        let configuration_hash = Some(configuration_hash(&configuration));
        let expected =
            Expectation { revision_id, code_sha256, configuration_hash, reserved_concurrency: None };
        kept.push(scope.inventory().expect(name, expected));
    }
    // Nobody may list, so each is read.
    other(&world)
        .configure(|settings| {
            settings.deny.insert("ListFunctions".into());
        })
        .await;
    other(&world).clear_ledger().await;
    let (send, mut wakes) = tokio::sync::mpsc::unbounded_channel::<Wake>();
    let stop = CancellationToken::new();
    tokio::spawn(Arc::clone(&red).run_inventory(Duration::from_secs(1), Duration::ZERO, send, stop.clone()));
    other(&world).edit_function("b", serde_json::json!({"MemorySize": 512})).await;
    let wake = tokio::time::timeout(Duration::from_secs(30), wakes.recv()).await.unwrap().unwrap();
    assert_eq!((wake.account.as_str(), wake.name.as_str()), (OTHER, "b"));
    stop.cancel();
    let ledger = other(&world).ledger().await;
    for call in ledger.iter().filter(|call| call.operation == "GetFunction") {
        let owner = if call.resource.as_deref() == Some("a") { "/red/" } else { "/blue/" };
        assert!(call.principal.contains(owner), "{call:?}");
    }
    let listed = ledger.iter().filter(|call| call.operation == "ListFunctions");
    let asked: Vec<_> = listed.map(|call| call.principal.rsplit('/').next().unwrap()).collect();
    assert_eq!(asked[..2], ["session-red", "session-blue"], "whoever may");
}

#[tokio::test]
async fn limits_and_use_are_read_as_aws_gives_them() {
    let world = world().await;
    world.function(&plain("f")).await;
    let (limits, usage) = world.scope.account_settings(USER).await.unwrap();
    assert_eq!(
        (limits.concurrent_executions, limits.unreserved_concurrent_executions),
        (Some(1000), Some(1000))
    );
    assert_eq!((limits.code_size_zipped, limits.code_size_unzipped), (Some(52_428_800), Some(262_144_000)));
    assert_eq!(limits.total_code_size, Some(300 * 1024 * 1024 * 1024));
    assert!(
        usage.function_count == Some(1) && usage.total_code_size.is_some_and(|size| size > 0),
        "{usage:?}"
    );
}
