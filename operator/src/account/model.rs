//! Who asks to work through a LambdaAccount, on which terms, and why not.

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, CommonSpec};

use crate::aws::{AwsError, Role, Whose};
use crate::engine::verdict::{self, Recheck, Verdict};
use crate::k8s::references::ReferenceKey;
use crate::text::sentence;

/// An object that asks where to work.
#[derive(Clone, Debug)]
pub struct Applicant<'a> {
    /// Which object.
    pub user: ReferenceKey,
    /// The common fields of its spec.
    pub common: &'a CommonSpec,
    /// Whether it has worked before: it may have something in AWS.
    pub pinned: bool,
    /// Whether it has its resource already, or is going: there is nothing to take over.
    pub provided: bool,
}

impl Applicant<'_> {
    /// The name of the LambdaAccount that it names.
    pub fn account(&self) -> Option<&str> {
        self.common.account_ref.as_ref().map(|account| account.name.as_str())
    }

    pub(super) fn adopts(&self) -> bool {
        !self.provided && self.common.adopt() != AdoptPolicy::Never
    }
}

/// How to work through a LambdaAccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The LambdaAccount's name.
    pub name: String,
    /// The account that it has to lead to.
    pub account: String,
    /// The region of objects that name none.
    pub region: Option<String>,
    /// The role to assume; `None`: the operator's own credentials.
    pub role: Option<Role>,
}

impl Terms {
    /// Whose credentials are used.
    pub fn whose(&self) -> Whose {
        self.role.as_ref().map_or(Whose::Operator, |role| Whose::Account(role.account.clone()))
    }
}

/// The verdict on an object whose LambdaAccount doesn't allow adoption: the text of a conflict speaks of spec.adopt,
/// which is not heeded then.
pub fn without_adoption(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Problem(Reason::OwnershipConflict, text, recheck) => {
            let text = format!(
                "{} The LambdaAccount does not allow what is in AWS already to be taken over: spec.adopt only helps once \
                 its spec.allowAdoption is true.",
                sentence(&text)
            );
            Verdict::Problem(Reason::OwnershipConflict, text, recheck)
        }
        verdict => verdict,
    }
}

/// Why an object may not work through a LambdaAccount. Nothing is sent to AWS for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason of its condition Ready.
    pub reason: Reason,
    /// What is wrong, and what to do.
    pub text: String,
    /// Whether the LambdaAccount could not be found or looked up.
    pub unresolved: bool,
}

/// Why there is nowhere to work for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unplaced {
    /// Its LambdaAccount.
    Refused(Refusal),
    /// AWS.
    Aws(AwsError),
}

impl From<Refusal> for Unplaced {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AwsError> for Unplaced {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl Unplaced {
    /// How it stands with the object.
    pub fn verdict(&self) -> Verdict {
        match self {
            // Whatever mends it wakes the object; looking again is a second line.
            Self::Refused(refusal) => Verdict::Problem(refusal.reason, refusal.text.clone(), Recheck::Slow),
            Self::Aws(error) => verdict::on_error(error),
        }
    }

    /// What the spec names and isn't there, in words.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) if refusal.unresolved => Some(&refusal.text),
            _ => None,
        }
    }
}
