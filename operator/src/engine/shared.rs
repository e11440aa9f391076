//! What all kinds share while the operator runs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::account::{Accounts, Applicant, Terms, Unplaced};
use crate::aws::{Aws, AwsError, Class, Scope, Wake};
use crate::engine::pace::{Pace, Place};
use crate::engine::rivals::Rivals;
use crate::engine::usage::Usage;
use crate::k8s::events::Events;
use crate::k8s::references::References;
use crate::runtime::{Leadership, Metrics, Probes};
use crate::settings::{RecheckSettings, Settings};

/// Handles and settings that every pass needs.
pub struct Shared {
    /// The API server.
    pub client: Client,
    /// AWS.
    pub aws: Aws,
    /// Whether this process may write.
    pub leadership: Leadership,
    /// Counters.
    pub metrics: Metrics,
    /// What is still to be listed, and whether visits make progress.
    pub probes: Probes,
    /// Events.
    pub events: Events,
    /// Secrets and ConfigMaps.
    pub references: Arc<References>,
    /// LambdaAccounts, and who may use them.
    pub accounts: Arc<Accounts>,
    /// Who claims what can carry no owner's tag.
    pub rivals: Rivals,
    /// What in AWS the objects use.
    pub usage: Usage,
    /// Half of the ownership tag.
    pub cluster_id: String,
    /// Rechecks.
    pub intervals: RecheckSettings,
    /// How often unwatched references are looked at.
    pub reference_check: Duration,
    /// How long a visit may make no progress.
    pub stuck_after: Duration,
    /// How many objects of a kind are worked on at once.
    pub concurrency: u16,
    /// Between two sweeps of an inventory; zero: never.
    pub sweep: Duration,
    /// In which an inventory reads every owned function once; zero: never.
    pub rotation: Duration,
    /// Between two looks at the source of an object's code; zero: only when its spec changes.
    pub source_check: Duration,
    /// Names that a sweep wants looked at.
    pub wakes: mpsc::UnboundedSender<Wake>,
    /// Cancelled when the operator is to end.
    pub stop: CancellationToken,
    /// Of the visits that only look for drift.
    pub pace: Pace,
    inventories: Mutex<Inventories>,
}

/// Which inventories run, and the names that the others will have to look for.
#[derive(Default)]
struct Inventories {
    started: HashSet<Place>,
    awaited: HashMap<Place, Vec<Want>>,
}

/// Names to an inventory what its first sweep has to look for.
pub type Want = Box<dyn FnOnce(&Scope) + Send>;

/// The handles that [`Shared::new`] puts together.
pub struct Handles {
    /// The API server.
    pub client: Client,
    /// AWS.
    pub aws: Aws,
    /// Whether this process may write.
    pub leadership: Leadership,
    /// Counters.
    pub metrics: Metrics,
    /// What is still to be listed, and whether visits make progress.
    pub probes: Probes,
    /// Events.
    pub events: Events,
    /// Secrets and ConfigMaps.
    pub references: Arc<References>,
    /// LambdaAccounts, and who may use them.
    pub accounts: Arc<Accounts>,
    /// Names that a sweep wants looked at.
    pub wakes: mpsc::UnboundedSender<Wake>,
    /// Cancelled when the operator is to end.
    pub stop: CancellationToken,
}

impl Shared {
    /// Puts the handles together with what was set.
    pub fn new(handles: Handles, settings: &Settings, cluster_id: String) -> Self {
        let Handles { client, aws, leadership, metrics, probes, events, references, accounts, wakes, stop } =
            handles;
        Self {
            client,
            aws,
            leadership,
            metrics,
            probes,
            stuck_after: settings.stuck_after,
            events,
            rivals: Rivals::new(references.waker()),
            usage: Usage::new(references.waker()),
            references,
            accounts,
            cluster_id,
            intervals: settings.rechecks.clone(),
            reference_check: settings.watch.reference_check_interval,
            concurrency: settings.concurrency,
            sweep: settings.drift.sweep_interval.unwrap_or_default(),
            rotation: settings.drift.rotation_interval.unwrap_or_default(),
            source_check: settings.drift.source_interval.unwrap_or_default(),
            wakes,
            stop,
            inventories: Mutex::default(),
            pace: Pace::new(settings.drift.read_share),
        }
    }

    /// The account and region for an object: `region` or else the spec's, the LambdaAccount's or the operator's own.
    ///
    /// # Errors
    /// When the region or the account can't be told, or the object may not use its LambdaAccount.
    pub async fn scope(&self, who: &Applicant<'_>, region: Option<&str>) -> Result<Arc<Scope>, Unplaced> {
        let scope = self.visiting_scope(who, region).await?;
        self.keep_inventory(&scope);
        Ok(scope)
    }

    /// The same for an object that owns nothing there, so that nothing has to be looked after.
    ///
    /// # Errors
    /// As [`Shared::scope`].
    pub async fn visiting_scope(
        &self,
        who: &Applicant<'_>,
        region: Option<&str>,
    ) -> Result<Arc<Scope>, Unplaced> {
        let region = region.or(who.common.region.as_deref());
        let Some(terms) = self.accounts.enter(who).transpose()? else {
            return Ok(self.aws.scope(region).await?);
        };
        match self.account_scope(&terms, region).await {
            Ok(scope) => Ok(scope),
            Err(error) => {
                self.accounts.refrained(who);
                Err(error.into())
            }
        }
    }

    /// The account of a LambdaAccount, in this region, its own or the operator's.
    ///
    /// # Errors
    /// When there are no credentials for it, or they are of another account.
    pub async fn account_scope(&self, terms: &Terms, region: Option<&str>) -> Result<Arc<Scope>, AwsError> {
        let region = region.or(terms.region.as_deref());
        let scope = match &terms.role {
            Some(role) => self.aws.scope_as(role, region).await?,
            None => self.aws.scope(region).await?,
        };
        if scope.account() == terms.account {
            return Ok(scope);
        }
        let Terms { name, account, .. } = terms;
        let text = format!(
            "LambdaAccount {name} is for account {account}, and the {} are of account {}. Nothing is done. Correct \
             spec.accountId or spec.roleArn of the LambdaAccount, or give the operator credentials of {account}",
            terms.whose(),
            scope.account()
        );
        Err(AwsError::new("GetCallerIdentity", Class::AccountMismatch, "AccountMismatch", text))
    }

    /// Starts the inventory of an account and region when it is first asked for.
    fn keep_inventory(&self, scope: &Arc<Scope>) {
        let place = (scope.account().to_owned(), scope.region().to_owned());
        let mut inventories = self.inventories.lock();
        if inventories.started.insert(place.clone()) {
            for want in inventories.awaited.remove(&place).unwrap_or_default() {
                want(scope);
            }
            let inventory = Arc::clone(scope).run_inventory(
                self.sweep,
                self.rotation,
                self.wakes.clone(),
                self.stop.clone(),
            );
            tokio::spawn(inventory);
        }
    }

    /// Says that an object has a resource that is listed: the first sweep of its account and region keeps what it sees.
    pub fn await_listing(&self, account: &str, region: &str, want: Want) {
        let place = (account.to_owned(), region.to_owned());
        self.inventories.lock().awaited.entry(place).or_default().push(want);
    }

    /// A watch has listed what there is: nothing is visited before all of them have.
    pub fn listing_is_in(&self, list: &str) {
        if self.probes.readiness.arrived(list) {
            self.usage.complete();
        }
    }

    /// Waits until it is known which objects there are, and who refers to whom.
    pub async fn all_listed(&self) {
        self.probes.readiness.complete().await;
    }
}
