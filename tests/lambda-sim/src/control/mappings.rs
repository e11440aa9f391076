//! Event source mappings as the control API puts, changes and shows them.

use std::time::Instant;

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::mapping::source::EventSource;
use crate::mapping::{Mapping, View, merge};
use crate::merge::into_object;
use crate::ops::mappings;
use crate::region::Region;
use crate::request::{Object, without_nulls};
use crate::rules::tags;
use crate::settings::SettleDelay;

/// Puts a mapping there, settled, from the body of a CreateEventSourceMapping request. Returns its UUID.
pub(super) fn put(region: &mut Region, body: Value) -> Result<Value, ApiError> {
    let body = into_object(without_nulls(body));
    let mut mapping = mappings::build(region, &body, SettleDelay::Hold, Instant::now())?;
    mapping.modified();
    let uuid = mapping.uuid.clone();
    region.mappings.insert(mapping);
    Ok(uuid.into())
}

/// Applies members of UpdateEventSourceMapping, and any other that a mapping shows. Null removes.
pub(super) fn change(region: &mut Region, uuid: &str, changes: Value) -> Result<(), ApiError> {
    let changes = into_object(changes);
    let set = into_object(without_nulls(Value::Object(changes.clone())));
    let function = set.get("FunctionName").and_then(Value::as_str);
    let function = function.map(|name| mappings::function_arn(region, name, Instant::now())).transpose()?;
    let found = region.mappings.get(uuid, crate::lifecycle::Access::Other, Instant::now());
    let mapping = found.ok_or_else(|| ApiError::not_found(format!("no event source mapping {uuid}")))?;
    mapping.modified();
    if let Some(source) = EventSource::of(&mapping.config) {
        merge::apply(&mut mapping.config, source, &set);
    }
    merge::create_only(&mut mapping.config, &set);
    if let Some(arn) = function {
        mapping.config.insert("FunctionArn".into(), arn.into());
    }
    for (name, _) in changes.iter().filter(|(_, value)| value.is_null()) {
        mapping.config.remove(name);
    }
    change_beside(mapping, &set);
    Ok(())
}

/// What no request can set.
fn change_beside(mapping: &mut Mapping, set: &Object) {
    let text = |name: &str| set.get(name).and_then(Value::as_str);
    for name in ["LastProcessingResult", "FilterCriteriaError", "FunctionArn"] {
        if let Some(value) = set.get(name) {
            mapping.config.insert(name.to_owned(), value.clone());
        }
    }
    if set.contains_key("Tags") {
        mapping.tags = tags::of(set);
    }
    match set.get("Enabled").and_then(Value::as_bool) {
        Some(true) => mapping.force_state("Enabled"),
        Some(false) => mapping.force_state("Disabled"),
        None => {}
    }
    if let Some(state) = text("State") {
        mapping.force_state(state);
    }
    if let Some(reason) = text("StateTransitionReason") {
        reason.clone_into(&mut mapping.reason);
    }
}

/// What GetEventSourceMapping would answer, and `Tags`. It settles what time has settled, and nothing else.
pub(super) fn shown(region: &mut Region, uuid: &str) -> Value {
    let found = region.mappings.get(uuid, crate::lifecycle::Access::Other, Instant::now());
    found.map_or(Value::Null, |mapping| with_tags(mapping))
}

/// All mappings.
pub(super) fn all(region: &mut Region) -> Value {
    region.mappings.all(Instant::now()).map(|mapping| with_tags(mapping)).collect()
}

fn with_tags(mapping: &Mapping) -> Value {
    let mut shown = mapping.shown(View::Decrypted);
    shown["Tags"] = json!(mapping.tags);
    shown
}
