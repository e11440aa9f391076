//! From the code of a spec to a package, and what its source was found to be. Part of `desired`.

use lambda_operator_crds::{Architecture, FunctionCode, LambdaFunction, LambdaFunctionStatus};

use crate::function::desired::{Desired, wire};
use crate::function::model::{Code, CodeSource, PackageType};
use crate::package;
use crate::source::{Found, Identity, NamedSource, Place};

/// A package to deploy, and how to recognize it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What is sent.
    pub code: Code,
    /// Identifies the source; stored in status beside the CodeSha256 that it gave.
    pub fingerprint: String,
    /// The hash that AWS will report, where it can be told in advance.
    pub code_sha256: Option<String>,
    /// The hash that AWS reports if it has this package, as far as its source says so. Equal proves it, unequal nothing.
    pub checksum: Option<String>,
    /// Zip or image.
    pub package_type: PackageType,
}

impl Package {
    /// Whether AWS shows in each case that it has this package; otherwise only the status can tell.
    pub fn is_recognizable(&self) -> bool {
        let Self { code, code_sha256, checksum, .. } = self;
        let shown = match &code.source {
            CodeSource::S3 { object_version, storage_mode, .. } => {
                object_version.is_some() && storage_mode == "REFERENCE"
            }
            CodeSource::Image { uri } => uri.contains('@'),
            CodeSource::Zip(_) => true,
        };
        shown || code_sha256.is_some() || checksum.is_some()
    }
}

/// What the code comes from, where the name of that can come to mean something else. A function that is there and whose code
/// somebody else deploys needs none.
pub fn source(object: &LambdaFunction, status: &LambdaFunctionStatus) -> Option<NamedSource> {
    let ignored = object.spec.common.ignore_drift.iter().flatten().any(|path| path == "code");
    if ignored && status.arn.is_some() {
        return None;
    }
    match &object.spec.code {
        FunctionCode { s3: Some(s3), .. } => NamedSource::object(s3),
        FunctionCode { image: Some(image), .. } => NamedSource::image(&image.uri),
        _ => None,
    }
}

/// Puts in what the source was found to be. What can be named exactly is deployed by that name, so that it is what was looked
/// at.
pub fn resolve(desired: &mut Desired, source: &NamedSource, found: &Found) {
    let Some(package) = &mut desired.package else { return };
    match (&mut package.code.source, &source.place, &found.identity) {
        (CodeSource::S3 { object_version, .. }, _, Identity::Version(version)) => {
            *object_version = Some(version.clone());
        }
        (CodeSource::Image { uri }, Place::Image(image), Identity::Digest(digest)) => {
            *uri = image.by_digest(digest);
        }
        _ => {}
    }
    package.fingerprint = source.fingerprint(found);
    package.checksum.clone_from(&found.code_sha256);
}

/// The package that the spec asks for; `None`: somebody else deploys it. An object or tag in it is still a mere name.
pub(super) fn code_package(
    code: &FunctionCode,
    architecture: Architecture,
) -> Result<Option<Package>, String> {
    let FunctionCode { s3, image, inline, external, source_kms_key_arn } = code;
    let (source, fingerprint, code_sha256, package_type) = match (s3, image, inline, external) {
        (Some(s3), None, None, None) => {
            let storage_mode = package::storage_mode(s3).to_owned();
            let fingerprint = package::s3_fingerprint(s3);
            let (bucket, key, object_version) =
                (s3.bucket.clone(), s3.key.clone(), s3.object_version.clone());
            (
                CodeSource::S3 { bucket, key, object_version, storage_mode },
                fingerprint,
                None,
                PackageType::Zip,
            )
        }
        (None, Some(image), None, None) => {
            if source_kms_key_arn.as_ref().is_some_and(|key| !key.is_empty()) {
                return Err("spec.code.sourceKMSKeyArn is for zip packages; remove it from a function with code.image".into());
            }
            (CodeSource::Image { uri: image.uri.clone() }, image.uri.clone(), None, PackageType::Image)
        }
        (None, None, Some(inline), None) => {
            let bytes = package::zip("spec.code", &inline.files)?;
            let hash = package::code_sha256(&bytes);
            (CodeSource::Zip(bytes), package::inline_fingerprint(&hash), Some(hash), PackageType::Zip)
        }
        (None, None, None, Some(_)) => return Ok(None),
        _ => {
            return Err("spec.code needs exactly one of s3, image, inline and external; set one and remove the others".into());
        }
    };
    let code = Code {
        source,
        architecture: wire(&architecture),
        source_kms_key_arn: source_kms_key_arn.clone().unwrap_or_default(),
    };
    Ok(Some(Package { code, fingerprint, code_sha256, checksum: None, package_type }))
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
mod tests {
    use super::*;
    use crate::engine::kind::{Inputs, Unready};
    use crate::function::desired::desired;
    use crate::function::desired::tests::{function, parse};

    /// The package of a spec with what its source was found to be.
    fn resolved(code: serde_json::Value, identity: Identity) -> (Package, NamedSource) {
        let object = function(serde_json::json!({"code": code}));
        let source = source(&object, &LambdaFunctionStatus::default()).unwrap();
        let mut desired = desired(&object, &Inputs::new()).unwrap();
        resolve(&mut desired, &source, &Found { identity, code_sha256: Some("sum".into()) });
        (desired.package.unwrap(), source)
    }

    #[test]
    fn what_can_be_named_exactly_is_deployed_by_that_name() {
        let s3 = serde_json::json!({"s3": {"bucket": "abc", "key": "k"}});
        let version = |package: &Package| match &package.code.source {
            CodeSource::S3 { object_version, .. } => object_version.clone(),
            other => panic!("{other:?}"),
        };
        let (package, source) = resolved(s3.clone(), Identity::Version("v1".into()));
        assert_eq!(version(&package).as_deref(), Some("v1"));
        let known = source.recall(&package.fingerprint).unwrap().identity;
        assert_eq!((known, package.checksum.as_deref()), (Identity::Version("v1".into()), Some("sum")));
        let (package, _) = resolved(s3, Identity::Etag("e".into()));
        assert_eq!((version(&package), package.fingerprint.ends_with("#etag=e")), (None, true));
        let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
        let image = serde_json::json!({"image": {"uri": uri}});
        let (package, _) = resolved(image, Identity::Digest("sha256:1".into()));
        let by_digest = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:1";
        assert_eq!(package.code.source, CodeSource::Image { uri: by_digest.into() });
        assert_eq!(package.fingerprint, format!("{uri}#sha256:1"));
    }

    #[test]
    fn code_that_somebody_else_deploys_has_no_source_once_it_is_there() {
        let code = serde_json::json!({"s3": {"bucket": "abc", "key": "k"}});
        let object = function(serde_json::json!({"code": code, "ignoreDrift": ["code"]}));
        let there = LambdaFunctionStatus { arn: Some("arn".into()), ..LambdaFunctionStatus::default() };
        assert!(source(&object, &LambdaFunctionStatus::default()).is_some(), "it is created from there");
        assert_eq!(source(&object, &there), None);
        assert!(source(&function(serde_json::json!({"code": code})), &there).is_some());
        let external = function(serde_json::json!({"code": {"external": {}}}));
        assert_eq!(source(&external, &there), None);
    }

    #[test]
    fn the_fingerprint_follows_the_source() {
        let fingerprint =
            |code: serde_json::Value| parse(serde_json::json!({"code": code})).package.unwrap().fingerprint;
        let one = fingerprint(serde_json::json!({"s3": {"bucket": "abc", "key": "k"}}));
        let two = fingerprint(serde_json::json!({"s3": {"bucket": "abc", "key": "k", "objectVersion": "2"}}));
        assert_ne!(one, two);
        assert_eq!(fingerprint(serde_json::json!({"image": {"uri": "r:t"}})), "r:t");
    }

    #[test]
    fn inline_code_is_measured_in_bytes() {
        let files = serde_json::json!({"big.py": "\u{20ac}".repeat(40_000), "small.py": "x".repeat(20_000)});
        let object = function(serde_json::json!({"code": {"inline": {"files": files}}}));
        let Err(Unready::Invalid(text)) = desired(&object, &Inputs::new()) else { panic!("140,000 bytes") };
        for word in ["140000", "131072", "big.py", "120000", "spec.code.s3"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
