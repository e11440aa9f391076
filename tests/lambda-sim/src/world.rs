//! Everything that the simulator holds, behind one mutex: the accounts and regions, the ledger and the calls that
//! are being held.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::caller::{Caller, Sessions};
use crate::layer::Layers;
use crate::ledger::{Call, Called, Ledger};
use crate::region::Region;
use crate::settings::AccountSettings;

/// The state as the server's tasks share it.
pub(crate) type Shared = Arc<Mutex<World>>;

/// All state.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) started: Instant,
    /// Settings that an account begins with.
    pub(crate) defaults: AccountSettings,
    pub(crate) regions: HashMap<(String, String), Region>,
    pub(crate) layers: Layers,
    pub(crate) sessions: Sessions,
    pub(crate) ledger: Ledger,
    held: Vec<(u64, oneshot::Sender<()>)>,
}

impl World {
    pub(crate) fn new(defaults: AccountSettings, called: Called) -> Self {
        Self {
            started: Instant::now(),
            defaults,
            regions: HashMap::new(),
            layers: Layers::default(),
            sessions: Sessions::new(),
            ledger: Ledger::new(called),
            held: Vec::new(),
        }
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The account and region, begun when first named, with the layers of all accounts.
    pub(crate) fn region(&mut self, account: &str, region: &str) -> (&mut Region, &mut Layers) {
        let key = (account.to_owned(), region.to_owned());
        let defaults = &self.defaults;
        let begin = || Region::new(account, region, defaults.clone());
        (self.regions.entry(key).or_insert_with(begin), &mut self.layers)
    }

    /// The caller's account and region, with what all accounts share beside it.
    pub(crate) fn region_of(&mut self, caller: &Caller) -> (&mut Region, &mut Layers, &mut Sessions) {
        let key = (caller.account.clone(), caller.region.clone());
        let defaults = &self.defaults;
        let begin = || Region::new(&caller.account, &caller.region, defaults.clone());
        (self.regions.entry(key).or_insert_with(begin), &mut self.layers, &mut self.sessions)
    }

    /// Notes a call as held; it goes on when the receiver hears something.
    pub(crate) fn hold(&mut self, seq: u64) -> oneshot::Receiver<()> {
        let (release, released) = oneshot::channel();
        self.held.push((seq, release));
        released
    }

    /// The calls that are held; those whose caller has gone are not.
    pub(crate) fn held(&mut self) -> Vec<Call> {
        self.held.retain(|(_, release)| !release.is_closed());
        self.held.iter().filter_map(|(seq, _)| self.ledger.get(*seq)).cloned().collect()
    }

    /// Lets all held calls go on.
    pub(crate) fn release(&mut self) {
        for (_, release) in self.held.drain(..) {
            // An error means that the caller has gone.
            let _ = release.send(());
        }
    }
}
