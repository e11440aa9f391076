//! A mapping that is taken over by what its manifest says is changed in nothing but ownership tags.

use lambda_operator_crds::{CommonSpec, EventSourceMapping};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::created;
use crate::engine::kind::Inputs;
use crate::manifest::{changes, owner};
use crate::mapping::EventSourceMappings;
use crate::mapping::desired::{Desired, parse, tests::object};
use crate::mapping::manifest::{Reader, spec};
use crate::mapping::model::{Filters, FunctionName, Observed};

fn written(observed: &Observed) -> EventSourceMapping {
    let common =
        CommonSpec { adopt: Some(lambda_operator_crds::AdoptPolicy::Unowned), ..CommonSpec::default() };
    let reader = Reader::Named(observed.configuration.function.clone());
    EventSourceMapping::new("orders", spec(observed, reader, common))
}

fn changed(observed: &Observed) -> Vec<String> {
    let mut owned = observed.clone();
    owned.tags.as_mut().unwrap().as_mut().unwrap().extend(owner().tags());
    changes::<EventSourceMappings>(&written(observed), &Inputs::new(), &owned)
}

/// What AWS has of a mapping that the operator knows nothing of.
fn unowned(desired: &Desired) -> Observed {
    Observed { tags: Some(Ok(desired.tags.clone())), ..created(desired) }
}

fn of(spec: Value) -> Observed {
    unowned(&parse(&object(spec), FunctionName::parse("hello")).unwrap())
}

#[test]
fn what_is_awss_default_is_not_written() {
    let arn = "arn:aws:sqs:eu-west-1:111122223333:orders";
    let spec = serde_json::to_value(written(&of(json!({"eventSourceArn": arn}))).spec).unwrap();
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
    assert_eq!(spec, json!({"adopt": "Unowned", "functionName": function, "eventSourceArn": arn}));
}

#[test]
fn every_source_is_taken_over_as_it_is() {
    let arn = |rest: &str| format!("arn:aws:{rest}");
    for spec in [
        json!({"eventSourceArn": arn("sqs:eu-west-1:1:q"), "batchSize": 100, "maximumBatchingWindowInSeconds": 5,
            "scalingConfig": {"maximumConcurrency": 7}, "functionResponseTypes": ["ReportBatchItemFailures"],
            "filterCriteria": {"filters": [{"pattern": r#"{"a": [1]}"#}]}, "kmsKeyArn": arn("kms:eu-west-1:1:key/k"),
            "tags": {"team": "a"}, "enabled": false}),
        json!({"eventSourceArn": arn("dynamodb:eu-west-1:1:table/t/stream/1"), "startingPosition": "TRIM_HORIZON",
            "parallelizationFactor": 2, "maximumRecordAgeInSeconds": 60, "maximumRetryAttempts": 0,
            "bisectBatchOnFunctionError": true, "tumblingWindowInSeconds": 30,
            "destinationConfig": {"onFailure": {"destination": arn("sqs:eu-west-1:1:dead")}}}),
        json!({"eventSourceArn": arn("kinesis:eu-west-1:1:stream/s"), "startingPosition": "AT_TIMESTAMP",
            "startingPositionTimestamp": "2026-01-15T09:30:00Z"}),
        json!({"eventSourceArn": arn("kafka:eu-west-1:1:cluster/c/1"), "startingPosition": "LATEST", "topics": ["orders"],
            "loggingConfig": {"systemLogLevel": "WARN"}, "metricsConfig": {"metrics": ["ErrorCount", "EventCount"]},
            "provisionedPollerConfig": {"minimumPollers": 1, "maximumPollers": 20, "pollerGroupName": "shared"},
            "amazonManagedKafkaEventSourceConfig": {"consumerGroupId": "g", "schemaRegistryConfig": {
                "schemaRegistryURI": "https://registry.example", "eventRecordFormat": "SOURCE",
                "accessConfigs": [{"type": "BASIC_AUTH", "uri": "arn:s"}], "schemaValidationConfigs": [{"attribute": "KEY"}]}}}),
        json!({"selfManagedEventSource": {"endpoints": {"kafkaBootstrapServers": ["b.example:9092", "a.example:9092"]}},
            "topics": ["orders"], "selfManagedKafkaEventSourceConfig": {"consumptionMode": "Queue"}, "maximumRetryAttempts": 3,
            "sourceAccessConfigurations": [{"type": "SASL_SCRAM_512_AUTH", "uri": "arn:s"}, {"type": "IAM_AUTH"}]}),
        json!({"eventSourceArn": arn("mq:eu-west-1:1:broker:b:b-1"), "queues": ["q"], "sourceAccessConfigurations":
            [{"type": "VIRTUAL_HOST", "uri": "/"}, {"type": "BASIC_AUTH", "uri": "arn:s"}]}),
        json!({"eventSourceArn": arn("rds:eu-west-1:1:cluster:c"), "startingPosition": "LATEST", "documentDBEventSourceConfig":
            {"databaseName": "d", "collectionName": "c", "fullDocument": "UpdateLookup"}}),
    ] {
        let observed = of(spec.clone());
        assert_eq!(changed(&observed), Vec::<String>::new(), "{spec}");
        let again = serde_json::to_value(written(&observed).spec).unwrap();
        for (field, value) in
            spec.as_object().unwrap().iter().filter(|(field, _)| *field != "sourceAccessConfigurations")
        {
            if field == "selfManagedEventSource" {
                let servers = &again[field]["endpoints"]["kafkaBootstrapServers"];
                assert_eq!(servers, &json!(["a.example:9092", "b.example:9092"]));
            } else {
                assert_eq!(&again[field], value, "{field}");
            }
        }
    }
}

#[test]
fn one_that_lambda_has_stopped_is_not_started_and_filters_that_are_hidden_stay() {
    let mut observed = of(json!({"eventSourceArn": "arn:aws:sqs:eu-west-1:1:q"}));
    observed.state = "Disabled".into();
    observed.state_reason = Some("LAMBDA_INITIATED".into());
    observed.configuration.filters = Filters::Unknown;
    observed.configuration.kms_key_arn = "arn:aws:kms:eu-west-1:1:key/k".into();
    let spec = written(&observed).spec;
    assert_eq!(
        (spec.enabled, spec.common.ignore_drift),
        (Some(false), Some(vec!["filterCriteria".to_owned()]))
    );
    assert_eq!(changed(&observed), Vec::<String>::new());
}

proptest! {
    #[test]
    fn a_mapping_that_is_taken_over_by_its_manifest_is_not_changed(desired in super::property::desired()) {
        prop_assert_eq!(changed(&unowned(&desired)), Vec::<String>::new());
    }
}
