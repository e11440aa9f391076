//! Drift of what no list of AWS shows: settled objects that have such a thing are visited one after the other, all of
//! those in an account and region once in an interval, and never faster than the share of its quota that is set aside
//! for that.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Resource;
use kube::runtime::reflector::store::Store;

use crate::engine::controller::{Controller, key_of};
use crate::engine::kind::Kind;
use crate::engine::pace::Place;
use crate::engine::summary;
use crate::k8s::references::ObjectKey;

/// The longest sleep: objects come and go meanwhile.
const LONGEST: Duration = Duration::from_secs(30);

/// The objects that nothing else will look at, and how many calls each takes.
type Settled = HashMap<Place, BTreeMap<ObjectKey, u32>>;

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
        let mut rounds = Rounds::new(interval);
        loop {
            let now = Instant::now();
            let pace = |place: &Place, calls| self.shared.pace.begin(place, calls, now);
            let (turns, wait) = rounds.next(&self.settled(), now, pace);
            for key in &turns {
                self.take_turn(key);
            }
            tokio::time::sleep(wait.min(LONGEST)).await;
        }
    }

    fn settled(&self) -> Settled {
        let mut settled = Settled::new();
        for object in self.stores().iter().flat_map(Store::state) {
            let status = K::status(&object);
            let (common, calls) = (K::common_status(&status), K::unlisted(&object, &status));
            let quiet = object.meta().deletion_timestamp.is_none()
                && !K::common(&object).suspended()
                && summary::standing::<K>(&object).is_some_and(|counted| counted.ready);
            if let (Some(account), Some(region), true) = (&common.account, &common.region, quiet && calls > 0)
            {
                let place = (account.clone(), region.clone());
                settled.entry(place).or_default().insert(key_of(&*object), calls);
            }
        }
        settled
    }
}

/// How far each account and region has come. Pure.
struct Rounds {
    interval: Duration,
    rounds: HashMap<Place, Round>,
}

struct Round {
    last: Option<ObjectKey>,
    /// When the last turn was, or the first could have been.
    at: Instant,
}

impl Rounds {
    fn new(interval: Duration) -> Self {
        Self { interval, rounds: HashMap::new() }
    }

    /// Whose turn it is now, and how long to wait before asking again. `begin` takes the calls of a turn from the share of
    /// the account and region, or says how long none are left.
    fn next(
        &mut self,
        settled: &Settled,
        now: Instant,
        begin: impl Fn(&Place, u32) -> Result<(), Duration>,
    ) -> (Vec<ObjectKey>, Duration) {
        self.rounds.retain(|place, _| settled.contains_key(place));
        let (mut turns, mut wait) = (Vec::new(), self.interval);
        for (place, keys) in settled {
            let round = self.rounds.entry(place.clone()).or_insert(Round { last: None, at: now });
            let step = self.interval / u32::try_from(keys.len()).unwrap_or(u32::MAX).max(1);
            let early = (round.at + step).saturating_duration_since(now);
            let Some((next, calls)) = next_after(round.last.as_ref(), keys) else { continue };
            let rest = if early.is_zero() { begin(place, *calls) } else { Err(early) };
            wait = wait.min(rest.err().unwrap_or(step));
            if rest.is_ok() {
                turns.push(next.clone());
                *round = Round { last: Some(next.clone()), at: now };
            }
        }
        (turns, wait)
    }
}

/// The first after this one; after the last comes the first.
fn next_after<'a>(
    last: Option<&ObjectKey>,
    keys: &'a BTreeMap<ObjectKey, u32>,
) -> Option<(&'a ObjectKey, &'a u32)> {
    use std::ops::Bound::{Excluded, Unbounded};
    let after = last.and_then(|last| keys.range((Excluded(last), Unbounded)).next());
    after.or_else(|| keys.first_key_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".into(), name: name.into() }
    }

    fn place(account: &str) -> Place {
        (account.into(), "eu-west-1".into())
    }

    fn settled(all: &[(&str, &[&str])]) -> Settled {
        let keys = |names: &[&str]| names.iter().map(|name| (key(name), 1)).collect();
        all.iter().map(|(account, names)| (place(account), keys(names))).collect()
    }

    #[test]
    fn everybody_has_a_turn_also_when_some_come_and_go() {
        let keys = |names: &[&str]| names.iter().map(|name| (key(name), 1)).collect::<BTreeMap<_, _>>();
        let all = keys(&["b", "a", "c"]);
        let next = |last: Option<&str>| next_after(last.map(key).as_ref(), &all).unwrap().0.name.clone();
        assert_eq!([next(None), next(Some("a")), next(Some("bb")), next(Some("c"))], ["a", "b", "c", "a"]);
        assert_eq!(next_after(None, &keys(&[])), None);
    }

    /// Who has a turn when, in seconds, during the first two minutes.
    fn turns(
        all: &Settled,
        begin: impl Fn(&Place, u32, Instant) -> Result<(), Duration>,
    ) -> Vec<(u64, String)> {
        let start = Instant::now();
        let (mut rounds, mut now, mut turns) = (Rounds::new(Duration::from_mins(1)), start, Vec::new());
        while now <= start + Duration::from_mins(2) {
            let (now_on, wait) = rounds.next(all, now, |place, calls| begin(place, calls, now));
            let second = now.duration_since(start).as_secs();
            turns.extend(now_on.into_iter().map(|key| (second, key.name)));
            assert!(!wait.is_zero());
            now += wait;
        }
        turns.sort();
        turns
    }

    #[test]
    fn each_account_is_gone_round_once_in_the_interval() {
        let all = settled(&[("1", &["a", "b", "c"]), ("2", &["x"])]);
        let expected =
            [(20, "a"), (40, "b"), (60, "c"), (60, "x"), (80, "a"), (100, "b"), (120, "c"), (120, "x")];
        assert_eq!(turns(&all, |_, _, _| Ok(())), expected.map(|(second, name)| (second, name.to_owned())));
    }

    #[test]
    fn an_account_whose_share_is_used_up_holds_up_nobody_else() {
        let all = settled(&[("1", &["a", "b", "c"]), ("2", &["x", "y"])]);
        let exhausted = |of: &Place, _, _| {
            if of.0 == "1" { Err(Duration::from_secs(7)) } else { Ok(()) }
        };
        let expected = [(30, "x"), (60, "y"), (90, "x"), (120, "y")];
        let found = turns(&all, exhausted);
        let names: Vec<_> = found.iter().map(|(second, name)| (*second, name.as_str())).collect();
        assert_eq!(names, expected);
    }
}
