//! Asks STS whose credentials these are: the operator's own as the SDK finds them, or those of a role.

use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::time::Instant;

use super::{Login, Refusal, Session, no_region};
use crate::aws::error::{AwsError, Class};
use crate::aws::identity::{self, OfOneAccount};
use crate::aws::role::{Assumed, Role};

/// Where credentials come from.
pub(in crate::aws) enum Source {
    /// The SDK's chain: the operator's own.
    Chain,
    /// A role, assumed with the operator's own.
    Role { role: Role, operator: Arc<Login> },
}

/// What STS said, or who fails for it.
pub(super) type Asked = Result<Found, Failed>;

/// Credentials that STS has just confirmed.
pub(in crate::aws) struct Found {
    pub(in crate::aws) config: SdkConfig,
    pub(in crate::aws) account: String,
    pub(in crate::aws) credentials: Credentials,
    /// Where STS was asked.
    pub(in crate::aws) region: String,
}

/// STS was not asked, or didn't answer well.
pub(super) struct Failed {
    pub(super) error: AwsError,
    pub(super) blame: Blame,
}

/// Who is at fault.
pub(super) enum Blame {
    /// The credentials.
    These,
    /// Perhaps the region that an object named: others are not to suffer for it.
    Region(String),
    /// The operator's own credentials, which pause by themselves.
    Operator,
}

impl Login {
    /// Reads the configuration and the credentials anew, and asks STS whose they are.
    pub(super) async fn ask(&self, named: Option<&str>) -> Asked {
        match &self.source {
            Source::Chain => self.ask_as_operator(named).await,
            Source::Role { role, operator } => self.ask_as_role(role, operator, named).await,
        }
    }

    async fn ask_as_operator(&self, named: Option<&str>) -> Asked {
        let ours = |error| Failed { error, blame: Blame::These };
        let config = self.sdk.load().await;
        let own = config.region().map(ToString::to_string).or_else(|| self.home());
        let stranger = named.filter(|_| own.is_none()).map(str::to_owned);
        let region = own.or_else(|| stranger.clone()).ok_or_else(|| ours(no_region()))?;
        let credentials = identity::credentials_of(&config, self.sdk.patience()).await.map_err(ours)?;
        let (observer, asked) = (self.sdk.observer(), Region::new(region.clone()));
        let account = identity::account_of(credentials.clone(), &config, &asked, &*observer).await;
        let account = account.map_err(|error| Failed { error, blame: blame(stranger) })?;
        let config = OfOneAccount::config(config, asked, credentials.clone(), account.clone(), observer);
        Ok(Found { config, account, credentials, region })
    }

    async fn ask_as_role(&self, role: &Role, operator: &Arc<Self>, named: Option<&str>) -> Asked {
        let ours = |error| Failed { error, blame: Blame::These };
        let own = Box::pin(operator.session(named)).await;
        let own = own.map_err(|error| Failed { error, blame: Blame::Operator })?;
        // The operator's session was confirmed somewhere.
        let region = operator.home().ok_or_else(|| ours(no_region()))?;
        let (observer, asked, sent) = (self.sdk.observer(), Region::new(region.clone()), Instant::now());
        let assumed = Assumed::new(role.clone(), &own.config, asked.clone(), Arc::clone(&observer));
        let credentials = match assumed.credentials().await {
            Ok(credentials) => credentials,
            // It is not the role that AWS refuses.
            Err(error) if error.class == Class::Auth => {
                let refusal = Box::pin(operator.doubt(&own, sent, &error)).await;
                let accepted = matches!(refusal, Refusal::Here { .. });
                return Err(Failed { error, blame: if accepted { Blame::These } else { Blame::Operator } });
            }
            Err(error) => return Err(ours(error)),
        };
        let account = identity::account_of(credentials.clone(), &own.config, &asked, &*observer).await;
        let account = account.map_err(ours)?;
        let provider = SharedCredentialsProvider::new(assumed);
        let config = own.config.into_builder().credentials_provider(provider).build();
        let config = OfOneAccount::config(config, asked, credentials.clone(), account.clone(), observer);
        Ok(Found { config, account, credentials, region })
    }

    /// Where STS accepts the present session of a role. To ask for another one would tell nothing of this one.
    pub(super) async fn still_good(&self, session: &Session) -> Option<String> {
        let (Source::Role { .. }, Some(home)) = (&self.source, self.home()) else { return None };
        let credentials = identity::credentials_of(&session.config, self.sdk.patience()).await.ok()?;
        let (region, observer) = (Region::new(home.clone()), self.sdk.observer());
        let account = identity::account_of(credentials, &session.config, &region, &*observer).await.ok()?;
        if account != session.account {
            return None;
        }
        self.state.lock().confirmed = Some(Instant::now());
        Some(home)
    }
}

fn blame(stranger: Option<String>) -> Blame {
    stranger.map_or(Blame::These, Blame::Region)
}
