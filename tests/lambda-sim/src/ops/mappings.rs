//! CreateEventSourceMapping, GetEventSourceMapping, UpdateEventSourceMapping, DeleteEventSourceMapping and
//! ListEventSourceMappings. A mapping outlives its function: DeleteFunction doesn't touch it
//! (`test_event_source_mapping_lifecycle_delete_function` in LocalStack's recordings of AWS,
//! tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::time::Instant;

use serde_json::Value;

use super::paging::{Sizes, page_of};
use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::mapping::source::{EventSource, places};
use crate::mapping::{Mapping, Mappings, View, merge};
use crate::naming;
use crate::region::Region;
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::{mappings as rules, model, tags};
use crate::settings::{AccountSettings, SettleDelay};

/// 202 with State Creating, or Disabled if that is what was asked for.
pub(crate) fn create(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    model::check_mapping(&request.body, &["FunctionName"])?;
    let delay = ctx.region.settings.create_settle;
    let mapping = build(ctx.region, &request.body, delay, ctx.now)?;
    Ok(Reply::json(202, ctx.region.mappings.insert(mapping).shown(View::Encrypted)))
}

/// A new mapping from the body of a CreateEventSourceMapping request; refused as AWS would.
pub(crate) fn build(
    region: &mut Region,
    body: &Object,
    delay: SettleDelay,
    now: Instant,
) -> Result<Mapping, ApiError> {
    let source = rules::check_create(body)?;
    let uuid = uuid::Uuid::new_v4().to_string();
    let mut config = source.defaults(&uuid);
    merge::create_only(&mut config, body);
    merge::apply(&mut config, source, body);
    rules::check(source, body, &config)?;
    let name = body.get("FunctionName").and_then(Value::as_str).unwrap_or_default();
    config.insert("FunctionArn".into(), function_arn(region, name, now)?.into());
    check_around(region, source, &config, now)?;
    check_unique(&mut region.mappings, source, &config, None, now)?;
    if let Some(problem) = first_problem(&region.settings, source, &config) {
        config.insert("LastProcessingResult".into(), problem.into());
    }
    let enabled = body.get("Enabled").and_then(Value::as_bool).unwrap_or(true);
    let mut mapping = Mapping::created(&uuid, mapping_arn(region, &uuid), config, enabled, delay, now);
    mapping.tags = tags::of(body);
    Ok(mapping)
}

/// The mapping, with its filters decrypted.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let mapping = found(ctx.region, &request.label, Access::Read, ctx.now)?;
    Ok(Reply::json(200, mapping.shown(View::Decrypted)))
}

/// 202 with State Updating, Enabling or Disabling, even if nothing changed.
pub(crate) fn update(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (body, now) = (&request.body, ctx.now);
    model::check_mapping(body, &[])?;
    let before = found(ctx.region, &request.label, Access::Other, now)?;
    before.check_idle("update")?;
    let uuid = before.uuid.clone();
    let mut config = before.config.clone();
    let Some(source) = EventSource::of(&config) else { return Err(not_found()) };
    rules::check_update(source, body, &config)?;
    merge::apply(&mut config, source, body);
    rules::check(source, body, &config)?;
    if let Some(name) = request.text("FunctionName") {
        config.insert("FunctionArn".into(), function_arn(ctx.region, name, now)?.into());
    }
    check_around(ctx.region, source, &config, now)?;
    check_unique(&mut ctx.region.mappings, source, &config, Some(&uuid), now)?;
    let delay = ctx.region.settings.update_settle;
    let mapping = found(ctx.region, &uuid, Access::Other, now)?;
    mapping.config = config;
    mapping.updating(body.get("Enabled").and_then(Value::as_bool), delay, now);
    Ok(Reply::json(202, mapping.shown(View::Encrypted)))
}

/// 202 with State Deleting.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let delay = ctx.region.settings.update_settle;
    let mapping = found(ctx.region, &request.label, Access::Other, ctx.now)?;
    mapping.check_idle("delete")?;
    mapping.deleting(delay, ctx.now);
    Ok(Reply::json(202, mapping.shown(View::Decrypted)))
}

/// All mappings of the region, if asked for those of one function or source only. Neither has to exist.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let function = request.query("FunctionName").map(|name| function_arn_of(ctx.region, name)).transpose()?;
    let function = function.map(|(_, arn)| without_latest(&arn).to_owned());
    let arn = request.query("EventSourceArn");
    let wanted = |mapping: &&mut Mapping| {
        arn.is_none_or(|arn| mapping.config.get("EventSourceArn").is_some_and(|known| known == arn))
            && function.as_ref().is_none_or(|function| function == without_latest(mapping.function_arn()))
    };
    let mappings = ctx.region.mappings.all(ctx.now).filter(wanted);
    let items = mappings.map(|mapping| (mapping.uuid.clone(), mapping.shown(View::Encrypted)));
    let page = page_of(request, Sizes::UP_TO_HUNDRED, "EventSourceMappings", items, |shown| shown)?;
    Ok(Reply::json(200, page))
}

fn not_found() -> ApiError {
    ApiError::not_found("The resource you requested does not exist.")
}

fn found<'a>(
    region: &'a mut Region,
    uuid: &str,
    access: Access,
    now: Instant,
) -> Result<&'a mut Mapping, ApiError> {
    region.mappings.get(uuid, access, now).ok_or_else(not_found)
}

pub(crate) fn mapping_arn(region: &Region, uuid: &str) -> String {
    format!("arn:aws:lambda:{}:{}:event-source-mapping:{uuid}", region.name, region.account)
}

fn no_function() -> ApiError {
    ApiError::invalid("Function does not exist")
}

/// The ARN under which the mapping shows its function, which must exist and not be going, as must its version or alias.
pub(crate) fn function_arn(region: &mut Region, raw: &str, now: Instant) -> Result<String, ApiError> {
    let (target, arn) = function_arn_of(region, raw)?;
    let function = region.writable(&target.name, now).map_err(|error| match error.status {
        404 => no_function(),
        _ => error,
    })?;
    function.version(target.qualifier.as_deref()).ok_or_else(no_function)?;
    Ok(arn)
}

/// A whole ARN loses its `:$LATEST`, a part of one keeps it (`test_function_name_variations`).
fn function_arn_of(region: &Region, raw: &str) -> Result<(naming::Target, String), ApiError> {
    let target = naming::namespaced(region, raw, None)?;
    let arn = region.function_arn(&target.name);
    let qualifier = target.qualifier.as_ref().filter(|name| !(raw.starts_with("arn:") && *name == "$LATEST"));
    let arn = qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
    Ok((target, arn))
}

fn without_latest(arn: &str) -> &str {
    arn.strip_suffix(":$LATEST").unwrap_or(arn)
}

/// Refuses what the function, its role or the source don't allow.
fn check_around(
    region: &mut Region,
    source: EventSource,
    config: &Object,
    now: Instant,
) -> Result<(), ApiError> {
    let function = config.get("FunctionArn").and_then(Value::as_str).unwrap_or_default();
    let target = naming::namespaced(region, function, None)?;
    let function = region.function(&target.name, Access::Other, now).map_err(|_| no_function())?;
    let version = function.version(target.qualifier.as_deref()).ok_or_else(no_function)?.config.clone();
    let arn = config.get("EventSourceArn").and_then(Value::as_str);
    rules::check_world(&region.settings, source, arn, &version)
}

/// What goes wrong with a source that Lambda connects to only after the mapping is there
/// (<https://docs.aws.amazon.com/lambda/latest/dg/with-kafka-troubleshoot.html>).
fn first_problem(settings: &AccountSettings, source: EventSource, config: &Object) -> Option<&'static str> {
    let arn = config.get("EventSourceArn").and_then(Value::as_str)?;
    if source.is_queue() || source.is_stream() {
        return None;
    }
    if settings.missing_sources.contains(arn) {
        return Some("PROBLEM: Connection error. Please check your event source connection configuration.");
    }
    settings.unreadable_sources.contains(arn).then_some("PROBLEM: Cluster failed to authorize Lambda.")
}

/// Refuses a second mapping between a source and a function, in words that depend on the type of the source
/// (`test_duplicate_event_source_mappings` of each type, and `test_create_event_source_self_managed`).
fn check_unique(
    mappings: &mut Mappings,
    source: EventSource,
    config: &Object,
    except: Option<&str>,
    now: Instant,
) -> Result<(), ApiError> {
    let function = config["FunctionArn"].as_str().unwrap_or_default();
    let wanted = places(config);
    let same = |mapping: &&mut Mapping| {
        Some(mapping.uuid.as_str()) != except
            && mapping.function_arn() == function
            && places(&mapping.config).iter().any(|place| wanted.contains(place))
            && ["Topics", "Queues"].iter().all(|list| mapping.config.get(*list) == config.get(*list))
    };
    let Some(other) = mappings.all(now).find(same) else { return Ok(()) };
    let name = function.split_once(":function:").map_or(function, |(_, name)| name);
    let place = wanted.join(",");
    let existing = match source {
        EventSource::Queue | EventSource::FifoQueue => format!(
            "An event source mapping with SQS arn (\" {place} \") and function (\" {name} \") already exists."
        ),
        EventSource::ManagedKafka | EventSource::SelfManagedKafka => {
            let topic = config.get("Topics").and_then(|topics| topics[0].as_str()).unwrap_or_default();
            format!(
                "An event source mapping with event source (\"{place}\"), function (\"{function}\"), topics \
                 (\"{topic}\") already exists."
            )
        }
        _ => format!(
            "The event source arn (\" {place} \") and function (\" {name} \") provided mapping already exists."
        ),
    };
    let advice = "Please update or delete the existing mapping with UUID";
    Err(ApiError::conflict(format!("{existing} {advice} {}", other.uuid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_arns_lose_the_latest_qualifier_and_others_keep_theirs() {
        let region = Region::new("111122223333", "eu-west-1", AccountSettings::default());
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
        let shown = |raw: &str| function_arn_of(&region, raw).unwrap().1;
        assert_eq!(shown("hello"), arn);
        assert_eq!(shown(&format!("{arn}:$LATEST")), arn);
        assert_eq!(shown("111122223333:function:hello:$LATEST"), format!("{arn}:$LATEST"));
        assert_eq!(shown("hello:live"), format!("{arn}:live"));
        assert_eq!(shown(&format!("{arn}:1")), format!("{arn}:1"));
    }

    #[test]
    fn names_that_cannot_be_are_of_no_function() {
        let mut region = Region::new("111122223333", "eu-west-1", AccountSettings::default());
        for name in ["a".repeat(65), "with.dot".to_owned()] {
            let refusal = function_arn(&mut region, &name, Instant::now()).unwrap_err();
            assert_eq!(refusal.message, "Function does not exist", "{name}");
        }
    }
}
