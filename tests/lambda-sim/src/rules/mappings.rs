//! The rules of Lambda's own code on event source mappings, reported one at a time as InvalidParameterValueException.
//! Texts: LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json and those under
//! event_source_mapping/) and the public issues named below. Where no public text is known, the comment says so.

use std::time::SystemTime;

use serde_json::Value;

use super::{QUEUE_NOT_READABLE, ROLE_NOT_ASSUMABLE, tags};
use crate::error::ApiError;
use crate::mapping::source::EventSource;
use crate::merge::is_empty;
use crate::request::Object;
use crate::settings::AccountSettings;

/// How many filters a mapping may have
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).
const MOST_FILTERS: usize = 5;

/// Checks what a new mapping is asked to be, and returns the type of its source.
pub(crate) fn check_create(sent: &Object) -> Result<EventSource, ApiError> {
    // A destination is looked at even before the source (`test_event_source_mapping_exceptions`).
    on_success(sent)?;
    let Some(source) = EventSource::of(sent) else { return refused("Unrecognized event source.") };
    position(source, sent)?;
    required(source, sent)?;
    tags::check(&tags::of(sent))?;
    Ok(source)
}

/// Checks what was sent against what it would make of the configuration (`after`).
pub(crate) fn check(source: EventSource, sent: &Object, after: &Object) -> Result<(), ApiError> {
    on_success(sent)?;
    supported(source, sent)?;
    batches(source, after)?;
    ages(sent)?;
    scaling(source, after)?;
    filters(sent)
}

/// What an update may not change, of the members that it can send.
pub(crate) fn check_update(source: EventSource, sent: &Object, before: &Object) -> Result<(), ApiError> {
    for member in ["ConsumerGroupId", "ConsumptionMode"] {
        let at = |config: &Object| config.get(source.consumer()).and_then(|kafka| kafka.get(member)).cloned();
        // "You cannot update this value" (API_SelfManagedKafkaEventSourceConfig); the text isn't public.
        if at(sent).is_some_and(|wanted| at(before) != Some(wanted)) {
            return refused(format!("{member} can't be updated after the event source mapping is created."));
        }
    }
    let Some(access) = sent.get("SourceAccessConfigurations") else { return Ok(()) };
    if virtual_host(Some(access)) != virtual_host(before.get("SourceAccessConfigurations")) {
        // "You cannot use UpdateEventSourceMapping to change it" in the guide on MQ; the text isn't public.
        return refused("The virtual host can't be updated after the event source mapping is created.");
    }
    needs_access(source, sent)
}

/// What the world around the mapping has to say: the role of the function, the queue or stream.
pub(crate) fn check_world(
    settings: &AccountSettings,
    source: EventSource,
    arn: Option<&str>,
    function: &Object,
) -> Result<(), ApiError> {
    let role = function.get("Role").and_then(Value::as_str);
    if role.is_some_and(|role| settings.missing_roles.contains(role)) {
        return refused(ROLE_NOT_ASSUMABLE);
    }
    let Some(arn) = arn else { return Ok(()) };
    if settings.unreadable_sources.contains(arn) {
        return match source {
            EventSource::Queue | EventSource::FifoQueue => refused(QUEUE_NOT_READABLE),
            // <https://github.com/aws-amplify/amplify-cli/issues/12965>
            EventSource::Kinesis | EventSource::DynamoDb => refused(format!(
                "Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, \
                 DescribeStream, and ListStreams Actions on your stream in IAM."
            )),
            // These are connected to later; what goes wrong is in LastProcessingResult.
            _ => Ok(()),
        };
    }
    if settings.missing_sources.contains(arn) {
        missing(source, arn)?;
    }
    visibility(settings, source, arn, function)
}

fn refused<T>(text: impl Into<String>) -> Result<T, ApiError> {
    Err(ApiError::invalid(text))
}

fn on_success(sent: &Object) -> Result<(), ApiError> {
    let destination = sent.get("DestinationConfig");
    let success = destination.and_then(|destination| destination.get("OnSuccess"));
    if success.is_some_and(|success| !is_empty(success)) {
        return refused("Unsupported DestinationConfig parameter for given event source mapping type.");
    }
    Ok(())
}

/// <https://github.com/node-lambda/node-lambda/issues/466> for queues.
fn position(source: EventSource, sent: &Object) -> Result<(), ApiError> {
    let Some(position) = sent.get("StartingPosition").and_then(Value::as_str) else {
        if source.has_position() {
            return refused(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: \
                 Member must not be null.",
            );
        }
        return Ok(());
    };
    if source.is_queue() {
        return refused("StartingPosition is not valid for SQS event sources.");
    }
    let at_timestamp = position == "AT_TIMESTAMP";
    if at_timestamp && source == EventSource::DynamoDb {
        let arn = sent.get("EventSourceArn").and_then(Value::as_str).unwrap_or_default();
        return refused(format!("Unsupported starting position for arn type: {arn}"));
    }
    timestamp(at_timestamp, sent.get("StartingPositionTimestamp"))
}

/// "With StartingPosition set to AT_TIMESTAMP", and "cannot be in the future" (API_CreateEventSourceMapping); the
/// texts aren't public.
fn timestamp(wanted: bool, sent: Option<&Value>) -> Result<(), ApiError> {
    if wanted != sent.is_some() {
        return refused(
            "StartingPositionTimestamp must be set if and only if StartingPosition is AT_TIMESTAMP.",
        );
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    if sent.and_then(Value::as_f64).is_some_and(|seconds| seconds > now) {
        return refused("StartingPositionTimestamp cannot be in the future.");
    }
    Ok(())
}

/// Members without which the source can't be read. The text is recorded for access to a self-managed cluster.
fn required(source: EventSource, sent: &Object) -> Result<(), ApiError> {
    let parameter = |name: &str| refused(format!("Required '{name}' parameter is missing."));
    needs_access(source, sent)?;
    if source.is_kafka() && !sent.contains_key("Topics") {
        return parameter("topics");
    }
    if source == EventSource::Mq && !sent.contains_key("Queues") {
        return parameter("queues");
    }
    let database = sent.get("DocumentDBEventSourceConfig").and_then(|config| config.get("DatabaseName"));
    if source == EventSource::DocumentDb && database.is_none() {
        return parameter("databaseName");
    }
    Ok(())
}

fn needs_access(source: EventSource, sent: &Object) -> Result<(), ApiError> {
    let needs = [EventSource::SelfManagedKafka, EventSource::Mq, EventSource::DocumentDb].contains(&source);
    if needs && sent.get("SourceAccessConfigurations").is_none_or(is_empty) {
        return refused("Required 'sourceAccessConfigurations' parameter is missing.");
    }
    Ok(())
}

fn virtual_host(access: Option<&Value>) -> Option<&Value> {
    let mut entries = access.and_then(Value::as_array).into_iter().flatten();
    entries.find(|entry| entry["Type"] == "VIRTUAL_HOST").map(|entry| &entry["URI"])
}

/// <https://github.com/aws/aws-cdk/issues/17934>, <https://github.com/pulumi/pulumi-aws/issues/1418>
fn supported(source: EventSource, sent: &Object) -> Result<(), ApiError> {
    let Some((name, _)) = sent.iter().find(|(name, value)| !source.takes(name) && !is_empty(value)) else {
        return Ok(());
    };
    if name == "DestinationConfig" {
        return refused("Unsupported DestinationConfig parameter for given event source mapping type.");
    }
    let (first, rest) = name.split_at(1);
    let name = format!("{}{rest}", first.to_ascii_lowercase());
    refused(format!("Unsupported '{name}' parameter for given event source mapping type."))
}

/// <https://github.com/aws/aws-lambda-dotnet/pull/1758> and
/// <https://github.com/pulumi/pulumi-aws-serverless/issues/20> for FIFO queues.
fn batches(source: EventSource, after: &Object) -> Result<(), ApiError> {
    let number = |name: &str| after.get(name).and_then(Value::as_i64).unwrap_or(0);
    let (size, window) = (number("BatchSize"), number("MaximumBatchingWindowInSeconds"));
    match source {
        EventSource::FifoQueue if window > 0 => refused("Batching window is not supported for FIFO queues"),
        EventSource::FifoQueue if size > 10 => {
            refused("Maximum batch size must be between 1 and 10 inclusive")
        }
        EventSource::Queue if size > 10 && window == 0 => refused(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ),
        _ => Ok(()),
    }
}

/// <https://github.com/hashicorp/terraform-provider-aws/pull/16113>
fn ages(sent: &Object) -> Result<(), ApiError> {
    match sent.get("MaximumRecordAgeInSeconds").and_then(Value::as_i64) {
        Some(0..60) => refused(
            "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)",
        ),
        _ => Ok(()),
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>: one way to scale excludes the other.
/// The texts aren't public.
fn scaling(source: EventSource, after: &Object) -> Result<(), ApiError> {
    let Some(pollers) = after.get("ProvisionedPollerConfig") else { return Ok(()) };
    if after.contains_key("ScalingConfig") {
        return refused("ScalingConfig and ProvisionedPollerConfig can't be used together.");
    }
    let number = |name: &str| pollers.get(name).and_then(Value::as_i64).unwrap_or_default();
    let (minimum, maximum) = (number("MinimumPollers"), number("MaximumPollers"));
    let (fewest, most) = source.pollers();
    if minimum < fewest || maximum > most {
        return refused(format!(
            "MinimumPollers must be at least {fewest} and MaximumPollers at most {most}."
        ));
    }
    if minimum > maximum {
        return refused("MinimumPollers must not be greater than MaximumPollers.");
    }
    Ok(())
}

fn filters(sent: &Object) -> Result<(), ApiError> {
    let filters = sent.get("FilterCriteria").and_then(|criteria| criteria.get("Filters"));
    let filters = filters.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if filters.len() > MOST_FILTERS {
        // The text isn't public.
        return refused(format!("The number of filters must not be greater than {MOST_FILTERS}."));
    }
    let valid = |filter: &Value| {
        let pattern = filter.get("Pattern").and_then(Value::as_str);
        let parsed = pattern.and_then(|pattern| serde_json::from_str(pattern).ok());
        parsed.is_some_and(|pattern: Value| is_pattern(&pattern))
    };
    if filters.iter().all(valid) {
        return Ok(());
    }
    refused("Invalid filter pattern definition.")
}

/// Objects all the way down, with a list of alternatives at every end.
fn is_pattern(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            !members.is_empty()
                && members.values().all(|value| {
                    is_pattern(value) || matches!(value, Value::Array(items) if !items.is_empty())
                })
        }
        _ => false,
    }
}

fn missing(source: EventSource, arn: &str) -> Result<(), ApiError> {
    match source {
        EventSource::Queue | EventSource::FifoQueue => refused(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
             Message: The specified queue does not exist.",
        ),
        EventSource::Kinesis | EventSource::DynamoDb => refused(format!("Stream not found: {arn}")),
        _ => Ok(()),
    }
}

/// <https://github.com/winglang/wing/issues/1507>
fn visibility(
    settings: &AccountSettings,
    source: EventSource,
    arn: &str,
    function: &Object,
) -> Result<(), ApiError> {
    let timeout = function.get("Timeout").and_then(Value::as_u64).unwrap_or(3);
    match settings.visibility_timeouts.get(arn) {
        Some(&visible) if source.is_queue() && visible < timeout => refused(format!(
            "Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::merge;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:orders";
    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-01-01T00:00:00.000";
    const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks";
    const CLUSTER: &str = "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1";
    const BROKER: &str = "arn:aws:mq:eu-west-1:111122223333:broker:b:b-1";
    const DATABASE: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:d";

    /// The refusal of a new mapping with a source and other members.
    fn refusal(arn: &str, more: &Value) -> Option<String> {
        let mut sent = more.as_object().unwrap().clone();
        if !arn.is_empty() {
            sent.insert("EventSourceArn".into(), arn.into());
        }
        let checked = check_create(&sent).and_then(|source| {
            let mut after = source.defaults("id");
            merge::apply(&mut after, source, &sent);
            check(source, &sent, &after)
        });
        checked.err().map(|error| error.message)
    }

    fn at(arn: &str, member: &str, value: &Value) -> Option<String> {
        refusal(arn, &json!({"StartingPosition": "LATEST", member: value}))
    }

    #[test]
    fn a_source_must_be_one() {
        assert_eq!(refusal("", &json!({})).unwrap(), "Unrecognized event source.");
        let topic = "arn:aws:sns:eu-west-1:111122223333:topic";
        assert_eq!(refusal(topic, &json!({})).unwrap(), "Unrecognized event source.");
    }

    #[test]
    fn positions_go_with_streams_and_kafka() {
        assert!(refusal(STREAM, &json!({})).unwrap().ends_with("Member must not be null."));
        assert!(refusal(CLUSTER, &json!({"Topics": ["t"]})).unwrap().contains("'startingPosition'"));
        let text = at(QUEUE, "BatchSize", &json!(1)).unwrap();
        assert_eq!(text, "StartingPosition is not valid for SQS event sources.");
        let then = json!({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1_700_000_000.5});
        assert_eq!(refusal(STREAM, &then), None);
        assert_eq!(
            refusal(TABLE, &then).unwrap(),
            format!("Unsupported starting position for arn type: {TABLE}")
        );
        assert!(refusal(STREAM, &json!({"StartingPosition": "AT_TIMESTAMP"})).is_some());
        let later = json!({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 9e9});
        assert!(refusal(STREAM, &later).unwrap().ends_with("cannot be in the future."));
    }

    #[test]
    fn some_sources_need_more() {
        let servers = json!({"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}});
        let own = json!({"SelfManagedEventSource": servers, "Topics": ["t"], "StartingPosition": "LATEST"});
        let text = "Required 'sourceAccessConfigurations' parameter is missing.";
        assert_eq!(refusal("", &own).unwrap(), text);
        assert_eq!(refusal(BROKER, &json!({"Queues": ["q"]})).unwrap(), text);
        assert!(at(CLUSTER, "BatchSize", &json!(1)).unwrap().contains("'topics'"));
        let access =
            json!([{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s"}]);
        let text = refusal(BROKER, &json!({"SourceAccessConfigurations": access})).unwrap();
        assert!(text.contains("'queues'"), "{text}");
        let text = at(DATABASE, "SourceAccessConfigurations", &access).unwrap();
        assert!(text.contains("'databaseName'"), "{text}");
    }

    #[test]
    fn parameters_of_other_sources_are_refused_by_name() {
        for (arn, member, value) in [
            (STREAM, "ScalingConfig", json!({"MaximumConcurrency": 5})),
            (STREAM, "Topics", json!(["t"])),
            (CLUSTER, "ParallelizationFactor", json!(2)),
        ] {
            let more = json!({"StartingPosition": "LATEST", "Topics": ["t"], member: value});
            let text = refusal(arn, &more).unwrap();
            assert!(text.ends_with("' parameter for given event source mapping type."), "{text}");
        }
        let text = refusal(QUEUE, &json!({"MaximumRetryAttempts": 1})).unwrap();
        assert_eq!(text, "Unsupported 'maximumRetryAttempts' parameter for given event source mapping type.");
        assert_eq!(refusal(QUEUE, &json!({"FilterCriteria": {}, "Topics": []})), None);
    }

    #[test]
    fn destinations_are_for_failures_of_streams_and_kafka() {
        let text = "Unsupported DestinationConfig parameter for given event source mapping type.";
        let to = |outcome: &str| json!({outcome: {"Destination": QUEUE}});
        assert_eq!(refusal("", &json!({"DestinationConfig": to("OnSuccess")})).unwrap(), text);
        assert_eq!(refusal(QUEUE, &json!({"DestinationConfig": to("OnFailure")})).unwrap(), text);
        assert_eq!(at(STREAM, "DestinationConfig", &to("OnFailure")), None);
    }

    #[test]
    fn large_batches_of_a_queue_need_a_window_that_fifo_queues_cannot_have() {
        let text = refusal(QUEUE, &json!({"BatchSize": 11})).unwrap();
        assert!(text.starts_with("Maximum batch window in seconds must be greater than 0"), "{text}");
        assert_eq!(refusal(QUEUE, &json!({"BatchSize": 11, "MaximumBatchingWindowInSeconds": 1})), None);
        let fifo = format!("{QUEUE}.fifo");
        let text = refusal(&fifo, &json!({"MaximumBatchingWindowInSeconds": 1})).unwrap();
        assert_eq!(text, "Batching window is not supported for FIFO queues");
        assert!(refusal(&fifo, &json!({"BatchSize": 11})).is_some());
        assert_eq!(refusal(&fifo, &json!({"BatchSize": 10})), None);
    }

    #[test]
    fn ages_and_pollers_have_narrower_limits_than_the_model() {
        assert!(at(STREAM, "MaximumRecordAgeInSeconds", &json!(59)).unwrap().contains("-1 (forever)"));
        assert_eq!(at(STREAM, "MaximumRecordAgeInSeconds", &json!(-1)), None);
        let pollers = |minimum: i64, maximum: i64| json!({"ProvisionedPollerConfig": {"MinimumPollers": minimum, "MaximumPollers": maximum}});
        assert!(refusal(QUEUE, &pollers(1, 5)).is_some());
        assert!(refusal(QUEUE, &pollers(6, 5)).is_some());
        assert_eq!(refusal(QUEUE, &pollers(2, 10_000)), None);
        let mut both = pollers(2, 5);
        both["ScalingConfig"] = json!({"MaximumConcurrency": 5});
        assert!(refusal(QUEUE, &both).unwrap().contains("together"));
    }

    #[test]
    fn filters_are_json_with_lists_at_the_ends() {
        let refused =
            |pattern: &str| refusal(QUEUE, &json!({"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}));
        for bad in [
            "null",
            "simple string",
            "\"text\"",
            r#"{"eventSource": "aws:sqs"}"#,
            r#"{"eventSource": []}"#,
            "",
            "{}",
        ] {
            assert_eq!(refused(bad).as_deref(), Some("Invalid filter pattern definition."), "{bad}");
        }
        assert_eq!(refused(r#"{"body": {"kind": ["order"], "n": [{"numeric": [">", 1]}]}}"#), None);
        let six: Vec<_> = (0..6).map(|n| json!({"Pattern": format!("{{\"a\": [{n}]}}")})).collect();
        assert!(refusal(QUEUE, &json!({"FilterCriteria": {"Filters": six}})).is_some());
    }

    #[test]
    fn updates_cannot_move_a_consumer_to_another_group() {
        let before = EventSource::ManagedKafka.defaults("id");
        let group = |id: &str| json!({"AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": id}});
        let update =
            |sent: &Value| check_update(EventSource::ManagedKafka, sent.as_object().unwrap(), &before);
        assert!(update(&group("other")).is_err());
        update(&group("id")).unwrap();
        update(&json!({"AmazonManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {}}})).unwrap();
    }

    #[test]
    fn the_world_around_refuses_too() {
        let mut settings = AccountSettings::default();
        let function = json!({"Role": "role", "Timeout": 60}).as_object().unwrap().clone();
        let refusal = |settings: &AccountSettings, source, arn| {
            check_world(settings, source, Some(arn), &function).err().map(|error| error.message)
        };
        assert_eq!(refusal(&settings, EventSource::Queue, QUEUE), None);
        settings.visibility_timeouts.insert(QUEUE.into(), 30);
        assert_eq!(
            refusal(&settings, EventSource::Queue, QUEUE).unwrap(),
            "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
        );
        settings.missing_sources.extend([QUEUE.to_owned(), STREAM.to_owned(), CLUSTER.to_owned()]);
        assert!(refusal(&settings, EventSource::Queue, QUEUE).unwrap().contains("NonExistentQueue"));
        assert_eq!(
            refusal(&settings, EventSource::Kinesis, STREAM).unwrap(),
            format!("Stream not found: {STREAM}")
        );
        assert_eq!(refusal(&settings, EventSource::ManagedKafka, CLUSTER), None, "it is connected to later");
        settings.unreadable_sources.extend([QUEUE.to_owned(), STREAM.to_owned()]);
        assert_eq!(refusal(&settings, EventSource::Queue, QUEUE).unwrap(), QUEUE_NOT_READABLE);
        assert!(
            refusal(&settings, EventSource::Kinesis, STREAM).unwrap().contains("ensure the role can perform")
        );
        settings.missing_roles.insert("role".into());
        assert_eq!(refusal(&settings, EventSource::Queue, QUEUE).unwrap(), ROLE_NOT_ASSUMABLE);
    }
}
