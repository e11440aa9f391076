//! The operation on images in ECR: what a tag means at present.

use aws_sdk_ecr::config::{Builder, Region};
use aws_sdk_ecr::error::ProvideErrorMetadata;
use aws_sdk_ecr::operation::batch_get_image::BatchGetImageOutput;
use aws_sdk_ecr::types::{ImageFailureCode, ImageIdentifier};

use super::call::Scope;
use super::error::{AwsError, Class};
use crate::source::{Found, Identity, Image};

const OPERATION: &str = "BatchGetImage";

impl Scope {
    /// The digest of an image, also in the registry of another account.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>
    pub(super) async fn get_image(&self, image: &Image) -> Result<Found, AwsError> {
        let Image { registry, region, repository, tag, .. } = image;
        let send = |generation, config| {
            let client = self.clients().ecr.client(generation, || aws_sdk_ecr::Client::new(&config));
            let there = Builder::new().region(Region::new(region.clone()));
            let id = ImageIdentifier::builder().image_tag(tag).build();
            let call =
                client.batch_get_image().registry_id(registry).repository_name(repository).image_ids(id);
            call.customize().config_override(there).send()
        };
        let missing = |error: &aws_sdk_ecr::error::SdkError<_, _>| {
            let error: &aws_sdk_ecr::operation::batch_get_image::BatchGetImageError =
                error.as_service_error()?;
            let is_missing = error.code() == Some("RepositoryNotFoundException");
            is_missing.then(|| {
                format!("the repository {repository} of registry {registry} in {region} doesn't exist")
            })
        };
        found(self.look(OPERATION, send, missing).await?, image)
    }
}

fn found(
    output: BatchGetImageOutput,
    Image { registry, region, repository, tag, .. }: &Image,
) -> Result<Found, AwsError> {
    let image = output.images.into_iter().flatten().next();
    if let Some(digest) = image.and_then(|image| image.image_id).and_then(|id| id.image_digest) {
        let code_sha256 = digest.strip_prefix("sha256:").map(str::to_owned);
        return Ok(Found { identity: Identity::Digest(digest), code_sha256 });
    }
    let failure = output.failures.into_iter().flatten().next();
    let code = failure.as_ref().and_then(|failure| failure.failure_code.clone());
    let reason = failure.and_then(|failure| failure.failure_reason);
    if code == Some(ImageFailureCode::ImageNotFound) {
        let text = format!(
            "the repository {repository} of registry {registry} in {region} has no image with the tag {tag}"
        );
        return Err(AwsError::new(OPERATION, Class::DependencyMissing, "ImageNotFound", text));
    }
    let code = code.as_ref().map_or("InvalidAnswer", ImageFailureCode::as_str);
    let text = reason.unwrap_or_else(|| "ECR told no digest".to_owned());
    Err(AwsError::new(OPERATION, Class::Transient, code, text))
}
