//! One visit to one object: observe → desired → plan → execute, and what it came to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, ManagementPolicy, ReferenceVersion};

use crate::account::{self, Unplaced};
use crate::aws::{AwsError, Class, Priority, Scope};
use crate::engine::controller::{applicant, claim};
use crate::engine::kind::{Aside, Facts, Inputs, Kind, Unready};
use crate::engine::memory::Memory;
use crate::engine::ownership::Owner;
use crate::engine::shared::Shared;
use crate::engine::summary::{self, Summary};
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::k8s::events::Note;
use crate::k8s::references::{self, ObjectKey, ReferenceKey};
use crate::k8s::write::{self, WriteError};
use crate::text::sentence;

/// Why a visit ended without a verdict.
#[derive(Debug, thiserror::Error)]
pub enum Interrupt {
    /// Writing or reading the object failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Reading a referenced object failed.
    #[error("a referenced object could not be read: {0}")]
    Reference(kube::Error),
    /// This process may not write any more.
    #[error("this process is not the leader, or is shutting down")]
    Stopping,
    /// The first sweep is not in yet.
    #[error("waiting for the first sweep")]
    AwaitSweep,
}

/// A visit under way.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read by its name")]
pub struct Pass<'a, K: Kind> {
    /// Handles and settings.
    pub shared: &'a Shared,
    /// The object, as fresh as it is known.
    pub object: Arc<K::Object>,
    /// What is remembered of it.
    pub memory: &'a mut Memory,
    /// The status as it will be written.
    pub status: K::Status,
    /// Events to publish.
    pub notes: Vec<Note>,
    /// The spec or a reference changed since the last visit that came to a verdict.
    pub changed: bool,
    /// Somebody asks for a visit by the annotation.
    pub asked: bool,
    /// Contents of references that were read already.
    pub inputs: Inputs,
    /// AWS is at work on what a stored intent announces: the status says enough until the first poll.
    pub announced: bool,
    /// A change was made: what was asked for is taken care of.
    pub acted: bool,
    /// What a change has brought to light, for the next plan.
    pub found: Option<K::Observed>,
}

/// What a visit found out, for the summary.
#[derive(Default)]
pub(crate) struct Findings {
    references: Option<Vec<ReferenceVersion>>,
    missing: Option<String>,
    pub(super) drift: Option<Vec<String>>,
    pub(super) asides: Vec<Aside>,
}

impl<'a, K: Kind> Pass<'a, K> {
    /// A visit that nobody asked for.
    pub fn new(shared: &'a Shared, object: Arc<K::Object>, memory: &'a mut Memory) -> Self {
        let status = K::status(&object);
        Self {
            shared,
            object,
            memory,
            status,
            notes: Vec::new(),
            changed: false,
            asked: false,
            inputs: Inputs::new(),
            announced: false,
            acted: false,
            found: None,
        }
    }

    /// Works on an object that is to exist.
    ///
    /// # Errors
    /// See [`Interrupt`].
    pub async fn run(&mut self) -> Result<Verdict, Interrupt> {
        let mut findings = Findings::default();
        let verdict = self.work(&mut findings).await?;
        self.conclude(&verdict, findings).await?;
        self.memory.owed = self.owes(&verdict);
        Ok(verdict)
    }

    /// The status says from now on that the change was seen. What AWS was too busy for, or didn't answer to, is still
    /// to be done, though, at the next visit.
    fn owes(&self, verdict: &Verdict) -> bool {
        let put_off = match verdict {
            Verdict::Progress(..) => true,
            Verdict::Problem(_, _, recheck) => *recheck == Recheck::Transient,
            Verdict::Settled(..) => false,
        };
        (self.changed || self.asked) && put_off && !self.acted
    }
}

impl<K: Kind> Pass<'_, K> {
    /// Where to work, in this region or in the one that the spec leads to.
    pub(crate) async fn scope(&mut self, region: Option<&str>) -> Result<Arc<Scope>, Unplaced> {
        let scope = self.shared.scope(&applicant::<K>(&self.object), region).await;
        if scope.is_err() {
            // Nor are calls made for it by the inventory.
            self.memory.registration = None;
        }
        scope
    }

    /// Who asks.
    pub fn owner(&self) -> Owner {
        let uid = self.object.uid().unwrap_or_default();
        let namespace = self.object.namespace().unwrap_or_default();
        Owner::new(&self.shared.cluster_id, &uid, &namespace, &self.object.name_any())
    }

    /// What a plan may depend on. `status` is what this visit knows so far.
    pub fn facts<'b>(&self, owner: &'b Owner, status: &'b K::Status) -> Facts<'b, K::Status> {
        let common = K::common(&self.object);
        let now = Instant::now();
        Facts {
            owner,
            adopt: if self.forbids_adoption() { AdoptPolicy::Never } else { common.adopt() },
            observe_only: self.observe_only(),
            deletion_policy: common.deletion_policy(),
            status,
            changed: self.changed || self.asked,
            retry_due: self.retry_due(now),
            delete_sent: self.memory.delete_sent.is_some_and(|sent| now.duration_since(sent).as_secs() < 30),
            in_turn: self.memory.in_turn,
        }
    }

    /// Whether what failed may be tried again: somebody changed or asked for something, or it is time.
    pub(super) fn retry_due(&self, now: Instant) -> bool {
        self.changed || self.asked || self.memory.retry_due(now)
    }

    /// Whether the LambdaAccount doesn't let objects take over what is in AWS already.
    fn forbids_adoption(&self) -> bool {
        self.shared.accounts.forbids_adoption(K::common(&self.object))
    }

    pub(crate) fn observe_only(&self) -> bool {
        K::common(&self.object).management_policy() == ManagementPolicy::Observe
    }

    async fn work(&mut self, findings: &mut Findings) -> Result<Verdict, Interrupt> {
        if !self.observe_only()
            && !self.object.finalizers().iter().any(|f| f == lambda_operator_crds::FINALIZER)
        {
            self.check_leader()?;
            self.object = Arc::new(write::add_finalizer(&self.shared.client, &*self.object).await?);
            self.memory.wrote(&*self.object);
            self.shared.metrics.kubernetes_write(K::NAME, "finalizer");
        }
        if let Some(denied) = self.read_references(findings).await? {
            return Ok(denied);
        }
        let mut desired = match K::desired(&self.object, &self.inputs) {
            Ok(desired) => desired,
            Err(Unready::Invalid(text)) => {
                return Ok(Verdict::Problem(Reason::InvalidSpec, text, Recheck::OnChange));
            }
            Err(Unready::Missing(text)) => {
                findings.missing = Some(text.clone());
                return Ok(Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow));
            }
        };
        let scope = match self.scope(None).await {
            Ok(scope) => scope,
            Err(Unplaced::Aws(error)) => return Self::on_error(&error),
            Err(unplaced) => {
                findings.missing = unplaced.missing().map(str::to_owned);
                return Ok(unplaced.verdict());
            }
        };
        if let Some(mismatch) = self.pin(&scope) {
            return Ok(mismatch);
        }
        if let Some(holder) = self.holder(&scope).filter(|_| !self.observe_only()) {
            return Ok(Self::rivalry(&holder));
        }
        self.take_in_source(&scope, &mut desired, findings).await?;
        let verdict = self.converge(&scope, &desired, findings).await?;
        Ok(if self.forbids_adoption() { account::without_adoption(verdict) } else { verdict })
    }

    /// Reads what the spec refers to. A verdict: the operator may not.
    async fn read_references(&mut self, findings: &mut Findings) -> Result<Option<Verdict>, Interrupt> {
        let keys = K::references(&self.object);
        if let Some(denied) = read_references(self.shared, keys, &mut self.inputs).await? {
            findings.missing = Some(denied.message().to_owned());
            return Ok(Some(denied));
        }
        findings.references = Some(self.inputs.versions());
        self.inputs.insert_uses(self.versions_in_use());
        Ok(None)
    }

    /// The versions of the resource that objects of the cluster use.
    fn versions_in_use(&self) -> BTreeSet<String> {
        let offering = K::offering(&self.object, &self.status);
        let Some(arn) = offering.arn else { return BTreeSet::new() };
        let common = K::common_status(&self.status);
        let place = [&common.account, &common.region].map(|part| part.as_deref().unwrap_or_default());
        self.shared.usage.versions(&self.reference(), &arn, place.into(), &offering.name)
    }

    fn reference(&self) -> ReferenceKey {
        let namespace = self.object.namespace().unwrap_or_default();
        ReferenceKey::new(K::KIND, &namespace, &self.object.name_any())
    }

    /// The object that holds the resource before this one, if it can carry no owner's tag and several claim it.
    pub(crate) fn holder(&self, scope: &Scope) -> Option<ObjectKey> {
        let Shared { references, rivals, .. } = self.shared;
        let me = self.reference();
        // What it refers to may have become known since the watch saw it.
        rivals.claim(&me, claim::<K>(&self.object, &self.status, references));
        rivals.holder(&me, (scope.account(), scope.region()))
    }

    fn rivalry(holder: &ObjectKey) -> Verdict {
        let text = format!(
            "{} {}/{} stands for the same resource in AWS, and has it already or is older. Nothing is changed. Delete one of the \
             two, or choose another name in a new object.",
            K::NAME,
            holder.namespace,
            holder.name
        );
        Verdict::Problem(Reason::OwnershipConflict, text, Recheck::Slow)
    }

    /// Pins account and region, or says that they are others than the pinned ones.
    pub(crate) fn pin(&mut self, scope: &Scope) -> Option<Verdict> {
        let common = K::common_status_mut(&mut self.status);
        let mismatch = elsewhere((common.account.as_deref(), common.region.as_deref()), scope);
        if mismatch.is_none() {
            common.account = Some(scope.account().to_owned());
            common.region = Some(scope.region().to_owned());
        }
        mismatch
    }

    pub(crate) fn priority(&self) -> Priority {
        if self.object.meta().deletion_timestamp.is_some() {
            Priority::Deletion
        } else if self.memory.transition.is_some() {
            Priority::Transition
        } else if self.changed {
            Priority::User
        } else {
            Priority::Drift
        }
    }

    /// Writes a status, if it differs from the stored one.
    pub(crate) async fn write_status(&mut self, status: &K::Status) -> Result<(), Interrupt> {
        if *status == K::status(&self.object) {
            return Ok(());
        }
        self.check_leader()?;
        self.object = Arc::new(write::status(&self.shared.client, &*self.object, status).await?);
        self.memory.wrote(&*self.object);
        self.shared.metrics.kubernetes_write(K::NAME, "status");
        Ok(())
    }

    pub(crate) fn check_leader(&self) -> Result<(), Interrupt> {
        self.shared.leadership.check().map_err(|_| Interrupt::Stopping)
    }

    /// The verdict on a failed call, unless the call failed because this process is to stop.
    pub(crate) fn on_error(error: &AwsError) -> Result<Verdict, Interrupt> {
        match error.class {
            Class::NotLeader | Class::ShuttingDown => Err(Interrupt::Stopping),
            _ => Ok(verdict::on_error(error)),
        }
    }

    async fn conclude(&mut self, verdict: &Verdict, findings: Findings) -> Result<(), Interrupt> {
        let before = K::status(&self.object);
        self.notes.extend(summary::note_of_change::<K>(&before, verdict));
        self.notes.extend(summary::notes_of_asides(&K::common_status(&before).conditions, &findings.asides));
        let summary = Summary {
            verdict,
            references: findings.references,
            missing: findings.missing.as_deref(),
            drift: findings.drift.as_deref(),
            asides: &findings.asides,
        };
        if self.announced {
            return Ok(());
        }
        let mut status = self.status.clone();
        summary::fill::<K>(&self.object, &mut status, &summary, &now());
        self.write_status(&status).await?;
        self.status = status;
        Ok(())
    }
}

/// Says that an object that is pinned to an account and region would be worked on in another.
pub(crate) fn elsewhere(pinned: (Option<&str>, Option<&str>), scope: &Scope) -> Option<Verdict> {
    let (Some(pinned), Some(place)) = pinned else { return None };
    let (account, region) = (scope.account(), scope.region());
    if pinned == account && place == region {
        return None;
    }
    let text = format!(
        "status says that this object lives in account {pinned}, region {place}, but the operator now works in account \
         {account}, region {region}. Nothing is changed. Give the operator credentials for {pinned}, set spec.region to \
         {place}, or create a new object for the other place."
    );
    Some(Verdict::Problem(Reason::AccountMismatch, text, Recheck::Slow))
}

/// Reads what a spec refers to, as far as it wasn't read already. A verdict: the operator may not.
///
/// # Errors
/// See [`Interrupt`].
pub(crate) async fn read_references(
    shared: &Shared,
    keys: BTreeSet<ReferenceKey>,
    inputs: &mut Inputs,
) -> Result<Option<Verdict>, Interrupt> {
    for key in keys {
        if key.kind.is_of_the_group() {
            let offer = shared.references.offer(&key);
            inputs.insert_offer(key, offer);
            continue;
        }
        if inputs.get(&key).is_some() {
            continue;
        }
        match references::read(&shared.client, &key).await {
            Ok(contents) => inputs.insert(key, contents),
            Err(error) if references::is_forbidden(&error) => {
                let (kind, name) = (key.kind.as_str(), &key.object.name);
                let text = format!(
                    "{kind} {name} can't be read: {} Grant the operator's ServiceAccount get on it.",
                    sentence(&error.to_string())
                );
                return Ok(Some(Verdict::Problem(Reason::AccessDenied, text, Recheck::Slow)));
            }
            Err(error) => return Err(Interrupt::Reference(error)),
        }
    }
    Ok(None)
}

/// The present time, as Kubernetes keeps it.
pub fn now() -> Time {
    let now = jiff::Timestamp::now();
    Time(jiff::Timestamp::from_second(now.as_second()).unwrap_or(now))
}
