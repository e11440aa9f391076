//! Puts the operator together and runs it: client, lease, AWS, watches, controllers, and an orderly end.

mod start;
mod watches;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, ResourceExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::limit::ConcurrencyLimitLayer;

use crate::account::{AccountController, Accounts};
use crate::alias::Aliases;
use crate::aws::{
    Aws, AwsSettings, CallObserver, CallRecord, Counts, Listed, Mode, QuotaClass, Tidings, Wake, WriteGate,
};
use crate::capacity_provider::CapacityProviders;
use crate::code_signing::CodeSigningConfigs;
use crate::engine::controller::{AnyController, Controller};
use crate::engine::shared::{Handles, Shared};
use crate::function::Functions;
use crate::invocation::InvocationController;
use crate::k8s::events::Events;
use crate::k8s::references::{References, Woken};
use crate::layer::Layers;
use crate::mapping::EventSourceMappings;
use crate::runtime::watchdog::{BEAT, SILENCE};
use crate::runtime::{Leadership, Metrics, NotLeader, Probes, Server, Watchdog};
use crate::settings::{KubernetesSettings, Settings};

/// How often the memory of vanished objects is dropped.
const PRUNE: Duration = Duration::from_mins(10);
/// How long a read from the API server may take; watches are renewed well before.
const KUBERNETES_READ_TIMEOUT: Duration = Duration::from_secs(320);
/// Requests to the API server at the same time, open watches not counted. Each has a connection of its own, whose buffers
/// cost memory; more of them make nothing faster.
const KUBERNETES_REQUESTS: usize = 32;

/// Why the operator could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The kubeconfig or the Pod's ServiceAccount is of no use.
    #[error("no way to the API server: {0}. Check --kubeconfig and --context, or the Pod's ServiceAccount")]
    Kubeconfig(String),
    /// The cluster can't be told.
    #[error("the UID of the namespace kube-system can't be read: {0}. Grant get on it, or set --cluster-id")]
    ClusterId(kube::Error),
    /// Metrics and probes can't be served.
    #[error("--metrics-address {0} can't be used: {1}")]
    Metrics(std::net::SocketAddr, std::io::Error),
    /// Another process leads now.
    #[error("the leader lease was lost; ending, so that nothing is done twice")]
    LeaseLost,
}

/// An operator that can be run.
pub struct Operator {
    /// What was set.
    pub settings: Settings,
    /// A client for the API server, instead of the one that the settings name.
    pub client: Option<Client>,
    /// An access key id and secret, instead of what the SDK finds.
    pub credentials: Option<(String, String)>,
}

impl Operator {
    /// Runs until `stop` is cancelled or the lease is lost. Calls under way are finished.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn run(self, stop: CancellationToken) -> Result<(), RunError> {
        let Self { settings, client, credentials } = self;
        let client = match client {
            Some(client) => client,
            None => connect(&settings.kubernetes).await?,
        };
        let (metrics, probes) = (Metrics::new(), Probes::default());
        start::expect(&probes.readiness);
        let address = settings.metrics_address;
        let server = Server::start(address, metrics.clone(), probes.clone(), stop.clone())
            .await
            .map_err(|error| RunError::Metrics(address, error))?;
        tracing::info!(address = %server.address(), "serving metrics and probes");
        let watchdog = probes.watchdog.clone();
        // Ends when it is dropped.
        let mut heart = JoinSet::new();
        heart.spawn(async move { watchdog.heartbeat().await });
        work(settings, client, credentials, (metrics, probes), &stop).await
    }
}

/// Contends for the lease, and works as the leader.
async fn work(
    settings: Settings,
    client: Client,
    credentials: Option<(String, String)>,
    (metrics, probes): (Metrics, Probes),
    stop: &CancellationToken,
) -> Result<(), RunError> {
    let served = start::kinds_are_served(&client, &settings, &probes.readiness);
    if stop.run_until_cancelled(served).await.is_none() {
        return Ok(());
    }
    let leadership = match &settings.election {
        Some(lease) => Leadership::contend(client.clone(), lease.clone(), metrics.clone(), &probes.watchdog),
        None => Leadership::always(),
    };
    let led = tokio::select! {
        led = start::be_standby(&leadership, &probes.readiness) => led,
        () = stop.cancelled() => {
            leadership.release().await;
            return Ok(());
        }
    };
    led.map_err(|NotLeader| RunError::LeaseLost)?;
    let lost = lead(settings, client, credentials, (metrics, probes), leadership.clone(), stop).await?;
    leadership.release().await;
    if lost { Err(RunError::LeaseLost) } else { Ok(()) }
}

/// Works as the leader. `true`: the lease was lost.
async fn lead(
    settings: Settings,
    client: Client,
    credentials: Option<(String, String)>,
    (metrics, probes): (Metrics, Probes),
    leadership: Leadership,
    stop: &CancellationToken,
) -> Result<bool, RunError> {
    let cluster_id = match &settings.cluster_id {
        Some(id) => id.clone(),
        None => cluster_id(&client).await.map_err(RunError::ClusterId)?,
    };
    tracing::info!(cluster_id, version = env!("CARGO_PKG_VERSION"), "leading");
    let ending = stop.child_token();
    let observer = Arc::new(Observer(metrics.clone()));
    let aws = Aws::new(aws_settings(&settings, credentials), Arc::new(Gate(leadership.clone())), observer);
    let (wakes, swept) = mpsc::unbounded_channel();
    let (references, touched) = References::new();
    let (accounts, used) = Accounts::new(references.waker(), aws.clone());
    let identity = settings.election.as_ref().map_or("lambda-operator", |lease| lease.identity.as_str());
    let handles = Handles {
        client: client.clone(),
        aws: aws.clone(),
        leadership: leadership.clone(),
        events: Events::start(client.clone(), identity, metrics.clone()),
        metrics,
        probes,
        references,
        accounts: Arc::new(accounts),
        wakes,
        stop: ending.clone(),
    };
    let shared = Arc::new(Shared::new(handles, &settings, cluster_id));
    let mut controllers = controllers(&shared, &settings);
    let namespaces = watches::namespaces(&settings);
    watches::expect(&shared, &settings, &controllers, &namespaces);
    watches::references(&shared, &settings, &namespaces).await;

    let mut tasks = JoinSet::new();
    let accounts = AccountController::new(Arc::clone(&shared), &settings, used);
    watches::start(&mut tasks, &shared, &controllers, &accounts, namespaces);
    controllers.push(accounts);
    let watchdog = shared.probes.watchdog.clone();
    let helpers = serve_wakes(controllers, swept, touched, aws.clone(), ending.clone(), watchdog);
    let helpers = tokio::spawn(helpers);
    let lost = tokio::select! {
        () = leadership.lost() => true,
        () = stop.cancelled() => false,
    };
    ending.cancel();
    aws.shut_down();
    while tasks.join_next().await.is_some() {}
    helpers.abort();
    shared.events.finish().await;
    Ok(lost)
}

/// One controller for each kind.
fn controllers(shared: &Arc<Shared>, settings: &Settings) -> Vec<Arc<dyn AnyController>> {
    vec![
        Controller::<Functions>::new(Arc::clone(shared)),
        Controller::<Aliases>::new(Arc::clone(shared)),
        Controller::<CapacityProviders>::new(Arc::clone(shared)),
        Controller::<CodeSigningConfigs>::new(Arc::clone(shared)),
        Controller::<EventSourceMappings>::new(Arc::clone(shared)),
        Controller::<Layers>::new(Arc::clone(shared)),
        InvocationController::new(Arc::clone(shared), settings),
    ]
}

/// Passes on what asks for a visit: sweeps, references, credentials that work again.
async fn serve_wakes(
    controllers: Vec<Arc<dyn AnyController>>,
    mut swept: mpsc::UnboundedReceiver<Wake>,
    mut referenced: mpsc::UnboundedReceiver<Woken>,
    aws: Aws,
    stop: CancellationToken,
    watchdog: Watchdog,
) {
    let (mut resumed, mut refused) = (aws.resumed(), aws.paused());
    let (mut resumptions, mut refusals) = (Counts::new(), Counts::new());
    let (mut prune, mut beat) = (tokio::time::interval(PRUNE), tokio::time::interval(BEAT));
    let pulse = watchdog.watch("the wakes", SILENCE);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(wake) = swept.recv() => controllers.iter().for_each(|all| all.wake_place(&wake)),
            Some(Woken { key, look }) = referenced.recv() => {
                let of_kind = controllers.iter().filter(|controller| controller.kind() == key.kind);
                of_kind.for_each(|controller| controller.wake(&key.object, look));
            }
            Ok(()) = resumed.changed() => for whose in Tidings::news(&mut resumed, &mut resumptions) {
                for controller in &controllers {
                    controller.wake_troubled(&whose);
                }
            },
            Ok(()) = refused.changed() => for whose in Tidings::news(&mut refused, &mut refusals) {
                for controller in &controllers {
                    controller.refused(&whose);
                }
            },
            _ = beat.tick() => pulse.beat(),
            _ = prune.tick() => controllers.iter().for_each(|all| all.prune()),
            else => return,
        }
    }
}

/// A client for the cluster that the settings name.
pub(crate) async fn connect(settings: &KubernetesSettings) -> Result<Client, RunError> {
    let failed = |error: &dyn std::error::Error| RunError::Kubeconfig(error.to_string());
    let options = KubeConfigOptions { context: settings.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match (&settings.kubeconfig, &settings.context) {
        (Some(path), _) => {
            let kubeconfig = Kubeconfig::read_from(path).map_err(|error| failed(&error))?;
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| failed(&error))?
        }
        (None, Some(_)) => Config::from_kubeconfig(&options).await.map_err(|error| failed(&error))?,
        (None, None) => Config::infer().await.map_err(|error| failed(&error))?,
    };
    config.read_timeout = Some(KUBERNETES_READ_TIMEOUT);
    let connections = ConcurrencyLimitLayer::new(KUBERNETES_REQUESTS);
    Ok(ClientBuilder::try_from(config).map_err(|error| failed(&error))?.with_layer(&connections).build())
}

/// What tells this cluster from others, unless a setting does.
pub(crate) async fn cluster_id(client: &Client) -> Result<String, kube::Error> {
    let system = Api::<Namespace>::all(client.clone()).get("kube-system").await?;
    Ok(system.uid().unwrap_or_default())
}

fn aws_settings(settings: &Settings, credentials: Option<(String, String)>) -> AwsSettings {
    AwsSettings {
        endpoint_url: settings.aws.endpoint_url.clone(),
        region: settings.aws.region.clone(),
        quota_share: settings.aws.quota_share,
        quotas_enabled: settings.aws.quotas,
        call_timeout: settings.aws.timeout,
        probe_min: settings.rechecks.min,
        probe_max: settings.rechecks.max,
        static_credentials: credentials,
        ..AwsSettings::default()
    }
}

/// Lets a write through while this process leads.
struct Gate(Leadership);

impl WriteGate for Gate {
    fn check(&self) -> Result<(), String> {
        self.0.check().map_err(|error| error.to_string())
    }
}

/// Counts calls and sweeps.
struct Observer(Metrics);

impl CallObserver for Observer {
    fn call(&self, record: &CallRecord) {
        let throttled =
            record.error.as_ref().is_some_and(|error| error.class == crate::aws::Class::Throttled);
        self.0.aws_called(record.operation, &record.code, record.seconds);
        if throttled {
            self.0.aws_throttled(record.operation);
        }
        if let Some(class) = record.quota {
            self.0.aws_quota_waited(class.as_str(), record.quota_wait_seconds);
        }
    }

    fn waiting(&self, account: &str, region: &str, class: QuotaClass, calls: usize) {
        self.0.aws_quota_waiting(account, region, class.as_str(), calls);
    }

    fn swept(&self, account: &str, region: &str, listed: Listed, next: Mode) {
        self.0.sweep_finished(account, region, listed.as_str());
        self.0.inventory_mode(account, region, listed.as_str(), (next.as_str(), &Mode::NAMES));
    }
}
