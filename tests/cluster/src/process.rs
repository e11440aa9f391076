//! The operator as a real process, for tests that kill it, pause it, or end it as the kubelet does.

use std::process::Command;

use test_support::{Process, bin};

use crate::world::{ACCOUNT, REGION};
use crate::{World, accounts};

/// Times of a process, unless it is given others.
const TIMES: [(&str, &str); 5] = [
    ("--drift-interval", "0s"),
    ("--rotation-interval", "0s"),
    ("--recheck-min", "500ms"),
    ("--recheck-max", "2s"),
    ("--propagation-min", "200ms"),
];

/// The path of the `lambda-operator` binary.
pub async fn operator_binary() -> std::path::PathBuf {
    let built = tokio::task::spawn_blocking(|| bin("lambda-operator", "lambda-operator"));
    built.await.expect("the binary can be built")
}

impl World {
    /// Starts the binary on this world: as the ServiceAccount of `config/rbac`, with short rechecks, no quotas,
    /// no sweep after the first, and no leader election, unless `flags` say otherwise.
    pub async fn operator_process(&self, name: &str, flags: &[&str]) -> Process {
        let mut command = Command::new(operator_binary().await);
        let account = ("lambda-operator-system", "lambda-operator");
        let kubeconfig = self.cluster.kubeconfig_for_service_account(account.0, account.1).await;
        let kubeconfig = self.cluster.write_kubeconfig(name, &kubeconfig);
        command.env("AWS_ACCESS_KEY_ID", format!("AKIA{ACCOUNT}")).env("AWS_SECRET_ACCESS_KEY", "x");
        command.arg("run").arg("--kubeconfig").arg(kubeconfig);
        command.args(["--aws-endpoint-url", &self.sim.endpoint(), "--aws-region", REGION]);
        command.args(["--watch-namespace", self.namespace.name(), "--metrics-address", "127.0.0.1:0"]);
        command.args(["--account-selector", &accounts::selector(self.namespace.name())]);
        for (flag, value) in TIMES.into_iter().filter(|(flag, _)| !flags.contains(flag)) {
            command.args([flag, value]);
        }
        command.arg("--quotas=false");
        if !flags.iter().any(|flag| flag.starts_with("--lease-")) {
            command.arg("--leader-election=false");
        }
        command.args(flags);
        Process::spawn(name, &command)
    }
}
