//! Which objects of a kind wait for a visit, and since when. The order is kube's; this only counts, for the metrics.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::engine::shared::Shared;
use crate::k8s::references::ObjectKey;

/// When a visit of which object is due.
#[derive(Debug, Default)]
pub struct Queue(Mutex<HashMap<ObjectKey, Instant>>);

impl Queue {
    /// An empty one, whose depth the metrics show.
    pub fn watched(kind: &'static str, shared: &Shared) -> Arc<Self> {
        let queue = Arc::new(Self::default());
        let depth = Arc::clone(&queue);
        shared.metrics.queues(kind, shared.concurrency, move || depth.depth(Instant::now()));
        queue
    }

    /// A visit is due at this time, unless one is due earlier.
    pub fn add(&self, object: ObjectKey, at: Instant) {
        self.0.lock().entry(object).and_modify(|due| *due = at.min(*due)).or_insert(at);
    }

    /// The visit begins, or the object is gone. For how long it was due; `None`: it wasn't.
    pub fn take(&self, object: &ObjectKey) -> Option<Duration> {
        self.0.lock().remove(object).map(|due| due.elapsed())
    }

    /// Whose visit is due, now or later.
    pub fn waiting(&self) -> Vec<ObjectKey> {
        self.0.lock().keys().cloned().collect()
    }

    /// How many visits are due at `now` and haven't begun.
    pub fn depth(&self, now: Instant) -> usize {
        self.0.lock().values().filter(|due| **due <= now).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_waits_once_from_the_first_time_that_it_is_due() {
        let (queue, now) = (Queue::default(), Instant::now());
        let key = |name: &str| ObjectKey { namespace: "shop".into(), name: name.into() };
        let minute = Duration::from_mins(1);
        queue.add(key("a"), now + minute);
        queue.add(key("b"), now);
        queue.add(key("b"), now + minute);
        assert_eq!(queue.depth(now), 1, "what is due later doesn't wait");
        assert_eq!(queue.depth(now + minute), 2);
        assert!(queue.take(&key("b")).is_some());
        assert_eq!((queue.take(&key("b")), queue.depth(now)), (None, 0));
        queue.add(key("a"), now);
        assert_eq!((queue.depth(now), queue.waiting()), (1, vec![key("a")]));
    }
}
