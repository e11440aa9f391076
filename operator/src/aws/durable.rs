//! The operations on durable executions: what `kubectl lambda durable` calls, and the deletion of a durable function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html>

use aws_sdk_lambda::primitives::{Blob, DateTime};
use aws_sdk_lambda::types::{
    ErrorObject, Event, EventError, EventInput, EventResult, Execution as Listed, ExecutionStatus,
};
use jiff::Timestamp;
use serde_json::Value;

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::function::{checked, found, next};
use super::quota::Priority;
use crate::plugin::model::{Execution, ExecutionError, Filter, Happening, payload};

/// The largest page of executions and of what happened in one.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecutionHistory.html>
const MOST: i32 = 1000;

impl Scope {
    /// The executions of a function, the latest first. `None`: there is no such function.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListDurableExecutionsByFunction.html>
    pub async fn executions(
        &self,
        function: &str,
        filter: &Filter,
    ) -> Result<Option<Vec<Execution>>, AwsError> {
        self.list_executions(function, filter, Priority::User).await
    }

    /// The ARNs of the executions that run, the latest first; none of a function that there isn't.
    pub async fn running_executions(
        &self,
        function: &str,
        priority: Priority,
    ) -> Result<Vec<String>, AwsError> {
        let running =
            Filter { statuses: vec![ExecutionStatus::Running.as_str().to_owned()], ..Filter::default() };
        let found = self.list_executions(function, &running, priority).await?;
        Ok(found.into_iter().flatten().map(|execution| execution.arn).collect())
    }

    async fn list_executions(
        &self,
        function: &str,
        filter: &Filter,
        priority: Priority,
    ) -> Result<Option<Vec<Execution>>, AwsError> {
        const OPERATION: &str = "ListDurableExecutionsByFunction";
        let (function, mut marker, mut all) = (checked(OPERATION, function)?, None, Vec::new());
        let Filter { qualifier, name, statuses, limit } = filter;
        let statuses: Vec<_> = statuses.iter().map(|status| ExecutionStatus::from(status.as_str())).collect();
        let statuses = Some(statuses).filter(|statuses| !statuses.is_empty());
        loop {
            let left = limit.map_or(usize::MAX, |limit| limit.saturating_sub(all.len()));
            let page = i32::try_from(left).unwrap_or(MOST).min(MOST);
            let send = |client: aws_sdk_lambda::Client| {
                let request = client.list_durable_executions_by_function().function_name(function);
                let request = request.set_qualifier(qualifier.clone());
                let request = request.set_durable_execution_name(name.clone());
                let request = request.set_statuses(statuses.clone()).reverse_order(true);
                request.max_items(page).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(None) };
            all.extend(output.durable_executions.unwrap_or_default().into_iter().map(listed));
            all.truncate(limit.unwrap_or(usize::MAX));
            marker = next(output.next_marker);
            if marker.is_none() || limit.is_some_and(|limit| all.len() >= limit) {
                return Ok(Some(all));
            }
        }
    }

    /// An execution with what it was given and came to, or `None`.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecution.html>
    pub async fn execution(&self, arn: &str) -> Result<Option<Execution>, AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client.get_durable_execution().durable_execution_arn(arn).include_execution_data(true).send()
        };
        let answer = self.call(Call::read("GetDurableExecution", Priority::User), send).await;
        Ok(found(answer)?.map(|output| Execution {
            arn: output.durable_execution_arn,
            name: output.durable_execution_name,
            version: output.version,
            status: output.status.as_str().to_owned(),
            started_at: time(&output.start_timestamp),
            ended_at: output.end_timestamp.as_ref().and_then(time),
            input: output.input_payload.as_deref().map(payload),
            result: output.result.as_deref().map(payload),
            error: output.error.map(error),
        }))
    }

    /// What happened in an execution so far, with its data, or `None`.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecutionHistory.html>
    pub async fn happenings(&self, arn: &str) -> Result<Option<Vec<Happening>>, AwsError> {
        let (mut marker, mut all) = (None, Vec::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                let request = client.get_durable_execution_history().durable_execution_arn(arn);
                request.include_execution_data(true).max_items(MOST).set_marker(marker).send()
            };
            let answer = self.call(Call::read("GetDurableExecutionHistory", Priority::User), send).await;
            let Some(output) = found(answer)? else { return Ok(None) };
            all.extend(output.events.into_iter().map(happening));
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(Some(all));
            }
        }
    }

    /// Ends an execution for good. Answers when.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_StopDurableExecution.html>
    pub async fn stop_execution(
        &self,
        arn: &str,
        why: &ExecutionError,
    ) -> Result<Option<Timestamp>, AwsError> {
        self.end(arn, why, Priority::User).await
    }

    /// Ends an execution whose function is to go. One that has ended meanwhile is as it should be.
    pub async fn end_execution(&self, arn: &str, priority: Priority) -> Result<(), AwsError> {
        let why = ExecutionError {
            kind: Some("FunctionDeleted".to_owned()),
            message: Some("the function is being deleted, and spec.durable.onDelete is Stop".to_owned()),
            ..ExecutionError::default()
        };
        match self.end(arn, &why, priority).await {
            // Whether it has, the next list tells: AWS doesn't say in which words it refuses to stop what has ended.
            Err(error) if matches!(error.class, Class::Gone | Class::Terminal | Class::InProgress) => Ok(()),
            other => other.map(drop),
        }
    }

    async fn end(
        &self,
        arn: &str,
        why: &ExecutionError,
        priority: Priority,
    ) -> Result<Option<Timestamp>, AwsError> {
        let why = sent(why);
        let send = |client: aws_sdk_lambda::Client| {
            client.stop_durable_execution().durable_execution_arn(arn).set_error(why).send()
        };
        let output = self.call(Call::write("StopDurableExecution", priority), send).await?;
        Ok(time(&output.stop_timestamp))
    }

    /// Answers a callback: it went well.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackSuccess.html>
    pub async fn callback_success(&self, id: &str, result: Option<Vec<u8>>) -> Result<(), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            let request = client.send_durable_execution_callback_success().callback_id(id);
            request.set_result(result.map(Blob::new)).send()
        };
        let call = Call::write("SendDurableExecutionCallbackSuccess", Priority::User);
        self.call(call, send).await.map(drop)
    }

    /// Answers a callback: it failed.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackFailure.html>
    pub async fn callback_failure(&self, id: &str, why: &ExecutionError) -> Result<(), AwsError> {
        let why = sent(why);
        let send = |client: aws_sdk_lambda::Client| {
            client.send_durable_execution_callback_failure().callback_id(id).set_error(why).send()
        };
        let call = Call::write("SendDurableExecutionCallbackFailure", Priority::User);
        self.call(call, send).await.map(drop)
    }

    /// Says that a callback is still being worked on.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_SendDurableExecutionCallbackHeartbeat.html>
    pub async fn callback_heartbeat(&self, id: &str) -> Result<(), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client.send_durable_execution_callback_heartbeat().callback_id(id).send()
        };
        let call = Call::write("SendDurableExecutionCallbackHeartbeat", Priority::User);
        self.call(call, send).await.map(drop)
    }
}

fn listed(listed: Listed) -> Execution {
    Execution {
        version: listed.function_arn.rsplit(':').next().map(str::to_owned),
        arn: listed.durable_execution_arn,
        name: listed.durable_execution_name,
        status: listed.status.as_str().to_owned(),
        started_at: time(&listed.start_timestamp),
        ended_at: listed.end_timestamp.as_ref().and_then(time),
        input: None,
        result: None,
        error: None,
    }
}

fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

fn error(error: ErrorObject) -> ExecutionError {
    ExecutionError {
        kind: error.error_type,
        message: error.error_message,
        data: error.error_data,
        stack_trace: error.stack_trace.unwrap_or_default(),
    }
}

/// `None`: nothing is said of it.
fn sent(error: &ExecutionError) -> Option<ErrorObject> {
    let ExecutionError { kind, message, data, stack_trace } = error.clone();
    let said = ErrorObject::builder()
        .set_error_type(kind)
        .set_error_message(message)
        .set_error_data(data)
        .set_stack_trace(Some(stack_trace).filter(|trace| !trace.is_empty()))
        .build();
    Some(said).filter(|_| *error != ExecutionError::default())
}

/// AWS has a member of its own for each type; what they say is alike.
fn happening(event: Event) -> Happening {
    let callback_id = event.callback_started_details.as_ref().map(|details| details.callback_id.clone());
    Happening {
        input: input(&event),
        result: result(&event),
        error: failure(&event),
        number: event.event_id,
        kind: event.event_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        name: event.name,
        operation_id: event.id,
        parent_id: event.parent_id,
        at: event.event_timestamp.as_ref().and_then(time),
        callback_id,
    }
}

fn input(event: &Event) -> Option<Value> {
    let of_execution = event.execution_started_details.as_ref().and_then(|details| details.input.as_ref());
    let of_invoke = event.chained_invoke_started_details.as_ref().and_then(|details| details.input.as_ref());
    of_execution.or(of_invoke).and_then(EventInput::payload).map(payload)
}

fn result(event: &Event) -> Option<Value> {
    let result: Option<&EventResult> = None
        .or(event.execution_succeeded_details.as_ref().and_then(|details| details.result.as_ref()))
        .or(event.context_succeeded_details.as_ref().and_then(|details| details.result.as_ref()))
        .or(event.step_succeeded_details.as_ref().and_then(|details| details.result.as_ref()))
        .or(event.chained_invoke_succeeded_details.as_ref().and_then(|details| details.result.as_ref()))
        .or(event.callback_succeeded_details.as_ref().and_then(|details| details.result.as_ref()));
    result.and_then(EventResult::payload).map(payload)
}

fn failure(event: &Event) -> Option<ExecutionError> {
    let failure: Option<&EventError> = None
        .or(event.execution_failed_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.execution_timed_out_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.execution_stopped_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.context_failed_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.wait_cancelled_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.step_failed_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.chained_invoke_failed_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.chained_invoke_timed_out_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.chained_invoke_stopped_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.callback_failed_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.callback_timed_out_details.as_ref().and_then(|details| details.error.as_ref()))
        .or(event.invocation_completed_details.as_ref().and_then(|details| details.error.as_ref()));
    failure.and_then(|failure| failure.payload.clone()).map(error)
}
