//! What a function's spec names in the cluster, and what the named objects of the group come to. Pure.

use std::collections::BTreeSet;

use kube::ResourceExt;
use lambda_operator_crds::{
    CapacityProviderConfig, EnvFromSource, EnvVar, LambdaFunction, LambdaFunctionSpec, Layer,
};

use crate::engine::kind::{Inputs, Unready};
use crate::function::model::Instances;
use crate::k8s::references::{ReferenceKey, ReferenceKind};

/// Everything that the spec names.
pub(super) fn all(object: &LambdaFunction) -> BTreeSet<ReferenceKey> {
    let namespace = object.namespace().unwrap_or_default();
    let LambdaFunctionSpec {
        env, env_from, layers, code_signing_config_ref, capacity_provider_config, ..
    } = &object.spec;
    let named = |kind, name: &String| ReferenceKey::new(kind, &namespace, name);
    let single = env.iter().flatten().flat_map(of_variable);
    let whole = env_from.iter().flatten().flat_map(of_source);
    let layers = layers.iter().flatten().filter_map(|layer| layer.layer_ref.as_ref());
    let layers = layers.map(|layer| (ReferenceKind::LambdaLayer, &layer.name));
    let signing =
        code_signing_config_ref.iter().map(|config| (ReferenceKind::CodeSigningConfig, &config.name));
    let provider = capacity_provider_config.iter().filter_map(|config| config.capacity_provider_ref.as_ref());
    let provider = provider.map(|provider| (ReferenceKind::CapacityProvider, &provider.name));
    single
        .chain(whole)
        .chain(layers)
        .chain(signing)
        .chain(provider)
        .map(|(kind, name)| named(kind, name))
        .collect()
}

fn of_variable(variable: &EnvVar) -> impl Iterator<Item = (ReferenceKind, &String)> {
    let source = variable.value_from.as_ref();
    let secret = source.and_then(|source| source.secret_key_ref.as_ref());
    let map = source.and_then(|source| source.config_map_key_ref.as_ref());
    let secret = secret.map(|selector| (ReferenceKind::Secret, &selector.name));
    secret.into_iter().chain(map.map(|selector| (ReferenceKind::ConfigMap, &selector.name)))
}

fn of_source(source: &EnvFromSource) -> impl Iterator<Item = (ReferenceKind, &String)> {
    let secret = source.secret_ref.iter().map(|selector| (ReferenceKind::Secret, &selector.name));
    secret.chain(source.config_map_ref.iter().map(|selector| (ReferenceKind::ConfigMap, &selector.name)))
}

/// ARNs of the layer versions, in the order of the spec, which is of meaning. A layer of the cluster is used in its
/// newest version.
pub(super) fn layers(
    layers: Option<&[Layer]>,
    namespace: &str,
    inputs: &Inputs,
) -> Result<Vec<String>, Unready> {
    layers.unwrap_or_default().iter().map(|layer| layer_version(layer, namespace, inputs)).collect()
}

fn layer_version(layer: &Layer, namespace: &str, inputs: &Inputs) -> Result<String, Unready> {
    match (&layer.arn, &layer.layer_ref) {
        (Some(arn), None) => Ok(arn.clone()),
        (None, Some(layer)) => {
            let key = ReferenceKey::new(ReferenceKind::LambdaLayer, namespace, &layer.name);
            let none =
                || Unready::Missing(format!("LambdaLayer {} has no published version yet.", layer.name));
            inputs.usable(&key)?.version.clone().ok_or_else(none)
        }
        _ => {
            let text =
                "an entry of spec.layers needs exactly one of arn and layerRef; set one and remove the other";
            Err(Unready::Invalid(text.into()))
        }
    }
}

/// ARN of the code-signing configuration, empty for none. `None`: the spec doesn't speak of it.
pub(super) fn code_signing(
    spec: &LambdaFunctionSpec,
    namespace: &str,
    inputs: &Inputs,
) -> Result<Option<String>, Unready> {
    match (&spec.code_signing_config_arn, &spec.code_signing_config_ref) {
        (arn, None) => Ok(arn.clone()),
        (None, Some(config)) => {
            let key = ReferenceKey::new(ReferenceKind::CodeSigningConfig, namespace, &config.name);
            Ok(Some(inputs.usable(&key)?.arn.clone()))
        }
        (Some(_), Some(_)) => {
            let text = "spec.codeSigningConfigArn and spec.codeSigningConfigRef exclude each other; remove one of them";
            Err(Unready::Invalid(text.into()))
        }
    }
}

/// Whose instances run the function. A provider of the cluster is used once it is Active.
pub(super) fn instances(
    spec: &LambdaFunctionSpec,
    namespace: &str,
    inputs: &Inputs,
) -> Result<Option<Instances>, Unready> {
    let Some(config) = &spec.capacity_provider_config else { return Ok(None) };
    let CapacityProviderConfig {
        capacity_provider_ref,
        capacity_provider_arn,
        per_execution_environment_max_concurrency,
        execution_environment_memory_gib_per_v_cpu,
    } = config;
    let provider = match (capacity_provider_arn, capacity_provider_ref) {
        (Some(arn), None) => arn.clone(),
        (None, Some(provider)) => {
            let key = ReferenceKey::new(ReferenceKind::CapacityProvider, namespace, &provider.name);
            inputs.usable(&key)?.arn.clone()
        }
        _ => {
            let text = "spec.capacityProviderConfig needs exactly one of capacityProviderRef and capacityProviderArn; set one \
                        and remove the other";
            return Err(Unready::Invalid(text.into()));
        }
    };
    Ok(Some(Instances {
        provider,
        concurrency: *per_execution_environment_max_concurrency,
        memory_per_vcpu: execution_environment_memory_gib_per_v_cpu.map(Instances::mib),
    }))
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
mod tests {
    use super::*;
    use crate::function::desired::desired;
    use crate::k8s::references::Offer;

    fn function(extra: serde_json::Value) -> LambdaFunction {
        let mut spec = serde_json::json!({"role": "r", "code": {"external": {}}});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(serde_json::json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction",
            "metadata": {"name": "hello", "namespace": "shop"}, "spec": spec,
        }))
        .unwrap()
    }

    fn key(kind: ReferenceKind, name: &str) -> ReferenceKey {
        ReferenceKey::new(kind, "shop", name)
    }

    fn offer(arn: &str, version: Option<&str>) -> Offer {
        Offer { arn: arn.into(), version: version.map(Into::into), ..Offer::default() }
    }

    fn missing(object: &LambdaFunction, inputs: &Inputs) -> String {
        match desired(object, inputs) {
            Err(Unready::Missing(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_that_the_spec_names_is_found() {
        let object = function(serde_json::json!({
            "env": [{"name": "AA", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {"name": "BB", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}, {"name": "CC", "value": "x"}],
            "envFrom": [{"secretRef": {"name": "t"}}, {"configMapRef": {"name": "d"}}],
            "layers": [{"arn": "arn:plain:1"}, {"layerRef": {"name": "l"}}],
            "codeSigningConfigRef": {"name": "release"},
            "capacityProviderConfig": {"capacityProviderRef": {"name": "compute"}},
        }));
        let expected = [
            key(ReferenceKind::CapacityProvider, "compute"),
            key(ReferenceKind::Secret, "s"),
            key(ReferenceKind::Secret, "t"),
            key(ReferenceKind::ConfigMap, "c"),
            key(ReferenceKind::ConfigMap, "d"),
            key(ReferenceKind::LambdaLayer, "l"),
            key(ReferenceKind::CodeSigningConfig, "release"),
        ];
        assert_eq!(all(&object), BTreeSet::from(expected));
    }

    #[test]
    fn layers_keep_their_order_whoever_publishes_them() {
        let layers =
            serde_json::json!([{"layerRef": {"name": "z"}}, {"arn": "arn:m:1"}, {"layerRef": {"name": "a"}}]);
        let object = function(serde_json::json!({"layers": layers}));
        let mut inputs = Inputs::new();
        inputs.insert_offer(key(ReferenceKind::LambdaLayer, "z"), Some(offer("arn:z", Some("arn:z:7"))));
        inputs.insert_offer(key(ReferenceKind::LambdaLayer, "a"), Some(offer("arn:a", Some("arn:a:2"))));
        assert_eq!(
            desired(&object, &inputs).unwrap().configuration.layers,
            ["arn:z:7", "arn:m:1", "arn:a:2"]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let object = function(serde_json::json!({"layers": [{"layerRef": {"name": "z"}}]}));
        let mut inputs = Inputs::new();
        assert!(missing(&object, &inputs).contains("LambdaLayer z does not exist in namespace shop"));
        inputs.insert_offer(key(ReferenceKind::LambdaLayer, "z"), Some(offer("arn:z", None)));
        assert!(missing(&object, &inputs).contains("LambdaLayer z has no published version"));
        let object = function(serde_json::json!({"codeSigningConfigRef": {"name": "release"}}));
        assert!(missing(&object, &inputs).contains("CodeSigningConfig release does not exist"));
    }

    #[test]
    fn a_capacity_provider_is_named_by_arn_or_as_an_object_that_is_ready() {
        let config =
            |extra: serde_json::Value| function(serde_json::json!({"capacityProviderConfig": extra}));
        let by_ref = config(serde_json::json!({
            "capacityProviderRef": {"name": "compute"}, "perExecutionEnvironmentMaxConcurrency": 8,
        }));
        let provider = key(ReferenceKind::CapacityProvider, "compute");
        let mut inputs = Inputs::new();
        assert!(missing(&by_ref, &inputs).contains("CapacityProvider compute does not exist"));
        let unready = Some("Creating: AWS is creating the capacity provider.".to_owned());
        inputs.insert_offer(provider.clone(), Some(Offer { unready, ..offer("arn:cp", None) }));
        assert!(missing(&by_ref, &inputs).contains("compute is not ready: Creating"));
        inputs.insert_offer(provider, Some(offer("arn:cp", None)));
        let instances = |object: &LambdaFunction| desired(object, &inputs).unwrap().configuration.instances;
        let expected = Instances { provider: "arn:cp".into(), concurrency: Some(8), memory_per_vcpu: None };
        assert_eq!(instances(&by_ref), Some(expected));
        let by_arn = config(serde_json::json!({"capacityProviderArn": "arn:other"}));
        assert_eq!(instances(&by_arn).unwrap().provider, "arn:other");
        assert_eq!(instances(&function(serde_json::json!({}))), None);
    }

    #[test]
    fn code_signing_is_named_by_arn_or_as_an_object() {
        let parse = |spec, inputs: &Inputs| desired(&function(spec), inputs).unwrap().code_signing;
        let mut inputs = Inputs::new();
        assert_eq!(parse(serde_json::json!({}), &inputs), None);
        for arn in ["", "arn:csc"] {
            let spec = serde_json::json!({"codeSigningConfigArn": arn});
            assert_eq!(parse(spec, &inputs).as_deref(), Some(arn));
        }
        inputs.insert_offer(key(ReferenceKind::CodeSigningConfig, "release"), Some(offer("arn:csc", None)));
        let spec = serde_json::json!({"codeSigningConfigRef": {"name": "release"}});
        assert_eq!(parse(spec, &inputs).as_deref(), Some("arn:csc"));
    }
}
