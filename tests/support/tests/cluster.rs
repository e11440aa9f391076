//! The shared control plane does what the suites rely on.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::core::Resource;
use serde_json::json;
use test_support::{Cluster, TestNamespace, eventually};

const TIMEOUT: Duration = Duration::from_mins(1);

async fn create<K>(namespace: &TestNamespace, object: serde_json::Value) -> K
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType: Default>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let object = serde_json::from_value(object).unwrap();
    namespace.api::<K>().create(&PostParams::default(), &object).await.unwrap()
}

/// Lets a subject read ConfigMaps in the namespace, and nothing else.
async fn grant_config_maps(namespace: &TestNamespace, subject: serde_json::Value) {
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"] }]);
    create::<Role>(namespace, json!({ "metadata": { "name": "reader" }, "rules": rules })).await;
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" });
    let binding = json!({ "metadata": { "name": "reader" }, "roleRef": role, "subjects": [subject] });
    create::<RoleBinding>(namespace, binding).await;
}

async fn can_list<K>(client: &Client, namespace: &str) -> Result<(), String>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType: Default>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    match Api::<K>::namespaced(client.clone(), namespace).list(&ListParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 403 => Err("forbidden".to_owned()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_deleted_namespace_goes() {
    let namespace = Cluster::shared().await.namespace("goes").await;
    create::<ConfigMap>(&namespace, json!({ "metadata": { "name": "inside" } })).await;
    let namespaces = Api::<Namespace>::all(namespace.client());
    namespaces.delete(namespace.name(), &DeleteParams::default()).await.unwrap();
    eventually(TIMEOUT, "the namespace to be gone", || async {
        match namespaces.get_opt(namespace.name()).await.unwrap() {
            None => Ok(()),
            Some(still) => Err(still.status),
        }
    })
    .await;
}

#[tokio::test]
async fn a_dropped_test_namespace_is_deleted() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("dropped").await;
    let name = namespace.name().to_owned();
    drop(namespace);
    let found = Api::<Namespace>::all(cluster.admin_client().await).get_opt(&name).await.unwrap();
    assert!(found.is_none_or(|found| found.metadata.deletion_timestamp.is_some()));
}

#[tokio::test]
async fn owned_objects_are_collected() {
    let namespace = Cluster::shared().await.namespace("owned").await;
    let owner: ConfigMap = create(&namespace, json!({ "metadata": { "name": "owner" } })).await;
    let reference = owner.owner_ref(&()).unwrap();
    create::<ConfigMap>(
        &namespace,
        json!({ "metadata": { "name": "owned", "ownerReferences": [reference] } }),
    )
    .await;
    let maps = namespace.api::<ConfigMap>();
    maps.delete("owner", &DeleteParams::default()).await.unwrap();
    eventually(TIMEOUT, "the owned ConfigMap to be gone", || async {
        maps.get_opt("owned").await.unwrap().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_service_account_may_what_a_role_grants_and_no_more() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("account").await;
    create::<ServiceAccount>(&namespace, json!({ "metadata": { "name": "operator" } })).await;
    let kubeconfig = cluster.kubeconfig_for_service_account(namespace.name(), "operator").await;
    let client = cluster.client(&kubeconfig).await;
    assert_eq!(can_list::<ConfigMap>(&client, namespace.name()).await, Err("forbidden".to_owned()));

    let subject = json!({ "kind": "ServiceAccount", "name": "operator", "namespace": namespace.name() });
    grant_config_maps(&namespace, subject).await;
    eventually(TIMEOUT, "the role to take effect", || can_list::<ConfigMap>(&client, namespace.name())).await;
    assert_eq!(can_list::<Secret>(&client, namespace.name()).await, Err("forbidden".to_owned()));
}

#[tokio::test]
async fn a_user_is_known_by_name_and_by_both_groups() {
    let cluster = Cluster::shared().await;
    let path =
        cluster.write_kubeconfig("alice", &cluster.kubeconfig_for_user("alice", &["team-a", "team-b"]));
    let who = cluster.kubectl(&path).args(["auth", "whoami", "-o", "json"]).run().await;
    let who: serde_json::Value = serde_json::from_str(&who.stdout).unwrap();
    assert_eq!(who["status"]["userInfo"]["username"], "alice");
    let groups = json!(["team-a", "team-b", "system:authenticated"]);
    assert_eq!(who["status"]["userInfo"]["groups"], groups);
}

#[tokio::test]
async fn a_user_may_what_a_role_grants_its_group() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("group").await;
    let client = cluster.client(&cluster.kubeconfig_for_user("bob", &["readers"])).await;
    assert_eq!(can_list::<ConfigMap>(&client, namespace.name()).await, Err("forbidden".to_owned()));
    let subject = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers" });
    grant_config_maps(&namespace, subject).await;
    eventually(TIMEOUT, "the role to take effect", || can_list::<ConfigMap>(&client, namespace.name())).await;
}

#[tokio::test]
async fn kubectl_applies_what_it_reads() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("kubectl").await;
    let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: applied}, data: {answer: '42'}}";
    let kubectl = || cluster.kubectl(cluster.admin_kubeconfig()).args(["--namespace", namespace.name()]);
    let applied = kubectl().args(["apply", "-f", "-"]).stdin(manifest).run().await;
    assert_eq!(applied.stdout, "configmap/applied created\n");
    let refused = kubectl().args(["get", "configmap", "absent"]).output().await;
    assert!(!refused.status.success() && refused.stderr.contains("not found"), "{refused:?}");
}

#[tokio::test]
#[should_panic(expected = "configmaps \"absent\" not found")]
async fn a_failing_kubectl_shows_its_message() {
    let cluster = Cluster::shared().await;
    cluster.kubectl(cluster.admin_kubeconfig()).args(["get", "configmap", "absent"]).run().await;
}
