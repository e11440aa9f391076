//! From the SDK's errors to [`AwsError`].

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_smithy_runtime_api::http::Response;

use super::call::Kind;
use super::error::{AwsError, Class, classify};
use super::gate::Shut;
pub(super) use crate::text::chain;

/// The error of a call and the status of its answer.
pub(super) fn convert<E>(
    operation: &'static str,
    kind: Kind,
    error: &SdkError<E, Response>,
) -> (AwsError, Option<u16>)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    // Nothing was sent: a session of a role was to be renewed first, and that failed.
    if let Some(unassumed) = find::<AwsError>(error) {
        return (unassumed.clone(), None);
    }
    let response = error.raw_response();
    let status = response.map(|response| response.status().as_u16());
    let (code, message) = describe(error);
    let class = classify(status, &code, &message);
    let converted = AwsError {
        operation,
        message,
        request_id: error.request_id().map(str::to_owned),
        retry_after: response.and_then(retry_after),
        class,
        unknown_outcome: match kind {
            Kind::Read => false,
            Kind::Write => outcome_is_unknown(error, status),
            Kind::Create => class == Class::Throttled || outcome_is_unknown(error, status),
        },
        code,
    };
    (converted, status)
}

fn describe<E>(error: &SdkError<E, Response>) -> (String, String)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let local = |code: &str| (code.to_owned(), chain(error));
    if let Some(Shut(reason)) = find::<Shut>(error) {
        return ("NotLeader".to_owned(), reason.clone());
    }
    match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let code = service.err().code().map_or_else(|| format!("Http{status}"), short);
            let message = service.err().message().unwrap_or("AWS gave no reason");
            // What follows quotes the request's headers, and with them the session token.
            let message = message.split("The Canonical String").next().unwrap_or(message);
            (code, message.trim_end().to_owned())
        }
        _ if find::<CredentialsError>(error).is_some() => local("CredentialsNotLoaded"),
        SdkError::TimeoutError(_) => local("TimedOut"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => local("TimedOut"),
        SdkError::DispatchFailure(_) => local("ConnectionFailed"),
        SdkError::ResponseError(_) => local("InvalidAnswer"),
        _ => local("InvalidRequest"),
    }
}

/// Codes can come as `aws.protocoltests#Name` or `Name:http://…`.
fn short(code: &str) -> String {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code).to_owned()
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

fn outcome_is_unknown<E>(error: &SdkError<E, Response>, status: Option<u16>) -> bool
where
    E: Error + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::DispatchFailure(failure) => {
            let unsent = find::<CredentialsError>(error).is_some() || find::<Shut>(error).is_some();
            !unsent && !failure.is_user() && !never_connected(error)
        }
        _ => status.is_none_or(|status| status >= 500),
    }
}

/// The connection was refused, so nothing was sent.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
        )
    })
}

/// AWS sends seconds; the SDK ignores them.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html#API_CreateFunction_Errors>
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(300)))
}
