//! The Secrets and ConfigMaps of a world, as their owner applies them, and what of the ledger concerns one function.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::{ByteString, NamespaceResourceScope};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::World;

impl World {
    /// Creates a Secret, or replaces its data.
    pub async fn secret(&self, name: &str, data: &[(&str, &str)]) {
        let bytes = |value: &str| ByteString(value.as_bytes().to_vec());
        let data: BTreeMap<&str, ByteString> = data.iter().map(|(key, value)| (*key, bytes(value))).collect();
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data});
        self.put::<Secret>(name, secret).await;
    }

    /// Creates a ConfigMap, or replaces its data.
    pub async fn config_map(&self, name: &str, data: &[(&str, &str)]) {
        let data: BTreeMap<&str, &str> = data.iter().copied().collect();
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data});
        self.put::<ConfigMap>(name, map).await;
    }

    /// Changes an annotation of a Secret, and nothing else.
    pub async fn annotate_secret(&self, name: &str, value: &str) {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {"example.com/note": value}}}));
        let secrets: Api<Secret> = self.namespace.api();
        secrets
            .patch(name, &PatchParams::default(), &patch)
            .await
            .expect("the API server takes the annotation");
    }

    /// Deletes a Secret.
    pub async fn delete_secret(&self, name: &str) {
        let secrets: Api<Secret> = self.namespace.api();
        secrets.delete(name, &DeleteParams::default()).await.expect("the API server takes the deletion");
    }

    /// The writes to one function so far, in order: operation and members of the request.
    pub async fn writes(&self, function: &str) -> Vec<(String, Value)> {
        let ledger = self.ledger().await.into_iter();
        let about = ledger.filter(|call| call.is_write() && call.resource.as_deref() == Some(function));
        about.map(|call| (call.operation, call.request)).collect()
    }

    async fn put<K>(&self, name: &str, object: Value)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let api: Api<K> = self.namespace.api();
        let params = PatchParams::apply("user").force();
        api.patch(name, &params, &Patch::Apply(&object)).await.expect("the API server takes the object");
    }
}
