//! What a function does when it is invoked: what the next invocations come to, and those that there were.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How much of the log an answer carries (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>).
const LOG_TAIL: usize = 4096;

/// What one invocation comes to. Without one a function answers with the event that it was invoked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The answer in the pieces in which the function writes it; only a streamed answer tells them apart.
    #[serde(default)]
    pub parts: Vec<String>,
    /// The function failed, and the answer says how: `Handled` or `Unhandled`.
    #[serde(default)]
    pub function_error: Option<String>,
    /// What the function writes to its log, line by line.
    #[serde(default)]
    pub log: Vec<String>,
}

impl Outcome {
    /// The function returns a value.
    pub fn returns(value: &Value) -> Self {
        Self { parts: vec![value.to_string()], ..Self::default() }
    }

    /// The function raises an exception of this type, in the shape that the runtimes give it.
    pub fn raises(kind: &str, message: &str) -> Self {
        let raised = json!({"errorMessage": message, "errorType": kind, "stackTrace": []});
        Self { function_error: Some("Unhandled".to_owned()), ..Self::returns(&raised) }
    }

    /// Adds a piece to the answer.
    #[must_use]
    pub fn part(mut self, text: &str) -> Self {
        self.parts.push(text.to_owned());
        self
    }

    /// Adds a line to the log.
    #[must_use]
    pub fn logs(mut self, line: &str) -> Self {
        self.log.push(line.to_owned());
        self
    }

    /// The end of the log in base64, with what Lambda itself writes around the function's lines.
    pub(crate) fn log_tail(&self, request_id: &str, version: &str) -> String {
        let lines: String = self.log.iter().flat_map(|line| [line, "\n"]).collect();
        let log = format!(
            "START RequestId: {request_id} Version: {version}\n{lines}END RequestId: {request_id}\n\
             REPORT RequestId: {request_id}\tDuration: 1.00 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 30 MB\t\n"
        );
        STANDARD.encode(&log.as_bytes()[log.len().saturating_sub(LOG_TAIL)..])
    }
}

/// One invocation that reached a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// `Invoke`, `InvokeWithResponseStream` or `InvokeAsync`.
    pub operation: String,
    /// `RequestResponse` or `Event`.
    pub invocation_type: String,
    /// The version that ran.
    pub version: String,
    /// The event.
    pub event: Value,
    /// For which tenant.
    pub tenant: Option<String>,
    /// As in the header `x-amzn-requestid`.
    pub request_id: String,
}

/// The invocations of one function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Invocations {
    pub(crate) next: VecDeque<Outcome>,
    pub(crate) made: Vec<Invocation>,
}

impl Invocations {
    /// The function runs.
    pub(crate) fn run(&mut self, invocation: Invocation) -> Outcome {
        let outcome = self.next.pop_front().unwrap_or_else(|| Outcome::returns(&invocation.event));
        self.made.push(invocation);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_long_log_is_shown() {
        let tail =
            STANDARD.decode(Outcome::default().logs(&"x".repeat(5000)).log_tail("id", "$LATEST")).unwrap();
        let tail = String::from_utf8(tail).unwrap();
        assert!(tail.len() == LOG_TAIL && tail.starts_with('x') && tail.contains("REPORT RequestId: id"));
        let short = STANDARD.decode(Outcome::default().logs("hello").log_tail("id", "3")).unwrap();
        assert!(short.starts_with(b"START RequestId: id Version: 3\nhello\nEND RequestId: id\n"));
    }
}
