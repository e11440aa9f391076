//! From what AWS has to the shortest spec that means it: the reverse of `desired`. Pure.

use lambda_operator_crds::{AllowedPublishers, CodeSigningConfigSpec, CodeSigningPolicies, CommonSpec};

use crate::code_signing::model::{Configuration, Observed};
use crate::manifest::{Unsaid, some_of, tags, unless};

/// The spec of a configuration. AWS assigned its ARN, by which it is found.
pub fn spec(observed: &Observed, common: CommonSpec) -> CodeSigningConfigSpec {
    let Configuration { description, publishers, policy } = observed.configuration.clone();
    let mut unsaid = Unsaid::default();
    let policy = unsaid.word("codeSigningPolicies", &policy);
    CodeSigningConfigSpec {
        common: CommonSpec {
            ignore_drift: unsaid.into_paths(common.ignore_drift),
            tags: observed.tags.as_ref().ok().and_then(tags),
            ..common
        },
        code_signing_config_arn: Some(observed.arn.clone()),
        description: unless(description, &String::new()),
        allowed_publishers: AllowedPublishers {
            signing_profile_version_arns: some_of(publishers).unwrap_or_default(),
        },
        code_signing_policies: policy
            .map(|policy| CodeSigningPolicies { untrusted_artifact_on_deployment: Some(policy) }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lambda_operator_crds::{AdoptPolicy, CodeSigningConfig};
    use serde_json::json;

    use super::*;
    use crate::code_signing::CodeSigningConfigs;
    use crate::engine::kind::Inputs;
    use crate::manifest::{changes, owner};

    #[test]
    fn a_configuration_that_is_taken_over_by_its_manifest_is_not_changed() {
        for (description, policy) in [("", "Warn"), ("d", "Enforce"), ("", "Ask")] {
            let observed = Observed {
                arn: "arn:aws:lambda:eu-west-1:1:code-signing-config:csc-1".into(),
                id: "csc-1".into(),
                configuration: Configuration {
                    description: description.into(),
                    publishers: BTreeSet::from(["arn:a".to_owned(), "arn:b".to_owned()]),
                    policy: policy.into(),
                },
                tags: Ok([("team".to_owned(), "a".to_owned())].into()),
                functions: None,
            };
            let common = CommonSpec { adopt: Some(AdoptPolicy::Unowned), ..CommonSpec::default() };
            let object = CodeSigningConfig::new("signed", spec(&observed, common));
            let mut owned = observed.clone();
            owned.tags.as_mut().unwrap().extend(owner().tags());
            assert_eq!(changes::<CodeSigningConfigs>(&object, &Inputs::new(), &owned), Vec::<String>::new());
            if policy == "Warn" {
                let expected = json!({
                    "adopt": "Unowned", "codeSigningConfigArn": observed.arn, "tags": {"team": "a"},
                    "allowedPublishers": {"signingProfileVersionArns": ["arn:a", "arn:b"]},
                });
                assert_eq!(serde_json::to_value(object.spec).unwrap(), expected);
            }
        }
    }
}
