//! What doesn't go well: creations that fail or are cut off, roles that aren't known yet, providers that are in use.

use cluster_tests::{World, object_condition};
use lambda_sim::{Failure, Fault, FaultEffect};
use serde_json::json;

use super::{KIND, ROLE, attach, in_aws, provider};
use crate::crash::{Victim, expected};

async fn failed_world(name: &str) -> World {
    let world = World::start(name).await;
    world.aws().configure(|aws| aws.fail_create = Some(Failure::new("Any", "AWS gives none"))).await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    let object = providers.reason("compute", "CreateFailed").await;
    assert_eq!(object_condition(&object, "Stalled")["status"], "True");
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("State Failed") && text.contains("created anew"), "{text}");
    assert_eq!(world.written().await, ["CreateCapacityProvider"]);
    world.aws().configure(|aws| aws.fail_create = None).await;
    world.aws().clear_ledger().await;
    world
}

#[tokio::test]
async fn a_failed_creation_is_replaced_once_the_spec_changes_also_what_is_fixed() {
    let world = failed_world("lcp-failed").await;
    let providers = world.objects(KIND);
    let subnets = json!({"vpcConfig": {"subnetIds": ["subnet-c"], "securityGroupIds": ["sg-a"]}});
    providers.apply("compute", provider(subnets)).await;
    let object = providers.ready("compute").await;
    assert_eq!(world.written().await, ["DeleteCapacityProvider", "CreateCapacityProvider"]);
    assert_eq!(in_aws(&world).await["VpcConfig"]["SubnetIds"], json!(["subnet-c"]));
    assert_eq!(
        (&object["status"]["origin"], &object["status"]["everActive"]),
        (&json!("Created"), &json!(true))
    );
}

#[tokio::test]
async fn a_failed_creation_that_a_version_uses_is_left_to_people() {
    let world = failed_world("lcp-failed-used").await;
    attach(&world).await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"tags": {"a": "b"}}))).await;
    let object = providers
        .until("compute", "says why it stays", |object| {
            object["status"]["observedGeneration"] == 2
                && object_condition(object, "Ready")["reason"] == "CreateFailed"
        })
        .await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("not replaced") && text.contains("Delete it in AWS"), "{text}");
    assert_eq!(object["status"]["functionVersions"], json!(["somebody:1"]));
    assert_eq!(world.written().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_role_that_is_not_known_yet_is_tried_again() {
    let world = World::start("lcp-role").await;
    world.aws().configure(|aws| aws.missing_roles = [ROLE.to_owned()].into()).await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    let object = providers.reason("compute", "Propagating").await;
    assert!(object_condition(&object, "Ready")["message"].to_string().contains("operator role"));
    world.aws().configure(|aws| aws.missing_roles.clear()).await;
    providers.ready("compute").await;
}

#[tokio::test]
async fn one_in_use_says_by_which_versions_and_goes_when_it_is_free() {
    let world = World::start("lcp-use").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    providers.ready("compute").await;
    attach(&world).await;
    world.aws().clear_ledger().await;
    providers.delete("compute").await;
    let object = providers.reason("compute", "DeletionBlocked").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("somebody:1") && text.contains("Delete these versions"), "{text}");
    assert_eq!(world.written().await, Vec::<String>::new(), "AWS isn't asked for what it would refuse");
    world.aws().remove_version("somebody", "1").await;
    providers.gone("compute").await;
    assert_eq!(world.written().await, ["DeleteCapacityProvider"]);
}

#[tokio::test]
async fn a_version_that_comes_between_is_named_by_the_next_look() {
    let world = World::start("lcp-race").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    providers.ready("compute").await;
    let delete = Fault::new("DeleteCapacityProvider", FaultEffect::PauseBefore);
    world.aws().inject(delete).await;
    providers.delete("compute").await;
    let control = world.aws().control().clone();
    control.wait_for_held().await;
    attach(&world).await;
    control.release().await;
    world.aws().clear_faults().await;
    let object = providers.reason("compute", "DeletionBlocked").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("first remove its association") || text.contains("somebody:1"), "{text}");
    world.aws().remove_version("somebody", "1").await;
    providers.gone("compute").await;
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
    let mut victim = Victim::start("lcp-die").await;
    let create = async |world: &World| {
        world.objects(KIND).apply("compute", provider(json!({"tags": {"team": "a"}}))).await;
    };
    victim.killed_at("CreateCapacityProvider", effect.clone(), create).await;
    let object = victim.world.objects(KIND).ready("compute").await;
    assert_eq!(victim.writes().await, expected("CreateCapacityProvider", &effect));
    assert!(object["status"]["pending"].is_null(), "nothing is left to recover");
    assert_eq!(object["status"]["origin"], "Created");
    assert_eq!(victim.world.aws().capacity_providers().await, ["compute"]);
}
