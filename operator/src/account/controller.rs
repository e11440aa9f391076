//! The watch of LambdaAccounts: feeds the index, and visits each that changed, whose use changed, whose credentials failed
//! or work again, or whose limits are to be read anew.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use kube::api::Api;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::{ObjectRef, store::Writer};
use kube::runtime::{Controller as KubeController, PredicateConfig, WatchStreamExt, watcher};
use kube::{Resource, ResourceExt};
use lambda_operator_crds::{FINALIZER, LambdaAccount};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::account::visit::{NAME, Visit};
use crate::account::watch::is_forbidden;
use crate::aws::{Wake, Whose};
use crate::engine::controller::{AnyController, key_of, slim, stream_of, worth_a_visit};
use crate::engine::memory::Memory;
use crate::engine::pass::Interrupt;
use crate::engine::queue::Queue;
use crate::engine::shared::Shared;
use crate::engine::summary;
use crate::engine::verdict::Verdict;
use crate::k8s::references::{ObjectKey, ReferenceKind};
use crate::k8s::write::WriteError;
use crate::runtime::readiness::first_list;
use crate::runtime::traces;
use crate::settings::Settings;

/// How long changes of an account's use are gathered before its status counts them.
const GATHERED: Duration = Duration::from_secs(1);

/// The controller of LambdaAccounts.
pub struct AccountController {
    shared: Arc<Shared>,
    /// Between two looks at limits and use; zero: only when the LambdaAccount changes.
    refresh: Duration,
    /// Labels of the LambdaAccounts that concern it.
    selector: Option<String>,
    remembered: Mutex<HashMap<String, Remembered>>,
    waker: Mutex<Option<mpsc::UnboundedSender<ObjectRef<LambdaAccount>>>>,
    /// Names of LambdaAccounts whose use has changed.
    used: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
    listing: Mutex<BTreeSet<String>>,
    /// Who waits for a visit.
    queue: Arc<Queue>,
}

/// What is remembered of a LambdaAccount between visits.
#[derive(Default)]
pub struct Remembered {
    /// As of any object.
    pub memory: Memory,
    /// When limits and use were last read, or left as they were after a start.
    pub refreshed: Option<Instant>,
    /// Why they can't be read.
    pub unseen: Option<String>,
}

impl AccountController {
    /// A controller that has not begun to watch. `used`: LambdaAccounts whose use has changed.
    pub fn new(shared: Arc<Shared>, settings: &Settings, used: mpsc::UnboundedReceiver<String>) -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::watched(NAME, &shared),
            shared,
            refresh: settings.drift.account_interval.unwrap_or_default(),
            selector: settings.watch.account_selector.clone(),
            remembered: Mutex::default(),
            waker: Mutex::default(),
            used: Mutex::new(Some(used)),
            listing: Mutex::default(),
        })
    }

    /// Watches until the operator stops; visits under way are finished.
    async fn watch(self: Arc<Self>) {
        let api = Api::<LambdaAccount>::all(self.shared.client.clone());
        let (waker, woken) = mpsc::unbounded_channel();
        *self.waker.lock() = Some(waker);
        let writer = Writer::<LambdaAccount>::default();
        let reader = writer.as_reader();
        let (observer, asked) = (Arc::clone(&self), Arc::clone(&self.queue));
        let config = watcher::Config { label_selector: self.selector.clone(), ..watcher::Config::default() };
        let stream = watcher(api, config)
            .default_backoff()
            .modify(slim)
            .reflect(writer)
            .inspect(move |event| observer.take_in(event))
            .applied_objects()
            .predicate_filter(worth_a_visit::<LambdaAccount>, PredicateConfig::default())
            .inspect_ok(move |account| asked.add(key_of(account), Instant::now()));
        let stop = self.shared.stop.clone();
        let counting = tokio::spawn(Arc::clone(&self).count_uses());
        KubeController::for_stream(stream, reader)
            .with_config(ControllerConfig::default().concurrency(self.shared.concurrency))
            .reconcile_on(stream_of(woken))
            .graceful_shutdown_on(async move { stop.cancelled().await })
            .run(
                |object, cx| async move { Ok(cx.visit(object).await) },
                |_, _: &Infallible, _| Action::await_change(),
                self,
            )
            .for_each(|_| std::future::ready(()))
            .await;
        counting.abort();
    }

    /// Keeps the index up to date with the watch, before anybody visits.
    fn take_in(&self, event: &watcher::Result<watcher::Event<LambdaAccount>>) {
        let accounts = &self.shared.accounts;
        match event {
            Ok(watcher::Event::Init) => self.listing.lock().clear(),
            Ok(watcher::Event::InitApply(account)) => {
                self.listing.lock().insert(account.name_any());
                accounts.seen(account);
            }
            Ok(watcher::Event::InitDone) => {
                accounts.listed(&std::mem::take(&mut *self.listing.lock()));
                self.is_listed();
            }
            Ok(watcher::Event::Apply(account)) => accounts.seen(account),
            Ok(watcher::Event::Delete(account)) => {
                self.forget(account);
                accounts.gone(&account.name_any());
            }
            Err(error) if is_forbidden(error) => {
                if accounts.blinded() {
                    tracing::warn!(
                        "LambdaAccounts may not be listed: objects with accountRef wait until list, watch and patch on \
                         lambdaaccounts are granted"
                    );
                }
                self.is_listed();
            }
            Err(error) => tracing::warn!(kind = NAME, %error, "the watch failed; it is started again"),
        }
    }

    /// Objects may be visited from now on.
    fn is_listed(&self) {
        self.shared.listing_is_in(&first_list(NAME, None));
    }

    fn forget(&self, account: &LambdaAccount) {
        if let Some(mut remembered) = self.remembered.lock().remove(&account.name_any()) {
            self.shared.metrics.count(NAME, &mut remembered.memory.counted, None);
        }
        self.queue.take(&key_of(account));
    }

    /// Has accounts visited whose use has changed: the first at once, those that follow within a second together.
    async fn count_uses(self: Arc<Self>) {
        let Some(mut used) = self.used.lock().take() else { return };
        while let Some(name) = used.recv().await {
            self.wake_up(&name);
            tokio::time::sleep(GATHERED).await;
            let gathered: BTreeSet<String> = std::iter::from_fn(|| used.try_recv().ok()).collect();
            for name in &gathered {
                self.wake_up(name);
            }
        }
    }

    fn wake_up(&self, name: &str) {
        self.queue.add(ObjectKey { namespace: String::new(), name: name.to_owned() }, Instant::now());
        if let Some(waker) = &*self.waker.lock() {
            // Nobody listens any more only at the end.
            let _ = waker.send(ObjectRef::new(name));
        }
    }

    async fn visit(self: Arc<Self>, object: Arc<LambdaAccount>) -> Action {
        // Else nobody knows who uses it.
        self.shared.all_listed().await;
        let (key, name) = (key_of(&*object), object.name_any());
        let _visiting = self.shared.metrics.visiting(NAME, self.queue.take(&key));
        let mut remembered = self.remembered.lock().remove(&name).unwrap_or_default();
        if remembered.memory.is_behind(&*object) {
            let wait = remembered.memory.catch_up();
            self.remembered.lock().insert(name, remembered);
            return Action::requeue(wait);
        }
        let deleting = object.meta().deletion_timestamp.is_some();
        if deleting && !object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
            return Action::await_change();
        }
        // After a start what the status says is as good as new.
        remembered.refreshed.get_or_insert_with(Instant::now);
        let span = tracing::error_span!("reconcile", kind = NAME, object = name, reason = Empty);
        traces::name_object(&span, "", &name);
        let (started, refresh) = (Instant::now(), self.refresh);
        let mut visit = Visit { shared: &self.shared, object, remembered: &mut remembered, refresh };
        let run = visit.run().instrument(span.clone());
        let result = self.shared.probes.watchdog.visit(NAME, self.shared.stuck_after, run).await;
        let now = visit.object.status.as_ref().and_then(|status| summary::counted(&status.conditions));
        let (action, label) = span.in_scope(|| self.next_visit(result, &mut remembered));
        if let Some(label) = label {
            span.record("reason", label);
            self.shared.metrics.reconciled(NAME, label, started.elapsed().as_secs_f64());
        }
        let now = now.filter(|_| action.is_some());
        self.shared.metrics.count(NAME, &mut remembered.memory.counted, now);
        let Some(action) = action else { return Action::await_change() };
        if let Some(wait) = remembered.memory.next_look(Instant::now()) {
            self.queue.add(key, Instant::now() + wait);
        }
        self.remembered.lock().insert(name, remembered);
        action
    }

    /// When to come again (`None`: it is gone), and what the visit is counted as.
    fn next_visit(
        &self,
        result: Result<Option<Verdict>, Interrupt>,
        remembered: &mut Remembered,
    ) -> (Option<Action>, Option<&'static str>) {
        let memory = &mut remembered.memory;
        match result {
            Ok(None) => (None, Some("deleted")),
            Ok(Some(verdict)) => {
                let now = Instant::now();
                memory.conclude(&verdict, now, &self.shared.intervals, rand::random());
                let refresh = remembered.refreshed.filter(|_| !self.refresh.is_zero());
                let refresh = refresh.map(|at| (at + self.refresh).saturating_duration_since(now));
                let next = memory.next_look(now).into_iter().chain(refresh).min();
                let action = next.map_or_else(Action::await_change, Action::requeue);
                (Some(action), Some(verdict.reason().as_str()))
            }
            Err(Interrupt::Write(WriteError::Gone)) => (None, Some("gone")),
            Err(Interrupt::Write(WriteError::Conflict)) => {
                (Some(Action::requeue(memory.conflicted())), Some("conflict"))
            }
            Err(Interrupt::Stopping) => (Some(Action::await_change()), None),
            Err(error) => {
                tracing::warn!(%error, "the visit could not be finished; it is repeated");
                (Some(Action::requeue(memory.failed(rand::random()))), Some("error"))
            }
        }
    }
}

impl AnyController for AccountController {
    fn kind(&self) -> ReferenceKind {
        ReferenceKind::LambdaAccount
    }

    fn run(self: Arc<Self>, _namespace: Option<String>) -> BoxFuture<'static, ()> {
        Box::pin(self.watch())
    }

    /// The visit itself looks at limits and use from time to time.
    fn rotate(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn wake(&self, key: &ObjectKey, _suspicious: bool) {
        self.wake_up(&key.name);
    }

    fn wake_place(&self, _: &Wake) {}

    fn wake_troubled(&self, whose: &Whose) {
        self.refused(whose);
    }

    fn refused(&self, whose: &Whose) {
        self.shared.accounts.working_with(whose).iter().for_each(|name| self.wake_up(name));
    }

    fn prune(&self) {}
}
