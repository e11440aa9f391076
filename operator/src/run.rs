//! Puts the operator together and runs it: client, lease, AWS, watches, controllers, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, ResourceExt};
use lambda_operator_crds::GROUP;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::limit::ConcurrencyLimitLayer;

use crate::account::{AccountController, Accounts};
use crate::alias::Aliases;
use crate::aws::{
    Aws, AwsSettings, CallObserver, CallRecord, Counts, Listed, Mode, QuotaClass, Tidings, Wake, WriteGate,
};
use crate::code_signing::CodeSigningConfigs;
use crate::engine::controller::{AnyController, Controller};
use crate::engine::shared::{Handles, Shared};
use crate::function::Functions;
use crate::k8s::events::Events;
use crate::k8s::references::{ReferenceKind, References, Woken};
use crate::layer::Layers;
use crate::mapping::EventSourceMappings;
use crate::runtime::{Leadership, Metrics, NotLeader, ReadyFlag, Server};
use crate::settings::{KubernetesSettings, Settings};

/// How often the memory of vanished objects is dropped.
const PRUNE: Duration = Duration::from_mins(10);
/// How long to wait before looking again for a custom resource that is missing.
const KINDS_RECHECK: Duration = Duration::from_secs(2);
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
        let metrics = Metrics::new();
        let ready = ReadyFlag::default();
        let address = settings.metrics_address;
        let server = Server::start(address, metrics.clone(), ready.clone(), stop.clone())
            .await
            .map_err(|error| RunError::Metrics(address, error))?;
        tracing::info!(address = %server.address(), "serving metrics and probes");
        if stop.run_until_cancelled(kinds_are_served(&client, &settings)).await.is_none() {
            return Ok(());
        }
        let leadership = match &settings.election {
            Some(lease) => Leadership::contend(client.clone(), lease.clone(), metrics.clone()),
            None => Leadership::always(),
        };
        ready.set();
        let led = tokio::select! {
            led = leadership.wait_until_leader() => led,
            () = stop.cancelled() => {
                leadership.release().await;
                return Ok(());
            }
        };
        led.map_err(|NotLeader| RunError::LeaseLost)?;
        let lost = lead(settings, client, credentials, metrics, leadership.clone(), &stop).await?;
        leadership.release().await;
        if lost { Err(RunError::LeaseLost) } else { Ok(()) }
    }
}

/// Waits until the API server has the custom resources: until then this process is of no use, not even as a standby.
async fn kinds_are_served(client: &Client, settings: &Settings) {
    let all = lambda_operator_crds::all().into_iter();
    for definition in all.filter(|definition| definition.spec.scope == "Namespaced") {
        let (name, kind) = (definition.name_any(), definition.spec.names.kind);
        let resource = ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk(GROUP, "v1alpha1", &kind),
            &definition.spec.names.plural,
        );
        let api: Api<DynamicObject> = match settings.watch.namespaces.first() {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        while let Err(error) = api.list_metadata(&ListParams::default().limit(1)).await {
            match &error {
                kube::Error::Api(status) if status.code == 404 => {
                    tracing::warn!(
                        "waiting: the CustomResourceDefinition {name} is missing; install it from crds/"
                    );
                }
                // An operator of some namespaces does without; objects that name one say so.
                kube::Error::Api(status) if status.code == 403 && kind == "LambdaAccount" => break,
                _ => tracing::warn!(%error, "waiting: {name} can't be listed"),
            }
            tokio::time::sleep(KINDS_RECHECK).await;
        }
    }
}

/// Works as the leader. `true`: the lease was lost.
async fn lead(
    settings: Settings,
    client: Client,
    credentials: Option<(String, String)>,
    metrics: Metrics,
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
        references,
        accounts: Arc::new(accounts),
        wakes,
        stop: ending.clone(),
    };
    let shared = Arc::new(Shared::new(handles, &settings, cluster_id));
    let mut controllers = controllers(&shared);
    let namespaces = namespaces(&settings);
    watch_references(&shared, &settings, &namespaces).await;

    let mut tasks = JoinSet::new();
    let accounts = AccountController::new(Arc::clone(&shared), &settings, used);
    watch(&mut tasks, &shared, &controllers, &accounts, namespaces);
    controllers.push(accounts);
    let helpers = tokio::spawn(serve_wakes(controllers, swept, touched, aws.clone(), ending.clone()));
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

/// Starts all watches: of each kind in each namespace, of the labels of each namespace, and of LambdaAccounts.
fn watch(
    tasks: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    controllers: &[Arc<dyn AnyController>],
    accounts: &Arc<AccountController>,
    namespaces: Vec<Option<String>>,
) {
    shared.expect_listings(namespaces.len() * (controllers.len() + 1) + 1);
    tasks.spawn(Arc::clone(accounts).run(None));
    for controller in controllers {
        tasks.spawn(Arc::clone(controller).rotate());
    }
    for namespace in namespaces {
        tasks.spawn(watch_namespaces(Arc::clone(shared), namespace.clone()));
        for controller in controllers {
            tasks.spawn(Arc::clone(controller).run(namespace.clone()));
        }
    }
}

/// One controller for each kind.
fn controllers(shared: &Arc<Shared>) -> Vec<Arc<dyn AnyController>> {
    vec![
        Controller::<Functions>::new(Arc::clone(shared)),
        Controller::<Aliases>::new(Arc::clone(shared)),
        Controller::<CodeSigningConfigs>::new(Arc::clone(shared)),
        Controller::<EventSourceMappings>::new(Arc::clone(shared)),
        Controller::<Layers>::new(Arc::clone(shared)),
    ]
}

/// The namespaces to watch; `None` stands for all.
fn namespaces(settings: &Settings) -> Vec<Option<String>> {
    match settings.watch.namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    }
}

/// Starts the watches of Secrets and ConfigMaps, and waits until they know everything there is.
async fn watch_references(shared: &Arc<Shared>, settings: &Settings, namespaces: &[Option<String>]) {
    if !settings.watch.secrets {
        return;
    }
    let mut watches = JoinSet::new();
    for namespace in namespaces {
        for kind in [ReferenceKind::Secret, ReferenceKind::ConfigMap] {
            let (client, references) = (shared.client.clone(), Arc::clone(&shared.references));
            watches.spawn(references.watch(client, kind, namespace.clone()));
        }
    }
    tokio::select! {
        () = async { while watches.join_next().await.is_some() {} } => {}
        () = shared.stop.cancelled() => {}
    }
}

/// Watches the labels of namespaces, which decide who may use a LambdaAccount.
async fn watch_namespaces(shared: Arc<Shared>, namespace: Option<String>) {
    let (accounts, client) = (Arc::clone(&shared.accounts), shared.client.clone());
    let listed = || shared.listing_is_in();
    let watch = crate::account::watch_namespaces(accounts, client, namespace, listed);
    shared.stop.run_until_cancelled(watch).await;
}

/// Passes on what asks for a visit: sweeps, references, credentials that work again.
async fn serve_wakes(
    controllers: Vec<Arc<dyn AnyController>>,
    mut swept: mpsc::UnboundedReceiver<Wake>,
    mut referenced: mpsc::UnboundedReceiver<Woken>,
    aws: Aws,
    stop: CancellationToken,
) {
    let (mut resumed, mut refused) = (aws.resumed(), aws.paused());
    let (mut resumptions, mut refusals) = (Counts::new(), Counts::new());
    let mut prune = tokio::time::interval(PRUNE);
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

async fn cluster_id(client: &Client) -> Result<String, kube::Error> {
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
