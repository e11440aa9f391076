//! From a verdict to `status.conditions`, by the rules of kstatus.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use lambda_operator_crds::conditions::{ConditionType, Readiness};

use crate::engine::verdict::Verdict;

/// The longest message that a condition may hold (the API server's own limit).
const LONGEST_MESSAGE: usize = 32_768;

/// Sets a condition; its transition time moves only when the status flips.
pub fn set(
    conditions: &mut Vec<Condition>,
    kind: ConditionType,
    status: &str,
    (reason, message): (&str, &str),
    (generation, now): (i64, &Time),
) {
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    let before = conditions.iter().find(|condition| condition.type_ == kind.as_str());
    let since = match before {
        Some(before) if before.status == status => before.last_transition_time.clone(),
        _ => now.clone(),
    };
    let condition = Condition {
        type_: kind.as_str().to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message,
        observed_generation: Some(generation),
        last_transition_time: since,
    };
    remove(conditions, kind);
    conditions.push(condition);
    conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
}

/// Removes a condition that exists only while it is True.
pub fn remove(conditions: &mut Vec<Condition>, kind: ConditionType) {
    conditions.retain(|condition| condition.type_ != kind.as_str());
}

/// The status of a condition, if it is there.
pub fn status_of(conditions: &[Condition], kind: ConditionType) -> Option<&str> {
    conditions
        .iter()
        .find(|condition| condition.type_ == kind.as_str())
        .map(|condition| condition.status.as_str())
}

/// The reason of a condition, if it is there.
pub fn reason_of(conditions: &[Condition], kind: ConditionType) -> Option<&str> {
    conditions
        .iter()
        .find(|condition| condition.type_ == kind.as_str())
        .map(|condition| condition.reason.as_str())
}

/// Sets Ready and its companions from a verdict.
pub fn summarize(conditions: &mut Vec<Condition>, verdict: &Verdict, at: (i64, &Time)) {
    let reason = verdict.reason();
    let text = (reason.as_str(), verdict.message());
    let (ready, companion) = match reason.readiness() {
        Readiness::Ready => ("True", None),
        Readiness::Progressing => ("Unknown", Some(ConditionType::Reconciling)),
        Readiness::Retrying => ("False", Some(ConditionType::Reconciling)),
        Readiness::Stalled => ("False", Some(ConditionType::Stalled)),
    };
    set(conditions, ConditionType::Ready, ready, text, at);
    for kind in [ConditionType::Reconciling, ConditionType::Stalled] {
        if companion == Some(kind) {
            set(conditions, kind, "True", text, at);
        } else {
            remove(conditions, kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::verdict::Recheck;
    use lambda_operator_crds::conditions::Reason;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn the_transition_time_moves_only_when_the_status_flips() {
        let mut conditions = Vec::new();
        summarize(&mut conditions, &Verdict::Progress(Reason::Creating, "a".into()), (1, &at(1)));
        summarize(&mut conditions, &Verdict::Progress(Reason::Updating, "b".into()), (2, &at(2)));
        assert!(
            conditions.iter().all(|c| c.last_transition_time == at(1) && c.observed_generation == Some(2))
        );
        summarize(&mut conditions, &Verdict::Settled(Reason::Available, String::new()), (2, &at(3)));
        assert_eq!(status_of(&conditions, ConditionType::Ready), Some("True"));
        assert_eq!(conditions[0].last_transition_time, at(3));
        assert_eq!(conditions.len(), 1, "Reconciling is gone");
    }

    #[test]
    fn reconciling_and_stalled_never_stand_together() {
        for reason in Reason::ALL {
            let mut conditions = Vec::new();
            let before = Verdict::Problem(Reason::InvalidSpec, "x".into(), Recheck::OnChange);
            summarize(&mut conditions, &before, (1, &at(1)));
            summarize(&mut conditions, &Verdict::Problem(reason, "y".into(), Recheck::Slow), (1, &at(2)));
            let companions = conditions.iter().filter(|c| c.type_ != "Ready").count();
            let expected = usize::from(reason.readiness() != Readiness::Ready);
            assert_eq!(companions, expected, "{reason}");
        }
    }
}
