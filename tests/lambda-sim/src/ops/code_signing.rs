//! The operations on code signing configs. Texts: `TestCodeSigningConfig` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json), and where said.

use serde_json::{Value, json};

use super::paging::{Sizes, page_of};
use crate::code_signing::{CodeSigningConfig, users};
use crate::error::ApiError;
use crate::request::{Ctx, Reply, Request};
use crate::rules::code_signing;

/// 201. There is no name and no token: every call makes another config.
pub(crate) fn create(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    code_signing::check(&request.body, &["AllowedPublishers"])?;
    let config = CodeSigningConfig::new(ctx.region, &request.body);
    let shown = json!({"CodeSigningConfig": config.shown()});
    ctx.region.code_signing.insert(config.arn.clone(), config);
    Ok(Reply::json(201, shown))
}

/// The config as it is.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    Ok(Reply::json(200, json!({"CodeSigningConfig": found(ctx, request)?.shown()})))
}

/// Changes what is sent, which may be nothing.
pub(crate) fn update(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    code_signing::check(&request.body, &[])?;
    let config = found(ctx, request)?;
    config.change(&request.body);
    Ok(Reply::json(200, json!({"CodeSigningConfig": config.shown()})))
}

/// 204, unless a function uses it. The sentence is that of
/// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteCodeSigningConfig.html>; AWS's own text isn't on record.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let arn = found(ctx, request)?.arn.clone();
    ctx.region.tick_all(ctx.now);
    if users(ctx.region, &arn).next().is_some() {
        return Err(ApiError::conflict(format!(
            "The code signing configuration {arn} can be deleted only if no function is using it."
        )));
    }
    ctx.region.code_signing.remove(&arn);
    Ok(Reply::no_content())
}

/// All configs, in full.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let configs = ctx.region.code_signing.iter().map(|(arn, config)| (arn.clone(), config));
    let page = page_of(request, Sizes::UP_TO_ALL, "CodeSigningConfigs", configs, CodeSigningConfig::shown)?;
    Ok(Reply::json(200, page))
}

/// The ARNs of the functions that use a config.
pub(crate) fn list_functions(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let arn = found(ctx, request)?.arn.clone();
    ctx.region.tick_all(ctx.now);
    let functions = users(ctx.region, &arn).map(|function| (function.to_owned(), function));
    Ok(Reply::json(200, page_of(request, Sizes::UP_TO_ALL, "FunctionArns", functions, Value::from)?))
}

fn found<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<&'a mut CodeSigningConfig, ApiError> {
    let arn = request.label.as_str();
    code_signing::check_arn(Some(arn))?;
    ctx.region.code_signing.get_mut(arn).ok_or_else(|| missing(arn))
}

/// AWS's answer to an ARN of no config.
pub(super) fn missing(arn: &str) -> ApiError {
    ApiError::not_found(format!("The Lambda code signing configuration {arn} can not be found.")).untyped()
}
