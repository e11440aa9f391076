//! The simulator over HTTP, as an SDK speaks to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

mod client;
mod control;
mod faults;
mod functions;
mod listing;
mod refusals;
mod sts;
mod versions;
