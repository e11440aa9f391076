//! What AWS has after a change to a mapping, before anybody has made it. Pure.

use lambda_operator_crds::CommonSpec;
use serde_json::Value;

use super::EventSourceMappings;
use super::Id;
use super::desired::Desired;
use super::execute::after;
use super::field::Field;
use super::manifest::{self, Reader};
use super::model::{Configuration, Observed};
use super::plan::Action;
use crate::engine::forecast::{Foresee, LATER, Place, view_of};

impl Foresee for EventSourceMappings {
    fn foresee(
        _: Option<&Id>,
        action: &Action,
        observed: Option<&Observed>,
        place: &Place,
    ) -> Option<Observed> {
        match action {
            Action::Delete | Action::Disown(_) => None,
            Action::Create { fixed, configuration, enabled, tags } => {
                let arn = place.arn(format_args!("event-source-mapping:{LATER}"));
                let mut configuration = (**configuration).clone();
                configuration.function = configuration.function.at(&arn);
                Some(Observed {
                    uuid: LATER.to_owned(),
                    arn,
                    state: state(*enabled),
                    state_reason: None,
                    last_result: None,
                    last_modified: None,
                    filter_error: None,
                    fixed: (**fixed).clone(),
                    configuration,
                    tags: Some(Ok(tags.clone())),
                })
            }
            Action::ReadTags => observed.cloned(),
            Action::Own { .. } | Action::Tag(_) | Action::Untag(_) => after(action, observed),
            Action::Update { configuration, fields, enabled, paths: _ } => {
                let mut next = observed?.clone();
                let mut sent = (**configuration).clone();
                sent.function = sent.function.at(&next.arn);
                for field in fields {
                    copy(*field, &sent, &mut next.configuration);
                }
                if let Some(enabled) = enabled {
                    next.state = state(*enabled);
                    next.state_reason = None;
                }
                Some(next)
            }
        }
    }

    fn view(observed: &Observed) -> Value {
        let function = observed.configuration.function.clone();
        view_of(&manifest::spec(observed, Reader::Named(function), CommonSpec::default()))
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Own { .. })
    }

    fn asks(action: &Action) -> bool {
        matches!(action, Action::ReadTags)
    }

    fn likeness(desired: &Desired) -> Option<Id> {
        let function = desired.configuration.function.to_string();
        Some(Id::Pair { function, fixed: Box::new(desired.fixed.clone()), tags: false })
    }
}

fn state(enabled: bool) -> String {
    if enabled { "Enabled" } else { "Disabled" }.to_owned()
}

/// Changes one field.
fn copy(field: Field, from: &Configuration, to: &mut Configuration) {
    match field {
        Field::Function => to.function.clone_from(&from.function),
        Field::BatchSize => to.batch_size = from.batch_size,
        Field::Window => to.window = from.window,
        Field::Filters => to.filters.clone_from(&from.filters),
        Field::KmsKey => to.kms_key_arn.clone_from(&from.kms_key_arn),
        Field::ResponseTypes => to.response_types.clone_from(&from.response_types),
        Field::Metrics => to.metrics.clone_from(&from.metrics),
        Field::Logging => to.log_level.clone_from(&from.log_level),
        Field::Scaling => to.maximum_concurrency = from.maximum_concurrency,
        Field::Pollers => to.pollers.clone_from(&from.pollers),
        Field::Parallelization => to.parallelization_factor = from.parallelization_factor,
        Field::TumblingWindow => to.tumbling_window = from.tumbling_window,
        Field::Bisect => to.bisect = from.bisect,
        Field::RecordAge => to.maximum_record_age = from.maximum_record_age,
        Field::RetryAttempts => to.maximum_retry_attempts = from.maximum_retry_attempts,
        Field::Destination => to.on_failure.clone_from(&from.on_failure),
        Field::Access => to.access.clone_from(&from.access),
        Field::ManagedKafka | Field::SelfManagedKafka => to.registry.clone_from(&from.registry),
        Field::Database => to.database.clone_from(&from.database),
        // The state says whether it reads, and no update changes the others.
        Field::Enabled
        | Field::EventSource
        | Field::SelfManagedSource
        | Field::StartingPosition
        | Field::StartingTimestamp
        | Field::Topics
        | Field::Queues => {}
    }
}
