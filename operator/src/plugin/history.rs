//! `kubectl lambda history`: the published versions of a function in AWS, with the aliases that lead to each.

use clap::Args;
use serde::Serialize;

use super::args::{AwsArgs, ClusterArgs};
use super::cluster::Cluster;
use super::failure::Failure;
use super::kinds::{self, ALIAS, FUNCTION};
use super::model::{Pointer, Published};
use super::object::Object;
use super::output::{OutputArgs, Table, time};
use super::place::{self, PATIENCE, failed};
use super::target::Target;

/// The settings of `history`.
#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// The function, or an alias of it: [KIND/]NAME.
    #[arg(value_name = "FUNCTION", add = super::complete::names(&[FUNCTION, ALIAS]))]
    pub target: Target,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda history orders
  kubectl lambda history orders -o json | jq '.[] | select(.aliases == [])'";

/// A version with what leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(flatten)]
    version: Published,
    /// Aliases, with their share of the traffic where it isn't all.
    aliases: Vec<String>,
    /// Whether the operator published it for this object: only such versions does it ever delete.
    by_operator: bool,
}

/// Prints the versions.
pub async fn run(args: HistoryArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let kinds = [kinds::known(FUNCTION), kinds::known(ALIAS)];
    let object = cluster.find(&args.target, &kinds).await?;
    let name = function_name(&object)?;
    let scope = place::of(&object)?.reach(&args.aws, PATIENCE).await?;
    let what = format!("the versions of {name} can't be listed");
    let versions = scope.published_versions(&name).await.map_err(|error| failed(&what, &error))?;
    let Some(versions) = versions else {
        let (account, region) = (scope.account(), scope.region());
        return Err(Failure::new(format!("AWS has no function {name} in {region} of account {account}")));
    };
    let pointers = scope.pointers(&name).await;
    let pointers =
        pointers.map_err(|error| failed(&format!("the aliases of {name} can't be listed"), &error))?;
    let function =
        if object.kind.name == FUNCTION { Some(object) } else { cluster.function_of(&object).await? };
    let entries = entries(versions, &pointers, function.as_ref());
    args.output.print(&entries, || drawn(&entries, &name))
}

/// The name in AWS of the function that an object is, or that an alias belongs to.
pub(super) fn function_name(object: &Object) -> Result<String, Failure> {
    if object.kind.name == FUNCTION {
        let name = object.spec()["functionName"].as_str().map_or_else(|| object.name(), str::to_owned);
        return Ok(name);
    }
    object.said("functionName").map(str::to_owned).ok_or_else(|| {
        Failure::new(format!(
            "{} has no function in its status yet. See what it waits for: `kubectl lambda tree {0}`",
            object.label()
        ))
    })
}

fn entries(versions: Vec<Published>, pointers: &[Pointer], function: Option<&Object>) -> Vec<Entry> {
    let published: Vec<i64> = function.into_iter().flat_map(Object::published_versions).collect();
    let entry = |version: Published| Entry {
        aliases: leading_to(version.version, pointers),
        by_operator: published.contains(&version.version),
        version,
    };
    versions.into_iter().map(entry).collect()
}

/// The aliases that send traffic to a version.
fn leading_to(version: i64, pointers: &[Pointer]) -> Vec<String> {
    let number = version.to_string();
    let share = |pointer: &Pointer| {
        let elsewhere: f64 = pointer.weights.values().sum();
        let own = if pointer.version == number { 1.0 - elsewhere } else { 0.0 };
        own + pointer.weights.get(&number).copied().unwrap_or_default()
    };
    let led =
        pointers.iter().map(|pointer| (&pointer.alias, share(pointer))).filter(|(_, share)| *share > 0.0);
    led.map(
        |(alias, share)| {
            if share < 1.0 { format!("{alias} ({:.0} %)", share * 100.0) } else { alias.clone() }
        },
    )
    .collect()
}

fn drawn(entries: &[Entry], name: &str) -> String {
    if entries.is_empty() {
        return format!("{name} has no published version.\n");
    }
    let mut table = Table::new(["VERSION", "PUBLISHED", "BY", "CODE", "ALIASES", "DESCRIPTION"]);
    for Entry { version, aliases, by_operator } in entries {
        table.row([
            version.version.to_string(),
            time(version.published_at),
            if *by_operator { "operator" } else { "others" }.to_owned(),
            version.code_sha256.chars().take(12).collect(),
            aliases.join(", "),
            version.description.clone(),
        ]);
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plugin::object::tests::object;

    fn version(number: i64) -> Published {
        Published {
            version: number,
            published_at: Some("2026-01-15T09:30:00Z".parse().unwrap()),
            description: format!("release {number}"),
            code_sha256: "0123456789abcdef=".to_owned(),
            runtime: None,
        }
    }

    fn pointer(alias: &str, version: &str, weights: &[(&str, f64)]) -> Pointer {
        let weights: BTreeMap<String, f64> =
            weights.iter().map(|(v, weight)| ((*v).to_owned(), *weight)).collect();
        Pointer { alias: alias.to_owned(), version: version.to_owned(), weights }
    }

    #[test]
    fn a_version_says_who_made_it_and_who_uses_it() {
        let function =
            object("{kind: LambdaFunction, metadata: {name: orders}, status: {publishedVersions: [2]}}");
        let pointers = [pointer("canary", "1", &[("2", 0.1)]), pointer("live", "2", &[])];
        let entries = entries(vec![version(1), version(2)], &pointers, Some(&function));
        assert_eq!(
            drawn(&entries, "orders"),
            "VERSION   PUBLISHED             BY         CODE           ALIASES               DESCRIPTION\n\
             1         2026-01-15 09:30:00   others     0123456789ab   canary (90 %)         release 1\n\
             2         2026-01-15 09:30:00   operator   0123456789ab   canary (10 %), live   release 2\n"
        );
        assert_eq!(drawn(&[], "orders"), "orders has no published version.\n");
    }

    #[test]
    fn the_function_of_an_alias_is_that_of_its_status() {
        let named = object("{kind: LambdaFunction, metadata: {name: a}, spec: {functionName: orders}}");
        assert_eq!(function_name(&named).unwrap(), "orders");
        let alias = object("{kind: LambdaAlias, metadata: {name: a}, status: {functionName: orders}}");
        assert_eq!(function_name(&alias).unwrap(), "orders");
        let new = object("{kind: LambdaAlias, metadata: {name: a}}");
        assert!(function_name(&new).unwrap_err().message.contains("tree LambdaAlias/a"));
    }
}
