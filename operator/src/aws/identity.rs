//! Whose credentials these are, and credentials that stay of one account.
//!
//! `login` asks once per credential. Where credentials are renewed by themselves (a web identity, a pod identity, an
//! instance), their role can be exchanged meanwhile for one of another account, and then every resource would look
//! deleted. So renewed credentials are confirmed before their first use.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::call::Kind;
use super::error::{AwsError, Class};
use super::sdk_error;
use super::settings::{CallObserver, CallRecord};

const OPERATION: &str = "GetCallerIdentity";

/// Asks STS. Everything but the credentials comes from the configuration.
pub(super) async fn account_of(
    credentials: Credentials,
    config: &SdkConfig,
    region: &Region,
    observer: &dyn CallObserver,
) -> Result<String, AwsError> {
    let config =
        aws_sdk_sts::config::Builder::from(config).region(region.clone()).credentials_provider(credentials);
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let started = Instant::now();
    let answer = client.get_caller_identity().send().await;
    let seconds = started.elapsed().as_secs_f64();
    let answer = answer.map_err(|error| sdk_error::convert(OPERATION, Kind::Read, &error));
    observer.call(&CallRecord::of_sts(OPERATION, region, seconds, answer.as_ref().err()));
    let answer = answer.map_err(|(error, _)| error)?;
    match answer.account() {
        Some(account) if !account.is_empty() => Ok(account.to_owned()),
        _ => Err(AwsError::new(OPERATION, Class::Transient, "InvalidAnswer", "STS named no account")),
    }
}

/// Reads the credentials that the configuration finds.
pub(super) async fn credentials_of(config: &SdkConfig, patience: Duration) -> Result<Credentials, AwsError> {
    let refused = |text: String| AwsError::new(OPERATION, Class::Auth, "CredentialsNotLoaded", text);
    let provider =
        config.credentials_provider().ok_or_else(|| refused("no credentials are set".to_owned()))?;
    match tokio::time::timeout(patience, provider.provide_credentials()).await {
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => Err(refused(sdk_error::chain(&error))),
        Err(_) => Err(refused(format!("no credentials were found within {} s", patience.as_secs()))),
    }
}

/// The credentials of a configuration, as long as they are of the account.
pub(super) struct OfOneAccount {
    config: SdkConfig,
    inner: SharedCredentialsProvider,
    region: Region,
    account: String,
    observer: Arc<dyn CallObserver>,
    /// The last that were confirmed; handed out at once the first time.
    confirmed: Mutex<Confirmed>,
}

struct Confirmed {
    access_key: String,
    unused: Option<Credentials>,
}

impl OfOneAccount {
    /// The configuration with credentials that have just been found to be of this account.
    pub(super) fn config(
        config: SdkConfig,
        region: Region,
        confirmed: Credentials,
        account: String,
        observer: Arc<dyn CallObserver>,
    ) -> SdkConfig {
        let Some(inner) = config.credentials_provider() else { return config };
        let access_key = confirmed.access_key_id().to_owned();
        let confirmed = Mutex::new(Confirmed { access_key, unused: Some(confirmed) });
        let only = Self { inner, region, account, observer, confirmed, config: config.clone() };
        config.into_builder().credentials_provider(SharedCredentialsProvider::new(only)).build()
    }

    async fn provide(&self) -> provider::Result {
        if let Some(credentials) = self.confirmed.lock().unused.take() {
            return Ok(credentials);
        }
        let credentials = self.inner.provide_credentials().await?;
        if self.confirmed.lock().access_key == credentials.access_key_id() {
            return Ok(credentials);
        }
        let account = account_of(credentials.clone(), &self.config, &self.region, &*self.observer).await;
        let account = account.map_err(CredentialsError::provider_error)?;
        if account != self.account {
            let text = format!("the credentials were of account {} and are now of {account}", self.account);
            return Err(CredentialsError::invalid_configuration(text));
        }
        credentials.access_key_id().clone_into(&mut self.confirmed.lock().access_key);
        Ok(credentials)
    }
}

impl ProvideCredentials for OfOneAccount {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

impl fmt::Debug for OfOneAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfOneAccount({})", self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::NoObserver;

    /// Other credentials at each call.
    #[derive(Debug)]
    struct Renewed(Mutex<Vec<&'static str>>);

    impl ProvideCredentials for Renewed {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let next = self.0.lock().pop().ok_or_else(|| CredentialsError::not_loaded("none left"));
            future::ProvideCredentials::ready(next.map(|key| Credentials::new(key, "s", None, None, "test")))
        }
    }

    async fn renewing(
        sim: &lambda_sim::Sim,
        first: &str,
        mut keys: Vec<&'static str>,
    ) -> SharedCredentialsProvider {
        keys.reverse();
        let settings = crate::aws::AwsSettings {
            endpoint_url: Some(sim.endpoint()),
            ..crate::aws::AwsSettings::default()
        };
        let loaded = crate::aws::sdk_config::SdkSource::new(settings, Arc::new(NoObserver)).load().await;
        let provider = SharedCredentialsProvider::new(Renewed(Mutex::new(keys)));
        let config = loaded.into_builder().credentials_provider(provider).build();
        let first = Credentials::new(first, "s", None, None, "test");
        let region = Region::new("eu-west-1");
        let config =
            OfOneAccount::config(config, region, first, "111122223333".to_owned(), Arc::new(NoObserver));
        config.credentials_provider().unwrap()
    }

    #[tokio::test]
    async fn renewed_credentials_are_confirmed_once() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let provider =
            renewing(&sim, "ASIA111122223333A", vec!["ASIA111122223333B", "ASIA111122223333B"]).await;
        for (key, asked) in [("ASIA111122223333A", 0), ("ASIA111122223333B", 1), ("ASIA111122223333B", 1)] {
            assert_eq!(provider.provide_credentials().await.unwrap().access_key_id(), key);
            assert_eq!(sim.control().ledger().await.len(), asked);
        }
    }

    #[tokio::test]
    async fn credentials_of_another_account_are_not_handed_out() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let provider = renewing(&sim, "ASIA111122223333A", vec!["ASIA999999999999B"]).await;
        provider.provide_credentials().await.unwrap();
        let error = provider.provide_credentials().await.unwrap_err();
        let text = sdk_error::chain(&error);
        assert!(text.contains("were of account 111122223333 and are now of 999999999999"), "{text}");
    }
}
