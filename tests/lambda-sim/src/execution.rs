//! Durable executions: what a function was given, what happened so far, and what it came to. Tests say what happens; a
//! second passes with each event, so that what they see is always the same.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::request::Object;

/// When the first execution of a function begins; each further one does a minute later.
const BEGINNING: i64 = 1_767_225_600;

/// A durable execution.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    /// Its place among those of the function, from 0.
    pub(crate) order: u32,
    /// The version that it runs.
    pub(crate) version: String,
    /// `RUNNING`, `SUCCEEDED`, …
    pub(crate) status: String,
    /// What it was given, came to, and failed with.
    pub(crate) input: Option<String>,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<Object>,
    /// When it ended.
    pub(crate) ended: Option<i64>,
    /// What happened, as GetDurableExecutionHistory shows it.
    pub(crate) events: Vec<Object>,
    /// The callbacks that wait for an answer: id → name.
    waiting: BTreeMap<String, String>,
}

impl Execution {
    /// An execution that begins.
    pub(crate) fn begin(order: u32, version: &str, input: Option<String>) -> Self {
        let mut execution = Self {
            order,
            version: version.to_owned(),
            status: "RUNNING".to_owned(),
            input,
            result: None,
            error: None,
            ended: None,
            events: Vec::new(),
            waiting: BTreeMap::new(),
        };
        let given = json!({"Payload": execution.input, "Truncated": false});
        let details = json!({"Input": given, "ExecutionTimeout": 3600});
        execution.happens("ExecutionStarted", None, Some(details));
        execution
    }

    /// When it began.
    pub(crate) fn started(&self) -> i64 {
        BEGINNING + 60 * i64::from(self.order)
    }

    /// Adds an event; its details are in a member of their own for each type.
    fn happens(&mut self, kind: &str, name: Option<&str>, details: Option<Value>) -> i64 {
        let number = self.events.len() + 1;
        let at = self.started() + i64::try_from(number).unwrap_or_default() - 1;
        let mut event = json!({"EventId": number, "EventType": kind, "EventTimestamp": at});
        if let Some(name) = name {
            event["Name"] = name.into();
            event["Id"] = format!("op-{name}").into();
        }
        if let Some(details) = details {
            event[format!("{kind}Details")] = details;
        }
        self.events.extend(event.as_object().cloned());
        at
    }

    /// A step of the function succeeds.
    pub(crate) fn step(&mut self, name: &str, result: &str) {
        self.happens("StepStarted", Some(name), None);
        let details =
            json!({"Result": {"Payload": result, "Truncated": false}, "RetryDetails": {"CurrentAttempt": 1}});
        self.happens("StepSucceeded", Some(name), Some(details));
    }

    /// The function waits for an answer. Returns the id by which it is given.
    pub(crate) fn callback(&mut self, function: &str, execution: &str, name: &str) -> String {
        let id = STANDARD.encode(format!("{function}/{execution}/{name}"));
        self.happens("CallbackStarted", Some(name), Some(json!({"CallbackId": id})));
        self.waiting.insert(id.clone(), name.to_owned());
        id
    }

    /// Whether this callback waits for its answer.
    pub(crate) fn waits_for(&self, callback: &str) -> bool {
        self.status == "RUNNING" && self.waiting.contains_key(callback)
    }

    /// A callback has its answer.
    pub(crate) fn answered(&mut self, callback: &str, answer: Result<String, Object>) {
        let Some(name) = self.waiting.remove(callback) else { return };
        match answer {
            Ok(result) => {
                let details = json!({"Result": {"Payload": result, "Truncated": false}});
                self.happens("CallbackSucceeded", Some(&name), Some(details));
            }
            Err(error) => {
                let details = json!({"Error": {"Payload": error, "Truncated": false}});
                self.happens("CallbackFailed", Some(&name), Some(details));
            }
        }
    }

    /// It ends in this state, unless it has ended. Returns when.
    pub(crate) fn ends(
        &mut self,
        status: &str,
        result: Option<String>,
        error: Option<Object>,
    ) -> Option<i64> {
        if self.ended.is_some() || status == "RUNNING" {
            return self.ended;
        }
        let kind = match status {
            "SUCCEEDED" => "ExecutionSucceeded",
            "TIMED_OUT" => "ExecutionTimedOut",
            "STOPPED" => "ExecutionStopped",
            _ => "ExecutionFailed",
        };
        let details = match status {
            "SUCCEEDED" => json!({"Result": {"Payload": result, "Truncated": false}}),
            _ => json!({"Error": {"Payload": error.clone().unwrap_or_default(), "Truncated": false}}),
        };
        let at = self.happens(kind, None, Some(details));
        status.clone_into(&mut self.status);
        (self.result, self.error, self.ended) = (result, error, Some(at));
        self.ended
    }
}
