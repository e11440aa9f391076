//! The control API: how tests and the demo set the simulator up, look into it, and play the person in the console.
//! `client` (and `mapping_client`) is what they use, `handler` is the server's side, `command` what goes over the
//! wire, `edit` (and `mappings`) the changes that come from behind the operator's back.

mod client;
mod command;
mod edit;
pub(crate) mod handler;
mod mapping_client;
mod mappings;

pub use client::{AccountControl, Control, ControlError};
