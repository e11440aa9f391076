//! BatchGetImage of ECR, which says what image a tag means
//! (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>). Images are those that code
//! of functions comes from: what the control API put there, and all others that the settings don't miss.

use serde_json::{Value, json};

use crate::code::image_digest;
use crate::error::ApiError;
use crate::region::Region;
use crate::request::{Ctx, Reply, Request};

/// Images and, for those that there aren't, failures.
pub(crate) fn batch_get_image(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let region = &*ctx.region;
    let registry = request.text("registryId").unwrap_or(&region.account);
    let name = request.text("repositoryName").unwrap_or_default();
    let ids = request.body.get("imageIds").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if name.is_empty() || !(1..=100).contains(&ids.len()) {
        let text = "Invalid parameter at 'imageIds' or 'repositoryName' failed to satisfy constraint: 'Member must have \
                    length between 1 and 100'";
        return Err(ApiError::new(400, "InvalidParameterException", text));
    }
    if region.settings.missing_repositories.contains(name) {
        // <https://github.com/turbot/steampipe-plugin-aws/issues/1938>
        let text =
            format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
        return Err(ApiError::new(400, "RepositoryNotFoundException", text));
    }
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        match resolved(region, registry, name, id) {
            Ok(digest) => images.push(image(registry, name, id, &digest)),
            Err((code, reason)) => {
                failures.push(json!({"imageId": id, "failureCode": code, "failureReason": reason}));
            }
        }
    }
    Ok(Reply::json(200, json!({"images": images, "failures": failures})))
}

type Failure = (&'static str, &'static str);

/// The digest, without its `sha256:`.
fn resolved(region: &Region, registry: &str, name: &str, id: &Value) -> Result<String, Failure> {
    let repository = format!("{registry}.dkr.ecr.{}.amazonaws.com/{name}", region.name);
    let text = |member: &str| id.get(member).and_then(Value::as_str);
    let by_tag = text("imageTag").map(|tag| image_digest(region, &format!("{repository}:{tag}")));
    let by_digest = text("imageDigest").map(|digest| image_digest(region, &format!("{repository}@{digest}")));
    match (by_tag, by_digest) {
        (None, None) => Err(("MissingDigestAndTag", "Image digest and tag are missing")),
        (Some(Some(tagged)), Some(Some(digest))) if tagged != digest => {
            Err(("ImageTagDoesNotMatchDigest", "Image tag does not match digest"))
        }
        (Some(None), _) | (_, Some(None)) => Err(("ImageNotFound", "Requested image not found")),
        (Some(Some(digest)), _) | (None, Some(Some(digest))) => Ok(digest),
    }
}

fn image(registry: &str, name: &str, id: &Value, digest: &str) -> Value {
    let mut id = id.clone();
    id["imageDigest"] = format!("sha256:{digest}").into();
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    json!({
        "registryId": registry,
        "repositoryName": name,
        "imageId": id,
        "imageManifest": json!({"schemaVersion": 2, "mediaType": kind}).to_string(),
        "imageManifestMediaType": kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_digests_must_agree() {
        let mut region = Region::new("111122223333", "eu-west-1", crate::AccountSettings::default());
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        region.images.insert("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1".into(), one.clone());
        let resolve = |id: &Value| resolved(&region, "111122223333", "app", id);
        assert_eq!(resolve(&json!({"imageTag": "v1"})).unwrap(), one);
        assert_eq!(resolve(&json!({"imageDigest": format!("sha256:{two}")})).unwrap(), two);
        let both = json!({"imageTag": "v1", "imageDigest": format!("sha256:{two}")});
        assert_eq!(resolve(&both).unwrap_err().0, "ImageTagDoesNotMatchDigest");
        assert_eq!(resolve(&json!({})).unwrap_err().0, "MissingDigestAndTag");
    }
}
