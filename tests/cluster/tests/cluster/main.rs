//! The suites against a real kube-apiserver, in one binary so that they share a control plane.

mod command_line;
mod crash;
mod deletion;
mod ending;
mod errors;
mod leases;
mod lifecycle;
mod restart;
mod secrets;
mod states;
mod status;
mod sweeps;
