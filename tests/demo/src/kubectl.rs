//! Runs kubectl and shows what it prints.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The pinned kubectl, for one namespace of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    pub(crate) program: PathBuf,
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) context: Option<String>,
    /// `None`: what the manifests say.
    pub(crate) namespace: Option<String>,
}

impl Kubectl {
    /// Shows the command as one would type it, quotes and all, runs it and shows what it prints. No word has a space.
    pub(crate) async fn show(&self, command: &str) -> anyhow::Result<String> {
        println!("\n  $ kubectl {command}");
        let words: Vec<String> = command.split_whitespace().map(|word| word.replace('\'', "")).collect();
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let (ok, output) = self.run(&arguments, None).await?;
        print(&output);
        if !ok {
            bail!("kubectl {command} failed");
        }
        Ok(output)
    }

    /// Applies a manifest. `Err` holds what the API server says against it.
    pub(crate) async fn apply(&self, manifest: &str) -> anyhow::Result<Result<String, String>> {
        let (ok, output) = self.run(&["apply", "-f", "-"], Some(manifest)).await?;
        print(&output);
        Ok(if ok { Ok(output) } else { Err(output) })
    }

    /// Runs without showing anything but a failure.
    pub(crate) async fn quietly(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let (ok, output) = self.run(arguments, None).await?;
        if !ok {
            bail!("kubectl {} failed: {output}", arguments.join(" "));
        }
        Ok(output)
    }

    async fn run(&self, arguments: &[&str], input: Option<&str>) -> anyhow::Result<(bool, String)> {
        let mut command = Command::new(&self.program);
        if let Some(namespace) = &self.namespace {
            command.arg("--namespace").arg(namespace);
        }
        if let Some(kubeconfig) = &self.kubeconfig {
            command.arg("--kubeconfig").arg(kubeconfig);
        }
        if let Some(context) = &self.context {
            command.arg("--context").arg(context);
        }
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("{} does not start", self.program.display()))?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    }
}

fn print(output: &str) {
    for line in output.lines() {
        println!("  {line}");
    }
}
