//! What the operator may do in the cluster, and what it does when it may not.

use std::time::Duration;

use cluster_tests::{World, condition, function, install};
use serde_json::{Value, json};
use test_support::eventually;

/// The operator of `config/rbac`.
const OPERATOR: &str = "--as=system:serviceaccount:lambda-operator-system:lambda-operator";

async fn can(arguments: &str) -> bool {
    let cluster = install().await;
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig()).args(["auth", "can-i", OPERATOR]);
    let answer = kubectl.args(arguments.split_whitespace()).output().await;
    match answer.stdout.trim() {
        "yes" => true,
        "no" => false,
        _ => panic!("kubectl auth can-i {arguments}: {}{}", answer.stdout, answer.stderr),
    }
}

#[tokio::test]
async fn the_operator_may_do_what_it_needs() {
    for needed in [
        "list lambdafunctions.lambda-operator.io --all-namespaces",
        "watch lambdafunctions.lambda-operator.io --all-namespaces",
        "patch lambdafunctions.lambda-operator.io --subresource=status -n default",
        "get secrets -n default",
        "watch configmaps --all-namespaces",
        "delete lambdainvocations.lambda-operator.io -n default",
        "create events.events.k8s.io -n default",
        "get namespaces/kube-system",
        "watch namespaces",
        "watch lambdaaccounts.lambda-operator.io",
        "patch lambdaaccounts.lambda-operator.io --subresource=status",
        "update leases.coordination.k8s.io/lambda-operator -n lambda-operator-system",
    ] {
        assert!(can(needed).await, "it needs: {needed}");
    }
}

#[tokio::test]
async fn the_operator_may_do_nothing_more() {
    for needless in [
        "update lambdafunctions.lambda-operator.io -n default",
        "create lambdafunctions.lambda-operator.io -n default",
        // Its watches tell it everything.
        "get lambdafunctions.lambda-operator.io -n default",
        "delete lambdafunctions.lambda-operator.io -n default",
        "create lambdainvocations.lambda-operator.io -n default",
        "patch lambdainvocations.lambda-operator.io -n default",
        "deletecollection lambdafunctions.lambda-operator.io -n default",
        "update lambdafunctions.lambda-operator.io --subresource=status -n default",
        "create secrets -n default",
        "update secrets -n default",
        "patch secrets -n default",
        "delete secrets -n default",
        "patch configmaps -n default",
        "list pods -n default",
        "get pods -n lambda-operator-system",
        "get namespaces/default",
        "patch namespaces/default",
        "update lambdaaccounts.lambda-operator.io",
        "delete lambdaaccounts.lambda-operator.io",
        "get leases.coordination.k8s.io/kube-controller-manager -n kube-system",
        "update leases.coordination.k8s.io/other -n lambda-operator-system",
        "get leases.coordination.k8s.io/lambda-operator -n default",
        "list leases.coordination.k8s.io -n lambda-operator-system",
        "patch customresourcedefinitions.apiextensions.k8s.io",
        "create serviceaccounts --subresource=token -n lambda-operator-system",
        "* * -n default",
    ] {
        assert!(!can(needless).await, "it has no business to: {needless}");
    }
}

/// The rules of an operator for one namespace with these verbs for Secrets and ConfigMaps.
fn rules(references: &[&str]) -> Value {
    let mut rules = json!([
        {"apiGroups": ["lambda-operator.io"], "resources": ["capacityproviders", "codesigningconfigs", "eventsourcemappings", "lambdaaliases", "lambdafunctions", "lambdainvocations", "lambdalayers"],
         "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["lambda-operator.io"], "resources": ["lambdafunctions/status"], "verbs": ["patch"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    ]);
    if !references.is_empty() {
        let rule = json!({"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": references});
        rules.as_array_mut().unwrap().push(rule);
    }
    rules
}

/// A world whose operator doesn't watch Secrets, is allowed no more than this, and isn't allowed to read kube-system.
async fn unwatching(name: &str, references: &[&str]) -> World {
    World::builder(name)
        .allowed(rules(references))
        .settings(|settings| {
            settings.cluster_id = Some("restricted".into());
            settings.watch.secrets = false;
            settings.watch.reference_check_interval = Duration::from_millis(500);
        })
        .start()
        .await
}

fn with_secret() -> Value {
    let source = json!({"secretKeyRef": {"name": "database", "key": "password"}});
    function(json!({"env": [{"name": "PASSWORD", "valueFrom": source}]}))
}

#[tokio::test]
async fn without_the_watch_get_is_enough() {
    let world = unwatching("get-only", &["get"]).await;
    world.secret("database", &[("password", "one")]).await;
    world.apply("hello", with_secret()).await;
    world.ready("hello").await;
    world.secret("database", &[("password", "two")]).await;
    eventually(Duration::from_secs(20), "the new value is in AWS", || async {
        let function = world.aws().function("hello").await.unwrap();
        (function["Configuration"]["Environment"]["Variables"]["PASSWORD"] == "two").then_some(())
    })
    .await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_is_said_and_heals_when_it_may() {
    let world = unwatching("forbidden", &[]).await;
    world.secret("database", &[("password", "one")]).await;
    world.apply("hello", with_secret()).await;
    let object = world.problem("hello", "AccessDenied", &["Secret database"]).await;
    let resolved = condition(&object, "ReferencesResolved").is_some_and(|resolved| resolved.status == "True");
    assert!(!resolved, "nobody can say so");
    assert_eq!(world.ledger().await, [], "AWS is not asked before the references are there");
    world.apply("bystander", function(json!({}))).await;
    world.ready("bystander").await;
    world.grant(&rules(&["get"])).await;
    world.ready("hello").await;
    let function = world.aws().function("hello").await.unwrap();
    assert_eq!(function["Configuration"]["Environment"]["Variables"], json!({"PASSWORD": "one"}));
}
