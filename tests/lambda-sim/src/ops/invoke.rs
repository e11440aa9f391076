//! Invoke, InvokeWithResponseStream and InvokeAsync: the data plane. The texts are those that people quote:
//! the payload's size and what is no JSON (<https://github.com/aws/aws-sdk-js/issues/2157>), a tenant that is missing
//! (<https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation-invoke.html>), a function that is Pending
//! (<https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>).

use serde_json::Value;

use crate::error::ApiError;
use crate::event_stream;
use crate::invocation::{Invocation, Outcome};
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Body, Ctx, Invoked, Reply, Request};
use crate::sections::PUBLISHED;

/// Bytes of a payload (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST_SYNCHRONOUS: usize = 6 * 1024 * 1024;
const LONGEST_ASYNCHRONOUS: usize = 1024 * 1024;

/// Answers at once (`Event`, `DryRun`) or when the function has (`RequestResponse`).
pub(crate) fn buffered(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let kind = kind(request, &["Event", "RequestResponse", "DryRun"])?;
    let Some((invocation, outcome)) = run(ctx, request, kind, "Payload")? else {
        return Ok(Reply::no_content());
    };
    if kind == "Event" {
        return Ok(Reply::empty(202));
    }
    let mut headers = vec![("x-amz-executed-version", invocation.version.clone())];
    headers.extend(outcome.function_error.clone().map(|error| ("x-amz-function-error", error)));
    headers.extend(log(request, &invocation, &outcome).map(|log| ("x-amz-log-result", log)));
    let content = outcome.parts.concat().into_bytes();
    let invoked = Invoked { kind: "application/json", headers, content };
    Ok(Reply { status: 200, body: Body::Invoked(invoked) })
}

/// The answer as the function writes it, and at the end how it went.
pub(crate) fn streamed(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let kind = kind(request, &["RequestResponse", "DryRun"])?;
    let Some((invocation, outcome)) = run(ctx, request, kind, "Payload")? else {
        return Ok(Reply::no_content());
    };
    let content = event_stream::of(&outcome, log(request, &invocation, &outcome));
    let headers = vec![("x-amz-executed-version", invocation.version)];
    let invoked = Invoked { kind: event_stream::MEDIA_TYPE, headers, content };
    Ok(Reply { status: 200, body: Body::Invoked(invoked) })
}

/// The old form of `Event`.
pub(crate) fn queued(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    run(ctx, request, "Event", "InvokeArgs")?;
    Ok(Reply::empty(202))
}

fn kind<'a>(request: &'a Request, known: &[&str]) -> Result<&'a str, ApiError> {
    let kind = request.text("InvocationType").unwrap_or("RequestResponse");
    if known.contains(&kind) {
        return Ok(kind);
    }
    let text = format!(
        "Value '{kind}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        known.join(", ")
    );
    Err(ApiError::validation(&[text]))
}

/// The function runs, unless something is refused; `None`: all is well, and it was only asked whether it would be.
fn run(
    ctx: &mut Ctx<'_>,
    request: &Request,
    kind: &str,
    payload: &str,
) -> Result<Option<(Invocation, Outcome)>, ApiError> {
    let event = event(request.text(payload).unwrap_or_default(), kind)?;
    let target = naming::namespaced(ctx.region, &request.label, request.query("Qualifier"))?;
    let tenant = request.text("TenantId").map(ToOwned::to_owned);
    let version = version(ctx, &target, kind, tenant.is_some())?;
    if kind == "DryRun" {
        return Ok(None);
    }
    let invocation = Invocation {
        operation: request.operation.to_owned(),
        invocation_type: kind.to_owned(),
        version,
        event,
        tenant,
        request_id: request.id.clone(),
    };
    let outcome = ctx.region.invocations.entry(target.name).or_default().run(invocation.clone());
    Ok(Some((invocation, outcome)))
}

fn event(payload: &str, kind: &str) -> Result<Value, ApiError> {
    let (bytes, limit) =
        (payload.len(), if kind == "Event" { LONGEST_ASYNCHRONOUS } else { LONGEST_SYNCHRONOUS });
    if bytes > limit {
        return Err(ApiError::too_large(format!(
            "{bytes} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
        )));
    }
    if payload.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_str(payload).map_err(|error| {
        let text = format!("Could not parse request body into json: {error}");
        ApiError::new(400, "InvalidRequestContentException", text)
    })
}

/// The number of the version that would run now.
fn version(
    ctx: &mut Ctx<'_>,
    target: &naming::Target,
    kind: &str,
    for_tenant: bool,
) -> Result<String, ApiError> {
    let (delay, now) = (ctx.region.settings.create_settle, ctx.now);
    let function = ctx.region.function(&target.name, Access::Other, now)?;
    let missing = ApiError::function_not_found(&function.qualified_arn(target.qualifier.as_deref()));
    let reserved = function.reserved_concurrency;
    // <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html>
    let qualifier = target.qualifier.as_deref().or(function.is_managed().then_some(PUBLISHED));
    if qualifier == Some(PUBLISHED) && !function.has(PUBLISHED) {
        let text = "The function has no published versions available.";
        return Err(ApiError::new(400, "NoPublishedVersionException", text));
    }
    let version = function.version_mut(qualifier).ok_or(missing)?;
    let by_tenant = version.config.contains_key("TenancyConfig");
    if by_tenant != for_tenant {
        let (is, remedy) = if by_tenant { ("is", "Add a valid") } else { ("is not", "Remove the") };
        return Err(ApiError::invalid(format!(
            "The invoked function {is} enabled with tenancy configuration. {remedy} tenant ID in your request and try \
             again."
        )));
    }
    if let Some(refusal) = version.lifecycle.refusal_of_invocation(delay, now) {
        return Err(refusal);
    }
    // An event waits in Lambda's own queue until there is room for it.
    if kind == "RequestResponse" && reserved == Some(0) {
        return Err(ApiError::out_of_reserved_concurrency());
    }
    Ok(version.number.clone())
}

fn log(request: &Request, invocation: &Invocation, outcome: &Outcome) -> Option<String> {
    let wanted = request.text("LogType") == Some("Tail");
    wanted.then(|| outcome.log_tail(&request.id, &invocation.version))
}
