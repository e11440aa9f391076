//! The operations on aliases and the versions that they point to: what the kind LambdaAlias calls.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html>

use aws_sdk_lambda::types::{AliasRoutingConfiguration, State};

use super::call::{Call, Kind, Scope};
use super::error::AwsError;
use super::function::{PAGE, checked, found, next};
use super::quota::{Priority, QuotaClass};
use crate::alias::model::{Alias, Setting, Standing, Weights};

/// The alias of an answer; every operation gives the same members.
macro_rules! alias_of {
    ($output:expr) => {{
        let output = $output;
        let weights = output.routing_config.and_then(|routing| routing.additional_version_weights);
        Alias {
            arn: output.alias_arn.unwrap_or_default(),
            version: output.function_version.unwrap_or_default(),
            description: output.description.unwrap_or_default(),
            weights: weights.unwrap_or_default().into_iter().collect(),
            revision_id: output.revision_id.unwrap_or_default(),
        }
    }};
}
pub(super) use alias_of;

impl Scope {
    /// The alias, or `None` when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html>
    pub async fn get_alias(
        &self,
        function: &str,
        name: &str,
        priority: Priority,
    ) -> Result<Option<Alias>, AwsError> {
        const OPERATION: &str = "GetAlias";
        let function = checked(OPERATION, function)?;
        let send =
            |client: aws_sdk_lambda::Client| client.get_alias().function_name(function).name(name).send();
        let answer = self.call(Call::read(OPERATION, priority), send).await;
        Ok(found(answer)?.map(|output| alias_of!(output)))
    }

    /// Creates an alias, unless there is one of the name (`Class::AlreadyExists`). A throttled call hasn't made one:
    /// otherwise somebody else's alias of the same content could be taken for its outcome.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
    pub async fn create_alias(
        &self,
        function: &str,
        name: &str,
        setting: &Setting,
        priority: Priority,
    ) -> Result<Alias, AwsError> {
        const OPERATION: &str = "CreateAlias";
        let function = checked(OPERATION, function)?;
        let Setting { version, description, weights } = setting;
        let weights = weights.as_ref().filter(|weights| !weights.is_empty());
        let send = |client: aws_sdk_lambda::Client| {
            client
                .create_alias()
                .function_name(function)
                .name(name)
                .function_version(version)
                .description(description)
                .set_routing_config(weights.map(routing))
                .send()
        };
        let output = self.call(Call::write(OPERATION, priority), send).await?;
        Ok(alias_of!(output))
    }

    /// Changes an alias if it still has this revision (`Class::Lock`). No weights clear those that it has; only
    /// `None` leaves them.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html>
    pub async fn update_alias(
        &self,
        function: &str,
        name: &str,
        setting: &Setting,
        revision_id: &str,
        priority: Priority,
    ) -> Result<Alias, AwsError> {
        const OPERATION: &str = "UpdateAlias";
        let function = checked(OPERATION, function)?;
        let Setting { version, description, weights } = setting;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .update_alias()
                .function_name(function)
                .name(name)
                .function_version(version)
                .description(description)
                .set_routing_config(weights.as_ref().map(routing))
                .revision_id(revision_id)
                .send()
        };
        let output = self.call(Call::write(OPERATION, priority), send).await?;
        Ok(alias_of!(output))
    }

    /// Deletes an alias; done when there is none, or no function.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html>
    pub async fn delete_alias(&self, function: &str, name: &str, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteAlias";
        let function = checked(OPERATION, function)?;
        let send =
            |client: aws_sdk_lambda::Client| client.delete_alias().function_name(function).name(name).send();
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }

    /// The numbers of the published versions, ascending. `None`: there is no such function.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>
    pub async fn list_versions(
        &self,
        function: &str,
        priority: Priority,
    ) -> Result<Option<Vec<u64>>, AwsError> {
        const OPERATION: &str = "ListVersionsByFunction";
        let (function, mut marker) = (checked(OPERATION, function)?, None);
        let mut numbers = Vec::new();
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                let request = client.list_versions_by_function().function_name(function);
                request.max_items(PAGE).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(None) };
            // `$LATEST` and `$LATEST.PUBLISHED` have no number.
            let listed =
                output.versions().iter().filter_map(|version| version.version()?.parse::<u64>().ok());
            numbers.extend(listed);
            marker = next(output.next_marker);
            if marker.is_none() {
                numbers.sort_unstable();
                return Ok(Some(numbers));
            }
        }
    }

    /// Whether an alias can point to a version. `None`: there is no such version.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>
    pub async fn version_standing(
        &self,
        function: &str,
        version: &str,
        priority: Priority,
    ) -> Result<Option<Standing>, AwsError> {
        const OPERATION: &str = "GetFunction";
        let function = checked(OPERATION, function)?;
        let call = Call { operation: OPERATION, class: QuotaClass::GetFunction, priority, kind: Kind::Read };
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function().function_name(function).qualifier(version).send()
        };
        let Some(output) = found(self.call(call, send).await)? else { return Ok(None) };
        let Some(configuration) = output.configuration else { return Ok(None) };
        let code = configuration.state_reason_code.map(|code| code.as_str().to_owned());
        let reason = [code, configuration.state_reason].into_iter().flatten().collect::<Vec<_>>().join(": ");
        Ok(Some(match configuration.state.as_ref().map(State::as_str) {
            Some("Pending") => Standing::Busy(reason),
            Some("Failed" | "Deleting") => Standing::Failed(reason),
            _ => Standing::Usable,
        }))
    }
}

fn routing(weights: &Weights) -> AliasRoutingConfiguration {
    let weights = weights.iter().map(|(version, weight)| (version.clone(), *weight)).collect();
    AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build()
}
