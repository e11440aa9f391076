//! One visit from the outside: whether it is worth its while, what it came to, and when the next one is due.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::ConditionType;
use lambda_operator_crds::{FINALIZER, ReferenceVersion};
use tracing::Instrument;
use tracing::field::Empty;

use crate::aws::Scope;
use crate::engine::controller::{Controller, applicant, key_of};
use crate::engine::kind::{Inputs, Kind};
use crate::engine::memory::{Memory, Seen, reconcile_at};
use crate::engine::pass::{Interrupt, Pass, now};
use crate::engine::source::Lookout;
use crate::engine::summary;
use crate::engine::verdict::Verdict;
use crate::k8s::conditions;
use crate::k8s::references::{self, ObjectKey, ReferenceKey};
use crate::k8s::write::WriteError;
use crate::runtime::traces;
use crate::source::NamedSource;

/// What a visit came to.
enum Outcome {
    /// Nothing was to be done.
    Quiet,
    /// The cache hasn't seen our own last write yet.
    Behind,
    /// The object has been let go.
    Gone,
    /// A verdict.
    Concluded(Verdict),
}

impl<K: Kind> Controller<K> {
    /// Looks at an object and says when to look again.
    pub(super) async fn visit(self: Arc<Self>, object: Arc<K::Object>) -> Action {
        let key = key_of(&*object);
        let span = tracing::error_span!("reconcile", kind = K::NAME, object = %summary::log_name(&*object), reason = Empty);
        traces::name_object(&span, &key.namespace, &key.name);
        self.prime().await;
        let _visiting = self.shared.metrics.visiting(K::NAME, self.queue.take(&key));
        let mut memory = self.memories.lock().remove(&key).unwrap_or_default();
        let started = Instant::now();
        let visited = Arc::clone(&object);
        let step = self.step(&key, object, &mut memory).instrument(span.clone());
        let result = self.shared.probes.watchdog.visit(K::NAME, self.shared.stuck_after, step).await;
        let _entered = span.enter();
        let (action, label) = self.next_visit(result, &mut memory);
        if let Some(label) = label {
            span.record("reason", label);
            self.shared.metrics.reconciled(K::NAME, label, started.elapsed().as_secs_f64());
        }
        let Some(action) = action else {
            // Who builds on the object, and what it built on, learn of it from the watch.
            self.count(&mut memory, None);
            self.forget_places(|other| *other == key);
            self.remember_release(key, &visited);
            return Action::await_change();
        };
        let mut memories = self.memories.lock();
        // Whoever asked for a look meanwhile has left that in a fresh memory.
        let (asked_meanwhile, in_turn) =
            memories.get(&key).map_or((false, false), |fresh| (fresh.suspicion, fresh.in_turn));
        memory.suspicion |= asked_meanwhile;
        memory.in_turn |= in_turn;
        if let Some(wait) = memory.next_look(Instant::now()) {
            self.queue.add(key.clone(), Instant::now() + wait);
        }
        memories.insert(key, memory);
        if asked_meanwhile { Action::requeue(std::time::Duration::ZERO) } else { action }
    }

    /// When to come again (`None`: the object is gone), and what the visit is counted as.
    fn next_visit(
        &self,
        result: Result<Outcome, Interrupt>,
        memory: &mut Memory,
    ) -> (Option<Action>, Option<&'static str>) {
        let when_due = |memory: &Memory| {
            Some(memory.next_look(Instant::now()).map_or_else(Action::await_change, Action::requeue))
        };
        match result {
            Ok(Outcome::Quiet) => (when_due(memory), None),
            Ok(Outcome::Behind) => (Some(Action::requeue(memory.catch_up())), None),
            Ok(Outcome::Gone) => (None, Some("deleted")),
            Ok(Outcome::Concluded(verdict)) => {
                if let (Verdict::Settled(..), Some(since)) = (&verdict, memory.working_since) {
                    self.shared.metrics.became_ready(K::NAME, since.elapsed().as_secs_f64());
                }
                memory.conclude(&verdict, Instant::now(), &self.shared.intervals, rand::random());
                (when_due(memory), Some(verdict.reason().as_str()))
            }
            Err(Interrupt::Write(WriteError::Gone)) => (None, Some("gone")),
            Err(Interrupt::Write(WriteError::Conflict)) => {
                (Some(Action::requeue(memory.conflicted())), Some("conflict"))
            }
            Err(Interrupt::AwaitSweep) => (Some(Action::requeue(memory.await_sweep())), None),
            Err(Interrupt::Stopping) => (Some(Action::await_change()), None),
            Err(error) => {
                tracing::warn!(%error, "the visit could not be finished; it is repeated");
                (Some(Action::requeue(memory.failed(rand::random()))), Some("error"))
            }
        }
    }

    async fn step(
        &self,
        key: &ObjectKey,
        object: Arc<K::Object>,
        memory: &mut Memory,
    ) -> Result<Outcome, Interrupt> {
        if memory.has_released(&*object) {
            return Ok(Outcome::Quiet);
        }
        if memory.is_behind(&*object) {
            return Ok(Outcome::Behind);
        }
        let deleting = object.meta().deletion_timestamp.is_some();
        if deleting && !object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(Outcome::Gone);
        }
        let keys = if deleting { BTreeSet::new() } else { K::references(&object) };
        let mut inputs = Inputs::new();
        let versions = self.versions(&keys, memory, &mut inputs).await?;
        let account = self.shared.accounts.terms(&applicant::<K>(&object));
        let seen = Seen { account, ..Seen::of(&*object, versions.clone()) };
        if deleting || K::common(&object).suspended() {
            memory.source = None;
        }
        let quiet =
            memory.seen.as_ref() == Some(&seen) && !memory.suspicion && !memory.is_due(Instant::now());
        if quiet && !self.has_news(&object, memory).await {
            return Ok(Outcome::Quiet);
        }
        memory.turn_to(&seen, Instant::now());
        memory.seen = Some(seen);
        if K::common(&object).suspended() {
            return self.suspend(object, memory).await;
        }
        if memory.is_calm()
            && summary::is_current::<K>(&object, &versions)
            && self.keep_watch(key, &object, memory).await
        {
            memory.rest();
            self.count(memory, summary::standing::<K>(&object));
            return Ok(Outcome::Quiet);
        }
        self.pass(key, object, memory, &versions, inputs).await
    }

    async fn pass(
        &self,
        key: &ObjectKey,
        object: Arc<K::Object>,
        memory: &mut Memory,
        versions: &[ReferenceVersion],
        inputs: Inputs,
    ) -> Result<Outcome, Interrupt> {
        let status = K::status(&object);
        let deleting = object.meta().deletion_timestamp.is_some();
        let changed =
            memory.owed || changed::<K>(&object, &status, versions) || is_unfinished::<K>(&status, memory);
        let asked = K::common_status(&status).last_handled_reconcile_at != reconcile_at(&*object);
        let mut pass = Pass::<K> { changed, asked, inputs, ..Pass::new(&self.shared, object, memory) };
        let result = if deleting {
            pass.run_deletion().await.map(|verdict| verdict.map_or(Outcome::Gone, Outcome::Concluded))
        } else {
            pass.run().await.map(Outcome::Concluded)
        };
        let common = K::common_status(&pass.status);
        let name = K::listed_as(&pass.object, &pass.status);
        if let (Some(account), Some(region), Some(name)) = (&common.account, &common.region, name) {
            self.remember_place(key, account, region, name);
        }
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
        memory: &mut Memory,
        inputs: &mut Inputs,
    ) -> Result<Vec<ReferenceVersion>, Interrupt> {
        let mut versions = Vec::new();
        let unwatched = keys.iter().any(|key| self.shared.references.current(key).is_none());
        let look = unwatched && memory.looks_at_references(Instant::now(), self.shared.reference_check);
        for key in keys {
            match self.shared.references.current(key) {
                Some(version) => versions.push(version),
                None if look => match references::read(&self.shared.client, key).await {
                    Ok(contents) => {
                        versions.push(key.at(contents.as_ref().map(|contents| &contents.version)));
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

    async fn suspend(&self, object: Arc<K::Object>, memory: &mut Memory) -> Result<Outcome, Interrupt> {
        memory.rest();
        let mut pass = Pass::<K>::new(&self.shared, Arc::clone(&object), memory);
        let mut suspended = K::status(&object);
        summary::suspend::<K>(&object, &mut suspended, &now());
        pass.write_status(&suspended).await?;
        self.count(memory, summary::counted(&K::common_status(&suspended).conditions));
        Ok(Outcome::Quiet)
    }

    /// After a restart: hands an object that needs nothing to the inventory. False: it needs a visit after all.
    async fn keep_watch(&self, key: &ObjectKey, object: &K::Object, memory: &mut Memory) -> bool {
        let status = K::status(object);
        let Some(scope) = self.pinned_scope(object, &status).await else { return false };
        if let Some(name) = K::listed_as(object, &status) {
            self.remember_place(key, scope.account(), scope.region(), name);
        }
        memory.registration = K::watch(&scope, object, &status, None);
        memory.source = K::source(object, &status).map(|source| self.look_out(source, &status));
        true
    }

    /// Many are looked after again at once: the first looks are spread over the interval.
    fn look_out(&self, source: NamedSource, status: &K::Status) -> Lookout {
        let known = &K::common_status(status).conditions;
        let interval = match conditions::status_of(known, ConditionType::SourceUnchecked) {
            Some(_) => self.shared.intervals.max,
            None => self.shared.source_check,
        };
        let first = (!interval.is_zero()).then(|| Instant::now() + interval.mul_f64(rand::random()));
        Lookout::new(source, K::made_from(status), first)
    }

    /// Looks at the source of a quiet object when that is due, and says whether that is worth a visit.
    async fn has_news(&self, object: &K::Object, memory: &mut Memory) -> bool {
        let Some(source) = &mut memory.source else { return false };
        if source.is_due(Instant::now()) {
            let status = K::status(object);
            if K::source(object, &status).is_none() {
                memory.source = None;
                return false;
            }
            let scope = self.pinned_scope(object, &status).await;
            source.look_in_turn::<K>(scope.as_deref(), &status, &self.shared).await;
        }
        source.has_news()
    }

    /// Where the object lives, if its credentials lead there.
    async fn pinned_scope(&self, object: &K::Object, status: &K::Status) -> Option<Arc<Scope>> {
        let common = K::common_status(status);
        let scope = self.shared.scope(&applicant::<K>(object), None).await.ok()?;
        let is_there = common.account.as_deref() == Some(scope.account())
            && common.region.as_deref() == Some(scope.region());
        is_there.then_some(scope)
    }
}

/// Whether an earlier process was at work on the object: how far it came, nobody knows.
fn is_unfinished<K: Kind>(status: &K::Status, memory: &Memory) -> bool {
    let ready = conditions::status_of(&K::common_status(status).conditions, ConditionType::Ready);
    !memory.begun && ready == Some("Unknown")
}

/// Whether the spec or a reference is another than the status speaks of.
fn changed<K: Kind>(object: &K::Object, status: &K::Status, versions: &[ReferenceVersion]) -> bool {
    let common = K::common_status(status);
    Some(common.observed_generation) != object.meta().generation || common.references != versions
}
