//! An operator that may do less than `config/rbac` allows.

use kube::config::Kubeconfig;
use serde_json::{Value, json};
use test_support::Cluster;

use crate::World;

/// Name of ServiceAccount, Role and RoleBinding.
const NAME: &str = "restricted";

impl World {
    /// Changes what a restricted operator may do.
    pub async fn grant(&self, rules: &Value) {
        apply(self.cluster, self.namespace.name(), rules).await;
    }
}

/// A new ServiceAccount in a namespace with a Role of these rules.
pub(crate) async fn kubeconfig(cluster: &Cluster, namespace: &str, rules: &Value) -> Kubeconfig {
    apply(cluster, namespace, rules).await;
    cluster.kubeconfig_for_service_account(namespace, NAME).await
}

async fn apply(cluster: &Cluster, namespace: &str, rules: &Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let version = format!("{GROUP}/v1");
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}},
        {"apiVersion": version, "kind": "Role", "metadata": {"name": NAME}, "rules": rules},
        {
            "apiVersion": version, "kind": "RoleBinding", "metadata": {"name": NAME},
            "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        },
    ]});
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
    kubectl.args(["-n", namespace, "apply", "-f", "-"]).stdin(objects.to_string()).run().await;
}
