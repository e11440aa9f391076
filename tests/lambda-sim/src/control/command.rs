//! What goes over the wire: a command posted to `/_sim` (everything) or `/_sim/<account>/<region>`, e.g.
//! `curl -d '{"do": "settle"}' http://127.0.0.1:4599/_sim/000000000000/eu-west-1`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aliases::AliasCommand;
use super::capacity_providers::CapacityProviderCommand;
use super::code_signing::CodeSigningCommand;
use super::executions::ExecutionCommand;
use super::invocations::InvocationsCommand;
use super::layers::LayerCommand;
use super::sections::SectionCommand;
use super::versions::VersionCommand;
use crate::faults::Fault;

/// A command about one account and region.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    Ledger,
    Writes,
    ClearLedger,
    Inject { fault: Fault },
    ClearFaults,
    Settings,
    Configure { settings: Value },
    Functions,
    Function { name: String, qualifier: Option<String> },
    PutFunction { function: Value },
    EditFunction { name: String, changes: Value },
    RemoveFunction { name: String },
    PutAlias { name: String, alias: Value },
    Mappings,
    Mapping { uuid: String },
    PutMapping { mapping: Value },
    EditMapping { uuid: String, changes: Value },
    RemoveMapping { uuid: String },
    Alias(AliasCommand),
    Version(VersionCommand),
    Execution(ExecutionCommand),
    Invocations(InvocationsCommand),
    Section(SectionCommand),
    Layer(LayerCommand),
    CapacityProvider(CapacityProviderCommand),
    CodeSigning(CodeSigningCommand),
    Settle { name: Option<String> },
    PutObject { bucket: String, key: String, content: String },
    PutImage { uri: String, digest: String },
}

/// A command about the whole simulator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum WorldCommand {
    Ledger,
    ClearLedger,
    Held,
    Release,
    Reset,
}
