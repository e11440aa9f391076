//! Completion of commands, flags and names of objects: in shells for `kubectl-lambda`, and for kubectl, which asks the program
//! `kubectl_complete-lambda` on PATH. <https://github.com/kubernetes/sample-cli-plugin#shell-completion>

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use futures::future::join_all;

use super::args::{Cli, ClusterArgs};
use super::cluster::{Cluster, Within};
use super::failure::Failure;
use super::kinds::{self, Kind};
use super::object::Object;

/// The first argument by which kubectl's program asks, as in plugins that are made with cobra.
pub const ASKED: &str = "__complete";

/// What kubectl is told to do besides: not to complete files (cobra's ShellCompDirectiveNoFileComp).
const NO_FILES: &str = ":4";

/// Longer nobody waits for a name after the tab key.
const PATIENCE: Duration = Duration::from_secs(3);

/// Completes the names of objects: of these kinds, or of all in the namespace.
pub fn names(kinds: &'static [&'static str]) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| {
        let current = current.to_str().unwrap_or_default();
        let args = cluster_args(std::env::args());
        // Without a cluster there is nothing to complete, and nobody to tell.
        let objects = there(&args, chosen(kinds, current)).unwrap_or_default();
        candidates(&objects, current)
    })
}

/// The kinds to look through: the one that was begun with, or those that the command is for.
fn chosen(kinds: &[&'static str], current: &str) -> Vec<&'static Kind> {
    match current.split_once('/') {
        Some((kind, _)) => kinds::named(kind).into_iter().collect(),
        None if kinds.is_empty() => kinds::namespaced().collect(),
        None => kinds.iter().map(|kind| kinds::known(kind)).collect(),
    }
}

fn there(args: &ClusterArgs, kinds: Vec<&'static Kind>) -> Option<Vec<Object>> {
    let listing = async {
        let cluster = Cluster::connect(args).await.ok()?;
        let lists = join_all(kinds.into_iter().map(|kind| cluster.list(kind, Within::Namespace))).await;
        let objects: Vec<Object> = lists.into_iter().flatten().flatten().collect();
        Some(objects)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, listing).await.ok()? })
}

/// What may follow, with the kind beside it. A name of several objects only leads on with its kind before it.
fn candidates(objects: &[Object], current: &str) -> Vec<CompletionCandidate> {
    let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let prefix = current.split_once('/').map(|(kind, _)| format!("{kind}/")).unwrap_or_default();
    for object in objects {
        values.entry(format!("{prefix}{}", object.name())).or_default().push(&object.kind.name);
    }
    let fits = values.into_iter().filter(|(value, _)| value.starts_with(current));
    let candidates = fits.flat_map(|(value, kinds)| match kinds.as_slice() {
        [kind] => vec![(value, (*kind).to_owned())],
        several => several
            .iter()
            .map(|kind| (format!("{}/{value}", kind.to_lowercase()), (*kind).to_owned()))
            .collect(),
    });
    candidates.map(|(value, kind)| CompletionCandidate::new(value).help(Some(kind.into()))).collect()
}

/// The cluster of a command line that isn't complete, and so can't be parsed.
fn cluster_args(words: impl Iterator<Item = String>) -> ClusterArgs {
    let mut found = ClusterArgs::default();
    let words: Vec<String> = words.collect();
    for (at, word) in words.iter().enumerate() {
        let next = || words.get(at + 1).cloned();
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.as_str(), next()),
        };
        let value = value.filter(|value| !value.is_empty());
        match flag {
            "-n" | "--namespace" => found.namespace = value,
            "--context" => found.context = value,
            "--kubeconfig" => found.kubeconfig = value.map(Into::into),
            _ => {}
        }
    }
    found
}

/// Answers kubectl: a line for each candidate, and what to do besides. `words` is what stands after `kubectl lambda`.
pub fn answer(words: Vec<OsString>) -> Result<String, Failure> {
    let current = words.last().cloned().unwrap_or_default();
    let mut words = words;
    words.insert(0, "kubectl-lambda".into());
    let last = words.len() - 1;
    let candidates = clap_complete::engine::complete(&mut Cli::command(), words, last, None)
        .map_err(|error| Failure::new(format!("nothing can be completed here: {error}")))?;
    let mut text = String::new();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        // Like kubectl's own commands: flags come once somebody has begun with one.
        if value.starts_with('-') && !current.to_string_lossy().starts_with('-') {
            continue;
        }
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        // Writing to a String doesn't fail.
        let _ = match help.lines().next().filter(|help| !help.is_empty()) {
            Some(help) => writeln!(text, "{value}\t{help}"),
            None => writeln!(text, "{value}"),
        };
    }
    text.push_str(NO_FILES);
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    fn answered(words: &[&str]) -> String {
        answer(words.iter().map(OsString::from).collect()).unwrap()
    }

    #[test]
    fn kubectl_is_told_commands_and_flags() {
        let commands = answered(&["re"]);
        assert!(
            commands.starts_with("resume\tHave the operator look after suspended objects again\n"),
            "{commands}"
        );
        assert!(commands.contains("\nreconcile\t") || commands.contains("reconcile\t"), "{commands}");
        assert!(!commands.contains("--") && commands.ends_with(":4\n"), "{commands}");
        let flags = answered(&["wait", "--ti"]);
        assert!(flags.starts_with("--timeout\t"), "{flags}");
        assert_eq!(
            answered(&["wait", "--for", "de"]),
            "deleted\tThe object is gone, and what it stood for in AWS too\n:4\n"
        );
        assert!(answered(&["durable", "callback", "s"]).starts_with("success\t"));
    }

    fn offered(current: &str) -> Vec<String> {
        let objects = [
            object("{kind: LambdaFunction, metadata: {name: orders}}"),
            object("{kind: LambdaFunction, metadata: {name: both}}"),
            object("{kind: LambdaAlias, metadata: {name: both}}"),
        ];
        let offered = candidates(&objects, current);
        offered.iter().map(|candidate| candidate.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_name_of_two_objects_comes_with_its_kinds() {
        assert_eq!(offered(""), ["lambdafunction/both", "lambdaalias/both", "orders"]);
        assert_eq!(offered("or"), ["orders"]);
        assert_eq!(offered("lfn/or"), ["lfn/orders"]);
        assert_eq!(
            chosen(&[], "lfn/o").iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(),
            ["LambdaFunction"]
        );
    }

    #[test]
    fn the_cluster_is_found_in_what_was_typed_so_far() {
        let typed = ["kubectl-lambda", "tree", "-n", "shop", "--context=test", "--kubeconfig", "/k", ""];
        let args = cluster_args(typed.map(str::to_owned).into_iter());
        assert_eq!((args.namespace.as_deref(), args.context.as_deref()), (Some("shop"), Some("test")));
        assert_eq!(args.kubeconfig.as_deref(), Some(std::path::Path::new("/k")));
    }
}
