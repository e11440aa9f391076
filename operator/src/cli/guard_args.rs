//! The settings of the command `guard`.

use std::path::PathBuf;

use clap::Args;

use crate::guard::Guard;
use crate::settings::KubernetesSettings;

/// Every setting of `guard`.
#[derive(Args, Debug)]
#[allow(missing_docs, reason = "the help text below is the documentation")]
pub struct GuardArgs {
    /// A namespace of the operator; can be repeated, or several with commas between them. Default: all.
    #[arg(long, env = "LAMBDA_OPERATOR_WATCH_NAMESPACE", value_name = "NAMESPACE", value_delimiter = ',')]
    pub watch_namespace: Vec<String>,

    /// A LambdaAccount that goes with the operator: it is deleted once nothing else is left. Can be repeated.
    #[arg(long, value_name = "NAME")]
    pub delete_account: Vec<String>,

    /// Kubeconfig file. Default: KUBECONFIG, ~/.kube/config, or the Pod's ServiceAccount.
    #[arg(long, env = "LAMBDA_OPERATOR_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig. Default: its current one.
    #[arg(long, env = "LAMBDA_OPERATOR_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
}

impl From<GuardArgs> for Guard {
    fn from(args: GuardArgs) -> Self {
        let GuardArgs { watch_namespace, delete_account, kubeconfig, context } = args;
        Self {
            kubernetes: KubernetesSettings { kubeconfig, context },
            namespaces: watch_namespace,
            accounts: delete_account.into_iter().collect(),
        }
    }
}
