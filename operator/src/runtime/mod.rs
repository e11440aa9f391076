//! What a long-running process needs: the leader lease, shutdown, metrics, probes, logs, traces.
//! `run` puts these together; the engine uses [`leader::Leadership`] and [`metrics::Metrics`].

pub mod leader;
pub mod lease;
pub mod metrics;
pub mod readiness;
pub mod server;
pub mod shutdown;
pub mod telemetry;
pub mod traces;
mod validity;
pub mod watchdog;

pub use leader::{LeaderSettings, Leadership, NotLeader};
pub use metrics::Metrics;
pub use readiness::Readiness;
pub use server::{Probes, Server};
pub use watchdog::Watchdog;
