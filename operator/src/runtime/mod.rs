//! What a long-running process needs: the leader lease, shutdown, metrics, probes, logs.
//! `run` puts these together; the engine uses [`leader::Leadership`] and [`metrics::Metrics`].

pub mod leader;
pub mod lease;
pub mod metrics;
pub mod server;
pub mod shutdown;
pub mod telemetry;
mod validity;

pub use leader::{LeaderSettings, Leadership, NotLeader};
pub use metrics::Metrics;
pub use server::{ReadyFlag, Server};
