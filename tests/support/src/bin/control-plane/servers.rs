//! The three servers and their flags: small, fast, unthrottled, on loopback only.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use test_support::guard::Guarded;

/// How much of a log is shown when its server dies.
const SHOWN_LINES: usize = 25;

/// What ServiceAccounts ask for is written down, without the objects: tests compare it with what they may.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  userGroups: [system:serviceaccounts]
- level: None
";

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    child: Guarded,
    log: PathBuf,
}

impl Server {
    fn spawn(name: &'static str, program: &Path, flags: &[String], directory: &Path) -> Result<Self> {
        let log = directory.join(format!("{name}.log"));
        let file = File::create(&log)?;
        let mut command = Command::new(program);
        command.args(flags).current_dir(directory);
        let child = Guarded::spawn(&command, file.try_clone()?.into(), file.into())
            .with_context(|| format!("{name} did not start"))?;
        Ok(Self { name, child, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// When it has ended: how, and the end of its log.
    pub(crate) fn obituary(&mut self) -> Result<Option<String>> {
        let Some(status) = self.child.try_wait()? else { return Ok(None) };
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
        Ok(Some(format!("{} ended with {status}; the end of its log:\n{tail}", self.name)))
    }
}

/// etcd for one run: nothing has to survive a crash, so it never syncs.
pub(crate) fn etcd(program: &Path, directory: &Path, client_port: u16, peer_port: u16) -> Result<Server> {
    let (client, peer) = (format!("http://127.0.0.1:{client_port}"), format!("http://127.0.0.1:{peer_port}"));
    let flags = [
        format!("--data-dir={}", directory.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--unsafe-no-fsync".to_owned(),
        "--snapshot-count=100000".to_owned(),
        "--quota-backend-bytes=4294967296".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    Server::spawn("etcd", program, &flags, directory)
}

/// The API server with TLS, RBAC and ServiceAccount tokens; `directory` holds its
/// certificates and keys.
pub(crate) fn apiserver(program: &Path, directory: &Path, port: u16, etcd_port: u16) -> Result<Server> {
    let file = |flag: &str, name: &str| format!("--{flag}={}", directory.join(name).display());
    let mut flags = vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        file("tls-cert-file", "apiserver.crt"),
        file("tls-private-key-file", "apiserver.key"),
        file("client-ca-file", "ca.crt"),
        file("cert-dir", "certificates"),
        file("service-account-key-file", "service-account.pub"),
        file("service-account-signing-key-file", "service-account.key"),
        file("audit-policy-file", "audit-policy.yaml"),
        file("audit-log-path", "audit.log"),
    ];
    let constant = [
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        // Otherwise it refuses to advertise a loopback address.
        "--endpoint-reconciler-type=none",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        // In one file.
        "--audit-log-maxsize=0",
        // No limits: suites create thousands of objects.
        "--enable-priority-and-fairness=false",
        "--max-requests-inflight=0",
        "--max-mutating-requests-inflight=0",
        "--delete-collection-workers=4",
        "--profiling=false",
        "-v=0",
    ];
    flags.extend(constant.map(ToOwned::to_owned));
    Server::spawn("kube-apiserver", program, &flags, directory)
}

/// The controllers without which namespaces never go, owned objects stay, default
/// ServiceAccounts are missing, and `view`, `edit` and `admin` have no rules.
pub(crate) fn controller_manager(program: &Path, directory: &Path, kubeconfig: &Path) -> Result<Server> {
    let mut flags = vec![format!("--kubeconfig={}", kubeconfig.display())];
    let constant = [
        "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,\
         clusterrole-aggregation-controller",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
        "--kube-api-qps=1000",
        "--kube-api-burst=2000",
        "--profiling=false",
        "-v=0",
    ];
    flags.extend(constant.map(ToOwned::to_owned));
    Server::spawn("kube-controller-manager", program, &flags, directory)
}
