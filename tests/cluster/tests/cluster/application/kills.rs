//! kill -9 before and after each write of the walk: whatever the operator was at, the next one finishes it, and nothing is
//! doubled or lost.

use std::collections::BTreeMap;

use lambda_sim::{Fault, FaultEffect};

use super::Walk;
use super::lambda::Lambda;
use super::state::{self, Stage};
use super::steps::{CREATION, DELETION, Writes, changes};
use crate::crash::Victim;

/// What may be repeated: versions of a layer that is being deleted are gone one by one, and the status says so at the end.
const REPEATED: &[&str] = &["DeleteLayerVersion"];

/// A victim on its walk, killed at every write.
struct Killed {
    victim: Victim,
    effect: FaultEffect,
    expected: Vec<String>,
    names: BTreeMap<String, String>,
}

impl Killed {
    /// Lets something happen, kills the operator at each of the writes that follow, and waits for the end.
    async fn step(&mut self, what: &str, writes: Writes, act: impl AsyncFnOnce(&Walk<'_>)) {
        let (mut left, mut act) = (writes.to_vec(), Some(act));
        while !left.is_empty() {
            self.victim.hold(left.iter().map(|write| fault(write, self.effect.clone()))).await;
            match act.take() {
                Some(act) => act(&self.walk(what)).await,
                None => self.victim.revive().await,
            }
            for call in self.victim.die().await {
                super::learn(&self.victim.world, &mut self.names).await;
                let write = super::told(&call, &self.names);
                let at = left.iter().position(|left| *left == write);
                left.swap_remove(at.unwrap_or_else(|| panic!("{write} was to be held, of {left:?}")));
                self.dies_at(write);
            }
        }
        self.victim.revive().await;
        let mut walk = self.walk(what);
        let expected = std::mem::take(&mut walk.expected);
        walk.writes(what, expected).await;
    }

    /// What was to be done is done by the next operator, and what AWS did isn't repeated, unless it is a deletion that does
    /// nothing the second time.
    fn dies_at(&mut self, write: String) {
        self.expected.push(format!("{write} †"));
        let is_repeated = REPEATED.iter().any(|operation| write.starts_with(operation));
        if self.effect == FaultEffect::PauseBefore || is_repeated {
            self.expected.push(write);
        }
    }

    fn walk(&self, what: &str) -> Walk<'_> {
        let label = format!("killed {:?} at each write of {what}", self.effect);
        let walk = Walk::new(&self.victim.world, label);
        Walk { expected: self.expected.clone(), repeated: REPEATED, names: self.names.clone(), ..walk }
    }
}

/// Holds this write, where AWS knows what it is about by a name.
fn fault(write: &str, effect: FaultEffect) -> Fault {
    let (operation, about) = write.split_once(' ').expect("a write is about something");
    let fault = Fault::new(operation, effect).times(1);
    if about.starts_with('(') { fault } else { fault.resource(about) }
}

async fn walk(name: &str, effect: FaultEffect) {
    let victim = Victim::start(name).await;
    let label = format!("killed {effect:?}");
    let aws = Lambda::new(&victim.world.sim.endpoint());
    let mut killed = Killed { victim, effect, expected: Vec::new(), names: BTreeMap::new() };
    for (index, writes) in CREATION.into_iter().enumerate() {
        killed.step("a creation", writes, async |walk: &Walk<'_>| walk.apply(&[index]).await).await;
    }
    killed.walk("the creation").all_ready("it").await;
    state::becomes(&aws, state::expected(&killed.victim.world, Stage::Created).await, &label).await;
    for change in changes() {
        killed.step(change.what, change.writes, async |walk: &Walk<'_>| walk.change(&change).await).await;
        killed.walk(change.what).all_ready("it").await;
    }
    state::becomes(&aws, state::expected(&killed.victim.world, Stage::Changed).await, &label).await;
    for (index, writes) in DELETION.into_iter().enumerate().rev() {
        killed.step("a deletion", writes, async |walk: &Walk<'_>| walk.delete(&[index]).await).await;
    }
    killed.walk("the deletion").all_gone().await;
    state::assert_empty(&aws, &label).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_each_write() {
    walk("shop-killed-before", FaultEffect::PauseBefore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_each_write() {
    walk("shop-killed-after", FaultEffect::PauseAfter).await;
}
