//! What kstatus, by which Helm 4 and Flux wait, makes of the objects as the operator really leaves them.

use cluster_tests::accounts::OTHER;
use cluster_tests::{World, kind_and_name, list, object_condition};
use futures::future::join_all;
use lambda_sim::SettleDelay;
use serde_json::{Value, json};
use test_support::Tool;

/// What a program that judges objects answers: a line of JSON for each.
pub(super) async fn answers(program: Tool, objects: &[Value]) -> Vec<Value> {
    let text: String = objects.iter().map(Value::to_string).collect();
    let answer = program.stdin(text).run().await.stdout;
    let answers: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), objects.len());
    answers
}

/// Each object was found to have this status, and this is in what is said of it.
pub(super) fn assert_answers(objects: &[Value], answers: &[Value], status: &str, text: &str) {
    for (object, found) in objects.iter().zip(answers) {
        let (kind, _) = kind_and_name(object);
        assert_eq!(found["status"], status, "{kind}: {found} {}", object["status"]);
        let message = found["message"].as_str().unwrap_or_default();
        assert!(message.contains(text), "{kind}: {text:?} is not in {message:?}");
    }
}

async fn judged(world: &World, objects: &[Value]) -> Vec<Value> {
    answers(world.cluster.program("kstatus"), objects).await
}

/// All of them have this status, and this is in what is said of each.
pub(super) async fn assert_all(world: &World, objects: &[Value], status: &str, text: &str) {
    assert_answers(objects, &judged(world, objects).await, status, text);
}

pub(super) async fn apply(world: &World, manifests: &[Value]) {
    let flags = ["apply", "--server-side", "--field-manager=user", "-f", "-"];
    world.kubectl(&flags).stdin(list(manifests)).run().await;
}

/// Asks for the deletion of them all.
pub(super) async fn delete(world: &World, manifests: &[Value]) {
    world.kubectl(&["delete", "--wait=false", "-f", "-"]).stdin(list(manifests)).run().await;
}

/// The same manifests with one more field.
pub(super) fn with(manifests: &[Value], field: &str, value: &Value) -> Vec<Value> {
    let mut changed = manifests.to_vec();
    for manifest in &mut changed {
        manifest["spec"][field] = value.clone();
    }
    changed
}

fn ready(object: &Value) -> (Value, Value) {
    let ready = object_condition(object, "Ready");
    (ready["status"].clone(), ready["reason"].clone())
}

pub(super) fn has_reason(object: &Value, reason: &str) -> bool {
    let ready = object_condition(object, "Ready");
    ready["reason"] == reason && ready["observedGeneration"] == object["metadata"]["generation"]
}

pub(super) fn is_suspended(object: &Value) -> bool {
    let condition = object_condition(object, "Suspended");
    condition["status"] == "True" && condition["observedGeneration"] == object["metadata"]["generation"]
}

#[tokio::test]
async fn there_is_an_object_of_each_kind() {
    let world = World::builder("kstatus-kinds").without_operator().start().await;
    let manifests = world.each_kind();
    let lasting = manifests.iter().map(|manifest| kind_and_name(manifest).0);
    // What an invocation looks like is in its own tests: it ends, and has no second generation.
    let mut kinds: Vec<&str> = lasting.chain(["LambdaInvocation"]).collect();
    kinds.sort_unstable();
    let all = lambda_operator_crds::all();
    let mut wanted: Vec<&str> = all.iter().map(|crd| crd.spec.names.kind.as_str()).collect();
    wanted.sort_unstable();
    assert_eq!(kinds, wanted);
}

#[tokio::test]
async fn what_the_operator_has_not_seen_is_in_progress_and_what_goes_is_terminating() {
    let mut world = World::builder("kstatus-unseen").without_operator().start().await;
    let mut manifests = world.each_kind();
    apply(&world, &manifests).await;
    let objects = world.read(&manifests).await;
    let unseen = "generation is 1, but latest observed generation is -1";
    assert_all(&world, &objects, "InProgress", unseen).await;
    world.start_operator();
    let objects = world.all_ready(&manifests).await;
    assert_all(&world, &objects, "Current", "Resource is Ready").await;

    world.stop_operator().await;
    manifests[0]["spec"]["quotaShare"] = json!(40);
    let of_namespace = with(&manifests[1..], "deletionPolicy", &json!("Delete"));
    manifests.splice(1.., of_namespace);
    apply(&world, &manifests).await;
    let objects = world.read(&manifests).await;
    let unseen = "generation is 2, but latest observed generation is 1";
    assert_all(&world, &objects, "InProgress", unseen).await;
    world.start_operator();
    let objects = world.all_ready(&manifests).await;
    assert_all(&world, &objects, "Current", "Resource is Ready").await;

    let function = &manifests[3..4];
    delete(&world, function).await;
    let blocked = |object: &Value| has_reason(object, "DeletionBlocked");
    let objects = world.all_until(function, "waits for its alias", blocked).await;
    assert_all(&world, &objects, "Terminating", "scheduled for deletion").await;
    world.stop_operator().await;
    delete(&world, &manifests).await;
    let objects = world.read(&manifests).await;
    assert_all(&world, &objects, "Terminating", "scheduled for deletion").await;
    world.start_operator();
    world.all_gone(&manifests).await;
}

#[tokio::test]
async fn what_waits_or_settles_is_in_progress_and_never_current_before_it_is_ready() {
    let world = World::start("kstatus-creation").await;
    let mut manifests = world.each_kind();
    let histories = join_all(manifests[1..].iter().map(|manifest| async {
        let (kind, name) = kind_and_name(manifest);
        world.objects(kind).history(name).await
    }))
    .await;
    let (hold, settled) = (SettleDelay::Hold, SettleDelay::NEXT_READ);
    world
        .aws()
        .configure(|aws| {
            (aws.create_settle, aws.version_settle, aws.update_settle) = (hold, Some(settled), hold);
        })
        .await;

    create(&world, &manifests).await;
    change(&world, &mut manifests).await;
    let objects = world.all_ready(&manifests).await;
    for (object, history) in objects[1..].iter().zip(&histories) {
        let versions = history.until(&serde_json::from_value(object.clone()).unwrap()).await;
        let mut versions: Vec<Value> = versions.iter().map(|version| json!(version)).collect();
        let last = versions.iter().position(|version| {
            version["metadata"]["resourceVersion"] == object["metadata"]["resourceVersion"]
        });
        versions.truncate(last.unwrap() + 1);
        assert_never_early(&world, &versions).await;
    }
}

/// First what uses others waits, then the function, the mapping and the capacity provider are held in AWS.
async fn create(world: &World, manifests: &[Value]) {
    // Everything waits for what is not there yet.
    apply(world, &manifests[..1]).await;
    world.all_ready(&manifests[..1]).await;
    apply(world, &manifests[3..6]).await;
    let waits = |object: &Value| has_reason(object, "DependencyNotReady");
    let objects = world.all_until(&manifests[3..6], "waits", waits).await;
    assert_all(world, &objects[..1], "InProgress", "does not exist").await;
    assert_all(world, &objects[1..], "InProgress", "").await;

    // The function, then the mapping, and then the capacity provider takes its time in AWS.
    apply(world, &manifests[1..3]).await;
    let objects = world.all_ready(&manifests[1..3]).await;
    assert_all(world, &objects, "Current", "Resource is Ready").await;
    for at in [3, 5, 6] {
        apply(world, &manifests[at..=at]).await;
        let creating = |object: &Value| has_reason(object, "Creating");
        let objects = world.all_until(&manifests[at..=at], "is being created", creating).await;
        assert_all(world, &objects, "InProgress", "").await;
        world.aws().settle().await;
    }
    let objects = world.all_ready(manifests).await;
    assert_all(world, &objects, "Current", "Resource is Ready").await;
}

/// They are held again.
async fn change(world: &World, manifests: &mut [Value]) {
    manifests[1]["spec"]["content"]["inline"]["files"]["python/tools.py"] = json!("A = 2\n");
    manifests[2]["spec"]["description"] = json!("changed");
    manifests[3]["spec"]["memorySize"] = json!(256);
    manifests[4]["spec"]["description"] = json!("changed");
    manifests[5]["spec"]["batchSize"] = json!(5);
    manifests[6]["spec"]["capacityProviderScalingConfig"] = json!({"maxVCpuCount": 64});
    apply(world, manifests).await;
    for at in [3, 5, 6] {
        let updating = |object: &Value| has_reason(object, "Updating");
        let objects = world.all_until(&manifests[at..=at], "is being changed", updating).await;
        assert_all(world, &objects, "InProgress", "").await;
    }
    world.all_ready(&manifests[1..3]).await;
    world.aws().configure(|aws| aws.update_settle = SettleDelay::AfterMs(200)).await;
    world.aws().settle().await;
}

/// Each version is Current exactly when it says that it is Ready, of its own generation.
async fn assert_never_early(world: &World, versions: &[Value]) {
    let judged = judged(world, versions).await;
    let current = |at: usize| judged[at]["status"] == "Current";
    for (at, version) in versions.iter().enumerate() {
        let ready = object_condition(version, "Ready");
        let is_ready =
            ready["status"] == "True" && ready["observedGeneration"] == version["metadata"]["generation"];
        assert_eq!(current(at), is_ready, "{:?} for {version}", judged[at]);
    }
    let generations = [1, 2].map(|generation| {
        let of_it = |at: &usize| versions[*at]["metadata"]["generation"] == generation;
        let all: Vec<usize> = (0..versions.len()).filter(of_it).collect();
        (all.first().copied().map(current), all.last().copied().map(current))
    });
    assert_eq!(generations, [(Some(false), Some(true)); 2], "from in progress to current, twice");
}

#[tokio::test]
async fn what_nobody_but_a_person_can_mend_has_failed() {
    let world = World::start("kstatus-stalled").await;
    let manifests = world.each_kind();
    apply(&world, &manifests).await;
    world.all_ready(&manifests).await;
    // One after the other: what uses a broken one waits, and hasn't failed itself.
    for manifest in &manifests[1..] {
        let broken = with(std::slice::from_ref(manifest), "ignoreDrift", &json!(["nonsense"]));
        apply(&world, &broken).await;
        let refused = |object: &Value| has_reason(object, "InvalidSpec");
        let objects = world.all_until(&broken, "is refused", refused).await;
        assert_all(&world, &objects, "Failed", "nonsense").await;
        apply(&world, std::slice::from_ref(manifest)).await;
        let objects = world.all_ready(&manifests).await;
        assert_all(&world, &objects, "Current", "Resource is Ready").await;
    }

    world.apply_account("wrong", json!({"accountId": OTHER})).await;
    let account = json!(world.account_reason("wrong", "AccountMismatch", &[]).await);
    assert_all(&world, &[account], "Failed", OTHER).await;
}

#[tokio::test]
async fn what_aws_refuses_for_now_is_in_progress() {
    let world = World::start("kstatus-denied").await;
    let manifests = &world.each_kind()[..3];
    let creations = ["PublishLayerVersion", "CreateCodeSigningConfig"].map(str::to_owned);
    world.aws().configure(|aws| aws.deny.extend(creations)).await;
    apply(&world, manifests).await;
    let denied = |object: &Value| ready(object) == (json!("False"), json!("AccessDenied"));
    let objects = world.all_until(&manifests[1..], "is denied", denied).await;
    assert_all(&world, &objects, "InProgress", "not authorized").await;
}

#[tokio::test]
async fn a_suspended_object_is_in_progress_as_nobody_knows_whether_it_is_done() {
    let world = World::start("kstatus-suspended").await;
    let manifests = &world.each_kind();
    apply(&world, &manifests[..1]).await;
    let manifests = &manifests[1..];
    let suspended = with(manifests, "suspend", &json!(true));
    for _ in 0..2 {
        apply(&world, &suspended).await;
        let objects = world.all_until(&suspended, "is suspended", is_suspended).await;
        assert_all(&world, &objects, "InProgress", "latest observed generation").await;
        apply(&world, manifests).await;
        let objects = world.all_ready(manifests).await;
        assert_all(&world, &objects, "Current", "Resource is Ready").await;
    }
    apply(&world, &suspended).await;
    world.all_until(&suspended, "is suspended", is_suspended).await;
    delete(&world, &suspended).await;
    let objects = world.all_until(&suspended, "waits with its deletion", is_suspended).await;
    assert_all(&world, &objects, "Terminating", "scheduled for deletion").await;
    apply(&world, manifests).await;
    world.all_gone(manifests).await;
}
