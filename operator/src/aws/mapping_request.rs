//! From [`model`](crate::mapping::model) to the members of requests, as pure functions. `mapping` calls them.
//!
//! A member that isn't sent stays as it is; what clears one differs:
//! <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html>, and for the empty structs what
//! terraform-provider-aws has to send (internal/service/lambda/event_source_mapping.go).

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{
    AmazonManagedKafkaEventSourceConfig, DestinationConfig, DocumentDbEventSourceConfig, EndPointType,
    EventSourceMappingLoggingConfig, EventSourceMappingMetric, EventSourceMappingMetricsConfig,
    EventSourceMappingSystemLogLevel, Filter, FilterCriteria, FullDocument, FunctionResponseType,
    KafkaEventSourceMappingConsumptionMode, KafkaSchemaRegistryAccessConfig, KafkaSchemaRegistryAuthType,
    KafkaSchemaRegistryConfig, KafkaSchemaValidationAttribute, KafkaSchemaValidationConfig, OnFailure,
    ProvisionedPollerConfig, ScalingConfig, SchemaRegistryEventRecordFormat, SelfManagedEventSource,
    SelfManagedKafkaEventSourceConfig, SourceAccessConfiguration, SourceAccessType,
};

use crate::mapping::field::Field;
use crate::mapping::kafka_field;
use crate::mapping::model::{Configuration, Database, Filters, Fixed, Pollers, Registry, Source};

/// The members that creating and updating share; `None` isn't sent.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) function_name: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) batch_size: Option<i32>,
    pub(super) filter_criteria: Option<FilterCriteria>,
    pub(super) kms_key_arn: Option<String>,
    pub(super) metrics_config: Option<EventSourceMappingMetricsConfig>,
    pub(super) logging_config: Option<EventSourceMappingLoggingConfig>,
    pub(super) scaling_config: Option<ScalingConfig>,
    pub(super) window: Option<i32>,
    pub(super) parallelization_factor: Option<i32>,
    pub(super) destination_config: Option<DestinationConfig>,
    pub(super) maximum_record_age: Option<i32>,
    pub(super) bisect: Option<bool>,
    pub(super) maximum_retry_attempts: Option<i32>,
    pub(super) tumbling_window: Option<i32>,
    pub(super) access: Option<Vec<SourceAccessConfiguration>>,
    pub(super) response_types: Option<Vec<FunctionResponseType>>,
    pub(super) managed_kafka: Option<AmazonManagedKafkaEventSourceConfig>,
    pub(super) self_managed_kafka: Option<SelfManagedKafkaEventSourceConfig>,
    pub(super) database: Option<DocumentDbEventSourceConfig>,
    pub(super) pollers: Option<ProvisionedPollerConfig>,
}

/// Puts the members into a request of either operation.
macro_rules! with_members {
    ($request:expr, $members:expr) => {{
        let m = $members;
        $request
            .set_function_name(m.function_name)
            .set_enabled(m.enabled)
            .set_batch_size(m.batch_size)
            .set_filter_criteria(m.filter_criteria)
            .set_kms_key_arn(m.kms_key_arn)
            .set_metrics_config(m.metrics_config)
            .set_logging_config(m.logging_config)
            .set_scaling_config(m.scaling_config)
            .set_maximum_batching_window_in_seconds(m.window)
            .set_parallelization_factor(m.parallelization_factor)
            .set_destination_config(m.destination_config)
            .set_maximum_record_age_in_seconds(m.maximum_record_age)
            .set_bisect_batch_on_function_error(m.bisect)
            .set_maximum_retry_attempts(m.maximum_retry_attempts)
            .set_tumbling_window_in_seconds(m.tumbling_window)
            .set_source_access_configurations(m.access)
            .set_function_response_types(m.response_types)
            .set_amazon_managed_kafka_event_source_config(m.managed_kafka)
            .set_self_managed_kafka_event_source_config(m.self_managed_kafka)
            .set_document_db_event_source_config(m.database)
            .set_provisioned_poller_config(m.pollers)
    }};
}
pub(super) use with_members;

/// Just these fields, as the configuration has them; cleared values clear.
pub(super) fn members(fixed: &Fixed, configuration: &Configuration, fields: &BTreeSet<Field>) -> Members {
    let mut members = Members::default();
    for field in fields {
        set(&mut members, *field, fixed, configuration);
    }
    // Another key encrypts the filters anew.
    if fields.contains(&Field::KmsKey) {
        set(&mut members, Field::Filters, fixed, configuration);
    }
    members
}

fn set(members: &mut Members, field: Field, fixed: &Fixed, c: &Configuration) {
    let m = members;
    match field {
        Field::Function => m.function_name = Some(c.function.to_string()),
        Field::BatchSize => m.batch_size = Some(c.batch_size),
        Field::Window => m.window = c.window,
        Field::Filters => m.filter_criteria = filters(&c.filters),
        Field::KmsKey => m.kms_key_arn = Some(c.kms_key_arn.clone()),
        Field::ResponseTypes => {
            m.response_types = Some(each(&c.response_types, |word| FunctionResponseType::from(word)));
        }
        Field::Metrics => {
            let metrics = each(&c.metrics, |word| EventSourceMappingMetric::from(word));
            m.metrics_config =
                Some(EventSourceMappingMetricsConfig::builder().set_metrics(Some(metrics)).build());
        }
        Field::Logging => m.logging_config = Some(logging(&c.log_level)),
        Field::Scaling => {
            let most = c.maximum_concurrency;
            m.scaling_config = Some(ScalingConfig::builder().set_maximum_concurrency(most).build());
        }
        Field::Pollers => m.pollers = Some(pollers(c.pollers.as_ref(), fixed)),
        Field::Parallelization => m.parallelization_factor = Some(c.parallelization_factor),
        Field::TumblingWindow => m.tumbling_window = Some(c.tumbling_window),
        Field::Bisect => m.bisect = Some(c.bisect),
        Field::RecordAge => m.maximum_record_age = Some(c.maximum_record_age),
        Field::RetryAttempts => m.maximum_retry_attempts = Some(c.maximum_retry_attempts),
        Field::Destination => {
            let on_failure = OnFailure::builder().destination(&c.on_failure).build();
            m.destination_config = Some(DestinationConfig::builder().on_failure(on_failure).build());
        }
        Field::Access => m.access = Some(access(fixed, c)),
        Field::ManagedKafka => {
            let config = AmazonManagedKafkaEventSourceConfig::builder();
            m.managed_kafka = Some(config.schema_registry_config(registry(c.registry.as_ref())).build());
        }
        Field::SelfManagedKafka => {
            let config = SelfManagedKafkaEventSourceConfig::builder();
            m.self_managed_kafka = Some(config.schema_registry_config(registry(c.registry.as_ref())).build());
        }
        Field::Database => m.database = c.database.as_ref().map(database),
        Field::Enabled
        | Field::EventSource
        | Field::SelfManagedSource
        | Field::StartingPosition
        | Field::StartingTimestamp
        | Field::Topics
        | Field::Queues => {}
    }
}

/// The consumer group and the way to read, which only a creation sets.
pub(super) fn consumer(members: &mut Members, fixed: &Fixed, configuration: &Configuration) {
    let Fixed { source, consumer_group, consumption_mode, .. } = fixed;
    let queue = consumption_mode == "Queue";
    if consumer_group.is_none() && !queue {
        return;
    }
    let registry = configuration.registry.as_ref().map(|known| registry(Some(known)));
    if kafka_field(source) == Field::ManagedKafka {
        let config =
            AmazonManagedKafkaEventSourceConfig::builder().set_consumer_group_id(consumer_group.clone());
        members.managed_kafka = Some(config.set_schema_registry_config(registry).build());
    } else {
        let config =
            SelfManagedKafkaEventSourceConfig::builder().set_consumer_group_id(consumer_group.clone());
        let mode = queue.then_some(KafkaEventSourceMappingConsumptionMode::Queue);
        let config = config.set_consumption_mode(mode);
        members.self_managed_kafka = Some(config.set_schema_registry_config(registry).build());
    }
}

/// A cluster by its servers; `None` for a source that has an ARN.
pub(super) fn self_managed(source: &Source) -> Option<SelfManagedEventSource> {
    let Source::Kafka(servers) = source else { return None };
    let servers = servers.iter().cloned().collect();
    Some(SelfManagedEventSource::builder().endpoints(EndPointType::KafkaBootstrapServers, servers).build())
}

fn each<T>(words: &BTreeSet<String>, parse: impl Fn(&str) -> T) -> Vec<T> {
    words.iter().map(|word| parse(word)).collect()
}

/// An empty struct clears; what is unknown stays.
fn filters(filters: &Filters) -> Option<FilterCriteria> {
    let Filters::Known(patterns) = filters else { return None };
    let criteria = FilterCriteria::builder();
    let filter = |text: &str| Filter::builder().pattern(text).build();
    Some(patterns.iter().fold(criteria, |all, pattern| all.filters(filter(pattern.text()))).build())
}

fn logging(level: &str) -> EventSourceMappingLoggingConfig {
    let level = (!level.is_empty()).then(|| EventSourceMappingSystemLogLevel::from(level));
    EventSourceMappingLoggingConfig::builder().set_system_log_level(level).build()
}

/// An empty struct ends provisioned mode, an empty name the membership of a group, which only Kafka knows.
fn pollers(pollers: Option<&Pollers>, fixed: &Fixed) -> ProvisionedPollerConfig {
    let config = ProvisionedPollerConfig::builder();
    let Some(Pollers { minimum, maximum, group }) = pollers else { return config.build() };
    let group = (fixed.source.is_kafka() || !group.is_empty()).then(|| group.clone());
    config.minimum_pollers(*minimum).maximum_pollers(*maximum).set_poller_group_name(group).build()
}

/// The whole list, the virtual host included: it is replaced.
fn access(fixed: &Fixed, c: &Configuration) -> Vec<SourceAccessConfiguration> {
    let entry = |kind: SourceAccessType, uri: Option<String>| {
        SourceAccessConfiguration::builder().r#type(kind).set_uri(uri).build()
    };
    let host = fixed.virtual_host.iter().map(|host| entry(SourceAccessType::VirtualHost, Some(host.clone())));
    let others = c.access.iter().map(|access| entry(access.kind.as_str().into(), access.uri.clone()));
    host.chain(others).collect()
}

/// An empty struct means none.
fn registry(registry: Option<&Registry>) -> KafkaSchemaRegistryConfig {
    let config = KafkaSchemaRegistryConfig::builder();
    let Some(Registry { uri, format, access, validated }) = registry else { return config.build() };
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let entry = |(kind, uri): &(String, String)| {
        let kind = KafkaSchemaRegistryAuthType::from(kind.as_str());
        KafkaSchemaRegistryAccessConfig::builder().r#type(kind).uri(uri).build()
    };
    let validation = |attribute: &str| {
        let attribute = KafkaSchemaValidationAttribute::from(attribute);
        KafkaSchemaValidationConfig::builder().attribute(attribute).build()
    };
    config
        .set_schema_registry_uri(some(uri))
        .set_event_record_format(
            some(format).map(|format| SchemaRegistryEventRecordFormat::from(format.as_str())),
        )
        .set_access_configs(Some(access.iter().map(entry).collect()))
        .set_schema_validation_configs(Some(each(validated, validation)))
        .build()
}

fn database(database: &Database) -> DocumentDbEventSourceConfig {
    let Database { name, collection, full_document } = database;
    DocumentDbEventSourceConfig::builder()
        .database_name(name)
        .set_collection_name(collection.clone())
        .full_document(FullDocument::from(full_document.as_str()))
        .build()
}
