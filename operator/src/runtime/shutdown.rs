//! SIGTERM and SIGINT as a [`CancellationToken`]: the first one asks for a graceful end, the second one ends
//! the process at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit codes as shells report a death by that signal.
const INTERRUPTED: i32 = 128 + 2;
const TERMINATED: i32 = 128 + 15;

/// Listens for signals from now on. The token is cancelled at the first one; the second one exits with
/// 130 (SIGINT) or 143 (SIGTERM).
///
/// # Errors
/// When the handlers can't be installed.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        let first = next(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = name(first), "shutting down; a second signal ends the process at once");
        shutdown.cancel();
        let second = next(&mut interrupt, &mut terminate).await;
        tracing::warn!(signal = name(second), "ended at once");
        std::process::exit(second);
    });
    Ok(token)
}

/// The exit code that belongs to the next signal.
async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> i32 {
    tokio::select! {
        _ = interrupt.recv() => INTERRUPTED,
        _ = terminate.recv() => TERMINATED,
    }
}

fn name(code: i32) -> &'static str {
    if code == INTERRUPTED { "SIGINT" } else { "SIGTERM" }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    /// Set in the child of the test below.
    const CHILD: &str = "LAMBDA_OPERATOR_SIGNALS_TEST";

    /// That child: says what happens to it, on stdout. In the process that runs all tests it does nothing.
    #[tokio::test]
    async fn say_what_signals_do() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        let token = on_signals().unwrap();
        println!("\nlistening");
        token.cancelled().await;
        println!("\nasked to stop");
        std::future::pending::<()>().await;
    }

    #[test]
    fn the_first_signal_asks_and_the_second_one_ends_the_process() {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let child = "runtime::shutdown::tests::say_what_signals_do";
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([child, "--exact", "--nocapture"])
                .env(CHILD, "1")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let kill = format!("kill -{signal} {}", child.id());
            for expected in ["listening", "asked to stop"] {
                assert!(lines.any(|line| line == expected), "it ended without being {expected}");
                assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
            }
            assert_eq!(child.wait().unwrap().code(), Some(code), "after two times {signal}");
        }
    }
}
