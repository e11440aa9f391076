//! `kubectl lambda`: the command line for people, a plugin of kubectl (the binary `kubectl-lambda`).
//!
//! `args` is the command line; each command has a file of its own, which reads the cluster through `cluster`, decides in pure
//! functions, and prints through `output`. AWS is asked only where a command says so, with the person's own credentials, in
//! the account and region that an object is pinned to (`place`). docs/cli.md is the guide, docs/cli-reference.md the page that
//! `reference` makes of the command line.

mod account;
mod args;
mod cluster;
mod complete;
mod completions;
mod durable;
mod failure;
mod history;
mod import;
mod input;
pub mod invoke;
mod kinds;
mod managed;
pub mod model;
mod object;
mod output;
mod place;
mod plan;
mod reconcile;
mod reference;
mod rollback;
mod suspend;
mod target;
mod tree;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::CompleteEnv;

pub use args::{Cli, Command};
pub use place::APPLICATION;
pub use reference::page;

use failure::Failure;

/// Runs the program with its arguments, the first of which is its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    if let Some((asked, words)) = arguments.get(1..).and_then(<[_]>::split_first)
        && asked == complete::ASKED
    {
        return ended(complete::answer(words.to_vec()).and_then(|text| output::print(&text)));
    }
    CompleteEnv::with_factory(Cli::command).complete();
    ended(run(Cli::parse_from(arguments)))
}

fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&format!("error: {failure}"));
            failure.exit.into()
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(cli: Cli) -> Result<(), Failure> {
    let cluster = &cli.cluster;
    match cli.command {
        Command::Tree(args) => tree::run(args, cluster).await,
        Command::Plan(args) => plan::run(args, cluster).await,
        Command::Wait(args) => wait::run(args, cluster).await,
        Command::Import(args) => import::run(args, cluster).await,
        Command::History(args) => history::run(args, cluster).await,
        Command::Rollback(args) => rollback::run(args, cluster).await,
        Command::Suspend(args) => suspend::run(args, true, cluster).await,
        Command::Resume(args) => suspend::run(args, false, cluster).await,
        Command::Reconcile(args) => reconcile::run(args, cluster).await,
        Command::Account(args) => account::run(args, cluster).await,
        Command::Invoke(args) => invoke::run(args, cluster).await,
        Command::Durable(args) => durable::run(args, cluster).await,
        Command::Completions(args) => completions::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command, with the path to it.
    fn walk(command: &clap::Command, visit: &mut impl FnMut(&clap::Command)) {
        visit(command);
        command.get_subcommands().for_each(|command| walk(command, visit));
    }

    #[test]
    fn the_command_line_is_sound_and_explained() {
        Cli::command().debug_assert();
        walk(&Cli::command(), &mut |command| {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says nothing of itself");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{name}: {} isn't explained", arg.get_id());
            }
        });
    }

    #[test]
    fn every_command_of_the_first_level_has_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("kubectl lambda {}", command.get_name());
            assert!(help.starts_with("Examples:") && help.contains(&example), "{}", command.get_name());
        }
    }
}
