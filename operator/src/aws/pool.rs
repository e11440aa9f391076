//! The operator's way into AWS: one [`Scope`] per account and region, found through [`Aws::scope`].

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::call::Scope;
use super::error::AwsError;
use super::login::{Login, no_region};
use super::sdk_config::SdkSource;
use super::settings::{AwsSettings, CallObserver, WriteGate};

/// All accounts and regions that the operator works in. Clones share everything.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    settings: AwsSettings,
    gate: Arc<dyn WriteGate>,
    observer: Arc<dyn CallObserver>,
    login: Arc<Login>,
    scopes: Mutex<Scopes>,
}

#[derive(Default)]
struct Scopes {
    /// By account and region.
    open: HashMap<(String, String), Arc<Scope>>,
    stopped: bool,
}

impl Aws {
    /// Sends nothing yet.
    pub fn new(settings: AwsSettings, gate: Arc<dyn WriteGate>, observer: Arc<dyn CallObserver>) -> Self {
        let source = SdkSource::new(settings.clone(), Arc::clone(&observer));
        let login = Login::new(source, settings.probe_min, settings.probe_max);
        Self(Arc::new(Inner { settings, gate, observer, login, scopes: Mutex::default() }))
    }

    /// The operator's own account in this region, or in its own region. Asks STS once per credential.
    pub async fn scope(&self, region: Option<&str>) -> Result<Arc<Scope>, AwsError> {
        let session = self.0.login.session(region).await?;
        let default = || session.config.region().map(ToString::to_string);
        let region = region.map(str::to_owned).or_else(default).ok_or_else(no_region)?;
        let mut scopes = self.0.scopes.lock();
        let stopped = scopes.stopped;
        let scope = scopes.open.entry((session.account.clone(), region.clone())).or_insert_with(|| {
            let quota =
                super::quota::Quota::new(self.0.settings.quota_share, !self.0.settings.quotas_enabled);
            let (gate, observer) = (Arc::clone(&self.0.gate), Arc::clone(&self.0.observer));
            Arc::new(Scope::new(session.account, region, Arc::clone(&self.0.login), quota, gate, observer))
        });
        if stopped {
            scope.stop();
        }
        Ok(Arc::clone(scope))
    }

    /// All scopes opened so far.
    pub fn scopes(&self) -> Vec<Arc<Scope>> {
        self.0.scopes.lock().open.values().cloned().collect()
    }

    /// Changes each time that AWS accepts credentials again that it had refused: everything is worth another look.
    pub fn resumed(&self) -> watch::Receiver<u64> {
        self.0.login.resumed()
    }

    /// Why nothing is sent at present, while AWS refuses the credentials.
    pub fn paused(&self) -> Option<AwsError> {
        self.0.login.paused()
    }

    /// Refuses every call from now on, also those that wait for the quota, with `Class::ShuttingDown`. Calls under
    /// way are finished.
    pub fn shut_down(&self) {
        let mut scopes = self.0.scopes.lock();
        scopes.stopped = true;
        scopes.open.values().for_each(|scope| scope.stop());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Class, NoObserver, OpenGate, Priority};

    const ACCOUNT: &str = "111122223333";

    fn aws(sim: &lambda_sim::Sim) -> Aws {
        let settings = AwsSettings {
            endpoint_url: Some(sim.endpoint()),
            region: Some("eu-west-1".to_owned()),
            static_credentials: Some((format!("AKIA{ACCOUNT}"), "secret".to_owned())),
            ..AwsSettings::default()
        };
        Aws::new(settings, Arc::new(OpenGate), Arc::new(NoObserver))
    }

    #[tokio::test]
    async fn with_credentials_of_another_account_the_old_scope_does_nothing() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let aws = aws(&sim);
        let old = aws.scope(None).await.unwrap();
        let session = aws.0.login.session(None).await.unwrap();
        aws.0.login.confirm(session.config, "999999999999".to_owned());
        sim.control().clear_ledger().await;

        for error in [
            old.get_function("f", Priority::User).await.map(drop).unwrap_err(),
            old.delete_function("f", Priority::User).await.unwrap_err(),
        ] {
            assert_eq!((error.class, error.code.as_str()), (Class::AccessDenied, "AccountMismatch"));
            assert!(error.message.contains(ACCOUNT) && error.message.contains("999999999999"), "{error}");
        }
        assert_eq!(sim.control().ledger().await, []);
        assert_eq!(aws.scope(None).await.unwrap().account(), "999999999999");
        assert_eq!(old.account(), ACCOUNT);
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_renewed_pause_the_account() {
        use aws_credential_types::provider::error::CredentialsError;
        use aws_credential_types::provider::{SharedCredentialsProvider, future};

        #[derive(Debug)]
        struct Nothing;

        impl aws_credential_types::provider::ProvideCredentials for Nothing {
            fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("no token file")))
            }
        }

        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let aws = aws(&sim);
        let scope = aws.scope(None).await.unwrap();
        let session = aws.0.login.session(None).await.unwrap();
        let nothing = SharedCredentialsProvider::new(Nothing);
        let config = session.config.into_builder().credentials_provider(nothing).build();
        aws.0.login.confirm(config, ACCOUNT.to_owned());
        let error = scope.delete_function("f", Priority::User).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Auth, "CredentialsNotLoaded"), "{error}");
        assert!(error.message.contains("no token file") && !error.unknown_outcome, "{error}");
        assert_eq!(aws.paused(), Some(error));
    }
}
