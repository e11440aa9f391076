//! The engine: drives every kind through observe → desired → plan → execute → status.
//!
//! A kind supplies pure functions and a thin AWS seam ([`kind::Kind`]); watching, finalizers, pinning,
//! intents, quota priorities, status, Events, rechecks and metrics live here, once.

pub mod controller;
mod converge;
pub mod deletion;
pub mod forecast;
pub mod kind;
pub mod memory;
pub mod ownership;
pub mod pace;
pub mod pass;
pub mod queue;
pub mod requeue;
pub mod rivals;
mod rotation;
pub mod shared;
pub mod source;
pub mod summary;
pub mod tags;
pub mod usage;
pub mod verdict;
mod visit;
