//! `kubectl lambda plan -f FILE…`: what the operator would do against AWS if the manifests were applied. Nothing is changed.
//!
//! `files` reads the manifests, `applied` asks the API server what would become of them (a dry run), `account` says where
//! each object works, `work` foresees object by object with the operator's own code (`engine::forecast`), `lines` makes
//! differences of what AWS has now and then, `entry` is what comes of it, `show` prints.

mod account;
mod applied;
mod entry;
mod files;
mod lines;
mod show;
mod work;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::args::{AwsArgs, ClusterArgs};
use super::cluster::Cluster;
use super::failure::{Exit, Failure};
use super::kinds::Kind;
use super::output::{OutputArgs, note};

/// The settings of `plan`.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// A file of manifests in YAML or JSON, a folder of such files, or `-` for stdin.
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true, num_args = 1..)]
    pub files: Vec<String>,

    /// Read the folders within folders too.
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// Exit with 5 when something would change.
    #[arg(long)]
    pub exit_code: bool,

    /// Name the objects for which nothing would be done, too.
    #[arg(long)]
    pub all: bool,

    /// Region of objects that name none, as the operator's --region. Default: that of the profile or the environment.
    #[arg(long, value_name = "NAME", help_heading = "AWS", value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,

    /// The operator's --cluster-id, which ownership tags begin with. Default: the uid of the namespace kube-system.
    #[arg(long, value_name = "ID", help_heading = "Cluster", value_parser = NonEmptyStringValueParser::new())]
    pub cluster_id: Option<String>,

    /// Who applies the manifests, where that can't be seen in the objects. Default: kubectl.
    #[arg(long, value_name = "NAME", default_value = "kubectl", help_heading = "Cluster", value_parser = NonEmptyStringValueParser::new())]
    pub field_manager: String,

    /// Which credentials.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda plan -f app/
  kustomize build . | kubectl lambda plan -f -
  kubectl lambda plan -f app/ --exit-code   # for CI: 0 nothing to do, 5 something would change

The API server checks the manifests (a dry run); AWS is only read, with your own credentials. Values of environment
variables are never printed. Exit code 1: an object can't be worked on as it is.";

/// Foresees and prints.
pub async fn run(args: PlanArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let files::Manifests { objects, data, others } = files::read(&args.files, args.recursive)?;
    if !others.is_empty() {
        note(&format!("Left out, as the operator has nothing to do with them: {}.", others.join(", ")));
    }
    if objects.is_empty() {
        return Err(Failure::new(format!(
            "there is no object of {} in the files",
            lambda_operator_crds::GROUP
        )));
    }
    let cluster = Cluster::connect(cluster).await?;
    let mut kinds: Vec<&'static Kind> = objects.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_by_key(|kind| &kind.name);
    kinds.dedup();
    cluster.knows(&kinds).await?;
    let entries = work::foresee(&args, &cluster, objects, data).await?;
    args.output.print(&show::Plan::of(&entries), || show::text(&entries, args.all))?;
    let failed = entries.iter().filter(|entry| entry.is_stuck()).count();
    if failed > 0 {
        let objects = if failed == 1 { "one object".to_owned() } else { format!("{failed} objects") };
        return Err(Failure::new(format!("{objects} can't be worked on as it is planned; see above")));
    }
    if args.exit_code && entries.iter().any(|entry| entry.change.is_one()) {
        return Err(Failure {
            exit: Exit::Differs,
            message: "the plan isn't empty (--exit-code)".to_owned(),
        });
    }
    Ok(())
}
