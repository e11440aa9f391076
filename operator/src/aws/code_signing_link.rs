//! The link from a function to a code-signing configuration: what the kind LambdaFunction and the rotation call.
//!
//! GetFunction doesn't show it, and it changes at once, without an update of the function.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html>

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{checked, found};
use super::quota::Priority;

impl Scope {
    /// ARN of the configuration that the function is linked to, empty when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html>
    pub async fn code_signing_link(&self, name: &str, priority: Priority) -> Result<String, AwsError> {
        const OPERATION: &str = "GetFunctionCodeSigningConfig";
        let name = checked(OPERATION, name)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function_code_signing_config().function_name(name).send()
        };
        let answer = self.call(Call::read(OPERATION, priority), send).await;
        Ok(found(answer)?.map(|output| output.code_signing_config_arn).unwrap_or_default())
    }

    /// Links the function to a configuration, which the next code has to satisfy; what is deployed isn't looked at.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionCodeSigningConfig.html>
    pub async fn link_code_signing(&self, name: &str, arn: &str, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "PutFunctionCodeSigningConfig";
        let name = checked(OPERATION, name)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.put_function_code_signing_config().function_name(name).code_signing_config_arn(arn).send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// Ends the link; done when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionCodeSigningConfig.html>
    pub async fn unlink_code_signing(&self, name: &str, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteFunctionCodeSigningConfig";
        let name = checked(OPERATION, name)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.delete_function_code_signing_config().function_name(name).send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }
}
