//! From a spec to what a provider is to be: parsed, defaults filled in. After this the raw object is not touched.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use lambda_operator_crds::{
    Architecture, CapacityProvider, CapacityProviderScaling, CapacityProviderScalingMode,
    CapacityProviderSpec, CapacityProviderTelemetry, InstanceRequirements, PropagateTags, PropagateTagsMode,
    SystemLogLevel,
};

use crate::capacity_provider::model::{Configuration, Fixed, Logging, Propagation, Scaling};
use crate::engine::kind::Unready;
use crate::engine::tags::{self, Tags};

/// A provider as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub configuration: Configuration,
    /// The user's tags.
    pub tags: Tags,
    /// What is not compared.
    pub ignored: Ignored,
}

/// The parsed `ignoreDrift`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How it scales.
    pub scaling: bool,
    /// Which tags it hands on.
    pub propagation: bool,
    /// What it logs.
    pub logging: bool,
    /// Single tags.
    pub tags: BTreeSet<String>,
}

/// What the provider is called in AWS.
pub fn aws_name(object: &CapacityProvider) -> String {
    object.spec.capacity_provider_name.clone().unwrap_or_else(|| object.name_any())
}

/// Parses a CapacityProvider.
///
/// # Errors
/// What is wrong with the spec.
pub fn desired(object: &CapacityProvider) -> Result<Desired, Unready> {
    let CapacityProviderSpec {
        common,
        capacity_provider_name: _,
        vpc_config,
        permissions_config,
        instance_requirements,
        capacity_provider_scaling_config,
        kms_key_arn,
        propagate_tags,
        telemetry_config,
    } = &object.spec;
    let name = aws_name(object);
    let InstanceRequirements { architectures, allowed_instance_types, excluded_instance_types } =
        instance_requirements.clone().unwrap_or_default();
    let architecture = architectures.and_then(|all| all.first().copied()).unwrap_or_default();
    let fixed = Fixed {
        subnets: vpc_config.subnet_ids.iter().cloned().collect(),
        security_groups: vpc_config.security_group_ids.iter().cloned().collect(),
        role: permissions_config.capacity_provider_operator_role_arn.clone(),
        architectures: BTreeSet::from([named(architecture).to_owned()]),
        allowed: allowed_instance_types.into_iter().flatten().collect(),
        excluded: excluded_instance_types.into_iter().flatten().collect(),
        kms_key_arn: kms_key_arn.clone().unwrap_or_default(),
    };
    Ok(Desired {
        configuration: Configuration {
            fixed,
            scaling: scaling(capacity_provider_scaling_config.clone().unwrap_or_default()),
            propagation: propagation(propagate_tags.clone().unwrap_or_default()),
            logging: logging(telemetry_config.clone().unwrap_or_default(), &name),
        },
        name,
        tags: tags::wanted(common.tags.as_ref())?,
        ignored: ignored(common.ignore_drift.as_deref().unwrap_or_default()).map_err(Unready::Invalid)?,
    })
}

fn named(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    }
}

fn scaling(spec: CapacityProviderScaling) -> Scaling {
    let CapacityProviderScaling { max_v_cpu_count, scaling_mode, scaling_policies } = spec;
    let default = Scaling::default();
    let policies = scaling_policies.into_iter().flatten();
    Scaling {
        max_vcpus: max_v_cpu_count.unwrap_or(default.max_vcpus),
        mode: match scaling_mode.unwrap_or_default() {
            CapacityProviderScalingMode::Auto => "Auto".to_owned(),
            CapacityProviderScalingMode::Manual => "Manual".to_owned(),
        },
        policies: policies.map(|policy| (policy.predefined_metric_type, policy.target_value)).collect(),
    }
}

fn propagation(spec: PropagateTags) -> Propagation {
    let PropagateTags { mode, explicit_tags } = spec;
    let tags: BTreeMap<_, _> =
        explicit_tags.into_iter().flatten().map(|(key, value)| (key, value.0)).collect();
    let mode = match mode.unwrap_or_default() {
        PropagateTagsMode::None => "None".to_owned(),
        PropagateTagsMode::Explicit => "Explicit".to_owned(),
    };
    Propagation { mode, tags }
}

fn logging(spec: CapacityProviderTelemetry, name: &str) -> Logging {
    let config = spec.logging_config.unwrap_or_default();
    let default = Logging::of(name);
    let level = config.system_log_level.map(|level| match level {
        SystemLogLevel::Debug => "DEBUG".to_owned(),
        SystemLogLevel::Info => "INFO".to_owned(),
        SystemLogLevel::Warn => "WARN".to_owned(),
    });
    Logging { level: level.unwrap_or(default.level), group: config.log_group.unwrap_or(default.group) }
}

fn ignored(paths: &[String]) -> Result<Ignored, String> {
    let mut ignored = Ignored::default();
    for path in paths {
        match path.as_str() {
            "capacityProviderScalingConfig" => ignored.scaling = true,
            "propagateTags" => ignored.propagation = true,
            "telemetryConfig" => ignored.logging = true,
            other => match other.strip_prefix("tags.").filter(|key| !key.is_empty()) {
                Some(key) => drop(ignored.tags.insert(key.to_owned())),
                None => {
                    return Err(format!(
                        "spec.ignoreDrift: {other:?} is unknown. Use capacityProviderScalingConfig, propagateTags, \
                         telemetryConfig or tags.KEY."
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

    pub(in crate::capacity_provider) fn object(spec: serde_json::Value) -> CapacityProvider {
        let mut all = serde_json::json!({
            "vpcConfig": {"subnetIds": ["subnet-b", "subnet-a"], "securityGroupIds": ["sg-a"]},
            "permissionsConfig": {"capacityProviderOperatorRoleArn": "arn:role"},
        });
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(serde_json::json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "CapacityProvider",
            "metadata": {"name": "compute", "namespace": "shop"}, "spec": all,
        }))
        .unwrap()
    }

    #[test]
    fn absent_means_aws_default() {
        let Desired { name, configuration, tags, ignored } = desired(&object(serde_json::json!({}))).unwrap();
        assert_eq!(name, "compute");
        let Configuration { fixed, scaling, propagation, logging } = configuration;
        assert_eq!(fixed.subnets, BTreeSet::from(["subnet-a".to_owned(), "subnet-b".to_owned()]));
        assert_eq!(fixed.architectures, BTreeSet::from(["x86_64".to_owned()]));
        assert!(fixed.allowed.is_empty() && fixed.excluded.is_empty() && fixed.kms_key_arn.is_empty());
        assert_eq!((scaling.max_vcpus, scaling.mode.as_str()), (400, "Auto"));
        assert!(scaling.policies.is_empty());
        assert_eq!(propagation, Propagation::default());
        assert_eq!(
            (logging.level.as_str(), logging.group.as_str()),
            ("INFO", "/aws/lambda/capacity-provider/compute")
        );
        assert!(tags.is_empty() && ignored == Ignored::default());
    }

    #[test]
    fn the_name_can_be_another_than_the_objects() {
        let named = desired(&object(serde_json::json!({"capacityProviderName": "other"}))).unwrap();
        assert_eq!(named.name, "other");
        assert_eq!(named.configuration.logging.group, "/aws/lambda/capacity-provider/other");
    }

    #[test]
    fn an_unknown_path_is_refused_with_the_known_ones() {
        for path in ["vpcConfig", "tags."] {
            let Err(Unready::Invalid(text)) = desired(&object(serde_json::json!({"ignoreDrift": [path]})))
            else {
                panic!("{path} is accepted")
            };
            assert!(text.contains(path) && text.contains("propagateTags"), "{text}");
        }
    }
}
