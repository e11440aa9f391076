//! Invocations in two forms that only people use, by `kubectl lambda invoke`: the answer as the function writes it, and the
//! old way to leave an event with Lambda.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::primitives::{Blob, ByteStream};
use aws_sdk_lambda::types::{
    InvokeWithResponseStreamCompleteEvent as End, InvokeWithResponseStreamResponseEvent as Part, LogType,
    ResponseStreamingInvocationType,
};

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::invoke::{Answer, Invocation, as_invocation, log};
use super::quota::Priority;
use crate::text::chain;

const STREAMED: &str = "InvokeWithResponseStream";

impl Scope {
    /// Invokes a function, once, and hands on the parts of its answer as they come: [`Answer::payload`] only says how it
    /// failed.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>
    pub async fn invoke_streamed(
        &self,
        invocation: &Invocation<'_>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<Answer, AwsError> {
        let send = |client: Client| {
            let timeout = TimeoutConfig::builder().operation_timeout(invocation.patience).build();
            client
                .invoke_with_response_stream()
                .function_name(invocation.function)
                .set_qualifier(invocation.qualifier.map(str::to_owned))
                .invocation_type(ResponseStreamingInvocationType::RequestResponse)
                .set_log_type(invocation.with_log.then_some(LogType::Tail))
                .set_payload((!invocation.payload.is_empty()).then(|| Blob::new(invocation.payload)))
                .set_tenant_id(invocation.tenant.map(str::to_owned))
                .set_client_context(invocation.client_context.map(str::to_owned))
                .customize()
                .config_override(Builder::new().timeout_config(timeout))
                .send()
        };
        let answer = self.call_at_once(Call::write(STREAMED, Priority::User), send).await;
        let mut output = answer.map_err(as_invocation)?;
        let (status, version) = (output.status_code, output.executed_version.clone());
        let request_id = output.request_id().map(str::to_owned);
        loop {
            match output.event_stream.recv().await.map_err(|error| cut(chain(&error)))? {
                Some(Part::PayloadChunk(part)) => take(part.payload.as_ref().map_or(&[][..], Blob::as_ref)),
                Some(Part::InvokeComplete(end)) => return Ok(ended(end, status, version, request_id)),
                Some(_) => {}
                None => return Err(cut("the stream ended before the function had".to_owned())),
            }
        }
    }

    /// Leaves an event with Lambda by the old operation, which knows no versions and aliases.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html>
    #[allow(deprecated, reason = "AWS has deprecated it, and the person asks for it all the same")]
    pub async fn invoke_async(&self, function: &str, payload: &str) -> Result<Answer, AwsError> {
        // It takes no body that is empty.
        let event = if payload.is_empty() { "{}" } else { payload }.as_bytes().to_vec();
        let send = |client: Client| {
            client.invoke_async().function_name(function).invoke_args(ByteStream::from(event)).send()
        };
        let output = self.call_at_once(Call::write("InvokeAsync", Priority::User), send).await;
        let output = output.map_err(as_invocation)?;
        let request_id = output.request_id().map(str::to_owned);
        Ok(ended(End::builder().build(), output.status, None, request_id))
    }
}

fn cut(text: String) -> AwsError {
    let error = AwsError::new(STREAMED, Class::Transient, "StreamCut", text);
    AwsError { unknown_outcome: true, ..error }
}

fn ended(end: End, status: i32, version: Option<String>, request_id: Option<String>) -> Answer {
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    Answer {
        status,
        request_id,
        version,
        function_error: said(end.error_code),
        payload: said(end.error_details).unwrap_or_default().into_bytes(),
        log: end.log_result.as_deref().and_then(log),
        durable_execution: None,
    }
}
