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
use super::model::payload;
use super::object::Object;
use super::output::{self, OutputArgs};
use super::place::{self, PATIENCE, failed};
use super::target::Target;
use super::{complete, input};
use crate::aws::{Answer, AwsError, Invocation, Scope};
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
    #[arg(long, conflicts_with_all = ["format", "kind", "old_async", "durable_name"])]
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

impl Type {
    /// The word that the API has for it.
    fn as_str(self) -> &'static str {
        match self {
            Self::RequestResponse => "RequestResponse",
            Self::Event => "Event",
            Self::DryRun => "DryRun",
        }
    }
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda invoke hello --payload '{\"name\": \"world\"}'
  kubectl lambda invoke lambdaalias/live --payload @event.json --log
  jq -n '{n: 1}' | kubectl lambda invoke hello --payload - --type Event
  kubectl lambda invoke chat --stream --payload '{\"prompt\": \"hi\"}'

The function's answer goes to stdout as it is. Exit code 1: the function, or the call, failed.";

/// What the person gives to the function.
#[derive(Default)]
struct Given {
    payload: Option<Vec<u8>>,
    client_context: Option<Vec<u8>>,
}

/// What is sent, for a function or an alias.
#[derive(Debug, PartialEq)]
struct Sent {
    function: String,
    qualifier: Option<String>,
    payload: String,
    /// In base64.
    client_context: Option<String>,
}

/// Invokes.
pub async fn run(args: InvokeArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    // Before anything is asked: stdin may be a pipe that takes its time.
    let given = given(&args)?;
    let cluster = Cluster::connect(cluster).await?;
    let object = cluster.find(&args.target, &[kinds::known(FUNCTION), kinds::known(ALIAS)]).await?;
    let sent = sent(&args, &object, given)?;
    let scope = place::of(&object)?.reach(&args.aws, PATIENCE).await?;
    let answer = send(&scope, &args, &sent).await;
    let answer = answer.map_err(|error| failed(&format!("{} can't be invoked", object.label()), &error))?;
    if args.stream {
        return told(&answer, Some(&answer.payload));
    }
    if args.output.is_human() {
        print(&answer.payload)?;
        if let Some(text) = accepted(&args, &object) {
            output::note(&text);
        }
    } else {
        args.output.print(&Shown::of(&answer), String::new)?;
    }
    told(&answer, None)
}

/// Reads what the person gives.
fn given(args: &InvokeArgs) -> Result<Given, Failure> {
    let (payload, context) = (args.payload.as_deref(), args.client_context.as_deref());
    if payload == Some("-") && context == Some("-") {
        return Err(Failure::usage(
            "stdin can't be both --payload and --client-context: give one of them as @FILE",
        ));
    }
    let payload = payload.map(input::read).transpose()?;
    Ok(Given { payload, client_context: context.map(input::read).transpose()? })
}

async fn send(scope: &Scope, args: &InvokeArgs, sent: &Sent) -> Result<Answer, AwsError> {
    let invocation = Invocation {
        function: &sent.function,
        qualifier: sent.qualifier.as_deref(),
        kind: args.kind.as_str(),
        payload: &sent.payload,
        tenant: args.tenant_id.as_deref(),
        client_context: sent.client_context.as_deref(),
        durable_name: args.durable_name.as_deref(),
        with_log: args.log,
        patience: args.timeout,
    };
    if args.stream {
        // Who reads may have had enough; the function goes on all the same.
        return scope.invoke_streamed(&invocation, |part| drop(output::print_bytes(part))).await;
    }
    if args.old_async {
        return scope.invoke_async(&sent.function, &sent.payload).await;
    }
    scope.invoke(&invocation).await
}

/// Prints an answer as it is, and ends its last line.
fn print(answer: &[u8]) -> Result<(), Failure> {
    output::print_bytes(answer)?;
    if answer.is_empty() || answer.ends_with(b"\n") { Ok(()) } else { output::print("\n") }
}

/// What to say when there is no answer.
fn accepted(args: &InvokeArgs, object: &Object) -> Option<String> {
    match args.kind {
        Type::DryRun => Some(format!("{} could be invoked.", object.label())),
        Type::RequestResponse if !args.old_async => None,
        _ => Some(format!("The event for {} is in Lambda's queue.", object.label())),
    }
}

/// What is sent, for a function or an alias.
fn sent(args: &InvokeArgs, object: &Object, given: Given) -> Result<Sent, Failure> {
    let alias = (object.kind.name == ALIAS).then(|| object.alias_name());
    if let (Some(alias), true) = (&alias, args.qualifier.is_some()) {
        return Err(Failure::usage(format!(
            "{} is the alias {alias} already: leave --qualifier away, or name the function",
            object.label()
        )));
    }
    if alias.is_some() && args.old_async {
        return Err(Failure::usage("InvokeAsync knows no aliases: name the function, or use --type Event"));
    }
    let payload = String::from_utf8(given.payload.unwrap_or_default());
    let payload = payload.map_err(|_| Failure::usage("the payload is no text; Lambda takes JSON"))?;
    Ok(Sent {
        function: function_name(object)?,
        qualifier: alias.or_else(|| args.qualifier.clone()),
        payload,
        client_context: given.client_context.map(|context| STANDARD.encode(context)),
    })
}

/// Tells the end of the log, and whether the function failed; `how` is what nobody has read yet.
fn told(answer: &Answer, how: Option<&[u8]>) -> Result<(), Failure> {
    if let Some(log) = &answer.log {
        output::note(log.trim_end());
    }
    let Some(error) = &answer.function_error else { return Ok(()) };
    let how = how.filter(|how| !how.is_empty()).map(|how| format!(": {}", String::from_utf8_lossy(how)));
    Err(Failure::new(format!("the function failed ({error}){}", how.unwrap_or_default())))
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
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

impl<'a> Shown<'a> {
    fn of(answer: &'a Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.payload);
        Self {
            status_code: answer.status,
            executed_version: answer.version.as_deref(),
            function_error: answer.function_error.as_deref(),
            durable_execution_arn: answer.durable_execution.as_deref(),
            request_id: answer.request_id.as_deref(),
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
    use crate::plugin::failure::Exit;
    use crate::plugin::object::tests::object;

    fn args(words: &[&str]) -> Result<InvokeArgs, clap::Error> {
        let words = ["kubectl-lambda", "invoke", "it"].iter().chain(words);
        match Cli::try_parse_from(words)?.command {
            Command::Invoke(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    fn payload(bytes: &[u8]) -> Given {
        Given { payload: Some(bytes.to_vec()), ..Given::default() }
    }

    #[test]
    fn an_alias_is_the_qualifier() {
        let alias = object(
            "{kind: LambdaAlias, metadata: {name: it}, status: {functionName: orders, aliasName: live}}",
        );
        let found = sent(&args(&[]).unwrap(), &alias, payload(b"{}")).unwrap();
        assert_eq!((found.function.as_str(), found.qualifier.as_deref()), ("orders", Some("live")));
        for words in [&["--qualifier", "3"][..], &["--async"]] {
            assert!(sent(&args(words).unwrap(), &alias, Given::default()).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_function_is_invoked_as_the_flags_say() {
        let function = object("{kind: LambdaFunction, metadata: {name: orders}, spec: {}}");
        let words = ["--type", "event", "--qualifier", "3", "--client-context", r#"{"a":1}"#];
        let args = args(&words).unwrap();
        assert_eq!(args.kind, Type::Event);
        let found = sent(&args, &function, given(&args).unwrap()).unwrap();
        assert_eq!((found.qualifier.as_deref(), found.payload.as_str()), (Some("3"), ""));
        assert_eq!(found.client_context.as_deref(), Some("eyJhIjoxfQ=="));
        assert!(sent(&args, &function, payload(&[0xff])).unwrap_err().message.contains("no text"));
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for words in [
            &["--stream", "--type", "Event"][..],
            &["--async", "--log"],
            &["--async", "--qualifier", "1"],
            &["--stream", "-o", "json"],
            &["--stream", "--durable-name", "run-1"],
            &["--type", "Later"],
        ] {
            assert!(args(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn stdin_is_read_for_one_thing_only() {
        let twice = args(&["--payload", "-", "--client-context", "-"]).unwrap();
        let Err(failure) = given(&twice) else { panic!("stdin has no second text") };
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("--payload and --client-context"), "{failure}");
    }

    #[test]
    fn a_failed_function_fails_the_command() {
        let mut answer = Answer {
            status: 200,
            request_id: None,
            version: None,
            function_error: None,
            payload: Vec::new(),
            log: None,
            durable_execution: None,
        };
        assert_eq!(told(&answer, None), Ok(()));
        answer.function_error = Some("Unhandled".to_owned());
        assert_eq!(told(&answer, None).unwrap_err().message, "the function failed (Unhandled)");
        let streamed = told(&answer, Some(b"no memory")).unwrap_err();
        assert_eq!(streamed.message, "the function failed (Unhandled): no memory");
    }
}
