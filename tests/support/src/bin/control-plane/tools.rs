//! The pinned programs, from `tests/tools/ensure`, which builds those that are missing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use test_support::TOOLS_FILE;
use test_support::guard::Guarded;

/// Names another script than that of the source tree this was built from.
const SCRIPT_VARIABLE: &str = "LAMBDA_OPERATOR_ENSURE_TOOLS";

/// Where the programs are that a control plane is made of.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) etcd: PathBuf,
    pub(crate) apiserver: PathBuf,
    pub(crate) controller_manager: PathBuf,
    pub(crate) kubectl: PathBuf,
}

/// Runs the script, which says on stderr what it builds; `directory` is for its answer.
pub(crate) async fn ensure(directory: &Path) -> Result<Tools> {
    let script = std::env::var_os(SCRIPT_VARIABLE).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/ensure")),
        PathBuf::from,
    );
    let answer = directory.join(TOOLS_FILE);
    let stdout = Stdio::from(File::create(&answer)?);
    let mut run = Guarded::spawn(&Command::new(&script), stdout, Stdio::inherit())?;
    let status = loop {
        if let Some(status) = run.try_wait()? {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    ensure!(status.success(), "{} ended with {status}; its messages are above", script.display());
    parse(&std::fs::read_to_string(&answer)?)
}

fn parse(answer: &str) -> Result<Tools> {
    let path = |name: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(PathBuf::from).with_context(|| format!("tests/tools/ensure names no {name}"))
    };
    Ok(Tools {
        etcd: path("etcd")?,
        apiserver: path("kube-apiserver")?,
        controller_manager: path("kube-controller-manager")?,
        kubectl: path("kubectl")?,
    })
}
