//! GetAccountSettings (<https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>).

use serde_json::json;

use crate::error::ApiError;
use crate::function::Function;
use crate::request::{Ctx, Reply, Request};

/// Limits and usage of the region.
#[allow(clippy::unnecessary_wraps, reason = "every handler has this signature")]
pub(crate) fn get_settings(ctx: &mut Ctx<'_>, _request: &Request) -> Result<Reply, ApiError> {
    ctx.region.tick_all(ctx.now);
    let region = &*ctx.region;
    let of_layers = ctx.layers.code_size(&region.account, &region.name);
    let used: u64 = of_layers + region.functions.values().map(Function::code_size).sum::<u64>();
    let shown = json!({
        "AccountLimit": {
            "TotalCodeSize": region.settings.code_storage,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": region.settings.concurrent_executions,
            "UnreservedConcurrentExecutions": region.unreserved_concurrency(None),
        },
        "AccountUsage": {"TotalCodeSize": used, "FunctionCount": region.functions.len()},
    });
    Ok(Reply::json(200, shown))
}
