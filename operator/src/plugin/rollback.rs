//! `kubectl lambda rollback`: pins an alias to an earlier version of its function, in the alias's spec.
//!
//! The spec is the user's, and this is a user's command. Where something else writes the spec, a change here would be
//! undone at the next sync, so it is refused unless the person insists.

use std::time::Duration;

use clap::Args;
use kube::ResourceExt as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::args::ClusterArgs;
use super::cluster::{Cluster, Within};
use super::failure::Failure;
use super::kinds::{self, ALIAS, FUNCTION};
use super::managed::{self, Manager};
use super::object::Object;
use super::output::{self, OutputArgs};
use super::target::Target;
use super::wait::{self, Goal};
use crate::cli::duration;
use crate::text::some_of;

/// The settings of `rollback`.
#[derive(Args, Debug)]
pub struct RollbackArgs {
    /// The alias, or the function if it has only one: [KIND/]NAME.
    #[arg(value_name = "ALIAS|FUNCTION", add = super::complete::names(&[ALIAS, FUNCTION]))]
    pub target: Target,

    /// The version to point to. Default: the newest that the operator published before the present one.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub to: Option<String>,

    /// Only say what would be changed; the API server checks it.
    #[arg(long)]
    pub dry_run: bool,

    /// Change the spec although Argo CD, Flux or Helm writes it too.
    #[arg(long)]
    pub force: bool,

    /// Wait until AWS has moved the alias.
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,

    /// With --wait: how long at most.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda rollback live --dry-run   # what would it do?
  kubectl lambda rollback live --wait      # to the version before the present one
  kubectl lambda rollback live --to 7

The version is pinned in the spec (functionVersion), also where the alias followed the newest one (version: Latest), and all
traffic goes to it (routingConfig is removed). An alias that Argo CD, Flux or Helm writes is refused without --force: change
the version at its source instead.";

fn version(text: &str) -> Result<String, String> {
    match text.parse::<u64>() {
        Ok(number) if number > 0 => Ok(number.to_string()),
        _ => Err("write the number of a published version, such as 7".to_owned()),
    }
}

/// What was done, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done<'a> {
    kind: &'a str,
    namespace: String,
    name: String,
    /// The version that the alias pointed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    to: &'a str,
    changed: bool,
    dry_run: bool,
    /// What was sent to the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<&'a Value>,
}

/// Rolls an alias back.
pub async fn run(args: RollbackArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let (alias, function) = found(&cluster, &args.target).await?;
    let change = plan(&alias, function.as_ref(), args.to.as_deref())?;
    let manager = managed::manager(&alias.inner.metadata).filter(|_| change.patch.is_some());
    if let Some(manager) = manager {
        if !args.force {
            return Err(managed_elsewhere(&alias, &manager, &change));
        }
        output::note(&format!(
            "note: {} writes this spec ({}) and may undo this",
            manager.name, manager.mark
        ));
    }
    let changed = match &change.patch {
        Some(patch) => cluster.patch(&alias, patch, args.dry_run).await?,
        None => alias.clone(),
    };
    tell(&args, &alias, &change)?;
    if !args.wait {
        return Ok(());
    }
    let told = Some(args.output).filter(|output| output.is_human());
    wait::until(&cluster, Within::Namespace, Goal::Ready, &[changed], args.timeout, told).await
}

fn tell(args: &RollbackArgs, alias: &Object, change: &Change) -> Result<(), Failure> {
    let done = Done {
        kind: &alias.kind.name,
        namespace: alias.namespace(),
        name: alias.name(),
        from: alias.said("functionVersion"),
        to: &change.to,
        changed: change.patch.is_some() && !args.dry_run,
        dry_run: args.dry_run,
        patch: change.patch.as_ref(),
    };
    args.output.print(&done, || match (&change.patch, args.dry_run) {
        (None, _) => format!("{} {}\n", alias.label(), change.text),
        (Some(_), true) => format!("{} would be changed: {}\n", alias.label(), change.text),
        (Some(_), false) => format!("{} is changed: {}\n", alias.label(), change.text),
    })
}

/// The alias that is meant, and its function if that is an object too.
async fn found(cluster: &Cluster, target: &Target) -> Result<(Object, Option<Object>), Failure> {
    let alias = kinds::known(ALIAS);
    let object = cluster.find(target, &[alias, kinds::known(FUNCTION)]).await?;
    if object.kind.name == FUNCTION {
        let aliases = cluster.list(alias, Within::Namespace).await?;
        let only = only_alias(&object, aliases)?;
        return Ok((only, Some(object)));
    }
    let function = cluster.function_of(&object).await?;
    Ok((object, function))
}

/// The alias of a function that has one.
fn only_alias(function: &Object, aliases: Vec<Object>) -> Result<Object, Failure> {
    let name = function.name();
    let mut of_function: Vec<Object> =
        aliases.into_iter().filter(|alias| alias.spec()["functionRef"]["name"] == name).collect();
    let labels: Vec<String> = of_function.iter().map(Object::label).collect();
    match of_function.len() {
        1 => Ok(of_function.remove(0)),
        0 => Err(Failure::new(format!(
            "{} has no LambdaAlias in this namespace, so there is nothing that can be pointed to an earlier version; its code \
             and configuration are what its spec says",
            function.label()
        ))),
        _ => Err(Failure::usage(format!(
            "{} has several aliases; say which: {}",
            function.label(),
            some_of(&labels)
        ))),
    }
}

/// What is to be done.
#[derive(Debug, PartialEq)]
struct Change {
    to: String,
    /// `None`: nothing.
    patch: Option<Value>,
    /// In words.
    text: String,
}

/// Decides what to change of an alias.
fn plan(alias: &Object, function: Option<&Object>, to: Option<&str>) -> Result<Change, Failure> {
    let present = alias.said("functionVersion").map(str::to_owned);
    let to = match to {
        Some(to) => to.to_owned(),
        None => earlier(alias, present.as_deref(), function)?,
    };
    let spec = alias.spec();
    let mut texts = Vec::new();
    match (spec["functionVersion"].as_str(), spec["version"].as_str()) {
        (Some(before), _) if before == to => {}
        (Some(before), _) => texts.push(format!("functionVersion {before} → {to}")),
        (None, before) => {
            texts.push(format!("functionVersion {to} in place of version: {}", before.unwrap_or("Latest")));
        }
    }
    if spec.get("routingConfig").is_some_and(|routing| !routing.is_null()) {
        texts.push("routingConfig removed".to_owned());
    }
    if texts.is_empty() {
        let text = format!("is pinned to version {to} already");
        return Ok(Change { to, patch: None, text });
    }
    // Against what was looked at: a change of somebody else's meanwhile is a conflict.
    let patch = json!({
        "metadata": {"resourceVersion": alias.inner.resource_version()},
        "spec": {"functionVersion": to, "version": null, "routingConfig": null},
    });
    Ok(Change { to, patch: Some(patch), text: texts.join(", ") })
}

/// The newest version that the operator published before the present one.
fn earlier(alias: &Object, present: Option<&str>, function: Option<&Object>) -> Result<String, Failure> {
    let name_one = |why: String| {
        let name = alias.label();
        Failure::new(format!(
            "{name}: {why}. Name one with --to; `kubectl lambda history {name}` lists those that AWS has"
        ))
    };
    let Some(present) = present.and_then(|present| present.parse::<i64>().ok()) else {
        let says = present.unwrap_or("none");
        return Err(name_one(format!("status.functionVersion is {says}, so there is no version before it")));
    };
    let Some(function) = function else {
        return Err(name_one("it has no LambdaFunction here that knows the published versions".to_owned()));
    };
    let failed = &function.status()["published"];
    let failed = failed["version"].as_str().filter(|_| failed["state"] == "Failed");
    let before = function
        .published_versions()
        .filter(|version| *version < present && failed != Some(version.to_string().as_str()));
    before.max().map(|version| version.to_string()).ok_or_else(|| {
        name_one(format!(
            "{} knows no version before {present} that the operator published",
            function.label()
        ))
    })
}

fn managed_elsewhere(alias: &Object, manager: &Manager, change: &Change) -> Failure {
    Failure::new(format!(
        "{} is written by {} ({}), which would undo this at its next sync. At its source, set functionVersion: \"{}\" and \
         remove version and routingConfig; or pause {} for it and use --force",
        alias.label(),
        manager.name,
        manager.mark,
        change.to,
        manager.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    fn alias(spec: &str, present: &str) -> Object {
        object(&format!(
            "{{kind: LambdaAlias, metadata: {{name: live, resourceVersion: '7'}}, spec: {{{spec}}}, \
             status: {{functionVersion: {present}}}}}"
        ))
    }

    fn function(status: &str) -> Object {
        object(&format!("{{kind: LambdaFunction, metadata: {{name: orders}}, status: {{{status}}}}}"))
    }

    fn changed(plan: Result<Change, Failure>) -> (Value, String) {
        let change = plan.unwrap();
        (change.patch.unwrap(), change.text)
    }

    #[test]
    fn an_alias_that_follows_is_pinned_to_the_version_before() {
        let following = alias("functionRef: {name: orders}, version: Latest", "'5'");
        let function = function("publishedVersions: [1, 3, 5]");
        let (patch, text) = changed(plan(&following, Some(&function), None));
        let spec = json!({"functionVersion": "3", "version": null, "routingConfig": null});
        assert_eq!(patch, json!({"metadata": {"resourceVersion": "7"}, "spec": spec}));
        assert_eq!(text, "functionVersion 3 in place of version: Latest");
    }

    #[test]
    fn a_version_can_be_named_and_weights_go() {
        let split = alias(
            "functionName: orders, functionVersion: '5', routingConfig: {additionalVersionWeights: {'4': 0.1}}",
            "'5'",
        );
        let (patch, text) = changed(plan(&split, None, Some("4")));
        assert_eq!(patch["spec"]["functionVersion"], "4");
        assert_eq!(text, "functionVersion 5 → 4, routingConfig removed");
        let (_, text) = changed(plan(&split, None, Some("5")));
        assert_eq!(text, "routingConfig removed");
        let pinned = alias("functionName: orders, functionVersion: '5'", "'5'");
        assert_eq!(plan(&pinned, None, Some("5")).unwrap().patch, None);
    }

    #[test]
    fn a_version_that_failed_is_no_way_back() {
        let following = alias("functionRef: {name: orders}, version: Latest", "'4'");
        let function = function("publishedVersions: [1, 3], published: {version: '3', state: Failed}");
        assert_eq!(changed(plan(&following, Some(&function), None)).0["spec"]["functionVersion"], "1");
    }

    #[test]
    fn without_a_version_before_the_person_has_to_name_one() {
        let following = alias("functionRef: {name: orders}, version: Latest", "'1'");
        for (alias, function, text) in [
            (&following, Some(function("publishedVersions: [1]")), "no version before 1"),
            (&following, None, "no LambdaFunction here"),
            (&alias("version: Latest", "null"), None, "status.functionVersion is none"),
            (&alias("functionVersion: $LATEST", "$LATEST"), None, "status.functionVersion is $LATEST"),
        ] {
            let message = plan(alias, function.as_ref(), None).unwrap_err().message;
            assert!(message.contains(text) && message.contains("--to"), "{message}");
        }
    }

    #[test]
    fn a_function_stands_for_its_only_alias() {
        let orders = function("");
        let of = |name: &str, function: &str| {
            object(&format!(
                "{{kind: LambdaAlias, metadata: {{name: {name}}}, spec: {{functionRef: {{name: {function}}}}}}}"
            ))
        };
        let one = only_alias(&orders, vec![of("live", "orders"), of("other", "else")]).unwrap();
        assert_eq!(one.name(), "live");
        let several = only_alias(&orders, vec![of("live", "orders"), of("next", "orders")]).unwrap_err();
        assert!(several.message.contains("LambdaAlias/live, LambdaAlias/next"), "{several}");
        assert!(only_alias(&orders, Vec::new()).unwrap_err().message.contains("no LambdaAlias"));
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version("7").as_deref(), Ok("7"));
        assert!(version("0").is_err() && version("live").is_err() && version("$LATEST").is_err());
    }
}
