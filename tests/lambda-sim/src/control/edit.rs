//! Changes by somebody else: in the console, with another tool. They aren't in the ledger, are settled at once,
//! and give a new RevisionId and LastModified as the calls do.

use std::time::Instant;

use serde_json::{Value, json};

use crate::caller::{Caller, Sessions};
use crate::error::ApiError;
use crate::function::{Function, touch_alias};
use crate::layer::Layers;
use crate::lifecycle::Lifecycle;
use crate::merge::{self, into_object};
use crate::ops::functions;
use crate::region::Region;
use crate::request::{Ctx, Object, without_nulls};
use crate::rules::tags;

/// Puts a function there, from the body of a CreateFunction request; one that is there is replaced.
pub(super) fn put(region: &mut Region, layers: &mut Layers, body: Value) -> Result<(), ApiError> {
    let body = into_object(without_nulls(body));
    let name = body.get("FunctionName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(ApiError::invalid("FunctionName is missing"));
    }
    let mut function = as_console(region, layers, |ctx| functions::build(ctx, &name, &body))?;
    function.latest.lifecycle = settled(&function);
    region.functions.insert(name, function);
    Ok(())
}

fn settled(function: &Function) -> Lifecycle {
    let lifecycle = Lifecycle::settled();
    if function.is_managed() { lifecycle.on_capacity_provider() } else { lifecycle }
}

/// Lets the person in the console do what an operation does.
pub(super) fn as_console<T>(
    region: &mut Region,
    layers: &mut Layers,
    act: impl FnOnce(&mut Ctx<'_>) -> T,
) -> T {
    let caller = Caller {
        access_key: "console".to_owned(),
        account: region.account.clone(),
        region: region.name.clone(),
        service: "lambda".to_owned(),
    };
    act(&mut Ctx { region, layers, caller: &caller, sessions: &mut Sessions::new(), now: Instant::now() })
}

/// Applies members of UpdateFunctionConfiguration, and those that `change_beside` knows. Null is what stands when nothing
/// was said: the default, or nothing.
pub(super) fn change(function: &mut Function, changes: Value) {
    let changes = into_object(changes);
    let beside = ["ReservedConcurrentExecutions", "CodeSigningConfigArn"];
    let changes_nothing_else = changes.keys().all(|name| beside.contains(&name.as_str()));
    let reset: Vec<_> =
        changes.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone()).collect();
    let set = into_object(without_nulls(Value::Object(changes)));
    function.latest.lifecycle = settled(function);
    merge::apply(&mut function.latest.config, &set);
    merge::create_only(&mut function.latest.config, &set);
    merge::complete_instances(&mut function.latest.config);
    for name in &reset {
        reset_member(function, name);
    }
    change_beside(function, &set);
    // As the operations on these, which are no change of the configuration.
    if !changes_nothing_else {
        function.latest.modified();
    }
}

/// Back to what a new function has.
fn reset_member(function: &mut Function, name: &str) {
    let latest = &mut function.latest;
    let shown_as = if name == "ImageConfig" { "ImageConfigResponse" } else { name };
    let package = latest.config.get("PackageType").and_then(Value::as_str).unwrap_or("Zip");
    match merge::defaults(&function.name, package).remove(shown_as) {
        Some(default) => latest.config.insert(shown_as.to_owned(), default),
        None => latest.config.remove(shown_as),
    };
    match name {
        "ReservedConcurrentExecutions" => function.reserved_concurrency = None,
        "CodeSigningConfigArn" => function.code_signing = None,
        "Tags" => function.tags.clear(),
        "SourceKMSKeyArn" => latest.code.source_kms_key = None,
        // The edit has settled the function already, which is what a null state means.
        _ => {}
    }
}

/// What isn't part of the configuration itself.
fn change_beside(function: &mut Function, set: &Object) {
    let text = |name: &str| set.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    if set.contains_key("Tags") {
        function.tags = tags::of(set);
    }
    if let Some(reserved) = set.get("ReservedConcurrentExecutions").and_then(Value::as_u64) {
        function.reserved_concurrency = Some(reserved);
    }
    if let Some(arn) = text("CodeSigningConfigArn") {
        function.code_signing = Some(arn);
    }
    if let Some(sha256) = text("CodeSha256") {
        function.latest.code.sha256 = sha256;
    }
    if let Some(key) = text("SourceKMSKeyArn") {
        function.latest.code.source_kms_key = Some(key);
    }
    if let Some(size) = set.get("CodeSize").and_then(Value::as_u64) {
        function.latest.code.size = size;
    }
    change_states(&mut function.latest.lifecycle, set);
}

/// Sets the states that are named, each with its reason and its code, or without.
pub(super) fn change_states(lifecycle: &mut Lifecycle, set: &Object) {
    let text = |name: &str| set.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    for (prefix, status) in [("State", &mut lifecycle.state), ("LastUpdateStatus", &mut lifecycle.update)] {
        if let Some(value) = text(prefix) {
            status.value = Some(value);
            status.reason = text(&format!("{prefix}Reason"));
            status.code = text(&format!("{prefix}ReasonCode"));
        }
    }
}

/// Puts an alias there, from the body of a CreateAlias request.
pub(super) fn put_alias(function: &mut Function, body: Value) -> Result<(), ApiError> {
    let mut alias = into_object(without_nulls(body));
    let Some(name) = alias.get("Name").and_then(Value::as_str).map(ToOwned::to_owned) else {
        return Err(ApiError::invalid("Name is missing"));
    };
    alias.insert("AliasArn".into(), function.qualified_arn(Some(&name)).into());
    touch_alias(&mut alias);
    alias.entry("Description").or_insert(json!(""));
    alias.entry("FunctionVersion").or_insert(json!("$LATEST"));
    function.aliases.insert(name, alias);
    Ok(())
}
