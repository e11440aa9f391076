//! What versions and aliases have of their own: ListProvisionedConcurrencyConfigs and ListFunctionEventInvokeConfigs. Tests
//! say what there is.

use serde_json::Value;

use super::paging::page;
use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Object, Reply, Request};

/// Of all aliases and versions that have it.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html>
pub(crate) fn provisioned(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&name, Access::Other, ctx.now)?;
    let items = function.provisioned.iter().map(|(qualifier, config)| {
        (qualifier.clone(), of_arn(&function.qualified_arn(Some(qualifier)), config))
    });
    Ok(Reply::json(200, page(request, "ProvisionedConcurrencyConfigs", items, |config| config)?))
}

/// Of the function, and all aliases and versions that have some.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html>
pub(crate) fn event_invoke(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&name, Access::Other, ctx.now)?;
    let items = function.event_invokes.iter().map(|(qualifier, config)| {
        (qualifier.clone(), of_arn(&function.qualified_arn(Some(qualifier)), config))
    });
    Ok(Reply::json(200, page(request, "FunctionEventInvokeConfigs", items, |config| config)?))
}

fn of_arn(arn: &str, config: &Object) -> Value {
    let mut shown = config.clone();
    shown.insert("FunctionArn".into(), arn.into());
    Value::Object(shown)
}
