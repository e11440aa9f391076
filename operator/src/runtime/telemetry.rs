//! Log lines: to stderr, as text for people or as JSON, one object a line. Every line within a visit carries the kind
//! and the name of its object: the spans around it are part of the line.

use std::fmt;
use std::str::FromStr;

use tracing::Subscriber;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::traces::Traces;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, the fields of the event at its top level and those of the spans in `spans`, the outermost
    /// (the visit, with `kind` and `object`) first.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("use text or json".to_owned()),
        }
    }
}

/// Starts logging for the whole process, and traces where there are any. `level` is `error`, `warn`, `info`, `debug` or
/// `trace`, or `target=level` directives with commas between them. A second call changes nothing.
///
/// # Errors
/// When `level` can't be understood.
pub fn init(format: LogFormat, level: &str, traces: Option<&Traces>) -> Result<(), ParseError> {
    let started = subscriber(format, filter(level)?, std::io::stderr, traces).try_init();
    if let Err(error) = started {
        tracing::debug!(error = %error, "logging was started before");
    }
    Ok(())
}

/// Checks and completes a level: `debug` and `trace` alone mean this operator, not the libraries under it.
///
/// # Errors
/// When it can't be understood.
pub fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    match level {
        // kube's controller wraps each reconcile in a span that says the same as ours.
        "info" => EnvFilter::try_new("info,kube_runtime::controller=warn"),
        "debug" | "trace" => {
            EnvFilter::try_new(format!("info,kube_runtime::controller=warn,lambda_operator={level}"))
        }
        _ => EnvFilter::try_new(level),
    }
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
    traces: Option<&Traces>,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed()
        }
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces.map(Traces::layer))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::aws::{Aws, AwsSettings, NoObserver, OpenGate, Priority};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: &str, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, filter(level).unwrap(), move || writer.clone(), None);
        tracing::subscriber::with_default(subscriber, log);
        String::from_utf8(lines.0.lock().clone()).unwrap()
    }

    #[test]
    fn json_lines_carry_the_fields_at_the_top() {
        let text = logged(LogFormat::Json, "info", || tracing::info!(operation = "CreateFunction", "called"));
        let line = serde_json::from_str::<serde_json::Value>(&text).unwrap();
        assert_eq!(line["message"], "called");
        assert_eq!(line["operation"], "CreateFunction");
        assert_eq!(line["level"], "INFO");
    }

    /// A write and a refused one, in a visit as `engine::controller` makes one.
    async fn visit(scope: &crate::aws::Scope) {
        use tracing::Instrument as _;
        let visit = tracing::info_span!("reconcile", kind = "LambdaFunction", object = "team/hello");
        async {
            scope.delete_function("hello", Priority::User).await.unwrap();
            scope.put_concurrency("hello", 1, Priority::User).await.unwrap_err();
            scope.get_function("hello", Priority::User).await.unwrap();
        }
        .instrument(visit)
        .await;
    }

    /// The log of a visit at this level, and the ids of its calls.
    async fn visited(format: LogFormat, level: &str) -> (String, Vec<String>) {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let settings = AwsSettings {
            endpoint_url: Some(sim.endpoint()),
            region: Some("eu-west-1".to_owned()),
            static_credentials: Some(("AKIA111122223333".to_owned(), "secret".to_owned())),
            ..AwsSettings::default()
        };
        let aws = Aws::new(settings, Arc::new(OpenGate), Arc::new(NoObserver));
        let scope = aws.scope(None).await.unwrap();
        let account = sim.control().account("111122223333", "eu-west-1");
        let function = serde_json::json!({
            "FunctionName": "hello", "Runtime": "nodejs22.x", "Handler": "index.handler",
            "Role": "arn:aws:iam::111122223333:role/r", "Code": {"S3Bucket": "b", "S3Key": "k"}
        });
        account.put_function(function).await;
        account.clear_ledger().await;
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, filter(level).unwrap(), move || writer.clone(), None);
        let guard = tracing::subscriber::set_default(subscriber);
        visit(&scope).await;
        drop(guard);
        let ids = account.ledger().await.into_iter().map(|call| call.request_id).collect();
        let text = String::from_utf8(lines.0.lock().clone()).unwrap();
        (text, ids)
    }

    #[tokio::test]
    async fn a_line_of_a_call_names_object_operation_and_request_id() {
        let (text, ids) = visited(LogFormat::Json, "info").await;
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let said =
            lines.iter().map(|line| (line["message"].as_str().unwrap(), line["operation"].as_str().unwrap()));
        let expected = [
            ("call done", "DeleteFunction"),
            ("call refused", "PutFunctionConcurrency"),
            ("call refused", "GetFunction"),
        ];
        assert_eq!(said.collect::<Vec<_>>(), expected, "one line for each");
        for (line, id) in lines.iter().zip(&ids) {
            assert_eq!(line["request_id"], **id, "{line}");
            assert_eq!((&line["account"], &line["region"]), (&"111122223333".into(), &"eu-west-1".into()));
            assert_eq!(line["spans"][0]["name"], "reconcile", "{line}");
            assert_eq!(line["spans"][0]["kind"], "LambdaFunction");
            assert_eq!(line["spans"][0]["object"], "team/hello");
        }
        assert!(lines[0]["took_ms"].is_u64(), "{}", lines[0]);
    }

    #[tokio::test]
    async fn text_lines_name_them_too_at_every_level() {
        for level in ["info", "debug"] {
            let (text, ids) = visited(LogFormat::Text, level).await;
            let named = |line: &&str| line.contains("kind=\"LambdaFunction\"") && line.contains("team/hello");
            assert_eq!(text.lines().count(), text.lines().filter(named).count(), "{text}");
            let done = text.lines().find(|line| line.contains("DeleteFunction")).unwrap();
            assert!(done.contains(&ids[0]) && done.contains("call done"), "{text}");
        }
    }

    #[test]
    fn debug_means_the_operator_and_not_its_libraries() {
        let text = logged(LogFormat::Text, "debug", || {
            tracing::debug!(target: "lambda_operator::engine", "ours");
            tracing::debug!(target: "hyper::client", "theirs");
        });
        assert!(text.contains("ours") && !text.contains("theirs"), "{text}");
    }

    #[test]
    fn logging_can_be_started_twice_and_a_bad_level_is_an_error() {
        init(LogFormat::Text, "info", None).unwrap();
        init(LogFormat::Json, "debug", None).unwrap();
        assert!(init(LogFormat::Text, "lambda_operator=loud", None).is_err());
    }

    #[test]
    fn formats_are_named_as_they_print() {
        for format in [LogFormat::Text, LogFormat::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<LogFormat>().is_err());
    }
}
