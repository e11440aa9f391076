//! Every field of a LambdaFunction that can be changed, through its life: set, changed, removed, changed by somebody
//! else. A field is a row of the table in `rows`; a field without a row fails a test.

mod rows;

use std::collections::BTreeSet;
use std::time::Duration;

use cluster_tests::{World, WorldBuilder, condition, function};
use kube::CustomResourceExt;
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};
use test_support::eventually;

use rows::{Row, over, rows};

/// Fields of the spec that have no row, because they don't stand for something in AWS that can be changed, or are sections,
/// which have a suite of their own.
const NO_ROW: [&str; 22] = [
    "accountRef",
    "functionName",
    "region",
    "deletionPolicy",
    "adopt",
    "managementPolicy",
    "suspend",
    "ignoreDrift",
    "codeSigningConfigArn",
    "codeSigningConfigRef",
    "publish",
    "versionRetention",
    "functionUrl",
    "permissions",
    "resourcePolicy",
    "eventInvokeConfig",
    "recursiveLoop",
    "runtimeManagement",
    "scaling",
    // AWS fixes whether a function has these: `managed` is about them.
    "capacityProviderConfig",
    "durable",
    "tenancyConfig",
];

#[test]
fn every_field_of_the_spec_has_a_row() {
    let crd = serde_json::to_value(LambdaFunction::crd()).unwrap();
    let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    let keys = |schema: &Value| schema.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let mut fields = keys(spec);
    let sources = ["s3", "image", "inline", "external"];
    let beside_the_source =
        keys(&spec["code"]["properties"]).into_iter().filter(|key| !sources.contains(&key.as_str()));
    fields.extend(beside_the_source.map(|key| format!("code.{key}")));
    let mut known: BTreeSet<String> = rows().iter().map(|row| row.path.to_owned()).collect();
    known.extend(NO_ROW.map(String::from));
    assert_eq!(fields, known, "a field of the spec needs a row in the table of fields/rows.rs");
}

#[tokio::test]
async fn every_field_can_be_set_changed_mended_and_removed() {
    let world = watchful("fields").start().await;
    maps(&world).await;
    each(&world, rows(), "f", walk).await;
}

#[tokio::test]
async fn every_field_can_be_set_at_the_creation() {
    let world = World::start("fields-create").await;
    maps(&world).await;
    each(&world, rows(), "f", create).await;
}

#[tokio::test]
async fn an_observer_reports_the_drift_of_every_field_and_writes_nothing() {
    let world = watchful("fields-observed").start().await;
    maps(&world).await;
    each(&world, rows(), "f", observe).await;
}

/// A world whose operator looks for drift all the time, in lists and function by function.
fn watchful(name: &str) -> WorldBuilder {
    World::builder(name).settings(|settings| {
        settings.drift.sweep_interval = Some(Duration::from_millis(500));
        settings.drift.rotation_interval = Some(Duration::from_secs(1));
    })
}

/// Does the same with every row, and names those that fail.
async fn each<T: AsyncFn(&World, &str, &Row)>(world: &World, rows: Vec<Row>, prefix: &str, run: T) {
    use futures::FutureExt as _;
    let all = rows.iter().map(|row| async {
        let name = format!("{prefix}-{}", row.path.replace('.', "-").to_lowercase());
        let done = std::panic::AssertUnwindSafe(run(world, &name, row)).catch_unwind().await;
        done.err().map(|_| row.path)
    });
    let failed: Vec<&str> = futures::future::join_all(all).await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "these fields failed, see above: {failed:?}");
}

async fn walk(world: &World, name: &str, row: &Row) {
    world.apply(name, row.base.clone()).await;
    world.ready(name).await;
    let bare = in_aws(world, name).await;
    let mut written = world.writes(name).await.len();
    for (value, expected) in &row.values {
        world.apply(name, over(row.base.clone(), value.clone())).await;
        world.ready(name).await;
        check(world, name, row, &mut written, &[expected]).await;
    }
    let before = in_aws(world, name).await;
    let (_, last) = row.values.last().unwrap();
    drift(world, name, row).await;
    // That there was something to mend shows in what is written.
    eventually(Duration::from_secs(20), &format!("{}: the drift is mended", row.path), || async {
        let now = in_aws(world, name).await;
        if now == before { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
    world.ready(name).await;
    check(world, name, row, &mut written, &[last]).await;
    told_of_drift(world, name, row).await;
    if let Some(cleared) = &row.cleared {
        world.apply(name, row.base.clone()).await;
        world.ready(name).await;
        check(world, name, row, &mut written, &[cleared]).await;
        assert_eq!(in_aws(world, name).await, bare, "{}: removed, it is at AWS's default", row.path);
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    check(world, name, row, &mut written, &[]).await;
}

async fn create(world: &World, name: &str, row: &Row) {
    let (value, (operation, _)) = &row.values[0];
    world.apply(name, over(row.base.clone(), value.clone())).await;
    world.ready(name).await;
    let writes = world.writes(name).await;
    let (first, body) = &writes[0];
    assert_eq!(first, "CreateFunction", "{}", row.path);
    for (member, expected) in with_name(&row.created, name).as_object().unwrap() {
        let sent =
            if member == "Tags" { &json!({"team": body["Tags"]["team"]}) } else { &body[member.as_str()] };
        assert_eq!(sent, expected, "{}: CreateFunction sends {member}", row.path);
    }
    let operations: Vec<&str> = writes[1..].iter().map(|(operation, _)| operation.as_str()).collect();
    let rest: &[&str] = if operation.starts_with("Put") { &[operation] } else { &[] };
    assert_eq!(operations, rest, "{}: nothing is left to change after the creation", row.path);
}

async fn observe(world: &World, name: &str, row: &Row) {
    let (value, _) = row.values.last().unwrap();
    let spec = over(row.base.clone(), value.clone());
    world.apply(name, spec.clone()).await;
    world.ready(name).await;
    world.apply(name, over(spec, json!({"managementPolicy": "Observe"}))).await;
    world.until(name, "it is observed and equal", |object| is_drifted(object, "False").is_some()).await;
    let written = world.writes(name).await.len();
    drift(world, name, row).await;
    let changed = in_aws(world, name).await;
    let object = world.until(name, "the drift is told", |object| is_drifted(object, "True").is_some()).await;
    let message = is_drifted(&object, "True").unwrap();
    assert!(message.contains(row.told()), "{}: {message}", row.path);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(in_aws(world, name).await, changed, "{}: it is left as it is", row.path);
    assert_eq!(world.writes(name).await.len(), written, "{}: nothing is written", row.path);
}

/// The message of the condition Drifted of the present generation, if it has this status.
fn is_drifted(object: &LambdaFunction, status: &str) -> Option<String> {
    let drifted = condition(object, "Drifted")?;
    let now = drifted.observed_generation == object.metadata.generation && drifted.status == status;
    now.then(|| drifted.message.clone())
}

/// The writes since the last look are these, with their whole bodies.
async fn check(world: &World, name: &str, row: &Row, written: &mut usize, expected: &[&rows::Write]) {
    let writes = world.writes(name).await.split_off(*written);
    *written += writes.len();
    let writes: Vec<(String, Value)> =
        writes.into_iter().map(|(operation, body)| (operation, unguarded(body))).collect();
    let expected: Vec<(String, Value)> =
        expected.iter().map(|(operation, body)| ((*operation).to_owned(), with_name(body, name))).collect();
    assert_eq!(writes, expected, "{}", row.path);
}

/// A body without its RevisionId, which every update of the function carries.
fn unguarded(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("RevisionId");
    body
}

fn with_name(body: &Value, name: &str) -> Value {
    serde_json::from_str(&body.to_string().replace("NAME", name)).unwrap()
}

/// Somebody in the console changes the field; tags beside the one in question stay.
async fn drift(world: &World, name: &str, row: &Row) {
    let mut changes = row.drift.clone();
    if let Some(tags) = changes.get_mut("Tags") {
        let function = world.aws().function(name).await.unwrap();
        *tags = over(function["Tags"].clone(), tags.clone());
    }
    world.aws().edit_function(name, changes).await;
}

async fn told_of_drift(world: &World, name: &str, row: &Row) {
    let what = format!("{}: an Event names the field", row.path);
    let path = row.told();
    eventually(Duration::from_mins(1), &what, || async {
        let events = world.events(name).await;
        let told = events.iter().any(|(kind, reason, note)| {
            kind == "Warning" && reason == "DriftDetected" && note.contains(path)
        });
        if told { Ok(()) } else { Err(events) }
    })
    .await;
}

/// A function as AWS has it, without what moves by itself and without the hulls that cleared fields leave.
async fn in_aws(world: &World, name: &str) -> Value {
    let mut function = world.aws().function(name).await.unwrap();
    function["Code"].as_object_mut().unwrap().remove("Location");
    let configuration = function["Configuration"].as_object_mut().unwrap();
    for moving in [
        "RevisionId",
        "LastModified",
        "LastUpdateStatus",
        "LastUpdateStatusReason",
        "LastUpdateStatusReasonCode",
    ] {
        configuration.remove(moving);
    }
    configuration.retain(|_, value| value["VpcId"] != "" && value["Variables"] != json!({}));
    function
}

/// The ConfigMaps of the row `envFrom`.
async fn maps(world: &World) {
    for (name, stage) in [("one", "first"), ("two", "second")] {
        world.config_map(name, &[("STAGE", stage)]).await;
    }
}

/// Lists don't show a reservation, and it moves no revision: only reading each function in turn finds it.
#[tokio::test]
async fn a_reservation_that_changed_while_the_operator_was_down_is_found_by_the_rotation() {
    let mut world = watchful("fields-reservation").start().await;
    world.apply("hello", function(json!({"reservedConcurrentExecutions": 5}))).await;
    world.ready("hello").await;
    world.stop_operator().await;
    world.aws().edit_function("hello", json!({"ReservedConcurrentExecutions": 9})).await;
    world.start_operator();
    eventually(Duration::from_secs(20), "the reservation is back", || async {
        let function = world.aws().function("hello").await.unwrap();
        (function["Concurrency"]["ReservedConcurrentExecutions"] == 5).then_some(())
    })
    .await;
}
