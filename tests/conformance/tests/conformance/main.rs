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
use conformance::requests::{FUNCTIONS, function, function_path, part};
use serde_json::json;

/// Waits for the end of a creation or an update, and compares what GetFunction then shows.
fn settled(step: &'static str, function: &str) -> Step {
    Step::get(step, function_path(function)).until("/Configuration/LastUpdateStatus", "Successful")
}

/// A function with version 1 and the alias `live`.
fn function_with_alias(name: &str) -> Vec<Step> {
    vec![
        Step::post("create", FUNCTIONS, function(name)),
        settled("settled", name),
        Step::post("publish", part(name, "versions"), json!({})),
        Step::get("get 1", format!("{}?Qualifier=1", function_path(name)))
            .until("/Configuration/State", "Active"),
        Step::post("create alias", part(name, "aliases"), json!({"Name": "live", "FunctionVersion": "1"})),
    ]
}
