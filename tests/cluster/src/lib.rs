//! What every suite against the real API server starts from: a [`World`] of its own — a namespace, a simulated
//! AWS and an operator limited to that namespace, which runs under the ServiceAccount and RBAC of `config/rbac`.

pub mod accounts;
mod each_kind;
mod history;
mod http;
mod inputs;
mod install;
pub mod mixed_account;
mod objects;
mod observe;
mod plugin;
mod process;
mod restricted;
mod world;

pub use each_kind::{kind_and_name, list};
pub use history::History;
pub use http::{fetch, serving_address};
pub use install::install;
pub use objects::{Objects, api, condition as object_condition};
pub use plugin::{lambda, path_with, plugin_binary};
pub use process::operator_binary;
pub use world::{ACCOUNT, REGION, ROLE, World, WorldBuilder, condition, function};
