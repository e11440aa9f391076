//! The `lambda-operator` binary.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use axum::http::Uri;
use clap::Parser;
use lambda_operator::aws::permissions;
use lambda_operator::cli::{self, Cli, Command, GuardArgs, RunArgs};
use lambda_operator::guard::Guard;
use lambda_operator::probe::probe;
use lambda_operator::run::Operator;
use lambda_operator::runtime::traces::Traces;
use lambda_operator::runtime::{shutdown, telemetry};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(args) => run(*args),
        Command::Crds { output_dir } => {
            printed(cli::write_crds(output_dir.as_deref(), &mut std::io::stdout()))
        }
        Command::IamPolicy { cluster_id, adoption } => {
            printed(writeln!(std::io::stdout(), "{:#}", permissions::policy(&cluster_id, adoption)))
        }
        Command::Guard(args) => guard(args),
        Command::Probe { url, timeout } => ask(&url, timeout),
        Command::Docs { output_dir } => cli::write_docs(&output_dir).map_err(|error| error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Who reads may have had enough, as `head` does.
fn printed(written: std::io::Result<()>) -> Result<(), String> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| error.to_string()),
    }
}

#[tokio::main]
async fn run(args: RunArgs) -> Result<(), String> {
    let settings = args.settings().map_err(|error| error.to_string())?;
    let traces = settings
        .otlp_endpoint
        .as_deref()
        .map(Traces::start)
        .transpose()
        .map_err(|error| error.to_string())?;
    telemetry::init(settings.log.format, &settings.log.level, traces.as_ref())
        .map_err(|error| error.to_string())?;
    let stop = shutdown::on_signals().map_err(|error| format!("signals can't be handled: {error}"))?;
    let ended = Operator { settings, client: None, credentials: None }.run(stop).await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    ended.map_err(|error| error.to_string())
}

#[tokio::main]
async fn guard(args: GuardArgs) -> Result<(), String> {
    Guard::from(args).run().await.map_err(|error| error.to_string())
}

#[tokio::main]
async fn ask(url: &Uri, timeout: Duration) -> Result<(), String> {
    probe(url, timeout).await
}
