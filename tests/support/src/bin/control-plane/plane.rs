//! The control plane as a whole: its directory, its certificates, the order in
//! which its servers start, and its end.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client};
use rcgen::KeyPair;
use tempfile::TempDir;
use test_support::certificates::Authority;
use test_support::{CLUSTER_VARIABLE, kubeconfig};

use crate::servers::{self, Server};
use crate::tools::{self, Tools};

/// Generous, because a test run may compile on all cores meanwhile.
const START_TIMEOUT: Duration = Duration::from_mins(3);
/// Somebody else may take a port between its choice and its use.
const ATTEMPTS: u32 = 3;
/// Removes the directory also after the supervisor was killed. The servers die at
/// the same moment, so that files may still appear while it does.
const JANITOR: &str = r#"read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf -- "$1" && [ ! -e "$1" ] && exit
  sleep 1
done"#;

/// A running control plane; dropping it ends the servers and removes the directory.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    /// The first field is dropped first: nothing may write while the directory goes.
    servers: Vec<Server>,
    directory: TempDir,
    _janitor: Child,
}

impl ControlPlane {
    /// Finds or builds the programs and starts them; ready means usable.
    pub(crate) async fn start() -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::try_start().await {
                Err(error) if attempt < ATTEMPTS && error.to_string().contains("address already in use") => {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn try_start() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("lambda-operator-cluster-").tempdir()?;
        let janitor = janitor(directory.path())?;
        let mut plane = Self { servers: Vec::new(), directory, _janitor: janitor };
        let tools = tools::ensure(plane.directory()).await?;
        let [etcd_port, peer_port, port] = free_ports()?;
        let server = format!("https://127.0.0.1:{port}");
        plane.write_identities(&server)?;
        plane.start_servers(&tools, etcd_port, peer_port, port).await?;
        plane.write_environment(&tools, &server)?;
        Ok(plane)
    }

    /// The directory that `ready` names.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The administrator's kubeconfig.
    pub(crate) fn admin_kubeconfig(&self) -> PathBuf {
        self.directory().join("admin.kubeconfig")
    }

    /// Waits until a server has ended, which none should.
    pub(crate) async fn failure(&mut self) -> Error {
        loop {
            for server in &mut self.servers {
                match server.obituary() {
                    Ok(None) => {}
                    Ok(Some(text)) => return Error::msg(text),
                    Err(error) => return error,
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn start_servers(
        &mut self,
        tools: &Tools,
        etcd_port: u16,
        peer_port: u16,
        port: u16,
    ) -> Result<()> {
        let (directory, admin) = (self.directory().to_owned(), self.admin_kubeconfig());
        self.servers.push(servers::etcd(&tools.etcd, &directory, etcd_port, peer_port)?);
        self.until("etcd listens", listens(etcd_port)).await?;
        self.servers.push(servers::apiserver(&tools.apiserver, &directory, port, etcd_port)?);
        let client = kubeconfig::client(&kube::config::Kubeconfig::read_from(&admin)?).await?;
        self.until("the API server is ready", is_ready(&client)).await?;
        // Not before: it gives up when the API server takes longer than ten seconds.
        self.servers.push(servers::controller_manager(&tools.controller_manager, &directory, &admin)?);
        self.until("the default ServiceAccount exists", has_default_account(&client)).await
    }

    /// Waits for something unless a server ends first.
    async fn until(&mut self, what: &str, event: impl Future<Output = ()>) -> Result<()> {
        tokio::select! {
            () = event => Ok(()),
            error = self.failure() => Err(error),
            () = tokio::time::sleep(START_TIMEOUT) => {
                Err(anyhow!("waited {START_TIMEOUT:?} in vain until {what}"))
            }
        }
    }

    fn write_identities(&self, server: &str) -> Result<()> {
        let write = |name: &str, text: &str| std::fs::write(self.directory().join(name), text);
        let authority = Authority::generate()?;
        authority.save(self.directory())?;
        let serving =
            authority.server("kube-apiserver", &["127.0.0.1", "localhost", "kubernetes.default.svc"])?;
        write("apiserver.crt", &serving.certificate)?;
        write("apiserver.key", &serving.key)?;
        let signer = KeyPair::generate()?;
        write("service-account.key", &signer.serialize_pem())?;
        write("service-account.pub", &signer.public_key_pem())?;
        write("audit-policy.yaml", servers::AUDIT_POLICY)?;
        let admin = authority.client("admin", &["system:masters"])?;
        let admin = kubeconfig::with_certificate(server, authority.certificate(), &admin)?;
        kubeconfig::write(&self.admin_kubeconfig(), &admin)
    }

    /// What tests, scripts and people need to know, as NAME=VALUE lines.
    fn write_environment(&self, tools: &Tools, server: &str) -> Result<()> {
        let mut lines = vec![
            format!("{CLUSTER_VARIABLE}={}", self.directory().display()),
            format!("KUBECONFIG={}", self.admin_kubeconfig().display()),
            format!("KUBECTL={}", tools.kubectl.display()),
            format!("SERVER={server}"),
        ];
        for server in &self.servers {
            let name = server.name.to_uppercase().replace('-', "_");
            lines.push(format!("{name}_PID={}", server.pid()));
        }
        std::fs::write(self.directory().join("env"), lines.join("\n") + "\n").context("cannot write env")
    }
}

/// It reads a pipe that nobody writes to and that closes with this process. It has
/// a group of its own, so that an interrupt from the terminal leaves it alone.
fn janitor(directory: &Path) -> io::Result<Child> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", JANITOR, "janitor"]).arg(directory).stdin(Stdio::piped()).process_group(0);
    shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// Chosen together, so that they differ.
fn free_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let bound: Vec<_> =
        (0..COUNT).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<_>>()?;
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&bound) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

async fn listens(port: u16) {
    while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Each question has its own short timeout: the first ones may hang.
async fn is_ready(client: &Client) {
    loop {
        let request = http::Request::get("/readyz").body(Vec::new()).expect("a constant request is valid");
        let answer = tokio::time::timeout(Duration::from_secs(1), client.request_text(request)).await;
        if answer.is_ok_and(|answer| answer.is_ok()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn has_default_account(client: &Client) {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
    while !matches!(accounts.get_opt("default").await, Ok(Some(_))) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
