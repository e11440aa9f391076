//! The seam that every call goes through: quota, gate, failures, and the pause while AWS refuses the credentials.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lambda_operator::aws::{
    Aws, AwsSettings, CallObserver, CallRecord, Class, NoObserver, QuotaClass, WriteGate,
};
use lambda_operator::function::model::Field;
use lambda_sim::{AuthError, Fault, FaultEffect, FaultError, Options, Sim};
use parking_lot::Mutex;

mod aws_support;
use aws_support::{ACCOUNT, REGION, USER, World, plain, settings, until, world, world_with, zip};

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[tokio::test]
async fn one_429_holds_everybody_back() {
    let (world, observer) = observed_world(|settings| settings.quotas_enabled = true).await;
    let throttled = FaultEffect::Error(FaultError::throttled());
    world.account.inject(Fault::new("TagResource", throttled).times(1)).await;
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:f");
    let error = world.scope.tag(&arn, &aws_support::map([("a", "b")]), USER).await.unwrap_err();
    assert_eq!((error.class, error.retry_after), (Class::Throttled, Some(Duration::from_secs(1))));
    let start = Instant::now();
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
    world.scope.list_functions(None, USER).await.unwrap();
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
    let waits = observer.calls.lock().clone();
    let wait = |operation| waits.iter().find(|r| r.operation == operation).unwrap().quota_wait_seconds;
    // What the reads themselves took counts neither way.
    assert!(wait("GetFunction") < 0.5, "another class isn't held back");
    assert!(wait("ListFunctions") > wait("GetFunction"), "its own class is");
}

#[tokio::test]
async fn the_operators_share_never_meets_a_429() {
    let world = world_with(|settings| settings.quotas_enabled = true).await;
    world.account.configure(|settings| settings.quotas = true).await;
    let calls = (0..25).map(|_| world.scope.list_functions(None, USER));
    let start = Instant::now();
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    let took = start.elapsed();
    assert!(took > Duration::from_millis(1900), "25 calls, 5 at once and 10 a second, took {took:?}");
}

#[tokio::test]
async fn a_cut_write_may_have_had_its_effect() {
    let world = world().await;
    world.account.inject(Fault::new("CreateFunction", FaultEffect::CutAfter).times(1)).await;
    let error = world.scope.create_function("f", &plain("f"), &zip("one"), &none(), USER).await.unwrap_err();
    assert_eq!((error.class, error.unknown_outcome), (Class::Transient, true), "{error}");
    assert_eq!(world.calls().await, ["CreateFunction"], "nothing is repeated behind our back");
    assert!(world.scope.get_function("f", USER).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cut_read_had_none() {
    let world = world().await;
    world.account.inject(Fault::new("GetFunction", FaultEffect::CutBefore).times(1)).await;
    let error = world.scope.get_function("f", USER).await.unwrap_err();
    assert_eq!((error.class, error.unknown_outcome), (Class::Transient, false), "{error}");
}

#[tokio::test]
async fn a_500_may_have_had_its_effect_and_is_not_repeated() {
    let world = world().await;
    world
        .account
        .inject(Fault::new("CreateFunction", FaultEffect::ErrorAfterEffect(FaultError::service())))
        .await;
    let error = world.scope.create_function("f", &plain("f"), &zip("one"), &none(), USER).await.unwrap_err();
    assert_eq!((error.class, error.unknown_outcome), (Class::Transient, true));
    assert_eq!(world.calls().await, ["CreateFunction"]);
}

#[tokio::test]
async fn a_refusal_certainly_had_none() {
    let world = world().await;
    world.account.inject(Fault::role_propagation("CreateFunction", 1)).await;
    let error = world.scope.create_function("f", &plain("f"), &zip("one"), &none(), USER).await.unwrap_err();
    assert_eq!((error.class, error.unknown_outcome), (Class::Propagating, false), "{error}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up() {
    let world = world_with(|settings| settings.call_timeout = Duration::from_millis(300)).await;
    world.account.inject(Fault::new("DeleteFunction", FaultEffect::PauseAfter)).await;
    let error = world.scope.delete_function("f", USER).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class), ("TimedOut", Class::Transient), "{error}");
    assert!(error.unknown_outcome);
}

#[tokio::test]
async fn a_refused_connection_certainly_had_no_effect() {
    let world = world().await;
    let address = world.sim.endpoint().trim_start_matches("http://").to_owned();
    drop(world.sim);
    until("the end of the simulator", async || tokio::net::TcpStream::connect(&address).await.is_err()).await;
    let error = world.scope.delete_function("f", USER).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.class), ("ConnectionFailed", Class::Transient), "{error}");
    assert!(!error.unknown_outcome, "{error}");
}

#[tokio::test]
async fn a_denied_operation_concerns_its_object_alone() {
    let world = world().await;
    world.account.configure(|settings| settings.deny = BTreeSet::from(["DeleteFunction".to_owned()])).await;
    let error = world.scope.delete_function("f", USER).await.unwrap_err();
    assert_eq!(error.class, Class::AccessDenied, "{error}");
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None, "nothing is paused");
}

/// A gate that can be shut.
#[derive(Default)]
struct Gate(AtomicBool);

impl WriteGate for Gate {
    fn check(&self) -> Result<(), String> {
        if self.0.load(Ordering::SeqCst) { Err("the lease has run out".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn who_does_not_lead_only_reads() {
    let sim = Sim::start(Options::default()).await.unwrap();
    let gate = Arc::new(Gate::default());
    let aws = Aws::new(settings(&sim), Arc::clone(&gate) as Arc<dyn WriteGate>, Arc::new(NoObserver));
    let scope = aws.scope(None).await.unwrap();
    sim.control().clear_ledger().await;
    gate.0.store(true, Ordering::SeqCst);
    let (plain, fields) = (plain("f"), BTreeSet::from([Field::Timeout]));
    let tags = aws_support::map([("a", "b")]);
    let errors = [
        scope.create_function("f", &plain, &zip("one"), &none(), USER).await.map(drop),
        scope.update_configuration("f", &plain, &fields, None, USER).await.map(drop),
        scope.update_code("f", &zip("two"), None, USER).await.map(drop),
        scope.delete_function("f", USER).await,
        scope.put_concurrency("f", 1, USER).await,
        scope.delete_concurrency("f", USER).await,
        scope.tag("arn", &tags, USER).await,
        scope.untag("arn", &["a".to_owned()], USER).await,
    ]
    .map(|answer| answer.unwrap_err());
    for error in errors {
        assert_eq!((error.class, error.message.as_str()), (Class::NotLeader, "the lease has run out"));
    }
    assert_eq!(sim.control().ledger().await, []);
    assert_eq!(scope.get_function("f", USER).await.unwrap(), None);
    gate.0.store(false, Ordering::SeqCst);
    scope.delete_function("f", USER).await.unwrap();
}

#[derive(Default)]
struct Observer {
    calls: Mutex<Vec<CallRecord>>,
    /// How many waited, each time that this changed.
    waiting: Mutex<Vec<usize>>,
}

impl CallObserver for Observer {
    fn call(&self, record: &CallRecord) {
        self.calls.lock().push(record.clone());
    }

    fn waiting(&self, account: &str, region: &str, _: QuotaClass, calls: usize) {
        assert_eq!((account, region), (ACCOUNT, REGION));
        self.waiting.lock().push(calls);
    }
}

async fn observed_world(change: impl FnOnce(&mut AwsSettings)) -> (World, Arc<Observer>) {
    let observer = Arc::new(Observer::default());
    let world = aws_support::observed(change, Arc::clone(&observer) as Arc<dyn CallObserver>).await;
    (world, observer)
}

#[tokio::test]
async fn every_call_is_told_of() {
    let (world, observer) = observed_world(|_| ()).await;
    world.scope.get_function("f", USER).await.unwrap();
    world.scope.list_functions(None, USER).await.unwrap();
    let records = observer.calls.lock().clone();
    let said: Vec<_> = records.iter().map(|r| (r.operation, r.code.as_str(), r.http_status)).collect();
    assert_eq!(
        said,
        [
            ("GetCallerIdentity", "OK", None),
            ("GetFunction", "ResourceNotFoundException", Some(404)),
            ("ListFunctions", "OK", None),
        ]
    );
    for (record, call) in records.iter().skip(1).zip(world.account.ledger().await) {
        assert_eq!((record.account.as_str(), record.region.as_str()), (ACCOUNT, REGION));
        assert_eq!(record.request_id.as_deref(), Some(call.request_id.as_str()));
    }
}

#[tokio::test]
async fn the_account_is_asked_for_once_and_scopes_are_shared() {
    let world = world().await;
    let (again, named) = tokio::join!(world.aws.scope(None), world.aws.scope(Some(REGION)));
    assert!(Arc::ptr_eq(&again.unwrap(), &world.scope) && Arc::ptr_eq(&named.unwrap(), &world.scope));
    let other = world.aws.scope(Some("us-east-1")).await.unwrap();
    assert_eq!((other.account(), other.region()), (ACCOUNT, "us-east-1"));
    assert_eq!(world.sim.control().ledger().await, []);
}

#[tokio::test]
async fn many_who_ask_at_once_cost_one_call() {
    let sim = Sim::start(Options::default()).await.unwrap();
    let aws = Aws::new(settings(&sim), Arc::new(Gate::default()), Arc::new(NoObserver));
    for scope in futures::future::join_all((0..20).map(|_| aws.scope(None))).await {
        scope.unwrap();
    }
    assert_eq!(sim.control().ledger().await.len(), 1);
}

#[tokio::test]
async fn refused_credentials_pause_everything_until_a_probe_succeeds() {
    let world = world().await;
    let mut resumed = world.aws.resumed();
    world.account.configure(|settings| settings.auth_error = Some(AuthError::expired_token())).await;
    let first = world.scope.get_function("f", USER).await.unwrap_err();
    assert_eq!((first.class, first.code.as_str()), (Class::Auth, "ExpiredTokenException"));
    let again = world.scope.delete_function("f", USER).await.unwrap_err();
    assert_eq!(again, first, "the same error without a call");
    assert_eq!(world.aws.scope(None).await.unwrap_err(), first);
    assert_eq!(world.calls().await, ["GetFunction", "GetCallerIdentity"], "STS refuses them too");

    // Nobody calls: the probes go on by themselves, ever more slowly.
    until("four probes", async || world.account.ledger().await.len() >= 4).await;
    let probes = world.account.ledger().await;
    assert!(probes.iter().all(|call| call.operation == "GetCallerIdentity"), "{probes:?}");
    for (pair, wait) in probes.windows(2).zip([99, 199, 199]) {
        assert!(pair[1].at_ms - pair[0].at_ms >= wait, "{probes:?}");
    }
    assert!(!resumed.has_changed().unwrap());

    world.account.configure(|settings| settings.auth_error = None).await;
    tokio::time::timeout(Duration::from_secs(10), resumed.changed()).await.unwrap().unwrap();
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
}

#[tokio::test]
async fn a_region_that_is_not_enabled_pauses_only_itself() {
    const CLOSED: &str = "me-south-1";
    let world = world_with(|settings| settings.probe_min = Duration::from_secs(2)).await;
    let (resumed, closed) = (world.aws.resumed(), world.sim.control().account(ACCOUNT, CLOSED));
    closed.configure(|settings| settings.auth_error = Some(AuthError::unrecognized_client())).await;
    let scope = world.aws.scope(Some(CLOSED)).await.unwrap();

    let (one, other) = tokio::join!(scope.get_function("f", USER), scope.get_function("g", USER));
    let (error, other) = (one.unwrap_err(), other.unwrap_err());
    assert_eq!((error.class, error.code.as_str()), (Class::RegionRefused, "UnrecognizedClientException"));
    assert_eq!(other.class, Class::RegionRefused);
    let text = format!(
        "The security token included in the request is invalid. The credentials work in {REGION}, so region {CLOSED} \
         is probably not enabled for account {ACCOUNT}"
    );
    assert_eq!(error.message, text);
    let sent = closed.ledger().await.len();
    assert_eq!(scope.delete_function("f", USER).await.unwrap_err().class, Class::RegionRefused);
    assert_eq!(closed.ledger().await.len(), sent, "the region is left alone");
    assert!(world.aws.scope(None).await.is_ok());
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None, "elsewhere the work goes on");
    let checks = world.calls().await.into_iter().filter(|operation| operation == "GetCallerIdentity").count();
    assert!((1..=2).contains(&checks), "{checks}");

    closed.configure(|settings| settings.auth_error = None).await;
    assert!(!resumed.has_changed().unwrap());
    until("a region that works", async || scope.get_function("f", USER).await.is_ok()).await;
    assert!(resumed.has_changed().unwrap(), "everybody there is worth another look");
}

#[tokio::test]
async fn each_try_in_a_region_that_is_not_enabled_doubles_the_wait() {
    let world = world().await;
    let closed = world.sim.control().account(ACCOUNT, "me-south-1");
    closed.configure(|settings| settings.auth_error = Some(AuthError::unrecognized_client())).await;
    let scope = world.aws.scope(Some("me-south-1")).await.unwrap();
    while closed.ledger().await.len() < 4 {
        assert_eq!(scope.get_function("f", USER).await.unwrap_err().class, Class::RegionRefused);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let at: Vec<u64> = closed.ledger().await.into_iter().map(|call| call.at_ms).collect();
    for (pair, wait) in at.windows(2).zip([49, 99, 199]) {
        assert!(pair[1] - pair[0] >= wait, "{at:?}");
    }
}

#[tokio::test]
async fn a_throttled_create_may_have_had_its_effect_and_another_write_had_none() {
    let world = world().await;
    let throttled = || FaultEffect::ErrorAfterEffect(FaultError::throttled());
    world.account.inject(Fault::new("CreateFunction", throttled()).times(1)).await;
    world.account.inject(Fault::new("TagResource", throttled()).times(1)).await;
    let create = world.scope.create_function("f", &plain("f"), &zip("one"), &none(), USER).await.unwrap_err();
    assert_eq!((create.class, create.unknown_outcome), (Class::Throttled, true), "{create}");
    let function = world.get("f").await;
    let tag = world.scope.tag(&function.arn, &aws_support::map([("a", "b")]), USER).await.unwrap_err();
    assert_eq!((tag.class, tag.unknown_outcome), (Class::Throttled, false), "{tag}");
}

#[tokio::test]
async fn a_failing_sts_pauses_too() {
    let sim = Sim::start(Options::default()).await.unwrap();
    let account = sim.control().account(ACCOUNT, REGION);
    account.configure(|settings| settings.auth_error = Some(AuthError::unrecognized_client())).await;
    let aws = Aws::new(settings(&sim), Arc::new(Gate::default()), Arc::new(NoObserver));
    let mut resumed = aws.resumed();
    let error = aws.scope(None).await.unwrap_err();
    assert_eq!((error.class, error.operation), (Class::Auth, "GetCallerIdentity"), "{error}");
    aws.scope(None).await.unwrap_err();
    assert_eq!(account.ledger().await.len(), 1);
    account.configure(|settings| settings.auth_error = None).await;
    tokio::time::timeout(Duration::from_secs(10), resumed.changed()).await.unwrap().unwrap();
    assert_eq!(aws.scope(None).await.unwrap().account(), ACCOUNT);
}

#[tokio::test]
async fn after_shutting_down_nothing_is_sent() {
    let (world, observer) = observed_world(|settings| settings.quotas_enabled = true).await;
    let long = FaultError { retry_after: Some(300), ..FaultError::throttled() };
    world.account.inject(Fault::new("DeleteFunction", FaultEffect::Error(long)).times(1)).await;
    world.scope.delete_function("f", USER).await.unwrap_err();
    world.account.clear_ledger().await;
    observer.waiting.lock().clear();
    let waiting = tokio::spawn({
        let scope = Arc::clone(&world.scope);
        async move { scope.list_functions(None, USER).await }
    });
    until("a call that waits", async || *observer.waiting.lock() == [1]).await;
    world.aws.shut_down();
    assert_eq!(waiting.await.unwrap().unwrap_err().class, Class::ShuttingDown);
    assert_eq!(*observer.waiting.lock(), [1, 0]);
    assert_eq!(world.scope.get_function("f", USER).await.unwrap_err().class, Class::ShuttingDown);
    let other = world.aws.scope(Some("us-east-1")).await.unwrap();
    assert_eq!(other.get_function("f", USER).await.unwrap_err().class, Class::ShuttingDown);
    assert_eq!(world.calls().await, Vec::<String>::new());
}
