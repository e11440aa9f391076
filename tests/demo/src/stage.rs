//! What the demo plays on: a cluster, an AWS, an operator.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lambda_sim::{AccountControl, Options, Sim};
use test_support::{Cluster, Process, bin};

use crate::kubectl::Kubectl;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const NAMESPACE: &str = "lambda-operator-demo";

/// Cluster, AWS and operator.
pub(crate) struct Stage {
    pub(crate) kubectl: Kubectl,
    /// The simulator, unless another AWS was asked for.
    pub(crate) sim: Option<Sim>,
    /// The role to put into the samples, for another AWS.
    pub(crate) role: Option<String>,
    operator: Process,
}

impl Stage {
    /// Starts everything and says what is under way.
    pub(crate) async fn set(
        context: Option<String>,
        aws: &str,
        role: Option<String>,
    ) -> anyhow::Result<Self> {
        ensure!(
            aws == "sim" || role.is_some(),
            "--aws {aws} needs the functions' execution role: set DEMO_ROLE to its ARN"
        );
        progress("building the operator");
        let program = bin("lambda-operator", "lambda-operator");
        let mut command = Command::new(program);
        command.args(["run", "--leader-election=false", "--metrics-address", "127.0.0.1:0"]);
        command.args(["--watch-namespace", NAMESPACE, "--drift-interval", "2s"]);
        let kubectl = match context {
            Some(context) => {
                progress(&format!("using the cluster of the context {context}"));
                command.args(["--context", &context]);
                Kubectl {
                    program: pinned_kubectl()?,
                    kubeconfig: None,
                    context: Some(context),
                    namespace: Some(NAMESPACE.into()),
                }
            }
            None => own_cluster().await,
        };
        install(&kubectl).await?;
        if kubectl.context.is_none() {
            let cluster = Cluster::shared().await;
            let account =
                cluster.kubeconfig_for_service_account("lambda-operator-system", "lambda-operator").await;
            command.arg("--kubeconfig").arg(cluster.write_kubeconfig("operator", &account));
        }
        let sim = direct_to_aws(&mut command, aws).await?;
        match &kubectl.context {
            Some(context) => progress(&format!(
                "starting the operator on this machine, with your own credentials of the context {context}"
            )),
            None => progress("starting the operator under its own ServiceAccount"),
        }
        let operator = Process::spawn("lambda-operator", &command);
        Ok(Self { kubectl, sim, role, operator })
    }

    /// The simulated account.
    pub(crate) fn aws(&self) -> Option<AccountControl> {
        self.sim.as_ref().map(|sim| sim.control().account(ACCOUNT, REGION))
    }

    /// The last lines of the operator's log.
    pub(crate) fn log_tail(&self) -> String {
        let log = self.operator.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Leaves a cluster that isn't ours as it was, but for the custom resource. The operator has to run for that.
    pub(crate) async fn clear(&self) -> anyhow::Result<()> {
        let Some(context) = &self.kubectl.context else { return Ok(()) };
        progress(&format!("deleting the namespace {NAMESPACE} from the cluster of the context {context}"));
        let all = Kubectl { namespace: None, ..self.kubectl.clone() };
        all.quietly(&["delete", "namespace", NAMESPACE, "--timeout=60s"]).await.with_context(|| {
            format!("the namespace {NAMESPACE} stays behind in the cluster of the context {context}")
        })?;
        progress("the custom resources stay, in case others use them: kubectl delete -k crds");
        Ok(())
    }

    /// Waits for Ctrl-C and says how to use what is running.
    pub(crate) async fn stay(&self) {
        println!("\nEverything stays up until you press Ctrl-C. In another terminal:\n");
        match &self.kubectl.kubeconfig {
            Some(kubeconfig) => println!("  export KUBECONFIG={}", kubeconfig.display()),
            None => println!("  # your own context {}", self.kubectl.context.as_deref().unwrap_or_default()),
        }
        println!("  kubectl --namespace {NAMESPACE} get lambdafunctions");
        println!("  kubectl explain lambdafunction.spec");
        println!("\n(kubectl is also at {})", self.kubectl.program.display());
        if let Some(sim) = &self.sim {
            println!(
                "\nThe simulated AWS: AWS_ACCESS_KEY_ID=AKIA{ACCOUNT} AWS_SECRET_ACCESS_KEY=x aws --region {REGION} --endpoint-url {} lambda list-functions",
                sim.endpoint()
            );
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Says what is under way.
pub(crate) fn progress(text: &str) {
    println!("· {text}");
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

async fn own_cluster() -> Kubectl {
    progress("starting etcd, kube-apiserver and kube-controller-manager");
    let started = Instant::now();
    let cluster = Cluster::shared().await;
    progress(&format!("the API server is ready after {:.1} s", started.elapsed().as_secs_f64()));
    Kubectl {
        program: cluster.kubectl_path().to_path_buf(),
        kubeconfig: Some(cluster.admin_kubeconfig().to_path_buf()),
        context: None,
        namespace: Some(NAMESPACE.into()),
    }
}

async fn install(kubectl: &Kubectl) -> anyhow::Result<()> {
    progress("installing the custom resources and the operator's RBAC");
    let kubectl = &Kubectl { namespace: None, ..kubectl.clone() };
    let path = |name: &str| root().join(name).display().to_string();
    kubectl.quietly(&["apply", "--server-side", "--force-conflicts", "-k", &path("crds")]).await?;
    let kinds = lambda_operator_crds::all().into_iter().filter_map(|kind| kind.metadata.name);
    for kind in kinds {
        kubectl.quietly(&["wait", "--for=condition=Established", &format!("crd/{kind}")]).await?;
    }
    if kubectl.context.is_none() {
        kubectl.quietly(&["apply", "-k", &path("config/rbac")]).await?;
    }
    own_namespace(kubectl).await
}

/// Makes the demo's namespace. One that somebody else made isn't used: it will be deleted.
async fn own_namespace(kubectl: &Kubectl) -> anyhow::Result<()> {
    const OURS: &str = "app.kubernetes.io/managed-by=lambda-operator-demo";
    let found = kubectl.quietly(&["get", "namespace", NAMESPACE, "--ignore-not-found", "-o=name"]).await?;
    if found.is_empty() {
        kubectl.quietly(&["create", "namespace", NAMESPACE]).await?;
        kubectl.quietly(&["label", "namespace", NAMESPACE, OURS]).await?;
    }
    let ours = kubectl.quietly(&["get", "namespace", "--selector", OURS, "-o=name"]).await?;
    ensure!(
        ours.lines().any(|line| line == format!("namespace/{NAMESPACE}")),
        "the cluster has a namespace {NAMESPACE} that this demo didn't make; delete or rename it"
    );
    Ok(())
}

async fn direct_to_aws(command: &mut Command, aws: &str) -> anyhow::Result<Option<Sim>> {
    match aws {
        "sim" => {
            progress("starting a simulated AWS with Lambda's quotas");
            let options = Options {
                quotas: true,
                settle_delay: Duration::from_millis(300).into(),
                ..Options::default()
            };
            let sim = Sim::start(options).await.context("the simulator does not start")?;
            command.args(["--aws-endpoint-url", &sim.endpoint(), "--aws-region", REGION]);
            command.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "secret");
            Ok(Some(sim))
        }
        "real" => {
            progress("using AWS itself, with the credentials and region of your environment");
            Ok(None)
        }
        url => {
            progress(&format!("using the endpoint {url}"));
            command.args(["--aws-endpoint-url", url]);
            Ok(None)
        }
    }
}

/// Where tests/tools keeps kubectl.
fn pinned_kubectl() -> anyhow::Result<PathBuf> {
    let output = Command::new(root().join("tests/tools/ensure")).output().context("tests/tools/ensure")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("kubectl="))
        .map(PathBuf::from)
        .context("tests/tools/ensure names no kubectl")
}
