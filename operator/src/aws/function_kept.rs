//! Managed instances, durable executions and tenants, which a function has from its creation on or never: from AWS's answers
//! and to its requests, as pure functions. `function_answer` and `function_request` call them.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>

use aws_sdk_lambda::types::{
    CapacityProviderConfig, DurableConfig, LambdaManagedInstancesCapacityProviderConfig as Managed,
    TenancyConfig,
};

use crate::function::model::{Configuration, Durable, Instances};

pub(super) fn instances(config: Option<CapacityProviderConfig>) -> Option<Instances> {
    let managed = config?.lambda_managed_instances_capacity_provider_config?;
    Some(Instances {
        provider: managed.capacity_provider_arn,
        concurrency: managed.per_execution_environment_max_concurrency,
        memory_per_vcpu: managed.execution_environment_memory_gib_per_v_cpu.map(Instances::mib),
    })
}

pub(super) fn durable(config: DurableConfig) -> Durable {
    Durable {
        timeout: config.execution_timeout.unwrap_or_default(),
        retention: config.retention_period_in_days.unwrap_or(Durable::RETENTION),
        kms_key_arn: config.kms_key_arn.unwrap_or_default(),
    }
}

/// Empty without tenants.
pub(super) fn tenant_isolation(config: Option<&TenancyConfig>) -> String {
    config.map(|config| config.tenant_isolation_mode.as_str().to_owned()).unwrap_or_default()
}

/// All that is known of them, because AWS may replace the whole.
pub(super) fn capacity_provider_config(c: &Configuration) -> Option<CapacityProviderConfig> {
    let Instances { provider, concurrency, memory_per_vcpu } = c.instances.as_ref()?;
    let managed = Managed::builder()
        .capacity_provider_arn(provider)
        .set_per_execution_environment_max_concurrency(*concurrency)
        .set_execution_environment_memory_gib_per_v_cpu(memory_per_vcpu.map(|mib| f64::from(mib) / 1024.0))
        .build()
        // Fails only without an ARN.
        .ok()?;
    Some(CapacityProviderConfig::builder().lambda_managed_instances_capacity_provider_config(managed).build())
}

/// For a creation, in which an empty key has no place.
pub(super) fn new_durable_config(c: &Configuration) -> Option<DurableConfig> {
    let mut config = durable_config(c)?;
    config.kms_key_arn = config.kms_key_arn.filter(|key| !key.is_empty());
    Some(config)
}

/// For an update: an empty key clears.
pub(super) fn durable_config(c: &Configuration) -> Option<DurableConfig> {
    let Durable { timeout, retention, kms_key_arn } = c.durable.as_ref()?;
    let config = DurableConfig::builder().execution_timeout(*timeout).retention_period_in_days(*retention);
    Some(config.kms_key_arn(kms_key_arn).build())
}

/// For a creation.
pub(super) fn tenancy_config(c: &Configuration) -> Option<TenancyConfig> {
    let mode = Some(c.tenant_isolation.as_str()).filter(|mode| !mode.is_empty())?;
    // Fails only without a mode.
    TenancyConfig::builder().tenant_isolation_mode(mode.into()).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::function_answer::listed;
    use aws_sdk_lambda::types::FunctionConfiguration;

    #[test]
    fn what_is_sent_reads_back_as_it_was() {
        let bare = listed(FunctionConfiguration::builder().function_name("f").build()).configuration;
        assert_eq!(
            (capacity_provider_config(&bare), durable_config(&bare), tenancy_config(&bare)),
            (None, None, None)
        );
        let instances =
            Instances { provider: "arn:cp".into(), concurrency: None, memory_per_vcpu: Some(4096) };
        let whole = Configuration {
            instances: Some(instances),
            durable: Some(Durable { timeout: 60, retention: 14, kms_key_arn: String::new() }),
            tenant_isolation: "PER_TENANT".into(),
            ..bare
        };
        let answer = FunctionConfiguration::builder()
            .function_name("f")
            .set_capacity_provider_config(capacity_provider_config(&whole))
            .set_durable_config(new_durable_config(&whole))
            .set_tenancy_config(tenancy_config(&whole))
            .build();
        let read = listed(answer);
        assert!(read.is_durable());
        assert_eq!(read.configuration, whole);
        assert_eq!(new_durable_config(&whole).and_then(|config| config.kms_key_arn), None);
        assert_eq!(
            durable_config(&whole).and_then(|config| config.kms_key_arn).as_deref(),
            Some(""),
            "it clears"
        );
    }
}
