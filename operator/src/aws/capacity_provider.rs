//! The operations on capacity providers: what the kind CapacityProvider calls. They have quotas of their own.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-capacity-providers.html>

use std::collections::BTreeSet;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::BuildError;
use aws_sdk_lambda::types::{
    Architecture, CapacityProvider, CapacityProviderLoggingConfig, CapacityProviderPermissionsConfig,
    CapacityProviderPredefinedMetricType, CapacityProviderScalingConfig, CapacityProviderScalingMode,
    CapacityProviderTelemetryConfig, CapacityProviderVpcConfig, InstanceRequirements, PropagateTags,
    PropagateTagsMode, SystemLogLevel, TargetTrackingScalingPolicy,
};

use super::call::{Call, Kind, Scope};
use super::error::{AwsError, Class};
use super::function::{checked, found, next};
use super::quota::{Priority, QuotaClass};
use crate::capacity_provider::model::{
    ACTIVE, Changes, Configuration, DELETING, FAILED, Fixed, Logging, Observed, Propagation, Scaling,
};
use crate::engine::tags::Tags;

/// The largest page of the list here.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionVersionsByCapacityProvider.html>
pub(super) const PAGE: i32 = 50;

impl Scope {
    /// The provider with its tags and the versions of functions that use it, or `None` when there is none: three calls, of
    /// one that AWS is at work on two, and of one that is being deleted one.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetCapacityProvider.html>
    pub async fn get_capacity_provider(
        &self,
        name: &str,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        const OPERATION: &str = "GetCapacityProvider";
        let name = checked(OPERATION, name)?;
        let send = |client: Client| client.get_capacity_provider().capacity_provider_name(name).send();
        let Some(output) = found(self.call(read(OPERATION, priority), send).await)? else { return Ok(None) };
        let provider = output.capacity_provider.ok_or_else(|| invalid_answer(OPERATION))?;
        let mut observed = observed(provider, Ok(Tags::new()));
        if observed.state != DELETING {
            observed.tags = self.readable_tags(&observed.arn, priority).await?;
        }
        if [ACTIVE, FAILED].contains(&observed.state.as_str()) {
            observed.versions = Some(self.versions_by_capacity_provider(name, priority).await?);
        }
        Ok(Some(observed))
    }

    /// Creates the provider with its tags, unless one of that name exists (`Class::AlreadyExists`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateCapacityProvider.html>
    pub async fn create_capacity_provider(
        &self,
        name: &str,
        configuration: &Configuration,
        tags: &Tags,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        const OPERATION: &str = "CreateCapacityProvider";
        let name = checked(OPERATION, name)?;
        let Configuration { fixed, scaling, propagation, logging } = configuration;
        let (vpc, permissions) = (vpc(fixed)?, permissions(fixed)?);
        let (requirements, scaling) = (requirements(fixed), scaling_config(OPERATION, scaling)?);
        let own = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let kms_key_arn = Some(fixed.kms_key_arn.clone()).filter(|arn| !arn.is_empty());
        let send = |client: Client| {
            client
                .create_capacity_provider()
                .capacity_provider_name(name)
                .vpc_config(vpc)
                .permissions_config(permissions)
                .instance_requirements(requirements)
                .capacity_provider_scaling_config(scaling)
                .set_kms_key_arn(kms_key_arn)
                .propagate_tags(propagate(propagation))
                .telemetry_config(telemetry(logging))
                .set_tags(Some(own))
                .send()
        };
        let call = write(OPERATION, priority, Kind::Create);
        let output = self.call(call, send).await.map_err(of_creation)?;
        let provider = output.capacity_provider.ok_or_else(|| invalid_answer(OPERATION))?;
        Ok(Observed { versions: Some(Vec::new()), ..observed(provider, Ok(tags.clone())) })
    }

    /// Replaces what is to change. AWS then works on it.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateCapacityProvider.html>
    pub async fn update_capacity_provider(
        &self,
        name: &str,
        changes: &Changes,
        priority: Priority,
    ) -> Result<(), AwsError> {
        const OPERATION: &str = "UpdateCapacityProvider";
        let name = checked(OPERATION, name)?;
        let Changes { scaling, propagation, logging } = changes;
        let scaling = scaling.as_ref().map(|scaling| scaling_config(OPERATION, scaling)).transpose()?;
        let send = |client: Client| {
            client
                .update_capacity_provider()
                .capacity_provider_name(name)
                .set_capacity_provider_scaling_config(scaling)
                .set_propagate_tags(propagation.as_ref().map(propagate))
                .set_telemetry_config(logging.as_ref().map(telemetry))
                .send()
        };
        self.call(write(OPERATION, priority, Kind::Write), send).await.map(drop)
    }

    /// Asks for the deletion, which takes a while; done when there is none. While functions use it AWS refuses
    /// (`Class::InUse`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteCapacityProvider.html>
    pub async fn delete_capacity_provider(&self, name: &str, priority: Priority) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteCapacityProvider";
        let name = checked(OPERATION, name)?;
        let send = |client: Client| client.delete_capacity_provider().capacity_provider_name(name).send();
        found(self.call(write(OPERATION, priority, Kind::Write), send).await).map(drop)
    }

    /// The versions of functions that use the provider, as `name:version`.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionVersionsByCapacityProvider.html>
    async fn versions_by_capacity_provider(
        &self,
        name: &str,
        priority: Priority,
    ) -> Result<Vec<String>, AwsError> {
        let (mut versions, mut marker) = (BTreeSet::new(), None);
        loop {
            let send = |client: Client| {
                client
                    .list_function_versions_by_capacity_provider()
                    .capacity_provider_name(name)
                    .max_items(PAGE)
                    .set_marker(marker)
                    .send()
            };
            let call = read("ListFunctionVersionsByCapacityProvider", priority);
            let output = self.call(call, send).await?;
            versions.extend(output.function_versions.iter().map(|version| short(&version.function_arn)));
            marker = next(output.next_marker);
            if marker.is_none() {
                return Ok(versions.into_iter().collect());
            }
        }
    }
}

pub(super) fn read(operation: &'static str, priority: Priority) -> Call {
    Call { class: QuotaClass::CapacityProviderReads, ..Call::read(operation, priority) }
}

fn write(operation: &'static str, priority: Priority, kind: Kind) -> Call {
    Call { class: QuotaClass::CapacityProviderWrites, kind, ..Call::write(operation, priority) }
}

fn invalid_answer(operation: &'static str) -> AwsError {
    AwsError::new(operation, Class::Transient, "InvalidAnswer", "AWS described no capacity provider")
}

fn invalid_request(operation: &'static str, error: &BuildError) -> AwsError {
    AwsError::new(operation, Class::Terminal, "InvalidRequest", error.to_string())
}

/// AWS's words are not on record, here or for a creation that meets another. A role that can't be used yet may pass by
/// itself: <https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lambda/capacity_provider.go>
/// tries again for two minutes. A conflict is with what has the name, also where that is being deleted: a read says more.
fn of_creation(error: AwsError) -> AwsError {
    let of_role =
        error.code == "InvalidParameterValueException" && error.message.to_lowercase().contains("role");
    match error.class {
        Class::Terminal if of_role => AwsError { class: Class::Propagating, ..error },
        Class::InProgress => AwsError { class: Class::AlreadyExists, ..error },
        _ => error,
    }
}

/// `name:version` of the ARN of a version.
fn short(arn: &str) -> String {
    arn.split_once(":function:").map_or(arn, |(_, short)| short).to_owned()
}

fn vpc(fixed: &Fixed) -> Result<CapacityProviderVpcConfig, AwsError> {
    CapacityProviderVpcConfig::builder()
        .set_subnet_ids(Some(fixed.subnets.iter().cloned().collect()))
        .set_security_group_ids(Some(fixed.security_groups.iter().cloned().collect()))
        .build()
        .map_err(|error| invalid_request("CreateCapacityProvider", &error))
}

fn permissions(fixed: &Fixed) -> Result<CapacityProviderPermissionsConfig, AwsError> {
    CapacityProviderPermissionsConfig::builder()
        .capacity_provider_operator_role_arn(&fixed.role)
        .build()
        .map_err(|error| invalid_request("CreateCapacityProvider", &error))
}

/// What is left to AWS isn't sent.
fn requirements(fixed: &Fixed) -> InstanceRequirements {
    let Fixed { architectures, allowed, excluded, .. } = fixed;
    let some = |types: &BTreeSet<String>| (!types.is_empty()).then(|| types.iter().cloned().collect());
    InstanceRequirements::builder()
        .set_architectures(Some(architectures.iter().map(|name| Architecture::from(name.as_str())).collect()))
        .set_allowed_instance_types(some(allowed))
        .set_excluded_instance_types(some(excluded))
        .build()
}

fn scaling_config(
    operation: &'static str,
    scaling: &Scaling,
) -> Result<CapacityProviderScalingConfig, AwsError> {
    let policies = scaling.policies.iter().map(|(metric, value)| {
        TargetTrackingScalingPolicy::builder()
            .predefined_metric_type(CapacityProviderPredefinedMetricType::from(metric.as_str()))
            .target_value(*value)
            .build()
            .map_err(|error| invalid_request(operation, &error))
    });
    let policies: Vec<_> = policies.collect::<Result<_, _>>()?;
    Ok(CapacityProviderScalingConfig::builder()
        .max_v_cpu_count(scaling.max_vcpus)
        .scaling_mode(CapacityProviderScalingMode::from(scaling.mode.as_str()))
        .set_scaling_policies((!policies.is_empty()).then_some(policies))
        .build())
}

fn propagate(propagation: &Propagation) -> PropagateTags {
    let Propagation { mode, tags } = propagation;
    let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    PropagateTags::builder()
        .mode(PropagateTagsMode::from(mode.as_str()))
        .set_explicit_tags((mode == "Explicit").then_some(tags))
        .build()
}

fn telemetry(logging: &Logging) -> CapacityProviderTelemetryConfig {
    let Logging { level, group } = logging;
    let logging = CapacityProviderLoggingConfig::builder()
        .system_log_level(SystemLogLevel::from(level.as_str()))
        .log_group(group)
        .build();
    CapacityProviderTelemetryConfig::builder().logging_config(logging).build()
}

/// As AWS describes it, with its defaults where it doesn't.
pub(super) fn observed(provider: CapacityProvider, tags: Result<Tags, String>) -> Observed {
    let name = provider.capacity_provider_arn.rsplit(':').next().unwrap_or_default();
    let logging = provider.telemetry_config.and_then(|telemetry| telemetry.logging_config);
    let (logging, default) = (logging.as_ref(), Logging::of(name));
    let level = logging.and_then(|logging| logging.system_log_level.as_ref());
    let group = logging.and_then(|logging| logging.log_group.clone());
    let configuration = Configuration {
        fixed: fixed(
            provider.vpc_config,
            provider.permissions_config,
            provider.instance_requirements,
            provider.kms_key_arn,
        ),
        scaling: provider.capacity_provider_scaling_config.map(observed_scaling).unwrap_or_default(),
        propagation: provider.propagate_tags.map(observed_propagation).unwrap_or_default(),
        logging: Logging {
            level: level.map_or(default.level, |level| level.as_str().to_owned()),
            group: group.unwrap_or(default.group),
        },
    };
    let state = provider.state.as_str().to_owned();
    Observed { arn: provider.capacity_provider_arn, state, configuration, tags, versions: None }
}

fn fixed(
    vpc: Option<CapacityProviderVpcConfig>,
    permissions: Option<CapacityProviderPermissionsConfig>,
    requirements: Option<InstanceRequirements>,
    kms_key_arn: Option<String>,
) -> Fixed {
    let (subnets, security_groups) =
        vpc.map(|vpc| (vpc.subnet_ids, vpc.security_group_ids)).unwrap_or_default();
    let requirements = requirements.unwrap_or_else(|| InstanceRequirements::builder().build());
    let architectures = requirements.architectures.unwrap_or_default();
    Fixed {
        subnets: subnets.into_iter().collect(),
        security_groups: security_groups.into_iter().collect(),
        role: permissions.map(|all| all.capacity_provider_operator_role_arn).unwrap_or_default(),
        architectures: architectures.iter().map(|all| all.as_str().to_owned()).collect(),
        allowed: requirements.allowed_instance_types.into_iter().flatten().collect(),
        excluded: requirements.excluded_instance_types.into_iter().flatten().collect(),
        kms_key_arn: kms_key_arn.unwrap_or_default(),
    }
}

fn observed_scaling(config: CapacityProviderScalingConfig) -> Scaling {
    let default = Scaling::default();
    let policies = config.scaling_policies.into_iter().flatten();
    Scaling {
        max_vcpus: config.max_v_cpu_count.unwrap_or(default.max_vcpus),
        mode: config.scaling_mode.map_or(default.mode, |mode| mode.as_str().to_owned()),
        policies: policies
            .map(|policy| (policy.predefined_metric_type.as_str().to_owned(), policy.target_value))
            .collect(),
    }
}

fn observed_propagation(tags: PropagateTags) -> Propagation {
    let mode = tags.mode.map_or_else(|| Propagation::default().mode, |mode| mode.as_str().to_owned());
    Propagation { mode, tags: tags.explicit_tags.into_iter().flatten().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creation_that_is_refused_may_pass_or_has_met_another() {
        let class = |class, code: &str, text: &str| {
            of_creation(AwsError::new("CreateCapacityProvider", class, code, text)).class
        };
        let invalid = "InvalidParameterValueException";
        assert_eq!(class(Class::Terminal, invalid, "The operator Role can't be used."), Class::Propagating);
        assert_eq!(class(Class::Terminal, invalid, "The subnets are in two VPCs."), Class::Terminal);
        assert_eq!(class(Class::InProgress, "ResourceConflictException", "any"), Class::AlreadyExists);
        assert_eq!(class(Class::Transient, "ServiceException", "a role"), Class::Transient);
    }

    #[test]
    fn a_version_is_named_without_its_account() {
        assert_eq!(short("arn:aws:lambda:eu-west-1:111122223333:function:hello:3"), "hello:3");
    }
}
