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
