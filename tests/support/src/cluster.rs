//! The control plane as tests see it: one for the whole process, joined or started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::config::Kubeconfig;

use crate::certificates::Authority;
use crate::{bin, kubeconfig};

/// Names the directory of a running control plane, which tests then join.
pub const CLUSTER_VARIABLE: &str = "LAMBDA_OPERATOR_TEST_CLUSTER";

/// In the directory of a control plane: what `tests/tools/ensure` answered.
pub const TOOLS_FILE: &str = "tools";

const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// A running control plane. Clients belong to the runtime on which they are made,
/// and each `#[tokio::test]` has its own: ask for one in each test.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    server: String,
    kubectl: PathBuf,
    admin_path: PathBuf,
    admin: Kubeconfig,
    authority: Authority,
    /// Kept, with its stdin open, for as long as this process lives.
    _supervisor: Option<(Child, ChildStdin)>,
}

impl Cluster {
    /// The control plane of this test process: the one in
    /// `$LAMBDA_OPERATOR_TEST_CLUSTER`, else one that is started now and ends with
    /// this process.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster>> = OnceLock::new();
        let start = || SHARED.get_or_init(Self::join_or_start);
        match tokio::task::spawn_blocking(start).await {
            Ok(Ok(cluster)) => cluster,
            Ok(Err(error)) => panic!("no control plane for the tests: {error:#}"),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// A control plane of its own, for a test that changes what all others lean on. It ends when it is dropped.
    pub async fn separate() -> Self {
        match tokio::task::spawn_blocking(Self::start).await {
            Ok(Ok(cluster)) => cluster,
            Ok(Err(error)) => panic!("no control plane for this test: {error:#}"),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn join_or_start() -> Result<Self> {
        match std::env::var_os(CLUSTER_VARIABLE) {
            Some(directory) => Self::join(PathBuf::from(directory), None).with_context(|| {
                format!("{CLUSTER_VARIABLE} is set but names no running control plane; unset it to start one")
            }),
            None => Self::start(),
        }
    }

    fn start() -> Result<Self> {
        let mut command = Command::new(bin("test-support", "control-plane"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().expect("stdin was asked to be a pipe");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout was asked to be a pipe")).read_line(&mut line)?;
        let Some(directory) = line.trim_end().strip_prefix("ready ") else {
            bail!("its supervisor ended with {}; see its messages above", child.wait()?);
        };
        Self::join(PathBuf::from(directory), Some((child, stdin)))
    }

    fn join(directory: PathBuf, supervisor: Option<(Child, ChildStdin)>) -> Result<Self> {
        let variables = std::fs::read_to_string(directory.join("env"))
            .with_context(|| format!("cannot read {}/env", directory.display()))?;
        let variable = |name: &str| {
            let found = variables.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.map(ToOwned::to_owned).with_context(|| format!("no {name} in {}/env", directory.display()))
        };
        let admin_path = PathBuf::from(variable("KUBECONFIG")?);
        Ok(Self {
            server: variable("SERVER")?,
            kubectl: PathBuf::from(variable("KUBECTL")?),
            admin: Kubeconfig::read_from(&admin_path)?,
            admin_path,
            authority: Authority::load(&directory)?,
            directory,
            _supervisor: supervisor,
        })
    }

    /// Its directory, with kubeconfigs and logs; it is removed when the control plane ends.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The URL of its API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The pinned kubectl.
    pub fn kubectl_path(&self) -> &Path {
        &self.kubectl
    }

    /// A program that `tests/tools/ensure` names.
    ///
    /// # Panics
    /// When it names none of this name.
    pub fn program_path(&self, name: &str) -> PathBuf {
        let answer = std::fs::read_to_string(self.directory.join(TOOLS_FILE)).unwrap_or_default();
        let found = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.map_or_else(|| panic!("tests/tools/ensure names no {name}"), PathBuf::from)
    }

    /// The requests of ServiceAccounts, as the API server's audit log: a JSON object a line.
    pub fn audit_log(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    /// The kubeconfig file of an administrator (group `system:masters`).
    pub fn admin_kubeconfig(&self) -> &Path {
        &self.admin_path
    }

    /// The same, read.
    pub fn admin(&self) -> &Kubeconfig {
        &self.admin
    }

    /// A client of the administrator for this test's runtime.
    pub async fn admin_client(&self) -> Client {
        self.client(&self.admin).await
    }

    /// A client with the identity in a kubeconfig for this test's runtime.
    pub async fn client(&self, kubeconfig: &Kubeconfig) -> Client {
        kubeconfig::client(kubeconfig).await.expect("a kubeconfig made here gives a client")
    }

    /// A user in at most two groups, with a client certificate; RBAC grants it what
    /// bindings to its name and groups say.
    pub fn kubeconfig_for_user(&self, name: &str, groups: &[&str]) -> Kubeconfig {
        let identity = self.authority.client(name, groups);
        identity
            .and_then(|identity| {
                kubeconfig::with_certificate(&self.server, self.authority.certificate(), &identity)
            })
            .unwrap_or_else(|error| panic!("no kubeconfig for the user {name}: {error:#}"))
    }

    /// An existing ServiceAccount, with a token for 24 hours as a Pod would get it.
    pub async fn kubeconfig_for_service_account(&self, namespace: &str, name: &str) -> Kubeconfig {
        let accounts = Api::<ServiceAccount>::namespaced(self.admin_client().await, namespace);
        let spec =
            TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
        let answer = accounts.create_token_request(name, &PostParams::default(), &request).await;
        let answer = answer.unwrap_or_else(|error| panic!("no token for {namespace}/{name}: {error}"));
        let token =
            answer.status.and_then(|status| status.token).expect("the API server answers with a token");
        kubeconfig::with_token(&self.server, self.authority.certificate(), &token, namespace)
            .expect("a token makes a kubeconfig")
    }

    /// Writes a kubeconfig to a new file in the cluster's directory, for `--kubeconfig`
    /// and for [`Cluster::kubectl`]. `name` makes it recognisable.
    pub fn write_kubeconfig(&self, name: &str, kubeconfig: &Kubeconfig) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = name.replace(['/', ':'], "-");
        let path = self.directory.join(format!("{name}-{}-{number}.kubeconfig", std::process::id()));
        kubeconfig::write(&path, kubeconfig).expect("the cluster's directory is writable");
        path
    }
}
