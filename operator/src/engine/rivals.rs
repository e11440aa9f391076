//! Several objects for one resource that can carry no owner's tag: the one whose status says that it created or adopted
//! it holds it, else the older one, and of two of the same age the one with the lower uid. Fed by the controllers from
//! what they watch; whoever's turn it is or isn't any more is sent to the wake channel. Synchronous.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::jiff::Timestamp;
use parking_lot::Mutex;

use crate::k8s::references::{ObjectKey, ReferenceKey, ReferenceKind, Waker};

/// Account and region.
pub type Place = (String, String);

/// An object's claim to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What the resource is called within its account and region.
    pub name: String,
    /// The LambdaAccount and the region that the spec asks for, where it does.
    pub asked: (Option<String>, Option<String>),
    /// Where the object is pinned; `None` before its first visit.
    pub place: Option<Place>,
    /// The status says that the resource is this object's, or about to be.
    pub established: bool,
    /// When the object was created, and its uid.
    pub age: (Option<Timestamp>, String),
}

impl Claim {
    /// Whether both claim the same resource. As long as one of them has no place, the specs have to say the same.
    fn disputes(&self, other: &Self) -> bool {
        let same_place = match (&self.place, &other.place) {
            (Some(mine), Some(other)) => mine == other,
            _ => self.asked == other.asked,
        };
        self.name == other.name && same_place
    }

    /// The lowest rank holds the resource.
    fn rank(&self) -> (bool, &(Option<Timestamp>, String)) {
        (!self.established, &self.age)
    }
}

type Claims = BTreeMap<ObjectKey, Claim>;

/// All claims.
pub struct Rivals {
    state: Mutex<State>,
    waker: Waker,
}

#[derive(Default)]
struct State {
    /// The resource that each object claims.
    names: HashMap<ReferenceKey, String>,
    claims: HashMap<(ReferenceKind, String), Claims>,
}

impl Rivals {
    /// No claims yet.
    pub fn new(waker: Waker) -> Self {
        Self { state: Mutex::default(), waker }
    }

    /// Takes in what an object claims now; `None`: nothing (any more).
    pub fn claim(&self, who: &ReferenceKey, claim: Option<Claim>) {
        let affected = {
            let mut state = self.state.lock();
            let before = state.names.get(who).cloned();
            let moved = before.filter(|name| claim.as_ref().is_none_or(|claim| claim.name != *name));
            let mut affected = moved.map(|name| state.set(who, &name, None)).unwrap_or_default();
            if let Some(claim) = claim {
                let name = claim.name.clone();
                affected.extend(state.set(who, &name, Some(claim)));
            }
            affected
        };
        for object in affected {
            self.waker.look(ReferenceKey { kind: who.kind, object });
        }
    }

    /// The object that holds the resource before this one, which works in this place.
    pub fn holder(&self, who: &ReferenceKey, place: (&str, &str)) -> Option<ObjectKey> {
        let state = self.state.lock();
        let name = state.names.get(who)?.clone();
        let claims = state.claims.get(&(who.kind, name))?;
        let here = Some((place.0.to_owned(), place.1.to_owned()));
        let mine = Claim { place: here, ..claims.get(&who.object)?.clone() };
        holder(claims, &mine)
    }
}

impl State {
    /// Returns the others whose holder is another one now.
    fn set(&mut self, who: &ReferenceKey, name: &str, claim: Option<Claim>) -> Vec<ObjectKey> {
        let key = (who.kind, name.to_owned());
        let claims = self.claims.entry(key.clone()).or_default();
        if claims.get(&who.object) == claim.as_ref() {
            return Vec::new();
        }
        let before = claims.clone();
        if let Some(claim) = claim {
            claims.insert(who.object.clone(), claim);
            self.names.insert(who.clone(), name.to_owned());
        } else {
            claims.remove(&who.object);
            self.names.remove(who);
        }
        let others = claims.iter().filter(|(other, _)| **other != who.object);
        let affected = others.filter(|(_, theirs)| holder(&before, theirs) != holder(claims, theirs));
        let affected = affected.map(|(other, _)| other.clone()).collect();
        if claims.is_empty() {
            self.claims.remove(&key);
        }
        affected
    }
}

/// Of those that dispute a claim the one that goes before it.
fn holder(claims: &Claims, mine: &Claim) -> Option<ObjectKey> {
    let before = claims.iter().filter(|(_, other)| other.rank() < mine.rank() && other.disputes(mine));
    before.min_by_key(|(_, other)| other.rank()).map(|(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::references::{References, Woken};
    use tokio::sync::mpsc::UnboundedReceiver;

    fn rivals() -> (Rivals, UnboundedReceiver<Woken>) {
        let (references, woken) = References::new();
        (Rivals::new(references.waker()), woken)
    }

    fn layer(name: &str) -> ReferenceKey {
        ReferenceKey::new(ReferenceKind::LambdaLayer, "shop", name)
    }

    /// Claims the layer `tools` as an object that was created at this second.
    fn claim(second: i64, place: Option<&str>) -> Claim {
        Claim {
            name: "tools".into(),
            asked: (None, None),
            place: place.map(|account| (account.to_owned(), "eu-west-1".to_owned())),
            established: false,
            age: (Timestamp::from_second(second).ok(), format!("uid-{second}")),
        }
    }

    fn all(woken: &mut UnboundedReceiver<Woken>) -> Vec<String> {
        std::iter::from_fn(|| woken.try_recv().ok()).map(|woken| woken.key.object.name).collect()
    }

    const HERE: (&str, &str) = ("1", "eu-west-1");

    #[test]
    fn the_older_of_two_holds_it_until_it_is_gone() {
        let (rivals, mut woken) = rivals();
        rivals.claim(&layer("young"), Some(claim(2, Some("1"))));
        assert_eq!(rivals.holder(&layer("young"), HERE), None);
        rivals.claim(&layer("old"), Some(claim(1, None)));
        rivals.claim(&layer("old"), Some(claim(1, Some("1"))));
        assert_eq!(all(&mut woken), ["young"], "it learns of the rival, once");
        assert_eq!(rivals.holder(&layer("young"), HERE).unwrap().name, "old");
        assert_eq!(rivals.holder(&layer("old"), HERE), None);
        rivals.claim(&layer("old"), None);
        assert_eq!(all(&mut woken), ["young"]);
        assert_eq!(rivals.holder(&layer("young"), HERE), None);
    }

    #[test]
    fn before_the_first_visit_the_specs_decide() {
        let (rivals, _woken) = rivals();
        rivals.claim(&layer("old"), Some(claim(1, None)));
        rivals.claim(&layer("young"), Some(claim(2, None)));
        let elsewhere = Claim { asked: (None, Some("eu-north-1".into())), ..claim(3, None) };
        rivals.claim(&layer("elsewhere"), Some(elsewhere));
        assert_eq!(rivals.holder(&layer("young"), HERE).unwrap().name, "old");
        assert_eq!(rivals.holder(&layer("elsewhere"), ("1", "eu-north-1")), None);
    }

    #[test]
    fn another_place_name_or_kind_is_no_rival() {
        let (rivals, _woken) = rivals();
        rivals.claim(&layer("old"), Some(claim(1, Some("2"))));
        let alias = ReferenceKey::new(ReferenceKind::LambdaAlias, "shop", "old");
        rivals.claim(&alias, Some(claim(1, Some("1"))));
        rivals.claim(&layer("other"), Some(Claim { name: "other".into(), ..claim(1, Some("1")) }));
        rivals.claim(&layer("young"), Some(claim(2, Some("1"))));
        assert_eq!(rivals.holder(&layer("young"), HERE), None);
    }

    #[test]
    fn whoever_has_it_already_holds_it_also_against_an_older_object() {
        let (rivals, mut woken) = rivals();
        let established = |second| Some(Claim { established: true, ..claim(second, Some("1")) });
        rivals.claim(&layer("young"), established(2));
        rivals.claim(&layer("old"), Some(claim(1, Some("1"))));
        assert_eq!(rivals.holder(&layer("old"), HERE).unwrap().name, "young");
        assert_eq!((rivals.holder(&layer("young"), HERE), all(&mut woken)), (None, Vec::new()));
        rivals.claim(&layer("old"), established(1));
        assert_eq!(rivals.holder(&layer("young"), HERE).unwrap().name, "old");
        assert_eq!(all(&mut woken), ["young"]);
    }

    #[test]
    fn of_the_same_age_the_lower_uid_holds_it_and_a_new_object_of_a_name_starts_anew() {
        let (rivals, _woken) = rivals();
        let of = |uid: &str| Some(Claim { age: (None, uid.into()), ..claim(1, Some("1")) });
        rivals.claim(&layer("a"), of("2"));
        rivals.claim(&layer("b"), of("1"));
        assert_eq!(rivals.holder(&layer("a"), HERE).unwrap().name, "b");
        rivals.claim(&layer("b"), Some(claim(9, Some("1"))));
        assert_eq!(rivals.holder(&layer("a"), HERE), None);
        assert_eq!(rivals.holder(&layer("b"), HERE).unwrap().name, "a");
    }
}
