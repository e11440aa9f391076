//! `kubectl lambda suspend` and `resume`: the field `spec.suspend` of objects.

use clap::Args;
use serde_json::{Value, json};

use super::args::ClusterArgs;
use super::cluster::{Cluster, Within};
use super::failure::Failure;
use super::managed;
use super::object::Object;
use super::output::{self, OutputArgs, Report};
use super::target::Target;

/// The settings of `suspend` and `resume`.
#[derive(Args, Debug)]
pub struct SuspendArgs {
    /// The objects: KIND/NAME, or a bare name where only one object has it.
    #[arg(value_name = "NAME", required_unless_present = "all", add = super::complete::names(&[]))]
    pub targets: Vec<Target>,

    /// Every object of lambda-operator.io in the namespace.
    #[arg(long, conflicts_with = "targets")]
    pub all: bool,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Examples for the help.
pub const SUSPEND_EXAMPLES: &str = "\
Examples:
  kubectl lambda suspend orders
  kubectl lambda suspend --all -n shop   # everything in a namespace

Nothing is read or changed in AWS for a suspended object, and its deletion waits too.";

/// Examples for the help.
pub const RESUME_EXAMPLES: &str = "\
Examples:
  kubectl lambda resume orders
  kubectl lambda resume --all -n shop";

/// Suspends (`true`) or resumes objects.
pub async fn run(args: SuspendArgs, suspend: bool, cluster: &ClusterArgs) -> Result<(), Failure> {
    let cluster = Cluster::connect(cluster).await?;
    let mut report = Report::new(args.output);
    for object in chosen(&cluster, &args.targets, args.all).await? {
        let Some(patch) = patch(&object, suspend)? else {
            let state = if suspend { "is suspended already" } else { "isn't suspended" };
            report.unchanged(&object, state)?;
            continue;
        };
        warn(&object);
        cluster.patch(&object, &patch, false).await?;
        report.changed(&object, if suspend { "suspended" } else { "resumed" })?;
    }
    report.end()
}

/// The objects that are named, or all.
pub(super) async fn chosen(cluster: &Cluster, targets: &[Target], all: bool) -> Result<Vec<Object>, Failure> {
    if all {
        return cluster.list_all(Within::Namespace).await;
    }
    let mut objects = Vec::new();
    for target in targets {
        objects.push(cluster.find(target, &[]).await?);
    }
    Ok(objects)
}

/// The change to make; `None`: it is so already.
fn patch(object: &Object, suspend: bool) -> Result<Option<Value>, Failure> {
    if !object.kind.namespaced {
        let text = format!("a {} can't be suspended; suspend the objects that use it", object.kind.name);
        return Err(Failure::usage(text));
    }
    if object.is_suspended() == suspend {
        return Ok(None);
    }
    // Absent means false, and leaves nothing behind.
    let value = if suspend { Value::Bool(true) } else { Value::Null };
    Ok(Some(json!({"spec": {"suspend": value}})))
}

fn warn(object: &Object) {
    if let Some(manager) = managed::manager(&object.inner.metadata) {
        output::note(&format!(
            "note: {} writes {} ({}) and may undo this",
            manager.name,
            object.label(),
            manager.mark
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    #[test]
    fn only_what_isnt_so_is_changed() {
        let plain = object("{kind: LambdaFunction, metadata: {name: a}, spec: {}}");
        let paused = object("{kind: LambdaFunction, metadata: {name: a}, spec: {suspend: true}}");
        assert_eq!(patch(&plain, true).unwrap(), Some(json!({"spec": {"suspend": true}})));
        assert_eq!(patch(&paused, false).unwrap(), Some(json!({"spec": {"suspend": null}})));
        assert_eq!((patch(&plain, false).unwrap(), patch(&paused, true).unwrap()), (None, None));
        let account = object("{kind: LambdaAccount, metadata: {name: a}, spec: {}}");
        assert!(patch(&account, true).unwrap_err().message.contains("LambdaAccount"));
    }
}
