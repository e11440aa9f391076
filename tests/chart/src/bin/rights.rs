//! Compares what the chart's Roles allow the operator with what it asked for while the suites ran: `tests/run` calls it
//! on the same control plane when they are through. The suites run the operator under `config/rbac`, which is equal to
//! the chart's.

use std::process::ExitCode;

use chart_tests::rights::{of_roles, requested, unused};
use chart_tests::{of_kind, render};
use test_support::Cluster;

#[tokio::main]
async fn main() -> ExitCode {
    let objects = render("").await;
    let operators = |name: &str| matches!(name, "lambda-operator" | "lambda-operator-leader-election");
    let roles = of_kind(&objects, "ClusterRole").into_iter().chain(of_kind(&objects, "Role"));
    let roles = roles.filter(|role| role["metadata"]["name"].as_str().is_some_and(operators));
    let rights = of_roles(roles);
    let path = Cluster::shared().await.audit_log();
    let log = match std::fs::read_to_string(&path) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("error: {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    };
    let requests = requested(&log, "lambda-operator-system", "lambda-operator");
    let (missing, idle) = (requests.refused, unused(&rights, &requests.allowed));
    for right in &missing {
        eprintln!("error: the operator asked for `{right}`, which the chart's Roles don't allow");
    }
    for right in &idle {
        eprintln!("error: the chart's Roles allow `{right}`, which the operator never asked for");
    }
    println!("the operator used {} of its {} rights in the cluster", rights.len() - idle.len(), rights.len());
    if missing.is_empty() && idle.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
