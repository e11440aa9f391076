//! Every version of an object that a watch has seen: what anybody could have read in between.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use kube::api::{Api, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::{Resource, ResourceExt};
use lambda_operator_crds::LambdaFunction;
use serde::de::DeserializeOwned;
use test_support::eventually;
use tokio::task::AbortHandle;

use crate::{Objects, World};

/// A watch that remembers.
pub struct History<K = LambdaFunction> {
    seen: Arc<Mutex<Vec<K>>>,
    task: AbortHandle,
}

impl World {
    /// Watches the LambdaFunction of this name from before it exists.
    pub async fn history(&self, name: &str) -> History {
        History::of(self.functions(), name).await
    }
}

impl Objects<'_> {
    /// Watches the object of this name from before it exists.
    pub async fn history(&self, name: &str) -> History<DynamicObject> {
        History::of(self.api(), name).await
    }
}

impl<K: Resource + Clone + Debug + DeserializeOwned + Send + 'static> History<K> {
    async fn of(api: Api<K>, name: &str) -> Self {
        let parameters = WatchParams::default().fields(&format!("metadata.name={name}"));
        let now = api.list(&ListParams::default()).await.expect("the API server lists");
        let version = now.metadata.resource_version.unwrap_or_default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&seen);
        let stream = api.watch(&parameters, &version).await.expect("the API server watches").boxed();
        let task = tokio::spawn(async move {
            let mut stream = stream;
            while let Some(Ok(event)) = stream.next().await {
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event {
                    store.lock().unwrap_or_else(PoisonError::into_inner).push(object);
                }
            }
        });
        Self { seen, task: task.abort_handle() }
    }

    /// Every version so far, oldest first.
    pub fn all(&self) -> Vec<K> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every version up to this one, which is waited for.
    pub async fn until(&self, object: &K) -> Vec<K> {
        let wanted = object.resource_version();
        let what = "the watch has seen the object as it is";
        eventually(Duration::from_mins(1), what, || async {
            let all = self.all();
            all.iter().any(|seen| seen.resource_version() == wanted).then_some(all)
        })
        .await
    }
}

impl<K> Drop for History<K> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
