//! Two operators with one Lease: one works, and the other takes over without doing anything twice.

use std::time::Duration;

use cluster_tests::{World, fetch, function, serving_address};
use lambda_sim::{Fault, FaultEffect};
use serde_json::json;
use test_support::{Process, eventually};
use tokio::sync::{Mutex, MutexGuard};

/// Half of [`LONG`].
const PATIENCE: Duration = Duration::from_secs(30);
/// A Lease that expires while a test watches.
pub(crate) const SHORT: [&str; 6] =
    ["--lease-duration", "3s", "--lease-renew-deadline", "2s", "--lease-retry-period", "300ms"];
/// One that doesn't.
const LONG: [&str; 6] =
    ["--lease-duration", "60s", "--lease-renew-deadline", "40s", "--lease-retry-period", "300ms"];

/// There is one Lease that the operator's Role names: one test at a time.
static LEASE: Mutex<()> = Mutex::const_new(());

/// A leader, a standby, and their world.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) leader: Process,
    pub(crate) standby: Process,
    _lease: MutexGuard<'static, ()>,
}

impl Pair {
    pub(crate) async fn start(name: &str, timing: &[&str]) -> Self {
        let lease = LEASE.lock().await;
        let world = World::builder(name).without_operator().start().await;
        vacate(&world).await;
        let flags = [&["--lease-namespace", "lambda-operator-system"], timing].concat();
        let leader = world.operator_process("leader", &flags).await;
        leads(&leader).await;
        let standby = world.operator_process("standby", &flags).await;
        eventually(PATIENCE, "the standby sees the leader", || async {
            standby.log().contains("the leader lease has a new holder").then_some(())
        })
        .await;
        Self { world, leader, standby, _lease: lease }
    }

    pub(crate) async fn writes(&self) -> Vec<String> {
        let ledger = self.world.ledger().await;
        ledger.into_iter().filter(lambda_sim::Call::is_write).map(|call| call.operation).collect()
    }
}

/// Removes a Lease that a killed process of an earlier test still seems to hold.
async fn vacate(world: &World) {
    let kubectl = world.cluster.kubectl(world.cluster.admin_kubeconfig());
    let lease = ["-n", "lambda-operator-system", "delete", "lease", "lambda-operator", "--ignore-not-found"];
    kubectl.args(lease).run().await;
}

pub(crate) async fn leads(process: &Process) {
    eventually(PATIENCE, "it leads", || async { is_leading(process).then_some(()) }).await;
}

/// Also a standby is, or no rolling update would get past it.
async fn ready(process: &Process) {
    let address = serving_address(process).await;
    eventually(PATIENCE, "it is ready", || async {
        let answer = fetch(address, "/readyz").await;
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer) }
    })
    .await;
}

fn is_leading(process: &Process) -> bool {
    process.log().contains("leading cluster_id=")
}

#[tokio::test]
async fn of_two_operators_only_one_works() {
    let pair = Pair::start("lease-one", &SHORT).await;
    for number in 0..5 {
        pair.world.apply(&format!("f{number}"), function(json!({}))).await;
    }
    for number in 0..5 {
        pair.world.ready(&format!("f{number}")).await;
    }
    assert!(!is_leading(&pair.standby), "the standby does nothing");
    ready(&pair.leader).await;
    ready(&pair.standby).await;
    assert_eq!(pair.writes().await, ["CreateFunction"; 5]);
    let logins = pair.world.aws().ledger().await;
    let logins = logins.iter().filter(|call| call.operation == "GetCallerIdentity").count();
    assert_eq!(logins, 1, "the standby does not even log in to AWS");
}

#[tokio::test]
async fn the_other_takes_over_from_a_killed_leader_and_repeats_nothing() {
    let mut pair = Pair::start("lease-kill", &SHORT).await;
    pair.world.aws().inject(Fault::new("CreateFunction", FaultEffect::PauseAfter).times(1)).await;
    pair.world.apply("hello", function(json!({}))).await;
    pair.world.sim.control().wait_for_held().await;
    pair.leader.kill9();
    leads(&pair.standby).await;
    pair.world.ready("hello").await;
    assert_eq!(pair.writes().await, ["CreateFunction"]);
    ready(&pair.standby).await;
}

#[tokio::test]
async fn a_paused_leader_writes_nothing_when_it_wakes_and_ends() {
    let mut pair = Pair::start("lease-pause", &SHORT).await;
    pair.world.apply("hello", function(json!({}))).await;
    pair.world.ready("hello").await;
    pair.world.aws().clear_ledger().await;
    // The answer to this read is what the leader waits for before its write.
    pair.world.aws().inject(Fault::new("GetFunction", FaultEffect::PauseAfter).times(1)).await;
    pair.world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    pair.world.sim.control().wait_for_held().await;
    pair.leader.pause();
    leads(&pair.standby).await;
    pair.world.ready("hello").await;
    assert_eq!(pair.writes().await, ["UpdateFunctionConfiguration"], "the new leader's");
    let before = pair.world.functions().get("hello").await.unwrap();

    pair.world.sim.control().release().await;
    pair.leader.resume();
    let status = pair.leader.wait(PATIENCE).await;
    assert_eq!(status.code(), Some(1), "it must not go on");
    assert!(pair.leader.log().contains("error: the leader lease was lost"), "and says why");
    assert_eq!(pair.writes().await, ["UpdateFunctionConfiguration"], "the old leader wrote nothing");
    let after = pair.world.functions().get("hello").await.unwrap();
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version, "nor to the status");
}

#[tokio::test]
async fn a_leader_that_is_told_to_end_hands_over_at_once() {
    let mut pair = Pair::start("lease-term", &LONG).await;
    pair.world.apply("hello", function(json!({}))).await;
    pair.world.ready("hello").await;
    pair.leader.terminate();
    assert_eq!(pair.leader.wait(PATIENCE).await.code(), Some(0));
    // The lease alone would last a minute.
    leads(&pair.standby).await;
    pair.world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    pair.world.ready("hello").await;
    assert_eq!(pair.writes().await, ["CreateFunction", "UpdateFunctionConfiguration"]);
}
