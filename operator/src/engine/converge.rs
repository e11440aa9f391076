//! The heart of a visit: observe, plan and execute, until AWS has what the spec says or is at work on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Resource;
use lambda_operator_crds::conditions::{ConditionType, Reason};

use crate::aws::{AwsError, Class, Scope};
use crate::engine::kind::{Kind, Listing, Next, Report};
use crate::engine::pass::{Findings, Interrupt, Pass, now};
use crate::engine::summary::{self, Summary};
use crate::engine::verdict::{Plan, Recheck, Verdict};
use crate::k8s::conditions;
use crate::k8s::events::Note;

/// How often one visit may read and plan again before it leaves the rest to the next.
const ROUNDS: usize = 5;

/// How long a visit is put off until the first sweep is in.
const LONGEST_AWAIT: Duration = Duration::from_secs(10);

impl<K: Kind> Pass<'_, K> {
    pub(super) async fn converge(
        &mut self,
        scope: &Arc<Scope>,
        desired: &K::Desired,
        findings: &mut Findings,
    ) -> Result<Verdict, Interrupt> {
        let owner = self.owner();
        let mut verdict = Verdict::Progress(Reason::Updating, "AWS keeps changing; looking again.".into());
        let mut earlier: Option<K::Observed> = None;
        for _ in 0..ROUNDS {
            let id = K::id(&self.object, &self.status, Some(desired));
            let mut observed = match self.observe(scope, id.as_ref()).await? {
                Ok(observed) => observed,
                Err(error) => return Self::on_error(&error),
            };
            if observed.is_none() && self.is_still_hidden() {
                let text = "AWS has accepted the change and doesn't show the resource yet.".to_owned();
                return Ok(Verdict::Progress(Reason::Creating, text));
            }
            if let (Some(before), Some(now)) = (&earlier, &mut observed) {
                K::carry(before, now);
            }
            if let Some(observed) = &observed {
                K::recover(observed, &owner, &mut self.status);
            }
            let status = self.status.clone();
            let mut plan = K::plan(desired, observed.as_ref(), &self.facts(&owner, &status));
            self.note_drift(&plan, findings);
            if self.observe_only() {
                plan.actions.retain(K::looks);
            }
            if let Some(verdict) = self.unsupplied(&plan).or_else(|| self.futile(&plan)) {
                plan = Plan { differs: plan.differs, ..Plan::rest(verdict) };
            }
            let (differs, corrects) = (plan.differs.clone(), !plan.actions.is_empty());
            let Some(end) = self.execute(scope, id.as_ref(), plan, &mut observed).await? else {
                earlier = observed;
                continue;
            };
            findings.asides.extend(observed.as_ref().map(K::asides).unwrap_or_default());
            verdict = end;
            let settled = matches!(verdict, Verdict::Settled(..));
            if settled && corrects {
                self.note_correction(findings);
            }
            let report = Report {
                desired: Some(desired),
                observed: observed.as_ref(),
                differs: if settled && !self.observe_only() { &[] } else { &differs },
                settled,
                owner: &owner,
                observe_only: self.observe_only(),
            };
            K::report(&report, &mut self.status);
            // What comes back less and less often is as it is until then.
            let resting = matches!(verdict, Verdict::Problem(_, _, Recheck::Reluctant));
            if settled || resting {
                self.memory.registration = K::watch(scope, &self.object, &self.status, observed.as_ref());
            }
            return Ok(verdict);
        }
        Ok(verdict)
    }

    /// Reads the resource, unless it can't be there or a fresh listing says enough.
    async fn observe(
        &mut self,
        scope: &Scope,
        id: Option<&K::Id>,
    ) -> Result<Result<Option<K::Observed>, AwsError>, Interrupt> {
        if let Some(found) = self.found.take() {
            return Ok(Ok(Some(found)));
        }
        let Some(id) = id else { return Ok(self.search(scope).await) };
        if !self.memory.exists && !K::exists(&self.object, &self.status) {
            return Ok(Ok(None));
        }
        if self.only_references_changed() {
            match K::listed(scope, id, &self.status) {
                Listing::NotYet if self.may_await_sweep() => return Err(Interrupt::AwaitSweep),
                Listing::Found(observed) => return Ok(Ok(Some(observed))),
                Listing::Ask | Listing::NotYet => {}
            }
        }
        let read = K::observe(scope, id, self.priority()).await;
        if matches!(read, Ok(Some(_))) {
            self.memory.unseen_since = None;
        }
        Ok(read)
    }

    /// What a call whose outcome is unknown left in AWS.
    pub(super) async fn search(&self, scope: &Scope) -> Result<Option<K::Observed>, AwsError> {
        if K::common_status(&self.status).pending.is_none() {
            return Ok(None);
        }
        K::search(scope, &self.object, &self.status, &self.owner(), self.priority()).await
    }

    /// AWS's reads can lag behind its writes: what it has just accepted is not gone because a read doesn't show it.
    pub(super) fn is_still_hidden(&self) -> bool {
        let window = self.shared.intervals.propagation_window;
        self.memory.unseen_since.is_some_and(|since| since.elapsed() < window)
    }

    /// The same after a restart: a creation was announced, and nobody knows whether it took place.
    pub(super) fn may_be_hidden(&self) -> bool {
        let pending = K::common_status(&self.status).pending.as_ref();
        let Some(since) = pending.map(|pending| pending.since.0) else { return false };
        let age = jiff::Timestamp::now().duration_since(since);
        age.unsigned_abs() < self.shared.intervals.propagation_window
    }

    /// A first sweep is worth waiting for, but not for ever.
    fn may_await_sweep(&mut self) -> bool {
        let since = *self.memory.awaiting_sweep.get_or_insert_with(Instant::now);
        since.elapsed() < LONGEST_AWAIT
    }

    fn only_references_changed(&self) -> bool {
        let common = K::common_status(&self.status);
        !self.asked
            && self.memory.is_calm()
            && Some(common.observed_generation) == self.object.meta().generation
            && conditions::status_of(&common.conditions, ConditionType::Ready) == Some("True")
    }

    fn note_drift(&mut self, plan: &Plan<K::Action>, findings: &mut Findings) {
        let common = K::common_status(&self.status);
        let was_ready = conditions::status_of(&common.conditions, ConditionType::Ready) == Some("True");
        let was_drifted = conditions::status_of(&common.conditions, ConditionType::Drifted) == Some("True");
        let drifted = !plan.differs.is_empty() && !self.changed && (was_ready || was_drifted);
        if self.observe_only() || drifted {
            findings.drift = Some(plan.differs.clone());
        } else if plan.actions.is_empty() && matches!(plan.verdict, Verdict::Settled(..)) {
            findings.drift = Some(Vec::new());
        }
        if drifted && !was_drifted {
            let paths = plan.differs.join(", ");
            self.shared.metrics.drift_detected(K::NAME);
            let text = if self.observe_only() {
                format!(
                    "AWS differs from the spec in {paths}; managementPolicy is Observe, nothing is changed."
                )
            } else {
                format!("Somebody changed {paths} in AWS; changing it back.")
            };
            self.notes.push(Note::warning("DriftDetected", "Reconcile", text));
        } else if was_drifted && !self.observe_only() && findings.drift.as_ref().is_some_and(Vec::is_empty) {
            self.shared.metrics.drift_corrected(K::NAME);
        }
    }

    /// All changes were made and have taken effect at once.
    fn note_correction(&self, findings: &mut Findings) {
        if findings.drift.as_ref().is_some_and(|paths| !paths.is_empty()) {
            findings.drift = Some(Vec::new());
            self.shared.metrics.drift_corrected(K::NAME);
        }
    }

    /// Makes the changes of a plan, in order. `None`: read and plan again.
    async fn execute(
        &mut self,
        scope: &Scope,
        id: Option<&K::Id>,
        plan: Plan<K::Action>,
        observed: &mut Option<K::Observed>,
    ) -> Result<Option<Verdict>, Interrupt> {
        let priority = self.priority();
        for action in plan.actions {
            let unprepared = self.status.clone();
            let creates = observed.is_none();
            self.intend(&action, &plan.verdict, creates).await?;
            match K::execute(scope, id, &action, observed.as_ref(), priority).await {
                Ok(effect) => {
                    if effect.next == Next::Found {
                        self.found = effect.observed;
                        if creates {
                            // This call did nothing, as below.
                            self.status = unprepared;
                        }
                        self.notes.extend(effect.note);
                        return Ok(None);
                    }
                    self.acted = true;
                    // What is expected of the resource is over: the next settled visit registers anew.
                    self.memory.registration = None;
                    // What has to be read again is stored by `recover`, when it is seen.
                    if effect.next != Next::Replan {
                        K::common_status_mut(&mut self.status).pending = None;
                    }
                    self.notes.extend(effect.note);
                    let exists = effect.observed.is_some();
                    if exists {
                        *observed = effect.observed;
                    }
                    K::record(&action, observed.as_ref(), &mut self.status);
                    match effect.next {
                        Next::Continue => {}
                        Next::Settle => {
                            self.memory.transition = Some(Instant::now());
                            self.memory.unseen_since = (creates && exists).then(Instant::now);
                            if !self.is_retry() {
                                self.memory.corrected(&plan.differs);
                            }
                            self.announced = self.is_announced();
                            let (reason, text) = progress_of(&plan.verdict, creates);
                            return Ok(Some(Verdict::Progress(reason, text)));
                        }
                        Next::Replan | Next::Found => return Ok(None),
                        Next::End(verdict) => return Ok(Some(verdict)),
                    }
                }
                Err(error) if error.class == Class::AlreadyExists => {
                    self.memory.exists = true;
                    // This call did nothing: what is there came from an earlier one, of which the status as it was
                    // before says what is known.
                    self.status = unprepared;
                    *observed = None;
                    return Ok(None);
                }
                Err(error) if matches!(error.class, Class::Lock | Class::Gone) => {
                    // It was refused: there is nothing to be found again.
                    if !error.unknown_outcome {
                        K::common_status_mut(&mut self.status).pending = None;
                    }
                    // What was known before is not what there is.
                    *observed = None;
                    return Ok(None);
                }
                Err(error) => {
                    if !error.unknown_outcome {
                        K::common_status_mut(&mut self.status).pending = None;
                    }
                    return Self::on_error(&error).map(Some);
                }
            }
        }
        Ok(Some(plan.verdict))
    }

    /// Stores pins, intents and sections before the first call that leans on them. `creates`: AWS has nothing yet.
    async fn intend(
        &mut self,
        action: &K::Action,
        verdict: &Verdict,
        creates: bool,
    ) -> Result<(), Interrupt> {
        let unprepared = self.status.clone();
        K::prepare(action, &mut self.status);
        let stored = K::status(&self.object);
        let pinned = K::common_status(&stored).account == K::common_status(&self.status).account;
        if pinned && self.status == unprepared {
            return Ok(());
        }
        let mut status = self.status.clone();
        if !self.is_retry() {
            let (reason, text) = K::progress(action).unwrap_or_else(|| progress_of(verdict, creates));
            let progress = Verdict::Progress(reason, text);
            // The call that follows uses these references: found later, they are no change.
            let references = Some(self.inputs.versions());
            let summary = Summary { verdict: &progress, references, missing: None, drift: None, asides: &[] };
            summary::fill::<K>(&self.object, &mut status, &summary, &now());
        }
        self.write_status(&status).await?;
        self.status = status;
        Ok(())
    }

    /// AWS accepts a change and doesn't keep it: making it over and over helps nobody.
    fn futile(&self, plan: &Plan<K::Action>) -> Option<Verdict> {
        if self.retry_due(Instant::now())
            || plan.actions.is_empty()
            || plan.differs.is_empty()
            || !self.memory.is_futile(&plan.differs)
        {
            return None;
        }
        let paths = plan.differs.join(", ");
        let text = format!(
            "AWS accepts a change of {paths} and then shows another value than the spec's, three times in a row. Set the spec \
             to what AWS shows, or list the path in spec.ignoreDrift."
        );
        Some(Verdict::Problem(Reason::InvalidSpec, text, Recheck::Refused))
    }

    /// Whether a stored intent says all that there is to say until the first poll.
    fn is_announced(&self) -> bool {
        let stored = K::status(&self.object);
        let mut known = self.status.clone();
        K::common_status_mut(&mut known).pending.clone_from(&K::common_status(&stored).pending);
        K::common_status(&stored).pending.is_some() && known == stored
    }

    /// What is tried again after a problem stays a problem until it has worked.
    fn is_retry(&self) -> bool {
        let ready = conditions::status_of(&K::common_status(&self.status).conditions, ConditionType::Ready);
        ready == Some("False") && !self.changed && !self.asked
    }
}

fn progress_of(verdict: &Verdict, creates: bool) -> (Reason, String) {
    match verdict {
        Verdict::Progress(reason, text) => (*reason, text.clone()),
        _ if creates => (Reason::Creating, "AWS is being asked to create the resource.".into()),
        _ => (Reason::Updating, "AWS is being changed.".into()),
    }
}
