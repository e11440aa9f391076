//! The operator's metrics: one value that registers itself and is handed to whoever counts something.
//! Labels are kinds, operations, reasons and the like; never the name of an object.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Seconds<const N: usize> = Family<Labels<N>, Gauge<f64, AtomicU64>>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram>;

/// Every metric of the operator. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconcile: Counters<2>,
    reconcile_duration: Histograms<1>,
    objects: Gauges<2>,
    ready_objects: Gauges<1>,
    time_to_ready: Histograms<1>,
    aws_calls: Counters<2>,
    aws_call_duration: Histograms<1>,
    aws_throttled: Counters<1>,
    aws_quota_wait: Histograms<1>,
    aws_quota_waiting: Gauges<3>,
    kubernetes_writes: Counters<2>,
    drift_detected: Counters<1>,
    drift_corrected: Counters<1>,
    inventory_sweep_age: Seconds<3>,
    inventory_mode: Gauges<4>,
    leader: Gauge,
    sweeps: Arc<Mutex<HashMap<Labels<3>, Instant>>>,
}

/// Where an object stands, as far as metrics tell objects apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The reason of its condition Ready.
    pub reason: &'a str,
    /// Whether that condition is True.
    pub ready: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero, in a registry of their own.
    pub fn new() -> Self {
        let mut r = Registry::with_prefix("lambda_operator");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "Version of the operator", build);
        Self {
            reconcile: counter(&mut r, "reconcile", "Reconciles by kind and result"),
            reconcile_duration: fast(&mut r, "reconcile_duration_seconds", "Duration of reconciles"),
            objects: gauge(&mut r, "objects", "Objects by kind and reason of their condition Ready"),
            ready_objects: gauge(&mut r, "ready_objects", "Objects that are Ready"),
            time_to_ready: slow(
                &mut r,
                "time_to_ready_seconds",
                "Time from seeing a spec to Ready on that generation",
            ),
            aws_calls: counter(
                &mut r,
                "aws_calls",
                "Calls to AWS by operation and code (OK or AWS's error code)",
            ),
            aws_call_duration: fast(&mut r, "aws_call_duration_seconds", "Duration of calls to AWS"),
            aws_throttled: counter(&mut r, "aws_throttled", "Calls that AWS throttled"),
            aws_quota_wait: slow(
                &mut r,
                "aws_quota_wait_seconds",
                "Time that a call waited for the operator's share of a quota",
            ),
            aws_quota_waiting: gauge(
                &mut r,
                "aws_quota_waiting",
                "Calls that wait for the operator's share of a quota now",
            ),
            kubernetes_writes: counter(
                &mut r,
                "kubernetes_writes",
                "Writes to the API server by kind and what",
            ),
            drift_detected: counter(&mut r, "drift_detected", "Objects found different in AWS"),
            drift_corrected: counter(&mut r, "drift_corrected", "Objects brought back after drift"),
            inventory_sweep_age: gauge(
                &mut r,
                "inventory_sweep_age_seconds",
                "Time since the last complete sweep of an account and region",
            ),
            inventory_mode: gauge(&mut r, "inventory_mode", "1 for the way in which drift is looked for"),
            leader: gauge(&mut r, "leader", "1 while this process holds the leader lease"),
            sweeps: Arc::default(),
            registry: Arc::new(r),
        }
    }

    /// A reconcile has ended; `result` is one of a few words such as `ok`, `requeued` or `error`.
    pub fn reconciled(&self, kind: &str, result: &str, seconds: f64) {
        self.reconcile.get_or_create(&[label("kind", kind), label("result", result)]).inc();
        self.reconcile_duration.get_or_create(&[label("kind", kind)]).observe(seconds);
    }

    /// An object has appeared (`before` is `None`), moved on, or gone (`after` is `None`).
    pub fn object_moved(&self, kind: &str, before: Option<Standing<'_>>, after: Option<Standing<'_>>) {
        for (standing, change) in [(before, -1), (after, 1)] {
            let Some(Standing { reason, ready }) = standing else { continue };
            self.objects.get_or_create(&[label("kind", kind), label("reason", reason)]).inc_by(change);
            self.ready_objects.get_or_create(&[label("kind", kind)]).inc_by(change * i64::from(ready));
        }
    }

    /// An object became Ready on a generation that was first seen this long ago.
    pub fn became_ready(&self, kind: &str, seconds: f64) {
        self.time_to_ready.get_or_create(&[label("kind", kind)]).observe(seconds);
    }

    /// A call to AWS was answered, or cut off; `code` is `OK`, AWS's error code or the kind of failure.
    pub fn aws_called(&self, operation: &str, code: &str, seconds: f64) {
        self.aws_calls.get_or_create(&[label("operation", operation), label("code", code)]).inc();
        self.aws_call_duration.get_or_create(&[label("operation", operation)]).observe(seconds);
    }

    /// AWS refused a call because of its rate.
    pub fn aws_throttled(&self, operation: &str) {
        self.aws_throttled.get_or_create(&[label("operation", operation)]).inc();
    }

    /// A call waited for a token of its quota class.
    pub fn aws_quota_waited(&self, class: &str, seconds: f64) {
        self.aws_quota_wait.get_or_create(&[label("class", class)]).observe(seconds);
    }

    /// So many calls wait for a token of a quota class now.
    pub fn aws_quota_waiting(&self, account: &str, region: &str, class: &str, calls: usize) {
        let labels = [label("account", account), label("region", region), label("class", class)];
        self.aws_quota_waiting.get_or_create(&labels).set(i64::try_from(calls).unwrap_or(i64::MAX));
    }

    /// Something was written to the API server; `what` is `status`, `finalizer`, `event` or `lease`.
    pub fn kubernetes_write(&self, kind: &str, what: &str) {
        self.kubernetes_writes.get_or_create(&[label("kind", kind), label("what", what)]).inc();
    }

    /// An object differs in AWS from its spec though the spec has not changed.
    pub fn drift_detected(&self, kind: &str) {
        self.drift_detected.get_or_create(&[label("kind", kind)]).inc();
    }

    /// Such an object is in sync again.
    pub fn drift_corrected(&self, kind: &str) {
        self.drift_corrected.get_or_create(&[label("kind", kind)]).inc();
    }

    /// A sweep over the functions or mappings of an account and region is complete; its age counts from now.
    pub fn sweep_finished(&self, account: &str, region: &str, listed: &str) {
        let place = [label("account", account), label("region", region), label("listed", listed)];
        self.sweeps.lock().insert(place, Instant::now());
    }

    /// How drift of functions or mappings is looked for in an account and region, of all modes.
    pub fn inventory_mode(
        &self,
        account: &str,
        region: &str,
        listed: &str,
        (mode, all_modes): (&str, &[&str]),
    ) {
        for each in all_modes {
            let labels = [
                label("account", account),
                label("region", region),
                label("listed", listed),
                label("mode", each),
            ];
            self.inventory_mode.get_or_create(&labels).set(i64::from(*each == mode));
        }
    }

    /// Whether this process leads.
    pub fn leading(&self, leading: bool) {
        self.leader.set(i64::from(leading));
    }

    /// Everything in the text format of OpenMetrics.
    pub fn encode(&self) -> String {
        for (place, finished) in self.sweeps.lock().iter() {
            self.inventory_sweep_age.get_or_create(place).set(finished.elapsed().as_secs_f64());
        }
        let mut text = String::new();
        // Writing to a String doesn't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn label(key: &'static str, value: &str) -> (&'static str, String) {
    (key, value.to_owned())
}

fn register<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn counter<const N: usize>(registry: &mut Registry, name: &str, help: &str) -> Counters<N> {
    register(registry, name, help, Family::default())
}

fn gauge<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    register(registry, name, help, M::default())
}

/// 1 ms to 33 s.
fn fast<const N: usize>(registry: &mut Registry, name: &str, help: &str) -> Histograms<N>
where
    Labels<N>: EncodeLabelSet,
{
    let new: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
    register(registry, name, help, Family::new_with_constructor(new))
}

/// 10 ms to 44 minutes.
fn slow<const N: usize>(registry: &mut Registry, name: &str, help: &str) -> Histograms<N>
where
    Labels<N>: EncodeLabelSet,
{
    let new: fn() -> Histogram = || Histogram::new(exponential_buckets(0.01, 4.0, 10));
    register(registry, name, help, Family::new_with_constructor(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(metrics: &Metrics, line: &str) {
        let text = metrics.encode();
        assert!(text.lines().any(|found| found == line), "no line {line:?} in\n{text}");
    }

    #[test]
    fn metrics_have_the_names_and_labels_that_dashboards_use() {
        let metrics = Metrics::new();
        metrics.reconciled("LambdaFunction", "ok", 0.02);
        metrics.became_ready("LambdaFunction", 1.5);
        metrics.aws_called("CreateFunction", "OK", 0.1);
        metrics.aws_throttled("CreateFunction");
        metrics.aws_quota_waited("GetFunction", 0.1);
        metrics.aws_quota_waiting("111122223333", "eu-west-1", "Rest", 3);
        metrics.kubernetes_write("LambdaFunction", "status");
        metrics.drift_detected("LambdaFunction");
        metrics.drift_corrected("LambdaFunction");
        metrics.leading(true);
        for line in [
            r#"lambda_operator_reconcile_total{kind="LambdaFunction",result="ok"} 1"#,
            r#"lambda_operator_reconcile_duration_seconds_count{kind="LambdaFunction"} 1"#,
            r#"lambda_operator_time_to_ready_seconds_count{kind="LambdaFunction"} 1"#,
            r#"lambda_operator_aws_calls_total{operation="CreateFunction",code="OK"} 1"#,
            r#"lambda_operator_aws_call_duration_seconds_count{operation="CreateFunction"} 1"#,
            r#"lambda_operator_aws_throttled_total{operation="CreateFunction"} 1"#,
            r#"lambda_operator_aws_quota_wait_seconds_count{class="GetFunction"} 1"#,
            r#"lambda_operator_aws_quota_waiting{account="111122223333",region="eu-west-1",class="Rest"} 3"#,
            r#"lambda_operator_kubernetes_writes_total{kind="LambdaFunction",what="status"} 1"#,
            r#"lambda_operator_drift_detected_total{kind="LambdaFunction"} 1"#,
            r#"lambda_operator_drift_corrected_total{kind="LambdaFunction"} 1"#,
            "lambda_operator_leader 1",
            concat!(r#"lambda_operator_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
            "# EOF",
        ] {
            has(&metrics, line);
        }
    }

    #[test]
    fn objects_are_counted_where_they_stand() {
        let metrics = Metrics::new();
        let creating = Standing { reason: "Creating", ready: false };
        let available = Standing { reason: "Available", ready: true };
        metrics.object_moved("LambdaFunction", None, Some(creating));
        metrics.object_moved("LambdaFunction", None, Some(creating));
        metrics.object_moved("LambdaFunction", Some(creating), Some(available));
        has(&metrics, r#"lambda_operator_objects{kind="LambdaFunction",reason="Creating"} 1"#);
        has(&metrics, r#"lambda_operator_objects{kind="LambdaFunction",reason="Available"} 1"#);
        has(&metrics, r#"lambda_operator_ready_objects{kind="LambdaFunction"} 1"#);
        metrics.object_moved("LambdaFunction", Some(available), None);
        has(&metrics, r#"lambda_operator_ready_objects{kind="LambdaFunction"} 0"#);
    }

    #[test]
    fn the_age_of_a_sweep_grows_by_itself_and_one_mode_is_on() {
        let metrics = Metrics::new();
        metrics.sweep_finished("111122223333", "eu-west-1", "function");
        std::thread::sleep(std::time::Duration::from_millis(5));
        let text = metrics.encode();
        let age = text.lines().find_map(|line| {
            let name = "lambda_operator_inventory_sweep_age_seconds";
            let labels = r#"{account="111122223333",region="eu-west-1",listed="function"} "#;
            line.strip_prefix(name)?.strip_prefix(labels)?.parse::<f64>().ok()
        });
        assert!(age.is_some_and(|age| age >= 0.005), "{text}");

        metrics.inventory_mode("1", "eu-west-1", "function", ("list", &["list", "get"]));
        metrics.inventory_mode("1", "eu-west-1", "function", ("get", &["list", "get"]));
        has(
            &metrics,
            r#"lambda_operator_inventory_mode{account="1",region="eu-west-1",listed="function",mode="list"} 0"#,
        );
        has(
            &metrics,
            r#"lambda_operator_inventory_mode{account="1",region="eu-west-1",listed="function",mode="get"} 1"#,
        );
    }
}
