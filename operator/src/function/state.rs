//! What a function's State and LastUpdateStatus mean for it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>

use lambda_operator_crds::conditions::Reason;

use crate::engine::verdict::{Recheck, Verdict};
use crate::function::model::Live;
use crate::text::sentence;

/// The StateReasonCode of an idle function that is woken up.
const RESTORING: &str = "Restoring";

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

/// Whether the function is or was in use, as far as its state tells. What is restored ran before.
pub(super) fn was_active(live: &Live) -> bool {
    match live.state.as_str() {
        "Pending" => live.state_reason_code.as_deref() == Some(RESTORING),
        "Failed" => false,
        _ => true,
    }
}

/// Whether AWS is done with the function and nothing failed.
pub(super) fn is_settled(live: &Live) -> bool {
    matches!(standing(live), Standing::Settled(_))
}

/// Whether AWS is done with the function, also when something failed.
pub(super) fn is_done(live: &Live) -> bool {
    !matches!(standing(live), Standing::Busy(_))
}

pub(super) fn standing(live: &Live) -> Standing {
    match live.state.as_str() {
        "Pending" if live.state_reason_code.as_deref() == Some(RESTORING) => busy(
            Reason::Updating,
            "AWS is restoring the function, which was idle",
            live.state_reason.as_deref(),
        ),
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
pub(super) fn failure(code: Option<&str>, text: Option<&str>) -> Failure {
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

/// What can become of a function whose creation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The operator deletes it and creates it anew.
    Replace,
    /// It may be in use: somebody has to decide to delete it.
    DeleteByHand,
    /// It isn't the operator's to create.
    LeaveToOthers,
}

impl Failure {
    /// The verdict on a failed update, which is sent again by and by unless the function is only observed.
    pub(super) fn of_update(&self, resent: bool) -> Verdict {
        let again = " It is sent again from time to time, and at once when the spec changes.";
        let again = if resent { again } else { "" };
        let text = format!(
            "the last update failed, the function still runs as before: {}{again}",
            sentence(&self.text)
        );
        Verdict::Problem(self.reason, text, Recheck::Slow)
    }

    /// The verdict on a failed creation.
    pub(super) fn of_creation(&self, remedy: Remedy) -> Verdict {
        match (remedy, self.passing) {
            (Remedy::Replace, true) => Verdict::Problem(
                self.reason,
                format!(
                    "the creation failed: {} The function is created anew from time to time.",
                    sentence(&self.text)
                ),
                Recheck::Slow,
            ),
            (Remedy::Replace, false) => Verdict::Problem(
                Reason::CreateFailed,
                format!(
                    "the creation failed: {} Mend the cause; the function is created anew when the spec, something that it \
                     refers to, or the annotation lambda-operator.io/reconcile-at changes. If it has versions or aliases, delete \
                     it in AWS instead.",
                    sentence(&self.text)
                ),
                Recheck::Slow,
            ),
            (Remedy::LeaveToOthers, _) => Verdict::Problem(
                Reason::CreateFailed,
                format!(
                    "the function is in State Failed: {} AWS can't repair it, and this object doesn't create functions \
                     (managementPolicy Observe or spec.code.external). Whoever does has to delete it in AWS and create it anew.",
                    sentence(&self.text)
                ),
                Recheck::Slow,
            ),
            (Remedy::DeleteByHand, _) => Verdict::Problem(
                Reason::CreateFailed,
                format!(
                    "the function is in State Failed: {} AWS can't repair it, and it is not replaced because it was in \
                     use before or was not created by this object. Delete it in AWS; it is then created anew.",
                    sentence(&self.text)
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
            resolved_s3_object: None,
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
        assert_eq!(failure.of_creation(Remedy::DeleteByHand).reason(), Reason::CreateFailed);
        let theirs = failure.of_creation(Remedy::LeaveToOthers);
        assert!(!theirs.message().contains("it is then created anew"), "not by us: {}", theirs.message());
    }

    #[test]
    fn an_idle_function_that_wakes_up_is_not_called_a_new_one() {
        let waking = Live { state_reason_code: Some("Restoring".into()), ..live("Pending", None) };
        let Standing::Busy(verdict) = standing(&waking) else { panic!() };
        assert_eq!(verdict.reason(), Reason::Updating);
        assert!(verdict.message().contains("restoring") && !verdict.message().contains("creating"));
    }

    #[test]
    fn what_left_pending_was_in_use() {
        let in_use = |state| was_active(&live(state, None));
        assert!(!in_use("Pending") && !in_use("Failed"));
        assert!(
            in_use("Active") && in_use("Inactive") && in_use("Deactivated") && in_use("ActiveNonInvocable")
        );
        assert!(was_active(&Live { state_reason_code: Some("Restoring".into()), ..live("Pending", None) }));
    }
}
