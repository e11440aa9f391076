//! `kubectl lambda reconcile`: asks the operator for a look at once, by the annotation `lambda-operator.io/reconcile-at`.

use std::time::Duration;

use clap::Args;
use lambda_operator_crds::RECONCILE_AT;
use serde_json::json;

use super::args::ClusterArgs;
use super::cluster::{Cluster, Within};
use super::failure::Failure;
use super::output::{OutputArgs, Report};
use super::target::Target;
use super::wait::{self, Goal};
use super::{complete, suspend};
use crate::cli::duration;

/// The settings of `reconcile`.
#[derive(Args, Debug)]
pub struct ReconcileArgs {
    /// The objects: KIND/NAME, or a bare name where only one object has it.
    #[arg(value_name = "NAME", required_unless_present = "all", add = complete::names(&[]))]
    pub targets: Vec<Target>,

    /// Every object of lambda-operator.io in the namespace.
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,

    /// Wait until the operator has looked and the objects are Ready.
    #[arg(long)]
    pub wait: bool,

    /// With --wait: how long at most.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda reconcile orders          # don't wait for the next recheck
  kubectl lambda reconcile --all --wait

With --wait the exit codes are those of `kubectl lambda wait`.";

/// Asks for a look at each object.
pub async fn run(args: ReconcileArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let value = jiff::Timestamp::now().to_string();
    let patch = json!({"metadata": {"annotations": {RECONCILE_AT: value}}});
    let (mut asked, mut report) = (Vec::new(), Report::new(args.output));
    for object in suspend::chosen(&cluster, &args.targets, args.all).await? {
        asked.push(cluster.patch(&object, &patch, false).await?);
        report.changed(&object, "is to be looked at again")?;
    }
    report.end()?;
    if !args.wait {
        return Ok(());
    }
    let (goal, told) = (Goal::Reconciled(value), Some(args.output).filter(|output| output.is_human()));
    wait::until(&cluster, Within::Namespace, goal, &asked, args.timeout, told).await
}
