//! Managed instances, durable executions and tenants through the real SDK, against the simulator: what is sent reads back,
//! `$LATEST.PUBLISHED` and its limits, and the end of what runs.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator::aws::Class;
use lambda_operator::function::model::{
    Configuration, Durable, Field, Instances, LATEST_PUBLISHED, Publication,
};
use lambda_operator::section::{Limits, Scaling};
use lambda_sim::SettleDelay;
use serde_json::json;

mod aws_support;
use aws_support::{USER, World, plain, world, zip};

const PROVIDER: &str = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:mine";

fn managed() -> Configuration {
    let instances =
        Instances { provider: PROVIDER.into(), concurrency: Some(8), memory_per_vcpu: Some(4096) };
    Configuration { instances: Some(instances), ..plain("f") }
}

/// A function of this configuration that has settled.
async fn created(configuration: &Configuration) -> World {
    let world = world().await;
    world.scope.create_function("f", configuration, &zip("one"), &BTreeMap::new(), USER).await.unwrap();
    world.account.settle().await;
    world
}

#[tokio::test]
async fn what_is_created_reads_back_equal_and_can_be_changed() {
    let durable = Durable { timeout: 60, retention: 14, kms_key_arn: String::new() };
    let wanted = Configuration { durable: Some(durable), tenant_isolation: "PER_TENANT".into(), ..managed() };
    let world = created(&wanted).await;
    let read = world.get("f").await;
    assert_eq!(read.configuration, wanted);
    assert_eq!(read.live.unwrap().state, "ActiveNonInvocable");
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned();
    let changed = Configuration {
        instances: Some(Instances { concurrency: Some(4), ..wanted.instances.clone().unwrap() }),
        durable: Some(Durable { timeout: 90, retention: 3, kms_key_arn: key }),
        ..wanted.clone()
    };
    let fields = BTreeSet::from([Field::Instances, Field::Durable]);
    for configuration in [changed, wanted] {
        world.scope.update_configuration("f", &configuration, &fields, None, USER).await.unwrap();
        world.account.settle().await;
        assert_eq!(world.get("f").await.configuration, configuration);
    }
}

#[tokio::test]
async fn what_aws_chooses_is_known_once_it_is_there() {
    let instances = Instances { provider: PROVIDER.into(), ..Instances::default() };
    let world = created(&Configuration { instances: Some(instances.clone()), ..plain("f") }).await;
    let has = world.get("f").await.configuration.instances.unwrap();
    assert_eq!((has.concurrency, has.memory_per_vcpu), (Some(64), Some(2048)));
    assert_eq!(instances.completed(Some(&has)), has);
}

#[tokio::test]
async fn the_latest_is_published_in_its_place_and_scaled() {
    let world = created(&managed()).await;
    world.account.configure(|aws| aws.section_settle = Some(SettleDelay::Hold)).await;
    assert_eq!(world.scope.get_scaling("f", USER).await.unwrap(), None, "nothing is published");
    let function = world.get("f").await;
    let publication = Publication {
        code_sha256: function.code_sha256,
        revision_id: function.revision_id,
        description: None,
        latest: true,
    };
    let published = world.scope.publish_version("f", &publication, USER).await.unwrap();
    assert_eq!((published.number.as_str(), published.state.as_str()), (LATEST_PUBLISHED, "Pending"));
    let limits = Limits { min: Some(1), max: Some(9) };
    let error = world.scope.put_scaling("f", Some(limits), USER).await.unwrap_err();
    assert_eq!(error.class, Class::InProgress, "{error}");
    world.account.settle().await;
    let read = world.scope.get_version("f", LATEST_PUBLISHED, USER).await.unwrap().unwrap();
    assert_eq!(read.state, "Active");
    let default = Limits { min: Some(3), max: None };
    let has = |requested, applied| Some(Scaling { requested, applied });
    assert_eq!(world.scope.get_scaling("f", USER).await.unwrap(), has(None, default));
    world.scope.put_scaling("f", Some(limits), USER).await.unwrap();
    assert_eq!(world.scope.get_scaling("f", USER).await.unwrap(), has(Some(limits), default));
    world.account.settle().await;
    assert_eq!(world.scope.get_scaling("f", USER).await.unwrap(), has(Some(limits), limits));
    world.scope.put_scaling("f", None, USER).await.unwrap();
    world.account.settle().await;
    assert_eq!(world.scope.get_scaling("f", USER).await.unwrap(), has(None, default));
}

#[tokio::test]
async fn what_runs_is_found_and_ended() {
    let world = created(&plain("f")).await;
    world.account.publish_version("f", None).await;
    for name in ["one", "two", "three"] {
        world.account.begin_execution("f", "1", name, Some(&json!({}))).await;
    }
    world.account.end_execution("f", "two", "SUCCEEDED", None, None).await;
    let running = world.scope.running_executions("f", USER).await.unwrap();
    assert_eq!(running.len(), 2);
    for execution in &running {
        world.scope.end_execution(execution, USER).await.unwrap();
        world.scope.end_execution(execution, USER).await.expect("it has ended");
    }
    assert_eq!(world.scope.running_executions("f", USER).await.unwrap(), [""; 0]);
    assert_eq!(world.scope.running_executions("gone", USER).await.unwrap(), [""; 0]);
}
