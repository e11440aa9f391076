//! What would become of a manifest in the cluster. The API server says it in a dry run, as whoever applies it would have
//! it: server-side, or from what was applied the last time.

use kube::ResourceExt as _;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Map, Value, json};

use crate::k8s::definition::is_missing;
use crate::k8s::references::is_forbidden;
use crate::k8s::{LAST_APPLIED, in_time};
use crate::plugin::cluster::{Cluster, MANAGER, Within, refused};
use crate::plugin::failure::Failure;
use crate::plugin::kinds::Kind;
use crate::plugin::object::Object;

/// An object as it would be.
pub struct Applied {
    /// The object.
    pub object: Object,
    /// The API server could not be asked: nothing but the operator has checked the manifest.
    pub unchecked: bool,
}

/// Asks. `manager` is who applies, if the object doesn't say.
pub async fn applied(
    cluster: &Cluster,
    kind: &'static Kind,
    manifest: &Value,
    namespace: &str,
    manager: &str,
) -> Result<Applied, Failure> {
    let api = cluster.api_in(kind, Within::Namespace, namespace);
    let label = format!("{}/{}", kind.name, manifest["metadata"]["name"].as_str().unwrap_or_default());
    let mut wanted: DynamicObject = serde_json::from_value(manifest.clone())
        .map_err(|error| Failure::new(format!("{label} can't be read: {error}")))?;
    wanted.metadata.namespace = kind.namespaced.then(|| namespace.to_owned());
    let live = match in_time(api.get(&wanted.name_any())).await {
        Ok(live) => Some(live),
        Err(error) if is_missing(&error) => None,
        Err(error) => return Err(refused(&format!("{label} can't be read"), &error)),
    };
    let asked = match &live {
        None => {
            let params = PostParams { dry_run: true, field_manager: Some(MANAGER.to_owned()) };
            in_time(api.create(&params, &wanted)).await
        }
        Some(live) => {
            let (patch, params) = change(live, &wanted, manager);
            in_time(api.patch(&wanted.name_any(), &params, &patch)).await
        }
    };
    match asked {
        Ok(inner) => Ok(Applied { object: Object::new(kind, inner), unchecked: false }),
        Err(error) if is_forbidden(&error) => {
            Ok(Applied { object: Object::new(kind, merged(live, wanted)), unchecked: true })
        }
        Err(error) => Err(refused(&format!("{label} would not be taken by the API server"), &error)),
    }
}

/// The dry run of what whoever applied the object the last time would send.
fn change(live: &DynamicObject, wanted: &DynamicObject, manager: &str) -> (Patch<Value>, PatchParams) {
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let entries = live.metadata.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
    let server_side = entries.clone().filter(|entry| entry.operation.as_deref() == Some("Apply"));
    let newest = server_side.max_by_key(|entry| entry.time.as_ref().map(|time| time.0));
    let last = live.annotations().get(LAST_APPLIED).and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let (Some(newest), None) = (newest, &last) {
        let manager = newest.manager.clone().unwrap_or_else(|| manager.to_owned());
        let mut patch = json!(wanted);
        patch["metadata"]["managedFields"] = Value::Null;
        return (Patch::Apply(patch), PatchParams { field_manager: Some(manager), force: true, ..params });
    }
    let updates = entries.filter(|entry| {
        entry.operation.as_deref() == Some("Update") && entry.manager.as_deref() != Some(MANAGER)
    });
    let last = last.unwrap_or_else(|| {
        let mut fields = Value::Null;
        updates
            .filter_map(|entry| entry.fields_v1.as_ref())
            .for_each(|owned| owned_by(&owned.0, &mut fields));
        fields
    });
    let patch = json!({"spec": three_way(&last["spec"], &wanted.data["spec"], &live.data["spec"])});
    (Patch::Merge(patch), PatchParams { field_manager: Some(manager.to_owned()), ..params })
}

/// The fields of an entry of `managedFields`, without values.
fn owned_by(fields: &Value, into: &mut Value) {
    for (key, within) in fields.as_object().into_iter().flatten() {
        if let Some(name) = key.strip_prefix("f:") {
            owned_by(within, &mut into[name]);
        }
    }
}

/// The JSON merge patch that makes `live` what is wanted; what was applied the last time and is no longer wanted goes.
fn three_way(last: &Value, wanted: &Value, live: &Value) -> Value {
    let (Value::Object(wanted), Value::Object(live)) = (wanted, live) else { return wanted.clone() };
    let mut patch = Map::new();
    for (key, value) in wanted {
        match live.get(key) {
            Some(has) if has == value => {}
            Some(has) => drop(patch.insert(key.clone(), three_way(&last[key], value, has))),
            None => drop(patch.insert(key.clone(), value.clone())),
        }
    }
    let gone = last.as_object().into_iter().flatten().map(|(key, _)| key);
    for key in gone.filter(|key| !wanted.contains_key(*key) && live.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

/// Without the API server: the live object with the manifest's spec.
fn merged(live: Option<DynamicObject>, wanted: DynamicObject) -> DynamicObject {
    let Some(mut live) = live else { return wanted };
    live.data["spec"] = wanted.data["spec"].clone();
    live
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(yaml: &str) -> DynamicObject {
        let mut read: Value = serde_saphyr::from_str(yaml).unwrap();
        read["apiVersion"] = json!("lambda-operator.io/v1alpha1");
        read["kind"] = json!("LambdaFunction");
        serde_json::from_value(read).unwrap()
    }

    fn patch_of(live: &str, wanted: &str) -> (Value, Option<String>) {
        match change(&object(live), &object(wanted), "kubectl") {
            (Patch::Merge(patch), params) => (patch, params.field_manager),
            (Patch::Apply(patch), params) => (patch["spec"].clone(), params.field_manager),
            _ => panic!("another kind of patch"),
        }
    }

    #[test]
    fn what_was_applied_and_is_no_longer_wanted_goes_and_what_others_set_stays() {
        let live = r#"
            metadata: {name: a, annotations: {"kubectl.kubernetes.io/last-applied-configuration": "{\"spec\":{\"timeout\":3,\"vpcConfig\":{\"a\":1,\"b\":2}}}"}}
            spec: {timeout: 3, vpcConfig: {a: 1, b: 2}, suspend: true, memorySize: 128}"#;
        let (patch, _) = patch_of(live, "{metadata: {name: a}, spec: {vpcConfig: {a: 1}, memorySize: 256}}");
        assert_eq!(patch, json!({"spec": {"timeout": null, "vpcConfig": {"b": null}, "memorySize": 256}}));
    }

    #[test]
    fn without_a_copy_of_the_manifest_the_managed_fields_say_what_was_applied() {
        let live = "
            metadata: {name: a, managedFields: [
              {manager: helm, operation: Update, fieldsType: FieldsV1, fieldsV1: {'f:spec': {'f:timeout': {}}}},
              {manager: kubectl-lambda, operation: Update, fieldsType: FieldsV1, fieldsV1: {'f:spec': {'f:suspend': {}}}},
              {manager: lambda-operator, operation: Apply, subresource: status, fieldsType: FieldsV1, fieldsV1: {}}]}
            spec: {timeout: 3, suspend: true}";
        let (patch, manager) = patch_of(live, "{metadata: {name: a}, spec: {memorySize: 256}}");
        assert_eq!(patch, json!({"spec": {"timeout": null, "memorySize": 256}}));
        assert_eq!(manager.as_deref(), Some("kubectl"));
    }

    #[test]
    fn who_applies_on_the_server_does_so_again() {
        let live = "
            metadata: {name: a, managedFields: [
              {manager: argocd-controller, operation: Apply, time: '2026-01-15T09:30:00Z', fieldsType: FieldsV1, fieldsV1: {}}]}
            spec: {timeout: 3}";
        let (patch, manager) = patch_of(live, "{metadata: {name: a}, spec: {timeout: 4}}");
        assert_eq!((patch, manager.as_deref()), (json!({"timeout": 4}), Some("argocd-controller")));
    }
}
