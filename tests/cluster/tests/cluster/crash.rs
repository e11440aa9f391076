//! kill -9 at the boundaries of every AWS call: a new process finishes the work, nothing is lost and nothing done twice.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::{Call, Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::{Process, eventually};

const PATIENCE: Duration = Duration::from_secs(30);

/// An operator that can be killed, and its world.
pub(crate) struct Victim {
    pub(crate) world: World,
    process: Process,
}

impl Victim {
    pub(crate) async fn start(name: &str) -> Self {
        let world = World::builder(name).without_operator().start().await;
        let process = world.operator_process("operator", &[]).await;
        Self { world, process }
    }

    /// Makes a change, kills the operator when its call is held, and starts another one.
    pub(crate) async fn killed_at(
        &mut self,
        operation: &str,
        effect: FaultEffect,
        change: impl AsyncFnOnce(&World),
    ) {
        self.world.aws().clear_ledger().await;
        self.hold([Fault::new(operation, effect).times(1)]).await;
        change(&self.world).await;
        let held = self.die().await;
        assert_eq!(held[0].operation, operation);
        self.revive().await;
    }

    /// Holds a call that one of these faults says; [`Victim::die`] waits for it.
    pub(crate) async fn hold(&self, faults: impl IntoIterator<Item = Fault>) {
        for fault in faults {
            self.world.aws().inject(fault).await;
        }
    }

    /// Kills the operator once a call is held, and returns all that are. It is stopped first: what else was under way is
    /// answered, and nothing more begins.
    pub(crate) async fn die(&mut self) -> Vec<Call> {
        let (control, aws) = (self.world.sim.control(), self.world.aws());
        control.wait_for_held().await;
        self.process.pause();
        let held = eventually(PATIENCE, "nothing but what is held is under way", || async {
            let ledger = aws.ledger().await;
            let open = ledger.iter().filter(|call| call.status == 0 && call.error.is_none()).count();
            let held = control.held().await;
            if open == held.len() { Ok(held) } else { Err(held) }
        })
        .await;
        self.process.kill9();
        eventually(PATIENCE, "the simulator notices the end of the caller", || async {
            let ledger = aws.ledger().await;
            let noticed = |held: &Call| {
                ledger.iter().any(|call| call.seq == held.seq && call.error.as_deref() == Some("CallerGone"))
            };
            held.iter().all(noticed).then_some(())
        })
        .await;
        control.release().await;
        aws.clear_faults().await;
        held
    }

    /// Starts another operator.
    pub(crate) async fn revive(&mut self) {
        self.process = self.world.operator_process("operator", &[]).await;
    }

    /// The writes since the last change; the one during which the operator was killed is marked.
    pub(crate) async fn writes(&self) -> Vec<String> {
        let ledger = self.world.ledger().await;
        ledger.iter().filter(|call| call.is_write()).map(named).collect()
    }
}

fn named(call: &Call) -> String {
    let killed = if call.error.as_deref() == Some("CallerGone") { " †" } else { "" };
    format!("{}{killed}", call.operation)
}

/// What the writes are if the operator is killed before or after AWS acted on the call.
pub(crate) fn expected(operation: &str, effect: &FaultEffect) -> Vec<String> {
    match effect {
        FaultEffect::PauseBefore => vec![format!("{operation} †"), operation.to_owned()],
        _ => vec![format!("{operation} †")],
    }
}

#[tokio::test]
async fn a_create_is_not_lost_when_the_operator_dies_before_it() {
    dies_at_the_create(FaultEffect::PauseBefore).await;
}

#[tokio::test]
async fn a_create_is_not_repeated_when_the_operator_dies_before_its_answer() {
    dies_at_the_create(FaultEffect::PauseAfter).await;
}

async fn dies_at_the_create(effect: FaultEffect) {
    let mut victim = Victim::start("die-create").await;
    let create = async |world: &World| {
        let code = json!({"s3": {"bucket": "packages", "key": "hello.zip"}});
        world.apply("hello", function(json!({"tags": {"team": "a"}, "code": code}))).await;
    };
    victim.killed_at("CreateFunction", effect.clone(), create).await;
    let status = victim.world.ready("hello").await.status.unwrap();
    assert_eq!(victim.writes().await, expected("CreateFunction", &effect));
    assert!(status.common.pending.is_none(), "nothing is left to recover");
    assert!(status.code_source.is_some() && status.code_sha256.is_some(), "it is known what runs");
    assert_eq!(victim.world.aws().functions().await, ["hello"]);
}

#[tokio::test]
async fn updates_are_not_lost_when_the_operator_dies_before_them() {
    dies_at_each_update(FaultEffect::PauseBefore).await;
}

#[tokio::test]
async fn updates_are_not_repeated_when_the_operator_dies_before_their_answers() {
    dies_at_each_update(FaultEffect::PauseAfter).await;
}

async fn dies_at_each_update(effect: FaultEffect) {
    let mut victim = Victim::start("die-update").await;
    victim.world.apply("hello", function(json!({}))).await;
    victim.world.ready("hello").await;
    let profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/a1b2c3d4e5";
    let publishers = json!({"AllowedPublishers": {"SigningProfileVersionArns": [profile]}});
    let signing = victim.world.aws().put_code_signing_config(publishers).await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    let changes = [
        ("UpdateFunctionConfiguration", json!({"memorySize": 256})),
        ("UpdateFunctionCode", json!({"code": {"inline": {"files": files}}})),
        ("PutFunctionConcurrency", json!({"reservedConcurrentExecutions": 5})),
        ("DeleteFunctionConcurrency", json!({"reservedConcurrentExecutions": null})),
        ("TagResource", json!({"tags": {"team": "a"}})),
        ("UntagResource", json!({"tags": null})),
        ("PutFunctionCodeSigningConfig", json!({"codeSigningConfigArn": signing})),
        ("DeleteFunctionCodeSigningConfig", json!({"codeSigningConfigArn": null})),
        ("PublishVersion", json!({"publish": "OnChange"})),
    ];
    for (operation, spec) in changes {
        let change = async |world: &World| {
            world.patch("hello", json!({"spec": spec})).await;
        };
        victim.killed_at(operation, effect.clone(), change).await;
        victim.world.ready("hello").await;
        assert_eq!(victim.writes().await, expected(operation, &effect), "killed at {operation}");
        assert_has(&victim.world, operation).await;
    }
}

/// AWS has what the change was to bring about.
async fn assert_has(world: &World, operation: &str) {
    let function = world.aws().function("hello").await.unwrap();
    let (at, wanted) = match operation {
        "UpdateFunctionConfiguration" => ("/Configuration/MemorySize", json!(256)),
        "PutFunctionConcurrency" => ("/Concurrency/ReservedConcurrentExecutions", json!(5)),
        "DeleteFunctionConcurrency" => ("/Concurrency", Value::Null),
        "TagResource" => ("/Tags/team", json!("a")),
        "UntagResource" => ("/Tags/team", Value::Null),
        _ => return,
    };
    assert_eq!(function.pointer(at).unwrap_or(&Value::Null), &wanted, "{operation}: {function}");
}

#[tokio::test]
async fn an_update_goes_on_when_the_operator_dies_while_it_reads() {
    let mut victim = Victim::start("die-read").await;
    victim.world.apply("hello", function(json!({}))).await;
    victim.world.ready("hello").await;
    let change = async |world: &World| {
        world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    };
    victim.killed_at("GetFunction", FaultEffect::PauseAfter, change).await;
    victim.world.ready("hello").await;
    assert_eq!(victim.writes().await, ["UpdateFunctionConfiguration"]);
}

#[tokio::test]
async fn an_adoption_goes_on_when_the_operator_dies_at_its_only_write() {
    for effect in [FaultEffect::PauseBefore, FaultEffect::PauseAfter] {
        let mut victim = Victim::start("die-adopt").await;
        let spec = function(json!({"adopt": "Unowned"}));
        put_like(&victim.world, "hello").await;
        let adopt = async |world: &World| {
            world.apply("hello", spec).await;
        };
        victim.killed_at("TagResource", effect.clone(), adopt).await;
        let object = victim.world.ready("hello").await;
        let origin = object.status.unwrap().common.origin;
        assert_eq!(origin, Some(lambda_operator_crds::Origin::Adopted), "it was there before");
        let writes = victim.writes().await;
        let tags = writes.iter().filter(|write| write.starts_with("TagResource")).cloned();
        assert_eq!(tags.collect::<Vec<_>>(), expected("TagResource", &effect), "{writes:?}");
        assert!(!writes.iter().any(|write| write.starts_with("CreateFunction")), "{writes:?}");
    }
}

#[tokio::test]
async fn an_adoption_that_was_refused_is_tried_again() {
    let world = World::start("adopt-denied").await;
    put_like(&world, "hello").await;
    world.aws().patch(json!({"deny": ["TagResource"]})).await;
    world.apply("hello", function(json!({"adopt": "Unowned"}))).await;
    let object = world.reason("hello", "AccessDenied").await;
    assert!(object.status.unwrap().common.origin.is_none(), "it isn't this object's yet");
    world.aws().patch(json!({"deny": []})).await;
    world.ready("hello").await;
}

/// Somebody else's function that differs from [`function`] in its code only.
async fn put_like(world: &World, name: &str) {
    let body = json!({
        "FunctionName": name, "Role": cluster_tests::ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"},
    });
    world.aws().put_function(body).await;
}

#[tokio::test]
async fn a_deletion_is_finished_when_the_operator_dies_before_it() {
    dies_at_the_delete(FaultEffect::PauseBefore).await;
}

#[tokio::test]
async fn a_deletion_is_not_repeated_when_the_operator_dies_before_its_answer() {
    dies_at_the_delete(FaultEffect::PauseAfter).await;
}

async fn dies_at_the_delete(effect: FaultEffect) {
    let mut victim = Victim::start("die-delete").await;
    victim.world.apply("hello", function(json!({}))).await;
    victim.world.ready("hello").await;
    victim
        .killed_at("DeleteFunction", effect.clone(), async |world: &World| world.delete("hello").await)
        .await;
    victim.world.gone("hello").await;
    assert_eq!(victim.writes().await, expected("DeleteFunction", &effect));
    assert!(victim.world.aws().functions().await.is_empty());
}
