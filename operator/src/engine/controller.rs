//! The watch of one kind, and the shell around each visit.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use kube::api::Api;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::{ObjectRef, store::Store};
use kube::runtime::{Controller as KubeController, PredicateConfig, WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use lambda_operator_crds::{FINALIZER, ReferenceVersion};
use parking_lot::Mutex;
use tokio::sync::{OnceCell, mpsc};
use tracing::Instrument;

use crate::aws::Wake;
use crate::engine::kind::{Inputs, Kind};
use crate::engine::memory::{Counted, Memory, Seen, reconcile_at};
use crate::engine::pass::{Interrupt, Pass, now, version_of};
use crate::engine::shared::Shared;
use crate::engine::summary;
use crate::engine::verdict::Verdict;
use crate::k8s::references::{self, ObjectKey, ReferenceKey};
use crate::k8s::write::WriteError;

/// How long to give the cache to catch up with our own last write.
const CACHE_LAG: Duration = Duration::from_millis(20);

/// A resource in AWS: account, region, name.
type Place = (String, String, String);

/// Wakes objects of a namespace (`None`: of any).
struct Waker<O: Resource<DynamicType = ()>> {
    namespace: Option<String>,
    queue: mpsc::UnboundedSender<ObjectRef<O>>,
}

/// The controller of one kind.
pub struct Controller<K: Kind> {
    shared: Arc<Shared>,
    memories: Mutex<HashMap<ObjectKey, Memory>>,
    places: Mutex<HashMap<Place, ObjectKey>>,
    stores: Mutex<Vec<Store<K::Object>>>,
    primed: OnceCell<()>,
    wakers: Mutex<Vec<Waker<K::Object>>>,
}

impl<K: Kind> Controller<K> {
    /// A controller that has not begun to watch.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            memories: Mutex::default(),
            places: Mutex::default(),
            stores: Mutex::default(),
            primed: OnceCell::new(),
            wakers: Mutex::default(),
        })
    }

    /// Watches a namespace (`None`: all) until the operator stops; visits under way are finished.
    pub async fn run(self: Arc<Self>, namespace: Option<String>) {
        let client = self.shared.client.clone();
        let api = match &namespace {
            Some(namespace) => Api::<K::Object>::namespaced(client, namespace),
            None => Api::all(client),
        };
        let (queue, woken) = mpsc::unbounded_channel();
        self.wakers.lock().push(Waker { namespace, queue });
        let writer = kube::runtime::reflector::store::Writer::<K::Object>::default();
        let reader = writer.as_reader();
        self.stores.lock().push(reader.clone());
        let stream = watcher(api, watcher::Config::default())
            .default_backoff()
            .modify(|object| object.managed_fields_mut().clear())
            .reflect(writer)
            .applied_objects()
            .predicate_filter(worth_a_visit::<K::Object>, PredicateConfig::default());
        let config = ControllerConfig::default().concurrency(self.shared.concurrency);
        let stop = self.shared.stop.clone();
        KubeController::for_stream(stream, reader)
            .with_config(config)
            .reconcile_on(tokio_stream(woken))
            .graceful_shutdown_on(async move { stop.cancelled().await })
            .run(
                |object, cx| async move { Ok(cx.visit(object).await) },
                |_, _: &Infallible, _| Action::await_change(),
                self,
            )
            .for_each(|_| std::future::ready(()))
            .await;
    }

    /// Asks for a look at an object.
    pub fn wake(&self, key: &ObjectKey, suspicious: bool) {
        if suspicious {
            self.memories.lock().entry(key.clone()).or_default().suspicion = true;
        }
        let target = ObjectRef::<K::Object>::new(&key.name).within(&key.namespace);
        for Waker { namespace, queue } in self.wakers.lock().iter() {
            if namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace) {
                let _ = queue.send(target.clone());
            }
        }
    }

    /// Asks for a look at whatever a sweep names.
    pub fn wake_place(&self, wake: &Wake) {
        let place = (wake.account.clone(), wake.region.clone(), wake.name.clone());
        if let Some(key) = self.places.lock().get(&place).cloned() {
            self.wake(&key, true);
        }
    }

    /// Asks for a look at every object that has a problem: AWS can be reached again.
    pub fn wake_troubled(&self) {
        let troubled: Vec<ObjectKey> = {
            let mut memories = self.memories.lock();
            let troubled = memories.iter_mut().filter(|(_, memory)| memory.trouble.is_some());
            troubled
                .map(|(key, memory)| {
                    memory.suspicion = true;
                    key.clone()
                })
                .collect()
        };
        for key in &troubled {
            self.wake(key, false);
        }
    }

    /// Drops the memory of objects that are gone and had no finalizer.
    pub fn prune(&self) {
        let stores = self.stores.lock().clone();
        let gone = |key: &ObjectKey| {
            let target = ObjectRef::<K::Object>::new(&key.name).within(&key.namespace);
            stores.iter().all(|store| store.get(&target).is_none())
        };
        self.memories.lock().retain(|key, memory| {
            let gone = gone(key);
            if gone {
                self.count(memory, None);
            }
            !gone
        });
        self.places.lock().retain(|_, key| !gone(key));
    }

    /// Before the first visit: names what the first sweep has to look for.
    fn prime(&self) {
        for object in self.stores.lock().iter().flat_map(Store::state) {
            let status = K::status(&object);
            let common = K::common_status(&status);
            if let (Some(account), Some(region)) = (&common.account, &common.region) {
                self.shared.await_listing(account, region, K::aws_name(&object));
            }
        }
    }

    async fn visit(self: Arc<Self>, object: Arc<K::Object>) -> Action {
        let key = ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() };
        let span = tracing::info_span!("reconcile", kind = K::NAME, object = %summary::log_name(&*object));
        self.primed.get_or_init(|| async { self.prime() }).await;
        let mut memory = self.memories.lock().remove(&key).unwrap_or_default();
        let started = Instant::now();
        let result = self.step(&key, object, &mut memory).instrument(span.clone()).await;
        let _entered = span.enter();
        let (action, label) = self.next_visit(result, &mut memory);
        if let Some(label) = label {
            self.shared.metrics.reconciled(K::NAME, label, started.elapsed().as_secs_f64());
        }
        let Some(action) = action else {
            self.count(&mut memory, None);
            self.shared.references.register(&key, BTreeSet::new());
            self.places.lock().retain(|_, object| *object != key);
            return Action::await_change();
        };
        let mut memories = self.memories.lock();
        // Whoever asked for a look meanwhile has left that in a fresh memory.
        memory.suspicion |= memories.get(&key).is_some_and(|fresh| fresh.suspicion);
        let action = if memory.suspicion { Action::requeue(Duration::ZERO) } else { action };
        memories.insert(key, memory);
        action
    }

    /// Counts the object where its condition Ready now puts it; `None`: not any more.
    fn count(&self, memory: &mut Memory, now: Option<Counted>) {
        if memory.counted != now {
            let before = memory.counted.as_ref().map(Counted::standing);
            self.shared.metrics.object_moved(K::NAME, before, now.as_ref().map(Counted::standing));
            memory.counted = now;
        }
    }

    /// When to come again (`None`: the object is gone), and what the visit is counted as.
    fn next_visit(
        &self,
        result: Result<Outcome, Interrupt>,
        memory: &mut Memory,
    ) -> (Option<Action>, Option<&'static str>) {
        match result {
            Ok(Outcome::Quiet(wait)) => (Some(requeue(wait)), None),
            Ok(Outcome::Gone) => (None, Some("deleted")),
            Ok(Outcome::Concluded(verdict, reference_check)) => {
                let settled = matches!(verdict, Verdict::Settled(..));
                if let (true, Some(since)) = (settled, memory.working_since) {
                    self.shared.metrics.became_ready(K::NAME, since.elapsed().as_secs_f64());
                }
                let wait = memory.conclude(&verdict, Instant::now(), &self.shared.intervals, rand::random());
                let wait = if settled { reference_check } else { wait };
                memory.due = wait.map(|wait| Instant::now() + wait);
                (Some(requeue(wait)), Some(verdict.reason().as_str()))
            }
            Err(Interrupt::Write(WriteError::Gone)) => (None, Some("gone")),
            Err(Interrupt::Write(WriteError::Conflict)) => {
                memory.seen = None;
                (Some(Action::requeue(Duration::from_millis(50))), Some("conflict"))
            }
            Err(Interrupt::AwaitSweep) => {
                memory.seen = None;
                (Some(Action::requeue(Duration::from_millis(100))), None)
            }
            Err(Interrupt::Stopping) => (Some(Action::await_change()), None),
            Err(error) => {
                tracing::warn!(%error, "the visit could not be finished; it is repeated");
                memory.seen = None;
                (Some(Action::requeue(Duration::from_secs(2))), Some("error"))
            }
        }
    }

    async fn step(
        &self,
        key: &ObjectKey,
        object: Arc<K::Object>,
        memory: &mut Memory,
    ) -> Result<Outcome, Interrupt> {
        if memory.is_behind(&*object) {
            return Ok(Outcome::Quiet(Some(CACHE_LAG)));
        }
        let deleting = object.meta().deletion_timestamp.is_some();
        if deleting && !object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(Outcome::Gone);
        }
        let keys = if deleting { BTreeSet::new() } else { K::references(&object) };
        self.shared.references.register(key, keys.clone());
        let mut inputs = Inputs::new();
        let versions = self.versions(&keys, memory, &mut inputs).await?;
        let seen = Seen::of(&*object, versions.clone());
        let asked = memory.seen.as_ref() != Some(&seen);
        let due = memory.due.is_some_and(|due| due <= Instant::now());
        if !asked && !memory.suspicion && !due {
            return Ok(Outcome::Quiet(memory.due.map(|due| due.saturating_duration_since(Instant::now()))));
        }
        memory.turn_to(&seen, Instant::now());
        memory.seen = Some(seen);
        let check = self.reference_check(&keys);
        if K::common(&object).suspended() {
            return self.suspend(object, memory).await;
        }
        let calm = !memory.suspicion && memory.transition.is_none() && memory.trouble.is_none();
        if calm && summary::is_current::<K>(&object, &versions) && self.keep_watch(key, &object).await {
            memory.due = check.map(|wait| Instant::now() + wait);
            memory.working_since = None;
            self.count(memory, summary::standing::<K>(&object));
            return Ok(Outcome::Quiet(check));
        }
        let status = K::status(&object);
        let changed = changed::<K>(&object, &status, &versions);
        let asked = K::common_status(&status).last_handled_reconcile_at != reconcile_at(&*object);
        let shared = &self.shared;
        let mut pass = Pass::<K> {
            shared,
            object,
            memory,
            status,
            notes: Vec::new(),
            changed,
            asked,
            inputs,
            announced: false,
        };
        let result = if deleting {
            pass.run_deletion()
                .await
                .map(|verdict| verdict.map_or(Outcome::Gone, |v| Outcome::Concluded(v, None)))
        } else {
            pass.run().await.map(|verdict| Outcome::Concluded(verdict, check))
        };
        self.remember_place(key, &pass);
        self.count(pass.memory, summary::standing::<K>(&pass.object));
        let about = pass.object.object_ref(&());
        for note in std::mem::take(&mut pass.notes) {
            tracing::info!(reason = note.reason, "{}", note.text);
            self.shared.events.publish(note, about.clone());
        }
        result
    }

    /// The versions of what the spec refers to; what isn't watched is read, and kept for the pass, when it is due.
    async fn versions(
        &self,
        keys: &BTreeSet<ReferenceKey>,
        memory: &Memory,
        inputs: &mut Inputs,
    ) -> Result<Vec<ReferenceVersion>, Interrupt> {
        let mut versions = Vec::new();
        let due = memory.seen.is_none() || memory.due.is_some_and(|due| due <= Instant::now());
        for key in keys {
            match self.shared.references.version(key) {
                Some(version) => versions.push(version_of(key, version.as_ref())),
                None if due => match references::read(&self.shared.client, key).await {
                    Ok(contents) => {
                        versions.push(version_of(key, contents.as_ref().map(|contents| &contents.version)));
                        inputs.insert(key.clone(), contents);
                    }
                    // The pass says so in the status.
                    Err(error) if references::is_forbidden(&error) => {}
                    Err(error) => return Err(Interrupt::Reference(error)),
                },
                None => {
                    let before = memory.seen.iter().flat_map(|seen| &seen.references);
                    versions.extend(
                        before.filter(|v| v.name == key.object.name && v.kind == key.kind.as_str()).cloned(),
                    );
                }
            }
        }
        versions.sort();
        Ok(versions)
    }

    /// How often to look at references that aren't watched.
    fn reference_check(&self, keys: &BTreeSet<ReferenceKey>) -> Option<Duration> {
        let unwatched = keys.iter().any(|key| self.shared.references.version(key).is_none());
        unwatched.then_some(self.shared.reference_check)
    }

    async fn suspend(&self, object: Arc<K::Object>, memory: &mut Memory) -> Result<Outcome, Interrupt> {
        memory.due = None;
        memory.suspicion = false;
        let status = K::status(&object);
        let mut pass = Pass::<K> {
            shared: &self.shared,
            object: Arc::clone(&object),
            memory,
            status: status.clone(),
            notes: Vec::new(),
            changed: false,
            asked: false,
            inputs: Inputs::new(),
            announced: false,
        };
        let mut suspended = status;
        summary::suspend::<K>(&object, &mut suspended, &now());
        pass.write_status(&suspended).await?;
        Ok(Outcome::Quiet(None))
    }

    /// After a restart: hands an object that needs nothing to the inventory. False: it needs a visit after all.
    async fn keep_watch(&self, key: &ObjectKey, object: &K::Object) -> bool {
        let status = K::status(object);
        let common = K::common_status(&status);
        let region = K::common(object).region.as_deref();
        let Ok(scope) = self.shared.scope(region).await else { return false };
        if common.account.as_deref() != Some(scope.account())
            || common.region.as_deref() != Some(scope.region())
        {
            return false;
        }
        let place = (scope.account().to_owned(), scope.region().to_owned(), K::aws_name(object));
        self.places.lock().insert(place, key.clone());
        K::watch(&scope, object, &status, None);
        true
    }

    fn remember_place(&self, key: &ObjectKey, pass: &Pass<'_, K>) {
        let common = K::common_status(&pass.status);
        if let (Some(account), Some(region)) = (&common.account, &common.region) {
            let place = (account.clone(), region.clone(), K::aws_name(&pass.object));
            self.places.lock().insert(place, key.clone());
        }
    }
}

/// What a visit came to.
enum Outcome {
    /// Nothing was to be done.
    Quiet(Option<Duration>),
    /// The object has been let go.
    Gone,
    /// A verdict, and how often references that aren't watched want a look.
    Concluded(Verdict, Option<Duration>),
}

/// Whether the spec or a reference is another than the status speaks of.
fn changed<K: Kind>(object: &K::Object, status: &K::Status, versions: &[ReferenceVersion]) -> bool {
    let common = K::common_status(status);
    Some(common.observed_generation) != object.meta().generation || common.references != versions
}

fn requeue(wait: Option<Duration>) -> Action {
    wait.map_or_else(Action::await_change, Action::requeue)
}

/// What has to change for a visit: not the status, which is the operator's own.
#[expect(clippy::unnecessary_wraps, reason = "a predicate of kube may also have nothing to hash")]
fn worth_a_visit<O: Resource<DynamicType = ()>>(object: &O) -> Option<u64> {
    let meta = object.meta();
    let mut hasher = DefaultHasher::new();
    (meta.generation, meta.deletion_timestamp.is_some(), &meta.finalizers, reconcile_at(object))
        .hash(&mut hasher);
    Some(hasher.finish())
}

fn tokio_stream<T: Send + 'static>(
    receiver: mpsc::UnboundedReceiver<T>,
) -> impl futures::Stream<Item = T> + Send {
    futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|item| (item, receiver))
    })
}
