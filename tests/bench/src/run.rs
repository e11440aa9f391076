//! One run: a namespace, a simulator, an operator, N functions or applications.

use std::collections::HashSet;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use cluster_tests::{ACCOUNT, REGION, api, install, object_condition};
use futures::{StreamExt, TryStreamExt, future, stream};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use test_support::{Process, bin};

use crate::measure::{self, Figures};
use crate::workload::{Object, Workload};

/// AWS's rate for everything but reads of functions, per second.
const CALLS_PER_SECOND: f64 = 15.0;
/// How many objects the client creates at the same time.
const PARALLEL: usize = 20;
/// Warnings, and the line that says where metrics are served.
const LOG_LEVEL: &str = "warn,lambda_operator::run=info";
/// The longest that a run may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is run.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) workload: Workload,
    pub(crate) count: usize,
    pub(crate) quotas: bool,
    pub(crate) share: f64,
}

impl Scenario {
    /// The seconds that the quota allows at best.
    pub(crate) fn allowed(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let calls = self.count as f64 * self.workload.least_calls();
        self.quotas.then(|| calls / (CALLS_PER_SECOND * self.share))
    }
}

/// Runs it.
pub(crate) async fn run(scenario: &Scenario) -> anyhow::Result<Figures> {
    let cluster = install().await;
    let namespace = cluster.namespace("bench").await;
    let simulator = bin("lambda-sim", "lambda-sim");
    let mut command = Command::new(simulator);
    command.args(["--listen", "127.0.0.1:0"]);
    if scenario.quotas {
        command.arg("--quotas");
    }
    let simulator = Process::spawn("lambda-sim", &command);
    let aws = simulator.word_after("listening on ").await;
    let kubeconfig =
        cluster.kubeconfig_for_service_account("lambda-operator-system", "lambda-operator").await;
    let kubeconfig = cluster.write_kubeconfig("operator", &kubeconfig);
    let mut command = Command::new(bin("lambda-operator", "lambda-operator"));
    command.args(["run", "--leader-election=false", "--log-level", LOG_LEVEL, "--aws-region", REGION]);
    command.args(["--aws-endpoint-url", &aws, "--metrics-address", "127.0.0.1:0"]);
    command.args(["--watch-namespace", namespace.name(), "--quota-share", &scenario.share.to_string()]);
    command.arg(format!("--quotas={}", scenario.quotas)).arg("--kubeconfig").arg(kubeconfig);
    command.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "secret");
    let operator = Process::spawn("lambda-operator", &command);
    let metrics = operator.word_after("address=").await;
    wait_for_http(&metrics).await.with_context(|| operator.log())?;

    let client = cluster.admin_client().await;
    let objects = scenario.workload.objects(scenario.count);
    let apis: Vec<(&str, Api<DynamicObject>)> = scenario
        .workload
        .kinds()
        .iter()
        .map(|kind| (*kind, api(client.clone(), namespace.name(), kind)))
        .collect();
    let of_kind = |kind: &str| objects.iter().filter(|object| object.kind == kind).count();
    let watches = apis.iter().map(|(kind, api)| all_ready(api.clone(), of_kind(kind)));
    let ready = tokio::spawn(future::try_join_all(watches.collect::<Vec<_>>()));
    let started = Instant::now();
    create(&client, namespace.name(), objects).await?;
    tokio::time::timeout(PATIENCE, ready).await.context("not all became Ready in time")???;
    let ready = started.elapsed();
    let calls = measure::counters(&metrics, "lambda_operator_aws_calls", "operation").await?;
    let writes = measure::counters(&metrics, "lambda_operator_kubernetes_writes", "what").await?;
    let cpu_seconds = measure::cpu_seconds(operator.pid())?;

    let started = Instant::now();
    for (_, api) in &apis {
        api.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    }
    for (_, api) in &apis {
        while !api.list_metadata(&ListParams::default().limit(1)).await?.items.is_empty() {
            ensure!(started.elapsed() < PATIENCE, "not all were deleted in time");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let gone = started.elapsed();
    let peak_rss_kib = measure::peak_rss_kib(operator.pid())?;
    Ok(Figures { ready, gone, calls, writes, cpu_seconds, peak_rss_kib })
}

async fn create(client: &Client, namespace: &str, objects: Vec<Object>) -> anyhow::Result<()> {
    stream::iter(objects)
        .map(|Object { kind, manifest }| async move {
            let object = serde_json::from_value(manifest)?;
            api(client.clone(), namespace, kind).create(&PostParams::default(), &object).await?;
            anyhow::Ok(())
        })
        .buffer_unordered(PARALLEL)
        .try_collect::<()>()
        .await
}

async fn all_ready(api: Api<DynamicObject>, count: usize) -> anyhow::Result<()> {
    let mut ready = HashSet::new();
    let mut changes = std::pin::pin!(watcher(api, watcher::Config::default()).applied_objects());
    while ready.len() < count {
        let object = changes.try_next().await?.context("the watch ended")?;
        if object_condition(&object.data, "Ready")["status"] == "True" {
            ready.insert(object.name_any());
        }
    }
    Ok(())
}

async fn wait_for_http(address: &str) -> anyhow::Result<()> {
    for _ in 0..200 {
        if reqwest::get(format!("http://{address}/readyz"))
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the operator did not become ready")
}
