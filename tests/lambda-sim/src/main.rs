//! `lambda-sim`: the simulator as a process, for the demo, benchmarks and tests that outlive their caller.

use std::net::SocketAddr;

use clap::Parser;
use lambda_sim::{Options, SettleDelay, Sim};

/// A fake AWS Lambda endpoint. Ends on SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "lambda-sim", version)]
struct Arguments {
    /// Where to listen; port 0 is a free one.
    #[arg(long, default_value = "127.0.0.1:4599")]
    listen: SocketAddr,
    /// Enforce the quotas of the control plane: 100 GetFunction, 15 GetPolicy, 15 other calls a second.
    #[arg(long)]
    quotas: bool,
    /// How long creates and updates take, e.g. 500ms; 0s settles at the next read.
    #[arg(long, default_value = "0s")]
    settle_delay: humantime::Duration,
    /// End when stdin is closed, so that nothing is left when the starting process is killed.
    #[arg(long)]
    exit_on_stdin_close: bool,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let settle_delay = SettleDelay::from(*arguments.settle_delay);
    let options =
        Options { listen: arguments.listen, quotas: arguments.quotas, settle_delay, ..Options::default() };
    let sim = Sim::start(options).await?;
    println!("lambda-sim listening on {}", sim.endpoint());
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
        () = stdin_closed(), if arguments.exit_on_stdin_close => Ok(()),
    }?;
    // The thread that reads stdin can't be ended otherwise.
    std::process::exit(0)
}

async fn stdin_closed() {
    let drained = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    // An error is a stdin that can't be read, as good as closed.
    let _ = drained.await;
}
