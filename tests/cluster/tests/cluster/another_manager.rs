//! Somebody else who applies the same manifests again and again, as Argo CD and Flux do: no conflict, no difference, no
//! write, and nothing of theirs becomes the operator's.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster_tests::{World, kind_and_name, list};
use kube::api::ListParams;
use serde_json::{Value, json};
use test_support::eventually;

const ARGO: &str = "argocd-controller";
/// How Argo CD applies on the server, also when it is told to take over fields.
const SERVER_SIDE: [&[&str]; 2] = [
    &["--server-side", "--field-manager=argocd-controller"],
    &["--server-side", "--field-manager=argocd-controller", "--force-conflicts"],
];
/// How it applies on the client, with the annotation `last-applied-configuration`.
const CLIENT_SIDE: [&[&str]; 1] = [&["--field-manager=argocd-controller"]];

async fn apply(world: &World, manifests: &[Value], how: &[&str]) {
    world.kubectl(&[&["apply", "-f", "-"], how].concat()).stdin(list(manifests)).run().await;
}

/// `kubectl diff` finds nothing: it would end with 1.
async fn assert_no_diff(world: &World, manifests: &[Value], how: &[&str]) {
    let output = world.kubectl(&[&["diff", "-f", "-"], how].concat()).stdin(list(manifests)).output().await;
    assert_eq!(output.status.code(), Some(0), "{how:?}: {}{}", output.stdout, output.stderr);
}

/// Waits until the operator has looked at the whole account twice more.
async fn swept(world: &World) {
    let sweeps = || async {
        let ledger = world.ledger().await;
        ledger.iter().filter(|call| call.operation == "ListFunctions").count()
    };
    let before = sweeps().await;
    eventually(Duration::from_mins(1), "two more sweeps", || async {
        let now = sweeps().await;
        if now >= before + 2 { Ok(()) } else { Err(now) }
    })
    .await;
}

/// The fields that managers own, by who they are: paths of two steps, and the subresource through which they were written.
fn owned(object: &Value, by: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let entries = entries.filter(|entry| by(entry["manager"].as_str().unwrap_or_default()));
    let mut paths = BTreeSet::new();
    for entry in entries {
        let through =
            entry["subresource"].as_str().map(|name| format!(" through {name}")).unwrap_or_default();
        for (top, below) in entry["fieldsV1"].as_object().unwrap() {
            if top != "f:metadata" {
                paths.insert(format!("{top}{through}"));
                continue;
            }
            let names = below.as_object().unwrap().keys();
            paths.extend(names.map(|name| format!("{top} {name}{through}")));
        }
    }
    paths
}

fn assert_owners(object: &Value) {
    let (kind, _) = kind_and_name(object);
    let ours = owned(object, |manager| manager != ARGO);
    let wanted = ["f:metadata f:finalizers", "f:status through status"].map(str::to_owned);
    assert_eq!(ours, BTreeSet::from(wanted), "{kind}: what the operator owns");
    let theirs = owned(object, |manager| manager == ARGO);
    assert!(theirs.contains("f:spec"), "{kind}: {theirs:?}");
    assert!(
        !theirs.iter().any(|path| path.contains("status") || path.contains("finalizers")),
        "{kind}: {theirs:?}"
    );
}

/// The same manifests with a change of each spec.
fn changed(manifests: &[Value]) -> Vec<Value> {
    let mut changed = manifests.to_vec();
    for manifest in &mut changed {
        let (field, value) = match manifest["kind"].as_str() {
            Some("LambdaAccount") => ("quotaShare", json!(40)),
            Some("EventSourceMapping") => ("batchSize", json!(5)),
            Some("CapacityProvider") => ("capacityProviderScalingConfig", json!({"maxVCpuCount": 64})),
            _ => ("description", json!("changed")),
        };
        manifest["spec"][field] = value;
    }
    changed
}

async fn applied_over_and_over(name: &str, styles: &[&[&str]]) {
    let often = Some(Duration::from_millis(300));
    let world = World::builder(name).settings(|settings| settings.drift.sweep_interval = often).start().await;
    let first = world.each_kind();
    for manifests in [first.clone(), changed(&first)] {
        apply(&world, &manifests, styles[0]).await;
        world.all_ready(&manifests).await;
        swept(&world).await;
        let before = world.read(&manifests).await;
        world.aws().clear_ledger().await;
        for _ in 0..3 {
            for how in styles {
                assert_no_diff(&world, &manifests, how).await;
                apply(&world, &manifests, how).await;
                assert_no_diff(&world, &manifests, how).await;
            }
        }
        swept(&world).await;
        let after = world.read(&manifests).await;
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after, "an apply that changes nothing, and no answer to it");
            assert_owners(after);
        }
        assert_eq!(world.written().await, Vec::<String>::new());
    }
    let functions = world.functions().list(&ListParams::default()).await.unwrap();
    assert_eq!(functions.items[0].metadata.generation, Some(2), "only what was applied counts");
}

#[tokio::test]
async fn server_side_apply_meets_no_conflict_and_no_difference() {
    applied_over_and_over("another-server-side", &SERVER_SIDE).await;
}

#[tokio::test]
async fn client_side_apply_meets_no_difference() {
    applied_over_and_over("another-client-side", &CLIENT_SIDE).await;
}

#[tokio::test]
async fn a_change_by_somebody_else_is_a_conflict_that_names_them_and_not_the_operator() {
    let world = World::start("another-conflict").await;
    let manifests = world.each_kind();
    apply(&world, &manifests, SERVER_SIDE[0]).await;
    world.all_ready(&manifests).await;
    let changed = changed(&manifests);
    let kubectl = world.kubectl(&["apply", "--server-side", "--field-manager=somebody", "-f", "-"]);
    kubectl.stdin(list(&changed)).run().await;
    let kubectl = world.kubectl(&["apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"]);
    let mut other = changed.clone();
    other.iter_mut().skip(1).take(4).for_each(|manifest| manifest["spec"]["description"] = json!("other"));
    let refused = kubectl.stdin(list(&other[1..5])).output().await;
    assert_eq!(refused.stderr.matches("conflict with \"somebody\"").count(), 4, "{}", refused.stderr);
    assert!(!refused.stderr.contains("lambda-operator\""), "{}", refused.stderr);
    apply(&world, &other[1..5], SERVER_SIDE[1]).await;
    world.all_ready(&other).await;
}
