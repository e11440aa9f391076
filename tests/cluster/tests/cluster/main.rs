//! The suites against a real kube-apiserver, in one binary so that they share a control plane.

mod code;
mod command_line;
mod crash;
mod deletion;
mod ending;
mod environment;
mod errors;
mod fields;
mod leases;
mod lifecycle;
mod ownership;
mod policies;
mod restart;
mod secrets;
mod states;
mod status;
mod sweeps;
