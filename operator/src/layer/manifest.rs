//! From what AWS has to the shortest spec that means it: the reverse of `desired`. Pure.

use lambda_operator_crds::{
    CommonSpec, ExternalCode, InlineCode, LambdaLayerSpec, LayerContent, LayerPermission,
};

use crate::layer::model::{Metadata, Permission, Policy, Version};
use crate::manifest::{Unsaid, some_of, unless};

/// The spec of a layer whose versions somebody else publishes. `name`: its name in AWS, unless the object has it too.
pub fn external(name: Option<String>, common: CommonSpec) -> LambdaLayerSpec {
    LambdaLayerSpec {
        common,
        layer_name: name,
        description: None,
        content: LayerContent { s3: None, inline: None, external: Some(ExternalCode {}) },
        compatible_architectures: None,
        compatible_runtimes: None,
        license_info: None,
        version_retention: None,
        permissions: None,
    }
}

/// The spec of a layer whose newest version has just these files.
pub fn inline(
    version: &Version,
    policy: &Policy,
    files: InlineCode,
    name: Option<String>,
    common: CommonSpec,
) -> LambdaLayerSpec {
    let Metadata { description, architectures, runtimes, license } = version.metadata.clone();
    let mut unsaid = Unsaid::default();
    let compatible_architectures = unsaid.all_known("compatibleArchitectures", &architectures);
    LambdaLayerSpec {
        description: unless(description, &String::new()),
        content: LayerContent { s3: None, inline: Some(files), external: None },
        compatible_architectures,
        compatible_runtimes: some_of(runtimes),
        license_info: unless(license, &String::new()),
        permissions: some_of(policy.iter().filter_map(permission)),
        ..external(name, CommonSpec { ignore_drift: unsaid.into_paths(common.ignore_drift), ..common })
    }
}

/// A statement that no permission makes stays as it is.
fn permission((sid, permission): (&String, &Option<Permission>)) -> Option<LayerPermission> {
    let Permission { principal, organization } = permission.clone()?;
    Some(LayerPermission { statement_id: sid.clone(), principal, organization_id: organization })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use lambda_operator_crds::{AdoptPolicy, FileContent, LambdaLayer};
    use serde_json::json;

    use super::*;
    use crate::engine::kind::Inputs;
    use crate::layer::Layers;
    use crate::layer::model::Observed;
    use crate::manifest::changes;
    use crate::package;

    fn common() -> CommonSpec {
        CommonSpec { adopt: Some(AdoptPolicy::Unowned), ..CommonSpec::default() }
    }

    fn files() -> InlineCode {
        InlineCode { files: BTreeMap::from([("python/a.py".to_owned(), FileContent("A = 1\n".into()))]) }
    }

    fn version(architecture: &str) -> Version {
        Version {
            arn: "arn:aws:lambda:eu-west-1:1:layer:tools:3".into(),
            number: 3,
            metadata: Metadata {
                description: "d".into(),
                architectures: BTreeSet::from([architecture.to_owned()]),
                runtimes: BTreeSet::from(["python3.14".to_owned()]),
                license: "MIT".into(),
            },
            token: None,
            code_sha256: Some(package::code_sha256(&package::zip("f", &files().files).unwrap())),
        }
    }

    fn changed(object: &LambdaLayer, version: Version, policy: Option<Policy>) -> Vec<String> {
        let observed = Observed { version: Some(version), found: false, policy };
        changes::<Layers>(object, &Inputs::new(), &observed)
    }

    #[test]
    fn a_layer_that_is_taken_over_by_its_manifest_gets_no_new_version() {
        let object = LambdaLayer::new("tools", external(None, common()));
        assert_eq!(changed(&object, version("arm64"), None), Vec::<String>::new());
        let policy = Policy::from([
            ("all".to_owned(), Some(Permission::new("*", Some("o-1")))),
            ("by-hand".to_owned(), None),
        ]);
        for architecture in ["arm64", "riscv"] {
            let version = version(architecture);
            let object = LambdaLayer::new("tools", inline(&version, &policy, files(), None, common()));
            assert_eq!(object.spec.permissions.as_ref().map(Vec::len), Some(1));
            assert_eq!(changed(&object, version, Some(policy.clone())), Vec::<String>::new());
        }
    }

    #[test]
    fn who_publishes_elsewhere_says_nothing_of_the_versions() {
        let spec = serde_json::to_value(external(Some("Tools".into()), common())).unwrap();
        assert_eq!(spec, json!({"adopt": "Unowned", "layerName": "Tools", "content": {"external": {}}}));
    }
}
