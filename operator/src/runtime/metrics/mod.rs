//! The operator's metrics: one value that registers itself and is handed to whoever counts something.
//! Labels are kinds, operations, reasons and the like; never the name of an object.

mod all;
mod catalog;
mod process;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use all::All;
use catalog::{Bounded, Catalog};

/// Every metric of the operator. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    page: Arc<str>,
    all: All,
    codes: Bounded,
    sweeps: Arc<Mutex<HashMap<[String; 3], Instant>>>,
    queues: Arc<Mutex<Vec<Queue>>>,
}

/// Where an object stands, as far as metrics tell objects apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The reason of its condition Ready.
    pub reason: &'static str,
    /// Whether that condition is True.
    pub ready: bool,
    /// Its conditions: type and status.
    pub conditions: Vec<(&'static str, &'static str)>,
}

/// Who says how many objects of a kind wait.
struct Queue {
    kind: &'static str,
    depth: Box<dyn Fn() -> usize + Send + Sync>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({})", self.kind)
    }
}

/// A reconcile under way, until it is dropped.
#[derive(Debug)]
pub struct Visiting(Gauge);

impl Drop for Visiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero, in a registry of their own.
    pub fn new() -> Self {
        let (all, catalog) = Self::declare();
        let (registry, page) = catalog.finish();
        Self {
            registry: Arc::new(registry),
            page: page.into(),
            all,
            codes: Bounded::default(),
            sweeps: Arc::default(),
            queues: Arc::default(),
        }
    }

    fn declare() -> (All, Catalog) {
        let mut catalog = Catalog::default();
        (All::declare(&mut catalog), catalog)
    }

    /// The page of the documentation.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// Objects of a kind will queue: `most` of them are worked on at once, and `depth` says how many wait.
    pub fn queues(&self, kind: &'static str, most: u16, depth: impl Fn() -> usize + Send + Sync + 'static) {
        self.all.most_workers.of([kind]).set(i64::from(most));
        self.queues.lock().push(Queue { kind, depth: Box::new(depth) });
    }

    /// A reconcile begins, this long after it was due; `None`: it wasn't in the queue.
    pub fn visiting(&self, kind: &str, waited: Option<Duration>) -> Visiting {
        if let Some(waited) = waited {
            self.all.queue_duration.of([kind]).observe(waited.as_secs_f64());
        }
        let workers = self.all.workers.of([kind]);
        workers.inc();
        Visiting(workers)
    }

    /// A reconcile has ended; `result` is a reason of Ready, or one of a few words such as `conflict` or `error`.
    pub fn reconciled(&self, kind: &str, result: &str, seconds: f64) {
        self.all.reconciles.of([kind, result]).inc();
        if result == "error" {
            self.all.reconcile_errors.of([kind]).inc();
        }
        self.all.reconcile_duration.of([kind]).observe(seconds);
    }

    /// An object has appeared (`before` is `None`), moved on, or gone (`now` is `None`); `before` becomes `now`.
    pub fn count(&self, kind: &str, before: &mut Option<Standing>, now: Option<Standing>) {
        if *before == now {
            return;
        }
        for (standing, change) in [(&*before, -1), (&now, 1)] {
            let Some(Standing { reason, ready, conditions }) = standing else { continue };
            self.all.objects.of([kind, reason]).inc_by(change);
            self.all.ready_objects.of([kind]).inc_by(change * i64::from(*ready));
            for (condition, status) in conditions {
                self.all.conditions.of([kind, condition, status]).inc_by(change);
            }
        }
        *before = now;
    }

    /// An object became Ready on a generation that was first seen this long ago.
    pub fn became_ready(&self, kind: &str, seconds: f64) {
        self.all.time_to_ready.of([kind]).observe(seconds);
    }

    /// A call to AWS was answered, or cut off; `code` is `OK`, AWS's error code or the kind of failure.
    pub fn aws_called(&self, operation: &str, code: &str, seconds: f64) {
        self.all.aws_calls.of([operation, self.codes.of(code)]).inc();
        self.all.aws_call_duration.of([operation]).observe(seconds);
    }

    /// AWS refused a call because of its rate.
    pub fn aws_throttled(&self, operation: &str) {
        self.all.aws_throttled.of([operation]).inc();
    }

    /// A call waited for a token of its quota class.
    pub fn aws_quota_waited(&self, class: &str, seconds: f64) {
        self.all.aws_quota_wait.of([class]).observe(seconds);
    }

    /// So many calls wait for a token of a quota class now.
    pub fn aws_quota_waiting(&self, account: &str, region: &str, class: &str, calls: usize) {
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        self.all.aws_quota_waiting.of([account, region, class]).set(calls);
    }

    /// Something was written to the API server; `what` is `status`, `finalizer`, `event` or `lease`.
    pub fn kubernetes_write(&self, kind: &str, what: &str) {
        self.all.kubernetes_writes.of([kind, what]).inc();
    }

    /// An object differs in AWS from its spec though the spec has not changed.
    pub fn drift_detected(&self, kind: &str) {
        self.all.drift_detected.of([kind]).inc();
    }

    /// Such an object is in sync again.
    pub fn drift_corrected(&self, kind: &str) {
        self.all.drift_corrected.of([kind]).inc();
    }

    /// A sweep over the functions or mappings of an account and region is complete; its age counts from now.
    pub fn sweep_finished(&self, account: &str, region: &str, listed: &str) {
        self.sweeps.lock().insert([account, region, listed].map(str::to_owned), Instant::now());
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
            self.all.inventory_mode.of([account, region, listed, each]).set(i64::from(*each == mode));
        }
    }

    /// Whether this process leads.
    pub fn leading(&self, leading: bool) {
        self.all.leader.set(i64::from(leading));
    }

    /// Everything in the text format of OpenMetrics.
    pub fn encode(&self) -> String {
        for ([account, region, listed], finished) in self.sweeps.lock().iter() {
            self.all.sweep_age.of([account, region, listed]).set(finished.elapsed().as_secs_f64());
        }
        for Queue { kind, depth } in self.queues.lock().iter() {
            self.all.queue_depth.of([kind]).set(i64::try_from(depth()).unwrap_or(i64::MAX));
        }
        self.all.process.refresh();
        let mut text = String::new();
        // Writing to a String doesn't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
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
    fn a_queue_is_asked_when_prometheus_asks_and_workers_are_counted() {
        let metrics = Metrics::new();
        metrics.queues("LambdaFunction", 128, || 7);
        let visiting = metrics.visiting("LambdaFunction", Some(Duration::from_secs(2)));
        has(&metrics, r#"lambda_operator_workqueue_depth{kind="LambdaFunction"} 7"#);
        has(&metrics, r#"lambda_operator_max_concurrent_reconciles{kind="LambdaFunction"} 128"#);
        has(&metrics, r#"lambda_operator_active_workers{kind="LambdaFunction"} 1"#);
        has(&metrics, r#"lambda_operator_workqueue_queue_duration_seconds_sum{kind="LambdaFunction"} 2.0"#);
        drop(visiting);
        has(&metrics, r#"lambda_operator_active_workers{kind="LambdaFunction"} 0"#);
        metrics.reconciled("LambdaFunction", "error", 0.1);
        has(&metrics, r#"lambda_operator_reconcile_errors_total{kind="LambdaFunction"} 1"#);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_measured() {
        let metrics = Metrics::new();
        let text = metrics.encode();
        let value = |name: &str| -> f64 {
            let value =
                text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
            value.unwrap_or_else(|| panic!("no {name} in\n{text}"))
        };
        for name in ["resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds", "threads"] {
            assert!(value(&format!("process_{name}")) >= 1.0, "{name}");
        }
        assert!(value("process_start_time_seconds") > 1_700_000_000.0);
        let before = value("process_cpu_seconds_total");
        assert!(before >= 0.0 && metrics.encode().contains("process_cpu_seconds_total "));
    }

    #[test]
    fn the_table_says_what_prometheus_is_told() {
        let metrics = Metrics::new();
        metrics.reconciled("LambdaFunction", "error", 0.02);
        metrics.sweep_finished("111122223333", "eu-west-1", "function");
        let text = metrics.encode();
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            let [_, _, name, kind] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let row = format!("| `{name}{suffix}` | {kind} |");
            assert!(metrics.page().contains(&row), "no {row}");
        }
    }

    #[test]
    fn objects_are_counted_where_they_stand() {
        let metrics = Metrics::new();
        let creating = Standing { reason: "Creating", ready: false, conditions: vec![("Ready", "Unknown")] };
        let available = Standing { reason: "Available", ready: true, conditions: vec![("Ready", "True")] };
        let (mut one, mut other) = (None, None);
        metrics.count("LambdaFunction", &mut one, Some(creating.clone()));
        metrics.count("LambdaFunction", &mut other, Some(creating));
        metrics.count("LambdaFunction", &mut one, Some(available.clone()));
        metrics.count("LambdaFunction", &mut one, Some(available));
        has(&metrics, r#"lambda_operator_objects{kind="LambdaFunction",reason="Creating"} 1"#);
        has(&metrics, r#"lambda_operator_objects{kind="LambdaFunction",reason="Available"} 1"#);
        has(&metrics, r#"lambda_operator_ready_objects{kind="LambdaFunction"} 1"#);
        for (status, count) in [("True", 1), ("Unknown", 1)] {
            let labels = format!(r#"{{kind="LambdaFunction",condition="Ready",status="{status}"}}"#);
            has(&metrics, &format!("lambda_operator_object_conditions{labels} {count}"));
        }
        metrics.count("LambdaFunction", &mut one, None);
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
