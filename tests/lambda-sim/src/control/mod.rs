//! The control API: how tests and the demo set the simulator up, look into it, and play the person in the console.
//! `client` is what they use, `handler` is the server's side, `command` what goes over the wire, `edit` the changes
//! that come from behind the operator's back. `aliases`, `versions`, `sections`, `layers`, `capacity_providers` and
//! `code_signing` have all of that for one resource each, `invocations` and `executions` say what functions do,
//! `mapping_client` and `mappings` are the two sides for event source mappings.

mod aliases;
mod capacity_providers;
mod client;
mod code_signing;
mod command;
mod edit;
mod executions;
pub(crate) mod handler;
mod invocations;
mod layers;
mod mapping_client;
mod mappings;
mod sections;
mod versions;

pub use client::{AccountControl, Control, ControlError};
pub use sections::Section;
