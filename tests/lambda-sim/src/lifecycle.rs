//! State and LastUpdateStatus of one version of a function
//! (<https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>), settled when somebody looks: no
//! timers. The reasons of a creation and an update are those that LocalStack recorded (`test_function_lifecycle` and
//! `test_redundant_updates` in tests/aws/services/lambda_/test_lambda_api.snapshot.json); those of a function that is
//! being deleted or wakes up are ours.

use std::time::{Duration, Instant};

use crate::error::ApiError;
use crate::request::Object;
use crate::settings::{Failure, SettleDelay};

/// How a call comes by a function, which decides what it settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A read that shows its state.
    Read,
    /// Any other call: a write, a list. Only time settles for it.
    Other,
}

/// When a transition ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Reads(u32),
    At(Instant),
    Held,
}

impl Due {
    pub(crate) fn after(delay: SettleDelay, now: Instant) -> Self {
        match delay {
            SettleDelay::Reads(reads) => Self::Reads(reads),
            SettleDelay::AfterMs(ms) => Self::At(now + Duration::from_millis(ms)),
            SettleDelay::Hold => Self::Held,
        }
    }

    /// Whether it is time, seen from this access.
    pub(crate) fn reached(&mut self, access: Access, now: Instant) -> bool {
        match (self, access) {
            (Self::At(at), _) => *at <= now,
            (Self::Held, _) | (Self::Reads(_), Access::Other) => false,
            (Self::Reads(left), Access::Read) => {
                let reached = *left == 0;
                *left = left.saturating_sub(1);
                reached
            }
        }
    }
}

/// A value with its reason code and reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) value: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) code: Option<String>,
}

impl Status {
    fn plain(value: &str) -> Self {
        Self { value: Some(value.to_owned()), ..Self::default() }
    }

    fn with_reason(value: &str, code: &str, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), code: Some(code.to_owned()), ..Self::plain(value) }
    }

    /// AWS says "created" and "Creating" of updates, too.
    fn ongoing(value: &str) -> Self {
        Self::with_reason(value, "Creating", "The function is being created.")
    }

    fn failed(failure: &Failure) -> Self {
        Self::with_reason("Failed", &failure.code, &failure.reason)
    }

    fn is(&self, value: &str) -> bool {
        self.value.as_deref() == Some(value)
    }

    fn write(&self, prefix: &str, into: &mut Object) {
        let members = [("", &self.value), ("Reason", &self.reason), ("ReasonCode", &self.code)];
        for (suffix, value) in members {
            if let Some(value) = value {
                into.insert(format!("{prefix}{suffix}"), value.clone().into());
            }
        }
    }
}

/// How AWS begins every refusal that passes by itself.
const BUSY: &str = "The operation cannot be performed at this time.";

/// The refusal of a write during an update.
pub(crate) fn update_in_progress(arn: &str) -> String {
    format!("{BUSY} An update is in progress for resource: {arn}")
}

const ACTIVE: &str = "Active";

/// The two states and what they are waiting for.
#[derive(Clone, Debug)]
pub(crate) struct Lifecycle {
    pub(crate) state: Status,
    pub(crate) update: Status,
    due: Option<Due>,
    /// Its deletion has ended.
    gone: bool,
    /// A version with SnapStart never shows a LastUpdateStatus
    /// (<https://github.com/hashicorp/terraform-provider-aws/issues/43395>).
    without_update: bool,
    /// In which state it is at rest.
    rests: &'static str,
}

impl Lifecycle {
    /// A new function or version.
    pub(crate) fn created(delay: SettleDelay, now: Instant) -> Self {
        let due = Some(Due::after(delay, now));
        let (state, update) = (Status::ongoing("Pending"), Status::default());
        Self { state, update, due, gone: false, without_update: false, rests: ACTIVE }
    }

    /// The same for a version with SnapStart.
    pub(crate) fn created_with_snap_start(delay: SettleDelay, now: Instant) -> Self {
        Self { without_update: true, ..Self::created(delay, now) }
    }

    /// One that has settled.
    pub(crate) fn settled() -> Self {
        let (state, update) = (Status::plain(ACTIVE), Status::plain("Successful"));
        Self { state, update, due: None, gone: false, without_update: false, rests: ACTIVE }
    }

    /// `$LATEST` of a function on a capacity provider: only what is published can be invoked. The state is AWS's; what it
    /// is of, terraform-provider-aws says, which waits for it (internal/service/lambda/function.go).
    pub(crate) fn on_capacity_provider(mut self) -> Self {
        self.rests = "ActiveNonInvocable";
        if self.state.is(ACTIVE) {
            self.state = Status::plain(self.rests);
        }
        self
    }

    /// It is to have no environment at all, or some again.
    pub(crate) fn scaled(&mut self, to_none: bool) {
        let (from, to) = if to_none { (ACTIVE, "Deactivated") } else { ("Deactivated", ACTIVE) };
        if self.state.is(from) {
            self.state = Status::plain(to);
        }
    }

    /// An update was accepted. It also wakes a function that Lambda had put to sleep.
    pub(crate) fn updating(&mut self, delay: SettleDelay, now: Instant) {
        self.woken();
        self.update = Status::ongoing("InProgress");
        self.due = Some(Due::after(delay, now));
    }

    fn woken(&mut self) -> bool {
        let slept = self.state.is("Inactive");
        if slept {
            self.state = Status::with_reason("Pending", "Restoring", "The function is being restored.");
        }
        slept
    }

    /// A deletion was accepted. Only a durable function has something to wait for that AWS names.
    pub(crate) fn deleting(&mut self, delay: SettleDelay, now: Instant, durable: bool) {
        let draining = "The function is being deleted once its durable executions have ended.";
        self.state = if durable {
            Status::with_reason("Deleting", "DrainingDurableExecutions", draining)
        } else {
            Status::plain("Deleting")
        };
        self.due = Some(Due::after(delay, now));
    }

    /// Whether a deletion was accepted.
    pub(crate) fn is_deleting(&self) -> bool {
        self.state.is("Deleting")
    }

    /// Whether a deletion has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Settles if it is time; true if something changed, which changes the RevisionId too.
    pub(crate) fn tick(&mut self, access: Access, now: Instant, failures: Failures<'_>) -> bool {
        let reached = self.due.as_mut().is_some_and(|due| due.reached(access, now));
        if reached {
            self.settle(failures);
        }
        reached
    }

    /// Settles now; true if there was something to settle.
    pub(crate) fn settle(&mut self, failures: Failures<'_>) -> bool {
        if self.due.take().is_none() {
            return false;
        }
        if self.is_deleting() {
            self.gone = true;
        } else if self.update.is("InProgress") {
            self.update = failures.update.map_or_else(|| Status::plain("Successful"), Status::failed);
            self.state = Status::plain(self.rests);
        } else if let Some(failure) = failures.create {
            self.state = Status::failed(failure);
        } else {
            self.state = Status::plain(self.rests);
            self.update = if self.without_update { Status::default() } else { Status::plain("Successful") };
        }
        true
    }

    /// Why an alias may not point to it, if it failed
    /// (<https://github.com/hashicorp/terraform-provider-aws/issues/49904>). One that is Pending may be pointed to
    /// (<https://github.com/alexcasalboni/aws-lambda-power-tuning/pull/190>).
    pub(crate) fn refusal_of_alias(&self, arn: &str) -> Option<ApiError> {
        self.refusal_in(&["Failed"], arn)
    }

    /// Why a change of configuration or code, or a publication, is refused now, if it is.
    pub(crate) fn refusal(&self, arn: &str) -> Option<ApiError> {
        self.refusal_while_changing(arn).or_else(|| self.refusal_in(&["Failed"], arn))
    }

    /// Why what doesn't mind a failure is refused now, if it is.
    pub(crate) fn refusal_while_changing(&self, arn: &str) -> Option<ApiError> {
        if self.update.is("InProgress") && !self.is_deleting() {
            return Some(ApiError::conflict(update_in_progress(arn)));
        }
        self.refusal_in(&["Pending", "Deleting"], arn)
    }

    /// Why an invocation is refused now, if it is. One of a function that Lambda had put to sleep wakes it and is refused
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>).
    pub(crate) fn refusal_of_invocation(&mut self, delay: SettleDelay, now: Instant) -> Option<ApiError> {
        if self.woken() {
            self.due = Some(Due::after(delay, now));
        }
        let refusing = ["Pending", "Failed", "Deleting"];
        let state = self.state.value.as_deref().filter(|state| refusing.contains(state))?;
        let text = format!("{BUSY} The function is currently in the following state: {state}");
        Some(ApiError::conflict(text))
    }

    /// Why any write at all is refused now, if it is.
    pub(crate) fn refusal_of_any_write(&self, arn: &str) -> Option<ApiError> {
        self.refusal_in(&["Deleting"], arn)
    }

    /// In the words of <https://github.com/aws/serverless-application-model/issues/2356>.
    fn refusal_in(&self, states: &[&str], arn: &str) -> Option<ApiError> {
        let state = self.state.value.as_deref().filter(|state| states.contains(state))?;
        let code = self.state.code.as_ref().map(|code| format!(". StateReasonCode: '{code}'"));
        Some(ApiError::conflict(format!(
            "{BUSY} The resource {arn} is currently in the following state: '{state}'{}",
            code.unwrap_or_default()
        )))
    }

    /// Writes the members that GetFunction shows.
    pub(crate) fn write(&self, into: &mut Object) {
        self.state.write("State", into);
        self.update.write("LastUpdateStatus", into);
    }
}

/// How the next creates and updates fail, if they do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failures<'a> {
    pub(crate) create: Option<&'a Failure>,
    pub(crate) version: Option<&'a Failure>,
    pub(crate) update: Option<&'a Failure>,
    /// The reason why provisioned concurrency can't be allocated.
    pub(crate) provisioned: Option<&'a str>,
}

impl Failures<'_> {
    /// How new versions fail, which settle as creates do.
    pub(crate) fn of_versions(self) -> Self {
        Self { create: self.version.or(self.create), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Failures<'static> = Failures { create: None, version: None, update: None, provisioned: None };

    #[test]
    fn the_next_read_settles_but_a_write_does_not() {
        let now = Instant::now();
        let mut life = Lifecycle::created(SettleDelay::NEXT_READ, now);
        assert!(!life.tick(Access::Other, now, NONE));
        assert!(
            life.refusal("arn").unwrap().message.ends_with("state: 'Pending'. StateReasonCode: 'Creating'")
        );
        assert!(life.tick(Access::Read, now, NONE));
        assert!(life.state.is("Active") && life.update.is("Successful"));
        assert!(!life.tick(Access::Read, now, NONE), "it settles once");
    }

    #[test]
    fn a_number_of_reads_sees_it_in_progress() {
        let now = Instant::now();
        let mut life = Lifecycle::created(SettleDelay::Reads(2), now);
        let settled: Vec<_> = (0..4).map(|_| life.tick(Access::Read, now, NONE)).collect();
        assert_eq!(settled, [false, false, true, false]);
    }

    #[test]
    fn time_settles_for_every_access_and_hold_for_none() {
        let now = Instant::now();
        let mut life = Lifecycle::settled();
        life.updating(SettleDelay::AfterMs(10), now);
        assert!(!life.tick(Access::Read, now, NONE));
        assert!(life.tick(Access::Other, now + Duration::from_millis(10), NONE));
        life.updating(SettleDelay::Hold, now);
        assert!(!life.tick(Access::Read, now + Duration::from_mins(15), NONE));
        assert!(life.settle(NONE));
    }

    #[test]
    fn an_update_wakes_what_slept() {
        let now = Instant::now();
        let mut life = Lifecycle::settled();
        life.state = Status::with_reason("Inactive", "Idle", "idle");
        life.updating(SettleDelay::NEXT_READ, now);
        assert!(life.state.is("Pending") && life.state.code.as_deref() == Some("Restoring"));
        assert!(life.tick(Access::Read, now, NONE));
        assert!(life.state.is("Active") && life.update.is("Successful"));
    }

    #[test]
    fn an_invocation_wakes_what_slept_and_waits_for_it() {
        let now = Instant::now();
        let mut life = Lifecycle::settled();
        assert_eq!(life.refusal_of_invocation(SettleDelay::NEXT_READ, now), None);
        life.state = Status::with_reason("Inactive", "Idle", "idle");
        let refused = life.refusal_of_invocation(SettleDelay::NEXT_READ, now).unwrap();
        assert!(refused.status == 409 && refused.message.ends_with("state: Pending"), "{refused:?}");
        assert!(life.tick(Access::Read, now, NONE));
        assert_eq!(life.refusal_of_invocation(SettleDelay::NEXT_READ, now), None);
    }

    #[test]
    fn a_deletion_refuses_every_write_until_it_is_done() {
        let now = Instant::now();
        let mut life = Lifecycle::settled();
        assert_eq!(life.refusal_of_any_write("arn"), None);
        life.deleting(SettleDelay::Reads(1), now, true);
        let text = life.refusal_of_any_write("arn").unwrap().message;
        assert!(text.ends_with("state: 'Deleting'. StateReasonCode: 'DrainingDurableExecutions'"), "{text}");
        assert!(!life.tick(Access::Read, now, NONE) && !life.is_gone());
        assert!(life.tick(Access::Read, now, NONE) && life.is_gone());
    }

    #[test]
    fn failures_carry_their_reason() {
        let failure = Failure::new("InvalidSubnet", "gone");
        let mut life = Lifecycle::created(SettleDelay::NEXT_READ, Instant::now());
        life.settle(Failures { version: Some(&failure), ..NONE }.of_versions());
        let mut shown = Object::new();
        life.write(&mut shown);
        assert_eq!(shown["State"], "Failed");
        assert_eq!(shown["StateReasonCode"], "InvalidSubnet");
        assert!(!shown.contains_key("LastUpdateStatus"));
    }
}
