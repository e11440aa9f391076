//! What went wrong with a call to AWS, and the one table that says what kind of trouble it is.
//!
//! `call` builds an [`AwsError`] for every call that failed; the engine only looks at [`Class`]. AWS's codes come
//! first; message texts count only where one code means several things.
//! <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>

use std::time::Duration;

use thiserror::Error;

/// A failed call, with AWS's own text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{code}: {message}{}", .request_id.as_deref().map(|id| format!(" (request id {id})")).unwrap_or_default())]
pub struct AwsError {
    /// The API operation, e.g. `CreateFunction`.
    pub operation: &'static str,
    /// AWS's error code, or the operator's own (`TimedOut`, `ConnectionFailed`, `CredentialsNotLoaded`, `NoRegion`,
    /// `AccountMismatch`, `InvalidFunctionName`, `NotLeader`, `ShuttingDown`, …).
    pub code: String,
    /// AWS's text.
    pub message: String,
    /// AWS's id of the request, for its support.
    pub request_id: Option<String>,
    /// AWS's `Retry-After`.
    pub retry_after: Option<Duration>,
    /// What kind of trouble it is.
    pub class: Class,
    /// Whether a write may have had its effect all the same: a timeout, a cut connection, a 5xx. Never true of reads.
    pub unknown_outcome: bool,
}

impl AwsError {
    /// An error without a request id whose outcome is known: nothing was done.
    pub fn new(operation: &'static str, class: Class, code: &str, message: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.to_owned(),
            message: message.into(),
            request_id: None,
            retry_after: None,
            class,
            unknown_outcome: false,
        }
    }
}

/// Kinds of trouble, by what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Too many calls: slow down.
    Throttled,
    /// AWS is still busy with an earlier change.
    InProgress,
    /// AWS's or the network's trouble: try again.
    Transient,
    /// AWS doesn't see a new role or permission yet, or it is wrong for good.
    Propagating,
    /// Something that the object refers to isn't there.
    DependencyMissing,
    /// A quota of the account is used up.
    Quota,
    /// The RevisionId is no longer the current one: read again and plan again.
    Lock,
    /// AWS refused the request; the same request would be refused again.
    Terminal,
    /// The credentials are refused or missing: nothing can be done in the account.
    Auth,
    /// The credentials lack a permission, for this object.
    AccessDenied,
    /// A create found something under the name.
    AlreadyExists,
    /// A deletion is blocked by something that lives on.
    InUse,
    /// The resource doesn't exist.
    Gone,
    /// This process doesn't hold the leader lease; nothing was sent.
    NotLeader,
    /// This process is ending; nothing was sent.
    ShuttingDown,
}

impl Class {
    /// The name, as metrics use it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "Throttled",
            Self::InProgress => "InProgress",
            Self::Transient => "Transient",
            Self::Propagating => "Propagating",
            Self::DependencyMissing => "DependencyMissing",
            Self::Quota => "Quota",
            Self::Lock => "Lock",
            Self::Terminal => "Terminal",
            Self::Auth => "Auth",
            Self::AccessDenied => "AccessDenied",
            Self::AlreadyExists => "AlreadyExists",
            Self::InUse => "InUse",
            Self::Gone => "Gone",
            Self::NotLeader => "NotLeader",
            Self::ShuttingDown => "ShuttingDown",
        }
    }
}

/// The class of an error answer. `http_status` is `None` when there was no answer.
pub fn classify(_operation: &str, http_status: Option<u16>, code: &str, message: &str) -> Class {
    by_code(code, message).unwrap_or_else(|| by_status(http_status))
}

fn by_code(code: &str, message: &str) -> Option<Class> {
    let class = match code {
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "ThrottledException"
        | "RequestLimitExceeded" | "RequestThrottled" | "RequestThrottledException" => Class::Throttled,
        "ResourceConflictException" => by_text(CONFLICT, message).unwrap_or(Class::InProgress),
        "ResourceInUseException" | "SnapStartNotReadyException" | "ResourceNotReadyException" => Class::InProgress,
        "ServiceException" | "InternalFailure" | "InternalServiceError" | "InternalError" | "ServiceUnavailable"
        | "ServiceUnavailableException" | "RequestTimeout" | "RequestTimeoutException" | "EC2ThrottledException"
        | "TimedOut" | "ConnectionFailed" | "InvalidAnswer" => Class::Transient,
        "InvalidParameterValueException" => by_text(INVALID_VALUE, message).unwrap_or(Class::Terminal),
        "CodeSigningConfigNotFoundException" | "NoRegion" => Class::DependencyMissing,
        "CodeStorageExceededException" | "AliasLimitExceededException" | "CapacityProviderLimitExceededException"
        | "FunctionVersionsPerCapacityProviderLimitExceededException" | "ENILimitReachedException"
        | "ServiceQuotaExceededException" | "LimitExceededException" => Class::Quota,
        "PreconditionFailedException" => Class::Lock,
        "UnrecognizedClientException" | "UnrecognizedClient" | "ExpiredTokenException" | "ExpiredToken"
        | "InvalidSignatureException" | "InvalidSignature" | "SignatureDoesNotMatch" | "InvalidClientTokenId"
        | "InvalidAccessKeyId" | "MissingAuthenticationToken" | "MissingAuthenticationTokenException"
        | "IncompleteSignature" | "IncompleteSignatureException" | "OptInRequired" | "AuthFailure"
        | "RequestExpired" | "RequestTimeTooSkewed" | "CredentialsNotLoaded" => Class::Auth,
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" | "AccountMismatch" => {
            by_text(DENIED, message).unwrap_or(Class::AccessDenied)
        }
        "ResourceNotFoundException" => by_text(NOT_FOUND, message).unwrap_or(Class::Gone),
        "ProvisionedConcurrencyConfigNotFoundException" => Class::Gone,
        "NotLeader" => Class::NotLeader,
        "ShuttingDown" => Class::ShuttingDown,
        _ => return None,
    };
    Some(class)
}

/// For codes that the table doesn't have. A 404 without a known code didn't come from Lambda, so it says nothing
/// about the resource.
fn by_status(http_status: Option<u16>) -> Class {
    match http_status {
        Some(429) => Class::Throttled,
        Some(412) => Class::Lock,
        Some(401) => Class::Auth,
        Some(403) => Class::AccessDenied,
        Some(404 | 408 | 425) => Class::Transient,
        Some(400..500) => Class::Terminal,
        _ => Class::Transient,
    }
}

type Texts = &'static [(&'static str, Class)];

fn by_text(texts: Texts, message: &str) -> Option<Class> {
    texts.iter().find(|(text, _)| message.contains(text)).map(|(_, class)| *class)
}

/// ResourceConflictException: <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html> and
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
const CONFLICT: Texts = &[
    ("already exist", Class::AlreadyExists),
    ("first remove its association", Class::InUse),
    ("cannot be performed at this time", Class::InProgress),
    ("in progress", Class::InProgress),
];

/// InvalidParameterValueException: what passes by itself, what is missing, and what is used up. All else is the
/// spec's fault. Sources: <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html> and the issues
/// of hashicorp/terraform-provider-aws that the tests name.
const INVALID_VALUE: Texts = &[
    ("cannot be assumed by Lambda", Class::Propagating),
    ("execution role does not have permissions", Class::Propagating),
    ("ensure the role can perform", Class::Propagating),
    ("Please add Lambda as a Trusted Entity for", Class::Propagating),
    ("is invalid for CreateGrant", Class::Propagating),
    ("throttled by EC2", Class::Propagating),
    ("Provide a valid source image", Class::Propagating),
    ("Function does not exist", Class::Propagating),
    ("replicated function", Class::InUse),
    ("S3 Error Code: NoSuchKey", Class::DependencyMissing),
    ("S3 Error Code: NoSuchBucket", Class::DependencyMissing),
    ("S3 Error Code: NoSuchVersion", Class::DependencyMissing),
    ("S3 Error Code: PermanentRedirect", Class::DependencyMissing),
    ("InvalidSubnetID.NotFound", Class::DependencyMissing),
    ("InvalidGroup.NotFound", Class::DependencyMissing),
    ("below its minimum value", Class::Quota),
];

/// AccessDeniedException for a layer version that doesn't exist or isn't shared with us:
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html>.
const DENIED: Texts = &[("perform: lambda:GetLayerVersion", Class::DependencyMissing)];

/// ResourceNotFoundException for an ARN of another region, which says nothing about the resource.
const NOT_FOUND: Texts = &[("are not reachable in this region", Class::Terminal)];
