//! What every suite against the real API server starts from: a [`World`] of its own — a namespace, a simulated
//! AWS and an operator limited to that namespace, which runs under the ServiceAccount and RBAC of `config/rbac`.

mod inputs;
mod install;
mod world;

pub use install::install;
pub use world::{ACCOUNT, REGION, ROLE, World, WorldBuilder, condition, function};
