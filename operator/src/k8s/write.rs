//! The operator's writes to its own objects: status, finalizer and deletion, all bound to a resourceVersion.

use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use kube::core::NamespaceResourceScope;
use kube::{Client, Resource, ResourceExt};
use lambda_operator_crds::FINALIZER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::k8s::in_time;

/// The field manager of everything that the operator writes.
pub const FIELD_MANAGER: &str = "lambda-operator";

/// Why a write to an object did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody changed the object since it was read: read it again and plan again.
    #[error("the object changed since it was read")]
    Conflict,
    /// The object is gone.
    #[error("the object is gone")]
    Gone,
    /// The API server said no, or didn't answer.
    #[error("the API server did not take the write: {0}")]
    Api(#[from] kube::Error),
}

impl WriteError {
    fn of(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.code == 409 => Self::Conflict,
            kube::Error::Api(status) if status.code == 404 => Self::Gone,
            _ => Self::Api(error),
        }
    }
}

fn api<K>(client: &Client, object: &K) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    Api::namespaced(client.clone(), &object.namespace().unwrap_or_default())
}

/// One write, in a span of its own.
async fn traced<K, T>(
    what: &'static str,
    write: impl Future<Output = kube::Result<T>>,
) -> Result<T, WriteError>
where
    K: Resource<DynamicType = ()>,
{
    let span = tracing::debug_span!(
        "kubernetes",
        otel.name = %format_args!("write {what}"),
        otel.kind = "client",
        kind = %K::kind(&()),
        what,
        code = Empty
    );
    let answer = in_time(write).instrument(span.clone()).await;
    let code = match &answer {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(_) => 0,
    };
    span.record("code", code);
    answer.map_err(WriteError::of)
}

/// Writes the whole status by server-side apply. It carries the resourceVersion of `object`: if the
/// object has changed or was deleted and created again, this fails with [`WriteError::Conflict`].
///
/// # Errors
/// See [`WriteError`].
pub async fn status<K, S>(client: &Client, object: &K, status: &S) -> Result<K, WriteError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
    S: Serialize + Sync,
{
    status_in(&api(client, object), object, status).await
}

/// The same for an object of any scope.
///
/// # Errors
/// See [`WriteError`].
pub async fn status_in<K, S>(api: &Api<K>, object: &K, status: &S) -> Result<K, WriteError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    S: Serialize + Sync,
{
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "name": object.name_any(), "resourceVersion": object.resource_version() },
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let name = object.name_any();
    traced::<K, _>("status", api.patch_status(&name, &params, &Patch::Apply(&patch))).await
}

/// Deletes an object as it is: if it has changed or was deleted and created again, this fails with
/// [`WriteError::Conflict`].
///
/// # Errors
/// See [`WriteError`].
pub async fn delete<K>(client: &Client, object: &K) -> Result<(), WriteError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let preconditions = Preconditions { uid: object.uid(), resource_version: object.resource_version() };
    let params = DeleteParams::default().preconditions(preconditions);
    let (api, name) = (api(client, object), object.name_any());
    traced::<K, _>("deletion", api.delete(&name, &params)).await.map(drop)
}

/// Adds the operator's finalizer.
///
/// # Errors
/// See [`WriteError`].
pub async fn add_finalizer<K>(client: &Client, object: &K) -> Result<K, WriteError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    add_finalizer_in(&api(client, object), object).await
}

/// The same for an object of any scope.
///
/// # Errors
/// See [`WriteError`].
pub async fn add_finalizer_in<K>(api: &Api<K>, object: &K) -> Result<K, WriteError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    set_finalizers(api, object, &finalizers).await
}

/// Removes the operator's finalizer.
///
/// # Errors
/// See [`WriteError`].
pub async fn remove_finalizer<K>(client: &Client, object: &K) -> Result<K, WriteError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    remove_finalizer_in(&api(client, object), object).await
}

/// The same for an object of any scope.
///
/// # Errors
/// See [`WriteError`].
pub async fn remove_finalizer_in<K>(api: &Api<K>, object: &K) -> Result<K, WriteError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let finalizers: Vec<String> =
        object.finalizers().iter().filter(|name| *name != FINALIZER).cloned().collect();
    set_finalizers(api, object, &finalizers).await
}

async fn set_finalizers<K>(api: &Api<K>, object: &K, finalizers: &[String]) -> Result<K, WriteError>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let patch =
        json!({ "metadata": { "resourceVersion": object.resource_version(), "finalizers": finalizers } });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    let name = object.name_any();
    traced::<K, _>("finalizer", api.patch(&name, &params, &Patch::Merge(&patch))).await
}
