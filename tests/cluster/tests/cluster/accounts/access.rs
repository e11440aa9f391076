//! Who may use a LambdaAccount, and for what.

use std::time::Duration;

use cluster_tests::accounts::{OTHER, OTHER_ROLE};
use cluster_tests::{ACCOUNT, World, condition, function};
use serde_json::{Value, json};

const QUIET: Duration = Duration::from_secs(2);

fn resolved(object: &lambda_operator_crds::LambdaFunction) -> Option<&str> {
    condition(object, "ReferencesResolved").map(|condition| condition.status.as_str())
}

fn for_team(team: &str) -> Value {
    json!({"accountId": ACCOUNT, "namespaces": {"selector": {"matchLabels": {"team": team}}}})
}

#[tokio::test]
async fn a_namespace_that_may_not_use_the_account_makes_no_call_until_it_may() {
    let world = World::start("not-admitted").await;
    let namespace = world.namespace.name().to_owned();
    world.apply_account("team", for_team("a")).await;
    world.account_reason("team", "Available", &[ACCOUNT]).await;
    world.aws().clear_ledger().await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("team")}))).await;
    let (name, about) = (world.account_name("team"), format!("namespace {namespace} may not use"));
    let object = world.problem("hello", "AccessDenied", &[&name, &about, "spec.namespaces"]).await;
    assert_eq!(object.status.unwrap().common.account, None, "nothing is pinned");
    assert_eq!(world.sim.control().ledger().await, [], "and nothing is asked, not even STS");

    world.label_namespace(&namespace, "team", json!("a")).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction"]);

    world.label_namespace(&namespace, "team", json!(null)).await;
    world.problem("hello", "AccessDenied", &[&name, &about]).await;
    world.sim.control().clear_ledger().await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("team"), "memorySize": 256}))).await;
    world.reason("hello", "AccessDenied").await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(world.sim.control().ledger().await, []);

    world.apply_account("team", json!({"accountId": ACCOUNT, "namespaces": {"selector": {}}})).await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
    assert_eq!(world.aws().functions().await, ["hello"]);
}

#[tokio::test]
async fn an_account_that_is_missing_is_waited_for_without_asking_aws() {
    let world = World::start("account-missing").await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("late")}))).await;
    let name = world.account_name("late");
    let object = world.problem("hello", "DependencyNotReady", &[&name, "does not exist"]).await;
    assert_eq!(resolved(&object), Some("False"));
    assert_eq!(world.sim.control().ledger().await, []);
    world.apply_account("late", json!({"accountId": ACCOUNT})).await;
    let object = world.ready("hello").await;
    assert_eq!(resolved(&object), Some("True"));
}

#[tokio::test]
async fn what_is_in_aws_is_taken_over_only_where_the_account_allows_it() {
    let world = World::start("account-adoption").await;
    world.apply_account("strict", json!({"accountId": ACCOUNT})).await;
    world.apply("hello", function(json!({"deletionPolicy": "Retain"}))).await;
    world.ready("hello").await;
    world.delete("hello").await;
    world.gone("hello").await;
    world.aws().clear_ledger().await;

    let spec =
        function(json!({"accountRef": world.account_ref("strict"), "adopt": "Unowned", "memorySize": 256}));
    world.apply("hello", spec.clone()).await;
    let name = world.account_name("strict");
    world.problem("hello", "InvalidSpec", &["spec.adopt is Unowned", &name, "spec.allowAdoption"]).await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 128);

    world.apply_account("strict", json!({"accountId": ACCOUNT, "allowAdoption": true})).await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
    // What it has, it keeps.
    world.apply_account("strict", json!({"accountId": ACCOUNT, "allowAdoption": false})).await;
    world
        .apply(
            "hello",
            function(json!({
                "accountRef": world.account_ref("strict"), "adopt": "Unowned", "memorySize": 512,
            })),
        )
        .await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 512);
}

#[tokio::test]
async fn credentials_of_another_account_change_nothing_and_create_nothing() {
    let mut world = World::start("mismatch").await;
    world.apply_account("own", json!({"accountId": ACCOUNT})).await;
    world.apply_account("wrong", json!({"accountId": OTHER})).await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("own")}))).await;
    world.apply("lost", function(json!({"accountRef": world.account_ref("wrong")}))).await;
    world.ready("hello").await;
    let texts = [OTHER, ACCOUNT, "spec.accountId"];
    world.problem("lost", "AccountMismatch", &texts).await;
    let account = world.account_reason("wrong", "AccountMismatch", &texts).await;
    let status = account.status.unwrap();
    assert!(status.conditions.iter().any(|condition| condition.type_ == "Stalled"));
    assert_eq!(status.account, None, "what doesn't match is not kept");
    assert_eq!(world.aws().functions().await, ["hello"]);

    // The operator comes back with credentials of the other account.
    world.stop_operator().await;
    world.account = OTHER.into();
    world.sim.control().clear_ledger().await;
    world.start_operator();
    world.account_reason("own", "AccountMismatch", &[ACCOUNT, OTHER]).await;
    world.ready("lost").await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("own"), "memorySize": 256}))).await;
    world.problem("hello", "AccountMismatch", &[ACCOUNT, OTHER]).await;
    let expected = [format!("{OTHER}/eu-west-1 CreateFunction lost")];
    assert_eq!(world.writes_everywhere().await, expected, "hello is not made anew");

    world.stop_operator().await;
    world.account = ACCOUNT.into();
    world.start_operator();
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
    world.problem("lost", "AccountMismatch", &[OTHER]).await;
}

#[tokio::test]
async fn another_default_region_of_the_account_moves_nothing() {
    let world = World::start("account-region").await;
    let spec = |region: &str| json!({"accountId": OTHER, "roleArn": OTHER_ROLE, "region": region});
    world.apply_account("other", spec("eu-central-1")).await;
    let role = format!("arn:aws:iam::{OTHER}:role/lambda");
    let extra = json!({"accountRef": world.account_ref("other"), "role": role});
    world.apply("hello", function(extra)).await;
    world.ready("hello").await;
    world.apply_account("other", spec("us-east-1")).await;
    world.problem("hello", "AccountMismatch", &["eu-central-1", "us-east-1"]).await;
    assert_eq!(world.aws_in(OTHER, "us-east-1").functions().await, Vec::<String>::new());
    world.delete("hello").await;
    world.gone("hello").await;
    assert!(world.aws_in(OTHER, "eu-central-1").functions().await.is_empty(), "it goes from where it is");
}
