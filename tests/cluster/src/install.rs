//! Installs the custom resources and the operator's RBAC, once per test process.

use std::path::{Path, PathBuf};

use test_support::Cluster;
use tokio::sync::OnceCell;

static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Installs what `kubectl apply -f crds -k config/rbac` installs. Other test processes may do the same.
pub async fn install() -> &'static Cluster {
    let cluster = Cluster::shared().await;
    INSTALLED
        .get_or_init(|| async {
            for what in [["-k", "crds"], ["-k", "config/rbac"]] {
                let path = root().join(what[1]).display().to_string();
                let flags = ["apply", "--server-side", "--force-conflicts", what[0], path.as_str()];
                cluster.kubectl(cluster.admin_kubeconfig()).args(flags).run().await;
            }
            let kinds = lambda_operator_crds::all();
            let names =
                kinds.iter().map(|kind| format!("crd/{}", kind.metadata.name.clone().unwrap_or_default()));
            let wait = cluster.kubectl(cluster.admin_kubeconfig());
            wait.args(["wait", "--for=condition=Established"]).args(names).run().await;
        })
        .await;
    cluster
}
