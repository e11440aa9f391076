//! UpdateFunctionConfiguration and UpdateFunctionCode.

use serde_json::{Value, json};

use super::versions;
use crate::code;
use crate::error::ApiError;
use crate::function::{Function, View};
use crate::lifecycle::Access;
use crate::merge;
use crate::naming;
use crate::region::Region;
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::{code_signing, layer_use, model, runtime_management, service};

/// One call changes any part of the configuration. It is InProgress afterwards, even if nothing changed.
pub(crate) fn configuration(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    model::check(&request.body, &[])?;
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ready(ctx, &name, request)?;
    runtime_management::check_change(function, &request.body)?;
    let before = function.latest.config.clone();
    service::check_update(&request.body, &before)?;
    let mut after = before;
    merge::apply(&mut after, &request.body);
    merge::apply_to_present(&mut after, &request.body);
    service::check(&ctx.region.settings, &request.body, &after)?;
    layer_use::check(ctx.region, ctx.layers, &ctx.principal(), &request.body)?;
    check_signatures_of_layers(ctx.region, &name, &request.body)?;
    layer_use::set_sizes(ctx.layers, &mut after);
    let (delay, now) = (ctx.region.settings.update_settle, ctx.now);
    let function = ctx.region.function(&name, Access::Other, now)?;
    function.latest.config = after;
    function.latest.modified();
    function.latest.lifecycle.updating(delay, now);
    Ok(Reply::json(200, function.configuration(&function.latest, &function.arn, View::Full)))
}

/// Layers that are added must be signed as the code is.
fn check_signatures_of_layers(region: &Region, name: &str, sent: &Object) -> Result<(), ApiError> {
    let link = region.functions.get(name).and_then(|function| function.code_signing.as_deref());
    let has_layers = sent.get("Layers").is_some_and(|layers| layers != &json!([]));
    if has_layers { code_signing::check_signature(region, link, name) } else { Ok(()) }
}

/// Replaces the code; with DryRun it only says what would be.
pub(crate) fn code(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    model::check(&request.body, &[])?;
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ready(ctx, &name, request)?;
    let (config, signing) = (function.latest.config.clone(), function.code_signing.clone());
    let package = config.get("PackageType").and_then(Value::as_str).unwrap_or("Zip").to_owned();
    let code = code::resolve(ctx.region, &request.body, &package)?;
    code_signing::check_signature(ctx.region, signing.as_deref(), &name)?;
    // What is replaced makes room.
    let replaced = ctx.region.function(&name, Access::Other, ctx.now)?.latest.code.stored();
    if code.stored() > replaced {
        ctx.check_code_storage(code.stored() - replaced)?;
    }
    let (settings, now) = (ctx.region.settings.clone(), ctx.now);
    let function = ctx.region.function(&name, Access::Other, now)?;
    if request.flag("DryRun") {
        let mut would_be = function.latest.clone();
        would_be.code = code;
        set_architectures(&mut would_be.config, &request.body);
        return Ok(Reply::json(200, function.configuration(&would_be, &function.arn, View::Full)));
    }
    function.latest.code = code;
    set_architectures(&mut function.latest.config, &request.body);
    function.latest.modified();
    function.latest.lifecycle.updating(settings.update_settle, now);
    if request.flag("Publish") {
        // The reply is about the new version, and $LATEST is InProgress all the same.
        let pending = versions::pending(function, settings.settle_of_versions(), now);
        return Ok(Reply::json(200, versions::publish_latest(function, None, pending)));
    }
    Ok(Reply::json(200, function.configuration(&function.latest, &function.arn, View::Full)))
}

/// Absent architectures stay as they are.
fn set_architectures(config: &mut Object, sent: &Object) {
    if let Some(architectures) = sent.get("Architectures") {
        config.insert("Architectures".into(), architectures.clone());
    }
}

/// The function if it can be written to now, on the revision that the caller expects.
fn ready<'a>(ctx: &'a mut Ctx<'_>, name: &str, request: &Request) -> Result<&'a mut Function, ApiError> {
    let function = ctx.region.function(name, Access::Other, ctx.now)?;
    if let Some(refusal) = function.latest.lifecycle.refusal(&function.arn) {
        return Err(refusal);
    }
    check_revision(function, request)?;
    Ok(function)
}

/// 412 when the request names another revision than the latest.
pub(crate) fn check_revision(function: &Function, request: &Request) -> Result<(), ApiError> {
    match request.text("RevisionId") {
        Some(expected) if expected != function.latest.revision_id => Err(ApiError::stale_revision()),
        _ => Ok(()),
    }
}
