//! How a mapping stands in AWS. Pure.

use lambda_operator_crds::conditions::Reason;

use super::model::Observed;
use crate::text::sentence;

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// AWS is at work on it, and refuses changes.
    Busy(Reason),
    /// AWS is deleting it.
    Going,
    /// It reads.
    Enabled,
    /// It doesn't read, because a user wanted it so.
    Disabled,
    /// It doesn't read, because Lambda has stopped it.
    Stopped,
}

/// From the state, which is a plain string in the API:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>.
pub fn standing(observed: &Observed) -> Standing {
    match observed.state.as_str() {
        "Enabled" => Standing::Enabled,
        "Disabled" if is_by_user(observed.state_reason.as_deref()) => Standing::Disabled,
        "Disabled" => Standing::Stopped,
        "Deleting" => Standing::Going,
        "Creating" => Standing::Busy(Reason::Creating),
        _ => Standing::Busy(Reason::Updating),
    }
}

/// `StateTransitionReason` "indicates whether a user or Lambda made the last change". Of a user AWS has been seen to say
/// `USER_INITIATED` and `User action`; a mapping of which it says nothing was not stopped by Lambda.
fn is_by_user(reason: Option<&str>) -> bool {
    reason.is_none_or(|reason| reason.to_ascii_lowercase().contains("user"))
}

/// What AWS says when it couldn't process the last batch, or can't read the source at all.
pub fn problem_of(last_result: Option<&str>) -> Option<&str> {
    last_result.filter(|result| result.to_ascii_uppercase().starts_with("PROBLEM"))
}

/// A problem that doesn't stand in the way of the spec: something is wrong with what is processed.
pub fn problem(observed: &Observed) -> Option<String> {
    let result = problem_of(observed.last_result.as_deref()).map(|text| {
        format!("AWS says of the last batch: {} Mend the source, the function or its role.", sentence(text))
    });
    let filters = observed.filter_error.as_ref().map(|text| {
        format!(
            "AWS can't decrypt the filters ({text}), so they are neither applied nor compared. Grant Lambda the use of \
             spec.kmsKeyArn."
        )
    });
    let all: Vec<String> = result.into_iter().chain(filters).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_told_from_lambda() {
        for by_user in [None, Some("USER_INITIATED"), Some("User action")] {
            assert!(is_by_user(by_user), "{by_user:?}");
        }
        for by_lambda in ["LAMBDA_INITIATED", "Lambda disabled it: FunctionNotFound", ""] {
            assert!(!is_by_user(Some(by_lambda)), "{by_lambda}");
        }
    }

    #[test]
    fn only_problems_are_problems() {
        assert_eq!(problem_of(Some("PROBLEM: Function call failed")), Some("PROBLEM: Function call failed"));
        for fine in [None, Some("OK"), Some("No records processed")] {
            assert_eq!(problem_of(fine), None);
        }
    }
}
