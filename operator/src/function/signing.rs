//! The link to a code-signing configuration: a section, read from AWS only while it is managed. Pure.
//!
//! GetFunction doesn't show it. What a visit didn't ask for is as the status knows it; in the rotation, every such
//! function is asked for once in an interval.

use lambda_operator_crds::conditions::ConditionType;
use lambda_operator_crds::{LambdaFunctionStatus, Origin};

use crate::function::desired::Desired;
use crate::function::model::{Observed, PackageType};
use crate::function::plan::Action;
use crate::k8s::conditions;

/// The section of `status.managedSections` for the link.
pub const CODE_SIGNING: &str = "codeSigningConfigArn";

/// The link that the function is to have, empty for none. `None`: it isn't managed, and neither read nor changed.
pub(super) fn wanted<'a>(desired: &'a Desired, status: &LambdaFunctionStatus) -> Option<&'a str> {
    let managed = is_managed(status);
    // Used at create; what was adopted is not ours to set.
    let theirs = managed || status.common.origin == Some(Origin::Adopted);
    let image = desired.package.as_ref().is_some_and(|package| package.package_type == PackageType::Image);
    match &desired.code_signing {
        // AWS knows no link of a container image.
        _ if image || (desired.ignored.code_signing && theirs) => None,
        Some(arn) => Some(arn),
        None => managed.then_some(""),
    }
}

/// Whether the object has applied the section.
pub(super) fn is_managed(status: &LambdaFunctionStatus) -> bool {
    status.common.managed_sections.iter().any(|section| section == CODE_SIGNING)
}

/// Whether a visit has to ask AWS. The polls of a transition need not: the status says what was done before it.
pub(super) fn is_to_be_read(desired: &Desired, status: &LambdaFunctionStatus) -> bool {
    let polls = conditions::status_of(&status.common.conditions, ConditionType::Ready) == Some("Unknown");
    wanted(desired, status).is_some_and(|wanted| !polls || wanted != known(status))
}

/// The link as the status knows it.
fn known(status: &LambdaFunctionStatus) -> &str {
    status.code_signing_config_arn.as_deref().unwrap_or_default()
}

/// What makes the link as it is to be.
pub(super) fn change(
    desired: &Desired,
    observed: &Observed,
    status: &LambdaFunctionStatus,
) -> Option<Action> {
    let wanted = wanted(desired, status)?;
    let has = observed.code_signing.as_deref().unwrap_or_else(|| known(status));
    match wanted {
        _ if wanted == has => None,
        "" => Some(Action::UnlinkCodeSigning),
        arn => Some(Action::LinkCodeSigning(arn.to_owned())),
    }
}
