//! Drift of what no list of AWS shows: settled objects that have such a thing are visited one after the other, all of them once
//! in an interval, and never faster than the share of the quota that is set aside for it.

use std::sync::Arc;
use std::time::Duration;

use kube::Resource;
use kube::runtime::reflector::store::Store;

use crate::engine::controller::{Controller, key_of};
use crate::engine::kind::Kind;
use crate::engine::summary;
use crate::k8s::references::ObjectKey;

impl<K: Kind> Controller<K> {
    /// Goes round until the operator stops.
    pub(super) async fn rotate(self: Arc<Self>) {
        let interval = self.shared.rotation;
        if interval.is_zero() {
            return;
        }
        let stop = self.shared.stop.clone();
        stop.run_until_cancelled(self.go_round(interval)).await;
    }

    async fn go_round(&self, interval: Duration) {
        self.shared.all_listed().await;
        let mut last = None;
        loop {
            let count = u32::try_from(self.settled().len().max(1)).unwrap_or(u32::MAX);
            tokio::time::sleep(interval / count).await;
            let Some(next) = next_after(last.as_ref(), self.settled()) else { continue };
            self.shared.drift_turn().await;
            self.wake(&next, true);
            last = Some(next);
        }
    }

    /// The objects that nothing else will look at.
    fn settled(&self) -> Vec<ObjectKey> {
        let stores = self.stores();
        let objects = stores.iter().flat_map(Store::state);
        let settled = objects.filter(|object| {
            K::rotates(object, &K::status(object))
                && object.meta().deletion_timestamp.is_none()
                && !K::common(object).suspended()
                && summary::standing::<K>(object).is_some_and(|counted| counted.ready)
        });
        settled.map(|object| key_of(&*object)).collect()
    }
}

/// The first after this one; after the last comes the first.
fn next_after(last: Option<&ObjectKey>, mut keys: Vec<ObjectKey>) -> Option<ObjectKey> {
    keys.sort();
    let next = keys.iter().find(|key| last.is_none_or(|last| *key > last));
    next.or(keys.first()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_also_when_some_come_and_go() {
        let key = |name: &str| ObjectKey { namespace: "shop".into(), name: name.into() };
        let all = || ["b", "a", "c"].map(key).to_vec();
        let next = |last: Option<&str>| next_after(last.map(key).as_ref(), all()).unwrap().name;
        assert_eq!([next(None), next(Some("a")), next(Some("bb")), next(Some("c"))], ["a", "b", "c", "a"]);
        assert_eq!(next_after(None, Vec::new()), None);
    }
}
