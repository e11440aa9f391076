//! The command line of `lambda-operator`: its commands, and every setting with its environment variable.
//! `main` calls [`Cli::parse`](clap::Parser::parse) and goes by [`Command`].

mod guard_args;
mod pages;
mod run_args;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Uri;
use clap::{Parser, Subcommand};

pub use guard_args::GuardArgs;
pub use pages::write_docs;
pub use run_args::{RunArgs, Surroundings};
pub(crate) use run_args::{duration, url};

/// Makes AWS Lambda a native part of a Kubernetes cluster.
#[derive(Parser, Debug)]
#[command(name = "lambda-operator", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the operator until it is told to stop.
    ///
    /// Every flag can be given as the environment variable that is shown with it; the flag wins.
    /// Durations look like 500ms, 30s, 5m or 1h30m.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinitions, ready for `kubectl apply -f -`.
    Crds {
        /// Write one file for each kind into this directory instead of printing.
        #[arg(long, value_name = "DIRECTORY")]
        output_dir: Option<PathBuf>,
    },
    /// Print the least-privilege IAM policy of the operator.
    IamPolicy {
        /// The cluster id (see `run --cluster-id`) whose resources may be changed. Default: those of any cluster.
        #[arg(long, value_name = "ID", default_value = "*", hide_default_value = true)]
        cluster_id: String,
        /// Also allow changes of what carries no tag of the operator yet, as `spec.adopt` asks for.
        #[arg(long)]
        adoption: bool,
    },
    /// Fail while objects exist that only the operator can let go; the chart runs it before it is uninstalled.
    Guard(GuardArgs),
    /// Wait until an operator answers that it is ready; `helm test` runs it.
    Probe {
        /// Where it answers, such as http://lambda-operator-metrics:8080/readyz.
        url: Uri,
        /// How long to wait.
        #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = run_args::duration)]
        timeout: Duration,
    },
    /// Write the pages of the documentation that follow from the code; `make generate` calls this.
    #[command(hide = true)]
    Docs {
        /// The directory of the documentation.
        output_dir: PathBuf,
    },
}

/// Carries out the command `crds`: all manifests to `output`, or a file for each into `directory`.
///
/// # Errors
/// When something can't be written.
pub fn write_crds(directory: Option<&Path>, output: &mut impl Write) -> io::Result<()> {
    for crd in lambda_operator_crds::all() {
        let manifest = lambda_operator_crds::manifest(&crd).map_err(io::Error::other)?;
        match directory {
            Some(directory) => {
                let path = directory.join(format!("{}.yaml", crd.spec.names.plural));
                std::fs::write(&path, manifest)
                    .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
            }
            None => write!(output, "---\n{manifest}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_help_explains_every_flag_and_names_its_variable() {
        Cli::command().debug_assert();
        let mut command = Cli::command();
        let run = command.find_subcommand_mut("run").unwrap();
        let help = run.render_long_help().to_string();
        for flag in run.get_arguments().filter_map(clap::Arg::get_long).filter(|flag| *flag != "help") {
            let variable = format!("LAMBDA_OPERATOR_{}", flag.replace('-', "_").to_uppercase());
            assert!(help.contains(&format!("--{flag}")), "no --{flag} in\n{help}");
            assert!(help.contains(&variable), "no {variable} in\n{help}");
        }
        assert!(run.get_arguments().all(|arg| arg.get_help().is_some()));
    }

    #[test]
    fn crds_are_printed_or_written() {
        let mut printed = Vec::new();
        write_crds(None, &mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        assert!(printed.starts_with("---\n"));
        assert!(printed.contains("kind: CustomResourceDefinition"));
        let nowhere = Path::new("/does/not/exist");
        let message = write_crds(Some(nowhere), &mut Vec::new()).unwrap_err().to_string();
        assert!(message.contains("lambdafunctions.yaml"), "{message}");
    }
}
