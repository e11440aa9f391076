//! `kubectl lambda durable`: looks at durable executions, ends them, and answers their callbacks.
//! <https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html>

mod callback;
mod show;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::{AwsArgs, ClusterArgs};
use super::cluster::Cluster;
use super::complete;
use super::failure::Failure;
use super::history::function_name;
use super::kinds::{self, ALIAS, FUNCTION};
use super::model::{ExecutionError, Filter};
use super::output::{self, OutputArgs};
use super::place::{self, PATIENCE, failed};
use super::target::Target;

/// The settings of `durable`.
#[derive(Args, Debug)]
pub struct DurableArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DurableCommand,
}

/// The commands of `durable`.
#[derive(Subcommand, Debug)]
pub enum DurableCommand {
    /// List the executions of a function, the latest first.
    List(ListArgs),
    /// Show an execution with its input and its result.
    Get(OneArgs),
    /// Show what happened in an execution.
    History(OneArgs),
    /// End an execution for good.
    Stop(StopArgs),
    /// Answer a callback that an execution waits for.
    #[command(arg_required_else_help = true)]
    Callback(callback::CallbackArgs),
    /// Not there: the AWS SDK for Rust lacks DeleteDurableExecution.
    Delete(LackingArgs),
    /// Not there: the AWS SDK for Rust lacks PauseDurableExecution.
    Pause(LackingArgs),
    /// Not there: the AWS SDK for Rust lacks ResumeDurableExecution.
    Resume(LackingArgs),
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda durable list orders --status RUNNING
  kubectl lambda durable history ARN
  kubectl lambda durable stop ARN --message 'the order was cancelled'
  kubectl lambda durable callback success ID --function orders --result '{\"approved\": true}'

An execution is named by its ARN, which `durable list` shows; a callback by its id, which `durable history` shows.";

/// The states of an execution.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListDurableExecutionsByFunction.html>
const STATUSES: [&str; 5] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"];

/// The settings of `durable list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The function, or an alias of it: [KIND/]NAME.
    #[arg(value_name = "FUNCTION", add = complete::names(&[FUNCTION, ALIAS]))]
    pub target: Target,

    /// Only those in this state; can be repeated.
    #[arg(long, value_name = "STATE", ignore_case = true, value_parser = PossibleValuesParser::new(STATUSES))]
    pub status: Vec<String>,

    /// Only those of this name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Only those of this version or alias in AWS.
    #[arg(long, value_name = "VERSION|ALIAS")]
    pub qualifier: Option<String>,

    /// At most so many; 0: all.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub limit: usize,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The settings of `durable get` and `durable history`.
#[derive(Args, Debug)]
pub struct OneArgs {
    /// The execution.
    #[arg(value_name = "ARN")]
    pub arn: String,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Why something is ended or failed.
#[derive(Args, Debug)]
pub struct ReasonArgs {
    /// The type of the error, for the function's code to tell errors apart.
    #[arg(long, value_name = "TYPE")]
    pub error_type: Option<String>,

    /// Why, for people.
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,

    /// Why, for programs.
    #[arg(long, value_name = "TEXT")]
    pub data: Option<String>,
}

/// The settings of `durable stop`.
#[derive(Args, Debug)]
pub struct StopArgs {
    /// The execution.
    #[arg(value_name = "ARN")]
    pub arn: String,

    /// Why.
    #[command(flatten)]
    pub reason: ReasonArgs,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What the commands that can't be there take.
#[derive(Args, Debug)]
pub struct LackingArgs {
    /// The execution.
    #[arg(value_name = "ARN")]
    pub arn: Option<String>,
}

impl ReasonArgs {
    fn error(self) -> ExecutionError {
        let Self { error_type, message, data } = self;
        ExecutionError { kind: error_type, message, data, stack_trace: Vec::new() }
    }
}

/// Carries out a command of `durable`.
pub async fn run(args: DurableArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    match args.command {
        DurableCommand::List(args) => list(args, cluster).await,
        DurableCommand::Get(args) => get(args).await,
        DurableCommand::History(args) => history(args).await,
        DurableCommand::Stop(args) => stop(args).await,
        DurableCommand::Callback(args) => callback::run(args, cluster).await,
        DurableCommand::Delete(args) => Err(lacking("DeleteDurableExecution", "delete", args)),
        DurableCommand::Pause(args) => Err(lacking("PauseDurableExecution", "pause", args)),
        DurableCommand::Resume(args) => Err(lacking("ResumeDurableExecution", "resume", args)),
    }
}

async fn list(args: ListArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let object = cluster.find(&args.target, &[kinds::known(FUNCTION), kinds::known(ALIAS)]).await?;
    let name = function_name(&object)?;
    let scope = place::of(&object)?.reach(&args.aws, PATIENCE).await?;
    let filter = Filter {
        qualifier: args.qualifier,
        name: args.name,
        statuses: args.status.iter().map(|status| status.to_uppercase()).collect(),
        limit: Some(args.limit).filter(|limit| *limit > 0),
    };
    let what = format!("the durable executions of {name} can't be listed");
    let executions = scope.executions(&name, &filter).await.map_err(|error| failed(&what, &error))?;
    let executions = executions.ok_or_else(|| Failure::new(format!("AWS has no function {name}")))?;
    if executions.is_empty() && args.output.is_human() {
        output::note(&format!("{name} has no durable executions of this kind."));
        return Ok(());
    }
    args.output.print(&executions, || show::executions(&executions))
}

async fn get(args: OneArgs) -> Result<(), Failure> {
    let scope = place::of_arn(&args.arn)?.reach(&args.aws, PATIENCE).await?;
    let execution = scope.execution(&args.arn).await;
    let execution = execution.map_err(|error| failed("the execution can't be read", &error))?;
    let execution = execution.ok_or_else(|| no_execution(&args.arn))?;
    args.output.print(&execution, || show::execution(&execution))
}

async fn history(args: OneArgs) -> Result<(), Failure> {
    let scope = place::of_arn(&args.arn)?.reach(&args.aws, PATIENCE).await?;
    let happenings = scope.happenings(&args.arn).await;
    let happenings = happenings.map_err(|error| failed("the history can't be read", &error))?;
    let happenings = happenings.ok_or_else(|| no_execution(&args.arn))?;
    args.output.print(&happenings, || show::happenings(&happenings))
}

/// What came of a stop.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    arn: String,
    stopped_at: Option<jiff::Timestamp>,
}

async fn stop(args: StopArgs) -> Result<(), Failure> {
    let scope = place::of_arn(&args.arn)?.reach(&args.aws, PATIENCE).await?;
    let stopped_at = scope.stop_execution(&args.arn, &args.reason.error()).await;
    let stopped_at = stopped_at.map_err(|error| failed("the execution can't be stopped", &error))?;
    let stopped = Stopped { arn: args.arn, stopped_at };
    args.output.print(&stopped, || format!("{} is stopped.\n", stopped.arn))
}

fn no_execution(arn: &str) -> Failure {
    Failure::new(format!(
        "AWS has no execution {arn}: it was deleted, or its retention is over. `kubectl lambda durable list` shows those that \
         there are"
    ))
}

/// What can't be done, and how else.
fn lacking(operation: &str, command: &str, args: LackingArgs) -> Failure {
    let arn = args.arn.unwrap_or_else(|| "ARN".to_owned());
    Failure::new(format!(
        "{operation} is newer than the AWS SDK for Rust that this program is built with, so it can't call it yet. Use the AWS \
         CLI: aws lambda {command}-durable-execution --durable-execution-arn {arn}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sdk_lacks_is_said_with_another_way() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:orders:3/durable-execution/run-1/0";
        let message =
            lacking("PauseDurableExecution", "pause", LackingArgs { arn: Some(arn.to_owned()) }).message;
        let other = format!("aws lambda pause-durable-execution --durable-execution-arn {arn}");
        assert!(message.contains("AWS SDK for Rust") && message.ends_with(&other), "{message}");
    }
}
