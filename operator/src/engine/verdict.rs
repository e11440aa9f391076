//! What a pass came to: the one value from which conditions, Events and the next visit follow.

use lambda_operator_crds::conditions::Reason;

use crate::aws::{AwsError, Class};
use crate::text::sentence;

/// How it stands with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In sync and settled in AWS.
    Settled(Reason, String),
    /// AWS is busy, or the operator is about to go on.
    Progress(Reason, String),
    /// Something is in the way; the reason says whether the operator retries by itself.
    Problem(Reason, String, Recheck),
}

impl Verdict {
    /// The reason of the condition `Ready`.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Settled(reason, _) | Self::Progress(reason, _) | Self::Problem(reason, _, _) => *reason,
        }
    }

    /// The message of the condition `Ready`.
    pub fn message(&self) -> &str {
        match self {
            Self::Settled(_, message) | Self::Progress(_, message) | Self::Problem(_, message, _) => message,
        }
    }
}

/// When a problem is looked at again without anybody asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recheck {
    /// Seconds: the fault is AWS's or the network's.
    Transient,
    /// Seconds for some minutes, then as `Slow`: AWS doesn't see a change yet.
    Propagating,
    /// Half a minute to minutes: somebody has to mend something outside the spec.
    Slow,
    /// Half a minute, doubling to an hour, also across times when it worked: AWS undoes what the operator does.
    Reluctant,
    /// An hour: AWS refused the spec.
    Refused,
    /// Not before the spec or something that it refers to changes.
    OnChange,
}

/// What to do now, in order, and how it stands when it has been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<A> {
    /// Changes to AWS. Empty: nothing to do.
    pub actions: Vec<A>,
    /// How it stands once the actions are done and none of them set AWS to work.
    pub verdict: Verdict,
    /// Spec paths in which AWS differs from the spec.
    pub differs: Vec<String>,
}

impl<A> Plan<A> {
    /// These actions.
    pub fn new(actions: Vec<A>, verdict: Verdict, differs: Vec<String>) -> Self {
        Self { actions, verdict, differs }
    }

    /// A plan without actions.
    pub fn rest(verdict: Verdict) -> Self {
        Self { actions: Vec::new(), verdict, differs: Vec::new() }
    }
}

/// A failed call as conditions and Events tell it. The request id, new each time, is in the log: here it would make
/// a lasting problem look like a new one at every recheck.
pub fn text_of(error: &AwsError) -> String {
    format!("{}: {}: {}", error.operation, error.code, error.message)
}

/// The verdict on a failed call.
pub fn on_error(error: &AwsError) -> Verdict {
    let text = text_of(error);
    let said = sentence(&text);
    match error.class {
        Class::Throttled => Verdict::Problem(
            Reason::Throttled,
            format!("{said} The operator slows down and tries again by itself."),
            Recheck::Transient,
        ),
        Class::InProgress | Class::AlreadyExists | Class::Lock => Verdict::Progress(Reason::Updating, text),
        Class::Transient | Class::Gone | Class::NotLeader | Class::ShuttingDown => {
            Verdict::Problem(Reason::AwsUnavailable, text, Recheck::Transient)
        }
        Class::Propagating => Verdict::Problem(
            Reason::Propagating,
            format!(
                "{said} Retried for a few minutes, in case the role or permission is new; if it stays, mend it."
            ),
            Recheck::Propagating,
        ),
        Class::DependencyMissing => Verdict::Problem(
            Reason::DependencyNotReady,
            format!("{said} Create what is missing or correct the spec."),
            Recheck::Slow,
        ),
        Class::Quota => Verdict::Problem(
            Reason::QuotaExceeded,
            format!("{said} Free some of the quota or have it raised."),
            Recheck::Slow,
        ),
        Class::Auth => Verdict::Problem(
            Reason::AccessDenied,
            format!("{said} The operator's AWS credentials are refused: mend them."),
            Recheck::Slow,
        ),
        // The text says what to mend.
        Class::RoleRefused => Verdict::Problem(Reason::AccessDenied, said, Recheck::Slow),
        Class::RegionRefused => Verdict::Problem(
            Reason::AccessDenied,
            format!("{said} Enable the region for the account, or create a new object for another region."),
            Recheck::Slow,
        ),
        Class::AccountMismatch => Verdict::Problem(Reason::AccountMismatch, said, Recheck::Slow),
        Class::AccessDenied => Verdict::Problem(
            Reason::AccessDenied,
            format!("{said} Grant the operator's role this permission."),
            Recheck::Slow,
        ),
        Class::InUse => Verdict::Problem(Reason::DeletionBlocked, text, Recheck::Slow),
        Class::Terminal => {
            Verdict::Problem(Reason::InvalidSpec, format!("{said} Correct the spec."), Recheck::Refused)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_says_is_followed_by_what_to_do() {
        let classes = [
            Class::Throttled,
            Class::Propagating,
            Class::DependencyMissing,
            Class::Quota,
            Class::Auth,
            Class::RoleRefused,
            Class::RegionRefused,
            Class::AccountMismatch,
            Class::AccessDenied,
            Class::Terminal,
        ];
        for class in classes {
            for text in ["It is too large", "It is too large."] {
                let verdict = on_error(&AwsError::new("CreateFunction", class, "Code", text));
                let message = verdict.message();
                assert!(message.starts_with("CreateFunction: Code: It is too large."), "{message}");
                assert!(!message.contains("..") && message.ends_with('.'), "{message}");
            }
        }
    }
}
