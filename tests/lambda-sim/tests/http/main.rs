//! The simulator over HTTP, as an SDK speaks to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

mod client;
mod control;
mod deletion;
mod faults;
mod functions;
mod limits;
mod listing;
mod refusals;
mod stray;
mod sts;
mod versions;
