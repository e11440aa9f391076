//! ListDurableExecutionsByFunction. Tests say what there is.

use serde_json::{Value, json};

use super::paging::{Sizes, page_of};
use crate::error::ApiError;
use crate::function::Execution;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};

/// Of all versions or of one, and of any status or of some.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListDurableExecutionsByFunction.html>
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&name, Access::Other, ctx.now)?;
    let (version, statuses) = (request.query("Qualifier"), request.query_all("Statuses"));
    let wanted = |execution: &Execution| {
        version.is_none_or(|version| execution.version == version)
            && (statuses.is_empty() || statuses.contains(&execution.status.as_str()))
    };
    let arn = &function.arn;
    let items = function.executions.iter().filter(|(_, execution)| wanted(execution));
    let items = items.map(|(name, execution)| (name.clone(), described(arn, name, execution)));
    Ok(Reply::json(200, page_of(request, Sizes::UP_TO_ALL, "DurableExecutions", items, |shown| shown)?))
}

fn described(function_arn: &str, name: &str, Execution { version, status }: &Execution) -> Value {
    let arn = format!("{function_arn}:{version}");
    json!({
        "DurableExecutionArn": format!("{arn}/durable-execution/{name}/0"), "DurableExecutionName": name,
        "FunctionArn": arn, "Status": status, "StartTimestamp": 1_767_225_600,
    })
}
