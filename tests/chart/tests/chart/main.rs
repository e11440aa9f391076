//! The suites of the Helm chart, in one binary so that they share a control plane.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]

mod admission;
mod crds;
mod gitops;
mod iam;
mod installing;
mod kustomize;
mod monitoring;
mod namespaced;
mod policy;
mod process;
mod roles;
mod settings;
mod story;
mod upgrade;
mod values;
mod waiting;
