//! LocalEmu, the independent emulator of AWS, as tests see it: installed when it isn't yet, on a port of its own, and
//! gone with the test. `tests/emulator/start` says how it runs, and which services it has.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::guard::Guarded;

const ENSURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/ensure");
const START: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/start");

/// A running LocalEmu with nothing in it; it is ended, and what it wrote is removed, when this is dropped or when this
/// process ends, however that comes.
#[derive(Debug)]
pub struct Emulator {
    endpoint: String,
    /// Ends everything when its stdin closes, which the kernel does if we don't.
    script: Child,
}

impl Emulator {
    /// Starts one, which takes some 5 seconds; the very first time on a machine 2 minutes, for the installation, which
    /// says on stderr what it does or what is missing.
    pub async fn start() -> Self {
        let launch = || Self::launch().unwrap_or_else(|error| panic!("no LocalEmu for this test: {error:#}"));
        let launched = tokio::task::spawn_blocking(launch).await;
        launched.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    fn launch() -> Result<Self> {
        // By itself, because what installs doesn't look at its stdin: this way it can't outlive the test either.
        let status = Guarded::spawn(&Command::new(ENSURE), Stdio::null(), Stdio::inherit())?.wait()?;
        ensure!(status.success(), "tests/emulator/ensure ended with {status}; its messages are above");
        let mut script = Command::new(START).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(script.stdout.take().expect("stdout was asked to be a pipe")).read_line(&mut line)?;
        let Some(endpoint) = line.trim_end().strip_prefix("ready ") else {
            bail!("tests/emulator/start ended with {}; its messages are above", script.wait()?);
        };
        Ok(Self { endpoint: endpoint.to_owned(), script })
    }

    /// The endpoint URL for SDKs, e.g. `http://127.0.0.1:20123`. Any credentials will do: an access key of 12 digits
    /// says which account is meant, all others mean 000000000000.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // It has ended already if this fails.
        let _ = self.script.wait();
    }
}
