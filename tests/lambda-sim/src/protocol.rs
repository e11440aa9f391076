//! The protocols that the services speak: how each shows an error. Inside, errors are those of Lambda; here they
//! get the code and the status by which another service calls them.

use serde_json::json;

use crate::error::ApiError;
use crate::ops::{s3, sts};
use crate::region::Region;
use crate::request::{Body, Request};
use crate::router::Route;
use crate::settings::AccountSettings;
use crate::subject::Subject;

/// A protocol, and with it the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Lambda.
    RestJson,
    /// STS.
    Query,
    /// S3.
    RestXml,
    /// ECR.
    Json,
}

impl Protocol {
    /// The error as the service knows it; an injected one may have its code and status already. STS renames errors
    /// when it shows them.
    pub(crate) fn refusal(self, error: ApiError) -> ApiError {
        match self {
            Self::RestJson | Self::Query => error,
            Self::RestXml => s3::refusal(error),
            // <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html>
            Self::Json => match error.code.as_str() {
                "MissingAuthenticationTokenException"
                | "UnrecognizedClientException"
                | "ExpiredTokenException"
                | "InvalidSignatureException"
                | "AccessDeniedException" => ApiError { status: 400, ..error },
                _ => error,
            },
        }
    }

    /// The body of an error.
    pub(crate) fn error_body(self, error: &ApiError, request_id: &str) -> Body {
        match self {
            Self::RestJson => Body::Json(error.body()),
            Self::Query => Body::Xml(sts::error_xml(error, request_id)),
            Self::RestXml => Body::Xml(s3::error_xml(error, request_id)),
            Self::Json => Body::Json(json!({"__type": error.code, "message": error.message})),
        }
    }

    /// Whether the header `x-amzn-errortype` names the code.
    pub(crate) fn names_errors_in_header(self) -> bool {
        matches!(self, Self::RestJson | Self::Json)
    }
}

/// Whether the caller may not call an operation, by its name or by that of IAM's action.
pub(crate) fn is_denied(settings: &AccountSettings, route: &Route) -> bool {
    [route.operation, action(route)].iter().any(|name| settings.deny.contains(*name))
}

/// IAM's name for the operation.
fn action(route: &Route) -> &'static str {
    match route.operation {
        "HeadObject" => "GetObject",
        "Invoke" | "InvokeWithResponseStream" => "InvokeFunction",
        operation => operation,
    }
}

/// IAM's refusal of a call, with the action and the resource that it has for the operation
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html> and those of the other
/// services).
pub(crate) fn denied(region: &Region, route: &Route, request: &Request, principal: &str) -> ApiError {
    let operation = action(route);
    let on = match (route.service, operation) {
        ("sts", _) => request.text("RoleArn").map(ToOwned::to_owned),
        (_, "CreateEventSourceMapping") => None,
        _ => Subject::of(request).map(|subject| subject.arn(region)),
    };
    let action = format!("{}:{operation}", route.service);
    ApiError::access_denied(principal, &action, on.as_deref().unwrap_or("*"), "identity-based")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_way_to_refuse() {
        let denied = || ApiError::new(403, "AccessDeniedException", "no");
        assert_eq!(Protocol::RestJson.refusal(denied()).status, 403);
        assert_eq!(Protocol::Json.refusal(denied()).status, 400);
        let body = Protocol::Json.error_body(&denied(), "id");
        assert_eq!(body, Body::Json(json!({"__type": "AccessDeniedException", "message": "no"})));
        assert_eq!(Protocol::RestXml.refusal(denied()).code, "AccessDenied");
    }
}
