//! The SDK's configuration: where credentials and region come from, and what all clients share.
//!
//! Retries are off: every attempt takes its own token, and after an unknown outcome the engine reads before it
//! repeats. <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/credproviders.html>

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::settings::{AwsSettings, CallObserver};

/// Loads configurations, each with credentials read anew.
pub(super) struct SdkSource {
    settings: AwsSettings,
    http: SharedHttpClient,
    observer: Arc<dyn CallObserver>,
}

impl SdkSource {
    pub(super) fn new(settings: AwsSettings, observer: Arc<dyn CallObserver>) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        Self { settings, http: Builder::new().tls_provider(provider).build_https(), observer }
    }

    pub(super) fn observer(&self) -> Arc<dyn CallObserver> {
        Arc::clone(&self.observer)
    }

    /// How long to look for credentials.
    pub(super) fn patience(&self) -> Duration {
        self.settings.call_timeout
    }

    pub(super) async fn load(&self) -> SdkConfig {
        let settings = &self.settings;
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(settings.call_timeout)
            .connect_timeout(settings.call_timeout.min(Duration::from_secs(5)))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some((key, secret)) = &settings.static_credentials {
            loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "static"));
        }
        loader.load().await
    }
}
