//! The operations on published versions: what the kind LambdaFunction calls.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html>

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{ExecutionStatus, FunctionVersionLatestPublished};

use super::call::{Call, Kind, Scope};
use super::error::AwsError;
use super::function::{PAGE, checked, found, next};
use super::quota::{Priority, QuotaClass};
use crate::function::model::{Publication, Version};

/// The largest page of mappings and of executions: one is enough to know.
const ONE: i32 = 1;

/// A version from an answer that describes one.
macro_rules! version_of {
    ($output:expr) => {{
        let o = $output;
        Version {
            number: o.version.unwrap_or_default(),
            // Versions made before AWS had states are Active.
            state: o.state.map_or_else(|| "Active".to_owned(), |state| state.as_str().to_owned()),
            state_reason: o.state_reason.filter(|reason| !reason.is_empty()),
            state_reason_code: o.state_reason_code.map(|code| code.as_str().to_owned()),
        }
    }};
}

impl Scope {
    /// Publishes `$LATEST`, if it still has this code (`Class::Lock`) and revision (`Class::Lock`). Where nothing has
    /// changed since the last publication, AWS answers with the version that there is, also one that failed.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>
    pub async fn publish_version(
        &self,
        name: &str,
        publication: &Publication,
        priority: Priority,
    ) -> Result<Version, AwsError> {
        const OPERATION: &str = "PublishVersion";
        let name = checked(OPERATION, name)?;
        let Publication { code_sha256, revision_id, description, latest } = publication;
        let to = latest.then_some(FunctionVersionLatestPublished::LatestPublished);
        let send = |client: aws_sdk_lambda::Client| {
            client
                .publish_version()
                .function_name(name)
                .code_sha256(code_sha256)
                .revision_id(revision_id)
                .set_description(description.clone())
                .set_publish_to(to)
                .send()
        };
        let output = self.call(Call::write(OPERATION, priority), send).await?;
        Ok(version_of!(output))
    }

    /// A version and its state, or `None` when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>
    pub async fn get_version(
        &self,
        name: &str,
        number: &str,
        priority: Priority,
    ) -> Result<Option<Version>, AwsError> {
        const OPERATION: &str = "GetFunction";
        let name = checked(OPERATION, name)?;
        let call = Call { operation: OPERATION, class: QuotaClass::GetFunction, priority, kind: Kind::Read };
        let send = |client: aws_sdk_lambda::Client| {
            client.get_function().function_name(name).qualifier(number).send()
        };
        let output = found(self.call(call, send).await)?;
        Ok(output.and_then(|output| output.configuration).map(|configuration| version_of!(configuration)))
    }

    /// The versions with a larger number, with the hashes of their code.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>
    pub async fn versions_after(
        &self,
        name: &str,
        known: i64,
        priority: Priority,
    ) -> Result<Vec<(i64, String)>, AwsError> {
        const OPERATION: &str = "ListVersionsByFunction";
        let (name, mut marker, mut versions) = (checked(OPERATION, name)?, None, Vec::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                let request = client.list_versions_by_function().function_name(name);
                request.max_items(PAGE).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(versions) };
            // `$LATEST` has no number.
            let numbered = output.versions.unwrap_or_default().into_iter().filter_map(|version| {
                Some((version.version?.parse::<i64>().ok()?, version.code_sha256.unwrap_or_default()))
            });
            versions.extend(numbered.filter(|(number, _)| *number > known));
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(versions);
            }
        }
    }

    /// Deletes one version; done when there is none. AWS refuses one that an alias points to.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
    pub async fn delete_version(&self, name: &str, number: i64, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteFunction";
        let name = checked(OPERATION, name)?;
        let send = |client: aws_sdk_lambda::Client| {
            client.delete_function().function_name(name).qualifier(number.to_string()).send()
        };
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }

    /// The versions that aliases point to, whoever made them, with a part of their traffic too.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>
    pub async fn aliased_versions(&self, name: &str, priority: Priority) -> Result<BTreeSet<i64>, AwsError> {
        const OPERATION: &str = "ListAliases";
        let (name, mut marker, mut used) = (checked(OPERATION, name)?, None, BTreeSet::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client.list_aliases().function_name(name).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(used) };
            for alias in output.aliases.unwrap_or_default() {
                let weights = alias.routing_config.and_then(|routing| routing.additional_version_weights);
                let versions = weights.unwrap_or_default().into_keys().chain(alias.function_version);
                used.extend(versions.filter_map(|version| version.parse::<i64>().ok()));
            }
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(used);
            }
        }
    }

    /// The versions with provisioned concurrency of their own.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html>
    pub async fn provisioned_versions(
        &self,
        name: &str,
        priority: Priority,
    ) -> Result<BTreeSet<i64>, AwsError> {
        const OPERATION: &str = "ListProvisionedConcurrencyConfigs";
        let (name, mut marker, mut used) = (checked(OPERATION, name)?, None, BTreeSet::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client.list_provisioned_concurrency_configs().function_name(name).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(used) };
            let configs = output.provisioned_concurrency_configs.unwrap_or_default();
            used.extend(configs.iter().filter_map(|config| qualified(config.function_arn.as_deref())));
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(used);
            }
        }
    }

    /// The versions with settings of their own for asynchronous invocations.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html>
    pub async fn event_invoke_versions(
        &self,
        name: &str,
        priority: Priority,
    ) -> Result<BTreeSet<i64>, AwsError> {
        const OPERATION: &str = "ListFunctionEventInvokeConfigs";
        let (name, mut marker, mut used) = (checked(OPERATION, name)?, None, BTreeSet::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client.list_function_event_invoke_configs().function_name(name).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(used) };
            let configs = output.function_event_invoke_configs.unwrap_or_default();
            used.extend(configs.iter().filter_map(|config| qualified(config.function_arn.as_deref())));
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(used);
            }
        }
    }

    /// Whether an event source mapping invokes this very version.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>
    pub async fn is_mapped(&self, name: &str, number: i64, priority: Priority) -> Result<bool, AwsError> {
        const OPERATION: &str = "ListEventSourceMappings";
        let version = format!("{}:{number}", checked(OPERATION, name)?);
        let send = |client: aws_sdk_lambda::Client| {
            client.list_event_source_mappings().function_name(version).max_items(ONE).send()
        };
        let answer = found(self.call(Call::read(OPERATION, priority), send).await)?;
        Ok(answer.is_some_and(|output| !output.event_source_mappings().is_empty()))
    }

    /// Whether a durable execution of this version is under way.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListDurableExecutionsByFunction.html>
    pub async fn has_running_executions(
        &self,
        name: &str,
        number: i64,
        priority: Priority,
    ) -> Result<bool, AwsError> {
        const OPERATION: &str = "ListDurableExecutionsByFunction";
        let name = checked(OPERATION, name)?;
        let mut marker = None;
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                let request = client.list_durable_executions_by_function().function_name(name);
                let running = request.qualifier(number.to_string()).statuses(ExecutionStatus::Running);
                running.max_items(ONE).set_marker(marker).send()
            };
            let answer = found(self.call(Call::read(OPERATION, priority), send).await)?;
            let Some(output) = answer else { return Ok(false) };
            if !output.durable_executions().is_empty() {
                return Ok(true);
            }
            // A page of what is filtered may be empty although others follow.
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(false);
            }
        }
    }

    /// Whether this very version has a resource policy: somebody may invoke it.
    pub async fn has_permissions(
        &self,
        name: &str,
        number: i64,
        priority: Priority,
    ) -> Result<bool, AwsError> {
        Ok(self.get_policy(name, Some(&number.to_string()), priority).await?.is_some())
    }
}

/// The version that an ARN ends with.
fn qualified(arn: Option<&str>) -> Option<i64> {
    arn?.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_a_version() {
        let arn = |qualifier| format!("arn:aws:lambda:eu-west-1:111122223333:function:f:{qualifier}");
        assert_eq!(qualified(Some(&arn("7"))), Some(7));
        assert_eq!(
            (qualified(Some(&arn("live"))), qualified(Some(&arn("$LATEST"))), qualified(None)),
            (None, None, None)
        );
    }
}
