//! The suites against a real kube-apiserver, in one binary so that they share a control plane.

mod code;
mod environment;
mod fields;
mod lifecycle;
mod ownership;
mod policies;
