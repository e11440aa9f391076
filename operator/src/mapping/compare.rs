//! What of a mapping differs between spec and AWS. Pure; for the plan, and for the sweep, which has only what lists show.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::desired::Desired;
use super::field::Field;
use super::model::{Configuration, Filters, Fixed, Observed, Source};

/// In what a mapping differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// What no update can change, each with AWS's value and the spec's.
    pub fixed: Vec<(Field, String, String)>,
    /// What an update changes.
    pub fields: BTreeSet<Field>,
}

impl Differences {
    /// The paths in the spec.
    pub fn paths(&self, desired: &Desired) -> Vec<String> {
        let fields = self.fixed.iter().map(|(field, _, _)| field).chain(&self.fields);
        fields.map(|field| field.path(desired.function_path).to_owned()).collect()
    }
}

/// Compares all but tags and state. What isn't known isn't compared.
pub fn compare(desired: &Desired, observed: &Observed) -> Differences {
    let Desired { fixed, configuration, ignored, .. } = desired;
    let mut wanted = configuration.clone();
    wanted.function = wanted.function.at(&observed.arn);
    let kafka = kafka_field(&fixed.source);
    let mut fields = changes(&wanted, &observed.configuration, kafka);
    let mut differing = fixed_differences(fixed, &observed.fixed, kafka);
    if fields.contains(&Field::Window) && !window_can_be(wanted.window, observed.configuration.window) {
        fields.remove(&Field::Window);
        if let Some(seconds) = observed.configuration.window.filter(|seconds| *seconds > 0) {
            let default = "absent, which stands for half a second".to_owned();
            differing.push((Field::Window, seconds.to_string(), default));
        }
    }
    fields.retain(|field| !ignored.fields.contains(field));
    differing.retain(|(field, _, _)| !ignored.fields.contains(field));
    Differences { fixed: differing, fields }
}

/// "You cannot revert back to the 500 ms default batching window after you have changed it", and it may read as 0.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html>
fn window_can_be(wanted: Option<i32>, has: Option<i32>) -> bool {
    wanted.is_some() || has.is_none()
}

/// Which of the two settings of a Kafka source this one has.
pub fn kafka_field(source: &Source) -> Field {
    match source {
        Source::Arn(_) => Field::ManagedKafka,
        Source::Kafka(_) => Field::SelfManagedKafka,
    }
}

/// The fields in which two configurations differ. Destructured without `..`, so that no field can be forgotten.
pub fn changes(wanted: &Configuration, has: &Configuration, kafka: Field) -> BTreeSet<Field> {
    let Configuration {
        function,
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
    } = wanted;
    let unknown = *filters == Filters::Unknown || has.filters == Filters::Unknown;
    let differs = [
        (Field::Function, *function != has.function),
        (Field::BatchSize, *batch_size != has.batch_size),
        (Field::Window, *window != has.window),
        (Field::Filters, !unknown && *filters != has.filters),
        (Field::KmsKey, *kms_key_arn != has.kms_key_arn),
        (Field::ResponseTypes, *response_types != has.response_types),
        (Field::Metrics, *metrics != has.metrics),
        (Field::Logging, *log_level != has.log_level),
        (Field::Scaling, *maximum_concurrency != has.maximum_concurrency),
        (Field::Pollers, *pollers != has.pollers),
        (Field::Parallelization, *parallelization_factor != has.parallelization_factor),
        (Field::TumblingWindow, *tumbling_window != has.tumbling_window),
        (Field::Bisect, *bisect != has.bisect),
        (Field::RecordAge, *maximum_record_age != has.maximum_record_age),
        (Field::RetryAttempts, *maximum_retry_attempts != has.maximum_retry_attempts),
        (Field::Destination, *on_failure != has.on_failure),
        (Field::Access, *access != has.access),
        (kafka, *registry != has.registry),
        (Field::Database, *database != has.database),
    ];
    differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

/// What the spec leaves to AWS (where to start, the consumer group) isn't compared.
fn fixed_differences(wanted: &Fixed, has: &Fixed, kafka: Field) -> Vec<(Field, String, String)> {
    let Fixed {
        source,
        starting_position,
        starting_at,
        topics,
        queues,
        consumer_group,
        consumption_mode,
        virtual_host,
    } = wanted;
    let source_field = match source {
        Source::Arn(_) => Field::EventSource,
        Source::Kafka(_) => Field::SelfManagedSource,
    };
    let left_open = |wanted: bool, differs: bool| wanted && differs;
    let starts_elsewhere =
        left_open(starting_position.is_some(), *starting_position != has.starting_position);
    let starts_then = left_open(starting_at.is_some(), *starting_at != has.starting_at);
    let other_group = left_open(consumer_group.is_some(), *consumer_group != has.consumer_group);
    let all = [
        (source_field, *source != has.source, (shown(&has.source), shown(source))),
        (Field::StartingPosition, starts_elsewhere, both(&has.starting_position, starting_position)),
        (Field::StartingTimestamp, starts_then, both(&has.starting_at, starting_at)),
        (Field::Topics, *topics != has.topics, both(&has.topics, topics)),
        (Field::Queues, *queues != has.queues, both(&has.queues, queues)),
        (kafka, other_group, both(&has.consumer_group, consumer_group)),
        (kafka, *consumption_mode != has.consumption_mode, both([&has.consumption_mode], [consumption_mode])),
        (Field::Access, *virtual_host != has.virtual_host, both(&has.virtual_host, virtual_host)),
    ];
    all.into_iter()
        .filter(|(_, differs, _)| *differs)
        .map(|(field, _, (has, wants))| (field, has, wants))
        .collect()
}

/// AWS's value or values, and the spec's.
fn both<'a, T: Display + 'a>(
    has: impl IntoIterator<Item = &'a T>,
    wants: impl IntoIterator<Item = &'a T>,
) -> (String, String) {
    (listed(has), listed(wants))
}

fn listed<'a, T: Display + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    let all: Vec<String> = values.into_iter().map(ToString::to_string).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn shown(source: &Source) -> String {
    match source {
        Source::Arn(arn) => arn.clone(),
        Source::Kafka(servers) => servers.iter().cloned().collect::<Vec<_>>().join(","),
    }
}
