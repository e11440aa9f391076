//! Settings for asynchronous invocations, of the function, a version or an alias: PutFunctionEventInvokeConfig,
//! UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig, DeleteFunctionEventInvokeConfig and
//! ListFunctionEventInvokeConfigs. Texts: `TestLambdaEventInvokeConfig` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use super::paging::{Sizes, page_of};
use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming::{self, Target};
use crate::request::{Ctx, Reply, Request};
use crate::rules::event_invoke;
use crate::sections::event_invoke::EventInvoke;

/// Replaces whatever there is.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (target, arn) = checked(ctx, request)?;
    let configs = &mut ctx.region.writable(&target.name, ctx.now)?.sections.event_invokes;
    let new = EventInvoke::new(&request.body);
    let shown = new.shown(&arn);
    configs.insert(target.key().to_owned(), new);
    Ok(Reply::json(200, shown))
}

/// Changes what is sent of settings that there are.
pub(crate) fn update(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (target, arn) = checked(ctx, request)?;
    let configs = &mut ctx.region.writable(&target.name, ctx.now)?.sections.event_invokes;
    let config = configs.get_mut(target.key()).ok_or_else(|| no_config(&arn))?;
    config.change(&request.body);
    Ok(Reply::json(200, config.shown(&arn)))
}

/// The settings.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let arn = target.full_arn(ctx.region);
    let function = ctx.region.function(&target.name, Access::Other, ctx.now);
    let function = function.map_err(|error| error.if_missing(|| no_config(&arn)))?;
    let config = function.sections.event_invokes.get(target.key()).ok_or_else(|| no_config(&arn))?;
    Ok(Reply::json(200, config.shown(&arn)))
}

/// 204, or 404 when there are none.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let arn = target.full_arn(ctx.region);
    let function = ctx.region.writable(&target.name, ctx.now);
    let function = function.map_err(|error| error.if_missing(|| no_config(&arn)))?;
    function.sections.event_invokes.remove(target.key()).ok_or_else(|| no_config(&arn))?;
    Ok(Reply::no_content())
}

/// Of the function, and of all versions and aliases that have some.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = naming::namespaced(ctx.region, &request.label, None)?;
    let function = ctx.region.function(&target.name, Access::Other, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_function))?;
    let configs = function.sections.event_invokes.iter();
    let items = configs.map(|(qualifier, config)| (qualifier.clone(), (qualifier, config)));
    let show =
        |(qualifier, config): (&String, &EventInvoke)| config.shown(&function.qualified_arn(Some(qualifier)));
    let page = page_of(request, Sizes::PAGE_AT_MOST, "FunctionEventInvokeConfigs", items, show)?;
    Ok(Reply::json(200, page))
}

/// What a write is about, with its ARN.
fn checked(ctx: &mut Ctx<'_>, request: &Request) -> Result<(Target, String), ApiError> {
    event_invoke::check(&request.body)?;
    let target = target(ctx, request)?;
    let function = ctx.region.writable(&target.name, ctx.now);
    let function: &Function = function.map_err(|error| error.if_missing(no_function))?;
    if !function.has(target.key()) {
        return Err(no_function());
    }
    event_invoke::check_destinations(ctx.region, &target.name, &request.body)?;
    let arn = target.full_arn(ctx.region);
    Ok((target, arn))
}

fn target(ctx: &Ctx<'_>, request: &Request) -> Result<Target, ApiError> {
    naming::namespaced(ctx.region, &request.label, request.query("Qualifier"))
}

fn no_function() -> ApiError {
    ApiError::not_found("The function doesn't exist.")
}

fn no_config(arn: &str) -> ApiError {
    ApiError::not_found(format!("The function {arn} doesn't have an EventInvokeConfig"))
}
