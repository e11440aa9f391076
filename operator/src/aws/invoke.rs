//! Invocations by a person: what `kubectl lambda invoke` calls.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html>

use aws_sdk_lambda::primitives::{Blob, ByteStream};
use aws_sdk_lambda::types::{
    InvocationType, InvokeWithResponseStreamResponseEvent as Part, LogType, ResponseStreamingInvocationType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::function::checked;
use super::quota::Priority;
use crate::plugin::invoke::Type;
use crate::plugin::model::{Answer, Invocation};
use crate::text::chain;

impl Scope {
    /// Invokes once, and answers when the function has, or at once for an event.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    pub async fn invoke_once(&self, invocation: &Invocation) -> Result<Answer, AwsError> {
        const OPERATION: &str = "Invoke";
        let name = checked(OPERATION, &invocation.function)?;
        let kind = match invocation.kind {
            Type::RequestResponse => InvocationType::RequestResponse,
            Type::Event => InvocationType::Event,
            Type::DryRun => InvocationType::DryRun,
        };
        let send = |client: aws_sdk_lambda::Client| {
            client
                .invoke()
                .function_name(name)
                .invocation_type(kind)
                .set_qualifier(invocation.qualifier.clone())
                .set_payload(payload(invocation))
                .set_log_type(invocation.log.then_some(LogType::Tail))
                .set_tenant_id(invocation.tenant_id.clone())
                .set_client_context(invocation.client_context.clone())
                .set_durable_execution_name(invocation.durable_name.clone())
                .send()
        };
        let output = self.call(Call::create(OPERATION, Priority::User), send).await?;
        Ok(Answer {
            status_code: output.status_code,
            executed_version: output.executed_version,
            function_error: output.function_error,
            error_details: None,
            log: output.log_result.as_deref().map(log),
            payload: output.payload.map(Blob::into_inner).unwrap_or_default(),
            durable_execution_arn: output.durable_execution_arn,
        })
    }

    /// Invokes once, and hands on the parts of the answer as the function writes them.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>
    pub async fn invoke_streamed(
        &self,
        invocation: &Invocation,
        mut take: impl FnMut(&[u8]),
    ) -> Result<Answer, AwsError> {
        const OPERATION: &str = "InvokeWithResponseStream";
        let name = checked(OPERATION, &invocation.function)?;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .invoke_with_response_stream()
                .function_name(name)
                .invocation_type(ResponseStreamingInvocationType::RequestResponse)
                .set_qualifier(invocation.qualifier.clone())
                .set_payload(payload(invocation))
                .set_log_type(invocation.log.then_some(LogType::Tail))
                .set_tenant_id(invocation.tenant_id.clone())
                .set_client_context(invocation.client_context.clone())
                .send()
        };
        let mut output = self.call(Call::create(OPERATION, Priority::User), send).await?;
        let mut answer = Answer {
            status_code: output.status_code,
            executed_version: output.executed_version,
            ..Answer::default()
        };
        let cut = |text: String| AwsError::new(OPERATION, Class::Transient, "StreamCut", text);
        loop {
            match output.event_stream.recv().await.map_err(|error| cut(chain(&error)))? {
                Some(Part::PayloadChunk(part)) => take(part.payload.as_ref().map_or(&[][..], Blob::as_ref)),
                Some(Part::InvokeComplete(end)) => {
                    answer.function_error = end.error_code.filter(|code| !code.is_empty());
                    answer.error_details = end.error_details.filter(|details| !details.is_empty());
                    answer.log = end.log_result.as_deref().map(log);
                    return Ok(answer);
                }
                Some(_) => {}
                None => return Err(cut("the stream ended before the function had".to_owned())),
            }
        }
    }

    /// Puts an event into the queue by the old operation.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html>
    #[allow(deprecated, reason = "AWS has deprecated it, and the person asks for it all the same")]
    pub async fn invoke_async(&self, invocation: &Invocation) -> Result<Answer, AwsError> {
        const OPERATION: &str = "InvokeAsync";
        let name = checked(OPERATION, &invocation.function)?;
        let event = match invocation.payload.as_slice() {
            [] => b"{}".to_vec(),
            event => event.to_vec(),
        };
        let send = |client: aws_sdk_lambda::Client| {
            client.invoke_async().function_name(name).invoke_args(ByteStream::from(event)).send()
        };
        let output = self.call(Call::create(OPERATION, Priority::User), send).await?;
        Ok(Answer { status_code: output.status, ..Answer::default() })
    }
}

fn payload(invocation: &Invocation) -> Option<Blob> {
    Some(&invocation.payload).filter(|event| !event.is_empty()).map(|event| Blob::new(event.clone()))
}

/// AWS sends the end of the log in base64.
fn log(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_readable() {
        assert_eq!(log("U1RBUlQ="), "START");
        assert_eq!(log("not base64!"), "not base64!");
    }
}
