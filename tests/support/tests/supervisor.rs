//! The supervisor: nothing of a control plane outlives it, however it ends.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use test_support::eventually;

const PROGRAM: &str = env!("CARGO_BIN_EXE_control-plane");
const TIMEOUT: Duration = Duration::from_secs(20);

/// A control plane of its own, for tests that end it.
struct Supervised {
    supervisor: Child,
    directory: PathBuf,
    pids: Vec<u32>,
}

impl Supervised {
    fn start() -> Self {
        let mut supervisor =
            Command::new(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let directory = PathBuf::from(line.trim_end().strip_prefix("ready ").unwrap());
        let env = fs::read_to_string(directory.join("env")).unwrap();
        let pids: Vec<_> = env.lines().filter_map(|line| line.split_once("_PID=")?.1.parse().ok()).collect();
        assert_eq!(pids.len(), 3, "{env}");
        assert!(pids.iter().all(|pid| runs(*pid)), "{env}");
        Self { supervisor, directory, pids }
    }

    async fn is_gone(&self) {
        for pid in &self.pids {
            let look = || async { (!runs(*pid)).then_some(()) };
            eventually(TIMEOUT, format!("process {pid} to be gone"), look).await;
        }
        let look = || async { (!self.directory.exists()).then_some(()) };
        eventually(TIMEOUT, "the directory to be removed", look).await;
    }
}

/// Whether a process is there and not just waiting for its parent to notice its end.
fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

/// A supervisor whose tools are what a script makes of `etcd`.
fn with_etcd(folder: &Path, etcd: &str) -> Command {
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let etcd = file("etcd", format!("#!/bin/sh\n{etcd}\n"));
    let names = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "helm"];
    let lines = names.map(|name| format!("echo {name}={}", etcd.display())).join("\n");
    let mut command = Command::new(PROGRAM);
    command.env("LAMBDA_OPERATOR_ENSURE_TOOLS", file("ensure", format!("#!/bin/sh\n{lines}\n")));
    command
}

#[tokio::test]
async fn ends_everything_when_its_stdin_closes() {
    let mut plane = Supervised::start();
    drop(plane.supervisor.stdin.take());
    assert!(plane.supervisor.wait().unwrap().success());
    plane.is_gone().await;
}

#[tokio::test]
async fn leaves_nothing_when_it_is_killed() {
    let mut plane = Supervised::start();
    plane.supervisor.kill().unwrap();
    plane.supervisor.wait().unwrap();
    plane.is_gone().await;
}

#[tokio::test]
async fn fails_with_the_log_when_a_server_dies() {
    let mut plane = Supervised::start();
    // `wait` would close it, which is another reason to end.
    let _stdin = plane.supervisor.stdin.take();
    signal(plane.pids[0], Signal::KILL);
    assert_eq!(plane.supervisor.wait().unwrap().code(), Some(1));
    plane.is_gone().await;
}

#[test]
fn says_why_a_server_did_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut supervisor = with_etcd(folder.path(), "echo the disk is full; exit 4");
    let output = supervisor.args(["--", "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("etcd ended with exit status: 4"), "{message}");
    assert!(message.contains("the disk is full"), "{message}");
}

#[test]
fn ends_while_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let output = with_etcd(folder.path(), "sleep 1000").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn runs_a_command_and_takes_its_code() {
    let script = "test \"$KUBECONFIG\" = \"$LAMBDA_OPERATOR_TEST_CLUSTER/admin.kubeconfig\" || exit 1
        . \"$LAMBDA_OPERATOR_TEST_CLUSTER/env\"
        \"$KUBECTL\" get namespace default -o name
        exit 42";
    let output = Command::new(PROGRAM).args(["--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(42), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "namespace/default\n");
}

#[tokio::test]
async fn ends_its_command_when_it_is_asked_to_end() {
    let mut command = Command::new(PROGRAM);
    let script = "echo $$ $LAMBDA_OPERATOR_TEST_CLUSTER; exec sleep 1000";
    let mut supervisor = command.args(["--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (pid, directory) = line.trim_end().split_once(' ').unwrap();
    let mut plane =
        Supervised { directory: PathBuf::from(directory), pids: vec![pid.parse().unwrap()], supervisor };
    signal(plane.supervisor.id(), Signal::TERM);
    assert_eq!(plane.supervisor.wait().unwrap().code(), Some(128 + 15));
    plane.is_gone().await;
}
