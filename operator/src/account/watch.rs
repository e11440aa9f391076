//! The watch of Namespaces, as metadata: their labels decide who may use a LambdaAccount.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, Event};
use kube::{Client, ResourceExt};

use crate::account::registry::Accounts;
use crate::k8s::references;

/// Whether the operator's ServiceAccount lacks the right to list or watch.
pub(super) fn is_forbidden(error: &watcher::Error) -> bool {
    let cause = match error {
        watcher::Error::InitialListFailed(cause)
        | watcher::Error::WatchStartFailed(cause)
        | watcher::Error::WatchFailed(cause) => cause,
        watcher::Error::WatchError(status) => return status.code == 403,
        watcher::Error::NoResourceVersion => return false,
    };
    references::is_forbidden(cause)
}

/// Watches all namespaces, or one, for ever. `ready` is called once it is known which there are, or that the operator
/// may not know.
pub async fn namespaces(
    accounts: Arc<Accounts>,
    client: Client,
    only: Option<String>,
    ready: impl FnOnce() + Send,
) {
    let mut config = Config::default();
    if let Some(name) = &only {
        config = config.fields(&format!("metadata.name={name}"));
    }
    let api = Api::<PartialObjectMeta<Namespace>>::all(client);
    let mut stream = std::pin::pin!(watcher::watcher(api, config).default_backoff());
    let (mut ready, mut listing) = (Some(ready), BTreeSet::new());
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Init) => listing.clear(),
            Ok(Event::InitApply(namespace)) => {
                listing.insert(namespace.name_any());
                accounts.namespace_seen(&namespace.name_any(), namespace.labels().clone());
            }
            Ok(Event::InitDone) => {
                accounts.namespaces_listed(only.as_deref(), &listing);
                listing.clear();
                ready.take().into_iter().for_each(|ready| ready());
            }
            Ok(Event::Apply(namespace)) => {
                accounts.namespace_seen(&namespace.name_any(), namespace.labels().clone());
            }
            Ok(Event::Delete(namespace)) => accounts.namespace_gone(&namespace.name_any()),
            Err(error) if is_forbidden(&error) => {
                if accounts.blinded_for_namespaces() {
                    tracing::warn!(
                        "namespaces may not be listed: no object can use a LambdaAccount until list and watch are granted"
                    );
                }
                ready.take().into_iter().for_each(|ready| ready());
            }
            Err(error) => tracing::warn!(%error, "the watch of namespaces failed; it is started again"),
        }
    }
}
