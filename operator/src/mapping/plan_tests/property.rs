//! What was carried out leaves nothing to do, from wherever it started.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Observed, created, facts, having, owner, plan};
use crate::mapping::desired::Desired;
use crate::mapping::desired::tests::from;
use crate::mapping::field::Field;
use crate::mapping::model::Configuration;
use crate::mapping::plan::Action;

/// A stream, which takes most fields, or a Kafka topic.
pub(super) fn desired() -> impl Strategy<Value = Desired> {
    let streams = (any::<bool>(), 1..9_i32, 0..4_i32, 1..4_i32, 0..3_i32, any::<bool>()).prop_map(
        |(enabled, batch, window, factor, tumbling, bisect)| {
            let stream = json!({
                "enabled": enabled, "batchSize": batch, "maximumBatchingWindowInSeconds": window,
                "parallelizationFactor": factor, "tumblingWindowInSeconds": tumbling, "startingPosition": "LATEST",
                "bisectBatchOnFunctionError": bisect, "tags": {"team": batch.to_string()},
                "filterCriteria": {"filters": [{"pattern": format!(r#"{{"n": [{window}]}}"#)}]},
                "destinationConfig": {"onFailure": {"destination": if bisect { "arn:aws:sqs:eu-west-1:1:q" } else { "" }}},
            });
            from("kinesis", stream)
        },
    );
    let topics = (any::<bool>(), 1..9_i32, prop::option::of(1..4_i32), any::<bool>()).prop_map(
        |(enabled, batch, pollers, registry)| {
            let mut topic = json!({
                "enabled": enabled, "batchSize": batch, "startingPosition": "LATEST", "topics": ["orders"],
                "provisionedPollerConfig": pollers.map(|least| json!({"minimumPollers": least})),
                "metricsConfig": {"metrics": if registry { json!(["EventCount"]) } else { json!([]) }},
            });
            if registry {
                let registry = json!({"schemaRegistryURI": "arn:r", "eventRecordFormat": "SOURCE"});
                topic["amazonManagedKafkaEventSourceConfig"] = json!({"schemaRegistryConfig": registry});
            }
            from("kafka", without_nulls(topic))
        },
    );
    prop_oneof![streams, topics]
}

fn without_nulls(mut value: Value) -> Value {
    value.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    value
}

/// What AWS has after the actions.
fn applied(mut observed: Observed, actions: &[Action]) -> Observed {
    for action in actions {
        let tags = observed.tags.as_mut().unwrap().as_mut().unwrap();
        match action {
            Action::Update { configuration, fields, enabled, .. } => {
                update(&mut observed.configuration, configuration, fields.iter().copied());
                if let Some(enabled) = enabled {
                    observed.state = if *enabled { "Enabled" } else { "Disabled" }.into();
                }
            }
            Action::Tag(set) | Action::Own { tags: set, .. } => tags.extend(set.clone()),
            Action::Untag(keys) => tags.retain(|key, _| !keys.contains(key)),
            other => panic!("{other:?} is not expected here"),
        }
    }
    observed
}

fn update(has: &mut Configuration, sent: &Configuration, fields: impl Iterator<Item = Field>) {
    let sent = sent.clone();
    for field in fields {
        match field {
            Field::BatchSize => has.batch_size = sent.batch_size,
            Field::Window => has.window = sent.window,
            Field::Filters => has.filters = sent.filters.clone(),
            Field::Metrics => has.metrics = sent.metrics.clone(),
            Field::Pollers => has.pollers = sent.pollers.clone(),
            Field::Parallelization => has.parallelization_factor = sent.parallelization_factor,
            Field::TumblingWindow => has.tumbling_window = sent.tumbling_window,
            Field::Bisect => has.bisect = sent.bisect,
            Field::Destination => has.on_failure = sent.on_failure.clone(),
            Field::ManagedKafka => has.registry = sent.registry.clone(),
            other => panic!("{other:?} didn't differ"),
        }
    }
}

proptest! {
    #[test]
    fn what_was_carried_out_leaves_nothing_to_do(before in desired(), wanted in desired()) {
        prop_assume!(before.fixed.source == wanted.fixed.source);
        let (owner, status) = (owner(), having());
        let known = facts(&owner, &status);
        let observed = created(&before);
        let first = plan(&wanted, Some(&observed), &known);
        prop_assert_eq!(first.actions.is_empty(), first.differs.is_empty());
        let second = plan(&wanted, Some(&applied(observed, &first.actions)), &known);
        prop_assert!(second.actions.is_empty() && second.differs.is_empty(), "{:?} then {:?}", first, second);
    }
}
