//! Each field: noticed, named, left alone when it is ignored; and what can't be changed.

use std::collections::BTreeSet;

use lambda_operator_crds::conditions::Reason;
use serde_json::{Value, json};

use super::{Observed, created, planned};
use crate::mapping::desired::tests::from;
use crate::mapping::model::{Access, Filters, FunctionName, Pattern};
use crate::mapping::plan::Action;

/// A source, a path of the spec, and two values for it (null: absent).
fn rows() -> Vec<(&'static str, &'static str, Value, Value)> {
    let registry = |uri: &str| {
        json!({"schemaRegistryConfig": {"schemaRegistryURI": uri, "eventRecordFormat": "JSON",
            "schemaValidationConfigs": [{"attribute": "KEY"}]}})
    };
    let failed = |queue: &str| json!({"onFailure": {"destination": queue}});
    let filter = |word: &str| json!({"filters": [{"pattern": format!(r#"{{"body": ["{word}"]}}"#)}]});
    let secret =
        |arn: &str| json!([{"type": "BASIC_AUTH", "uri": arn}, {"type": "VIRTUAL_HOST", "uri": "/"}]);
    vec![
        ("sqs", "functionName", json!("hello:live"), json!("hello")),
        ("sqs", "enabled", json!(false), Value::Null),
        ("sqs", "batchSize", json!(5), Value::Null),
        ("rds", "batchSize", json!(5), Value::Null),
        ("sqs", "maximumBatchingWindowInSeconds", json!(5), Value::Null),
        ("kafka", "maximumBatchingWindowInSeconds", json!(5), json!(0)),
        ("sqs", "filterCriteria", filter("a"), Value::Null),
        ("sqs", "filterCriteria", filter("a"), filter("b")),
        ("sqs", "kmsKeyArn", json!("arn:aws:kms:eu-west-1:1:key/1"), Value::Null),
        ("sqs", "functionResponseTypes", json!(["ReportBatchItemFailures"]), Value::Null),
        ("sqs", "metricsConfig", json!({"metrics": ["EventCount"]}), Value::Null),
        ("kafka", "loggingConfig", json!({"systemLogLevel": "WARN"}), Value::Null),
        ("sqs", "scalingConfig", json!({"maximumConcurrency": 5}), Value::Null),
        ("sqs", "provisionedPollerConfig", json!({"maximumPollers": 5}), Value::Null),
        ("kafka", "provisionedPollerConfig", json!({"pollerGroupName": "g"}), json!({"minimumPollers": 1})),
        ("kinesis", "parallelizationFactor", json!(2), Value::Null),
        ("dynamodb", "tumblingWindowInSeconds", json!(30), Value::Null),
        ("kinesis", "bisectBatchOnFunctionError", json!(true), Value::Null),
        ("kinesis", "maximumRecordAgeInSeconds", json!(60), Value::Null),
        ("kinesis", "maximumRetryAttempts", json!(3), Value::Null),
        ("kinesis", "destinationConfig", failed("arn:aws:sqs:eu-west-1:1:q"), Value::Null),
        ("mq", "sourceAccessConfigurations", secret("arn:1"), secret("arn:2")),
        ("kafka", "amazonManagedKafkaEventSourceConfig", registry("arn:1"), Value::Null),
        ("", "selfManagedKafkaEventSourceConfig", registry("arn:1"), registry("arn:2")),
        ("rds", "documentDBEventSourceConfig", json!({"databaseName": "a"}), json!({"databaseName": "b"})),
    ]
}

fn spec(path: &str, value: &Value, ignore: bool) -> Value {
    let mut spec = json!({});
    if !value.is_null() {
        spec[path] = value.clone();
    }
    if ignore {
        spec["ignoreDrift"] = json!([path]);
    }
    spec
}

#[test]
fn each_field_is_set_and_removed_and_named_unless_it_is_ignored() {
    for (service, path, one, other) in rows() {
        for (has, wants) in [(&one, &other), (&other, &one)] {
            let observed = created(&from(service, spec(path, has, false)));
            let plan = planned(&from(service, spec(path, wants, false)), Some(&observed));
            assert!(matches!(&plan.actions[..], [Action::Update { .. }]), "{service} {path}: {plan:?}");
            assert_eq!(plan.differs, [path], "{service}");
            let plan = planned(&from(service, spec(path, wants, true)), Some(&observed));
            assert!(plan.actions.is_empty() && plan.differs.is_empty(), "{service}: {path} is ignored");
        }
    }
}

#[test]
fn what_is_fixed_at_creation_is_explained_unless_it_is_ignored() {
    let group = |group: &str| json!({"consumerGroupId": group});
    let host = |host: &str| json!([{"type": "VIRTUAL_HOST", "uri": host}]);
    let rows = [
        ("sqs", "eventSourceArn", json!("arn:aws:sqs:eu-west-1:1:a"), json!("arn:aws:sqs:eu-west-1:1:b")),
        ("", "selfManagedEventSource", servers("c:1"), servers("d:1")),
        ("kinesis", "startingPosition", json!("LATEST"), json!("TRIM_HORIZON")),
        (
            "kinesis",
            "startingPositionTimestamp",
            json!("2026-01-15T09:30:00Z"),
            json!("2026-01-15T09:31:00Z"),
        ),
        ("kafka", "topics", json!(["a"]), json!(["b"])),
        ("mq", "queues", json!(["a"]), json!(["b"])),
        ("kafka", "amazonManagedKafkaEventSourceConfig", group("a"), group("b")),
        ("", "selfManagedKafkaEventSourceConfig", json!({"consumptionMode": "Queue"}), Value::Null),
        ("mq", "sourceAccessConfigurations", host("/a"), host("/b")),
        ("kafka", "maximumBatchingWindowInSeconds", json!(5), Value::Null),
    ];
    for (service, path, has, wants) in rows {
        let observed = created(&from(service, spec(path, &has, false)));
        let plan = planned(&from(service, spec(path, &wants, false)), Some(&observed));
        assert!(plan.actions.is_empty(), "{path}");
        assert_eq!(
            (plan.verdict.reason(), &plan.differs[..]),
            (Reason::ImmutableFieldChanged, &[path.to_owned()][..])
        );
        let text = plan.verdict.message();
        assert!(text.contains(&format!("spec.{path} is ")) && text.contains("create a new"), "{text}");
        let plan = planned(&from(service, spec(path, &wants, true)), Some(&observed));
        assert!(plan.actions.is_empty() && plan.differs.is_empty(), "{path} is ignored");
    }
}

fn servers(server: &str) -> Value {
    json!({"endpoints": {"kafkaBootstrapServers": [server]}})
}

/// What an edit of AWS's is called, and the edit.
type Edit = (&'static str, fn(&mut Observed));

#[test]
fn what_aws_shows_in_another_way_is_no_difference() {
    let desired = from(
        "kafka",
        json!({
            "functionName": "hello:$LATEST", "kmsKeyArn": "arn:aws:kms:eu-west-1:1:key/1",
            "filterCriteria": {"filters": [{"pattern": r#"{"a": [1], "b": ["x"]}"#}, {"pattern": "{}"}]},
            "startingPosition": "LATEST",
        }),
    );
    let same: [Edit; 6] = [
        ("an order and spaces of its own", |o| {
            let patterns = [r"{}", r#"{ "b":["x"], "a":[1] }"#].map(Pattern::shown);
            o.configuration.filters = Filters::Known(BTreeSet::from(patterns));
        }),
        ("filters that it doesn't decrypt", |o| o.configuration.filters = Filters::Unknown),
        ("the consumer group that it has chosen", |o| o.fixed.consumer_group = Some("uuid".into())),
        ("$LATEST", |o| {
            let name = "arn:aws:lambda:eu-west-1:111122223333:function:hello:$LATEST";
            o.configuration.function = FunctionName::parse(name);
        }),
        ("half a second as 0", |o| o.configuration.window = Some(0)),
        ("a result of the last batch", |o| o.last_result = Some("PROBLEM: Connection error.".into())),
    ];
    for (what, edit) in same {
        let mut observed = created(&desired);
        edit(&mut observed);
        let plan = planned(&desired, Some(&observed));
        assert!(plan.actions.is_empty() && plan.differs.is_empty(), "{what}: {plan:?}");
    }
}

#[test]
fn means_of_access_are_a_set() {
    let access = |first: &str, second: &str| json!({"sourceAccessConfigurations": [{"type": "VPC_SUBNET", "uri": first}, {"type": "VPC_SUBNET", "uri": second}]});
    let mut observed = created(&from("", access("subnet:a", "subnet:b")));
    let desired = from("", access("subnet:b", "subnet:a"));
    assert!(planned(&desired, Some(&observed)).actions.is_empty());
    observed.configuration.access.insert(Access { kind: "VPC_SUBNET".into(), uri: Some("subnet:c".into()) });
    assert_eq!(planned(&desired, Some(&observed)).differs, ["sourceAccessConfigurations"]);
}

#[test]
fn how_often_a_share_group_tries_is_left_to_aws() {
    let mode = json!({"selfManagedKafkaEventSourceConfig": {"consumptionMode": "Queue"}});
    let desired = from("", mode);
    let mut observed = created(&desired);
    observed.configuration.maximum_retry_attempts = 5;
    assert!(planned(&desired, Some(&observed)).actions.is_empty());
}
