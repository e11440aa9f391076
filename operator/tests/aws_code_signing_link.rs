//! The link to a code-signing configuration, through the real SDK, against the simulator.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::BTreeMap;

use lambda_operator::aws::Class;
use serde_json::json;

mod aws_support;
use aws_support::{USER, World, plain, world, zip};

async fn config(world: &World, policy: &str) -> String {
    let profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/a1b2c3d4e5";
    let body = json!({
        "AllowedPublishers": {"SigningProfileVersionArns": [profile]},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
    });
    world.account.put_code_signing_config(body).await
}

#[tokio::test]
async fn a_link_is_made_read_and_ended() {
    let world = world().await;
    world.function(&plain("f")).await;
    let arn = config(&world, "Warn").await;
    world.calls().await;
    assert_eq!(world.scope.code_signing_link("f", USER).await.unwrap(), "");
    world.scope.link_code_signing("f", &arn, USER).await.unwrap();
    assert_eq!(world.scope.code_signing_link("f", USER).await.unwrap(), arn);
    for _ in 0..2 {
        world.scope.unlink_code_signing("f", USER).await.unwrap();
    }
    assert_eq!(world.scope.code_signing_link("f", USER).await.unwrap(), "");
    let expected = [
        "GetFunctionCodeSigningConfig",
        "PutFunctionCodeSigningConfig",
        "GetFunctionCodeSigningConfig",
        "DeleteFunctionCodeSigningConfig",
        "DeleteFunctionCodeSigningConfig",
        "GetFunctionCodeSigningConfig",
    ];
    assert_eq!(world.calls().await, expected);
    assert_eq!(world.scope.code_signing_link("gone", USER).await.unwrap(), "", "no function, no link");
}

#[tokio::test]
async fn a_configuration_that_is_not_there_is_a_dependency() {
    let world = world().await;
    world.function(&plain("f")).await;
    let arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdefg";
    let error = world.scope.link_code_signing("f", arn, USER).await.unwrap_err();
    assert_eq!(error.class, Class::DependencyMissing);
}

#[tokio::test]
async fn a_function_can_be_created_with_its_link_and_refused_for_it() {
    let world = world().await;
    let (arn, code, tags) = (config(&world, "Enforce").await, zip("one"), BTreeMap::new());
    world.calls().await;
    let parts = (&code, &tags);
    let created = world.scope.create_signed_function("f", &plain("f"), parts, &arn, USER).await.unwrap();
    assert_eq!(created.code_signing.as_ref(), Some(&arn));
    assert_eq!(world.calls().await, ["CreateFunction"]);
    assert_eq!(world.scope.code_signing_link("f", USER).await.unwrap(), arn);
    world.account.settle().await;
    world.account.configure(|aws| aws.unsigned_packages = true).await;
    let refused = world.scope.update_code("f", &zip("two"), None, USER).await.unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (Class::Terminal, "CodeVerificationFailedException"));
    assert!(refused.message.starts_with("Lambda cannot deploy the function"));
}
