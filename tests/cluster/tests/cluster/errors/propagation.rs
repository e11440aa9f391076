//! A role, a permission or a key that AWS doesn't see yet: said at once, retried in seconds for some minutes,
//! then slowly. The texts are those of <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html>
//! and of the issues of hashicorp/terraform-provider-aws named beside them.

use std::time::Duration;

use cluster_tests::{ROLE, World, condition, function};
use lambda_sim::Fault;
use serde_json::json;
use test_support::eventually;

const NOT_ASSUMABLE: &str = "The role defined for the function cannot be assumed by Lambda.";

/// What passes by itself.
const PASSING: [(&str, &str); 4] = [
    ("role", NOT_ASSUMABLE),
    (
        "permission",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
    ),
    // #3062
    ("ec2", "Your request has been throttled by EC2, please make sure you have enough API rate limit."),
    // #4633
    (
        "key",
        "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant.",
    ),
];

#[tokio::test]
async fn a_role_that_appears_late_costs_retries_and_nobodys_attention() {
    let world = World::start("late-role").await;
    world
        .aws()
        .configure(|aws| {
            aws.missing_roles.insert(ROLE.into());
        })
        .await;
    world.apply("hello", function(json!({}))).await;
    let texts = [NOT_ASSUMABLE, "Retried for a few minutes", "mend it"];
    world.problem("hello", "Propagating", &texts).await;
    world.aws().configure(|aws| aws.missing_roles.clear()).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn what_propagates_is_said_once_and_not_taken_back_at_each_retry() {
    let world = World::start("no-flapping").await;
    let history = world.history("hello").await;
    world
        .aws()
        .configure(|aws| {
            aws.missing_roles.insert(ROLE.into());
        })
        .await;
    world.apply("hello", function(json!({}))).await;
    world.until_called("hello", "CreateFunction", 4).await;
    let object = world.reason("hello", "Propagating").await;
    let states: Vec<_> = history
        .until(&object)
        .await
        .iter()
        .filter_map(|o| Some(condition(o, "Ready")?.status.clone()))
        .collect();
    let first = states.iter().position(|status| status == "False").unwrap();
    assert!(states[first..].iter().all(|status| status == "False"), "Ready went {states:?}");
}

#[tokio::test]
async fn after_the_window_a_missing_role_is_looked_at_slowly() {
    let world = World::builder("window")
        .settings(|settings| {
            settings.rechecks.propagation_min = Duration::from_millis(100);
            settings.rechecks.propagation_max = Duration::from_millis(200);
            settings.rechecks.propagation_window = Duration::from_millis(1200);
            settings.rechecks.min = Duration::from_mins(1);
            settings.rechecks.max = Duration::from_mins(1);
        })
        .start()
        .await;
    world
        .aws()
        .configure(|aws| {
            aws.missing_roles.insert(ROLE.into());
        })
        .await;
    world.apply("hello", function(json!({}))).await;
    // A minute would be too long for this: these are the quick ones.
    world.until_called("hello", "CreateFunction", 3).await;
    eventually(Duration::from_secs(20), "two seconds without a call", || async {
        let before = world.calls_of("hello").await.len();
        tokio::time::sleep(Duration::from_secs(2)).await;
        (world.calls_of("hello").await.len() == before).then_some(())
    })
    .await;
    world.aws().configure(|aws| aws.missing_roles.clear()).await;
    world.reconcile_now("hello", "mended").await;
    world.ready("hello").await;
}

#[tokio::test]
async fn every_text_that_passes_by_itself_is_retried_for_creates_and_updates() {
    let world = World::start("passing").await;
    for (name, text) in PASSING {
        let refusal = Fault::error("CreateFunction", 400, "InvalidParameterValueException", text);
        world.aws().inject(refusal.resource(name)).await;
        world.apply(name, function(json!({}))).await;
    }
    for (name, text) in PASSING {
        world.problem(name, "Propagating", &["CreateFunction", text]).await;
    }
    world.aws().clear_faults().await;
    for (name, text) in PASSING {
        world.ready(name).await;
        let refusal =
            Fault::error("UpdateFunctionConfiguration", 400, "InvalidParameterValueException", text);
        world.aws().inject(refusal.resource(name)).await;
        world.apply(name, function(json!({"memorySize": 256}))).await;
    }
    for (name, text) in PASSING {
        world.problem(name, "Propagating", &["UpdateFunctionConfiguration", text]).await;
    }
    world.aws().clear_faults().await;
    for (name, _) in PASSING {
        world.ready(name).await;
        assert_eq!(world.aws().function(name).await.unwrap()["Configuration"]["MemorySize"], 256);
    }
}
