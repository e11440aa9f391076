//! PublishVersion and what else concerns published versions. A publish of what is published already is answered
//! with the version that there is (<https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>).

use std::time::Instant;

use serde_json::{Value, json};

use super::updates::check_revision;
use crate::error::ApiError;
use crate::function::{Function, Version, View};
use crate::lifecycle::{Access, Lifecycle};
use crate::naming;
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::model;
use crate::sections::PUBLISHED;
use crate::settings::SettleDelay;

/// 201 with the new version, or with the last one if nothing changed since.
pub(crate) fn publish(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    model::check(&request.body, &[])?;
    let name = naming::unqualified(ctx.region, &request.label)?;
    let (delay, now) = (ctx.region.settings.settle_of_versions(), ctx.now);
    let function = ctx.region.function(&name, Access::Other, now)?;
    if let Some(refusal) = function.latest.lifecycle.refusal(&function.arn) {
        return Err(refusal);
    }
    check_revision(function, request)?;
    let current = &function.latest.code.sha256;
    if let Some(expected) = request.text("CodeSha256").filter(|expected| expected != current) {
        return Err(ApiError::invalid(format!(
            "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({current}). Please try again \
             with the CodeSHA256 in $LATEST."
        )));
    }
    let latest = request.text("PublishTo").is_some();
    if latest {
        check_latest(function)?;
    }
    if latest || unchanged(function).is_none() {
        let size = function.latest.code.stored();
        ctx.check_code_storage(size)?;
    }
    let function = ctx.region.function(&name, Access::Other, now)?;
    // What is Active already only gets a number (`test_version_lifecycle` in LocalStack's recordings of AWS). On a capacity
    // provider environments are started first
    // (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-scaling.html>).
    let waits = snap_starts(function) || function.is_managed();
    let lifecycle = if waits { pending(function, delay, now) } else { Lifecycle::settled() };
    let description = request.text("Description");
    let published = if latest {
        renew(function, description, lifecycle)
    } else {
        publish_latest(function, description, lifecycle)
    };
    Ok(Reply::json(201, published))
}

/// Only a function on a capacity provider has it, and not while it is being published. The first text is ours, after AWS's
/// for its configuration.
fn check_latest(function: &Function) -> Result<(), ApiError> {
    if !function.is_managed() {
        return Err(ApiError::invalid("PublishTo isn't supported for Lambda Default functions."));
    }
    let version = function.version(Some(PUBLISHED));
    let arn = function.qualified_arn(Some(PUBLISHED));
    version.and_then(|version| version.lifecycle.refusal_while_changing(&arn)).map_or(Ok(()), Err)
}

/// Publishes `$LATEST` as `$LATEST.PUBLISHED`, in the place of what that was, also if nothing has changed
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html>).
fn renew(function: &mut Function, description: Option<&str>, lifecycle: Lifecycle) -> Value {
    function.published.retain(|version| version.number != PUBLISHED);
    add(function, PUBLISHED, description, lifecycle)
}

/// Publishes `$LATEST` unless that is what the last version is, and returns the version's configuration.
pub(crate) fn publish_latest(
    function: &mut Function,
    description: Option<&str>,
    lifecycle: Lifecycle,
) -> Value {
    if let Some(last) = unchanged(function) {
        return function.configuration(last, &function.qualified_arn(Some(&last.number)), View::Full);
    }
    function.last_number += 1;
    let number = function.last_number.to_string();
    add(function, &number, description, lifecycle)
}

fn add(function: &mut Function, number: &str, description: Option<&str>, lifecycle: Lifecycle) -> Value {
    let latest = &mut function.latest;
    let mut version = Version {
        number: number.to_owned(),
        lifecycle,
        made_of: Some(latest.config.clone()),
        ..latest.clone()
    };
    set_frozen_members(&mut version.config, description);
    version.touch();
    latest.touch();
    let arn = function.qualified_arn(Some(&version.number));
    let shown = function.configuration(&version, &arn, View::Full);
    function.published.push(version);
    shown
}

/// A version that is made together with its code is Pending, as is one that needs a snapshot.
pub(crate) fn pending(function: &Function, delay: SettleDelay, now: Instant) -> Lifecycle {
    let begin = if snap_starts(function) { Lifecycle::created_with_snap_start } else { Lifecycle::created };
    begin(delay, now)
}

fn snap_starts(function: &Function) -> bool {
    let snap_start = function.latest.config.get("SnapStart");
    snap_start.is_some_and(|snap_start| snap_start["ApplyOn"] == "PublishedVersions")
}

/// The last version, also one that failed, if `$LATEST` hasn't changed since
/// (<https://github.com/hashicorp/terraform-provider-aws/issues/49904>).
fn unchanged(function: &Function) -> Option<&Version> {
    let latest = &function.latest;
    let is_same = |last: &&Version| {
        last.made_of.as_ref() == Some(&latest.config) && last.code.sha256 == latest.code.sha256
    };
    function.numbered().next_back().filter(is_same)
}

fn set_frozen_members(config: &mut Object, description: Option<&str>) {
    if let Some(description) = description {
        config.insert("Description".into(), description.into());
    }
    let snap_start = config.get_mut("SnapStart").filter(|snap| snap["ApplyOn"] == "PublishedVersions");
    if let Some(snap_start) = snap_start {
        snap_start["OptimizationStatus"] = json!("On");
    }
}

/// Removes a version that no alias points to; one that doesn't exist is gone already. The text is AWS's
/// (<https://github.com/karl-cardenas-coding/go-lambda-cleanup/issues/45>).
pub(crate) fn delete(function: &mut Function, number: &str) -> Result<(), ApiError> {
    let points = |alias: &Object| {
        let weights = alias.get("RoutingConfig").and_then(|routing| routing.get("AdditionalVersionWeights"));
        alias.get("FunctionVersion").is_some_and(|version| version == number)
            || weights.is_some_and(|weights| weights.get(number).is_some())
    };
    let users: Vec<_> =
        function.aliases.iter().filter(|(_, alias)| points(alias)).map(|(name, _)| name.as_str()).collect();
    if !users.is_empty() {
        return Err(ApiError::conflict(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            users.join(", ")
        )));
    }
    function.remove_version(number);
    Ok(())
}
