//! The pinned kubectl and helm, as a user runs them, and the programs by which Helm, Flux and Argo CD judge objects.

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::Cluster;

/// A command being put together; see [`Cluster::kubectl`], [`Cluster::helm`] and
/// [`Cluster::program`].
#[derive(Debug)]
#[must_use = "nothing runs before `run` or `output`"]
pub struct Tool {
    name: &'static str,
    command: Command,
    arguments: Vec<OsString>,
    stdin: Option<String>,
}

/// What it answered.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Cluster {
    /// kubectl with the identity in a kubeconfig file, for example
    /// [`Cluster::admin_kubeconfig`].
    pub fn kubectl(&self, kubeconfig: &Path) -> Tool {
        let mut command = Command::new(self.kubectl_path());
        command.env("KUBECONFIG", kubeconfig).env("KUBECACHEDIR", self.directory().join("kubectl-cache"));
        Tool { name: "kubectl", command, arguments: Vec::new(), stdin: None }
    }

    /// helm with the identity in a kubeconfig file.
    pub fn helm(&self, kubeconfig: &Path) -> Tool {
        let mut command = Command::new(self.program_path("helm"));
        for place in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(place, self.directory().join("helm"));
        }
        command.env("KUBECONFIG", kubeconfig);
        Tool { name: "helm", command, arguments: Vec::new(), stdin: None }
    }

    /// A program of `tests/tools` that judges manifests as kstatus or Argo CD does, and asks no cluster: `kstatus`,
    /// `argocd-customizations`. What it reads and writes stands in its `main.go`.
    pub fn program(&self, name: &'static str) -> Tool {
        Tool { name, command: Command::new(self.program_path(name)), arguments: Vec::new(), stdin: None }
    }
}

impl Tool {
    /// Adds one argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// What it reads from standard input, for `-f -`.
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Runs it; panics with its messages and its input when it fails.
    pub async fn run(self) -> ToolOutput {
        let (name, arguments, stdin) = (self.name, self.arguments.clone(), self.stdin.clone());
        let output = self.output().await;
        assert!(
            output.status.success(),
            "{name} {arguments:?} ended with {}\n{}{}{}",
            output.status,
            output.stderr,
            output.stdout,
            stdin.map(|text| format!("\n--- its input ---\n{text}")).unwrap_or_default()
        );
        output
    }

    /// Runs it and returns its answer, whatever that is.
    pub async fn output(mut self) -> ToolOutput {
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.args(&self.arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.command.kill_on_drop(true).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{} doesn't start: {error}", self.name));
        let pipe = child.stdin.take();
        let feed = async {
            if let (Some(mut pipe), Some(text)) = (pipe, self.stdin) {
                // It may end without reading everything; its status tells.
                let _ = pipe.write_all(text.as_bytes()).await;
            }
        };
        let ((), output) = tokio::join!(feed, child.wait_with_output());
        let output = output.expect("a child can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ToolOutput { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
