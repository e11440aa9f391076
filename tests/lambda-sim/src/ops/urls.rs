//! Function URLs, of the function or an alias: CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig,
//! DeleteFunctionUrlConfig and ListFunctionUrlConfigs. Texts: `TestLambdaUrl` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::Value;

use super::paging::{Sizes, page_of};
use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming::{self, Target};
use crate::request::{Ctx, Reply, Request};
use crate::rules::url;
use crate::sections::LATEST;
use crate::sections::url::Url;

/// 201 with a new host, unless there is a URL.
pub(crate) fn create(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    url::check(&request.body, &["AuthType"])?;
    let target = target(ctx, request)?;
    let arn = target.arn(ctx.region);
    let new = Url::new(&ctx.region.name, &request.body);
    let function = writable(ctx, &target)?;
    url::check_function(function)?;
    if function.sections.urls.contains_key(target.key()) {
        return Err(ApiError::conflict(format!(
            "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists \
             for this Lambda function"
        )));
    }
    let mut shown = as_written(&new, &arn, request);
    if let Some(members) = shown.as_object_mut() {
        members.remove("LastModifiedTime");
    }
    function.sections.urls.insert(target.key().to_owned(), new);
    Ok(Reply::json(201, shown))
}

/// The URL with its settings.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let arn = target.arn(ctx.region);
    let function = ctx.region.function(&target.name, Access::Other, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_url))?;
    let url = function.sections.urls.get(target.key()).ok_or_else(no_url)?;
    Ok(Reply::json(200, url.shown(&arn)))
}

/// Changes what is sent. The host stays.
pub(crate) fn update(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    url::check(&request.body, &[])?;
    let target = target(ctx, request)?;
    let arn = target.arn(ctx.region);
    let function = writable(ctx, &target)?;
    let url = function.sections.urls.get_mut(target.key()).ok_or_else(no_url)?;
    url.change(&request.body);
    Ok(Reply::json(200, as_written(url, &arn, request)))
}

/// 204, or 404 when there is none. Without an alias only the function's own goes.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let function = ctx.region.writable(&target.name, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_url))?;
    function.sections.urls.remove(target.key()).ok_or_else(no_url)?;
    Ok(Reply::no_content())
}

/// Of the function and all aliases that have one.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::target(ctx.region, &request.label, None)?.name;
    let function = ctx.region.function(&name, Access::Other, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_function))?;
    let urls = function.sections.urls.iter().map(|(alias, url)| (alias.clone(), (alias, url)));
    let show = |(alias, url): (&String, &Url)| {
        let qualifier = Some(alias.as_str()).filter(|alias| *alias != LATEST);
        url.shown(&function.qualified_arn(qualifier))
    };
    Ok(Reply::json(200, page_of(request, Sizes::PAGE_AT_MOST, "FunctionUrlConfigs", urls, show)?))
}

/// The mode is in the answer to a write only if it is in the request.
fn as_written(url: &Url, arn: &str, request: &Request) -> Value {
    let mut shown = url.shown(arn);
    if let Some(members) = shown.as_object_mut().filter(|_| !request.body.contains_key("InvokeMode")) {
        members.remove("InvokeMode");
    }
    shown
}

fn target(ctx: &Ctx<'_>, request: &Request) -> Result<Target, ApiError> {
    url::check_qualifier(request.query("Qualifier"))?;
    let target = naming::target(ctx.region, &request.label, request.query("Qualifier"))?;
    url::check_qualifier(target.qualifier.as_deref())?;
    Ok(target)
}

fn writable<'a>(ctx: &'a mut Ctx<'_>, target: &Target) -> Result<&'a mut Function, ApiError> {
    let function = ctx.region.writable(&target.name, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_function))?;
    if function.has(target.key()) { Ok(function) } else { Err(no_function()) }
}

fn no_function() -> ApiError {
    ApiError::not_found("Function does not exist")
}

fn no_url() -> ApiError {
    ApiError::not_found("The resource you requested does not exist.")
}
