//! The simulator over HTTP, as an SDK speaks to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

mod client;
mod control;
mod faults;
mod functions;
mod listing;
mod mapping_edits;
mod mapping_lists;
mod mapping_refusals;
mod mappings;
mod refusals;
mod sources;
mod sts;
mod versions;
