//! What the kubelet is told: ready when every watch has listed what there is, alive while there is progress.

use std::net::SocketAddr;
use std::time::Duration;

use cluster_tests::{World, WorldBuilder, fetch, function};
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::eventually;

const PATIENCE: Duration = Duration::from_mins(1);

/// Serves the probes of a world at a port that was free a moment ago.
fn with_probes(name: &str) -> (WorldBuilder, SocketAddr) {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::builder(name).settings(|settings| settings.metrics_address = address);
    (world, address)
}

/// Waits for an answer with this status and text.
async fn answers(address: SocketAddr, path: &str, status: u16, text: &str) {
    let what = format!("{path} answers {status} {text}");
    eventually(PATIENCE, &what, || async {
        let answer = fetch(address, path).await;
        let as_wanted = answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(text);
        if as_wanted { Ok(()) } else { Err(answer) }
    })
    .await;
}

/// The rights of an operator of one namespace, on these references.
fn rules(references: &[&str]) -> Value {
    json!([
        {"apiGroups": ["lambda-operator.io"], "resources": ["*"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
        {"apiGroups": [""], "resources": references, "verbs": ["get", "list", "watch"]},
    ])
}

#[tokio::test]
async fn it_is_not_ready_before_every_watch_has_its_first_list_and_says_which_one_lacks_it() {
    let (builder, address) = with_probes("probes-ready");
    let world = builder
        .settings(|settings| settings.cluster_id = Some("probes".into()))
        .allowed(rules(&["configmaps"]))
        .start()
        .await;
    eventually(PATIENCE, "it serves", || async { tokio::net::TcpStream::connect(address).await.ok() }).await;
    let secrets = format!("the first list of Secret in {}", world.namespace.name());
    answers(address, "/readyz", 503, &secrets).await;
    answers(address, "/healthz", 200, "ok").await;
    world.apply("hello", function(json!({}))).await;
    assert_eq!(world.calls().await, Vec::<String>::new(), "nobody is visited before");

    world.grant(&rules(&["configmaps", "secrets"])).await;
    answers(address, "/readyz", 200, "ok").await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_visit_that_hangs_is_no_progress_until_it_moves() {
    let (builder, address) = with_probes("probes-stuck");
    let world = builder.settings(|settings| settings.stuck_after = Duration::from_millis(300)).start().await;
    world.aws().inject(Fault::new("CreateFunction", FaultEffect::PauseBefore).times(1)).await;
    world.apply("hello", function(json!({}))).await;
    world.sim.control().wait_for_held().await;
    answers(address, "/healthz", 503, "LambdaFunction").await;
    world.sim.control().release().await;
    world.ready("hello").await;
    answers(address, "/healthz", 200, "ok").await;
}

#[tokio::test]
async fn calls_that_wait_for_the_quota_are_no_reason_to_restart() {
    let (builder, address) = with_probes("probes-quota");
    let slow = builder.settings(|settings| {
        settings.stuck_after = Duration::from_millis(700);
        (settings.aws.quotas, settings.aws.quota_share) = (true, 0.05);
    });
    let world = slow.start().await;
    for number in 0..6 {
        world.apply(&format!("f{number}"), function(json!({}))).await;
    }
    // Less than a call a second: the last ones wait for several times as long as a visit may hang.
    for number in 0..6 {
        world.ready(&format!("f{number}")).await;
        let health = fetch(address, "/healthz").await;
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    }
    let metrics = fetch(address, "/metrics").await;
    let waited =
        metrics.lines().filter(|line| line.starts_with("lambda_operator_aws_quota_wait_seconds_sum"));
    let longest = waited.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).fold(0.0, f64::max);
    assert!(longest > 0.7, "calls waited for {longest} s in all");
}
