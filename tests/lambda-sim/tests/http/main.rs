//! The simulator over HTTP, as an SDK speaks to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests, too")]

mod alias_refusals;
mod aliases;
mod capacity_providers;
mod client;
mod code_signing;
mod control;
mod deletion;
mod downloads;
mod event_invoke;
mod executions;
mod faults;
mod functions;
mod invocations;
mod layer_policy;
mod layer_use;
mod layers;
mod limits;
mod listing;
mod managed_instances;
mod mapping_edits;
mod mapping_lists;
mod mapping_refusals;
mod mappings;
mod permissions;
mod provisioned;
mod recursion;
mod refusals;
mod resource_policy;
mod runtime_management;
mod scaling;
mod snap_start;
mod sources;
mod stray;
mod sts;
mod subjects;
mod urls;
mod versions;
