//! From AWS's answers to [`model`](crate::mapping::model), as pure functions. `mapping` calls them.
//!
//! AWS's defaults are filled in where a member is absent, and values that we don't know pass through as they are.

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{
    DocumentDbEventSourceConfig, EndPointType, EventSourceMappingConfiguration, FilterCriteriaError,
    KafkaSchemaRegistryConfig, SourceAccessConfiguration, SourceAccessType,
};

use crate::mapping::model::{
    Access, Configuration, Database, Filters, Fixed, FunctionName, Observed, Pattern, Pollers, Registry,
    Source,
};

/// The operations on one mapping answer with types of their own, of the same members.
macro_rules! mapping_of {
    ($output:expr) => {{
        let o = $output;
        ::aws_sdk_lambda::types::EventSourceMappingConfiguration::builder()
            .set_uuid(o.uuid)
            .set_event_source_mapping_arn(o.event_source_mapping_arn)
            .set_function_arn(o.function_arn)
            .set_event_source_arn(o.event_source_arn)
            .set_self_managed_event_source(o.self_managed_event_source)
            .set_starting_position(o.starting_position)
            .set_starting_position_timestamp(o.starting_position_timestamp)
            .set_topics(o.topics)
            .set_queues(o.queues)
            .set_batch_size(o.batch_size)
            .set_maximum_batching_window_in_seconds(o.maximum_batching_window_in_seconds)
            .set_parallelization_factor(o.parallelization_factor)
            .set_filter_criteria(o.filter_criteria)
            .set_filter_criteria_error(o.filter_criteria_error)
            .set_kms_key_arn(o.kms_key_arn)
            .set_metrics_config(o.metrics_config)
            .set_logging_config(o.logging_config)
            .set_scaling_config(o.scaling_config)
            .set_provisioned_poller_config(o.provisioned_poller_config)
            .set_destination_config(o.destination_config)
            .set_source_access_configurations(o.source_access_configurations)
            .set_maximum_record_age_in_seconds(o.maximum_record_age_in_seconds)
            .set_bisect_batch_on_function_error(o.bisect_batch_on_function_error)
            .set_maximum_retry_attempts(o.maximum_retry_attempts)
            .set_tumbling_window_in_seconds(o.tumbling_window_in_seconds)
            .set_function_response_types(o.function_response_types)
            .set_amazon_managed_kafka_event_source_config(o.amazon_managed_kafka_event_source_config)
            .set_self_managed_kafka_event_source_config(o.self_managed_kafka_event_source_config)
            .set_document_db_event_source_config(o.document_db_event_source_config)
            .set_last_modified(o.last_modified)
            .set_last_processing_result(o.last_processing_result)
            .set_state(o.state)
            .set_state_transition_reason(o.state_transition_reason)
            .build()
    }};
}
pub(super) use mapping_of;

/// What GetEventSourceMapping says, which decrypts filters.
pub(super) fn decrypted(m: EventSourceMappingConfiguration) -> Observed {
    let filters = filters(&m, m.filter_criteria_error.is_none());
    observed(m, filters)
}

/// What the other operations say: with a key of the user's, filters are not shown.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>
pub(super) fn encrypted(m: EventSourceMappingConfiguration) -> Observed {
    let known = m.kms_key_arn().is_none_or(str::is_empty) && m.filter_criteria_error.is_none();
    let filters = filters(&m, known);
    observed(m, filters)
}

fn filters(m: &EventSourceMappingConfiguration, known: bool) -> Filters {
    if !known {
        return Filters::Unknown;
    }
    let filters =
        m.filter_criteria.as_ref().map(aws_sdk_lambda::types::FilterCriteria::filters).unwrap_or_default();
    Filters::Known(filters.iter().filter_map(|filter| filter.pattern()).map(Pattern::shown).collect())
}

fn observed(m: EventSourceMappingConfiguration, filters: Filters) -> Observed {
    let (fixed, configuration) = (fixed(&m), configuration(&m, filters));
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    Observed {
        uuid: m.uuid.unwrap_or_default(),
        arn: m.event_source_mapping_arn.unwrap_or_default(),
        state: m.state.unwrap_or_default(),
        state_reason: some(m.state_transition_reason),
        last_result: some(m.last_processing_result),
        last_modified: m.last_modified.map(|time| time.secs()),
        filter_error: m.filter_criteria_error.map(described),
        fixed,
        configuration,
        tags: None,
    }
}

fn described(error: FilterCriteriaError) -> String {
    let (code, message) = (error.error_code.unwrap_or_default(), error.message.unwrap_or_default());
    format!("{code}: {message}")
}

fn source(m: &EventSourceMappingConfiguration) -> Source {
    let endpoints = m.self_managed_event_source.as_ref().and_then(|source| source.endpoints.as_ref());
    match endpoints.and_then(|all| all.get(&EndPointType::KafkaBootstrapServers)) {
        Some(servers) => Source::Kafka(servers.iter().cloned().collect()),
        None => Source::Arn(m.event_source_arn.clone().unwrap_or_default()),
    }
}

fn fixed(m: &EventSourceMappingConfiguration) -> Fixed {
    let managed = m.amazon_managed_kafka_event_source_config.as_ref();
    let other = m.self_managed_kafka_event_source_config.as_ref();
    let group = managed.and_then(|config| config.consumer_group_id.clone());
    let mode = other.and_then(|config| config.consumption_mode.as_ref());
    let host = m.source_access_configurations().iter().find(|access| is_host(access));
    Fixed {
        source: source(m),
        starting_position: m.starting_position.as_ref().map(|position| position.as_str().to_owned()),
        starting_at: m.starting_position_timestamp.map(|time| time.secs()),
        topics: m.topics().iter().cloned().collect(),
        queues: m.queues().iter().cloned().collect(),
        consumer_group: group.or_else(|| other.and_then(|config| config.consumer_group_id.clone())),
        consumption_mode: mode.map_or("Stream", |mode| mode.as_str()).to_owned(),
        virtual_host: host.and_then(|access| access.uri.clone()),
    }
}

fn is_host(access: &SourceAccessConfiguration) -> bool {
    access.r#type == Some(SourceAccessType::VirtualHost)
}

fn configuration(m: &EventSourceMappingConfiguration, filters: Filters) -> Configuration {
    let source = source(m);
    let function = FunctionName::parse(m.function_arn().unwrap_or_default());
    let default = Configuration::default_for(&source, function);
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let metrics = m
        .metrics_config
        .as_ref()
        .map(aws_sdk_lambda::types::EventSourceMappingMetricsConfig::metrics)
        .unwrap_or_default();
    let level = m.logging_config.as_ref().and_then(|config| config.system_log_level.as_ref());
    let on_failure = m.destination_config.as_ref().and_then(|config| config.on_failure.as_ref());
    let scaling = m.scaling_config.as_ref();
    Configuration {
        batch_size: m.batch_size.unwrap_or(default.batch_size),
        window: m.maximum_batching_window_in_seconds.or(default.window),
        filters,
        kms_key_arn: text(m.kms_key_arn()),
        response_types: m.function_response_types().iter().map(|word| word.as_str().to_owned()).collect(),
        metrics: metrics.iter().map(|word| word.as_str().to_owned()).collect(),
        log_level: text(level.map(aws_sdk_lambda::types::EventSourceMappingSystemLogLevel::as_str)),
        maximum_concurrency: scaling.and_then(|config| config.maximum_concurrency),
        pollers: pollers(m, &source),
        parallelization_factor: m.parallelization_factor.unwrap_or(default.parallelization_factor),
        tumbling_window: m.tumbling_window_in_seconds.unwrap_or(default.tumbling_window),
        bisect: m.bisect_batch_on_function_error.unwrap_or(default.bisect),
        maximum_record_age: m.maximum_record_age_in_seconds.unwrap_or(default.maximum_record_age),
        maximum_retry_attempts: m.maximum_retry_attempts.unwrap_or(default.maximum_retry_attempts),
        on_failure: text(on_failure.and_then(|on_failure| on_failure.destination())),
        access: access(m),
        registry: registry(m),
        database: m.document_db_event_source_config.as_ref().and_then(database),
        function: default.function,
    }
}

fn pollers(m: &EventSourceMappingConfiguration, source: &Source) -> Option<Pollers> {
    let config = m.provisioned_poller_config.as_ref()?;
    let group = config.poller_group_name.clone().unwrap_or_default();
    if config.minimum_pollers.is_none() && config.maximum_pollers.is_none() && group.is_empty() {
        return None;
    }
    let (fewest, most) = source.default_pollers();
    let minimum = config.minimum_pollers.unwrap_or(fewest);
    Some(Pollers { minimum, maximum: config.maximum_pollers.unwrap_or(most), group })
}

fn access(m: &EventSourceMappingConfiguration) -> BTreeSet<Access> {
    let all = m.source_access_configurations().iter().filter(|access| !is_host(access));
    let entry = |access: &SourceAccessConfiguration| Access {
        kind: access.r#type.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        uri: access.uri.clone().filter(|uri| !uri.is_empty()),
    };
    all.map(entry).collect()
}

fn registry(m: &EventSourceMappingConfiguration) -> Option<Registry> {
    let managed = m.amazon_managed_kafka_event_source_config.as_ref();
    let other = m.self_managed_kafka_event_source_config.as_ref();
    let config: &KafkaSchemaRegistryConfig = managed
        .and_then(|config| config.schema_registry_config.as_ref())
        .or_else(|| other.and_then(|config| config.schema_registry_config.as_ref()))?;
    let access = config.access_configs().iter().map(|access| {
        let kind = access.r#type.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
        (kind, access.uri.clone().unwrap_or_default())
    });
    let validated = config.schema_validation_configs().iter().filter_map(|config| config.attribute.as_ref());
    let registry = Registry {
        uri: config.schema_registry_uri.clone().unwrap_or_default(),
        format: config
            .event_record_format
            .as_ref()
            .map(|format| format.as_str().to_owned())
            .unwrap_or_default(),
        access: access.collect(),
        validated: validated.map(|attribute| attribute.as_str().to_owned()).collect(),
    };
    (registry != Registry::default()).then_some(registry)
}

fn database(config: &DocumentDbEventSourceConfig) -> Option<Database> {
    let name = config.database_name.clone()?;
    let full_document = config.full_document.as_ref().map_or("Default", |mode| mode.as_str()).to_owned();
    let collection = config.collection_name.clone().filter(|name| !name.is_empty());
    Some(Database { name, collection, full_document })
}
