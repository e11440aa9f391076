//! Who may use a function or an alias: statements of its resource policy, or the whole of it.
//!
//! AWS rewrites what it is given: an account id becomes the ARN of the account's root, one element of a list the element.
//! Both spellings are one here.

use std::fmt;

use lambda_operator_crds::{Permission, ResourcePolicy, UrlAuthType};
use serde_json::{Map, Value as Json, json};

/// The action of a statement that names none.
pub(super) const INVOKE: &str = "lambda:InvokeFunction";

/// A statement as AddPermission makes it.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// What is allowed.
    pub action: String,
    /// A service, an account id, an ARN, or `*`.
    pub principal: String,
    /// `AWS:SourceArn`.
    pub source_arn: Option<String>,
    /// `AWS:SourceAccount`.
    pub source_account: Option<String>,
    /// `aws:PrincipalOrgID`.
    pub organization: Option<String>,
    /// `lambda:EventSourceToken`.
    pub event_source_token: Option<String>,
    /// `lambda:FunctionUrlAuthType`.
    pub url_auth_type: Option<String>,
    /// `lambda:InvokedViaFunctionUrl`.
    pub via_url: bool,
    /// It says what no AddPermission makes: somebody wrote it into the policy.
    pub foreign: bool,
}

/// What the spec says.
pub(super) fn of_spec(spec: &Permission) -> (String, Statement) {
    let Permission {
        statement_id,
        action,
        principal,
        source_arn,
        source_account,
        principal_org_id,
        event_source_token,
        function_url_auth_type,
        invoked_via_function_url,
    } = spec;
    let auth_type = |auth: &UrlAuthType| match auth {
        UrlAuthType::None => "NONE".to_owned(),
        UrlAuthType::AwsIam => "AWS_IAM".to_owned(),
    };
    let statement = Statement {
        action: action.clone().unwrap_or_else(|| INVOKE.to_owned()),
        principal: account_of(principal).to_owned(),
        source_arn: source_arn.clone(),
        source_account: source_account.clone(),
        organization: principal_org_id.clone(),
        event_source_token: event_source_token.clone(),
        url_auth_type: function_url_auth_type.as_ref().map(auth_type),
        via_url: invoked_via_function_url.unwrap_or_default(),
        foreign: false,
    };
    (statement_id.clone(), statement)
}

/// The ARN of an account's root and the account's id mean the same; AWS shows the ARN.
pub(crate) fn account_of(principal: &str) -> &str {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, "root"] => account,
        _ => principal,
    }
}

/// The statements of a policy, by their ids.
///
/// # Errors
/// When it isn't a policy.
pub fn statements(document: &str) -> Result<Vec<(String, Statement)>, serde_json::Error> {
    let document: Json = serde_json::from_str(document)?;
    let statements = document["Statement"].as_array().cloned().unwrap_or_default();
    let sid = |statement: &Json| statement["Sid"].as_str().unwrap_or_default().to_owned();
    Ok(statements.iter().map(|statement| (sid(statement), statement_of(statement))).collect())
}

fn statement_of(statement: &Json) -> Statement {
    let foreign = || Statement { foreign: true, ..Statement::default() };
    let known = || {
        let mut made = Statement {
            action: statement["Action"].as_str()?.to_owned(),
            principal: principal_of(&statement["Principal"])?,
            ..Statement::default()
        };
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for (key, value) in keys.as_object()? {
                let value = scalar(value)?;
                let place = match key.to_ascii_lowercase().as_str() {
                    "aws:sourcearn" => &mut made.source_arn,
                    "aws:sourceaccount" => &mut made.source_account,
                    "aws:principalorgid" => &mut made.organization,
                    "lambda:eventsourcetoken" => &mut made.event_source_token,
                    "lambda:functionurlauthtype" => &mut made.url_auth_type,
                    "lambda:invokedviafunctionurl" if operator == "Bool" => {
                        made.via_url = value == "true";
                        continue;
                    }
                    _ => return None,
                };
                let usual = matches!(operator.as_str(), "ArnLike" | "StringEquals" | "StringLike");
                if !usual || place.replace(value).is_some() {
                    return None;
                }
            }
        }
        (statement["Effect"] == "Allow").then_some(made)
    };
    known().unwrap_or_else(foreign)
}

fn principal_of(principal: &Json) -> Option<String> {
    match principal {
        Json::String(everybody) => Some(everybody.clone()),
        Json::Object(types) if types.len() == 1 => {
            let (kind, who) = types.iter().next()?;
            let known = kind == "AWS" || kind == "Service";
            scalar(who).filter(|_| known).map(|who| account_of(&who).to_owned())
        }
        _ => None,
    }
}

/// The only element of a list, or what isn't one, as text.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Array(one) if one.len() == 1 => scalar(one.first()?),
        _ => None,
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, principal, source_arn, source_account, organization, .. } = self;
        let Self { event_source_token, url_auth_type, via_url, foreign, .. } = self;
        if *foreign {
            return f.write_str("a statement that somebody wrote");
        }
        write!(f, "{action} for {principal}")?;
        let conditions = [
            ("from", source_arn),
            ("of account", source_account),
            ("of", organization),
            ("with URL type", url_auth_type),
        ];
        for (what, value) in conditions {
            value.iter().try_for_each(|value| write!(f, " {what} {value}"))?;
        }
        if event_source_token.is_some() {
            // It is a kind of password.
            f.write_str(" with a token")?;
        }
        if *via_url { f.write_str(" by the URL") } else { Ok(()) }
    }
}

/// For logs: as people are told, without the token.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A whole policy.
#[derive(Clone, Debug)]
pub struct Document {
    document: Json,
    /// As it is compared.
    canonical: Json,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Document {}

impl Document {
    /// What AWS has.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self::new(serde_json::from_str(text)?))
    }

    fn new(document: Json) -> Self {
        Self { canonical: canonical(&document), document }
    }

    /// As it is sent: statements that name no resource are about this one.
    pub fn about(&self, arn: &str) -> String {
        let mut document = self.document.clone();
        for statement in document["Statement"].as_array_mut().into_iter().flatten() {
            if let Some(statement) = statement.as_object_mut() {
                statement.entry("Resource").or_insert_with(|| json!(arn));
            }
        }
        document.to_string()
    }

    /// What the spec says, with the statements of a URL for everybody.
    pub(super) fn of_spec(spec: &ResourcePolicy, added: &[(&str, Statement)]) -> Self {
        let mut document = spec.0.clone();
        document.entry("Version").or_insert_with(|| json!("2012-10-17"));
        let statements = document.remove("Statement").unwrap_or_default();
        let mut statements = match statements {
            Json::Array(statements) => statements,
            Json::Null => Vec::new(),
            one => vec![one],
        };
        let own: Vec<Json> = statements.iter().map(|statement| statement["Sid"].clone()).collect();
        let added = added.iter().filter(|(sid, _)| !own.contains(&json!(sid)));
        statements.extend(added.map(|(sid, statement)| written(sid, statement)));
        document.insert("Statement".into(), Json::Array(statements));
        Self::new(Json::Object(document))
    }
}

/// A statement of a URL, as it is written into a policy.
fn written(sid: &str, statement: &Statement) -> Json {
    let mut condition = Map::new();
    if let Some(auth_type) = &statement.url_auth_type {
        condition.insert("StringEquals".into(), json!({"lambda:FunctionUrlAuthType": auth_type}));
    }
    if statement.via_url {
        condition.insert("Bool".into(), json!({"lambda:InvokedViaFunctionUrl": "true"}));
    }
    json!({
        "Sid": sid, "Effect": "Allow", "Principal": statement.principal, "Action": statement.action,
        "Condition": condition,
    })
}

/// Lists of one are their element, the order of others means nothing, keys of conditions have no case, and an account's root
/// is its id.
fn canonical(value: &Json) -> Json {
    match value {
        Json::Array(items) if items.len() == 1 => canonical(&items[0]),
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(canonical).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        Json::Object(fields) => {
            let key = |key: &str| if key.contains(':') { key.to_ascii_lowercase() } else { key.to_owned() };
            // AWS adds an id of its own, leaves out a condition that says nothing, and writes in full which resource the
            // policy is about.
            let says = |(name, value): &(&String, &Json)| match name.as_str() {
                "Id" | "Resource" => false,
                "Condition" => value.as_object().is_none_or(|condition| !condition.is_empty()),
                _ => true,
            };
            Json::Object(
                fields.iter().filter(says).map(|(name, value)| (key(name), canonical(value))).collect(),
            )
        }
        Json::String(text) => json!(account_of(text)),
        Json::Bool(value) => json!(value.to_string()),
        other => other.clone(),
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statements = match &self.canonical["Statement"] {
            Json::Array(statements) => statements.len(),
            Json::Null => 0,
            _ => 1,
        };
        write!(f, "{statements} statements")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(statement: &Json) -> Statement {
        let document = json!({"Version": "2012-10-17", "Id": "default", "Statement": [statement]});
        statements(&document.to_string()).unwrap().remove(0).1
    }

    fn spec(spec: Json) -> Statement {
        of_spec(&serde_json::from_value(spec).unwrap()).1
    }

    #[test]
    fn what_aws_writes_is_what_was_asked_for() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        let aws = json!({
            "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": INVOKE, "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceAccount": "111122223333"}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}},
        });
        let wanted = json!({
            "statementId": "s3", "principal": "s3.amazonaws.com", "sourceArn": "arn:aws:s3:::b", "sourceAccount": "111122223333",
        });
        assert_eq!(read(&aws), spec(wanted));
        for principal in ["444455556666", "arn:aws:iam::444455556666:root"] {
            let aws = json!({
                "Sid": "a", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": INVOKE, "Resource": arn,
            });
            assert_eq!(
                read(&aws),
                spec(json!({"statementId": "a", "principal": principal})),
                "an account id converges"
            );
        }
        for (sid, statement) in super::super::url::statements() {
            assert_eq!(read(&written(sid, &statement)), statement, "{sid}");
        }
    }

    #[test]
    fn what_no_permission_makes_is_foreign() {
        let allow = json!({"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": INVOKE});
        assert!(!read(&allow).foreign);
        for (field, value) in [
            ("Effect", json!("Deny")),
            ("Action", json!(["lambda:InvokeFunction", "lambda:GetFunction"])),
            ("Principal", json!({"AWS": ["1", "2"]})),
            ("Principal", json!({"Federated": "x"})),
            ("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})),
            ("Condition", json!({"StringNotEquals": {"AWS:SourceAccount": "1"}})),
        ] {
            let mut other = allow.clone();
            other[field] = value;
            assert!(read(&other).foreign, "{other}");
        }
    }

    #[test]
    fn the_token_of_a_skill_is_printed_nowhere() {
        let wanted = json!({"statementId": "skill", "principal": "alexa-appkit.amazon.com", "eventSourceToken": "hunter2"});
        let statement = spec(wanted);
        assert_eq!(statement.event_source_token.as_deref(), Some("hunter2"));
        for printed in [format!("{statement}"), format!("{statement:?}")] {
            assert!(printed.contains("with a token") && !printed.contains("hunter2"), "{printed}");
        }
    }

    #[test]
    fn two_spellings_of_a_policy_are_one() {
        let spec = |value: Json| Document::of_spec(&ResourcePolicy(value.as_object().unwrap().clone()), &[]);
        let one =
            spec(json!({"Statement": [{"Sid": "a", "Principal": {"AWS": "111122223333"}, "Action": ["x"]}]}));
        let aws = json!({
            "Version": "2012-10-17", "Id": "default",
            "Statement": [{"Sid": "a", "Action": "x", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Condition": {}}],
        });
        assert_eq!(one.canonical, Document::read(&aws.to_string()).unwrap().canonical);
        let other = spec(json!({"Statement": [{"Sid": "a", "Principal": "*", "Action": "x"}]}));
        assert_ne!(one, other);
    }

    #[test]
    fn the_statements_of_a_url_are_merged_in_unless_they_are_there() {
        let own = json!({"Statement": {"Sid": "FunctionURLAllowPublicAccess", "Principal": "*"}});
        let spec = ResourcePolicy(own.as_object().unwrap().clone());
        let document = Document::of_spec(&spec, &super::super::url::statements());
        let ids: Vec<String> =
            statements(&document.about("arn:f")).unwrap().into_iter().map(|(sid, _)| sid).collect();
        assert_eq!(ids, ["FunctionURLAllowPublicAccess", "FunctionURLAllowInvokeAction"]);
    }
}
