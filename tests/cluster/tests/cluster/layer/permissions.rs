//! Who may use the versions.

use cluster_tests::World;
use serde_json::{Value, json};

use super::*;

const ADD: &str = "AddLayerVersionPermission";
const REMOVE: &str = "RemoveLayerVersionPermission";

fn with(principals: &[(&str, &str)]) -> Value {
    let statement = |(sid, principal): &(&str, &str)| json!({"statementId": sid, "principal": principal});
    layer(json!({"permissions": principals.iter().map(statement).collect::<Vec<_>>()}))
}

/// The ids of a version's statements.
async fn sids(world: &World, number: usize) -> Vec<String> {
    let versions = world.aws().layer("tools").await;
    let statements = versions[number - 1]["Statements"].as_array().cloned().unwrap_or_default();
    let mut sids: Vec<String> =
        statements.iter().map(|statement| statement["Sid"].as_str().unwrap().to_owned()).collect();
    sids.sort();
    sids
}

#[tokio::test]
async fn each_permission_adds_one_write_and_every_version_gets_them() {
    let world = World::start("layer-perm").await;
    let organization = json!({"statementId": "o", "principal": "*", "organizationId": "o-a1b2c3d4e5"});
    let spec = |text: &str| {
        let account = json!({"statementId": "a", "principal": "444455556666"});
        layer(json!({"content": files(text), "permissions": [account, organization]}))
    };
    let writes = applied(&world, "tools", spec("1")).await;
    assert_eq!(calls(&world).await, ["ListLayerVersions", "PublishLayerVersion", ADD, ADD]);
    assert_eq!(writes, ["PublishLayerVersion", ADD, ADD]);
    assert_eq!(applied(&world, "tools", spec("2")).await, ["PublishLayerVersion", ADD, ADD]);
    assert_eq!(
        (sids(&world, 1).await, sids(&world, 2).await),
        (vec!["a".into(), "o".into()], vec!["a".to_owned(), "o".into()])
    );
    let statement = world.aws().layer("tools").await[1]["Statements"][1].clone();
    assert_eq!(statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"], "o-a1b2c3d4e5");
}

#[tokio::test]
async fn set_changed_and_removed_each_costs_its_own_writes() {
    let world = World::start("layer-perm-set").await;
    applied(&world, "tools", layer(json!({}))).await;
    let account = "444455556666";
    let root = "arn:aws:iam::444455556666:root";
    assert_eq!(applied(&world, "tools", with(&[("a", account)])).await, [ADD]);
    assert_eq!(
        applied(&world, "tools", with(&[("a", root)])).await,
        Vec::<String>::new(),
        "the same account"
    );
    assert_eq!(applied(&world, "tools", with(&[("a", "*")])).await, [REMOVE, ADD]);
    assert_eq!(applied(&world, "tools", with(&[("a", "*"), ("b", account)])).await, [ADD]);
    world
        .aws()
        .put_layer_permission(
            "tools",
            1,
            json!({"StatementId": "theirs", "Principal": "*", "Action": "lambda:GetLayerVersion"}),
        )
        .await;
    assert_eq!(applied(&world, "tools", with(&[("b", account)])).await, [REMOVE]);
    assert_eq!(applied(&world, "tools", layer(json!({}))).await, [REMOVE], "the section is given back");
    assert_eq!(sids(&world, 1).await, ["theirs"]);
    let calls = {
        applied(&world, "tools", layer(json!({"ignoreDrift": []}))).await;
        calls(&world).await
    };
    assert_eq!(calls, ["GetLayerVersion"], "what isn't managed isn't read");
    assert_eq!(numbers(&world).await, [1], "permissions publish nothing");
}

#[tokio::test]
async fn drift_of_a_permission_is_mended_and_other_statements_stay() {
    let world = World::builder("layer-perm-drift").watchful().start().await;
    applied(&world, "tools", with(&[("a", "444455556666"), ("b", "*")])).await;
    let aws = world.aws();
    aws.put_layer_permission(
        "tools",
        1,
        json!({"StatementId": "theirs", "Principal": "*", "Action": "lambda:GetLayerVersion"}),
    )
    .await;
    aws.put_layer_permission(
        "tools",
        1,
        json!({"StatementId": "a", "Principal": "*", "Action": "lambda:GetLayerVersion"}),
    )
    .await;
    aws.remove_layer_permission("tools", 1, "b").await;
    eventually(PATIENCE, "the permissions are back", || async {
        let statements = world.aws().layer("tools").await[0]["Statements"].clone();
        let of = |sid: &str| {
            let all = statements.as_array().into_iter().flatten();
            all.into_iter().find(|one| one["Sid"] == sid).map(|one| one["Principal"].clone())
        };
        let root = json!({"AWS": "arn:aws:iam::444455556666:root"});
        let mended = of("a") == Some(root) && of("b") == Some(json!("*")) && of("theirs").is_some();
        if mended { Ok(()) } else { Err(statements) }
    })
    .await;
    until_event(&world, "tools", "DriftDetected").await;
    assert_eq!(numbers(&world).await, [1]);
}

#[tokio::test]
async fn a_new_version_gets_its_permissions_also_where_their_drift_is_ignored() {
    let mut world = World::start("layer-perm-ignored").await;
    let spec = |text: &str| {
        let permissions =
            json!([{"statementId": "a", "principal": "*"}, {"statementId": "b", "principal": "*"}]);
        layer(json!({"content": files(text), "permissions": permissions, "ignoreDrift": ["permissions"]}))
    };
    applied(&world, "tools", spec("1")).await;
    let denied = lambda_sim::Fault::error(ADD, 403, "AccessDeniedException", "no");
    world.aws().inject(denied).await;
    let layers = world.objects(KIND);
    layers.apply("tools", spec("2")).await;
    layers.reason("tools", "AccessDenied").await;
    assert_eq!((numbers(&world).await, sids(&world, 2).await), (vec![1, 2], Vec::<String>::new()));
    world.stop_operator().await;
    world.aws().clear_faults().await;
    world.start_operator();
    let object = world.objects(KIND).ready("tools").await;
    assert_eq!(
        (numbers(&world).await, sids(&world, 2).await),
        (vec![1, 2], vec!["a".to_owned(), "b".into()])
    );
    assert!(object["status"]["permissionsToGive"].is_null(), "{}", object["status"]);
    world.aws().remove_layer_permission("tools", 2, "a").await;
    applied(&world, "tools", spec("3")).await;
    assert_eq!(sids(&world, 2).await, ["b"], "drift is ignored");
    assert_eq!(sids(&world, 3).await, ["a", "b"]);
}
