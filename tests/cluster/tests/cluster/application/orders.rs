//! The walk in the order of the file, in reverse, and in random orders: of the objects when they are applied and when
//! they are deleted, and of what happens in between. AWS gets the same writes and is left the same.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster_tests::{World, function, object_condition};
use futures::StreamExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::json;
use test_support::eventually;

use super::drifts::drifts;
use super::lambda::Lambda;
use super::state::{self, Stage};
use super::steps::{CREATION, CREATION_READS, DELETION_AFTER_DRIFT, Writes, changes};
use super::{OBJECTS, PATIENCE, Walk};

/// Random orders are walked by as many at the same time: more keep two cores so busy that other tests run out of time.
const ABREAST: usize = 5;
/// How many random orders.
const SEEDS: u64 = 20;

/// The order of everything that happens.
struct Order {
    label: String,
    applied: Vec<usize>,
    changed: Vec<usize>,
    drifted: Vec<usize>,
    deleted: Vec<usize>,
    /// Whether what concerns other things happens at the same time.
    at_once: bool,
    /// Whether the reads of each change are those that are known: a function that has a link already reads it too.
    counts_reads: bool,
}

/// What writes concern, without versions and aliases. A mapping can't be changed while its alias isn't there.
fn concerned(writes: Writes) -> BTreeSet<&'static str> {
    let names = writes.iter().filter_map(|write| write.split(' ').nth(1)?.split(':').next());
    names.map(|name| if name == "(queue)" { "shop-checkout" } else { name }).collect()
}

impl Order {
    fn of_the_file() -> Self {
        let all = |count: usize| (0..count).collect::<Vec<_>>();
        let label = "in the order of the file".to_owned();
        Self {
            label,
            applied: all(8),
            changed: all(10),
            drifted: all(10),
            deleted: all(8),
            at_once: false,
            counts_reads: true,
        }
    }

    fn reversed() -> Self {
        let mut order = Self { label: "in reverse".to_owned(), counts_reads: false, ..Self::of_the_file() };
        order.each(|part| part.reverse());
        order
    }

    fn random(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut order = Self { at_once: true, counts_reads: false, ..Self::of_the_file() };
        order.each(|part| part.shuffle(&mut random));
        order.label =
            format!("seed {seed}: {:?}", (&order.applied, &order.changed, &order.drifted, &order.deleted));
        order
    }

    /// The steps in an order, in parts that happen at the same time: each by itself, or with the next ones as long as they
    /// concern something else, so that the writes stay the same.
    fn parts<T>(&self, steps: Vec<T>, order: &[usize], writes: impl Fn(&T) -> Writes) -> Vec<Vec<T>> {
        let mut steps: Vec<Option<T>> = steps.into_iter().map(Some).collect();
        let (mut parts, mut busy): (Vec<Vec<T>>, BTreeSet<&str>) = (Vec::new(), BTreeSet::new());
        for step in order.iter().filter_map(|index| steps[*index].take()) {
            let concerned = concerned(writes(&step));
            if !self.at_once || parts.is_empty() || !busy.is_disjoint(&concerned) {
                parts.push(Vec::new());
                busy.clear();
            }
            busy.extend(concerned);
            parts.last_mut().expect("there is a part").push(step);
        }
        parts
    }

    fn each(&mut self, mut change: impl FnMut(&mut Vec<usize>)) {
        let Self { label: _, applied, changed, drifted, deleted, at_once: _, counts_reads: _ } = self;
        for part in [applied, changed, drifted, deleted] {
            change(part);
        }
    }
}

/// Applied, changed, drifted and deleted, with every write accounted for.
async fn walk(name: &str, order: Order) {
    let mut world = World::start(name).await;
    if order.counts_reads {
        first_sweep_is_over(&world).await;
    }
    let label = order.label.clone();
    let aws = Lambda::new(&world.sim.endpoint());
    let mut walk = Walk::new(&world, &label);
    walk.apply(&order.applied).await;
    walk.settles("the creation", CREATION.concat()).await;
    walk.reads("the creation", &[CREATION_READS]).await;
    state::becomes(&aws, state::expected(&world, Stage::Created).await, &label).await;
    for together in order.parts(changes(), &order.changed, |change| change.writes) {
        for change in &together {
            walk.change(change).await;
        }
        let what: Vec<&str> = together.iter().map(|change| change.what).collect();
        let what = what.join(", ");
        walk.settles(&what, together.iter().flat_map(|change| change.writes).copied()).await;
        if order.counts_reads {
            walk.reads(&what, together.iter().flat_map(|change| change.reads)).await;
        }
    }
    state::becomes(&aws, state::expected(&world, Stage::Changed).await, &label).await;
    let (expected, names) = (walk.expected, walk.names);
    looks_for_drift(&mut world).await;
    let mut walk = Walk { expected, names, ..Walk::new(&world, &label) };
    for together in order.parts(drifts(), &order.drifted, |drift| drift.writes) {
        for drift in &together {
            walk.drift(drift).await;
        }
        let what: Vec<&str> = together.iter().map(|drift| drift.what).collect();
        walk.settles(&what.join(", "), together.iter().flat_map(|drift| drift.writes).copied()).await;
    }
    state::becomes(&aws, state::expected(&world, Stage::Mended).await, &label).await;
    walk.delete(&order.deleted).await;
    walk.all_gone().await;
    walk.writes("the deletion", DELETION_AFTER_DRIFT.concat()).await;
    assert_order_of_deletion(&world, &label).await;
    state::assert_empty(&aws, &label).await;
}

/// What the first sweep lists stands in for reads. It comes as soon as for a quarter of a second nothing was added to what the
/// operator has: while there is nothing, long before an object that is only observed was looked at several times.
async fn first_sweep_is_over(world: &World) {
    world.apply("first", function(json!({"managementPolicy": "Observe"}))).await;
    eventually(PATIENCE, "five looks", || async {
        let looks = world.ledger().await.iter().filter(|call| call.operation == "GetFunction").count();
        if looks >= 5 { Ok(()) } else { Err(looks) }
    })
    .await;
    world.delete("first").await;
    world.gone("first").await;
    world.aws().clear_ledger().await;
}

/// From now on the operator looks for drift all the time. Before, that would only make the reads a matter of chance.
async fn looks_for_drift(world: &mut World) {
    world.stop_operator().await;
    world.settings.drift.sweep_interval = Some(Duration::from_millis(500));
    world.settings.drift.rotation_interval = Some(Duration::from_millis(500));
    world.settings.drift.read_share = 1.0;
    world.start_operator();
}

/// What builds on something goes before it.
async fn assert_order_of_deletion(world: &World, label: &str) {
    let ledger = world.ledger().await;
    let last = |operation: &str, about: &str| {
        let is_it = |call: &lambda_sim::Call| {
            let resource = call.resource.as_deref().unwrap_or_default();
            call.operation == operation && (about.is_empty() || resource == about)
        };
        ledger.iter().rposition(is_it).unwrap_or_else(|| panic!("{label}: there is a {operation} of {about}"))
    };
    let checkout = last("DeleteFunction", "shop-checkout");
    let both = checkout.max(last("DeleteFunction", "shop-stock"));
    let order = [
        last("DeleteAlias", "shop-checkout:live") < checkout,
        last("DeleteEventSourceMapping", "") < both,
        checkout < last("DeleteLayerVersion", "shop-prices:3"),
        both < last("DeleteLayerVersion", "shop-utils:2"),
        both < last("DeleteCodeSigningConfig", ""),
    ];
    assert_eq!(order, [true; 5], "{label}: what builds on something goes before it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_order_of_the_file() {
    walk("shop", Order::of_the_file()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_reverse() {
    walk("shop-reverse", Order::reversed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_twenty_random_orders() {
    let walks = futures::stream::iter(0..SEEDS);
    walks
        .for_each_concurrent(ABREAST, |seed| async move {
            walk(&format!("shop-{seed}"), Order::random(seed)).await;
        })
        .await;
}

/// Deleted without what builds on it, an object says what it waits for.
#[tokio::test]
async fn a_blocked_deletion_says_by_whom() {
    let world = World::start("shop-blocked").await;
    let walk = Walk::new(&world, "blocked");
    let aws = Lambda::new(&world.sim.endpoint());
    walk.apply(&[0, 1, 2, 3, 4, 5, 6, 7]).await;
    walk.all_ready("the creation").await;
    for (index, by) in [
        (0, &["LambdaFunction shop-checkout", "LambdaFunction shop-stock"][..]),
        (2, &["LambdaFunction shop-checkout"]),
        (3, &["LambdaAlias shop-checkout-live"]),
        (4, &["EventSourceMapping shop-stock"]),
        (5, &["EventSourceMapping shop-orders"]),
    ] {
        walk.delete(&[index]).await;
        let (kind, name) = OBJECTS[index];
        let object = world.objects(kind).reason(name, "DeletionBlocked").await;
        let message = super::text(&object_condition(&object, "Ready")["message"]);
        assert!(by.iter().all(|user| message.contains(user)), "{kind} {name}: {message}");
    }
    walk.delete(&[1, 6, 7]).await;
    walk.all_gone().await;
    state::assert_empty(&aws, "blocked").await;
}
