//! `lambda-sim` and LocalEmu carry out the same scenarios, and answer alike but for what `accepted.yaml` lists.

mod account;
mod aliases;
mod code;
mod code_signing;
mod configuration;
mod event_invoke;
mod functions;
mod layers;
mod mappings;
mod pages;
mod permissions;
mod provisioned;
mod refusals;
mod tags;
mod urls;
mod versions;

use conformance::Step;
use conformance::requests::function_path;

/// Waits for the end of a creation or an update, and compares what GetFunction then shows.
fn settled(step: &'static str, function: &str) -> Step {
    Step::get(step, function_path(function)).until("/Configuration/LastUpdateStatus", "Successful")
}
