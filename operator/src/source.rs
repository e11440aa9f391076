//! What a package is made from where the name of it can come to mean something else: an object in S3 of which the spec names no
//! version, an image by its tag. Pure. `engine::source` looks at it, and `desired` of a kind takes in what it was found to be.

use std::fmt;

use lambda_operator_crds::S3Code;

use crate::package;

/// A source that has to be looked at to know what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSource {
    /// All that the spec says of it; the first part of its fingerprint.
    name: String,
    /// Where it is.
    pub place: Place,
}

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An object in S3.
    Object {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
    /// An image in ECR.
    Image(Image),
}

/// An image by its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The account that has the registry.
    pub registry: String,
    /// The registry's region.
    pub region: String,
    /// The repository's name.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The URI without the tag.
    untagged: String,
}

/// What a source was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Tells it from what it was before and will be later.
    pub identity: Identity,
    /// The hash that AWS reports of a function or layer with it, where the store says so. Equal proves it, unequal nothing.
    pub code_sha256: Option<String>,
}

/// Tells one content of a source from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The version of an object. It can be deployed itself.
    Version(String),
    /// The ETag of an object in a bucket without versions.
    Etag(String),
    /// The digest of an image, `sha256:…`. It can be deployed itself.
    Digest(String),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version={version}"),
            Self::Etag(etag) => write!(f, "etag={etag}"),
            Self::Digest(digest) => f.write_str(digest),
        }
    }
}

impl NamedSource {
    /// An object in S3; `None`: the spec names its version, which never changes.
    pub fn object(s3: &S3Code) -> Option<Self> {
        let place = Place::Object { bucket: s3.bucket.clone(), key: s3.key.clone() };
        s3.object_version.is_none().then(|| Self { name: package::s3_fingerprint(s3), place })
    }

    /// An image; `None`: it is named by its digest, which never changes, or isn't in ECR.
    pub fn image(uri: &str) -> Option<Self> {
        let image = Image::parse(uri)?;
        Some(Self { name: uri.to_owned(), place: Place::Image(image) })
    }

    /// Identifies what was found in `status`.
    pub fn fingerprint(&self, Found { identity, .. }: &Found) -> String {
        format!("{}#{identity}", self.name)
    }

    /// What a fingerprint of this source says that it was.
    pub fn recall(&self, fingerprint: &str) -> Option<Found> {
        let identity = fingerprint.strip_prefix(&self.name)?.strip_prefix('#')?;
        let identity = match (identity.split_once('='), &self.place) {
            (Some(("version", version)), Place::Object { .. }) => Identity::Version(version.to_owned()),
            (Some(("etag", etag)), Place::Object { .. }) => Identity::Etag(etag.to_owned()),
            (None, Place::Image(_)) => Identity::Digest(identity.to_owned()),
            _ => return None,
        };
        Some(Found { identity, code_sha256: None })
    }

    /// What the operator has to be allowed in order to look at it.
    pub fn permission(&self, region: &str) -> String {
        let partition = partition(region);
        match &self.place {
            Place::Object { bucket, key } => format!(
                "s3:GetObject on arn:{partition}:s3:::{bucket}/{key}, and s3:ListBucket on arn:{partition}:s3:::{bucket}, without \
                 which S3 also refuses to say that there is no such object"
            ),
            Place::Image(Image { registry, region, repository, .. }) => format!(
                "ecr:BatchGetImage on arn:{partition}:ecr:{region}:{registry}:repository/{repository}; a registry of another \
                 account has to allow it too"
            ),
        }
    }
}

impl fmt::Display for NamedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Place::Image(Image { untagged, tag, .. }) => write!(f, "{untagged}:{tag}"),
        }
    }
}

impl Image {
    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME[:TAG]`, or with the names of dual-stack registries
    /// `ACCOUNT.dkr-ecr.REGION.on.aws/NAME[:TAG]`.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>
    fn parse(uri: &str) -> Option<Self> {
        if uri.contains('@') {
            return None;
        }
        let (host, path) = uri.split_once('/')?;
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        let (registry, rest) = host.split_once('.')?;
        let region = match rest.strip_prefix("dkr.ecr.").or_else(|| rest.strip_prefix("dkr.ecr-fips.")) {
            Some(rest) => {
                rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?
            }
            None => rest
                .strip_prefix("dkr-ecr.")
                .or_else(|| rest.strip_prefix("dkr-ecr-fips."))?
                .strip_suffix(".on.aws")?,
        };
        let is_account = registry.len() == 12 && registry.bytes().all(|byte| byte.is_ascii_digit());
        let is_named =
            !region.is_empty() && !region.contains('.') && !repository.is_empty() && !tag.is_empty();
        (is_account && is_named).then(|| Self {
            registry: registry.to_owned(),
            region: region.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            untagged: format!("{host}/{repository}"),
        })
    }

    /// The URI of what the tag means.
    pub fn by_digest(&self, digest: &str) -> String {
        format!("{}@{digest}", self.untagged)
    }
}

/// The part of AWS that a region belongs to.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
mod tests {
    use super::*;

    fn object(extra: serde_json::Value) -> Option<NamedSource> {
        let mut s3 = serde_json::json!({"bucket": "b", "key": "k"});
        s3.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        NamedSource::object(&serde_json::from_value(s3).unwrap())
    }

    fn found(identity: Identity) -> Found {
        Found { identity, code_sha256: None }
    }

    #[test]
    fn what_never_changes_is_not_looked_at() {
        assert!(object(serde_json::json!({})).is_some());
        assert_eq!(object(serde_json::json!({"objectVersion": "1"})), None);
        let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";
        assert!(NamedSource::image(uri).is_some());
        assert_eq!(NamedSource::image(&format!("{uri}@sha256:1")), None);
        assert_eq!(NamedSource::image(&format!("{uri}:v1@sha256:1")), None);
    }

    #[test]
    fn an_image_names_its_registry_also_of_another_account_and_region() {
        let parse =
            |uri: &str| Image::parse(uri).map(|i| [i.registry, i.region, i.repository, i.tag].join(" "));
        for (uri, expected) in [
            (
                "999988887777.dkr.ecr.us-east-1.amazonaws.com/team/app:v1",
                "999988887777 us-east-1 team/app v1",
            ),
            ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app", "111122223333 cn-north-1 app latest"),
            ("111122223333.dkr-ecr.eu-west-1.on.aws/app:v1", "111122223333 eu-west-1 app v1"),
            (
                "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app:v1",
                "111122223333 us-gov-west-1 app v1",
            ),
        ] {
            assert_eq!(parse(uri).as_deref(), Some(expected), "{uri}");
        }
        for uri in [
            "r/i:1",
            "public.ecr.aws/lambda/python:3.14",
            "localhost:5000/app:v1",
            "1.dkr.ecr.r.amazonaws.com/a",
        ] {
            assert_eq!(parse(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_fingerprint_says_what_the_source_was() {
        let image = NamedSource::image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1").unwrap();
        let object = object(serde_json::json!({})).unwrap();
        for (source, identity) in [
            (&object, Identity::Version("v1=#".into())),
            (&object, Identity::Etag("\"9b2c-3\"".into())),
            (&image, Identity::Digest("sha256:ab".into())),
        ] {
            let fingerprint = source.fingerprint(&found(identity.clone()));
            assert_eq!(source.recall(&fingerprint), Some(found(identity)), "{fingerprint}");
        }
        let of_another = image.fingerprint(&found(Identity::Digest("sha256:ab".into())));
        assert_eq!(object.recall(&of_another), None);
        assert_eq!(object.recall(&object.name), None, "it was deployed without a look");
        assert_eq!(object.recall("s3://b/k2?versionId=&mode=COPY#etag=1"), None);
    }

    #[test]
    fn the_permission_is_named_with_its_resource() {
        let image =
            NamedSource::image("999988887777.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app:v1").unwrap();
        let permission = image.permission("cn-north-1");
        assert!(
            permission
                .contains("ecr:BatchGetImage on arn:aws-cn:ecr:cn-north-1:999988887777:repository/team/app")
        );
        let permission = object(serde_json::json!({})).unwrap().permission("us-gov-west-1");
        assert!(permission.contains("s3:GetObject on arn:aws-us-gov:s3:::b/k"), "{permission}");
    }
}
