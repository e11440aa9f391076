//! The watch of Secrets and ConfigMaps that feeds the index, as metadata only.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Client;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, Event};
use tokio::sync::oneshot;

use super::{ObjectKey, ReferenceKey, ReferenceKind, References, Version};

/// Helm keeps a Secret per release revision; they are many, large, and nobody's environment.
const NO_HELM_RELEASES: &str = "type!=helm.sh/release.v1";

impl References {
    /// Watches Secrets or ConfigMaps in a namespace (`None`: all) for ever. Returns when the first listing is in; the
    /// watch goes on in the background until nobody can be woken any more.
    pub async fn watch(self: Arc<Self>, client: Client, kind: ReferenceKind, namespace: Option<String>) {
        let (listed, first_listing) = oneshot::channel();
        tokio::spawn(async move {
            if kind == ReferenceKind::Secret {
                let config = Config::default().fields(NO_HELM_RELEASES);
                let api = scoped::<PartialObjectMeta<Secret>>(client, namespace.as_deref());
                self.follow(watcher::watcher(api, config), kind, namespace, listed).await;
            } else {
                let api = scoped::<PartialObjectMeta<ConfigMap>>(client, namespace.as_deref());
                self.follow(watcher::watcher(api, Config::default()), kind, namespace, listed).await;
            }
        });
        let _ = first_listing.await;
    }

    async fn follow<K: Send + 'static>(
        &self,
        stream: impl Stream<Item = watcher::Result<Event<PartialObjectMeta<K>>>>,
        kind: ReferenceKind,
        namespace: Option<String>,
        first_listing: oneshot::Sender<()>,
    ) {
        let mut first_listing = Some(first_listing);
        let mut listing = HashSet::new();
        let mut stream = std::pin::pin!(stream.default_backoff());
        while let Some(event) = stream.next().await {
            match event {
                Ok(Event::Init) => listing.clear(),
                Ok(Event::InitApply(object)) => {
                    let key = key_of(kind, &object);
                    listing.insert(key.clone());
                    self.seen(key, &version_of(&object));
                }
                Ok(Event::InitDone) => {
                    self.listed(kind, namespace.as_deref(), &listing);
                    listing.clear();
                    if let Some(first) = first_listing.take() {
                        let _ = first.send(());
                    }
                }
                Ok(Event::Apply(object)) => self.seen(key_of(kind, &object), &version_of(&object)),
                Ok(Event::Delete(object)) => self.gone(&key_of(kind, &object)),
                Err(error) => {
                    let waiting = first_listing.is_some();
                    tracing::warn!(%error, kind = kind.as_str(), waiting, "the watch of referenced objects failed; it is started again");
                }
            }
            if self.is_closed() {
                return;
            }
        }
    }
}

fn scoped<K>(client: Client, namespace: Option<&str>) -> Api<K>
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    }
}

fn key_of<K>(kind: ReferenceKind, object: &PartialObjectMeta<K>) -> ReferenceKey {
    let metadata = &object.metadata;
    let object = ObjectKey {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    };
    ReferenceKey { kind, object }
}

fn version_of<K>(object: &PartialObjectMeta<K>) -> Version {
    Version {
        uid: object.metadata.uid.clone().unwrap_or_default(),
        resource_version: object.metadata.resource_version.clone().unwrap_or_default(),
    }
}
