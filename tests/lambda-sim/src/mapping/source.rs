//! The types of event sources: how they are recognised, which parameters go with which, and their defaults
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html> and the guide's page of each
//! source, from <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html> on).

use serde_json::{Value, json};

use crate::merge::into_object;
use crate::request::Object;

/// What Lambda reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventSource {
    Queue,
    FifoQueue,
    Kinesis,
    DynamoDb,
    /// Amazon MSK.
    ManagedKafka,
    SelfManagedKafka,
    Mq,
    DocumentDb,
}

/// `StateTransitionReason` after a change by a user: streams say it in other words.
pub(crate) fn reason_of_user(config: &Object) -> &'static str {
    match EventSource::of(config) {
        Some(source) if source.is_stream() => "User action",
        _ => "USER_INITIATED",
    }
}

impl EventSource {
    /// The type, from the members of a request or of a configuration.
    pub(crate) fn of(members: &Object) -> Option<Self> {
        if members.contains_key("SelfManagedEventSource") {
            return Some(Self::SelfManagedKafka);
        }
        let arn = members.get("EventSourceArn")?.as_str()?;
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let ["arn", _, service, _, _, resource] = parts[..] else { return None };
        match service {
            "sqs" if resource.strip_suffix(".fifo").is_some() => Some(Self::FifoQueue),
            "sqs" => Some(Self::Queue),
            "kinesis" if resource.starts_with("stream/") => Some(Self::Kinesis),
            "dynamodb" if resource.contains("/stream/") => Some(Self::DynamoDb),
            "kafka" => Some(Self::ManagedKafka),
            "mq" => Some(Self::Mq),
            "rds" if resource.starts_with("cluster:") => Some(Self::DocumentDb),
            _ => None,
        }
    }

    pub(crate) fn is_queue(self) -> bool {
        matches!(self, Self::Queue | Self::FifoQueue)
    }

    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Kinesis | Self::DynamoDb)
    }

    pub(crate) fn is_kafka(self) -> bool {
        matches!(self, Self::ManagedKafka | Self::SelfManagedKafka)
    }

    /// Whether it starts at a position that must be said.
    pub(crate) fn has_position(self) -> bool {
        !self.is_queue() && self != Self::Mq
    }

    /// Whether a member of the request goes with it.
    pub(crate) fn takes(self, member: &str) -> bool {
        match member {
            "ParallelizationFactor" | "TumblingWindowInSeconds" => self.is_stream(),
            "StartingPosition" | "StartingPositionTimestamp" => self.has_position(),
            "BisectBatchOnFunctionError"
            | "MaximumRecordAgeInSeconds"
            | "MaximumRetryAttempts"
            | "DestinationConfig" => self.is_stream() || self.is_kafka(),
            "FunctionResponseTypes" | "MetricsConfig" => !matches!(self, Self::Mq | Self::DocumentDb),
            "Topics" | "LoggingConfig" => self.is_kafka(),
            "Queues" => self == Self::Mq,
            "SourceAccessConfigurations" => self.is_kafka() || matches!(self, Self::Mq | Self::DocumentDb),
            "ScalingConfig" => self.is_queue(),
            "ProvisionedPollerConfig" => self.is_queue() || self.is_kafka(),
            "AmazonManagedKafkaEventSourceConfig" => self == Self::ManagedKafka,
            "SelfManagedKafkaEventSourceConfig" => self == Self::SelfManagedKafka,
            "DocumentDBEventSourceConfig" => self == Self::DocumentDb,
            _ => true,
        }
    }

    /// The configuration of a mapping that was created with nothing but its source. The batching window of half a
    /// second that Kafka, MQ and DocumentDB begin with can't be said in seconds and isn't shown.
    pub(crate) fn defaults(self, uuid: &str) -> Object {
        let value = match self {
            Self::Queue | Self::FifoQueue => json!({
                "BatchSize": 10,
                "MaximumBatchingWindowInSeconds": 0,
                "FunctionResponseTypes": [],
            }),
            Self::Kinesis | Self::DynamoDb => json!({
                "BatchSize": 100,
                "MaximumBatchingWindowInSeconds": 0,
                "FunctionResponseTypes": [],
                "ParallelizationFactor": 1,
                "TumblingWindowInSeconds": 0,
                "BisectBatchOnFunctionError": false,
                "MaximumRecordAgeInSeconds": -1,
                "MaximumRetryAttempts": -1,
                "DestinationConfig": {"OnFailure": {}},
            }),
            Self::ManagedKafka | Self::SelfManagedKafka => json!({
                "BatchSize": 100,
                self.consumer(): {"ConsumerGroupId": uuid},
            }),
            Self::Mq => json!({"BatchSize": 100}),
            Self::DocumentDb => json!({
                "BatchSize": 100,
                "DocumentDBEventSourceConfig": {"FullDocument": "Default"},
            }),
        };
        let mut config = into_object(value);
        if !self.is_queue() {
            config.insert("LastProcessingResult".into(), "No records processed".into());
        }
        config
    }

    /// The member that holds the consumer group of a Kafka source.
    pub(crate) fn consumer(self) -> &'static str {
        if self == Self::ManagedKafka {
            "AmazonManagedKafkaEventSourceConfig"
        } else {
            "SelfManagedKafkaEventSourceConfig"
        }
    }

    /// The fewest and the most pollers in provisioned mode
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html>).
    pub(crate) fn pollers(self) -> (i64, i64) {
        if self.is_queue() { (2, 10_000) } else { (1, 2000) }
    }
}

/// Where a mapping reads from: the ARN, or the servers of a self-managed cluster.
pub(crate) fn places(members: &Object) -> Vec<&str> {
    if let Some(arn) = members.get("EventSourceArn").and_then(Value::as_str) {
        return vec![arn];
    }
    let endpoints = members.get("SelfManagedEventSource").and_then(|source| source.get("Endpoints"));
    let servers = endpoints.and_then(|endpoints| endpoints.get("KAFKA_BOOTSTRAP_SERVERS"));
    servers.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arn: &str) -> Option<EventSource> {
        EventSource::of(&into_object(json!({"EventSourceArn": arn})))
    }

    #[test]
    fn arns_name_the_type() {
        let at = |service: &str, resource: &str| {
            of(&format!("arn:aws:{service}:eu-west-1:111122223333:{resource}"))
        };
        assert_eq!(at("sqs", "orders"), Some(EventSource::Queue));
        assert_eq!(at("sqs", "orders.fifo"), Some(EventSource::FifoQueue));
        assert_eq!(at("kinesis", "stream/s/consumer/c:1"), Some(EventSource::Kinesis));
        assert_eq!(at("dynamodb", "table/t/stream/2026-01-01T00:00:00.000"), Some(EventSource::DynamoDb));
        assert_eq!(at("dynamodb", "table/t"), None);
        assert_eq!(at("kafka", "cluster/c/1"), Some(EventSource::ManagedKafka));
        assert_eq!(at("mq", "broker:b:b-1"), Some(EventSource::Mq));
        assert_eq!(at("rds", "cluster:c"), Some(EventSource::DocumentDb));
        assert_eq!(at("sns", "topic"), None);
        assert_eq!(of("orders"), None);
    }
}
