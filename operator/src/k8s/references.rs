//! The Secrets and ConfigMaps that objects refer to: who uses which, and at which version.
//!
//! They are watched as metadata only, and of that only uid and resourceVersion are kept. The index is
//! synchronous and tested without a cluster; the watch that feeds it is a thin loop.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher::Config};
use kube::{Client, ResourceExt};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::k8s::in_time;

/// Helm keeps a Secret per release revision; they are many, large, and nobody's environment.
const NO_HELM_RELEASES: &str = "type!=helm.sh/release.v1";

/// An object by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// What can be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum ReferenceKind {
    Secret,
    ConfigMap,
}

impl ReferenceKind {
    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// A Secret or ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferenceKey {
    /// Which of the two.
    pub kind: ReferenceKind,
    /// Where.
    pub object: ObjectKey,
}

/// The version of a referenced object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
}

/// The index. One per operator, shared by all kinds.
#[derive(Default)]
pub struct References {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watched: HashSet<ReferenceKind>,
    versions: HashMap<ReferenceKey, Version>,
    users: HashMap<ReferenceKey, HashSet<ObjectKey>>,
    used: HashMap<ObjectKey, BTreeSet<ReferenceKey>>,
}

impl References {
    /// Says what an object refers to now; an empty set forgets it.
    pub fn register(&self, user: &ObjectKey, keys: BTreeSet<ReferenceKey>) {
        let mut state = self.state.lock();
        if state.used.get(user).is_some_and(|before| *before == keys) {
            return;
        }
        for key in state.used.remove(user).unwrap_or_default() {
            if let Some(users) = state.users.get_mut(&key) {
                users.remove(user);
                if users.is_empty() {
                    state.users.remove(&key);
                }
            }
        }
        if keys.is_empty() {
            return;
        }
        for key in &keys {
            state.users.entry(key.clone()).or_default().insert(user.clone());
        }
        state.used.insert(user.clone(), keys);
    }

    /// The version of a watched object. `None`: it is not watched, so nobody can say without asking.
    /// `Some(None)`: it does not exist.
    pub fn version(&self, key: &ReferenceKey) -> Option<Option<Version>> {
        let state = self.state.lock();
        state.watched.contains(&key.kind).then(|| state.versions.get(key).cloned())
    }

    /// Takes in that an object exists at a version; who has to look at it.
    fn seen(&self, key: ReferenceKey, version: &Version) -> Vec<ObjectKey> {
        let mut state = self.state.lock();
        let users = state.users.get(&key).map(|users| users.iter().cloned().collect()).unwrap_or_default();
        match state.versions.insert(key, version.clone()) {
            Some(before) if before == *version => Vec::new(),
            _ => users,
        }
    }

    /// Takes in that an object is gone; who has to look at it.
    fn gone(&self, key: &ReferenceKey) -> Vec<ObjectKey> {
        let mut state = self.state.lock();
        state.versions.remove(key);
        state.users.get(key).map(|users| users.iter().cloned().collect()).unwrap_or_default()
    }

    /// Takes in a complete listing of a kind in a namespace (`None`: all); who has to look at what vanished.
    fn listed(
        &self,
        kind: ReferenceKind,
        namespace: Option<&str>,
        all: &HashSet<ReferenceKey>,
    ) -> Vec<ObjectKey> {
        let vanished: Vec<ReferenceKey> = {
            let mut state = self.state.lock();
            state.watched.insert(kind);
            state
                .versions
                .keys()
                .filter(|key| key.kind == kind && namespace.is_none_or(|n| n == key.object.namespace))
                .filter(|key| !all.contains(key))
                .cloned()
                .collect()
        };
        vanished.iter().flat_map(|key| self.gone(key)).collect()
    }

    /// Watches a kind in a namespace (`None`: all) for ever and sends whoever has to look again to `wake`.
    /// Returns when the first listing is in; the watch goes on in the background until `wake` is closed.
    pub async fn watch(
        self: std::sync::Arc<Self>,
        client: Client,
        kind: ReferenceKind,
        namespace: Option<String>,
        wake: mpsc::UnboundedSender<ObjectKey>,
    ) {
        let (listed, first_listing) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            match kind {
                ReferenceKind::Secret => {
                    let config = Config::default().fields(NO_HELM_RELEASES);
                    let stream = watcher::watcher(
                        scoped::<PartialObjectMeta<Secret>>(client, namespace.as_deref()),
                        config,
                    );
                    self.follow(stream, kind, namespace, wake, listed).await;
                }
                ReferenceKind::ConfigMap => {
                    let stream = watcher::watcher(
                        scoped::<PartialObjectMeta<ConfigMap>>(client, namespace.as_deref()),
                        Config::default(),
                    );
                    self.follow(stream, kind, namespace, wake, listed).await;
                }
            }
        });
        let _ = first_listing.await;
    }

    async fn follow<K>(
        &self,
        stream: impl Stream<Item = watcher::Result<Event<PartialObjectMeta<K>>>>,
        kind: ReferenceKind,
        namespace: Option<String>,
        wake: mpsc::UnboundedSender<ObjectKey>,
        first_listing: tokio::sync::oneshot::Sender<()>,
    ) where
        K: Send + 'static,
    {
        let mut first_listing = Some(first_listing);
        let mut listing = HashSet::new();
        let mut stream = std::pin::pin!(stream.default_backoff());
        while let Some(event) = stream.next().await {
            let affected = match event {
                Ok(Event::Init) => {
                    listing.clear();
                    Vec::new()
                }
                Ok(Event::InitApply(object)) => {
                    let key = key_of(kind, &object);
                    listing.insert(key.clone());
                    self.seen(key, &version_of(&object))
                }
                Ok(Event::InitDone) => {
                    let affected = self.listed(kind, namespace.as_deref(), &listing);
                    listing.clear();
                    if let Some(first) = first_listing.take() {
                        let _ = first.send(());
                    }
                    affected
                }
                Ok(Event::Apply(object)) => self.seen(key_of(kind, &object), &version_of(&object)),
                Ok(Event::Delete(object)) => self.gone(&key_of(kind, &object)),
                Err(error) => {
                    tracing::warn!(%error, kind = kind.as_str(), "the watch of referenced objects failed; it is started again");
                    Vec::new()
                }
            };
            for user in affected {
                if wake.send(user).is_err() {
                    return;
                }
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

/// What a Secret or ConfigMap holds, and at which version. Deliberately without Debug.
pub struct Contents {
    /// Values by key; binary values that aren't UTF-8 are left out.
    pub data: HashMap<String, String>,
    /// Keys whose values are not UTF-8.
    pub not_text: BTreeSet<String>,
    /// The version that was read.
    pub version: Version,
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
            let version = Version {
                uid: secret.uid().unwrap_or_default(),
                resource_version: secret.resource_version().unwrap_or_default(),
            };
            let (mut data, mut not_text) = (HashMap::new(), BTreeSet::new());
            for (key, value) in secret.data.unwrap_or_default() {
                match String::from_utf8(value.0) {
                    Ok(value) => drop(data.insert(key, value)),
                    Err(_) => drop(not_text.insert(key)),
                }
            }
            Ok(Some(Contents { data, not_text, version }))
        }
        ReferenceKind::ConfigMap => {
            let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
            let Some(map) = in_time(api.get_opt(name)).await? else {
                return Ok(None);
            };
            let version = Version {
                uid: map.uid().unwrap_or_default(),
                resource_version: map.resource_version().unwrap_or_default(),
            };
            let not_text = map.binary_data.unwrap_or_default().into_keys().collect();
            Ok(Some(Contents { data: map.data.unwrap_or_default().into_iter().collect(), not_text, version }))
        }
    }
}

/// Whether the operator's role lacks the right to read.
pub fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".into(), name: name.into() }
    }

    fn secret(name: &str) -> ReferenceKey {
        ReferenceKey { kind: ReferenceKind::Secret, object: object(name) }
    }

    fn version(rv: &str) -> Version {
        Version { uid: "u".into(), resource_version: rv.into() }
    }

    #[test]
    fn a_new_version_wakes_its_users_once() {
        let index = References::default();
        index.register(&object("f"), BTreeSet::from([secret("s")]));
        assert_eq!(index.seen(secret("s"), &version("1")), [object("f")]);
        assert!(index.seen(secret("s"), &version("1")).is_empty());
        assert_eq!(index.seen(secret("s"), &version("2")), [object("f")]);
        assert!(index.seen(secret("other"), &version("1")).is_empty());
    }

    #[test]
    fn a_missing_object_wakes_its_users_when_it_appears_and_vanishes() {
        let index = References::default();
        index.listed(ReferenceKind::Secret, None, &HashSet::new());
        index.register(&object("f"), BTreeSet::from([secret("s")]));
        assert_eq!(index.version(&secret("s")), Some(None));
        assert_eq!(index.seen(secret("s"), &version("1")), [object("f")]);
        assert_eq!(index.gone(&secret("s")), [object("f")]);
        assert_eq!(index.version(&secret("s")), Some(None));
    }

    #[test]
    fn what_is_not_watched_is_unknown() {
        let index = References::default();
        assert_eq!(index.version(&secret("s")), None);
    }

    #[test]
    fn a_new_listing_finds_what_vanished_in_between() {
        let index = References::default();
        index.register(&object("f"), BTreeSet::from([secret("s")]));
        index.seen(secret("s"), &version("1"));
        assert!(index.listed(ReferenceKind::Secret, Some("elsewhere"), &HashSet::new()).is_empty());
        assert_eq!(index.listed(ReferenceKind::Secret, Some("shop"), &HashSet::new()), [object("f")]);
    }

    #[test]
    fn an_object_that_refers_elsewhere_is_not_woken_any_more() {
        let index = References::default();
        index.register(&object("f"), BTreeSet::from([secret("s")]));
        index.register(&object("f"), BTreeSet::from([secret("t")]));
        assert!(index.seen(secret("s"), &version("1")).is_empty());
        assert_eq!(index.seen(secret("t"), &version("1")), [object("f")]);
    }
}
