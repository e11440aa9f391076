//! Leader election on a `coordination.k8s.io/v1` Lease, and the proof of leadership that every write to AWS
//! and every status write asks for right before it goes out.
//!
//! The lease is read with GET and written with PUT, always under the `resourceVersion` that was seen: of two
//! contenders one gets a 409. What to do is decided in [`super::lease`]; this file carries it out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PostParams};
use tokio::sync::{mpsc, oneshot, watch};

use super::lease::{Decision, View};
use super::metrics::Metrics;
use super::validity::Validity;
use super::watchdog::{Pulse, SILENCE, Watchdog};

/// How leadership is contended for. `retry_period` < `renew_deadline` < `lease_duration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderSettings {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Who we are; unique to this process, a restarted one included.
    pub identity: String,
    /// How long others wait, without seeing a renewal, before they take over.
    pub lease_duration: Duration,
    /// How long a leader goes on without a successful renewal.
    pub renew_deadline: Duration,
    /// Time between two renewals, and between two looks of a contender.
    pub retry_period: Duration,
}

impl Default for LeaderSettings {
    fn default() -> Self {
        Self {
            namespace: "lambda-operator-system".to_owned(),
            name: "lambda-operator".to_owned(),
            identity: uuid::Uuid::new_v4().to_string(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

/// This process is not the leader: it must not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this process does not hold the leader lease")]
pub struct NotLeader;

/// Whether this process leads. Cheap to clone; all clones speak of the same election. When the last one is
/// dropped, the lease is no longer renewed.
#[derive(Clone, Debug)]
pub struct Leadership {
    /// `None` without election.
    election: Option<Arc<Handle>>,
}

#[derive(Debug)]
struct Handle {
    validity: Arc<Validity>,
    phase: watch::Receiver<Phase>,
    release: mpsc::Sender<oneshot::Sender<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody knows yet: the lease could not be read or claimed so far.
    Unknown,
    Standby,
    Leading,
    Over,
}

impl Leadership {
    /// Leadership without an election, for a single process: always held.
    pub fn always() -> Self {
        Self { election: None }
    }

    /// Starts to contend for the lease in the background of the current runtime.
    pub fn contend(
        client: kube::Client,
        settings: LeaderSettings,
        metrics: Metrics,
        watchdog: &Watchdog,
    ) -> Self {
        let validity = Arc::new(Validity::default());
        let (sender, phase) = watch::channel(Phase::Unknown);
        let (release, requests) = mpsc::channel(1);
        let election = Election {
            api: Api::namespaced(client, &settings.namespace),
            view: View::default(),
            validity: Arc::clone(&validity),
            phase: sender,
            metrics,
            pulse: watchdog.watch("the election of a leader", SILENCE + settings.lease_duration),
            settings,
        };
        tokio::spawn(election.run(requests));
        Self { election: Some(Arc::new(Handle { validity, phase, release })) }
    }

    /// Whether this process leads now. To be called right before each write: it compares the clock with
    /// the last renewal and nothing else, so a process that was paused for too long fails it on waking, before
    /// any of its timers has run.
    ///
    /// # Errors
    /// When this process doesn't lead.
    pub fn check(&self) -> Result<(), NotLeader> {
        match &self.election {
            None => Ok(()),
            Some(handle) => handle.validity.check(Instant::now),
        }
    }

    /// Waits until it is known whether this process leads for now.
    pub async fn is_decided(&self) {
        let Some(handle) = &self.election else { return };
        // An error means that the election itself is over.
        drop(handle.phase.clone().wait_for(|phase| *phase != Phase::Unknown).await);
    }

    /// Waits until this process leads.
    ///
    /// # Errors
    /// When that can't happen any more: leadership was lost or released.
    pub async fn wait_until_leader(&self) -> Result<(), NotLeader> {
        let Some(handle) = &self.election else { return Ok(()) };
        let mut phase = handle.phase.clone();
        match phase.wait_for(|phase| matches!(phase, Phase::Leading | Phase::Over)).await {
            Ok(phase) if *phase == Phase::Leading => Ok(()),
            _ => Err(NotLeader),
        }
    }

    /// Waits until leadership is lost for good (or released); the process should then end. Never resolves
    /// for a process that hasn't led yet, nor without an election.
    pub async fn lost(&self) {
        let Some(handle) = &self.election else { return std::future::pending().await };
        let mut phase = handle.phase.clone();
        // An error means that the election itself is gone, and nobody renews any more.
        let _ = phase.wait_for(|phase| *phase == Phase::Over).await;
    }

    /// Gives the lease back, so that the next contender takes over at its next look instead of waiting for
    /// the lease to expire. [`Leadership::check`] fails from here on: finish writes first.
    pub async fn release(&self) {
        let Some(handle) = &self.election else { return };
        let (done, released) = oneshot::channel();
        if handle.release.send(done).await.is_ok() {
            let _ = released.await;
        }
    }
}

/// Why a step did not get through; the next one starts with a read.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Api(#[from] kube::Error),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

impl StepError {
    /// Another writer was faster; that is no failure.
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.code == 409)
    }
}

struct Election {
    api: Api<Lease>,
    settings: LeaderSettings,
    view: View,
    validity: Arc<Validity>,
    phase: watch::Sender<Phase>,
    metrics: Metrics,
    pulse: Pulse,
}

impl Election {
    async fn run(mut self, mut requests: mpsc::Receiver<oneshot::Sender<()>>) {
        let released = tokio::select! {
            biased;
            request = requests.recv() => request,
            () = self.contend() => None,
        };
        self.validity.end();
        self.metrics.leading(false);
        if let Some(done) = released {
            self.release().await;
            self.phase.send_replace(Phase::Over);
            let _ = done.send(());
        }
        self.phase.send_replace(Phase::Over);
    }

    /// Runs until leadership is lost.
    async fn contend(&mut self) {
        let mut holder = None;
        loop {
            let step = self.step().await;
            self.pulse.beat();
            let pause = match step {
                Ok(Some(pause)) => pause,
                Ok(None) => return,
                Err(error) => {
                    self.view.forget();
                    if error.is_conflict() {
                        continue;
                    }
                    let lease = format!("{}/{}", self.settings.namespace, self.settings.name);
                    tracing::warn!(lease, error = %error, "the leader lease could not be read or written");
                    self.settings.retry_period
                }
            };
            if self.view.holder() != holder.as_deref() {
                holder = self.view.holder().map(ToOwned::to_owned);
                let leading = self.view.leading_until().is_some();
                tracing::info!(holder, leading, "the leader lease has a new holder");
            }
            // When our time runs out we say so at that moment.
            let left = self.view.leading_until().map(|until| until.saturating_duration_since(Instant::now()));
            tokio::time::sleep(left.map_or(pause, |left| left.min(pause))).await;
        }
    }

    /// One look and one write; gives the time to the next one, or `None` when leadership is lost.
    async fn step(&mut self) -> Result<Option<Duration>, StepError> {
        let now = Instant::now();
        if self.view.leading_until().is_some_and(|until| now >= until) {
            tracing::error!("leadership is lost: the leader lease was not renewed in time");
            return Ok(None);
        }
        if self.view.needs_read() {
            let lease = self.limited(self.api.get_opt(&self.settings.name)).await?;
            self.view.observe(Instant::now(), lease, &self.settings);
        }
        match self.view.decide(Instant::now(), &self.settings) {
            Decision::Wait(pause) => {
                let standby = |phase: &mut Phase| std::mem::replace(phase, Phase::Standby) == Phase::Unknown;
                self.phase.send_if_modified(standby);
                Ok(Some(pause))
            }
            Decision::Lost => {
                let holder = self.view.holder();
                tracing::error!(holder, "leadership is lost");
                Ok(None)
            }
            Decision::Acquire | Decision::Renew => {
                self.claim().await?;
                Ok(Some(self.settings.retry_period))
            }
        }
    }

    async fn claim(&mut self) -> Result<(), StepError> {
        let lease = self.view.claim(Timestamp::now(), &self.settings);
        // What counts is the time before the request: the server can't have stored it earlier.
        let start = Instant::now();
        let lease = self.limited(self.write(&lease)).await?;
        self.view.wrote(start, lease, &self.settings);
        self.validity.extend(start + self.settings.renew_deadline);
        self.metrics.leading(true);
        self.phase.send_if_modified(|phase| std::mem::replace(phase, Phase::Leading) != Phase::Leading);
        Ok(())
    }

    async fn write(&self, lease: &Lease) -> kube::Result<Lease> {
        let params = PostParams::default();
        let written = if lease.metadata.resource_version.is_some() {
            self.api.replace(&self.settings.name, &params, lease).await?
        } else {
            self.api.create(&params, lease).await?
        };
        self.metrics.kubernetes_write("Lease", "lease");
        Ok(written)
    }

    /// Hands the lease over, as far as it is ours. A renewal that was still under way may come in between, so
    /// it reads first and tries again after a 409.
    async fn release(&mut self) {
        for _ in 0..3 {
            match self.try_release().await {
                Err(error) if error.is_conflict() => {}
                Err(error) => {
                    tracing::warn!(error = %error, "the leader lease was not released; it will expire");
                    return;
                }
                Ok(()) => return,
            }
        }
    }

    async fn try_release(&mut self) -> Result<(), StepError> {
        let lease = self.limited(self.api.get_opt(&self.settings.name)).await?;
        self.view.observe(Instant::now(), lease, &self.settings);
        if let Some(vacant) = self.view.vacate(Timestamp::now(), &self.settings) {
            self.limited(self.write(&vacant)).await?;
            tracing::info!("the leader lease is released");
        }
        Ok(())
    }

    /// Bounds a request, so that another one fits in before the deadline.
    async fn limited<T>(&self, request: impl Future<Output = kube::Result<T>>) -> Result<T, StepError> {
        let limit = self.settings.renew_deadline / 2;
        let left = self.view.leading_until().map(|until| until.saturating_duration_since(Instant::now()));
        let limit = left.filter(|left| !left.is_zero()).map_or(limit, |left| left.min(limit));
        tokio::time::timeout(limit, request).await.map_err(|_| StepError::Timeout(limit))?.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_election_leadership_is_always_held() {
        let leadership = Leadership::always();
        assert_eq!(leadership.check(), Ok(()));
        assert_eq!(leadership.wait_until_leader().await, Ok(()));
        leadership.release().await;
        assert_eq!(leadership.check(), Ok(()));
        assert!(tokio::time::timeout(Duration::from_millis(20), leadership.lost()).await.is_err());
    }
}
