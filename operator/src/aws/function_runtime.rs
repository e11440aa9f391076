//! The operations on how Lambda treats a function at run time: recursive loops, and updates of its runtime.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html>

use aws_sdk_lambda::types::{RecursiveLoop, UpdateRuntimeOn};

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{checked, found};
use super::quota::Priority;
use crate::section::{RuntimeManagement, TERMINATE};

impl Scope {
    /// What AWS does with a recursive loop; `None`: its default.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionRecursionConfig.html>
    pub async fn get_recursive_loop(
        &self,
        function: &str,
        priority: Priority,
    ) -> Result<Option<String>, AwsError> {
        const OPERATION: &str = "GetFunctionRecursionConfig";
        let function = checked(OPERATION, function)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function_recursion_config().function_name(function).send()
        };
        let output = found(self.call(Call::read(OPERATION, priority), send).await)?;
        let treatment = output.and_then(|output| output.recursive_loop);
        let treatment = treatment.filter(|treatment| treatment.as_str() != TERMINATE);
        Ok(treatment.map(|treatment| treatment.as_str().to_owned()))
    }

    /// Says what AWS does with a recursive loop.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html>
    pub async fn put_recursive_loop(
        &self,
        function: &str,
        treatment: &str,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "PutFunctionRecursionConfig";
        let (function, treatment) = (checked(OPERATION, function)?, RecursiveLoop::from(treatment));
        let send = |client: aws_sdk_lambda::Client| {
            client.put_function_recursion_config().function_name(function).recursive_loop(treatment).send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// When the runtime of `$LATEST` is updated; `None`: AWS's default.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetRuntimeManagementConfig.html>
    pub async fn get_runtime_management(
        &self,
        function: &str,
        priority: Priority,
    ) -> Result<Option<RuntimeManagement>, AwsError> {
        const OPERATION: &str = "GetRuntimeManagementConfig";
        let function = checked(OPERATION, function)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.get_runtime_management_config().function_name(function).send()
        };
        let output = found(self.call(Call::read(OPERATION, priority), send).await)?;
        Ok(output.and_then(|output| {
            let update_on = output.update_runtime_on?;
            // AWS shows the version that is used whatever the mode; it is a setting only with this one.
            let arn = output.runtime_version_arn.filter(|_| update_on == UpdateRuntimeOn::Manual);
            RuntimeManagement::new(update_on.as_str(), arn)
        }))
    }

    /// Says when the runtime of `$LATEST` is updated; `None`: AWS's default.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html>
    pub async fn put_runtime_management(
        &self,
        function: &str,
        updates: Option<&RuntimeManagement>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "PutRuntimeManagementConfig";
        let function = checked(OPERATION, function)?;
        let update_on = updates.map_or(RuntimeManagement::AUTO, |updates| updates.update_on.as_str());
        let arn = updates.and_then(|updates| updates.version_arn.clone());
        let send = |client: aws_sdk_lambda::Client| {
            client
                .put_runtime_management_config()
                .function_name(function)
                .update_runtime_on(UpdateRuntimeOn::from(update_on))
                .set_runtime_version_arn(arn)
                .send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }
}
