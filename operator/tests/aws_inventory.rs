//! The sweep and the rotation against the simulator: what is found, and what it costs.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lambda_operator::aws::{Expectation, Mode, Registration, Wake, Why, configuration_hash};
use lambda_operator::function::model::Observed;
use lambda_sim::{AuthError, Fault};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

mod aws_support;
use aws_support::{ACCOUNT, REGION, ROLE, World, world};

async fn put(world: &World, name: &str) {
    let function = json!({
        "FunctionName": name, "Role": ROLE, "Runtime": "nodejs22.x", "Handler": "i.h",
        "Code": {"S3Bucket": "b", "S3Key": "k"}, "Tags": {"team": "blue"},
    });
    world.account.put_function(function).await;
}

/// Puts a function there and registers it as it is.
async fn own(world: &World, name: &str) -> Registration {
    put(world, name).await;
    world.account.edit_function(name, json!({"ReservedConcurrentExecutions": 5})).await;
    let Observed { revision_id, code_sha256, configuration, live, .. } = world.get(name).await;
    let reserved_concurrency = live.unwrap().reserved_concurrency;
    let configuration_hash = Some(configuration_hash(&configuration));
    world
        .scope
        .inventory()
        .expect(name, Expectation { revision_id, code_sha256, configuration_hash, reserved_concurrency })
}

struct Running {
    wakes: UnboundedReceiver<Wake>,
    _stop: tokio_util::sync::DropGuard,
}

/// Intervals in milliseconds, zero for never.
fn run(world: &World, sweep: u64, rotation: u64) -> Running {
    let (send, wakes) = unbounded_channel();
    let stop = CancellationToken::new();
    let (sweep, rotation) = (Duration::from_millis(sweep), Duration::from_millis(rotation));
    tokio::spawn(Arc::clone(&world.scope).run_inventory(sweep, rotation, send, stop.clone()));
    Running { wakes, _stop: stop.drop_guard() }
}

impl Running {
    async fn next(&mut self) -> (String, Why) {
        let wake = tokio::time::timeout(Duration::from_secs(20), self.wakes.recv()).await.unwrap().unwrap();
        assert_eq!((wake.account.as_str(), wake.region.as_str()), (ACCOUNT, REGION));
        (wake.name, wake.why)
    }
}

async fn swept(world: &World) {
    let done = async {
        while !world.scope.inventory().first_sweep_done() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
}

#[tokio::test]
async fn the_first_sweep_finds_what_changed_before() {
    let world = world().await;
    let _kept = [own(&world, "same").await, own(&world, "changed").await, own(&world, "gone").await];
    put(&world, "foreign").await;
    world.account.edit_function("changed", json!({"MemorySize": 512})).await;
    world.account.remove_function("gone").await;
    world.account.clear_ledger().await;
    let mut running = run(&world, 0, 0);
    let found = BTreeSet::from([running.next().await, running.next().await]);
    assert_eq!(
        found,
        BTreeSet::from([("changed".to_owned(), Why::Changed), ("gone".to_owned(), Why::Vanished)])
    );
    assert_eq!(world.calls().await, ["ListFunctions"]);
    let inventory = world.scope.inventory();
    assert_eq!(inventory.mode(), Mode::List);
    assert_eq!(inventory.take_listed("changed").unwrap().configuration.memory_size, 512);
    assert_eq!(inventory.take_listed("foreign"), None);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.calls().await, Vec::<String>::new(), "no interval, no second sweep");
}

#[tokio::test]
async fn a_wanted_function_is_handed_over_by_the_first_sweep() {
    let world = world().await;
    put(&world, "f").await;
    world.scope.inventory().want("f");
    let _running = run(&world, 0, 0);
    swept(&world).await;
    assert_eq!(world.scope.inventory().take_listed("f").unwrap().configuration.role, ROLE);
    assert_eq!(world.scope.inventory().take_listed("f"), None);
}

#[tokio::test]
async fn later_sweeps_find_what_changes_later() {
    let world = world().await;
    let _kept = own(&world, "f").await;
    let mut running = run(&world, 200, 0);
    swept(&world).await;
    world.account.edit_function("f", json!({"Description": "by hand"})).await;
    assert_eq!(running.next().await, ("f".to_owned(), Why::Changed));
}

#[tokio::test]
async fn a_few_functions_of_a_large_account_are_read_one_by_one() {
    let world = world().await;
    let _kept = own(&world, "f").await;
    for n in 0..120 {
        put(&world, &format!("other{n}")).await;
    }
    world.account.clear_ledger().await;
    let mut running = run(&world, 300, 0);
    swept(&world).await;
    assert_eq!(world.scope.inventory().mode(), Mode::PerResource);
    world.account.edit_function("f", json!({"MemorySize": 256})).await;
    assert_eq!(running.next().await, ("f".to_owned(), Why::Changed));
    let calls = world.calls().await;
    assert_eq!(calls[..3], ["ListFunctions", "ListFunctions", "ListFunctions"]);
    assert!(calls[3..].iter().all(|operation| operation == "GetFunction"), "{calls:?}");
    world.account.remove_function("f").await;
    while running.next().await != ("f".to_owned(), Why::Vanished) {}
}

#[tokio::test]
async fn without_permission_to_list_each_function_is_read() {
    let world = world().await;
    let _kept = own(&world, "f").await;
    world.account.configure(|settings| settings.deny = BTreeSet::from(["ListFunctions".to_owned()])).await;
    world.account.edit_function("f", json!({"MemorySize": 256})).await;
    world.account.clear_ledger().await;
    let mut running = run(&world, 0, 0);
    assert_eq!(running.next().await, ("f".to_owned(), Why::Changed));
    assert_eq!(world.calls().await, ["ListFunctions", "GetFunction"]);
    assert_eq!(world.scope.inventory().mode(), Mode::PerResource);
}

#[tokio::test]
async fn a_function_that_may_not_be_read_has_not_vanished() {
    let world = world().await;
    let _kept = own(&world, "f").await;
    let denied = BTreeSet::from(["ListFunctions".to_owned(), "GetFunction".to_owned()]);
    world.account.configure(|settings| settings.deny = denied).await;
    let mut running = run(&world, 0, 0);
    swept(&world).await;
    assert!(running.wakes.try_recv().is_err());
}

#[tokio::test]
async fn a_sweep_that_fails_reports_nothing_as_vanished() {
    let world = world().await;
    for n in 0..60 {
        put(&world, &format!("a{n:02}")).await;
    }
    let _kept = own(&world, "z").await;
    let fault = Fault::error("ListFunctions", 500, "ServiceException", "trouble").nth(2);
    world.account.inject(fault).await;
    let mut running = run(&world, 0, 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!world.scope.inventory().first_sweep_done());
    assert!(running.wakes.try_recv().is_err());
}

#[tokio::test]
async fn the_rotation_finds_what_lists_do_not_show() {
    let world = world().await;
    let mut kept = own(&world, "f").await;
    let mut running = run(&world, 0, 100);
    swept(&world).await;
    let changes = [
        json!({"Tags": {"team": "red"}}),
        json!({"ReservedConcurrentExecutions": 3}),
        json!({"State": "Pending"}),
    ];
    for changes in changes {
        // The simulator's edits don't all move the revision, and neither do all of AWS's.
        world.account.edit_function("f", changes.clone()).await;
        assert_eq!(running.next().await, ("f".to_owned(), Why::Changed), "{changes}");
        drop(std::mem::replace(&mut kept, own(&world, "f").await));
        while running.wakes.try_recv().is_ok() {}
    }
    world.account.remove_function("f").await;
    while running.next().await.1 != Why::Vanished {}
}

#[tokio::test]
async fn refused_credentials_report_nothing() {
    let world = world().await;
    let _kept = own(&world, "f").await;
    world.account.configure(|settings| settings.auth_error = Some(AuthError::expired_token())).await;
    world.account.clear_ledger().await;
    let mut running = run(&world, 100, 50);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(running.wakes.try_recv().is_err());
    let calls = world.calls().await;
    let others = calls.iter().filter(|operation| *operation != "GetCallerIdentity").count();
    assert!(others <= 1, "{calls:?}");
}
