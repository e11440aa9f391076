//! From a spec to what a layer is to be: parsed, defaults filled in. After this the raw object is not touched.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use lambda_operator_crds::{Architecture, LambdaLayer, LambdaLayerSpec, LayerContent, LayerPermission};

use crate::engine::kind::{Inputs, Unready};
use crate::layer::model::{Content, Metadata, Permission, TOKEN_ROOM};
use crate::package;
use crate::source::{Found, Identity, NamedSource};

/// The longest description that AWS takes.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html>
const LONGEST_DESCRIPTION: usize = 256;

/// A layer as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Its name in AWS.
    pub name: String,
    /// What is in it; `None`: somebody else publishes it.
    pub source: Option<Source>,
    /// What its newest version says of itself.
    pub metadata: Metadata,
    /// Who may use it, by statement id; `None`: not in the spec.
    pub permissions: Option<BTreeMap<String, Permission>>,
    /// How many versions stay; `None`: all.
    pub keep: Option<usize>,
    /// ARNs of the versions that objects of the cluster use.
    pub in_use: BTreeSet<String>,
    /// What is not compared.
    pub ignored: Ignored,
}

/// What is in a layer, and how to recognize it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What is sent.
    pub content: Content,
    /// Identifies the source; stored in status beside the CodeSha256 that it gave.
    pub fingerprint: String,
    /// The hash that AWS will report, where it can be told in advance: equal is the same content, unequal says nothing.
    pub code_sha256: Option<String>,
}

/// The parsed `ignoreDrift`.
#[expect(clippy::struct_excessive_bools, reason = "independent paths, each read by its name")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// The description.
    pub description: bool,
    /// The instruction sets.
    pub architectures: bool,
    /// The runtimes.
    pub runtimes: bool,
    /// The licence.
    pub license: bool,
    /// The permissions.
    pub permissions: bool,
}

/// What the content comes from, where the name of that can come to mean something else.
pub fn named_source(object: &LambdaLayer) -> Option<NamedSource> {
    object.spec.content.s3.as_ref().and_then(NamedSource::object)
}

/// Puts in what the source was found to be. A version is published by its name, so that it is what was looked at.
pub fn resolve(desired: &mut Desired, named: &NamedSource, found: &Found) {
    let Some(source) = &mut desired.source else { return };
    if let (Content::S3 { object_version, .. }, Identity::Version(version)) =
        (&mut source.content, &found.identity)
    {
        *object_version = Some(version.clone());
    }
    source.fingerprint = named.fingerprint(found);
    source.code_sha256.clone_from(&found.code_sha256);
}

/// The layer's name in AWS.
pub fn aws_name(object: &LambdaLayer) -> String {
    object.spec.layer_name.clone().unwrap_or_else(|| object.name_any())
}

/// Parses a LambdaLayer.
///
/// # Errors
/// What is wrong with the spec.
pub fn desired(object: &LambdaLayer, inputs: &Inputs) -> Result<Desired, Unready> {
    let LambdaLayerSpec {
        common,
        layer_name: _,
        description,
        content,
        compatible_architectures,
        compatible_runtimes,
        license_info,
        version_retention,
        permissions,
    } = &object.spec;
    let architecture = |architecture: &Architecture| match architecture {
        Architecture::X86_64 => "x86_64".to_owned(),
        Architecture::Arm64 => "arm64".to_owned(),
    };
    Ok(Desired {
        name: aws_name(object),
        source: source(content).map_err(Unready::Invalid)?,
        metadata: Metadata {
            description: checked(description.as_deref().unwrap_or_default())?,
            architectures: compatible_architectures.iter().flatten().map(architecture).collect(),
            runtimes: compatible_runtimes.iter().flatten().cloned().collect(),
            license: license_info.clone().unwrap_or_default(),
        },
        permissions: permissions.as_ref().map(|all| all.iter().map(permission).collect()),
        keep: version_retention.map(|retention| usize::try_from(retention.keep).unwrap_or(1).max(1)),
        in_use: inputs.in_use().clone(),
        ignored: ignored(common.ignore_drift.as_deref().unwrap_or_default()).map_err(Unready::Invalid)?,
    })
}

/// The schema counts characters, AWS those of UTF-16.
fn checked(description: &str) -> Result<String, Unready> {
    let (has, room) = (description.encode_utf16().count(), LONGEST_DESCRIPTION - TOKEN_ROOM);
    if has > room {
        return Err(Unready::Invalid(format!(
            "spec.description has {has} characters (as UTF-16 counts them); {room} fit, because the operator ends the \
             description of each version with a token of its own. Shorten it."
        )));
    }
    Ok(description.to_owned())
}

fn source(content: &LayerContent) -> Result<Option<Source>, String> {
    match content {
        LayerContent { s3: Some(s3), inline: None, external: None } => Ok(Some(Source {
            fingerprint: package::s3_fingerprint(s3),
            code_sha256: None,
            content: Content::S3 {
                bucket: s3.bucket.clone(),
                key: s3.key.clone(),
                object_version: s3.object_version.clone(),
                storage_mode: package::storage_mode(s3).to_owned(),
            },
        })),
        LayerContent { s3: None, inline: Some(inline), external: None } => {
            let bytes = package::zip("spec.content", &inline.files)?;
            let hash = package::code_sha256(&bytes);
            let fingerprint = package::inline_fingerprint(&hash);
            Ok(Some(Source { content: Content::Zip(bytes), fingerprint, code_sha256: Some(hash) }))
        }
        LayerContent { s3: None, inline: None, external: Some(_) } => Ok(None),
        _ => Err("spec.content needs exactly one of s3, inline and external; set one and remove the others"
            .to_owned()),
    }
}

fn permission(permission: &LayerPermission) -> (String, Permission) {
    let LayerPermission { statement_id, principal, organization_id } = permission;
    (statement_id.clone(), Permission::new(principal, organization_id.as_deref()))
}

fn ignored(paths: &[String]) -> Result<Ignored, String> {
    let mut ignored = Ignored::default();
    for path in paths {
        match path.as_str() {
            "description" => ignored.description = true,
            "compatibleArchitectures" => ignored.architectures = true,
            "compatibleRuntimes" => ignored.runtimes = true,
            "licenseInfo" => ignored.license = true,
            "permissions" => ignored.permissions = true,
            "content" => {
                return Err("spec.ignoreDrift: the content of a version can't drift. Where somebody else publishes the \
                            versions, use spec.content.external."
                    .to_owned());
            }
            other => {
                return Err(format!(
                    "spec.ignoreDrift: {other:?} is unknown. Use description, compatibleArchitectures, compatibleRuntimes, \
                     licenseInfo or permissions."
                ));
            }
        }
    }
    Ok(ignored)
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in crate::layer) fn object(spec: Value) -> LambdaLayer {
        let mut all = json!({"content": {"inline": {"files": {"python/a.py": "A = 1\n"}}}});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaLayer",
            "metadata": {"name": "tools", "namespace": "shop"}, "spec": all,
        }))
        .unwrap()
    }

    fn parse(spec: Value) -> Result<Desired, Unready> {
        desired(&object(spec), &Inputs::new())
    }

    #[test]
    fn absent_means_nothing_said_and_nothing_managed() {
        let Desired { name, source, metadata, permissions, keep, in_use, ignored } =
            parse(json!({})).unwrap();
        assert_eq!((name.as_str(), metadata), ("tools", Metadata::default()));
        assert!(source.is_some_and(|source| source.code_sha256.is_some()));
        assert!(permissions.is_none() && keep.is_none() && in_use.is_empty());
        assert_eq!(ignored, Ignored::default());
    }

    #[test]
    fn the_order_of_sets_means_nothing() {
        let of = |list: [&str; 2]| parse(json!({"compatibleArchitectures": list})).unwrap().metadata;
        assert_eq!(of(["arm64", "x86_64"]).fingerprint(), of(["x86_64", "arm64"]).fingerprint());
    }

    #[test]
    fn a_source_is_known_by_all_that_is_said_of_it() {
        let of = |s3: Value| parse(json!({"content": {"s3": s3}})).unwrap().source.unwrap().fingerprint;
        let plain = of(json!({"bucket": "b", "key": "k"}));
        assert_ne!(plain, of(json!({"bucket": "b", "key": "k", "objectVersion": "1"})));
        assert_ne!(plain, of(json!({"bucket": "b", "key": "k", "objectStorageMode": "REFERENCE"})));
        assert_eq!(plain, of(json!({"bucket": "b", "key": "k", "objectStorageMode": "COPY"})));
    }

    #[test]
    fn a_version_is_published_by_its_name_and_a_source_known_by_what_it_was() {
        let resolved = |identity: Identity| {
            let object = object(json!({"content": {"s3": {"bucket": "b", "key": "k"}}}));
            let named = named_source(&object).unwrap();
            let mut desired = desired(&object, &Inputs::new()).unwrap();
            resolve(&mut desired, &named, &Found { identity, code_sha256: None });
            desired.source.unwrap()
        };
        let version = |source: &Source| match &source.content {
            Content::S3 { object_version, .. } => object_version.clone(),
            Content::Zip(_) => panic!("it is in S3"),
        };
        let (one, two) = (resolved(Identity::Version("1".into())), resolved(Identity::Version("2".into())));
        assert_eq!((version(&one).as_deref(), version(&two).as_deref()), (Some("1"), Some("2")));
        let flat = resolved(Identity::Etag("1".into()));
        assert_eq!(version(&flat), None);
        let all = BTreeSet::from([one, two, flat].map(|source| source.fingerprint));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |spec: Value| match parse(spec) {
            Err(Unready::Invalid(text)) => text,
            other => panic!("accepted: {other:?}"),
        };
        assert!(refused(json!({"ignoreDrift": ["runtime"]})).contains("licenseInfo"));
        assert!(refused(json!({"ignoreDrift": ["content"]})).contains("content.external"));
        let long = "🦀".repeat(113);
        assert!(refused(json!({"description": long})).contains("225 fit"));
        assert!(parse(json!({"description": "x".repeat(225)})).is_ok());
        assert!(refused(json!({"content": {}})).contains("exactly one"));
    }
}
