//! The calls that are under way, each in a task of its own. Synchronous.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::k8s::references::ObjectKey;

/// By the object that they are made for.
#[derive(Default)]
pub struct Calls(Mutex<HashMap<ObjectKey, Call>>);

struct Call {
    uid: Option<String>,
    task: AbortHandle,
}

impl Calls {
    /// Begins one, in a task that says by [`Self::ended`] that it is through.
    pub fn begin(
        &self,
        key: &ObjectKey,
        uid: Option<String>,
        call: impl Future<Output = ()> + Send + 'static,
    ) {
        // Locked first: the task may be through before this returns.
        let mut calls = self.0.lock();
        let task = tokio::spawn(call).abort_handle();
        calls.insert(key.clone(), Call { uid, task });
    }

    /// The call for this object is through.
    pub fn ended(&self, key: &ObjectKey, uid: Option<&str>) {
        let mut calls = self.0.lock();
        if calls.get(key).is_some_and(|call| call.uid.as_deref() == uid) {
            calls.remove(key);
        }
    }

    /// Whether one is under way for this object. One for an earlier object of the name is given up.
    pub fn is_under_way(&self, key: &ObjectKey, uid: Option<&str>) -> bool {
        let mut calls = self.0.lock();
        let is_its = calls.get(key).map(|call| call.uid.as_deref() == uid);
        if is_its == Some(false)
            && let Some(call) = calls.remove(key)
        {
            call.task.abort();
        }
        is_its == Some(true)
    }

    /// Nobody waits for it any more.
    pub fn give_up(&self, key: &ObjectKey) {
        if let Some(call) = self.0.lock().remove(key) {
            call.task.abort();
        }
    }

    /// The same for all.
    pub fn give_up_all(&self) {
        self.0.lock().drain().for_each(|(_, call)| call.task.abort());
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// The objects that have one.
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.0.lock().keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn key() -> ObjectKey {
        ObjectKey { namespace: "shop".into(), name: "once".into() }
    }

    /// A call that lasts until it is given up, which the returned receiver then says by an error.
    fn begin(calls: &Calls, uid: &str) -> oneshot::Receiver<()> {
        let (held, given_up) = oneshot::channel::<()>();
        calls.begin(&key(), Some(uid.into()), async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        given_up
    }

    #[tokio::test]
    async fn a_call_belongs_to_one_object_and_not_to_its_name() {
        let calls = Calls::default();
        let given_up = begin(&calls, "first");
        assert!(calls.is_under_way(&key(), Some("first")));
        calls.ended(&key(), Some("other"));
        assert_eq!(calls.keys(), [key()]);
        assert!(!calls.is_under_way(&key(), Some("second")));
        assert!(given_up.await.is_err() && calls.is_empty());
        let _second = begin(&calls, "second");
        calls.ended(&key(), Some("second"));
        assert!(calls.is_empty());
    }

    #[tokio::test]
    async fn what_is_given_up_ends() {
        let calls = Calls::default();
        let one = begin(&calls, "one");
        calls.give_up(&key());
        assert!(one.await.is_err() && calls.is_empty());
        let all = begin(&calls, "all");
        calls.give_up_all();
        assert!(all.await.is_err() && calls.is_empty());
    }
}
