//! The pinned kubectl, as a user runs it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::Cluster;

/// A kubectl command being put together; see [`Cluster::kubectl`].
#[derive(Debug)]
#[must_use = "nothing runs before `run` or `output`"]
pub struct Kubectl {
    command: Command,
    arguments: Vec<OsString>,
    stdin: Option<String>,
}

/// What kubectl answered.
#[derive(Debug, Clone)]
pub struct KubectlOutput {
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
    pub fn kubectl(&self, kubeconfig: &Path) -> Kubectl {
        let mut command = Command::new(self.kubectl_path());
        command.env("KUBECONFIG", kubeconfig).env("KUBECACHEDIR", self.directory().join("kubectl-cache"));
        Kubectl { command, arguments: Vec::new(), stdin: None }
    }
}

impl Kubectl {
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

    /// What it reads from standard input, for `-f -`.
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// Runs it; panics with its messages and its input when it fails.
    pub async fn run(self) -> KubectlOutput {
        let (arguments, stdin) = (self.arguments.clone(), self.stdin.clone());
        let output = self.output().await;
        assert!(
            output.status.success(),
            "kubectl {arguments:?} ended with {}\n{}{}{}",
            output.status,
            output.stderr,
            output.stdout,
            stdin.map(|text| format!("\n--- its input ---\n{text}")).unwrap_or_default()
        );
        output
    }

    /// Runs it and returns its answer, whatever that is.
    pub async fn output(mut self) -> KubectlOutput {
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.args(&self.arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.kill_on_drop(true).spawn().expect("kubectl starts");
        let pipe = child.stdin.take();
        let feed = async {
            if let (Some(mut pipe), Some(text)) = (pipe, self.stdin) {
                // It may end without reading everything; its status tells.
                let _ = pipe.write_all(text.as_bytes()).await;
            }
        };
        let ((), output) = tokio::join!(feed, child.wait_with_output());
        let output = output.expect("kubectl can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        KubectlOutput { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
