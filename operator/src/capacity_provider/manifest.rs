//! From what AWS has to the shortest spec that means it: the reverse of `desired`. Pure.

use lambda_operator_crds::{
    Architecture, CapacityProviderLogging, CapacityProviderPermissions, CapacityProviderScaling,
    CapacityProviderSpec, CapacityProviderTelemetry, CapacityProviderVpcConfig, CommonSpec,
    InstanceRequirements, PropagateTags, ScalingPolicy, TagValue,
};

use crate::capacity_provider::model::{Configuration, Fixed, Logging, Observed, Propagation, Scaling};
use crate::manifest::{Unsaid, some_of, tags, unless};

/// The spec of a provider. `name`: its name in AWS, unless the object has it too.
pub fn spec(observed: &Observed, name: Option<String>, common: CommonSpec) -> CapacityProviderSpec {
    let Configuration { fixed, scaling, propagation, logging } = observed.configuration.clone();
    let Fixed { subnets, security_groups, role, architectures, allowed, excluded, kms_key_arn } = fixed;
    let in_aws = observed.arn.rsplit(':').next().unwrap_or_default();
    let mut unsaid = Unsaid::default();
    let capacity_provider_scaling_config = scaling_of(scaling, &mut unsaid);
    let propagate_tags = propagation_of(propagation, &mut unsaid);
    let telemetry_config = logging_of(logging, in_aws, &mut unsaid);
    CapacityProviderSpec {
        common: CommonSpec {
            ignore_drift: unsaid.into_paths(common.ignore_drift),
            tags: observed.tags.as_ref().ok().and_then(tags),
            ..common
        },
        capacity_provider_name: name,
        vpc_config: CapacityProviderVpcConfig {
            subnet_ids: subnets.into_iter().collect(),
            security_group_ids: security_groups.into_iter().collect(),
        },
        permissions_config: CapacityProviderPermissions { capacity_provider_operator_role_arn: role },
        instance_requirements: requirements(architectures, allowed, excluded),
        capacity_provider_scaling_config,
        kms_key_arn: unless(kms_key_arn, &String::new()),
        propagate_tags,
        telemetry_config,
    }
}

/// A spec can't allow and exclude at the same time; what is left to AWS isn't compared.
fn requirements(
    architectures: impl IntoIterator<Item = String>,
    allowed: impl IntoIterator<Item = String>,
    excluded: impl IntoIterator<Item = String>,
) -> Option<InstanceRequirements> {
    let arm = architectures.into_iter().any(|architecture| architecture == "arm64");
    let allowed_instance_types = some_of(allowed);
    let excluded = some_of(excluded).filter(|_| allowed_instance_types.is_none());
    let requirements = InstanceRequirements {
        architectures: arm.then(|| vec![Architecture::Arm64]),
        allowed_instance_types,
        excluded_instance_types: excluded,
    };
    unless(requirements, &InstanceRequirements::default())
}

fn scaling_of(scaling: Scaling, unsaid: &mut Unsaid) -> Option<CapacityProviderScaling> {
    let Scaling { max_vcpus, mode, policies } = scaling;
    let policy = |(metric, target_value)| ScalingPolicy { predefined_metric_type: metric, target_value };
    let config = CapacityProviderScaling {
        max_v_cpu_count: unless(max_vcpus, &Scaling::default().max_vcpus),
        scaling_mode: unsaid.word("capacityProviderScalingConfig", &mode),
        scaling_policies: some_of(policies.into_iter().map(policy)),
    };
    unless(config, &CapacityProviderScaling::default())
}

fn propagation_of(propagation: Propagation, unsaid: &mut Unsaid) -> Option<PropagateTags> {
    let Propagation { mode, tags } = propagation;
    let tags = tags.into_iter().map(|(key, value)| (key, TagValue(value))).collect();
    let config = PropagateTags {
        mode: unsaid.word("propagateTags", &mode),
        explicit_tags: Some(tags).filter(|tags: &std::collections::BTreeMap<_, _>| !tags.is_empty()),
    };
    unless(config, &PropagateTags::default())
}

fn logging_of(logging: Logging, name: &str, unsaid: &mut Unsaid) -> Option<CapacityProviderTelemetry> {
    let (Logging { level, group }, default) = (logging, Logging::of(name));
    let level = unless(level, &default.level).and_then(|level| unsaid.known("telemetryConfig", &level));
    let config =
        CapacityProviderLogging { system_log_level: level, log_group: unless(group, &default.group) };
    unless(config, &CapacityProviderLogging::default())
        .map(|config| CapacityProviderTelemetry { logging_config: Some(config) })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use lambda_operator_crds::{AdoptPolicy, CapacityProvider};
    use serde_json::json;

    use super::*;
    use crate::capacity_provider::CapacityProviders;
    use crate::engine::kind::Inputs;
    use crate::manifest::{changes, owner};

    fn plain() -> Configuration {
        let set = |text: &str| BTreeSet::from([text.to_owned()]);
        Configuration {
            fixed: Fixed {
                subnets: set("subnet-a"),
                security_groups: set("sg-a"),
                role: "arn:role".into(),
                architectures: set("x86_64"),
                ..Fixed::default()
            },
            scaling: Scaling::default(),
            propagation: Propagation::default(),
            logging: Logging::of("compute"),
        }
    }

    fn written(configuration: &Configuration) -> (CapacityProvider, Vec<String>) {
        let observed = Observed {
            arn: "arn:aws:lambda:eu-west-1:1:capacity-provider:compute".into(),
            state: "Active".into(),
            configuration: configuration.clone(),
            tags: Ok([("team".to_owned(), "a".to_owned())].into()),
            versions: None,
        };
        let common = CommonSpec { adopt: Some(AdoptPolicy::Unowned), ..CommonSpec::default() };
        let object = CapacityProvider::new("compute", spec(&observed, None, common));
        let mut owned = observed.clone();
        owned.tags.as_mut().unwrap().extend(owner().tags());
        let changes = changes::<CapacityProviders>(&object, &Inputs::new(), &owned);
        (object, changes)
    }

    #[test]
    fn a_provider_that_is_taken_over_by_its_manifest_is_not_changed() {
        let mut whole = plain();
        whole.fixed.architectures = BTreeSet::from(["arm64".to_owned()]);
        whole.fixed.allowed = BTreeSet::from(["m8g.large".to_owned()]);
        whole.fixed.kms_key_arn = "arn:aws:kms:eu-west-1:1:key/k".into();
        whole.scaling = Scaling {
            max_vcpus: 12,
            mode: "Manual".into(),
            policies: BTreeMap::from([("LambdaCapacityProviderAverageCPUUtilization".to_owned(), 50.0)]),
        };
        whole.propagation =
            Propagation { mode: "Explicit".into(), tags: [("t".to_owned(), "1".to_owned())].into() };
        whole.logging = Logging { level: "DEBUG".into(), group: "other".into() };
        let mut new_words = plain();
        new_words.scaling.mode = "Dreaming".into();
        new_words.propagation.mode = "All".into();
        new_words.logging.level = "LOUD".into();
        for configuration in [plain(), whole, new_words] {
            assert_eq!(written(&configuration).1, Vec::<String>::new(), "{configuration:?}");
        }
    }

    #[test]
    fn what_is_awss_default_is_not_written() {
        let expected = json!({
            "adopt": "Unowned", "tags": {"team": "a"},
            "vpcConfig": {"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-a"]},
            "permissionsConfig": {"capacityProviderOperatorRoleArn": "arn:role"},
        });
        assert_eq!(serde_json::to_value(written(&plain()).0.spec).unwrap(), expected);
    }
}
