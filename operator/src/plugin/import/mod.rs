//! `kubectl lambda import`: a live account and region, or chosen functions, as manifests that the operator adopts without a
//! change.
//!
//! `survey` reads AWS, `naming` gives objects their names, `export` downloads packages, `write` makes manifests by the
//! `manifest` of each kind, which is the reverse of its `desired`; and the planner confirms that they change
//! nothing. `deliver` prints them. No cluster is asked.

mod deliver;
mod download;
mod export;
mod naming;
mod notes;
mod progress;
mod reader;
mod survey;
#[cfg(test)]
mod survey_tests;
mod write;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::args::{AwsArgs, ClusterArgs};
use super::failure::Failure;
use super::output::{self, Format};
use super::place::{PATIENCE, Place, failed};
use crate::text::some_of;
use naming::Names;
use notes::Notes;
use progress::Progress;
use survey::Survey;

/// The settings of `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// Functions, by their names in AWS, with their aliases, their mappings, and what they use. Default: all that there is in
    /// the account and region.
    #[arg(value_name = "FUNCTION", value_parser = NonEmptyStringValueParser::new())]
    pub functions: Vec<String>,

    /// The region. Default: AWS_REGION, or that of your profile.
    #[arg(long, value_name = "REGION", help_heading = "AWS", value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,

    /// How AWS is asked.
    #[command(flatten)]
    pub aws: AwsArgs,

    /// The LambdaAccount that the objects work through. It is written too; say in it which namespaces may use it.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub account_ref: Option<String>,

    /// What is written of environment variables, whose values may be secret.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = EnvPolicy::Keep)]
    pub env: EnvPolicy,

    /// Download the code into this folder, and manage it where a manifest can say what it is; otherwise a note says how to
    /// go on. Without the flag code stays with whoever deploys it (code.external).
    #[arg(long, value_name = "DIR")]
    pub export_code: Option<PathBuf>,

    /// Write a file for each object into this folder. Default: all of them to stdout.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub output_dir: Option<PathBuf>,

    /// Overwrite files.
    #[arg(long, help_heading = "Output")]
    pub force: bool,

    /// How to write.
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORMAT", help_heading = "Output", default_value_t = Format::Yaml)]
    pub format: Format,
}

/// What is written of environment variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EnvPolicy {
    /// Nothing: they stay as they are in AWS, and the operator leaves them alone (ignoreDrift).
    Keep,
    /// Their values, as `env`.
    Plain,
    /// A Secret for each function, as `envFrom`.
    Secret,
}

/// Examples for the help.
pub const EXAMPLES: &str = "\
Examples:
  kubectl lambda import --region eu-west-1 >account.yaml   # all that there is
  kubectl lambda import orders payments -n shop --output-dir manifests
  kubectl lambda import orders --env secret --export-code code | kubectl apply -f -

Every object adopts what is there (adopt: Unowned), and says what AWS has: applied, it changes nothing but ownership tags. What
belongs to an object of the operator already is left out. Notes and progress go to stderr; the exit code is 1 if something that
should be there couldn't be read.";

/// Reads AWS and writes manifests.
pub async fn run(args: ImportArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let place = Place { what: "this".to_owned(), account: None, region: args.region.clone() };
    let scope = place.reach_sparingly(&args.aws, PATIENCE).await?;
    let (notes, progress) = (Notes::default(), Progress::default());
    let survey = Survey::of(&scope, &args.functions, &notes, &progress).await;
    let survey = survey.map_err(|error| failed("the account can't be read", &error))?;
    if !survey.missing.is_empty() {
        progress.end();
        return Err(unknown(&survey));
    }
    let names = Names::of(&survey);
    let packages = match &args.export_code {
        Some(folder) => {
            let into = (folder.as_path(), args.force);
            export::all(&scope, &survey, &names, into, &notes, &progress).await?
        }
        None => export::Packages::default(),
    };
    progress.end();
    let setting = write::Setting {
        namespace: cluster.namespace.clone(),
        account_ref: args.account_ref.clone(),
        env: args.env,
    };
    let manifests = write::all(&survey, &names, &packages, &setting, &notes);
    let delivered = match &args.output_dir {
        Some(folder) => deliver::to_folder(&manifests, folder, args.format, args.force),
        None => output::print(&deliver::document(&manifests, args.format)?),
    };
    notes.tell();
    delivered?;
    told(&survey, manifests.len(), args.output_dir.as_deref());
    match notes.lost() {
        0 => Ok(()),
        lost => Err(Failure::new(format!(
            "the import isn't complete: {lost} {} said above to be left out could not be read",
            if lost == 1 { "thing" } else { "things" }
        ))),
    }
}

fn unknown(survey: &Survey) -> Failure {
    Failure::new(format!(
        "AWS has no function {} in {} of account {}. Without a name all functions are imported; `aws lambda list-functions` lists \
         them",
        some_of(&survey.missing),
        survey.region,
        survey.account
    ))
}

/// What was done, in a sentence or two.
fn told(survey: &Survey, written: usize, folder: Option<&std::path::Path>) {
    let here = format!("account {}, {}", survey.account, survey.region);
    let to = folder.map(|folder| format!(" to {}", folder.display())).unwrap_or_default();
    output::note(&match written {
        0 => format!("Nothing to import from {here}."),
        1 => format!("1 object of {here} was written{to}."),
        many => format!("{many} objects of {here} were written{to}."),
    });
    let owned: Vec<String> = survey.owned.iter().map(|(what, number)| format!("{number} {what}")).collect();
    if !owned.is_empty() {
        output::note(&format!(
            "Left out, because objects of the operator have them already: {}.",
            owned.join(", ")
        ));
    }
}
