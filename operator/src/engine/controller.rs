//! The watch of one kind: what wakes an object, and where the objects are in AWS.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use kube::api::Api;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::{ObjectRef, store::Store};
use kube::runtime::{Controller as KubeController, PredicateConfig, WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use lambda_operator_crds::ManagementPolicy;
use lambda_operator_crds::conditions::{ConditionType, Reason};
use parking_lot::Mutex;
use tokio::sync::{OnceCell, mpsc};

use crate::account::Applicant;
use crate::aws::{Listed, Wake, Whose};
use crate::engine::kind::{Kind, Offering};
use crate::engine::memory::{Memory, reconcile_at};
use crate::engine::queue::Queue;
use crate::engine::rivals::Claim;
use crate::engine::shared::Shared;
use crate::k8s::LAST_APPLIED;
use crate::k8s::conditions;
use crate::k8s::references::{ObjectKey, Offer, ReferenceKey, ReferenceKind, References};
use crate::runtime::metrics::Standing;
use crate::runtime::readiness::first_list;

/// A resource in AWS: account, region, name.
type Place = (String, String, String);

/// Which objects stand for which resource. More than one may: one owns it, others observe it or dispute it.
type Places = HashMap<Place, BTreeSet<ObjectKey>>;

/// A controller whichever its kind, for those that only start and wake it.
pub trait AnyController: Send + Sync {
    /// Its kind.
    fn kind(&self) -> ReferenceKind;
    /// See [`Controller::run`].
    fn run(self: Arc<Self>, namespace: Option<String>) -> BoxFuture<'static, ()>;
    /// See [`Controller::rotate`].
    fn rotate(self: Arc<Self>) -> BoxFuture<'static, ()>;
    /// See [`Controller::wake`].
    fn wake(&self, key: &ObjectKey, suspicious: bool);
    /// See [`Controller::wake_place`].
    fn wake_place(&self, wake: &Wake);
    /// See [`Controller::wake_troubled`].
    fn wake_troubled(&self, whose: &Whose);
    /// AWS refuses these credentials from now on.
    fn refused(&self, _whose: &Whose) {}
    /// See [`Controller::prune`].
    fn prune(&self);
}

impl<K: Kind> AnyController for Controller<K> {
    fn kind(&self) -> ReferenceKind {
        K::KIND
    }

    fn run(self: Arc<Self>, namespace: Option<String>) -> BoxFuture<'static, ()> {
        Box::pin(Self::run(self, namespace))
    }

    fn rotate(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(Self::rotate(self))
    }

    fn wake(&self, key: &ObjectKey, suspicious: bool) {
        self.wake(key, suspicious);
    }

    fn wake_place(&self, wake: &Wake) {
        self.wake_place(wake);
    }

    fn wake_troubled(&self, whose: &Whose) {
        self.wake_troubled(whose);
    }

    fn prune(&self) {
        self.prune();
    }
}

/// Wakes objects of a namespace (`None`: of any).
struct Waker<O: Resource<DynamicType = ()>> {
    namespace: Option<String>,
    queue: mpsc::UnboundedSender<ObjectRef<O>>,
}

/// The controller of one kind.
pub struct Controller<K: Kind> {
    pub(super) shared: Arc<Shared>,
    pub(super) memories: Mutex<HashMap<ObjectKey, Memory>>,
    places: Mutex<Places>,
    stores: Mutex<Vec<Store<K::Object>>>,
    primed: OnceCell<()>,
    wakers: Mutex<Vec<Waker<K::Object>>>,
    /// Who waits for a visit.
    pub(super) queue: Arc<Queue>,
}

impl<K: Kind> Controller<K> {
    /// A controller that has not begun to watch.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        let queue = Queue::watched(K::NAME, &shared);
        Arc::new(Self {
            queue,
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
        let list = first_list(K::NAME, namespace.as_deref());
        self.wakers.lock().push(Waker { namespace, queue });
        let writer = kube::runtime::reflector::store::Writer::<K::Object>::default();
        let reader = writer.as_reader();
        self.stores.lock().push(reader.clone());
        let (observer, asked) = (Arc::clone(&self), Arc::clone(&self.queue));
        let stream = watcher(api, watcher::Config::default())
            .default_backoff()
            .modify(slim)
            .reflect(writer)
            .inspect(move |event| observer.take_in(event, &list))
            .applied_objects()
            .predicate_filter(worth_a_visit::<K::Object>, PredicateConfig::default())
            .inspect_ok(move |object| asked.add(key_of(object), Instant::now()));
        let config = ControllerConfig::default().concurrency(self.shared.concurrency);
        let stop = self.shared.stop.clone();
        KubeController::for_stream(stream, reader)
            .with_config(config)
            .reconcile_on(stream_of(woken))
            .graceful_shutdown_on(async move { stop.cancelled().await })
            .run(
                |object, cx| async move { Ok(cx.visit(object).await) },
                |_, _: &Infallible, _| Action::await_change(),
                self,
            )
            .for_each(|_| std::future::ready(()))
            .await;
    }

    /// What the watches know.
    pub(super) fn stores(&self) -> Vec<Store<K::Object>> {
        self.stores.lock().clone()
    }

    /// Keeps the index of references up to date with the watch, before anybody visits.
    fn take_in(&self, event: &watcher::Result<watcher::Event<K::Object>>, list: &str) {
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => {
                let me = Self::reference(&key_of(object));
                let status = K::status(object);
                self.shared.references.register(&me, K::references(object));
                let who = applicant::<K>(object);
                self.shared.accounts.registered(&me, who.account(), who.pinned);
                self.shared.rivals.claim(&me, claim::<K>(object, &status, &self.shared.references));
                self.shared.usage.uses(&me, K::uses(object, &status));
                self.shared.usage.awaits(&me, &K::awaits(object, &status));
                self.shared.references.offered(me, offer::<K>(object));
            }
            Ok(watcher::Event::Delete(object)) => self.forget(&key_of(object)),
            Ok(watcher::Event::InitDone) => {
                self.prune();
                self.shared.listing_is_in(list);
            }
            Ok(watcher::Event::Init) => {}
            Err(error) => tracing::warn!(kind = K::NAME, %error, "the watch failed; it is started again"),
        }
    }

    fn reference(key: &ObjectKey) -> ReferenceKey {
        ReferenceKey { kind: K::KIND, object: key.clone() }
    }

    /// The object is gone.
    fn forget(&self, key: &ObjectKey) {
        if let Some(mut memory) = self.memories.lock().remove(key) {
            self.count(&mut memory, None);
        }
        self.queue.take(key);
        self.forget_places(|other| other == key);
        let me = Self::reference(key);
        self.shared.rivals.claim(&me, None);
        self.shared.usage.uses(&me, BTreeSet::new());
        self.shared.usage.awaits(&me, &BTreeSet::new());
        self.shared.references.withdrawn(&me);
        self.shared.accounts.released(&me);
    }

    /// The object was let go. As long as the watch still shows it, whoever wakes it must not begin anew.
    pub(super) fn remember_release(&self, key: ObjectKey, object: &K::Object) {
        let target = ObjectRef::<K::Object>::new(&key.name).within(&key.namespace);
        let stores = self.stores();
        // The watch takes it out of its store first, and then the memory.
        let mut memories = self.memories.lock();
        if stores.iter().any(|store| store.get(&target).is_some()) {
            memories.insert(key, Memory::of_released(object));
        }
    }

    /// Asks for a look at an object.
    pub fn wake(&self, key: &ObjectKey, suspicious: bool) {
        if suspicious {
            self.memories.lock().entry(key.clone()).or_default().suspicion = true;
        }
        self.queue.add(key.clone(), Instant::now());
        let target = ObjectRef::<K::Object>::new(&key.name).within(&key.namespace);
        for Waker { namespace, queue } in self.wakers.lock().iter() {
            if namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace) {
                let _ = queue.send(target.clone());
            }
        }
    }

    /// Asks for a whole look at an object whose turn it is.
    pub(super) fn take_turn(&self, key: &ObjectKey) {
        self.memories.lock().entry(key.clone()).or_default().in_turn = true;
        self.wake(key, true);
    }

    /// Asks for a look at whatever a sweep names.
    pub fn wake_place(&self, wake: &Wake) {
        let ours = match wake.listed {
            Listed::Function => K::KIND == ReferenceKind::LambdaFunction,
            Listed::Mapping => K::KIND == ReferenceKind::EventSourceMapping,
        };
        if !ours {
            return;
        }
        let place = (wake.account.clone(), wake.region.clone(), wake.name.clone());
        for key in self.places.lock().get(&place).cloned().unwrap_or_default() {
            self.wake(&key, true);
        }
    }

    /// Asks for a look at every object that has a problem and works with these credentials, which AWS accepts again.
    /// All roles are assumed with the operator's own.
    pub fn wake_troubled(&self, whose: &Whose) {
        let stores = self.stores.lock().clone();
        let concerned = |key: &ObjectKey| {
            let target = ObjectRef::<K::Object>::new(&key.name).within(&key.namespace);
            let object = || stores.iter().find_map(|store| store.get(&target));
            let works_so = |object: Arc<K::Object>| self.shared.accounts.whose(K::common(&object)) == *whose;
            *whose == Whose::Operator || object().is_some_and(works_so)
        };
        let troubled: Vec<ObjectKey> = {
            let mut memories = self.memories.lock();
            let troubled =
                memories.iter_mut().filter(|(key, memory)| memory.trouble.is_some() && concerned(key));
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

    /// Forgets objects that vanished while the watch was interrupted.
    pub fn prune(&self) {
        let stores = self.stores();
        let gone = |key: &ObjectKey| {
            let target = ObjectRef::<K::Object>::new(&key.name).within(&key.namespace);
            stores.iter().all(|store| store.get(&target).is_none())
        };
        let mut known: BTreeSet<ObjectKey> = self.memories.lock().keys().cloned().collect();
        known.extend(self.shared.references.offering(K::KIND));
        known.extend(self.queue.waiting());
        known.iter().filter(|key| gone(key)).for_each(|key| self.forget(key));
    }

    /// Remembers where an object is, for the wakes of sweeps.
    pub(super) fn remember_place(&self, key: &ObjectKey, account: &str, region: &str, name: String) {
        let place = (account.to_owned(), region.to_owned(), name);
        self.places.lock().entry(place).or_default().insert(key.clone());
    }

    pub(super) fn forget_places(&self, gone: impl Fn(&ObjectKey) -> bool) {
        self.places.lock().retain(|_, keys| {
            keys.retain(|key| !gone(key));
            !keys.is_empty()
        });
    }

    /// Counts the object where its conditions now put it; `None`: not any more.
    pub(super) fn count(&self, memory: &mut Memory, now: Option<Standing>) {
        self.shared.metrics.count(K::NAME, &mut memory.counted, now);
    }

    /// Before the first visit: names what the first sweep has to look for.
    pub(super) async fn prime(&self) {
        self.shared.all_listed().await;
        self.primed.get_or_init(|| async { self.prime_now() }).await;
    }

    fn prime_now(&self) {
        for object in self.stores.lock().iter().flat_map(Store::state) {
            let status = K::status(&object);
            let common = K::common_status(&status);
            let name = K::listed_as(&object, &status);
            if let (Some(account), Some(region), Some(name)) = (&common.account, &common.region, name) {
                self.shared.await_listing(account, region, Box::new(move |scope| K::want(scope, &name)));
            }
        }
    }
}

/// An object by namespace and name.
pub(crate) fn key_of(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey { namespace: object.namespace().unwrap_or_default(), name: object.name_any() }
}

/// The object as one that asks where to work.
pub(crate) fn applicant<K: Kind>(object: &K::Object) -> Applicant<'_> {
    let status = K::status(object);
    let common = K::common_status(&status);
    Applicant {
        user: Controller::<K>::reference(&key_of(object)),
        common: K::common(object),
        pinned: common.account.is_some(),
        provided: common.origin.is_some() || object.meta().deletion_timestamp.is_some(),
    }
}

/// Leaves out what nobody here reads: managed fields, and kubectl's copy of the whole object.
pub(crate) fn slim<O: ResourceExt>(object: &mut O) {
    object.managed_fields_mut().clear();
    object.annotations_mut().remove(LAST_APPLIED);
}

/// The object's claim to a resource that can carry no owner's tag. Who only observes claims nothing.
pub(super) fn claim<K: Kind>(
    object: &K::Object,
    status: &K::Status,
    references: &References,
) -> Option<Claim> {
    let spec = K::common(object);
    if spec.management_policy() == ManagementPolicy::Observe {
        return None;
    }
    let common = K::common_status(status);
    let account = spec.account_ref.as_ref().map(|account| account.name.clone());
    Some(Claim {
        name: K::claim(object, status, references)?,
        asked: (account, spec.region.clone()),
        place: common.account.clone().zip(common.region.clone()),
        established: common.origin.is_some() || common.pending.is_some(),
        age: (object.creation_timestamp().map(|time| time.0), object.uid().unwrap_or_default()),
    })
}

/// What the object lets others build on.
pub(crate) fn offer<K: Kind>(object: &K::Object) -> Offer {
    let status = K::status(object);
    let common = K::common_status(&status);
    let Offering { name, arn, version } = K::offering(object, &status);
    let refused = conditions::status_of(&common.conditions, ConditionType::Ready) == Some("False");
    let ready = common.conditions.iter().find(|condition| condition.type_ == ConditionType::Ready.as_str());
    let creating = ready.is_some_and(|condition| condition.reason == Reason::Creating.as_str());
    let unready = match (&arn, ready) {
        (Some(_), _) if !refused && !creating => None,
        (_, Some(ready)) if refused || creating => Some(format!("{}: {}", ready.reason, ready.message)),
        _ => Some("it doesn't exist in AWS yet.".to_owned()),
    };
    Offer {
        uid: object.uid().unwrap_or_default(),
        deleting: object.meta().deletion_timestamp.is_some(),
        unready,
        settled: ready.is_some_and(|ready| {
            ready.status == "True" && ready.observed_generation == object.meta().generation
        }),
        account: common.account.clone().unwrap_or_default(),
        region: common.region.clone().unwrap_or_default(),
        name,
        arn: arn.unwrap_or_default(),
        version,
    }
}

/// What has to change for a visit: not the status, which is the operator's own.
#[expect(clippy::unnecessary_wraps, reason = "a predicate of kube may also have nothing to hash")]
pub(crate) fn worth_a_visit<O: Resource<DynamicType = ()>>(object: &O) -> Option<u64> {
    let meta = object.meta();
    let mut hasher = DefaultHasher::new();
    (meta.generation, meta.deletion_timestamp.is_some(), &meta.finalizers, reconcile_at(object))
        .hash(&mut hasher);
    Some(hasher.finish())
}

/// What is sent, as a stream.
pub(crate) fn stream_of<T: Send + 'static>(
    receiver: mpsc::UnboundedReceiver<T>,
) -> impl futures::Stream<Item = T> + Send {
    futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|item| (item, receiver))
    })
}
