//! What to do with an invocation now, and how it stands with one that has ended: pure.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{
    InvocationOutcome, InvocationType, LambdaInvocationSpec, LambdaInvocationStatus, RetryPolicy,
};

use crate::aws::{AwsError, Class};
use crate::engine::kind::Unready;
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::invocation::desired::Desired;
use crate::text::sentence;

/// How often a function is invoked at most, if that may be repeated: as often as a Job tries by default.
pub const MOST_ATTEMPTS: i64 = 6;

/// How far an invocation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has ended; the object goes after this long, `None`: it stays.
    Ended(Option<Duration>),
    /// A task of this process is at it.
    UnderWay,
    /// It was started, and nobody is at it: whether the function ran, nobody knows.
    Lost,
    /// It isn't to start yet.
    Suspended,
    /// It is to start as soon as it can.
    Due,
}

/// How far it is. `under_way`: a task of this process is at it.
pub fn standing(
    spec: &LambdaInvocationSpec,
    status: &LambdaInvocationStatus,
    under_way: bool,
    now: Timestamp,
) -> Standing {
    if under_way {
        return Standing::UnderWay;
    }
    if status.pending.is_some() {
        return Standing::Lost;
    }
    if has_ended(spec, status) {
        return Standing::Ended(time_left(spec, status, now));
    }
    if spec.suspend.unwrap_or(false) { Standing::Suspended } else { Standing::Due }
}

/// Whether nothing more is to be done for it.
pub fn has_ended(spec: &LambdaInvocationSpec, status: &LambdaInvocationStatus) -> bool {
    match status.attempt.outcome {
        None => false,
        Some(InvocationOutcome::Unknown) => !may_repeat(spec, status),
        Some(
            InvocationOutcome::Succeeded | InvocationOutcome::FunctionError | InvocationOutcome::Refused,
        ) => true,
    }
}

/// Whether the function may be invoked again although it may have run.
fn may_repeat(spec: &LambdaInvocationSpec, status: &LambdaInvocationStatus) -> bool {
    spec.retry == Some(RetryPolicy::Allowed) && status.attempts < MOST_ATTEMPTS
}

fn time_left(
    spec: &LambdaInvocationSpec,
    status: &LambdaInvocationStatus,
    now: Timestamp,
) -> Option<Duration> {
    let ttl = u64::try_from(spec.ttl_seconds_after_finished?).ok().map(Duration::from_secs)?;
    let since = status.completion_time.as_ref().map_or(now, |time| time.0);
    let age = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    Some(ttl.saturating_sub(age))
}

/// What to do with an invocation that is due.
pub enum Step {
    /// Invoke the function.
    Invoke(Desired),
    /// It can't start; the verdict says whether it is tried again.
    Wait(Verdict),
    /// It never can.
    Refuse(String),
}

/// Decides. `is_self_contained`: what is wrong with the spec can't be mended elsewhere.
pub fn plan(desired: Result<Desired, Unready>, is_self_contained: bool) -> Step {
    match desired {
        Ok(desired) => Step::Invoke(desired),
        Err(Unready::Invalid(text)) if is_self_contained => Step::Refuse(text),
        Err(Unready::Invalid(text)) => {
            Step::Wait(Verdict::Problem(Reason::InvalidSpec, text, Recheck::OnChange))
        }
        Err(Unready::Missing(text)) => {
            Step::Wait(Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow))
        }
    }
}

/// The verdict on a refusal before the function ran. `None`: it would be refused again and again.
pub fn on_refusal(error: &AwsError) -> Option<Verdict> {
    let said = sentence(&verdict::text_of(error));
    let waits = |text: &str, recheck| {
        Some(Verdict::Problem(Reason::DependencyNotReady, format!("{said} {text}"), recheck))
    };
    match error.class {
        Class::Terminal => None,
        Class::InProgress => waits("The function is invoked as soon as AWS can.", Recheck::Transient),
        Class::Gone | Class::DependencyMissing => {
            waits("Create or mend the function, or what it needs; it is invoked then.", Recheck::Slow)
        }
        _ => Some(verdict::on_error(error)),
    }
}

/// The verdict on an outcome that nobody knows.
pub fn on_unknown(spec: &LambdaInvocationSpec, status: &LambdaInvocationStatus, why: &str) -> Verdict {
    let target = status.attempt.target.as_deref().unwrap_or("the function");
    let said = format!("Nobody knows whether {target} ran: {}", sentence(why));
    if may_repeat(spec, status) {
        let text = format!("{said} spec.retry is Allowed, so it is invoked again.");
        return Verdict::Problem(Reason::AwsUnavailable, text, Recheck::Transient);
    }
    let remedy = if spec.retry == Some(RetryPolicy::Allowed) {
        format!("After {} attempts no more are made.", status.attempts)
    } else {
        "It isn't invoked again, unless spec.retry is set to Allowed because a second invocation does no harm.".to_owned()
    };
    let text = format!(
        "{said} Look at the function's log, and at what it was to do, from status.startTime on. {remedy}"
    );
    Verdict::Problem(Reason::OutcomeUnknown, text, Recheck::OnChange)
}

/// The verdict on a refusal for good. `is_repetition`: the function may have run at an earlier attempt.
pub fn on_final_refusal(text: &str, is_repetition: bool) -> Verdict {
    let what = if is_repetition {
        "The function was not invoked again, and is not going to be; whether it ran before, nobody knows."
    } else {
        "The function was not invoked, and is not going to be."
    };
    let text =
        format!("{} {what} Delete this LambdaInvocation and create one that is right.", sentence(text));
    Verdict::Problem(Reason::InvalidSpec, text, Recheck::OnChange)
}

/// The verdict on an answer. `error`: how AWS marks that the function failed.
pub fn on_answer(target: &str, kind: InvocationType, error: Option<&str>, is_recorded: bool) -> Verdict {
    let text = match (error, kind) {
        (Some(error), _) => {
            let how = if is_recorded {
                "status.result and status.logTail say how"
            } else {
                "its log says how, under the id in status.requestId; spec.recordResult of a new LambdaInvocation keeps it in \
                 the status"
            };
            let text = format!("{target} failed ({error}): {how}.");
            return Verdict::Problem(Reason::FunctionFailed, text, Recheck::OnChange);
        }
        (None, InvocationType::RequestResponse) => format!("{target} was invoked and has answered."),
        (None, InvocationType::Event) => format!("Lambda has taken the event for {target}."),
        (None, InvocationType::DryRun) => format!("Lambda would invoke {target}."),
    };
    Verdict::Settled(Reason::Completed, text)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use lambda_operator_crds::{InvocationAttempt, Pending};
    use serde_json::json;

    use super::*;
    use crate::invocation::desired::tests::object;

    const START: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(START + seconds).unwrap()
    }

    fn spec(extra: &serde_json::Value) -> LambdaInvocationSpec {
        let mut spec = json!({"functionName": "hello"});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        object(spec).spec
    }

    fn ended(outcome: InvocationOutcome, attempts: i64) -> LambdaInvocationStatus {
        let attempt = InvocationAttempt { outcome: Some(outcome), ..InvocationAttempt::default() };
        LambdaInvocationStatus {
            attempt,
            attempts,
            completion_time: Some(Time(at(0))),
            ..LambdaInvocationStatus::default()
        }
    }

    fn stands(extra: &serde_json::Value, status: &LambdaInvocationStatus) -> Standing {
        standing(&spec(extra), status, false, at(10))
    }

    #[test]
    fn what_was_started_is_never_due_again_by_itself() {
        let pending = Some(Pending::new("Invoke"));
        let started = LambdaInvocationStatus { pending, attempts: 1, ..LambdaInvocationStatus::default() };
        for extra in [json!({}), json!({"retry": "Allowed"}), json!({"suspend": true})] {
            assert_eq!(stands(&extra, &started), Standing::Lost, "{extra}");
            assert_eq!(standing(&spec(&extra), &started, true, at(0)), Standing::UnderWay, "{extra}");
        }
    }

    #[test]
    fn an_end_is_one_unless_nobody_knows_it_and_it_may_be_repeated() {
        use InvocationOutcome::{FunctionError, Refused, Succeeded, Unknown};
        for outcome in [Succeeded, FunctionError, Refused, Unknown] {
            let expected = Standing::Ended(None);
            assert_eq!(stands(&json!({}), &ended(outcome, 1)), expected, "{outcome:?}");
            let may = json!({"retry": "Allowed"});
            let expected = if outcome == Unknown { Standing::Due } else { expected };
            assert_eq!(stands(&may, &ended(outcome, MOST_ATTEMPTS - 1)), expected, "{outcome:?}");
            assert_eq!(stands(&may, &ended(outcome, MOST_ATTEMPTS)), Standing::Ended(None), "{outcome:?}");
        }
    }

    #[test]
    fn what_has_ended_goes_after_its_time_suspended_or_not() {
        let succeeded = ended(InvocationOutcome::Succeeded, 1);
        let left = |ttl: i64| stands(&json!({"ttlSecondsAfterFinished": ttl, "suspend": true}), &succeeded);
        assert_eq!(left(60), Standing::Ended(Some(Duration::from_secs(50))));
        assert_eq!(
            (left(10), left(0)),
            (Standing::Ended(Some(Duration::ZERO)), Standing::Ended(Some(Duration::ZERO)))
        );
    }

    #[test]
    fn what_has_not_started_waits_while_it_is_suspended() {
        let fresh = LambdaInvocationStatus::default();
        assert_eq!(stands(&json!({}), &fresh), Standing::Due);
        assert_eq!(stands(&json!({"suspend": true}), &fresh), Standing::Suspended);
    }

    #[test]
    fn a_wrong_spec_is_the_end_only_if_nothing_else_can_mend_it() {
        let invalid = || Err(Unready::Invalid("it is not JSON".into()));
        assert!(matches!(plan(invalid(), true), Step::Refuse(text) if text == "it is not JSON"));
        let Step::Wait(verdict) = plan(invalid(), false) else { panic!() };
        assert_eq!(verdict.reason(), Reason::InvalidSpec);
        let Step::Wait(verdict) = plan(Err(Unready::Missing("no".into())), true) else { panic!() };
        assert_eq!(verdict.reason(), Reason::DependencyNotReady);
    }

    #[test]
    fn refusals_are_tried_again_unless_they_would_stay() {
        let on = |class| on_refusal(&AwsError::new("Invoke", class, "Code", "It says so"));
        let reason = |class| on(class).map(|verdict| verdict.reason());
        assert_eq!(reason(Class::Terminal), None);
        assert_eq!(reason(Class::Throttled), Some(Reason::Throttled));
        assert_eq!(reason(Class::InProgress), Some(Reason::DependencyNotReady));
        assert_eq!(reason(Class::Gone), Some(Reason::DependencyNotReady));
        assert_eq!(reason(Class::AccessDenied), Some(Reason::AccessDenied));
        for class in [Class::InProgress, Class::Gone, Class::DependencyMissing] {
            let verdict = on(class).unwrap();
            assert!(verdict.message().starts_with("Invoke: Code: It says so. "), "{}", verdict.message());
        }
    }

    #[test]
    fn nobody_knowing_is_the_end_or_the_way_to_another_attempt() {
        let status = LambdaInvocationStatus { attempts: 1, ..LambdaInvocationStatus::default() };
        let on = |extra, attempts| {
            on_unknown(&spec(&extra), &LambdaInvocationStatus { attempts, ..status.clone() }, "cut")
        };
        let end = on(json!({}), 1);
        assert_eq!(end.reason(), Reason::OutcomeUnknown);
        assert!(
            end.message().contains("ran: cut. Look at") && end.message().contains("spec.retry"),
            "{}",
            end.message()
        );
        assert_eq!(on(json!({"retry": "Allowed"}), 1).reason(), Reason::AwsUnavailable);
        let end = on(json!({"retry": "Allowed"}), MOST_ATTEMPTS);
        assert!(end.message().ends_with("After 6 attempts no more are made."), "{}", end.message());
    }

    #[test]
    fn an_answer_is_a_success_unless_the_function_failed() {
        for (kind, words) in [
            (InvocationType::RequestResponse, "has answered"),
            (InvocationType::Event, "has taken the event for hello"),
            (InvocationType::DryRun, "would invoke hello"),
        ] {
            let verdict = on_answer("hello", kind, None, false);
            assert!(verdict.reason() == Reason::Completed && verdict.message().contains(words), "{words}");
        }
        let failed = on_answer("hello", InvocationType::RequestResponse, Some("Unhandled"), true);
        assert_eq!(failed.reason(), Reason::FunctionFailed);
        assert!(failed.message().contains("hello failed (Unhandled): status.result"), "{}", failed.message());
    }
}
