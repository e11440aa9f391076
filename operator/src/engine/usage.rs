//! Which resources in AWS the objects of the cluster use, by ARN, and who waits until nobody uses one any more: a layer
//! deletes old versions only then. Fed by the controllers from what they watch. Synchronous.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;

use crate::k8s::references::{ReferenceKey, Waker};

/// All uses.
pub struct Usage {
    state: Mutex<State>,
    waker: Waker,
}

#[derive(Default)]
struct State {
    users: BTreeMap<String, BTreeSet<ReferenceKey>>,
    used: HashMap<ReferenceKey, BTreeSet<String>>,
    awaited: HashMap<ReferenceKey, BTreeSet<String>>,
    /// Before, what nobody uses may only not have been listed yet.
    complete: bool,
}

impl Usage {
    /// Nothing is used yet.
    pub fn new(waker: Waker) -> Self {
        Self { state: Mutex::default(), waker }
    }

    /// Takes in what an object uses now. Whoever waits for something that nobody uses any more looks again.
    pub fn uses(&self, user: &ReferenceKey, arns: BTreeSet<String>) {
        let freed = self.state.lock().uses(user, arns);
        self.wake(freed);
    }

    /// Takes in what an object waits for now; it looks again if nobody uses it.
    pub fn awaits(&self, who: &ReferenceKey, arns: &BTreeSet<String>) {
        let is_free = {
            let mut state = self.state.lock();
            let before = state.awaited.remove(who).unwrap_or_default();
            if !arns.is_empty() {
                state.awaited.insert(who.clone(), arns.clone());
            }
            state.complete && arns.difference(&before).any(|arn| !state.users.contains_key(arn))
        };
        self.wake(is_free.then(|| who.clone()));
    }

    /// All objects have been listed: who waits for what nobody uses looks again.
    pub fn complete(&self) {
        let free: Vec<ReferenceKey> = {
            let mut state = self.state.lock();
            state.complete = true;
            let is_free = |arns: &BTreeSet<String>| arns.iter().any(|arn| !state.users.contains_key(arn));
            let waiting = state.awaited.iter().filter(|(_, arns)| is_free(arns));
            waiting.map(|(who, _)| who.clone()).collect()
        };
        self.wake(free);
    }

    /// The ARNs in use that begin with this.
    pub fn below(&self, prefix: &str) -> BTreeSet<String> {
        let state = self.state.lock();
        let from_there = state.users.range(prefix.to_owned()..).map(|(arn, _)| arn);
        from_there.take_while(|arn| arn.starts_with(prefix)).cloned().collect()
    }

    fn wake(&self, waiting: impl IntoIterator<Item = ReferenceKey>) {
        for key in waiting {
            self.waker.look(key);
        }
    }
}

impl State {
    /// Returns who waited for what is free now.
    fn uses(&mut self, user: &ReferenceKey, arns: BTreeSet<String>) -> BTreeSet<ReferenceKey> {
        let before = self.used.remove(user).unwrap_or_default();
        let mut freed = BTreeSet::new();
        for arn in before.difference(&arns) {
            if let Some(users) = self.users.get_mut(arn) {
                users.remove(user);
                if users.is_empty() {
                    self.users.remove(arn);
                    freed.insert(arn.clone());
                }
            }
        }
        for arn in arns.difference(&before) {
            self.users.entry(arn.clone()).or_default().insert(user.clone());
        }
        if !arns.is_empty() {
            self.used.insert(user.clone(), arns);
        }
        let waiting = self.awaited.iter().filter(|(_, awaited)| !awaited.is_disjoint(&freed));
        waiting.map(|(who, _)| who.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::references::{ReferenceKind, References, Woken};
    use tokio::sync::mpsc::UnboundedReceiver;

    fn usage() -> (Usage, UnboundedReceiver<Woken>) {
        let (references, woken) = References::new();
        let usage = Usage::new(references.waker());
        usage.complete();
        (usage, woken)
    }

    fn function(name: &str) -> ReferenceKey {
        ReferenceKey::new(ReferenceKind::LambdaFunction, "shop", name)
    }

    fn layer() -> ReferenceKey {
        ReferenceKey::new(ReferenceKind::LambdaLayer, "shop", "tools")
    }

    fn arns(arns: &[&str]) -> BTreeSet<String> {
        arns.iter().map(|arn| (*arn).to_owned()).collect()
    }

    #[test]
    fn who_waits_looks_again_when_the_last_user_has_let_go() {
        let (usage, mut woken) = usage();
        usage.uses(&function("f"), arns(&["layer:tools:1"]));
        usage.uses(&function("g"), arns(&["layer:tools:1", "layer:tools:2"]));
        usage.awaits(&layer(), &arns(&["layer:tools:1"]));
        usage.uses(&function("f"), arns(&["layer:tools:2"]));
        assert!(woken.try_recv().is_err(), "g still uses it");
        usage.uses(&function("g"), arns(&[]));
        assert_eq!(woken.try_recv().map(|woken| (woken.key, woken.look)).ok(), Some((layer(), true)));
        assert!(woken.try_recv().is_err());
    }

    #[test]
    fn what_nobody_uses_is_not_waited_for() {
        let (usage, mut woken) = usage();
        usage.awaits(&layer(), &arns(&["layer:tools:1"]));
        assert!(woken.try_recv().is_ok());
        usage.awaits(&layer(), &arns(&["layer:tools:1"]));
        assert!(woken.try_recv().is_err(), "it was told once");
    }

    #[test]
    fn before_all_is_listed_nobody_knows_what_is_free() {
        let (references, mut woken) = References::new();
        let usage = Usage::new(references.waker());
        usage.awaits(&layer(), &arns(&["layer:tools:1", "layer:tools:2"]));
        usage.uses(&function("f"), arns(&["layer:tools:1"]));
        assert!(woken.try_recv().is_err());
        usage.complete();
        assert_eq!(woken.try_recv().map(|woken| woken.key).ok(), Some(layer()), "nobody uses the second");
    }

    #[test]
    fn what_is_in_use_is_found_by_its_beginning() {
        let (usage, _woken) = usage();
        usage.uses(
            &function("f"),
            arns(&["layer:tool:9", "layer:tools:1", "layer:tools:12", "layer:toolsmith:1"]),
        );
        assert_eq!(usage.below("layer:tools:"), arns(&["layer:tools:1", "layer:tools:12"]));
    }
}
