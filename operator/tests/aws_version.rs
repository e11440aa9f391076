//! Published versions, through the real SDK, against the simulator: publishing, states, what uses one, deletion.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator::aws::Class;
use lambda_operator::function::model::{Configuration, Field, Observed, Publication};
use lambda_sim::{Failure, SettleDelay};
use serde_json::json;

mod aws_support;
use aws_support::{ACCOUNT, REGION, USER, World, plain, world};

fn publication(of: &Observed) -> Publication {
    Publication {
        code_sha256: of.code_sha256.clone(),
        revision_id: of.revision_id.clone(),
        description: None,
        latest: false,
    }
}

async fn publish(world: &World) -> String {
    let function = world.get("f").await;
    world.scope.publish_version("f", &publication(&function), USER).await.unwrap().number
}

/// Gives the function another timeout, so that there is something to publish.
async fn change(world: &World, timeout: i32) {
    let configuration = Configuration { timeout, ..plain("f") };
    let fields = BTreeSet::from([Field::Timeout]);
    world.scope.update_configuration("f", &configuration, &fields, None, USER).await.unwrap();
    world.account.settle().await;
}

#[tokio::test]
async fn a_change_is_published_and_none_gives_the_same_version() {
    let world = world().await;
    let before = world.function(&plain("f")).await;
    let published = world.scope.publish_version("f", &publication(&before), USER).await.unwrap();
    assert_eq!((published.number.as_str(), published.state.as_str()), ("1", "Active"));
    let after = world.get("f").await;
    assert_ne!(after.revision_id, before.revision_id, "by which a publication is told from none");
    assert_eq!(publish(&world).await, "1");
    assert_eq!(world.get("f").await.revision_id, after.revision_id);
    change(&world, 9).await;
    assert_eq!(publish(&world).await, "2");
    let described = Publication { description: Some("mine".into()), ..publication(&world.get("f").await) };
    change(&world, 10).await;
    let described = Publication { revision_id: world.get("f").await.revision_id, ..described };
    world.scope.publish_version("f", &described, USER).await.unwrap();
    assert_eq!(world.account.version("f", "3").await.unwrap()["Configuration"]["Description"], "mine");
}

#[tokio::test]
async fn what_changed_in_between_is_not_published() {
    let world = world().await;
    let function = world.function(&plain("f")).await;
    let other_code = Publication { code_sha256: "other".into(), ..publication(&function) };
    let other_revision = Publication { revision_id: "other".into(), ..publication(&function) };
    for publication in [other_code, other_revision] {
        let error = world.scope.publish_version("f", &publication, USER).await.unwrap_err();
        assert_eq!(error.class, Class::Lock, "{error}");
    }
    assert_eq!(world.scope.versions_after("f", 0, USER).await.unwrap(), []);
}

#[tokio::test]
async fn a_version_says_how_it_stands() {
    let world = world().await;
    let failure = Failure::new("FunctionError", "it took too long");
    let runtime = Some("java25".to_owned());
    world.function(&Configuration { runtime, snap_start: "PublishedVersions".into(), ..plain("f") }).await;
    world
        .account
        .configure(|aws| {
            aws.version_settle = Some(SettleDelay::Reads(1));
            aws.fail_version = Some(failure);
        })
        .await;
    let number = publish(&world).await;
    let state = async || world.scope.get_version("f", &number, USER).await.unwrap().unwrap();
    assert_eq!(state().await.state, "Pending");
    let failed = state().await;
    assert_eq!((failed.state.as_str(), failed.state_reason.as_deref()), ("Failed", Some("it took too long")));
    assert_eq!(failed.state_reason_code.as_deref(), Some("FunctionError"));
    for gone in [("f", "7"), ("none", "1")] {
        assert_eq!(world.scope.get_version(gone.0, gone.1, USER).await.unwrap(), None);
    }
}

#[tokio::test]
async fn newer_versions_are_found_beyond_the_first_page() {
    let world = world().await;
    let function = world.function(&plain("f")).await;
    for timeout in 10..62 {
        world.account.edit_function("f", json!({"Timeout": timeout})).await;
        world.account.publish_version("f", None).await;
    }
    let newer = world.scope.versions_after("f", 2, USER).await.unwrap();
    assert_eq!(newer.len(), 50);
    assert_eq!((newer[0].0, newer[49].0), (3, 52));
    assert!(newer.iter().all(|(_, sha)| *sha == function.code_sha256));
    assert_eq!(world.scope.versions_after("none", 0, USER).await.unwrap(), []);
}

#[tokio::test]
async fn what_uses_a_version_is_found_and_what_nothing_uses_can_go() {
    let world = world().await;
    world.function(&plain("f")).await;
    for timeout in 11..16 {
        change(&world, timeout).await;
        publish(&world).await;
    }
    let routing = json!({"AdditionalVersionWeights": {"2": 0.1}});
    world
        .account
        .put_alias("f", json!({"Name": "live", "FunctionVersion": "1", "RoutingConfig": routing}))
        .await;
    world.account.put_alias("f", json!({"Name": "next", "FunctionVersion": "$LATEST"})).await;
    assert_eq!(world.scope.aliased_versions("f", USER).await.unwrap(), BTreeSet::from([1, 2]));
    assert_eq!(world.scope.provisioned_versions("f", USER).await.unwrap(), BTreeSet::new());
    assert_eq!(world.scope.event_invoke_versions("f", USER).await.unwrap(), BTreeSet::new());
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:orders");
    world.account.put_mapping(json!({"FunctionName": "f:3", "EventSourceArn": queue})).await;
    let mut mapped = BTreeMap::new();
    for version in [3, 4] {
        mapped.insert(version, world.scope.is_mapped("f", version, USER).await.unwrap());
    }
    assert_eq!(mapped, BTreeMap::from([(3, true), (4, false)]));
    assert!(!world.scope.has_permissions("f", 4, USER).await.unwrap());
    let refused = world.scope.delete_version("f", 1, USER).await.unwrap_err();
    assert_eq!(refused.class, Class::InProgress, "{refused}");
    for _ in 0..2 {
        world.scope.delete_version("f", 4, USER).await.unwrap();
    }
    let left: Vec<i64> = world
        .scope
        .versions_after("f", 0, USER)
        .await
        .unwrap()
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(left, [1, 2, 3, 5]);
}
