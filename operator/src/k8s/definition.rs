//! The custom resources by their definitions, for those who treat all kinds alike.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};

/// Whether what was asked for isn't there, or the API server has no such kind. The code says it and not the reason, which
/// the answer to an unknown kind lacks: it is plain text.
pub fn is_missing(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// The objects of a definition, in a namespace or (`None`) everywhere.
pub fn api(
    client: &Client,
    definition: &CustomResourceDefinition,
    namespace: Option<&str>,
) -> Api<DynamicObject> {
    let spec = &definition.spec;
    let version = spec.versions.first().map_or("", |version| version.name.as_str());
    let kind = GroupVersionKind::gvk(&spec.group, version, &spec.names.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, &spec.names.plural);
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}
