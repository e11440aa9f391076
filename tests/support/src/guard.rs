//! Child processes that cannot outlive this one, even when it is killed with
//! SIGKILL. The supervisor runs the control plane this way, and tests the operator.
//!
//! Each child gets a process group of its own with a watcher in it: a POSIX shell
//! that reads a pipe whose only writing end is held here. The end of this process,
//! however it comes, closes the pipe; the watcher then kills its group. The child
//! itself replaces the shell that started it, so its pid and exit status are real.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal};

/// `$$` is the group's id, also in the watcher. While the watcher lives, the id
/// cannot be given to another group, so that it never kills a stranger.
const START: &str = r#"exec 3<&0
{ read -r _ <&3; kill -s KILL -- "-$$"; } >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-"#;

/// A running child with its watcher; dropping it kills both.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    group: Pid,
    ended: bool,
    /// The writing end of the watcher's pipe: closed by dropping, or by the kernel.
    _rope: ChildStdin,
}

impl Guarded {
    /// Starts what `command` describes: program, arguments, environment and
    /// directory. Its stdin is empty, and the streams are the given ones.
    pub fn spawn(command: &Command, stdout: Stdio, stderr: Stdio) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", START, "guard"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            shell.current_dir(directory);
        }
        let mut child = shell.stdin(Stdio::piped()).stdout(stdout).stderr(stderr).process_group(0).spawn()?;
        let rope = child.stdin.take().expect("stdin was asked to be a pipe");
        Ok(Self { group: Pid::from_child(&child), child, ended: false, _rope: rope })
    }

    /// The pid of the program itself.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the program (not to its watcher); nothing when it has ended.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.try_wait()?.is_none() {
            rustix::process::kill_process(self.group, signal)?;
        }
        Ok(())
    }

    /// The exit status if the program has ended.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end, and returns its status.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Kills the program and whatever it started in its group, and returns its status.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        if !self.ended {
            self.ended = true;
            // It fails when the group is gone, which is what was wanted.
            let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
        }
        self.child.wait()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
