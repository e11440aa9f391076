//! Who we are to AWS: one set of credentials, its account, and the pause while AWS refuses it.
//!
//! `pool` has one of these per credential and every call goes through [`Login::session`]. While paused, nothing is
//! sent but one GetCallerIdentity now and then; when it succeeds, everybody who watches `resumed` is woken.
//!
//! Those of a role come from AssumeRole with the operator's own, which so has its say: while the operator's are refused,
//! nothing is asked for as a role.
//!
//! STS is asked in the operator's own region. If it has none, in the first region that an object names and STS answers
//! well in; a region that it doesn't answer well in pauses only those who name it.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

mod ask;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::error::{AwsError, Class};
use super::pause::Pause;
use super::pool::Tidings;
use super::sdk_config::SdkSource;
use crate::runtime::watchdog;

use ask::{Blame, Failed};
pub(super) use ask::{Found, Source};

/// Whose credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// The operator's own.
    Operator,
    /// Those of the role of a LambdaAccount, by its name.
    Account(String),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator's credentials"),
            Self::Account(name) => write!(f, "credentials of LambdaAccount {name}"),
        }
    }
}

/// Credentials that STS has confirmed.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// What clients are built from.
    pub(super) config: SdkConfig,
    /// The account id, 12 digits.
    pub(super) account: String,
    /// Counts confirmations, so that late failures of older credentials are told apart.
    pub(super) generation: u64,
    credentials: Credentials,
}

/// What it means that AWS has refused the credentials of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// STS refuses them too, or can't be asked: everybody pauses.
    Everywhere,
    /// STS accepts the very same credentials in this region.
    Here { works_in: String },
    /// Others have taken their place.
    Outdated,
}

/// One credential.
pub(super) struct Login {
    /// Tells it from others, also of the same LambdaAccount.
    number: u64,
    source: Source,
    sdk: Arc<SdkSource>,
    state: Mutex<State>,
    /// Held by the one who asks STS.
    probing: tokio::sync::Mutex<()>,
    tidings: Arc<Tidings>,
}

#[derive(Debug)]
struct State {
    session: Option<Session>,
    /// When STS last confirmed them.
    confirmed: Option<Instant>,
    pause: Pause<AwsError>,
    /// Whether a task is waiting to probe.
    watched: bool,
    /// Where STS has answered well, and is asked again.
    home: Option<String>,
    /// Before that: the regions that objects named and STS didn't answer well in.
    strangers: HashMap<String, Pause<AwsError>>,
}

impl Login {
    /// Sends nothing yet.
    pub(super) fn new(
        number: u64,
        source: Source,
        sdk: Arc<SdkSource>,
        (probe_min, probe_max): (Duration, Duration),
        tidings: Arc<Tidings>,
    ) -> Arc<Self> {
        let state = State {
            session: None,
            confirmed: None,
            pause: Pause::new(probe_min, probe_max),
            watched: false,
            home: None,
            strangers: HashMap::new(),
        };
        let (state, probing) = (Mutex::new(state), tokio::sync::Mutex::default());
        Arc::new(Self { number, source, sdk, state, probing, tidings })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whose these are.
    pub(super) fn whose(&self) -> Whose {
        match &self.source {
            Source::Chain => Whose::Operator,
            Source::Role { role, .. } => Whose::Account(role.account.clone()),
        }
    }

    /// Why nothing is sent at present.
    pub(super) fn paused(&self) -> Option<AwsError> {
        self.state.lock().pause.error().cloned()
    }

    /// Something that was paused works again.
    pub(super) fn say_resumed(&self) {
        self.tidings.resumed(self.whose());
    }

    /// The confirmed credentials, asking STS when there are none or a probe is due. `region` is where STS is asked
    /// if nothing better is known.
    pub(super) async fn session(self: &Arc<Self>, region: Option<&str>) -> Result<Session, AwsError> {
        if let Some(answer) = self.known(region) {
            return answer;
        }
        let _one = watchdog::unhurried(self.probing.lock()).await;
        match self.known(region) {
            Some(answer) => answer,
            None => self.probe(region).await,
        }
    }

    /// `None` when STS has to be asked.
    fn known(&self, region: Option<&str>) -> Option<Result<Session, AwsError>> {
        let state = self.state.lock();
        let now = Instant::now().into_std();
        if let Err(error) = state.pause.check(now) {
            return Some(Err(error));
        }
        if state.pause.error().is_some() {
            return None;
        }
        let refused = || Some(Err(state.strangers.get(region?)?.check(now).err()?));
        state.session.clone().map(Ok).or_else(refused)
    }

    async fn probe(self: &Arc<Self>, region: Option<&str>) -> Result<Session, AwsError> {
        let Failed { error, blame } = match Box::pin(self.ask(region)).await {
            Ok(found) => return Ok(self.confirm(found)),
            Err(failed) => failed,
        };
        let mut state = self.state.lock();
        match blame {
            Blame::Region(region) => {
                let off = state.pause.like();
                let now = Instant::now().into_std();
                state.strangers.entry(region).or_insert(off).begin(error.clone(), now);
            }
            // That a region is missing says nothing about the credentials, and the next caller may bring one.
            Blame::These if error.code == NO_REGION && state.pause.error().is_none() => {}
            Blame::These => self.pause(&mut state, error.clone()),
            Blame::Operator => {}
        }
        Err(error)
    }

    /// From now on these are the credentials, and they work.
    pub(super) fn confirm(&self, found: Found) -> Session {
        let Found { config, account, credentials, region } = found;
        let mut state = self.state.lock();
        let generation = state.session.as_ref().map_or(0, |session| session.generation) + 1;
        let moved = state.session.as_ref().is_some_and(|session| session.account != account);
        let session = Session { config, account, generation, credentials };
        state.session = Some(session.clone());
        state.confirmed = Some(Instant::now());
        state.home = Some(region);
        state.strangers.clear();
        let was_paused = state.pause.end();
        drop(state);
        if was_paused {
            tracing::info!(account = session.account, "AWS accepts the {} again", self.whose());
        }
        if was_paused || moved {
            self.say_resumed();
        }
        session
    }

    /// AWS has refused a call of this session, sent at that time: asks STS whether the credentials are at fault, unless
    /// it has confirmed them since. If they are, everybody pauses.
    pub(super) async fn doubt(
        self: &Arc<Self>,
        session: &Session,
        sent: Instant,
        error: &AwsError,
    ) -> Refusal {
        let _one = watchdog::unhurried(self.probing.lock()).await;
        if let Some(refusal) = self.judged(session, sent) {
            return refusal;
        }
        if let Some(works_in) = self.still_good(session).await {
            return Refusal::Here { works_in };
        }
        match Box::pin(self.ask(None)).await {
            Ok(found)
                if found.account == session.account && same(&found.credentials, &session.credentials) =>
            {
                self.state.lock().confirmed = Some(Instant::now());
                Refusal::Here { works_in: found.region }
            }
            Ok(found) => {
                self.confirm(found);
                Refusal::Outdated
            }
            Err(_) => {
                self.condemn(session.generation, error);
                Refusal::Everywhere
            }
        }
    }

    /// Where STS has answered well.
    fn home(&self) -> Option<String> {
        self.state.lock().home.clone()
    }

    /// What is known of such a call already.
    fn judged(&self, session: &Session, sent: Instant) -> Option<Refusal> {
        let state = self.state.lock();
        if state.pause.error().is_some() {
            return Some(Refusal::Everywhere);
        }
        if state.session.as_ref().is_none_or(|current| current.generation != session.generation) {
            return Some(Refusal::Outdated);
        }
        let home = state.home.clone().filter(|_| state.confirmed.is_some_and(|confirmed| confirmed > sent));
        home.map(|works_in| Refusal::Here { works_in })
    }

    /// The credentials of this generation are of no use. Only the first who says so counts.
    pub(super) fn condemn(self: &Arc<Self>, generation: u64, error: &AwsError) {
        let mut state = self.state.lock();
        let current = state.session.as_ref().is_some_and(|session| session.generation == generation);
        if current && state.pause.error().is_none() {
            self.pause(&mut state, error.clone());
        }
    }

    fn pause(self: &Arc<Self>, state: &mut State, error: AwsError) {
        let (operation, code, request_id) = (error.operation, &error.code, error.request_id.as_deref());
        let whose = self.whose();
        tracing::warn!(
            operation,
            code,
            request_id,
            "nothing is sent with the {whose} until AWS accepts them"
        );
        state.pause.begin(error, Instant::now().into_std());
        self.tidings.paused(whose);
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
}

/// Whether AWS must judge both alike.
fn same(one: &Credentials, other: &Credentials) -> bool {
    let parts = |of: &Credentials| {
        [Some(of.access_key_id()), Some(of.secret_access_key()), of.session_token()]
            .map(|part| part.map(str::to_owned))
    };
    parts(one) == parts(other)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{AwsSettings, NoObserver};

    const ACCOUNT: &str = "111122223333";

    /// The operator has no region of its own.
    fn homeless(sim: &lambda_sim::Sim) -> Arc<Login> {
        let settings = AwsSettings {
            endpoint_url: Some(sim.endpoint()),
            static_credentials: Some((format!("AKIA{ACCOUNT}"), "secret".to_owned())),
            ..AwsSettings::default()
        };
        let sdk = Arc::new(SdkSource::new(settings, Arc::new(NoObserver)).without_region());
        let minutes = (Duration::from_mins(5), Duration::from_mins(5));
        Login::new(0, Source::Chain, sdk, minutes, Arc::default())
    }

    #[tokio::test]
    async fn without_a_region_of_its_own_the_operator_does_not_trust_the_first_that_is_named() {
        let sim = lambda_sim::Sim::start(lambda_sim::Options::default()).await.unwrap();
        let bogus = sim.control().account(ACCOUNT, "xx-bogus-1");
        let refused = lambda_sim::AuthError::unrecognized_client();
        bogus.configure(|settings| settings.auth_error = Some(refused)).await;
        let login = homeless(&sim);

        let error = login.session(Some("xx-bogus-1")).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Auth, "InvalidClientTokenId"));
        assert_eq!(login.session(Some("xx-bogus-1")).await.unwrap_err(), error);
        assert_eq!(bogus.ledger().await.len(), 1, "it is left alone for a while");
        assert_eq!(login.session(None).await.unwrap_err().code, NO_REGION);
        assert_eq!(login.paused(), None, "nobody else suffers");

        let session = login.session(Some("eu-west-1")).await.unwrap();
        assert_eq!(session.account, ACCOUNT);
        assert_eq!(login.state.lock().home.as_deref(), Some("eu-west-1"));
        assert_eq!(login.session(Some("xx-bogus-1")).await.unwrap().generation, session.generation);
        let refusal = AwsError::new("GetFunction", Class::Auth, "UnrecognizedClientException", "");
        let doubt = login.doubt(&session, Instant::now(), &refusal).await;
        assert_eq!(doubt, Refusal::Here { works_in: "eu-west-1".to_owned() });
        assert_eq!(bogus.ledger().await.len(), 1, "STS is asked where it has answered");
    }
}
