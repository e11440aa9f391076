//! Each operation on aliases, through the real SDK, against the simulator: what is sent, and what is understood.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use lambda_operator::alias::model::{Alias, Newest, Setting, Standing, Weights};
use lambda_operator::alias::versions;
use lambda_operator::aws::Class;
use lambda_operator::section::execute::Target;
use serde_json::{Value, json};

mod aws_support;
use aws_support::{USER, World, plain, world};

/// A world with a function `f` that has this many versions.
async fn published(versions: u64) -> World {
    let world = world().await;
    world.function(&plain("f")).await;
    for number in 1..=versions {
        world.account.edit_function("f", json!({"Timeout": number})).await;
        assert_eq!(world.account.publish_version("f", None).await, number.to_string());
    }
    world.account.clear_ledger().await;
    world
}

fn to(version: &str, description: &str, weights: Option<&[(&str, f64)]>) -> Setting {
    let weights = weights.map(|all| all.iter().map(|(of, weight)| ((*of).to_owned(), *weight)).collect());
    Setting { version: version.to_owned(), description: description.to_owned(), weights }
}

/// The members of the last request.
async fn sent(world: &World) -> Value {
    world.account.ledger().await.last().unwrap().request.clone()
}

impl World {
    async fn alias(&self) -> Option<Alias> {
        self.scope.get_alias("f", "live", USER).await.unwrap()
    }

    async fn update(&self, setting: &Setting) -> Alias {
        let revision = self.alias().await.unwrap().revision_id;
        self.scope.update_alias("f", "live", setting, &revision, USER).await.unwrap()
    }
}

#[tokio::test]
async fn an_alias_reads_back_as_it_was_created() {
    let world = published(2).await;
    assert_eq!(world.alias().await, None);
    let setting = to("2", "what it is for", Some(&[("1", 0.25)]));
    let created = world.scope.create_alias("f", "live", &setting, USER).await.unwrap();
    assert_eq!(world.alias().await, Some(created.clone()));
    let Alias { arn, version, description, weights, revision_id } = created;
    assert!(arn.ends_with(":function:f:live") && !revision_id.is_empty());
    assert_eq!((version.as_str(), description.as_str()), ("2", "what it is for"));
    assert_eq!(weights, Weights::from([("1".to_owned(), 0.25)]));
    assert_eq!(world.calls().await, ["GetAlias", "CreateAlias", "GetAlias"]);
}

#[tokio::test]
async fn without_weights_none_are_sent_to_a_create_and_empty_ones_clear_in_an_update() {
    let world = published(2).await;
    world.scope.create_alias("f", "live", &to("2", "", Some(&[])), USER).await.unwrap();
    assert!(sent(&world).await.get("RoutingConfig").is_none());
    world.update(&to("2", "", Some(&[("1", 0.1)]))).await;
    let kept = world.update(&to("2", "other", None)).await;
    assert!(sent(&world).await.get("RoutingConfig").is_none());
    assert_eq!(kept.weights.len(), 1, "what isn't sent stays");
    let cleared = world.update(&to("2", "", Some(&[]))).await;
    assert_eq!(sent(&world).await["RoutingConfig"], json!({"AdditionalVersionWeights": {}}));
    assert_eq!((cleared.weights, cleared.description.as_str()), (Weights::new(), ""));
}

#[tokio::test]
async fn what_is_refused_has_its_class() {
    let world = published(1).await;
    let scope = &world.scope;
    let one = to("1", "", None);
    let create = async |function: &str, setting: &Setting| {
        scope.create_alias(function, "live", setting, USER).await.map_err(|error| error.class)
    };
    assert_eq!(create("f", &to("9", "", None)).await, Err(Class::Gone), "no such version");
    assert_eq!(create("g", &one).await, Err(Class::Gone), "no such function");
    create("f", &one).await.unwrap();
    assert_eq!(create("f", &one).await, Err(Class::AlreadyExists));
    let stale = scope.update_alias("f", "live", &one, "another", USER).await.unwrap_err();
    assert_eq!(stale.class, Class::Lock);
    world
        .account
        .edit_version("f", "1", json!({"State": "Failed", "StateReasonCode": "FunctionError"}))
        .await;
    let revision = world.alias().await.unwrap().revision_id;
    let failed = scope.update_alias("f", "live", &one, &revision, USER).await.unwrap_err();
    assert_eq!(failed.class, Class::InProgress);
    let qualified = scope.get_alias("f:1", "live", USER).await.unwrap_err();
    assert_eq!(qualified.code, "InvalidFunctionName");
}

#[tokio::test]
async fn what_is_not_there_is_deleted_already() {
    let world = published(1).await;
    world.scope.create_alias("f", "live", &to("1", "", None), USER).await.unwrap();
    for function in ["f", "f", "g"] {
        world.scope.delete_alias(function, "live", USER).await.unwrap();
    }
    assert_eq!(world.alias().await, None);
}

#[tokio::test]
async fn versions_are_listed_by_number_over_all_pages() {
    let world = published(60).await;
    let versions = world.scope.list_versions("f", USER).await.unwrap();
    assert_eq!(versions, Some((1..=60).collect()));
    assert_eq!(world.calls().await, ["ListVersionsByFunction", "ListVersionsByFunction"]);
    assert_eq!(world.scope.list_versions("g", USER).await.unwrap(), None);
}

#[tokio::test]
async fn the_state_of_a_version_says_whether_an_alias_can_point_to_it() {
    let world = published(1).await;
    let standing = async || world.scope.version_standing("f", "1", USER).await.unwrap();
    assert_eq!(standing().await, Some(Standing::Usable));
    for (state, expected) in [
        ("Inactive", Standing::Usable),
        ("Pending", Standing::Busy("Creating: soon".into())),
        ("Failed", Standing::Failed("Creating: soon".into())),
    ] {
        let changes = json!({"State": state, "StateReasonCode": "Creating", "StateReason": "soon"});
        world.account.edit_version("f", "1", changes).await;
        assert_eq!(standing().await, Some(expected));
    }
    assert_eq!(world.scope.version_standing("f", "9", USER).await.unwrap(), None);
}

#[tokio::test]
async fn the_newest_version_is_the_first_active_one_from_the_top() {
    let world = published(4).await;
    let newest = async |current| versions::newest(&world.scope, "f", current, USER).await.unwrap().unwrap();
    let active = |version: &str| Newest { active: Some(version.into()), ..Newest::default() };
    assert_eq!(newest(None).await, active("4"));
    assert_eq!(world.calls().await, ["ListVersionsByFunction", "GetFunction"]);
    assert_eq!(newest(Some("4")).await, active("4"));
    assert_eq!(world.calls().await, ["ListVersionsByFunction"], "what an alias points to is not asked for");
    world.account.edit_version("f", "4", json!({"State": "Pending"})).await;
    world
        .account
        .edit_version("f", "3", json!({"State": "Failed", "StateReasonCode": "FunctionError"}))
        .await;
    let Newest { active, busy, failed } = newest(None).await;
    assert_eq!(active.as_deref(), Some("2"));
    assert_eq!(busy.as_deref(), Some("version 4 is Pending"));
    assert!(failed.unwrap().starts_with("version 3 is Failed (FunctionError"));
    assert_eq!(versions::newest(&world.scope, "g", None, USER).await.unwrap(), None);
}

#[tokio::test]
async fn provisioned_concurrency_under_way_is_told_from_what_is_ready_or_none() {
    let world = published(1).await;
    world.scope.create_alias("f", "live", &to("1", "", None), USER).await.unwrap();
    for (status, expected) in [(None, false), (Some("IN_PROGRESS"), true), (Some("READY"), false)] {
        world.account.provision("f", "live", status).await;
        let target = Target { function: "f", qualifier: Some("live"), arn: "" };
        let provisioned = world.scope.get_provisioned(target, USER).await.unwrap();
        assert_eq!(provisioned.is_some_and(|has| has.is_moving()), expected, "{status:?}");
    }
}
