//! Leader election against a real API server: takeover, release, and never two leaders at the same time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use lambda_operator::runtime::lease::View;
use lambda_operator::runtime::{LeaderSettings, Leadership, Metrics, NotLeader, Watchdog};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use test_support::Cluster;
use tokio::runtime::{Builder, Runtime};

const LEASE: &str = "lambda-operator";
/// Long enough for a busy machine; what is meant to be quick takes far less.
const PATIENCE: Duration = Duration::from_secs(30);

/// Short times, in the proportions of the default ones.
fn brief(namespace: &str, identity: &str) -> LeaderSettings {
    LeaderSettings {
        namespace: namespace.to_owned(),
        name: LEASE.to_owned(),
        identity: identity.to_owned(),
        lease_duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry_period: Duration::from_millis(300),
    }
}

/// One process's part of an election, on a runtime of its own that can be frozen or killed.
struct Contender {
    runtime: Option<Runtime>,
    leadership: Leadership,
}

impl Contender {
    async fn start(settings: LeaderSettings) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be built");
        let started = runtime.spawn(async {
            let client = Cluster::shared().await.admin_client().await;
            Leadership::contend(client, settings, Metrics::new(), &Watchdog::default())
        });
        Self { leadership: started.await.expect("it starts"), runtime: Some(runtime) }
    }

    /// Stops everything in it, timers included, as SIGSTOP does, until what this returns is dropped.
    fn freeze(&self) -> mpsc::Sender<()> {
        let runtime = self.runtime.as_ref().expect("it was not killed");
        let (thaw, frozen) = mpsc::channel();
        drop(runtime.spawn(async move {
            // Ends with an error, when the other end is dropped.
            let _ = frozen.recv();
        }));
        thaw
    }

    /// Ends it without a word, as SIGKILL does; its handle remains for questions.
    fn kill(&mut self) {
        self.runtime.take().expect("it was not killed yet").shutdown_background();
    }

    async fn leads(&self) {
        let led = tokio::time::timeout(PATIENCE, self.leadership.wait_until_leader()).await;
        assert_eq!(led.expect("it should lead by now"), Ok(()));
        assert_eq!(self.leadership.check(), Ok(()));
    }

    async fn has_lost(&self) {
        let lost = tokio::time::timeout(PATIENCE, self.leadership.lost()).await;
        lost.expect("it should have lost leadership by now");
        assert_eq!(self.leadership.check(), Err(NotLeader));
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[tokio::test]
async fn a_leader_that_stops_renewing_is_replaced_after_its_time_and_not_before() {
    let namespace = Cluster::shared().await.namespace("lease").await;
    let watch = Observer::start();
    let first = Contender::start(brief(namespace.name(), "first")).await;
    watch.add(&first);
    first.leads().await;
    let second = Contender::start(brief(namespace.name(), "second")).await;
    watch.add(&second);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(first.leadership.check(), Ok(()), "a renewed lease is kept");
    assert_eq!(second.leadership.check(), Err(NotLeader));

    let (frozen, thaw) = (Instant::now(), first.freeze());
    // How soon each side notices is up to the machine; that they never overlap is not, and the observer sees to it.
    second.leads().await;
    watch.has_seen(2).await;
    let taken = frozen.elapsed();
    assert!(taken >= Duration::from_millis(2500), "taken over after {taken:?}");
    assert_eq!(first.leadership.check(), Err(NotLeader), "while it is frozen");
    drop(thaw);
    first.has_lost().await;
    assert_eq!(watch.stop(), 2);

    let spec = namespace.api::<Lease>().get(LEASE).await.unwrap().spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some("second"));
    assert_eq!(spec.lease_transitions, Some(1));
    assert_eq!(spec.lease_duration_seconds, Some(3));
}

#[tokio::test]
async fn a_released_lease_is_taken_at_once() {
    let namespace = Cluster::shared().await.namespace("lease").await;
    let settings = |identity| LeaderSettings {
        lease_duration: Duration::from_mins(5),
        renew_deadline: Duration::from_mins(4),
        ..brief(namespace.name(), identity)
    };
    let first = Contender::start(settings("first")).await;
    first.leads().await;
    let second = Contender::start(settings("second")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let released = first.runtime.as_ref().unwrap().spawn({
        let leadership = first.leadership.clone();
        async move { leadership.release().await }
    });
    released.await.unwrap();
    assert_eq!(first.leadership.check(), Err(NotLeader));
    second.leads().await;
    first.has_lost().await;
    assert_eq!(first.leadership.wait_until_leader().await, Err(NotLeader));
}

#[tokio::test]
async fn an_edit_by_somebody_else_costs_the_leader_nothing_and_another_holder_costs_it_the_lease() {
    let namespace = Cluster::shared().await.namespace("lease").await;
    let leases = namespace.api::<Lease>();
    let leader = Contender::start(brief(namespace.name(), "leader")).await;
    leader.leads().await;
    let patch = async |patch: serde_json::Value| {
        leases.patch(LEASE, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    };

    patch(serde_json::json!({ "metadata": { "annotations": { "somebody": "was here" } } })).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(leader.leadership.check(), Ok(()));
    assert!(leases.get(LEASE).await.unwrap().metadata.annotations.is_some(), "the edit is kept");

    patch(serde_json::json!({ "spec": { "holderIdentity": "usurper" } })).await;
    leader.has_lost().await;
    let spec = leases.get(LEASE).await.unwrap().spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some("usurper"));
}

#[tokio::test]
async fn of_two_writes_on_one_version_the_second_loses() {
    let namespace = Cluster::shared().await.namespace("lease").await;
    let leases = namespace.api::<Lease>();
    let claim = async |identity: &str, seen: Option<Lease>| {
        let settings = brief(namespace.name(), identity);
        let mut view = View::default();
        view.observe(Instant::now(), seen, &settings);
        let lease = view.claim(Timestamp::now(), &settings);
        match &lease.metadata.resource_version {
            Some(_) => leases.replace(LEASE, &PostParams::default(), &lease).await,
            None => leases.create(&PostParams::default(), &lease).await,
        }
    };
    let code = |answer: kube::Result<Lease>| match answer {
        Err(kube::Error::Api(status)) => status.code,
        other => panic!("expected a refusal, got {other:?}"),
    };

    let seen = claim("a", None).await.unwrap();
    assert_eq!(code(claim("b", None).await), 409, "both saw no lease");
    claim("b", Some(seen.clone())).await.unwrap();
    assert_eq!(code(claim("c", Some(seen)).await), 409, "both saw the lease of a");
    let spec = leases.get(LEASE).await.unwrap().spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some("b"));
    assert_eq!(spec.lease_transitions, Some(1));
}

#[tokio::test]
async fn there_are_never_two_leaders() {
    const RUN: Duration = Duration::from_secs(12);
    // Where chance leaves the leader alone for long, it goes on.
    const LONGEST: Duration = Duration::from_mins(2);
    const LEADERS: usize = 3;
    let seed = std::env::var("LEASE_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("what happens and when follows from LEASE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let namespace = Cluster::shared().await.namespace("lease").await;
    let mut number = 0;
    let mut next = || {
        number += 1;
        brief(namespace.name(), &format!("contender-{number}"))
    };
    let watch = Observer::start();
    let mut contenders = Vec::new();
    let start = Instant::now();
    while start.elapsed() < RUN || (watch.leaders() < LEADERS && start.elapsed() < LONGEST) {
        contenders.retain(|contender: &Contender| contender.runtime.is_some());
        while contenders.len() < 4 {
            let contender = Contender::start(next()).await;
            watch.add(&contender);
            contenders.push(contender);
        }
        let pause = random.random_range(100..1500);
        let action = *["kill", "freeze", "release", "edit"].choose(&mut random).unwrap();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let Some(leader) = contenders.iter_mut().find(|contender| contender.leadership.check().is_ok())
        else {
            continue;
        };
        match action {
            "kill" => leader.kill(),
            "freeze" => {
                let thaw = leader.freeze();
                tokio::time::sleep(Duration::from_millis(pause * 5)).await;
                drop(thaw);
                let _ = tokio::time::timeout(Duration::from_millis(pause), leader.leadership.lost()).await;
                leader.kill();
            }
            "release" => {
                leader.leadership.release().await;
                leader.kill();
            }
            _ => disturb(&namespace.api()).await,
        }
    }
    let leaders = watch.stop();
    assert!(leaders >= LEADERS, "leadership should have moved; {leaders} of {number} contenders led");
}

/// Changes the lease under everybody's feet, without changing what it says.
async fn disturb(leases: &Api<Lease>) {
    let edit = serde_json::json!({ "metadata": { "annotations": { "at": Timestamp::now().to_string() } } });
    leases.patch(LEASE, &PatchParams::default(), &Patch::Merge(&edit)).await.expect("a Lease can be edited");
}

/// Asks all contenders all the time, from a thread that nothing else holds up.
struct Observer {
    contenders: Arc<Mutex<Vec<Leadership>>>,
    stop: Arc<AtomicBool>,
    /// How many have been seen to lead.
    seen: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Observer {
    fn start() -> Self {
        let contenders = Arc::<Mutex<Vec<Leadership>>>::default();
        let (stop, seen) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (theirs, until, count) = (Arc::clone(&contenders), Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            let mut led = Vec::new();
            while !until.load(Ordering::Relaxed) {
                let contenders = theirs.lock().clone();
                led.resize(contenders.len(), false);
                for (one, leadership) in contenders.iter().enumerate() {
                    if leadership.check().is_err() {
                        continue;
                    }
                    led[one] = true;
                    let others = contenders.iter().enumerate().filter(|(other, _)| *other != one);
                    let also = others.filter(|(_, leadership)| leadership.check().is_ok()).count();
                    // It led before and after the others were asked, so it led meanwhile.
                    assert!(also == 0 || leadership.check().is_err(), "two leaders at the same time");
                }
                count.store(led.iter().filter(|led| **led).count(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Self { contenders, stop, seen, thread }
    }

    fn add(&self, contender: &Contender) {
        self.contenders.lock().push(contender.leadership.clone());
    }

    /// Waits until so many have been seen to lead: on a busy machine the thread comes to it late.
    async fn has_seen(&self, leaders: usize) {
        let busy = || self.leaders() < leaders && !self.thread.is_finished();
        while busy() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// How many have been seen to lead so far.
    fn leaders(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }

    /// How many led at some time.
    fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("never two leaders");
        self.seen.load(Ordering::Relaxed)
    }
}
