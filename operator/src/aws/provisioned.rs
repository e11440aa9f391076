//! The operations on provisioned concurrency.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{checked, found};
use super::quota::Priority;
use crate::section::Provisioned;
use crate::section::execute::Target;

/// How far AWS is; the operations give the same members.
macro_rules! provisioned_of {
    ($output:expr) => {{
        let output = $output;
        Provisioned {
            requested: output.requested_provisioned_concurrent_executions.unwrap_or_default(),
            available: output.available_provisioned_concurrent_executions.unwrap_or_default(),
            allocated: output.allocated_provisioned_concurrent_executions.unwrap_or_default(),
            status: output.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            reason: output.status_reason,
        }
    }};
}
pub(super) use provisioned_of;

impl Scope {
    /// How far AWS is, or `None` when nothing is provisioned.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html>
    pub async fn get_provisioned(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<Option<Provisioned>, AwsError> {
        const OPERATION: &str = "GetProvisionedConcurrencyConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client
                .get_provisioned_concurrency_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .send()
        };
        let output = found(self.call(Call::read(OPERATION, priority), send).await)?;
        Ok(output.map(|output| provisioned_of!(output)))
    }

    /// Sets AWS to work.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html>
    pub async fn put_provisioned(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        number: i32,
        priority: Priority,
    ) -> Result<Provisioned, AwsError> {
        const OPERATION: &str = "PutProvisionedConcurrencyConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client
                .put_provisioned_concurrency_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .provisioned_concurrent_executions(number)
                .send()
        };
        let output = self.call(Call::write(OPERATION, priority), send).await?;
        Ok(provisioned_of!(output))
    }

    /// Ends it; done when nothing is provisioned.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteProvisionedConcurrencyConfig.html>
    pub async fn delete_provisioned(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteProvisionedConcurrencyConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client
                .delete_provisioned_concurrency_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .send()
        };
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }
}
