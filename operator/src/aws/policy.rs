//! The operations on the resource policies of functions and aliases.
//!
//! AWS loses statements when several are added at the same time, so there is one writer per function.
//! <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>

use aws_sdk_lambda::types::FunctionUrlAuthType;

use super::call::{Call, Kind, Scope};
use super::error::{AwsError, Class};
use super::function::{checked, found};
use super::quota::{Priority, QuotaClass};
use crate::section::execute::Target;
use crate::section::{Document, Statement, statements};

/// The operation that reads statements.
const POLICY: &str = "GetPolicy";

impl Scope {
    /// The statements of the policy by their ids; none where there is no policy.
    pub async fn get_permissions(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<Vec<(String, Statement)>, AwsError> {
        let document = self.get_policy(function, qualifier, priority).await?;
        document.map_or(Ok(Vec::new()), |document| {
            statements(&document).map_err(|error| unreadable(POLICY, &error))
        })
    }

    /// The policy as AWS writes it, or `None` when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>
    pub(super) async fn get_policy(
        &self,
        function: &str,
        qualifier: Option<&str>,
        priority: Priority,
    ) -> Result<Option<String>, AwsError> {
        let (function, qualifier) = (checked(POLICY, function)?, qualifier.map(str::to_owned));
        let call = Call { operation: POLICY, class: QuotaClass::GetPolicy, priority, kind: Kind::Read };
        let send = |client: aws_sdk_lambda::Client| {
            client.get_policy().function_name(function).set_qualifier(qualifier).send()
        };
        Ok(found(self.call(call, send).await)?.and_then(|output| output.policy))
    }

    /// Adds a statement. One of the same id is refused (`Class::AlreadyExists`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>
    pub async fn add_permission(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        sid: &str,
        statement: &Statement,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "AddPermission";
        let (name, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let Statement {
            action,
            principal,
            source_arn,
            source_account,
            organization,
            event_source_token,
            url_auth_type,
            via_url,
            foreign: _,
        } = statement.clone();
        let url_auth_type = url_auth_type.as_deref().map(FunctionUrlAuthType::from);
        let send = |client: aws_sdk_lambda::Client| {
            client
                .add_permission()
                .function_name(name)
                .set_qualifier(qualifier)
                .statement_id(sid)
                .action(action)
                .principal(principal)
                .set_source_arn(source_arn)
                .set_source_account(source_account)
                .set_principal_org_id(organization)
                .set_event_source_token(event_source_token)
                .set_function_url_auth_type(url_auth_type)
                .set_invoked_via_function_url(via_url.then_some(true))
                .send()
        };
        let _one_writer = self.policy_writer(function).await;
        self.call(Call::create(OPERATION, priority), send).await.map(drop)
    }

    /// Removes a statement; done when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html>
    pub async fn remove_permission(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        sid: &str,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "RemovePermission";
        let (name, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client.remove_permission().function_name(name).set_qualifier(qualifier).statement_id(sid).send()
        };
        let _one_writer = self.policy_writer(function).await;
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }

    /// The whole policy and its revision, or `None` when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetResourcePolicy.html>
    pub async fn get_resource_policy(
        &self,
        target: Target<'_>,
        priority: Priority,
    ) -> Result<Option<(Document, Option<String>)>, AwsError> {
        const OPERATION: &str = "GetResourcePolicy";
        let send =
            |client: aws_sdk_lambda::Client| client.get_resource_policy().resource_arn(target.arn).send();
        let Some(output) = found(self.call(Call::read(OPERATION, priority), send).await)? else {
            return Ok(None);
        };
        let Some(document) = output.policy else { return Ok(None) };
        let document = Document::read(&document).map_err(|error| unreadable(OPERATION, &error))?;
        Ok(Some((document, output.revision_id)))
    }

    /// Replaces the whole policy, if it still has this revision (`Class::Lock`), and says its new one.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutResourcePolicy.html>
    pub async fn put_resource_policy(
        &self,
        target: Target<'_>,
        document: &Document,
        revision: Option<&str>,
        priority: Priority,
    ) -> Result<Option<String>, AwsError> {
        let (document, revision) = (document.about(target.arn), revision.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client
                .put_resource_policy()
                .resource_arn(target.arn)
                .policy(document)
                .set_revision_id(revision)
                .send()
        };
        let _one_writer = self.policy_writer(target.function).await;
        let output = self.call(Call::write("PutResourcePolicy", priority), send).await?;
        Ok(output.revision_id)
    }

    /// Deletes the whole policy, if it still has this revision (`Class::Lock`); done when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteResourcePolicy.html>
    pub async fn delete_resource_policy(
        &self,
        target: Target<'_>,
        revision: Option<&str>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        let revision = revision.map(str::to_owned);
        let send = |client: aws_sdk_lambda::Client| {
            client.delete_resource_policy().resource_arn(target.arn).set_revision_id(revision).send()
        };
        let _one_writer = self.policy_writer(target.function).await;
        found(self.call(Call::write("DeleteResourcePolicy", priority), send).await).map(drop)
    }
}

fn unreadable(operation: &'static str, error: &serde_json::Error) -> AwsError {
    AwsError::new(operation, Class::Transient, "InvalidAnswer", error.to_string())
}
