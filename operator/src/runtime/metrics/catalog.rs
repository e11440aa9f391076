//! Declares metrics: what is registered here is what the documentation's table shows, under the names that Prometheus sees.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

/// Every label that a metric may have, and what keeps its values few. Names of objects are no label.
const LABELS: [(&str, &str); 14] = [
    ("account", "The id of an AWS account: the operator's own, and those of the LambdaAccounts"),
    (
        "class",
        "A class of AWS's quotas: `GetFunction`, `GetPolicy`, `CapacityProviderReads`, `CapacityProviderWrites`, `Rest`",
    ),
    (
        "code",
        "`OK`, AWS's error code, or the kind of failure where AWS didn't answer; after 100 different ones `Other`",
    ),
    ("condition", "A type of [condition](conditions.md)"),
    ("kind", "The kind of a custom resource, such as `LambdaFunction`; of a write also `Lease`"),
    ("listed", "What a sweep lists: `function` or `mapping`"),
    ("mode", "How drift is looked for: by `list`, or by `get` of each"),
    ("operation", "An operation of AWS's API"),
    ("reason", "A [reason](conditions.md) of the condition Ready"),
    ("region", "A region of AWS"),
    ("result", "The reason of Ready after the visit, or `deleted`, `gone`, `conflict`, `error`"),
    ("status", "`True`, `False` or `Unknown`"),
    ("version", "The operator's version"),
    ("what", "`status`, `finalizer`, `deletion`, `event` or `lease`"),
];

/// A gauge of seconds or the like.
pub type Fraction = Gauge<f64, std::sync::atomic::AtomicU64>;
/// A counter of seconds.
pub type SecondsTotal = Counter<f64, std::sync::atomic::AtomicU64>;

/// A row of the table.
#[derive(Clone, Debug)]
struct Row {
    name: &'static str,
    kind: &'static str,
    labels: Vec<&'static str>,
    help: &'static str,
}

/// The metrics declared so far.
#[derive(Debug, Default)]
pub struct Catalog {
    registry: Registry,
    rows: Vec<Row>,
}

type Many<M, const N: usize> = Family<[(&'static str, String); N], M, fn() -> M>;

/// A metric with labels, whose names are said once, where it is declared.
#[derive(Clone, Debug)]
pub struct Labelled<M, const N: usize> {
    names: [&'static str; N],
    family: Many<M, N>,
}

impl<M: Clone, const N: usize> Labelled<M, N> {
    /// The one with these values, in the order of the declaration.
    pub fn of(&self, values: [&str; N]) -> M {
        let labels = std::array::from_fn(|at| (self.names[at], values[at].to_owned()));
        self.family.get_or_create_owned(&labels)
    }
}

impl Catalog {
    /// A counter; its name ends in `_total`.
    pub fn counter<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Counter, N> {
        self.labelled(name, "counter", labels, help, Counter::default)
    }

    /// A gauge of whole numbers.
    pub fn gauge<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Gauge, N> {
        self.labelled(name, "gauge", labels, help, Gauge::default)
    }

    /// A gauge of seconds; its name ends so.
    pub fn seconds<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Fraction, N> {
        self.labelled(name, "gauge", labels, help, Fraction::default)
    }

    /// A histogram from 1 ms to 33 s.
    pub fn fast<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Histogram, N> {
        let new = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        self.labelled(name, "histogram", labels, help, new)
    }

    /// A histogram from 10 ms to 44 minutes.
    pub fn slow<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Histogram, N> {
        let new = || Histogram::new(exponential_buckets(0.01, 4.0, 10));
        self.labelled(name, "histogram", labels, help, new)
    }

    /// One without labels.
    pub fn single<M: Metric + Clone + Default>(
        &mut self,
        name: &'static str,
        kind: &'static str,
        help: &'static str,
    ) -> M {
        self.register(Row { name, kind, labels: Vec::new(), help }, M::default())
    }

    /// Something that stays as it is; its name ends in `_info`.
    pub fn info<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [(&'static str, &'static str); N],
        help: &'static str,
    ) {
        let row = Row { name, kind: "info", labels: labels.map(|(label, _)| label).to_vec(), help };
        self.add(row, Info::new(labels.to_vec()));
    }

    /// What Prometheus asks, and the page of the documentation.
    pub fn finish(self) -> (Registry, String) {
        let page = page(&self.rows);
        (self.registry, page)
    }

    fn labelled<M: Metric + Clone, const N: usize>(
        &mut self,
        name: &'static str,
        kind: &'static str,
        names: [&'static str; N],
        help: &'static str,
        new: fn() -> M,
    ) -> Labelled<M, N>
    where
        Many<M, N>: Metric,
    {
        let row = Row { name, kind, labels: names.to_vec(), help };
        let family = self.register(row, Family::new_with_constructor(new));
        Labelled { names, family }
    }

    fn register<M: Metric + Clone>(&mut self, row: Row, metric: M) -> M {
        self.add(row, metric.clone());
        metric
    }

    /// The library appends units and suffixes by itself.
    fn add(&mut self, row: Row, metric: impl Metric) {
        let bare = |suffix| row.name.strip_suffix(suffix);
        let name = bare("_total").or_else(|| bare("_info")).unwrap_or(row.name);
        let unit = [("_seconds", Unit::Seconds), ("_bytes", Unit::Bytes)];
        let unit = unit.into_iter().find_map(|(suffix, unit)| Some((name.strip_suffix(suffix)?, unit)));
        match unit {
            Some((name, unit)) => self.registry.register_with_unit(name, row.help, unit, metric),
            None => self.registry.register(name, row.help, metric),
        }
        self.rows.push(row);
    }
}

/// Keeps the values of a label few, whoever chooses them.
#[derive(Clone, Debug, Default)]
pub struct Bounded(Arc<Mutex<BTreeSet<String>>>);

impl Bounded {
    const MOST: usize = 100;
    const LONGEST: usize = 64;

    /// The value itself, or `Other`.
    pub fn of<'a>(&self, value: &'a str) -> &'a str {
        let mut known = self.0.lock();
        if known.contains(value) {
            return value;
        }
        let is_word =
            value.len() <= Self::LONGEST && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        if !is_word || known.len() >= Self::MOST {
            return "Other";
        }
        known.insert(value.to_owned());
        value
    }
}

fn page(rows: &[Row]) -> String {
    let mut page = String::from(
        "<!-- Generated by `make generate` from operator/src/runtime/metrics. -->\n\
         # Metrics\n\n\
         `/metrics` on `--metrics-address` serves them in the text format of OpenMetrics, to Prometheus and everything that \
         reads it. No label is the name of an object.\n\n\
         | Name | Type | Labels | Meaning |\n|---|---|---|---|\n",
    );
    for Row { name, kind, labels, help } in rows {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        // Writing to a String doesn't fail.
        let _ = writeln!(page, "| `{name}` | {kind} | {labels} | {help} |");
    }
    page.push_str("\n## Labels\n\n| Label | Values |\n|---|---|\n");
    for (label, values) in LABELS {
        let _ = writeln!(page, "| `{label}` | {values} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_few_values_whoever_chooses_them() {
        let codes = Bounded::default();
        let many: BTreeSet<String> = (0..1000).map(|n| codes.of(&format!("Code{n}")).to_owned()).collect();
        assert_eq!(many.len(), Bounded::MOST + 1, "and Other");
        assert_eq!((codes.of("Code7"), codes.of("Code999")), ("Code7", "Other"));
        let codes = Bounded::default();
        assert_eq!(codes.of("arn:aws:lambda:eu-west-1:111122223333:function:hello"), "Other");
        assert_eq!(codes.of(&"A".repeat(65)), "Other");
    }

    #[test]
    fn every_label_is_explained_and_used() {
        let (_, rows) = super::super::Metrics::declare();
        let used: BTreeSet<&str> = rows.rows.iter().flat_map(|row| row.labels.iter().copied()).collect();
        assert_eq!(used, LABELS.iter().map(|(label, _)| *label).collect());
        for forbidden in ["name", "namespace", "object", "arn", "uid", "request_id"] {
            assert!(!used.contains(forbidden), "{forbidden} has a value for each object");
        }
    }

    /// <https://prometheus.io/docs/practices/naming/>
    #[test]
    fn names_and_units_are_those_that_prometheus_asks_for() {
        let (_, rows) = super::super::Metrics::declare();
        let mut names = BTreeSet::new();
        for Row { name, kind, help, .. } in &rows.rows {
            assert!(names.insert(*name), "{name} is declared twice");
            let prefix = name.starts_with("lambda_operator_") || name.starts_with("process_");
            assert!(prefix && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{name}");
            assert_eq!(*kind == "info", name.ends_with("_info"), "{name}");
            let timed =
                ["duration", "wait", "age", "time_to", "cpu", "start_time"].iter().any(|w| name.contains(w));
            let counted = name.ends_with("_waiting");
            assert!(counted || timed == name.contains("_seconds"), "{name} has no unit");
            assert!(*kind != "histogram" || name.ends_with("_seconds"), "{name}");
            assert!(!name.contains("_ms") && !name.contains("milli"), "{name}");
            assert!(help.len() > 10 && !help.ends_with('.') && !help.contains('|'), "{name}: {help}");
        }
    }
}
