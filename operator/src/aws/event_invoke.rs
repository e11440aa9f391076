//! The operations on the settings of asynchronous invocations.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>

use aws_sdk_lambda::types::{DestinationConfig, OnFailure, OnSuccess};

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{checked, found};
use super::quota::Priority;
use crate::section::EventInvoke;
use crate::section::execute::Target;

impl Scope {
    /// The settings of a function or an alias; `None`: AWS's defaults.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html>
    pub async fn get_event_invoke(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<Option<EventInvoke>, AwsError> {
        const OPERATION: &str = "GetFunctionEventInvokeConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function_event_invoke_config().function_name(function).set_qualifier(qualifier).send()
        };
        let Some(output) = found(self.call(Call::read(OPERATION, priority), send).await)? else {
            return Ok(None);
        };
        let (retries, age) = (output.maximum_retry_attempts, output.maximum_event_age_in_seconds);
        Ok(read(retries, age, output.destination_config))
    }

    /// Replaces the settings: what isn't sent is AWS's default again.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>
    pub async fn put_event_invoke(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        settings: &EventInvoke,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "PutFunctionEventInvokeConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let EventInvoke { retries, age, on_success, on_failure } = settings;
        let success = on_success.as_ref().map(|arn| OnSuccess::builder().destination(arn).build());
        let failure = on_failure.as_ref().map(|arn| OnFailure::builder().destination(arn).build());
        let destinations = (success.is_some() || failure.is_some())
            .then(|| DestinationConfig::builder().set_on_success(success).set_on_failure(failure).build());
        let send = |client: aws_sdk_lambda::Client| {
            client
                .put_function_event_invoke_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .set_maximum_retry_attempts(*retries)
                .set_maximum_event_age_in_seconds(*age)
                .set_destination_config(destinations)
                .send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// Deletes the settings; done when there are none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html>
    pub async fn delete_event_invoke(
        &self,
        Target { function, qualifier, arn: _ }: Target<'_>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteFunctionEventInvokeConfig";
        let (function, qualifier) = (checked(OPERATION, function)?, qualifier.map(str::to_owned));
        let send = |client: aws_sdk_lambda::Client| {
            client
                .delete_function_event_invoke_config()
                .function_name(function)
                .set_qualifier(qualifier)
                .send()
        };
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }
}

/// As AWS describes them; `None`: its defaults.
pub(super) fn read(
    retries: Option<i32>,
    age: Option<i32>,
    destinations: Option<DestinationConfig>,
) -> Option<EventInvoke> {
    let (success, failure) = destinations.map_or((None, None), |has| (has.on_success, has.on_failure));
    let on_success = success.and_then(|success| success.destination);
    let on_failure = failure.and_then(|failure| failure.destination);
    EventInvoke { retries, age, on_success, on_failure }.normalized()
}
