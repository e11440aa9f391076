//! `kubectl lambda invoke`: one invocation, with the person's own AWS credentials. The answer goes to stdout as it is, all else
//! to stderr.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::args::{AwsArgs, ClusterArgs};
use super::cluster::Cluster;
use super::failure::Failure;
use super::history::function_name;
use super::kinds::{self, ALIAS, FUNCTION};
use super::model::{Answer, Invocation, payload};
use super::object::Object;
use super::output::{self, OutputArgs};
use super::place::{self, failed};
use super::target::Target;
use super::{complete, input};
use crate::aws::Scope;
use crate::cli::duration;

/// The settings of `invoke`.
#[derive(Args, Debug)]
pub struct InvokeArgs {
    /// The function or the alias: [KIND/]NAME.
    #[arg(value_name = "FUNCTION|ALIAS", add = complete::names(&[FUNCTION, ALIAS]))]
    pub target: Target,

    /// The event: JSON, @FILE, or - for stdin. Default: {}.
    #[arg(short, long, value_name = "JSON|@FILE|-")]
    pub payload: Option<String>,

    /// Wait for the answer, leave the event to Lambda's queue, or only check that it could be done.
    #[arg(
        long = "type",
        value_enum,
        value_name = "TYPE",
        default_value = "RequestResponse",
        ignore_case = true
    )]
    pub kind: Type,

    /// A version or an alias in AWS. Default: what is in use now ($LATEST), or the alias that was named.
    #[arg(long, value_name = "VERSION|ALIAS", value_parser = NonEmptyStringValueParser::new())]
    pub qualifier: Option<String>,

    /// Print the answer as the function writes it (InvokeWithResponseStream).
    #[arg(long, conflicts_with_all = ["format", "kind", "old_async"])]
    pub stream: bool,

    /// Use the old operation InvokeAsync, which AWS has deprecated, instead of --type Event.
    #[arg(long = "async", conflicts_with_all = ["kind", "qualifier", "log", "tenant_id", "client_context", "durable_name"])]
    pub old_async: bool,

    /// Print the end of the log to stderr.
    #[arg(long)]
    pub log: bool,

    /// The tenant, for a function that keeps tenants apart.
    #[arg(long, value_name = "ID")]
    pub tenant_id: Option<String>,

    /// What the function finds in its client context: JSON, @FILE, or - for stdin.
    #[arg(long, value_name = "JSON|@FILE|-")]
    pub client_context: Option<String>,

    /// The name of the durable execution to begin; one of the same name is not begun twice.
    #[arg(long, value_name = "NAME")]
    pub durable_name: Option<String>,

    /// How long to wait for the answer.
    #[arg(long, value_name = "DURATION", default_value = "16m", value_parser = duration)]
    pub timeout: Duration,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How to invoke.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum Type {
    /// Wait for the answer.
    RequestResponse,
    /// Leave the event to Lambda's queue.
    Event,
    /// Only check that it could be invoked.
    DryRun,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda invoke hello --payload '{\"name\": \"world\"}'
  kubectl lambda invoke lambdaalias/live --payload @event.json --log
  jq -n '{n: 1}' | kubectl lambda invoke hello --payload - --type Event
  kubectl lambda invoke chat --stream --payload '{\"prompt\": \"hi\"}'

The function's answer goes to stdout as it is. Exit code 1: the function, or the call, failed.";

/// Invokes.
pub async fn run(args: InvokeArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    // Before anything is asked: stdin may be a pipe that takes its time.
    let event = args.payload.as_deref().map(input::read).transpose()?;
    let cluster = Cluster::connect(cluster).await?;
    let object = cluster.find(&args.target, &[kinds::known(FUNCTION), kinds::known(ALIAS)]).await?;
    let invocation = invocation(&args, &object, event)?;
    let scope = place::of(&object)?.reach(&args.aws, args.timeout).await?;
    if args.stream {
        let answer = streamed(&scope, &invocation).await?;
        return told(&answer);
    }
    let sent = if args.old_async {
        scope.invoke_async(&invocation).await
    } else {
        scope.invoke_once(&invocation).await
    };
    let answer = sent.map_err(|error| failed(&format!("{} can't be invoked", object.label()), &error))?;
    if args.output.is_human() {
        output::print_bytes(&answer.payload)?;
        if !answer.payload.is_empty() && !answer.payload.ends_with(b"\n") {
            output::print("\n")?;
        }
        if let Some(text) = accepted(&args, &object) {
            output::note(&text);
        }
    } else {
        args.output.print(&Shown::of(&answer), String::new)?;
    }
    told(&answer)
}

/// What to say when there is no answer.
fn accepted(args: &InvokeArgs, object: &Object) -> Option<String> {
    match args.kind {
        _ if args.old_async => Some(format!("The event for {} is in Lambda's queue.", object.label())),
        Type::Event => Some(format!("The event for {} is in Lambda's queue.", object.label())),
        Type::DryRun => Some(format!("{} could be invoked.", object.label())),
        Type::RequestResponse => None,
    }
}

/// What is sent, for a function or an alias.
fn invocation(args: &InvokeArgs, object: &Object, event: Option<Vec<u8>>) -> Result<Invocation, Failure> {
    let alias = match object.kind.name.as_str() {
        ALIAS => Some(object.said("aliasName").map_or_else(|| object.name(), str::to_owned)),
        _ => None,
    };
    if let (Some(alias), true) = (&alias, args.qualifier.is_some()) {
        let text = format!(
            "{} is the alias {alias} already: leave --qualifier away, or name the function",
            object.label()
        );
        return Err(Failure::usage(text));
    }
    if alias.is_some() && args.old_async {
        return Err(Failure::usage("InvokeAsync knows no aliases: name the function, or use --type Event"));
    }
    let client_context = args.client_context.as_deref().map(input::read).transpose()?;
    Ok(Invocation {
        function: function_name(object)?,
        qualifier: alias.or_else(|| args.qualifier.clone()),
        kind: args.kind,
        payload: event.unwrap_or_default(),
        log: args.log,
        tenant_id: args.tenant_id.clone(),
        client_context: client_context.map(|context| STANDARD.encode(context)),
        durable_name: args.durable_name.clone(),
    })
}

/// Prints the parts of an answer as they come.
async fn streamed(scope: &Scope, invocation: &Invocation) -> Result<Answer, Failure> {
    let mut printed = Ok(());
    let answer = scope
        .invoke_streamed(invocation, |part| {
            if printed.is_ok() {
                printed = output::print_bytes(part);
            }
        })
        .await;
    printed?;
    answer.map_err(|error| failed(&format!("{} can't be invoked", invocation.function), &error))
}

/// Tells the end of the log, and whether the function failed.
fn told(answer: &Answer) -> Result<(), Failure> {
    if let Some(log) = &answer.log {
        output::note(log.trim_end());
    }
    match &answer.function_error {
        None => Ok(()),
        Some(error) => {
            let details =
                answer.error_details.as_ref().map(|details| format!(": {details}")).unwrap_or_default();
            Err(Failure::new(format!("the function failed ({error}){details}")))
        }
    }
}

/// An answer for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    status_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    executed_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durable_execution_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

impl<'a> Shown<'a> {
    fn of(answer: &'a Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.payload);
        Self {
            status_code: answer.status_code,
            executed_version: answer.executed_version.as_deref(),
            function_error: answer.function_error.as_deref(),
            durable_execution_arn: answer.durable_execution_arn.as_deref(),
            log: answer.log.as_deref(),
            payload: Some(text).filter(|text| !text.is_empty()).map(|text| payload(&text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::plugin::args::{Cli, Command};
    use crate::plugin::object::tests::object;

    fn args(words: &[&str]) -> Result<InvokeArgs, clap::Error> {
        let words = ["kubectl-lambda", "invoke", "it"].iter().chain(words);
        match Cli::try_parse_from(words)?.command {
            Command::Invoke(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_alias_is_the_qualifier() {
        let alias = object(
            "{kind: LambdaAlias, metadata: {name: it}, status: {functionName: orders, aliasName: live}}",
        );
        let sent = invocation(&args(&["--log"]).unwrap(), &alias, Some(b"{}".to_vec())).unwrap();
        assert_eq!(
            (sent.function.as_str(), sent.qualifier.as_deref(), sent.log),
            ("orders", Some("live"), true)
        );
        for words in [&["--qualifier", "3"][..], &["--async"]] {
            assert!(invocation(&args(words).unwrap(), &alias, None).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_function_is_invoked_as_the_flags_say() {
        let function = object("{kind: LambdaFunction, metadata: {name: orders}, spec: {}}");
        let words =
            ["--type", "event", "--qualifier", "3", "--tenant-id", "t", "--client-context", r#"{"a":1}"#];
        let sent = invocation(&args(&words).unwrap(), &function, None).unwrap();
        assert_eq!((sent.kind, sent.qualifier.as_deref()), (Type::Event, Some("3")));
        assert_eq!(sent.client_context.as_deref(), Some("eyJhIjoxfQ=="));
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for words in [
            &["--stream", "--type", "Event"][..],
            &["--async", "--log"],
            &["--async", "--qualifier", "1"],
            &["--stream", "-o", "json"],
            &["--type", "Later"],
        ] {
            assert!(args(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_failed_function_fails_the_command() {
        let mut answer = Answer { status_code: 200, ..Answer::default() };
        assert_eq!(told(&answer), Ok(()));
        answer.function_error = Some("Unhandled".to_owned());
        assert_eq!(told(&answer).unwrap_err().message, "the function failed (Unhandled)");
    }
}
