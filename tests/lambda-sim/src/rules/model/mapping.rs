//! The constraints of the API model on the members of CreateEventSourceMapping and UpdateEventSourceMapping.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{ANY_ARN, ANY_ARN_RE, Checks};
use crate::error::ApiError;
use crate::request::Object;

const FUNCTION: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
pub(in crate::rules) const SOURCE: &str = r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
const DESTINATION: &str = r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
const TOPIC: &str = r"[^.]([a-zA-Z0-9\-_.]+)";
const SERVER: &str = r"(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]*[a-zA-Z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\-]*[A-Za-z0-9]):[0-9]{1,5}";
const URI: &str = r"[ a-zA-Z0-9-/*:_+=.@-]*";
const DATABASE: &str = r"[^ /\.$\x22]*";
const COLLECTION: &str = r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)";
const GROUP: &str = "[a-zA-Z0-9-_]*";

static FUNCTION_RE: LazyLock<Regex> = whole!(FUNCTION);
pub(in crate::rules) static SOURCE_RE: LazyLock<Regex> = whole!(SOURCE);
static DESTINATION_RE: LazyLock<Regex> = whole!(DESTINATION);
static TOPIC_RE: LazyLock<Regex> = whole!(TOPIC);
static SERVER_RE: LazyLock<Regex> = whole!(SERVER);
static URI_RE: LazyLock<Regex> = whole!(URI);
static DATABASE_RE: LazyLock<Regex> = whole!(DATABASE);
/// Without the part of the pattern that looks ahead.
static COLLECTION_RE: LazyLock<Regex> = whole!("[_a-zA-Z0-9][^$]*");
static GROUP_RE: LazyLock<Regex> = whole!(GROUP);

const ACCESS_TYPES: [&str; 15] = [
    "BASIC_AUTH",
    "VPC_SUBNET",
    "VPC_SECURITY_GROUP",
    "SASL_SCRAM_512_AUTH",
    "SASL_SCRAM_256_AUTH",
    "VIRTUAL_HOST",
    "CLIENT_CERTIFICATE_TLS_AUTH",
    "SERVER_ROOT_CA_CERTIFICATE",
    "OAUTHBEARER_AUTH",
    "OAUTHBEARER_SCOPE",
    "OAUTHBEARER_AUDIENCE",
    "OAUTHBEARER_LOGICAL_CLUSTER",
    "OAUTHBEARER_IDENTITY_POOL",
    "IAM_AUTH",
    "IAM_OAUTHBEARER_AUTH",
];
const REGISTRY_ACCESS_TYPES: [&str; 4] =
    ["BASIC_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE", "OAUTHBEARER_AUTH"];

/// Checks a request; `required` are the members that must be there.
pub(crate) fn check(request: &Object, required: &[&str]) -> Result<(), ApiError> {
    let mut checks = Checks { request, failures: Vec::new() };
    for name in required {
        checks.present(name);
    }
    checks.mapping_scalars();
    checks.mapping_structures();
    checks.mapping_lists();
    checks.source_access();
    checks.servers();
    for kafka in ["AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"] {
        checks.kafka(kafka);
    }
    checks.tags();
    if checks.failures.is_empty() { Ok(()) } else { Err(ApiError::validation(&checks.failures)) }
}

impl Checks<'_> {
    fn mapping_scalars(&mut self) {
        self.text("FunctionName", 256, Some((&FUNCTION_RE, FUNCTION)));
        self.text("EventSourceArn", 10_000, Some((&SOURCE_RE, SOURCE)));
        self.text("KMSKeyArn", 10_000, Some((&ANY_ARN_RE, ANY_ARN)));
        self.one_of("StartingPosition", &["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"]);
        self.between("BatchSize", 1, 10_000);
        self.between("MaximumBatchingWindowInSeconds", 0, 300);
        self.between("ParallelizationFactor", 1, 10);
        self.between("MaximumRecordAgeInSeconds", -1, 604_800);
        self.between("MaximumRetryAttempts", -1, 10_000);
        self.between("TumblingWindowInSeconds", 0, 900);
    }

    fn mapping_structures(&mut self) {
        self.between("ScalingConfig.MaximumConcurrency", 2, 1000);
        self.between("ProvisionedPollerConfig.MinimumPollers", 1, 200);
        self.between("ProvisionedPollerConfig.MaximumPollers", 1, 10_000);
        self.text("ProvisionedPollerConfig.PollerGroupName", 128, Some((&GROUP_RE, GROUP)));
        self.one_of("LoggingConfig.SystemLogLevel", &["DEBUG", "INFO", "WARN"]);
        self.destinations();
        let database = "DocumentDBEventSourceConfig.DatabaseName";
        self.text(database, 63, Some((&DATABASE_RE, DATABASE)));
        let collection = "DocumentDBEventSourceConfig.CollectionName";
        self.text(collection, 57, Some((&COLLECTION_RE, COLLECTION)));
        self.one_of("DocumentDBEventSourceConfig.FullDocument", &["UpdateLookup", "Default"]);
    }

    /// Of a mapping, or of asynchronous invocations.
    pub(in crate::rules) fn destinations(&mut self) {
        for outcome in ["OnSuccess", "OnFailure"] {
            let path = format!("DestinationConfig.{outcome}.Destination");
            self.text(&path, 350, Some((&DESTINATION_RE, DESTINATION)));
        }
    }

    fn mapping_lists(&mut self) {
        let topic = format!("Member must satisfy regular expression pattern: {TOPIC}");
        self.list("Topics", 1..=1, |topic| topic.len() <= 249 && TOPIC_RE.is_match(topic), &topic);
        let queue = "Member must have length less than or equal to 1000";
        self.list("Queues", 1..=1, |queue| (1..=1000).contains(&queue.len()), queue);
        let response = "Member must satisfy enum value set: [ReportBatchItemFailures]";
        self.list("FunctionResponseTypes", 0..=1, |kind| kind == "ReportBatchItemFailures", response);
        let metrics = ["EventCount", "ErrorCount", "KafkaMetrics"];
        let constraint = format!("Member must satisfy enum value set: [{}]", metrics.join(", "));
        self.list("MetricsConfig.Metrics", 0..=3, |metric| metrics.contains(&metric), &constraint);
        self.each("FilterCriteria.Filters", "Pattern", |pattern| {
            let long = pattern.chars().count() > 4096;
            long.then(|| "Member must have length less than or equal to 4096".to_owned())
        });
    }

    fn source_access(&mut self) {
        let path = "SourceAccessConfigurations";
        self.list(path, 0..=23, |_| true, "");
        self.each(path, "Type", |kind| not_one_of(kind, &ACCESS_TYPES));
        self.each(path, "URI", |uri| {
            let good = (1..=200).contains(&uri.len()) && URI_RE.is_match(uri);
            (!good).then(|| format!("Member must satisfy regular expression pattern: {URI}"))
        });
    }

    fn servers(&mut self) {
        let path = "SelfManagedEventSource.Endpoints.KAFKA_BOOTSTRAP_SERVERS";
        let constraint = format!("Member must satisfy regular expression pattern: {SERVER}");
        self.list(path, 1..=10, |server| server.len() <= 300 && SERVER_RE.is_match(server), &constraint);
        let Some(endpoints) = self.at("SelfManagedEventSource.Endpoints").cloned() else { return };
        let known = |key: &String| key == "KAFKA_BOOTSTRAP_SERVERS";
        if endpoints.as_object().is_some_and(|map| map.is_empty() || !map.keys().all(known)) {
            let keys = "Map keys must satisfy constraint: [Member must satisfy enum value set: [KAFKA_BOOTSTRAP_SERVERS]]";
            self.fail("SelfManagedEventSource.Endpoints", Some(&endpoints), keys);
        }
    }

    fn kafka(&mut self, config: &str) {
        self.text(&format!("{config}.ConsumerGroupId"), 200, Some((&URI_RE, URI)));
        self.one_of(&format!("{config}.ConsumptionMode"), &["Stream", "Queue"]);
        let registry = format!("{config}.SchemaRegistryConfig");
        self.text(&format!("{registry}.SchemaRegistryURI"), 10_000, Some((&URI_RE, URI)));
        self.one_of(&format!("{registry}.EventRecordFormat"), &["JSON", "SOURCE"]);
        let access = format!("{registry}.AccessConfigs");
        self.each(&access, "Type", |kind| not_one_of(kind, &REGISTRY_ACCESS_TYPES));
        let validation = format!("{registry}.SchemaValidationConfigs");
        self.each(&validation, "Attribute", |attribute| not_one_of(attribute, &["KEY", "VALUE"]));
    }

    /// Checks one text member of every item of a list; `violated` names the constraint.
    fn each(&mut self, list: &str, member: &str, violated: impl Fn(&str) -> Option<String>) {
        let Some(Value::Array(items)) = self.at(list).cloned() else { return };
        for (at, item) in items.iter().enumerate() {
            let value = item.get(member);
            let text = value.and_then(Value::as_str);
            if let Some(constraint) = text.and_then(&violated) {
                self.fail(&format!("{list}.{}.member.{member}", at + 1), value, &constraint);
            }
        }
    }
}

fn not_one_of(text: &str, allowed: &[&str]) -> Option<String> {
    let known = allowed.contains(&text);
    (!known).then(|| format!("Member must satisfy enum value set: [{}]", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(request: &Value) -> Option<String> {
        check(request.as_object().unwrap(), &[]).err().map(|error| error.message)
    }

    #[test]
    fn an_unknown_position_is_refused_in_the_words_of_the_model() {
        assert_eq!(
            refused(&json!({"StartingPosition": "invalid"})).unwrap(),
            "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: \
             Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"
        );
    }

    #[test]
    fn every_member_has_its_limits() {
        let servers = |servers: Value| json!({"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": servers}}});
        for bad in [
            json!({"FunctionName": "a b"}),
            json!({"EventSourceArn": "orders"}),
            json!({"BatchSize": 0}),
            json!({"BatchSize": 10_001}),
            json!({"MaximumBatchingWindowInSeconds": 301}),
            json!({"ParallelizationFactor": 11}),
            json!({"MaximumRecordAgeInSeconds": -2}),
            json!({"MaximumRetryAttempts": 10_001}),
            json!({"TumblingWindowInSeconds": 901}),
            json!({"ScalingConfig": {"MaximumConcurrency": 1}}),
            json!({"ProvisionedPollerConfig": {"MinimumPollers": 201}}),
            json!({"ProvisionedPollerConfig": {"PollerGroupName": "a b"}}),
            json!({"LoggingConfig": {"SystemLogLevel": "ERROR"}}),
            json!({"DestinationConfig": {"OnFailure": {"Destination": "queue"}}}),
            json!({"DocumentDBEventSourceConfig": {"DatabaseName": "a.b"}}),
            json!({"Topics": []}),
            json!({"Topics": ["one", "two"]}),
            json!({"Topics": [".hidden"]}),
            json!({"Queues": [""]}),
            json!({"FunctionResponseTypes": ["Other"]}),
            json!({"MetricsConfig": {"Metrics": ["Other"]}}),
            json!({"FilterCriteria": {"Filters": [{"Pattern": "x".repeat(4097)}]}}),
            json!({"SourceAccessConfigurations": [{"Type": "OTHER", "URI": "x"}]}),
            json!({"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "{}"}]}),
            servers(json!([])),
            servers(json!(["no-port"])),
            json!({"SelfManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {"EventRecordFormat": "XML"}}}),
            json!({"KMSKeyArn": "key"}),
        ] {
            assert!(refused(&bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn good_requests_pass() {
        let good = json!({
            "FunctionName": "arn:aws:lambda:eu-west-1:111122223333:function:hello:live", "KMSKeyArn": "",
            "EventSourceArn": "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1", "Topics": ["orders"],
            "DestinationConfig": {"OnFailure": {"Destination": ""}}, "FunctionResponseTypes": [],
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b-1.kafka.example:9092"]}},
            "SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"}],
            "DocumentDBEventSourceConfig": {"DatabaseName": "shop", "CollectionName": "orders"},
            "AmazonManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {
                "SchemaRegistryURI": "https://registry.example", "EventRecordFormat": "JSON",
                "AccessConfigs": [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s"}],
                "SchemaValidationConfigs": [{"Attribute": "VALUE"}],
            }},
        });
        assert_eq!(refused(&good), None);
        let kafka = json!({"DestinationConfig": {"OnFailure": {"Destination": "kafka://failed"}}});
        assert_eq!(refused(&kafka), None);
    }
}
