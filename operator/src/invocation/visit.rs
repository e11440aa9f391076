//! One visit to an invocation: carries out what `plan` decides, up to the moment before the call.

use std::sync::Arc;
use std::time::Duration;

use kube::Resource;
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{CommonSpec, LambdaInvocation, LambdaInvocationStatus};

use crate::account::{Applicant, Unplaced};
use crate::aws::{AwsError, Class, Scope};
use crate::engine::controller::key_of;
use crate::engine::kind::Inputs;
use crate::engine::memory::Memory;
use crate::engine::pass::{self, Interrupt, now};
use crate::engine::shared::Shared;
use crate::engine::summary;
use crate::engine::verdict::Verdict;
use crate::invocation::NAME;
use crate::invocation::desired::{self, Desired};
use crate::invocation::execute::{Attempt, Ended};
use crate::invocation::plan::{self, Standing, Step};
use crate::invocation::slots::{Slot, Slots};
use crate::invocation::status::{self, Named, Place};
use crate::k8s::events::Note;
use crate::k8s::references::{ReferenceKey, ReferenceKind};
use crate::k8s::write::{self, WriteError};

/// A visit under way.
pub struct Visit<'a> {
    /// Handles and settings.
    pub shared: &'a Shared,
    /// The places for calls.
    pub slots: &'a Slots,
    /// The object, as fresh as it is known.
    pub object: Arc<LambdaInvocation>,
    /// What is remembered of it.
    pub memory: &'a mut Memory,
}

/// What a visit came to.
pub enum Outcome {
    /// The object is gone.
    Gone,
    /// Nothing is to be done before something changes or this time is over.
    Rest(Option<Duration>),
    /// It doesn't start, and why.
    Concluded(Verdict),
    /// It has started: the call follows.
    Started(Box<Attempt>),
}

impl Visit<'_> {
    /// Works on it.
    ///
    /// # Errors
    /// See [`Interrupt`].
    pub async fn run(&mut self, standing: Standing) -> Result<Outcome, Interrupt> {
        let status = self.object.status.clone().unwrap_or_default();
        match standing {
            Standing::UnderWay => Ok(Outcome::Rest(None)),
            Standing::Ended(left) => {
                let verdict = status::settled(&self.object, &status);
                self.conclude(status, &verdict, Named::Unread).await?;
                match left {
                    Some(Duration::ZERO) => self.delete().await,
                    left => Ok(Outcome::Rest(left)),
                }
            }
            Standing::Lost => {
                let why =
                    "the operator ended after it had announced the call, and before it stored the outcome";
                let (status, verdict) = status::unknown(&self.object, status, why);
                self.conclude(status, &verdict, Named::Unread).await?;
                Ok(Outcome::Concluded(verdict))
            }
            Standing::Due if self.object.meta().deletion_timestamp.is_some() => Ok(Outcome::Rest(None)),
            Standing::Suspended => {
                let suspended = status::suspended(&self.object, &now());
                self.write(&suspended).await?;
                Ok(Outcome::Rest(None))
            }
            Standing::Due => Box::pin(self.begin(status)).await,
        }
    }

    /// Announces the call, if nothing is in its way.
    async fn begin(&mut self, status: LambdaInvocationStatus) -> Result<Outcome, Interrupt> {
        let mut inputs = Inputs::new();
        let keys = desired::references(&self.object);
        if let Some(denied) = pass::read_references(self.shared, keys, &mut inputs).await? {
            let text = denied.message().to_owned();
            return self.wait(status, denied, Named::Missing(&text)).await;
        }
        let wanted = desired::desired(&self.object, &inputs);
        let desired = match plan::plan(wanted, desired::is_self_contained(&self.object)) {
            Step::Invoke(desired) => desired,
            Step::Wait(verdict) => {
                let text = verdict.message().to_owned();
                let is_missing = verdict.reason() == Reason::DependencyNotReady;
                let named = if is_missing { Named::Missing(&text) } else { Named::Found };
                return self.wait(status, verdict, named).await;
            }
            Step::Refuse(text) => {
                let (status, verdict) = status::refused(status, &text);
                return self.wait(status, verdict, Named::Found).await;
            }
        };
        let common = self.object.spec.common();
        let scope = match self.shared.visiting_scope(&applicant(&self.object, &common), None).await {
            Ok(scope) => scope,
            Err(Unplaced::Aws(AwsError { class: Class::NotLeader | Class::ShuttingDown, .. })) => {
                return Err(Interrupt::Stopping);
            }
            Err(unplaced) => {
                let missing = unplaced.missing().map(str::to_owned);
                let named = missing.as_deref().map_or(Named::Found, Named::Missing);
                return self.wait(status, unplaced.verdict(), named).await;
            }
        };
        let pinned = (status.account.as_deref(), status.region.as_deref());
        if let Some(mismatch) = pass::elsewhere(pinned, &scope) {
            return self.wait(status, mismatch, Named::Found).await;
        }
        let Some(slot) = self.slots.take(&key_of(&*self.object)) else {
            let text = "It starts when one of those that are under way has ended (--concurrent-invocations).";
            let verdict = Verdict::Progress(Reason::Queued, text.to_owned());
            return self.wait(status, verdict, Named::Found).await;
        };
        self.announce(status, desired, scope, slot).await
    }

    async fn announce(
        &mut self,
        before: LambdaInvocationStatus,
        desired: Desired,
        scope: Arc<Scope>,
        slot: Slot,
    ) -> Result<Outcome, Interrupt> {
        let (id, target) = (uuid::Uuid::new_v4().to_string(), desired.target());
        let place = Place { account: scope.account(), region: scope.region() };
        let status = status::started(&before, place, target.clone(), &id, &now());
        self.conclude(status, &status::on_start(&target), Named::Found).await?;
        let text = format!("{target} is being invoked (attempt {id}).");
        self.publish(Note::normal("Started", "Invoke", text));
        Ok(Outcome::Started(Box::new(Attempt { id, object: Arc::clone(&self.object), desired, scope, slot })))
    }

    /// Stores what the call came to.
    ///
    /// # Errors
    /// See [`Interrupt`].
    pub async fn end(
        &mut self,
        attempt: &Attempt,
        ended: &Ended,
        took: Duration,
    ) -> Result<Verdict, Interrupt> {
        let (status, verdict) = status::ended(&self.object, &attempt.desired, ended, took);
        self.conclude(status, &verdict, Named::Unread).await?;
        Ok(verdict)
    }

    async fn wait(
        &mut self,
        status: LambdaInvocationStatus,
        verdict: Verdict,
        named: Named<'_>,
    ) -> Result<Outcome, Interrupt> {
        self.conclude(status, &verdict, named).await?;
        Ok(Outcome::Concluded(verdict))
    }

    /// Writes the status that follows, if it differs, and tells people.
    async fn conclude(
        &mut self,
        status: LambdaInvocationStatus,
        verdict: &Verdict,
        named: Named<'_>,
    ) -> Result<(), Interrupt> {
        let before = self.object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        let note = summary::note_of(before, verdict);
        let status = status::conclude(&self.object, status, verdict, named, &now());
        self.write(&status).await?;
        if let Some(note) = note {
            self.publish(note);
        }
        Ok(())
    }

    async fn write(&mut self, status: &LambdaInvocationStatus) -> Result<(), Interrupt> {
        if self.object.status.as_ref() == Some(status) {
            return Ok(());
        }
        self.check_leader()?;
        self.object = Arc::new(write::status(&self.shared.client, &*self.object, status).await?);
        self.memory.wrote(&*self.object);
        self.shared.metrics.kubernetes_write(NAME, "status");
        Ok(())
    }

    /// Its time is over. Only as it was seen: if somebody has changed it meanwhile, it may be wanted for longer.
    async fn delete(&mut self) -> Result<Outcome, Interrupt> {
        self.check_leader()?;
        match write::delete(&self.shared.client, &*self.object).await {
            Ok(()) | Err(WriteError::Gone) => {}
            Err(error) => return Err(error.into()),
        }
        self.shared.metrics.kubernetes_write(NAME, "deletion");
        Ok(Outcome::Gone)
    }

    fn publish(&self, note: Note) {
        tracing::info!(reason = note.reason, "{}", note.text);
        self.shared.events.publish(note, self.object.object_ref(&()));
    }

    fn check_leader(&self) -> Result<(), Interrupt> {
        self.shared.leadership.check().map_err(|_| Interrupt::Stopping)
    }
}

/// The object as one that asks where to work.
pub fn applicant<'a>(object: &LambdaInvocation, common: &'a CommonSpec) -> Applicant<'a> {
    Applicant {
        user: ReferenceKey { kind: ReferenceKind::LambdaInvocation, object: key_of(object) },
        common,
        pinned: object.status.as_ref().is_some_and(|status| status.account.is_some()),
        provided: true,
    }
}
