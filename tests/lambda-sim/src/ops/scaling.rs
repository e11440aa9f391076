//! GetFunctionScalingConfig and PutFunctionScalingConfig, of `$LATEST.PUBLISHED` or a version
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionScalingConfig.html>). A version that is still being
//! published can't be scaled yet, which terraform-provider-aws tries again
//! (internal/service/lambda/function_scaling_config.go).

use serde_json::json;

use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::merge::into_object;
use crate::naming;
use crate::request::{Ctx, Reply, Request};
use crate::rules::scaling;

/// 202: the limits are requested at once and applied later.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (delay, now) = (ctx.region.settings.settle_of_sections(), ctx.now);
    let limits = request.body.get("FunctionScalingConfig").cloned().unwrap_or_default();
    let (qualifier, function) = found(ctx, request)?;
    if let Some(refusal) = function.latest.lifecycle.refusal_of_any_write(&function.arn) {
        return Err(refusal);
    }
    let version = function.version(Some(&qualifier)).unwrap_or(&function.latest);
    let arn = function.qualified_arn(Some(&qualifier));
    if let Some(refusal) = version.lifecycle.refusal_while_changing(&arn) {
        return Err(refusal);
    }
    let state = version.lifecycle.state.value.clone();
    let scaling = function.sections.scaling.entry(qualifier).or_default();
    scaling.request(into_object(limits), delay, now);
    Ok(Reply::json(202, json!({"FunctionState": state})))
}

/// What is requested and what is applied, which may settle it.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let now = ctx.now;
    let (qualifier, function) = found(ctx, request)?;
    let arn = function.qualified_arn(Some(&qualifier));
    function.tick_scaling(Some(&qualifier), Access::Read, now);
    let scaling = function.sections.scaling.entry(qualifier).or_default();
    Ok(Reply::json(200, scaling.shown(&arn)))
}

fn found<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<(String, &'a mut Function), ApiError> {
    scaling::check(request)?;
    let name = naming::without_qualifier(ctx.region, &request.label)?;
    let qualifier = request.query("Qualifier").unwrap_or_default().to_owned();
    let arn = format!("{}:{qualifier}", ctx.region.function_arn(&name));
    let missing = || ApiError::function_not_found(&arn);
    let function = ctx.region.function(&name, Access::Other, ctx.now);
    let function = function.map_err(|error| error.if_missing(missing))?;
    scaling::check_function(function)?;
    if !function.has(&qualifier) {
        return Err(missing());
    }
    Ok((qualifier, function))
}
