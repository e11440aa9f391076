//! Which resources in AWS the objects of the cluster use, and who waits until nobody uses one any more: a layer
//! deletes old versions only then. Fed by the controllers from what they watch. Synchronous.
//!
//! Layer versions are known by their ARNs. A version of a function can be named before anybody knows the function's ARN:
//! such ones are known by where the function is, or by the object that stands for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;

use crate::k8s::references::{ReferenceKey, Waker};

/// A version of a function that is named by where the function is.
pub fn version_at(account: &str, region: &str, function: &str, version: &str) -> String {
    format!("{}{version}", versions_at(account, region, function))
}

/// A version of the function that an object stands for.
pub fn version_of(object: &ReferenceKey, version: &str) -> String {
    format!("{}{version}", versions_of(object))
}

fn versions_at(account: &str, region: &str, function: &str) -> String {
    format!("{account}/{region}/{function}:")
}

fn versions_of(ReferenceKey { kind, object }: &ReferenceKey) -> String {
    format!("{} {}/{}:", kind.as_str(), object.namespace, object.name)
}

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

    /// The versions in use of a resource, however they are named: by its ARN, by where it is under this name, or by the
    /// object.
    pub fn versions(
        &self,
        object: &ReferenceKey,
        arn: &str,
        place: (&str, &str),
        name: &str,
    ) -> BTreeSet<String> {
        let (account, region) = place;
        let mut all = self.below(&format!("{arn}:"));
        all.extend(self.below(&versions_at(account, region, name)));
        all.extend(self.below(&versions_of(object)));
        all
    }

    /// What is in use and begins with this.
    fn below(&self, prefix: &str) -> BTreeSet<String> {
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
    fn versions_of_a_function_are_found_however_they_are_named() {
        let (usage, _woken) = usage();
        let hello = function("hello");
        let alias = ReferenceKey::new(ReferenceKind::LambdaAlias, "shop", "live");
        let mapping = ReferenceKey::new(ReferenceKind::EventSourceMapping, "shop", "orders");
        usage.uses(&alias, BTreeSet::from([version_of(&hello, "1"), version_of(&function("hello2"), "9")]));
        let at = |region, name, number| version_at("111122223333", region, name, number);
        let used = [
            at("eu-west-1", "hello-prod", "2"),
            at("eu-west-1", "hello", "8"),
            at("us-east-1", "hello-prod", "7"),
        ];
        usage.uses(&mapping, BTreeSet::from(used));
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello-prod";
        let found = usage.versions(&hello, arn, ("111122223333", "eu-west-1"), "hello-prod");
        let numbers: BTreeSet<_> = found.iter().filter_map(|used| used.rsplit(':').next()).collect();
        assert_eq!(numbers, BTreeSet::from(["1", "2"]));
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
