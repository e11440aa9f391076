//! Objects of any kind of the group, as plain JSON: applied, awaited, deleted.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};
use test_support::eventually;

use crate::World;
use crate::world::PATIENCE;

/// Making the schemas takes much longer than a call.
static KINDS: LazyLock<Vec<CustomResourceDefinition>> = LazyLock::new(lambda_operator_crds::all);

/// The objects of one kind in the namespace of a world.
pub struct Objects<'a> {
    world: &'a World,
    kind: &'a str,
}

impl World {
    /// The objects of a kind of the group.
    pub fn objects<'a>(&'a self, kind: &'a str) -> Objects<'a> {
        Objects { world: self, kind }
    }
}

impl Objects<'_> {
    /// The API, as an administrator sees it.
    pub fn api(&self) -> Api<DynamicObject> {
        api(self.world.functions().into_client(), self.world.namespace.name(), self.kind)
    }

    /// Creates or changes an object, as `kubectl apply --server-side` does.
    pub async fn apply(&self, name: &str, spec: Value) {
        let object = json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": self.kind, "metadata": {"name": name}, "spec": spec,
        });
        let params = PatchParams::apply("user").force();
        self.api()
            .patch(name, &params, &Patch::Apply(&object))
            .await
            .expect("the API server takes the object");
    }

    /// Waits until an object is Ready on its present generation.
    pub async fn ready(&self, name: &str) -> Value {
        self.reason(name, "Available").await
    }

    /// Waits until the condition Ready of the present generation has this reason.
    pub async fn reason(&self, name: &str, reason: &str) -> Value {
        self.until(name, &format!("{name} has the reason {reason}"), |object| {
            let ready = condition(object, "Ready");
            ready["reason"] == reason && ready["observedGeneration"] == object["metadata"]["generation"]
        })
        .await
    }

    /// Waits until an object is as wanted.
    pub async fn until(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let (api, wanted) = (self.api(), &wanted);
        eventually(PATIENCE, format!("{} {what}", self.kind), || async {
            let object = api.get_opt(name).await.expect("the API server answers");
            match object.map(|object| serde_json::to_value(object).expect("it is JSON")) {
                Some(object) if wanted(&object) => Ok(object),
                other => Err(other.map_or(json!("no such object"), |object| object["status"].clone())),
            }
        })
        .await
    }

    /// Asks for a deletion.
    pub async fn delete(&self, name: &str) {
        let deleted = self.api().delete(name, &DeleteParams::default()).await;
        deleted.expect("the API server takes the deletion");
    }

    /// Waits until an object is gone.
    pub async fn gone(&self, name: &str) {
        let api = self.api();
        eventually(PATIENCE, format!("{} {name} is gone", self.kind), || async {
            let object = api.get_opt(name).await.expect("the API server answers");
            object.map_or(Ok(()), |object| Err(object.data["status"].clone()))
        })
        .await;
    }
}

/// The API of a kind of the group, in a namespace unless it belongs to none.
pub fn api(client: Client, namespace: &str, kind: &str) -> Api<DynamicObject> {
    let kind = KINDS.iter().find(|crd| crd.spec.names.kind == kind).expect("a kind of the group");
    let gvk = GroupVersionKind::gvk(lambda_operator_crds::GROUP, "v1alpha1", &kind.spec.names.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.spec.names.plural);
    match kind.spec.scope.as_str() {
        "Namespaced" => Api::namespaced_with(client, namespace, &resource),
        _ => Api::all_with(client, &resource),
    }
}

/// A condition of an object; null when it isn't there.
pub fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}
