//! The operations on layer versions: what the kind LambdaLayer calls. Those on their policies are in `layer_policy`.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html>

use aws_sdk_lambda::operation::get_layer_version::GetLayerVersionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, LayerVersionsListItem, Runtime};

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::function::{found, next};
use super::quota::Priority;
use crate::layer::model::{Content, Look, Lost, Metadata, Observed, Target, Version, described, undescribed};
use crate::layer::plan::Publication;

/// The largest page of versions.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html>
const PAGE: i32 = 50;

impl Scope {
    /// What there is of a layer, or `None` when it has no version such as was asked for.
    pub async fn get_layer(&self, target: &Target, priority: Priority) -> Result<Option<Observed>, AwsError> {
        let name = &target.name;
        let lost = match &target.lost {
            Some(lost) => self.find_layer_version(name, lost, priority).await?,
            None => None,
        };
        let found = lost.is_some();
        let version = match (lost, target.look) {
            (Some(number), _) | (None, Look::At(number)) => {
                self.get_layer_version(name, number, priority).await?
            }
            // A deletion that leaves everything as it is.
            (None, Look::Away) if target.lost.is_none() => return Ok(Some(Observed::default())),
            (None, Look::Away) => None,
            (None, Look::Taken) => self.newest_layer_version(name, priority).await?,
            (None, Look::Newest(reported)) => match self.newest_layer_version(name, priority).await? {
                Some(version) if Some(version.number) != reported => {
                    self.get_layer_version(name, version.number, priority).await?
                }
                newest => newest,
            },
        };
        let Some(version) = version else { return Ok(None) };
        let policy = if target.policy && (found || target.look != Look::Taken) {
            Some(self.get_layer_policy(name, version.number, priority).await?)
        } else {
            None
        };
        Ok(Some(Observed { version: Some(version), found, policy }))
    }

    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html>
    async fn get_layer_version(
        &self,
        name: &str,
        number: i64,
        priority: Priority,
    ) -> Result<Option<Version>, AwsError> {
        const OPERATION: &str = "GetLayerVersion";
        let send = |client: aws_sdk_lambda::Client| {
            client.get_layer_version().layer_name(name).version_number(number).send()
        };
        let Some(output) = found(self.call(Call::read(OPERATION, priority), send).await)? else {
            return Ok(None);
        };
        version_of(output).map(Some)
    }

    /// The newest version. The first page has it: AWS lists the newest first.
    async fn newest_layer_version(
        &self,
        name: &str,
        priority: Priority,
    ) -> Result<Option<Version>, AwsError> {
        let (versions, _) = self.list_layer_versions(name, None, priority).await?;
        Ok(versions.into_iter().max_by_key(|version| version.number))
    }

    /// The number of the version that a lost call published.
    async fn find_layer_version(
        &self,
        name: &str,
        lost: &Lost,
        priority: Priority,
    ) -> Result<Option<i64>, AwsError> {
        let mut marker = None;
        loop {
            let (versions, after) = self.list_layer_versions(name, marker, priority).await?;
            let newer = |version: &&Version| version.number > lost.newest_known;
            let is_it = |version: &&Version| version.token.as_ref() == Some(&lost.token);
            if let Some(version) = versions.iter().filter(newer).find(is_it) {
                return Ok(Some(version.number));
            }
            // AWS lists the newest first.
            let over = versions.iter().any(|version| version.number <= lost.newest_known);
            marker = after.filter(|_| !over);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html>
    async fn list_layer_versions(
        &self,
        name: &str,
        marker: Option<String>,
        priority: Priority,
    ) -> Result<(Vec<Version>, Option<String>), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client.list_layer_versions().layer_name(name).max_items(PAGE).set_marker(marker).send()
        };
        let Some(output) = found(self.call(Call::read("ListLayerVersions", priority), send).await)? else {
            return Ok((Vec::new(), None));
        };
        let versions = output.layer_versions.unwrap_or_default().into_iter().filter_map(listed).collect();
        Ok((versions, next(output.next_marker)))
    }

    /// Publishes a version. Not idempotent: each call makes another one.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html>
    pub async fn publish_layer_version(
        &self,
        publication: &Publication,
        priority: Priority,
    ) -> Result<Version, AwsError> {
        const OPERATION: &str = "PublishLayerVersion";
        let Publication { layer, source, metadata, token, newest_known: _, sids: _, paths: _ } = publication;
        let Metadata { description, architectures, runtimes, license } = metadata;
        let architectures = architectures.iter().map(|text| Architecture::from(text.as_str())).collect();
        let runtimes = runtimes.iter().map(|text| Runtime::from(text.as_str())).collect();
        let send = |client: aws_sdk_lambda::Client| {
            client
                .publish_layer_version()
                .layer_name(layer)
                .description(described(description, token))
                .content(content(&source.content))
                .set_compatible_architectures(unless_empty(architectures))
                .set_compatible_runtimes(unless_empty(runtimes))
                .set_license_info(Some(license.clone()).filter(|license| !license.is_empty()))
                .send()
        };
        let output = self.call(Call::create(OPERATION, priority), send).await?;
        Ok(Version {
            arn: output.layer_version_arn.ok_or_else(|| invalid_answer(OPERATION))?,
            number: output.version,
            metadata: metadata.clone(),
            token: Some(token.clone()),
            code_sha256: output.content.and_then(|content| content.code_sha256),
        })
    }

    /// Deletes a version; done when there is none. Functions that use it keep it.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html>
    pub async fn delete_layer_version(
        &self,
        layer: &str,
        number: i64,
        priority: Priority,
    ) -> Result<(), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client.delete_layer_version().layer_name(layer).version_number(number).send()
        };
        found(self.call(Call::write("DeleteLayerVersion", priority), send).await).map(drop)
    }
}

/// The answer says less than was promised; a publication may have taken place all the same.
fn invalid_answer(operation: &'static str) -> AwsError {
    let error = AwsError::new(operation, Class::Transient, "InvalidAnswer", "AWS described no layer version");
    AwsError { unknown_outcome: operation.starts_with("Publish"), ..error }
}

fn content(content: &Content) -> LayerVersionContentInput {
    let input = LayerVersionContentInput::builder();
    match content {
        Content::S3 { bucket, key, object_version, storage_mode } => {
            // `COPY` is what AWS does without the field.
            let mode = Some(storage_mode.as_str()).filter(|mode| *mode != "COPY");
            input
                .s3_bucket(bucket)
                .s3_key(key)
                .set_s3_object_version(object_version.clone())
                .set_s3_object_storage_mode(mode.map(Into::into))
        }
        Content::Zip(bytes) => input.zip_file(Blob::new(bytes.to_vec())),
    }
    .build()
}

/// What GetLayerVersion says.
pub(super) fn version_of(output: GetLayerVersionOutput) -> Result<Version, AwsError> {
    let (metadata, token) = metadata(
        output.description.as_deref(),
        output.license_info,
        output.compatible_architectures.as_deref(),
        output.compatible_runtimes.as_deref(),
    );
    let arn = output.layer_version_arn.ok_or_else(|| invalid_answer("GetLayerVersion"))?;
    let code_sha256 = output.content.and_then(|content| content.code_sha256);
    Ok(Version { arn, number: output.version, metadata, token, code_sha256 })
}

/// What a list says.
pub(super) fn listed(item: LayerVersionsListItem) -> Option<Version> {
    let (metadata, token) = metadata(
        item.description.as_deref(),
        item.license_info,
        item.compatible_architectures.as_deref(),
        item.compatible_runtimes.as_deref(),
    );
    Some(Version { arn: item.layer_version_arn?, number: item.version, metadata, token, code_sha256: None })
}

fn metadata(
    description: Option<&str>,
    license: Option<String>,
    architectures: Option<&[Architecture]>,
    runtimes: Option<&[Runtime]>,
) -> (Metadata, Option<String>) {
    let (description, token) = undescribed(description.unwrap_or_default());
    let metadata = Metadata {
        description: description.to_owned(),
        architectures: architectures.into_iter().flatten().map(|one| one.as_str().to_owned()).collect(),
        runtimes: runtimes.into_iter().flatten().map(|one| one.as_str().to_owned()).collect(),
        license: license.unwrap_or_default(),
    };
    (metadata, token.map(str::to_owned))
}

fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}
