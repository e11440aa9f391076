//! CreateAlias, GetAlias, UpdateAlias, DeleteAlias and ListAliases. An alias has a revision of its own, and changes
//! nothing about its function. Texts: `TestLambdaAlias` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Value, json};

use super::paging::{Sizes, page_of};
use super::provisioned;
use crate::error::ApiError;
use crate::function::{Function, touch_alias};
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::alias;

/// 201, unless there is one of the name or the version doesn't exist.
pub(crate) fn create(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    alias::check(&request.body, &["Name", "FunctionVersion"])?;
    let function = naming::unqualified(ctx.region, &request.label)?;
    let version = request.text("FunctionVersion").unwrap_or_default();
    let target = format!("{}:{version}", ctx.region.function_arn(&function));
    let missing = || ApiError::function_not_found(&target);
    let function = ctx.region.writable(&function, ctx.now).map_err(|error| error.if_missing(missing))?;
    if function.version(Some(version)).is_none() {
        return Err(missing());
    }
    let name = request.text("Name").unwrap_or_default();
    let arn = function.qualified_arn(Some(name));
    if function.aliases.contains_key(name) {
        return Err(ApiError::conflict(format!("Alias already exists: {arn}")));
    }
    let mut alias = Object::new();
    alias.insert("AliasArn".into(), arn.into());
    alias.insert("Name".into(), name.into());
    alias.insert("Description".into(), "".into());
    change(&mut alias, &request.body);
    alias::check_targets(function, &alias)?;
    function.aliases.insert(name.to_owned(), alias.clone());
    Ok(Reply::json(201, Value::Object(alias)))
}

/// The alias as it is.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = name(request)?;
    let function = naming::unqualified(ctx.region, &request.label)?;
    let arn = format!("{}:{name}", ctx.region.function_arn(&function));
    let missing = || ApiError::not_found(format!("Cannot find alias arn: {arn}"));
    let function = ctx.region.function(&function, Access::Other, ctx.now).map_err(|_| missing())?;
    let alias = function.aliases.get(name).ok_or_else(missing)?;
    Ok(Reply::json(200, Value::Object(alias.clone())))
}

/// Changes what is sent, at once. Every update gives a new revision, also one that changes nothing.
pub(crate) fn update(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    alias::check(&request.body, &[])?;
    let delay = (ctx.region.settings.settle_of_sections(), ctx.now);
    let (name, function) = (name(request)?, writable(ctx, request)?);
    let arn = function.qualified_arn(Some(name));
    let missing = || ApiError::not_found(format!("Alias not found: {arn}"));
    let mut alias = function.aliases.get(name).cloned().ok_or_else(missing)?;
    if request.text("RevisionId").is_some_and(|expected| alias["RevisionId"] != expected) {
        return Err(ApiError::stale_revision());
    }
    change(&mut alias, &request.body);
    if request.body.contains_key("FunctionVersion") || request.body.contains_key("RoutingConfig") {
        alias::check_targets(function, &alias)?;
    }
    provisioned::follow_alias(function, &request.body, &mut alias, delay)?;
    function.aliases.insert(name.to_owned(), alias.clone());
    Ok(Reply::json(200, Value::Object(alias)))
}

/// 204, also when there is no such alias.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = name(request)?;
    writable(ctx, request)?.remove_alias(name);
    Ok(Reply::no_content())
}

/// The aliases of a function, if asked for those of one version only.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let function = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&function, Access::Other, ctx.now)?;
    let version = request.query("FunctionVersion");
    let wanted = |alias: &Value| version.is_none_or(|version| alias["FunctionVersion"] == version);
    let aliases = function.aliases.iter().map(|(name, alias)| (name.clone(), Value::Object(alias.clone())));
    let items = aliases.filter(|(_, alias)| wanted(alias));
    Ok(Reply::json(200, page_of(request, Sizes::UP_TO_ALL, "Aliases", items, |alias| alias)?))
}

/// Sets the members that are sent, and gives a new revision. Weights replace each other; none of them remove them.
pub(crate) fn change(alias: &mut Object, sent: &Object) {
    for name in ["FunctionVersion", "Description"] {
        if let Some(value) = sent.get(name) {
            alias.insert(name.into(), value.clone());
        }
    }
    if let Some(routing) = sent.get("RoutingConfig") {
        let weights = routing.get("AdditionalVersionWeights").filter(|weights| **weights != json!({}));
        match weights {
            None => alias.remove("RoutingConfig"),
            Some(weights) => {
                alias.insert("RoutingConfig".into(), json!({"AdditionalVersionWeights": weights}))
            }
        };
    }
    touch_alias(alias);
}

fn name(request: &Request) -> Result<&str, ApiError> {
    let name = request.parameter("Name").unwrap_or_default();
    let member = [("Name".to_owned(), Value::from(name))];
    alias::check(&member.into_iter().collect(), &[])?;
    Ok(name)
}

fn writable<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<&'a mut Function, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    ctx.region.writable(&name, ctx.now)
}
