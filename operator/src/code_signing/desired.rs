//! From a spec to what a configuration is to be: parsed, defaults filled in. After this the raw object is not touched.

use std::collections::BTreeSet;

use lambda_operator_crds::{CodeSigningConfig, CodeSigningConfigSpec, UntrustedArtifactPolicy};

use crate::code_signing::model::Configuration;
use crate::engine::kind::Unready;
use crate::engine::tags::{self, Tags};

/// A configuration as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// ARN of the one that is taken over; `None`: one is created.
    pub existing: Option<String>,
    /// What it says.
    pub configuration: Configuration,
    /// The user's tags.
    pub tags: Tags,
    /// What is not compared.
    pub ignored: Ignored,
}

/// The parsed `ignoreDrift`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// The description.
    pub description: bool,
    /// The publishers.
    pub publishers: bool,
    /// The policy.
    pub policy: bool,
    /// Single tags.
    pub tags: BTreeSet<String>,
}

/// Parses a CodeSigningConfig.
///
/// # Errors
/// What is wrong with the spec.
pub fn desired(object: &CodeSigningConfig) -> Result<Desired, Unready> {
    let CodeSigningConfigSpec {
        common,
        code_signing_config_arn,
        description,
        allowed_publishers,
        code_signing_policies,
    } = &object.spec;
    let policy = code_signing_policies.as_ref().and_then(|all| all.untrusted_artifact_on_deployment);
    Ok(Desired {
        existing: code_signing_config_arn.clone(),
        configuration: Configuration {
            description: description.clone().unwrap_or_default(),
            publishers: allowed_publishers.signing_profile_version_arns.iter().cloned().collect(),
            policy: match policy.unwrap_or_default() {
                UntrustedArtifactPolicy::Warn => "Warn".to_owned(),
                UntrustedArtifactPolicy::Enforce => "Enforce".to_owned(),
            },
        },
        tags: tags::wanted(common.tags.as_ref())?,
        ignored: ignored(common.ignore_drift.as_deref().unwrap_or_default()).map_err(Unready::Invalid)?,
    })
}

fn ignored(paths: &[String]) -> Result<Ignored, String> {
    let mut ignored = Ignored::default();
    for path in paths {
        match path.as_str() {
            "description" => ignored.description = true,
            "allowedPublishers" => ignored.publishers = true,
            "codeSigningPolicies" => ignored.policy = true,
            other => match other.strip_prefix("tags.").filter(|key| !key.is_empty()) {
                Some(key) => drop(ignored.tags.insert(key.to_owned())),
                None => {
                    return Err(format!(
                        "spec.ignoreDrift: {other:?} is unknown. Use description, allowedPublishers, codeSigningPolicies or \
                         tags.KEY."
                    ));
                }
            },
        }
    }
    Ok(ignored)
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
pub(super) mod tests {
    use super::*;

    pub(in crate::code_signing) fn object(spec: serde_json::Value) -> CodeSigningConfig {
        let mut all =
            serde_json::json!({"allowedPublishers": {"signingProfileVersionArns": ["arn:b", "arn:a"]}});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(serde_json::json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "CodeSigningConfig",
            "metadata": {"name": "signed", "namespace": "shop"}, "spec": all,
        }))
        .unwrap()
    }

    #[test]
    fn absent_means_aws_default() {
        let Desired { existing, configuration, tags, ignored } =
            desired(&object(serde_json::json!({}))).unwrap();
        assert_eq!(existing, None);
        assert_eq!((configuration.description.as_str(), configuration.policy.as_str()), ("", "Warn"));
        assert_eq!(configuration.publishers, BTreeSet::from(["arn:a".to_owned(), "arn:b".to_owned()]));
        assert!(tags.is_empty() && ignored == Ignored::default());
    }

    #[test]
    fn an_unknown_path_is_refused_with_the_known_ones() {
        for path in ["runtime", "tags."] {
            let Err(Unready::Invalid(text)) = desired(&object(serde_json::json!({"ignoreDrift": [path]})))
            else {
                panic!("{path} is accepted")
            };
            assert!(text.contains(path) && text.contains("allowedPublishers"), "{text}");
        }
    }
}
