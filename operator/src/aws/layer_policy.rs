//! The operations on the policy of a layer version.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html>

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::function::found;
use super::quota::Priority;
use crate::layer::model::{Permission, Policy};
use crate::section::{Statement, statements};

/// The only action that a layer can be used by.
const ACTION: &str = "lambda:GetLayerVersion";

impl Scope {
    /// The policy of a version, empty when it has none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html>
    pub async fn get_layer_policy(
        &self,
        layer: &str,
        number: i64,
        priority: Priority,
    ) -> Result<Policy, AwsError> {
        const OPERATION: &str = "GetLayerVersionPolicy";
        let send = |client: aws_sdk_lambda::Client| {
            client.get_layer_version_policy().layer_name(layer).version_number(number).send()
        };
        let output = found(self.call(Call::read(OPERATION, priority), send).await)?;
        let document = output.and_then(|output| output.policy);
        document.map_or(Ok(Policy::new()), |document| {
            policy(&document).map_err(|error| {
                AwsError::new(OPERATION, Class::Transient, "InvalidAnswer", error.to_string())
            })
        })
    }

    /// Adds a statement. One of the same id is refused (`Class::AlreadyExists`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html>
    pub async fn add_layer_permission(
        &self,
        layer: &str,
        number: i64,
        sid: &str,
        permission: &Permission,
        priority: Priority,
    ) -> Result<(), AwsError> {
        let Permission { principal, organization } = permission;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .add_layer_version_permission()
                .layer_name(layer)
                .version_number(number)
                .statement_id(sid)
                .action(ACTION)
                .principal(principal)
                .set_organization_id(organization.clone())
                .send()
        };
        self.call(Call::write("AddLayerVersionPermission", priority), send).await.map(drop)
    }

    /// Removes a statement; done when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_RemoveLayerVersionPermission.html>
    pub async fn remove_layer_permission(
        &self,
        layer: &str,
        number: i64,
        sid: &str,
        priority: Priority,
    ) -> Result<(), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client
                .remove_layer_version_permission()
                .layer_name(layer)
                .version_number(number)
                .statement_id(sid)
                .send()
        };
        found(self.call(Call::write("RemoveLayerVersionPermission", priority), send).await).map(drop)
    }
}

fn policy(document: &str) -> Result<Policy, serde_json::Error> {
    let statements = statements(document)?;
    Ok(statements.into_iter().map(|(sid, statement)| (sid, permission(&statement))).collect())
}

/// `None` for a statement that AddLayerVersionPermission doesn't make.
fn permission(statement: &Statement) -> Option<Permission> {
    let Statement { principal, organization, .. } = statement.clone();
    let made = Statement { action: ACTION.into(), principal, organization, ..Statement::default() };
    (*statement == made).then_some(Permission { principal: made.principal, organization: made.organization })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(statement: &serde_json::Value) -> Option<Permission> {
        let document = json!({"Version": "2012-10-17", "Id": "default", "Statement": [statement]});
        policy(&document.to_string()).unwrap().remove("s").unwrap()
    }

    #[test]
    fn statements_as_aws_writes_them_are_permissions() {
        let allow = |principal: serde_json::Value, condition: serde_json::Value| {
            read(&json!({
                "Sid": "s", "Effect": "Allow", "Principal": principal, "Action": ACTION,
                "Resource": "arn:aws:lambda:eu-west-1:1:layer:l:1", "Condition": condition,
            }))
        };
        let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
        assert_eq!(allow(root, json!({})), Some(Permission::new("111122223333", None)));
        assert_eq!(allow(json!("*"), json!({})), Some(Permission::new("*", None)));
        let organization = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
        assert_eq!(allow(json!("*"), organization), Some(Permission::new("*", Some("o-1"))));
        for condition in
            [json!({"Bool": {"aws:SecureTransport": "true"}}), json!({"StringEquals": {"a": "b"}})]
        {
            assert_eq!(allow(json!("*"), condition), None, "it says more than a permission can");
        }
    }

    #[test]
    fn what_denies_or_names_several_is_none() {
        let two = json!({"AWS": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]});
        assert_eq!(read(&json!({"Sid": "s", "Effect": "Allow", "Principal": two, "Action": ACTION})), None);
        assert_eq!(read(&json!({"Sid": "s", "Effect": "Deny", "Principal": "*", "Action": ACTION})), None);
        assert_eq!(read(&json!({"Sid": "s"})), None);
        assert!(policy("{}").unwrap().is_empty() && policy("no JSON").is_err());
    }
}
