//! Layer versions over HTTP: what is sent, and how what comes back reads.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod aws_support;

use std::collections::BTreeSet;

use aws_support::{USER, World, archive, world};
use lambda_operator::aws::Class;
use lambda_operator::layer::desired::Source;
use lambda_operator::layer::model::{Content, Look, Lost, Metadata, Observed, Permission, Policy, Target};
use lambda_operator::layer::plan::Publication;
use lambda_sim::{Fault, FaultEffect};
use serde_json::json;

const TOKEN: &str = "0123456789ab";

fn publication(content: Content) -> Publication {
    Publication {
        layer: "tools".into(),
        source: Source { content, fingerprint: "f".into(), code_sha256: None },
        metadata: Metadata::default(),
        token: TOKEN.into(),
        newest_known: 0,
        sids: Vec::new(),
        paths: vec!["content"],
    }
}

fn zip(text: &str) -> Content {
    Content::Zip(archive(text).into())
}

fn full() -> Publication {
    let set = |values: [&str; 2]| values.map(str::to_owned).into_iter().collect();
    let metadata = Metadata {
        description: "Adds amounts up".into(),
        architectures: set(["arm64", "x86_64"]),
        runtimes: set(["python3.14", "python3.13"]),
        license: "MIT".into(),
    };
    Publication { metadata, ..publication(zip("one")) }
}

fn target(look: Look) -> Target {
    Target { name: "tools".into(), lost: None, look, policy: false }
}

async fn look(world: &World, target: &Target) -> Option<Observed> {
    world.scope.get_layer(target, USER).await.unwrap()
}

#[tokio::test]
async fn what_was_published_reads_back_the_same() {
    let world = world().await;
    let published = world.scope.publish_layer_version(&full(), USER).await.unwrap();
    assert_eq!(published.arn, "arn:aws:lambda:eu-west-1:111122223333:layer:tools:1");
    assert_eq!(published.layer_arn(), "arn:aws:lambda:eu-west-1:111122223333:layer:tools");
    assert!(published.code_sha256.is_some());
    let read = look(&world, &target(Look::At(1))).await.unwrap();
    assert_eq!(read.version, Some(published));
    assert_eq!((read.found, read.policy), (false, None));
    assert_eq!(world.calls().await, ["PublishLayerVersion", "GetLayerVersion"]);
    let shown = &world.account.layer("tools").await[0];
    assert_eq!(shown["Description"], "Adds amounts up [lambda-operator 0123456789ab]");
}

#[tokio::test]
async fn what_says_nothing_is_left_out() {
    let world = world().await;
    let published = world.scope.publish_layer_version(&publication(zip("one")), USER).await.unwrap();
    let sent = world.account.ledger().await.remove(0).request;
    let members: BTreeSet<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["Content", "Description"]));
    let read = look(&world, &target(Look::At(1))).await.unwrap().version.unwrap();
    assert_eq!((read.metadata, read.token.as_deref()), (Metadata::default(), Some(TOKEN)));
    assert_eq!(read.code_sha256, published.code_sha256);
}

#[tokio::test]
async fn an_object_in_s3_is_named_whole() {
    let world = world().await;
    let s3 = |mode: &str| Content::S3 {
        bucket: "packages".into(),
        key: "tools.zip".into(),
        object_version: Some("7".into()),
        storage_mode: mode.into(),
    };
    // Whether the object is there is not what this is about.
    drop(world.scope.publish_layer_version(&publication(s3("COPY")), USER).await);
    drop(world.scope.publish_layer_version(&publication(s3("REFERENCE")), USER).await);
    let sent = world.account.ledger().await;
    let plain = json!({"S3Bucket": "packages", "S3Key": "tools.zip", "S3ObjectVersion": "7"});
    assert_eq!(sent[0].request["Content"], plain);
    assert_eq!(sent[1].request["Content"]["S3ObjectStorageMode"], "REFERENCE");
}

#[tokio::test]
async fn the_newest_is_found_and_read_whole_only_when_it_is_news() {
    let world = world().await;
    assert_eq!(look(&world, &target(Look::Newest(None))).await, None);
    assert_eq!(look(&world, &target(Look::At(1))).await, None);
    for text in ["one", "two"] {
        world.scope.publish_layer_version(&publication(zip(text)), USER).await.unwrap();
    }
    world.calls().await;
    let read = look(&world, &target(Look::Newest(Some(1)))).await.unwrap().version.unwrap();
    assert_eq!((read.number, read.code_sha256.is_some()), (2, true));
    assert_eq!(world.calls().await, ["ListLayerVersions", "GetLayerVersion"]);
    for look_at in [Look::Newest(Some(2)), Look::Taken] {
        let read = look(&world, &target(look_at)).await.unwrap().version.unwrap();
        assert_eq!((read.number, read.code_sha256), (2, None));
        assert_eq!(world.calls().await, ["ListLayerVersions"]);
    }
    let away = look(&world, &target(Look::Away)).await;
    assert_eq!((away, world.calls().await.len()), (Some(Observed::default()), 0));
}

#[tokio::test]
async fn a_lost_publication_is_found_among_many_newer_ones() {
    let world = world().await;
    world.scope.publish_layer_version(&publication(zip("one")), USER).await.unwrap();
    world.scope.publish_layer_version(&full(), USER).await.unwrap();
    for _ in 0..60 {
        let body = json!({"Content": {"S3Bucket": "packages", "S3Key": "theirs.zip"}});
        world.account.publish_layer("tools", body).await;
    }
    world.calls().await;
    let lost = |newest_known| Some(Lost { token: TOKEN.into(), newest_known });
    let found = look(&world, &Target { lost: lost(1), ..target(Look::At(1)) }).await.unwrap();
    assert!(found.found);
    assert_eq!(found.version.unwrap().number, 2);
    assert_eq!(world.calls().await, ["ListLayerVersions", "ListLayerVersions", "GetLayerVersion"]);
    let older = look(&world, &Target { lost: lost(50), ..target(Look::At(1)) }).await.unwrap();
    assert!(!older.found, "it was there before");
    assert_eq!(older.version.unwrap().number, 1);
    assert_eq!(world.calls().await, ["ListLayerVersions", "GetLayerVersion"], "older pages aren't read");
}

#[tokio::test]
async fn permissions_are_added_read_and_removed() {
    let world = world().await;
    world.scope.publish_layer_version(&publication(zip("one")), USER).await.unwrap();
    let wanted = [
        ("account", Permission::new("444455556666", None)),
        ("all", Permission::new("*", None)),
        ("organization", Permission::new("*", Some("o-a1b2c3d4e5"))),
    ];
    for (sid, permission) in &wanted {
        world.scope.add_layer_permission("tools", 1, sid, permission, USER).await.unwrap();
    }
    let target = Target { policy: true, ..target(Look::At(1)) };
    let policy = look(&world, &target).await.unwrap().policy.unwrap();
    let expected: Policy = wanted.iter().map(|(sid, one)| ((*sid).to_owned(), Some(one.clone()))).collect();
    assert_eq!(policy, expected);
    let again = world.scope.add_layer_permission("tools", 1, "all", &wanted[1].1, USER).await;
    assert_eq!(again.unwrap_err().class, Class::AlreadyExists);
    for (sid, _) in &wanted {
        world.scope.remove_layer_permission("tools", 1, sid, USER).await.unwrap();
    }
    world.scope.remove_layer_permission("tools", 1, "all", USER).await.unwrap();
    assert_eq!(look(&world, &target).await.unwrap().policy, Some(Policy::new()), "no policy is an empty one");
}

#[tokio::test]
async fn deleting_twice_is_no_error() {
    let world = world().await;
    world.scope.publish_layer_version(&publication(zip("one")), USER).await.unwrap();
    world
        .scope
        .delete_layer_version("arn:aws:lambda:eu-west-1:111122223333:layer:tools", 1, USER)
        .await
        .unwrap();
    world.scope.delete_layer_version("tools", 1, USER).await.unwrap();
    assert!(world.account.layer("tools").await.is_empty());
}

#[tokio::test]
async fn a_publication_whose_answer_was_cut_off_may_have_taken_place() {
    let world = world().await;
    world.account.inject(Fault::new("PublishLayerVersion", FaultEffect::CutAfter)).await;
    let error = world.scope.publish_layer_version(&full(), USER).await.unwrap_err();
    assert!(error.unknown_outcome, "{error:?}");
    assert_eq!(world.account.layer("tools").await.len(), 1);
}
