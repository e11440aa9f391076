//! The table of metrics: name, labels and meaning of each, said once.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::catalog::{Catalog, Fraction, Labelled};
use super::process::Process;

/// What is counted.
#[derive(Clone, Debug)]
pub struct All {
    pub(super) reconciles: Labelled<Counter, 2>,
    pub(super) reconcile_errors: Labelled<Counter, 1>,
    pub(super) reconcile_duration: Labelled<Histogram, 1>,
    pub(super) workers: Labelled<Gauge, 1>,
    pub(super) most_workers: Labelled<Gauge, 1>,
    pub(super) queue_depth: Labelled<Gauge, 1>,
    pub(super) queue_duration: Labelled<Histogram, 1>,
    pub(super) objects: Labelled<Gauge, 2>,
    pub(super) ready_objects: Labelled<Gauge, 1>,
    pub(super) conditions: Labelled<Gauge, 3>,
    pub(super) time_to_ready: Labelled<Histogram, 1>,
    pub(super) drift_detected: Labelled<Counter, 1>,
    pub(super) drift_corrected: Labelled<Counter, 1>,
    pub(super) aws_calls: Labelled<Counter, 2>,
    pub(super) aws_call_duration: Labelled<Histogram, 1>,
    pub(super) aws_throttled: Labelled<Counter, 1>,
    pub(super) aws_quota_wait: Labelled<Histogram, 1>,
    pub(super) aws_quota_waiting: Labelled<Gauge, 3>,
    pub(super) sweep_age: Labelled<Fraction, 3>,
    pub(super) inventory_mode: Labelled<Gauge, 4>,
    pub(super) kubernetes_writes: Labelled<Counter, 2>,
    pub(super) leader: Gauge,
    pub(super) process: Process,
}

impl All {
    #[expect(clippy::too_many_lines, reason = "a table")]
    /// Declares every metric of the operator.
    pub fn declare(c: &mut Catalog) -> Self {
        c.info(
            "lambda_operator_build_info",
            [("version", env!("CARGO_PKG_VERSION"))],
            "1, with the version of the operator",
        );
        Self {
            leader: c.single(
                "lambda_operator_leader",
                "gauge",
                "1 while this process holds the leader lease, else 0",
            ),
            reconciles: c.counter(
                "lambda_operator_reconcile_total",
                ["kind", "result"],
                "Reconciles by what they came to",
            ),
            reconcile_errors: c.counter(
                "lambda_operator_reconcile_errors_total",
                ["kind"],
                "Reconciles that could not be carried through, e.g. because the API server didn't answer",
            ),
            reconcile_duration: c.fast(
                "lambda_operator_reconcile_duration_seconds",
                ["kind"],
                "Duration of reconciles, waiting for AWS's quota included",
            ),
            workers: c.gauge("lambda_operator_active_workers", ["kind"], "Reconciles under way"),
            most_workers: c.gauge(
                "lambda_operator_max_concurrent_reconciles",
                ["kind"],
                "Most reconciles that may be under way: `--concurrency`",
            ),
            queue_depth: c.gauge(
                "lambda_operator_workqueue_depth",
                ["kind"],
                "Objects that are due for a reconcile which hasn't begun",
            ),
            queue_duration: c.slow(
                "lambda_operator_workqueue_queue_duration_seconds",
                ["kind"],
                "Time from when an object is due until its reconcile begins",
            ),
            objects: c.gauge(
                "lambda_operator_objects",
                ["kind", "reason"],
                "Objects by the reason of their condition Ready",
            ),
            ready_objects: c.gauge("lambda_operator_ready_objects", ["kind"], "Objects that are Ready"),
            conditions: c.gauge(
                "lambda_operator_object_conditions",
                ["kind", "condition", "status"],
                "Objects by condition and its status",
            ),
            time_to_ready: c.slow(
                "lambda_operator_time_to_ready_seconds",
                ["kind"],
                "Time from seeing a spec, or a change of what it refers to, until Ready",
            ),
            drift_detected: c.counter(
                "lambda_operator_drift_detected_total",
                ["kind"],
                "Times that an object was found different in AWS though its spec hadn't changed",
            ),
            drift_corrected: c.counter(
                "lambda_operator_drift_corrected_total",
                ["kind"],
                "Times that an object was brought back after drift",
            ),
            aws_calls: c.counter(
                "lambda_operator_aws_calls_total",
                ["operation", "code"],
                "Calls to AWS by outcome",
            ),
            aws_call_duration: c.fast(
                "lambda_operator_aws_call_duration_seconds",
                ["operation"],
                "Duration of calls to AWS",
            ),
            aws_throttled: c.counter(
                "lambda_operator_aws_throttled_total",
                ["operation"],
                "Calls that AWS throttled",
            ),
            aws_quota_wait: c.slow(
                "lambda_operator_aws_quota_wait_seconds",
                ["class"],
                "Time that a call waited for the operator's share of a quota",
            ),
            aws_quota_waiting: c.gauge(
                "lambda_operator_aws_quota_waiting",
                ["account", "region", "class"],
                "Calls that wait for the operator's share of a quota now",
            ),
            sweep_age: c.seconds(
                "lambda_operator_inventory_sweep_age_seconds",
                ["account", "region", "listed"],
                "Time since the last complete sweep for drift",
            ),
            inventory_mode: c.gauge(
                "lambda_operator_inventory_mode",
                ["account", "region", "listed", "mode"],
                "1 for the way in which drift is looked for, else 0",
            ),
            kubernetes_writes: c.counter(
                "lambda_operator_kubernetes_writes_total",
                ["kind", "what"],
                "Writes to the API server",
            ),
            process: Process::declare(c),
        }
    }
}
