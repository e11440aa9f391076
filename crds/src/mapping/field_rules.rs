//! The validation rules of an EventSourceMapping that come in series: which field goes with which source, and what AWS
//! fixes at creation. Called by the `validation` attributes of `mapping`.

use kube::core::{Message, Rule};

use crate::rules::{expression, listed};

/// What an event source mapping reads from. Told apart by the service in `eventSourceArn`; a Kafka cluster outside of
/// AWS has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Sqs,
    Kinesis,
    DynamoDb,
    Msk,
    SelfManagedKafka,
    Mq,
    DocumentDb,
}

use Source::{DocumentDb, DynamoDb, Kinesis, Mq, Msk, SelfManagedKafka, Sqs};

impl Source {
    pub(crate) const STREAMS: &[Self] = &[Kinesis, DynamoDb];
    pub(crate) const KAFKA: &[Self] = &[Msk, SelfManagedKafka];
    pub(crate) const STREAMS_AND_KAFKA: &[Self] = &[Kinesis, DynamoDb, Msk, SelfManagedKafka];
    pub(crate) const WITH_A_POSITION: &[Self] = &[Kinesis, DynamoDb, Msk, SelfManagedKafka, DocumentDb];

    fn service(self) -> Option<&'static str> {
        match self {
            Sqs => Some("sqs"),
            Kinesis => Some("kinesis"),
            DynamoDb => Some("dynamodb"),
            Msk => Some("kafka"),
            SelfManagedKafka => None,
            Mq => Some("mq"),
            DocumentDb => Some("rds"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Sqs => "SQS",
            Kinesis => "Kinesis",
            DynamoDb => "DynamoDB",
            Msk => "MSK",
            SelfManagedKafka => "self-managed Kafka",
            Mq => "Amazon MQ",
            DocumentDb => "DocumentDB",
        }
    }
}

fn names(sources: &[Source]) -> String {
    listed(&sources.iter().map(|source| source.name()).collect::<Vec<_>>())
}

/// Whether the mapping reads from one of the sources, as an expression over its spec.
pub(crate) fn reads_from(sources: &[Source]) -> String {
    let services: Vec<&str> = sources.iter().filter_map(|source| source.service()).collect();
    let arn = format!("self.eventSourceArn.matches('^arn:[^:]*:({}):')", services.join("|"));
    match (services.is_empty(), sources.contains(&SelfManagedKafka)) {
        (true, _) => "has(self.selfManagedEventSource)".to_owned(),
        (false, true) => format!("(has(self.eventSourceArn) ? {arn} : has(self.selfManagedEventSource))"),
        (false, false) => format!("(has(self.eventSourceArn) && {arn})"),
    }
}

/// A field that only these sources have. A mapping without any source is another rule's concern.
pub(crate) fn only_for(field: &str, sources: &[Source]) -> Rule {
    Rule::new(format!(
        "!has(self.{field}) || (!has(self.eventSourceArn) && !has(self.selfManagedEventSource)) || {}",
        reads_from(sources)
    ))
    .message(expression(format!(
        r#""spec.{field} is for {}, not for " + (has(self.eventSourceArn) ? self.eventSourceArn : "self-managed Kafka") + "; remove it""#,
        names(sources)
    )))
}

/// A field that these sources can't do without.
pub(crate) fn needed_for(field: &str, sources: &[Source], remedy: &str) -> Rule {
    Rule::new(format!("!{} || has(self.{field})", reads_from(sources)))
        .message(format!("spec.{field} is required for {}; {remedy}", names(sources)).as_str())
}

/// A field of a mapping that AWS fixes at creation, compared as it is.
pub(crate) fn created_with(field: &str) -> Rule {
    Rule::new(unchanged(field)).message(
        format!("spec.{field} can't be changed, added or removed ({AT_CREATION}); {REPLACE}").as_str(),
    )
}

/// The same for one whose text (`suffix` leads to it) is short enough to be shown.
pub(crate) fn created_with_shown(field: &str, suffix: &str) -> Rule {
    let shown = |of: &str| format!(r#"(has({of}.{field}) ? {of}.{field}{suffix} : "nothing")"#);
    Rule::new(unchanged(field)).message(replace(field, &shown("oldSelf"), &shown("self")))
}

fn unchanged(field: &str) -> String {
    format!(
        "has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"
    )
}

/// The Kafka consumer group, which by default is the mapping's UUID, stays.
pub(crate) fn consumer_group_is_fixed(config: &str) -> Rule {
    let uuid = "(has(oldSelf.status) && has(oldSelf.status.uuid) ? oldSelf.status.uuid : '')";
    let group = |of: &str| {
        format!(
            "(has({of}.spec.{config}) && has({of}.spec.{config}.consumerGroupId) ? {of}.spec.{config}.consumerGroupId : {uuid})"
        )
    };
    let shown = |of: &str| format!(r#"({0} == "" ? "the mapping's UUID" : {0})"#, group(of));
    Rule::new(format!("{} == {}", group("self"), group("oldSelf"))).message(replace(
        &format!("{config}.consumerGroupId"),
        &shown("oldSelf"),
        &shown("self"),
    ))
}

/// How a self-managed Kafka topic is read stays.
pub(crate) fn consumption_mode_is_fixed() -> Rule {
    let config = "selfManagedKafkaEventSourceConfig";
    let mode = |of: &str| {
        format!(
            "(has({of}.{config}) && has({of}.{config}.consumptionMode) ? {of}.{config}.consumptionMode : 'Stream')"
        )
    };
    let (new, old) = (mode("self"), mode("oldSelf"));
    Rule::new(format!("{new} == {old}")).message(replace(&format!("{config}.consumptionMode"), &old, &new))
}

/// The virtual host of a RabbitMQ broker stays.
pub(crate) fn virtual_host_is_fixed() -> Rule {
    let field = "sourceAccessConfigurations";
    let within = |one: &str, other: &str| {
        format!(
            "(!has({one}.{field}) || {one}.{field}.all(x, x.type != 'VIRTUAL_HOST' || (has({other}.{field}) && {other}.{field}.exists(y, y == x))))"
        )
    };
    Rule::new(format!("{} && {}", within("self", "oldSelf"), within("oldSelf", "self"))).message(
        format!(
            "the VIRTUAL_HOST of spec.{field} can't be changed, added or removed ({AT_CREATION}); {REPLACE}"
        )
        .as_str(),
    )
}

const AT_CREATION: &str = "AWS fixes it at creation";
const REPLACE: &str = "create a new EventSourceMapping and delete this one";

fn replace(field: &str, old: &str, new: &str) -> Message {
    expression(format!(
        r#""spec.{field} can't be changed from " + {old} + " to " + {new} + " ({AT_CREATION}); {REPLACE}""#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::message;

    #[test]
    fn sources_are_told_apart_by_the_service_of_their_arn() {
        let services = |sources| reads_from(sources);
        assert_eq!(
            services(Source::STREAMS),
            "(has(self.eventSourceArn) && self.eventSourceArn.matches('^arn:[^:]*:(kinesis|dynamodb):'))"
        );
        assert_eq!(
            services(Source::KAFKA),
            "(has(self.eventSourceArn) ? self.eventSourceArn.matches('^arn:[^:]*:(kafka):') : has(self.selfManagedEventSource))"
        );
        assert_eq!(services(&[SelfManagedKafka]), "has(self.selfManagedEventSource)");
    }

    #[test]
    fn a_field_of_other_sources_is_named_with_the_source_at_hand() {
        let rule = only_for("queues", &[Mq]);
        assert!(rule.rule.starts_with("!has(self.queues) ||"), "{}", rule.rule);
        for words in ["spec.queues is for Amazon MQ, not for", "self-managed Kafka", "remove it"] {
            assert!(message(&rule).contains(words), "no {words:?} in {}", message(&rule));
        }
    }

    #[test]
    fn what_is_fixed_says_how_to_replace() {
        for rule in [
            created_with("startingPositionTimestamp"),
            created_with_shown("topics", "[0]"),
            consumer_group_is_fixed("amazonManagedKafkaEventSourceConfig"),
            consumption_mode_is_fixed(),
            virtual_host_is_fixed(),
        ] {
            for words in ["can't be changed", "AWS fixes it at creation", REPLACE] {
                assert!(message(&rule).contains(words), "no {words:?} in {}", message(&rule));
            }
        }
    }
}
