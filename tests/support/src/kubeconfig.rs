//! Kubeconfigs for a test control plane, in memory and as files. The supervisor
//! writes the administrator's; tests make those of their users and ServiceAccounts.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::certificates::Identity;

/// A kubeconfig whose user proves itself by a client certificate.
pub fn with_certificate(server: &str, authority: &str, identity: &Identity) -> Result<Kubeconfig> {
    let user = json!({
        "client-certificate-data": BASE64_STANDARD.encode(&identity.certificate),
        "client-key-data": BASE64_STANDARD.encode(&identity.key),
    });
    build(server, authority, &user, "default")
}

/// A kubeconfig whose user proves itself by a bearer token.
pub fn with_token(server: &str, authority: &str, token: &str, namespace: &str) -> Result<Kubeconfig> {
    build(server, authority, &json!({ "token": token }), namespace)
}

fn build(server: &str, authority: &str, user: &Value, namespace: &str) -> Result<Kubeconfig> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{
            "name": "test",
            "cluster": { "server": server, "certificate-authority-data": BASE64_STANDARD.encode(authority) },
        }],
        "users": [{ "name": "test", "user": user }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test", "namespace": namespace } }],
    });
    serde_json::from_value(config).context("not a kubeconfig")
}

/// Writes a kubeconfig to a new file that only its owner can read. It is JSON,
/// which is YAML too.
pub fn write(path: &Path, kubeconfig: &Kubeconfig) -> Result<()> {
    let text = serde_json::to_string_pretty(kubeconfig)?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// A client for the runtime that it is made on: its connections end with that runtime.
pub async fn client(kubeconfig: &Kubeconfig) -> Result<Client> {
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
