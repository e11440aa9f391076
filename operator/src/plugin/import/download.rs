//! Downloads packages from the URLs that AWS has signed for it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::plugin::failure::Failure;

/// How long nothing may arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client for one import.
pub struct Client(hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl Client {
    /// Connects to nothing yet.
    pub fn new() -> Result<Self, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| {
                Failure::new(format!("the certificates of this machine can't be read: {error}"))
            })?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// Downloads into a file, which is there only once its hash is right. The error has no URL: whoever has it can download
    /// the package.
    pub async fn download(&self, url: &str, path: &Path, hash: &str) -> Result<(), String> {
        let partial = path.with_extension("part");
        let done = self.fetch(url, &partial).await.and_then(|has| {
            if has == hash {
                fs::rename(&partial, path).map_err(|error| unwritable(path, &error))
            } else {
                Err(format!("what was downloaded has the SHA-256 {has}, and AWS says {hash}; try again"))
            }
        });
        if done.is_err() {
            // There may be none.
            let _ = fs::remove_file(&partial);
        }
        done
    }

    async fn fetch(&self, url: &str, path: &Path) -> Result<String, String> {
        let url = url.parse().map_err(|_| "AWS named a place that is no URL".to_owned())?;
        let late = |_| format!("nothing arrived for {} seconds", PATIENCE.as_secs());
        let answer = timeout(PATIENCE, self.0.get(url)).await.map_err(late)?;
        let answer = answer.map_err(|error| format!("it can't be downloaded: {error}"))?;
        if !answer.status().is_success() {
            return Err(format!("the download was refused: {}", answer.status()));
        }
        let mut file = File::create(path).map_err(|error| unwritable(path, &error))?;
        let (mut body, mut hash) = (answer.into_body(), Sha256::new());
        while let Some(frame) = timeout(PATIENCE, body.frame()).await.map_err(late)? {
            let frame = frame.map_err(|error| format!("the download was cut off: {error}"))?;
            if let Ok(bytes) = frame.into_data() {
                hash.update(&bytes);
                file.write_all(&bytes).map_err(|error| unwritable(path, &error))?;
            }
        }
        Ok(STANDARD.encode(hash.finalize()))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("the file {} can't be written: {error}", path.display())
}
