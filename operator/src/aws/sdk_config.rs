//! The SDK's configuration: where credentials and region come from, and what all clients share.
//!
//! Retries are off: every attempt takes its own token, and after an unknown outcome the engine reads before it
//! repeats. <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/credproviders.html>

use std::sync::Arc;
use std::time::Duration;

use aws_config::meta::region::{ProvideRegion, future};
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::settings::{AwsSettings, CallObserver};

/// How requests of the operator name it.
pub const APPLICATION: &str = "lambda-operator";

/// How long connecting may take. It follows the last look at the leader lease (`gate`), so it must be shorter than what a
/// lease lasts longer than the leader's own deadline, by default 5 s.
const CONNECT: Duration = Duration::from_secs(3);

/// Loads configurations, each with credentials read anew.
pub(super) struct SdkSource {
    settings: AwsSettings,
    http: SharedHttpClient,
    observer: Arc<dyn CallObserver>,
    /// Instead of what the SDK's chain finds.
    region: Option<Fixed>,
}

/// A region, or none, whatever the surroundings say.
#[derive(Clone, Debug)]
struct Fixed(Option<Region>);

impl ProvideRegion for Fixed {
    fn region(&self) -> future::ProvideRegion<'_> {
        future::ProvideRegion::ready(self.0.clone())
    }
}

impl SdkSource {
    pub(super) fn new(settings: AwsSettings, observer: Arc<dyn CallObserver>) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = Builder::new().tls_provider(provider).build_https();
        let region = settings.region.clone().map(|region| Fixed(Some(Region::new(region))));
        Self { settings, http, observer, region }
    }

    #[cfg(test)]
    pub(super) fn without_region(self) -> Self {
        Self { region: Some(Fixed(None)), ..self }
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
            .connect_timeout(settings.call_timeout.min(CONNECT))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .app_name(
                AppName::new(settings.application).expect("the name has no other characters than it may"),
            )
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(region.clone());
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
