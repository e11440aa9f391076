//! The operations on how many execution environments `$LATEST.PUBLISHED` has.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-scaling.html>

use aws_sdk_lambda::types::FunctionScalingConfig;

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{checked, found};
use super::quota::Priority;
use crate::function::model::LATEST_PUBLISHED;
use crate::section::{Limits, Scaling};

impl Scope {
    /// How far AWS is, or `None` when nothing is published.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionScalingConfig.html>
    pub async fn get_scaling(&self, function: &str, priority: Priority) -> Result<Option<Scaling>, AwsError> {
        const OPERATION: &str = "GetFunctionScalingConfig";
        let function = checked(OPERATION, function)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function_scaling_config().function_name(function).qualifier(LATEST_PUBLISHED).send()
        };
        let output = found(self.call(Call::read(OPERATION, priority), send).await)?;
        Ok(output.map(|output| Scaling {
            requested: output
                .requested_function_scaling_config
                .as_ref()
                .and_then(|config| limits(config).some()),
            applied: output.applied_function_scaling_config.as_ref().map(limits).unwrap_or_default(),
        }))
    }

    /// Sets AWS to work; `None`: its default.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionScalingConfig.html>
    pub async fn put_scaling(
        &self,
        function: &str,
        limits: Option<Limits>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "PutFunctionScalingConfig";
        let function = checked(OPERATION, function)?;
        let config = limits.map(|Limits { min, max }| {
            let config = FunctionScalingConfig::builder();
            config.set_min_execution_environments(min).set_max_execution_environments(max).build()
        });
        let send = |client: aws_sdk_lambda::Client| {
            client
                .put_function_scaling_config()
                .function_name(function)
                .qualifier(LATEST_PUBLISHED)
                .set_function_scaling_config(config)
                .send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }
}

fn limits(config: &FunctionScalingConfig) -> Limits {
    Limits { min: config.min_execution_environments, max: config.max_execution_environments }
}
