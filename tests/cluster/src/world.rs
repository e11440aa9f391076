//! A namespace, a simulated AWS and an operator, for one test.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use lambda_operator::run::{Operator, RunError};
use lambda_operator::runtime::telemetry::{self, LogFormat};
use lambda_operator::settings::{AwsSettings, Settings};
use lambda_operator_crds::LambdaFunction;
use lambda_sim::{AccountControl, Call, Options, Sim};
use serde_json::{Value, json};
use test_support::{Cluster, TestNamespace, Tool, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{accounts, install, restricted};

/// The account of a world.
pub const ACCOUNT: &str = "111122223333";
/// The region of a world.
pub const REGION: &str = "eu-west-1";
/// An execution role that the simulator knows.
pub const ROLE: &str = "arn:aws:iam::111122223333:role/lambda";

/// How long anything may take that is to happen by itself.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Settings of a world before it starts.
pub struct WorldBuilder {
    name: String,
    settings: Settings,
    options: Options,
    rules: Option<Value>,
    started: bool,
}

/// A namespace, a simulated AWS and an operator. Everything ends when it is dropped.
pub struct World {
    /// The control plane.
    pub cluster: &'static Cluster,
    /// The namespace; deleted at the end.
    pub namespace: TestNamespace,
    /// The simulator.
    pub sim: Sim,
    /// The operator's settings, for a restart.
    pub settings: Settings,
    /// The account of the operator's credentials, for a restart.
    pub account: String,
    client: Client,
    operator: Option<(CancellationToken, JoinHandle<Result<(), RunError>>)>,
}

impl WorldBuilder {
    /// With an operator that looks twice a second for what lists don't show.
    #[must_use]
    pub fn watchful(self) -> Self {
        self.settings(|settings| {
            settings.drift.rotation_interval = Some(Duration::from_millis(500));
            settings.drift.read_share = 1.0;
        })
    }

    /// Changes the operator's settings.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Changes the simulator's options.
    #[must_use]
    pub fn simulator(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Runs the operator as a ServiceAccount of the namespace that may do this there, instead of the one of
    /// `config/rbac`: a list of rules of a Role. They can be changed by [`World::grant`].
    #[must_use]
    pub fn allowed(mut self, rules: Value) -> Self {
        self.rules = Some(rules);
        self
    }

    /// Leaves the operator to be started later, by [`World::start_operator`] or as a process.
    #[must_use]
    pub fn without_operator(mut self) -> Self {
        self.started = false;
        self
    }

    /// Starts it.
    pub async fn start(self) -> World {
        let cluster = install().await;
        let namespace = cluster.namespace(&self.name).await;
        let sim = Sim::start(self.options).await.expect("the simulator starts");
        let mut settings = self.settings;
        settings.watch.namespaces = vec![namespace.name().to_owned()];
        // LambdaAccounts belong to no namespace, and other tests have theirs.
        settings.watch.account_selector = Some(accounts::selector(namespace.name()));
        settings.aws.endpoint_url.get_or_insert_with(|| sim.endpoint());
        let kubeconfig = match &self.rules {
            Some(rules) => restricted::kubeconfig(cluster, namespace.name(), rules).await,
            None => cluster.kubeconfig_for_service_account("lambda-operator-system", "lambda-operator").await,
        };
        let client = cluster.client(&kubeconfig).await;
        let mut world =
            World { cluster, namespace, sim, settings, account: ACCOUNT.into(), client, operator: None };
        if self.started {
            world.start_operator();
        }
        world
    }
}

impl World {
    /// A world whose operator has short rechecks, no quotas, no sweeps after the first and no rotation.
    pub async fn start(name: &str) -> Self {
        Self::builder(name).start().await
    }

    /// A world to be changed before it starts.
    pub fn builder(name: &str) -> WorldBuilder {
        let mut settings = Settings {
            aws: AwsSettings { region: Some(REGION.into()), quotas: false, ..AwsSettings::default() },
            metrics_address: ([127, 0, 0, 1], 0).into(),
            election: None,
            ..Settings::default()
        };
        settings.drift.sweep_interval = None;
        settings.drift.rotation_interval = None;
        settings.rechecks.min = Duration::from_millis(500);
        settings.rechecks.max = Duration::from_secs(2);
        settings.rechecks.refused = Duration::from_secs(3);
        settings.rechecks.propagation_min = Duration::from_millis(200);
        settings.rechecks.propagation_max = Duration::from_secs(1);
        settings.rechecks.propagation_window = Duration::from_secs(5);
        WorldBuilder { name: name.into(), settings, options: Options::default(), rules: None, started: true }
    }

    /// Starts an operator within this process. It logs when `RUST_LOG` is set.
    pub fn start_operator(&mut self) {
        if let Ok(level) = std::env::var("RUST_LOG") {
            telemetry::init(LogFormat::Text, &level, None).expect("RUST_LOG can be understood");
        }
        let stop = CancellationToken::new();
        let credentials = Some((format!("AKIA{}", self.account), "secret".into()));
        let operator =
            Operator { settings: self.settings.clone(), client: Some(self.client.clone()), credentials };
        let task = tokio::spawn(operator.run(stop.clone()));
        self.operator = Some((stop, task));
    }

    /// Ends the operator in an orderly way.
    pub async fn stop_operator(&mut self) {
        if let Some((stop, task)) = self.operator.take() {
            stop.cancel();
            task.await.expect("the operator does not panic").expect("the operator ends well");
        }
    }

    /// The simulated account and region.
    pub fn aws(&self) -> AccountControl {
        self.sim.control().account(ACCOUNT, REGION)
    }

    /// The LambdaFunctions of the namespace, as an administrator sees them.
    pub fn functions(&self) -> Api<LambdaFunction> {
        self.namespace.api()
    }

    /// Creates or changes a LambdaFunction, as `kubectl apply --server-side` does.
    pub async fn apply(&self, name: &str, spec: Value) -> LambdaFunction {
        let object = json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction", "metadata": {"name": name}, "spec": spec,
        });
        let params = PatchParams::apply("user").force();
        self.functions()
            .patch(name, &params, &Patch::Apply(&object))
            .await
            .expect("the API server takes the object")
    }

    /// Changes a LambdaFunction by a merge patch.
    pub async fn patch(&self, name: &str, patch: Value) -> LambdaFunction {
        let params = PatchParams::default();
        self.functions()
            .patch(name, &params, &Patch::Merge(&patch))
            .await
            .expect("the API server takes the patch")
    }

    /// kubectl as an administrator, in the namespace of the world.
    pub fn kubectl(&self, arguments: &[&str]) -> Tool {
        let kubectl = self.cluster.kubectl(self.cluster.admin_kubeconfig());
        kubectl.args(["-n", self.namespace.name()]).args(arguments)
    }

    /// Waits until a LambdaFunction is Ready on its present generation.
    pub async fn ready(&self, name: &str) -> LambdaFunction {
        self.reason(name, "Available").await
    }

    /// Waits until the condition Ready of the present generation has this reason.
    pub async fn reason(&self, name: &str, reason: &str) -> LambdaFunction {
        self.until(name, &format!("{name} has the reason {reason}"), |object| {
            ready_for(object, reason).is_some()
        })
        .await
    }

    /// Waits until a LambdaFunction is as wanted.
    pub async fn until(
        &self,
        name: &str,
        what: &str,
        wanted: impl Fn(&LambdaFunction) -> bool,
    ) -> LambdaFunction {
        let (api, wanted) = (self.functions(), &wanted);
        eventually(PATIENCE, what, || async {
            match api.get_opt(name).await.expect("the API server answers") {
                Some(object) if wanted(&object) => Ok(object),
                other => Err(other.map_or_else(|| "no such object".to_owned(), |object| summary(&object))),
            }
        })
        .await
    }

    /// Asks for a deletion.
    pub async fn delete(&self, name: &str) {
        self.functions()
            .delete(name, &DeleteParams::default())
            .await
            .expect("the API server takes the deletion");
    }

    /// Waits until a LambdaFunction is gone.
    pub async fn gone(&self, name: &str) {
        let api = self.functions();
        eventually(PATIENCE, &format!("{name} is gone"), || async {
            api.get_opt(name)
                .await
                .expect("the API server answers")
                .map_or(Ok(()), |object| Err(summary(&object)))
        })
        .await;
    }

    /// The calls to Lambda so far, without the inventory's lists of the whole account.
    pub async fn calls(&self) -> Vec<String> {
        let swept = |call: &Call| match call.operation.as_str() {
            "ListFunctions" => true,
            "ListEventSourceMappings" => call.request.get("FunctionName").is_none(),
            _ => false,
        };
        let ledger = self.ledger().await;
        ledger.into_iter().filter(|call| !swept(call)).map(|call| call.operation).collect()
    }

    /// The calls to Lambda so far, whole.
    pub async fn ledger(&self) -> Vec<Call> {
        let ledger = self.aws().ledger().await;
        ledger.into_iter().filter(|call| call.service == "lambda").collect()
    }

    /// The looks at what packages are made from so far, which are no calls to Lambda.
    pub async fn source_calls(&self) -> Vec<String> {
        let ledger = self.aws().ledger().await;
        let of_sources = ledger.into_iter().filter(|call| ["s3", "ecr"].contains(&call.service.as_str()));
        of_sources.map(|call| call.operation).collect()
    }

    /// The Events about an object: (type, reason, note).
    pub async fn events(&self, name: &str) -> Vec<(String, String, String)> {
        let events: Api<k8s_openapi::api::events::v1::Event> = self.namespace.api();
        let all = events.list(&kube::api::ListParams::default()).await.expect("the API server lists Events");
        all.items
            .into_iter()
            .filter(|event| event.regarding.as_ref().is_some_and(|about| about.name.as_deref() == Some(name)))
            .map(|event| {
                (
                    event.type_.unwrap_or_default(),
                    event.reason.unwrap_or_default(),
                    event.note.unwrap_or_default(),
                )
            })
            .collect()
    }

    /// Lets the operator act if it wanted to, and asserts that it made no call and wrote nothing.
    pub async fn assert_quiet(&self, name: &str, wait: Duration) {
        let before = (self.functions().get(name).await.expect("it is there"), self.calls().await);
        tokio::time::sleep(wait).await;
        let after = (self.functions().get(name).await.expect("it is there"), self.calls().await);
        assert_eq!(before.1, after.1, "a settled object costs no call");
        assert_eq!(before.0.resource_version(), after.0.resource_version(), "a settled object sees no write");
    }
}

/// A minimal spec with inline code, changed by `extra`.
pub fn function(extra: Value) -> Value {
    let mut spec = json!({
        "role": ROLE, "runtime": "python3.14", "handler": "index.handler",
        "code": {"inline": {"files": {"index.py": "def handler(event, context):\n    return 'hello'\n"}}},
    });
    let (Some(spec_fields), Value::Object(extra)) = (spec.as_object_mut(), extra) else { return spec };
    spec_fields.extend(extra);
    spec
}

/// A condition of a LambdaFunction.
pub fn condition<'a>(object: &'a LambdaFunction, kind: &str) -> Option<&'a Condition> {
    object.status.as_ref()?.common.conditions.iter().find(|condition| condition.type_ == kind)
}

/// The condition Ready of the present generation, when it has this reason.
pub(crate) fn ready_for<'a>(object: &'a LambdaFunction, reason: &str) -> Option<&'a Condition> {
    let of_now = |ready: &&Condition| ready.observed_generation == object.metadata.generation;
    condition(object, "Ready").filter(of_now).filter(|ready| ready.reason == reason)
}

pub(crate) fn summary(object: &LambdaFunction) -> String {
    let generation = object.metadata.generation.unwrap_or_default();
    let conditions = object.status.iter().flat_map(|status| &status.common.conditions);
    let conditions: Vec<String> =
        conditions.map(|c| format!("{}={} {}: {}", c.type_, c.status, c.reason, c.message)).collect();
    format!("generation {generation}, {}", conditions.join("; "))
}
