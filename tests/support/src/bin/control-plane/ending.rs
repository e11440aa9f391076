//! What ends the supervisor: a signal, or the end of its stdin.

use std::io::{Read, stdin};
use std::process::ExitCode;

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Waits for whatever comes first.
#[derive(Debug)]
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    stdin: Option<oneshot::Receiver<()>>,
}

impl Ending {
    /// From now on signals are caught. stdin counts only if nobody else reads it.
    pub(crate) fn new(watch_stdin: bool) -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            stdin: watch_stdin.then(end_of_stdin),
        })
    }

    /// The exit code for what came: success when stdin has closed.
    pub(crate) async fn wait(&mut self) -> ExitCode {
        let stdin = async {
            match &mut self.stdin {
                Some(end) => drop(end.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stdin => ExitCode::SUCCESS,
            _ = self.hangup.recv() => ExitCode::from(128 + 1),
            _ = self.interrupt.recv() => ExitCode::from(128 + 2),
            _ = self.terminate.recv() => ExitCode::from(128 + 15),
        }
    }
}

/// A thread of its own, because a blocked read cannot be cancelled and the runtime
/// would wait for it.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
        sender.send(())
    });
    receiver
}
