//! What all who work in an account and region share, whatever their credentials: the quota and the inventories.
//!
//! AWS counts calls per account and region, and its lists show the whole of it, so two LambdaAccounts that lead to the
//! same place by different roles share one bucket and one sweep. Each keeps its own [`Scope`]: client, credentials and
//! pause. A sweep lists with whichever credentials may, and reads each resource with those of an object that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::{self, MutexGuard};

use super::call::Scope;
use super::drift::Functions;
use super::inventory::Inventory;
use super::mapping_drift::Mappings;
use super::quota::Quota;
use super::source::Pace;

/// An account and region.
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) quota: Quota,
    pub(super) functions: Inventory<Functions>,
    pub(super) mappings: Inventory<Mappings>,
    /// For what packages are made from.
    pub(super) looks: Pace,
    /// Who writes the policies of functions; which of them, a function's name says.
    policies: [sync::Mutex<()>; 64],
    /// Who works here, by the number of the credentials.
    scopes: Mutex<BTreeMap<u64, Weak<Scope>>>,
}

impl Place {
    pub(super) fn new(account: &str, region: &str, quota: Quota) -> Arc<Self> {
        Arc::new(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            quota,
            functions: Inventory::default(),
            mappings: Inventory::default(),
            looks: Pace::default(),
            policies: std::array::from_fn(|_| sync::Mutex::default()),
            scopes: Mutex::default(),
        })
    }

    /// Waits until nobody else writes the policies of the function and its aliases.
    pub(super) async fn policy_writer(&self, function: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        function.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 64).unwrap_or_default();
        self.policies[index].lock().await
    }

    pub(super) fn opened(&self, credentials: u64, scope: &Arc<Scope>) {
        self.scopes.lock().insert(credentials, Arc::downgrade(scope));
    }

    /// Those who work here, first those whose credentials aren't refused at present.
    pub(super) fn readers(&self) -> Vec<Arc<Scope>> {
        let mut scopes = self.scopes.lock();
        scopes.retain(|_, scope| scope.strong_count() > 0);
        let mut readers: Vec<_> = scopes.values().filter_map(Weak::upgrade).collect();
        drop(scopes);
        readers.sort_by_key(|scope| scope.is_paused());
        readers
    }

    /// Who reads a resource that somebody with credentials of these numbers has: one of them, else anybody.
    pub(super) fn reader_of(&self, owners: &BTreeSet<u64>) -> Option<Arc<Scope>> {
        let by_number = |number: &u64| self.scopes.lock().get(number).and_then(Weak::upgrade);
        let owners = owners.iter().filter_map(by_number);
        owners.min_by_key(|scope| scope.is_paused()).or_else(|| self.readers().into_iter().next())
    }
}
