//! AddPermission, RemovePermission and GetPolicy. A change of a policy gives the function, version or alias that it is of
//! a new revision, which the policy keeps when the function goes on to another. Texts: `TestLambdaPermissions` and `test_function_revisions_permissions` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming::{self, Target};
use crate::policy::{self, Policy};
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::policy as rules;
use crate::sections::LATEST;

/// 201 with the statement as it was stored.
pub(crate) fn add(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    rules::check_permission(&ctx.region.settings, &request.body)?;
    let target = target(ctx, request)?;
    check_is_not_latest(&target)?;
    let statement = statement(&target.arn(ctx.region), &request.body);
    let missing = target.missing(ctx.region);
    let function = ctx.region.writable(&target.name, ctx.now)?;
    if !function.has(target.key()) {
        return Err(missing);
    }
    if request.text("RevisionId").is_some_and(|expected| expected != revision(function, target.key())) {
        return Err(ApiError::stale("GetPolicy"));
    }
    let policy = current(function, target.key()).with(statement.clone())?;
    set(function, target.key(), Some(policy));
    Ok(Reply::json(201, json!({"Statement": statement.to_string()})))
}

/// 204, or 404 when there is no such statement.
pub(crate) fn remove(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let sid = request.parameter("StatementId").unwrap_or_default();
    rules::check_statement_id(sid)?;
    let target = target(ctx, request)?;
    let (arn, missing) = (ctx.region.function_arn(&target.name), target.missing(ctx.region));
    let no_function = || ApiError::not_found(format!("No policy found for: {arn}"));
    let function = ctx.region.writable(&target.name, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_function))?;
    if !function.has(target.key()) {
        return Err(missing);
    }
    let (revision, policy) = function.sections.policies.get(target.key()).ok_or_else(policy::none)?;
    policy.check_has(sid)?;
    if request.query("RevisionId").is_some_and(|expected| expected != revision) {
        return Err(ApiError::stale_revision());
    }
    let left = policy.clone().without(sid);
    set(function, target.key(), left);
    Ok(Reply::no_content())
}

/// The whole policy. That there is none looks as if there were no function.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    shown(ctx, &target)
}

fn target(ctx: &Ctx<'_>, request: &Request) -> Result<Target, ApiError> {
    naming::namespaced(ctx.region, &request.label, request.query("Qualifier"))
}

/// What is there goes by the function's own name only.
pub(super) fn check_is_not_latest(target: &Target) -> Result<(), ApiError> {
    if target.qualifier.as_deref() == Some(LATEST) {
        return Err(ApiError::invalid("We currently do not support adding policies for $LATEST."));
    }
    Ok(())
}

/// A policy with its revision.
pub(super) fn shown(ctx: &mut Ctx<'_>, target: &Target) -> Result<Reply, ApiError> {
    let function = ctx.region.function(&target.name, Access::Other, ctx.now);
    let function = function.map_err(|error| error.if_missing(no_policy))?;
    let (revision, policy) = function.sections.policies.get(target.key()).ok_or_else(no_policy)?;
    Ok(Reply::json(200, json!({"Policy": policy.text(), "RevisionId": revision})))
}

/// AWS's answer to who reads a policy that there isn't.
pub(super) fn no_policy() -> ApiError {
    ApiError::not_found("The resource you requested does not exist.")
}

/// The policy, or what the first statement is added to.
pub(crate) fn current(function: &Function, qualifier: &str) -> Policy {
    function.sections.policies.get(qualifier).map(|(_, policy)| policy.clone()).unwrap_or_default()
}

/// What guards a change of the policy: its revision, or without one that of the function, version or alias.
pub(super) fn revision<'a>(function: &'a Function, qualifier: &str) -> &'a str {
    let policy = function.sections.policies.get(qualifier);
    policy.map_or_else(|| function.revision(qualifier), |(revision, _)| revision)
}

/// Sets the policy of the function, a version or an alias, which gives both a new revision.
pub(crate) fn set(function: &mut Function, qualifier: &str, policy: Option<Policy>) {
    function.touch(qualifier);
    let revision = function.revision(qualifier).to_owned();
    let policies = &mut function.sections.policies;
    match policy {
        Some(policy) => drop(policies.insert(qualifier.to_owned(), (revision, policy))),
        None => drop(policies.remove(qualifier)),
    }
}

/// A statement from the members of a request.
pub(crate) fn statement(arn: &str, body: &Object) -> Value {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let mut statement = json!({
        "Sid": text("StatementId"),
        "Effect": "Allow",
        "Principal": policy::principal(text("Principal").unwrap_or("*")),
        "Action": text("Action"),
        "Resource": arn,
    });
    let condition = condition(body);
    if !condition.is_empty() {
        statement["Condition"] = Value::Object(condition);
    }
    statement
}

/// The condition keys that stand for members of a request, with their operators.
const CONDITIONS: [(&str, &str, &str); 6] = [
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
];

fn condition(body: &Object) -> Object {
    let mut condition = Map::new();
    for (member, operator, key) in CONDITIONS {
        let Some(value) = body.get(member) else { continue };
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let keys = condition.entry(operator).or_insert_with(|| json!({}));
        keys[key] = value.into();
    }
    condition
}
