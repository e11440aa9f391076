//! Invoke: what the kind LambdaInvocation calls, and people by `kubectl lambda invoke`. It counts with no quota of the control plane, lasts as long as the
//! function does, and is never repeated here: only the caller knows whether that may be.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, SharedHttpClient};
use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use aws_smithy_http_client::{pool, tls};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::quota::Priority;
use super::redact::redact_payload;

/// NAT gateways and load balancers forget a connection on which nothing moves for 350 s or less.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-timeout>
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// Refusals with the status of a client's mistake that may come after the function has begun.
const MAY_HAVE_RUN: [&str; 4] = ["EFSIOException", "Http408", "RequestTimeout", "RequestTimeoutException"];

/// What is asked for. Deliberately without Debug: the payload may be a secret.
pub struct Invocation<'a> {
    /// Name or ARN of the function.
    pub function: &'a str,
    /// Version or alias, unless the name has it or `$LATEST` is meant.
    pub qualifier: Option<&'a str>,
    /// `RequestResponse`, `Event` or `DryRun`.
    pub kind: &'a str,
    /// JSON; empty: none.
    pub payload: &'a str,
    /// For which tenant.
    pub tenant: Option<&'a str>,
    /// What the function finds in its client context: JSON in base64.
    pub client_context: Option<&'a str>,
    /// The name of the durable execution to begin.
    pub durable_name: Option<&'a str>,
    /// Whether to answer with the end of the log, too.
    pub with_log: bool,
    /// How long to wait for the answer.
    pub patience: Duration,
}

/// What AWS answered. Deliberately without Debug: the function may repeat the payload.
pub struct Answer {
    /// HTTP status.
    pub status: i32,
    /// AWS's id of the request.
    pub request_id: Option<String>,
    /// The version that ran.
    pub version: Option<String>,
    /// `Handled` or `Unhandled`: the function failed.
    pub function_error: Option<String>,
    /// What the function returned, or how it failed.
    pub payload: Vec<u8>,
    /// The end of the log.
    pub log: Option<String>,
    /// ARN of the durable execution that was begun, or was there under the name.
    pub durable_execution: Option<String>,
}

impl Scope {
    /// Invokes a function, once. An error without [`AwsError::unknown_outcome`]: it didn't run.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    pub async fn invoke(&self, invocation: &Invocation<'_>) -> Result<Answer, AwsError> {
        let Invocation { function, qualifier, kind, payload, patience, .. } = *invocation;
        let send = |client: Client| {
            let timeout = TimeoutConfig::builder().operation_timeout(patience).build();
            client
                .invoke()
                .function_name(function)
                .set_qualifier(qualifier.map(str::to_owned))
                .invocation_type(InvocationType::from(kind))
                .set_log_type(invocation.with_log.then_some(LogType::Tail))
                .set_payload((!payload.is_empty()).then(|| Blob::new(payload)))
                .set_tenant_id(invocation.tenant.map(str::to_owned))
                .set_client_context(invocation.client_context.map(str::to_owned))
                .set_durable_execution_name(invocation.durable_name.map(str::to_owned))
                .customize()
                .config_override(Builder::new().timeout_config(timeout))
                .send()
        };
        let answer = self.call_at_once(Call::write("Invoke", Priority::User), send).await;
        let output = answer.map_err(|error| refused(error, payload))?;
        Ok(Answer {
            status: output.status_code,
            request_id: output.request_id().map(str::to_owned),
            version: output.executed_version.clone(),
            function_error: output.function_error.clone(),
            log: output.log_result().and_then(log),
            durable_execution: output.durable_execution_arn.clone(),
            payload: output.payload.map(Blob::into_inner).unwrap_or_default(),
        })
    }
}

/// AWS sends the end of the log in base64.
pub(super) fn log(text: &str) -> Option<String> {
    STANDARD.decode(text).ok().map(|log| String::from_utf8_lossy(&log).into_owned())
}

/// The error of an invocation: whether the function may have run, and nothing of the payload.
pub(super) fn refused(error: AwsError, payload: &str) -> AwsError {
    redact_payload(as_invocation(error), payload)
}

/// Whether the function may have run, which the status alone doesn't tell: what keeps Lambda from starting a function is
/// told with the status of a server's fault, too.
fn as_invocation(mut error: AwsError) -> AwsError {
    let before_it_runs = matches!(error.class, Class::InProgress | Class::DependencyMissing | Class::Quota)
        || error.code.starts_with("EC2");
    let may_have_run = MAY_HAVE_RUN.contains(&error.code.as_str());
    error.unknown_outcome = may_have_run || (error.unknown_outcome && !before_it_runs);
    error
}

/// A client whose connections are kept alive while nothing moves; with the other one a long call would be cut on its way.
pub(super) fn lasting(config: Builder) -> Client {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let pool = pool::ConnectionPool::builder().tcp_keepalive(KEEP_ALIVE).tls_provider(provider).build_https();
    let http = pool.ok().and_then(|pool| pool::Client::new(&pool).ok()).map(SharedHttpClient::new);
    Client::from_conf(match http {
        Some(http) => config.http_client(http).build(),
        None => config.build(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_lambda_from_starting_a_function_is_known_to_be_before_it() {
        let unknown = |class, code: &str, by_status| {
            let error = AwsError::new("Invoke", class, code, "");
            as_invocation(AwsError { unknown_outcome: by_status, ..error }).unknown_outcome
        };
        assert!(!unknown(Class::InProgress, "ResourceNotReadyException", true));
        assert!(!unknown(Class::DependencyMissing, "KMSDisabledException", true));
        assert!(!unknown(Class::Quota, "ENILimitReachedException", true));
        assert!(!unknown(Class::Transient, "EC2UnexpectedException", true));
        assert!(!unknown(Class::Throttled, "TooManyRequestsException", false));
        assert!(unknown(Class::Transient, "ServiceException", true));
        assert!(unknown(Class::Transient, "TimedOut", true));
        assert!(unknown(Class::Transient, "RequestTimeoutException", false));
        assert!(unknown(Class::Terminal, "EFSIOException", false));
    }
}
