//! What was carried out leaves nothing to do, from wherever it started.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Observed, created, facts, having, owner, plan};
use crate::engine::forecast::{Foresee as _, Place};
use crate::mapping::EventSourceMappings;
use crate::mapping::desired::Desired;
use crate::mapping::desired::tests::from;
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
fn applied(observed: Observed, actions: &[Action]) -> Observed {
    let place = Place { account: "111122223333".into(), region: "eu-west-1".into() };
    let next = |has: Observed, action| EventSourceMappings::foresee(None, action, Some(&has), &place);
    actions.iter().fold(observed, |has, action| next(has, action).expect("nothing is deleted here"))
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
