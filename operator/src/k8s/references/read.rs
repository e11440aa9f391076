//! Reads Secrets and ConfigMaps. What they hold leaves this crate only towards Lambda.

use std::collections::{BTreeSet, HashMap};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::Api;
use kube::{Client, ResourceExt};

use super::{ReferenceKey, ReferenceKind, Version};
use crate::k8s::in_time;

/// What a Secret or ConfigMap holds, and at which version. Deliberately without Debug.
pub struct Contents {
    /// Values by key; binary values that aren't UTF-8 are left out.
    pub data: HashMap<String, String>,
    /// Keys whose values are not UTF-8.
    pub not_text: BTreeSet<String>,
    /// The version that was read.
    pub version: Version,
}

impl Contents {
    /// What a manifest of a Secret or ConfigMap will hold once it is applied.
    ///
    /// # Errors
    /// When it is none.
    pub fn of_manifest(manifest: serde_json::Value) -> Result<Self, serde_json::Error> {
        if manifest["kind"] == "Secret" {
            serde_json::from_value(manifest).map(Self::of_secret)
        } else {
            serde_json::from_value(manifest).map(Self::of_config_map)
        }
    }

    fn of_secret(secret: Secret) -> Self {
        let version = Version::of(&secret);
        let (mut data, mut not_text) = (HashMap::new(), BTreeSet::new());
        for (key, value) in secret.data.unwrap_or_default() {
            match String::from_utf8(value.0) {
                Ok(value) => drop(data.insert(key, value)),
                Err(_) => drop(not_text.insert(key)),
            }
        }
        // Only manifests have it: the API server puts it into `data`.
        data.extend(secret.string_data.unwrap_or_default());
        Self { data, not_text, version }
    }

    fn of_config_map(map: ConfigMap) -> Self {
        let version = Version::of(&map);
        let not_text = map.binary_data.unwrap_or_default().into_keys().collect();
        Self { data: map.data.unwrap_or_default().into_iter().collect(), not_text, version }
    }
}

impl Version {
    fn of(object: &impl ResourceExt) -> Self {
        Self {
            uid: object.uid().unwrap_or_default(),
            resource_version: object.resource_version().unwrap_or_default(),
        }
    }
}

/// Reads a referenced object. `None`: it does not exist.
///
/// # Errors
/// When the API server refuses or does not answer.
pub async fn read(client: &Client, key: &ReferenceKey) -> Result<Option<Contents>, kube::Error> {
    let (namespace, name) = (&key.object.namespace, &key.object.name);
    match key.kind {
        ReferenceKind::Secret => {
            let api = Api::<Secret>::namespaced(client.clone(), namespace);
            let Some(secret) = in_time(api.get_opt(name)).await? else {
                return Ok(None);
            };
            Ok(Some(Contents::of_secret(secret)))
        }
        ReferenceKind::ConfigMap => {
            let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
            let Some(map) = in_time(api.get_opt(name)).await? else {
                return Ok(None);
            };
            Ok(Some(Contents::of_config_map(map)))
        }
        // The controllers' own caches hold these: see `References::offer`.
        _ => Ok(None),
    }
}

/// Whether the operator's role lacks the right to read.
pub fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}
