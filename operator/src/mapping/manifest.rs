//! From what AWS has to the shortest spec that means it: the reverse of `desired`. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use lambda_operator_crds::mapping::{
    AmazonManagedKafkaEventSourceConfig, DocumentDbEventSourceConfig, EventSourceMappingSpec, Filter,
    FilterCriteria, KafkaConsumptionMode, KafkaEndpoints, KafkaSchemaRegistryAccessConfig,
    KafkaSchemaRegistryConfig, KafkaSchemaValidationConfig, MappingDestinationConfig, MappingLoggingConfig,
    MappingMetricsConfig, MappingScalingConfig, OnFailure, ProvisionedPollerConfig, SelfManagedEventSource,
    SelfManagedKafkaEventSourceConfig, SourceAccessConfiguration, SourceAccessType,
};
use lambda_operator_crds::{CommonSpec, ObjectRef};

use super::field::Field;
use super::kafka_field;
use super::model::{
    Access, Configuration, Database, Filters, Fixed, FunctionName, Observed, Pattern, Pollers, Registry,
    Source,
};
use super::state::{Standing, standing};
use crate::manifest::{Unsaid, some_of, tags, unless};

/// Who gets the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A LambdaFunction.
    Function(ObjectRef),
    /// A LambdaAlias.
    Alias(ObjectRef),
    /// What no object stands for, as AWS names it.
    Named(FunctionName),
}

/// The spec of a mapping. It is found by its function and source.
pub fn spec(observed: &Observed, reader: Reader, common: CommonSpec) -> EventSourceMappingSpec {
    let mut unsaid = Unsaid::default();
    let (configuration, fixed) = (observed.configuration.clone(), observed.fixed.clone());
    let default = Configuration::default_for(&fixed.source, configuration.function.clone());
    let kafka = path(kafka_field(&fixed.source));
    let Configuration {
        function: _,
        batch_size,
        window,
        filters,
        kms_key_arn,
        response_types,
        metrics,
        log_level,
        maximum_concurrency,
        pollers,
        parallelization_factor,
        tumbling_window,
        bisect,
        maximum_record_age,
        maximum_retry_attempts,
        on_failure,
        access,
        registry,
        database,
    } = configuration;
    let Fixed {
        source,
        starting_position,
        starting_at,
        topics,
        queues,
        consumer_group,
        consumption_mode,
        virtual_host,
    } = fixed;
    let registry = registry.map(|registry| registry_of(registry, kafka, &mut unsaid));
    // Without one AWS takes the UUID, and so would the next mapping.
    let consumer_group = consumer_group.filter(|group| *group != observed.uuid);
    let mode: Option<KafkaConsumptionMode> = unsaid.word(kafka, &consumption_mode);
    let (managed, other) = match &source {
        Source::Arn(_) => (managed_kafka(consumer_group, registry), None),
        Source::Kafka(_) => (None, other_kafka(consumer_group, registry, mode)),
    };
    let (function_ref, alias_ref, function_name) = match reader {
        Reader::Function(object) => (Some(object), None, None),
        Reader::Alias(object) => (None, Some(object), None),
        Reader::Named(function) => (None, None, Some(function.to_string())),
    };
    let (event_source_arn, self_managed_event_source) = source_of(source);
    let reads = !matches!(standing(observed), Standing::Disabled | Standing::Stopped)
        && observed.state != "Disabling";
    let time = starting_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    EventSourceMappingSpec {
        function_ref,
        alias_ref,
        function_name,
        event_source_arn,
        self_managed_event_source,
        enabled: unless(reads, &true),
        batch_size: unless(batch_size, &default.batch_size),
        maximum_batching_window_in_seconds: window.filter(|_| window != default.window),
        filter_criteria: filters_of(filters, &mut unsaid),
        kms_key_arn: unless(kms_key_arn, &default.kms_key_arn),
        function_response_types: unsaid.all_known(path(Field::ResponseTypes), &response_types),
        metrics_config: unsaid
            .all_known(path(Field::Metrics), &metrics)
            .map(|metrics| MappingMetricsConfig { metrics: Some(metrics) }),
        logging_config: unless(log_level, &default.log_level)
            .and_then(|level| unsaid.known(path(Field::Logging), &level))
            .map(|level| MappingLoggingConfig { system_log_level: Some(level) }),
        scaling_config: maximum_concurrency
            .map(|maximum| MappingScalingConfig { maximum_concurrency: Some(maximum) }),
        provisioned_poller_config: pollers.map(pollers_of),
        starting_position: starting_position
            .and_then(|position| unsaid.known(path(Field::StartingPosition), &position)),
        starting_position_timestamp: time.map(Time),
        parallelization_factor: unless(parallelization_factor, &default.parallelization_factor),
        tumbling_window_in_seconds: unless(tumbling_window, &default.tumbling_window),
        bisect_batch_on_function_error: unless(bisect, &default.bisect),
        maximum_record_age_in_seconds: unless(maximum_record_age, &default.maximum_record_age),
        maximum_retry_attempts: unless(maximum_retry_attempts, &default.maximum_retry_attempts),
        destination_config: unless(on_failure, &default.on_failure)
            .map(|destination| MappingDestinationConfig { on_failure: Some(OnFailure { destination }) }),
        topics: some_of(topics),
        queues: some_of(queues),
        source_access_configurations: accesses(access, virtual_host, &mut unsaid),
        amazon_managed_kafka_event_source_config: managed,
        self_managed_kafka_event_source_config: other,
        document_db_event_source_config: database.map(|database| database_of(database, &mut unsaid)),
        common: CommonSpec {
            ignore_drift: unsaid.into_paths(common.ignore_drift),
            tags: observed.tags.as_ref().and_then(|tags| tags.as_ref().ok()).and_then(tags),
            ..common
        },
    }
}

fn path(field: Field) -> &'static str {
    field.path("functionRef")
}

fn source_of(source: Source) -> (Option<String>, Option<SelfManagedEventSource>) {
    match source {
        Source::Arn(arn) => (Some(arn), None),
        Source::Kafka(servers) => {
            let kafka_bootstrap_servers = servers.into_iter().collect();
            (None, Some(SelfManagedEventSource { endpoints: KafkaEndpoints { kafka_bootstrap_servers } }))
        }
    }
}

fn filters_of(filters: Filters, unsaid: &mut Unsaid) -> Option<FilterCriteria> {
    match filters {
        Filters::Known(patterns) => {
            let filter = |pattern: Pattern| Filter { pattern: pattern.text().to_owned() };
            let filters = some_of(patterns.into_iter().map(filter))?;
            Some(FilterCriteria { filters: Some(filters) })
        }
        Filters::Unknown => {
            unsaid.add(path(Field::Filters));
            None
        }
    }
}

fn pollers_of(pollers: Pollers) -> ProvisionedPollerConfig {
    let Pollers { minimum, maximum, group } = pollers;
    ProvisionedPollerConfig {
        minimum_pollers: Some(minimum),
        maximum_pollers: Some(maximum),
        poller_group_name: unless(group, &String::new()),
    }
}

fn accesses(
    access: impl IntoIterator<Item = Access>,
    virtual_host: Option<String>,
    unsaid: &mut Unsaid,
) -> Option<Vec<SourceAccessConfiguration>> {
    let known = access.into_iter().map(|Access { kind, uri }| {
        let kind = unsaid.known(path(Field::Access), &kind)?;
        Some(SourceAccessConfiguration { kind, uri })
    });
    let mut known: Vec<SourceAccessConfiguration> = known.collect::<Option<_>>()?;
    let host = virtual_host
        .map(|host| SourceAccessConfiguration { kind: SourceAccessType::VirtualHost, uri: Some(host) });
    known.extend(host);
    some_of(known)
}

fn managed_kafka(
    consumer_group_id: Option<String>,
    schema_registry_config: Option<KafkaSchemaRegistryConfig>,
) -> Option<AmazonManagedKafkaEventSourceConfig> {
    let config = AmazonManagedKafkaEventSourceConfig { consumer_group_id, schema_registry_config };
    unless(config, &AmazonManagedKafkaEventSourceConfig::default())
}

fn other_kafka(
    consumer_group_id: Option<String>,
    schema_registry_config: Option<KafkaSchemaRegistryConfig>,
    consumption_mode: Option<KafkaConsumptionMode>,
) -> Option<SelfManagedKafkaEventSourceConfig> {
    let config =
        SelfManagedKafkaEventSourceConfig { consumer_group_id, schema_registry_config, consumption_mode };
    unless(config, &SelfManagedKafkaEventSourceConfig::default())
}

fn registry_of(registry: Registry, kafka: &str, unsaid: &mut Unsaid) -> KafkaSchemaRegistryConfig {
    let Registry { uri, format, access, validated } = registry;
    let access = access.into_iter().filter_map(|(kind, uri)| {
        Some(KafkaSchemaRegistryAccessConfig { kind: unsaid.known(kafka, &kind)?, uri })
    });
    let access_configs = some_of(access);
    let validated: Option<Vec<_>> = unsaid.all_known(kafka, &validated);
    let validate = |attribute| KafkaSchemaValidationConfig { attribute };
    KafkaSchemaRegistryConfig {
        schema_registry_uri: unless(uri, &String::new()),
        event_record_format: unless(format, &String::new()).and_then(|format| unsaid.known(kafka, &format)),
        access_configs,
        schema_validation_configs: validated.map(|all| all.into_iter().map(validate).collect()),
    }
}

fn database_of(database: Database, unsaid: &mut Unsaid) -> DocumentDbEventSourceConfig {
    let Database { name, collection, full_document } = database;
    DocumentDbEventSourceConfig {
        database_name: name,
        collection_name: collection,
        full_document: unsaid.word(path(Field::Database), &full_document),
    }
}
