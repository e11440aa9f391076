//! AddLayerVersionPermission, RemoveLayerVersionPermission and GetLayerVersionPolicy. Every version has a policy of
//! its own. Texts: `test_layer_policy_exceptions` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Value, json};

use super::layers;
use crate::error::ApiError;
use crate::layer::{LayerVersion, Policy};
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::layer;

/// Bytes that a policy may have (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_POLICY: usize = 20_480;

/// 201 with the statement as it was stored.
pub(crate) fn add(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    layer::check_permission(&request.body)?;
    let (arn, version) = found(ctx, request)?;
    check_revision(version, request)?;
    let sid = request.text("StatementId").unwrap_or_default();
    if has_statement(version, sid) {
        return Err(ApiError::conflict(format!(
            "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
             existing statement."
        )));
    }
    let statement = statement(&arn, &request.body);
    let mut statements = statements(version);
    statements.push(statement.clone());
    let size = document(&statements).len();
    if size > MAX_POLICY {
        let text = format!("The final policy size ({size}) is bigger than the limit ({MAX_POLICY}).");
        return Err(ApiError::new(400, "PolicyLengthExceededException", text));
    }
    let revision = set(version, statements);
    Ok(Reply::json(201, json!({"Statement": statement.to_string(), "RevisionId": revision})))
}

/// The whole policy.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (_, version) = found(ctx, request)?;
    let policy = version.policy.as_ref().ok_or_else(no_policy)?;
    let document = document(&policy.statements);
    Ok(Reply::json(200, json!({"Policy": document, "RevisionId": policy.revision_id})))
}

/// 204, or 404 when there is no such statement.
pub(crate) fn remove(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (_, version) = found(ctx, request)?;
    if version.policy.is_none() {
        return Err(no_policy());
    }
    let sid = request.parameter("StatementId").unwrap_or_default();
    if !has_statement(version, sid) {
        return Err(ApiError::not_found(format!("Statement {sid} is not found in resource policy.")));
    }
    check_revision(version, request)?;
    take(version, sid);
    Ok(Reply::no_content())
}

/// A statement from the members of a request; an account becomes the ARN of its root.
pub(crate) fn statement(version_arn: &str, body: &Object) -> Value {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let principal = match text("Principal").unwrap_or("*") {
        "*" => json!("*"),
        account if account.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!({"AWS": format!("arn:aws:iam::{account}:root")})
        }
        arn => json!({"AWS": arn}),
    };
    let mut statement = json!({
        "Sid": text("StatementId"),
        "Effect": "Allow",
        "Principal": principal,
        "Action": text("Action").unwrap_or("lambda:GetLayerVersion"),
        "Resource": version_arn,
    });
    if let Some(organization) = text("OrganizationId") {
        statement["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": organization}});
    }
    statement
}

/// Puts a statement into the policy of a version, in the place of one with its id.
pub(crate) fn put(version: &mut LayerVersion, statement: Value) {
    let mut statements = statements(version);
    statements.retain(|known| known["Sid"] != statement["Sid"]);
    statements.push(statement);
    set(version, statements);
}

/// Takes a statement out of the policy of a version; without statements there is no policy.
pub(crate) fn take(version: &mut LayerVersion, sid: &str) {
    let mut statements = statements(version);
    statements.retain(|statement| statement["Sid"] != sid);
    set(version, statements);
}

fn set(version: &mut LayerVersion, statements: Vec<Value>) -> String {
    let revision_id = uuid::Uuid::new_v4().to_string();
    let policy = Policy { revision_id: revision_id.clone(), statements };
    version.policy = Some(policy).filter(|policy| !policy.statements.is_empty());
    revision_id
}

fn statements(version: &LayerVersion) -> Vec<Value> {
    version.policy.as_ref().map(|policy| policy.statements.clone()).unwrap_or_default()
}

fn has_statement(version: &LayerVersion, sid: &str) -> bool {
    statements(version).iter().any(|statement| statement["Sid"] == sid)
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}).to_string()
}

/// The version that the path names, with its ARN.
fn found<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<(String, &'a mut LayerVersion), ApiError> {
    let (id, number) = (layers::own(ctx, request)?, layers::number(request)?);
    let arn = id.version_arn(number);
    let missing = || ApiError::not_found(format!("Layer version {arn} does not exist."));
    let version = ctx.layers.version_mut(&id, number).ok_or_else(missing)?;
    Ok((arn, version))
}

fn check_revision(version: &LayerVersion, request: &Request) -> Result<(), ApiError> {
    let current = version.policy.as_ref().map(|policy| policy.revision_id.as_str());
    match request.query("RevisionId") {
        Some(expected) if Some(expected) != current => Err(ApiError::new(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve \
             the latest Revision Id",
        )),
        _ => Ok(()),
    }
}

fn no_policy() -> ApiError {
    ApiError::not_found("No policy is associated with the given resource.")
}
