//! What an account has, in the fewest calls: what `kubectl lambda import` asks. Lists say most of it.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types;

use super::call::{Call, Kind, Scope};
use super::capacity_provider;
use super::code_signing;
use super::error::{AwsError, Class};
use super::event_invoke;
use super::function::{PAGE, checked, found, next};
use super::function_answer as answer;
use super::layer;
use super::quota::{Priority, QuotaClass};
use super::url;
use crate::alias::model::Alias;
use crate::engine::tags::Tags;
use crate::function::model::Observed;
use crate::layer::model::Version;
use crate::section::{EventInvoke, Provisioned, Url};
use crate::{capacity_provider as provider, code_signing as signing};

/// All of these calls are for a person who waits.
const PRIORITY: Priority = Priority::User;

/// The pages of a list, one after the other.
macro_rules! pages {
    ($scope:expr, $call:expr, $request:expr, $items:expr) => {{
        let (mut marker, mut all) = (None, Vec::new());
        loop {
            let send = |client: Client| $request(client).set_marker(marker).send();
            let Some(output) = found($scope.call($call, send).await)? else { break Ok(all) };
            let following = output.next_marker.clone();
            all.extend($items(output));
            marker = next(following);
            if marker.is_none() {
                break Ok(all);
            }
        }
    }};
}

impl Scope {
    /// The names of all functions.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
    pub async fn function_names(&self) -> Result<Vec<String>, AwsError> {
        let (mut marker, mut names) = (None, Vec::new());
        loop {
            let (page, after) = self.list_functions(marker, PRIORITY).await?;
            names.extend(page.into_iter().map(|(name, _)| name));
            marker = after;
            if marker.is_none() {
                return Ok(names);
            }
        }
    }

    /// A function, and where its package can be downloaded for some minutes: a URL that needs no credentials, and belongs in
    /// no log. `None`: there is no such function.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>
    pub async fn function_with_package(
        &self,
        name: &str,
    ) -> Result<Option<(Observed, Option<String>)>, AwsError> {
        const OPERATION: &str = "GetFunction";
        let name = checked(OPERATION, name)?;
        let class = QuotaClass::GetFunction;
        let call = Call { operation: OPERATION, class, priority: PRIORITY, kind: Kind::Read };
        let send = |client: Client| client.get_function().function_name(name).send();
        let Some(output) = found(self.call(call, send).await)? else { return Ok(None) };
        let location = output.code.as_ref().and_then(|code| code.location.clone());
        let nothing =
            || AwsError::new(OPERATION, Class::Transient, "InvalidAnswer", "AWS described no configuration");
        let observed = answer::from_get(output).ok_or_else(nothing)?;
        Ok(Some((observed, location)))
    }

    /// The aliases of a function, by name.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>
    pub async fn aliases_of(&self, function: &str) -> Result<Vec<(String, Alias)>, AwsError> {
        const OPERATION: &str = "ListAliases";
        let function = checked(OPERATION, function)?;
        pages!(
            self,
            Call::read(OPERATION, PRIORITY),
            |client: Client| client.list_aliases().function_name(function),
            |output: aws_sdk_lambda::operation::list_aliases::ListAliasesOutput| {
                output
                    .aliases
                    .unwrap_or_default()
                    .into_iter()
                    .map(|alias| (alias.name.clone().unwrap_or_default(), super::alias::alias_of!(alias)))
            }
        )
    }

    /// The URLs of a function and its aliases, each with the alias (`None`: the function's own) and its address.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html>
    pub async fn urls_of(&self, function: &str) -> Result<Vec<(Option<String>, (Url, String))>, AwsError> {
        const OPERATION: &str = "ListFunctionUrlConfigs";
        let function = checked(OPERATION, function)?;
        pages!(
            self,
            Call::read(OPERATION, PRIORITY),
            |client: Client| client.list_function_url_configs().function_name(function),
            |output: aws_sdk_lambda::operation::list_function_url_configs::ListFunctionUrlConfigsOutput| {
                output.function_url_configs.into_iter().map(|config| {
                    let of = qualifier(&config.function_arn);
                    (of, (url::read(&config.auth_type, config.invoke_mode, config.cors), config.function_url))
                })
            }
        )
    }

    /// The settings of asynchronous invocations of a function, its versions and its aliases, each with the qualifier (`None`:
    /// the function's own). Those that are AWS's defaults are `None`.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html>
    pub async fn event_invokes_of(
        &self,
        function: &str,
    ) -> Result<Vec<(Option<String>, Option<EventInvoke>)>, AwsError> {
        const OPERATION: &str = "ListFunctionEventInvokeConfigs";
        let function = checked(OPERATION, function)?;
        pages!(
            self,
            Call::read(OPERATION, PRIORITY),
            |client: Client| client.list_function_event_invoke_configs().function_name(function),
            |output: aws_sdk_lambda::operation::list_function_event_invoke_configs::ListFunctionEventInvokeConfigsOutput| {
                output.function_event_invoke_configs.unwrap_or_default().into_iter().map(|config| {
                    let of = config.function_arn.as_deref().and_then(qualifier);
                    let (retries, age) = (config.maximum_retry_attempts, config.maximum_event_age_in_seconds);
                    (of, event_invoke::read(retries, age, config.destination_config))
                })
            }
        )
    }

    /// The provisioned concurrency of the versions and aliases of a function, each with the qualifier.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html>
    pub async fn provisioned_of(&self, function: &str) -> Result<Vec<(String, Provisioned)>, AwsError> {
        const OPERATION: &str = "ListProvisionedConcurrencyConfigs";
        let function = checked(OPERATION, function)?;
        pages!(
            self,
            Call::read(OPERATION, PRIORITY),
            |client: Client| client.list_provisioned_concurrency_configs().function_name(function),
            |output: aws_sdk_lambda::operation::list_provisioned_concurrency_configs::ListProvisionedConcurrencyConfigsOutput| {
                output.provisioned_concurrency_configs.unwrap_or_default().into_iter().filter_map(|config| {
                    let of = config.function_arn.as_deref().and_then(qualifier)?;
                    Some((of, super::provisioned::provisioned_of!(config)))
                })
            }
        )
    }

    /// All code-signing configurations, without tags and functions.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListCodeSigningConfigs.html>
    pub async fn code_signing_configs(&self) -> Result<Vec<signing::model::Observed>, AwsError> {
        pages!(
            self,
            Call::read("ListCodeSigningConfigs", PRIORITY),
            |client: Client| client.list_code_signing_configs().max_items(code_signing::PAGE),
            |output: aws_sdk_lambda::operation::list_code_signing_configs::ListCodeSigningConfigsOutput| {
                let configs = output.code_signing_configs.unwrap_or_default().into_iter();
                configs.map(|config| code_signing::observed(config, Ok(Tags::new())))
            }
        )
    }

    /// All capacity providers, without tags and functions.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListCapacityProviders.html>
    pub async fn capacity_providers(&self) -> Result<Vec<provider::model::Observed>, AwsError> {
        pages!(
            self,
            capacity_provider::read("ListCapacityProviders", PRIORITY),
            |client: Client| client.list_capacity_providers().max_items(capacity_provider::PAGE),
            |output: aws_sdk_lambda::operation::list_capacity_providers::ListCapacityProvidersOutput| {
                let providers = output.capacity_providers.into_iter();
                providers.map(|provider| capacity_provider::observed(provider, Ok(Tags::new())))
            }
        )
    }

    /// The newest version of each layer, by the layer's name.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html>
    pub async fn newest_of_layers(&self) -> Result<Vec<(String, Version)>, AwsError> {
        pages!(
            self,
            Call::read("ListLayers", PRIORITY),
            |client: Client| client.list_layers().max_items(PAGE),
            |output: aws_sdk_lambda::operation::list_layers::ListLayersOutput| {
                output.layers.unwrap_or_default().into_iter().filter_map(|listed: types::LayersListItem| {
                    Some((listed.layer_name?, layer::listed(listed.latest_matching_version?)?))
                })
            }
        )
    }

    /// A version of a layer, and where its content can be downloaded for some minutes, as of
    /// [`Self::function_with_package`].
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html>
    pub async fn layer_with_package(
        &self,
        name: &str,
        number: i64,
    ) -> Result<Option<(Version, Option<String>)>, AwsError> {
        let send = |client: Client| client.get_layer_version().layer_name(name).version_number(number).send();
        let call = Call::read("GetLayerVersion", PRIORITY);
        let Some(output) = found(self.call(call, send).await)? else { return Ok(None) };
        let location = output.content.as_ref().and_then(|content| content.location.clone());
        Ok(Some((layer::version_of(output)?, location)))
    }

    /// The tags of a resource, or AWS's text on why they may not be read.
    pub async fn tags_of(&self, arn: &str) -> Result<Result<Tags, String>, AwsError> {
        self.readable_tags(arn, PRIORITY).await
    }
}

/// What comes after the function's name in an ARN; `None` for the function itself.
fn qualifier(arn: &str) -> Option<String> {
    let qualifier = arn.splitn(8, ':').nth(7)?;
    (qualifier != "$LATEST").then(|| qualifier.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_itself_has_no_qualifier() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        assert_eq!((qualifier(arn), qualifier(&format!("{arn}:$LATEST"))), (None, None));
        assert_eq!(qualifier(&format!("{arn}:live")).as_deref(), Some("live"));
    }
}
