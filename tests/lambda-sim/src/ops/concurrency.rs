//! Reserved concurrency (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>). Zero is
//! a value: it stops every invocation.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};
use crate::rules::provisioned;

/// Reserves, within what the account must leave unreserved.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let wanted = wanted(request.body.get("ReservedConcurrentExecutions"))?;
    if !ctx.region.functions.contains_key(&name) {
        // Recorded so (`test_function_concurrency_exceptions`), other than by the operations beside it.
        return Err(ApiError::function_not_found(&format!("{}:$LATEST", ctx.region.function_arn(&name))));
    }
    let minimum = ctx.region.settings.minimum_unreserved;
    let left = ctx.region.unreserved_concurrency(Some(&name)).checked_sub(wanted);
    if wanted > 0 && left.is_none_or(|left| left < minimum) {
        return Err(ApiError::invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
             below its minimum value of [{minimum}]."
        ))
        .untyped());
    }
    let function = ctx.region.writable(&name, ctx.now)?;
    provisioned::check_reserved(function, wanted)?;
    function.reserved_concurrency = Some(wanted);
    Ok(Reply::json(200, json!({"ReservedConcurrentExecutions": wanted})))
}

fn wanted(count: Option<&Value>) -> Result<u64, ApiError> {
    let (value, constraint) = match count.map(|count| (count, count.as_u64())) {
        Some((_, Some(count))) => return Ok(count),
        Some((count, None)) => (format!("'{count}'"), "Member must have value greater than or equal to 0"),
        None => ("null".to_owned(), "Member must not be null"),
    };
    let at = "at 'reservedConcurrentExecutions' failed to satisfy constraint";
    Err(ApiError::validation(&[format!("Value {value} {at}: {constraint}")]))
}

/// `{}` when nothing is reserved.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let reserved = ctx.region.function(&name, Access::Other, ctx.now)?.reserved_concurrency;
    let shown =
        reserved.map_or_else(|| json!({}), |reserved| json!({"ReservedConcurrentExecutions": reserved}));
    Ok(Reply::json(200, shown))
}

/// Gives the reservation up, if there is one.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    ctx.region.writable(&name, ctx.now)?.reserved_concurrency = None;
    Ok(Reply::no_content())
}
