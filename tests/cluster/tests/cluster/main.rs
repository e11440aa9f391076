//! The suites against a real kube-apiserver, in one binary so that they share a control plane.

mod deletion;
mod errors;
mod lifecycle;
mod secrets;
mod states;
mod status;
