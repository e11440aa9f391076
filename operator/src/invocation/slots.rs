//! How many functions are invoked at the same time, and who waits for that. Synchronous.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::k8s::references::ObjectKey;

/// The places that there are.
pub struct Slots {
    free: Arc<Semaphore>,
    waiting: Mutex<VecDeque<ObjectKey>>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Slot(#[expect(dead_code, reason = "it is held, not used")] OwnedSemaphorePermit);

impl Slots {
    /// So many.
    pub fn new(most: u16) -> Self {
        Self { free: Arc::new(Semaphore::new(most.into())), waiting: Mutex::default() }
    }

    /// Takes a place for an object. `None`: there is none now, and the object waits in line.
    pub fn take(&self, who: &ObjectKey) -> Option<Slot> {
        let slot = Arc::clone(&self.free).try_acquire_owned().ok();
        let mut waiting = self.waiting.lock();
        if slot.is_some() {
            waiting.retain(|other| other != who);
        } else if !waiting.contains(who) {
            waiting.push_back(who.clone());
        }
        slot.map(Slot)
    }

    /// It doesn't want one any more.
    pub fn leave(&self, who: &ObjectKey) {
        self.waiting.lock().retain(|other| other != who);
    }

    /// Who is to try now: the first in line, if there is a place. Ask again whenever somebody has tried, or left a place.
    pub fn next(&self) -> Option<ObjectKey> {
        let is_free = self.free.available_permits() > 0;
        is_free.then(|| self.waiting.lock().pop_front()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".into(), name: name.into() }
    }

    #[test]
    fn who_finds_no_place_waits_in_line_for_the_next() {
        let slots = Slots::new(1);
        let first = slots.take(&key("a")).unwrap();
        for name in ["b", "c", "b"] {
            assert!(slots.take(&key(name)).is_none(), "{name}");
        }
        assert_eq!(slots.next(), None, "there is none");
        drop(first);
        assert_eq!(slots.next(), Some(key("b")));
        let second = slots.take(&key("b")).unwrap();
        assert_eq!(slots.next(), None);
        drop(second);
        assert_eq!((slots.next(), slots.next()), (Some(key("c")), None));
    }

    #[test]
    fn who_is_gone_holds_nobody_up() {
        let slots = Slots::new(1);
        let first = slots.take(&key("a")).unwrap();
        assert!(slots.take(&key("b")).is_none() && slots.take(&key("c")).is_none());
        slots.leave(&key("b"));
        drop(first);
        assert_eq!(slots.next(), Some(key("c")));
    }

    #[test]
    fn who_comes_by_itself_leaves_the_line() {
        let slots = Slots::new(1);
        let first = slots.take(&key("a")).unwrap();
        assert!(slots.take(&key("b")).is_none());
        drop(first);
        let second = slots.take(&key("b")).unwrap();
        drop(second);
        assert_eq!(slots.next(), None);
    }
}
