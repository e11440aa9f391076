//! The supervisor: starts a Kubernetes control plane and ends it when it is no
//! longer needed. The Makefile, and test binaries that find none, run it.
//!
//! `control-plane` prints `ready <directory>` and runs until its stdin closes or a
//! signal comes. `control-plane -- COMMAND ARGS…` runs COMMAND with the control
//! plane (LAMBDA_OPERATOR_TEST_CLUSTER and KUBECONFIG are set) and exits with its code.

mod ending;
mod plane;
mod servers;
mod tools;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal};
use test_support::{CLUSTER_VARIABLE, without_cargo_package};

use ending::Ending;
use plane::ControlPlane;

/// How long COMMAND may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let result = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run()));
    result.unwrap_or_else(|error| {
        eprintln!("control-plane: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let command: Option<Vec<OsString>> = match arguments.next() {
        None => None,
        Some(dashes) if dashes == "--" && arguments.len() > 0 => Some(arguments.collect()),
        Some(_) => bail!("usage: control-plane [-- COMMAND ARGS…]"),
    };
    let mut ending = Ending::new(command.is_none())?;
    let mut plane = tokio::select! {
        plane = ControlPlane::start() => plane?,
        code = ending.wait() => return Ok(code),
    };
    match command {
        None => serve(&mut plane, &mut ending).await,
        Some(command) => run_command(&mut plane, &mut ending, &command).await,
    }
}

async fn serve(plane: &mut ControlPlane, ending: &mut Ending) -> Result<ExitCode> {
    // Who started it may be gone already; then stdin is closed too.
    let _ = writeln!(std::io::stdout(), "ready {}", plane.directory().display());
    tokio::select! {
        error = plane.failure() => Err(error),
        code = ending.wait() => Ok(code),
    }
}

async fn run_command(plane: &mut ControlPlane, ending: &mut Ending, words: &[OsString]) -> Result<ExitCode> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env(CLUSTER_VARIABLE, plane.directory());
    without_cargo_package(&mut command).env("KUBECONFIG", plane.admin_kubeconfig());
    let mut child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
    let result = tokio::select! {
        status = child.wait() => {
            let status = status?;
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
            return Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)));
        }
        error = plane.failure() => Err(error),
        code = ending.wait() => Ok(code),
    };
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(pid) = pid {
        rustix::process::kill_process(pid, Signal::TERM)?;
        // When it does not end in time, dropping it kills it.
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
    }
    result
}
