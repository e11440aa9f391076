//! Invocations in two forms that only people use, by `kubectl lambda invoke`: the answer as the function writes it, and the
//! old way to leave an event with Lambda.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::primitives::{Blob, ByteStream};
use aws_sdk_lambda::types::{
    InvokeWithResponseStreamCompleteEvent as End, InvokeWithResponseStreamResponseEvent as Part, LogType,
    ResponseStreamingInvocationType,
};
use tokio::time::{Instant, timeout};

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::invoke::{Answer, Invocation, log, refused};
use super::quota::Priority;
use crate::text::chain;

const STREAMED: &str = "InvokeWithResponseStream";

impl Scope {
    /// Invokes a function, once, and hands on the parts of its answer as they come: [`Answer::payload`] only says how it
    /// failed. It has to be complete within [`Invocation::patience`].
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>
    pub async fn invoke_streamed(
        &self,
        invocation: &Invocation<'_>,
        mut take: impl FnMut(&[u8]),
    ) -> Result<Answer, AwsError> {
        let Invocation { payload, patience, .. } = *invocation;
        let begun = Instant::now();
        let send = |client: Client| {
            // It ends where the answer begins.
            let timeout = TimeoutConfig::builder().operation_timeout(patience).build();
            client
                .invoke_with_response_stream()
                .function_name(invocation.function)
                .set_qualifier(invocation.qualifier.map(str::to_owned))
                .invocation_type(ResponseStreamingInvocationType::RequestResponse)
                .set_log_type(invocation.with_log.then_some(LogType::Tail))
                .set_payload((!payload.is_empty()).then(|| Blob::new(payload)))
                .set_tenant_id(invocation.tenant.map(str::to_owned))
                .set_client_context(invocation.client_context.map(str::to_owned))
                .customize()
                .config_override(Builder::new().timeout_config(timeout))
                .send()
        };
        let answer = self.call_at_once(Call::write(STREAMED, Priority::User), send).await;
        let mut output = answer.map_err(|error| refused(error, payload))?;
        let (status, version) = (output.status_code, output.executed_version.clone());
        let request_id = output.request_id().map(str::to_owned);
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            let part = timeout(left, output.event_stream.recv()).await.map_err(|_| late(patience))?;
            match part.map_err(|error| refused(cut(chain(&error)), payload))? {
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
        let output = output.map_err(|error| refused(error, payload))?;
        let request_id = output.request_id().map(str::to_owned);
        Ok(ended(End::builder().build(), output.status, None, request_id))
    }
}

fn cut(text: String) -> AwsError {
    let error = AwsError::new(STREAMED, Class::Transient, "StreamCut", text);
    AwsError { unknown_outcome: true, ..error }
}

fn late(patience: Duration) -> AwsError {
    cut(format!("the answer wasn't complete after {}", humantime::format_duration(patience)))
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use lambda_sim::{Fault, Options, Sim};
    use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::aws::{Aws, AwsSettings, NoObserver, OpenGate};

    const ACCOUNT: &str = "111122223333";
    const REGION: &str = "eu-west-1";

    async fn scope(endpoint: String) -> Arc<Scope> {
        let settings = AwsSettings {
            // Only people call these.
            application: crate::plugin::APPLICATION,
            endpoint_url: Some(endpoint),
            region: Some(REGION.to_owned()),
            static_credentials: Some((format!("AKIA{ACCOUNT}"), "secret".to_owned())),
            ..AwsSettings::default()
        };
        Aws::new(settings, Arc::new(OpenGate), Arc::new(NoObserver)).scope(None).await.unwrap()
    }

    fn invocation(payload: &str, patience: Duration) -> Invocation<'_> {
        Invocation {
            function: "hello",
            qualifier: None,
            kind: "RequestResponse",
            payload,
            tenant: None,
            client_context: None,
            durable_name: None,
            with_log: false,
            patience,
        }
    }

    /// Passes a connection on to the simulator; a streamed answer begins and never goes on.
    async fn pass_on(mut caller: TcpStream, sim: String) -> io::Result<()> {
        let mut head = [0; 256];
        let length = caller.peek(&mut head).await?;
        if String::from_utf8_lossy(&head[..length]).contains("response-streaming-invocations") {
            let begun = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
                         transfer-encoding: chunked\r\n\r\n";
            caller.write_all(begun.as_bytes()).await?;
            return std::future::pending().await;
        }
        copy_bidirectional(&mut caller, &mut TcpStream::connect(sim).await?).await.map(drop)
    }

    #[tokio::test]
    async fn an_answer_that_begins_and_never_ends_takes_no_longer_than_it_may() {
        let sim = Sim::start(Options::default()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let address = sim.endpoint().trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(pass_on(caller, address.clone()));
            }
        });
        let scope = scope(endpoint).await;
        let invocation = invocation("{}", Duration::from_secs(2));
        let answer = scope.invoke_streamed(&invocation, |_| ());
        let answer = timeout(Duration::from_secs(20), answer).await.unwrap();
        let Err(error) = answer else { panic!("there is no answer") };
        assert_eq!((error.code.as_str(), error.unknown_outcome), ("StreamCut", true), "{error}");
        assert_eq!(error.message, "the answer wasn't complete after 2s");
    }

    #[tokio::test]
    async fn what_aws_quotes_of_a_payload_is_told_in_neither_form() {
        let sim = Sim::start(Options::default()).await.unwrap();
        let scope = scope(sim.endpoint()).await;
        let account = sim.control().account(ACCOUNT, REGION);
        for operation in [STREAMED, "InvokeAsync"] {
            let code = "InvalidRequestContentException";
            account.inject(Fault::error(operation, 400, code, "Unrecognized token 'hunter2'")).await;
        }
        let streamed = scope.invoke_streamed(&invocation("hunter2", Duration::from_mins(1)), |_| ()).await;
        for answer in [streamed, scope.invoke_async("hello", "hunter2").await] {
            let Err(error) = answer else { panic!("it is refused") };
            assert_eq!(error.code, "InvalidRequestContentException");
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }
}
