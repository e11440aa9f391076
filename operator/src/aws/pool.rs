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
            let Inner { settings, gate, observer, login, .. } = &*self.0;
            let (gate, observer) = (Arc::clone(gate), Arc::clone(observer));
            Arc::new(Scope::new(session.account, region, Arc::clone(login), settings, gate, observer))
        });
        if stopped {
            scope.stop();
        }
        Ok(Arc::clone(scope))
    }

    /// Changes each time that AWS accepts credentials again that it had refused, everywhere or in one region: all that
    /// had a problem is worth another look.
    pub fn resumed(&self) -> watch::Receiver<u64> {
        self.0.login.resumed()
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
    use std::fmt;
    use std::sync::atomic::{AtomicBool, Ordering};

    use aws_config::SdkConfig;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};

    use super::*;
    use crate::aws::login::Found;
    use crate::aws::{Class, NoObserver, OpenGate, Priority};

    const ACCOUNT: &str = "111122223333";

    fn key() -> Credentials {
        Credentials::new(format!("AKIA{ACCOUNT}"), "secret", None, None, "test")
    }

    fn found(config: SdkConfig, account: &str) -> Found {
        Found { config, account: account.to_owned(), credentials: key(), region: "eu-west-1".to_owned() }
    }

    /// Asks a closure for credentials.
    struct Providing<F>(F);

    impl<F> fmt::Debug for Providing<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Providing")
        }
    }

    impl<F: Fn() -> provider::Result + Send + Sync> ProvideCredentials for Providing<F> {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready((self.0)())
        }
    }

    fn aws(sim: &lambda_sim::Sim) -> Aws {
        with_gate(sim, Arc::new(OpenGate))
    }

    fn with_gate(sim: &lambda_sim::Sim, gate: Arc<dyn WriteGate>) -> Aws {
        let settings = AwsSettings {
            endpoint_url: Some(sim.endpoint()),
            region: Some("eu-west-1".to_owned()),
            static_credentials: Some((format!("AKIA{ACCOUNT}"), "secret".to_owned())),
            ..AwsSettings::default()
        };
        Aws::new(settings, gate, Arc::new(NoObserver))
    }

    #[tokio::test]
    async fn with_credentials_of_another_account_the_old_scope_does_nothing() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let aws = aws(&sim);
        let old = aws.scope(None).await.unwrap();
        let session = aws.0.login.session(None).await.unwrap();
        aws.0.login.confirm(found(session.config, "999999999999"));
        sim.control().clear_ledger().await;

        for error in [
            old.get_function("f", Priority::User).await.map(drop).unwrap_err(),
            old.delete_function("f", Priority::User).await.unwrap_err(),
        ] {
            assert_eq!((error.class, error.code.as_str()), (Class::AccountMismatch, "AccountMismatch"));
            assert!(error.message.contains(ACCOUNT) && error.message.contains("999999999999"), "{error}");
        }
        assert_eq!(sim.control().ledger().await, []);
        assert_eq!(aws.scope(None).await.unwrap().account(), "999999999999");
        assert_eq!(old.account(), ACCOUNT);
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_renewed_pause_the_account() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let aws = aws(&sim);
        let scope = aws.scope(None).await.unwrap();
        let session = aws.0.login.session(None).await.unwrap();
        let nothing = Providing(|| Err(CredentialsError::not_loaded("no token file")));
        let config = session
            .config
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(nothing))
            .build();
        aws.0.login.confirm(found(config, ACCOUNT));
        let error = scope.delete_function("f", Priority::User).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Auth, "CredentialsNotLoaded"), "{error}");
        assert!(error.message.contains("no token file") && !error.unknown_outcome, "{error}");
        assert_eq!(aws.0.login.paused(), Some(error));
    }

    /// A lease that can run out.
    #[derive(Default)]
    struct Lease(AtomicBool);

    impl WriteGate for Lease {
        fn check(&self) -> Result<(), String> {
            if self.0.load(Ordering::SeqCst) { Err("the lease has run out".to_owned()) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn a_lease_that_runs_out_while_credentials_are_fetched_stops_the_write() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let lease = Arc::new(Lease::default());
        let aws = with_gate(&sim, Arc::clone(&lease) as Arc<dyn WriteGate>);
        let scope = aws.scope(None).await.unwrap();
        let session = aws.0.login.session(None).await.unwrap();
        let late = Arc::clone(&lease);
        let slow = Providing(move || {
            late.0.store(true, Ordering::SeqCst);
            Ok(key())
        });
        let slow = SharedCredentialsProvider::new(slow);
        let config = session.config.into_builder().credentials_provider(slow).build();
        aws.0.login.confirm(found(config, ACCOUNT));
        sim.control().clear_ledger().await;

        let error = scope.delete_function("f", Priority::User).await.unwrap_err();
        assert_eq!((error.class, error.message.as_str()), (Class::NotLeader, "the lease has run out"));
        assert!(!error.unknown_outcome);
        assert_eq!(sim.control().ledger().await, [], "nothing was sent");
        assert_eq!(aws.0.login.paused(), None);
        assert_eq!(scope.get_function("f", Priority::User).await.unwrap(), None, "reads go on");
    }
}
