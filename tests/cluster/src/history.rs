//! Every version of an object that a watch has seen: what anybody could have read in between.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use kube::ResourceExt;
use kube::api::{WatchEvent, WatchParams};
use lambda_operator_crds::LambdaFunction;
use tokio::task::AbortHandle;

use crate::World;

/// A watch that remembers.
pub struct History {
    seen: Arc<Mutex<Vec<LambdaFunction>>>,
    task: AbortHandle,
}

impl World {
    /// Watches the object of this name from before it exists.
    pub async fn history(&self, name: &str) -> History {
        let api = self.functions();
        let parameters = WatchParams::default().fields(&format!("metadata.name={name}"));
        let now = api.list(&kube::api::ListParams::default()).await.expect("the API server lists");
        let version = now.metadata.resource_version.unwrap_or_default();
        let stream = api.watch(&parameters, &version).await.expect("the API server watches");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while let Some(Ok(event)) = stream.next().await {
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event {
                    store.lock().unwrap_or_else(PoisonError::into_inner).push(object);
                }
            }
        });
        History { seen, task: task.abort_handle() }
    }
}

impl History {
    /// Every version so far, oldest first.
    pub fn all(&self) -> Vec<LambdaFunction> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every version up to this one, which is waited for.
    pub async fn until(&self, object: &LambdaFunction) -> Vec<LambdaFunction> {
        let wanted = object.resource_version();
        let what = "the watch has seen the object as it is";
        test_support::eventually(std::time::Duration::from_mins(1), what, || async {
            let all = self.all();
            all.iter().any(|seen| seen.resource_version() == wanted).then_some(all)
        })
        .await
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.task.abort();
    }
}
