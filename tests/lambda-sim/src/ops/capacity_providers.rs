//! The operations on capacity providers. All texts but the one on a provider in use are ours: AWS's aren't on record.

use serde_json::{Value, json};

use super::paging::{Sizes, page_of};
use crate::capacity_provider::{CapacityProvider, arn_of, users};
use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::request::{Ctx, Reply, Request};
use crate::rules::capacity_provider as rules;

/// 202 with State Pending, unless something about the request is refused.
pub(crate) fn create(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    rules::check_new(&request.body)?;
    let name = rules::bare_name(request.text("CapacityProviderName").unwrap_or_default()).to_owned();
    if let Some(provider) = found(ctx, &name, Access::Other) {
        return Err(match provider.state.as_str() {
            "Deleting" => rules::busy(provider),
            _ => ApiError::conflict(format!("Capacity provider already exists: {}", provider.arn)),
        });
    }
    rules::check_service(&ctx.region.settings, &request.body)?;
    let provider = CapacityProvider::new(ctx.region, &name, &request.body, ctx.now);
    let shown = provider.shown();
    ctx.region.capacity_providers.insert(&name, provider);
    Ok(accepted(&shown))
}

/// The provider as it is.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let shown = named(ctx, request, Access::Read)?.shown();
    Ok(Reply::json(200, json!({"CapacityProvider": shown})))
}

/// 202, and Pending again.
pub(crate) fn update(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    rules::check_update(&request.body)?;
    let settle = ctx.region.settings.update_settle;
    let now = ctx.now;
    let provider = named(ctx, request, Access::Other)?;
    if provider.state != "Active" {
        return Err(rules::busy(provider));
    }
    provider.change(&request.body, settle, now);
    Ok(accepted(&provider.shown()))
}

/// 202, unless a version of a function uses it. The text is the one that terraform-provider-aws tries again after
/// (internal/service/lambda/capacity_provider.go).
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let provider = named(ctx, request, Access::Other)?;
    if ["Pending", "Deleting"].contains(&provider.state.as_str()) {
        return Err(rules::busy(provider));
    }
    let arn = provider.arn.clone();
    ctx.region.tick_all(ctx.now);
    if !users(ctx.region, &arn).is_empty() {
        let text = "To delete this capacity provider, first remove its association with all functions.";
        return Err(ApiError::conflict(text));
    }
    let (settle, now) = (ctx.region.settings.delete_settle, ctx.now);
    let provider = named(ctx, request, Access::Other)?;
    provider.begin_deletion(settle.unwrap_or_default(), now);
    let shown = provider.shown();
    if settle.is_none() {
        ctx.region.capacity_providers.remove(rules::bare_name(&request.label));
    }
    Ok(accepted(&shown))
}

/// All providers, in full.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let state = request.query("State");
    let fails = ctx.region.settings.fail_create.is_some();
    let all = ctx.region.capacity_providers.all(ctx.now, fails);
    let all = all.filter(|(_, provider)| state.is_none_or(|state| provider.state == state));
    let all = all.map(|(name, provider)| (name.clone(), provider));
    let page = page_of(request, Sizes::PAGE_AT_MOST, "CapacityProviders", all, CapacityProvider::shown)?;
    Ok(Reply::json(200, page))
}

/// The versions of functions that use a provider.
pub(crate) fn list_versions(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let arn = named(ctx, request, Access::Other)?.arn.clone();
    ctx.region.tick_all(ctx.now);
    let users = users(ctx.region, &arn);
    let mut page =
        page_of(request, Sizes::PAGE_AT_MOST, "FunctionVersions", users.into_iter(), |version| version)?;
    page["CapacityProviderArn"] = arn.into();
    Ok(Reply::json(200, page))
}

fn accepted(shown: &Value) -> Reply {
    Reply::json(202, json!({"CapacityProvider": shown}))
}

fn named<'a>(
    ctx: &'a mut Ctx<'_>,
    request: &Request,
    access: Access,
) -> Result<&'a mut CapacityProvider, ApiError> {
    rules::check_name(&request.label)?;
    let name = rules::bare_name(&request.label);
    let missing = missing(&arn_of(ctx.region, name));
    found(ctx, name, access).ok_or(missing)
}

fn found<'a>(ctx: &'a mut Ctx<'_>, name: &str, access: Access) -> Option<&'a mut CapacityProvider> {
    let fails = ctx.region.settings.fail_create.is_some();
    ctx.region.capacity_providers.get(name, access, ctx.now, fails)
}

/// The provider whose tags an ARN means.
pub(super) fn of_arn<'a>(ctx: &'a mut Ctx<'_>, arn: &str) -> Result<&'a mut CapacityProvider, ApiError> {
    let name = rules::bare_name(arn);
    let known = arn_of(ctx.region, name) == arn;
    found(ctx, name, Access::Other).filter(|_| known).ok_or_else(|| missing(arn))
}

fn missing(arn: &str) -> ApiError {
    ApiError::not_found(format!("Capacity provider not found: {arn}"))
}
