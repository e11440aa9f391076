//! TagResource, UntagResource and ListTags, for functions. Both writes change the function's RevisionId. Texts:
//! `TestLambdaTags` in LocalStack's recordings (tests/aws/services/lambda_/test_lambda_api.snapshot.json); the one on
//! too many keys follows the model.

use serde_json::json;

use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};
use crate::rules::{model, tags};

/// Adds and overwrites.
pub(crate) fn tag(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    model::check(&request.body, &["Tags"])?;
    let added = tags::of(&request.body);
    if added.is_empty() {
        return Err(ApiError::invalid("An error occurred and the request cannot be processed."));
    }
    let function = writable(ctx, request)?;
    let mut merged = function.tags.clone();
    merged.extend(added);
    tags::check(&merged)?;
    function.tags = merged;
    function.latest.touch();
    Ok(Reply::no_content())
}

/// Removes keys; those that aren't there are gone already.
pub(crate) fn untag(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let keys = request.query_all("tagKeys");
    if keys.is_empty() {
        let failure = "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null";
        return Err(ApiError::validation(&[failure.to_owned()]));
    }
    if keys.len() > 50 {
        let constraint = "Member must have length less than or equal to 50";
        let shown = keys.join(", ");
        let failure = format!("Value '[{shown}]' at 'tagKeys' failed to satisfy constraint: {constraint}");
        return Err(ApiError::validation(&[failure]));
    }
    let function = writable(ctx, request)?;
    function.tags.retain(|key, _| !keys.contains(&key.as_str()));
    function.latest.touch();
    Ok(Reply::no_content())
}

/// All tags.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let function = tagged(ctx, request)?;
    Ok(Reply::json(200, json!({"Tags": function.tags})))
}

/// The function that an ARN names.
fn tagged<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<&'a mut Function, ApiError> {
    let name = name(ctx, request)?;
    ctx.region.function(&name, Access::Other, ctx.now)
}

/// The same for a write.
fn writable<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<&'a mut Function, ApiError> {
    let name = name(ctx, request)?;
    ctx.region.writable(&name, ctx.now)
}

fn name(ctx: &Ctx<'_>, request: &Request) -> Result<String, ApiError> {
    let arn = request.label.as_str();
    if !arn.starts_with("arn:") || !arn.contains(":function:") {
        let pattern = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})";
        let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
        let failure = format!("Value '{arn}' at 'resource' failed to satisfy constraint: {constraint}");
        return Err(ApiError::validation(&[failure]));
    }
    let target = naming::target(ctx.region, arn, None)?;
    if target.qualifier.is_some() {
        let text = "Tags on function aliases and versions are not supported. Please specify a function ARN.";
        return Err(ApiError::invalid(text));
    }
    Ok(target.name)
}
