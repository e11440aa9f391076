//! lambda-operator: makes AWS Lambda a native part of a Kubernetes cluster.

pub mod aws;
pub mod function;
pub mod runtime;
