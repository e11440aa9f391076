//! Resource policies: of functions, their versions and aliases, and of layer versions
//! (<https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>).

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::merge::into_object;
use crate::request::Object;

/// Bytes that a policy may have (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: usize = 20_480;

/// A policy document whose `Statement` is a list.
#[derive(Clone, Debug)]
pub(crate) struct Policy(Object);

impl Default for Policy {
    /// The one that the first statement is added to.
    fn default() -> Self {
        Self(into_object(json!({"Version": "2012-10-17", "Id": "default", "Statement": []})))
    }
}

impl Policy {
    /// A whole document as it is stored: with a list of statements, and accounts as the ARNs of their roots.
    pub(crate) fn new(document: Value) -> Self {
        let mut document = into_object(document);
        let statements = match document.remove("Statement") {
            Some(Value::Array(statements)) => statements,
            Some(statement) => vec![statement],
            None => Vec::new(),
        };
        document.insert("Statement".into(), statements.into_iter().map(with_roots).collect());
        Self(document)
    }

    pub(crate) fn statements(&self) -> &[Value] {
        self.0.get("Statement").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn statements_mut(&mut self) -> Option<&mut Vec<Value>> {
        self.0.get_mut("Statement").and_then(Value::as_array_mut)
    }

    pub(crate) fn has(&self, sid: &str) -> bool {
        self.statements().iter().any(|statement| statement["Sid"] == sid)
    }

    /// Refuses the id of a statement that there isn't.
    pub(crate) fn check_has(&self, sid: &str) -> Result<(), ApiError> {
        let missing = || ApiError::not_found(format!("Statement {sid} is not found in resource policy."));
        if self.has(sid) { Ok(()) } else { Err(missing()) }
    }

    /// The policy with one more statement; refused if its id is taken or the policy becomes too long.
    pub(crate) fn with(mut self, statement: Value) -> Result<Self, ApiError> {
        let sid = statement["Sid"].as_str().unwrap_or_default();
        if self.has(sid) {
            return Err(ApiError::conflict(format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            )));
        }
        self.put(statement);
        self.check_length()?;
        Ok(self)
    }

    /// Puts a statement in the place of the one with its id, or at the end.
    pub(crate) fn put(&mut self, statement: Value) {
        if let Some(statements) = self.statements_mut() {
            statements.retain(|known| known["Sid"] != statement["Sid"]);
            statements.push(statement);
        }
    }

    /// The policy without a statement; without any there is none.
    pub(crate) fn without(mut self, sid: &str) -> Option<Self> {
        if let Some(statements) = self.statements_mut() {
            statements.retain(|statement| statement["Sid"] != sid);
        }
        Some(self).filter(|policy| !policy.statements().is_empty())
    }

    /// Refuses what is longer than a policy may be.
    pub(crate) fn check_length(&self) -> Result<(), ApiError> {
        let length = self.text().len();
        if length <= LONGEST {
            return Ok(());
        }
        let text = format!("The final policy size ({length}) is bigger than the limit ({LONGEST}).");
        Err(ApiError::new(400, "PolicyLengthExceededException", text))
    }

    /// The document as JSON.
    pub(crate) fn document(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The document as it stands in answers.
    pub(crate) fn text(&self) -> String {
        self.document().to_string()
    }
}

/// AWS's answer where a policy is needed and there is none.
pub(crate) fn none() -> ApiError {
    ApiError::not_found("No policy is associated with the given resource.")
}

/// A principal as a policy names it: a service, or an account by the ARN of its root.
pub(crate) fn principal(name: &str) -> Value {
    match name {
        "*" => json!("*"),
        service if is_service(service) => json!({"Service": service}),
        other => json!({"AWS": root_of(other)}),
    }
}

/// Whether a principal is a service, e.g. `s3.amazonaws.com` or, of Alexa, `alexa-appkit.amazon.com`.
pub(crate) fn is_service(principal: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"].iter().any(|end| principal.ends_with(end))
}

/// The ARN of an account's root; of anything else itself.
fn root_of(principal: &str) -> String {
    if is_account(principal) { format!("arn:aws:iam::{principal}:root") } else { principal.to_owned() }
}

/// Whether a principal is an account by its 12 digits.
pub(crate) fn is_account(principal: &str) -> bool {
    principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit())
}

fn with_roots(mut statement: Value) -> Value {
    let accounts = statement.pointer_mut("/Principal/AWS");
    match accounts {
        Some(Value::String(account)) => *account = root_of(account),
        Some(Value::Array(accounts)) => {
            let roots =
                accounts.iter().map(|account| account.as_str().map_or(Value::Null, |a| root_of(a).into()));
            *accounts = roots.collect();
        }
        _ => {}
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: &str) -> Value {
        json!({"Sid": sid, "Principal": "*"})
    }

    #[test]
    fn statements_come_and_go_by_their_ids() {
        let policy = Policy::default().with(statement("a")).unwrap().with(statement("b")).unwrap();
        assert_eq!(policy.clone().with(statement("a")).unwrap_err().status, 409);
        let policy = policy.without("a").unwrap();
        assert!(policy.has("b") && !policy.has("a"));
        assert_eq!(
            policy.text(),
            r#"{"Id":"default","Statement":[{"Principal":"*","Sid":"b"}],"Version":"2012-10-17"}"#
        );
        assert!(policy.without("b").is_none());
    }

    #[test]
    fn a_whole_document_is_brought_into_shape() {
        let one =
            json!({"Version": "2012-10-17", "Statement": {"Principal": {"AWS": ["111122223333", "arn:x"]}}});
        let policy = Policy::new(one);
        assert_eq!(
            policy.statements(),
            [json!({"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:x"]}})]
        );
        assert!(policy.document().get("Id").is_none());
    }

    #[test]
    fn principals_are_services_accounts_and_others() {
        assert_eq!(principal("*"), "*");
        assert_eq!(principal("s3.amazonaws.com"), json!({"Service": "s3.amazonaws.com"}));
        assert_eq!(principal("alexa-appkit.amazon.com"), json!({"Service": "alexa-appkit.amazon.com"}));
        assert_eq!(principal("111122223333"), json!({"AWS": "arn:aws:iam::111122223333:root"}));
        let role = "arn:aws:iam::111122223333:role/r";
        assert_eq!(principal(role), json!({"AWS": role}));
    }
}
