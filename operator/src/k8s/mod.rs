//! Kubernetes: conditions, writes of status and finalizer, Events, references.

pub mod conditions;
pub mod events;
pub mod references;
pub mod write;
