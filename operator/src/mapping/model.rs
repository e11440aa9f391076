//! A mapping in plain data, the same types for what is wanted and what AWS has. Where AWS shows a default as absent,
//! empty or a number of its own, all of these are one value here, so that they compare as equal.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::engine::tags::Tags;
use crate::engine::usage;

/// What CreateEventSourceMapping sets for good.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html> has no members for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// What is read.
    pub source: Source,
    /// Where reading began.
    pub starting_position: Option<String>,
    /// The same as a time, in seconds since 1970.
    pub starting_at: Option<i64>,
    /// The Kafka topic.
    pub topics: BTreeSet<String>,
    /// The queue of a broker.
    pub queues: BTreeSet<String>,
    /// Kafka consumer group; `None` leaves it to AWS, which takes the UUID.
    pub consumer_group: Option<String>,
    /// `Stream` or `Queue`.
    pub consumption_mode: String,
    /// Virtual host of a RabbitMQ broker.
    pub virtual_host: Option<String>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A resource of AWS.
    Arn(String),
    /// A Kafka cluster of somebody else's, by its bootstrap servers.
    Kafka(BTreeSet<String>),
}

impl Source {
    /// The ARN, where it has one.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Kafka(_) => None,
        }
    }

    /// The service in the ARN, such as `sqs`.
    pub fn service(&self) -> &str {
        self.arn().and_then(|arn| arn.split(':').nth(2)).unwrap_or_default()
    }

    /// Whether it is Kafka, Amazon's or not.
    pub fn is_kafka(&self) -> bool {
        matches!(self, Self::Kafka(_)) || self.service() == "kafka"
    }

    /// The batch size that AWS takes by default.
    pub fn default_batch_size(&self) -> i32 {
        if self.service() == "sqs" { 10 } else { 100 }
    }

    /// The batching window in seconds that AWS takes by default; `None`: half a second, which it can't be set to.
    pub fn default_window(&self) -> Option<i32> {
        matches!(self.service(), "sqs" | "kinesis" | "dynamodb").then_some(0)
    }

    /// The fewest pollers in provisioned mode, the most by default.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html>
    pub fn default_pollers(&self) -> (i32, i32) {
        (if self.service() == "sqs" { 2 } else { 1 }, 200)
    }
}

/// What UpdateEventSourceMapping changes, with AWS's defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Who gets the events.
    pub function: FunctionName,
    /// Most records of one call.
    pub batch_size: i32,
    /// Longest wait for a batch to fill, in seconds; `None`: AWS's half a second.
    pub window: Option<i32>,
    /// Which records are of interest.
    pub filters: Filters,
    /// Key that encrypts the filters, empty when none.
    pub kms_key_arn: String,
    /// What the function says of a batch.
    pub response_types: BTreeSet<String>,
    /// Groups of metrics.
    pub metrics: BTreeSet<String>,
    /// Level of the logs, empty when there are none.
    pub log_level: String,
    /// Limit of concurrent calls.
    pub maximum_concurrency: Option<i32>,
    /// Pollers of its own.
    pub pollers: Option<Pollers>,
    /// Batches of a shard at the same time.
    pub parallelization_factor: i32,
    /// Window of aggregation in seconds, 0 for none.
    pub tumbling_window: i32,
    /// Whether failed batches are split.
    pub bisect: bool,
    /// Age in seconds at which a record is given up, -1 for never.
    pub maximum_record_age: i32,
    /// Attempts after which a record is given up, -1 for never.
    pub maximum_retry_attempts: i32,
    /// Where given up records go, empty for nowhere.
    pub on_failure: String,
    /// Means of access to the source, but for the virtual host.
    pub access: BTreeSet<Access>,
    /// Schema registry of a Kafka source.
    pub registry: Option<Registry>,
    /// Database of a DocumentDB source.
    pub database: Option<Database>,
}

impl Configuration {
    /// What AWS makes of a mapping for which nothing is said but who reads what.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
    pub fn default_for(source: &Source, function: FunctionName) -> Self {
        Self {
            function,
            batch_size: source.default_batch_size(),
            window: source.default_window(),
            filters: Filters::Known(BTreeSet::new()),
            kms_key_arn: String::new(),
            response_types: BTreeSet::new(),
            metrics: BTreeSet::new(),
            log_level: String::new(),
            maximum_concurrency: None,
            pollers: None,
            parallelization_factor: 1,
            tumbling_window: 0,
            bisect: false,
            maximum_record_age: -1,
            maximum_retry_attempts: -1,
            on_failure: String::new(),
            access: BTreeSet::new(),
            registry: None,
            database: None,
        }
    }
}

/// Which records are of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filters {
    /// One of these has to match; empty: all records are.
    Known(BTreeSet<Pattern>),
    /// AWS doesn't say: lists and the answers to changes don't decrypt filters, and a key may be out of reach.
    Unknown,
}

/// A filter pattern, compared as JSON.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    /// The same without spaces, members in order; the text as it is if it isn't JSON.
    canonical: String,
}

impl Pattern {
    /// A pattern as AWS shows it, whatever it is.
    pub fn shown(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self { text: text.to_owned(), canonical: text.to_owned() })
    }

    /// A pattern as somebody wrote it.
    ///
    /// # Errors
    /// It isn't JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        // Members are in order in `serde_json::Map`.
        let value: serde_json::Value = serde_json::from_str(text)?;
        Ok(Self { text: text.to_owned(), canonical: value.to_string() })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

/// Pollers of a mapping's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pollers {
    /// Fewest.
    pub minimum: i32,
    /// Most.
    pub maximum: i32,
    /// Group that shares them, empty when none.
    pub group: String,
}

/// One means of access: type and value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// Such as `BASIC_AUTH`.
    pub kind: String,
    /// Such as the ARN of a secret.
    pub uri: Option<String>,
}

/// A schema registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    /// ARN or URL.
    pub uri: String,
    /// `JSON` or `SOURCE`.
    pub format: String,
    /// Type and ARN of secrets.
    pub access: BTreeSet<(String, String)>,
    /// `KEY`, `VALUE`.
    pub validated: BTreeSet<String>,
}

/// A database of DocumentDB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// A collection; `None`: all of them.
    pub collection: Option<String>,
    /// `Default` or `UpdateLookup`.
    pub full_document: String,
}

/// A function, or a version or alias of one. `:$LATEST` is the function itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// What comes before `:function:` in the ARN; `None`: wherever the mapping is.
    place: Option<String>,
    name: String,
    qualifier: Option<String>,
}

impl FunctionName {
    /// From a name or ARN, with or without a version or alias.
    pub fn parse(text: &str) -> Self {
        let (place, rest) = match text.split_once(":function:") {
            Some((place, rest)) => (Some(place.to_owned()), rest),
            None => (None, text),
        };
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        let qualifier = qualifier.filter(|qualifier| *qualifier != "$LATEST").map(ToOwned::to_owned);
        Self { place, name: name.to_owned(), qualifier }
    }

    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that it names by its number, as [`usage`] knows it; `account` and `region` are the mapping's, as far
    /// as they are known.
    pub fn version(&self, account: Option<&str>, region: Option<&str>) -> Option<String> {
        let number = self.qualifier.as_ref().filter(|q| q.bytes().all(|byte| byte.is_ascii_digit()))?;
        // `arn:aws:lambda:<region>:<account>`, or the account alone.
        let mut parts = self.place.iter().flat_map(|place| place.rsplit(':'));
        let (own_account, own_region) = (parts.next(), parts.next());
        Some(usage::version_at(own_account.or(account)?, own_region.or(region)?, &self.name, number))
    }

    /// The same as AWS shows it for a mapping of this ARN.
    #[must_use]
    pub fn at(mut self, mapping_arn: &str) -> Self {
        if self.place.is_none() {
            self.place = mapping_arn.split_once(":event-source-mapping:").map(|(place, _)| place.to_owned());
        }
        self
    }
}

impl std::fmt::Display for FunctionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}:function:")?;
        }
        f.write_str(&self.name)?;
        self.qualifier.as_ref().map_or(Ok(()), |qualifier| write!(f, ":{qualifier}"))
    }
}

/// A mapping as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its id.
    pub uuid: String,
    /// Its ARN.
    pub arn: String,
    /// Creating, Enabling, Enabled, Disabling, Disabled, Updating, Deleting.
    pub state: String,
    /// Who or what brought it into this state.
    pub state_reason: Option<String>,
    /// What became of the last batch.
    pub last_result: Option<String>,
    /// When it last changed, in seconds since 1970.
    pub last_modified: Option<i64>,
    /// Why the filters can't be shown.
    pub filter_error: Option<String>,
    /// What doesn't change.
    pub fixed: Fixed,
    /// What does.
    pub configuration: Configuration,
    /// Tags, or AWS's text when they may not be read; `None`: AWS wasn't asked.
    pub tags: Option<Result<Tags, String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = "arn:aws:lambda:eu-west-1:1:event-source-mapping:id";

    #[test]
    fn a_version_that_is_named_by_its_number_is_in_use() {
        let here = |text: &str| FunctionName::parse(text).version(Some("1"), Some("eu-west-1"));
        let nowhere = |text: &str| FunctionName::parse(text).version(None, None);
        let used = Some("1/eu-west-1/hello:7".to_owned());
        for text in ["hello:7", "1:function:hello:7", "arn:aws:lambda:eu-west-1:1:function:hello:7"] {
            assert_eq!(here(text), used, "{text}");
        }
        assert_eq!(nowhere("arn:aws:lambda:eu-west-1:1:function:hello:7"), used);
        assert_eq!(nowhere("hello:7"), None);
        for none in ["hello", "hello:$LATEST", "hello:live", "arn:aws:lambda:eu-west-1:1:function:hello:live"]
        {
            assert_eq!(here(none), None, "{none}");
        }
    }

    #[test]
    fn a_function_is_the_same_however_it_is_named() {
        let canonical = |text: &str| FunctionName::parse(text).at(MAPPING).to_string();
        let arn = "arn:aws:lambda:eu-west-1:1:function:hello";
        for same in ["hello", "hello:$LATEST", arn, &format!("{arn}:$LATEST")] {
            assert_eq!(canonical(same), arn, "{same}");
        }
        assert_eq!(canonical("hello:live"), format!("{arn}:live"));
        assert_eq!(canonical(&format!("{arn}:7")), format!("{arn}:7"));
        assert_eq!(FunctionName::parse("hello:live").to_string(), "hello:live");
        assert_ne!(canonical("arn:aws:lambda:us-east-1:1:function:hello"), arn);
    }

    #[test]
    fn patterns_are_compared_as_json_and_kept_as_text() {
        let (spaced, tight) = (r#"{ "b": [1], "a": ["x"] }"#, r#"{"a":["x"],"b":[1]}"#);
        assert_eq!(Pattern::parse(spaced).unwrap(), Pattern::shown(tight));
        assert_eq!(Pattern::shown(spaced).text(), spaced);
        assert_ne!(Pattern::shown(tight), Pattern::shown(r#"{"a":["y"],"b":[1]}"#));
        assert!(Pattern::parse("{a: 1}").is_err());
        assert_eq!(Pattern::shown("no JSON"), Pattern::shown("no JSON"));
    }

    #[test]
    fn defaults_depend_on_what_is_read() {
        let of = |service: &str| Source::Arn(format!("arn:aws:{service}:eu-west-1:1:x"));
        for (service, size, window, pollers) in [
            ("sqs", 10, Some(0), 2),
            ("kinesis", 100, Some(0), 1),
            ("dynamodb", 100, Some(0), 1),
            ("kafka", 100, None, 1),
            ("mq", 100, None, 1),
            ("rds", 100, None, 1),
        ] {
            let source = of(service);
            let default = (source.default_batch_size(), source.default_window(), source.default_pollers().0);
            assert_eq!(default, (size, window, pollers), "{service}");
        }
        assert!(Source::Kafka(BTreeSet::new()).is_kafka() && of("kafka").is_kafka() && !of("sqs").is_kafka());
    }
}
