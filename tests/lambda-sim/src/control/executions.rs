//! Durable executions: tests say what happens in them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use super::handler::function;
use crate::error::ApiError;
use crate::execution::Execution;
use crate::region::Region;

/// `{"do": "execution", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum ExecutionCommand {
    Begin { function: String, number: String, name: String, input: Option<String> },
    Step { function: String, name: String, step: String, result: String },
    Callback { function: String, name: String, callback: String },
    End { function: String, name: String, status: String, result: Option<String>, error: Option<Value> },
}

impl ExecutionCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Result<Value, ApiError> {
        match self {
            Self::Begin { function: of, number, name, input } => {
                let executions = &mut function(region, &of)?.executions;
                let order = u32::try_from(executions.len()).unwrap_or(u32::MAX);
                executions.entry(name).or_insert_with(|| Execution::begin(order, &number, input));
            }
            Self::Step { function, name, step, result } => {
                execution(region, &function, &name)?.step(&step, &result);
            }
            Self::Callback { function, name, callback } => {
                return Ok(json!(execution(region, &function, &name)?.callback(&function, &name, &callback)));
            }
            Self::End { function, name, status, result, error } => {
                let error = error.as_ref().and_then(Value::as_object).cloned();
                execution(region, &function, &name)?.ends(&status, result, error);
            }
        }
        Ok(Value::Null)
    }
}

fn execution<'a>(region: &'a mut Region, of: &str, name: &str) -> Result<&'a mut Execution, ApiError> {
    let found = function(region, of)?.executions.get_mut(name);
    found.ok_or_else(|| ApiError::not_found(format!("{of} has no execution {name}")))
}

impl AccountControl {
    /// Starts a durable execution of a version, if there is none of the name, and brings it to a status: `RUNNING`,
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `STOPPED`.
    pub async fn durable_execution(&self, function: &str, number: &str, name: &str, status: &str) {
        self.begin_execution(function, number, name, None).await;
        self.end_execution(function, name, status, None, None).await;
    }

    /// Starts a durable execution of a version with an input, which is JSON.
    pub async fn begin_execution(&self, function: &str, number: &str, name: &str, input: Option<&Value>) {
        let (function, number, name) = (function.to_owned(), number.to_owned(), name.to_owned());
        let input = input.map(Value::to_string);
        self.tell(Command::Execution(ExecutionCommand::Begin { function, number, name, input })).await;
    }

    /// A step of a durable execution succeeds.
    pub async fn execution_step(&self, function: &str, name: &str, step: &str, result: &Value) {
        let (function, name, step) = (function.to_owned(), name.to_owned(), step.to_owned());
        let result = result.to_string();
        self.tell(Command::Execution(ExecutionCommand::Step { function, name, step, result })).await;
    }

    /// A durable execution waits for an answer. Returns the id of the callback.
    pub async fn execution_callback(&self, function: &str, name: &str, callback: &str) -> String {
        let (function, name, callback) = (function.to_owned(), name.to_owned(), callback.to_owned());
        self.run(Command::Execution(ExecutionCommand::Callback { function, name, callback })).await
    }

    /// A durable execution ends, with a result or an error such as `{"ErrorType": "Declined"}`.
    pub async fn end_execution(
        &self,
        function: &str,
        name: &str,
        status: &str,
        result: Option<&Value>,
        error: Option<Value>,
    ) {
        let (function, name, status) = (function.to_owned(), name.to_owned(), status.to_owned());
        let result = result.map(Value::to_string);
        let command = ExecutionCommand::End { function, name, status, result, error };
        self.tell(Command::Execution(command)).await;
    }
}
