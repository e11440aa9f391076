//! Durable executions: ListDurableExecutionsByFunction, GetDurableExecution, GetDurableExecutionHistory, StopDurableExecution
//! and the three answers to callbacks. Texts are ours where AWS doesn't document any.

use serde_json::{Value, json};

use super::paging::{Sizes, page_of};
use crate::error::ApiError;
use crate::execution::Execution;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Object, Reply, Request};

/// `arn:…:function:NAME:VERSION/durable-execution/EXECUTION/ID`
const MARK: &str = "/durable-execution/";

/// Of all versions or of one, of any name or of one, and of any status or of some.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListDurableExecutionsByFunction.html>
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&name, Access::Other, ctx.now)?;
    let (version, statuses) = (request.query("Qualifier"), request.query_all("Statuses"));
    let named = request.query("DurableExecutionName");
    let wanted = |name: &str, execution: &Execution| {
        version.is_none_or(|version| execution.version == version)
            && named.is_none_or(|named| named == name)
            && (statuses.is_empty() || statuses.contains(&execution.status.as_str()))
    };
    let latest_first = request.query("ReverseOrder") == Some("true");
    let place = |execution: &Execution| {
        let order = if latest_first { u32::MAX - execution.order } else { execution.order };
        format!("{order:010}")
    };
    let arn = &function.arn;
    let items = function.executions.iter().filter(|(name, execution)| wanted(name, execution));
    let mut items: Vec<(String, Value)> =
        items.map(|(name, execution)| (place(execution), described(arn, name, execution))).collect();
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Reply::json(
        200,
        page_of(request, Sizes::UP_TO_ALL, "DurableExecutions", items.into_iter(), |shown| shown)?,
    ))
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecution.html>
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (arn, name, execution) = execution(ctx, request)?;
    let mut shown = described(&arn, &name, execution);
    shown["Version"] = execution.version.clone().into();
    if request.query("IncludeExecutionData") != Some("false") {
        shown["InputPayload"] = json!(execution.input);
        shown["Result"] = json!(execution.result);
        shown["Error"] = json!(execution.error);
    }
    Ok(Reply::json(200, crate::request::without_nulls(shown)))
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecutionHistory.html>
pub(crate) fn history(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (.., execution) = execution(ctx, request)?;
    let whole = request.query("IncludeExecutionData") != Some("false");
    let events = execution.events.iter().enumerate();
    let items = events.map(|(at, event)| (format!("{at:010}"), event_of(event, whole)));
    Ok(Reply::json(200, page_of(request, Sizes::UP_TO_ALL, "Events", items, |shown| shown)?))
}

/// An event; without its data, it says that something was left out.
fn event_of(event: &Object, whole: bool) -> Value {
    let mut shown = Value::Object(event.clone());
    let details = shown.as_object_mut().into_iter().flatten().filter(|(name, _)| name.ends_with("Details"));
    for (_, details) in details.filter(|_| !whole) {
        for (_, data) in details.as_object_mut().into_iter().flatten().filter(|(_, data)| data.is_object()) {
            *data = json!({"Truncated": true});
        }
    }
    crate::request::without_nulls(shown)
}

/// What has ended can't be stopped.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_StopDurableExecution.html>
pub(crate) fn stop(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (.., execution) = execution(ctx, request)?;
    if execution.ended.is_some() {
        let text = format!("The execution has ended already: its status is {}", execution.status);
        return Err(ApiError::invalid(text));
    }
    let at = execution.ends("STOPPED", None, Some(request.body.clone()));
    Ok(Reply::json(200, json!({"StopTimestamp": at})))
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackSuccess.html>
pub(crate) fn callback_success(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let result = request.text("Result").unwrap_or_default().to_owned();
    waiting(ctx, &request.label)?.answered(&request.label, Ok(result));
    Ok(Reply::empty(200))
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackFailure.html>
pub(crate) fn callback_failure(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    waiting(ctx, &request.label)?.answered(&request.label, Err(request.body.clone()));
    Ok(Reply::empty(200))
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackHeartbeat.html>
pub(crate) fn callback_heartbeat(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    waiting(ctx, &request.label)?;
    Ok(Reply::empty(200))
}

/// The execution that waits for an answer by this id.
fn waiting<'a>(ctx: &'a mut Ctx<'_>, callback: &str) -> Result<&'a mut Execution, ApiError> {
    let executions = ctx.region.functions.values_mut().flat_map(|function| function.executions.values_mut());
    let mut waiting = executions.filter(|execution| execution.waits_for(callback));
    waiting.next().ok_or_else(|| {
        let text = "The callback ID token has either expired or the callback associated with the token has already been closed.";
        ApiError::new(400, "CallbackTimeoutException", text)
    })
}

/// The execution that an ARN names, with its name and the ARN of its function.
fn execution<'a>(
    ctx: &'a mut Ctx<'_>,
    request: &Request,
) -> Result<(String, String, &'a mut Execution), ApiError> {
    let missing = || ApiError::not_found(format!("Durable execution not found: {}", request.label));
    let malformed = || {
        let text = format!(
            "Value '{}' at 'durableExecutionArn' failed to satisfy constraint: Member must satisfy regular expression pattern",
            request.label
        );
        ApiError::validation(&[text])
    };
    let (function, run) = request.label.split_once(MARK).ok_or_else(malformed)?;
    let (name, _id) = run.split_once('/').ok_or_else(malformed)?;
    let target = naming::namespaced(ctx.region, function, None)?;
    let now = ctx.now;
    let function = ctx.region.function(&target.name, Access::Other, now).map_err(|_| missing())?;
    let arn = function.arn.clone();
    let found = function.executions.get_mut(name);
    let execution =
        found.filter(|found| target.qualifier.as_ref() == Some(&found.version)).ok_or_else(missing)?;
    Ok((arn, name.to_owned(), execution))
}

fn described(function_arn: &str, name: &str, execution: &Execution) -> Value {
    let arn = format!("{function_arn}:{}", execution.version);
    let mut shown = json!({
        "DurableExecutionArn": format!("{arn}{MARK}{name}/0"), "DurableExecutionName": name,
        "FunctionArn": arn, "Status": execution.status, "StartTimestamp": execution.started(),
    });
    if let Some(ended) = execution.ended {
        shown["EndTimestamp"] = ended.into();
    }
    shown
}
