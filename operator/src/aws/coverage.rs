//! Where each operation of the Lambda API has its place, in one table: `lambda-operator docs` makes docs/coverage.md of it, and a
//! test holds it against the operations of the SDK.

use std::fmt::Write as _;

/// The place of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The operator calls it for a kind: the kind, and what for.
    For(&'static str, &'static str),
    /// Only a person calls it, by a command of `kubectl lambda`: the command, and what for.
    Cli(&'static str, &'static str),
    /// The SDK doesn't have it; the command says so, and how else it can be called.
    Lacking(&'static str),
    /// Not called, because this one says or does the same with fewer calls.
    Instead(&'static str),
    /// Only code that runs inside a function calls it.
    Inside,
    /// Nothing calls it yet: what it is for.
    NotYet(&'static str),
}

use Place::{Cli, For, Inside, Instead, Lacking, NotYet};

const FUNCTION: &str = "LambdaFunction";
const ALIAS: &str = "LambdaAlias";
const LAYER: &str = "LambdaLayer";
const MAPPING: &str = "EventSourceMapping";
const SIGNING: &str = "CodeSigningConfig";
const PROVIDER: &str = "CapacityProvider";
const INVOCATION: &str = "LambdaInvocation";
const ACCOUNT: &str = "LambdaAccount";

/// Operation → its place, in the order of the alphabet.
const TABLE: &[(&str, Place)] = &[
    ("AddLayerVersionPermission", For(LAYER, "`permissions`, given to each new version")),
    ("AddPermission", For(FUNCTION, "`permissions`, and a URL for everybody; also of aliases")),
    ("CheckpointDurableExecution", Inside),
    ("CreateAlias", For(ALIAS, "creation")),
    ("CreateCapacityProvider", For(PROVIDER, "creation, with tags")),
    ("CreateCodeSigningConfig", For(SIGNING, "creation")),
    ("CreateEventSourceMapping", For(MAPPING, "creation")),
    ("CreateFunction", For(FUNCTION, "creation, with tags and the code-signing config")),
    ("CreateFunctionUrlConfig", For(FUNCTION, "`functionUrl`, also of aliases")),
    ("DeleteAlias", For(ALIAS, "deletion")),
    ("DeleteCapacityProvider", For(PROVIDER, "deletion, and one whose creation failed")),
    ("DeleteCodeSigningConfig", For(SIGNING, "deletion")),
    ("DeleteDurableExecution", Lacking("durable delete")),
    ("DeleteEventSourceMapping", For(MAPPING, "deletion")),
    ("DeleteFunction", For(FUNCTION, "deletion, and old versions by `versionRetention`")),
    ("DeleteFunctionCodeSigningConfig", For(FUNCTION, "a `codeSigningConfigRef` that was removed")),
    ("DeleteFunctionConcurrency", For(FUNCTION, "`reservedConcurrentExecutions` that was removed")),
    (
        "DeleteFunctionEventInvokeConfig",
        For(FUNCTION, "`eventInvokeConfig` that was removed, also of aliases"),
    ),
    ("DeleteFunctionUrlConfig", For(FUNCTION, "`functionUrl` that was removed, also of aliases")),
    ("DeleteLayerVersion", For(LAYER, "deletion, and old versions by `versionRetention`")),
    ("DeleteProvisionedConcurrencyConfig", For(ALIAS, "`provisionedConcurrency` that was removed or is 0")),
    ("DeleteResourcePolicy", For(FUNCTION, "`resourcePolicy` that was removed, also of aliases")),
    ("GetAccountSettings", For(ACCOUNT, "limits and use in the status")),
    ("GetAlias", For(ALIAS, "reading")),
    ("GetCapacityProvider", For(PROVIDER, "reading")),
    ("GetCodeSigningConfig", For(SIGNING, "reading")),
    ("GetDurableExecution", Cli("durable get", "an execution with its input and result")),
    ("GetDurableExecutionHistory", Cli("durable history", "what happened in an execution")),
    ("GetDurableExecutionState", Inside),
    ("GetEventSourceMapping", For(MAPPING, "reading, and waiting until AWS has settled")),
    ("GetFunction", For(FUNCTION, "reading all of it at once, and waiting until AWS has settled")),
    ("GetFunctionCodeSigningConfig", For(FUNCTION, "the link to a code-signing config")),
    ("GetFunctionConcurrency", Instead("GetFunction")),
    ("GetFunctionConfiguration", Instead("GetFunction")),
    ("GetFunctionEventInvokeConfig", For(FUNCTION, "`eventInvokeConfig`, also of aliases")),
    ("GetFunctionRecursionConfig", For(FUNCTION, "`recursiveLoop`")),
    ("GetFunctionScalingConfig", For(FUNCTION, "`scaling`, and waiting until AWS has applied it")),
    ("GetFunctionUrlConfig", For(FUNCTION, "`functionUrl`, also of aliases")),
    ("GetLayerVersion", For(LAYER, "reading")),
    ("GetLayerVersionByArn", Instead("GetLayerVersion")),
    ("GetLayerVersionPolicy", For(LAYER, "`permissions`")),
    (
        "GetPolicy",
        For(
            FUNCTION,
            "`permissions`, also of aliases, and those of versions before `versionRetention` deletes one",
        ),
    ),
    (
        "GetProvisionedConcurrencyConfig",
        For(ALIAS, "`provisionedConcurrency`, and whether weights are AWS's own while it moves that"),
    ),
    ("GetResourcePolicy", For(FUNCTION, "`resourcePolicy`, also of aliases")),
    ("GetRuntimeManagementConfig", For(FUNCTION, "`runtimeManagement`")),
    ("Invoke", For(INVOCATION, "the invocation itself, once")),
    ("InvokeAsync", Cli("invoke --async", "the old form of `--type Event`")),
    ("InvokeWithResponseStream", Cli("invoke --stream", "the answer as the function writes it")),
    ("ListAliases", For(FUNCTION, "which versions aliases use, before `versionRetention` deletes any")),
    ("ListCapacityProviders", Cli("import", "all of them, but for tags")),
    ("ListCodeSigningConfigs", For(SIGNING, "finding its own after a creation without an answer")),
    (
        "ListDurableExecutionsByFunction",
        For(FUNCTION, "what still runs, before `versionRetention` deletes its version or AWS the function"),
    ),
    (
        "ListEventSourceMappings",
        For(MAPPING, "drift of all mappings at once, and finding its own after a creation without an answer"),
    ),
    (
        "ListFunctionEventInvokeConfigs",
        For(FUNCTION, "which versions have settings, before `versionRetention` deletes any"),
    ),
    ("ListFunctionUrlConfigs", Cli("import", "the URLs of a function and its aliases at once")),
    (
        "ListFunctionVersionsByCapacityProvider",
        For(PROVIDER, "who uses it, in the status and before its deletion"),
    ),
    ("ListFunctions", For(FUNCTION, "drift of all functions at once")),
    ("ListFunctionsByCodeSigningConfig", For(SIGNING, "who uses it, in the status and before its deletion")),
    ("ListLayerVersions", For(LAYER, "what is published already, so that nothing is published twice")),
    ("ListLayers", Cli("import", "the newest version of each")),
    (
        "ListProvisionedConcurrencyConfigs",
        For(FUNCTION, "which versions are provisioned, before `versionRetention` deletes any"),
    ),
    ("ListTags", For(MAPPING, "tags, and those of CodeSigningConfigs and CapacityProviders")),
    ("ListVersionsByFunction", For(FUNCTION, "whether a version was published by a call without an answer")),
    ("PauseDurableExecution", Lacking("durable pause")),
    ("PublishLayerVersion", For(LAYER, "a new version")),
    ("PublishVersion", For(FUNCTION, "`publish`")),
    ("PutFunctionCodeSigningConfig", For(FUNCTION, "`codeSigningConfigRef` of a function that is there")),
    ("PutFunctionConcurrency", For(FUNCTION, "`reservedConcurrentExecutions`")),
    ("PutFunctionEventInvokeConfig", For(FUNCTION, "`eventInvokeConfig`, also of aliases")),
    ("PutFunctionRecursionConfig", For(FUNCTION, "`recursiveLoop`")),
    ("PutFunctionScalingConfig", For(FUNCTION, "`scaling`")),
    ("PutProvisionedConcurrencyConfig", For(ALIAS, "`provisionedConcurrency`")),
    ("PutResourcePolicy", For(FUNCTION, "`resourcePolicy`, also of aliases")),
    ("PutRuntimeManagementConfig", For(FUNCTION, "`runtimeManagement`")),
    ("RemoveLayerVersionPermission", For(LAYER, "`permissions` that were removed")),
    ("RemovePermission", For(FUNCTION, "`permissions` that were removed or changed, also of aliases")),
    ("ResumeDurableExecution", Lacking("durable resume")),
    (
        "SendDurableExecutionCallbackFailure",
        Cli("durable callback failure", "the answer that an execution waits for"),
    ),
    ("SendDurableExecutionCallbackHeartbeat", Cli("durable callback heartbeat", "more time for the answer")),
    (
        "SendDurableExecutionCallbackSuccess",
        Cli("durable callback success", "the answer that an execution waits for"),
    ),
    (
        "StopDurableExecution",
        For(
            FUNCTION,
            "what still runs before its deletion, with `durable.onDelete: Stop`; also `kubectl lambda durable stop`",
        ),
    ),
    ("TagResource", For(FUNCTION, "tags, also of mappings, CodeSigningConfigs and CapacityProviders")),
    (
        "UntagResource",
        For(FUNCTION, "tags that were removed, also of mappings, CodeSigningConfigs and CapacityProviders"),
    ),
    ("UpdateAlias", For(ALIAS, "changes")),
    ("UpdateCapacityProvider", For(PROVIDER, "changes of scaling, tags handed on and telemetry")),
    ("UpdateCodeSigningConfig", For(SIGNING, "changes")),
    ("UpdateEventSourceMapping", For(MAPPING, "changes")),
    ("UpdateFunctionCode", For(FUNCTION, "changes of code and architecture")),
    ("UpdateFunctionConfiguration", For(FUNCTION, "changes of everything else that a version has")),
    ("UpdateFunctionEventInvokeConfig", Instead("PutFunctionEventInvokeConfig")),
    ("UpdateFunctionUrlConfig", For(FUNCTION, "changes of `functionUrl`, also of aliases")),
];

/// The page of the documentation.
pub fn page() -> String {
    let called = TABLE.iter().filter(|(_, place)| matches!(place, For(..))).count();
    let commands = TABLE.iter().filter(|(_, place)| matches!(place, Cli(..))).count();
    let missing = TABLE.iter().filter(|(_, place)| matches!(place, NotYet(_))).count();
    let mut page = format!(
        "<!-- Generated by `make generate` from operator/src/aws/coverage.rs. -->\n# Coverage of the Lambda API\n\n\
         Of the {} [operations](https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html) of the Lambda API the operator \
         calls {called}, and commands of [`kubectl lambda`](cli.md) {commands} more; without a place yet: {missing}.\n\
         The permissions that the operator needs are in `config/iam`, those that [the commands](cli-reference.md#permissions-in-aws) need with them.\n\n\
         | Operation | Place |\n|---|---|\n",
        TABLE.len()
    );
    for (operation, place) in TABLE {
        let place = match place {
            For(kind, what) => format!("{kind}: {what}"),
            Cli(command, what) => format!("`kubectl lambda {command}`: {what}"),
            Lacking(command) => {
                format!("not called: the AWS SDK for Rust lacks it; `kubectl lambda {command}` says how else")
            }
            Instead(other) => format!("not called: {other} says or does the same with fewer calls"),
            Inside => "not called: it is for code that runs inside a function".to_owned(),
            NotYet(what) => format!("not yet: {what}"),
        };
        // Writing to a String doesn't fail.
        let _ = writeln!(page, "| {operation} | {place} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;
    use crate::aws::{commands, permissions};

    /// Operations that AWS documents and the SDK of this version lacks.
    const NEWER: [&str; 3] = ["DeleteDurableExecution", "PauseDurableExecution", "ResumeDurableExecution"];

    /// The operations of the SDK: it has a module for each.
    fn of_the_sdk() -> BTreeSet<String> {
        // Without a platform, cargo would ask for what only others need.
        let rustc = said("rustc", &["-vV"]);
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let arguments =
            ["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host];
        let metadata: serde_json::Value = serde_json::from_str(&said(env!("CARGO"), &arguments)).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let sdk = packages.iter().find(|package| package["name"] == "aws-sdk-lambda").unwrap();
        let manifest = PathBuf::from(sdk["manifest_path"].as_str().unwrap());
        let modules = std::fs::read_to_string(manifest.with_file_name("src").join("operation.rs")).unwrap();
        let modules = modules.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        modules.map(in_camel_case).collect()
    }

    fn said(program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        let output = command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn in_camel_case(module: &str) -> String {
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        module.split('_').map(capital).collect()
    }

    fn named(is_it: impl Fn(Place) -> bool) -> BTreeSet<String> {
        TABLE
            .iter()
            .filter(|(_, place)| is_it(*place))
            .map(|(operation, _)| (*operation).to_owned())
            .collect()
    }

    #[test]
    fn every_operation_of_the_sdk_has_a_row_and_no_other() {
        assert!(TABLE.is_sorted_by(|(a, _), (b, _)| a < b), "once each, in the order of the alphabet");
        let mut wanted = of_the_sdk();
        for newer in NEWER {
            assert!(wanted.insert(newer.to_owned()), "the SDK has {newer} now");
        }
        assert_eq!(named(|_| true), wanted);
    }

    /// What is called is what the suites' simulators are held against.
    #[test]
    fn what_is_called_is_what_the_iam_policy_allows() {
        let of_other_services = ["AssumeRole", "BatchGetImage", "GetCallerIdentity", "HeadObject"];
        let allowed =
            permissions::operations().into_iter().filter(|operation| !of_other_services.contains(operation));
        assert_eq!(named(|place| matches!(place, For(..))), allowed.map(ToOwned::to_owned).collect());
    }

    #[test]
    fn what_only_people_call_is_theirs_and_no_right_of_the_operators() {
        let (operator, commands) = (permissions::operations(), commands::operations());
        for operation in named(|place| matches!(place, Cli(..))) {
            assert!(commands.contains(operation.as_str()), "{operation} is missing in aws/commands.rs");
            assert!(!operator.contains(operation.as_str()), "{operation} is called by the operator too");
        }
        for operation in commands.iter().filter(|operation| !operator.contains(*operation)) {
            assert!(named(|place| matches!(place, Cli(..))).contains(*operation), "{operation}");
        }
    }

    #[test]
    fn what_the_sdk_lacks_is_said_to_be_so() {
        assert_eq!(named(|place| matches!(place, Lacking(_))), NEWER.map(str::to_owned).into());
    }

    #[test]
    fn what_stands_for_another_is_in_the_table() {
        let all = named(|_| true);
        let instead = TABLE.iter().filter_map(|(_, place)| match place {
            Instead(other) => Some(*other),
            _ => None,
        });
        assert!(instead.into_iter().all(|other| all.contains(other)));
    }
}
