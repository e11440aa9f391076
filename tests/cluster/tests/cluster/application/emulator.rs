//! The same walk against LocalEmu, an emulator by others, which ends in the same state. Without what LocalEmu lacks: it
//! keeps neither the tags of a code-signing configuration nor the link that CreateFunction makes, and has no DynamoDB streams.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cluster_tests::World;
use lambda_operator::package;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use test_support::{Emulator, eventually};

use super::drifts::{Deed, Drift, drifts};
use super::lambda::Lambda;
use super::state::{self, Stage};
use super::steps::{Writes, changes};
use super::{ACCOUNT, PATIENCE, Walk, manifests, source, text};

/// The account of everybody who calls LocalEmu.
const THERE: &str = "000000000000";
/// The objects that LocalEmu can have, as positions in the file.
const OBJECTS: [usize; 6] = [0, 1, 3, 4, 5, 6];

/// What the manifests of these objects are there.
fn adapted(order: &[usize]) -> String {
    let all = manifests();
    let chosen: Vec<&str> = order.iter().map(|index| all[*index].as_str()).collect();
    let link = "  codeSigningConfigRef:\n    name: shop-release\n";
    let text = chosen.join("\n---\n");
    assert!(text.contains(link), "a function has a link");
    text.replace(link, "").replace(ACCOUNT, THERE)
}

/// Whether something can happen there.
fn is_possible(writes: Writes) -> bool {
    writes.iter().all(|write| !["CodeSigning", "(stream)"].iter().any(|lacking| write.contains(lacking)))
}

/// What a stage is there.
async fn expected(world: &World, stage: Stage) -> Value {
    let mut wanted = state::expected(world, stage).await;
    wanted["signing"] = json!([]);
    wanted["mappings"].as_object_mut().expect("mappings").remove("(stream)");
    for function in ["shop-checkout", "shop-stock"] {
        wanted["functions"][function]["signed"] = json!(false);
    }
    wanted
}

/// Somebody else, with the same credentials.
async fn happen(aws: &Lambda, drift: &Drift) {
    const ALIAS: &str = "/2015-03-31/functions/shop-checkout/aliases/live";
    let (method, path, body) = match &drift.deed {
        Deed::Function(name, changes) if changes.get("CodeSha256").is_some() => {
            let files = serde_json::from_value(json!({"index.py": "by_hand = True\n"})).expect("files");
            let zip = STANDARD.encode(package::zip("spec.code", &files).expect("a package"));
            (Method::PUT, format!("/2015-03-31/functions/{name}/code"), Some(json!({"ZipFile": zip})))
        }
        Deed::Function(name, changes) => {
            (Method::PUT, format!("/2015-03-31/functions/{name}/configuration"), Some(changes.clone()))
        }
        Deed::Alias(changes) => (Method::PUT, ALIAS.to_owned(), Some(changes.clone())),
        Deed::AliasGone => (Method::DELETE, ALIAS.to_owned(), None),
        Deed::Mapping(of, changes) => {
            let all = aws.list("/2015-03-31/event-source-mappings", "EventSourceMappings").await;
            let found = all.iter().find(|one| source(one) == *of).expect("the mapping is there");
            let path = format!("/2015-03-31/event-source-mappings/{}", text(&found["UUID"]));
            (Method::PUT, path, Some(changes.clone()))
        }
        Deed::NewestLayerVersionGone(layer) => {
            let path = format!("/2018-10-31/layers/{layer}/versions");
            let versions = aws.list(&path, "LayerVersions").await;
            let newest = versions.iter().filter_map(|version| version["Version"].as_u64()).max();
            (Method::DELETE, format!("{path}/{}", newest.expect("the layer has a version")), None)
        }
        Deed::MappingGone(_) | Deed::CodeSigning(_) => panic!("{} isn't possible there", drift.what),
    };
    aws.send(method, &path, body).await;
}

/// Waits until the alias points to this version.
async fn until_alias_points_to(aws: &Lambda, version: &str) {
    eventually(PATIENCE, format!("the alias points to version {version}"), || async {
        let alias = aws.get("/2015-03-31/functions/shop-checkout/aliases/live").await;
        if alias["FunctionVersion"] == *version { Ok(()) } else { Err(alias) }
    })
    .await;
}

async fn walk(label: &str, reversed: bool) {
    let emulator = Emulator::start().await;
    let aws = Lambda::new(emulator.endpoint());
    aws.create_queue("shop-orders").await;
    let world = World::builder("shop-emulator").settings(|settings| {
        settings.aws.endpoint_url = Some(emulator.endpoint().to_owned());
        settings.drift.sweep_interval = Some(Duration::from_millis(500));
        settings.drift.rotation_interval = Some(Duration::from_millis(500));
        settings.drift.read_share = 1.0;
    });
    let world = world.start().await;
    let walk = Walk { objects: OBJECTS.len(), ..Walk::new(&world, label) };
    let (mut order, mut changes, mut drifts) = (OBJECTS.to_vec(), changes(), drifts());
    if reversed {
        order.reverse();
        changes.reverse();
        drifts.reverse();
    }
    walk.kubectl_with(&["apply"], &adapted(&order)).await;
    walk.all_ready("the creation").await;
    state::becomes(&aws, expected(&world, Stage::Created).await, label).await;
    let mut version = 1;
    for change in changes.iter().filter(|change| is_possible(change.writes)) {
        walk.change(change).await;
        version += change.writes.iter().filter(|write| write.starts_with("PublishVersion")).count();
        until_alias_points_to(&aws, &version.to_string()).await;
        walk.all_ready(change.what).await;
    }
    state::becomes(&aws, expected(&world, Stage::Changed).await, label).await;
    let mut stage = Stage::Changed;
    for drift in drifts.iter().filter(|drift| is_possible(drift.writes)) {
        if matches!(drift.deed, Deed::NewestLayerVersionGone(_)) {
            stage = Stage::Mended;
        }
        happen(&aws, drift).await;
        state::becomes(&aws, expected(&world, stage).await, &format!("{label}, {}", drift.what)).await;
        walk.all_ready(drift.what).await;
    }
    walk.kubectl_with(&["delete", "--wait=false"], &adapted(&order)).await;
    walk.all_gone().await;
    state::assert_empty(&aws, label).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_order_of_the_file() {
    walk("LocalEmu", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_reverse() {
    walk("LocalEmu in reverse", true).await;
}
