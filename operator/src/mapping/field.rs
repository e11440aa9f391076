//! The fields of a mapping by their paths in the spec: what is compared, changed, and may be listed in `ignoreDrift`.

use std::collections::BTreeSet;

/// A field of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Field {
    Function,
    Enabled,
    BatchSize,
    Window,
    Filters,
    KmsKey,
    ResponseTypes,
    Metrics,
    Logging,
    Scaling,
    Pollers,
    Parallelization,
    TumblingWindow,
    Bisect,
    RecordAge,
    RetryAttempts,
    Destination,
    Access,
    ManagedKafka,
    SelfManagedKafka,
    Database,
    EventSource,
    SelfManagedSource,
    StartingPosition,
    StartingTimestamp,
    Topics,
    Queues,
}

/// Fields by their paths.
const PATHS: [(&str, Field); 29] = [
    ("functionRef", Field::Function),
    ("aliasRef", Field::Function),
    ("functionName", Field::Function),
    ("enabled", Field::Enabled),
    ("batchSize", Field::BatchSize),
    ("maximumBatchingWindowInSeconds", Field::Window),
    ("filterCriteria", Field::Filters),
    ("kmsKeyArn", Field::KmsKey),
    ("functionResponseTypes", Field::ResponseTypes),
    ("metricsConfig", Field::Metrics),
    ("loggingConfig", Field::Logging),
    ("scalingConfig", Field::Scaling),
    ("provisionedPollerConfig", Field::Pollers),
    ("parallelizationFactor", Field::Parallelization),
    ("tumblingWindowInSeconds", Field::TumblingWindow),
    ("bisectBatchOnFunctionError", Field::Bisect),
    ("maximumRecordAgeInSeconds", Field::RecordAge),
    ("maximumRetryAttempts", Field::RetryAttempts),
    ("destinationConfig", Field::Destination),
    ("sourceAccessConfigurations", Field::Access),
    ("amazonManagedKafkaEventSourceConfig", Field::ManagedKafka),
    ("selfManagedKafkaEventSourceConfig", Field::SelfManagedKafka),
    ("documentDBEventSourceConfig", Field::Database),
    ("eventSourceArn", Field::EventSource),
    ("selfManagedEventSource", Field::SelfManagedSource),
    ("startingPosition", Field::StartingPosition),
    ("startingPositionTimestamp", Field::StartingTimestamp),
    ("topics", Field::Topics),
    ("queues", Field::Queues),
];

impl Field {
    /// The field at a path of the spec.
    pub fn at(path: &str) -> Option<Self> {
        PATHS.iter().find(|(known, _)| *known == path).map(|(_, field)| *field)
    }

    /// Its path in the spec; of the ways to name the function, the one that the spec has taken.
    pub fn path(self, function: &'static str) -> &'static str {
        if self == Self::Function {
            return function;
        }
        PATHS.iter().find(|(_, field)| *field == self).map_or("", |(path, _)| path)
    }
}

/// The parsed `ignoreDrift`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Whole fields.
    pub fields: BTreeSet<Field>,
    /// Single tags.
    pub tags: BTreeSet<String>,
}

impl Ignored {
    /// From the spec.
    ///
    /// # Errors
    /// A path that is unknown.
    pub fn parse(paths: &[String]) -> Result<Self, String> {
        let mut ignored = Self::default();
        for path in paths {
            if let Some(field) = Field::at(path) {
                ignored.fields.insert(field);
            } else if let Some(key) = path.strip_prefix("tags.").filter(|key| !key.is_empty()) {
                ignored.tags.insert(key.to_owned());
            } else {
                let known: Vec<&str> = PATHS.iter().map(|(path, _)| *path).collect();
                return Err(format!(
                    "spec.ignoreDrift: {path:?} is unknown. Use {} or tags.KEY.",
                    known.join(", ")
                ));
            }
        }
        Ok(ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_leads_to_a_field_and_back() {
        for (path, field) in PATHS {
            assert_eq!(Field::at(path), Some(field));
            assert_eq!(field.path(if field == Field::Function { path } else { "functionRef" }), path);
        }
    }

    #[test]
    fn an_unknown_path_is_refused_with_the_known_ones() {
        let parse = |path: &str| Ignored::parse(&[path.to_owned()]);
        assert_eq!(parse("tags.team").unwrap().tags, BTreeSet::from(["team".to_owned()]));
        assert_eq!(parse("enabled").unwrap().fields, BTreeSet::from([Field::Enabled]));
        for path in ["tags.", "timeout", "scalingConfig.maximumConcurrency"] {
            let text = parse(path).unwrap_err();
            assert!(text.contains(path) && text.contains("scalingConfig"), "{text}");
        }
    }
}
