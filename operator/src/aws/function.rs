//! The operations on functions: what the engine and the inventory call.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations_AWS_Lambda.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionInputBuilder;

use super::call::{Call, Kind, Scope};
use super::error::{AwsError, Class};
use super::function_answer::{self as answer, configuration_of};
use super::function_request as request;
use super::quota::{Priority, QuotaClass};
use super::redact::redact;
use crate::function::model::{Code, Configuration, Field, Observed};

/// ListFunctions' largest page.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
pub(super) const PAGE: i32 = 50;

impl Scope {
    /// The function, unqualified, or `None` when there is none; [`Observed::live`] is set.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html>
    pub async fn get_function(&self, name: &str, priority: Priority) -> Result<Option<Observed>, AwsError> {
        const OPERATION: &str = "GetFunction";
        let name = checked(OPERATION, name)?;
        let call = Call { operation: OPERATION, class: QuotaClass::GetFunction, priority, kind: Kind::Read };
        let answer = self.call(call, |client| client.get_function().function_name(name).send()).await;
        let Some(output) = found(answer)? else { return Ok(None) };
        let empty =
            || AwsError::new(OPERATION, Class::Transient, "InvalidAnswer", "AWS described no configuration");
        answer::from_get(output).map(Some).ok_or_else(empty)
    }

    /// Creates the function with its tags, unless something of that name exists (`Class::AlreadyExists`).
    /// [`Observed::live`] is set: its state is the answer's, its tags those that were sent.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
    pub async fn create_function(
        &self,
        name: &str,
        configuration: &Configuration,
        code: &Code,
        tags: &BTreeMap<String, String>,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        self.create(
            name,
            request::create(name, configuration, code, tags),
            configuration,
            (code, tags),
            priority,
        )
        .await
    }

    /// The same with a link to a code-signing configuration, which the code has to satisfy.
    pub async fn create_signed_function(
        &self,
        name: &str,
        configuration: &Configuration,
        (code, tags): (&Code, &BTreeMap<String, String>),
        code_signing_config: &str,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        let request =
            request::create(name, configuration, code, tags).code_signing_config_arn(code_signing_config);
        let created = self.create(name, request, configuration, (code, tags), priority).await?;
        Ok(Observed { code_signing: Some(code_signing_config.to_owned()), ..created })
    }

    async fn create(
        &self,
        name: &str,
        request: CreateFunctionInputBuilder,
        configuration: &Configuration,
        (code, tags): (&Code, &BTreeMap<String, String>),
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        const OPERATION: &str = "CreateFunction";
        checked(OPERATION, name)?;
        let send = |client| async move { request.send_with(&client).await };
        let answer = self.call(Call::create(OPERATION, priority), send).await;
        let output = answer.map_err(|error| redact(error, &configuration.environment))?;
        Ok(answer::from_create(configuration_of!(output), code, tags))
    }

    /// Changes exactly these fields to what the configuration has for them; cleared values clear. A runtime or
    /// handler of `None` and an unknown environment aren't sent. With `revision_id` only if it is still the function's
    /// (`Class::Lock`). [`Observed::live`] is `None`: the answer doesn't have all of it.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>
    pub async fn update_configuration(
        &self,
        name: &str,
        configuration: &Configuration,
        fields: &BTreeSet<Field>,
        revision_id: Option<&str>,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        const OPERATION: &str = "UpdateFunctionConfiguration";
        let name = checked(OPERATION, name)?;
        let request =
            request::update(name, configuration, fields).set_revision_id(revision_id.map(str::to_owned));
        let send = |client| async move { request.send_with(&client).await };
        let answer = self.call(Call::write(OPERATION, priority), send).await;
        let output = answer.map_err(|error| redact(error, &configuration.environment))?;
        Ok(answer::listed(configuration_of!(output)))
    }

    /// Deploys a package. With `revision_id` only if it is still the function's (`Class::Lock`). [`Observed::live`] is
    /// `None`: the answer doesn't have all of it.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html>
    pub async fn update_code(
        &self,
        name: &str,
        code: &Code,
        revision_id: Option<&str>,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        const OPERATION: &str = "UpdateFunctionCode";
        let name = checked(OPERATION, name)?;
        let request = request::update_code(name, code).set_revision_id(revision_id.map(str::to_owned));
        let send = |client| async move { request.send_with(&client).await };
        let output = self.call(Call::write(OPERATION, priority), send).await?;
        Ok(answer::listed(configuration_of!(output)))
    }

    /// Deletes the function with all its versions and aliases; done when there is none. Versions are deleted elsewhere:
    /// this never sends a qualifier.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
    pub async fn delete_function(&self, name: &str, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteFunction";
        let name = checked(OPERATION, name)?;
        let send = |client: aws_sdk_lambda::Client| client.delete_function().function_name(name).send();
        found(self.call(Call::write(OPERATION, priority), send).await).map(drop)
    }

    /// Reserves concurrent executions; 0 stops all invocations.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html>
    pub async fn put_concurrency(
        &self,
        name: &str,
        reserved: i32,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "PutFunctionConcurrency";
        let name = checked(OPERATION, name)?;
        let send = |client: aws_sdk_lambda::Client| {
            client
                .put_function_concurrency()
                .function_name(name)
                .reserved_concurrent_executions(reserved)
                .send()
        };
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// Gives reserved concurrency back.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html>
    pub async fn delete_concurrency(&self, name: &str, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteFunctionConcurrency";
        let name = checked(OPERATION, name)?;
        let send =
            |client: aws_sdk_lambda::Client| client.delete_function_concurrency().function_name(name).send();
        self.call(Call::write(OPERATION, priority), send).await.map(drop)
    }

    /// Adds or changes these tags; others stay. No call for none, which AWS would refuse.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html>
    pub async fn tag(
        &self,
        arn: &str,
        tags: &BTreeMap<String, String>,
        priority: Priority,
    ) -> Result<(), AwsError> {
        if tags.is_empty() {
            return Ok(());
        }
        let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let send =
            |client: aws_sdk_lambda::Client| client.tag_resource().resource(arn).set_tags(Some(tags)).send();
        self.call(Call::write("TagResource", priority), send).await.map(drop)
    }

    /// Removes the tags of these keys, at most 50. No call for none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html>
    pub async fn untag(&self, arn: &str, keys: &[String], priority: Priority) -> Result<(), AwsError> {
        if keys.is_empty() {
            return Ok(());
        }
        let send = |client: aws_sdk_lambda::Client| {
            client.untag_resource().resource(arn).set_tag_keys(Some(keys.to_vec())).send()
        };
        self.call(Call::write("UntagResource", priority), send).await.map(drop)
    }

    /// The tags of a resource, or AWS's text on why they may not be read.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html>
    pub(super) async fn readable_tags(
        &self,
        arn: &str,
        priority: Priority,
    ) -> Result<Result<BTreeMap<String, String>, String>, AwsError> {
        let send = |client: aws_sdk_lambda::Client| client.list_tags().resource(arn).send();
        match self.call(Call::read("ListTags", priority), send).await {
            Ok(output) => Ok(Ok(output.tags.unwrap_or_default().into_iter().collect())),
            Err(error) if error.class == Class::AccessDenied => Ok(Err(error.message)),
            Err(error) => Err(error),
        }
    }

    /// A page of at most 50 functions by name, and where the next one starts. [`Observed::live`] is `None`.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
    pub async fn list_functions(
        &self,
        marker: Option<String>,
        priority: Priority,
    ) -> Result<(Vec<(String, Observed)>, Option<String>), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client.list_functions().max_items(PAGE).set_marker(marker).send()
        };
        let output = self.call(Call::read("ListFunctions", priority), send).await?;
        let named = |c: aws_sdk_lambda::types::FunctionConfiguration| {
            Some((c.function_name.clone()?, answer::listed(c)))
        };
        let functions = output.functions.unwrap_or_default().into_iter().filter_map(named).collect();
        Ok((functions, next(output.next_marker)))
    }

    /// Whether the function has a published version or an alias.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>,
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>
    pub async fn has_versions_or_aliases(&self, name: &str, priority: Priority) -> Result<bool, AwsError> {
        Ok(self.has_versions(name, priority).await? || self.has_aliases(name, priority).await?)
    }

    async fn has_versions(&self, name: &str, priority: Priority) -> Result<bool, AwsError> {
        const OPERATION: &str = "ListVersionsByFunction";
        let (name, mut marker) = (checked(OPERATION, name)?, None);
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client
                    .list_versions_by_function()
                    .function_name(name)
                    .max_items(PAGE)
                    .set_marker(marker)
                    .send()
            };
            let answer = self.call(Call::read(OPERATION, priority), send).await;
            let Some(output) = found(answer)? else { return Ok(false) };
            if output.versions().iter().any(|version| version.version().is_some_and(|v| v != "$LATEST")) {
                return Ok(true);
            }
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(false);
            }
        }
    }

    async fn has_aliases(&self, name: &str, priority: Priority) -> Result<bool, AwsError> {
        const OPERATION: &str = "ListAliases";
        let name = checked(OPERATION, name)?;
        let send =
            |client: aws_sdk_lambda::Client| client.list_aliases().function_name(name).max_items(1).send();
        let answer = self.call(Call::read(OPERATION, priority), send).await;
        Ok(found(answer)?.is_some_and(|output| !output.aliases().is_empty()))
    }
}

/// `None` for what doesn't exist.
pub(super) fn found<O>(answer: Result<O, AwsError>) -> Result<Option<O>, AwsError> {
    match answer {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.class == Class::Gone => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the next page starts; `None` after the last.
pub(super) fn next(marker: Option<String>) -> Option<String> {
    marker.filter(|marker| !marker.is_empty())
}

/// Refuses what AWS would read as more than a name: in `name:1` the version, in an ARN another account.
pub(super) fn checked<'a>(operation: &'static str, name: &'a str) -> Result<&'a str, AwsError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(plain) {
        return Ok(name);
    }
    let text =
        format!("{name:?} is not the plain name of a function: letters, digits, hyphens and underscores");
    Err(AwsError::new(operation, Class::Terminal, "InvalidFunctionName", text))
}
