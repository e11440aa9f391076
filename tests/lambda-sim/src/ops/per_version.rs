//! ListProvisionedConcurrencyConfigs and ListFunctionEventInvokeConfigs. No version or alias has such settings yet.

use serde_json::json;

use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};

/// None, of a function that exists.
pub(crate) fn provisioned(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    empty(ctx, request, "ProvisionedConcurrencyConfigs")
}

/// None, of a function that exists.
pub(crate) fn event_invoke(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    empty(ctx, request, "FunctionEventInvokeConfigs")
}

fn empty(ctx: &mut Ctx<'_>, request: &Request, member: &str) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    ctx.region.function(&name, Access::Other, ctx.now)?;
    Ok(Reply::json(200, json!({ member: [] })))
}
