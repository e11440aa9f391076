//! What is refused, in the order in which AWS looks: first the constraints of the API model (`model`), then the
//! rules of Lambda's own code (`service`). For a resource other than the function both are in one file.

/// A regular expression that all of a text has to match.
macro_rules! whole {
    ($pattern:expr) => {
        std::sync::LazyLock::new(|| {
            regex::Regex::new(&format!("^(?:{})$", $pattern)).expect("a constant pattern compiles")
        })
    };
}

pub(crate) mod alias;
pub(crate) mod capacity_provider;
pub(crate) mod code_signing;
pub(crate) mod event_invoke;
pub(crate) mod layer;
pub(crate) mod layer_use;
pub(crate) mod mappings;
pub(crate) mod model;
pub(crate) mod policy;
pub(crate) mod provisioned;
pub(crate) mod recursion;
pub(crate) mod runtime_management;
pub(crate) mod scaling;
pub(crate) mod service;
pub(crate) mod tags;
pub(crate) mod url;

/// The refusal of a role that doesn't exist, doesn't trust Lambda, or isn't known to it yet.
pub(crate) const ROLE_NOT_ASSUMABLE: &str = "The role defined for the function cannot be assumed by Lambda.";

/// The refusal of a queue that the role may not read, or not yet (<https://github.com/anomalyco/sst/issues/5737>).
pub(crate) const QUEUE_NOT_READABLE: &str =
    "The function execution role does not have permissions to call ReceiveMessage on SQS";
