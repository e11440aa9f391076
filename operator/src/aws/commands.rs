//! What each command of `kubectl lambda` calls in AWS, and what a person needs in IAM for it: `lambda-operator docs` makes a
//! part of docs/cli-reference.md of it, and a call that neither this table nor the operator's has fails in every test.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Command → operation → IAM action.
const TABLE: &[(&str, &str, &str)] = &[
    ("import", "ListFunctions", "lambda:ListFunctions"),
    ("import", "GetFunction", "lambda:GetFunction"),
    ("import", "ListTags", "lambda:ListTags"),
    ("import", "ListAliases", "lambda:ListAliases"),
    ("import", "ListFunctionUrlConfigs", "lambda:ListFunctionUrlConfigs"),
    ("import", "ListFunctionEventInvokeConfigs", "lambda:ListFunctionEventInvokeConfigs"),
    ("import", "ListProvisionedConcurrencyConfigs", "lambda:ListProvisionedConcurrencyConfigs"),
    ("import", "GetPolicy", "lambda:GetPolicy"),
    ("import", "GetFunctionRecursionConfig", "lambda:GetFunctionRecursionConfig"),
    ("import", "GetRuntimeManagementConfig", "lambda:GetRuntimeManagementConfig"),
    ("import", "ListEventSourceMappings", "lambda:ListEventSourceMappings"),
    ("import", "GetEventSourceMapping", "lambda:GetEventSourceMapping"),
    ("import", "ListLayers", "lambda:ListLayers"),
    ("import", "ListCodeSigningConfigs", "lambda:ListCodeSigningConfigs"),
    ("import", "ListFunctionsByCodeSigningConfig", "lambda:ListFunctionsByCodeSigningConfig"),
    ("import", "ListCapacityProviders", "lambda:ListCapacityProviders"),
    ("import --export-code", "GetLayerVersion", "lambda:GetLayerVersion"),
    ("import --export-code", "GetLayerVersionPolicy", "lambda:GetLayerVersionPolicy"),
    ("plan", "GetFunction", "lambda:GetFunction"),
    ("plan", "GetFunctionCodeSigningConfig", "lambda:GetFunctionCodeSigningConfig"),
    ("plan", "ListVersionsByFunction", "lambda:ListVersionsByFunction"),
    ("plan", "GetAlias", "lambda:GetAlias"),
    ("plan", "GetProvisionedConcurrencyConfig", "lambda:GetProvisionedConcurrencyConfig"),
    ("plan", "GetFunctionUrlConfig", "lambda:GetFunctionUrlConfig"),
    ("plan", "GetPolicy", "lambda:GetPolicy"),
    ("plan", "GetFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig"),
    ("plan", "GetFunctionRecursionConfig", "lambda:GetFunctionRecursionConfig"),
    ("plan", "GetRuntimeManagementConfig", "lambda:GetRuntimeManagementConfig"),
    ("plan", "ListEventSourceMappings", "lambda:ListEventSourceMappings"),
    ("plan", "GetEventSourceMapping", "lambda:GetEventSourceMapping"),
    ("plan", "ListTags", "lambda:ListTags"),
    ("plan", "ListLayerVersions", "lambda:ListLayerVersions"),
    ("plan", "GetLayerVersion", "lambda:GetLayerVersion"),
    ("plan", "GetLayerVersionPolicy", "lambda:GetLayerVersionPolicy"),
    ("plan", "GetCodeSigningConfig", "lambda:GetCodeSigningConfig"),
    ("plan", "ListFunctionsByCodeSigningConfig", "lambda:ListFunctionsByCodeSigningConfig"),
    ("plan", "GetCapacityProvider", "lambda:GetCapacityProvider"),
    ("plan", "ListFunctionVersionsByCapacityProvider", "lambda:ListFunctionVersionsByCapacityProvider"),
    ("plan", "HeadObject", "s3:GetObject"),
    ("plan", "BatchGetImage", "ecr:BatchGetImage"),
    ("history", "ListVersionsByFunction", "lambda:ListVersionsByFunction"),
    ("history", "ListAliases", "lambda:ListAliases"),
    ("account --live", "GetAccountSettings", "lambda:GetAccountSettings"),
    ("invoke", "Invoke", "lambda:InvokeFunction"),
    ("invoke --stream", "InvokeWithResponseStream", "lambda:InvokeFunction"),
    ("invoke --async", "InvokeAsync", "lambda:InvokeAsync"),
    ("durable list", "ListDurableExecutionsByFunction", "lambda:ListDurableExecutionsByFunction"),
    ("durable get", "GetDurableExecution", "lambda:GetDurableExecution"),
    ("durable history", "GetDurableExecutionHistory", "lambda:GetDurableExecutionHistory"),
    ("durable stop", "StopDurableExecution", "lambda:StopDurableExecution"),
    (
        "durable callback success",
        "SendDurableExecutionCallbackSuccess",
        "lambda:SendDurableExecutionCallbackSuccess",
    ),
    (
        "durable callback failure",
        "SendDurableExecutionCallbackFailure",
        "lambda:SendDurableExecutionCallbackFailure",
    ),
    (
        "durable callback heartbeat",
        "SendDurableExecutionCallbackHeartbeat",
        "lambda:SendDurableExecutionCallbackHeartbeat",
    ),
];

/// Asked before anything else, so that nothing is done in another account; it needs no permission.
const IDENTITY: &str = "GetCallerIdentity";

/// Whether a command calls an operation.
pub fn covers(operation: &str) -> bool {
    TABLE.iter().any(|(_, of, _)| *of == operation)
}

/// The operations that the commands call.
pub fn operations() -> BTreeSet<&'static str> {
    TABLE.iter().map(|(_, operation, _)| *operation).chain([IDENTITY]).collect()
}

/// The IAM actions that the commands need.
pub fn actions() -> BTreeSet<&'static str> {
    TABLE.iter().map(|(.., action)| *action).collect()
}

/// The section of the documentation: a table of commands with what they call and need.
pub fn section() -> String {
    let mut section = String::from("| Command | Calls | Needs |\n|---|---|---|\n");
    for (command, operation, action) in TABLE {
        // Writing to a String doesn't fail.
        let _ = writeln!(section, "| `{command}` | {operation} | `{action}` |");
    }
    section
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::plugin::Cli;

    #[test]
    fn the_commands_are_there() {
        for (command, ..) in TABLE {
            let mut at = &Cli::command();
            for word in command.split(' ').filter(|word| !word.starts_with("--")) {
                at = at.find_subcommand(word).unwrap_or_else(|| panic!("there is no command {command}"));
            }
            for flag in command.split(' ').filter_map(|word| word.strip_prefix("--")) {
                let known = at.get_arguments().any(|arg| arg.get_long() == Some(flag));
                assert!(known, "{command}: there is no --{flag}");
            }
        }
    }
}
