//! The `kubectl-lambda` binary: on PATH, kubectl runs it as `kubectl lambda`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda_operator::plugin::main(std::env::args_os().collect())
}
