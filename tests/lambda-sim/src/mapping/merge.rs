//! How a request changes the configuration of a mapping: a member that isn't sent stays, most are replaced, and what
//! clears one differs from member to member. Sources:
//! <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html> and what
//! terraform-provider-aws has to send to clear a block (internal/service/lambda/event_source_mapping.go:
//! `{}` for FilterCriteria, ScalingConfig, MetricsConfig and ProvisionedPollerConfig, "" for the key and the
//! destination, because AWS ignores what is left out).

use serde_json::{Value, json};

use super::source::EventSource;
use crate::merge::is_empty;
use crate::request::Object;

/// Applies what only CreateEventSourceMapping can set.
pub(crate) fn create_only(config: &mut Object, request: &Object) {
    for name in ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "Topics", "Queues"] {
        if let Some(value) = request.get(name) {
            config.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(value) = request.get("SelfManagedEventSource") {
        config.insert("SelfManagedEventSource".into(), sorted_servers(value.clone()));
    }
}

/// Bootstrap servers read back in order (`TestAccLambdaEventSourceMapping_selfManagedKafka` of
/// terraform-provider-aws).
fn sorted_servers(mut source: Value) -> Value {
    if let Some(Value::Array(servers)) = source.pointer_mut("/Endpoints/KAFKA_BOOTSTRAP_SERVERS") {
        servers.sort_by_key(|server| server.as_str().unwrap_or_default().to_owned());
    }
    source
}

/// Applies the members that creating and updating share, but for the function and whether it is enabled.
pub(crate) fn apply(config: &mut Object, source: EventSource, request: &Object) {
    for (name, value) in request {
        match name.as_str() {
            "BatchSize"
            | "MaximumBatchingWindowInSeconds"
            | "ParallelizationFactor"
            | "BisectBatchOnFunctionError"
            | "MaximumRecordAgeInSeconds"
            | "MaximumRetryAttempts"
            | "TumblingWindowInSeconds"
            | "FunctionResponseTypes" => {
                config.insert(name.clone(), value.clone());
            }
            "KMSKeyArn" | "ScalingConfig" | "LoggingConfig" | "SourceAccessConfigurations" => {
                set_or_remove(config, name, value.clone());
            }
            "FilterCriteria" => set_or_remove(config, name, unless_empty(value, "Filters")),
            "MetricsConfig" => set_or_remove(config, name, unless_empty(value, "Metrics")),
            "DestinationConfig" => destination(config, value),
            "ProvisionedPollerConfig" => set_or_remove(config, name, pollers(source, value)),
            "DocumentDBEventSourceConfig" => {
                config.insert(name.clone(), with(json!({"FullDocument": "Default"}), value));
            }
            "AmazonManagedKafkaEventSourceConfig" | "SelfManagedKafkaEventSourceConfig" => {
                consumer(config, name, value);
            }
            _ => {}
        }
    }
}

/// An empty value removes the member.
fn set_or_remove(config: &mut Object, name: &str, value: Value) {
    if is_empty(&value) {
        config.remove(name);
    } else {
        config.insert(name.to_owned(), value);
    }
}

/// Nothing if the list inside is empty or isn't there.
fn unless_empty(value: &Value, list: &str) -> Value {
    if value.get(list).is_none_or(is_empty) { Value::Null } else { value.clone() }
}

/// Only an empty Destination clears; the hull stays.
fn destination(config: &mut Object, value: &Value) {
    match value.pointer("/OnFailure/Destination") {
        Some(Value::String(arn)) if arn.is_empty() => {
            config.insert("DestinationConfig".into(), json!({"OnFailure": {}}));
        }
        Some(arn) => {
            config.insert("DestinationConfig".into(), json!({"OnFailure": {"Destination": arn}}));
        }
        None => {}
    }
}

/// Replaces, with the defaults of the type; an empty struct ends the provisioned mode.
fn pollers(source: EventSource, value: &Value) -> Value {
    if is_empty(value) {
        return Value::Null;
    }
    let (minimum, _) = source.pollers();
    let mut set = with(json!({"MinimumPollers": minimum, "MaximumPollers": 200}), value);
    if set.get("PollerGroupName").is_some_and(is_empty) {
        set.as_object_mut().map(|members| members.remove("PollerGroupName"));
    }
    set
}

/// Merges: the group is there for good, an empty registry removes it.
fn consumer(config: &mut Object, name: &str, value: &Value) {
    let before = config.get(name).cloned().unwrap_or_else(|| json!({}));
    let mut merged = with(before, value);
    if merged.get("SchemaRegistryConfig").is_some_and(is_empty) {
        merged.as_object_mut().map(|members| members.remove("SchemaRegistryConfig"));
    }
    config.insert(name.to_owned(), merged);
}

fn with(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        base[name.as_str()] = value.clone();
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(source: EventSource, steps: &[Value]) -> Value {
        let mut config = source.defaults("id");
        for step in steps {
            apply(&mut config, source, step.as_object().unwrap());
        }
        Value::Object(config)
    }

    #[test]
    fn empty_structs_clear_and_absent_ones_leave_things_alone() {
        let set = json!({
            "FilterCriteria": {"Filters": [{"Pattern": "{\"a\": [1]}"}]}, "KMSKeyArn": "k",
            "ScalingConfig": {"MaximumConcurrency": 5}, "MetricsConfig": {"Metrics": ["EventCount"]},
        });
        let kept = after(EventSource::Queue, &[set.clone(), json!({"BatchSize": 1})]);
        assert_eq!(kept["ScalingConfig"], json!({"MaximumConcurrency": 5}));
        assert_eq!(kept["KMSKeyArn"], "k");
        let clear = json!({"FilterCriteria": {}, "KMSKeyArn": "", "ScalingConfig": {}, "MetricsConfig": {"Metrics": []}});
        let cleared = after(EventSource::Queue, &[set, clear]);
        assert_eq!(Value::Object(EventSource::Queue.defaults("id")), cleared);
    }

    #[test]
    fn an_empty_list_of_filters_is_none() {
        assert!(
            after(EventSource::DynamoDb, &[json!({"FilterCriteria": {"Filters": []}})])["FilterCriteria"]
                .is_null()
        );
    }

    #[test]
    fn the_destination_is_cleared_by_an_empty_one_only() {
        let set = json!({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed"}}});
        let kept =
            after(EventSource::Kinesis, &[set.clone(), json!({"DestinationConfig": {"OnFailure": {}}})]);
        assert_eq!(kept["DestinationConfig"], set["DestinationConfig"]);
        let clear = json!({"DestinationConfig": {"OnFailure": {"Destination": ""}}});
        assert_eq!(after(EventSource::Kinesis, &[set, clear])["DestinationConfig"], json!({"OnFailure": {}}));
    }

    #[test]
    fn pollers_have_the_defaults_of_their_source() {
        let set = json!({"ProvisionedPollerConfig": {"MaximumPollers": 20}});
        let queue = after(EventSource::Queue, std::slice::from_ref(&set));
        assert_eq!(queue["ProvisionedPollerConfig"], json!({"MinimumPollers": 2, "MaximumPollers": 20}));
        let kafka = after(EventSource::ManagedKafka, std::slice::from_ref(&set));
        assert_eq!(kafka["ProvisionedPollerConfig"]["MinimumPollers"], 1);
        let off = after(EventSource::Queue, &[set, json!({"ProvisionedPollerConfig": {}})]);
        assert!(off.get("ProvisionedPollerConfig").is_none());
    }

    #[test]
    fn a_schema_registry_comes_and_goes_beside_the_consumer_group() {
        let consumer = |registry: Value| json!({"SelfManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": registry}});
        let set = consumer(json!({"SchemaRegistryURI": "https://registry"}));
        let config = after(EventSource::SelfManagedKafka, std::slice::from_ref(&set));
        assert_eq!(config["SelfManagedKafkaEventSourceConfig"]["ConsumerGroupId"], "id");
        let config = after(EventSource::SelfManagedKafka, &[set, consumer(json!({}))]);
        assert_eq!(config["SelfManagedKafkaEventSourceConfig"], json!({"ConsumerGroupId": "id"}));
    }

    #[test]
    fn servers_are_sorted() {
        let mut config = Object::new();
        let source = json!({"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b:1", "a:1"]}});
        create_only(&mut config, json!({"SelfManagedEventSource": source}).as_object().unwrap());
        assert_eq!(super::super::source::places(&config), ["a:1", "b:1"]);
    }
}
