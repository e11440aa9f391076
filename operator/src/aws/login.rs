//! Who we are to AWS: one set of credentials, its account, and the pause while AWS refuses it.
//!
//! `pool` has one of these per credential and every call goes through [`Login::session`]. While paused, nothing is
//! sent but one GetCallerIdentity now and then; when it succeeds, everybody who watches `resumed` is woken.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use std::sync::Arc;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::error::{AwsError, Class};
use super::identity::{self, OfOneAccount};
use super::pause::Pause;
use super::sdk_config::SdkSource;

/// Credentials that STS has confirmed.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// What clients are built from.
    pub(super) config: SdkConfig,
    /// The account id, 12 digits.
    pub(super) account: String,
    /// Counts confirmations, so that late failures of older credentials are told apart.
    pub(super) generation: u64,
}

/// One credential.
pub(super) struct Login {
    source: SdkSource,
    state: Mutex<State>,
    /// Held by the one who asks STS.
    probing: tokio::sync::Mutex<()>,
    resumed: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    session: Option<Session>,
    pause: Pause<AwsError>,
    /// Whether a task is waiting to probe.
    watched: bool,
    /// Where STS was asked for last, for probes that nobody asked for.
    region: Option<String>,
}

impl Login {
    pub(super) fn new(source: SdkSource, probe_min: Duration, probe_max: Duration) -> Arc<Self> {
        let state =
            State { session: None, pause: Pause::new(probe_min, probe_max), watched: false, region: None };
        let (resumed, _) = watch::channel(0);
        Arc::new(Self { source, state: Mutex::new(state), probing: tokio::sync::Mutex::default(), resumed })
    }

    /// Changes each time that paused credentials work again.
    pub(super) fn resumed(&self) -> watch::Receiver<u64> {
        self.resumed.subscribe()
    }

    /// Why nothing is sent at present.
    pub(super) fn paused(&self) -> Option<AwsError> {
        self.state.lock().pause.error().cloned()
    }

    /// The confirmed credentials, asking STS when there are none or a probe is due. `region` is where STS is asked
    /// if the settings say nothing.
    pub(super) async fn session(self: &Arc<Self>, region: Option<&str>) -> Result<Session, AwsError> {
        if let Some(answer) = self.known() {
            return answer;
        }
        let _one = self.probing.lock().await;
        match self.known() {
            Some(answer) => answer,
            None => self.probe(region).await,
        }
    }

    /// `None` when STS has to be asked.
    fn known(&self) -> Option<Result<Session, AwsError>> {
        let state = self.state.lock();
        match state.pause.error() {
            Some(error) if !state.pause.is_due(Instant::now().into_std()) => Some(Err(error.clone())),
            Some(_) => None,
            None => state.session.clone().map(Ok),
        }
    }

    async fn probe(self: &Arc<Self>, region: Option<&str>) -> Result<Session, AwsError> {
        match self.ask(region).await {
            Ok((config, account)) => Ok(self.confirm(config, account)),
            // That a region is missing says nothing about the credentials, and the next caller may bring one.
            Err(error) if error.code == NO_REGION && self.paused().is_none() => Err(error),
            Err(error) => {
                self.pause(&mut self.state.lock(), error.clone());
                Err(error)
            }
        }
    }

    /// From now on these are the credentials, and they work.
    pub(super) fn confirm(&self, config: SdkConfig, account: String) -> Session {
        let mut state = self.state.lock();
        let generation = state.session.as_ref().map_or(0, |session| session.generation) + 1;
        let session = Session { config, account, generation };
        state.session = Some(session.clone());
        let was_paused = state.pause.end();
        drop(state);
        if was_paused {
            tracing::info!(account = session.account, "AWS accepts the credentials again");
            self.resumed.send_modify(|count| *count += 1);
        }
        session
    }

    /// AWS refused the credentials of this generation in a call. Only the first such answer counts.
    pub(super) fn condemn(self: &Arc<Self>, generation: u64, error: &AwsError) {
        let mut state = self.state.lock();
        let current = state.session.as_ref().is_some_and(|session| session.generation == generation);
        if current && state.pause.error().is_none() {
            self.pause(&mut state, error.clone());
        }
    }

    fn pause(self: &Arc<Self>, state: &mut State, error: AwsError) {
        let (operation, code, request_id) = (error.operation, &error.code, error.request_id.as_deref());
        tracing::warn!(
            operation,
            code,
            request_id,
            "nothing is sent to AWS until it accepts the credentials"
        );
        state.pause.begin(error, Instant::now().into_std());
        if !std::mem::replace(&mut state.watched, true) {
            tokio::spawn(recover(Arc::downgrade(self)));
        }
    }

    /// When the next probe is due; `None` when not paused, which also ends the watch.
    fn next_probe(&self) -> Option<std::time::Instant> {
        let mut state = self.state.lock();
        let due = state.pause.due();
        state.watched = due.is_some();
        due
    }

    /// The SDK's configuration with credentials read anew, and the account that STS says they belong to.
    async fn ask(&self, region: Option<&str>) -> Result<(SdkConfig, String), AwsError> {
        let config = self.source.load().await;
        let asked = region.map(str::to_owned).or_else(|| self.state.lock().region.clone());
        self.state.lock().region.clone_from(&asked);
        let region = config.region().cloned().or_else(|| asked.map(Region::new)).ok_or_else(no_region)?;
        let credentials = identity::credentials_of(&config, self.source.patience()).await?;
        let observer = self.source.observer();
        let account = identity::account_of(credentials.clone(), &config, &region, &*observer).await?;
        let config = OfOneAccount::config(config, region, credentials, account.clone(), observer);
        Ok((config, account))
    }
}

/// The code of [`no_region`].
const NO_REGION: &str = "NoRegion";

/// What `scope` answers when no region is known.
pub(super) fn no_region() -> AwsError {
    let remedy =
        "no AWS region is known: set spec.region, or give the operator a region (--aws-region or AWS_REGION)";
    AwsError::new("GetCallerIdentity", Class::DependencyMissing, NO_REGION, remedy)
}

/// Probes until the credentials work, so that recovery needs no caller.
async fn recover(login: std::sync::Weak<Login>) {
    loop {
        let Some(due) = login.upgrade().and_then(|login| login.next_probe()) else { return };
        tokio::time::sleep_until(due.into()).await;
        let Some(login) = login.upgrade() else { return };
        drop(login.session(None).await);
    }
}
