//! The command line of `kubectl lambda`: its commands, and the settings that several of them share.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};

use super::{
    account, completions, durable, history, import, invoke, plan, reconcile, rollback, suspend, tree, wait,
};

/// Looks at and works with the AWS Lambda functions of a Kubernetes cluster.
///
/// What it knows comes from the objects of lambda-operator; commands that ask AWS itself do so with your own credentials.
#[derive(Parser, Debug)]
#[command(
    name = "kubectl-lambda",
    bin_name = "kubectl lambda",
    display_name = "kubectl lambda",
    version,
    about,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Which cluster and namespace.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show functions with their versions, aliases, mappings, layers and how each stands.
    #[command(after_help = tree::EXAMPLES)]
    Tree(tree::TreeArgs),
    /// Show what the operator would do against AWS if manifests were applied; nothing is changed.
    #[command(after_help = plan::EXAMPLES)]
    Plan(plan::PlanArgs),
    /// Wait until objects are Ready, or gone; fails at once when one is Stalled.
    #[command(after_help = wait::EXAMPLES)]
    Wait(wait::WaitArgs),
    /// Write what an AWS account has as manifests, which the operator adopts without a change.
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Show the published versions of a function in AWS, and which aliases lead to them.
    #[command(after_help = history::EXAMPLES)]
    History(history::HistoryArgs),
    /// Point an alias to an earlier version, by pinning it in its spec.
    #[command(after_help = rollback::EXAMPLES)]
    Rollback(rollback::RollbackArgs),
    /// Have the operator leave objects alone (spec.suspend).
    #[command(after_help = suspend::SUSPEND_EXAMPLES)]
    Suspend(suspend::SuspendArgs),
    /// Have the operator look after suspended objects again.
    #[command(after_help = suspend::RESUME_EXAMPLES)]
    Resume(suspend::SuspendArgs),
    /// Have the operator look at objects at once, and at AWS.
    #[command(after_help = reconcile::EXAMPLES)]
    Reconcile(reconcile::ReconcileArgs),
    /// Show the limits and the use of AWS accounts.
    #[command(after_help = account::EXAMPLES)]
    Account(account::AccountArgs),
    /// Invoke a function or an alias, with your own AWS credentials.
    #[command(after_help = invoke::EXAMPLES)]
    Invoke(invoke::InvokeArgs),
    /// Look at, end and answer durable executions.
    #[command(after_help = durable::EXAMPLES, arg_required_else_help = true)]
    Durable(durable::DurableArgs),
    /// Print a script that completes commands and names in a shell.
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
}

/// Which cluster and namespace, as kubectl has it.
#[derive(Args, Clone, Debug, Default)]
pub struct ClusterArgs {
    /// Namespace. Default: that of the kubeconfig's context.
    #[arg(short, long, global = true, value_name = "NAME", help_heading = "Cluster", value_parser = NonEmptyStringValueParser::new())]
    pub namespace: Option<String>,

    /// Context of the kubeconfig. Default: its current one.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Cluster", value_parser = NonEmptyStringValueParser::new())]
    pub context: Option<String>,

    /// Kubeconfig file. Default: KUBECONFIG, or ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
}

/// How AWS is asked. The account and the region are those of the object.
#[derive(Args, Clone, Debug, Default)]
pub struct AwsArgs {
    /// Profile with your credentials. Default: AWS_PROFILE, or whatever else the AWS SDK finds.
    #[arg(long, value_name = "NAME", help_heading = "AWS", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,

    /// URL of the AWS endpoint, for an emulator or a private endpoint. Default: AWS's own.
    #[arg(long, env = "AWS_ENDPOINT_URL", hide_env_values = true, value_name = "URL", help_heading = "AWS", value_parser = crate::cli::url)]
    pub endpoint_url: Option<String>,
}
