//! The visit to an object that is being deleted. It reads nothing of the namespace: in a namespace
//! deletion Secrets and parents vanish first, and all that is needed is in `status`.

use std::sync::Arc;
use std::time::Instant;

use kube::ResourceExt;
use lambda_operator_crds::DeletionPolicy;
use lambda_operator_crds::conditions::Reason;

use crate::account::Unplaced;
use crate::aws::{AwsError, Class, Scope};
use crate::engine::kind::{Deletion, Kind, Next};
use crate::engine::pass::{Interrupt, Pass};
use crate::engine::summary::{self, Summary};
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::k8s::events::Note;
use crate::k8s::references::{ObjectKey, ReferenceKey};
use crate::k8s::write::{self, WriteError};
use crate::text::sentence;

/// The ways out that a blocked deletion names.
const WAYS_OUT: &str =
    "Mend it, or set spec.deletionPolicy to Retain: then this object goes and the resource stays in AWS.";

impl<K: Kind> Pass<'_, K> {
    /// Works on an object that is being deleted. `None`: it has been let go.
    ///
    /// # Errors
    /// See [`Interrupt`].
    pub async fn run_deletion(&mut self) -> Result<Option<Verdict>, Interrupt> {
        let retain = K::common(&self.object).deletion_policy() == DeletionPolicy::Retain;
        let never_written = K::common_status(&self.status).account.is_none();
        if never_written || self.observe_only() {
            return self.release(None).await;
        }
        let verdict = match self.take_leave(retain).await? {
            Ok(None) => return Ok(None),
            Err(Blocked(verdict)) if retain => {
                let text = format!(
                    "Left in AWS with its ownership tags, which could not be removed: {}",
                    verdict.message()
                );
                return self.release(Some(Note::warning("Retained", "Delete", text))).await;
            }
            Err(Blocked(Verdict::Problem(reason, text, recheck))) => {
                let text = format!("{} The deletion waits for this. {WAYS_OUT}", sentence(&text));
                Verdict::Problem(reason, text, recheck)
            }
            Ok(Some(verdict)) | Err(Blocked(verdict)) => verdict,
        };
        let before = K::status(&self.object);
        self.notes.extend(summary::note_of_change::<K>(&before, &verdict));
        let mut status = self.status.clone();
        let summary =
            Summary { verdict: &verdict, references: None, missing: None, drift: None, asides: &[] };
        summary::fill::<K>(&self.object, &mut status, &summary, &crate::engine::pass::now());
        self.write_status(&status).await?;
        Ok(Some(verdict))
    }

    /// Brings AWS to where the object may go. `Ok(None)`: it has gone.
    async fn take_leave(&mut self, retain: bool) -> Result<Result<Option<Verdict>, Blocked>, Interrupt> {
        if let Some(verdict) = self.in_use().filter(|_| !retain) {
            return Ok(match verdict {
                Verdict::Problem(..) => Err(Blocked(verdict)),
                _ => Ok(Some(verdict)),
            });
        }
        let region = K::common_status(&self.status).region.clone();
        let scope = match self.scope(region.as_deref()).await {
            Ok(scope) => scope,
            Err(Unplaced::Aws(error)) => return Self::blocked(&error),
            Err(refused) => return Ok(Err(Blocked(refused.verdict()))),
        };
        if let Some(mismatch) = self.pin(&scope) {
            return Ok(Err(Blocked(mismatch)));
        }
        if let Some(holder) = self.holder(&scope) {
            return Ok(Ok(self.release(self.left_to(&holder)).await?));
        }
        let owner = self.owner();
        loop {
            let id = K::id(&self.object, &self.status, None);
            let read = match (self.found.take(), &id) {
                (Some(found), _) => Ok(Some(found)),
                (None, Some(id)) => K::observe(&scope, id, self.priority()).await,
                (None, None) => self.search(&scope).await,
            };
            let observed = match read {
                Ok(observed) => observed,
                Err(error) => return Self::blocked(&error),
            };
            if let Some(observed) = &observed {
                K::recover(observed, &owner, &mut self.status);
            }
            if observed.is_none() && (self.is_still_hidden() || self.may_be_hidden()) {
                let text = "AWS has been asked to create the resource and doesn't show it yet; once it does, or after \
                            a few minutes without it, the deletion goes on.";
                return Ok(Ok(Some(Verdict::Progress(Reason::Deleting, text.to_owned()))));
            }
            let status = self.status.clone();
            let decision = K::plan_deletion(observed.as_ref(), &self.facts(&owner, &status));
            match decision {
                Deletion::Release(note) => return Ok(Ok(self.release(note).await?)),
                Deletion::Blocked(text) => {
                    return Ok(Err(Blocked(Verdict::Problem(Reason::DeletionBlocked, text, Recheck::Slow))));
                }
                Deletion::Part(action) => {
                    match self.act(&scope, id.as_ref(), &action, observed.as_ref()).await {
                        Ok(_) => return Ok(Ok(self.release(None).await?)),
                        Err(error) if error.class == Class::Gone => {}
                        Err(error) => return Self::blocked(&error),
                    }
                }
                Deletion::Wait(text) => return Ok(Ok(Some(Verdict::Progress(Reason::Deleting, text)))),
                Deletion::Denied(text) => {
                    return Ok(Err(Blocked(Verdict::Problem(Reason::AccessDenied, text, Recheck::Slow))));
                }
                Deletion::Act(action) => {
                    match self.act(&scope, id.as_ref(), &action, observed.as_ref()).await {
                        Ok(Next::Settle) => {
                            let text = "AWS is deleting the resource.".to_owned();
                            return Ok(Ok(Some(Verdict::Progress(Reason::Deleting, text))));
                        }
                        Ok(Next::Continue | Next::Replan | Next::Found) => {}
                        Ok(Next::End(verdict)) => return Ok(Err(Blocked(verdict))),
                        Err(error) => return Self::blocked(&error),
                    }
                }
            }
        }
    }

    /// What is another object's goes or stays with that.
    fn left_to(&self, holder: &ObjectKey) -> Option<Note> {
        let had = K::common_status(&self.status).origin.is_some();
        let text = format!(
            "The resource is left in AWS: {} {}/{} stands for it as well.",
            K::NAME,
            holder.namespace,
            holder.name
        );
        had.then(|| Note::warning("LeftInAWS", "Delete", text))
    }

    /// Who still builds on the resource: those that are going are waited for, the others are named.
    fn in_use(&self) -> Option<Verdict> {
        let namespace = self.object.namespace().unwrap_or_default();
        let me = ReferenceKey::new(K::KIND, &namespace, &self.object.name_any());
        let users = self.shared.references.users(&me);
        let names = |going: bool| {
            let named = users.iter().filter(|(_, deleting)| *deleting == going);
            let named = named.map(|(user, _)| format!("{} {}", user.kind.as_str(), user.object.name));
            named.collect::<Vec<_>>().join(", ")
        };
        let (staying, going) = (names(false), names(true));
        if !staying.is_empty() {
            let text = format!("still used by {staying}. Delete it, or point it elsewhere.");
            return Some(Verdict::Problem(Reason::DeletionBlocked, text, Recheck::Slow));
        }
        let text = format!("waiting until {going} is gone, which goes first.");
        (!going.is_empty()).then_some(Verdict::Progress(Reason::Deleting, text))
    }

    async fn act(
        &mut self,
        scope: &Arc<Scope>,
        id: Option<&K::Id>,
        action: &K::Action,
        observed: Option<&K::Observed>,
    ) -> Result<Next, AwsError> {
        let effect = K::execute(scope, id, action, observed, self.priority()).await?;
        if effect.next == Next::Settle {
            self.memory.transition = Some(Instant::now());
            self.memory.delete_sent = Some(Instant::now());
            // What is known by its name and goes is not waited for, whatever else was under way.
            if id.is_some() {
                K::common_status_mut(&mut self.status).pending = None;
            }
        }
        self.notes.extend(effect.note);
        if effect.next == Next::Found {
            self.found = effect.observed;
        } else {
            K::record(action, effect.observed.as_ref().or(observed), &mut self.status);
        }
        Ok(effect.next)
    }

    fn blocked(error: &AwsError) -> Result<Result<Option<Verdict>, Blocked>, Interrupt> {
        match error.class {
            Class::NotLeader | Class::ShuttingDown => Err(Interrupt::Stopping),
            Class::InProgress | Class::Lock => {
                Ok(Ok(Some(Verdict::Progress(Reason::Deleting, verdict::text_of(error)))))
            }
            _ => Ok(Err(Blocked(verdict::on_error(error)))),
        }
    }

    /// Removes the finalizer.
    async fn release(&mut self, note: Option<Note>) -> Result<Option<Verdict>, Interrupt> {
        self.check_leader()?;
        self.notes.extend(note);
        match write::remove_finalizer(&self.shared.client, &*self.object).await {
            Ok(_) | Err(WriteError::Gone) => {}
            Err(error) => return Err(error.into()),
        }
        self.shared.metrics.kubernetes_write(K::NAME, "finalizer");
        Ok(None)
    }
}

/// Something is in the way of the deletion.
struct Blocked(Verdict);
