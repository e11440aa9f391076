//! STS: GetCallerIdentity and AssumeRole, in the query protocol with XML answers
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).

use crate::error::ApiError;
use crate::request::{Body, Ctx, Reply, Request};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Account, ARN and id of the caller.
#[allow(clippy::unnecessary_wraps, reason = "every handler has this signature")]
pub(crate) fn get_caller_identity(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let result = format!(
        "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
        escaped(&ctx.caller.principal(ctx.sessions)),
        escaped(&ctx.caller.access_key),
        ctx.caller.account,
    );
    Ok(answer(request, &result))
}

/// Credentials whose access key carries the account of the role.
pub(crate) fn assume_role(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (role, session, seconds) = checked(request)?;
    let (account, name) = role_parts(role)?;
    // AWS doesn't say which of the two it is.
    let settings = &ctx.region.settings;
    let asked_for = settings.external_ids.get(role).map(String::as_str);
    let stranger = asked_for.is_some_and(|id| request.text("ExternalId") != Some(id));
    if settings.missing_roles.contains(role) || stranger {
        let principal = ctx.caller.principal(ctx.sessions);
        let text =
            format!("User: {principal} is not authorized to perform: sts:AssumeRole on resource: {role}");
        return Err(ApiError::new(403, "AccessDenied", text));
    }
    let unique = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let access_key = format!("ASIA{account}{}", &unique[..8]);
    let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    ctx.sessions.insert(access_key.clone(), arn.clone());
    let expiration = jiff::Timestamp::now() + std::time::Duration::from_secs(seconds);
    let result = format!(
        "<Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>secret-{unique}</SecretAccessKey>\
         <SessionToken>token-{unique}</SessionToken><Expiration>{}</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROA{account}:{session}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>",
        expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        escaped(&arn),
    );
    Ok(answer(request, &result))
}

/// Role, name of the session and its duration, within the constraints of the API model.
fn checked(request: &Request) -> Result<(&str, &str, u64), ApiError> {
    let (role, session) = (request.text("RoleArn"), request.text("RoleSessionName"));
    let sent = request.text("DurationSeconds");
    let seconds = sent.map_or(Ok(3600), str::parse::<u64>);
    let too_short_or_long = match seconds {
        Ok(900..=43_200) => None,
        Ok(43_201..) => Some("have value less than or equal to 43200"),
        _ => Some("have value greater than or equal to 900"),
    };
    let checks = [
        ("roleArn", role, bad_text(role, 20, 2048)),
        ("roleSessionName", session, bad_text(session, 2, 64).or_else(|| bad_session(session))),
        ("durationSeconds", sent, too_short_or_long.map(ToOwned::to_owned)),
    ];
    let failure = |(at, value, constraint): (&str, Option<&str>, Option<String>)| {
        let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
        let text = |is| format!("Value {value} at '{at}' failed to satisfy constraint: Member must {is}");
        constraint.map(text)
    };
    let failures: Vec<_> = checks.into_iter().filter_map(failure).collect();
    match (role, session, seconds) {
        (Some(role), Some(session), Ok(seconds)) if failures.is_empty() => Ok((role, session, seconds)),
        _ => Err(ApiError { code: "ValidationError".to_owned(), ..ApiError::validation(&failures) }),
    }
}

fn bad_text(value: Option<&str>, shortest: usize, longest: usize) -> Option<String> {
    match value.map(str::len) {
        None => Some("not be null".to_owned()),
        Some(length) if length < shortest => Some(format!("have length greater than or equal to {shortest}")),
        Some(length) if length > longest => Some(format!("have length less than or equal to {longest}")),
        Some(_) => None,
    }
}

fn bad_session(name: Option<&str>) -> Option<String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    let good = name.is_none_or(|name| name.chars().all(allowed));
    (!good).then(|| r"satisfy regular expression pattern: [\w+=,.@-]*".to_owned())
}

/// `arn:aws:iam::<account>:role/<path and name>`.
fn role_parts(role: &str) -> Result<(&str, &str), ApiError> {
    let parts: Vec<_> = role.splitn(6, ':').collect();
    let found = match parts[..] {
        ["arn", _, "iam", "", account, role] if account.len() == 12 => {
            role.rsplit_once('/').map(|(_, n)| (account, n))
        }
        _ => None,
    };
    let invalid = || ApiError::new(400, "ValidationError", format!("{role} is invalid"));
    found.ok_or_else(invalid)
}

fn answer(request: &Request, result: &str) -> Reply {
    let (operation, id) = (request.operation, &request.id);
    let xml = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>\
         </{operation}Response>"
    );
    Reply { status: 200, body: Body::Xml(xml) }
}

/// An error in the query protocol. Codes lose the `Exception` that they carry elsewhere: STS says
/// `ExpiredToken` where Lambda says `ExpiredTokenException`.
pub(crate) fn error_xml(error: &ApiError, request_id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escaped(error_code(&error.code)),
        escaped(&error.message),
    )
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
fn error_code(code: &str) -> &str {
    match code {
        "UnrecognizedClientException" => "InvalidClientTokenId",
        "InvalidSignatureException" => "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "TooManyRequestsException" => "Throttling",
        other => other.strip_suffix("Exception").unwrap_or(other),
    }
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_arn_gives_account_and_name() {
        let parts = role_parts("arn:aws:iam::111122223333:role/team/deployer").unwrap();
        assert_eq!(parts, ("111122223333", "deployer"));
        assert!(role_parts("deployer").is_err());
    }

    #[test]
    fn errors_have_the_codes_of_the_query_protocol() {
        let error = ApiError::new(403, "UnrecognizedClientException", "a < b");
        let xml = error_xml(&error, "id");
        assert!(xml.contains("<Code>InvalidClientTokenId</Code><Message>a &lt; b</Message>"), "{xml}");
    }
}
