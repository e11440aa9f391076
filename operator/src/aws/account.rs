//! What AWS allows an account in a region, and how much of it is used: what LambdaAccount shows.

use aws_sdk_lambda::types;
use lambda_operator_crds::{AccountLimits, AccountUsage};

use super::call::{Call, Scope};
use super::error::AwsError;
use super::quota::Priority;

impl Scope {
    /// The account's limits in the region, and its use of them.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html>
    pub async fn account_settings(
        &self,
        priority: Priority,
    ) -> Result<(AccountLimits, AccountUsage), AwsError> {
        let send = |client: aws_sdk_lambda::Client| client.get_account_settings().send();
        let output = self.call(Call::read("GetAccountSettings", priority), send).await?;
        let limits = output.account_limit().map(limits).unwrap_or_default();
        let usage = output.account_usage().map(usage).unwrap_or_default();
        Ok((limits, usage))
    }
}

fn limits(limit: &types::AccountLimit) -> AccountLimits {
    AccountLimits {
        concurrent_executions: Some(limit.concurrent_executions.into()),
        unreserved_concurrent_executions: limit.unreserved_concurrent_executions.map(i64::from),
        code_size_zipped: Some(limit.code_size_zipped),
        code_size_unzipped: Some(limit.code_size_unzipped),
        total_code_size: Some(limit.total_code_size),
    }
}

fn usage(usage: &types::AccountUsage) -> AccountUsage {
    AccountUsage { function_count: Some(usage.function_count), total_code_size: Some(usage.total_code_size) }
}
