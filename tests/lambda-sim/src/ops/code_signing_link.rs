//! The code signing config of a function: PutFunctionCodeSigningConfig, GetFunctionCodeSigningConfig and
//! DeleteFunctionCodeSigningConfig. Code that is deployed already isn't looked at again
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html>). Texts: `TestCodeSigningConfig`
//! in LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};
use crate::rules::code_signing;

/// Links a config. It is looked for before the function is.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let arn = request.text("CodeSigningConfigArn");
    code_signing::check_arn(arn)?;
    let arn = arn.unwrap_or_default();
    code_signing::check_exists(ctx.region, arn)?;
    let function = writable(ctx, request)?;
    let package = function.latest.config.get("PackageType").and_then(Value::as_str);
    code_signing::check_package(package.unwrap_or("Zip"))?;
    function.code_signing = Some(arn.to_owned());
    Ok(Reply::json(200, shown(function)))
}

/// `{}` when there is none.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    Ok(Reply::json(200, shown(ctx.region.function(&name, Access::Other, ctx.now)?)))
}

/// 204, also when there is none.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    writable(ctx, request)?.code_signing = None;
    Ok(Reply::no_content())
}

fn shown(function: &Function) -> Value {
    let linked = |arn| json!({"CodeSigningConfigArn": arn, "FunctionName": function.name});
    function.code_signing.as_ref().map_or_else(|| json!({}), linked)
}

fn writable<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<&'a mut Function, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    ctx.region.writable(&name, ctx.now)
}
