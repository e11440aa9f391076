//! The seam that every call goes through: quota, gate, failures, and the pause while AWS refuses the credentials.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lambda_operator::aws::{Aws, CallObserver, CallRecord, Class, NoObserver, QuotaClass, WriteGate};
use lambda_operator::function::model::Field;
use lambda_sim::{AuthError, Fault, FaultEffect, FaultError, Options, Sim};
use parking_lot::Mutex;

mod aws_support;
use aws_support::{ACCOUNT, REGION, USER, plain, settings, world, world_with, zip};

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[tokio::test]
async fn one_429_holds_everybody_back() {
    let world = world_with(|settings| settings.quotas_enabled = true).await;
    let throttled = FaultEffect::Error(FaultError::throttled());
    world.account.inject(Fault::new("TagResource", throttled).times(1)).await;
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:f");
    let error = world.scope.tag(&arn, &aws_support::map([("a", "b")]), USER).await.unwrap_err();
    assert_eq!((error.class, error.retry_after), (Class::Throttled, Some(Duration::from_secs(1))));
    let start = Instant::now();
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
    assert!(start.elapsed() < Duration::from_millis(900), "another class isn't held back");
    world.scope.account_settings(USER).await.unwrap();
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(world.scope.quota().waited(QuotaClass::Rest) > Duration::from_millis(900));
}

#[tokio::test]
async fn the_operators_share_never_meets_a_429() {
    let world = world_with(|settings| settings.quotas_enabled = true).await;
    world.account.configure(|settings| settings.quotas = true).await;
    let calls = (0..25).map(|_| world.scope.account_settings(USER));
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
    drop(world.sim);
    tokio::time::sleep(Duration::from_millis(50)).await;
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
    assert_eq!(world.aws.paused(), None);
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
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
struct Observer(Mutex<Vec<CallRecord>>);

impl CallObserver for Observer {
    fn call(&self, record: &CallRecord) {
        self.0.lock().push(record.clone());
    }
}

#[tokio::test]
async fn every_call_is_told_of() {
    let sim = Sim::start(Options::default()).await.unwrap();
    let observer = Arc::new(Observer::default());
    let aws =
        Aws::new(settings(&sim), Arc::new(Gate::default()), Arc::clone(&observer) as Arc<dyn CallObserver>);
    let scope = aws.scope(None).await.unwrap();
    scope.get_function("f", USER).await.unwrap();
    scope.account_settings(USER).await.unwrap();
    let records = observer.0.lock().clone();
    let said: Vec<_> = records.iter().map(|r| (r.operation, r.code.as_str(), r.http_status)).collect();
    assert_eq!(
        said,
        [
            ("GetCallerIdentity", "OK", None),
            ("GetFunction", "ResourceNotFoundException", Some(404)),
            ("GetAccountSettings", "OK", None),
        ]
    );
    let ledger = sim.control().account(ACCOUNT, REGION).ledger().await;
    for (record, call) in records.iter().zip(ledger).skip(1) {
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
    assert_eq!(world.aws.scopes().len(), 2);
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
    assert_eq!(world.calls().await, ["GetFunction"]);

    // Nobody calls: the probes go on by themselves, ever more slowly.
    tokio::time::sleep(Duration::from_millis(800)).await;
    let probes = world.calls().await;
    assert!(probes.iter().all(|operation| operation == "GetCallerIdentity"), "{probes:?}");
    assert!((1..=6).contains(&probes.len()), "{probes:?}");
    assert_eq!(world.aws.paused().unwrap().class, Class::Auth);
    assert!(!resumed.has_changed().unwrap());

    world.account.configure(|settings| settings.auth_error = None).await;
    tokio::time::timeout(Duration::from_secs(10), resumed.changed()).await.unwrap().unwrap();
    assert_eq!(world.aws.paused(), None);
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
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
    let world = world_with(|settings| settings.quotas_enabled = true).await;
    world.scope.quota().back_off(QuotaClass::Rest, Duration::from_mins(5));
    let waiting = tokio::spawn({
        let scope = Arc::clone(&world.scope);
        async move { scope.account_settings(USER).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.scope.quota().waiting(QuotaClass::Rest), 1);
    world.aws.shut_down();
    assert_eq!(waiting.await.unwrap().unwrap_err().class, Class::ShuttingDown);
    assert_eq!(world.scope.get_function("f", USER).await.unwrap_err().class, Class::ShuttingDown);
    let other = world.aws.scope(Some("us-east-1")).await.unwrap();
    assert_eq!(other.get_function("f", USER).await.unwrap_err().class, Class::ShuttingDown);
    assert_eq!(world.calls().await, Vec::<String>::new());
}
