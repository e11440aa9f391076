//! The suites against a real kube-apiserver, in one binary so that they share a control plane.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]

mod accounts;
mod alias;
mod another_manager;
mod application;
mod argocd;
mod budget;
mod capacity_provider;
mod code;
mod code_signing;
mod code_signing_link;
mod command_line;
mod crash;
mod crd;
mod crd_rules;
mod crd_updates;
mod deletion;
mod documentation;
mod ending;
mod environment;
mod errors;
mod fields;
mod installation;
mod invocation;
mod kstatus;
mod layer;
mod leases;
mod lifecycle;
mod logs;
mod managed;
mod mapping;
mod metrics;
mod missing_crd;
mod namespaces;
mod ownership;
mod permissions;
mod plugin;
mod policies;
mod probes;
mod publishing;
mod restart;
mod secrets;
mod sections;
mod sources;
mod states;
mod status;
mod sweeps;
mod traces;
