//! PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy: the policy of AddPermission as a whole, by the ARN of
//! the function, version or alias (<https://docs.aws.amazon.com/lambda/latest/api/API_PutResourcePolicy.html>). While a
//! function is changing its policy can't be put, which terraform-provider-aws tries again for two minutes
//! (internal/service/lambda/policy.go).

use serde_json::json;

use super::policy::{check_is_not_latest, no_policy, revision, set, shown};
use crate::error::ApiError;
use crate::function::Function;
use crate::naming::{self, Target};
use crate::policy::Policy;
use crate::request::{Ctx, Reply, Request};
use crate::rules::policy;
use crate::sections::LATEST;

/// Replaces the policy, with all statements of AddPermission.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request, &["Policy"])?;
    check_is_not_latest(&target)?;
    let new = Policy::new(policy::document(request.text("Policy").unwrap_or_default())?);
    let expected = request.text("RevisionId");
    let function = writable(ctx, &target, expected)?;
    new.check_length()?;
    let text = new.text();
    set(function, target.key(), Some(new));
    Ok(Reply::json(200, json!({"Policy": text, "RevisionId": revision(function, target.key())})))
}

/// The whole policy.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request, &[])?;
    shown(ctx, &target)
}

/// 204, or 404 when there is no policy.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request, &[])?;
    let function = writable(ctx, &target, request.query("RevisionId"))?;
    if !function.sections.policies.contains_key(target.key()) {
        return Err(no_policy());
    }
    set(function, target.key(), None);
    Ok(Reply::no_content())
}

fn target(ctx: &Ctx<'_>, request: &Request, required: &[&str]) -> Result<Target, ApiError> {
    let mut members = request.body.clone();
    members.insert("ResourceArn".into(), request.label.clone().into());
    members.extend(request.query("RevisionId").map(|revision| ("RevisionId".to_owned(), revision.into())));
    policy::check_resource_policy(&members, required)?;
    naming::namespaced(ctx.region, &request.label, None)
}

/// The function, if its policy can be written to now and has the revision that the caller expects.
fn writable<'a>(
    ctx: &'a mut Ctx<'_>,
    target: &Target,
    expected: Option<&str>,
) -> Result<&'a mut Function, ApiError> {
    let missing = target.missing(ctx.region);
    let function = ctx.region.writable(&target.name, ctx.now)?;
    if !function.has(target.key()) {
        return Err(missing);
    }
    let refusal = function.latest.lifecycle.refusal_while_changing(&function.arn);
    if let Some(refusal) = refusal.filter(|_| target.key() == LATEST) {
        return Err(refusal);
    }
    if expected.is_some_and(|expected| expected != revision(function, target.key())) {
        return Err(ApiError::stale("GetResourcePolicy"));
    }
    Ok(function)
}
