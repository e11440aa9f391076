//! The error answers of the service, as the SDKs read them: the code in `x-amzn-errortype`, the text in the
//! body. Which spelling of `message` goes with which code follows the responses that LocalStack recorded
//! against AWS (<https://github.com/localstack/localstack>, tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Value, json};

/// One refusal by the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Seconds for the `Retry-After` header.
    pub(crate) retry_after: Option<u32>,
    /// Whether the body lacks the `Type` that others with the code have.
    pub(crate) untyped: bool,
    /// The `Reason` of a throttled call.
    pub(crate) reason: &'static str,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { status, code, message, retry_after: None, untyped: false, reason: "CallerRateLimitExceeded" }
    }

    /// Without the `Type` of the body, as a few refusals were recorded.
    pub(crate) fn untyped(self) -> Self {
        Self { untyped: true, ..self }
    }

    /// What Lambda's own code refuses.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterValueException", message)
    }

    /// What the API model refuses, before Lambda's own code sees the request.
    pub(crate) fn validation(failures: &[String]) -> Self {
        let noun = if failures.len() == 1 { "error" } else { "errors" };
        let text = format!("{} validation {noun} detected: {}", failures.len(), failures.join("; "));
        Self::new(400, "ValidationException", text)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    pub(crate) fn function_not_found(arn: &str) -> Self {
        Self::not_found(format!("Function not found: {arn}"))
    }

    /// Another error in the place of a 404.
    pub(crate) fn if_missing(self, other: impl FnOnce() -> Self) -> Self {
        if self.status == 404 { other() } else { self }
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "ResourceConflictException", message)
    }

    pub(crate) fn stale_revision() -> Self {
        Self::stale("GetFunction/GetAlias")
    }

    /// The same, with the operation that shows the latest revision.
    pub(crate) fn stale(operation: &str) -> Self {
        let text = format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {operation} API to retrieve the \
             latest Revision Id"
        );
        Self::new(412, "PreconditionFailedException", text)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(413, "RequestEntityTooLargeException", message)
    }

    pub(crate) fn throttled() -> Self {
        Self { retry_after: Some(1), ..Self::new(429, "TooManyRequestsException", "Rate exceeded") }
    }

    /// The refusal of an invocation for which the function has no concurrency left.
    pub(crate) fn out_of_reserved_concurrency() -> Self {
        let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
        Self { reason, ..Self::new(429, "TooManyRequestsException", "Rate Exceeded.") }
    }

    /// IAM's refusal of an action, in the words of
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
    pub(crate) fn access_denied(principal: &str, action: &str, resource: &str, policy: &str) -> Self {
        let text = format!(
            "User: {principal} is not authorized to perform: {action} on resource: {resource} \
             because no {policy} policy allows the {action} action"
        );
        Self::new(403, "AccessDeniedException", text)
    }

    /// The REST-JSON body.
    pub(crate) fn body(&self) -> Value {
        let mut body = self.typed_body();
        if let Some(members) = body.as_object_mut().filter(|_| self.untyped) {
            members.remove("Type");
        }
        body
    }

    fn typed_body(&self) -> Value {
        match self.code.as_str() {
            "TooManyRequestsException" => {
                json!({"Type": "User", "Reason": self.reason, "message": self.message})
            }
            "ResourceNotFoundException" | "CodeSigningConfigNotFoundException" => {
                json!({"Type": "User", "Message": self.message})
            }
            "AccessDeniedException" if self.message.is_empty() => json!({"Message": null}),
            "AccessDeniedException" => json!({"Message": self.message}),
            "ValidationException"
            | "RequestEntityTooLargeException"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException" => json!({"message": self.message}),
            _ if self.status >= 500 => json!({"Type": "Service", "Message": self.message}),
            _ => json!({"Type": "User", "message": self.message}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_failed_constraints_are_counted_and_joined() {
        let error = ApiError::validation(&["a".to_owned(), "b".to_owned()]);
        assert_eq!(error.message, "2 validation errors detected: a; b");
    }

    #[test]
    fn a_throttled_call_says_why_and_when_to_come_back() {
        let error = ApiError::throttled();
        assert_eq!(error.retry_after, Some(1));
        assert_eq!(error.body()["Reason"], "CallerRateLimitExceeded");
    }
}
