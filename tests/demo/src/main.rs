//! `make demo`: starts a control plane, a simulated AWS and the operator, and walks through the life of some
//! functions with kubectl. Ends by itself with a summary and an exit code, or stays up with `KEEP=1`.

mod kubectl;
mod stage;
mod steps;

use std::process::ExitCode;

use clap::Parser;
use stage::Stage;

/// Shows the operator at work.
#[derive(Parser, Debug)]
struct Arguments {
    /// Stay up at the end and say how to use kubectl on it.
    #[arg(long)]
    keep: bool,
    /// A context of your kubeconfig: use that cluster instead of starting one. The custom resource and the namespace
    /// lambda-operator-demo are installed there, and the operator works there with your credentials. At the end the
    /// namespace is deleted; the custom resource stays.
    #[arg(long)]
    context: Option<String>,
    /// `sim` (the simulator), `real` (AWS itself, with the credentials and region of your environment), or the URL
    /// of an endpoint that speaks the Lambda API.
    #[arg(long, default_value = "sim")]
    aws: String,
    /// The execution role of the functions, for `--aws real` or an endpoint.
    #[arg(long, env = "DEMO_ROLE")]
    role: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { keep, context, aws, role } = Arguments::parse();
    let stage = match Stage::set(context, &aws, role).await {
        Ok(stage) => stage,
        Err(error) => {
            eprintln!("error: the demo could not start: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = steps::play(&stage, keep).await;
    // At once, and not only when somebody ends what stays up.
    if let Err(error) = &outcome {
        eprintln!("\nerror: {error:#}\n\nThe end of the operator's log:\n{}", stage.log_tail());
    }
    if keep {
        stage.stay().await;
    }
    let cleared = stage.clear().await;
    if let Err(error) = &cleared {
        eprintln!("error: {error:#}");
    }
    if outcome.is_ok() && cleared.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
