//! Provisioned concurrency, of a version or an alias: PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig,
//! DeleteProvisionedConcurrencyConfig and ListProvisionedConcurrencyConfigs. Texts: `TestLambdaProvisionedConcurrency` in
//! LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::time::Instant;

use serde_json::Value;

use super::paging::{Sizes, page_of};
use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming::{self, Target};
use crate::region::Region;
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::provisioned;
use crate::sections::LATEST;
use crate::sections::provisioned::{Provisioned, routing};
use crate::settings::SettleDelay;

/// 202 with the status IN_PROGRESS.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    provisioned::check(request, &["Qualifier", "ProvisionedConcurrentExecutions"])?;
    let wanted =
        request.body.get("ProvisionedConcurrentExecutions").and_then(Value::as_u64).unwrap_or_default();
    let target = naming::target(ctx.region, &request.label, request.query("Qualifier"))?;
    let (key, delay, now) = (target.key().to_owned(), ctx.region.settings.settle_of_sections(), ctx.now);
    if key != LATEST {
        existing(ctx, &target)?;
    }
    ctx.region.writable(&target.name, now)?;
    check(ctx.region, &target, wanted)?;
    let configs = &mut ctx.region.writable(&target.name, now)?.sections.provisioned;
    let config = configs.entry(key);
    let config = config.and_modify(|config| config.request(wanted, delay, now));
    let config = config.or_insert_with(|| Provisioned::requested(wanted, delay, now));
    Ok(Reply::json(202, config.shown()))
}

fn check(region: &Region, target: &Target, wanted: u64) -> Result<(), ApiError> {
    let (function, key) = (region.functions.get(&target.name), target.key());
    let function = function.ok_or_else(|| target.missing(region))?;
    provisioned::check_version(function, key)?;
    provisioned::check_weights(function.aliases.get(key))?;
    provisioned::check_limits(region, function, key, wanted)?;
    provisioned::check_conflict(function, key)
}

/// How far the allocation is, which may settle it.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = of_published(ctx, request)?;
    existing(ctx, &target)?;
    let function = ctx.region.seen_provisioned(&target.name, Some(target.key()), ctx.now)?;
    let missing = || {
        let text = "No Provisioned Concurrency Config found for this function";
        ApiError::new(404, "ProvisionedConcurrencyConfigNotFoundException", text)
    };
    let config = function.sections.provisioned.get(target.key()).ok_or_else(missing)?;
    Ok(Reply::json(200, config.shown()))
}

/// 204, also when there is none.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = of_published(ctx, request)?;
    existing(ctx, &target)?;
    ctx.region.writable(&target.name, ctx.now)?.remove_provisioned(target.key());
    Ok(Reply::no_content())
}

/// Of all aliases and versions that have it.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::target(ctx.region, &request.label, None)?.name;
    let function = ctx.region.seen_provisioned(&name, None, ctx.now)?;
    let configs = function.sections.provisioned.iter();
    let items = configs.map(|(qualifier, config)| (qualifier.clone(), (qualifier, config)));
    let show = |(qualifier, config): (&String, &Provisioned)| {
        let mut shown = config.shown();
        shown["FunctionArn"] = function.qualified_arn(Some(qualifier)).into();
        shown
    };
    Ok(Reply::json(200, page_of(request, Sizes::PAGE_AT_MOST, "ProvisionedConcurrencyConfigs", items, show)?))
}

/// What an update makes of an alias with provisioned concurrency: weights are refused while it is allocated, afterwards they
/// may come, as with the canaries of CodeDeploy; and another version is allocated before it gets the traffic.
pub(crate) fn follow_alias(
    function: &mut Function,
    sent: &Object,
    after: &mut Object,
    (delay, now): (SettleDelay, Instant),
) -> Result<(), ApiError> {
    let name = text(after, "Name");
    let (Some(config), Some(before)) =
        (function.sections.provisioned.get(&name), function.aliases.get(&name))
    else {
        return Ok(());
    };
    let (former, version) = (text(before, "FunctionVersion"), text(after, "FunctionVersion"));
    if former != version || config.is_in_progress() {
        provisioned::check_weights(Some(sent))?;
    }
    if former == version {
        return Ok(());
    }
    provisioned::check_version(function, &version)?;
    provisioned::check_not_provisioned(function, &version)?;
    let still = config.serving().filter(|serving| before.get("RoutingConfig") == Some(&routing(serving)));
    let serving = Some(still.unwrap_or(&former).to_owned()).filter(|serving| *serving != version);
    match &serving {
        Some(serving) => after.insert("RoutingConfig".into(), routing(serving)),
        None => after.remove("RoutingConfig"),
    };
    if let Some(config) = function.sections.provisioned.get_mut(&name) {
        config.moved(serving, delay, now);
    }
    Ok(())
}

fn text(alias: &Object, member: &str) -> String {
    alias.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn of_published(ctx: &Ctx<'_>, request: &Request) -> Result<Target, ApiError> {
    provisioned::check(request, &["Qualifier"])?;
    let target = naming::target(ctx.region, &request.label, request.query("Qualifier"))?;
    if target.key() == LATEST {
        let text = "The function resource provided must be an alias or a published version.";
        return Err(ApiError::invalid(text));
    }
    Ok(target)
}

/// The function, if there is such a version or alias.
fn existing<'a>(ctx: &'a mut Ctx<'_>, target: &Target) -> Result<&'a mut Function, ApiError> {
    let missing = target.missing(ctx.region);
    let function = ctx.region.function(&target.name, Access::Other, ctx.now);
    match function {
        Ok(function) if function.has(target.key()) => Ok(function),
        _ => Err(missing),
    }
}
