//! CreateFunction, GetFunction, GetFunctionConfiguration and DeleteFunction.

use std::collections::BTreeMap;

use serde_json::json;

use super::versions;
use crate::code;
use crate::error::ApiError;
use crate::function::{Function, Version, View, now_text};
use crate::lifecycle::{Access, Lifecycle};
use crate::merge;
use crate::naming::{self, Target};
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::{capacity_provider, code_signing, layer_use, model, service, tags};
use crate::sections::Sections;
use crate::settings::SettleDelay;

/// 201 with State Pending, unless something about the request is refused.
pub(crate) fn create(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = new_name(ctx, request)?;
    capacity_provider::check_use(ctx.region, &request.body, ctx.now)?;
    let function = build(ctx, &name, &request.body)?;
    let mut shown = function.configuration(&function.latest, &function.arn, View::Full);
    let function = ctx.region.functions.entry(name).or_insert(function);
    if request.flag("Publish") {
        // The reply has the version's number, but the function's own ARN.
        let pending = versions::pending(function, ctx.region.settings.settle_of_versions(), ctx.now);
        versions::publish_latest(function, None, pending);
        shown["Version"] = "1".into();
    }
    Ok(Reply::json(201, shown))
}

fn new_name(ctx: &mut Ctx<'_>, request: &Request) -> Result<String, ApiError> {
    model::check(&request.body, &["FunctionName", "Role", "Code"])?;
    let raw = request.text("FunctionName").unwrap_or_default();
    let name = naming::target(ctx.region, raw, None)?.name;
    match ctx.region.writable(&name, ctx.now).map(|_| ()) {
        Ok(()) => Err(ApiError::conflict(format!("Function already exist: {name}"))),
        Err(missing) if missing.status == 404 => Ok(name),
        Err(deleting) => Err(deleting),
    }
}

/// A new function from the body of a CreateFunction request; refused as AWS would.
pub(crate) fn build(ctx: &Ctx<'_>, name: &str, body: &Object) -> Result<Function, ApiError> {
    let package = body.get("PackageType").and_then(|package| package.as_str()).unwrap_or("Zip");
    service::check_create(body, package)?;
    let mut config = merge::defaults(name, package);
    merge::create_only(&mut config, body);
    merge::apply(&mut config, body);
    merge::complete_instances(&mut config);
    service::check(&ctx.region.settings, body, &config)?;
    layer_use::check(ctx.region, ctx.layers, &ctx.principal(), body)?;
    layer_use::set_sizes(ctx.layers, &mut config);
    let code_signing = code_signing::link_of_new(ctx.region, body, package)?;
    let code = body.get("Code").cloned().unwrap_or_default();
    let code = code::resolve_new(ctx.region, &merge::into_object(code), package)?;
    code_signing::check_signature(ctx.region, code_signing.as_deref(), name)?;
    ctx.check_code_storage(code.stored())?;
    let latest = Version {
        number: "$LATEST".to_owned(),
        config,
        code,
        revision_id: uuid::Uuid::new_v4().to_string(),
        last_modified: now_text(),
        lifecycle: Lifecycle::created(ctx.region.settings.create_settle, ctx.now),
        made_of: None,
    };
    Ok(managed(Function {
        name: name.to_owned(),
        arn: ctx.region.function_arn(name),
        latest,
        published: Vec::new(),
        last_number: 0,
        tags: tags::of(body),
        reserved_concurrency: None,
        sections: Sections::default(),
        executions: BTreeMap::new(),
        aliases: BTreeMap::new(),
        code_signing,
    }))
}

fn managed(mut function: Function) -> Function {
    if function.is_managed() {
        function.latest.lifecycle = function.latest.lifecycle.on_capacity_provider();
    }
    function
}

/// Configuration, code, tags and reserved concurrency.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let qualifier = target.qualifier.as_deref();
    let tags_denied = ctx.region.settings.deny.contains("ListTags");
    let principal = ctx.principal();
    let (function, version) = found(ctx, &target)?;
    let mut described = function.described(version, qualifier);
    if tags_denied
        && qualifier.is_none()
        && let Some(members) = described.as_object_mut()
    {
        // GetFunction reads the tags with the caller's permission.
        let denied = ApiError::access_denied(&principal, "lambda:ListTags", &function.arn, "identity-based");
        members.remove("Tags");
        members.insert("TagsError".into(), json!({"ErrorCode": denied.code, "Message": denied.message}));
    }
    Ok(Reply::json(200, described))
}

/// The configuration alone.
pub(crate) fn get_configuration(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let arn = ctx.region.function_arn(&target.name);
    let (function, version) = found(ctx, &target)?;
    let arn = target.qualifier.as_ref().map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
    Ok(Reply::json(200, function.configuration(version, &arn, View::Full)))
}

/// The whole function, or one version of it. Also while it is being created or updated.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    // Both are refused without a look at the function.
    match target.qualifier.as_deref() {
        Some("$LATEST") => {
            let text = "$LATEST version cannot be deleted without deleting the function.";
            return Err(ApiError::invalid(text));
        }
        Some(alias) if naming::is_alias(alias) => {
            return Err(ApiError::invalid("Deletion of aliases is not currently supported."));
        }
        _ => {}
    }
    let (delete_settle, now) = (ctx.region.settings.delete_settle, ctx.now);
    let function = ctx.region.writable(&target.name, now)?;
    // What runs goes on, and the function with it.
    let delete_settle = delete_settle.or_else(|| function.has_running().then_some(SettleDelay::NEXT_READ));
    match (target.qualifier, delete_settle) {
        (Some(number), _) => versions::delete(function, &number)?,
        (None, Some(delay)) => function.deleting(delay, now),
        (None, None) => {
            ctx.region.remove(&target.name, now);
        }
    }
    Ok(Reply::no_content())
}

fn target(ctx: &Ctx<'_>, request: &Request) -> Result<Target, ApiError> {
    naming::namespaced(ctx.region, &request.label, request.query("Qualifier"))
}

fn found<'a>(ctx: &'a mut Ctx<'_>, target: &Target) -> Result<(&'a Function, &'a Version), ApiError> {
    let qualifier = target.qualifier.as_deref();
    let arn = ctx.region.function_arn(&target.name);
    let full = qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
    let missing = || ApiError::function_not_found(&full);
    let function = ctx.region.function(&target.name, Access::Read, ctx.now).map_err(|_| missing())?;
    let version = function.version(qualifier).ok_or_else(missing)?;
    Ok((function, version))
}
