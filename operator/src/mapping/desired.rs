//! From a spec to what a mapping is to be: parsed, defaults filled in. After this the raw object is not touched.

use std::collections::BTreeSet;

use lambda_operator_crds::mapping::{
    EventSourceMapping, EventSourceMappingSpec, KafkaConsumptionMode, KafkaSchemaRegistryConfig,
    SourceAccessType,
};
use serde::Serialize;

use super::field::{Field, Ignored};
use super::model::{
    Access, Configuration, Database, Filters, Fixed, FunctionName, Pattern, Pollers, Registry, Source,
};
use crate::engine::kind::{Inputs, Unready};
use crate::engine::tags::{self, Tags};

/// A mapping as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Whether it reads.
    pub enabled: bool,
    /// What is fixed at creation.
    pub fixed: Fixed,
    /// What isn't.
    pub configuration: Configuration,
    /// The user's tags.
    pub tags: Tags,
    /// What is not compared.
    pub ignored: Ignored,
    /// How the spec names the function.
    pub function_path: &'static str,
}

impl Desired {
    /// Whether tags of AWS can differ from what the spec says.
    pub fn compares_tags(&self) -> bool {
        self.tags.keys().any(|key| !self.ignored.tags.contains(key))
    }
}

/// Parses an EventSourceMapping.
///
/// # Errors
/// What is wrong with the spec, or which object it waits for.
pub fn desired(object: &EventSourceMapping, inputs: &Inputs) -> Result<Desired, Unready> {
    let function = match super::function_key(object) {
        Some(key) => inputs.usable(&key)?.arn.clone(),
        None => object.spec.function_name.clone().unwrap_or_default(),
    };
    parse(object, FunctionName::parse(&function))
}

/// The same with a function that is known already.
///
/// # Errors
/// What is wrong with the spec.
pub fn parse(object: &EventSourceMapping, function: FunctionName) -> Result<Desired, Unready> {
    let spec = &object.spec;
    let fixed = fixed(spec);
    let configuration = configuration(spec, &fixed.source, function).map_err(Unready::Invalid)?;
    let paths = spec.common.ignore_drift.as_deref().unwrap_or_default();
    let mut ignored = Ignored::parse(paths).map_err(Unready::Invalid)?;
    // AWS doesn't say how often a share group tries by default, only that it isn't without end.
    if fixed.consumption_mode == "Queue" && spec.maximum_retry_attempts.is_none() {
        ignored.fields.insert(Field::RetryAttempts);
    }
    let function_path = match (&spec.function_ref, &spec.alias_ref) {
        (Some(_), _) => "functionRef",
        (_, Some(_)) => "aliasRef",
        _ => "functionName",
    };
    Ok(Desired {
        enabled: spec.enabled.unwrap_or(true),
        fixed,
        configuration,
        tags: tags::wanted(spec.common.tags.as_ref())?,
        ignored,
        function_path,
    })
}

fn fixed(spec: &EventSourceMappingSpec) -> Fixed {
    let source = match &spec.self_managed_event_source {
        Some(kafka) => Source::Kafka(kafka.endpoints.kafka_bootstrap_servers.iter().cloned().collect()),
        None => Source::Arn(spec.event_source_arn.clone().unwrap_or_default()),
    };
    let managed = spec.amazon_managed_kafka_event_source_config.as_ref();
    let other = spec.self_managed_kafka_event_source_config.as_ref();
    let group = managed.and_then(|config| config.consumer_group_id.clone());
    let mode = other.and_then(|config| config.consumption_mode).unwrap_or_default();
    let hosts = spec.source_access_configurations.iter().flatten();
    let host =
        hosts.filter(|access| access.kind == SourceAccessType::VirtualHost).find_map(|a| a.uri.clone());
    Fixed {
        source,
        starting_position: spec.starting_position.as_ref().map(word),
        starting_at: spec.starting_position_timestamp.as_ref().map(|time| time.0.as_second()),
        topics: spec.topics.iter().flatten().cloned().collect(),
        queues: spec.queues.iter().flatten().cloned().collect(),
        consumer_group: group.or_else(|| other.and_then(|config| config.consumer_group_id.clone())),
        consumption_mode: match mode {
            KafkaConsumptionMode::Stream => "Stream".to_owned(),
            KafkaConsumptionMode::Queue => "Queue".to_owned(),
        },
        virtual_host: host,
    }
}

fn configuration(
    spec: &EventSourceMappingSpec,
    source: &Source,
    function: FunctionName,
) -> Result<Configuration, String> {
    let default = Configuration::default_for(source, function);
    let metrics = spec.metrics_config.as_ref().and_then(|config| config.metrics.as_ref());
    let level = spec.logging_config.as_ref().and_then(|config| config.system_log_level.as_ref());
    let on_failure = spec.destination_config.as_ref().and_then(|config| config.on_failure.as_ref());
    let scaling = spec.scaling_config.as_ref();
    Ok(Configuration {
        batch_size: spec.batch_size.unwrap_or(default.batch_size),
        window: spec.maximum_batching_window_in_seconds.or(default.window),
        filters: Filters::Known(patterns(spec)?),
        kms_key_arn: spec.kms_key_arn.clone().unwrap_or_default(),
        response_types: spec.function_response_types.iter().flatten().map(word).collect(),
        metrics: metrics.into_iter().flatten().map(word).collect(),
        log_level: level.map(word).unwrap_or_default(),
        maximum_concurrency: scaling.and_then(|config| config.maximum_concurrency),
        pollers: pollers(spec, source),
        parallelization_factor: spec.parallelization_factor.unwrap_or(default.parallelization_factor),
        tumbling_window: spec.tumbling_window_in_seconds.unwrap_or(default.tumbling_window),
        bisect: spec.bisect_batch_on_function_error.unwrap_or(default.bisect),
        maximum_record_age: spec.maximum_record_age_in_seconds.unwrap_or(default.maximum_record_age),
        maximum_retry_attempts: spec.maximum_retry_attempts.unwrap_or(default.maximum_retry_attempts),
        on_failure: on_failure.map(|on_failure| on_failure.destination.clone()).unwrap_or_default(),
        access: access(spec),
        registry: registry(spec),
        database: database(spec),
        function: default.function,
    })
}

/// A pattern that isn't JSON is refused here: AWS only says that one of them is invalid.
fn patterns(spec: &EventSourceMappingSpec) -> Result<BTreeSet<Pattern>, String> {
    let filters = spec.filter_criteria.iter().filter_map(|criteria| criteria.filters.as_ref()).flatten();
    let parse = |(index, filter): (usize, &lambda_operator_crds::mapping::Filter)| {
        Pattern::parse(&filter.pattern).map_err(|error| {
            format!(
                "spec.filterCriteria.filters[{index}].pattern is not JSON: {error}. Write it as JSON, such as \
                 {{\"body\": {{\"kind\": [\"order\"]}}}}."
            )
        })
    };
    filters.enumerate().map(parse).collect()
}

/// An empty struct means none.
fn pollers(spec: &EventSourceMappingSpec, source: &Source) -> Option<Pollers> {
    let config = spec.provisioned_poller_config.as_ref()?;
    let group = config.poller_group_name.clone().unwrap_or_default();
    let (fewest, most) = source.default_pollers();
    if config.minimum_pollers.is_none() && config.maximum_pollers.is_none() && group.is_empty() {
        return None;
    }
    let minimum = config.minimum_pollers.unwrap_or(fewest);
    Some(Pollers { minimum, maximum: config.maximum_pollers.unwrap_or(most), group })
}

fn access(spec: &EventSourceMappingSpec) -> BTreeSet<Access> {
    let all = spec.source_access_configurations.iter().flatten();
    all.filter(|access| access.kind != SourceAccessType::VirtualHost)
        .map(|access| Access { kind: word(&access.kind), uri: access.uri.clone() })
        .collect()
}

/// An empty struct means none.
fn registry(spec: &EventSourceMappingSpec) -> Option<Registry> {
    let managed = spec.amazon_managed_kafka_event_source_config.as_ref();
    let other = spec.self_managed_kafka_event_source_config.as_ref();
    let config = managed
        .and_then(|config| config.schema_registry_config.as_ref())
        .or_else(|| other.and_then(|config| config.schema_registry_config.as_ref()))?;
    let KafkaSchemaRegistryConfig {
        schema_registry_uri,
        event_record_format,
        access_configs,
        schema_validation_configs,
    } = config;
    let access = access_configs.iter().flatten().map(|access| (word(&access.kind), access.uri.clone()));
    let validated = schema_validation_configs.iter().flatten().map(|config| word(&config.attribute));
    let registry = Registry {
        uri: schema_registry_uri.clone().unwrap_or_default(),
        format: event_record_format.as_ref().map(word).unwrap_or_default(),
        access: access.collect(),
        validated: validated.collect(),
    };
    (registry != Registry::default()).then_some(registry)
}

fn database(spec: &EventSourceMappingSpec) -> Option<Database> {
    let config = spec.document_db_event_source_config.as_ref()?;
    Some(Database {
        name: config.database_name.clone(),
        collection: config.collection_name.clone(),
        full_document: word(&config.full_document.unwrap_or_default()),
    })
}

/// An enum's word in the API, which is its word in the spec.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
pub(in crate::mapping) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in crate::mapping) fn object(spec: Value) -> EventSourceMapping {
        serde_json::from_value(json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "EventSourceMapping",
            "metadata": {"name": "orders", "namespace": "shop"}, "spec": spec,
        }))
        .unwrap()
    }

    /// A mapping of the function `hello` with a source of this service.
    pub(in crate::mapping) fn from(service: &str, extra: Value) -> Desired {
        let mut spec = json!({"functionName": "hello"});
        match service {
            "" => {
                spec["selfManagedEventSource"] =
                    json!({"endpoints": {"kafkaBootstrapServers": ["b:1", "a:1"]}});
            }
            _ => spec["eventSourceArn"] = json!(format!("arn:aws:{service}:eu-west-1:111122223333:x")),
        }
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        desired(&object(spec), &Inputs::new()).unwrap()
    }

    #[test]
    fn absent_means_aws_default() {
        for service in ["sqs", "kinesis", "dynamodb", "kafka", "mq", "rds", ""] {
            let Desired { enabled, fixed, configuration, tags, ignored, function_path } =
                from(service, json!({}));
            let default = Configuration::default_for(&fixed.source, FunctionName::parse("hello"));
            assert_eq!(configuration, default, "{service}");
            assert!(enabled && tags.is_empty() && ignored == Ignored::default());
            assert_eq!(function_path, "functionName");
        }
    }

    #[test]
    fn empty_structs_are_as_if_they_were_absent() {
        let empty = json!({
            "filterCriteria": {"filters": []}, "kmsKeyArn": "", "functionResponseTypes": [], "metricsConfig": {},
            "loggingConfig": {}, "scalingConfig": {}, "provisionedPollerConfig": {"pollerGroupName": ""},
            "destinationConfig": {"onFailure": {"destination": ""}}, "sourceAccessConfigurations": [],
            "selfManagedKafkaEventSourceConfig": {"schemaRegistryConfig": {}},
        });
        assert_eq!(from("", empty), from("", json!({})));
    }

    #[test]
    fn a_pattern_that_is_not_json_is_named() {
        let spec = json!({
            "functionName": "hello", "eventSourceArn": "arn:aws:sqs:eu-west-1:1:q",
            "filterCriteria": {"filters": [{"pattern": "{}"}, {"pattern": "{a: 1}"}]},
        });
        let Err(Unready::Invalid(text)) = desired(&object(spec), &Inputs::new()) else { panic!() };
        assert!(text.starts_with("spec.filterCriteria.filters[1].pattern is not JSON:"), "{text}");
    }

    #[test]
    fn a_function_that_is_not_there_is_waited_for() {
        for reference in ["functionRef", "aliasRef"] {
            let spec = json!({reference: {"name": "hello"}, "eventSourceArn": "arn:aws:sqs:eu-west-1:1:q"});
            let Err(Unready::Missing(text)) = desired(&object(spec), &Inputs::new()) else { panic!() };
            assert!(text.contains("hello does not exist"), "{text}");
        }
    }

    #[test]
    fn the_virtual_host_is_fixed_and_the_other_means_of_access_are_not() {
        let access = json!({"sourceAccessConfigurations": [
            {"type": "VIRTUAL_HOST", "uri": "/"}, {"type": "BASIC_AUTH", "uri": "arn:secret"},
        ]});
        let Desired { fixed, configuration, .. } = from("mq", access);
        assert_eq!(fixed.virtual_host.as_deref(), Some("/"));
        let basic = Access { kind: "BASIC_AUTH".into(), uri: Some("arn:secret".into()) };
        assert_eq!(configuration.access, BTreeSet::from([basic]));
    }

    #[test]
    fn words_are_those_of_the_api() {
        let Desired { fixed, configuration, .. } = from(
            "kafka",
            json!({
                "startingPosition": "AT_TIMESTAMP", "startingPositionTimestamp": "2026-01-15T09:30:00Z",
                "metricsConfig": {"metrics": ["KafkaMetrics"]}, "loggingConfig": {"systemLogLevel": "WARN"},
                "provisionedPollerConfig": {"maximumPollers": 20},
                "amazonManagedKafkaEventSourceConfig": {"consumerGroupId": "g", "schemaRegistryConfig": {
                    "schemaRegistryURI": "https://r", "eventRecordFormat": "SOURCE",
                    "accessConfigs": [{"type": "BASIC_AUTH", "uri": "arn:s"}],
                    "schemaValidationConfigs": [{"attribute": "KEY"}]}},
            }),
        );
        assert_eq!(fixed.starting_position.as_deref(), Some("AT_TIMESTAMP"));
        assert_eq!(fixed.starting_at, Some(1_768_469_400));
        assert_eq!(fixed.consumer_group.as_deref(), Some("g"));
        assert_eq!(configuration.metrics, BTreeSet::from(["KafkaMetrics".to_owned()]));
        assert_eq!(configuration.log_level, "WARN");
        let pollers = Pollers { minimum: 1, maximum: 20, group: String::new() };
        assert_eq!(configuration.pollers, Some(pollers));
        let registry = configuration.registry.unwrap();
        assert_eq!((registry.uri.as_str(), registry.format.as_str()), ("https://r", "SOURCE"));
        assert_eq!(registry.access, BTreeSet::from([("BASIC_AUTH".into(), "arn:s".into())]));
        assert_eq!(registry.validated, BTreeSet::from(["KEY".into()]));
    }
}
