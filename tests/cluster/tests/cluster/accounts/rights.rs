//! An operator that may not look at LambdaAccounts, or at the labels of namespaces.

use cluster_tests::{ACCOUNT, World, condition, function};
use serde_json::{Value, json};

/// What an operator of one namespace needs there.
fn rules() -> Value {
    json!([
        {"apiGroups": ["lambda-operator.io"], "resources": ["*"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
        {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list", "watch"]},
    ])
}

/// Grants the operator of the world something in the whole cluster.
async fn grant_everywhere(world: &World, name: &str, rules: Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let (version, namespace) = (format!("{GROUP}/v1"), world.namespace.name());
    let name = world.account_name(name);
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "restricted", "namespace": namespace}],
        },
    ]});
    let kubectl = world.cluster.kubectl(world.cluster.admin_kubeconfig());
    kubectl.args(["apply", "-f", "-"]).stdin(objects.to_string()).run().await;
}

#[tokio::test]
async fn an_operator_of_one_namespace_goes_on_without_accounts_and_names_the_right_that_is_missing() {
    let world = World::builder("no-accounts")
        .allowed(rules())
        .settings(|settings| settings.cluster_id = Some("restricted".into()))
        .start()
        .await;
    world.apply_account("own", json!({"accountId": ACCOUNT})).await;
    world.apply("plain", function(json!({}))).await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("own")}))).await;
    world.ready("plain").await;
    let name = world.account_name("own");
    let texts = [name.as_str(), "may not list LambdaAccounts", "lambdaaccounts.lambda-operator.io"];
    let object = world.problem("hello", "AccessDenied", &texts).await;
    assert_eq!(condition(&object, "ReferencesResolved").map(|c| c.status.as_str()), Some("False"));
    assert_eq!(world.calls_of("hello").await, Vec::<String>::new());

    let accounts = json!([
        {"apiGroups": ["lambda-operator.io"], "resources": ["lambdaaccounts"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["lambda-operator.io"], "resources": ["lambdaaccounts/status"], "verbs": ["patch"]},
    ]);
    grant_everywhere(&world, "accounts", accounts).await;
    world
        .until("hello", "the next right is named", |object| {
            let ready = condition(object, "Ready").filter(|ready| ready.reason == "AccessDenied");
            ready.is_some_and(|ready| ready.message.contains("list and watch on namespaces"))
        })
        .await;
    assert_eq!(world.calls_of("hello").await, Vec::<String>::new());

    let labels = json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"],
        "resourceNames": [world.namespace.name()]}]);
    grant_everywhere(&world, "labels", labels).await;
    world.ready("hello").await;
}
