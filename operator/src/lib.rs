//! lambda-operator: makes AWS Lambda a native part of a Kubernetes cluster.
//!
//! `run` puts it together; `engine` drives every kind through the same pipeline; `function` is the first kind,
//! `code_signing` and `mapping` are others, `invocation` is one that does something once; `aws` and `k8s` are the two sides
//! that it works between; `runtime` is what any long-running process needs. `plugin` is the command line for people, the
//! binary `kubectl-lambda`.

pub mod account;
pub mod alias;
pub mod aws;
pub mod capacity_provider;
pub mod cli;
pub mod code_signing;
pub mod engine;
pub mod function;
pub mod guard;
pub mod invocation;
pub mod k8s;
pub mod layer;
pub mod manifest;
pub mod mapping;
pub mod package;
pub mod plugin;
pub mod probe;
pub mod run;
pub mod runtime;
pub mod section;
pub mod settings;
pub mod source;
pub mod text;
