//! Compares what the chart's Roles and the IAM policy allow the operator with what it asked for while the suites ran:
//! `tests/run` calls it on the same control plane when they are through. The suites run the operator under `config/rbac`,
//! which is equal to the chart's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use chart_tests::rights::{called, of_roles, requested, unused};
use chart_tests::{of_kind, render};
use lambda_operator::aws::{APPLICATION, commands, permissions};
use lambda_operator::plugin;
use test_support::Cluster;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let wrong = in_the_cluster().await? + in_aws()?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Roles against the API server's audit log; how many rights are wrong.
async fn in_the_cluster() -> anyhow::Result<usize> {
    let objects = render("").await;
    let operators = |name: &str| matches!(name, "lambda-operator" | "lambda-operator-leader-election");
    let roles = of_kind(&objects, "ClusterRole").into_iter().chain(of_kind(&objects, "Role"));
    let roles = roles.filter(|role| role["metadata"]["name"].as_str().is_some_and(operators));
    let rights = of_roles(roles);
    let log = read(&Cluster::shared().await.audit_log())?;
    let requests = requested(&log, "lambda-operator-system", "lambda-operator");
    let (missing, idle) = (requests.refused, unused(&rights, &requests.allowed));
    for right in &missing {
        eprintln!("error: the operator asked for `{right}`, which the chart's Roles don't allow");
    }
    for right in &idle {
        eprintln!("error: the chart's Roles allow `{right}`, which the operator never asked for");
    }
    println!("the operator used {} of its {} rights in the cluster", rights.len() - idle.len(), rights.len());
    Ok(missing.len() + idle.len())
}

/// The tables of IAM permissions against the simulators' ledgers; how many operations are wrong.
fn in_aws() -> anyhow::Result<usize> {
    let path = std::env::var_os(lambda_sim::CALLED_VARIABLE).context("tests/run says where the calls are")?;
    let calls = read(&PathBuf::from(path))?;
    let operator = compared(&calls, APPLICATION, &permissions::operations());
    Ok(operator + compared(&calls, plugin::APPLICATION, &commands::operations()))
}

/// What one program called against its table.
fn compared(calls: &str, program: &str, table: &BTreeSet<&str>) -> usize {
    let called = called(calls, program);
    let table: BTreeSet<String> = table.iter().map(|operation| (*operation).to_owned()).collect();
    let (missing, idle) = (&called - &table, &table - &called);
    for operation in &missing {
        eprintln!("error: {program} called {operation}, which its table of IAM permissions doesn't have");
    }
    for operation in &idle {
        eprintln!("error: the table of IAM permissions of {program} has {operation}, which was never called");
    }
    println!(
        "{program} called {} of the {} operations of its IAM permissions",
        table.len() - idle.len(),
        table.len()
    );
    missing.len() + idle.len()
}
