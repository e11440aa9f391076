//! `kubectl lambda` as a person runs it: the pinned kubectl with the binary on PATH.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use test_support::{Cluster, Tool, ToolOutput, bin};

use crate::World;
use crate::world::ACCOUNT;

/// The path of the `kubectl-lambda` binary.
pub async fn plugin_binary() -> PathBuf {
    let built = tokio::task::spawn_blocking(|| bin("lambda-operator", "kubectl-lambda"));
    built.await.expect("the binary can be built")
}

/// PATH with a folder before all others.
pub fn path_with(folder: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).expect("no folder has a separator in its name")
}

/// `kubectl lambda …` on a cluster.
pub async fn lambda(cluster: &Cluster, kubeconfig: &Path, arguments: &[&str]) -> Tool {
    let binary = plugin_binary().await;
    let folder = binary.parent().expect("a binary is in a folder");
    let kubectl = cluster.kubectl(kubeconfig).env("PATH", path_with(folder));
    kubectl.arg("lambda").args(arguments.iter().copied())
}

impl World {
    /// `kubectl lambda …` in the namespace of the world, as an administrator and with the credentials of its account.
    pub async fn lambda(&self, arguments: &[&str]) -> Tool {
        self.lambda_as(self.cluster.admin_kubeconfig(), arguments).await
    }

    /// The same as somebody else.
    pub async fn lambda_as(&self, kubeconfig: &Path, arguments: &[&str]) -> Tool {
        lambda(self.cluster, kubeconfig, arguments)
            .await
            .args(["-n", self.namespace.name()])
            .env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}"))
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_ENDPOINT_URL", self.sim.endpoint())
            // What the machine has of its own plays no part.
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    }

    /// What it prints when all goes well.
    pub async fn lambda_says(&self, arguments: &[&str]) -> String {
        self.lambda(arguments).await.run().await.stdout
    }

    /// Its answer when it fails with this exit code.
    pub async fn lambda_fails(&self, code: i32, arguments: &[&str]) -> ToolOutput {
        let output = self.lambda(arguments).await.output().await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", output.stdout, output.stderr);
        output
    }

    /// The operations that the plugin called so far.
    pub async fn plugin_calls(&self) -> Vec<String> {
        let ledger = self.sim.control().ledger().await;
        let of_plugin = |call: &&lambda_sim::Call| call.application.as_deref() == Some("kubectl-lambda");
        ledger.iter().filter(of_plugin).map(|call| call.operation.clone()).collect()
    }
}
