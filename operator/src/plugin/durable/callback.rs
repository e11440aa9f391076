//! `kubectl lambda durable callback`: the answer that an execution waits for.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::ReasonArgs;
use crate::aws::Scope;
use crate::plugin::args::{AwsArgs, ClusterArgs};
use crate::plugin::cluster::Cluster;
use crate::plugin::complete;
use crate::plugin::failure::Failure;
use crate::plugin::input;
use crate::plugin::kinds::{self, ALIAS, FUNCTION};
use crate::plugin::output::OutputArgs;
use crate::plugin::place::{self, PATIENCE, Place, failed};
use crate::plugin::target::Target;

/// The settings of `durable callback`.
#[derive(Args, Debug)]
pub struct CallbackArgs {
    /// The answer.
    #[command(subcommand)]
    pub command: CallbackCommand,
}

/// The answers.
#[derive(Subcommand, Debug)]
pub enum CallbackCommand {
    /// It went well.
    Success {
        /// The result: text or JSON, @FILE, or - for stdin. Default: none.
        #[arg(long, value_name = "RESULT")]
        result: Option<String>,
        /// Which callback.
        #[command(flatten)]
        callback: WhichArgs,
    },
    /// It failed.
    Failure {
        /// Why.
        #[command(flatten)]
        reason: ReasonArgs,
        /// Which callback.
        #[command(flatten)]
        callback: WhichArgs,
    },
    /// It is still being worked on: begins the heartbeat's timeout anew.
    Heartbeat {
        /// Which callback.
        #[command(flatten)]
        callback: WhichArgs,
    },
}

/// A callback, and where it is.
#[derive(Args, Debug)]
pub struct WhichArgs {
    /// The id of the callback, which `durable history` shows.
    #[arg(value_name = "ID")]
    pub id: String,

    /// The function whose execution waits, or an alias of it: its account and region are asked. Default: those of
    /// your credentials and AWS_REGION.
    #[arg(long, value_name = "NAME", add = complete::names(&[FUNCTION, ALIAS]))]
    pub function: Option<Target>,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What was answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    callback_id: String,
    answer: &'static str,
}

/// Answers a callback.
pub async fn run(args: CallbackArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let (which, answer, sent) = match args.command {
        CallbackCommand::Success { result, callback } => {
            let result = result.as_deref().map(input::read).transpose()?;
            let scope = reach(&callback, cluster).await?;
            let sent = scope.callback_success(&callback.id, result).await;
            (callback, "success", sent)
        }
        CallbackCommand::Failure { reason, callback } => {
            let scope = reach(&callback, cluster).await?;
            let sent = scope.callback_failure(&callback.id, &reason.error()).await;
            (callback, "failure", sent)
        }
        CallbackCommand::Heartbeat { callback } => {
            let scope = reach(&callback, cluster).await?;
            let sent = scope.callback_heartbeat(&callback.id).await;
            (callback, "heartbeat", sent)
        }
    };
    sent.map_err(|error| failed("the callback can't be answered", &error))?;
    let answered = Answered { callback_id: which.id, answer };
    which.output.print(&answered, || format!("The callback has its {answer}.\n"))
}

async fn reach(which: &WhichArgs, cluster: &ClusterArgs) -> Result<Arc<Scope>, Failure> {
    let place = match &which.function {
        Some(target) => {
            let cluster = Cluster::connect(cluster).await?;
            place::of(&cluster.find(target, &[kinds::known(FUNCTION), kinds::known(ALIAS)]).await?)?
        }
        None => Place { what: "the callback".to_owned(), account: None, region: None },
    };
    place.reach(&which.aws, PATIENCE).await
}
