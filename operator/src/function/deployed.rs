//! Whether what AWS runs came from the source that the spec names. Pure; `compare` and `status` ask.
//!
//! AWS tells the source only in parts: never of a copied S3 object, of an image by its digest. What it doesn't tell
//! is known from the status: which source was last deployed, and which CodeSha256 that gave.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html>

use lambda_operator_crds::LambdaFunctionStatus;

use crate::function::desired::Package;
use crate::function::model::{CodeSource, Live, Observed, S3Object};

/// Whether a package is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deployed {
    /// It is.
    Yes,
    /// It isn't; the spec path in which AWS differs.
    No(&'static str),
    /// It can't be told.
    Unknown,
}

impl Deployed {
    fn is(same: bool) -> Self {
        if same { Self::Yes } else { Self::No("code") }
    }
}

pub(super) fn deployed(
    package: &Package,
    observed: &Observed,
    status: &LambdaFunctionStatus,
    observe_only: bool,
) -> Deployed {
    let referenced = observed.live.as_ref().and_then(|live| of_reference(&package.code.source, live));
    if let Some(no @ Deployed::No(_)) = referenced {
        return no;
    }
    if let Some(hash) = &package.code_sha256 {
        return Deployed::is(*hash == observed.code_sha256);
    }
    if status.code_source.as_deref() == Some(&package.fingerprint) {
        return Deployed::is(status.code_source_sha256.as_deref() == Some(&observed.code_sha256))
            .or_image(package, observed);
    }
    if let Some(yes @ Deployed::Yes) = referenced {
        return yes;
    }
    if package.checksum.as_ref() == Some(&observed.code_sha256) {
        return Deployed::Yes;
    }
    // A tag says what runs only of what we never deployed: it may have moved since.
    let trusted = observe_only || status.code_source.is_none();
    match (&package.code.source, &observed.live) {
        (CodeSource::Image { uri }, Some(live)) if trusted && live.image_uri.as_deref() == Some(uri) => {
            Deployed::Yes
        }
        (CodeSource::Image { .. }, Some(_)) => Deployed::is(false).or_image(package, observed),
        _ => Deployed::Unknown,
    }
}

impl Deployed {
    /// An image is deployed in any case when AWS resolved its own to the very digest.
    fn or_image(self, package: &Package, observed: &Observed) -> Self {
        let resolved = observed.live.as_ref().and_then(|live| live.resolved_image_uri.as_deref());
        match &package.code.source {
            CodeSource::Image { uri } if resolved == Some(uri) => Self::Yes,
            _ => self,
        }
    }
}

/// What AWS shows of an S3 object that it reads the code from. `None`: nothing, which is right for a copy.
fn of_reference(source: &CodeSource, live: &Live) -> Option<Deployed> {
    let CodeSource::S3 { bucket, key, object_version, storage_mode } = source else { return None };
    let by_reference = storage_mode == "REFERENCE";
    let Some(S3Object { bucket: has_bucket, key: has_key, version }) = &live.resolved_s3_object else {
        return by_reference.then_some(Deployed::No("code.s3.objectStorageMode"));
    };
    if !by_reference {
        return Some(Deployed::No("code.s3.objectStorageMode"));
    }
    let other_version = object_version.as_ref().is_some_and(|wanted| version.as_ref() != Some(wanted));
    if has_bucket != bucket || has_key != key || other_version {
        return Some(Deployed::No("code"));
    }
    Some(if object_version.is_some() { Deployed::Yes } else { Deployed::Unknown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::model::{Code, PackageType};
    use crate::function::plan_tests::observed;

    fn s3(mode: &str, object_version: Option<&str>) -> Package {
        let source = CodeSource::S3 {
            bucket: "b".into(),
            key: "k".into(),
            object_version: object_version.map(Into::into),
            storage_mode: mode.into(),
        };
        package(source)
    }

    fn image(uri: &str) -> Package {
        package(CodeSource::Image { uri: uri.into() })
    }

    fn package(source: CodeSource) -> Package {
        Package {
            code: Code { source, architecture: "x86_64".into(), source_kms_key_arn: String::new() },
            fingerprint: "the source".into(),
            code_sha256: None,
            checksum: None,
            package_type: PackageType::Zip,
        }
    }

    /// What the status says of the source and the hash that it gave.
    fn knows(source: &str, hash: &str) -> LambdaFunctionStatus {
        LambdaFunctionStatus {
            code_source: Some(source.into()),
            code_source_sha256: Some(hash.into()),
            ..LambdaFunctionStatus::default()
        }
    }

    fn resolved(bucket: &str, key: &str, version: &str) -> Observed {
        let mut observed = observed();
        let version = Some(version.to_owned());
        let object = S3Object { bucket: bucket.into(), key: key.into(), version };
        observed.live.as_mut().unwrap().resolved_s3_object = Some(object);
        observed
    }

    #[test]
    fn a_copy_from_s3_is_known_by_what_was_deployed() {
        let ask = |status: &LambdaFunctionStatus| deployed(&s3("COPY", None), &observed(), status, false);
        let hash = observed().code_sha256;
        assert_eq!(ask(&LambdaFunctionStatus::default()), Deployed::Unknown);
        assert_eq!(ask(&knows("the source", &hash)), Deployed::Yes);
        assert_eq!(ask(&knows("the source", "other")), Deployed::No("code"), "somebody else's code");
        assert_eq!(ask(&knows("another source", &hash)), Deployed::Unknown);
    }

    #[test]
    fn a_checksum_proves_that_the_code_is_there_and_nothing_else() {
        let with = |sum: &str| Package { checksum: Some(sum.into()), ..s3("COPY", None) };
        let (hash, none) = (observed().code_sha256, LambdaFunctionStatus::default());
        assert_eq!(deployed(&with(&hash), &observed(), &none, false), Deployed::Yes);
        let another = knows("another source", &hash);
        assert_eq!(deployed(&with(&hash), &observed(), &another, false), Deployed::Yes);
        assert_eq!(deployed(&with("other"), &observed(), &none, false), Deployed::Unknown);
        let known = knows("the source", &hash);
        assert_eq!(deployed(&with("other"), &observed(), &known, false), Deployed::Yes, "it gave this hash");
    }

    #[test]
    fn the_storage_mode_shows_whatever_is_known() {
        let mode = Deployed::No("code.s3.objectStorageMode");
        let known = knows("the source", &observed().code_sha256);
        for status in [LambdaFunctionStatus::default(), known] {
            assert_eq!(deployed(&s3("COPY", None), &resolved("b", "k", "1"), &status, false), mode);
            assert_eq!(deployed(&s3("REFERENCE", None), &observed(), &status, false), mode);
        }
    }

    #[test]
    fn a_reference_to_s3_shows_its_object() {
        let none = LambdaFunctionStatus::default();
        let ask = |version, observed: &Observed| deployed(&s3("REFERENCE", version), observed, &none, false);
        assert_eq!(ask(Some("1"), &resolved("b", "k", "1")), Deployed::Yes);
        assert_eq!(ask(Some("1"), &resolved("b", "k", "2")), Deployed::No("code"));
        assert_eq!(ask(None, &resolved("b", "other", "1")), Deployed::No("code"));
        assert_eq!(
            ask(None, &resolved("b", "k", "1")),
            Deployed::Unknown,
            "the newest may be another by now"
        );
    }

    #[test]
    fn an_image_is_known_by_its_digest_and_by_its_tag_only_at_first() {
        let mut observed = observed();
        let live = observed.live.as_mut().unwrap();
        live.image_uri = Some("app:v1".into());
        live.resolved_image_uri = Some("app@sha256:1".into());
        let none = LambdaFunctionStatus::default();
        let ask = |uri: &str, status: &LambdaFunctionStatus| deployed(&image(uri), &observed, status, false);
        assert_eq!(ask("app@sha256:1", &none), Deployed::Yes);
        assert_eq!(ask("app@sha256:2", &none), Deployed::No("code"));
        assert_eq!(ask("app:v1", &none), Deployed::Yes);
        assert_eq!(ask("app:v1", &knows("another source", "x")), Deployed::No("code"));
        assert_eq!(ask("app:v1", &knows("the source", "other")), Deployed::No("code"));
        assert_eq!(deployed(&image("app:v1"), &observed, &knows("another source", "x"), true), Deployed::Yes);
    }
}
