//! A whole application, `config/samples/application.yaml`, through its life: applied, changed in ten ways, drifted in ten
//! ways and deleted. The walk is the same in any order of its objects, and when the operator is killed at every write.

mod drifts;
mod emulator;
mod kills;
mod lambda;
mod orders;
mod state;
mod steps;

use std::collections::BTreeMap;
use std::time::Duration;

use cluster_tests::{ACCOUNT, World, object_condition};
use kube::ResourceExt;
use kube::api::ListParams;
use lambda_sim::Call;
use serde_json::Value;
use test_support::eventually;

use drifts::Drift;
use steps::{Change, Reads};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/samples/application.yaml");

/// How long anything may take, on a machine that runs many walks at the same time.
const PATIENCE: Duration = Duration::from_mins(3);

/// The objects of the sample, in the order of the file.
const OBJECTS: [(&str, &str); 8] = [
    ("LambdaLayer", "shop-utils"),
    ("LambdaLayer", "shop-prices"),
    ("CodeSigningConfig", "shop-release"),
    ("LambdaFunction", "shop-checkout"),
    ("LambdaFunction", "shop-stock"),
    ("LambdaAlias", "shop-checkout-live"),
    ("EventSourceMapping", "shop-orders"),
    ("EventSourceMapping", "shop-stock"),
];

/// The manifests of the sample, in the order of [`OBJECTS`].
fn manifests() -> Vec<String> {
    let file = std::fs::read_to_string(SAMPLE).expect("the sample is there");
    let manifests: Vec<String> = file.split("\n---\n").map(str::to_owned).collect();
    assert_eq!(manifests.len(), OBJECTS.len(), "each object of the sample takes part");
    for (manifest, (kind, name)) in manifests.iter().zip(OBJECTS) {
        let is_it = manifest.contains(&format!("kind: {kind}\nmetadata:\n  name: {name}\n"));
        assert!(is_it, "{kind} {name} is not {manifest}");
    }
    manifests
}

/// An application on its way. It knows every write that it may have made so far.
struct Walk<'a> {
    world: &'a World,
    /// For the messages of a failure.
    label: String,
    /// How many objects there are.
    objects: usize,
    expected: Vec<String>,
    expected_reads: Vec<String>,
    /// Operations that may be repeated, because they do nothing the second time.
    repeated: &'static [&'static str],
    /// What AWS calls by ids of its own: the id and the name that it has here.
    names: BTreeMap<String, String>,
}

impl<'a> Walk<'a> {
    fn new(world: &'a World, label: impl Into<String>) -> Self {
        Self {
            world,
            label: label.into(),
            objects: OBJECTS.len(),
            expected: Vec::new(),
            expected_reads: Vec::new(),
            repeated: &[],
            names: BTreeMap::new(),
        }
    }

    /// One `kubectl apply -f` of these objects, in this order.
    async fn apply(&self, order: &[usize]) {
        self.kubectl(&["apply"], order).await;
    }

    /// One `kubectl delete -f` of these objects, in this order.
    async fn delete(&self, order: &[usize]) {
        self.kubectl(&["delete", "--wait=false"], order).await;
    }

    async fn kubectl(&self, arguments: &[&str], order: &[usize]) {
        let all = manifests();
        let chosen: Vec<&str> = order.iter().map(|index| all[*index].as_str()).collect();
        self.kubectl_with(arguments, &chosen.join("\n---\n")).await;
    }

    /// kubectl with these manifests.
    async fn kubectl_with(&self, arguments: &[&str], manifests: &str) {
        self.world.kubectl(arguments).args(["-f", "-"]).stdin(manifests).run().await;
    }

    /// Changes a spec by a merge patch.
    async fn change(&self, change: &Change) {
        let api = self.world.objects(change.kind).api();
        let patch = serde_json::json!({"spec": change.spec});
        let params = kube::api::PatchParams::default();
        api.patch(change.name, &params, &kube::api::Patch::Merge(&patch))
            .await
            .expect("the API server takes the patch");
    }

    /// Somebody changes something in the console.
    async fn drift(&self, drift: &Drift) {
        drift.happen(&self.world.aws()).await;
    }

    /// Waits until AWS was written to as it should be, and not otherwise, and everything is Ready.
    async fn settles(&mut self, what: &str, writes: impl IntoIterator<Item = impl Into<String>>) {
        self.writes(what, writes).await;
        self.all_ready(what).await;
    }

    /// Waits until these writes and all earlier ones were made, and no other ones.
    async fn writes(&mut self, what: &str, writes: impl IntoIterator<Item = impl Into<String>>) {
        self.expected.extend(writes.into_iter().map(Into::into));
        self.expected.sort();
        let label = format!("{}: the writes of {what}", self.label);
        let Self { world, expected, repeated, names, .. } = &*self;
        self.names = eventually(PATIENCE, label, || async {
            let mut names = names.clone();
            let made = without_repetitions(written(world, &mut names).await, repeated);
            let (missing, surplus) = (without(expected, &made), without(&made, expected));
            if missing.is_empty() && surplus.is_empty() {
                return Ok(names);
            }
            let standings = standings(world).await.join("; ");
            Err(format!("missing {missing:?}, too many {surplus:?}, {standings}"))
        })
        .await;
    }

    /// Waits until these reads and all earlier ones were made, and no other ones.
    async fn reads(&mut self, what: &str, reads: impl IntoIterator<Item = &Reads>) {
        for (read, many) in reads.into_iter().copied().flatten() {
            self.expected_reads.extend(std::iter::repeat_n((*read).to_owned(), *many));
        }
        let Self { world, expected_reads: expected, names, .. } = &*self;
        eventually(PATIENCE, format!("{}: the reads of {what}", self.label), || async {
            let made = read(world, names).await;
            let (missing, surplus) = (without(expected, &made), without(&made, expected));
            if missing.is_empty() && surplus.is_empty() {
                return Ok(());
            }
            Err(format!("missing {missing:?}, too many {surplus:?}"))
        })
        .await;
    }

    /// Waits until every object is Ready on its present generation.
    async fn all_ready(&self, what: &str) {
        let label = format!("{}: all are Ready after {what}", self.label);
        eventually(PATIENCE, label, || async {
            let standings = standings(self.world).await;
            let ready =
                standings.len() == self.objects && standings.iter().all(|s| s.ends_with(" Available"));
            if ready { Ok(()) } else { Err(standings) }
        })
        .await;
    }

    /// Waits until no object is left.
    async fn all_gone(&self) {
        eventually(PATIENCE, format!("{}: all are gone", self.label), || async {
            let standings = standings(self.world).await;
            if standings.is_empty() { Ok(()) } else { Err(standings) }
        })
        .await;
    }
}

/// What `all` has beyond `those`, counted.
fn without(all: &[String], those: &[String]) -> Vec<String> {
    let mut left = those.to_vec();
    let is_new = |one: &&String| match left.iter().position(|other| other == *one) {
        Some(at) => {
            left.swap_remove(at);
            false
        }
        None => true,
    };
    all.iter().filter(is_new).cloned().collect()
}

/// The writes, each that may be repeated only once.
fn without_repetitions(writes: Vec<String>, repeated: &[&str]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for write in writes {
        let may_be = repeated.iter().any(|operation| write.starts_with(operation));
        if !may_be || !kept.contains(&write) {
            kept.push(write);
        }
    }
    kept
}

/// How each object stands: kind, name, and the reason on its present generation.
async fn standings(world: &World) -> Vec<String> {
    let mut standings = Vec::new();
    let mut kinds: Vec<&str> = OBJECTS.iter().map(|(kind, _)| *kind).collect();
    kinds.dedup();
    for kind in kinds {
        let all = world.objects(kind).api().list(&ListParams::default()).await.expect("it lists");
        for object in all {
            let (name, generation) = (object.name_any(), object.metadata.generation);
            let ready = object_condition(&serde_json::to_value(&object).expect("it is JSON"), "Ready");
            let current = ready["observedGeneration"].as_i64() == generation;
            let reason = ready["reason"].as_str().filter(|_| current).unwrap_or("not seen yet");
            let detail =
                if reason == "Available" { "" } else { ready["message"].as_str().unwrap_or_default() };
            standings.push(format!("{kind} {name} {detail} {reason}"));
        }
    }
    standings
}

/// The writes to Lambda so far, in the order of the ledger, each with what it was about.
async fn written(world: &World, names: &mut BTreeMap<String, String>) -> Vec<String> {
    let writes = world.aws().writes().await;
    learn(world, names).await;
    writes.iter().map(|call| told(call, names)).collect()
}

/// The operator's reads of Lambda so far, but for those of the first sweep.
async fn read(world: &World, names: &BTreeMap<String, String>) -> Vec<String> {
    let swept = ["ListFunctions", "ListEventSourceMappings"];
    let is_read = |call: &&Call| {
        call.is_read()
            && !swept.contains(&call.operation.as_str())
            && !call.principal.ends_with(lambda::SOMEBODY)
    };
    world.ledger().await.iter().filter(is_read).map(|call| told(call, names)).collect()
}

/// Learns which mappings there are, which are known as long as the walk goes on.
async fn learn(world: &World, names: &mut BTreeMap<String, String>) {
    for mapping in world.aws().mappings().await {
        names.insert(text(&mapping["UUID"]), source(&mapping).to_owned());
    }
}

fn told(call: &Call, names: &BTreeMap<String, String>) -> String {
    let resource = call.resource.clone().unwrap_or_default();
    let about = match call.operation.as_str() {
        "CreateEventSourceMapping" => source(&call.request).to_owned(),
        _ if resource.is_empty() || resource.starts_with("csc-") => "(signing)".to_owned(),
        _ => names.get(&resource).cloned().unwrap_or(resource),
    };
    let killed = if call.error.as_deref() == Some("CallerGone") { " †" } else { "" };
    let refused = call.error.as_ref().filter(|_| killed.is_empty()).map(|error| format!(" {error}"));
    format!("{} {about}{killed}{}", call.operation, refused.unwrap_or_default())
}

/// Which of the two sources a mapping has.
fn source(mapping: &Value) -> &'static str {
    if text(&mapping["EventSourceArn"]).contains(":sqs:") { "(queue)" } else { "(stream)" }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
