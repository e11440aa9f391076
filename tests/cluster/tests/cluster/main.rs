//! The suites against a real kube-apiserver, in one binary so that they share a control plane.

mod command_line;
mod crash;
mod ending;
mod leases;
mod lifecycle;
mod restart;
mod sweeps;
