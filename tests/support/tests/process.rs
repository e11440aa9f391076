//! Programs under test: their signals, their log, and that they go with the test.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::Duration;

use test_support::{Process, eventually};

const TIMEOUT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Process {
    Process::spawn("shell", Command::new("sh").args(["-c", script]))
}

/// The state letter in /proc: S sleeping, T stopped, Z ended; none when it is gone.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

async fn until_log(process: &Process, text: &str) {
    let look = || async { if process.log().contains(text) { Ok(()) } else { Err(process.log()) } };
    eventually(TIMEOUT, format!("{text:?} in the log"), look).await;
}

async fn until_gone(pid: u32) {
    let look = || async { matches!(state(pid), None | Some('Z')).then_some(()) };
    eventually(TIMEOUT, format!("process {pid} to be gone"), look).await;
}

#[tokio::test]
async fn its_output_is_its_log_and_its_status_its_own() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo $GREETING; echo error >&2; exit 7"]).env("GREETING", "hello");
    let mut process = Process::spawn("shell", &command);
    assert_eq!(process.wait(TIMEOUT).await.code(), Some(7));
    assert_eq!(process.log(), "hello\nerror\n");
}

#[tokio::test]
async fn it_handles_sigterm_itself() {
    let mut process = shell("trap 'echo asked; exit 3' TERM; echo up; while :; do sleep 0.1; done");
    until_log(&process, "up").await;
    process.terminate();
    assert_eq!(process.wait(TIMEOUT).await.code(), Some(3));
    assert!(process.log().contains("asked"));
}

#[tokio::test]
async fn it_can_be_paused_and_resumed() {
    let mut process = shell("echo up; while :; do sleep 0.1; done");
    until_log(&process, "up").await;
    let pid = process.pid();
    process.pause();
    eventually(TIMEOUT, "it to stop", || async { (state(pid) == Some('T')).then_some(()) }).await;
    process.resume();
    eventually(TIMEOUT, "it to run", || async { (state(pid) != Some('T')).then_some(()) }).await;
    process.pause();
    assert_eq!(process.kill9().code(), None);
}

#[tokio::test]
async fn dropping_it_kills_it_and_its_children() {
    let process = shell("sleep 1000 & echo child $!; wait");
    until_log(&process, "child ").await;
    let child = process.log().trim().trim_start_matches("child ").parse().unwrap();
    let pid = process.pid();
    drop(process);
    until_gone(pid).await;
    until_gone(child).await;
}
