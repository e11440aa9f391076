//! What is refused about the policy of a function: constraints of the API model, and rules on statements. Texts:
//! `TestLambdaPermissions` in LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json),
//! and for the authentication of URLs a comment in its tests (`test_add_lambda_permission_fields`). All others are ours,
//! for the rules of <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::layer::{ORGANIZATION, ORGANIZATION_RE, STATEMENT, STATEMENT_RE};
use super::model::{Checks, SOURCE, SOURCE_RE, single};
use crate::error::ApiError;
use crate::policy::{is_account, is_service};
use crate::request::Object;
use crate::settings::AccountSettings;

const ACTION: &str = r"(lambda:[*]|lambda:[a-zA-Z]+|[*])";
const PRINCIPAL: &str = r"[^\s]+";
const ACCOUNT: &str = r"\d{12}";
const TOKEN: &str = r"[a-zA-Z0-9._\-]+";
const KNOWN_STATEMENT: &str = "([a-zA-Z0-9-_.]+)";
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutResourcePolicy.html>
const RESOURCE: &str = r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_])+)?";
const DOCUMENT: &str = r"[\s\S]+";
const REVISION: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

static ACTION_RE: LazyLock<Regex> = whole!(ACTION);
static PRINCIPAL_RE: LazyLock<Regex> = whole!(PRINCIPAL);
static ACCOUNT_RE: LazyLock<Regex> = whole!(ACCOUNT);
static TOKEN_RE: LazyLock<Regex> = whole!(TOKEN);
static KNOWN_STATEMENT_RE: LazyLock<Regex> = whole!(KNOWN_STATEMENT);
static RESOURCE_RE: LazyLock<Regex> = whole!(RESOURCE);
static DOCUMENT_RE: LazyLock<Regex> = whole!(DOCUMENT);
static REVISION_RE: LazyLock<Regex> = whole!(REVISION);

/// Checks the members of an AddPermission request.
pub(crate) fn check_permission(settings: &AccountSettings, body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &["StatementId", "Action", "Principal"]);
    checks.text("StatementId", 100, Some((&STATEMENT_RE, STATEMENT)));
    checks.text("Action", 10_000, Some((&ACTION_RE, ACTION)));
    checks.text("Principal", 2048, Some((&PRINCIPAL_RE, PRINCIPAL)));
    checks.text("SourceArn", 10_000, Some((&SOURCE_RE, SOURCE)));
    checks.text("SourceAccount", 12, Some((&ACCOUNT_RE, ACCOUNT)));
    checks.text("EventSourceToken", 256, Some((&TOKEN_RE, TOKEN)));
    checks.one_of("FunctionUrlAuthType", &["NONE", "AWS_IAM"]);
    checks.text("PrincipalOrgID", 34, Some((&ORGANIZATION_RE, ORGANIZATION)));
    checks.finish()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (action, principal) = (text("Action").unwrap_or_default(), text("Principal").unwrap_or_default());
    check_conditions(body, action, principal)?;
    check_principal(settings, principal)
}

/// What goes with which action and principal.
fn check_conditions(body: &Object, action: &str, principal: &str) -> Result<(), ApiError> {
    let has = |name: &str| body.contains_key(name);
    let text = if has("FunctionUrlAuthType") && action != "lambda:InvokeFunctionUrl" {
        "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
    } else if has("InvokedViaFunctionUrl") && action != "lambda:InvokeFunction" {
        "InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action"
    } else if has("PrincipalOrgID") && principal != "*" {
        "PrincipalOrgID is only supported for the principal *"
    } else if has("EventSourceToken") && (has("SourceArn") || has("SourceAccount")) {
        "EventSourceToken can't be used together with SourceArn or SourceAccount"
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(text))
}

/// A service, an account, an IAM role or user that exists, or everybody.
fn check_principal(settings: &AccountSettings, principal: &str) -> Result<(), ApiError> {
    let parts: Vec<_> = principal.splitn(4, ':').collect();
    let is_arn =
        matches!(parts[..], ["arn", _, "iam" | "sts", _]) && !settings.missing_roles.contains(principal);
    if principal == "*" || is_service(principal) || is_account(principal) || is_arn {
        return Ok(());
    }
    let text = "The provided principal was invalid. Please check the principal and try again.";
    Err(ApiError::invalid(text))
}

/// Checks the id of a statement that is to be removed.
pub(crate) fn check_statement_id(sid: &str) -> Result<(), ApiError> {
    let request = single("StatementId", sid);
    let mut checks = Checks::of(&request, &[]);
    checks.text("StatementId", 100, Some((&KNOWN_STATEMENT_RE, KNOWN_STATEMENT)));
    checks.finish()
}

/// Checks the members of a request about a whole policy, the ARN and the revision among them.
pub(crate) fn check_resource_policy(request: &Object, required: &[&str]) -> Result<(), ApiError> {
    let mut checks = Checks::of(request, required);
    checks.text("ResourceArn", 512, Some((&RESOURCE_RE, RESOURCE)));
    checks.text("Policy", 20_480, Some((&DOCUMENT_RE, DOCUMENT)));
    checks.text("RevisionId", 36, Some((&REVISION_RE, REVISION)));
    checks.finish()
}

/// Reads a whole policy.
pub(crate) fn document(text: &str) -> Result<Value, ApiError> {
    let malformed = |why: &str| ApiError::invalid(format!("The policy document is malformed: {why}."));
    let document: Value = serde_json::from_str(text).map_err(|_| malformed("it is no JSON"))?;
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => return Err(malformed("it has no Statement")),
    };
    let mut ids = BTreeSet::new();
    for statement in statements {
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny")) {
            return Err(malformed("the Effect of a statement is Allow or Deny"));
        }
        if ["Principal", "Action"].iter().any(|name| statement.get(name).is_none()) {
            return Err(malformed("a statement has a Principal and an Action"));
        }
        let sid = statement.get("Sid").and_then(Value::as_str);
        if sid.is_some_and(|sid| !ids.insert(sid)) {
            return Err(malformed("the ids of its statements are unique"));
        }
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(changes: &Value) -> Option<String> {
        let mut body = json!({"StatementId": "s1", "Action": "lambda:InvokeFunction", "Principal": "*"});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let mut settings = AccountSettings::default();
        settings.missing_roles.insert("arn:aws:iam::111122223333:role/gone".to_owned());
        check_permission(&settings, body.as_object().unwrap()).err().map(|error| error.message)
    }

    #[test]
    fn members_have_their_patterns() {
        assert_eq!(
            refused(&json!({"SourceArn": "arn:aws:s3:::bucket", "SourceAccount": "111122223333"})),
            None
        );
        for bad in [
            json!({"StatementId": "a.b"}),
            json!({"StatementId": "s".repeat(101)}),
            json!({"Action": "s3:GetObject"}),
            json!({"Principal": "a b"}),
            json!({"SourceArn": "bucket"}),
            json!({"SourceAccount": "1"}),
            json!({"EventSourceToken": "a b"}),
            json!({"FunctionUrlAuthType": "ALL"}),
            json!({"PrincipalOrgID": "mine"}),
        ] {
            assert!(refused(&bad).unwrap().contains("validation error"), "{bad}");
        }
        check_statement_id("a.b").unwrap();
        check_statement_id("a b").unwrap_err();
    }

    #[test]
    fn conditions_go_with_their_actions_and_principals() {
        let url = |auth: &str| json!({"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": auth});
        assert_eq!((refused(&url("NONE")), refused(&url("AWS_IAM"))), (None, None));
        assert_eq!(refused(&json!({"InvokedViaFunctionUrl": true})), None);
        assert_eq!(
            refused(&json!({"FunctionUrlAuthType": "NONE"})).unwrap(),
            "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
        );
        for bad in [
            json!({"Action": "lambda:GetFunction", "InvokedViaFunctionUrl": true}),
            json!({"Principal": "111122223333", "PrincipalOrgID": "o-abcdefghij"}),
            json!({"EventSourceToken": "token", "SourceAccount": "111122223333"}),
        ] {
            assert!(refused(&bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn principals_are_known() {
        let of = |principal: &str| refused(&json!({"Principal": principal}));
        for good in ["s3.amazonaws.com", "111122223333", "arn:aws:iam::111122223333:role/r"] {
            assert_eq!(of(good), None, "{good}");
        }
        for bad in ["invalid.nonaws.com", "arn:aws:iam::111122223333:role/gone", "arn:aws:s3:::bucket", "12"]
        {
            assert!(of(bad).unwrap().starts_with("The provided principal was invalid."), "{bad}");
        }
    }

    #[test]
    fn a_document_has_statements_with_ids_of_their_own() {
        let statement = json!({"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "lambda:*"});
        let refused = |statements: Value| document(&json!({"Statement": statements}).to_string()).err();
        assert_eq!(refused(statement.clone()), None);
        assert!(refused(json!([statement, statement])).unwrap().message.contains("unique"));
        assert!(refused(json!([])).is_some() && document("{").is_err() && document("[]").is_err());
        let mut without = statement.clone();
        without["Effect"] = "Perhaps".into();
        assert!(refused(without).unwrap().message.contains("Allow or Deny"));
        assert!(refused(json!({"Effect": "Allow", "Principal": "*"})).unwrap().message.contains("an Action"));
    }
}
