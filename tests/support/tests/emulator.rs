//! LocalEmu: it answers, and nothing of it is left afterwards.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use test_support::{Emulator, eventually};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Whether something listens at `http://<address>`.
fn listens(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).is_ok()
}

#[tokio::test]
async fn it_is_there_until_it_is_dropped() {
    let emulator = Emulator::start().await;
    let endpoint = emulator.endpoint().to_owned();
    assert!(listens(&endpoint));
    drop(emulator);
    assert!(!listens(&endpoint));
}

#[tokio::test]
async fn nothing_is_left_when_who_started_it_is_killed() {
    let temporary = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/start");
    // The holder is the test that is killed: its end closes the pipe, and nobody waits for the script.
    let holder = "mkfifo pipe; \"$0\" <pipe & exec 3>pipe; exec cat";
    let mut command = Command::new("sh");
    command.args(["-c", holder, script]).current_dir(&temporary).env("TMPDIR", temporary.path());
    let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let endpoint = line.trim_end().strip_prefix("ready ").unwrap();
    assert!(listens(endpoint));
    holder.kill().unwrap();
    holder.wait().unwrap();
    eventually(TIMEOUT, "nobody to listen", || async { (!listens(endpoint)).then_some(()) }).await;
    let left = || std::fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name());
    eventually(TIMEOUT, "its files to be removed", || async {
        let left: Vec<_> = left().filter(|name| name != "pipe").collect();
        if left.is_empty() { Ok(()) } else { Err(left) }
    })
    .await;
}
