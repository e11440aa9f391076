//! The operator's way into AWS: one [`Scope`] per credentials, account and region, found through [`Aws::scope`] and
//! [`Aws::scope_as`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::call::Scope;
use super::error::AwsError;
use super::login::{Login, Source, Whose, no_region};
use super::place::Place;
use super::quota::Quota;
use super::role::Role;
use super::sdk_config::SdkSource;
use super::settings::{AwsSettings, CallObserver, WriteGate};

/// All accounts and regions that the operator works in. Clones share everything.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    settings: AwsSettings,
    gate: Arc<dyn WriteGate>,
    observer: Arc<dyn CallObserver>,
    sdk: Arc<SdkSource>,
    /// The operator's own.
    login: Arc<Login>,
    tidings: Arc<Tidings>,
    scopes: Mutex<Scopes>,
}

#[derive(Default)]
struct Scopes {
    /// By account and region: what all who work there share.
    places: HashMap<(String, String), Arc<Place>>,
    /// By the number of the credentials, account and region.
    open: HashMap<(u64, String, String), Arc<Scope>>,
    /// By the LambdaAccount's name.
    roles: HashMap<String, (Role, Arc<Login>)>,
    /// The number of the newest credentials.
    newest: u64,
    /// Parts of the quota that are other than the operator's setting, by account.
    shares: HashMap<String, f64>,
    stopped: bool,
}

/// How often each credentials were paused, or worked again.
pub type Counts = BTreeMap<Whose, u64>;

/// Tells when credentials pause and when they work again.
#[derive(Debug)]
pub struct Tidings {
    paused: watch::Sender<Counts>,
    resumed: watch::Sender<Counts>,
}

impl Default for Tidings {
    fn default() -> Self {
        Self { paused: watch::channel(Counts::new()).0, resumed: watch::channel(Counts::new()).0 }
    }
}

impl Tidings {
    pub(super) fn paused(&self, whose: Whose) {
        self.paused.send_modify(|counts| *counts.entry(whose).or_default() += 1);
    }

    pub(super) fn resumed(&self, whose: Whose) {
        self.resumed.send_modify(|counts| *counts.entry(whose).or_default() += 1);
    }

    /// Whose count has changed since the last look, which this is from now on.
    pub fn news(counts: &mut watch::Receiver<Counts>, seen: &mut Counts) -> Vec<Whose> {
        let now = counts.borrow_and_update().clone();
        let news = now.iter().filter(|(whose, count)| seen.get(*whose) != Some(*count));
        let news = news.map(|(whose, _)| whose.clone()).collect();
        *seen = now;
        news
    }
}

impl Aws {
    /// Sends nothing yet.
    pub fn new(settings: AwsSettings, gate: Arc<dyn WriteGate>, observer: Arc<dyn CallObserver>) -> Self {
        let sdk = Arc::new(SdkSource::new(settings.clone(), Arc::clone(&observer)));
        let tidings = Arc::new(Tidings::default());
        let waits = (settings.probe_min, settings.probe_max);
        let login = Login::new(0, Source::Chain, Arc::clone(&sdk), waits, Arc::clone(&tidings));
        let scopes = Mutex::default();
        Self(Arc::new(Inner { settings, gate, observer, sdk, login, tidings, scopes }))
    }

    /// The operator's own account in this region, or in its own region. Asks STS once per credential.
    pub async fn scope(&self, region: Option<&str>) -> Result<Arc<Scope>, AwsError> {
        self.scope_of(&self.0.login, region).await
    }

    /// The account of a role, in this region or in the operator's own. The role is assumed once for all regions; when the
    /// LambdaAccount comes with another role, or asks for it otherwise, what was there for it is forgotten.
    pub async fn scope_as(&self, role: &Role, region: Option<&str>) -> Result<Arc<Scope>, AwsError> {
        let login = self.login_of(role);
        self.scope_of(&login, region).await
    }

    /// The LambdaAccount is gone, or names no role any more.
    pub fn forget_role(&self, account: &str) {
        self.0.scopes.lock().forget_role(account);
    }

    /// The part of the account's quota that the operator may use; `None`: what the settings say.
    pub fn set_quota_share(&self, account: &str, share: Option<f64>) {
        let scopes = &mut *self.0.scopes.lock();
        let before = match share {
            Some(share) => scopes.shares.insert(account.to_owned(), share),
            None => scopes.shares.remove(account),
        };
        if before == share {
            return;
        }
        let share = share.unwrap_or(self.0.settings.quota_share);
        let places = scopes.places.values().filter(|place| place.account == account);
        places.for_each(|place| place.quota.set_share(share));
    }

    fn login_of(&self, role: &Role) -> Arc<Login> {
        let Inner { settings, sdk, login, tidings, scopes, .. } = &*self.0;
        let mut scopes = scopes.lock();
        if let Some((_, known)) = scopes.roles.get(&role.account).filter(|(known, _)| known == role) {
            return Arc::clone(known);
        }
        scopes.forget_role(&role.account);
        scopes.newest += 1;
        let source = Source::Role { role: role.clone(), operator: Arc::clone(login) };
        let waits = (settings.probe_min, settings.probe_max);
        let login = Login::new(scopes.newest, source, Arc::clone(sdk), waits, Arc::clone(tidings));
        scopes.roles.insert(role.account.clone(), (role.clone(), Arc::clone(&login)));
        login
    }

    async fn scope_of(&self, login: &Arc<Login>, region: Option<&str>) -> Result<Arc<Scope>, AwsError> {
        let session = login.session(region).await?;
        let default = || session.config.region().map(ToString::to_string);
        let region = region.map(str::to_owned).or_else(default).ok_or_else(no_region)?;
        let mut scopes = self.0.scopes.lock();
        let key = (login.number(), session.account.clone(), region.clone());
        if let Some(scope) = scopes.open.get(&key) {
            return Ok(Arc::clone(scope));
        }
        let place = scopes.place(&session.account, &region, &self.0.settings);
        let Inner { settings, gate, observer, .. } = &*self.0;
        let (gate, observer) = (Arc::clone(gate), Arc::clone(observer));
        let scope = Arc::new(Scope::new(Arc::clone(&place), Arc::clone(login), settings, gate, observer));
        place.opened(login.number(), &scope);
        if scopes.stopped {
            scope.stop();
        }
        scopes.open.insert(key, Arc::clone(&scope));
        Ok(scope)
    }

    /// Changes each time that AWS accepts credentials again that it had refused, everywhere or in one region: whoever
    /// works with them and had a problem is worth another look.
    pub fn resumed(&self) -> watch::Receiver<Counts> {
        self.0.tidings.resumed.subscribe()
    }

    /// Changes each time that AWS refuses credentials that it had accepted.
    pub fn paused(&self) -> watch::Receiver<Counts> {
        self.0.tidings.paused.subscribe()
    }

    /// Refuses every call from now on, also those that wait for the quota, with `Class::ShuttingDown`. Calls under
    /// way are finished.
    pub fn shut_down(&self) {
        let mut scopes = self.0.scopes.lock();
        scopes.stopped = true;
        // Also what was forgotten and is still under way.
        let all = scopes.places.values().flat_map(|place| place.readers());
        all.for_each(|scope| scope.stop());
    }
}

impl Scopes {
    fn place(&mut self, account: &str, region: &str, settings: &AwsSettings) -> Arc<Place> {
        let share = self.shares.get(account).copied().unwrap_or(settings.quota_share);
        let place = self
            .places
            .entry((account.to_owned(), region.to_owned()))
            .or_insert_with(|| Place::new(account, region, Quota::new(share, !settings.quotas_enabled)));
        Arc::clone(place)
    }

    /// Whoever has a scope of it finishes what is under way.
    fn forget_role(&mut self, account: &str) {
        if let Some((_, login)) = self.roles.remove(account) {
            self.open.retain(|(number, ..), _| *number != login.number());
        }
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
