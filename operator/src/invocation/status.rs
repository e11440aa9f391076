//! From what has happened to the status: pure.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use lambda_operator_crds::conditions::{ConditionType, Reason};
use lambda_operator_crds::{
    InvocationAttempt, InvocationOutcome, LambdaInvocation, LambdaInvocationStatus, Pending,
};

use crate::aws::Answer;
use crate::engine::memory::reconcile_at;
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::invocation::desired::Desired;
use crate::invocation::execute::Ended;
use crate::invocation::plan;
use crate::k8s::conditions;

/// Bytes of an answer that are kept, and of a log.
const LONGEST_RESULT: usize = 32 * 1024;
const LONGEST_LOG: usize = 4 * 1024;

/// Where an invocation is made.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
}

/// What is known of the things that the spec names.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// Nobody has looked this time.
    Unread,
    /// All were found.
    Found,
    /// One isn't there, or isn't ready, and which.
    Missing(&'a str),
}

/// The status as it is before the call.
pub fn started(
    before: &LambdaInvocationStatus,
    place: Place<'_>,
    target: String,
    id: &str,
    now: &Time,
) -> LambdaInvocationStatus {
    let start_time = Some(now.clone());
    LambdaInvocationStatus {
        account: Some(place.account.to_owned()),
        region: Some(place.region.to_owned()),
        pending: Some(Pending { token: Some(id.to_owned()), since: now.clone(), ..Pending::new("Invoke") }),
        attempts: before.attempts + 1,
        attempt: InvocationAttempt { target: Some(target), start_time, ..InvocationAttempt::default() },
        ..before.clone()
    }
}

/// The verdict on the start.
pub fn on_start(target: &str) -> Verdict {
    Verdict::Progress(Reason::Running, format!("{target} is being invoked."))
}

/// The status after the call, and how it stands.
pub fn ended(
    object: &LambdaInvocation,
    desired: &Desired,
    ended: &Ended,
    took: Duration,
) -> (LambdaInvocationStatus, Verdict) {
    let mut status = object.status.clone().unwrap_or_default();
    status.pending = None;
    status.attempt.duration = Some(format!("{:.3}s", took.as_secs_f64()));
    match ended {
        Ended::Answered(answer) => {
            let verdict = answered(&mut status, desired, answer);
            (status, verdict)
        }
        Ended::Refused(error) => {
            status.attempts -= 1;
            if let Some(verdict) = plan::on_refusal(error) {
                // An earlier attempt of which nobody knows is not undone by this one.
                let outcome = (status.attempts > 0).then_some(InvocationOutcome::Unknown);
                let target = status.attempt.target;
                status.attempt = InvocationAttempt { target, outcome, ..InvocationAttempt::default() };
                return (status, verdict);
            }
            status.attempt.request_id.clone_from(&error.request_id);
            refused(status, &verdict::text_of(error))
        }
        Ended::Unknown(error) => {
            status.attempt.request_id.clone_from(&error.request_id);
            unknown(object, status, &verdict::text_of(error))
        }
    }
}

fn answered(status: &mut LambdaInvocationStatus, desired: &Desired, answer: &Answer) -> Verdict {
    let failed = answer.function_error.as_deref();
    let attempt = &mut status.attempt;
    attempt.outcome = Some(match failed {
        Some(_) => InvocationOutcome::FunctionError,
        None => InvocationOutcome::Succeeded,
    });
    attempt.status_code = Some(answer.status.into());
    attempt.request_id.clone_from(&answer.request_id);
    attempt.executed_version.clone_from(&answer.version);
    attempt.function_error.clone_from(&answer.function_error);
    if desired.records {
        let whole = String::from_utf8_lossy(&answer.payload);
        let result = &whole[..whole.floor_char_boundary(LONGEST_RESULT)];
        attempt.result_truncated = (result.len() < whole.len()).then_some(true);
        attempt.result = Some(result.to_owned());
        let tail =
            |log: &String| log[log.ceil_char_boundary(log.len().saturating_sub(LONGEST_LOG))..].to_owned();
        attempt.log_tail = answer.log.as_ref().map(tail);
    }
    plan::on_answer(&desired.target(), desired.kind, failed, desired.records)
}

/// It is refused for good.
pub fn refused(mut status: LambdaInvocationStatus, text: &str) -> (LambdaInvocationStatus, Verdict) {
    status.attempt.outcome = Some(InvocationOutcome::Refused);
    let verdict = plan::on_final_refusal(text, status.attempts > 0);
    (status, verdict)
}

/// It was started, and what became of it is unknown.
pub fn unknown(
    object: &LambdaInvocation,
    mut status: LambdaInvocationStatus,
    why: &str,
) -> (LambdaInvocationStatus, Verdict) {
    status.pending = None;
    status.attempt.outcome = Some(InvocationOutcome::Unknown);
    let verdict = plan::on_unknown(&object.spec, &status, why);
    (status, verdict)
}

/// How it stands with one that ended earlier. What was to be repeated and isn't any more has ended, too.
pub fn settled(object: &LambdaInvocation, status: &LambdaInvocationStatus) -> Verdict {
    let ready = status.conditions.iter().find(|condition| condition.type_ == ConditionType::Ready.as_str());
    let reason =
        ready.and_then(|ready| Reason::ALL.into_iter().find(|reason| reason.as_str() == ready.reason));
    match (reason, ready) {
        (Some(Reason::Completed), Some(ready)) => Verdict::Settled(Reason::Completed, ready.message.clone()),
        (
            Some(reason @ (Reason::FunctionFailed | Reason::InvalidSpec | Reason::OutcomeUnknown)),
            Some(ready),
        ) => Verdict::Problem(reason, ready.message.clone(), Recheck::OnChange),
        _ => plan::on_unknown(&object.spec, status, "no answer came"),
    }
}

/// Puts the verdict into the conditions.
pub fn conclude(
    object: &LambdaInvocation,
    mut status: LambdaInvocationStatus,
    verdict: &Verdict,
    named: Named<'_>,
    now: &Time,
) -> LambdaInvocationStatus {
    let generation = object.meta().generation.unwrap_or_default();
    let at = (generation, now);
    status.observed_generation = generation;
    status.last_handled_reconcile_at = reconcile_at(object);
    let has_ended = status.pending.is_none() && plan::has_ended(&object.spec, &status);
    let since = status.completion_time.take().unwrap_or_else(|| now.clone());
    status.completion_time = has_ended.then_some(since);
    let all = &mut status.conditions;
    conditions::summarize(all, verdict, at);
    conditions::remove(all, ConditionType::Suspended);
    let succeeded = verdict.reason() == Reason::Completed;
    for (kind, holds) in
        [(ConditionType::Complete, has_ended && succeeded), (ConditionType::Failed, has_ended && !succeeded)]
    {
        if holds {
            conditions::set(all, kind, "True", (verdict.reason().as_str(), verdict.message()), at);
        } else {
            conditions::remove(all, kind);
        }
    }
    let (resolved, text) = match named {
        Named::Unread => return status,
        Named::Found => ("True", ("Resolved", "Everything that the spec refers to was found.")),
        Named::Missing(text) => ("False", ("DependencyNotReady", text)),
    };
    conditions::set(all, ConditionType::ReferencesResolved, resolved, text, at);
    status
}

/// Says that it is suspended, and nothing else.
pub fn suspended(object: &LambdaInvocation, now: &Time) -> LambdaInvocationStatus {
    let mut status = object.status.clone().unwrap_or_default();
    let text = "spec.suspend is true: the function isn't invoked. Set it to false to go on.";
    let at = (object.meta().generation.unwrap_or_default(), now);
    conditions::set(&mut status.conditions, ConditionType::Suspended, "True", ("Suspended", text), at);
    status
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::{AwsError, Class};
    use crate::engine::kind::Inputs;
    use crate::invocation::desired::{desired, tests::object};

    const PLACE: Place<'_> = Place { account: "111122223333", region: "eu-west-1" };

    fn at(second: i64) -> Time {
        Time(k8s_openapi::jiff::Timestamp::from_second(second).unwrap())
    }

    /// An invocation that was started at second 1.
    fn running(extra: &Value) -> (LambdaInvocation, Desired) {
        let mut spec = json!({"functionName": "hello"});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let mut object = object(spec);
        let desired = desired(&object, &Inputs::new()).ok().unwrap();
        let status = started(&LambdaInvocationStatus::default(), PLACE, desired.target(), "id-1", &at(1));
        object.status = Some(conclude(&object, status, &on_start("hello"), Named::Found, &at(1)));
        (object, desired)
    }

    fn answer(payload: &[u8], function_error: Option<&str>) -> Ended {
        Ended::Answered(Box::new(Answer {
            status: 200,
            request_id: Some("r-1".into()),
            version: Some("3".into()),
            function_error: function_error.map(Into::into),
            payload: payload.to_vec(),
            log: Some("ä".repeat(3000)),
            durable_execution: None,
        }))
    }

    fn after(extra: &Value, what: &Ended) -> LambdaInvocationStatus {
        let (object, desired) = running(extra);
        let (status, verdict) = ended(&object, &desired, what, Duration::from_millis(1234));
        conclude(&object, status, &verdict, Named::Unread, &at(3))
    }

    fn kinds(status: &LambdaInvocationStatus) -> Vec<(&str, &str)> {
        let conditions = status.conditions.iter().filter(|condition| condition.type_ != "ReferencesResolved");
        conditions.map(|condition| (condition.type_.as_str(), condition.status.as_str())).collect()
    }

    #[test]
    fn before_the_call_the_status_says_that_it_is_made() {
        let status = running(&json!({})).0.status.unwrap();
        let pending = status.pending.as_ref().unwrap();
        assert_eq!((pending.operation.as_str(), pending.token.as_deref()), ("Invoke", Some("id-1")));
        assert_eq!((status.attempts, status.account.as_deref()), (1, Some("111122223333")));
        assert_eq!(
            (status.attempt.target.as_deref(), &status.attempt.start_time),
            (Some("hello"), &Some(at(1)))
        );
        assert_eq!(kinds(&status), [("Ready", "Unknown"), ("Reconciling", "True")]);
    }

    #[test]
    fn an_answer_completes_it_and_is_kept_only_if_the_spec_says_so() {
        let status = after(&json!({}), &answer(b"42", None));
        assert_eq!(kinds(&status), [("Complete", "True"), ("Ready", "True")]);
        assert!(status.pending.is_none() && status.completion_time == Some(at(3)));
        let attempt = &status.attempt;
        assert_eq!((attempt.outcome, attempt.status_code), (Some(InvocationOutcome::Succeeded), Some(200)));
        assert_eq!(
            (attempt.executed_version.as_deref(), attempt.duration.as_deref()),
            (Some("3"), Some("1.234s"))
        );
        assert_eq!((&attempt.result, &attempt.log_tail, attempt.result_truncated), (&None, &None, None));
        let kept = after(&json!({"recordResult": true}), &answer(b"42", None)).attempt;
        assert_eq!((kept.result.as_deref(), kept.result_truncated), (Some("42"), None));
        let log = kept.log_tail.unwrap();
        assert!(log.len() <= LONGEST_LOG && log.len() > LONGEST_LOG - 4 && log.starts_with('ä'));
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let long = "€".repeat(20_000);
        let kept = after(&json!({"recordResult": true}), &answer(long.as_bytes(), None)).attempt;
        let result = kept.result.unwrap();
        assert!(
            result.len() <= LONGEST_RESULT && result.len() > LONGEST_RESULT - 3 && long.starts_with(&result)
        );
        assert_eq!(kept.result_truncated, Some(true));
    }

    #[test]
    fn a_function_that_fails_fails_the_invocation_without_a_word_of_its_own() {
        let status = after(&json!({}), &answer(br#"{"errorMessage": "secret"}"#, Some("Unhandled")));
        assert_eq!(kinds(&status), [("Failed", "True"), ("Ready", "False"), ("Stalled", "True")]);
        assert_eq!(status.attempt.function_error.as_deref(), Some("Unhandled"));
        assert!(!serde_json::to_string(&status).unwrap().contains("secret"));
    }

    #[test]
    fn what_was_refused_before_it_ran_did_not_happen() {
        let error = AwsError::new("Invoke", Class::Throttled, "TooManyRequestsException", "Rate Exceeded.");
        let status = after(&json!({}), &Ended::Refused(error));
        assert_eq!(kinds(&status), [("Ready", "False"), ("Reconciling", "True")]);
        assert_eq!((status.attempts, &status.attempt.start_time, status.attempt.outcome), (0, &None, None));
        assert!(status.pending.is_none() && status.completion_time.is_none());

        let error = AwsError::new("Invoke", Class::Terminal, "InvalidParameterValueException", "No tenant");
        let status = after(&json!({}), &Ended::Refused(error));
        assert_eq!(kinds(&status), [("Failed", "True"), ("Ready", "False"), ("Stalled", "True")]);
        assert_eq!((status.attempts, status.attempt.outcome), (0, Some(InvocationOutcome::Refused)));
    }

    /// Otherwise it would be sent a second time to a function that may have run.
    #[test]
    fn a_refusal_does_not_undo_an_earlier_attempt_of_which_nobody_knows() {
        let error =
            || AwsError::new("Invoke", Class::Throttled, "TooManyRequestsException", "Rate Exceeded.");
        let (mut object, desired) = running(&json!({"retry": "Allowed"}));
        let second = LambdaInvocationStatus { attempts: 2, ..object.status.clone().unwrap() };
        object.status = Some(second);
        let (status, verdict) = ended(&object, &desired, &Ended::Refused(error()), Duration::from_secs(1));
        let status = conclude(&object, status, &verdict, Named::Unread, &at(3));
        assert_eq!((status.attempts, status.attempt.outcome), (1, Some(InvocationOutcome::Unknown)));
        assert!(!plan::has_ended(&object.spec, &status), "it may be repeated");
        object.spec.retry = None;
        assert!(plan::has_ended(&object.spec, &status), "and then it may not");
        let terminal =
            AwsError::new("Invoke", Class::Terminal, "InvalidParameterValueException", "No tenant");
        let (_, verdict) = ended(&object, &desired, &Ended::Refused(terminal), Duration::from_secs(1));
        assert!(verdict.message().contains("whether it ran before, nobody knows"), "{}", verdict.message());
    }

    #[test]
    fn an_unknown_outcome_is_the_end_unless_it_may_be_repeated() {
        let lost = || Ended::Unknown(AwsError::new("Invoke", Class::Transient, "TimedOut", "no answer"));
        let status = after(&json!({}), &lost());
        assert_eq!(kinds(&status), [("Failed", "True"), ("Ready", "False"), ("Stalled", "True")]);
        assert_eq!((status.attempts, &status.completion_time), (1, &Some(at(3))));
        let status = after(&json!({"retry": "Allowed"}), &lost());
        assert_eq!(kinds(&status), [("Ready", "False"), ("Reconciling", "True")]);
        assert_eq!((status.attempts, &status.completion_time), (1, &None));
    }

    #[test]
    fn what_may_not_be_repeated_any_more_has_ended() {
        let (mut object, _) = running(&json!({"retry": "Allowed"}));
        let lost = unknown(&object, object.status.clone().unwrap(), "gone");
        object.status = Some(conclude(&object, lost.0, &lost.1, Named::Unread, &at(2)));
        object.spec.retry = None;
        object.metadata.generation = Some(2);
        let status = object.status.clone().unwrap();
        let verdict = settled(&object, &status);
        let status = conclude(&object, status, &verdict, Named::Unread, &at(4));
        assert_eq!(kinds(&status), [("Failed", "True"), ("Ready", "False"), ("Stalled", "True")]);
        assert_eq!(
            (settled(&object, &status), &status.completion_time),
            (verdict, &Some(at(4))),
            "it stays at that"
        );
    }

    #[test]
    fn a_later_change_leaves_the_end_as_it_is() {
        let (mut object, _) = running(&json!({}));
        object.status = Some(after(&json!({}), &answer(b"42", None)));
        object.metadata.generation = Some(2);
        let status = object.status.clone().unwrap();
        let verdict = settled(&object, &status);
        let later = conclude(&object, status.clone(), &verdict, Named::Unread, &at(9));
        assert_eq!((later.observed_generation, &later.completion_time), (2, &status.completion_time));
        assert!(later.conditions.iter().all(|c| c.last_transition_time.0 <= at(3).0), "nothing has happened");
    }
}
