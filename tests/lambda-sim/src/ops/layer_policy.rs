//! AddLayerVersionPermission, RemoveLayerVersionPermission and GetLayerVersionPolicy. Every version has a policy of
//! its own. Texts: `test_layer_policy_exceptions` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Value, json};

use super::layers;
use crate::error::ApiError;
use crate::layer::LayerVersion;
use crate::policy::{self, Policy};
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::layer;

/// 201 with the statement as it was stored.
pub(crate) fn add(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    layer::check_permission(&request.body)?;
    let (arn, version) = found(ctx, request)?;
    check_revision(version, request)?;
    let statement = statement(&arn, &request.body);
    let policy = current(version).with(statement.clone())?;
    let revision = set(version, Some(policy));
    Ok(Reply::json(201, json!({"Statement": statement.to_string(), "RevisionId": revision})))
}

/// The whole policy.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (_, version) = found(ctx, request)?;
    let (revision, policy) = version.policy.as_ref().ok_or_else(policy::none)?;
    Ok(Reply::json(200, json!({"Policy": policy.text(), "RevisionId": revision})))
}

/// 204, or 404 when there is no such statement.
pub(crate) fn remove(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (_, version) = found(ctx, request)?;
    let sid = request.parameter("StatementId").unwrap_or_default();
    let (_, policy) = version.policy.as_ref().ok_or_else(policy::none)?;
    policy.check_has(sid)?;
    check_revision(version, request)?;
    take(version, sid);
    Ok(Reply::no_content())
}

/// A statement from the members of a request.
pub(crate) fn statement(version_arn: &str, body: &Object) -> Value {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let mut statement = json!({
        "Sid": text("StatementId"),
        "Effect": "Allow",
        "Principal": policy::principal(text("Principal").unwrap_or("*")),
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
    let mut policy = current(version);
    policy.put(statement);
    set(version, Some(policy));
}

/// Takes a statement out of the policy of a version; without statements there is no policy.
pub(crate) fn take(version: &mut LayerVersion, sid: &str) {
    let left = current(version).without(sid);
    set(version, left);
}

fn set(version: &mut LayerVersion, policy: Option<Policy>) -> String {
    let revision = uuid::Uuid::new_v4().to_string();
    version.policy = policy.map(|policy| (revision.clone(), policy));
    revision
}

/// The policy, or what the first statement is added to.
fn current(version: &LayerVersion) -> Policy {
    version.policy.as_ref().map(|(_, policy)| policy.clone()).unwrap_or_default()
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
    let current = version.policy.as_ref().map(|(revision, _)| revision.as_str());
    match request.query("RevisionId") {
        Some(expected) if Some(expected) != current => Err(ApiError::stale("GetLayerPolicy")),
        _ => Ok(()),
    }
}
