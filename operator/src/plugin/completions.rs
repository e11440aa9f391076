//! `kubectl lambda completions`: scripts for shells, and the program that kubectl asks.

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use super::complete::ASKED;
use super::failure::Failure;
use super::output;

/// The settings of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// For what.
    #[arg(value_enum)]
    pub target: Completed,
}

/// What is to complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Completed {
    /// bash, for `kubectl-lambda`.
    Bash,
    /// zsh, for `kubectl-lambda`.
    Zsh,
    /// fish, for `kubectl-lambda`.
    Fish,
    /// kubectl, for `kubectl lambda` in every shell that completes kubectl.
    Kubectl,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  # For `kubectl lambda`: a program that kubectl 1.26 or newer asks. It has to be on PATH.
  kubectl lambda completions kubectl >~/.local/bin/kubectl_complete-lambda
  chmod +x ~/.local/bin/kubectl_complete-lambda
  # For `kubectl-lambda` itself, in .bashrc:
  source <(kubectl-lambda completions bash)";

/// The name of the program in scripts.
const PROGRAM: &str = "kubectl-lambda";

/// Prints a script.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    output::print(&script(args.target)?)
}

fn script(target: Completed) -> Result<String, Failure> {
    let shell = match target {
        Completed::Bash => "bash",
        Completed::Zsh => "zsh",
        Completed::Fish => "fish",
        Completed::Kubectl => return Ok(format!("#!/bin/sh\nexec {PROGRAM} {ASKED} \"$@\"\n")),
    };
    let unknown = || Failure::new(format!("there is no completion for {shell}"));
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(unknown)?;
    let mut script = Vec::new();
    let written = completer.write_registration("COMPLETE", PROGRAM, PROGRAM, PROGRAM, &mut script);
    written.map_err(|error| Failure::new(format!("the script can't be written: {error}")))?;
    String::from_utf8(script).map_err(|error| Failure::new(format!("the script is no text: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_has_a_script() {
        for target in Completed::value_variants() {
            let script = script(*target).unwrap();
            assert!(script.contains(PROGRAM), "{target:?}: {script}");
        }
        assert_eq!(script(Completed::Kubectl).unwrap(), "#!/bin/sh\nexec kubectl-lambda __complete \"$@\"\n");
    }
}
