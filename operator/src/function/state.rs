//! What a function's State and LastUpdateStatus mean for it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>

use lambda_operator_crds::conditions::Reason;

use crate::engine::verdict::{Recheck, Verdict};
use crate::function::model::Live;

/// Where a function stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// AWS is done with it.
    Settled(Reason),
    /// AWS works on it.
    Busy(Verdict),
    /// Its creation failed.
    CreationFailed(Failure),
    /// Its last update failed; what ran before still runs.
    UpdateFailed(Failure),
}

/// Why AWS failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// AWS's code and text.
    pub text: String,
    /// The reason of the condition.
    pub reason: Reason,
    /// It can pass without anybody doing anything.
    pub passing: bool,
    /// The package is to blame rather than the configuration.
    pub code: bool,
}

pub(super) fn standing(live: &Live) -> Standing {
    match live.state.as_str() {
        "Pending" => busy(Reason::Creating, "AWS is creating the function", live.state_reason.as_deref()),
        "Deleting" => busy(Reason::Updating, "AWS is deleting the function", live.state_reason.as_deref()),
        "Deactivating" => {
            busy(Reason::Updating, "AWS is deactivating the function", live.state_reason.as_deref())
        }
        "Failed" => {
            Standing::CreationFailed(failure(live.state_reason_code.as_deref(), live.state_reason.as_deref()))
        }
        state => match live.last_update_status.as_deref() {
            Some("InProgress") => busy(
                Reason::Updating,
                "AWS is updating the function",
                live.last_update_status_reason.as_deref(),
            ),
            Some("Failed") => Standing::UpdateFailed(failure(
                live.last_update_status_reason_code.as_deref(),
                live.last_update_status_reason.as_deref(),
            )),
            _ if state == "Deactivated" => Standing::Settled(Reason::Deactivated),
            _ => Standing::Settled(Reason::Available),
        },
    }
}

fn busy(reason: Reason, text: &str, detail: Option<&str>) -> Standing {
    let text = detail.map_or_else(|| format!("{text}."), |detail| format!("{text}: {detail}"));
    Standing::Busy(Verdict::Progress(reason, text))
}

/// Sorts the reason codes, an open set.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>
fn failure(code: Option<&str>, text: Option<&str>) -> Failure {
    let code = code.unwrap_or("Unknown");
    let (reason, passing) = match code {
        "EniLimitExceeded"
        | "SubnetOutOfIPAddresses"
        | "VcpuLimitExceeded"
        | "ServiceQuotaExceededException"
        | "CapacityProviderScalingLimitExceeded" => (Reason::QuotaExceeded, true),
        "InternalError" | "EC2RequestLimitExceeded" | "InsufficientCapacity" | "DependencyError" => {
            (Reason::AwsUnavailable, true)
        }
        "EFSMountTimeout" | "EFSMountConnectivityError" | "EFSIOError" => (Reason::DependencyNotReady, true),
        "InsufficientRolePermissions" | "ImageAccessDenied" | "KMSKeyAccessDenied" => {
            (Reason::AccessDenied, false)
        }
        _ => (Reason::DependencyNotReady, false),
    };
    let of_code =
        matches!(code, "ImageDeleted" | "ImageAccessDenied" | "InvalidImage" | "InvalidZipFileException");
    Failure {
        text: format!("{code}: {}", text.unwrap_or("AWS gives no reason")),
        reason,
        passing,
        code: of_code,
    }
}

impl Failure {
    /// The verdict on a failed update, which is sent again by and by unless the function is only observed.
    pub(super) fn of_update(&self, resent: bool) -> Verdict {
        let again = " It is sent again from time to time, and at once when the spec changes.";
        let again = if resent { again } else { "" };
        let text =
            format!("the last update failed, the function still runs as before: {}.{again}", self.text);
        Verdict::Problem(self.reason, text, Recheck::Slow)
    }

    /// The verdict on a failed creation.
    pub(super) fn of_creation(&self, replaceable: bool) -> Verdict {
        match (replaceable, self.passing) {
            (true, true) => Verdict::Problem(
                self.reason,
                format!(
                    "the creation failed: {}. The function is created anew from time to time.",
                    self.text
                ),
                Recheck::Slow,
            ),
            (true, false) => Verdict::Problem(
                Reason::CreateFailed,
                format!(
                    "the creation failed: {}. Mend the cause; the function is created anew when the spec, something that it \
                     refers to, or the annotation lambda-operator.io/reconcile-at changes. If it has versions or aliases, delete \
                     it in AWS instead.",
                    self.text
                ),
                Recheck::Slow,
            ),
            (false, _) => Verdict::Problem(
                Reason::CreateFailed,
                format!(
                    "the function is in State Failed: {}. AWS can't repair it, and it is not replaced because it was in \
                     use before or was not created by this object. Delete it in AWS; it is then created anew.",
                    self.text
                ),
                Recheck::Slow,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(state: &str, update: Option<&str>) -> Live {
        Live {
            state: state.into(),
            state_reason: None,
            state_reason_code: Some("InvalidSubnet".into()),
            last_update_status: update.map(Into::into),
            last_update_status_reason: Some("no such subnet".into()),
            last_update_status_reason_code: Some("EniLimitExceeded".into()),
            tags: Ok(std::collections::BTreeMap::new()),
            reserved_concurrency: None,
            image_uri: None,
            resolved_image_uri: None,
            source_kms_key_arn: String::new(),
        }
    }

    #[test]
    fn idle_functions_are_ready_and_busy_ones_are_not() {
        let settled = |state, update| matches!(standing(&live(state, update)), Standing::Settled(_));
        assert!(settled("Active", Some("Successful")) && settled("Inactive", Some("Successful")));
        assert!(settled("Active", None), "a null LastUpdateStatus counts as settled once Active");
        assert!(settled("ActiveNonInvocable", None));
        assert!(
            !settled("Pending", None) && !settled("Active", Some("InProgress")) && !settled("Deleting", None)
        );
        assert_eq!(standing(&live("Deactivated", None)), Standing::Settled(Reason::Deactivated));
    }

    #[test]
    fn failures_say_whether_they_pass() {
        let Standing::UpdateFailed(failure) = standing(&live("Active", Some("Failed"))) else { panic!() };
        assert!(
            failure.passing
                && failure.reason == Reason::QuotaExceeded
                && failure.text.contains("no such subnet")
        );
        let Standing::CreationFailed(failure) = standing(&live("Failed", None)) else { panic!() };
        assert!(!failure.passing && failure.text.contains("InvalidSubnet"));
        assert_eq!(failure.of_creation(false).reason(), Reason::CreateFailed);
    }
}
