//! Kubernetes: conditions, definitions, writes of status and finalizer, Events, references.

pub mod conditions;
pub mod definition;
pub mod events;
pub mod references;
pub mod write;

use std::future::Future;
use std::time::Duration;

use crate::runtime::watchdog;

/// The annotation with kubectl's copy of what was applied, where that is done by the client.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How long a single read or write may take. The client's own limits are made for watches.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives up on a call that the API server doesn't answer, so that no visit, and no shutdown, hangs on it.
///
/// # Errors
/// What the call answered, or that it didn't.
pub(crate) async fn in_time<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
    let late = |_| kube::Error::Service(format!("no answer within {} s", PATIENCE.as_secs()).into());
    let answer = tokio::time::timeout(PATIENCE, call).await;
    watchdog::progress();
    answer.map_err(late)?
}
