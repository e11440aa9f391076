//! In what a function in AWS differs from the spec that AWS fixes at its creation. Pure; `plan` asks.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>

use lambda_operator_crds::conditions::Reason;

use crate::engine::verdict::{Recheck, Verdict};
use crate::function::desired::Desired;
use crate::function::model::{Configuration, Field, Observed};

/// Why the function can't become what the spec says; `None`: it can.
pub(super) fn differs(desired: &Desired, observed: &Observed) -> Option<Verdict> {
    let text = package_type(desired, observed).or_else(|| presence(desired, observed))?;
    Some(Verdict::Problem(Reason::ImmutableFieldChanged, text, Recheck::OnChange))
}

fn package_type(desired: &Desired, observed: &Observed) -> Option<String> {
    let package = desired.package.as_ref()?;
    if desired.ignored.code || package.package_type == observed.package_type {
        return None;
    }
    Some(format!(
        "{} has the package type {:?}, but spec.code needs {:?}, and AWS fixes the package type at creation. Change spec.code, \
         or create a new object under another name.",
        observed.arn, observed.package_type, package.package_type
    ))
}

/// What is there or isn't, for good.
fn presence(desired: &Desired, observed: &Observed) -> Option<String> {
    let of = |configuration: &Configuration| {
        let Configuration { instances, durable, tenant_isolation, .. } = configuration;
        [instances.is_some(), durable.is_some(), !tenant_isolation.is_empty()]
    };
    let ignored = [Field::Instances, Field::Durable].map(|field| desired.ignored.fields.contains(&field));
    let paths = ["capacityProviderConfig", "durable", "tenancyConfig"];
    let ignored = ignored.into_iter().chain([false]);
    let (wanted, has) = (of(&desired.configuration), of(&observed.configuration));
    let mut all = paths.into_iter().zip(ignored).zip(wanted.into_iter().zip(has));
    let ((path, _), (wanted, _)) = all.find(|((_, ignored), (wanted, has))| wanted != has && !ignored)?;
    let (has, remedy) = if wanted { ("no", "without") } else { ("a", "with") };
    Some(format!(
        "{} has {has} {path}, which AWS fixes at the creation of a function. Create a new object under another name, or take \
         this function over by a new object {remedy} spec.{path}; to leave the function in AWS, set spec.deletionPolicy to \
         Retain before you delete this one.",
        observed.arn
    ))
}
