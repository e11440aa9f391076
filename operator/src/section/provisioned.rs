//! Execution environments that are kept ready for an alias.

use lambda_operator_crds::ProvisionedConcurrencyStatus;

/// How far AWS is.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// How many are asked for.
    pub requested: i32,
    /// How many are ready.
    pub available: i32,
    /// How many AWS has set aside.
    pub allocated: i32,
    /// `IN_PROGRESS`, `READY` or `FAILED`.
    pub status: String,
    /// AWS's text for the status.
    pub reason: Option<String>,
}

impl Provisioned {
    /// The `Status` while AWS is at work.
    pub const IN_PROGRESS: &str = "IN_PROGRESS";

    /// As many are asked for, and there.
    pub fn ready(number: i32) -> Self {
        let status = "READY".to_owned();
        Self { requested: number, available: number, allocated: number, status, reason: None }
    }

    /// AWS is at work, and splits the traffic itself until it is done.
    pub fn is_moving(&self) -> bool {
        self.status == Self::IN_PROGRESS
    }

    /// AWS gave up; the versions keep serving without it.
    pub fn has_failed(&self) -> bool {
        self.status == "FAILED"
    }

    /// What the status shows.
    pub fn shown(&self) -> ProvisionedConcurrencyStatus {
        let Self { requested, available, allocated, status, reason } = self.clone();
        ProvisionedConcurrencyStatus { requested, available, allocated, status, status_reason: reason }
    }
}
