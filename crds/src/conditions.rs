//! The closed sets of condition types and reasons: what `status.conditions` can say.

use std::fmt;

/// Types of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConditionType {
    /// True: in sync and settled in AWS. Unknown: working on it. False: needs attention or is retrying.
    Ready,
    /// Present while the operator works on the object or retries by itself.
    Reconciling,
    /// Present while no retry can help before somebody changes something.
    Stalled,
    /// Whether AWS has what the spec says.
    Synced,
    /// Whether everything that the spec names in the cluster was found and is ready.
    ReferencesResolved,
    /// Whether AWS was changed by somebody else.
    Drifted,
    /// Present while `spec.suspend` is true.
    Suspended,
    /// Present while the source of the code can't be looked at, so that new code under the same key or tag goes unseen.
    SourceUnchecked,
    /// Present while AWS has trouble with what an event source mapping processes.
    ProcessingProblem,
    /// Present once an invocation has succeeded.
    Complete,
    /// Present once an invocation has failed, or nobody knows what became of it.
    Failed,
}

impl ConditionType {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::Synced,
        Self::ReferencesResolved,
        Self::Drifted,
        Self::Suspended,
        Self::SourceUnchecked,
        Self::ProcessingProblem,
        Self::Complete,
        Self::Failed,
    ];

    /// The name in `status.conditions[].type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Synced => "Synced",
            Self::ReferencesResolved => "ReferencesResolved",
            Self::Drifted => "Drifted",
            Self::Suspended => "Suspended",
            Self::SourceUnchecked => "SourceUnchecked",
            Self::ProcessingProblem => "ProcessingProblem",
            Self::Complete => "Complete",
            Self::Failed => "Failed",
        }
    }
}

/// Whether a Ready reason goes with True, Unknown or False, and with which companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Ready=True.
    Ready,
    /// Ready=Unknown with Reconciling.
    Progressing,
    /// Ready=False with Reconciling: retried by itself.
    Retrying,
    /// Ready=False with Stalled: somebody has to change something.
    Stalled,
}

/// Reasons of the condition `Ready`. A closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// In sync and settled in AWS.
    Available,
    /// Scaled to zero by choice.
    Deactivated,
    /// An invocation has succeeded.
    Completed,
    /// Being created in AWS.
    Creating,
    /// Being changed in AWS.
    Updating,
    /// A version is being published.
    Publishing,
    /// Being deleted in AWS.
    Deleting,
    /// An invocation waits until others have ended.
    Queued,
    /// A function is being invoked.
    Running,
    /// Something that the spec names is missing or not ready.
    DependencyNotReady,
    /// AWS doesn't see a new role, key or permission yet.
    Propagating,
    /// AWS limits the rate of calls.
    Throttled,
    /// AWS can't be reached or answers with a fault of its own.
    AwsUnavailable,
    /// The credentials are refused or lack a permission.
    AccessDenied,
    /// A quota of the account is used up.
    QuotaExceeded,
    /// Something that still uses the resource holds its deletion up.
    DeletionBlocked,
    /// The spec is wrong, or AWS refused it.
    InvalidSpec,
    /// A field that AWS fixes at creation differs.
    ImmutableFieldChanged,
    /// The AWS resource belongs to somebody else.
    OwnershipConflict,
    /// The object is pinned to another account or region than the operator now works in.
    AccountMismatch,
    /// The creation failed in AWS and what it left may not be replaced.
    CreateFailed,
    /// A function that was invoked failed.
    FunctionFailed,
    /// Nobody knows whether a function that was invoked ran.
    OutcomeUnknown,
}

impl Reason {
    /// Every reason, in the order of the documentation.
    pub const ALL: [Self; 23] = [
        Self::Available,
        Self::Deactivated,
        Self::Completed,
        Self::Creating,
        Self::Updating,
        Self::Publishing,
        Self::Deleting,
        Self::Queued,
        Self::Running,
        Self::DependencyNotReady,
        Self::Propagating,
        Self::Throttled,
        Self::AwsUnavailable,
        Self::AccessDenied,
        Self::QuotaExceeded,
        Self::DeletionBlocked,
        Self::InvalidSpec,
        Self::ImmutableFieldChanged,
        Self::OwnershipConflict,
        Self::AccountMismatch,
        Self::CreateFailed,
        Self::FunctionFailed,
        Self::OutcomeUnknown,
    ];

    /// The name in `status.conditions[].reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Deactivated => "Deactivated",
            Self::Completed => "Completed",
            Self::Creating => "Creating",
            Self::Updating => "Updating",
            Self::Publishing => "Publishing",
            Self::Deleting => "Deleting",
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::DependencyNotReady => "DependencyNotReady",
            Self::Propagating => "Propagating",
            Self::Throttled => "Throttled",
            Self::AwsUnavailable => "AWSUnavailable",
            Self::AccessDenied => "AccessDenied",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::DeletionBlocked => "DeletionBlocked",
            Self::InvalidSpec => "InvalidSpec",
            Self::ImmutableFieldChanged => "ImmutableFieldChanged",
            Self::OwnershipConflict => "OwnershipConflict",
            Self::AccountMismatch => "AccountMismatch",
            Self::CreateFailed => "CreateFailed",
            Self::FunctionFailed => "FunctionFailed",
            Self::OutcomeUnknown => "OutcomeUnknown",
        }
    }

    /// What the reason means for `Ready` and its companions.
    pub fn readiness(self) -> Readiness {
        match self {
            Self::Available | Self::Deactivated | Self::Completed => Readiness::Ready,
            Self::Creating
            | Self::Updating
            | Self::Publishing
            | Self::Deleting
            | Self::Queued
            | Self::Running => Readiness::Progressing,
            Self::DependencyNotReady
            | Self::Propagating
            | Self::Throttled
            | Self::AwsUnavailable
            | Self::AccessDenied
            | Self::QuotaExceeded
            | Self::DeletionBlocked => Readiness::Retrying,
            Self::InvalidSpec
            | Self::ImmutableFieldChanged
            | Self::OwnershipConflict
            | Self::AccountMismatch
            | Self::CreateFailed
            | Self::FunctionFailed
            | Self::OutcomeUnknown => Readiness::Stalled,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_is_documented() {
        let documentation = include_str!("../../docs/conditions.md");
        for condition in ConditionType::ALL {
            let name = format!("`{}`", condition.as_str());
            assert!(documentation.contains(&name), "docs/conditions.md doesn't mention {name}");
        }
    }

    #[test]
    fn troubleshooting_has_a_section_for_every_reason_and_condition() {
        let documentation = include_str!("../../docs/troubleshooting.md");
        let names =
            Reason::ALL.map(Reason::as_str).into_iter().chain(ConditionType::ALL.map(ConditionType::as_str));
        for name in names {
            let heading = format!("\n### {name}\n");
            let section = documentation.split(&heading).nth(1).and_then(|rest| rest.split("\n#").next());
            let section =
                section.unwrap_or_else(|| panic!("docs/troubleshooting.md lacks the heading ### {name}"));
            assert!(section.trim().len() > 30, "docs/troubleshooting.md says nothing of {name}");
        }
    }

    #[test]
    fn every_reason_is_documented_with_what_it_does_to_ready() {
        let documentation = include_str!("../../docs/conditions.md");
        for reason in Reason::ALL {
            let start = match reason.readiness() {
                Readiness::Ready => "| True | |",
                Readiness::Progressing => "| Unknown | Reconciling |",
                Readiness::Retrying => "| False | Reconciling |",
                Readiness::Stalled => "| False | Stalled |",
            };
            let row = format!("{start} `{reason}` |");
            assert!(documentation.contains(&row), "docs/conditions.md lacks a row that starts with {row}");
        }
    }
}
