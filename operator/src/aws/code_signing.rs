//! The operations on code-signing configurations: what the kind CodeSigningConfig calls.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html>

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{self, AllowedPublishers, CodeSigningPolicies, CodeSigningPolicy};

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::function::{found, next};
use super::quota::Priority;
use crate::code_signing::model::{Configuration, Observed};
use crate::engine::tags::Tags;

/// The largest page of the lists here.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListCodeSigningConfigs.html>
pub(super) const PAGE: i32 = 100;

impl Scope {
    /// The configuration with its tags and the functions that use it, or `None` when there is none: three calls.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetCodeSigningConfig.html>
    pub async fn get_code_signing_config(
        &self,
        arn: &str,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        const OPERATION: &str = "GetCodeSigningConfig";
        let send = |client: aws_sdk_lambda::Client| {
            client.get_code_signing_config().code_signing_config_arn(arn).send()
        };
        let answer = found(self.call(Call::read(OPERATION, priority), send).await)?;
        let Some(output) = answer else { return Ok(None) };
        let Some(config) = output.code_signing_config else { return Err(invalid_answer(OPERATION)) };
        let tags = self.readable_tags(arn, priority).await?;
        let functions = self.functions_by_code_signing_config(arn, priority).await?;
        Ok(Some(Observed { functions: Some(functions), ..observed(config, tags) }))
    }

    /// Creates a configuration with its tags. Not idempotent: each call makes another one.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateCodeSigningConfig.html>
    pub async fn create_code_signing_config(
        &self,
        configuration: &Configuration,
        tags: &Tags,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        const OPERATION: &str = "CreateCodeSigningConfig";
        let Configuration { description, publishers, policy: on_untrusted } = configuration;
        let own = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let publishers = allowed(OPERATION, publishers)?;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .create_code_signing_config()
                .description(description)
                .allowed_publishers(publishers)
                .code_signing_policies(policies(on_untrusted))
                .set_tags(Some(own))
                .send()
        };
        let output = self.call(Call::write(OPERATION, priority), send).await?;
        let config = output.code_signing_config.ok_or_else(|| invalid_answer(OPERATION))?;
        Ok(Observed { functions: Some(Vec::new()), ..observed(config, Ok(tags.clone())) })
    }

    /// Replaces description, publishers and policy. The answer has neither tags nor functions.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateCodeSigningConfig.html>
    pub async fn update_code_signing_config(
        &self,
        arn: &str,
        configuration: &Configuration,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "UpdateCodeSigningConfig";
        let Configuration { description, publishers, policy: on_untrusted } = configuration;
        let publishers = allowed(OPERATION, publishers)?;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .update_code_signing_config()
                .code_signing_config_arn(arn)
                .description(description)
                .allowed_publishers(publishers)
                .code_signing_policies(policies(on_untrusted))
                .send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// Deletes the configuration; done when there is none. While functions use it AWS refuses (`Class::InUse`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteCodeSigningConfig.html>
    pub async fn delete_code_signing_config(&self, arn: &str, priority: Priority) -> Result<(), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client.delete_code_signing_config().code_signing_config_arn(arn).send()
        };
        let answer = self.call(Call::write("DeleteCodeSigningConfig", priority), send).await;
        let in_use = |error: AwsError| match error.class {
            // The only conflict that this operation knows.
            Class::InProgress => AwsError { class: Class::InUse, ..error },
            _ => error,
        };
        found(answer).map(drop).map_err(in_use)
    }

    /// The one configuration of the account that carries these tags: lists them all, and the tags of each.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListCodeSigningConfigs.html>
    pub async fn find_code_signing_config(
        &self,
        wanted: &Tags,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        let mut marker = None;
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client.list_code_signing_configs().max_items(PAGE).set_marker(marker).send()
            };
            let output = self.call(Call::read("ListCodeSigningConfigs", priority), send).await?;
            for config in output.code_signing_configs.unwrap_or_default() {
                let tags = self.readable_tags(config.code_signing_config_arn(), priority).await?;
                let carries = |tags: &Tags| wanted.iter().all(|(key, value)| tags.get(key) == Some(value));
                if tags.as_ref().is_ok_and(carries) {
                    return Ok(Some(observed(config, tags)));
                }
            }
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    /// The names of the functions that use the configuration.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionsByCodeSigningConfig.html>
    pub async fn functions_by_code_signing_config(
        &self,
        arn: &str,
        priority: Priority,
    ) -> Result<Vec<String>, AwsError> {
        let (mut names, mut marker) = (BTreeSet::new(), None);
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client
                    .list_functions_by_code_signing_config()
                    .code_signing_config_arn(arn)
                    .max_items(PAGE)
                    .set_marker(marker)
                    .send()
            };
            let output = self.call(Call::read("ListFunctionsByCodeSigningConfig", priority), send).await?;
            let name = |arn: &String| arn.rsplit(':').next().unwrap_or(arn).to_owned();
            names.extend(output.function_arns().iter().map(name));
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(names.into_iter().collect());
            }
        }
    }
}

fn invalid_answer(operation: &'static str) -> AwsError {
    AwsError::new(operation, Class::Transient, "InvalidAnswer", "AWS described no configuration")
}

fn allowed(operation: &'static str, publishers: &BTreeSet<String>) -> Result<AllowedPublishers, AwsError> {
    let arns = Some(publishers.iter().cloned().collect());
    let built = AllowedPublishers::builder().set_signing_profile_version_arns(arns).build();
    built.map_err(|error| AwsError::new(operation, Class::Terminal, "InvalidRequest", error.to_string()))
}

fn policies(policy: &str) -> CodeSigningPolicies {
    let policy = CodeSigningPolicy::from(policy);
    CodeSigningPolicies::builder().untrusted_artifact_on_deployment(policy).build()
}

pub(super) fn observed(config: types::CodeSigningConfig, tags: Result<Tags, String>) -> Observed {
    let publishers = config.allowed_publishers.map(|all| all.signing_profile_version_arns);
    let policy = config.code_signing_policies.and_then(|all| all.untrusted_artifact_on_deployment);
    Observed {
        arn: config.code_signing_config_arn,
        id: config.code_signing_config_id,
        configuration: Configuration {
            description: config.description.unwrap_or_default(),
            publishers: publishers.unwrap_or_default().into_iter().collect(),
            policy: policy.map_or_else(|| "Warn".to_owned(), |policy| policy.as_str().to_owned()),
        },
        tags,
        functions: None,
    }
}
