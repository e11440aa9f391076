//! The watch of LambdaInvocations: visits what is to start, runs the calls beside the visits, and stores what they come to.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::{ObjectRef, store::Store, store::Writer};
use kube::runtime::{Controller as KubeController, PredicateConfig, WatchStreamExt, watcher};
use lambda_operator_crds::{LambdaInvocation, LambdaInvocationStatus, ReferenceVersion};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::aws::{Wake, Whose};
use crate::engine::controller::{AnyController, key_of, slim, stream_of, worth_a_visit};
use crate::engine::memory::{Memory, Seen};
use crate::engine::pass::Interrupt;
use crate::engine::queue::Queue;
use crate::engine::shared::Shared;
use crate::engine::summary;
use crate::invocation::NAME;
use crate::invocation::calls::Calls;
use crate::invocation::desired;
use crate::invocation::execute::{Attempt, Ended};
use crate::invocation::plan::{self, Standing};
use crate::invocation::slots::Slots;
use crate::invocation::visit::{Outcome, Visit, applicant};
use crate::k8s::references::{ObjectKey, ReferenceKey, ReferenceKind};
use crate::k8s::write::WriteError;
use crate::runtime::metrics::Standing as Counted;
use crate::runtime::readiness::first_list;
use crate::runtime::traces;
use crate::settings::Settings;

/// Between two attempts to store an outcome: while the cache is behind, and at most.
const SOON: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_secs(5);

/// Wakes objects of a namespace (`None`: of any).
type Waker = (Option<String>, mpsc::UnboundedSender<ObjectRef<LambdaInvocation>>);

/// The controller of LambdaInvocations.
pub struct InvocationController {
    shared: Arc<Shared>,
    slots: Slots,
    /// How long calls that are under way are waited for when the operator ends.
    farewell: Duration,
    memories: Mutex<HashMap<ObjectKey, Arc<AsyncMutex<Memory>>>>,
    counted: Mutex<HashMap<ObjectKey, Option<Counted>>>,
    /// Who is to look again although nothing in the cluster has changed.
    asked: Mutex<HashSet<ObjectKey>>,
    calls: Calls,
    stores: Mutex<Vec<Store<LambdaInvocation>>>,
    wakers: Mutex<Vec<Waker>>,
    queue: Arc<Queue>,
}

impl InvocationController {
    /// A controller that has not begun to watch.
    pub fn new(shared: Arc<Shared>, settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::watched(NAME, &shared),
            shared,
            slots: Slots::new(settings.concurrent_invocations),
            farewell: settings.aws.timeout,
            memories: Mutex::default(),
            counted: Mutex::default(),
            asked: Mutex::default(),
            calls: Calls::default(),
            stores: Mutex::default(),
            wakers: Mutex::default(),
        })
    }

    /// Watches a namespace (`None`: all) until the operator stops; calls under way get a while to end.
    async fn watch(self: Arc<Self>, namespace: Option<String>) {
        let client = self.shared.client.clone();
        let api = match &namespace {
            Some(namespace) => Api::<LambdaInvocation>::namespaced(client, namespace),
            None => Api::all(client),
        };
        let list = first_list(NAME, namespace.as_deref());
        let (waker, woken) = mpsc::unbounded_channel();
        self.wakers.lock().push((namespace, waker));
        let writer = Writer::<LambdaInvocation>::default();
        let reader = writer.as_reader();
        self.stores.lock().push(reader.clone());
        let (observer, asked) = (Arc::clone(&self), Arc::clone(&self.queue));
        let stream = watcher(api, watcher::Config::default())
            .default_backoff()
            .modify(slim)
            .reflect(writer)
            .inspect(move |event| observer.take_in(event, &list))
            .applied_objects()
            .predicate_filter(worth_a_visit::<LambdaInvocation>, PredicateConfig::default())
            .inspect_ok(move |object| asked.add(key_of(object), Instant::now()));
        let stop = self.shared.stop.clone();
        KubeController::for_stream(stream, reader)
            .with_config(ControllerConfig::default().concurrency(self.shared.concurrency))
            .reconcile_on(stream_of(woken))
            .graceful_shutdown_on(async move { stop.cancelled().await })
            .run(
                |object, cx| async move { Ok(cx.visit(object).await) },
                |_, _: &Infallible, _| Action::await_change(),
                Arc::clone(&self),
            )
            .for_each(|_| std::future::ready(()))
            .await;
        // What doesn't end in time is found by the next leader, who can't know what came of it.
        let _ = tokio::time::timeout(self.farewell, self.all_ended()).await;
        self.calls.give_up_all();
    }

    /// Waits until no call is under way that this process could still store the outcome of.
    async fn all_ended(&self) {
        while self.shared.leadership.check().is_ok() && !self.calls.is_empty() {
            tokio::time::sleep(SOON).await;
        }
    }

    /// Keeps the indexes up to date with the watch, before anybody visits.
    fn take_in(&self, event: &watcher::Result<watcher::Event<LambdaInvocation>>, list: &str) {
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => self.seen(object),
            Ok(watcher::Event::Delete(object)) => self.forget(&key_of(object)),
            Ok(watcher::Event::InitDone) => {
                self.prune();
                self.shared.listing_is_in(list);
            }
            Ok(watcher::Event::Init) => {}
            Err(error) => tracing::warn!(kind = NAME, %error, "the watch failed; it is started again"),
        }
    }

    /// What an invocation that is to be made needs is kept for it; one that has ended needs nothing any more.
    fn seen(&self, object: &LambdaInvocation) {
        let me = reference(&key_of(object));
        let status = object.status.as_ref();
        if status.is_some_and(|status| status.pending.is_none() && plan::has_ended(&object.spec, status)) {
            self.let_go(&me);
            return;
        }
        let common = object.spec.common();
        let who = applicant(object, &common);
        self.shared.accounts.registered(&me, who.account(), who.pinned);
        self.shared.references.register(&me, desired::references(object));
        self.shared.usage.uses(&me, desired::uses(object));
    }

    fn let_go(&self, me: &ReferenceKey) {
        self.shared.accounts.released(me);
        self.shared.references.register(me, BTreeSet::new());
        self.shared.usage.uses(me, BTreeSet::new());
    }

    /// The object is gone. The function may go on; there is nobody to tell what becomes of it.
    fn forget(&self, key: &ObjectKey) {
        self.calls.give_up(key);
        self.memories.lock().remove(key);
        self.asked.lock().remove(key);
        self.slots.leave(key);
        self.queue.take(key);
        self.count(key, None);
        self.let_go(&reference(key));
        self.advance();
    }

    /// Counts the object where its conditions now put it; `None`: not any more.
    fn count(&self, key: &ObjectKey, now: Option<Counted>) {
        let mut counted = self.counted.lock();
        let is_gone = now.is_none();
        self.shared.metrics.count(NAME, counted.entry(key.clone()).or_default(), now);
        if is_gone {
            counted.remove(key);
        }
    }

    /// Lets those try who wait for a place.
    fn advance(&self) {
        if let Some(next) = self.slots.next() {
            self.look(&next);
        }
    }

    /// Asks for a look at an object although nothing in the cluster has changed for it.
    fn look(&self, key: &ObjectKey) {
        self.asked.lock().insert(key.clone());
        self.wake_up(key);
    }

    fn wake_up(&self, key: &ObjectKey) {
        self.queue.add(key.clone(), Instant::now());
        let target = ObjectRef::<LambdaInvocation>::new(&key.name).within(&key.namespace);
        for (namespace, waker) in self.wakers.lock().iter() {
            if namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace) {
                // Nobody listens any more only at the end.
                let _ = waker.send(target.clone());
            }
        }
    }

    fn memory(&self, key: &ObjectKey) -> Arc<AsyncMutex<Memory>> {
        Arc::clone(self.memories.lock().entry(key.clone()).or_default())
    }

    /// The object as the watch knows it, unless it is another one by now.
    fn current(&self, key: &ObjectKey, uid: Option<&str>) -> Option<Arc<LambdaInvocation>> {
        let target = ObjectRef::<LambdaInvocation>::new(&key.name).within(&key.namespace);
        let object = self.stores.lock().iter().find_map(|store| store.get(&target))?;
        (object.uid().as_deref() == uid).then_some(object)
    }

    async fn visit(self: Arc<Self>, object: Arc<LambdaInvocation>) -> Action {
        self.shared.all_listed().await;
        let key = key_of(&*object);
        let _visiting = self.shared.metrics.visiting(NAME, self.queue.take(&key));
        let memory = self.memory(&key);
        let mut memory = memory.lock().await;
        if memory.is_behind(&*object) {
            return Action::requeue(memory.catch_up());
        }
        let unseen = LambdaInvocationStatus::default();
        let status = object.status.as_ref().unwrap_or(&unseen);
        let under_way = self.calls.is_under_way(&key, object.uid().as_deref());
        let standing = plan::standing(&object.spec, status, under_way, Timestamp::now());
        if standing == Standing::UnderWay {
            // What the call comes to decides, and when to look again.
            return Action::await_change();
        }
        if self.is_quiet(&key, &object, &standing, &mut memory) {
            return memory.next_look(Instant::now()).map_or_else(Action::await_change, Action::requeue);
        }
        let span = tracing::error_span!("reconcile", kind = NAME, object = %summary::log_name(&*object), reason = Empty);
        traces::name_object(&span, &key.namespace, &key.name);
        let started = Instant::now();
        let mut visit = Visit { shared: &self.shared, slots: &self.slots, object, memory: &mut memory };
        let run = visit.run(standing).instrument(span.clone());
        let result = self.shared.probes.watchdog.visit(NAME, self.shared.stuck_after, run).await;
        let is_gone = is_gone(&result);
        let status = visit.object.status.as_ref().filter(|_| !is_gone);
        self.count(&key, status.and_then(|status| summary::counted(&status.conditions)));
        let (action, label) = span.in_scope(|| self.next_visit(&key, result, &mut memory));
        if let Some(label) = label {
            span.record("reason", label);
            self.shared.metrics.reconciled(NAME, label, started.elapsed().as_secs_f64());
        }
        if let Some(wait) = memory.next_look(Instant::now()).filter(|_| !is_gone) {
            self.queue.add(key, Instant::now() + wait);
        }
        self.advance();
        action
    }

    /// Whether an invocation that is due still waits for what it waited for at the last visit.
    fn is_quiet(
        &self,
        key: &ObjectKey,
        object: &LambdaInvocation,
        standing: &Standing,
        memory: &mut Memory,
    ) -> bool {
        let common = object.spec.common();
        let account = self.shared.accounts.terms(&applicant(object, &common));
        let seen = Seen { account, ..Seen::of(object, self.versions(object)) };
        let asked = self.asked.lock().remove(key);
        let now = Instant::now();
        let same = memory.seen.as_ref() == Some(&seen);
        if *standing == Standing::Due && same && !asked && !memory.is_due(now) {
            return true;
        }
        memory.turn_to(&seen, now);
        memory.seen = Some(seen);
        false
    }

    /// The versions of what the spec refers to, as far as they are watched; of what isn't ready to be invoked none.
    fn versions(&self, object: &LambdaInvocation) -> Vec<ReferenceVersion> {
        let references = &self.shared.references;
        let version = |key: ReferenceKey| {
            if !key.kind.is_of_the_group() {
                return references.current(&key);
            }
            Some(key.offering(references.offer(&key).filter(|offer| offer.settled).as_ref()))
        };
        desired::references(object).into_iter().filter_map(version).collect()
    }

    /// When to come again, and what the visit is counted as.
    fn next_visit(
        self: &Arc<Self>,
        key: &ObjectKey,
        result: Result<Outcome, Interrupt>,
        memory: &mut Memory,
    ) -> (Action, Option<&'static str>) {
        match result {
            Ok(Outcome::Gone) => (Action::await_change(), Some("deleted")),
            Ok(Outcome::Rest(left)) => {
                memory.rest();
                (left.map_or_else(Action::await_change, Action::requeue), None)
            }
            Ok(Outcome::Started(attempt)) => {
                memory.rest();
                self.begin(key, *attempt);
                (Action::await_change(), Some("Running"))
            }
            Ok(Outcome::Concluded(verdict)) => {
                let now = Instant::now();
                memory.conclude(&verdict, now, &self.shared.intervals, rand::random());
                let action = memory.next_look(now).map_or_else(Action::await_change, Action::requeue);
                (action, Some(verdict.reason().as_str()))
            }
            Err(Interrupt::Write(WriteError::Gone)) => (Action::await_change(), Some("gone")),
            Err(Interrupt::Write(WriteError::Conflict)) => {
                (Action::requeue(memory.conflicted()), Some("conflict"))
            }
            Err(Interrupt::Stopping) => (Action::await_change(), None),
            Err(error) => {
                tracing::warn!(%error, "the visit could not be finished; it is repeated");
                (Action::requeue(memory.failed(rand::random())), Some("error"))
            }
        }
    }

    /// Makes the call beside the visits.
    fn begin(self: &Arc<Self>, key: &ObjectKey, attempt: Attempt) {
        let span = tracing::error_span!("invoke", kind = NAME, object = %summary::log_name(&*attempt.object));
        traces::name_object(&span, &key.namespace, &key.name);
        let (me, at, uid) = (Arc::clone(self), key.clone(), attempt.object.uid());
        self.calls.begin(key, uid, async move {
            // Dropped after the attempt and its place, however the task ends.
            let _next = Next(Arc::clone(&me));
            me.carry_out(&at, attempt).instrument(span).await;
        });
    }

    async fn carry_out(self: Arc<Self>, key: &ObjectKey, attempt: Attempt) {
        if let Some((ended, took)) = attempt.execute().await {
            self.store(key, &attempt, &ended, took).await;
        }
        let uid = attempt.object.uid();
        drop(attempt);
        self.calls.ended(key, uid.as_deref());
        self.wake_up(key);
    }

    /// Stores what a call came to, however often somebody else changes the object meanwhile.
    async fn store(&self, key: &ObjectKey, attempt: &Attempt, ended: &Ended, took: Duration) {
        let mut object = Arc::clone(&attempt.object);
        let mut pause = SOON;
        loop {
            let memory = self.memory(key);
            let mut memory = memory.lock().await;
            let visit = &mut Visit { shared: &self.shared, slots: &self.slots, object, memory: &mut memory };
            match visit.end(attempt, ended, took).await {
                Ok(verdict) => {
                    let counted =
                        visit.object.status.as_ref().and_then(|status| summary::counted(&status.conditions));
                    self.count(key, counted);
                    memory.conclude(&verdict, Instant::now(), &self.shared.intervals, rand::random());
                    return;
                }
                Err(Interrupt::Stopping | Interrupt::Write(WriteError::Gone)) => return,
                Err(Interrupt::Write(WriteError::Conflict)) => {}
                Err(error) => {
                    tracing::warn!(%error, attempt = attempt.id, "the outcome could not be stored; it is tried again");
                }
            }
            drop(memory);
            object = loop {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LATE);
                let current = self.current(key, attempt.object.uid().as_deref());
                let Some(object) = current.filter(|_| self.shared.leadership.check().is_ok()) else { return };
                if attempt.is_announced_in(&object) {
                    break object;
                }
                // Without the announcement the cache is behind it, or it is over: the outcome was stored although no answer
                // said so, or somebody took the announcement away.
                let memory = self.memory(key);
                let mut memory = memory.lock().await;
                if !memory.is_behind(&*object) {
                    memory.seen = None;
                    return;
                }
            };
        }
    }
}

/// Lets those try who wait for a place, when this is dropped.
struct Next(Arc<InvocationController>);

impl Drop for Next {
    fn drop(&mut self) {
        self.0.advance();
    }
}

/// Whether the object of a visit is there no more.
fn is_gone(result: &Result<Outcome, Interrupt>) -> bool {
    matches!(result, Ok(Outcome::Gone) | Err(Interrupt::Write(WriteError::Gone)))
}

fn reference(key: &ObjectKey) -> ReferenceKey {
    ReferenceKey { kind: ReferenceKind::LambdaInvocation, object: key.clone() }
}

impl AnyController for InvocationController {
    fn kind(&self) -> ReferenceKind {
        ReferenceKind::LambdaInvocation
    }

    fn run(self: Arc<Self>, namespace: Option<String>) -> BoxFuture<'static, ()> {
        Box::pin(self.watch(namespace))
    }

    /// Nothing in AWS is looked after.
    fn rotate(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn wake(&self, key: &ObjectKey, suspicious: bool) {
        if suspicious {
            self.look(key);
        } else {
            self.wake_up(key);
        }
    }

    fn wake_place(&self, _: &Wake) {}

    fn wake_troubled(&self, whose: &Whose) {
        let stores = self.stores.lock().clone();
        for object in stores.iter().flat_map(Store::state) {
            let ended = object.status.as_ref().is_some_and(|status| plan::has_ended(&object.spec, status));
            let works_so =
                || *whose == Whose::Operator || self.shared.accounts.whose(&object.spec.common()) == *whose;
            if !ended && works_so() {
                self.look(&key_of(&*object));
            }
        }
    }

    /// Forgets objects that vanished while the watch was interrupted.
    fn prune(&self) {
        let stores = self.stores.lock().clone();
        let gone = |key: &ObjectKey| {
            let target = ObjectRef::<LambdaInvocation>::new(&key.name).within(&key.namespace);
            stores.iter().all(|store| store.get(&target).is_none())
        };
        let mut known: BTreeSet<ObjectKey> = self.memories.lock().keys().cloned().collect();
        known.extend(self.calls.keys());
        known.extend(self.queue.waiting());
        known.extend(self.counted.lock().keys().cloned());
        known.iter().filter(|key| gone(key)).for_each(|key| self.forget(key));
    }
}
