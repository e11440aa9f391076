//! Who refers to what, and what there is. Synchronous; whoever has to look again is sent to the wake channel.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use lambda_operator_crds::ReferenceVersion;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{ObjectKey, Offer, ReferenceKey, ReferenceKind, Version, Waker, Woken};

/// The index. One per operator, shared by all kinds.
pub struct References {
    state: Mutex<State>,
    waker: Waker,
}

#[derive(Default)]
struct State {
    watched: HashSet<ReferenceKind>,
    /// Secrets and ConfigMaps.
    versions: HashMap<ReferenceKey, Version>,
    /// Objects of the group.
    offers: HashMap<ReferenceKey, Offer>,
    users: HashMap<ReferenceKey, BTreeSet<ReferenceKey>>,
    used: HashMap<ReferenceKey, BTreeSet<ReferenceKey>>,
}

impl References {
    /// An empty index, and where those that have to look again are named.
    pub fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Woken>) {
        let (waker, woken) = Waker::new();
        (Arc::new(Self { state: Mutex::default(), waker }), woken)
    }

    /// Wakes objects for other reasons than references.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Says what an object refers to now; an empty set forgets it. What is being deleted and loses a user looks again.
    pub fn register(&self, user: &ReferenceKey, keys: BTreeSet<ReferenceKey>) {
        let freed = self.state.lock().register(user, keys);
        self.look_again(freed);
    }

    /// What there is of a referenced object. `None`: its kind isn't watched, so nobody can say without asking.
    pub fn current(&self, key: &ReferenceKey) -> Option<ReferenceVersion> {
        let state = self.state.lock();
        if key.kind.is_of_the_group() {
            return Some(key.offering(state.offers.get(key)));
        }
        state.watched.contains(&key.kind).then(|| key.at(state.versions.get(key)))
    }

    /// What an object of the group offers; `None`: it does not exist.
    pub fn offer(&self, key: &ReferenceKey) -> Option<Offer> {
        self.state.lock().offers.get(key).cloned()
    }

    /// The objects that refer to this one, and whether each is itself being deleted.
    pub fn users(&self, key: &ReferenceKey) -> Vec<(ReferenceKey, bool)> {
        let state = self.state.lock();
        let deleting = |user: &ReferenceKey| state.offers.get(user).is_some_and(|offer| offer.deleting);
        let users = state.users.get(key).into_iter().flatten();
        users.map(|user| (user.clone(), deleting(user))).collect()
    }

    /// Takes in what an object of the group offers now.
    pub fn offered(&self, key: ReferenceKey, offer: Offer) {
        let users = {
            let mut state = self.state.lock();
            if state.offers.get(&key) == Some(&offer) {
                return;
            }
            let users = state.users_of(&key);
            state.offers.insert(key, offer);
            users
        };
        self.wake_all(users);
    }

    /// Takes in that an object of the group is gone.
    pub fn withdrawn(&self, key: &ReferenceKey) {
        let (users, freed) = {
            let mut state = self.state.lock();
            state.offers.remove(key);
            (state.users_of(key), state.register(key, BTreeSet::new()))
        };
        self.wake_all(users);
        self.look_again(freed);
    }

    /// The objects of a kind of the group that there are.
    pub fn offering(&self, kind: ReferenceKind) -> Vec<ObjectKey> {
        let state = self.state.lock();
        state.offers.keys().filter(|key| key.kind == kind).map(|key| key.object.clone()).collect()
    }

    /// Whether nobody can be woken any more.
    pub(super) fn is_closed(&self) -> bool {
        self.waker.is_closed()
    }

    /// Takes in that a Secret or ConfigMap exists at a version.
    pub(super) fn seen(&self, key: ReferenceKey, version: &Version) {
        let users = {
            let mut state = self.state.lock();
            let users = state.users_of(&key);
            match state.versions.insert(key, version.clone()) {
                Some(before) if before == *version => return,
                _ => users,
            }
        };
        self.wake_all(users);
    }

    /// Takes in that a Secret or ConfigMap is gone.
    pub(super) fn gone(&self, key: &ReferenceKey) {
        let users = {
            let mut state = self.state.lock();
            state.versions.remove(key);
            state.users_of(key)
        };
        self.wake_all(users);
    }

    /// Takes in a complete listing of Secrets or ConfigMaps in a namespace (`None`: all).
    pub(super) fn listed(&self, kind: ReferenceKind, namespace: Option<&str>, all: &HashSet<ReferenceKey>) {
        let vanished: Vec<ReferenceKey> = {
            let mut state = self.state.lock();
            state.watched.insert(kind);
            let here = |key: &&ReferenceKey| {
                key.kind == kind && namespace.is_none_or(|namespace| namespace == key.object.namespace)
            };
            state.versions.keys().filter(here).filter(|key| !all.contains(key)).cloned().collect()
        };
        for key in &vanished {
            self.gone(key);
        }
    }

    fn wake_all(&self, keys: Vec<ReferenceKey>) {
        for key in keys {
            self.waker.wake(key);
        }
    }

    fn look_again(&self, keys: Vec<ReferenceKey>) {
        for key in keys {
            self.waker.look(key);
        }
    }
}

impl State {
    fn users_of(&self, key: &ReferenceKey) -> Vec<ReferenceKey> {
        self.users.get(key).into_iter().flatten().cloned().collect()
    }

    /// Returns what is being deleted and lost a user.
    fn register(&mut self, user: &ReferenceKey, keys: BTreeSet<ReferenceKey>) -> Vec<ReferenceKey> {
        let before = self.used.remove(user).unwrap_or_default();
        for key in before.difference(&keys) {
            if let Some(users) = self.users.get_mut(key) {
                users.remove(user);
                if users.is_empty() {
                    self.users.remove(key);
                }
            }
        }
        for key in keys.difference(&before) {
            self.users.entry(key.clone()).or_default().insert(user.clone());
        }
        let freed = before.difference(&keys).cloned();
        let freed = freed.filter(|key| self.offers.get(key).is_some_and(|offer| offer.deleting)).collect();
        if !keys.is_empty() {
            self.used.insert(user.clone(), keys);
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Inbox = mpsc::UnboundedReceiver<Woken>;

    fn key(kind: ReferenceKind, name: &str) -> ReferenceKey {
        ReferenceKey::new(kind, "shop", name)
    }

    fn function(name: &str) -> ReferenceKey {
        key(ReferenceKind::LambdaFunction, name)
    }

    fn secret(name: &str) -> ReferenceKey {
        key(ReferenceKind::Secret, name)
    }

    fn version(rv: &str) -> Version {
        Version { uid: "u".into(), resource_version: rv.into() }
    }

    fn offer(arn: &str) -> Offer {
        Offer { uid: "u".into(), arn: arn.into(), ..Offer::default() }
    }

    fn index() -> (Arc<References>, Inbox) {
        let (index, woken) = References::new();
        index.register(&function("f"), BTreeSet::from([secret("s")]));
        (index, woken)
    }

    fn all(woken: &mut Inbox) -> Vec<ReferenceKey> {
        std::iter::from_fn(|| woken.try_recv().ok()).map(|woken| woken.key).collect()
    }

    #[test]
    fn a_new_version_wakes_its_users_once() {
        let (index, mut woken) = index();
        index.seen(secret("s"), &version("1"));
        index.seen(secret("s"), &version("1"));
        assert_eq!(all(&mut woken), [function("f")]);
        index.seen(secret("s"), &version("2"));
        index.seen(secret("other"), &version("1"));
        assert_eq!(all(&mut woken), [function("f")]);
    }

    #[test]
    fn a_missing_object_wakes_its_users_when_it_appears_and_vanishes() {
        let (index, mut woken) = index();
        index.listed(ReferenceKind::Secret, None, &HashSet::new());
        assert_eq!(index.current(&secret("s")), Some(secret("s").at(None)));
        index.seen(secret("s"), &version("1"));
        index.gone(&secret("s"));
        assert_eq!(all(&mut woken), [function("f"), function("f")]);
        assert_eq!(index.current(&secret("s")), Some(secret("s").at(None)));
    }

    #[test]
    fn what_is_not_watched_is_unknown() {
        assert_eq!(index().0.current(&secret("s")), None);
    }

    #[test]
    fn a_new_listing_finds_what_vanished_in_between() {
        let (index, mut woken) = index();
        index.seen(secret("s"), &version("1"));
        all(&mut woken);
        index.listed(ReferenceKind::Secret, Some("elsewhere"), &HashSet::new());
        assert_eq!(all(&mut woken), []);
        index.listed(ReferenceKind::Secret, Some("shop"), &HashSet::new());
        assert_eq!(all(&mut woken), [function("f")]);
    }

    #[test]
    fn an_object_that_refers_elsewhere_is_not_woken_any_more() {
        let (index, mut woken) = index();
        index.register(&function("f"), BTreeSet::from([secret("t")]));
        index.seen(secret("s"), &version("1"));
        assert_eq!(all(&mut woken), []);
        index.seen(secret("t"), &version("1"));
        assert_eq!(all(&mut woken), [function("f")]);
    }

    #[test]
    fn those_that_build_on_an_object_look_again_when_what_it_offers_changes() {
        let (index, mut woken) = References::new();
        let alias = key(ReferenceKind::LambdaAlias, "live");
        index.register(&alias, BTreeSet::from([function("f")]));
        index.offered(function("f"), offer("arn:1"));
        index.offered(function("f"), offer("arn:1"));
        assert_eq!(all(&mut woken), std::slice::from_ref(&alias));
        assert_eq!(index.current(&function("f")).unwrap().value.as_deref(), Some("arn:1"));
        index.offered(function("f"), Offer { unready: Some("broken".into()), ..offer("arn:1") });
        assert_eq!(all(&mut woken), std::slice::from_ref(&alias));
        assert_eq!(index.current(&function("f")).unwrap().value, None);
        index.withdrawn(&function("f"));
        assert_eq!(all(&mut woken), [alias]);
        assert_eq!(index.current(&function("f")), Some(function("f").offering(None)));
    }

    #[test]
    fn a_deletion_looks_again_when_a_user_is_gone() {
        let (index, mut woken) = References::new();
        let alias = key(ReferenceKind::LambdaAlias, "live");
        index.register(&alias, BTreeSet::from([function("f")]));
        index.offered(alias.clone(), Offer { deleting: true, ..offer("arn:a") });
        index.offered(function("f"), Offer { deleting: true, ..offer("arn:f") });
        assert_eq!(index.users(&function("f")), [(alias.clone(), true)]);
        all(&mut woken);
        index.withdrawn(&alias);
        assert_eq!(all(&mut woken), [function("f")]);
        assert_eq!(index.users(&function("f")), []);
    }
}
