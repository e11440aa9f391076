//! The binary: it says where it listens, serves, and ends when its stdin is closed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lambda_sim::{Control, SettleDelay};

#[tokio::test]
async fn it_serves_until_stdin_is_closed() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_lambda-sim"))
        .args(["--listen", "127.0.0.1:0", "--quotas", "--settle-delay", "500ms", "--exit-on-stdin-close"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let endpoint = line.trim().strip_prefix("lambda-sim listening on ").expect("the endpoint").to_owned();
    let settings = Control::new(&endpoint).account("111122223333", "eu-west-1").settings().await;
    assert!(settings.quotas);
    assert_eq!(settings.update_settle, SettleDelay::AfterMs(500));
    drop(process.stdin.take());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it ends when stdin is closed");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success());
}
