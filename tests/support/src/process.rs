//! A program under test as a real process: started, paused, killed and read from
//! the outside. It cannot outlive the test process (see [`crate::guard`]).

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::NamedTempFile;

use crate::eventually;
use crate::guard::Guarded;

/// How much of the log is shown when a test fails.
const SHOWN_LINES: usize = 60;

/// How long a program may take to say what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program whose output goes to a log file. Dropping it kills it, and
/// shows the end of its log when the test is failing.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Guarded,
    log: NamedTempFile,
}

impl Process {
    /// Starts what `command` describes: program, arguments, environment and
    /// directory. Streams that were set on it are replaced: stdin is empty, stdout
    /// and stderr go to the log. `name` is for messages.
    pub fn spawn(name: impl Into<String>, command: &Command) -> Self {
        let name = name.into();
        let log = NamedTempFile::with_prefix("lambda-operator-log-").expect("a temporary file");
        let stream = || Stdio::from(log.as_file().try_clone().expect("a file handle can be duplicated"));
        let child = Guarded::spawn(command, stream(), stream())
            .unwrap_or_else(|error| panic!("{name} did not start: {error} ({command:?})"));
        Self { name, child, log }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Kills it with SIGKILL, with whatever it started, and waits for its end.
    pub fn kill9(&mut self) -> ExitStatus {
        self.child.kill().unwrap_or_else(|error| panic!("{} could not be killed: {error}", self.name))
    }

    /// Stops it with SIGSTOP: as a virtual machine that is frozen, it does not notice.
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it continue after [`Process::pause`].
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to end with SIGTERM, as the kubelet does.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Waits for its end; panics with the end of its log when it takes longer.
    pub async fn wait(&mut self, timeout: Duration) -> ExitStatus {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.status() {
                return status;
            }
            let name = &self.name;
            assert!(Instant::now() < deadline, "{name} still runs after {timeout:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its exit status when it has ended.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("{} cannot be waited for: {error}", self.name))
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log.path()).expect("the log is there while the process is");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until it has written `marker` and returns the word after that, such as the address at which it serves
    /// when it was to take any free port.
    pub async fn word_after(&self, marker: &str) -> String {
        let what = format!("{} says {marker:?}", self.name);
        eventually(PATIENCE, &what, || async {
            let log = self.log();
            let word = log.split_once(marker).and_then(|(_, rest)| rest.split_once(char::is_whitespace));
            word.map(|(word, _)| word.to_owned()).ok_or(log)
        })
        .await
    }

    fn signal(&mut self, signal: Signal) {
        let sent = self.child.signal(signal);
        sent.unwrap_or_else(|error| panic!("{signal:?} did not reach {}: {error}", self.name));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read(self.log.path()).unwrap_or_default();
            eprintln!("--- the end of the log of {} ---\n{}", self.name, tail(&log, SHOWN_LINES));
        }
    }
}

/// The last lines of a log.
fn tail(log: &[u8], count: usize) -> String {
    let text = String::from_utf8_lossy(log);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
