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
    /// Whether a write may have had its effect all the same: after a timeout, a cut connection, a 5xx, and for a create
    /// also after a throttled answer, since creates have been seen to succeed behind one
    /// (hashicorp/terraform-provider-aws#29907). Never true of reads.
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
    /// The role of a LambdaAccount can't be assumed: nothing can be done through that LambdaAccount.
    RoleRefused,
    /// The region refuses the credentials that work elsewhere: nothing can be done in it.
    RegionRefused,
    /// The credentials are of another account than the one that this belongs to; nothing was sent.
    AccountMismatch,
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
            Self::RoleRefused => "RoleRefused",
            Self::RegionRefused => "RegionRefused",
            Self::AccountMismatch => "AccountMismatch",
            Self::AccessDenied => "AccessDenied",
            Self::AlreadyExists => "AlreadyExists",
            Self::InUse => "InUse",
            Self::Gone => "Gone",
            Self::NotLeader => "NotLeader",
            Self::ShuttingDown => "ShuttingDown",
        }
    }
}

/// The class of an error answer. `http_status` is `None` when there was no answer. No operation's codes mean anything
/// else than another's so far.
pub(super) fn classify(http_status: Option<u16>, code: &str, message: &str) -> Class {
    by_code(code, message).unwrap_or_else(|| by_status(http_status))
}

fn by_code(code: &str, message: &str) -> Option<Class> {
    let class = match code {
        "TooManyRequestsException"
        | "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException" => Class::Throttled,
        "ResourceConflictException" => by_text(CONFLICT, message).unwrap_or(Class::InProgress),
        "ResourceInUseException"
        | "SnapStartNotReadyException"
        | "SnapStartTimeoutException"
        | "ResourceNotReadyException"
        | "ENINotReadyException"
        | "CodeArtifactUserPendingException" => Class::InProgress,
        "ServiceException"
        | "InternalFailure"
        | "InternalServiceError"
        | "InternalError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "EC2ThrottledException"
        | "EC2UnexpectedException"
        | "TimedOut"
        | "ConnectionFailed"
        | "InvalidAnswer" => Class::Transient,
        "InvalidParameterValueException" => by_text(INVALID_VALUE, message).unwrap_or(Class::Terminal),
        "CodeSigningConfigNotFoundException" | "NoRegion" => Class::DependencyMissing,
        code if NOT_INVOCABLE.contains(&code) => Class::DependencyMissing,
        "CodeStorageExceededException"
        | "AliasLimitExceededException"
        | "CapacityProviderLimitExceededException"
        | "FunctionVersionsPerCapacityProviderLimitExceededException"
        | "ENILimitReachedException"
        | "SubnetIPAddressLimitReachedException"
        | "ServiceQuotaExceededException"
        | "LimitExceededException" => Class::Quota,
        "PreconditionFailedException" => Class::Lock,
        "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "InvalidSignatureException"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "OptInRequired"
        | "AuthFailure"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "CredentialsNotLoaded" => Class::Auth,
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" => {
            by_text(DENIED, message).unwrap_or(Class::AccessDenied)
        }
        "AccountMismatch" => Class::AccountMismatch,
        "ResourceNotFoundException" => by_text(NOT_FOUND, message).unwrap_or(Class::Gone),
        "ProvisionedConcurrencyConfigNotFoundException" => Class::Gone,
        "NotLeader" => Class::NotLeader,
        "ShuttingDown" => Class::ShuttingDown,
        _ => return None,
    };
    Some(class)
}

/// Why Lambda can't start a function that is to be invoked: somebody has to mend the function, its role or what it needs.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors>
const NOT_INVOCABLE: &[&str] = &[
    "CodeArtifactUserDeletedException",
    "CodeArtifactUserFailedException",
    "EC2AccessDeniedException",
    "EFSMountConnectivityException",
    "EFSMountFailureException",
    "EFSMountTimeoutException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "NoPublishedVersionException",
    "S3FilesMountConnectivityException",
    "S3FilesMountFailureException",
    "S3FilesMountTimeoutException",
    "SnapStartException",
    "SnapStartRegenerationFailureException",
];

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
    ("AWS.SimpleQueueService.NonExistentQueue", Class::Propagating),
    ("Stream not found", Class::DependencyMissing),
    ("replicated function", Class::InUse),
    ("S3 Error Code: NoSuchKey", Class::DependencyMissing),
    ("S3 Error Code: NoSuchBucket", Class::DependencyMissing),
    ("S3 Error Code: NoSuchVersion", Class::DependencyMissing),
    ("S3 Error Code: PermanentRedirect", Class::DependencyMissing),
    ("InvalidSubnetID.NotFound", Class::DependencyMissing),
    ("InvalidGroup.NotFound", Class::DependencyMissing),
    ("Layer version arn:", Class::DependencyMissing),
    ("below its minimum value", Class::Quota),
    ("greater than account's unreserved concurrency", Class::Quota),
    // A function's reservation and what its aliases provision change one after the other.
    ("should not be greater than the reservedConcurrentExecution", Class::DependencyMissing),
    ("should not be lower than function's total provisioned concurrency", Class::DependencyMissing),
    ("Please try again with the CodeSHA256 in $LATEST", Class::Lock),
];

/// AccessDeniedException for a layer version that doesn't exist or isn't shared with us:
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html>.
const DENIED: Texts = &[("perform: lambda:GetLayerVersion", Class::DependencyMissing)];

/// ResourceNotFoundException for an ARN of another region, which says nothing about the resource.
const NOT_FOUND: Texts = &[("are not reachable in this region", Class::Terminal)];

#[cfg(test)]
mod tests {
    use super::*;

    const INVALID: &str = "InvalidParameterValueException";
    const CONFLICTS: &str = "ResourceConflictException";

    /// Status, code, text, class. The comment above each group says where the texts are documented or were seen.
    #[rustfmt::skip]
    const TABLE: &[(u16, &str, &str, Class)] = &[
        // https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html,
        // https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_Errors
        (429, "TooManyRequestsException", "Rate exceeded", Class::Throttled),
        (400, "ThrottlingException", "Rate exceeded", Class::Throttled),
        (400, "Throttling", "Rate exceeded", Class::Throttled),
        (429, "Http429", "", Class::Throttled),
        (500, "ServiceException", "An error occurred and the request cannot be processed.", Class::Transient),
        (500, "InternalFailure", "", Class::Transient),
        (503, "ServiceUnavailable", "", Class::Transient),
        (502, "EC2ThrottledException", "", Class::Transient),
        (502, "Http502", "", Class::Transient),
        (408, "RequestTimeoutException", "", Class::Transient),
        (404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:1:function:f", Class::Gone),
        // A proxy's, not Lambda's.
        (404, "Http404", "not found", Class::Transient),
        (404, "ResourceNotFoundException", "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')", Class::Terminal),
        (404, "ProvisionedConcurrencyConfigNotFoundException", "", Class::Gone),
        (404, "CodeSigningConfigNotFoundException", "The code signing configuration cannot be found.", Class::DependencyMissing),
        (400, INVALID, "CodeSHA256 (a) is different from current CodeSHA256 in $LATEST (b). Please try again with the CodeSHA256 in $LATEST.", Class::Lock),
        (400, "CodeVerificationFailedException", "Lambda cannot deploy the function.", Class::Terminal),
        (400, "InvalidCodeSignatureException", "", Class::Terminal),
        (412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id.", Class::Lock),
        // https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
        (409, CONFLICTS, "The operation cannot be performed at this time. An update is in progress for resource: arn", Class::InProgress),
        (409, CONFLICTS, "The operation cannot be performed at this time. The function is currently in the following state: Pending", Class::InProgress),
        // aws/serverless-application-model#2356
        (409, CONFLICTS, "The operation cannot be performed at this time. The resource arn is currently in the following state: 'Pending'. StateReasonCode: 'Creating'", Class::InProgress),
        (409, CONFLICTS, "a wording that nobody has seen yet", Class::InProgress),
        (400, "ResourceInUseException", "Cannot update the event source mapping because it is in use.", Class::InProgress),
        (409, "SnapStartNotReadyException", "", Class::InProgress),
        // https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
        (502, "ResourceNotReadyException", "", Class::InProgress),
        (502, "ENINotReadyException", "", Class::InProgress),
        (502, "SubnetIPAddressLimitReachedException", "", Class::Quota),
        (502, "KMSAccessDeniedException", "", Class::DependencyMissing),
        (403, "EFSMountFailureException", "", Class::DependencyMissing),
        (413, "RequestTooLargeException", "", Class::Terminal),
        // https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
        (409, CONFLICTS, "Function already exist: f", Class::AlreadyExists),
        // terraform-provider-aws#3312
        (409, CONFLICTS, "The statement id (s) provided already exists. Please provide a new statement id.", Class::AlreadyExists),
        (409, CONFLICTS, "To delete this capacity provider, first remove its association with all functions", Class::InUse),
        // https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
        (400, INVALID, "The role defined for the function cannot be assumed by Lambda.", Class::Propagating),
        (400, INVALID, "The provided execution role does not have permissions to call CreateNetworkInterface on EC2", Class::Propagating),
        // terraform-provider-aws#14042
        (400, INVALID, "The function's execution role does not have permissions to call ReceiveMessage on SQS", Class::Propagating),
        (400, INVALID, "Cannot access stream arn. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.", Class::Propagating),
        // test_event_source_mapping_exceptions and the tests of each source in LocalStack's recordings of AWS
        (400, INVALID, "Function does not exist", Class::Propagating),
        (400, INVALID, "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.", Class::Propagating),
        (400, INVALID, "Stream not found: arn:aws:kinesis:eu-west-1:1:stream/s", Class::DependencyMissing),
        (400, INVALID, "Unrecognized event source.", Class::Terminal),
        (409, CONFLICTS, "An event source mapping with SQS arn (\" q \") and function (\" f \") already exists. Please update or delete the existing mapping with UUID u", Class::AlreadyExists),
        // terraform-provider-aws#4633
        (400, INVALID, "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant.", Class::Propagating),
        // terraform-provider-aws#3062
        (400, INVALID, "Your request has been throttled by EC2, please make sure you have enough API rate limit.", Class::Propagating),
        // https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
        (400, INVALID, "Source image 1.dkr.ecr.eu-west-1.amazonaws.com/a:b does not exist. Provide a valid source image.", Class::Propagating),
        (400, INVALID, "Function does not exist", Class::Propagating),
        (400, INVALID, "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.", Class::DependencyMissing),
        (400, INVALID, "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist", Class::DependencyMissing),
        (400, INVALID, "Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this region: us-east-1.", Class::DependencyMissing),
        (400, INVALID, "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-1' does not exist", Class::DependencyMissing),
        (400, INVALID, "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The security group 'sg-1' does not exist", Class::DependencyMissing),
        (400, INVALID, "Layer version arn:aws:lambda:eu-west-1:1:layer:l:1 does not exist.", Class::DependencyMissing),
        // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html
        (400, INVALID, "Lambda was unable to delete arn because it is a replicated function.", Class::InUse),
        // https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
        (400, INVALID, "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].", Class::Quota),
        (400, "CodeStorageExceededException", "Code storage limit exceeded.", Class::Quota),
        (400, "AliasLimitExceededException", "", Class::Quota),
        (502, "ENILimitReachedException", "", Class::Quota),
        (400, INVALID, "The runtime parameter of nodejs8.10 is no longer supported for creating or updating AWS Lambda functions.", Class::Terminal),
        (400, INVALID, "Unzipped size must be smaller than 262144000 bytes", Class::Terminal),
        (413, "RequestEntityTooLargeException", "Request must be smaller than 70167211 bytes for the CreateFunction operation", Class::Terminal),
        (400, "ValidationException", "1 validation error detected", Class::Terminal),
        (400, "CodeVerificationFailedException", "", Class::Terminal),
        (400, "InvalidCodeSignatureException", "", Class::Terminal),
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
        (403, "AccessDeniedException", "User: u is not authorized to perform: lambda:CreateFunction on resource: r", Class::AccessDenied),
        (403, "AccessDeniedException", "User: u is not authorized to perform: iam:PassRole on resource: r", Class::AccessDenied),
        (403, "AccessDenied", "", Class::AccessDenied),
        (403, "Http403", "", Class::AccessDenied),
        // https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html
        (403, "AccessDeniedException", "User: u is not authorized to perform: lambda:GetLayerVersion on resource: arn:aws:lambda:eu-west-1:1:layer:l:1 because no resource-based policy allows the lambda:GetLayerVersion action", Class::DependencyMissing),
        // https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
        (403, "UnrecognizedClientException", "The security token included in the request is invalid.", Class::Auth),
        (403, "ExpiredTokenException", "The security token included in the request is expired", Class::Auth),
        (400, "ExpiredToken", "", Class::Auth),
        (403, "InvalidSignatureException", "", Class::Auth),
        (403, "SignatureDoesNotMatch", "", Class::Auth),
        (403, "InvalidClientTokenId", "", Class::Auth),
        (403, "MissingAuthenticationToken", "", Class::Auth),
        (403, "MissingAuthenticationTokenException", "", Class::Auth),
        (400, "IncompleteSignature", "", Class::Auth),
        (403, "OptInRequired", "", Class::Auth),
        (400, "RequestExpired", "", Class::Auth),
        (403, "RequestTimeTooSkewed", "", Class::Auth),
    ];

    #[test]
    fn each_answer_has_its_class() {
        for &(status, code, text, class) in TABLE {
            assert_eq!(classify(Some(status), code, text), class, "{code}: {text}");
        }
    }

    #[test]
    fn without_an_answer_it_is_the_networks_trouble_or_the_credentials() {
        for (code, class) in [
            ("TimedOut", Class::Transient),
            ("ConnectionFailed", Class::Transient),
            ("InvalidAnswer", Class::Transient),
            ("CredentialsNotLoaded", Class::Auth),
        ] {
            assert_eq!(classify(None, code, ""), class, "{code}");
        }
    }

    #[test]
    fn it_reads_as_aws_says_it() {
        let mut error =
            AwsError::new("GetFunction", Class::Gone, "ResourceNotFoundException", "Function not found: f");
        assert_eq!(error.to_string(), "ResourceNotFoundException: Function not found: f");
        error.request_id = Some("abc".to_owned());
        assert_eq!(error.to_string(), "ResourceNotFoundException: Function not found: f (request id abc)");
    }
}
